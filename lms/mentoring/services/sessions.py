"""带教记录: logging a session, the newcomer's answer, the mentor's, and what time does to those nobody answers.

Evidence is written exactly once, when a session is settled: confirmed by both, or unconfirmed when the time to answer
is over or the mentor keeps his version.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.competency import queries as competencies
from lms.competency import services as competency
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.core.ids import new_public_id
from lms.mentoring import queries
from lms.mentoring.models import MentoringSession
from lms.mentoring.queries import PairView, SessionView
from lms.mentoring.rules import (
    ANSWER_WITHIN,
    BY_MENTOR,
    BY_NEWCOMER,
    LONGEST_LINE,
    MINUTES,
    SETTLED,
    Mark,
    SessionAction,
    SessionState,
    Topic,
    corrected_marks,
    kept_marks,
    next_session_state,
    time_fault,
    topic_of,
)
from lms.mentoring.services.pairs import checked_reason
from lms.people.rules import clean_line

LONGEST_TOKEN = 40

_TAGS: Mapping[SessionAction, AuditTag] = {
    SessionAction.CONFIRM: AuditTag.SESSION_CONFIRMED,
    SessionAction.CORRECT: AuditTag.SESSION_CORRECTED,
    SessionAction.ACCEPT: AuditTag.SESSION_CONFIRMED,
    SessionAction.KEEP: AuditTag.SESSION_UNCONFIRMED,
    SessionAction.WITHDRAW: AuditTag.SESSION_WITHDRAWN,
    SessionAction.LAPSE: AuditTag.SESSION_UNCONFIRMED,
}


# --- logging ----------------------------------------------------------------------------------------------


def log_session(
    session: Session,
    actor: Identity,
    pair_public_id: str,
    *,
    token: str,
    topic_key: str,
    starts_at: datetime,
    minutes: int,
    seen: Mapping[str, bool],
    line: str = "",
    now: datetime,
) -> str:
    """Log a session of a running pair, as its mentor; return its public id.

    ``token``: of the form; the same form logs one session however often it is sent, and gives that one back.
    ``seen``: behaviour → shown, for those that were met; their competencies are the topic's. A session at the same
    time as one of the mentor's or newcomer's that was logged before is kept and does not count.
    Raises NotFound out of reach, Forbidden for anybody but the mentor, Invalid for a wrong token, topic, time, length,
    behaviour or line, Conflict when the pair does not run.
    """
    today = clock.local_date(now)
    seen_pair = queries.pair_by_public_id(session, actor, Permission.SESSION_LOG, pair_public_id, today)
    # Both people held: of two sessions logged at one moment the second sees the first.
    queries.hold_persons(session, seen_pair.mentor.id, seen_pair.newcomer.id)
    pair = queries.pair_by_public_id(session, actor, Permission.SESSION_LOG, pair_public_id, today)
    role = require(actor, Permission.SESSION_LOG, pair.scope(actor), now=clock.real_now())
    if actor.person_id != pair.mentor.id:
        raise Forbidden("mentoring.pair.not_mentor")
    if not 0 < len(token) <= LONGEST_TOKEN:
        raise Invalid("mentoring.session.token")
    known = queries.session_with_token(session, pair.mentor.id, token)
    if known is not None:
        return known
    if not pair.is_running or pair.starts_on is None:
        raise Conflict("mentoring.pair.moved_on")
    topic = topic_of(topic_key)
    if topic is None:
        raise Invalid("mentoring.session.topic", field="topic")
    if minutes not in MINUTES:
        raise Invalid("mentoring.session.minutes", field="minutes")
    local = starts_at.astimezone(clock.SHANGHAI)
    fault = time_fault(local, minutes, now=now.astimezone(clock.SHANGHAI), pair_from=pair.starts_on)
    if fault is not None:
        raise Invalid(f"mentoring.session.{fault.value}", field="day")
    line = _checked_line(line)
    marks = _marks(session, topic, seen)
    ends_at = starts_at + timedelta(minutes=minutes)
    first = queries.overlapped(session, pair.mentor.id, pair.newcomer.id, starts_at, ends_at)
    logged = MentoringSession(
        public_id=new_public_id(),
        pair_id=pair.id,
        mentor_id=pair.mentor.id,
        newcomer_id=pair.newcomer.id,
        token=token,
        state=SessionState.WAITING if first is None else SessionState.OVERLAPPING,
        starts_at=starts_at,
        ends_at=ends_at,
        minutes=minutes,
        topic=topic.key,
        line=line,
        marks=kept_marks(marks),
        logged_at=now,
        answer_by=now + ANSWER_WITHIN,
        overlaps_id=first,
    )
    session.add(logged)
    audit.record(session, actor, role, AuditTag.SESSION_LOGGED, logged, now=now, unit_path=pair.unit_path)
    session.flush()
    return logged.public_id


def _checked_line(line: str, *, field: str = "line") -> str:
    line = clean_line(line)
    if len(line) > LONGEST_LINE:
        raise Invalid("mentoring.line.long", field=field, most=LONGEST_LINE)
    return line


def _marks(session: Session, topic: Topic, seen: Mapping[str, bool]) -> list[Mark]:
    """Return what was seen as marks, in the order of the framework. Raises Invalid for a behaviour of other topics."""
    frame = competencies.framework(session)
    marks = [
        Mark(code=code, key=each.key, words=each.text, shown=seen[each.key])
        for code in topic.codes
        for level in frame.by_code[code].levels.values()
        for each in level.seen
        if each.key in seen
    ]
    if len(marks) != len(seen):
        raise Invalid("mentoring.session.behaviour")
    return marks


# --- answering --------------------------------------------------------------------------------------------


def answer(
    session: Session,
    actor: Identity,
    public_id: str,
    action: SessionAction,
    *,
    said: Mapping[str, bool | None] | None = None,
    line: str = "",
    now: datetime,
) -> SessionState:
    """Confirm or correct a session as its newcomer; accept or keep a correction, or withdraw, as its mentor.

    ``said``: the newcomer's answers by behaviour when correcting (None: 没遇到); ``line``: why it is corrected, or
    why it is withdrawn. Returns the state after. Doing the same again changes nothing.
    Raises NotFound out of reach, Forbidden for the other one's act, Invalid for a correction that changes nothing or
    a missing or too long line, Conflict when it was answered otherwise or the time is over.
    """
    today = clock.local_date(now)
    found, pair = queries.session_by_public_id(session, actor, Permission.SESSION_ANSWER, public_id, today)
    queries.hold_persons(session, found.mentor_id, found.newcomer_id)
    found, pair = queries.session_by_public_id(session, actor, Permission.SESSION_ANSWER, public_id, today)
    is_mentor = actor.person_id == found.mentor_id
    owner_id = found.mentor_id if is_mentor else found.newcomer_id
    scope = Scope(owner_id=owner_id, unit_path=pair.unit_path)
    role = require(actor, Permission.SESSION_ANSWER, scope, now=clock.real_now())
    if action not in (BY_MENTOR if is_mentor else BY_NEWCOMER):
        raise Forbidden("mentoring.session.not_yours")
    if _is_done(found, action):
        return found.state
    if next_session_state(found.state, action) is None:
        raise Conflict("mentoring.session.moved_on")
    if now > found.answer_by:
        raise Conflict("mentoring.session.too_late")
    values: dict[str, Any] = {"answered_at": now}
    reason = ""
    match action:
        case SessionAction.CORRECT:
            values |= _correction(found, said or {}, line)
            values["answer_by"] = now + ANSWER_WITHIN
        case SessionAction.WITHDRAW:
            reason = checked_reason(line, field="line")
            values["withdrawal"] = reason
    return _step(session, actor, role, found, pair, action, values, now=now, settled_at=now)


def _is_done(found: SessionView, action: SessionAction) -> bool:
    """Whether the very same answer was given before: a second press of the button."""
    return {
        SessionAction.CONFIRM: found.state is SessionState.CONFIRMED and found.corrected is None,
        SessionAction.ACCEPT: found.state is SessionState.CONFIRMED and found.corrected is not None,
        SessionAction.WITHDRAW: found.state is SessionState.WITHDRAWN,
    }.get(action, False)


def _correction(found: SessionView, said: Mapping[str, bool | None], line: str) -> dict[str, Any]:
    """Return the columns of a correction. Raises Invalid."""
    corrected = corrected_marks(found.marks, said)
    if corrected == found.marks:
        raise Invalid("mentoring.correction.same")
    line = _checked_line(line)
    if not line:
        raise Invalid("mentoring.correction.line_missing", field="line")
    return {"corrected": kept_marks(corrected), "correction": line}


def lapse(session: Session, actor: Identity, session_id: int, *, now: datetime) -> bool:
    """Count a session as unconfirmed whose time to be answered is over; False when it is not so. Done by the system.

    It is settled as of the end of its time, however late this is called.
    """
    role = require(actor, Permission.SESSION_LAPSE, Scope(), now=clock.real_now())
    today = clock.local_date(now)
    found, pair = queries.session_with_id(session, session_id, today)
    queries.hold_persons(session, found.mentor_id, found.newcomer_id)
    found, pair = queries.session_with_id(session, session_id, today)
    if next_session_state(found.state, SessionAction.LAPSE) is None or now <= found.answer_by:
        return False
    _step(session, actor, role, found, pair, SessionAction.LAPSE, {}, now=now, settled_at=found.answer_by)
    return True


def _step(
    session: Session,
    actor: Identity,
    role: Role,
    found: SessionView,
    pair: PairView,
    action: SessionAction,
    values: Mapping[str, Any],
    *,
    now: datetime,
    settled_at: datetime,
) -> SessionState:
    """Take one step of a session whose people are held, record it, and write its evidence once it is settled."""
    after = next_session_state(found.state, action)
    if after is None:
        raise Conflict("mentoring.session.moved_on")
    if after in SETTLED:
        values = {**values, "settled_at": settled_at}
    statement = (
        sa.update(MentoringSession)
        .where(MentoringSession.id == found.id, MentoringSession.state == found.state)
        .values(state=after, **values)
    )
    if not guarded_update(session, statement):
        raise Conflict("mentoring.session.moved_on")
    audit.record(
        session,
        actor,
        role,
        _TAGS[action],
        ("mentoring_session", found.public_id),
        now=now,
        unit_path=pair.unit_path,
        diff={"state": [found.state.value, after.value], "person": pair.newcomer.public_id},
    )
    if after in SETTLED:
        session.expire_all()
        settled, _ = queries.session_with_id(session, found.id, clock.local_date(now))
        competency.add_observed_evidence(
            session,
            actor,
            found.newcomer_id,
            session_public_id=found.public_id,
            at=found.starts_at,
            is_confirmed=after is SessionState.CONFIRMED,
            seen=[
                competency.SeenBehaviour(code=each.code, key=each.key, words=each.words, is_shown=each.shown)
                for each in settled.counted
                if each.shown is not None
            ],
            now=now,
        )
    session.expire_all()
    return after
