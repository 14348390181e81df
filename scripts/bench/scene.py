"""What mentoring, selection and duty lists bring: much evidence of one person, and a round with many candidates.

Made by the services where that takes seconds. Where it would take minutes rows are copied in bulk from learners who
came all the way by the services; they have no entries in the trail, and ``disagreeing`` proves that levels and duty
lists are what a rebuild makes of them.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from lms.certification.models import Certificate
from lms.competency import queries as competency
from lms.competency import services as levels
from lms.competency.models import CompetencyEvidence, CompetencyLevel, LevelChange
from lms.competency.rules import EvidenceKind
from lms.config import Settings
from lms.core import clock
from lms.core.db import Database
from lms.core.ids import new_public_id, new_readable_code
from lms.courses.models import Enrolment
from lms.people import queries as people
from lms.people.models import Person
from lms.people.rules import Employment, Post
from lms.quizzes.models import QuizAttempt
from lms.selection import queries as selection
from lms.selection.models import SelectionApplication, SelectionOpinion
from lms.selection.rules import Body, CaseState, Component, Source
from lms.selection.services import ranking, rounds
from scripts.bench.instance import MENTOR, NEWCOMER, PROPOSER, SIGNER, Learner, identity_of

EVIDENCE = 500
CODE = "BND1"
"""The competency of which one person has all that evidence."""
CANDIDATES = 500
PATTERNS = 20
"""So many learners are copied to make the candidates."""
POSTS = (Post.INSPECTION, Post.INFORMATION, Post.MEDIATION_SERVICE, Post.FOLLOW_UP)
EDUCATION = {"本科": 100, "大专": 80, "高中": 60}
AGES = ((35, 100), (45, 80), (60, 60))
WEIGHTS = {Component.COMPETENCY: 40, Component.QUIZ: 40, Component.AGE: 10, Component.EDUCATION: 10}
OPENED_BEFORE, CLOSED_BEFORE = timedelta(days=9), timedelta(days=2)


# --- much evidence of one person ---------------------------------------------------------------------------


def add_evidence(db: Database, learner: Learner, count: int) -> None:
    """Give a learner pieces of observed evidence in one competency: all but the last in bulk, that by the service.

    The last one computes the level anew, and with it the duty list, from all there is.
    """
    mentor, now = identity_of(db, MENTOR), clock.now()
    with db.writing() as session:
        person = people.person_with_staff_number(session, learner.number)
        behaviours = competency.framework(session).by_code[CODE].levels[2].seen
        there = len(competency.evidence_of(session, person.id, CODE))
        seen = [
            levels.SeenBehaviour(code=CODE, key=each.key, words=each.text, is_shown=number > 0)
            for number, each in enumerate(behaviours)
        ]
        details = [{"key": each.key, "words": each.words, "correctness": str(int(each.is_shown))} for each in seen]
        rows = [
            {
                "public_id": new_public_id(),
                "person_id": person.id,
                "code": CODE,
                "kind": EvidenceKind.OBSERVED,
                "source_type": levels.MENTORING_SESSION,
                "source_id": new_public_id(),
                "happened_at": now - timedelta(days=number),
                "asked": len(seen),
                "shown": Decimal(sum(each.is_shown for each in seen)),
                "is_passed": False,
                "is_confirmed": True,
                "is_critical_missed": False,
                "is_critical_right": False,
                "details": details,
            }
            for number in range(1, count - there)
        ]
        session.execute(sa.insert(CompetencyEvidence), rows)
        levels.add_observed_evidence(
            session,
            mentor,
            person.id,
            session_public_id=new_public_id(),
            at=now,
            is_confirmed=True,
            seen=seen,
            now=now,
        )


# --- many candidates ---------------------------------------------------------------------------------------


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value with public ids exchanged, also those inside of JSON."""
    if isinstance(value, dict | list):
        text = json.dumps(value)
        for old, new in names.items():
            text = text.replace(old, new)
        return json.loads(text)
    return names.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class _Pattern:
    """All rows of a learner that a list is made from, by table."""

    person: Mapping[str, Any]
    rows: Mapping[sa.Table, Sequence[Mapping[str, Any]]]


