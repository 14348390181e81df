"""What every act has in common: what is held in which order, reach, recusal, guarded change, audit entry.

The order is the same everywhere, so that no two acts wait for each other: the person, the round, then the audit
trail. Rows of cases, notices and objections are changed only by who holds their round.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.competency.events import LevelGiven
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.mentoring.events import MentorNamed
from lms.messages.rules import MessageKind
from lms.messages.services import tell
from lms.people import queries as people
from lms.people.rules import clean_line
from lms.people.services import posts
from lms.selection import queries
from lms.selection.models import SelectionApplication, SelectionRound
from lms.selection.rules import (
    LONGEST_REASON,
    TOLD,
    CaseAct,
    CaseAction,
    CaseState,
    RoundAct,
    RoundAction,
    barred_by,
    next_case_state,
    next_round_state,
    skipped_in_case,
    skipped_in_round,
)

if TYPE_CHECKING:
    from lms.people.models import Person


def begin_round(
    session: Session, actor: Identity, permission: Permission, public_id: str
) -> tuple[SelectionRound, Role]:
    """Return a round, held, and the role under which the actor may act in it. Raises NotFound, Forbidden."""
    queries.hold_round(session, queries.id_of_round(session, public_id))
    found = queries.find_round(session, actor, permission, public_id)
    return found, require(actor, permission, Scope(unit_path=found.unit.path), now=clock.real_now())


def begin_case(
    session: Session, actor: Identity, permission: Permission, public_id: str, *, begun_by: int | None = None
) -> tuple[SelectionApplication, Role]:
    """Return a case, its person and round held, and the role under which the actor may act on it.

    Raises NotFound out of reach, Forbidden, ReauthenticationNeeded.
    """
    ids = queries.ids_of_case(session, public_id)
    person_in(session, ids.person_id)
    queries.hold_round(session, ids.round_id)
    case = queries.case_with_id(session, ids.application_id)
    scope = Scope(unit_path=case.round.unit.path, owner_id=case.person_id)
    return case, require(actor, permission, scope, now=clock.real_now(), begun_by=begun_by)


def refuse_barred(session: Session, actor: Identity, act: str, case: SelectionApplication) -> None:
    """Raise Forbidden, naming the part, when the actor took one in the case that bars them from the act （回避）."""
    name = people.names_of_persons(session, {actor.person_id}).get(actor.person_id or 0, "")
    part = barred_by(act, actor.person_id, name, queries.case_file(session, case).involved)
    if part is not None:
        raise Forbidden(f"selection.barred.{part.value}")


def on_level_given(session: Session, event: LevelGiven) -> None:
    """Refuse that somebody marks whose case they examine. A listener. Raises Forbidden."""
    if queries.has_examined(session, event.actor_id, event.person_id):
        raise Forbidden("selection.marking.examiner")


def on_mentor_named(session: Session, event: MentorNamed) -> None:
    """Refuse that somebody becomes the mentor of whose case they examine. A listener. Raises Forbidden."""
    if queries.has_examined(session, event.mentor_id, event.newcomer_id):
        raise Forbidden("selection.mentoring.examiner")


def not_before(day: date, first: date, field: str) -> date:
    """Return a day that is not before another. Raises Invalid, naming that one."""
    if day < first:
        raise Invalid("selection.day.early", field=field, day=first)
    return day


def refuse_skipped(found: SelectionRound, act: RoundAct) -> None:
    """Raise Conflict, naming the step that is missing or was done already, when a round's state refuses an act."""
    skip = skipped_in_round(act, found.state)
    if skip is not None:
        raise Conflict(f"selection.skip.{skip.value}")


def refuse_skipped_case(case: SelectionApplication, act: CaseAct) -> None:
    """Raise Conflict, naming the step that is missing or was done already, when a case's state refuses an act."""
    skip = skipped_in_case(act, case.state)
    if skip is not None:
        raise Conflict(f"selection.skip.{skip.value}")


