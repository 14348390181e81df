"""``lms demo``."""

import pytest

from lms.access.identity import CONSOLE
from lms.demo import load as demo
from lms.people import queries
from lms.people.services import persons
from tests.conftest import Site
from tests.demo.conftest import Loaded, lms
from tests.world import NOW, TODAY


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