def _table(model: Any) -> sa.Table:
    table: sa.Table = model.__table__
    return table


COPIED = tuple(
    _table(model) for model in (QuizAttempt, Enrolment, CompetencyEvidence, CompetencyLevel, LevelChange, Certificate)
)


def _pattern(connection: sa.Connection, number: str) -> _Pattern:
    people_table = _table(Person)
    person = connection.execute(sa.select(people_table).where(people_table.c.staff_number == number)).one()._asdict()
    return _Pattern(
        person,
        {
            table: [
                row._asdict()
                for row in connection.execute(
                    sa.select(table).where(table.c.person_id == person["id"]).order_by(table.c.id)
                )
            ]
            for table in COPIED
        },
    )


def copied(row: Mapping[str, Any], names: Mapping[str, str], **changes: Any) -> dict[str, Any]:
    """Return a row to be inserted: without its id, public ids exchanged, ``changes`` where the table has the column."""
    kept = {name: _renamed(value, names) for name, value in row.items() if name != "id"}
    return kept | {name: value for name, value in changes.items() if name in row}


def add_candidates(db: Database, learners: Sequence[Learner], unit_id: int, count: int) -> list[int]:
    """Add candidates of a unit, each with courses, quizzes, evidence, levels and a certificate; return their ids.

    They hold no post, so they have no duty list.
    """
    people_table = _table(Person)
    with db.engine.begin() as connection:
        patterns = [_pattern(connection, each.number) for each in learners[:PATTERNS]]
        numbers = [f"BK{each:04d}" for each in range(count)]
        persons = [
            copied(
                patterns[at % len(patterns)].person,
                {},
                public_id=new_public_id(),
                staff_number=number,
                unit_id=unit_id,
                birth_month=f"{1970 + at % 30}-{at % 12 + 1:02d}",
                education=list(EDUCATION)[at % len(EDUCATION)],
            )
            for at, number in enumerate(numbers)
        ]
        connection.execute(sa.insert(people_table), persons)
        found = connection.execute(
            sa.select(people_table.c.id)
            .where(people_table.c.staff_number.in_(numbers))
            .order_by(people_table.c.staff_number)
        )
        ids = list(found.scalars())
        added: dict[sa.Table, list[dict[str, Any]]] = {table: [] for table in COPIED}
        for at, person_id in enumerate(ids):
            pattern = patterns[at % len(patterns)]
            names = {
                row["public_id"]: new_public_id()
                for rows in pattern.rows.values()
                for row in rows
                if "public_id" in row
            }
            for table, rows in pattern.rows.items():
                added[table] += [
                    copied(
                        row,
                        names,
                        person_id=person_id,
                        series="BENCH",
                        serial=at + 1,
                        number=f"BENCH-{at + 1}" if table.name == "certificate" else row.get("number"),
                        verify_code=new_public_id(),
                        typed_code=new_readable_code(10),
                    )
                    for row in rows
                ]
        for table, new in added.items():
            connection.execute(sa.insert(table), new)
    return ids


