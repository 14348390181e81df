"""Reminding: once a day, from eight, of what waits on that day."""

from datetime import timedelta

import sqlalchemy as sa

from lms.core import clock
from lms.dashboard import tasks
from lms.messages.models import Message
from lms.messages.rules import MessageKind
from tests.conftest import Site
from tests.selection import making
from tests.world import NOW


def reminded(site: Site, number: str) -> list[int]:
    """Return how many things each of a person's reminders named."""
    with site.db.reading() as session:
        rows = session.scalars(
            sa.select(Message)
            .where(Message.person_id == site.world.person_ids[number], Message.kind == MessageKind.REMINDER)
            .order_by(Message.id)
        )
        return [row.values["number"] for row in rows]


def ready(site: Site) -> None:
    """Have one application wait for the official."""
    at = making.office(site.db, site.world)
    making.schooled(site.db, site.world, "N1")
    making.apply(at, making.opened(at), "N1")


def test_a_person_is_reminded_once_a_day_of_what_waits(site: Site) -> None:
    ready(site)
    for _ in range(3):
        tasks.remind_due(site.db)
    assert reminded(site, "O1") == [1]
    assert reminded(site, "O9") == []  # nothing waits for them
    clock.freeze(NOW + timedelta(days=1))
    tasks.remind_due(site.db)
    assert reminded(site, "O1") == [1, 1]


def test_nobody_is_woken_and_days_of_sleep_are_not_made_up_for(site: Site) -> None:
    ready(site)
    clock.freeze(NOW - timedelta(hours=3))  # seven in the morning
    tasks.remind_due(site.db)
    assert reminded(site, "O1") == []
    clock.freeze(NOW)
    tasks.remind_due(site.db)
    clock.freeze(NOW + timedelta(days=4))
    tasks.remind_due(site.db)
    tasks.remind_due(site.db)
    assert reminded(site, "O1") == [1, 1]


def test_the_year_ends_in_shanghai(site: Site) -> None:
    ready(site)
    clock.freeze(NOW.replace(month=12, day=31, hour=15, minute=59))  # 23:59 on the wall
    tasks.remind_due(site.db)
    clock.freeze(NOW.replace(month=12, day=31, hour=16, minute=1))  # the first minute of the year
    tasks.remind_due(site.db)
    assert len(reminded(site, "O1")) == 1
    clock.freeze(NOW.replace(year=2027, month=1, day=1, hour=0, minute=0))  # 8:00 on the wall
    tasks.remind_due(site.db)
    assert len(reminded(site, "O1")) == 2


def test_what_lasts_for_weeks_does_not_remind_every_morning(site: Site) -> None:
    tasks.remind_due(site.db)
    assert reminded(site, "L1") == []  # although the grid is not fully staffed
