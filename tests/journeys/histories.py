"""Histories at random over pairs, selection rounds and duty lists: who does what to whom, by the services, and when.

Two thirds of the acts are sensible: the right official does the next thing to something that waits for it. The rest
has something wrong with it: an actor or an object taken at random, values that cannot be, the act before once more.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms import registry
from lms.access.identity import CONSOLE, HeldRole, Identity, Role
from lms.audit.models import AuditEntry
from lms.certification import tasks as certification_tasks
from lms.certification.models import Certificate
from lms.certification.rules import LIVE as LIVE_CERTIFICATES
from lms.certification.rules import SERVING, CertificateState
from lms.certification.services import issuing, revoking
from lms.competency import queries as competency_queries
from lms.competency import services as competency
from lms.competency import tasks as competency_tasks
from lms.competency.models import CompetencyLevel, Recognition
from lms.competency.rules import EvidenceKind, ItemResult, RecognitionAction, RecognitionState
from lms.core import clock
from lms.core.db import Database
from lms.core.ids import new_public_id
from lms.duties import queries as duty_queries
from lms.duties import services as duties
from lms.duties import tasks as duty_tasks
from lms.mentoring import tasks as mentoring_tasks
from lms.mentoring.models import MentoringCheckpoint, MentoringPair, MentoringSession
from lms.mentoring.rules import (
    CHECKPOINT_DAYS,
    LIVE,
    MENTOR_COMPETENCIES,
    MENTOR_LEVEL,
    MINUTES,
    MOST_NEWCOMERS,
    NEWCOMERS,
    RUNNING,
    TOPICS,
    CheckpointVerdict,
    PairAction,
    PairState,
    SessionAction,
    SessionState,
)
from lms.mentoring.services import pairs, sessions
from lms.people import queries as people
from lms.people.models import OrgUnit, Person, PostHolding, RoleGrant
from lms.people.rules import Employment, PersonAction, Post, Sex, StaffState
from lms.people.services import persons, posts, roles, standing
from lms.selection.models import (
    HolidayYear,
    Objection,
    PublicNotice,
    SelectionApplication,
    SelectionOpinion,
    SelectionPlace,
    SelectionRanking,
    SelectionRound,
)
from lms.selection.queries import printed_years
from lms.selection.rules import (
    APPLYING,
    UNDECIDED,
    WITHDRAWABLE,
    Body,
    CaseState,
    Channel,
    Component,
    NoticeState,
    Paper,
    Relation,
    RoundState,
    Source,
)
from lms.selection.services import applications, calendar, deciding, notices, opinions, ranking, rounds
from lms.selection.services.applications import Declared, Outsider
from tests.certification import making as certificates
from tests.mentoring.making import GOOD, LONG_AGO, make_eligible, widen_mentor
from tests.selection.making import SEEN
from tests.world import NOW, World

Row = Any
"""A row of one of ``WATCHED``."""

WATCHED: Mapping[str, Any] = {
    "person": sa.select(
        Person.id, Person.public_id, Person.staff_number, Person.name, Person.state, Person.education, OrgUnit.path
    ).join(OrgUnit, OrgUnit.id == Person.unit_id),
    "post_holding": sa.select(*PostHolding.__table__.columns),
    "mentoring_pair": sa.select(*MentoringPair.__table__.columns),
    "mentoring_checkpoint": sa.select(*MentoringCheckpoint.__table__.columns),
    "mentoring_session": sa.select(
        *(each for each in MentoringSession.__table__.columns if each.name not in {"marks", "corrected"})
    ),
    "selection_round": sa.select(*SelectionRound.__table__.columns, OrgUnit.path).join(
        OrgUnit, OrgUnit.id == SelectionRound.unit_id
    ),
    "selection_place": sa.select(*SelectionPlace.__table__.columns),
    "selection_application": sa.select(*SelectionApplication.__table__.columns),
    "selection_opinion": sa.select(*SelectionOpinion.__table__.columns),
    "selection_ranking": sa.select(
        SelectionRanking.id, SelectionRanking.public_id, SelectionRanking.round_id, SelectionRanking.made_by_id
    ),
    "public_notice": sa.select(*PublicNotice.__table__.columns),
    "objection": sa.select(*Objection.__table__.columns),
    "holiday_year": sa.select(HolidayYear.id, HolidayYear.public_id, HolidayYear.year, HolidayYear.entered_at),
    "certificate": sa.select(*(each for each in Certificate.__table__.columns if each.name != "basis")),
    "recognition": sa.select(*Recognition.__table__.columns),
    "competency_level": sa.select(
        CompetencyLevel.id,
        CompetencyLevel.public_id,
        CompetencyLevel.person_id,
        CompetencyLevel.code,
        CompetencyLevel.level,
    ),
}
"""Table → what of its rows acts are chosen by and watched by."""


@dataclass(frozen=True)
class Change:
    """A row that an act added (``before`` None), changed, or removed (``after`` None)."""

    table: str
    before: Row
    after: Row

    @property
    def row(self) -> Row:
        """The row as it is now, or was."""
        return self.after if self.after is not None else self.before

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def is_move(self) -> bool:
        """Whether its state is another one."""
        return (
            self.before is not None and self.after is not None and self._state(self.before) != self._state(self.after)
        )

    @staticmethod
    def _state(row: Row) -> object:
        return getattr(row, "state", None)


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing that somebody (``actor``, None: anybody or the worker) does; ``on``: public id of what to."""

    name: str
    actor: int | None
    on: str
    run: Callable[[Session, Identity], object] | None = None
    task: Callable[[Database], None] | None = None
    has_password: bool = True


def populate(db: Database, world: World) -> None:
    """Bring the small organisation to some 25 persons: officials enough for a whole case on either side, mentors.

    O4 mentors as well, X3 is an official who applies, O4 and W2 have one name.
    """
    trainee, active = StaffState.TRAINEE, StaffState.ACTIVE
    added: Sequence[tuple[str, str, str, StaffState, tuple[Role, ...], str]] = (
        ("O3", "郭明", "east", active, (Role.OFFICIAL,), ""),
        ("O4", "白云", "east", active, (Role.OFFICIAL, Role.MENTOR), ""),
        ("O5", "石岩", "east", active, (Role.OFFICIAL,), ""),
        ("O6", "郝静", "east", active, (Role.OFFICIAL,), ""),
        ("W1", "高原", "west", active, (Role.OFFICIAL,), ""),
        ("W2", "白云", "west", active, (Role.OFFICIAL,), ""),
        ("W3", "江涛", "west", active, (Role.OFFICIAL,), ""),
        ("W4", "温馨", "west", active, (Role.OFFICIAL,), ""),
        ("M2", "马骏", "east", active, (Role.MENTOR,), ""),
        ("M8", "杨柳", "west", active, (Role.MENTOR,), ""),
        ("M9", "贺兰", "west", active, (Role.MENTOR,), ""),
        ("X1", "石磊", "east.1.1", trainee, (), "大专"),
        ("X2", "方华", "east.1.2", trainee, (), "高中"),
        ("X3", "田野", "east.2.1", trainee, (Role.OFFICIAL,), "大专"),
        ("X4", "许诺", "east.2.2", StaffState.CANDIDATE, (), "初中"),
        ("X7", "罗成", "west.1.1", trainee, (), "大专"),
        ("X8", "宋词", "west.1.2", trainee, (), "高中"),
        ("X9", "秦岭", "west.2.1", StaffState.CANDIDATE, (), ""),
    )
    with db.writing() as session:
        for number, name, place, state, held, education in added:
            unit = world.unit(session, place)
            data = persons.PersonData(
                staff_number=f"CG00{number}",
                name=name,
                sex=Sex.MALE,
                birth_month="1980-03",
                education=education,
                joined_on=LONG_AGO,
            )
            person = persons.add_person(session, CONSOLE, unit, data, now=NOW, state=state)
            world.person_ids[number], world.person_public_ids[number] = person.id, person.public_id
            office = world.unit(session, place.split(".", maxsplit=1)[0])
            for role in held:
                roles.grant_from_console(session, CONSOLE, person, role, office, now=NOW)
    for number in ("M1", "M2", "M8", "M9", "O4"):
        make_eligible(db, world, number)
    widen_mentor(db, world)
    duty_tasks.refresh_due(db)


