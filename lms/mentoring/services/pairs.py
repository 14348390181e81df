"""Proposing a mentor, saying yes or no to it, and what an official and the mentor do with a pair until it ends."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import SYSTEM, Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.competency.events import LevelGiven
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.core.ids import new_public_id
from lms.core.reactions import publish
from lms.mentoring import queries
from lms.mentoring.events import MentorNamed
from lms.mentoring.models import MentoringCheckpoint, MentoringPair
from lms.mentoring.queries import PairView
from lms.mentoring.rules import (
    CHECKPOINT_DAYS,
    LONGEST_LINE,
    LONGEST_REASON,
    NEWCOMERS,
    PLAN_DAYS,
    CheckpointVerdict,
    Missing,
    PairAction,
    PairState,
    bars,
    due_on,
    latest_end,
    leaving_action,
    missing_to_complete,
    needs_reason,
    next_state,
)
from lms.messages.rules import MessageKind
from lms.messages.services import tell
from lms.people import queries as people
from lms.people.events import PersonMoved
from lms.people.rules import StaffState, clean_line

if TYPE_CHECKING:
    from lms.people.models import Person

_TAGS: Mapping[PairAction, AuditTag] = {
    PairAction.ACCEPT: AuditTag.MENTORING_ACCEPTED,
    PairAction.DECLINE: AuditTag.MENTORING_DECLINED,
    PairAction.WITHDRAW: AuditTag.MENTORING_WITHDRAWN,
    PairAction.EXTEND: AuditTag.MENTORING_EXTENDED,
    PairAction.COMPLETE: AuditTag.MENTORING_COMPLETED,
    PairAction.CHANGE: AuditTag.MENTORING_CHANGED,
    PairAction.END: AuditTag.MENTORING_ENDED,
}

BY_OFFICIAL = frozenset({PairAction.WITHDRAW, PairAction.EXTEND, PairAction.COMPLETE, PairAction.END})
"""What ``decide`` does. Changing the mentor is an act of its own, with its next mentor."""


def checked_reason(reason: str, *, field: str = "reason") -> str:
    """Return a reason as it is kept. Raises Invalid when it is empty or too long."""
    reason = clean_line(reason)
    if not reason:
        raise Invalid("mentoring.reason.missing", field=field)
    if len(reason) > LONGEST_REASON:
        raise Invalid("mentoring.reason.long", field=field, most=LONGEST_REASON)
    return reason


def _held(session: Session, actor: Identity, permission: Permission, public_id: str, today: date) -> PairView:
    """Return a pair within reach with both its people held, as it stands once they are. Raises NotFound."""
    seen = queries.pair_by_public_id(session, actor, permission, public_id, today)
    queries.hold_persons(session, seen.mentor.id, seen.newcomer.id)
    return queries.pair_by_public_id(session, actor, permission, public_id, today)


def _refuse_own(actor: Identity, *person_ids: int) -> None:
    """Raise Forbidden when an official decides on a pair of their own."""
    if actor.person_id in person_ids:
        raise Forbidden("mentoring.pair.own")


# --- proposing --------------------------------------------------------------------------------------------


def propose(
    session: Session,
    actor: Identity,
    newcomer_public_id: str,
    mentor_public_id: str,
    *,
    second_reason: str = "",
    now: datetime,
) -> str:
    """Propose a mentor for a newcomer; both have to say yes. Return the public id of the pair.

    ``second_reason``: why the mentor gets a second newcomer; needed when he has one.
    Raises NotFound when either is out of reach, Forbidden for a pair of one's own, Invalid when the mentor cannot be
    one or the reason is missing, Conflict when the newcomer has a mentor or cannot be given one.
    """
    newcomer = people.person_by_public_id(session, actor, Permission.PAIR_PROPOSE, newcomer_public_id)
    mentor = people.person_by_public_id(session, actor, Permission.PAIR_PROPOSE, mentor_public_id)
    role = _allowed(actor, newcomer)
    _refuse_own(actor, newcomer.id, mentor.id)
    queries.hold_persons(session, newcomer.id, mentor.id)
    return _add(session, actor, role, newcomer, mentor, second_reason=second_reason, previous_id=None, now=now)


def _allowed(actor: Identity, newcomer: "Person") -> Role:
    scope = Scope(owner_id=newcomer.id, unit_path=newcomer.unit.path)
    return require(actor, Permission.PAIR_PROPOSE, scope, now=clock.real_now())


def _add(
    session: Session,
    actor: Identity,
    role: Role,
    newcomer: "Person",
    mentor: "Person",
    *,
    second_reason: str,
    previous_id: int | None,
    now: datetime,
) -> str:
    """Add a proposed pair, both persons held. Raises Invalid and Conflict as ``propose`` says."""
    for person in (newcomer, mentor):
        session.refresh(person, ["state"])
    if newcomer.state not in NEWCOMERS:
        raise Conflict("mentoring.newcomer.state")
    prospect = queries.prospects(session, [mentor], newcomer, clock.local_date(now))[mentor.id]
    if bars(prospect, clock.local_date(now)):
        raise Invalid("mentoring.mentor.barred", field="mentor")
    if needs_reason(prospect.newcomers):
        if not second_reason.strip():
            raise Invalid("mentoring.second.reason_missing", field="second_reason")
        second_reason = checked_reason(second_reason, field="second_reason")
    else:
        second_reason = ""
    if queries.live_pair_of(session, newcomer.id) is not None:
        raise Conflict("mentoring.pair.already")
    publish(session, MentorNamed(at=now, mentor_id=mentor.id, newcomer_id=newcomer.id))
    pair = MentoringPair(
        public_id=new_public_id(),
        newcomer_id=newcomer.id,
        mentor_id=mentor.id,
        state=PairState.PROPOSED,
        second_reason=second_reason,
        previous_id=previous_id,
        proposed_by_id=actor.person_id,
        proposed_at=now,
    )
    session.add(pair)
    audit.record(
        session,
        actor,
        role,
        AuditTag.MENTORING_PROPOSED,
        pair,
        now=now,
        unit_path=newcomer.unit.path,
        reason=second_reason,
    )
    try:
        session.flush()  # the unique index has the last word
    except IntegrityError as error:
        raise Conflict("mentoring.pair.already") from error
    _tell(session, actor, (newcomer.id, mentor.id), PairState.PROPOSED, pair.public_id, now)
    return pair.public_id


def _tell(
    session: Session, actor: Identity, person_ids: Iterable[int], state: PairState, public_id: str, now: datetime
) -> None:
    """Tell mentor and newcomer of a pair's new state; whoever brought it about knows."""
    for person_id in person_ids:
        if person_id != actor.person_id:
            tell(session, person_id, MessageKind.PAIR, {"state": state.value}, target=public_id, now=now)


