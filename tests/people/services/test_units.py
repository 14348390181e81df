"""The tree of units."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, Identity
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound
from lms.people.models import OrgUnit
from lms.people.rules import UnitKind
from lms.people.services.units import add_unit
from tests import trail
from tests.conftest import Site
from tests.world import NOW

DAY = date(2026, 11, 24)


def add(session: Session, actor: Identity, kind: UnitKind, name: str, parent: OrgUnit | None) -> OrgUnit:
    return add_unit(session, actor, kind, name, parent, name_en=" English ", opened_on=DAY, now=NOW)


def test_a_unit_lies_below_its_parent_and_leaves_a_trace(site: Site) -> None:
    before = trail.seq(site.db)
    actor = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        parent = site.world.unit(session, "east.1")
        unit = add(session, actor, UnitKind.GRID, " 第3网格 ", parent)
        assert unit.path == f"{parent.path}{unit.id}/"
        assert (unit.name, unit.name_en) == ("第3网格", "English")
        public_id = unit.public_id
    [entry] = trail.entries(site.db, before)
    assert (entry.tag, entry.object_id, entry.actor) == ("people:unit:added", public_id, actor.public_id)
    assert entry.unit_path == entry.diff["path"]
    assert entry.role == "official"


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (UnitKind.GRID, "east"),
        (UnitKind.GRID, "east.1.1"),
        (UnitKind.COMMUNITY, "east.1"),
        (UnitKind.SUBDISTRICT, "east"),
        (UnitKind.DISTRICT, "district"),
    ],
)
def test_a_unit_stands_below_the_level_above_only(shared_site: Site, kind: UnitKind, place: str) -> None:
    with shared_site.db.writing() as session, pytest.raises(Invalid) as caught:
        add(session, CONSOLE, kind, "新的", shared_site.world.unit(session, place))
    assert caught.value.code == "people.unit.wrong_parent"


def test_only_a_district_stands_at_the_top(site: Site) -> None:
    with site.db.writing() as session:
        with pytest.raises(Invalid):
            add(session, CONSOLE, UnitKind.SUBDISTRICT, "新的", None)
        unit = add(session, CONSOLE, UnitKind.DISTRICT, "另一区", None)
        assert unit.path == f"/{unit.id}/"


def test_a_name_is_needed_and_used_once_below_a_parent(site: Site) -> None:
    with site.db.writing() as session:
        parent = site.world.unit(session, "east.1")
        with pytest.raises(Invalid) as missing:
            add(session, CONSOLE, UnitKind.GRID, " \u3000", parent)
        assert missing.value.field == "name"
        add(session, CONSOLE, UnitKind.GRID, "育才", parent)
        with pytest.raises(Conflict) as taken:
            add(session, CONSOLE, UnitKind.GRID, " 育才", parent)
        assert taken.value.code == "people.unit.name_taken"
        add(session, CONSOLE, UnitKind.GRID, "育才", site.world.unit(session, "east.2"))


@pytest.mark.parametrize(
    ("number", "refusal"), [("N1", Forbidden), ("L1", Forbidden), ("A1", Forbidden), ("O9", NotFound)]
)
def test_who_may_not_add_a_unit_here(shared_site: Site, number: str, refusal: type[Exception]) -> None:
    actor = shared_site.world.identity(shared_site.db, number)
    with shared_site.db.writing() as session, pytest.raises(refusal):
        add(session, actor, UnitKind.GRID, "新的", shared_site.world.unit(session, "east.1"))
    with shared_site.db.reading() as session:
        assert session.scalar(sa.select(OrgUnit.id).where(OrgUnit.name == "新的")) is None


def test_an_official_adds_no_unit_above_their_own(site: Site) -> None:
    actor = site.world.identity(site.db, "O1")
    with site.db.writing() as session, pytest.raises(NotFound):
        add(session, actor, UnitKind.SUBDISTRICT, "新的", site.world.unit(session, "district"))
