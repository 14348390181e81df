"""Which questions and which lessons fail, for trainers: the lists, one question with its evidence, a file.

These pages show what is right and how papers are worded before they are sat, so nobody but trainers opens them.
"""

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask import g, render_template, request, send_file
from flask_babel import gettext as _

from lms.access.decide import may_use
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core import clock, spreadsheet
from lms.core.errors import NotFound
from lms.core.paging import page_in, page_of
from lms.quizzes import queries
from lms.quizzes.forms import CHOICE_WORDS, STANDING_WORDS
from lms.quizzes.kinds import SeenChoice
from lms.quizzes.queries import Came, ItemLine, LessonLine
from lms.quizzes.rules import (
    ENOUGH,
    FAILS_BELOW,
    LESSON_ENOUGH,
    LESSON_FAILS_BELOW,
    QUIET,
    ItemFigures,
    Reason,
    Standing,
)
from lms.quizzes.views import blueprint, kind_word
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


def _asked_for() -> tuple[str, str]:
    """Return the keys of the course and the lesson that the address or the form narrows the figures to."""
    course_key = request.values.get("course", "")[:60]
    return course_key, request.values.get("lesson", "")[:60] if course_key else ""


@blueprint.get("/results/items")
@allow(Permission.ITEMS_SEE)
def item_figures() -> str:
    """Lessons and questions, those that fail first; of one course, or of one lesson with who has stopped in it."""
    reader, actor, now = reading(), _actor(), clock.now()
    assert actor.person_id is not None  # the permission is held by persons only
    course_key, lesson_key = _asked_for()
    found = queries.analysis(reader, actor)
    titles = {each.course.key: each.course.title_in(current_language()) for each in found.lessons}
    lesson = next(
        (each for each in found.lessons if (each.course.key, each.lesson.key) == (course_key, lesson_key)), None
    )
    if lesson_key and lesson is None:
        raise NotFound("quizzes.lesson.not_found")
    items = [each for each in found.items if _is_asked_for(each, course_key, lesson_key)]
    groups = {each: [item for item in items if item.figures.standing is each] for each in Standing}
    show = next((each for each in Standing if each.value == request.args.get("show")), None)
    return render_template(
        "quizzes/item_figures.html",
        has_answers=found.has_answers,
        course_options=[("", _("全部课程")), *sorted(titles.items())],
        course_key=course_key,
        lesson=lesson,
        lessons=[
            each
            for each in found.lessons
            if (each.course.key == course_key if course_key else each.figures.standing is Standing.FAILS)
        ],
        stopped=queries.stopped_by_lesson(reader, actor, now),
        may_open_lesson=lesson is not None and queries.may_open_lesson(reader, actor.person_id, course_key, lesson_key),
        stopped_here=queries.stopped_in(reader, actor, course_key, lesson_key, now) if lesson else [],
        total=len(items),
        groups=groups,
        show=show,
        page=page_in(items if show is None else groups[show], request.args.get("page", 1, type=int) or 1),
        may_export=may_use(actor, Permission.ITEMS_EXPORT),
        **_words(),
    )


def _is_asked_for(line: ItemLine, course_key: str, lesson_key: str) -> bool:
    return course_key in {"", line.course.key} and lesson_key in {"", line.item.lesson}


def _words() -> dict[str, Any]:
    """Return the words and limits that both pages explain the figures with."""
    return {
        "standing_words": STANDING_WORDS,
        "reasons_of": reasons_of,
        "most_wrong": queries.most_wrong,
        "limits": {
            "enough": ENOUGH,
            "below": int(FAILS_BELOW * 100),
            "lesson_enough": LESSON_ENOUGH,
            "lesson_below": int(LESSON_FAILS_BELOW * 100),
            "days": QUIET.days,
        },
    }


def reasons_of(figures: ItemFigures) -> list[str]:
    """Return why a question fails, in words."""
    words = {
        Reason.LOW: _("答对率不到 %(n)s%%", n=int(FAILS_BELOW * 100)),
        Reason.MISLED: _("选某个错项的人，比选对的还多"),
    }
    return [words[reason] for reason in figures.reasons]


