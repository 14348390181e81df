"""The worker's round."""

from datetime import timedelta

import pytest

from lms import registry
from lms.competency import tasks
from lms.core import clock
from lms.core.db import Database
from tests.competency.conftest import Acts
from tests.racing import all_fine, together
from tests.world import NOW


def test_the_worker_calls_it() -> None:
    assert tasks.expire_due in registry.SCHEDULE


def test_a_round_takes_so_many_and_the_next_takes_the_rest(
    acts: Acts, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("N1", "N2", "M1"):
        acts.attempt(number)
    monkeypatch.setattr(tasks, "AT_ONCE", 2)
    clock.freeze(NOW + timedelta(days=800))
    tasks.expire_due(db)
    assert [acts.view(number).level for number in ("N1", "N2", "M1")] == [0, 0, 1]
    tasks.expire_due(db)
    assert acts.view("M1").level == 0
    assert acts.differences() == []


def test_two_rounds_at_once_do_the_same_work_once(acts: Acts, db: Database) -> None:
    acts.attempt()
    acts.recognise(level=3)
    clock.freeze(NOW + timedelta(days=800))
    all_fine(together(*[lambda: tasks.expire_due(db)] * 2))
    assert acts.tags().count("competency:recognition:ended") == 1
    assert acts.differences() == []
