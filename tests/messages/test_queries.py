"""Who is due to be reminded."""

from datetime import timedelta

from lms.messages import queries, services
from lms.people.rules import PersonAction
from lms.people.services import standing
from tests.conftest import Site
from tests.world import NOW, TODAY


def due(site: Site, later: int = 0, limit: int = 100) -> list[int]:
    with site.db.reading() as session:
        return queries.to_remind(session, TODAY + timedelta(days=later), limit)


def test_everybody_with_an_account_is_looked_at_once_a_day(site: Site) -> None:
    first = due(site)
    assert site.world.person_ids["N1"] in first
    assert due(site, limit=1) == first[:1]
    with site.db.writing() as session:
        services.remind(session, first[0], 0, TODAY, now=NOW)
    assert due(site) == first[1:]
    assert due(site, later=3) == first  # three days of sleep are one day


def test_who_has_left_is_not_reminded(site: Site) -> None:
    with site.db.writing() as session:
        person = site.world.person(session, "N2")
        who = site.world.identity(site.db, "O1")
        standing.change_state(session, who, person, PersonAction.END, reason="离开", last_day=TODAY, now=NOW)
    assert site.world.person_ids["N2"] not in due(site)
