"""Pages of the roster import: choose a file, look at what was read, correct columns, decide, enter."""

import hashlib
from typing import Any

from flask import current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.permissions import Permission
from lms.core import clock, spreadsheet
from lms.core.errors import Conflict, Invalid
from lms.core.paging import page_of
from lms.people import queries
from lms.people.formats.error_file import SHEET, error_file
from lms.people.formats.headings import EXAMPLE, HEADINGS, Field
from lms.people.formats.sheet import read_table
from lms.people.forms import FIELD_WORDS, NOTE_WORDS, STATE_WORDS, RosterForm, note_words, wrong_words
from lms.people.rules import RosterState, RowState
from lms.people.services import roster as services
from lms.people.views import blueprint
from lms.people.views.persons import attachment
from lms.web.guards import allow
from lms.web.transaction import reading, writing

FILTERS: dict[str, tuple[RowState, ...]] = {
    "": (),
    "error": (RowState.ERROR,),
    "doubt": (RowState.DOUBT,),
    "new": (RowState.NEW,),
    "update": (RowState.UPDATE,),
    "same": (RowState.SAME,),
    "skipped": (RowState.SKIPPED,),
    "entered": (RowState.ENTERED,),
}


def _problem(error: Invalid | Conflict) -> str:
    words: str = current_app.extensions["lms.words"].text(error)
    return words


