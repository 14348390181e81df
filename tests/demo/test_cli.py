"""``lms demo``."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE
from lms.access.permissions import Permission
from lms.audit.services import verify
from lms.certification import tasks as certification
from lms.certification.models import Certificate
from lms.certification.rules import CertificateState
from lms.core import clock
from lms.demo import load as demo
from lms.people import queries
from lms.people.services import persons
from tests.conftest import Site
from tests.demo.conftest import Loaded, lms
from tests.world import NOW, TODAY


@pytest.fixture(autouse=True)
def _clock_as_it_was(demo_site: Site) -> Iterator[None]:
    """The folder of the demo serves several tests: none leaves the clock moved."""
    yield
    demo_site.settings.clock_hand.unlink(missing_ok=True)


def is_empty(site: Site) -> bool:
    with site.db.reading() as session:
        return queries.is_empty(session)


def test_a_load_that_was_cut_short_begins_again_and_keeps_a_copy(loaded: Loaded, demo_site: Site) -> None:
    assert any("units" in line for line in loaded.cut_short)
    assert not any("people" in line for line in loaded.cut_short)
    assert loaded.result.exit_code == 0, loaded.result.output
    assert "begin again" in loaded.result.output
    assert [copy for copy in (loaded.instance / "backups").iterdir() if "before-demo-again" in copy.name]
    with demo_site.db.reading() as session:
        assert demo.is_complete(session)


def test_a_complete_demo_is_not_loaded_twice_and_goes_with_a_copy(demo_site: Site) -> None:
    assert lms(demo_site, "demo", "load").exit_code == 2
    assert lms(demo_site, "demo", "clear", typed="n\n").exit_code == 1
    assert not is_empty(demo_site)
    demo_site.db.engine.dispose()
    result = lms(demo_site, "demo", "clear", "--yes")
    assert result.exit_code == 0, result.output
    assert is_empty(demo_site)
    copies = (demo_site.settings.instance / "backups").iterdir()
    assert [copy for copy in copies if "before-clear" in copy.name]


@pytest.mark.parametrize("arguments", [("--yes",), ()])
def test_real_people_are_never_cleared_away(demo_site: Site, arguments: tuple[str, ...]) -> None:
    with demo_site.db.writing() as session:
        office = queries.office_name(session)
        assert office is not None
        data = persons.PersonData(staff_number="CG9000", name="真人", joined_on=TODAY)
        persons.add_person(session, CONSOLE, office, data, now=NOW)
    result = lms(demo_site, "demo", "clear", *arguments, typed="y\n")
    assert result.exit_code == 1
    assert "real people are entered" in result.output
    assert not is_empty(demo_site)
    assert lms(demo_site, "demo", "load").exit_code == 2


def test_real_people_without_the_demo_are_left_alone(site: Site) -> None:
    assert lms(site, "demo", "load").exit_code == 2
    assert not is_empty(site)


def test_what_the_commands_prove_holds_on_the_demo(demo_site: Site) -> None:
    for arguments in (("audit", "verify"), ("competency", "rebuild", "--check"), ("db", "check")):
        result = lms(demo_site, *arguments)
        assert result.exit_code == 0, result.output
    files = sorted((demo_site.settings.files / "certificates").glob("*.pdf"))
    seen = [lms(demo_site, "certificates", "verify", str(file)) for file in files]
    # Papers of the load that was cut short are files of nobody; the revoked one is ours, but not in force.
    assert sum(result.exit_code == 0 for result in seen) >= 12
    assert sum(result.exit_code == 3 for result in seen) == 1


def test_the_demo_moves_forward_and_what_is_due_happens(demo_site: Site) -> None:
    assert "0 days ahead" in lms(demo_site, "demo", "clock").output
    in_force = (CertificateState.ISSUED, CertificateState.REVOCATION_PROPOSED)
    held = sa.select(sa.func.count()).where(Certificate.state.in_(in_force))
    with demo_site.db.reading() as session:
        assert session.scalar(held)
    demo_site.db.engine.dispose()
    moved = lms(demo_site, "demo", "clock", "--forward", "400")
    assert moved.exit_code == 0, moved.output
    assert lms(demo_site, "demo", "clock", "--forward", "365").exit_code == 0
    # What the worker does once a minute: it looks at the clock, then at what is due.
    clock.follow(demo_site.settings.clock_hand)
    assert clock.today() == TODAY + timedelta(days=765)
    certification.expire_due(demo_site.db)
    with demo_site.db.reading() as session:
        assert session.scalar(held) == 0
        assert verify(session)[1] == []


def test_the_demo_never_moves_back(demo_site: Site) -> None:
    assert lms(demo_site, "demo", "clock", "--forward", "-5").exit_code == 2
    assert lms(demo_site, "demo", "clock", "--forward", "30").exit_code == 0
    demo_site.settings.clock_hand.write_text("3", encoding="ascii")
    clock.look()
    assert clock.offset() == timedelta(days=30)


def test_people_entered_while_trying_the_demo_go_along_with_its_time(demo_site: Site) -> None:
    with demo_site.db.writing() as session:
        unit = queries.units_within(session, CONSOLE, Permission.UNIT_EDIT)[0]
        data = persons.PersonData(staff_number="REAL01", name="真人", joined_on=TODAY)
        persons.add_person(session, CONSOLE, unit, data, now=NOW)
    result = lms(demo_site, "demo", "clock", "--forward", "30")
    assert result.exit_code == 0, result.output
    assert lms(demo_site, "demo", "clear", "--yes").exit_code == 1  # what somebody entered is not thrown away


def test_an_office_without_the_demo_keeps_the_real_time(site: Site) -> None:
    result = lms(site, "demo", "clock", "--forward", "30")
    assert result.exit_code == 1
    assert "only the demo's time" in result.output
    assert clock.offset() == timedelta(0)
