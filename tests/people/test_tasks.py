"""What the worker does with roles whose last day has passed and with old traces."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE, Role
from lms.core import clock
from lms.people import queries, tasks
from lms.people.models import RoleGrant
from lms.people.rules import GrantAction, GrantState
from lms.people.services import roles
from tests import trail
from tests.conftest import Site
from tests.world import NOW, TODAY


def test_a_role_ends_the_night_after_its_last_day_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.db.writing() as session:
        person, unit = site.world.person(session, "N2"), site.world.unit(session, "east.1")
        grant = roles.propose_role(session, CONSOLE, person, Role.MENTOR, unit, starts_on=TODAY, ends_on=TODAY, now=NOW)
        roles.decide_role(session, CONSOLE, grant, GrantAction.CONFIRM, now=NOW)
    before = trail.seq(site.db)
    tasks.end_lapsed_roles(site.db)
    assert trail.entries(site.db, before) == []
    clock.freeze(NOW + timedelta(days=1))
    tasks.end_lapsed_roles(site.db)
    tasks.end_lapsed_roles(site.db)
    [entry] = trail.entries(site.db, before)
    assert (entry.tag, entry.role, entry.reason) == ("people:role:ended", "system", "run out")
    with site.db.reading() as session:
        [grant] = queries.grants_of(session, site.world.person_ids["N2"])
        assert (grant.state, grant.ends_on) == (GrantState.ENDED, TODAY)


def test_roles_without_a_last_day_are_left_alone(site: Site) -> None:
    clock.freeze(NOW + timedelta(days=3650))
    tasks.end_lapsed_roles(site.db)
    with site.db.reading() as session:
        states = set(session.scalars(sa.select(RoleGrant.state)))
    assert states == {GrantState.IN_FORCE}
