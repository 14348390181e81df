"""Levels, evidence and recognitions are read within reach, in few queries."""

from datetime import timedelta

import pytest

from lms.access.permissions import Permission
from lms.competency import queries
from lms.competency.rules import EvidenceKind, RecognitionAction, RecognitionState
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Forbidden, NotFound
from tests.competency.conftest import Acts
from tests.conftest import CountQueries, Site
from tests.world import NOW, TODAY, World


@pytest.mark.parametrize("reader", ["N1", "L1", "O1", "T1"])
def test_levels_are_read_within_reach(acts: Acts, db: Database, world: World, reader: str) -> None:
    acts.attempt()
    with db.reading() as session:
        levels = queries.levels_of(session, world.identity(db, reader), world.person_ids["N1"])
    assert list(levels)[:2] == ["ETH1", "ETH2"]
    assert len(levels) == 18
    assert (levels["ETH1"].level, levels["ETH2"].level) == (1, 0)
    assert levels["ETH1"].changed_at == NOW
    assert levels["ETH2"].changed_at is None


@pytest.mark.parametrize(
    ("reader", "refused"),
    [("N2", NotFound), ("M1", NotFound), ("O9", NotFound), ("N9", NotFound)],
)
def test_out_of_reach_looks_like_not_there(
    acts: Acts, db: Database, world: World, reader: str, refused: type[Exception]
) -> None:
    with db.reading() as session, pytest.raises(refused):
        queries.levels_of(session, world.identity(db, reader), world.person_ids["N1"])


def test_levels_of_one_person_take_five_queries(
    acts: Acts, db: Database, world: World, count_queries: CountQueries
) -> None:
    for code in ("ETH1", "ETH2", "LAW1"):
        acts.attempt(code=code)
    identity = world.identity(db, "O1")
    acts.view()
    with count_queries(db) as statements, db.reading() as session:
        queries.levels_of(session, identity, world.person_ids["N1"])
    assert len(statements) <= 5


def test_evidence_and_changes_come_latest_first(acts: Acts, db: Database, world: World) -> None:
    first = acts.attempt()
    clock.freeze(NOW + timedelta(days=1))
    second = acts.attempt(marks="0 0 0 1")
    with db.reading() as session:
        rows = queries.evidence_of(session, world.person_ids["N1"], "ETH1")
        changes = queries.changes_of(session, world.person_ids["N1"], "ETH1")
    assert [row.source_id for row in rows] == [second, first]
    assert [(row.before, row.after) for row in changes] == [(1, 0), (0, 1)]


def test_recognitions_wait_for_those_within_reach(acts: Acts, db: Database, world: World) -> None:
    waiting = acts.propose("N2")
    in_force = acts.recognise("N1")
    with db.reading() as session:

        def listed(number: str, state: RecognitionState) -> list[str]:
            found = queries.live_recognitions(session, world.identity(db, number), state)
            return [each.public_id for each in found.rows]

        assert listed("O2", RecognitionState.PROPOSED) == [waiting]
        assert listed("O2", RecognitionState.IN_FORCE) == [in_force]
        assert listed("O9", RecognitionState.PROPOSED) == []
        with pytest.raises(Forbidden):
            listed("N1", RecognitionState.PROPOSED)
        for look in (queries.recognition_view, queries.recognition_by_public_id):
            with pytest.raises(NotFound):
                look(session, world.identity(db, "O9"), Permission.RECOGNITION_CONFIRM, waiting)


def test_who_is_due(acts: Acts, db: Database, world: World) -> None:
    acts.attempt("N1")
    acts.recognise("N2")
    acts.other(EvidenceKind.OBSERVED, "M1")
    ids = {number: world.person_ids[number] for number in ("N1", "N2", "M1")}
    with db.reading() as session:
        assert queries.persons_due(session, TODAY, 10) == []
        assert queries.persons_due(session, TODAY + timedelta(days=181), 10) == [ids["M1"]]
        assert queries.persons_due(session, TODAY + timedelta(days=366), 10) == sorted([ids["M1"], ids["N2"]])
        assert queries.persons_due(session, TODAY + timedelta(days=900), 2) == sorted(ids.values())[:2]
        assert queries.persons_with_something(session) == sorted(ids.values())
    acts.decide(acts.propose("L1"), RecognitionAction.REFUSE)
    with db.reading() as session:
        assert world.person_ids["L1"] in queries.persons_with_something(session)


def test_without_the_files_there_is_no_framework(empty_site: Site) -> None:
    with pytest.raises(NotFound), empty_site.db.reading() as session:
        queries.framework(session)