# --- the answers of the two -------------------------------------------------------------------------------


def accept(session: Session, actor: Identity, public_id: str, *, now: datetime) -> PairState:
    """Say yes to a proposed pair, as its mentor or newcomer; return its state. Saying it twice changes nothing.

    With the second yes the pair is active from today, with its plan. Raises NotFound out of reach, Conflict when
    the pair is no longer proposed or either of the two is suspended, seconded or gone meanwhile.
    """
    today = clock.local_date(now)
    pair = _held(session, actor, Permission.PAIR_ANSWER, public_id, today)
    role = require(actor, Permission.PAIR_ANSWER, pair.scope(actor), now=clock.real_now())
    is_mentor = actor.person_id == pair.mentor.id
    mine, other = (
        (pair.mentor_accepted_at, pair.newcomer_accepted_at)
        if is_mentor
        else (pair.newcomer_accepted_at, pair.mentor_accepted_at)
    )
    if mine is not None and (pair.state is PairState.PROPOSED or pair.is_running):
        return pair.state
    column = "mentor_accepted_at" if is_mentor else "newcomer_accepted_at"
    states = queries.hold_persons(session, pair.mentor.id, pair.newcomer.id)
    if states[pair.mentor.id] is not StaffState.ACTIVE or states[pair.newcomer.id] not in NEWCOMERS:
        raise Conflict("mentoring.pair.somebody_away")
    if other is not None:
        publish(session, MentorNamed(at=now, mentor_id=pair.mentor.id, newcomer_id=pair.newcomer.id))
        values = {column: now, "starts_on": today, "ends_on": due_on(today, PLAN_DAYS)}
        _move(session, actor, role, pair, PairAction.ACCEPT, values, now=now)
        _add_plan(session, actor, role, pair, today, now=now)
        return PairState.ACTIVE
    if pair.state is not PairState.PROPOSED:
        raise Conflict("mentoring.pair.moved_on")
    statement = (
        sa.update(MentoringPair)
        .where(
            MentoringPair.id == pair.id,
            MentoringPair.state == PairState.PROPOSED,
            getattr(MentoringPair, column).is_(None),
        )
        .values({column: now})
    )
    if not guarded_update(session, statement):
        raise Conflict("mentoring.pair.moved_on")
    _record(session, actor, role, AuditTag.MENTORING_ACCEPTED, pair, {column: [None, now]}, now=now)
    return PairState.PROPOSED