class History:
    """The organisation as it stands, and the acts that may come next."""

    def __init__(self, db: Database, world: World, seed: int, pace: int) -> None:
        """``pace``: how many days a long wait takes."""
        self.db, self.world, self.pace = db, world, pace
        self.chance = random.Random(seed)  # noqa: S311 - a history to be walked again
        self.rows: dict[str, dict[int, Row]] = {}
        self.roles: dict[int, tuple[HeldRole, ...]] = {}
        self.schooled: set[int] = set()
        self.last: Act | None = None
        self.outsiders = 0
        self.grids = {world.unit_ids[place]: path for place, path in world.unit_paths.items() if place.count(".") == 2}
        self.sides = [world.unit_paths["east"], world.unit_paths["west"]]
        with db.reading() as session:
            self.seq = session.scalar(sa.select(sa.func.max(AuditEntry.seq))) or 0
            frame = competency_queries.framework(session)
            self.behaviours = {
                topic.key: [
                    each.key
                    for code in topic.codes
                    for level in (1, 2)
                    for each in frame.by_code[code].levels[level].seen
                ]
                for topic in TOPICS
            }
            self.look(session, WATCHED)
            self._read_roles(session)

    # --- what there is ------------------------------------------------------------------------------------

    def look(self, session: Session, tables: Iterable[str]) -> list[Change]:
        """Read some tables again and return what is different in them."""
        changes: list[Change] = []
        for table in tables:
            now = {row.id: row for row in session.execute(WATCHED[table])}
            before = self.rows.get(table, {})
            changes += [
                Change(table, before.get(key), now.get(key))
                for key in now.keys() | before.keys()
                if before.get(key) != now.get(key)
            ]
            self.rows[table] = now
        changes.sort(key=lambda each: (each.table, each.row.id))
        return changes

    def look_after(self, session: Session) -> list[Change]:
        """Read again what the trail says has changed since the last look."""
        found = session.execute(
            sa.select(AuditEntry.object_type, sa.func.max(AuditEntry.seq))
            .where(AuditEntry.seq > self.seq)
            .group_by(AuditEntry.object_type)
        ).all()
        if not found:
            return []
        self.seq = max(row[1] for row in found)
        named = {row[0] for row in found}
        if "role_grant" in named:
            self._read_roles(session)
        return self.look(session, [table for table in WATCHED if table in named])

    def _read_roles(self, session: Session) -> None:
        self.roles = {}
        for person_id, role, path in session.execute(
            sa.select(RoleGrant.person_id, RoleGrant.role, OrgUnit.path)
            .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
            .where(*people.in_force(clock.today()))
            .order_by(RoleGrant.id)
        ):
            self.roles[person_id] = (*self.roles.get(person_id, ()), HeldRole(role, path))

    def all(self, table: str, fits: Callable[[Row], bool] = lambda _row: True) -> list[Row]:
        """Return the rows of a table that fit, in the order in which they came."""
        return [row for _, row in sorted(self.rows[table].items()) if fits(row)]

    def person(self, person_id: int) -> Row:
        return self.rows["person"][person_id]

    def side(self, path: str) -> str:
        """Return the path of the sub-district above a unit."""
        return next(each for each in self.sides if path.startswith(each))

    def side_of(self, person_id: int) -> str:
        return self.side(self.person(person_id).path)

    def holders(self, role: Role, path: str) -> list[int]:
        """Return who holds a role that reaches a unit, in order."""
        return sorted(
            person_id
            for person_id, held in self.roles.items()
            if any(each.role is role and path.startswith(each.unit_path) for each in held)
        )

    # --- choosing -----------------------------------------------------------------------------------------

    def wrong(self, wild: bool) -> bool:
        """Whether this part of a wild act is wrong."""
        return wild and self.chance.random() < 0.45

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def one(self, table: str, wild: bool, fits: Callable[[Row], bool]) -> Row | None:
        """Return a row that fits, or any when it is wrong; None when there is none."""
        found = self.all(table) if self.wrong(wild) else self.all(table, fits)
        return self.chance.choice(found) if found else None

    def anybody(self) -> int:
        found = self.all("person", lambda row: row.state is not StaffState.ENDED)
        return int(self.chance.choice(found).id)

    def official(self, path: str, wild: bool, *, but_for: int | None = None) -> int:
        """Return an official above a unit, or anybody."""
        found = [each for each in self.holders(Role.OFFICIAL, path) if each != but_for]
        return self.anybody() if self.wrong(wild) or not found else self.chance.choice(found)

    def either(self, person_id: int, wild: bool) -> int:
        """Return a person, or anybody; somebody who has left does nothing."""
        gone = self.person(person_id).state is StaffState.ENDED
        return self.anybody() if gone or self.wrong(wild) else person_id

    def reason(self, wild: bool) -> str:
        return self.chance.choice(("", "长" * 201)) if self.wrong(wild) and self.maybe(0.3) else "写明原因"

    def act(self, name: str, actor: int | None, on: str, run: Callable[[Session, Identity], object]) -> Act:
        return Act(name=name, actor=actor, on=on, run=run, has_password=self.maybe(0.95))

    def next(self) -> Act:
        """Return what is tried next."""
        if self.last is not None and self.maybe(0.04):
            return self.last
        while True:
            [kind] = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
            found: Act | None = getattr(self, kind)(self.maybe(1 / 3))
            if found is not None:
                self.last = found if kind != "pass_courses" else None  # no act of a service: a second one is an error
                return found

    def perform(self, act: Act) -> None:
        """Do an act: a transaction of its own by the actor's identity as of now. Raises what the service raises."""
        if act.task is not None:
            act.task(self.db)
            return
        assert act.run is not None
        identity = notices.ANYBODY if act.actor is None else self.identity(act.actor, has_password=act.has_password)
        with self.db.writing() as session:
            act.run(session, identity)

    def identity(self, person_id: int, *, has_password: bool = True) -> Identity:
        """Return the identity of somebody as a request would have it."""
        made = Identity(
            person_id=person_id,
            public_id=self.person(person_id).public_id,
            roles=self.roles.get(person_id, ()),
            reauthenticated_at=clock.real_now() if has_password else None,
        )
        if not made.holds(Role.MENTOR):
            return made
        with self.db.reading() as session:
            return registry.assigned_to(session, made)

    # --- time ---------------------------------------------------------------------------------------------

    def wait(self, _wild: bool) -> Act:
        """Let time pass: hours, a day, or long."""
        long = self.pace + self.chance.randint(0, self.pace)
        [hours] = self.chance.choices((self.chance.randint(1, 12), 24, 72, 24 * long), (60, 26, 12, 2))
        moment = clock.now() + timedelta(hours=hours)
        return Act(name="wait", actor=None, on=f"{hours} h", task=lambda _db: clock.freeze(moment))

    def sweep(self, _wild: bool) -> Act:
        """Let the worker do one of its rounds."""
        name, task = self.chance.choice(SWEEPS)
        return Act(name=name, actor=None, on="", task=task)

    # --- pairs --------------------------------------------------------------------------------------------

    def live_pairs(self) -> list[Row]:
        return self.all("mentoring_pair", lambda row: row.state in LIVE)

    def good_at(self, person_id: int) -> int:
        """Return in how many competencies somebody has a mentor's level."""
        rows = self.rows["competency_level"].values()
        return sum(row.person_id == person_id and row.level >= MENTOR_LEVEL for row in rows)

    def _mentor_for(self, newcomer: Row, wild: bool) -> Row | None:
        taken = [row.mentor_id for row in self.live_pairs()]
        able = self.holders(Role.MENTOR, newcomer.path)
        return self.one(
            "person",
            wild,
            lambda row: (
                row.id in able
                and row.id != newcomer.id
                and row.state is StaffState.ACTIVE
                and taken.count(row.id) < MOST_NEWCOMERS
                and self.good_at(row.id) >= MENTOR_COMPETENCIES
            ),
        )

    def propose_pair(self, wild: bool) -> Act | None:
        taken = {row.newcomer_id for row in self.live_pairs()}
        newcomer = self.one(
            "person",
            wild,
            lambda row: row.state in NEWCOMERS and row.id not in taken and not self.roles.get(row.id),
        )
        mentor = self._mentor_for(newcomer, wild) if newcomer is not None else None
        if newcomer is None or mentor is None:
            return None
        second = self.chance.choice(("人手不够", "人手不够", ""))
        return self.act(
            "propose_pair",
            self.official(newcomer.path, wild),
            newcomer.staff_number,
            lambda session, who: pairs.propose(
                session, who, newcomer.public_id, mentor.public_id, second_reason=second, now=clock.now()
            ),
        )

    def accept(self, wild: bool) -> Act | None:
        pair = self.one("mentoring_pair", wild, lambda row: row.state is PairState.PROPOSED)
        if pair is None:
            return None
        waits = [
            person_id
            for person_id, at in (
                (pair.mentor_id, pair.mentor_accepted_at),
                (pair.newcomer_id, pair.newcomer_accepted_at),
            )
            if at is None
        ]
        by = self.either(self.chance.choice(waits or [pair.mentor_id]), wild)
        if self.maybe(0.1):
            reason = self.reason(wild)
            return self.act(
                "decline",
                by,
                pair.public_id,
                lambda session, who: pairs.decline(session, who, pair.public_id, reason=reason, now=clock.now()),
            )
        return self.act(
            "accept",
            by,
            pair.public_id,
            lambda session, who: pairs.accept(session, who, pair.public_id, now=clock.now()),
        )

    def _decide_pair(self, wild: bool, action: PairAction, fits: Callable[[Row], bool]) -> Act | None:
        pair = self.one("mentoring_pair", wild, fits)
        if pair is None:
            return None
        by = self.official(self.person(pair.newcomer_id).path, wild)
        if wild and self.maybe(0.15):
            by = self.either(pair.mentor_id, False)
        reason = self.reason(wild)
        ends_on = clock.today() + timedelta(days=self.chance.choice((0, 30, 60, 100, 150)))
        return self.act(
            f"{action.value}_pair",
            by,
            pair.public_id,
            lambda session, who: pairs.decide(
                session, who, pair.public_id, action, reason=reason, ends_on=ends_on, now=clock.now()
            ),
        )

    def withdraw_pair(self, wild: bool) -> Act | None:
        return self._decide_pair(wild, PairAction.WITHDRAW, lambda row: row.state is PairState.PROPOSED)

    def extend_pair(self, wild: bool) -> Act | None:
        return self._decide_pair(wild, PairAction.EXTEND, lambda row: row.state in RUNNING)

    def end_pair(self, wild: bool) -> Act | None:
        return self._decide_pair(wild, PairAction.END, lambda row: row.state in RUNNING)

    def complete_pair(self, wild: bool) -> Act | None:
        done = [row.pair_id for row in self.all("mentoring_checkpoint", lambda row: row.done_at is not None)]
        ready = 0 if wild or self.maybe(0.1) else len(CHECKPOINT_DAYS)
        return self._decide_pair(
            wild, PairAction.COMPLETE, lambda row: row.state in RUNNING and done.count(row.id) >= ready
        )

    def change_mentor(self, wild: bool) -> Act | None:
        pair = self.one("mentoring_pair", wild, lambda row: row.state in RUNNING)
        mentor = self._mentor_for(self.person(pair.newcomer_id), wild) if pair is not None else None
        if pair is None or mentor is None:
            return None
        reason = self.reason(wild)
        return self.act(
            "change_mentor",
            self.official(self.person(pair.newcomer_id).path, wild),
            pair.public_id,
            lambda session, who: pairs.change_mentor(
                session, who, pair.public_id, mentor.public_id, reason=reason, second_reason="人手不够", now=clock.now()
            ),
        )

    def checkpoint(self, wild: bool) -> Act | None:
        point = self.one(
            "mentoring_checkpoint",
            wild,
            lambda row: (
                row.done_at is None
                and row.due_on <= clock.today()
                and self.rows["mentoring_pair"][row.pair_id].state in RUNNING
            ),
        )
        if point is None:
            return None
        pair = self.rows["mentoring_pair"][point.pair_id]
        verdict, line = self.chance.choice(list(CheckpointVerdict)), self.chance.choice(("走得熟了", "还要多走"))
        return self.act(
            "checkpoint",
            self.either(pair.mentor_id, wild),
            f"{pair.public_id} {point.day}",
            lambda session, who: pairs.write_checkpoint(
                session, who, pair.public_id, point.day, verdict, line=line, now=clock.now()
            ),
        )

    def log_session(self, wild: bool) -> Act | None:
        pair = self.one("mentoring_pair", wild, lambda row: row.state in RUNNING)
        if pair is None:
            return None
        topic = self.chance.choice(TOPICS).key
        keys = self.behaviours[self.chance.choice(TOPICS).key if self.wrong(wild) else topic]
        seen = {key: self.maybe(0.85) for key in self.chance.sample(keys, min(len(keys), 4))}
        minutes = 45 if self.wrong(wild) and self.maybe(0.2) else self.chance.choice(MINUTES)
        starts_at = clock.now() - timedelta(minutes=minutes) - timedelta(minutes=30 * self.chance.randint(0, 96))
        if self.wrong(wild):
            starts_at += timedelta(days=self.chance.choice((-15, 3)))
        token = new_public_id()
        return self.act(
            "log_session",
            self.either(pair.mentor_id, wild),
            pair.public_id,
            lambda session, who: sessions.log_session(
                session,
                who,
                pair.public_id,
                token=token,
                topic_key=topic,
                starts_at=starts_at,
                minutes=minutes,
                seen=seen,
                now=clock.now(),
            ),
        )

    def answer_session(self, wild: bool) -> Act | None:
        one = self.one(
            "mentoring_session",
            wild,
            lambda row: row.state in {SessionState.WAITING, SessionState.CORRECTED} and row.answer_by >= clock.now(),
        )
        if one is None:
            return None
        if one.state is SessionState.CORRECTED:
            owner, action = one.mentor_id, self.chance.choice((SessionAction.ACCEPT, SessionAction.KEEP))
        else:
            [(owner, action)] = self.chance.choices(
                (
                    (one.newcomer_id, SessionAction.CONFIRM),
                    (one.newcomer_id, SessionAction.CORRECT),
                    (one.mentor_id, SessionAction.WITHDRAW),
                ),
                (70, 22, 8),
            )
        if self.wrong(wild):
            action = self.chance.choice(list(SessionAction))
        said = {key: self.chance.choice((True, False, None)) for key in self.behaviours[one.topic]}
        return self.act(
            f"{action.value}_session",
            self.either(owner, wild),
            one.public_id,
            lambda session, who: sessions.answer(
                session, who, one.public_id, action, said=said, line="不是这样", now=clock.now()
            ),
        )

    # --- rounds -------------------------------------------------------------------------------------------

    def create_round(self, wild: bool) -> Act | None:
        side = self.chance.choice(self.sides)
        over = {RoundState.FILED, RoundState.CANCELLED}
        live = self.all("selection_round", lambda row: row.state not in over and row.path.startswith(side))
        if len(live) >= 4 and not wild:
            return None
        units = [
            place for place, path in self.world.unit_paths.items() if path.startswith(side) and place.count(".") < 2
        ]
        place = self.chance.choice(list(self.world.unit_paths) if self.wrong(wild) else units)
        days = self.chance.choice((3, 5, 7, 10))
        last_day = clock.today() + timedelta(days=-1 if self.wrong(wild) and self.maybe(0.3) else days)
        notice_days = self.chance.choice((5, 5, 6, 8)) if not self.wrong(wild) else self.chance.choice((4, 5, 31))
        unit_id = self.world.unit_ids[place]
        return self.act(
            "create_round",
            self.official(side, wild),
            place,
            lambda session, who: rounds.create_round(
                session,
                who,
                session.get_one(OrgUnit, unit_id),
                title="选拔",
                last_day=last_day,
                notice_days=notice_days,
                channel="电话 0472-555 0120",
                now=clock.now(),
            ),
        )

    def _in_round(
        self,
        wild: bool,
        name: str,
        fits: Callable[[Row], bool],
        run: Callable[[Session, Identity, str], object],
    ) -> Act | None:
        found = self.one("selection_round", wild, fits)
        if found is None:
            return None
        by = self.official(found.path, wild)
        return self.act(name, by, found.public_id, lambda session, who: run(session, who, found.public_id))

    def places_in(self, round_id: int) -> list[Row]:
        return self.all("selection_place", lambda row: row.round_id == round_id)

    def cases_in(self, round_id: int, *states: CaseState) -> list[Row]:
        return self.all(
            "selection_application", lambda row: row.round_id == round_id and (not states or row.state in states)
        )

    def notice_in(self, round_id: int) -> Row | None:
        found = self.all("public_notice", lambda row: row.round_id == round_id and row.state is NoticeState.RUNNING)
        return found[0] if found else None

    def add_place(self, wild: bool) -> Act | None:
        found = self.one(
            "selection_round",
            wild,
            lambda row: row.state is RoundState.DRAFT and (not self.places_in(row.id) or self.maybe(0.1)),
        )
        if found is None:
            return None
        places = self.places_in(found.id)
        if places and self.maybe(0.2):
            gone = self.chance.choice(places).public_id
            return self.act(
                "remove_place",
                self.official(found.path, wild),
                found.public_id,
                lambda session, who: rounds.remove_place(session, who, found.public_id, gone, now=clock.now()),
            )
        grids = [key for key, path in self.grids.items() if self.wrong(wild) or path.startswith(found.path)]
        grid, post = self.chance.choice(grids or list(self.grids)), self.chance.choice(list(Post))
        employment = self.chance.choice((Employment.FULL_TIME, Employment.PART_TIME, Employment.VILLAGE_AUXILIARY))
        number = self.chance.choice((1, 1, 2)) if not self.wrong(wild) else self.chance.choice((0, 1, 100))
        return self.act(
            "add_place",
            self.official(found.path, wild),
            found.public_id,
            lambda session, who: rounds.add_place(
                session,
                who,
                found.public_id,
                session.get_one(OrgUnit, grid),
                post,
                employment,
                number,
                now=clock.now(),
            ),
        )

    def set_rule(self, wild: bool) -> Act | None:
        weights = [Decimal(each) for each in self.chance.choice(((50, 50, 0, 0), (40, 40, 10, 10), (70, 10, 20, 0)))]
        if self.wrong(wild):
            weights[0] += 5
        return self._in_round(
            wild,
            "set_rule",
            lambda row: row.state in {RoundState.DRAFT, RoundState.OPEN},
            lambda session, who, public_id: rounds.set_rule(
                session,
                who,
                public_id,
                weights=dict(zip(Component, weights, strict=True)),
                age_bands=((45, 100), (60, 50)),
                education={"大专": 100, "高中": 60},
                reason="写明原因",
                now=clock.now(),
            ),
        )

    def open_round(self, wild: bool) -> Act | None:
        return self._in_round(
            wild,
            "open_round",
            lambda row: (
                row.state is RoundState.DRAFT and row.last_day >= clock.today() and bool(self.places_in(row.id))
            ),
            lambda session, who, public_id: rounds.open_round(session, who, public_id, now=clock.now()),
        )

    def close_round(self, wild: bool) -> Act | None:
        return self._in_round(
            wild,
            "close_round",
            lambda row: row.state is RoundState.OPEN and row.last_day < clock.today(),
            lambda session, who, public_id: rounds.close_round(session, who, public_id, now=clock.now()),
        )

    def cancel_round(self, wild: bool) -> Act | None:
        """Cancel a round that led nowhere, or now and then any."""
        is_any, reason = self.maybe(0.04), self.reason(wild)

        def fits(row: Row) -> bool:
            late = row.last_day < clock.today() - timedelta(days=0 if row.state is RoundState.DRAFT else 10)
            empty = not self.cases_in(row.id, *UNDECIDED, CaseState.APPROVED, CaseState.FILED)
            return row.state in {RoundState.DRAFT, RoundState.CLOSED, RoundState.POSTED} and (
                is_any or (late and empty)
            )

        return self._in_round(
            wild,
            "cancel_round",
            fits,
            lambda session, who, public_id: rounds.cancel_round(
                session, who, public_id, reason=reason, now=clock.now()
            ),
        )

    def certified(self) -> set[int]:
        """Return who holds a certificate that is in force."""
        return {row.person_id for row in self.all("certificate", lambda row: row.state is CertificateState.ISSUED)}

    def make_list(self, wild: bool) -> Act | None:
        certified = self.certified()
        return self._in_round(
            wild,
            "make_list",
            lambda row: (
                row.state is RoundState.CLOSED
                and not self.cases_in(row.id, CaseState.SUBMITTED, CaseState.COMPLETE)
                and any(each.person_id in certified for each in self.cases_in(row.id, CaseState.EXAMINED))
            ),
            lambda session, who, public_id: ranking.make_list(session, who, public_id, now=clock.now()),
        )

    def post_notice(self, wild: bool) -> Act | None:
        return self._in_round(
            wild,
            "post_notice",
            lambda row: row.state is RoundState.RANKED,
            lambda session, who, public_id: notices.post(session, who, public_id, now=clock.now()),
        )

    def extend_notice(self, wild: bool) -> Act | None:
        days, reason = self.chance.randint(5, 12), self.reason(wild)
        return self._in_round(
            wild,
            "extend_notice",
            lambda row: row.state is RoundState.POSTED,
            lambda session, who, public_id: notices.extend(
                session, who, public_id, working_days=days, reason=reason, now=clock.now()
            ),
        )

    def edit_notice(self, wild: bool) -> Act | None:
        """Post anew: after an upheld objection, or with the next on the list; now and then for nothing."""
        is_any, reason = self.maybe(0.15), self.reason(wild)
        upheld = {row.notice_id for row in self.all("objection", lambda row: row.is_upheld is True)}

        def fits(row: Row) -> bool:
            notice = self.notice_in(row.id)
            nobody = not self.cases_in(row.id, CaseState.PROPOSED)
            return row.state is RoundState.POSTED and (is_any or nobody or (notice is not None and notice.id in upheld))

        return self._in_round(
            wild,
            "edit_notice",
            fits,
            lambda session, who, public_id: notices.edit(
                session, who, public_id, channel="信箱", reason=reason, now=clock.now()
            ),
        )

    def finish_round(self, wild: bool) -> Act | None:
        return self._in_round(
            wild,
            "finish_round",
            lambda row: row.state is RoundState.POSTED and not self.cases_in(row.id, CaseState.PROPOSED),
            lambda session, who, public_id: deciding.finish(session, who, public_id, now=clock.now()),
        )

    def enter_year(self, wild: bool) -> Act | None:
        """Enter the holidays of the year or the next one; the printed years are known."""
        known = {row.year for row in self.all("holiday_year")} | set(printed_years())
        missing = [year for year in (clock.today().year, clock.today().year + 1) if year not in known]
        if not missing and not wild:
            return None
        year = self.chance.choice(missing or [clock.today().year, 2019])
        new_year = date(year, 1, 1)
        saturday = new_year + timedelta(days=(5 - new_year.weekday()) % 7 + 7)
        holidays = f"{new_year} 元旦\n{year}-10-01..{year}-10-07 国庆节" if not self.wrong(wild) else "元旦"
        return self.act(
            "enter_year",
            self.official(self.chance.choice(self.sides), wild),
            str(year),
            lambda session, who: calendar.enter_year(
                session, who, year, source="文件", holidays=holidays, workdays=f"{saturday} 元旦", now=clock.now()
            ),
        )

    # --- cases --------------------------------------------------------------------------------------------

    def _relatives(self, side: str) -> list[Declared]:
        if not self.maybe(0.3):
            return []
        kin = self.chance.choice([*self.holders(Role.OFFICIAL, side), *self.holders(Role.MENTOR, side)])
        return [Declared(self.person(kin).name, Relation.SIBLING)]

    def apply(self, wild: bool) -> Act | None:
        found = self.one(
            "selection_round", wild, lambda row: row.state is RoundState.OPEN and row.last_day >= clock.today()
        )
        if found is None:
            return None
        in_it = {row.person_id for row in self.cases_in(found.id) if row.state is not CaseState.WITHDRAWN}
        side = self.side(found.path)
        certified = self.certified() if self.maybe(0.7) else set(self.rows["person"])
        person = self.one(
            "person",
            wild,
            lambda row: (
                row.state in APPLYING and row.id not in in_it and row.path.startswith(side) and row.id in certified
            ),
        )
        places = self.all("selection_place") if self.wrong(wild) else self.places_in(found.id)
        if person is None or not places or person.state is StaffState.ENDED:
            return None
        place, kin = self.chance.choice(places).public_id, self._relatives(side)
        source = self.chance.choice(list(Source))
        if self.maybe(0.25):
            stated_on = clock.today() + timedelta(days=1 if self.wrong(wild) and self.maybe(0.3) else 0)
            return self.act(
                "enter_case",
                self.official(found.path, wild),
                found.public_id,
                lambda session, who: applications.enter(
                    session,
                    who,
                    found.public_id,
                    place,
                    person.staff_number,
                    source=source,
                    statement="我自愿报名。",
                    stated_on=stated_on,
                    relatives=kin,
                    now=clock.now(),
                ),
            )
        return self.act(
            "apply",
            person.id,
            found.public_id,
            lambda session, who: applications.apply(
                session,
                who,
                found.public_id,
                place,
                source=source,
                statement="我自愿报名。",
                relatives=kin,
                now=clock.now(),
            ),
        )

    def enter_outsider(self, wild: bool) -> Act | None:
        found = self.one(
            "selection_round", wild, lambda row: row.state is RoundState.OPEN and row.last_day >= clock.today()
        )
        if found is None or not self.places_in(found.id) or self.outsiders >= MOST_OUTSIDERS:
            return None
        self.outsiders += 1
        who_else = Outsider(
            name=f"外来{self.outsiders}",
            sex=Sex.FEMALE,
            birth_month="1990-05",
            education=self.chance.choice(("大专", "高中")),
            phone="13800001234",
        )
        place, kin = self.chance.choice(self.places_in(found.id)).public_id, self._relatives(self.side(found.path))
        return self.act(
            "enter_case",
            self.official(found.path, wild),
            found.public_id,
            lambda session, who: applications.enter(
                session,
                who,
                found.public_id,
                place,
                who_else,
                source=Source.RESIDENT,
                statement="我自愿报名。",
                stated_on=clock.today(),
                relatives=kin,
                now=clock.now(),
            ),
        )

    def path_of_case(self, case: Row) -> str:
        return str(self.rows["selection_round"][case.round_id].path)

    def _on_case(
        self,
        wild: bool,
        name: str,
        fits: Callable[[Row], bool],
        run: Callable[[Session, Identity, str], object],
        *,
        own: float = 0.05,
        apart: Callable[[Row], set[int]] = lambda _case: set(),
    ) -> Act | None:
        """``own``: how often the applicant tries it; ``apart``: who sensibly leaves it to somebody else."""
        case = self.one("selection_application", wild, fits)
        if case is None:
            return None
        path = self.path_of_case(case)
        others = [each for each in self.holders(Role.OFFICIAL, path) if each not in apart(case)]
        by = self.chance.choice(others) if others and not wild and self.maybe(0.8) else self.official(path, wild)
        if self.maybe(own):
            by = self.either(case.person_id, False)
        return self.act(name, by, case.public_id, lambda session, who: run(session, who, case.public_id))

    def examiners(self, case: Row) -> set[int]:
        """Return who has given an opinion on a case."""
        return {row.given_by_id for row in self.all("selection_opinion", lambda row: row.application_id == case.id)}

    def teachers(self, case: Row) -> set[int]:
        """Return who mentored the applicant or gave them a level by hand."""
        marked = self.all("recognition", lambda row: row.person_id == case.person_id)
        return {
            *(row.mentor_id for row in self.all("mentoring_pair", lambda row: row.newcomer_id == case.person_id)),
            *(by for row in marked for by in (row.proposed_by_id, row.decided_by_id)),
        }

    def busy(self, case: Row) -> set[int]:
        """Return who plainly has a part in a case."""
        listed = self.all("selection_ranking", lambda row: row.round_id == case.round_id)
        posted = self.all("public_notice", lambda row: row.round_id == case.round_id)
        answered = self.all("objection", lambda row: row.round_id == case.round_id)
        return {
            case.person_id,
            case.entered_by_id,
            case.checked_by_id,
            self.rows["selection_round"][case.round_id].created_by_id,
            *(row.made_by_id for row in listed),
            *(row.posted_by_id for row in posted),
            *(by for row in answered for by in (row.answered_by_id, row.entered_by_id)),
            *self.examiners(case),
            *self.teachers(case),
        }

    def check_case(self, wild: bool) -> Act | None:
        seen = SEEN if self.maybe(0.85) else (Paper.STATEMENT,)
        other = "差一张照片" if self.maybe(0.05) else ""
        return self._on_case(
            wild,
            "check_case",
            lambda row: row.state in {CaseState.SUBMITTED, CaseState.INCOMPLETE},
            lambda session, who, public_id: applications.check(
                session, who, public_id, seen=seen, other=other, now=clock.now()
            ),
        )

    def opine(self, wild: bool) -> Act | None:
        agreed, body, dated = self.maybe(0.96), self.chance.choice(list(Body)), clock.today()
        signer = f"{body.value}主任" if self.maybe(0.8) else "张三"
        return self._on_case(
            wild,
            "opine",
            lambda row: row.state is CaseState.COMPLETE,
            lambda session, who, public_id: opinions.give_opinion(
                session,
                who,
                public_id,
                body,
                is_agreed=agreed,
                text="走访过，情况属实。",
                signer=signer,
                dated=dated,
                now=clock.now(),
            ),
            apart=lambda case: self.examiners(case) | self.teachers(case),
        )

    def withdraw_case(self, wild: bool) -> Act | None:
        reason = self.reason(wild)
        return self._on_case(
            wild,
            "withdraw_case",
            lambda row: row.state in WITHDRAWABLE,
            lambda session, who, public_id: applications.withdraw(
                session, who, public_id, reason=reason, now=clock.now()
            ),
            own=0.5,
        )

    def object_to(self, wild: bool) -> Act | None:
        notice = self.one(
            "public_notice",
            wild,
            lambda row: row.state is NoticeState.RUNNING and (row.ends_on >= clock.today() or self.maybe(0.2)),
        )
        if notice is None:
            return None
        text = f"我有意见 {self.chance.randint(1, 999)}"
        found = self.rows["selection_round"][notice.round_id]
        if self.maybe(0.5):
            cases = self.cases_in(found.id, CaseState.PROPOSED)
            case = self.chance.choice(cases).public_id if cases and self.maybe(0.7) else ""
            return self.act(
                "enter_objection",
                self.official(found.path, wild),
                found.public_id,
                lambda session, who: notices.enter_objection(
                    session,
                    who,
                    found.public_id,
                    case_public_id=case,
                    channel=Channel.PHONE,
                    text=text,
                    contact="",
                    now=clock.now(),
                ),
            )
        return self.act(
            "object",
            None,
            notice.public_id,
            lambda session, _who: notices.object_to(session, notice.public_id, text=text, contact="", now=clock.now()),
        )

    def answer_objection(self, wild: bool) -> Act | None:
        found = self.one("objection", wild, lambda row: row.answered_at is None)
        if found is None:
            return None
        cases = self.cases_in(found.round_id)
        case = self.chance.choice(cases).public_id if cases and self.maybe(0.3) else ""
        posters = [row.posted_by_id for row in self.all("public_notice", lambda row: row.id == found.notice_id)]
        path = self.rows["selection_round"][found.round_id].path
        able = [each for each in posters if each in self.holders(Role.OFFICIAL, path)]
        by = self.chance.choice(able) if able and not wild else self.official(path, wild)
        is_upheld = self.maybe(0.12)
        return self.act(
            "answer_objection",
            by,
            found.public_id,
            lambda session, who: notices.answer(
                session, who, found.public_id, is_upheld=is_upheld, text="查过了", case_public_id=case, now=clock.now()
            ),
        )

    def _is_over(self, case: Row) -> bool:
        notice = self.notice_in(case.round_id)
        return notice is not None and notice.ends_on < clock.today()

    def approve(self, wild: bool) -> Act | None:
        """Approve who was proposed, when the notice is over; now and then too early, or by who posted the list."""
        is_any, overlooks = wild or self.maybe(0.15), self.maybe(0.2)
        return self._on_case(
            wild,
            "approve",
            lambda row: row.state is CaseState.PROPOSED and (is_any or self._is_over(row)),
            lambda session, who, public_id: deciding.approve(session, who, public_id, now=clock.now()),
            apart=self.teachers if overlooks else self.busy,
        )

    def refuse(self, wild: bool) -> Act | None:
        reason = self.reason(wild)
        return self._on_case(
            wild,
            "refuse",
            lambda row: row.state is CaseState.PROPOSED,
            lambda session, who, public_id: deciding.refuse(session, who, public_id, reason=reason, now=clock.now()),
        )

    def file(self, wild: bool) -> Act | None:
        number = f"云网备〔{clock.today().year}〕{self.chance.randint(1, 999)}号"
        filed_on = clock.today() + timedelta(days=1 if self.wrong(wild) and self.maybe(0.2) else 0)
        return self._on_case(
            wild,
            "file",
            lambda row: row.state is CaseState.APPROVED,
            lambda session, who, public_id: deciding.file(
                session, who, public_id, number=number, filed_on=filed_on, office="区网格中心", now=clock.now()
            ),
        )

    # --- persons ------------------------------------------------------------------------------------------

    def _move_person(self, wild: bool, action: PersonAction, *states: StaffState) -> Act | None:
        """Move somebody's state; officials in earnest never, or nobody would be left to act."""
        officials = [each for side in self.sides for each in self.holders(Role.OFFICIAL, side)]
        person = self.one("person", wild, lambda row: row.state in states and row.id not in officials)
        if person is None or (person.id in officials and action in LEAVING):
            return None
        reason = self.reason(wild)
        return self.act(
            f"{action.value}_person",
            self.official(self.side(person.path), wild),
            person.staff_number,
            lambda session, who: standing.change_state(
                session, who, session.get_one(Person, person.id), action, reason=reason, now=clock.now()
            ),
        )

    def suspend(self, wild: bool) -> Act | None:
        return self._move_person(wild, PersonAction.SUSPEND, StaffState.ACTIVE)

    def reinstate(self, wild: bool) -> Act | None:
        return self._move_person(wild, PersonAction.REINSTATE, StaffState.SUSPENDED)

    def second(self, wild: bool) -> Act | None:
        return self._move_person(wild, PersonAction.SECOND, StaffState.ACTIVE)

    def bring_back(self, wild: bool) -> Act | None:
        return self._move_person(wild, PersonAction.RETURN, StaffState.SECONDED)

    def end(self, wild: bool) -> Act | None:
        return self._move_person(wild, PersonAction.END, *(set(StaffState) - {StaffState.ENDED}))

    def come_back(self, wild: bool) -> Act | None:
        action = self.chance.choice((PersonAction.COME_BACK, PersonAction.COME_BACK, PersonAction.FILE))
        return self._move_person(wild, action, StaffState.ENDED)

    def hold_post(self, wild: bool) -> Act | None:
        serving = {StaffState.ACTIVE, StaffState.TRAINEE}
        person = self.one("person", wild, lambda row: row.state in serving and not self.roles.get(row.id))
        if person is None:
            return None
        side = self.side(person.path)
        grid = self.chance.choice(
            [key for key, path in self.grids.items() if self.wrong(wild) or path.startswith(side)]
        )
        post, employment = self.chance.choice(list(Post)), self.chance.choice(list(Employment))
        starts_on = clock.today() + timedelta(days=self.chance.choice((0, 0, 0, -10, 7)))
        length = self.chance.choice((None, None, 40, -1 if self.wrong(wild) else 40))
        ends_on = None if length is None else starts_on + timedelta(days=length)
        return self.act(
            "hold_post",
            self.official(side, wild),
            person.staff_number,
            lambda session, who: posts.hold_post(
                session,
                who,
                session.get_one(Person, person.id),
                session.get_one(OrgUnit, grid),
                post,
                employment,
                starts_on=starts_on,
                ends_on=ends_on,
                now=clock.now(),
            ),
        )

    def end_post(self, wild: bool) -> Act | None:
        held = self.one("post_holding", wild, lambda row: row.ends_on is None or row.ends_on > clock.today())
        if held is None:
            return None
        last_day = clock.today() + timedelta(days=self.chance.choice((0, 0, 5, 20)))
        return self.act(
            "end_post",
            self.official(self.side(self.grids[held.unit_id]), wild),
            held.public_id,
            lambda session, who: posts.end_post(
                session, who, session.get_one(PostHolding, held.id), last_day, reason="写明原因", now=clock.now()
            ),
        )

    def correct(self, wild: bool) -> Act | None:
        """Write an education that was missing, or move somebody to another grid."""
        person = self.one("person", wild, lambda row: not row.education or self.maybe(0.02))
        if person is None:
            return None
        side = self.side(person.path)
        grids = [key for key, path in self.grids.items() if self.wrong(wild) or path.startswith(side)]
        unit = self.chance.choice(grids) if person.education else None

        def run(session: Session, who: Identity) -> object:
            found = session.get_one(Person, person.id)
            data = persons.PersonData(
                staff_number=found.staff_number,
                name=found.name,
                sex=found.sex,
                birth_month=found.birth_month,
                education=found.education or "高中",
                phone=found.phone,
                joined_on=found.joined_on,
            )
            home = found.unit if unit is None else session.get_one(OrgUnit, unit)
            return persons.correct_person(session, who, found, home, data, now=clock.now())

        return self.act("correct", self.official(side, wild), person.staff_number, run)

    # --- levels and certificates --------------------------------------------------------------------------

    def quiz(self, wild: bool) -> Act | None:
        """Let an attempt be marked: passed or not, now and then with a line crossed or made good."""
        person = self.one("person", wild, lambda row: row.state in SERVING and not self.roles.get(row.id))
        if person is None:
            return None
        code, is_good, is_critical = self.chance.choice(CODES), self.maybe(0.8), self.maybe(0.25)
        items = [
            ItemResult(
                code=code,
                item_key=f"{code.lower()}-{number}",
                correctness=Decimal(1) if is_good or self.maybe(0.3) else Decimal("0.5"),
                is_critical=is_critical and number == 0,
                is_line_crossed=is_critical and number == 0 and not is_good,
            )
            for number in range(4)
        ]
        attempt = new_public_id()
        return self.act(
            "quiz",
            person.id,
            f"{person.staff_number} {code}",
            lambda session, who: competency.add_quiz_evidence(
                session, who, person.id, attempt_public_id=attempt, at=clock.now(), is_passed=is_good, items=items
            ),
        )

    def scenario(self, wild: bool) -> Act | None:
        person = self.one("person", wild, lambda row: row.state in SERVING and not self.roles.get(row.id))
        if person is None:
            return None
        code, is_good, source = self.chance.choice(CODES), self.maybe(0.8), new_public_id()
        new = competency.NewEvidence(
            code=code, kind=EvidenceKind.SCENARIO, asked=4, shown=Decimal(4 if is_good else 1), is_passed=is_good
        )
        return self.act(
            "scenario",
            person.id,
            f"{person.staff_number} {code}",
            lambda session, who: competency.add_evidence(
                session, who, person.id, [new], source_type="scenario_run", source_id=source, at=clock.now()
            ),
        )

    def propose_recognition(self, wild: bool) -> Act | None:
        """Propose a level: the mentors' own first, then what duty items ask of who is on duty."""
        live = {RecognitionState.PROPOSED, RecognitionState.IN_FORCE}
        there = {(row.person_id, row.code) for row in self.all("recognition", lambda row: row.state in live)}
        mentors = sorted({each for side in self.sides for each in self.holders(Role.MENTOR, side)})
        wanted = [(each, code, 3) for each in mentors for code in GOOD if (each, code) not in there]
        if not wanted or self.maybe(0.5):
            having = self.certified() & {row.person_id for row in self.all("post_holding")}
            wanted = [
                (row.id, code, self.chance.choice((2, 3, 3)))
                for row in self.all("person", lambda row: row.state is StaffState.ACTIVE and row.id in having)
                for code in CODES
                if (row.id, code) not in there
            ]
        if not wanted:
            return None
        person_id, code, level = self.chance.choice(wanted)
        if self.wrong(wild):
            person_id, level = self.anybody(), self.chance.choice((0, 4, 5))
        person = self.person(person_id)
        basis, basis_on = ("岗位考核表", clock.today()) if not self.wrong(wild) else ("", clock.today())
        return self.act(
            "propose_recognition",
            self.official(self.side(person.path), wild),
            f"{person.staff_number} {code}",
            lambda session, who: competency.propose_recognition(
                session, who, person.public_id, code, level, basis=basis, basis_on=basis_on, now=clock.now()
            ),
        )

    def _decide_recognition(self, wild: bool, action: RecognitionAction, state: RecognitionState) -> Act | None:
        found = self.one("recognition", wild, lambda row: row.state is state)
        if found is None:
            return None
        begun_by = found.proposed_by_id if not wild else None
        return self.act(
            f"{action.value}_recognition",
            self.official(self.side_of(found.person_id), wild, but_for=begun_by),
            found.public_id,
            lambda session, who: competency.decide_recognition(
                session, who, found.public_id, action, reason="写明原因", now=clock.now()
            ),
        )

    def confirm_recognition(self, wild: bool) -> Act | None:
        action = RecognitionAction.REFUSE if self.maybe(0.06) else RecognitionAction.CONFIRM
        return self._decide_recognition(wild, action, RecognitionState.PROPOSED)

    def end_recognition(self, wild: bool) -> Act | None:
        return self._decide_recognition(wild, RecognitionAction.END, RecognitionState.IN_FORCE)

    def pass_courses(self, _wild: bool) -> Act | None:
        """Leave somebody with the courses passed that the certificate rests on."""
        with_post = {row.person_id for row in self.all("post_holding")}
        person = self.one(
            "person",
            False,
            lambda row: (
                row.id not in self.schooled
                and (row.state is StaffState.TRAINEE or (row.state is StaffState.ACTIVE and row.id in with_post))
            ),
        )
        if person is None:
            return None
        self.schooled.add(person.id)

        def run(session: Session, _who: Identity) -> None:
            for course in certificates.COURSES:
                found = session.get_one(Person, person.id)
                certificates.enrol(session, found, course, passed_at=clock.now())

        return self.act("pass_courses", person.id, person.staff_number, run)

    def propose_certificate(self, wild: bool) -> Act | None:
        having = {row.person_id for row in self.all("certificate", lambda row: row.state in LIVE_CERTIFICATES)}
        person = self.one("person", wild, lambda row: row.id in self.schooled - having and row.state in SERVING)
        if person is None:
            return None
        return self.act(
            "propose_certificate",
            self.official(self.side(person.path), wild),
            person.staff_number,
            lambda session, who: issuing.propose(
                session, who, session.get_one(Person, person.id), certificates.KIND, now=clock.now()
            ),
        )

    def _on_certificate(
        self,
        wild: bool,
        name: str,
        state: CertificateState,
        run: Callable[[Session, Identity, str], object],
    ) -> Act | None:
        found = self.one("certificate", wild, lambda row: row.state is state)
        if found is None:
            return None
        begun_by = found.revocation_proposed_by_id or found.proposed_by_id
        return self.act(
            name,
            self.official(self.side_of(found.person_id), wild, but_for=None if wild else begun_by),
            found.public_id,
            lambda session, who: run(session, who, found.public_id),
        )

    def sign_certificate(self, wild: bool) -> Act | None:
        if self.maybe(0.06):
            return self._on_certificate(
                wild,
                "refuse_certificate",
                CertificateState.PROPOSED,
                lambda session, who, public_id: issuing.refuse(
                    session, who, public_id, reason="写明原因", now=clock.now()
                ),
            )
        return self._on_certificate(
            wild,
            "sign_certificate",
            CertificateState.PROPOSED,
            lambda session, who, public_id: issuing.sign_off(
                session, who, public_id, address=certificates.ADDRESS, now=clock.now()
            ),
        )

    def propose_revocation(self, wild: bool) -> Act | None:
        return self._on_certificate(
            wild,
            "propose_revocation",
            CertificateState.ISSUED,
            lambda session, who, public_id: revoking.propose_revocation(
                session, who, public_id, reason="写明原因", now=clock.now()
            ),
        )

    def revoke(self, wild: bool) -> Act | None:
        if self.maybe(0.3):
            return self._on_certificate(
                wild,
                "withdraw_revocation",
                CertificateState.REVOCATION_PROPOSED,
                lambda session, who, public_id: revoking.withdraw_revocation(session, who, public_id, now=clock.now()),
            )
        return self._on_certificate(
            wild,
            "revoke",
            CertificateState.REVOCATION_PROPOSED,
            lambda session, who, public_id: revoking.revoke(session, who, public_id, now=clock.now()),
        )

    def acknowledge(self, wild: bool) -> Act | None:
        """Let somebody confirm the list they see, or one they saw before."""
        with_post = {row.person_id for row in self.all("post_holding")}
        person = self.one("person", wild, lambda row: row.id in with_post and row.state is not StaffState.ENDED)
        if person is None or person.state is StaffState.ENDED:
            return None
        with self.db.reading() as session:
            found = people.person_with_id(session, person.id)
            digest = duty_queries.list_view(session, found, duty_queries.texts(session), "zh").digest
        digest = "0" * 64 if self.wrong(wild) else digest
        return self.act(
            "acknowledge",
            person.id,
            person.staff_number,
            lambda session, who: duties.acknowledge(session, who, digest, now=clock.now()),
        )