@blueprint.route("/people/roster", methods=["GET", "POST"])
@allow(Permission.ROSTER_IMPORT)
def roster_start() -> Any:
    """Choose a roster file and the unit it is for. The file is read here and not kept."""
    actor = g.signed_in.identity
    form = RosterForm()
    units = queries.units_within(reading(), actor, Permission.ROSTER_IMPORT)
    form.unit.choices = [(unit.public_id, "　" * (unit.path.count("/") - 2) + unit.name) for unit in units]
    if form.validate_on_submit():
        content = form.file.data.read()
        file_name = form.file.data.filename or ""
        try:
            reader = reading()
            unit = queries.unit_by_public_id(reader, actor, Permission.ROSTER_IMPORT, form.unit.data)
            table = read_table(file_name, content)
            examined = services.examine(reader, actor, unit, table, today=clock.today())
            digest = hashlib.sha256(content).hexdigest()
            writer = writing()
            unit = queries.unit_by_public_id(writer, actor, Permission.ROSTER_IMPORT, form.unit.data)
            begun = services.begin(writer, actor, unit, examined, file_name, digest, now=clock.now())
            return redirect(url_for("people.roster", public_id=begun.public_id))
        except Invalid as error:
            form.add_error(error)
    page = render_template(
        "people/roster_start.html",
        form=form,
        earlier=queries.rosters_within(reading(), actor),
        fields=[str(FIELD_WORDS[field]) for field in Field],
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/people/roster/template")
@allow(Permission.ROSTER_IMPORT)
def roster_template() -> Any:
    """An empty roster to fill in, with one example row."""
    headings = [HEADINGS[field][0] for field in Field]
    hints = [[HEADINGS[field][0], str(NOTE_WORDS[f"hint_{field.value}"])] for field in Field]
    content = spreadsheet.workbook(
        [
            (SHEET, headings, [list(EXAMPLE.values())], [12] * len(headings)),
            (_("填写说明"), [_("列"), _("怎么填")], hints, [16, 60]),
        ]
    )
    return attachment(content, _("花名册模板") + ".xlsx")


@blueprint.route("/people/roster/<public_id>", methods=["GET", "POST"])
@allow(Permission.ROSTER_IMPORT)
def roster(public_id: str) -> Any:
    """What was read: counts, columns to correct, rows with what was cleaned and what is wrong; then the progress."""
    actor = g.signed_in.identity
    if request.method == "GET":
        return _roster_page(public_id)
    columns = {
        field.value: index
        for field in Field
        if (index := request.form.get(field.value, -1, type=int)) is not None and index >= 0
    }
    try:
        reader = reading()
        checked = services.examine_again(
            reader,
            actor,
            queries.roster_by_public_id(reader, actor, public_id),
            columns,
            state=request.form.get("state", ""),
            makes_units=request.form.get("make") == "y",
            today=clock.today(),
        )
        writer = writing()
        services.change_columns(writer, actor, queries.roster_by_public_id(writer, actor, public_id), checked)
    except (Invalid, Conflict) as error:
        return _roster_page(public_id, _problem(error), columns), 422
    flash(_("已按新的列重新核对。"), "ok")
    return redirect(url_for("people.roster", public_id=public_id))


def _roster_page(public_id: str, problem: str = "", chosen: dict[str, int] | None = None) -> str:
    """Render the page of a roster as it is stored; ``chosen``: refused columns, shown as they were sent."""
    reader = reading()
    found = queries.roster_by_public_id(reader, g.signed_in.identity, public_id)
    show = request.args.get("show", "")
    rows = queries.roster_rows(found, FILTERS.get(show, ()))
    counts = services.row_counts(reader, found.id)
    ready = sum(counts.get(state.value, 0) for state in services.READY)
    job = services.job_state(reader, found) if found.state is RosterState.IMPORTING else None
    return render_template(
        "people/roster.html",
        roster=found,
        page=page_of(reader, rows, request.args.get("page", 1, type=int) or 1),
        show=show if show in FILTERS else "",
        filters=[each for each in FILTERS if each and (counts.get(each) or each == show)],
        counts=counts,
        ready=ready,
        left_over=sum(counts.get(state.value, 0) for state in services.NOT_ENTERED),
        fields=[(field.value, str(FIELD_WORDS[field])) for field in Field],
        chosen=found.mapping["columns"] if chosen is None else chosen,
        states=[(state.value, str(STATE_WORDS[state])) for state in services.STATES],
        dropped={index: why for index, why in found.ignored if why in services.DROPPED_WHY},
        note_words=note_words,
        before=queries.same_file_before(reader, found),
        job=job.value if job is not None else "",
        kept_days=services.KEPT_FOR.days,
        problem=problem,
    )


@blueprint.post("/people/roster/<public_id>/rows/<int:line>")
@allow(Permission.ROSTER_IMPORT)
def roster_row(public_id: str, line: int) -> Any:
    """Decide on one row: the same person, a new one, leave out, or back."""
    actor, writer = g.signed_in.identity, writing()
    found = queries.roster_by_public_id(writer, actor, public_id)
    try:
        services.decide_row(writer, actor, found, line, request.form.get("decision", ""))
    except (Invalid, Conflict) as error:
        return _roster_page(public_id, _problem(error)), 422
    show = request.form.get("show", "")
    page = request.form.get("page", 1, type=int)
    return redirect(url_for("people.roster", public_id=public_id, show=show or None, page=page, _anchor="rows"))


@blueprint.post("/people/roster/<public_id>/start")
@allow(Permission.ROSTER_IMPORT)
def roster_enter(public_id: str) -> Any:
    """Enter the good rows, by a job whose progress can be watched."""
    actor, writer = g.signed_in.identity, writing()
    try:
        services.start(writer, actor, queries.roster_by_public_id(writer, actor, public_id))
    except (Invalid, Conflict) as error:
        return _roster_page(public_id, _problem(error)), 422
    return redirect(url_for("people.roster", public_id=public_id))


@blueprint.post("/people/roster/<public_id>/abandon")
@allow(Permission.ROSTER_IMPORT)
def roster_abandon(public_id: str) -> Any:
    """Leave it; nothing is entered."""
    actor, writer = g.signed_in.identity, writing()
    try:
        services.abandon(writer, actor, queries.roster_by_public_id(writer, actor, public_id), now=clock.now())
    except Conflict as error:
        return _roster_page(public_id, _problem(error)), 422
    flash(_("没有导入，什么都没有改。"), "ok")
    return redirect(url_for("people.roster_start"))


@blueprint.get("/people/roster/<public_id>/problems")
@allow(Permission.ROSTER_IMPORT)
def roster_problems(public_id: str) -> Any:
    """The rows that were not entered, as they stood in the file, with what is wrong: to mend and bring in again."""
    reader, actor = reading(), g.signed_in.identity
    found = queries.roster_by_public_id(reader, actor, public_id)
    rows = services.not_entered(reader, public_id)
    dropped = {index for index, why in found.ignored if why in services.DROPPED_WHY}
    content = error_file(
        found.columns,
        dropped,
        [(row.line, row.cells, wrong_words(row.notes)) for row in rows],
        line_heading=_("原来的行"),
        problem_heading=_("哪里有问题"),
    )
    return attachment(content, _("没有导入的行") + ".xlsx")