def _add_plan(session: Session, actor: Identity, role: Role, pair: PairView, starts_on: date, *, now: datetime) -> None:
    """Add the checkpoints of a pair that begins."""
    plan = {day: due_on(starts_on, day) for day in CHECKPOINT_DAYS}
    for day, due in plan.items():
        checkpoint = MentoringCheckpoint(public_id=new_public_id(), pair_id=pair.id, day=day, due_on=due, line="")
        session.add(checkpoint)
        audit.record(session, actor, role, AuditTag.MENTORING_PLANNED, checkpoint, now=now, unit_path=pair.unit_path)
    session.flush()


def decline(session: Session, actor: Identity, public_id: str, *, reason: str, now: datetime) -> None:
    """Say no to a proposed pair, as its mentor or newcomer, with a reason.

    Raises NotFound out of reach, Invalid without a reason, Conflict when the pair is no longer proposed.
    """
    pair = _held(session, actor, Permission.PAIR_ANSWER, public_id, clock.local_date(now))
    role = require(actor, Permission.PAIR_ANSWER, pair.scope(actor), now=clock.real_now())
    reason = checked_reason(reason)
    _move(session, actor, role, pair, PairAction.DECLINE, _closing(now, reason), now=now, reason=reason)


# --- the acts of an official ------------------------------------------------------------------------------


def decide(
    session: Session,
    actor: Identity,
    public_id: str,
    action: PairAction,
    *,
    reason: str = "",
    ends_on: date | None = None,
    now: datetime,
) -> None:
    """Withdraw, extend, complete （出师） or end a pair, as an official.

    ``ends_on``: the new last day when extending. Completing needs no reason, the others do.
    Raises NotFound out of reach, Forbidden for a pair of one's own or an action of others, Invalid for a missing
    reason or a last day that is not later or too late, Conflict when the state does not allow it or something that
    出师 asks for is missing.
    """
    if action not in BY_OFFICIAL:
        raise Forbidden("mentoring.pair.not_by_official")
    today = clock.local_date(now)
    pair = _held(session, actor, Permission.PAIR_DECIDE, public_id, today)
    role = require(actor, Permission.PAIR_DECIDE, pair.scope(actor), now=clock.real_now())
    _refuse_own(actor, pair.newcomer.id, pair.mentor.id)
    if next_state(pair.state, action) is None:
        raise Conflict("mentoring.pair.moved_on")
    if action is PairAction.COMPLETE:
        _refuse_incomplete(session, pair)
        reason = clean_line(reason)[:LONGEST_REASON]
    else:
        reason = checked_reason(reason)
    values = _closing(now, reason)
    if action is PairAction.EXTEND:
        values = {"ends_on": _later_end(pair, ends_on, today)}
    _move(session, actor, role, pair, action, values, now=now, reason=reason)


