"""Reading pairs, checkpoints and sessions, and who may be whose mentor."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from lms.access.filters import visible
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit.models import AuditEntry
from lms.audit.rules import AuditTag
from lms.competency.content import Framework
from lms.competency.models import CompetencyLevel
from lms.core.errors import NotFound
from lms.mentoring.models import MentoringCheckpoint, MentoringPair, MentoringSession
from lms.mentoring.rules import (
    COUNTING,
    LIVE,
    MENTOR_LEVEL,
    NEWCOMERS,
    OPEN,
    RUNNING,
    Bar,
    Mark,
    PairState,
    Prospect,
    SessionState,
    Topic,
    bars,
    level_to_watch,
    restored_marks,
)
from lms.people import queries as people
from lms.people.models import OrgUnit, Person, RoleGrant
from lms.people.rules import StaffState, clean_staff_number, name_key


def mentees_of(session: Session, mentor_id: int) -> frozenset[int]:
    """Return the newcomers whom a mentor guides now: what the access table calls assigned to him (one query)."""
    statement = sa.select(MentoringPair.newcomer_id).where(
        MentoringPair.mentor_id == mentor_id, MentoringPair.state.in_(RUNNING)
    )
    return frozenset(session.scalars(statement))


def hold_persons(session: Session, *person_ids: int) -> dict[int, StaffState]:
    """Return the states of persons, and keep everybody else from deciding on them to the end of the transaction.

    Every act on a pair or session begins with it, in the order of the ids and before the audit trail is touched, so
    that no two acts wait for each other.
    """
    rows = session.execute(
        sa.select(Person.id, Person.state)
        .where(Person.id.in_(person_ids))
        .order_by(Person.id)
        .with_for_update(key_share=True)
    )
    return {row.id: row.state for row in rows}


# --- pairs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Someone:
    """A person as a page names them."""

    id: int
    public_id: str
    name: str
    staff_number: str


@dataclass(frozen=True, kw_only=True)
class PairView:
    """A pair with the names of those it concerns, cut off from the database.

    ``overdue``: how many checkpoints are past their day.
    """

    id: int
    public_id: str
    state: PairState
    newcomer: Someone
    mentor: Someone
    unit_name: str
    unit_path: str
    second_reason: str
    previous_id: int | None
    proposed_by: str
    proposed_at: datetime
    mentor_accepted_at: datetime | None
    newcomer_accepted_at: datetime | None
    starts_on: date | None
    ends_on: date | None
    closed_at: datetime | None
    close_reason: str
    overdue: int

    @property
    def is_running(self) -> bool:
        """Whether sessions and checkpoints are written."""
        return self.state in RUNNING

    def scope(self, identity: Identity) -> Scope:
        """Return where the pair lies: it belongs to both its people."""
        is_mentor = identity.person_id == self.mentor.id
        return Scope(
            owner_id=self.mentor.id if is_mentor else self.newcomer.id,
            unit_path=self.unit_path,
            assigned_id=self.newcomer.id,
        )


_newcomer, _mentor, _proposer = aliased(Person), aliased(Person), aliased(Person)


def _within(identity: Identity, permission: Permission) -> sa.ColumnElement[bool]:
    """Return the condition that keeps the pairs within reach: those of one's unit, and one's own on either side."""
    return sa.or_(
        visible(
            identity,
            permission,
            owner=MentoringPair.newcomer_id,
            unit_path=OrgUnit.path,
            assigned=MentoringPair.newcomer_id,
        ),
        visible(identity, permission, owner=MentoringPair.mentor_id),
    )


def _overdue(today: date) -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .where(
            MentoringCheckpoint.pair_id == MentoringPair.id,
            MentoringCheckpoint.done_at.is_(None),
            MentoringCheckpoint.due_on < today,
            MentoringPair.state.in_(RUNNING),
        )
        .correlate(MentoringPair)
        .scalar_subquery()
    )


def _pairs(today: date, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(
            MentoringPair,
            *(
                getattr(who, name).label(f"{prefix}_{name}")
                for prefix, who in (("newcomer", _newcomer), ("mentor", _mentor))
                for name in ("public_id", "name", "staff_number")
            ),
            _proposer.name.label("proposer_name"),
            OrgUnit.name.label("unit_name"),
            OrgUnit.path.label("unit_path"),
            _overdue(today).label("overdue"),
        )
        .join(_newcomer, _newcomer.id == MentoringPair.newcomer_id)
        .join(_mentor, _mentor.id == MentoringPair.mentor_id)
        .join(_proposer, _proposer.id == MentoringPair.proposed_by_id)
        .join(OrgUnit, OrgUnit.id == _newcomer.unit_id)
        .where(*conditions)
        .order_by(MentoringPair.id.desc())
    )


def pair_view(row: Any) -> PairView:
    """Return a row of ``pairs_within`` as pages read it."""
    pair: MentoringPair = row.MentoringPair
    return PairView(
        id=pair.id,
        public_id=pair.public_id,
        state=pair.state,
        newcomer=Someone(
            id=pair.newcomer_id,
            public_id=row.newcomer_public_id,
            name=row.newcomer_name,
            staff_number=row.newcomer_staff_number,
        ),
        mentor=Someone(
            id=pair.mentor_id,
            public_id=row.mentor_public_id,
            name=row.mentor_name,
            staff_number=row.mentor_staff_number,
        ),
        unit_name=row.unit_name,
        unit_path=row.unit_path,
        second_reason=pair.second_reason,
        previous_id=pair.previous_id,
        proposed_by=row.proposer_name,
        proposed_at=pair.proposed_at,
        mentor_accepted_at=pair.mentor_accepted_at,
        newcomer_accepted_at=pair.newcomer_accepted_at,
        starts_on=pair.starts_on,
        ends_on=pair.ends_on,
        closed_at=pair.closed_at,
        close_reason=pair.close_reason,
        overdue=row.overdue,
    )


def pair_by_public_id(
    session: Session, identity: Identity, permission: Permission, public_id: str, today: date
) -> PairView:
    """Return a pair within reach of the permission, as it stands now. Raises NotFound."""
    statement = _pairs(today, MentoringPair.public_id == public_id, _within(identity, permission))
    row = session.execute(statement, execution_options={"populate_existing": True}).one_or_none()
    if row is None:
        raise NotFound("mentoring.pair.not_found")
    return pair_view(row)


def pair_with_id(session: Session, pair_id: int, today: date) -> PairView:
    """Return a pair by internal id as it stands now, whoever asks: for consequences of other acts. Raises NotFound."""
    row = session.execute(
        _pairs(today, MentoringPair.id == pair_id), execution_options={"populate_existing": True}
    ).one_or_none()
    if row is None:
        raise NotFound("mentoring.pair.not_found")
    return pair_view(row)


def pairs_within(
    identity: Identity,
    today: date,
    *,
    states: Collection[PairState] = (),
    unit: OrgUnit | None = None,
    only_overdue: bool = False,
) -> sa.Select[Any]:
    """Return the select of the pairs one may list, latest first; ``pair_view`` reads its rows.

    ``only_overdue``: a checkpoint is past its day, or the last day of the plan is over.
    """
    statement = _pairs(today, _within(identity, Permission.PAIR_LIST))
    if states:
        statement = statement.where(MentoringPair.state.in_(states))
    if unit is not None:
        statement = statement.where(OrgUnit.path.startswith(unit.path, autoescape=True))
    if only_overdue:
        is_over = sa.and_(MentoringPair.state.in_(RUNNING), MentoringPair.ends_on < today)
        statement = statement.where(sa.or_(_overdue(today) > 0, is_over))
    return statement


def pairs_of_mentor(session: Session, mentor_id: int, today: date) -> list[PairView]:
    """Return a mentor's own pairs, latest first."""
    return [pair_view(row) for row in session.execute(_pairs(today, MentoringPair.mentor_id == mentor_id))]


