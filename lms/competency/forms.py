"""Forms of competency, and the words for its refusals and reasons."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from lms.competency.rules import Lack, Reason, RecognitionState, Standing
from lms.web.forms import BaseForm

MESSAGES: dict[str, Any] = {
    "competency.code.unknown": _l("没有这项能力。"),
    "competency.level.unknown": _l("等级只有 1 到 4 级。"),
    "competency.recognition.not_found": _l("没有找到这条认定。可能不在您负责的范围里。"),
    "competency.recognition.own": _l("自己的等级要由别人来认定。"),
    "competency.recognition.basis_missing": _l("写上依据的文件名和文号。"),
    "competency.recognition.basis_long": _l("依据太长，最多 %(longest)s 个字。"),
    "competency.recognition.basis_on_future": _l("文件日期不能晚于今天。"),
    "competency.recognition.already": _l("“%(name)s”已经有认定在用，或者正等着确认。先去掉，再提一次。"),
    "competency.recognition.none_chosen": _l("至少勾一项能力。"),
    "competency.recognition.moved_on": _l("这条认定刚被别人办过。请看一眼最新的。"),
    "competency.recognition.reason_missing": _l("不同意，要写明原因。"),
}

LACK_WORDS: Mapping[Lack, Any] = {
    Lack.CRITICAL: _l("有一道关键题踩了线，停在 1 级。再考一次并通过，这方面的关键题全对，就解开"),
    Lack.EVIDENCE: _l("还没有佐证。通过这方面的课程测验，就有了"),
    Lack.QUIZ: _l("缺测验：通过一次测验，里面这方面的题至少 %(need)s 道"),
    Lack.SCORE: _l("分数要到 %(need)s 分"),
    Lack.PRACTICE: _l("缺实际做到：%(need)s 次师傅看见、双方确认的走访"),
    Lack.SCENARIO: _l("缺情景练习：通过 %(need)s 次。还没有开放，现在可以由街道认定"),
    Lack.OBSERVED: _l("最近 180 天里缺师傅看见的走访：%(need)s 次"),
    Lack.GOOD_OBSERVATIONS: _l("缺做到八成的走访：要 %(need)s 次，有 %(have)s 次"),
    Lack.RECOGNITION: _l("4 级由街道认定"),
}

STANDING_WORDS: Mapping[Standing, Any] = {
    Standing.COUNTS: _l("计入分数"),
    Standing.EXPIRED: _l("太久了，不再计入"),
    Standing.FAILED: _l("没通过，不计入"),
    Standing.FEW: _l("题太少，不计入"),
    Standing.PAST: _l("超过 180 天，不计入分数"),
    Standing.REPLACED: _l("有更新的一次，不计入"),
}

STATE_WORDS: Mapping[RecognitionState, Any] = {
    RecognitionState.PROPOSED: _l("等第二人确认"),
    RecognitionState.IN_FORCE: _l("有效"),
    RecognitionState.REFUSED: _l("没有同意"),
    RecognitionState.ENDED: _l("已结束"),
}


def lack_text(reason: Reason) -> str:
    """Return one thing that the next level asks, in the reader's language."""
    text = str(LACK_WORDS[reason.lack])
    return text % {"need": reason.need, "have": reason.have} if "%(" in text else text


class RecognitionForm(BaseForm):
    """提出认定: 一份文件, 一个等级, 一项或几项能力."""

    codes = SelectMultipleField(
        _l("哪几项能力"),
        [InputRequired(_l("至少勾一项能力。"))],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        description=_l("同一份文件、同一个等级的，一次勾上。已经认定或等确认的不再列出"),
    )
    level = RadioField(_l("认定为几级"), [InputRequired(_l("选一个等级。"))])
    basis = StringField(
        _l("依据"),
        [InputRequired(_l("写上依据的文件名和文号。")), Length(max=200)],
        description=_l("文件名和文号，例如：2025 年度岗位考核结果，晨街办〔2026〕3 号"),
    )
    basis_on = DateField(_l("文件日期"), [InputRequired(_l("选文件日期。"))])


class DecisionForm(BaseForm):
    """确认或不同意."""

    reason = StringField(_l("不同意的原因"), [Optional(), Length(max=200)], description=_l("同意就不用写"))