def person_of(actor: Identity) -> int:
    """Return the person who acts. Raises Forbidden for console and system, who take no part in a case."""
    if actor.person_id is None:
        raise Forbidden("access.forbidden", permission="selection")
    return actor.person_id


def line(text: str, field: str, longest: int) -> str:
    """Return a line as it is kept. Raises Invalid when it is empty or too long."""
    cleaned = clean_line(text)
    if not cleaned:
        raise Invalid("selection.field.missing", field=field)
    if len(cleaned) > longest:
        raise Invalid("selection.field.long", field=field, most=longest)
    return cleaned


def paragraph(text: str, field: str, longest: int) -> str:
    """Return a text of several lines as it is kept. Raises Invalid when it is empty or too long."""
    lines = [clean_line(each) for each in text.splitlines()]
    cleaned = "\n".join(lines).strip()
    if not cleaned:
        raise Invalid("selection.field.missing", field=field)
    if len(cleaned) > longest:
        raise Invalid("selection.field.long", field=field, most=longest)
    return cleaned


def reason_of(text: str) -> str:
    """Return a reason as it is kept. Raises Invalid when it is empty or too long."""
    return line(text, "reason", LONGEST_REASON)


def not_ahead(day: date, field: str, now: datetime) -> date:
    """Return a day that is not in the future. Raises Invalid."""
    if day > clock.local_date(now):
        raise Invalid("selection.date.ahead", field=field)
    return day


def move_case(
    session: Session,
    actor: Identity,
    role: Role,
    case: SelectionApplication,
    action: CaseAction,
    tag: AuditTag,
    values: Mapping[str, object],
    *,
    now: datetime,
    reason: str = "",
    shown: Mapping[str, object] | None = None,
) -> None:
    """Move a case to its next state with these column values and record it; ``shown``: further values for the trail.

    Raises Conflict when its state does not allow the action (any more).
    """
    before = case.state
    after = next_case_state(before, action)
    if after is None:
        raise Conflict("selection.case.moved")
    statement = (
        sa.update(SelectionApplication)
        .where(SelectionApplication.id == case.id, SelectionApplication.state == before)
        .values(state=after, **values)
    )
    if not guarded_update(session, statement):
        raise Conflict("selection.case.moved")
    audit.record(
        session,
        actor,
        role,
        tag,
        ("selection_application", case.public_id),
        now=now,
        unit_path=case.round.unit.path,
        reason=reason,
        diff={"state": [before.value, after.value], "person": case.person.public_id, **(shown or {})},
    )
    if after in TOLD:
        tell_state(session, case, after, now=now)
    session.expire(case)


def tell_state(session: Session, case: SelectionApplication, state: CaseState, *, now: datetime) -> None:
    """Tell the applicant which state their application reached."""
    tell(session, case.person_id, MessageKind.APPLICATION, {"state": state.value}, target=case.public_id, now=now)


def move_round(
    session: Session,
    actor: Identity,
    role: Role,
    found: SelectionRound,
    action: RoundAction,
    values: Mapping[str, object],
    *,
    now: datetime,
    reason: str = "",
) -> None:
    """Move a round to its next state with these column values and record it.

    Raises Conflict when its state does not allow the action (any more).
    """
    before = found.state
    after = next_round_state(before, action)
    if after is None:
        raise Conflict("selection.round.moved")
    statement = (
        sa.update(SelectionRound)
        .where(SelectionRound.id == found.id, SelectionRound.state == before)
        .values(state=after, **values)
    )
    if not guarded_update(session, statement):
        raise Conflict("selection.round.moved")
    audit.record(
        session,
        actor,
        role,
        AuditTag.ROUND_CHANGED,
        ("selection_round", found.public_id),
        now=now,
        unit_path=found.unit.path,
        reason=reason,
        diff={"state": [before.value, after.value]},
    )
    session.expire(found)


def person_in(session: Session, person_id: int) -> "Person":
    """Return a person with the unit, held against every other act on them."""
    person = people.person_with_id(session, person_id)
    posts.hold_person(session, person)
    session.refresh(person)
    return person
