"""Adding evidence, keeping levels equal to the rule, and 认定 by two officials.

Evidence is only ever added. A kept level is the rule's verdict on some business date, with the last day on which
it is still the verdict (``holds_until``): new evidence and recognitions compute it anew at once, ``expire`` does so
when the day is past, as of each day on which something fell due. An act that comes ahead of a late sweep does that
first, so that what time did is neither dated by the act nor laid to it. So on any date, after ``expire`` ran, every
kept level equals the rule's verdict on that date; that is what ``differences`` and ``rebuild`` compare with.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import SYSTEM, Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.competency import queries
from lms.competency.events import LevelGiven, LevelsChanged, Move
from lms.competency.models import CompetencyEvidence, CompetencyLevel, LevelChange, Recognition
from lms.competency.rules import (
    RECOGNITION_MONTHS,
    RECOGNITION_TRANSITIONS,
    TOP_LEVEL,
    EvidenceKind,
    ItemResult,
    RecognitionAction,
    RecognitionState,
    add_months,
    by_tag,
    kept,
)
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.core.ids import new_public_id
from lms.core.reactions import publish
from lms.messages.rules import MessageKind
from lms.messages.services import tell
from lms.people import queries as people

QUIZ_ATTEMPT = "quiz_attempt"
"""The source type of evidence that comes from a quiz."""
MENTORING_SESSION = "mentoring_session"
"""The source type of evidence that comes from a session with the mentor."""

BASIS_LONGEST = 200


# --- keeping levels ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What made a level change: the type and public id (or date) of a thing."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


def by_time(day: date) -> Cause:
    """Return the cause of a level that changed because evidence or a recognition grew too old."""
    return Cause(type="time", id=day.isoformat())


def _role_of(actor: Identity) -> Role:
    """Return the role for the trail when a level is the consequence of an act that was allowed elsewhere."""
    return Role.PERSON if actor.person_id is not None else actor.roles[0].role


def recompute(
    session: Session,
    actor: Identity,
    person_id: int,
    codes: Collection[str],
    *,
    now: datetime,
    cause: Cause,
    role: Role | None = None,
    day: date | None = None,
) -> list[str]:
    """Bring the kept levels of a person in some codes up to the rule's verdict on ``day``; the date of ``now`` if None.

    Returns the codes whose level rose or fell. Each gets a LevelChange, all together one LevelsChanged event;
    whatever else changes (a score, a date) is kept too, with its entry in the trail. Needs no permission: it
    decides nothing. ``role``: under which the act that caused it was allowed. ``day``: given for what fell due by
    time; the change is then dated its beginning, while the trail and the inbox say when it was done.
    Raises NotFound without a framework or for an unknown person.
    """
    queries.hold_trail(session)
    session.flush()
    today, at = (clock.local_date(now), now) if day is None else (day, _begin(day))
    frame = queries.framework(session)
    person = people.person_with_id(session, person_id)
    nothing = queries.nothing(frame, today)
    rows = queries.kept_rows(session, person_id)
    moves: list[Move] = []
    for code, verdict in queries.verdicts(session, frame, person_id, today, codes).items():
        row = rows.get(code)
        before = kept(nothing) if row is None else queries.columns_of(row)
        after = kept(verdict)
        if after == before:
            continue
        if row is None:
            row = CompetencyLevel(public_id=new_public_id(), person_id=person_id, code=code, changed_at=at, **after)
            session.add(row)
        else:
            for name, value in after.items():
                setattr(row, name, value)
            row.changed_at = at
        audit.record(
            session,
            actor,
            role or _role_of(actor),
            AuditTag.LEVEL_CHANGED,
            ("competency_level", row.public_id),
            now=now,
            unit_path=person.unit.path,
            reason=str(cause),
            diff={
                "person": person.public_id,
                "code": code,
                **{name: [_text(before[name]), _text(after[name])] for name in after if before[name] != after[name]},
            },
        )
        if verdict.level != before["level"]:
            moves.append(Move(code=code, before=before["level"], after=verdict.level))
    session.add_all(
        LevelChange(
            person_id=person_id,
            code=each.code,
            before=each.before,
            after=each.after,
            at=at,
            cause_type=cause.type,
            cause_id=cause.id,
        )
        for each in moves
    )
    session.flush()  # whoever listens may look at the history
    if moves:
        rose = sum(each.after > each.before for each in moves)
        tell(session, person_id, MessageKind.LEVELS, {"rose": rose, "fell": len(moves) - rose}, now=now)
        event = LevelsChanged(at=now, person_id=person_id, day=today, moves=tuple(moves), cause=str(cause))
        publish(session, event)
    return [each.code for each in moves]


def _begin(day: date) -> datetime:
    """Return when a day begins on the wall."""
    return datetime.combine(day, time(), tzinfo=clock.SHANGHAI)


def _text(value: object) -> object:
    """Return a kept value as the trail can hold it."""
    return str(value) if isinstance(value, Decimal | date) else value


# --- evidence ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NewEvidence:
    """What a source says about one code. ``details``: each item or behaviour, so that a figure opens down to it."""

    code: str
    kind: EvidenceKind
    asked: int
    shown: Decimal
    is_passed: bool = False
    is_confirmed: bool = False
    is_critical_missed: bool = False
    is_critical_right: bool = False
    details: Sequence[dict[str, Any]] = field(default_factory=list)


def add_evidence(
    session: Session,
    actor: Identity,
    person_id: int,
    new: Sequence[NewEvidence],
    *,
    source_type: str,
    source_id: str,
    at: datetime,
    now: datetime | None = None,
) -> list[str]:
    """Add what a source says about a person and compute the codes it touches anew; return those that moved.

    ``source_type`` and ``source_id``: table and public id of the attempt, scenario or session. ``at``: business
    time at which it happened; ``now``: business time at which it is added, ``at`` when None. A source gives evidence
    on a code once: a second call changes nothing.
    The caller has checked that the act (handing in, confirming a session) is allowed; this is its consequence.
    Mentoring leaves out behaviours that were not met and sessions that overlap an earlier one before it calls.
    Raises NotFound without a framework.
    """
    queries.hold_trail(session)
    known = queries.codes_of_source(session, source_type, source_id)
    added = [each for each in new if each.code not in known]
    if not added:
        return []
    expire(session, SYSTEM, person_id, now=now or at)  # before the new evidence is there to be seen
    for each in added:
        session.add(
            CompetencyEvidence(
                public_id=new_public_id(),
                person_id=person_id,
                code=each.code,
                kind=each.kind,
                source_type=source_type,
                source_id=source_id,
                happened_at=at,
                asked=each.asked,
                shown=each.shown,
                is_passed=each.is_passed,
                is_confirmed=each.is_confirmed,
                is_critical_missed=each.is_critical_missed,
                is_critical_right=each.is_critical_right,
                details=list(each.details),
            )
        )
    cause = Cause(type=source_type, id=source_id)
    return recompute(session, actor, person_id, {each.code for each in added}, now=now or at, cause=cause)


def add_quiz_evidence(
    session: Session,
    actor: Identity,
    person_id: int,
    *,
    attempt_public_id: str,
    at: datetime,
    is_passed: bool,
    items: Sequence[ItemResult],
) -> list[str]:
    """Add what a marked attempt says: one row a tag, down to its items; return the codes whose level moved.

    To be called once in the transaction that marks the attempt, with all its items and the business time of
    marking; a second call changes nothing. Raises ValueError for a correctness outside 0 to 1.
    """
    new = [
        NewEvidence(
            code=code,
            kind=EvidenceKind.QUIZ,
            asked=result.asked,
            shown=result.shown,
            is_passed=is_passed,
            is_critical_missed=result.is_critical_missed,
            is_critical_right=result.is_critical_right,
            details=[
                {
                    "key": item.item_key,
                    "correctness": str(item.correctness),
                    "is_critical": item.is_critical,
                    "is_line_crossed": item.is_line_crossed,
                }
                for item in result.items
            ],
        )
        for code, result in by_tag(items).items()
    ]
    return add_evidence(session, actor, person_id, new, source_type=QUIZ_ATTEMPT, source_id=attempt_public_id, at=at)


@dataclass(frozen=True, kw_only=True)
class SeenBehaviour:
    """A behaviour that was asked about in a session: its tag, key and words of that day, and whether it was shown."""

    code: str
    key: str
    words: str
    is_shown: bool


def add_observed_evidence(
    session: Session,
    actor: Identity,
    person_id: int,
    *,
    session_public_id: str,
    at: datetime,
    is_confirmed: bool,
    seen: Sequence[SeenBehaviour],
    now: datetime,
) -> list[str]:
    """Add what a session with the mentor says: one row a tag, down to its behaviours; return the codes that moved.

    To be called once in the transaction that settles the session, with every behaviour that was met; a second call
    changes nothing. ``at``: when the session was; ``now``: when it is settled; both business time. ``is_confirmed``:
    mentor and newcomer agree; else it counts half and is no practice. Raises NotFound without a framework.
    """
    grouped: dict[str, list[SeenBehaviour]] = {}
    for each in seen:
        grouped.setdefault(each.code, []).append(each)
    new = [
        NewEvidence(
            code=code,
            kind=EvidenceKind.OBSERVED,
            asked=len(group),
            shown=Decimal(sum(each.is_shown for each in group)),
            is_confirmed=is_confirmed,
            details=[{"key": each.key, "words": each.words, "correctness": str(int(each.is_shown))} for each in group],
        )
        for code, group in grouped.items()
    ]
    return add_evidence(
        session,
        actor,
        person_id,
        new,
        source_type=MENTORING_SESSION,
        source_id=session_public_id,
        at=at,
        now=now,
    )


# --- recognition ------------------------------------------------------------------------------------------


def propose_recognitions(
    session: Session,
    actor: Identity,
    person_public_id: str,
    codes: Sequence[str],
    level: int,
    *,
    basis: str,
    basis_on: date,
    now: datetime,
) -> list[Recognition]:
    """Propose that a level (1 to 4) of a person is recognised in some competencies, by one document of a date.

    All of them or none. What the same official proposed before with the same words (a second click) stays as it is.
    Raises NotFound out of reach, Forbidden for oneself, Invalid for no or an unknown code, level, a missing or too long
    basis or one of the future, Conflict, naming the competencies, for those with another one proposed or in force.
    """
    person = people.person_by_public_id(session, actor, Permission.RECOGNITION_PROPOSE, person_public_id)
    scope = Scope(owner_id=person.id, unit_path=person.unit.path)
    role = require(actor, Permission.RECOGNITION_PROPOSE, scope, now=clock.real_now())
    if person.id == actor.person_id:
        raise Forbidden("competency.recognition.own")
    by_code = queries.framework(session).by_code
    codes = list(dict.fromkeys(codes))
    if not codes:
        raise Invalid("competency.recognition.none_chosen", field="codes")
    if not by_code.keys() >= set(codes):
        raise Invalid("competency.code.unknown", field="codes")
    if not 1 <= level <= TOP_LEVEL:
        raise Invalid("competency.level.unknown", field="level")
    basis = basis.strip()
    if not basis:
        raise Invalid("competency.recognition.basis_missing", field="basis")
    if len(basis) > BASIS_LONGEST:
        raise Invalid("competency.recognition.basis_long", field="basis", longest=BASIS_LONGEST)
    today = clock.local_date(now)
    if basis_on > today:
        raise Invalid("competency.recognition.basis_on_future", field="basis_on")
    if actor.person_id is not None:
        publish(session, LevelGiven(at=now, person_id=person.id, actor_id=actor.person_id))
    live = queries.live_of(session, person.id)
    same = (level, basis, basis_on, actor.person_id)
    repeated = {
        code for code, each in live.items() if (each.level, each.basis, each.basis_on, each.proposed_by_id) == same
    }
    clashing = [code for code in codes if code in live.keys() - repeated]
    if clashing:
        names = "、".join(by_code[code].name for code in clashing)
        raise Conflict("competency.recognition.already", field="codes", name=names)
    unit_path = person.unit.path
    proposed = [live[code] for code in codes if code in repeated]
    for code in codes:
        if code in repeated:
            continue
        recognition = Recognition(
            public_id=new_public_id(),
            person_id=person.id,
            code=code,
            level=level,
            state=RecognitionState.PROPOSED,
            basis=basis,
            basis_on=basis_on,
            valid_until=add_months(today, RECOGNITION_MONTHS),
            proposed_by_id=actor.person_id,
            proposed_at=now,
        )
        session.add(recognition)
        audit.record(session, actor, role, AuditTag.RECOGNITION_PROPOSED, recognition, now=now, unit_path=unit_path)
        try:
            session.flush()  # the unique index says whether one was proposed at this moment
        except IntegrityError as error:
            name = by_code[code].name
            raise Conflict("competency.recognition.already", field="codes", name=name) from error
        proposed.append(recognition)
    return proposed


def propose_recognition(
    session: Session,
    actor: Identity,
    person_public_id: str,
    code: str,
    level: int,
    *,
    basis: str,
    basis_on: date,
    now: datetime,
) -> Recognition:
    """Propose that one level is recognised, as ``propose_recognitions``."""
    (found,) = propose_recognitions(
        session, actor, person_public_id, [code], level, basis=basis, basis_on=basis_on, now=now
    )
    return found


def confirm_recognitions(session: Session, actor: Identity, public_ids: Sequence[str], *, now: datetime) -> int:
    """Confirm some recognitions as the second official, all of them or none; return how many.

    Those confirmed already (a second click) are passed over. Raises as ``decide_recognition``.
    """
    permission = Permission.RECOGNITION_CONFIRM
    number = 0
    for public_id in sorted(set(public_ids)):
        found = queries.recognition_by_public_id(session, actor, permission, public_id)
        if found.state is RecognitionState.IN_FORCE:
            continue
        decide_recognition(session, actor, public_id, RecognitionAction.CONFIRM, now=now)
        number += 1
    return number


def decide_recognition(
    session: Session,
    actor: Identity,
    public_id: str,
    action: RecognitionAction,
    *,
    now: datetime,
    reason: str = "",
) -> None:
    """Confirm, refuse, or end a recognition (ending a proposed one takes it back).

    Confirming and refusing need another official than the proposer and the password of the last five minutes.
    A confirmed level counts from now for 12 months. The level concerned is computed anew.
    Raises NotFound out of reach, Forbidden for the first official or one's own level, ReauthenticationNeeded,
    Invalid for a refusal without a reason, Conflict when it was decided meanwhile.
    """
    ending = action is RecognitionAction.END
    permission = Permission.RECOGNITION_PROPOSE if ending else Permission.RECOGNITION_CONFIRM
    recognition = queries.recognition_by_public_id(session, actor, permission, public_id)
    person = people.person_with_id(session, recognition.person_id)
    scope = Scope(owner_id=person.id, unit_path=person.unit.path)
    role = require(actor, permission, scope, now=clock.real_now(), begun_by=recognition.proposed_by_id)
    if person.id == actor.person_id:
        raise Forbidden("competency.recognition.own")
    if action is RecognitionAction.REFUSE and not reason.strip():
        raise Invalid("competency.recognition.reason_missing", field="reason")
    if action is RecognitionAction.CONFIRM and actor.person_id is not None:
        publish(session, LevelGiven(at=now, person_id=person.id, actor_id=actor.person_id))
    expire(session, SYSTEM, person.id, now=now)
    _move(session, actor, role, recognition, action, now=now, reason=reason.strip())


_TAGS = {
    RecognitionAction.CONFIRM: AuditTag.RECOGNITION_CONFIRMED,
    RecognitionAction.REFUSE: AuditTag.RECOGNITION_REFUSED,
    RecognitionAction.END: AuditTag.RECOGNITION_ENDED,
}


def _move(
    session: Session,
    actor: Identity,
    role: Role,
    recognition: Recognition,
    action: RecognitionAction,
    *,
    now: datetime,
    reason: str,
    day: date | None = None,
) -> list[str]:
    """Take one step of a recognition, record it, and compute the level anew; return the code if its level moved.

    ``day``: as of which the level is computed, see ``recompute``. Raises Conflict when it moved on.
    """
    before = recognition.state
    after = RECOGNITION_TRANSITIONS.get((before, action))
    if after is None:
        raise Conflict("competency.recognition.moved_on")
    today = clock.local_date(now)
    values: dict[str, Any] = {"state": after, "decided_at": now, "decided_by_id": actor.person_id}
    if action is RecognitionAction.CONFIRM:
        values["valid_until"] = add_months(today, RECOGNITION_MONTHS)
    elif action is RecognitionAction.END:
        # Who confirmed it stays on the row; who ended it stands in the trail.
        values = {"state": after, "valid_until": min(today, recognition.valid_until)}
    statement = (
        sa.update(Recognition).where(Recognition.id == recognition.id, Recognition.state == before).values(**values)
    )
    if not guarded_update(session, statement):
        raise Conflict("competency.recognition.moved_on")
    person = people.person_with_id(session, recognition.person_id)
    audit.record(
        session,
        actor,
        role,
        _TAGS[action],
        ("recognition", recognition.public_id),
        now=now,
        unit_path=person.unit.path,
        reason=reason,
        diff={
            "state": [before.value, after.value],
            "person": person.public_id,
            "code": recognition.code,
            "level": recognition.level,
        },
    )
    session.expire(recognition)
    cause = Cause(type="recognition", id=recognition.public_id)
    return recompute(session, actor, person.id, {recognition.code}, now=now, cause=cause, role=role, day=day)


# --- time and the proof -----------------------------------------------------------------------------------


def expire(session: Session, actor: Identity, person_id: int, *, now: datetime) -> list[str]:
    """End a person's recognitions that have run out and compute the levels that time has changed anew.

    Decided by what is kept, not by when it is called: days missed are caught up one after the other, and each change
    is dated the day on which it fell due; a second call changes nothing. Returns the codes whose level moved.
    """
    queries.hold_trail(session)
    session.flush()
    today = clock.local_date(now)
    role = _role_of(actor)
    moved: set[str] = set()
    while (day := queries.next_due(session, person_id)) is not None and day <= today:
        for recognition in queries.recognitions_due(session, person_id, day):
            moved.update(
                _move(session, actor, role, recognition, RecognitionAction.END, now=now, reason="run out", day=day)
            )
        codes = queries.codes_due(session, person_id, day)
        moved.update(recompute(session, actor, person_id, codes, now=now, cause=by_time(day), role=role, day=day))
    return sorted(moved)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A column of a kept level that is not what the rule says, both as text."""

    person: str
    code: str
    column: str
    kept: str
    computed: str

    def __str__(self) -> str:
        return f"{self.person} {self.code} {self.column}: {self.kept} → {self.computed}"