def pairs_of_newcomer(session: Session, newcomer_id: int, today: date) -> list[PairView]:
    """Return a newcomer's own pairs, latest first."""
    return [pair_view(row) for row in session.execute(_pairs(today, MentoringPair.newcomer_id == newcomer_id))]


def other_pairs(session: Session, identity: Identity, pair: PairView, today: date) -> list[PairView]:
    """Return the other pairs of a pair's newcomer that the reader may see, latest first."""
    statement = _pairs(
        today,
        MentoringPair.newcomer_id == pair.newcomer.id,
        MentoringPair.id != pair.id,
        _within(identity, Permission.PAIR_SEE),
    )
    return [pair_view(row) for row in session.execute(statement)]


def live_pair_of(session: Session, newcomer_id: int) -> MentoringPair | None:
    """Return the one live pair of a newcomer, or None."""
    return session.scalar(
        sa.select(MentoringPair).where(MentoringPair.newcomer_id == newcomer_id, MentoringPair.state.in_(LIVE))
    )


def live_pairs_with(session: Session, person_id: int, today: date) -> list[PairView]:
    """Return the live pairs of a person on either side as they stand now."""
    is_theirs = sa.or_(MentoringPair.newcomer_id == person_id, MentoringPair.mentor_id == person_id)
    statement = _pairs(today, is_theirs, MentoringPair.state.in_(LIVE))
    return [pair_view(row) for row in session.execute(statement, execution_options={"populate_existing": True})]


