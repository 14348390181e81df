"""Moving a person's state: admitted, suspended, seconded, back again, left."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.core.reactions import publish
from lms.people.events import PersonMoved
from lms.people.models import Person
from lms.people.rules import BY_HAND, LONGEST_REASON, PersonAction, StaffState, clean_line, next_state
from lms.people.services import posts, roles
from lms.people.services.accounts import end_other_sessions


def admit_person(session: Session, actor: Identity, person: Person, *, now: datetime) -> None:
    """Move a candidate to trainee after the papers were found complete. Raises Conflict from any other state."""
    role = require(actor, Permission.PERSON_ADMIT, Scope(unit_path=person.unit.path), now=clock.real_now())
    before, after = _move(session, actor, role, person, PersonAction.ADMIT, {}, now=now)
    _tell(session, person, before, after, now)


def file_person(session: Session, actor: Identity, person: Person, *, now: datetime) -> None:
    """Move a trainee to active after the filing （备案） of a selection round, the only way there.

    Source: the paper, §3.2, and its rule R25. Raises NotFound out of reach, ReauthenticationNeeded, Conflict from
    any other state or when somebody else was faster.
    """
    role = require(actor, Permission.PERSON_FILE, Scope(unit_path=person.unit.path), now=clock.real_now())
    before, after = _move(session, actor, role, person, PersonAction.FILE, {}, now=now)
    _tell(session, person, before, after, now)


def change_state(
    session: Session,
    actor: Identity,
    person: Person,
    action: PersonAction,
    *,
    reason: str,
    last_day: date | None = None,
    now: datetime,
) -> None:
    """Suspend, reinstate, second, bring back, or end a person, or let one who left come back as a candidate.

    ``reason``: why, in a line. ``last_day``: the last day of somebody who leaves, today when None. Leaving ends
    all posts, roles and sign-ins of the person in the same act; a proposed role is refused. Others hear of it by
    PersonMoved.
    Raises Invalid (field ``reason`` or ``last_day``), Forbidden for oneself, for an action that has its own way
    (admitting, filing) and for ending somebody with a role that the actor may not end, Conflict when the state does
    not allow it or somebody else was faster.
    """
    role = require(actor, Permission.PERSON_MOVE, Scope(unit_path=person.unit.path), now=clock.real_now())
    if action not in BY_HAND:
        raise Forbidden("people.state.not_by_hand")
    if person.id == actor.person_id:
        raise Forbidden("people.state.own")
    reason = clean_line(reason)
    if not reason:
        raise Invalid("people.reason.missing", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid("people.reason.long", field="reason", most=LONGEST_REASON)
    today = clock.local_date(now)
    values: dict[str, object] = {}
    if action is PersonAction.END:
        last_day = last_day or today
        if last_day > today:
            raise Invalid("people.state.last_day_ahead", field="last_day")
        if last_day < person.joined_on:
            raise Invalid("people.state.last_day_early", field="last_day")
        values["ended_on"] = last_day
    elif action is PersonAction.COME_BACK:
        values["ended_on"] = None
    before, after = _move(session, actor, role, person, action, values, reason=reason, now=now)
    if action is PersonAction.END and last_day is not None:
        posts.end_all(session, actor, role, person, last_day, reason="left", now=now)
        roles.end_all(session, actor, person, now=now)
        end_other_sessions(session, person.id)
    _tell(session, person, before, after, now)


def _tell(session: Session, person: Person, before: StaffState, after: StaffState, now: datetime) -> None:
    publish(session, PersonMoved(at=now, person_id=person.id, public_id=person.public_id, before=before, after=after))


def _move(
    session: Session,
    actor: Identity,
    role: Role,
    person: Person,
    action: PersonAction,
    values: dict[str, object],
    *,
    reason: str = "",
    now: datetime,
) -> tuple[StaffState, StaffState]:
    """Take the step, audit it, and return the states before and after. Holds the person until the act is done."""
    path = person.unit.path
    before = person.state
    after = next_state(before, action)
    if after is None:
        raise Conflict("people.state.not_from_here", state=before.value, action=action.value)
    statement = (
        sa.update(Person)
        .where(Person.id == person.id, Person.state == before)
        .values(state=after, version=Person.version + 1, **values)
    )
    if not guarded_update(session, statement):
        raise Conflict("people.state.moved_on")
    session.expire(person)
    audit.record(
        session,
        actor,
        role,
        AuditTag.PERSON_STATE_CHANGED,
        ("person", person.public_id),
        now=now,
        unit_path=path,
        reason=reason,
        diff={"state": [before.value, after.value], **values},
    )
    return before, after