def _refuse_incomplete(session: Session, pair: PairView) -> None:
    """Raise Conflict when a pair lacks something that 出师 asks for."""
    done = sum(1 for each in queries.checkpoints_of(session, [pair.id])[pair.id] if each.done_at is not None)
    missing = missing_to_complete(done, queries.confirmed_count(session, pair.id))
    if Missing.CHECKPOINTS in missing:
        raise Conflict("mentoring.complete.checkpoints", have=done, need=len(CHECKPOINT_DAYS))
    if Missing.SESSIONS in missing:
        raise Conflict("mentoring.complete.sessions")


def _later_end(pair: PairView, ends_on: date | None, today: date) -> date:
    """Return the new last day of a running pair. Raises Invalid."""
    assert pair.starts_on is not None
    assert pair.ends_on is not None
    if ends_on is None:
        raise Invalid("mentoring.extend.missing", field="ends_on")
    if ends_on <= max(pair.ends_on, today):
        raise Invalid("mentoring.extend.not_later", field="ends_on")
    if ends_on > latest_end(pair.starts_on):
        raise Invalid("mentoring.extend.too_late", field="ends_on")
    return ends_on


def change_mentor(
    session: Session,
    actor: Identity,
    public_id: str,
    mentor_public_id: str,
    *,
    reason: str,
    second_reason: str = "",
    now: datetime,
) -> str:
    """End a running pair because the newcomer gets another mentor, and propose the next pair; return its public id.

    Raises NotFound out of reach, Forbidden for a pair of one's own, Invalid without a reason, for the same mentor or
    one who cannot be it, Conflict when the pair does not run.
    """
    today = clock.local_date(now)
    seen = queries.pair_by_public_id(session, actor, Permission.PAIR_DECIDE, public_id, today)
    mentor = people.person_by_public_id(session, actor, Permission.PAIR_PROPOSE, mentor_public_id)
    queries.hold_persons(session, seen.newcomer.id, seen.mentor.id, mentor.id)
    pair = queries.pair_by_public_id(session, actor, Permission.PAIR_DECIDE, public_id, today)
    role = require(actor, Permission.PAIR_DECIDE, pair.scope(actor), now=clock.real_now())
    newcomer = people.person_by_public_id(session, actor, Permission.PAIR_PROPOSE, pair.newcomer.public_id)
    _allowed(actor, newcomer)
    _refuse_own(actor, pair.newcomer.id, pair.mentor.id, mentor.id)
    reason = checked_reason(reason)
    if mentor.id == pair.mentor.id:
        raise Invalid("mentoring.change.same", field="mentor")
    _move(session, actor, role, pair, PairAction.CHANGE, _closing(now, reason), now=now, reason=reason)
    return _add(session, actor, role, newcomer, mentor, second_reason=second_reason, previous_id=pair.id, now=now)


# --- checkpoints ------------------------------------------------------------------------------------------