@dataclass(frozen=True, kw_only=True)
class Mentee:
    """A newcomer whom a mentor guides now, and what is due.

    ``correction``: the session whose correction waits longest for the mentor; ``last``: when the latest session that
    was not withdrawn began; ``due``: days of the plan whose note is to be written, with their dates; ``next``: the
    next such day that is still to come.
    """

    pair: str
    name: str
    starts_on: date | None
    last: datetime | None
    correction: str | None
    due: tuple[tuple[int, date], ...]
    next: tuple[int, date] | None


def running_of_mentor(session: Session, mentor_id: int, today: date) -> list[Mentee]:
    """Return the newcomers whom a mentor guides now, the pair that began first at the top (one query)."""
    of_pair = sa.select(MentoringSession).where(MentoringSession.pair_id == MentoringPair.id)
    last = of_pair.where(MentoringSession.state != SessionState.WITHDRAWN).with_only_columns(
        sa.func.max(MentoringSession.starts_at)
    )
    correction = (
        of_pair.where(MentoringSession.state == SessionState.CORRECTED)
        .with_only_columns(MentoringSession.public_id)
        .order_by(MentoringSession.answer_by, MentoringSession.id)
        .limit(1)
    )
    rows = session.execute(
        sa.select(
            MentoringPair.public_id,
            MentoringPair.starts_on,
            Person.name,
            last.scalar_subquery().label("last"),
            correction.scalar_subquery().label("correction"),
            MentoringCheckpoint.day,
            MentoringCheckpoint.due_on,
        )
        .join(Person, Person.id == MentoringPair.newcomer_id)
        .outerjoin(
            MentoringCheckpoint,
            sa.and_(MentoringCheckpoint.pair_id == MentoringPair.id, MentoringCheckpoint.done_at.is_(None)),
        )
        .where(MentoringPair.mentor_id == mentor_id, MentoringPair.state.in_(RUNNING))
        .order_by(MentoringPair.id, MentoringCheckpoint.day)
    ).all()
    plans: dict[str, list[tuple[int, date]]] = {}
    for row in rows:
        plan = plans.setdefault(row.public_id, [])
        if row.day is not None:
            plan.append((row.day, row.due_on))
    return [
        Mentee(
            pair=row.public_id,
            name=row.name,
            starts_on=row.starts_on,
            last=row.last,
            correction=row.correction,
            due=tuple(each for each in plans[row.public_id] if each[1] <= today),
            next=next((each for each in plans[row.public_id] if each[1] > today), None),
        )
        for row in {row.public_id: row for row in rows}.values()
    ]


# --- checkpoints ------------------------------------------------------------------------------------------


def checkpoints_of(session: Session, pair_ids: Collection[int]) -> dict[int, list[MentoringCheckpoint]]:
    """Return the checkpoints of pairs in the order of their days (one query)."""
    rows = session.scalars(
        sa.select(MentoringCheckpoint)
        .where(MentoringCheckpoint.pair_id.in_(pair_ids))
        .order_by(MentoringCheckpoint.pair_id, MentoringCheckpoint.day)
    )
    found: dict[int, list[MentoringCheckpoint]] = {pair_id: [] for pair_id in pair_ids}
    for row in rows:
        found[row.pair_id].append(row)
    return found


