"""Mentors, pairs and sessions for tests: made by the services, each act in a transaction of its own."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from lms.access.identity import CONSOLE, Identity, Role
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.competency import services as competency
from lms.competency.models import Recognition
from lms.competency.rules import RecognitionState
from lms.core import clock
from lms.core.db import Database
from lms.core.ids import new_public_id
from lms.mentoring import queries
from lms.mentoring.models import MentoringCheckpoint, MentoringPair, MentoringSession
from lms.mentoring.queries import PairView, SessionView
from lms.mentoring.rules import (
    CHECKPOINT_DAYS,
    CheckpointVerdict,
    PairAction,
    PairState,
    SessionAction,
    SessionState,
    due_on,
)
from lms.mentoring.services import pairs, sessions
from lms.people.rules import StaffState
from lms.people.services import persons, roles
from tests.world import NOW, TODAY, World

GOOD = ("ETH1", "ETH2", "ETH3", "LAW1", "BND1", "PUB1", "INS1", "INS2")
"""The eight competencies of a mentor."""
LONG_AGO = date(2024, 11, 24)
"""Two years before the day of the tests."""


def make_eligible(db: Database, world: World, number: str, codes: tuple[str, ...] = GOOD) -> None:
    """Let a person of the world have been here for two years, with level 3 in some competencies by 认定."""
    with db.writing() as session:
        person = world.person(session, number)
        person.joined_on = LONG_AGO
        audit.record(session, CONSOLE, Role.CONSOLE, AuditTag.PERSON_CHANGED, person, now=NOW)
        for code in codes:
            found = Recognition(
                public_id=new_public_id(),
                person_id=person.id,
                code=code,
                level=3,
                state=RecognitionState.IN_FORCE,
                basis="文件",
                basis_on=TODAY,
                valid_until=date(2027, 11, 24),
                proposed_by_id=world.person_ids["O1"],
                proposed_at=NOW,
                decided_by_id=world.person_ids["O2"],
                decided_at=NOW,
            )
            session.add(found)
            audit.record(session, CONSOLE, Role.CONSOLE, AuditTag.RECOGNITION_CONFIRMED, found, now=NOW)
        session.flush()
        cause = competency.Cause(type="recognition", id="test")
        competency.recompute(session, CONSOLE, person.id, codes, now=NOW, cause=cause, role=Role.CONSOLE)


def add_mentor(db: Database, world: World, number: str, *, is_eligible: bool = True) -> None:
    """Add a further mentor of the eastern sub-district to the world."""
    with db.writing() as session:
        unit = world.unit(session, "east")
        data = persons.PersonData(staff_number=f"CG00{number}", name=f"师傅{number}", joined_on=LONG_AGO)
        person = persons.add_person(session, CONSOLE, unit, data, now=NOW, state=StaffState.ACTIVE)
        roles.grant_from_console(session, CONSOLE, person, Role.MENTOR, unit, now=NOW)
        world.person_ids[number], world.person_public_ids[number] = person.id, person.public_id
    if is_eligible:
        make_eligible(db, world, number)


def widen_mentor(db: Database, world: World, number: str = "M1") -> None:
    """Give a mentor the role for the whole eastern sub-district."""
    with db.writing() as session:
        person, unit = world.person(session, number), world.unit(session, "east")
        roles.grant_from_console(session, CONSOLE, person, Role.MENTOR, unit, now=NOW)


class Mentoring:
    """Acts of mentoring on the small organisation, at the time the clock shows."""

    def __init__(self, db: Database, world: World) -> None:
        self.db = db
        self.world = world

    def who(self, number: str) -> Identity:
        return self.world.identity(self.db, number)

    def propose(self, newcomer: str = "N1", mentor: str = "M1", *, by: str = "O1", second_reason: str = "") -> str:
        actor = self.who(by)
        with self.db.writing() as session:
            return pairs.propose(
                session,
                actor,
                self.world.person_public_ids[newcomer],
                self.world.person_public_ids[mentor],
                second_reason=second_reason,
                now=clock.now(),
            )

    def accept(self, pair: str, by: str) -> PairState:
        actor = self.who(by)
        with self.db.writing() as session:
            return pairs.accept(session, actor, pair, now=clock.now())

    def decline(self, pair: str, by: str, reason: str = "家里有事") -> None:
        actor = self.who(by)
        with self.db.writing() as session:
            pairs.decline(session, actor, pair, reason=reason, now=clock.now())

    def active(self, newcomer: str = "N1", mentor: str = "M1", *, second_reason: str = "") -> str:
        """Propose a pair and let both say yes; return its public id."""
        pair = self.propose(newcomer, mentor, second_reason=second_reason)
        self.accept(pair, mentor)
        assert self.accept(pair, newcomer) is PairState.ACTIVE
        return pair

    def decide(
        self, pair: str, action: PairAction, *, by: str = "O1", reason: str = "写明原因", ends_on: date | None = None
    ) -> None:
        actor = self.who(by)
        with self.db.writing() as session:
            pairs.decide(session, actor, pair, action, reason=reason, ends_on=ends_on, now=clock.now())

    def change(
        self, pair: str, mentor: str, *, by: str = "O1", reason: str = "排班不合", second_reason: str = ""
    ) -> str:
        actor = self.who(by)
        with self.db.writing() as session:
            return pairs.change_mentor(
                session,
                actor,
                pair,
                self.world.person_public_ids[mentor],
                reason=reason,
                second_reason=second_reason,
                now=clock.now(),
            )

    def check(
        self,
        pair: str,
        day: int,
        verdict: CheckpointVerdict = CheckpointVerdict.WELL,
        *,
        by: str = "M1",
        line: str = "走得熟了",
    ) -> None:
        actor = self.who(by)
        with self.db.writing() as session:
            pairs.write_checkpoint(session, actor, pair, day, verdict, line=line, now=clock.now())

    def log(
        self,
        pair: str,
        *,
        by: str = "M1",
        token: str = "",
        topic: str = "home_visit",
        starts_at: datetime | None = None,
        minutes: int = 60,
        seen: Mapping[str, bool] | None = None,
        line: str = "",
    ) -> str:
        actor = self.who(by)
        with self.db.writing() as session:
            return sessions.log_session(
                session,
                actor,
                pair,
                token=token or new_public_id(),
                topic_key=topic,
                starts_at=starts_at or clock.now() - timedelta(minutes=minutes),
                minutes=minutes,
                seen={"eth1-1a": True, "eth1-1b": False, "eth2-1a": True} if seen is None else seen,
                line=line,
                now=clock.now(),
            )

    def answer(
        self,
        one: str,
        action: SessionAction,
        *,
        by: str = "N1",
        said: Mapping[str, bool | None] | None = None,
        line: str = "",
    ) -> SessionState:
        actor = self.who(by)
        with self.db.writing() as session:
            return sessions.answer(session, actor, one, action, said=said, line=line, now=clock.now())

    def pair(self, pair: str, *, by: str = "O1") -> PairView:
        actor = self.who(by)
        with self.db.reading() as session:
            return queries.pair_by_public_id(session, actor, Permission.PAIR_SEE, pair, clock.today())

    def session(self, one: str, *, by: str = "O1") -> SessionView:
        actor = self.who(by)
        with self.db.reading() as session:
            return queries.session_by_public_id(session, actor, Permission.PAIR_SEE, one, clock.today())[0]


def put_pair(db: Database, world: World, newcomer: str, state: PairState = PairState.ACTIVE) -> str:
    """Put a pair straight into the tables, for walks over all pages; return its public id, the same when asked again.

    The mentor is M1, of M1 the grid leader L1, outside the official O9. A running one began a week ago.
    """
    mentor = "O9" if newcomer == "N9" else ("L1" if newcomer == "M1" else "M1")
    with db.engine.begin() as connection:
        known = connection.execute(
            sa.select(MentoringPair.public_id)
            .where(MentoringPair.newcomer_id == world.person_ids[newcomer])
            .order_by(MentoringPair.id.desc())
            .limit(1)
        ).scalar_one_or_none()
        if known is not None:
            return known
        started = TODAY - timedelta(days=6)
        is_running = state is not PairState.PROPOSED
        pair_id = connection.execute(
            sa.insert(MentoringPair)
            .values(
                public_id=(public_id := new_public_id()),
                newcomer_id=world.person_ids[newcomer],
                mentor_id=world.person_ids[mentor],
                state=state,
                second_reason="",
                proposed_by_id=world.person_ids["O2" if newcomer != "O2" else "O1"],
                proposed_at=NOW - timedelta(days=6),
                mentor_accepted_at=NOW - timedelta(days=6) if is_running else None,
                newcomer_accepted_at=NOW - timedelta(days=6) if is_running else None,
                starts_on=started if is_running else None,
                ends_on=due_on(started, 90) if is_running else None,
                close_reason="",
            )
            .returning(MentoringPair.id)
        ).scalar_one()
        if is_running:
            connection.execute(
                sa.insert(MentoringCheckpoint),
                [
                    {
                        "public_id": new_public_id(),
                        "pair_id": pair_id,
                        "day": day,
                        "due_on": due_on(started, day),
                        "line": "",
                    }
                    for day in CHECKPOINT_DAYS
                ],
            )
    return public_id


def put_session(db: Database, world: World, newcomer: str) -> str:
    """Put a session that waits for an answer straight into the tables, with its pair; return its public id."""
    pair = put_pair(db, world, newcomer)
    with db.engine.begin() as connection:
        row = connection.execute(sa.select(MentoringPair).where(MentoringPair.public_id == pair)).one()
        known = connection.execute(
            sa.select(MentoringSession.public_id).where(MentoringSession.pair_id == row.id).limit(1)
        ).scalar_one_or_none()
        if known is not None:
            return known
        connection.execute(
            sa.insert(MentoringSession).values(
                public_id=(public_id := new_public_id()),
                pair_id=row.id,
                mentor_id=row.mentor_id,
                newcomer_id=row.newcomer_id,
                token=new_public_id(),
                state=SessionState.WAITING,
                starts_at=NOW - timedelta(hours=26),
                ends_at=NOW - timedelta(hours=25),
                minutes=60,
                topic="home_visit",
                line="",
                marks=[{"code": "ETH1", "key": "eth1-1a", "words": "x", "shown": True}],
                correction="",
                logged_at=NOW - timedelta(hours=24),
                answer_by=NOW + timedelta(hours=48),
                withdrawal="",
            )
        )
    return public_id