def write_checkpoint(
    session: Session,
    actor: Identity,
    public_id: str,
    day: int,
    verdict: CheckpointVerdict,
    *,
    line: str,
    now: datetime,
) -> None:
    """Say at a checkpoint of a running pair how the newcomer gets on, as the mentor: in a line, once.

    It may be written from the day it is due; saying the very same again changes nothing.
    Raises NotFound out of reach or for a day the plan does not have, Invalid for a missing or too long line or
    before its time, Conflict when it is written already or the pair does not run.
    """
    today = clock.local_date(now)
    pair = _held(session, actor, Permission.CHECKPOINT_WRITE, public_id, today)
    role = require(actor, Permission.CHECKPOINT_WRITE, pair.scope(actor), now=clock.real_now())
    if actor.person_id != pair.mentor.id:
        raise Forbidden("mentoring.pair.not_mentor")
    if not pair.is_running:
        raise Conflict("mentoring.pair.moved_on")
    checkpoint = queries.checkpoint_of(session, pair.id, day)
    line = clean_line(line)
    if not line:
        raise Invalid("mentoring.checkpoint.line_missing", field="line")
    if len(line) > LONGEST_LINE:
        raise Invalid("mentoring.line.long", field="line", most=LONGEST_LINE)
    if (checkpoint.verdict, checkpoint.line) == (verdict, line):
        return
    if today < checkpoint.due_on:
        raise Invalid("mentoring.checkpoint.early", day=day)
    statement = (
        sa.update(MentoringCheckpoint)
        .where(MentoringCheckpoint.id == checkpoint.id, MentoringCheckpoint.done_at.is_(None))
        .values(verdict=verdict, line=line, done_at=now)
    )
    if not guarded_update(session, statement):
        raise Conflict("mentoring.checkpoint.written")
    audit.record(
        session,
        actor,
        role,
        AuditTag.MENTORING_CHECKED,
        ("mentoring_checkpoint", checkpoint.public_id),
        now=now,
        unit_path=pair.unit_path,
        diff={"day": day, "verdict": [None, verdict], "person": pair.newcomer.public_id},
    )
    session.expire(checkpoint)


# --- somebody leaves --------------------------------------------------------------------------------------


def person_moved(session: Session, event: PersonMoved) -> None:
    """End the live pairs of somebody who has left, in the transaction in which they leave. A listener."""
    if event.after != StaffState.ENDED:
        return
    for pair in queries.live_pairs_with(session, event.person_id, clock.local_date(event.at)):
        action = leaving_action(pair.state)
        if action is not None:
            _move(session, SYSTEM, Role.SYSTEM, pair, action, _closing(event.at, ""), now=event.at, reason="left")


def on_level_given(session: Session, event: LevelGiven) -> None:
    """Refuse a level that a mentor gives the own newcomer by hand. A listener. Raises Forbidden."""
    pair = queries.live_pair_of(session, event.person_id)
    if pair is not None and pair.mentor_id == event.actor_id:
        raise Forbidden("mentoring.level.own_newcomer")


# --- what all acts share ----------------------------------------------------------------------------------


def _closing(now: datetime, reason: str) -> dict[str, Any]:
    return {"closed_at": now, "close_reason": reason}


def _record(
    session: Session,
    actor: Identity,
    role: Role,
    tag: AuditTag,
    pair: PairView,
    diff: Mapping[str, object],
    *,
    now: datetime,
    reason: str = "",
) -> None:
    audit.record(
        session,
        actor,
        role,
        tag,
        ("mentoring_pair", pair.public_id),
        now=now,
        unit_path=pair.unit_path,
        reason=reason,
        diff={**diff, "person": pair.newcomer.public_id, "mentor": pair.mentor.public_id},
    )


def _move(
    session: Session,
    actor: Identity,
    role: Role,
    pair: PairView,
    action: PairAction,
    values: Mapping[str, Any],
    *,
    now: datetime,
    reason: str = "",
) -> None:
    """Take one step of a pair whose people are held, and record it. Raises Conflict when its state has moved on."""
    after = next_state(pair.state, action)
    if after is None:
        raise Conflict("mentoring.pair.moved_on")
    statement = (
        sa.update(MentoringPair)
        .where(MentoringPair.id == pair.id, MentoringPair.state == pair.state)
        .values(state=after, **values)
    )
    if not guarded_update(session, statement):
        raise Conflict("mentoring.pair.moved_on")
    changed = {name: [getattr(pair, name), value] for name, value in values.items() if name in {"starts_on", "ends_on"}}
    diff = {"state": [pair.state.value, after.value], **changed}
    if after is not pair.state:
        _tell(session, actor, (pair.newcomer.id, pair.mentor.id), after, pair.public_id, now)
    _record(session, actor, role, _TAGS[action], pair, diff, now=now, reason=reason)
    session.expire_all()
