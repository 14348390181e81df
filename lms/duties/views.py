"""Pages of duties: one's own list, a person's, the matrix of who may do what, one item, and who has read what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.content.content import limit_of
from lms.content.forms import WAY_ICONS, WAY_MEANINGS, WAY_WORDS
from lms.content.rules import RoleLevel, Way
from lms.core import clock
from lms.core.errors import Conflict
from lms.core.paging import page_in
from lms.duties import queries, services
from lms.duties.forms import (
    FIELD_WORDS,
    FUNCTION_WORDS,
    LEVEL_WORDS,
    ORIGIN_WORDS,
    STATE_WORDS,
    AcknowledgeForm,
    cause_text,
    limit_text,
)
from lms.duties.queries import ListView, Texts
from lms.duties.rules import MAY_ACT, WORDING, Changes, DutyState, Snapshot, changes_between
from lms.people import queries as people
from lms.people.rules import Post
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading, writing

blueprint = Blueprint("duties", __name__)

LONGEST_SEARCH = 40


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


@blueprint.context_processor
def words() -> dict[str, Any]:
    """What every page of duties says things with: ``say``."""
    say = {
        "state": STATE_WORDS,
        "way": WAY_WORDS,
        "meaning": WAY_MEANINGS,
        "icon": WAY_ICONS,
        "level": LEVEL_WORDS,
        "function": FUNCTION_WORDS,
        "origin": ORIGIN_WORDS,
        "cause": cause_text,
        "limit": limit_text,
    }
    return {"say": say}


# --- a person's list ---------------------------------------------------------------------------------------


def _list_page(person: Any, found: Texts) -> str:
    language = current_language()
    view = queries.list_view(reading(), person, found, language)
    return render_template(
        "duties/list.html",
        view=view,
        person=person,
        is_own=person.id == _actor().person_id,
        danger=found.emergency_in(language),
        State=DutyState,
        language=language,
    )


@blueprint.get("/me/duties")
@allow(Permission.DUTY_LIST_SEE)
def mine() -> str:
    """One's own duty list: what is open, what is still learnt and what is missing for it."""
    reader = reading()
    return _list_page(people.person_with_id(reader, _actor().person_id), queries.texts(reader))


@blueprint.get("/people/<public_id>/duties")
@allow(Permission.DUTY_LIST_SEE)
def person_list(public_id: str) -> str:
    """A person's duty list, for those responsible for them."""
    reader = reading()
    person = people.person_by_public_id(reader, _actor(), Permission.DUTY_LIST_SEE, public_id)
    return _list_page(person, queries.texts(reader))


@blueprint.get("/people/<public_id>/duties/print")
@allow(Permission.DUTY_LIST_SEE)
def print_list(public_id: str) -> str:
    """A person's duty list on paper, with lines to sign on."""
    reader, language = reading(), current_language()
    person = people.person_by_public_id(reader, _actor(), Permission.DUTY_LIST_SEE, public_id)
    found = queries.texts(reader)
    view = queries.list_view(reader, person, found, language)
    return render_template(
        "duties/print.html",
        view=view,
        person=person,
        is_own=person.id == _actor().person_id,
        prohibited=[line.text_in(language) for line in found.duties.prohibited.values()],
        danger=found.emergency_in(language),
        language=language,
    )


@blueprint.get("/people/<public_id>/duties/history")
@allow(Permission.DUTY_LIST_SEE)
def history(public_id: str) -> str:
    """How a person's duty list has changed, each change with its day and its cause."""
    reader = reading()
    person = people.person_by_public_id(reader, _actor(), Permission.DUTY_LIST_SEE, public_id)
    changes = queries.changes_of(reader, person.id, limit=MOST_CHANGES)
    return render_template(
        "duties/history.html",
        person=person,
        is_own=person.id == _actor().person_id,
        changes=changes,
        names=_names(queries.texts(reader)),
    )


MOST_CHANGES = 200
"""Changes that the page of the history shows, the latest ones."""


def _names(found: Texts) -> dict[str, str]:
    """Return the names of all items in the reader's language, by key."""
    return {key: duty.name_in(current_language()) for key, duty in found.duties.items.items()}


# --- acknowledging -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rewording:
    """An item that says something else now: each field that differs with its old and its new words."""

    key: str
    fields: list[tuple[str, list[str], list[str]]]


def _said(name: str, value: Any) -> list[str]:
    """Return what a field of a snapshot says, line by line."""
    match name:
        case "ways":
            return [str(WAY_WORDS[Way(way)]) for way in value]
        case "limit":
            return [limit_text(limit_of(value))]
        case "steps":
            return list(value)
        case _:
            return [value]


def _differing(name: str, before: Any, after: Any) -> tuple[list[str], list[str]]:
    """Return the old and the new words of a field; of the steps only those that differ."""
    if name == "steps":
        before, after = [each for each in before if each not in after], [each for each in after if each not in before]
    return _said(name, before), _said(name, after)


def _rewordings(changes: Changes, old: Snapshot, new: Snapshot) -> list[Rewording]:
    before = {item["key"]: item for item in old["items"]}
    after = {item["key"]: item for item in new["items"]}
    return [
        Rewording(
            each.key,
            [
                (str(FIELD_WORDS[name]), *_differing(name, before[each.key][name], after[each.key][name]))
                for name in each.fields
            ],
        )
        for each in changes.reworded
    ]


