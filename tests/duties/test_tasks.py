"""The worker's round."""

from datetime import timedelta

import pytest

from lms import registry
from lms.core import clock
from lms.core.db import Database
from lms.duties import tasks
from lms.duties.rules import DutyState
from lms.people.rules import Post
from tests.conftest import Site
from tests.duties.lists import Lists
from tests.racing import all_fine, together
from tests.world import NOW, TODAY


def test_the_worker_calls_it() -> None:
    assert tasks.refresh_due in registry.SCHEDULE


def test_who_had_a_post_before_there_was_a_catalogue_gets_a_list(site: Site) -> None:
    lists = Lists(site.db, site.world)
    assert lists.kept("M1") == {}
    lists.sweep()
    assert lists.state("M1", "D05") is DutyState.LEARNING
    assert lists.differences() == []


def test_without_a_catalogue_it_waits(empty_site: Site) -> None:
    tasks.refresh_due(empty_site.db)


def test_a_round_takes_so_many_and_the_next_takes_the_rest(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = Lists(site.db, site.world)
    monkeypatch.setattr(tasks, "AT_ONCE", 3)
    lists.sweep()
    made = [number for number in ("N1", "N2", "M1", "L1", "N9") if lists.kept(number)]
    assert len(made) == 3
    lists.sweep()
    assert all(lists.kept(number) for number in ("N1", "N2", "M1", "L1", "N9"))


def test_two_rounds_at_once_do_the_same_work_once(lists: Lists, db: Database) -> None:
    lists.post("M1", Post.FOLLOW_UP, ends_on=TODAY + timedelta(days=3))
    clock.freeze(NOW + timedelta(days=4))
    all_fine(together(*[lambda: tasks.refresh_due(db)] * 2))
    assert lists.state("M1", "D23") is None
    assert lists.differences() == []


def test_a_second_round_finds_nothing_to_do(lists: Lists, db: Database) -> None:
    with db.reading() as session:
        before = session.connection().exec_driver_sql("SELECT count(*) FROM duty_change").scalar_one()
    lists.sweep()
    with db.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM duty_change").scalar_one() == before