def checkpoint_of(session: Session, pair_id: int, day: int) -> MentoringCheckpoint:
    """Return the checkpoint of a day of a pair. Raises NotFound when the plan has no such day."""
    found = session.scalar(
        sa.select(MentoringCheckpoint)
        .where(MentoringCheckpoint.pair_id == pair_id, MentoringCheckpoint.day == day)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("mentoring.checkpoint.not_found")
    return found


# --- sessions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SessionView:
    """A session as pages read it, cut off from the database. ``first``: public id of the one that takes its time."""

    id: int
    public_id: str
    pair_id: int
    mentor_id: int
    newcomer_id: int
    state: SessionState
    starts_at: datetime
    ends_at: datetime
    minutes: int
    topic: str
    line: str
    marks: tuple[Mark, ...]
    corrected: tuple[Mark, ...] | None
    correction: str
    logged_at: datetime
    answer_by: datetime
    settled_at: datetime | None
    withdrawal: str
    first: str | None

    @property
    def counted(self) -> tuple[Mark, ...]:
        """The marks that count: the corrected ones once the mentor has taken them."""
        is_taken = self.state is SessionState.CONFIRMED and self.corrected is not None
        return self.corrected if is_taken and self.corrected is not None else self.marks


_first = aliased(MentoringSession)


def _sessions(*conditions: sa.ColumnElement[bool]) -> sa.Select[MentoringSession, str]:
    return (
        sa.select(MentoringSession, _first.public_id.label("first"))
        .outerjoin(_first, _first.id == MentoringSession.overlaps_id)
        .where(*conditions)
        .order_by(MentoringSession.starts_at.desc(), MentoringSession.id.desc())
    )


def _session_view(row: Any) -> SessionView:
    one: MentoringSession = row.MentoringSession
    return SessionView(
        id=one.id,
        public_id=one.public_id,
        pair_id=one.pair_id,
        mentor_id=one.mentor_id,
        newcomer_id=one.newcomer_id,
        state=one.state,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        minutes=one.minutes,
        topic=one.topic,
        line=one.line,
        marks=restored_marks(one.marks),
        corrected=None if one.corrected is None else restored_marks(one.corrected),
        correction=one.correction,
        logged_at=one.logged_at,
        answer_by=one.answer_by,
        settled_at=one.settled_at,
        withdrawal=one.withdrawal,
        first=row.first,
    )


def sessions_of(session: Session, pair_id: int) -> list[SessionView]:
    """Return all sessions of a pair, latest first."""
    return [_session_view(row) for row in session.execute(_sessions(MentoringSession.pair_id == pair_id))]


def session_by_public_id(
    session: Session, identity: Identity, permission: Permission, public_id: str, today: date
) -> tuple[SessionView, PairView]:
    """Return a session of a pair within reach of the permission, as it stands now, and the pair. Raises NotFound."""
    row = session.execute(
        _sessions(MentoringSession.public_id == public_id), execution_options={"populate_existing": True}
    ).one_or_none()
    pair = None
    if row is not None:
        pair = session.execute(
            _pairs(today, MentoringPair.id == row.MentoringSession.pair_id, _within(identity, permission))
        ).one_or_none()
    if row is None or pair is None:
        raise NotFound("mentoring.session.not_found")
    return _session_view(row), pair_view(pair)


def session_with_token(session: Session, mentor_id: int, token: str) -> str | None:
    """Return the public id of the session that a mentor logged with a form, or None."""
    return session.scalar(
        sa.select(MentoringSession.public_id).where(
            MentoringSession.mentor_id == mentor_id, MentoringSession.token == token
        )
    )


def session_with_id(session: Session, session_id: int, today: date) -> tuple[SessionView, PairView]:
    """Return a session by internal id as it stands now, and its pair: for the sweep. Raises NotFound."""
    row = session.execute(
        _sessions(MentoringSession.id == session_id), execution_options={"populate_existing": True}
    ).one_or_none()
    if row is None:
        raise NotFound("mentoring.session.not_found")
    return _session_view(row), pair_with_id(session, row.MentoringSession.pair_id, today)


def overlapped(
    session: Session, mentor_id: int, newcomer_id: int, starts_at: datetime, ends_at: datetime
) -> int | None:
    """Return the id of the session that takes some of this time of the mentor or the newcomer, the first logged."""
    return session.scalar(
        sa.select(MentoringSession.id)
        .where(
            sa.or_(MentoringSession.mentor_id == mentor_id, MentoringSession.newcomer_id == newcomer_id),
            MentoringSession.state.in_(COUNTING),
            MentoringSession.starts_at < ends_at,
            MentoringSession.ends_at > starts_at,
        )
        .order_by(MentoringSession.id)
        .limit(1)
    )


def confirmed_count(session: Session, pair_id: int) -> int:
    """Return how many sessions of a pair both sides confirmed."""
    statement = sa.select(sa.func.count()).where(
        MentoringSession.pair_id == pair_id, MentoringSession.state == SessionState.CONFIRMED
    )
    return session.scalar(statement) or 0


def unanswered(session: Session, now: datetime, limit: int) -> list[int]:
    """Return sessions whose time to be answered is over, in order."""
    statement = (
        sa.select(MentoringSession.id)
        .where(MentoringSession.state.in_(OPEN), MentoringSession.answer_by < now)
        .order_by(MentoringSession.id)
        .limit(limit)
    )
    return list(session.scalars(statement))


# --- what is due ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Due:
    """What waits for somebody: proposed pairs to answer, sessions to answer, checkpoints to write (day, due date).

    Checkpoints of a newcomer are those that the mentor has not written: a newcomer sees them, the mentor writes them.
    """

    proposals: Sequence[PairView]
    sessions: Sequence[tuple[PairView, SessionView]]
    checkpoints: Sequence[tuple[PairView, int, date]]

    @property
    def count(self) -> int:
        """How many things that is."""
        return len(self.proposals) + len(self.sessions) + len(self.checkpoints)


def _due(
    session: Session, pairs: Sequence[PairView], sessions: sa.ColumnElement[bool], today: date, *, as_mentor: bool
) -> Due:
    by_id = {each.id: each for each in pairs}
    open_ones = [_session_view(row) for row in session.execute(_sessions(sessions))]
    running = [each.id for each in pairs if each.is_running]
    plans = checkpoints_of(session, running)
    return Due(
        proposals=[
            each
            for each in pairs
            if each.state is PairState.PROPOSED
            and (each.mentor_accepted_at if as_mentor else each.newcomer_accepted_at) is None
        ],
        sessions=[(by_id[each.pair_id], each) for each in reversed(open_ones)],
        checkpoints=[
            (by_id[pair_id], each.day, each.due_on)
            for pair_id in running
            for each in plans[pair_id]
            if each.done_at is None and each.due_on <= today
        ],
    )


def due_for_mentor(session: Session, mentor_id: int, today: date, *, pairs: Sequence[PairView] | None = None) -> Due:
    """Return what a mentor has to do: pairs to say yes to, corrections to settle, checkpoints due (three queries).

    ``pairs``: those of ``pairs_of_mentor`` when the caller has them; one query less.
    """
    known = pairs_of_mentor(session, mentor_id, today) if pairs is None else pairs
    condition = sa.and_(MentoringSession.mentor_id == mentor_id, MentoringSession.state == SessionState.CORRECTED)
    return _due(session, known, condition, today, as_mentor=True)


def due_for_newcomer(
    session: Session, newcomer_id: int, today: date, *, pairs: Sequence[PairView] | None = None
) -> Due:
    """Return what a newcomer has to do: pairs to say yes to, sessions to confirm, checkpoints due (three queries).

    ``pairs``: those of ``pairs_of_newcomer`` when the caller has them; one query less.
    """
    known = pairs_of_newcomer(session, newcomer_id, today) if pairs is None else pairs
    condition = sa.and_(MentoringSession.newcomer_id == newcomer_id, MentoringSession.state == SessionState.WAITING)
    return _due(session, known, condition, today, as_mentor=False)


# A select never changes, and putting these together takes longer than asking them: they are kept by person.


@lru_cache(maxsize=1000)
def proposals_to_answer(person_id: int) -> sa.Select[int]:
    """Count the proposed pairs to which a person has not said yes or no."""
    mine = sa.or_(
        sa.and_(MentoringPair.mentor_id == person_id, MentoringPair.mentor_accepted_at.is_(None)),
        sa.and_(MentoringPair.newcomer_id == person_id, MentoringPair.newcomer_accepted_at.is_(None)),
    )
    return sa.select(sa.func.count(MentoringPair.id)).where(MentoringPair.state == PairState.PROPOSED, mine)


@lru_cache(maxsize=1000)
def sessions_to_answer(person_id: int, *, as_mentor: bool) -> sa.Select[int]:
    """Count the sessions that wait for a newcomer's answer, or the corrections that wait for a mentor's."""
    owner, state = (
        (MentoringSession.mentor_id, SessionState.CORRECTED)
        if as_mentor
        else (MentoringSession.newcomer_id, SessionState.WAITING)
    )
    return sa.select(sa.func.count(MentoringSession.id)).where(owner == person_id, MentoringSession.state == state)


@lru_cache(maxsize=1000)
def checkpoints_due(mentor_id: int, today: date) -> sa.Select[int]:
    """Count the checkpoints that a mentor has to write by ``today``."""
    return (
        sa.select(sa.func.count(MentoringCheckpoint.id))
        .join(MentoringPair, MentoringPair.id == MentoringCheckpoint.pair_id)
        .where(
            MentoringPair.mentor_id == mentor_id,
            MentoringPair.state.in_(RUNNING),
            MentoringCheckpoint.done_at.is_(None),
            MentoringCheckpoint.due_on <= today,
        )
    )


def overdue_pairs(identity: Identity, today: date) -> sa.Select[int]:
    """Count the running pairs within reach of PAIR_DECIDE with a checkpoint past its day or their plan over."""
    return (
        sa.select(sa.func.count(MentoringPair.id))
        .join(_newcomer, _newcomer.id == MentoringPair.newcomer_id)
        .join(OrgUnit, OrgUnit.id == _newcomer.unit_id)
        .where(
            MentoringPair.state.in_(RUNNING),
            sa.or_(_overdue(today) > 0, MentoringPair.ends_on < today),
            _within(identity, Permission.PAIR_DECIDE),
        )
    )


def waiting_of_mentor(session: Session, mentor_id: int) -> list[SessionView]:
    """Return the sessions that a mentor logged and the newcomer has not answered, latest first."""
    condition = sa.and_(MentoringSession.mentor_id == mentor_id, MentoringSession.state == SessionState.WAITING)
    return [_session_view(row) for row in session.execute(_sessions(condition))]


# --- who may be a mentor ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MentorChoice:
    """Somebody in the list of mentors to choose from, and why they cannot be it (nothing when they can)."""

    person: Someone
    unit_name: str
    prospect: Prospect
    bars: tuple[Bar, ...]


def _good_counts(session: Session, person_ids: Collection[int]) -> dict[int, int]:
    """Return in how many competencies each person has a mentor's level."""
    rows = session.execute(
        sa.select(CompetencyLevel.person_id, sa.func.count())
        .where(CompetencyLevel.person_id.in_(person_ids), CompetencyLevel.level >= MENTOR_LEVEL)
        .group_by(CompetencyLevel.person_id)
    )
    return {row[0]: row[1] for row in rows}


def _live_counts(session: Session, person_ids: Collection[int], but_for: int | None) -> dict[int, int]:
    statement = (
        sa.select(MentoringPair.mentor_id, sa.func.count())
        .where(MentoringPair.mentor_id.in_(person_ids), MentoringPair.state.in_(LIVE))
        .group_by(MentoringPair.mentor_id)
    )
    if but_for is not None:
        statement = statement.where(MentoringPair.newcomer_id != but_for)
    return {row[0]: row[1] for row in session.execute(statement)}


def _mentor_paths(session: Session, person_ids: Collection[int], today: date) -> dict[int, list[str]]:
    rows = session.execute(
        sa.select(RoleGrant.person_id, OrgUnit.path)
        .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
        .where(RoleGrant.person_id.in_(person_ids), RoleGrant.role == Role.MENTOR, *people.in_force(today))
    )
    found: dict[int, list[str]] = {}
    for person_id, path in rows:
        found.setdefault(person_id, []).append(path)
    return found


def prospects(session: Session, persons: Sequence[Person], newcomer: Person, today: date) -> dict[int, Prospect]:
    """Return what is known of persons who might be a newcomer's mentor, by id (three queries)."""
    ids = [each.id for each in persons]
    good, live = _good_counts(session, ids), _live_counts(session, ids, newcomer.id)
    paths = _mentor_paths(session, ids, today)
    return {
        each.id: Prospect(
            state=each.state,
            joined_on=each.joined_on,
            competencies=good.get(each.id, 0),
            has_role=any(newcomer.unit.path.startswith(path) for path in paths.get(each.id, ())),
            newcomers=live.get(each.id, 0),
            is_newcomer=each.id == newcomer.id,
        )
        for each in persons
    }


def _named(text: str) -> sa.ColumnElement[bool]:
    key, number = name_key(text), clean_staff_number(text)
    found = [Person.name_key.contains(key, autoescape=True)] if key else []
    if number:
        found.append(Person.staff_number.contains(number, autoescape=True))
    return sa.or_(*found) if found else sa.false()


def mentor_choices(
    session: Session, identity: Identity, newcomer: Person, today: date, *, text: str = ""
) -> list[MentorChoice]:
    """Return whom an official may look at as a newcomer's mentor, the eligible first (four queries).

    Everybody within reach of PAIR_PROPOSE who holds the mentor role, and those whose name or staff number holds
    ``text``, so that one can see why somebody is not among them.
    """
    is_mentor = sa.exists().where(
        RoleGrant.person_id == Person.id, RoleGrant.role == Role.MENTOR, *people.in_force(today)
    )
    wanted = sa.or_(is_mentor, _named(text)) if text.strip() else is_mentor
    statement = (
        sa.select(Person)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(people.reachable_persons(identity, Permission.PAIR_PROPOSE), wanted)
        .where(Person.state != StaffState.ENDED, Person.id != newcomer.id)
        .options(joinedload(Person.unit))
        .order_by(Person.name_sort, Person.staff_number)
    )
    persons = list(session.scalars(statement))
    known = prospects(session, persons, newcomer, today)
    found = [
        MentorChoice(
            person=someone(each),
            unit_name=each.unit.name,
            prospect=known[each.id],
            bars=bars(known[each.id], today),
        )
        for each in persons
    ]
    return sorted(found, key=lambda each: (len(each.bars), each.prospect.newcomers))


def someone(person: Person) -> Someone:
    """Return a person as a page names them."""
    return Someone(id=person.id, public_id=person.public_id, name=person.name, staff_number=person.staff_number)


def newcomers_without_mentor(identity: Identity, *, text: str = "") -> sa.Select[Any]:
    """Return the select of persons within reach of PAIR_PROPOSE who could be given a mentor, by name.

    Without ``text`` those in training; with it everybody whose name or staff number holds it.
    """
    has_pair = sa.exists().where(MentoringPair.newcomer_id == Person.id, MentoringPair.state.in_(LIVE))
    statement = (
        sa.select(Person)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(people.reachable_persons(identity, Permission.PAIR_PROPOSE), ~has_pair)
        .options(joinedload(Person.unit))
        .order_by(Person.name_sort, Person.staff_number)
    )
    if text.strip():
        return statement.where(_named(text), Person.state.in_(NEWCOMERS))
    return statement.where(Person.state == StaffState.TRAINEE)


# --- what is asked about a session ------------------------------------------------------------------------


def asked_marks(session: Session, frame: Framework, newcomer_id: int, topic: Topic) -> Mapping[str, Sequence[Any]]:
    """Return the behaviours to ask about, by code: those of the newcomer's next level (one query)."""
    rows = session.execute(
        sa.select(CompetencyLevel.code, CompetencyLevel.level).where(
            CompetencyLevel.person_id == newcomer_id, CompetencyLevel.code.in_(topic.codes)
        )
    )
    levels = {row.code: row.level for row in rows}
    return {
        code: frame.by_code[code].levels[level_to_watch(levels.get(code, 0))].seen
        for code in topic.codes
        if code in frame.by_code
    }


# --- what happened ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One entry of the trail on a pair. ``actor``: a name, or system; ``ends_on``: the new last day, if it moved."""

    tag: str
    at: datetime
    actor: str
    reason: str
    ends_on: date | None


def _new_last_day(tag: str, diff: Mapping[str, Any]) -> date | None:
    if tag != AuditTag.MENTORING_EXTENDED or "ends_on" not in diff:
        return None
    return date.fromisoformat(diff["ends_on"][1])


def history_of(session: Session, pair: PairView) -> list[Happened]:
    """Return what was done to a pair, latest first. The caller has made sure that the reader may see the pair."""
    rows = session.execute(
        sa.select(
            AuditEntry.tag, AuditEntry.business_at, AuditEntry.actor, AuditEntry.reason, AuditEntry.diff, Person.name
        )
        .outerjoin(Person, Person.public_id == AuditEntry.actor)
        .where(AuditEntry.object_type == "mentoring_pair", AuditEntry.object_id == pair.public_id)
        .order_by(AuditEntry.seq.desc())
    )
    return [
        Happened(
            tag=row.tag,
            at=row.business_at,
            actor=row.name or row.actor,
            reason=row.reason,
            ends_on=_new_last_day(row.tag, row.diff),
        )
        for row in rows
    ]