def open_and_close_round(db: Database, learners: Sequence[Learner], count: int) -> str:
    """Make a round by the services, with so many examined applications in it; return its public id."""
    official, second = identity_of(db, PROPOSER), identity_of(db, SIGNER)
    now = clock.now()
    opened = now - OPENED_BEFORE
    with db.writing() as session:
        grid = people.person_with_staff_number(session, NEWCOMER).unit
        community = grid.parent
        assert community is not None
        public_id = rounds.create_round(
            session,
            official,
            community,
            title="五百人选拔",
            last_day=clock.local_date(now - CLOSED_BEFORE),
            notice_days=5,
            channel="街道党群办",
            now=opened,
        ).public_id
        places = [
            rounds.add_place(session, official, public_id, grid, post, Employment.FULL_TIME, 25, now=opened)
            for post in POSTS
        ]
        place_ids = [each.id for each in places]
        rounds.set_rule(
            session,
            official,
            public_id,
            weights={each: Decimal(weight) for each, weight in WEIGHTS.items()},
            age_bands=AGES,
            education=EDUCATION,
            reason="",
            now=opened,
        )
        rounds.open_round(session, official, public_id, now=opened)
        round_id, community_id = selection.id_of_round(session, public_id), community.id
    ids = add_candidates(db, learners, community_id, count)
    assert official.person_id is not None
    assert second.person_id is not None
    applications, opinions = _table(SelectionApplication), _table(SelectionOpinion)
    with db.engine.begin() as connection:
        connection.execute(
            sa.insert(applications),
            [
                {
                    "public_id": new_public_id(),
                    "round_id": round_id,
                    "place_id": place_ids[at % len(place_ids)],
                    "person_id": person_id,
                    "state": CaseState.EXAMINED,
                    "source": Source.RESIDENT,
                    "statement": "我自愿报名网格员岗位，所填情况属实，服从街道安排。",
                    "stated_on": clock.local_date(opened),
                    "submitted_at": opened + timedelta(minutes=at),
                    "missing": [],
                    "checked_by_id": official.person_id,
                    "checked_at": opened + timedelta(days=1),
                }
                for at, person_id in enumerate(ids)
            ],
        )
        cases = connection.execute(sa.select(applications.c.id).where(applications.c.round_id == round_id)).scalars()
        connection.execute(
            sa.insert(opinions),
            [
                {
                    "public_id": new_public_id(),
                    "application_id": case,
                    "body": body,
                    "is_agreed": True,
                    "text": "为人热心，同意。",
                    "signer": "社区",
                    "dated": clock.local_date(opened) + timedelta(days=2),
                    "given_by_id": by,
                    "given_at": opened + timedelta(days=2),
                }
                for case in cases
                for body, by in (
                    (Body.PARTY_COMMITTEE, official.person_id),
                    (Body.RESIDENTS_COMMITTEE, second.person_id),
                )
            ],
        )
    with db.writing() as session:
        rounds.close_round(session, official, public_id, now=now)
    return public_id


@dataclass(frozen=True)
class Listed:
    """How long a list took to make, and to compute again from its snapshot; ``lines``: how many stand on it."""

    seconds: float
    again: float
    lines: int
    is_same: bool


def make_list(db: Database, round_id: str) -> Listed:
    """Make the list of a round by the service, committed, and compute it again."""
    official = identity_of(db, PROPOSER)
    began = time.perf_counter()
    with db.writing() as session:
        ranking.make_list(session, official, round_id, now=clock.now())
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    with db.reading() as session:
        found = ranking.recompute(session, round_id)
    again = time.perf_counter() - began
    lines = sum("\tyes\n" in line or "\tno\n" in line for line in found.text.splitlines(keepends=True))
    return Listed(seconds, again, lines, found.same and found.snapshot_intact)


# --- the proof ---------------------------------------------------------------------------------------------


def disagreeing(settings: Settings) -> dict[str, str]:
    """Return what ``lms competency rebuild --check`` and ``lms duties rebuild --check`` find; empty for nothing."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    environment |= {"LMS_INSTANCE": str(settings.instance), "LMS_LOG_LEVEL": settings.log_level}
    checks = {
        group: subprocess.Popen(
            [sys.executable, "-m", "lms", group, "rebuild", "--check"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for group in ("competency", "duties")
    }
    found = {}
    for group, check in checks.items():
        told, _ = check.communicate()
        found[group] = "" if check.returncode == 0 else (told.strip().splitlines() or ["no output"])[-1]
    return found