def _acknowledge_page(form: AcknowledgeForm) -> str:
    reader, language = reading(), current_language()
    found = queries.texts(reader)
    view = queries.list_view(reader, people.person_with_id(reader, _actor().person_id), found, language)
    form.digest.data = view.digest
    old = view.acknowledged.snapshot if view.acknowledged is not None else None
    changes = changes_between(old, view.snapshot) if old is not None else None
    names = {item["key"]: item["name"] for item in old["items"]} if old is not None else {}
    touched = changes.touched if changes is not None and view.is_waiting else frozenset()
    return render_template(
        "duties/acknowledge.html",
        form=form,
        view=view,
        changes=changes,
        fresh=[line for line in view.lines if line.duty.key in touched],
        same=[line for line in view.lines if line.duty.key not in touched],
        rewordings=_rewordings(changes, old, view.snapshot) if changes is not None and old is not None else [],
        names=names | _names(found),
        prohibited=[line.text_in(language) for line in found.duties.prohibited.values()],
        danger=found.emergency_in(language),
        language=language,
    )


@blueprint.route("/me/duties/acknowledge", methods=["GET", "POST"])
@allow(Permission.DUTY_ACKNOWLEDGE)
def acknowledge() -> Any:
    """Read one's list, or what has changed in it, and say so （已读，照办）."""
    form = AcknowledgeForm()
    if form.validate_on_submit():
        session = writing()
        try:
            row = services.acknowledge(session, _actor(), form.digest.data or "", now=clock.now())
        except Conflict as error:
            session.rollback()
            form.add_error(error)
        else:
            flash(_("记下了：第 %(n)s 版，您已读，照办。", n=row.number), "ok")
            return redirect(url_for("duties.mine"))
    return _acknowledge_page(form), 422 if request.method == "POST" else 200


@blueprint.get("/duties/acknowledgements/<public_id>")
@allow(Permission.DUTY_LIST_SEE)
def acknowledged(public_id: str) -> str:
    """What somebody acknowledged: the list as it was shown to them then."""
    person, version = queries.acknowledgement_within(reading(), _actor(), public_id)
    items = [
        {**item, **{name: _said(name, item[name]) for name in WORDING}, "state": DutyState(item["state"])}
        for item in version.snapshot["items"]
    ]
    return render_template(
        "duties/acknowledged.html",
        person=person,
        is_own=person.id == _actor().person_id,
        version=version,
        items=items,
    )


SHOWN_STATES: Mapping[str, Sequence[DutyState]] = {"open": MAY_ACT, "learning": (DutyState.LEARNING,)}
"""What ``show`` asks for in the address, beside ``waiting``: persons with items in one of these states."""


@blueprint.get("/duties/acknowledgements")
@allow(Permission.DUTY_TEAM_SEE)
def team() -> str:
    """Who has acknowledged which version of their list, those who have still to do it first.

    ``show`` in the address keeps those who have still to do it, or those with items that are open or still learnt.
    """
    reader = reading()
    members = queries.team(reader, _actor(), queries.texts(reader))
    waiting = [member for member in members if member.is_waiting]
    show = request.args.get("show", "")
    states = SHOWN_STATES.get(show, ())
    shown = members
    if show == "waiting":
        shown = waiting
    elif states:
        shown = [member for member in members if member.number_in(states)]
    else:
        show = ""
    return render_template(
        "duties/team.html",
        page=page_in(shown, request.args.get("page", 1, type=int)),
        total=len(members),
        waiting=len(waiting),
        show=show,
        items=sum(member.number_in(states) for member in shown),
        State=DutyState,
    )


# --- the catalogue -----------------------------------------------------------------------------------------


@blueprint.get("/duties")
@allow(Permission.DUTY_SEE)
def matrix() -> str:
    """Who may do what: every item by role level, with its limit and steps; to be searched."""
    found, language = queries.texts(reading()), current_language()
    wanted = {name: request.args.get(name, "").strip()[:LONGEST_SEARCH] for name in ("q", "function", "way")}
    duties = queries.search(
        found.duties.items.values(), words=wanted["q"], function=wanted["function"], way=wanted["way"]
    )
    return render_template(
        "duties/matrix.html",
        duties=duties,
        total=len(found.duties.items),
        wanted=wanted,
        ways=list(Way),
        Level=RoleLevel,
        danger=found.emergency_in(language),
        language=language,
    )


def _own_line(view: ListView, key: str) -> queries.Line | None:
    return next((line for line in view.lines if line.duty.key == key), None)


@blueprint.get("/duties/<key>")
@allow(Permission.DUTY_SEE)
def item(key: str) -> str:
    """Everything about one item: who may do what, steps, limit, what it needs, where it comes from."""
    reader, language = reading(), current_language()
    found = queries.texts(reader)
    duty = found.duty(key)
    view = queries.list_view(reader, people.person_with_id(reader, _actor().person_id), found, language)
    register = found.register
    return render_template(
        "duties/item.html",
        duty=duty,
        line=_own_line(view, key),
        view=view,
        frame=found.frame,
        courses=found.courses,
        cites=[
            (register.place_en(cite) if language == "en" else register.place(cite), cited[1])
            for cite in duty.cites
            if register is not None and (cited := register.find(cite)) is not None
        ],
        post=Post(duty.post),
        Level=RoleLevel,
        danger=found.emergency_in(language),
        language=language,
    )
