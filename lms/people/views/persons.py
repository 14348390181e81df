"""Pages of persons: the list, one person, entering and correcting, slips, one-time codes, export."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from flask import current_app, flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.decide import can, may_use, recently_authenticated
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.core import clock, spreadsheet
from lms.core.errors import Conflict, Invalid, LMSError, NotFound, ReauthenticationNeeded
from lms.core.paging import page_of
from lms.people import queries
from lms.people.forms import EDUCATION_WORDS, SEX_WORDS, STATE_WORDS, PersonForm, choices
from lms.people.rules import (
    RESET_CODE_LASTS,
    SLIP_LASTS,
    PersonAction,
    Sex,
    StaffState,
    has_lapsed,
    in_force_on,
    masked_phone,
    next_state,
)
from lms.people.services import accounts, persons, standing
from lms.people.services.passwords import Passwords
from lms.people.views import blueprint
from lms.people.views.standing import actions_for
from lms.web.guards import allow
from lms.web.transaction import reading, writing

MOST_SLIPS = 200
"""Slips printed at once: each needs a hash, made before anything is written."""


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


def _passwords() -> Passwords:
    passwords: Passwords = current_app.extensions["lms.passwords"]
    return passwords


def _page_number() -> int:
    return request.args.get("page", 1, type=int) or 1


def indented(units: Iterable[Any]) -> list[tuple[str, str]]:
    """Return units (from wide to narrow) as options of a list, those below another set in."""
    listed = list(units)
    outermost = min((unit.path.count("/") for unit in listed), default=0)
    return [(unit.public_id, "　" * (unit.path.count("/") - outermost) + unit.name) for unit in listed]


def _unit_asked_for(units: Iterable[Any]) -> Any:
    """Return the unit that the address or the form names, None when it names none. Raises NotFound out of reach."""
    wanted = request.values.get("unit", "")
    unit = next((each for each in units if each.public_id == wanted), None)
    if wanted and unit is None:
        raise NotFound("people.unit.not_found")
    return unit


def _state_asked_for() -> StaffState | None:
    return next((each for each in StaffState if each.value == request.values.get("state")), None)


@blueprint.get("/people")
@allow(Permission.PERSON_LIST)
def people() -> str:
    """The persons within reach, searched by name or number, filtered by unit and state."""
    reader, actor = reading(), _actor()
    units = queries.units_within(reader, actor, Permission.PERSON_LIST)
    unit, state = _unit_asked_for(units), _state_asked_for()
    text = request.args.get("q", "").strip()[:60]
    page = page_of(reader, queries.search_persons(actor, text=text, unit=unit, state=state), _page_number())
    return render_template(
        "people/people.html",
        page=page,
        unit_options=[("", _("全部")), *indented(units)],
        unit=unit,
        state_options=[("", _("全部")), *((each.value, STATE_WORDS[each]) for each in StaffState)],
        state=state,
        text=text,
        with_account=queries.persons_with_account(reader, [person.id for person in page.rows]),
        may_edit=may_use(actor, Permission.PERSON_EDIT),
        may_export=may_use(actor, Permission.PERSON_EXPORT),
        may_slip=may_use(actor, Permission.SLIP_PRINT),
        may_import=may_use(actor, Permission.ROSTER_IMPORT),
    )


@blueprint.post("/people/export")
@allow(Permission.PERSON_EXPORT)
def export_people() -> Any:
    """The filtered list as xlsx, phones masked. Needs the password within five minutes; each export is logged."""
    actor = _actor()
    if not recently_authenticated(actor, clock.real_now()):
        raise ReauthenticationNeeded("access.reauthenticate")
    reader = reading()
    unit = _unit_asked_for(queries.units_within(reader, actor, Permission.PERSON_EXPORT))
    wanted = queries.search_persons(actor, text=request.form.get("q", "")[:60], unit=unit, state=_state_asked_for())
    rows = reader.scalars(wanted).all()
    headings = [
        _("工号"),
        _("姓名"),
        _("性别"),
        _("出生年月"),
        _("学历"),
        _("手机"),
        _("单位"),
        _("状态"),
        _("入职日期"),
    ]
    content = spreadsheet.workbook(
        [
            (
                _("人员"),
                headings,
                (
                    [
                        person.staff_number,
                        person.name,
                        str(SEX_WORDS[person.sex]),
                        person.birth_month,
                        person.education,
                        masked_phone(person.phone),
                        person.unit.name,
                        str(STATE_WORDS[person.state]),
                        person.joined_on,
                    ]
                    for person in rows
                ),
                [12, 16, 8, 12, 12, 14, 24, 12, 14],
            )
        ]
    )
    return attachment(content, _("人员") + f"-{clock.today().isoformat()}.xlsx")


def attachment(content: bytes, name: str, mimetype: str = spreadsheet.CONTENT_TYPE) -> Any:
    """Return a file to be saved under a (Chinese) name, never shown or run by the browser."""
    response = make_response(content)
    response.mimetype = mimetype
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _data_of(form: PersonForm) -> persons.PersonData:
    return persons.PersonData(
        staff_number=form.staff_number.data or "",
        name=form.name.data or "",
        sex=Sex(form.sex.data),
        birth_month=form.birth_month.data or "",
        education=form.education.data or "",
        phone=form.phone.data or "",
        joined_on=form.joined_on.data or date.min,
    )


@blueprint.route("/people/new", methods=["GET", "POST"])
@allow(Permission.PERSON_EDIT)
def add_person() -> Any:
    """Enter one person by hand."""
    actor = _actor()
    form = PersonForm()
    form.unit.choices = choices(indented(queries.units_within(reading(), actor, Permission.PERSON_EDIT)))
    if request.method == "GET":
        form.joined_on.data = clock.today()
        form.sex.data = Sex.UNKNOWN.value
        form.unit.data = request.args.get("unit")
    if form.validate_on_submit():
        try:
            writer = writing()
            unit = queries.unit_by_public_id(writer, actor, Permission.PERSON_EDIT, form.unit.data)
            person = persons.add_person(writer, actor, unit, _data_of(form), now=clock.now())
        except (Invalid, Conflict) as error:
            form.add_error(error)
            return render_template("people/person_form.html", form=form, person=None), 422
        flash(_("已加入 %(name)s。下一步：核对材料，打印登录纸条。", name=person.name), "ok")
        return redirect(url_for("people.person", public_id=person.public_id))
    page = render_template("people/person_form.html", form=form, person=None)
    return page, 422 if form.errors else 200


@blueprint.get("/people/<public_id>")
@allow(Permission.PERSON_SEE)
def person(public_id: str) -> str:
    """One person: data, posts, roles, account, and what may be done."""
    reader, actor = reading(), _actor()
    found = queries.person_by_public_id(reader, actor, Permission.PERSON_SEE, public_id)
    scope = Scope(owner_id=found.id, unit_path=found.unit.path)
    wanted = (
        Permission.PERSON_EDIT,
        Permission.PERSON_ADMIT,
        Permission.PERSON_MOVE,
        Permission.PASSWORD_RESET,
        Permission.SLIP_PRINT,
        Permission.ROLE_PROPOSE,
        Permission.PERSON_UNMASK,
        Permission.DUTY_LIST_SEE,
        Permission.LEVEL_SEE,
        Permission.AUDIT_READ,
    )
    may = {permission.name: can(actor, permission, scope) for permission in wanted}
    today = clock.today()
    is_self = found.id == actor.person_id
    return render_template(
        "people/person.html",
        person=found,
        phone=masked_phone(found.phone),
        posts=queries.all_posts_of(reader, found.id),
        grants=queries.grants_of(reader, found.id),
        account=queries.account_state(reader, found.id),
        trail=queries.latest_on_person(reader, found) if may["AUDIT_READ"] else None,
        may=may,
        may_admit=may["PERSON_ADMIT"] and next_state(found.state, PersonAction.ADMIT) is not None,
        actions=[each.value for each in actions_for(found.state)] if may["PERSON_MOVE"] and not is_self else [],
        # Lists of other packages, found by staff number; only roles that reach by unit have them.
        may_results=may_use(actor, Permission.RESULTS_SEE),
        may_certificates=may_use(actor, Permission.CERTIFICATE_LIST),
        may_list=may_use(actor, Permission.PERSON_LIST),
        is_self=is_self,
        is_current=lambda row: in_force_on(row.starts_on, row.ends_on, today),
        has_lapsed=lambda row: has_lapsed(row.ends_on, today),
        real_now=clock.real_now(),
    )


@blueprint.post("/people/<public_id>/phone")
@allow(Permission.PERSON_UNMASK)
def unmask_phone(public_id: str) -> Any:
    """Show a phone number in full, once; logged. Officials give their password first."""
    actor = _actor()
    found = queries.person_by_public_id(reading(), actor, Permission.PERSON_UNMASK, public_id)
    if found.id != actor.person_id and not recently_authenticated(actor, clock.real_now()):
        raise ReauthenticationNeeded("access.reauthenticate")
    return render_template("people/phone.html", person=found)


@blueprint.route("/people/<public_id>/edit", methods=["GET", "POST"])
@allow(Permission.PERSON_EDIT)
def edit_person(public_id: str) -> Any:
    """Correct what is kept on a person; two officials at once: the second is told."""
    actor = _actor()
    session = writing() if request.method == "POST" else reading()
    found = queries.person_by_public_id(session, actor, Permission.PERSON_EDIT, public_id)
    form = PersonForm(obj=None if request.method == "POST" else found)
    if found.education not in EDUCATION_WORDS:  # as a roster wrote it
        form.education.choices = choices([*EDUCATION_WORDS.items(), (found.education, found.education)])
    form.unit.choices = choices(indented(queries.units_within(session, actor, Permission.PERSON_EDIT)))
    if request.method == "GET":
        form.unit.data = found.unit.public_id
        form.sex.data = found.sex.value
        form.version.data = str(found.version)
    if form.validate_on_submit():
        try:
            if form.version.data != str(found.version):
                raise Conflict("people.person.changed_meanwhile")
            unit = queries.unit_by_public_id(session, actor, Permission.PERSON_EDIT, form.unit.data)
            is_moved = unit.id != found.unit_id
            changed = persons.correct_person(
                session,
                actor,
                found,
                unit,
                _data_of(form),
                now=clock.now(),
                keeps_posts=bool(form.keeps_posts.data),
            )
        except (Invalid, Conflict) as error:
            form.add_error(error)
            session.rollback()
            found = queries.person_by_public_id(session, actor, Permission.PERSON_EDIT, public_id)
            return render_template("people/person_form.html", form=form, person=found), 422
        if is_moved:
            flash(_("已换到 %(unit)s。下面看看岗位对不对。", unit=unit.name), "ok")
        else:
            flash(_("已改好。") if changed else _("没有改动。"), "ok")
        return redirect(url_for("people.person", public_id=public_id))
    page = render_template("people/person_form.html", form=form, person=found)
    return page, 422 if form.errors else 200


@blueprint.post("/people/<public_id>/admit")
@allow(Permission.PERSON_ADMIT)
def admit_person(public_id: str) -> Any:
    """Candidate to trainee, after the papers were found complete."""
    writer, actor = writing(), _actor()
    found = queries.person_by_public_id(writer, actor, Permission.PERSON_ADMIT, public_id)
    try:
        standing.admit_person(writer, actor, found, now=clock.now())
    except Conflict as error:  # a second click, or a colleague was faster: the page shows how it stands now
        flash(current_app.extensions["lms.words"].text(error), "watch")
    else:
        flash(_("已转为培训中，可以开始学习了。"), "ok")
    return redirect(url_for("people.person", public_id=public_id))


@blueprint.route("/people/<public_id>/reset", methods=["GET", "POST"])
@allow(Permission.PASSWORD_RESET)
def reset_password(public_id: str) -> Any:
    """Give a one-time code for a new password; shown once, on a slip."""
    actor = _actor()
    if request.method == "GET":
        found = queries.person_by_public_id(reading(), actor, Permission.PASSWORD_RESET, public_id)
        return render_template("people/reset.html", person=found, account=queries.account_state(reading(), found.id))
    prepared = accounts.prepare_code(_passwords())
    writer = writing()
    found = queries.person_by_public_id(writer, actor, Permission.PASSWORD_RESET, public_id)
    try:
        accounts.reset_password(writer, actor, found, prepared, now=clock.now())
    except LMSError as error:
        words = current_app.extensions["lms.words"].text(error)
        writer.rollback()
        found = queries.person_by_public_id(writer, actor, Permission.PASSWORD_RESET, public_id)
        account = queries.account_state(writer, found.id)
        return render_template("people/reset.html", person=found, account=account, problem=words), 422
    return _slips_page([(found, prepared.code)], RESET_CODE_LASTS, is_reset=True)


def _slips_page(made: list[tuple[Any, str]], lasts: timedelta, *, is_reset: bool = False, left_out: int = 0) -> str:
    """Return the page to print: the only place where the codes ever stand in clear."""
    settings = current_app.extensions["lms.settings"]
    return render_template(
        "people/slips.html",
        made=made,
        address=settings.public_base_url or request.url_root.rstrip("/"),
        until=clock.real_now() + lasts,
        is_reset=is_reset,
        left_out=left_out,
    )


@blueprint.route("/people/slips", methods=["GET", "POST"])
@allow(Permission.SLIP_PRINT)
def slips() -> Any:
    """Slips with first passwords for persons who have no password of their own yet."""
    actor = _actor()
    units = queries.units_within(reading(), actor, Permission.SLIP_PRINT)
    unit = _unit_asked_for(units)
    if request.method == "GET":
        waiting = queries.persons_without_password(reading(), actor, unit, MOST_SLIPS + 1)
        return render_template(
            "people/slips_start.html",
            waiting=waiting[:MOST_SLIPS],
            are_more=len(waiting) > MOST_SLIPS,
            printed=queries.slips_waiting(reading(), [person.id for person in waiting]),
            unit_options=[("", _("全部")), *indented(units)],
            unit=unit,
            most=MOST_SLIPS,
        )
    chosen = list(dict.fromkeys(request.form.getlist("person")))[:MOST_SLIPS]
    if not chosen:
        flash(_("先勾上要打印的人。"), "watch")
        return redirect(url_for("people.slips", unit=unit.public_id if unit else None))
    prepared = [accounts.prepare_code(_passwords()) for _person in chosen]
    writer = writing()
    made = []
    for public_id, code in zip(chosen, prepared, strict=True):
        found = queries.person_by_public_id(writer, actor, Permission.SLIP_PRINT, public_id)
        try:
            with writer.begin_nested():
                accounts.open_account(writer, actor, found, code, now=clock.now())
        except Conflict:
            continue  # chose an own password meanwhile: needs no slip
        made.append((found, code.code))
    writer.flush()  # what is refused must be refused before the codes are shown
    return _slips_page(made, SLIP_LASTS, left_out=len(chosen) - len(made))