@blueprint.get("/results/items/<course_key>/<item_key>")
@allow(Permission.ITEMS_SEE)
def item_figure(course_key: str, item_key: str) -> str:
    """One question: its words, how often each option was chosen, and the papers behind each figure."""
    reader, actor = reading(), _actor()
    assert actor.person_id is not None  # the permission is held by persons only
    line = queries.item_line(reader, actor, course_key, item_key)
    came = next((each for each in Came if each.value == request.args.get("show")), Came.WRONG)
    lesson = line.lesson
    return render_template(
        "quizzes/item_figure.html",
        line=line,
        lesson=lesson,
        may_open_lesson=lesson is not None and queries.may_open_lesson(reader, actor.person_id, course_key, lesson.key),
        parts=queries.counted_parts(line),
        apart=queries.apart_of(reader, actor, line),
        came=came,
        page=page_of(reader, queries.papers_with(actor, line, came), request.args.get("page", 1, type=int) or 1),
        **_words(),
    )


@blueprint.post("/results/items/export")
@allow(Permission.ITEMS_EXPORT)
def export_items() -> Any:
    """The figures as xlsx: one sheet by question, one by lesson, of all courses or of one. Each export is logged."""
    reader, actor, language = reading(), _actor(), current_language()
    course_key, lesson_key = _asked_for()
    found = queries.analysis(reader, actor, Permission.ITEMS_EXPORT, course_key=course_key)
    stopped = queries.stopped_by_lesson(reader, actor, clock.now())
    by_item = [
        _("课程"),
        _("课"),
        _("编号"),
        _("版本"),
        _("题型"),
        _("题目"),
        _("结论"),
        _("原因"),
        _("答了几次"),
        _("全对"),
        _("没答"),
        _("答对率，百分数"),
        _("选错的人最多选了"),
        _("选它的次数"),
    ]
    by_lesson = [
        _("课程"),
        _("课"),
        _("结论"),
        _("题数"),
        _("看得出的题"),
        _("要看一看的题"),
        _("答了几次"),
        _("答对率，百分数"),
        _("停在这一课的人"),
    ]
    book = spreadsheet.workbook(
        [
            (
                _("按题"),
                by_item,
                (_item_row(each, language) for each in found.items if _is_asked_for(each, course_key, lesson_key)),
                [24, 24, 12, 6, 10, 60, 12, 30, 10, 8, 8, 12, 40, 12],
            ),
            (
                _("按课"),
                by_lesson,
                _lesson_rows(found.lessons, stopped, lesson_key),
                [24, 30, 12, 8, 12, 14, 10, 12, 16],
            ),
        ]
    )
    name = _("题目和课文的情况") + f"-{clock.today().isoformat()}.xlsx"
    return send_file(io.BytesIO(book), spreadsheet.CONTENT_TYPE, as_attachment=True, download_name=name)


def _item_row(line: ItemLine, language: str) -> list[spreadsheet.Value]:
    item, figures, lesson = line.item, line.figures, line.lesson
    choice, times = queries.most_wrong(line) or (None, None)
    return [
        line.course.title_in(language),
        lesson.title_in(language) if lesson is not None else item.lesson,
        item.key,
        item.revision,
        kind_word(item.kind),
        item.stem.text_in(language),
        str(STANDING_WORDS[figures.standing]),
        _("；").join(reasons_of(figures)),
        figures.answered,
        figures.right,
        figures.blank,
        _percent(figures.mean),
        _choice_text(choice, language) if choice is not None else None,
        times,
    ]


def _percent(mean: Decimal | None) -> Decimal | None:
    return mean * 100 if mean is not None else None


def _choice_text(choice: SeenChoice, language: str) -> str:
    return choice.text.text_in(language) if choice.text is not None else str(CHOICE_WORDS[choice.value])


def _lesson_rows(
    lines: tuple[LessonLine, ...], stopped: dict[tuple[str, str], int], lesson_key: str
) -> Iterator[list[spreadsheet.Value]]:
    language = current_language()
    for line in lines:
        if lesson_key in {"", line.lesson.key}:
            figures = line.figures
            yield [
                line.course.title_in(language),
                line.lesson.title_in(language),
                str(STANDING_WORDS[figures.standing]),
                figures.questions,
                figures.judged,
                figures.failing,
                figures.answered,
                _percent(figures.mean),
                stopped.get((line.course.key, line.lesson.key), 0),
            ]
