"""What the tables refuse, whatever the code does."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from lms.competency.models import CompetencyEvidence, CompetencyLevel, LevelChange, Recognition
from lms.competency.rules import EvidenceKind, RecognitionState
from lms.core.db import Base, Database
from lms.core.ids import new_public_id
from tests.competency.conftest import Acts
from tests.world import NOW, World


def evidence(world: World, **change: Any) -> CompetencyEvidence:
    values: dict[str, Any] = {
        "public_id": new_public_id(),
        "person_id": world.person_ids["N1"],
        "code": "ETH1",
        "kind": EvidenceKind.QUIZ,
        "source_type": "quiz_attempt",
        "source_id": "a",
        "happened_at": NOW,
        "asked": 2,
        "shown": Decimal("1.5"),
        "is_passed": True,
        "is_confirmed": False,
        "is_critical_missed": False,
        "is_critical_right": False,
        "details": [],
    }
    return CompetencyEvidence(**values | change)


def recognition(world: World, **change: Any) -> Recognition:
    values: dict[str, Any] = {
        "public_id": new_public_id(),
        "person_id": world.person_ids["N1"],
        "code": "ETH1",
        "level": 2,
        "state": RecognitionState.PROPOSED,
        "basis": "文件",
        "basis_on": date(2026, 1, 1),
        "valid_until": date(2027, 1, 1),
        "proposed_by_id": world.person_ids["O1"],
        "proposed_at": NOW,
    }
    return Recognition(**values | change)


def level(world: World) -> CompetencyLevel:
    return CompetencyLevel(
        public_id=new_public_id(),
        person_id=world.person_ids["N1"],
        code="ETH1",
        level=1,
        is_insufficient=True,
        is_capped=False,
        parts={},
        changed_at=NOW,
    )


@pytest.mark.parametrize(
    "rows",
    [
        lambda world: [evidence(world, shown=Decimal("2.0001"))],
        lambda world: [evidence(world, shown=Decimal(-1))],
        lambda world: [evidence(world, asked=-1, shown=Decimal(-2))],
        lambda world: [evidence(world), evidence(world)],  # a source speaks once on a code
        lambda world: [recognition(world, level=0)],
        lambda world: [recognition(world, level=5)],
        lambda world: [recognition(world), recognition(world, state=RecognitionState.IN_FORCE)],
        lambda world: [level(world), level(world)],
    ],
)
def test_a_row_that_makes_no_sense_is_refused(db: Database, world: World, rows: Callable[[World], list[Base]]) -> None:
    session = db.new_writer()
    session.add_all(rows(world))
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()
    session.close()


def test_decided_recognitions_may_be_many(db: Database, world: World) -> None:
    session = db.new_writer()
    session.add_all([recognition(world, state=RecognitionState.ENDED) for _ in range(3)])
    session.add(recognition(world))
    session.flush()
    session.close()


@pytest.mark.parametrize("table", [CompetencyEvidence, LevelChange])
def test_what_has_happened_stays(acts: Acts, db: Database, table: type[Base]) -> None:
    acts.attempt()
    name = table.__tablename__
    for statement in (f"UPDATE {name} SET code = 'X'", f"DELETE FROM {name}"):
        with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
            connection.execute(sa.text(statement))
