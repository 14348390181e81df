"""Results: one's own with explanations, and those of others for trainers, officials and grid leaders."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

from flask import g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from lms.access.decide import can, may_use
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.competency import queries as competency
from lms.content import queries as content
from lms.content.content import DUTIES, LAWS
from lms.core import clock, spreadsheet
from lms.core.paging import page_of
from lms.courses.content import COURSE
from lms.people import queries as people
from lms.quizzes import queries
from lms.quizzes.forms import RESULT_WORDS
from lms.quizzes.queries import Result, result_of
from lms.quizzes.rules import AttemptState, repeat
from lms.quizzes.views import blueprint
from lms.quizzes.views.sitting import waiting_time
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading

TO_SEE, ALL, CRITICAL = "", "all", "critical"
"""Which questions the review shows: those not fully right, all, the critical ones."""


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


@blueprint.get("/quizzes/<public_id>/result")
@allow(Permission.ATTEMPT_REVIEW)
def result(public_id: str) -> Any:
    """What an attempt came to and, once they are opened, the explanations. Trainers see those at once."""
    reader, actor = reading(), _actor()
    sat = queries.attempt_within(reader, actor, Permission.ATTEMPT_REVIEW, public_id)
    attempt, is_own = sat.attempt, sat.person.id == actor.person_id
    if attempt.state is AttemptState.OPEN:
        if is_own:
            return redirect(url_for("quizzes.attempt", public_id=public_id))
        return redirect(url_for("quizzes.one_result", public_id=public_id))
    bank = queries.bank_of(reader, attempt.revision_id)
    paper = queries.seen_paper(queries.items_of(reader, attempt.id), bank)
    shown = {
        TO_SEE: [seen for seen in paper if not seen.is_right or seen.is_line_crossed],
        ALL: paper,
        CRITICAL: [seen for seen in paper if seen.is_critical],
    }
    show = request.args.get("show", TO_SEE)
    if show not in shown or (show == TO_SEE and not shown[TO_SEE]):
        show = ALL
    return render_template(
        "quizzes/result.html",
        sat=sat,
        attempt=attempt,
        is_own=is_own,
        is_latest=attempt.number == len(queries.attempts_of(reader, attempt.person_id, attempt.course_key)),
        bank=bank,
        course=queries.course(reader, attempt.course_key),
        paper=paper,
        shown=shown,
        show=show,
        by_kind=queries.shares(paper, "kind"),
        by_competency=queries.shares(paper, "competency"),
        competencies=_competencies(reader),
        is_open=not is_own or attempt.review_opened_at is not None,
        verdict=repeat(attempt.marked_at, attempt.review_opened_at, now=clock.now(), wait=waiting_time()),
        laws=content.held(reader, LAWS, "laws").thing,
        lines=content.held(reader, DUTIES, "duties").thing.lines,
    )


def _titles(reader: Session) -> dict[str, str]:
    """Return the titles of all courses in the reader's language, by key."""
    language = current_language()
    return {key: held.thing.title_in(language) for key, held in content.all_held(reader, COURSE).items()}


def _competencies(reader: Session) -> dict[str, str]:
    """Return the names of the competencies in the reader's language, by code."""
    language = current_language()
    return {each.code: each.name_in(language) for each in competency.framework(reader).competencies}


def _filters(units: Sequence[Any]) -> dict[str, Any]:
    """Return what the list of results is narrowed to, from the address or the form."""
    unit = request.values.get("unit", "")
    chosen = request.values.get("result", "")
    return {
        "course_key": request.values.get("course", "")[:60],
        "result": next((each for each in Result if each.value == chosen), None),
        "unit": next((each for each in units if each.public_id == unit), None),
        "text": request.values.get("q", "").strip()[:60],
    }