def differences(session: Session, actor: Identity, person_id: int, *, today: date) -> list[Difference]:
    """Return where a person's kept levels differ from the rule's verdict on ``today``, to the last digit.

    A level that is not kept counts as one of somebody of whom nothing is known. On a date on which ``expire``
    has run there are none. Raises Forbidden without LEVEL_REBUILD.
    """
    require(actor, Permission.LEVEL_REBUILD, Scope(), now=clock.real_now())
    frame = queries.framework(session)
    nothing = queries.nothing(frame, today)
    rows = queries.kept_rows(session, person_id)
    computed = queries.verdicts(session, frame, person_id, today)
    person = people.person_with_id(session, person_id).staff_number
    found: list[Difference] = []
    for code in sorted(rows.keys() | computed.keys()):
        here = queries.columns_of(rows[code]) if code in rows else kept(nothing)
        there = kept(computed.get(code, nothing))
        found += [
            Difference(person=person, code=code, column=name, kept=str(here[name]), computed=str(there[name]))
            for name in there
            if here[name] != there[name]
        ]
    return found


def rebuild(session: Session, actor: Identity, person_id: int, *, now: datetime) -> list[Difference]:
    """Bring a person's kept levels to the rule's verdict on the date of ``now``; return what differed.

    What only waited for the sweep is done as the sweep does it, each day as of that day.
    """
    queries.hold_trail(session)
    today = clock.local_date(now)
    found = differences(session, actor, person_id, today=today)
    expire(session, SYSTEM, person_id, now=now)
    cause = Cause(type="rebuild", id=today.isoformat())
    recompute(session, actor, person_id, {each.code for each in found}, now=now, cause=cause, role=Role.CONSOLE)
    return found
