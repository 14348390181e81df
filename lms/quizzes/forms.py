"""Forms of quizzes, what the exam page sends, and the words for refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField

from lms.core.errors import Invalid
from lms.quizzes.queries import Result
from lms.quizzes.rules import Standing
from lms.web.forms import BaseForm

MESSAGES: dict[str, Any] = {
    "quizzes.attempt.not_found": _l("没有找到这次测验。可能不是您的，或者网址不对。"),
    "quizzes.attempt.closed": _l("已经交卷，不能再改。"),
    "quizzes.attempt.time_up": _l("时间到了，这一题没有存上。时间到之前存好的都算。"),
    "quizzes.item.not_found": _l("没有找到这道题。可能已经从题库里拿掉了，或者网址不对。"),
    "quizzes.lesson.not_found": _l("没有找到这一课。可能已经改了，或者网址不对。"),
    "quizzes.answer.shape": _l("这个答案读不懂，没有存上。请刷新页面，再选一次。"),
    "quizzes.start.review_first": _l("先看上一次的讲解，再考一次。"),
    "quizzes.start.too_early": _l("两次测验之间要隔 %(minutes)s 分钟。先看看讲解，过一会儿再考。"),
    "quizzes.review.not_marked": _l("还没有交卷，交卷以后才有讲解。"),
}

RESULT_WORDS: dict[Result, Any] = {
    Result.PASSED: _l("已通过"),
    Result.NOT_YET: _l("还没通过"),
    Result.OPEN: _l("正在考"),
}

STANDING_WORDS: dict[Standing, Any] = {
    Standing.FAILS: _l("要看一看"),
    Standing.UNCLEAR: _l("还看不出"),
    Standing.FINE: _l("没看出问题"),
}

CHOICE_WORDS: dict[str, Any] = {
    "true": _l("对"),
    "false": _l("错"),
    "handle": _l("现场处置"),
    "coordinate": _l("协调处置"),
    "escalate": _l("立即上报"),
}
"""What stands in files for a choice that has no text of its own, as ``choice_word`` says it on pages."""

FIELD = "a."
"""What the names of answer fields begin with in the forms of the exam page."""


class StartForm(BaseForm):
    """Begin a quiz."""

    extra_time = BooleanField(_l("我要多一半时间"))


@dataclass(frozen=True)
class Save:
    """One save of one question, as it came."""

    seq: int
    answer: dict[str, object]
    flagged: bool


def save_from_json(body: object) -> Save:
    """Return what a script sent: ``{"seq": 3, "answer": {"choice": "b"}, "flagged": false}``. Raises Invalid."""
    match body:
        case {"seq": int(seq), "answer": dict(answer), "flagged": bool(flagged)} if not isinstance(seq, bool):
            return Save(seq, answer, flagged)
    raise Invalid("quizzes.answer.shape")


def save_from_form(form: MultiDict[str, str]) -> Save:
    """Return what the page sent without a script: ``seq``, ``flagged`` and the fields ``a.…``. Raises Invalid."""
    seq = form.get("seq", type=int)
    if seq is None:
        raise Invalid("quizzes.answer.shape")
    answer: Mapping[str, list[str]] = {
        name.removeprefix(FIELD): form.getlist(name) for name in form if name.startswith(FIELD)
    }
    return Save(seq, dict(answer), "flagged" in form)