@blueprint.get("/results")
@allow(Permission.RESULTS_SEE)
def results() -> str:
    """Results by course and by person, of the persons within reach."""
    reader, actor = reading(), _actor()
    units = people.units_within(reader, actor, Permission.RESULTS_SEE)
    filters = _filters(units)
    titles = _titles(reader)
    return render_template(
        "quizzes/results.html",
        by_course=queries.results_by_course(reader, actor),
        titles=titles,
        course_options=[("", _("全部课程")), *titles.items()],
        result_options=[("", _("全部")), *((each.value, words) for each, words in RESULT_WORDS.items())],
        unit_options=[("", _("全部单位")), *((unit.public_id, unit.name) for unit in units)],
        filters=filters,
        result_of=result_of,
        words=RESULT_WORDS,
        page=page_of(reader, queries.results_by_person(actor, **filters), request.args.get("page", 1, type=int) or 1),
        may_export=may_use(actor, Permission.RESULTS_EXPORT),
        may_see_items=may_use(actor, Permission.ITEMS_SEE),
        is_filtered=any(filters.values()),
    )


@blueprint.get("/results/<public_id>")
@allow(Permission.RESULTS_SEE)
def one_result(public_id: str) -> str:
    """One attempt of somebody within reach: figures down to each question, without answers and explanations."""
    reader, actor = reading(), _actor()
    sat = queries.attempt_within(reader, actor, Permission.RESULTS_SEE, public_id)
    bank = queries.bank_of(reader, sat.attempt.revision_id)
    paper = queries.seen_paper(queries.items_of(reader, sat.attempt.id), bank)
    return render_template(
        "quizzes/one_result.html",
        sat=sat,
        attempt=sat.attempt,
        bank=bank,
        course=queries.course(reader, sat.attempt.course_key),
        attempts=queries.attempts_of(reader, sat.attempt.person_id, sat.attempt.course_key),
        paper=paper,
        by_competency=queries.shares(paper, "competency"),
        competencies=_competencies(reader),
        may_review=can(actor, Permission.ATTEMPT_REVIEW, Scope(owner_id=sat.person.id, unit_path=sat.person.unit.path)),
    )


@blueprint.post("/results/export")
@allow(Permission.RESULTS_EXPORT)
def export() -> Any:
    """The list as it is filtered, as xlsx: one sheet by person, one by course. Each export is logged."""
    reader, actor = reading(), _actor()
    titles = _titles(reader)
    units = people.units_within(reader, actor, Permission.RESULTS_EXPORT)
    by_person = [
        _("工号"),
        _("姓名"),
        _("单位"),
        _("课程"),
        _("结果"),
        _("最近一次得分"),
        _("满分"),
        _("考过几次"),
        _("最近一次交卷"),
    ]
    statement = queries.results_by_person(actor, permission=Permission.RESULTS_EXPORT, **_filters(units))
    rows: Iterator[list[spreadsheet.Value]] = (
        [
            person.staff_number,
            person.name,
            person.unit.name,
            titles.get(attempt.course_key, attempt.course_key),
            str(RESULT_WORDS[result_of(attempt, has_passed=has_passed)]),
            attempt.points,
            attempt.points_possible,
            attempts,
            attempt.marked_at,
        ]
        for attempt, person, has_passed, attempts in reader.execute(statement)
    )
    by_course = [_("课程"), _("考过的人"), _("通过的人"), _("正在考的人"), _("一共考了几次")]
    summary: Iterator[list[spreadsheet.Value]] = (
        [titles.get(each.course_key, each.course_key), each.persons, each.passed, each.sitting, each.attempts]
        for each in queries.results_by_course(reader, actor, Permission.RESULTS_EXPORT)
    )
    book = spreadsheet.workbook(
        [
            (_("按人"), by_person, rows, [12, 16, 24, 30, 12, 14, 8, 10, 18]),
            (_("按课程"), by_course, summary, [30, 10, 10, 12, 14]),
        ]
    )
    name = _("测验成绩") + f"-{clock.today().isoformat()}.xlsx"
    return send_file(io.BytesIO(book), spreadsheet.CONTENT_TYPE, as_attachment=True, download_name=name)
