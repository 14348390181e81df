"""Days counted backwards, and scripts played in the order of time."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from lms.access.identity import CONSOLE
from lms.certification import documents
from lms.certification.rules import DocumentState
from lms.core.errors import Invalid
from lms.demo.stage import Calendar, Script, Stage, moment, once
from lms.people.rules import UnitKind
from lms.people.services import units
from tests import trail
from tests.certification import making
from tests.conftest import Site
from tests.world import TODAY


@pytest.mark.parametrize("weekday", range(7))
def test_working_days_lie_before_the_load_on_whatever_day_it_is(weekday: int) -> None:
    today = TODAY + timedelta(days=weekday)
    calendar = Calendar(today)
    days = [calendar.workday(back) for back in range(100, 0, -1)]
    assert days == sorted(set(days))
    assert days[-1] <= calendar.yesterday < today
    assert all(day.isoweekday() <= 5 for day in days)
    assert not {date(2026, 10, day) for day in range(1, 8)} & set(days)
    assert calendar.at(100, 9, 30) == moment(days[0], 9, 30)


def stage_on(site: Site, said: list[str]) -> Stage:
    return Stage(site.db, TODAY, "http://127.0.0.1:8000", said.append)


def test_acts_of_all_scripts_come_in_the_order_of_time(empty_site: Site) -> None:
    said: list[str] = []
    stage = stage_on(empty_site, said)
    seen: list[datetime] = []

    def script(*moments: datetime) -> Script:
        for when in moments:
            yield when
            seen.append(stage.now)
            assert stage.now == when

    one, two, three, four = (moment(date(2026, 10, 30) + timedelta(days=day), 9) for day in range(4))
    stage.play([script(two, four), script(one, three), once(three, lambda: seen.append(stage.now)), iter_nothing()])
    assert seen == [one, two, three, three, four]
    assert len(said) == 2  # a line a month


def iter_nothing() -> Script:
    """Return a script without an act."""
    yield from _no_moments()


def _no_moments() -> Iterator[datetime]:
    return iter(())


def test_what_fails_leaves_whole_days(empty_site: Site) -> None:
    stage = stage_on(empty_site, [])

    def found(name: str, day: date) -> None:
        units.add_unit(stage.session, CONSOLE, UnitKind.DISTRICT, name, None, opened_on=day, now=stage.now)

    first, second = date(2026, 11, 19), date(2026, 11, 20)
    with pytest.raises(Invalid):
        stage.play(
            [
                once(moment(first), lambda: found("云川区", first)),
                once(moment(second, 9), lambda: found("云海区", second)),
                once(moment(second, 10), lambda: found(" ", second)),
            ]
        )
    assert [entry.diff["name"] for entry in trail.entries(empty_site.db, 0)] == ["云川区"]


def test_a_paper_that_cannot_be_rendered_now_is_left_to_the_worker(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = making.issue(site.db, site.world, "N1")
    [paper] = making.papers_of(site.db, certificate)
    said: list[str] = []
    stage = stage_on(site, said)
    with monkeypatch.context() as hurried:
        hurried.setattr(documents, "SECONDS_A_PAPER", 0)
        stage.play([once(moment(TODAY, 8), lambda: stage.make_papers([paper.public_id]))])
    assert "left to the worker" in said[0]
    assert making.papers_of(site.db, certificate)[0].state is DocumentState.WAITING
    stage.play([once(moment(TODAY, 9), lambda: stage.make_papers([paper.public_id, paper.public_id]))])
    [made] = making.papers_of(site.db, certificate)
    assert made.state is DocumentState.RENDERED
    assert made.rendered_at == moment(TODAY, 9)
    making.work_off(site.db)
    assert making.papers_of(site.db, certificate)[0].sha256 == made.sha256