MOST_OUTSIDERS = 16
"""How many are entered from outside, so that the office stays small."""
LEAVING = {PersonAction.END, PersonAction.SUSPEND, PersonAction.SECOND}
CODES = ("PUB1", "INS1", "INS2", "FUP1", "BND1", "ETH1", "ETH2", "DIG2")
"""The competencies whose levels go up and down: those that most duty items ask for."""
SWEEPS: Sequence[tuple[str, Callable[[Database], None]]] = (
    ("sweep_levels", competency_tasks.expire_due),
    ("sweep_certificates", certification_tasks.expire_due),
    ("sweep_sessions", mentoring_tasks.lapse_unanswered),
    ("sweep_duties", duty_tasks.refresh_due),
)
"""What the worker does once a minute to these tables. Here it sleeps for days."""
WEIGHTS: Mapping[str, int] = {
    "wait": 60,
    "sweep": 25,
    "propose_pair": 30,
    "accept": 50,
    "withdraw_pair": 2,
    "extend_pair": 6,
    "complete_pair": 30,
    "end_pair": 1,
    "change_mentor": 4,
    "checkpoint": 70,
    "log_session": 35,
    "answer_session": 50,
    "create_round": 22,
    "add_place": 70,
    "set_rule": 6,
    "open_round": 80,
    "close_round": 40,
    "cancel_round": 10,
    "make_list": 40,
    "post_notice": 40,
    "extend_notice": 5,
    "edit_notice": 12,
    "finish_round": 4,
    "enter_year": 20,
    "apply": 60,
    "enter_outsider": 8,
    "check_case": 60,
    "opine": 120,
    "withdraw_case": 3,
    "object_to": 12,
    "answer_objection": 40,
    "approve": 80,
    "refuse": 3,
    "file": 50,
    "suspend": 4,
    "reinstate": 10,
    "second": 3,
    "bring_back": 8,
    "end": 4,
    "come_back": 12,
    "hold_post": 8,
    "end_post": 4,
    "correct": 15,
    "quiz": 20,
    "scenario": 6,
    "propose_recognition": 45,
    "confirm_recognition": 60,
    "end_recognition": 6,
    "pass_courses": 40,
    "propose_certificate": 40,
    "sign_certificate": 50,
    "propose_revocation": 2,
    "revoke": 8,
    "acknowledge": 10,
}
"""Act → how often it is tried, in some thousandth."""


def dice(seed: int) -> Any:
    """Return what stands for the module ``secrets`` in ``lms.core.ids``, so that a history can be walked again."""
    chance = random.Random(seed)  # noqa: S311

    class Dice:
        choice = staticmethod(chance.choice)
        randbits = staticmethod(chance.getrandbits)

        @staticmethod
        def token_urlsafe(size: int) -> str:
            return "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=size * 2))

    return Dice
