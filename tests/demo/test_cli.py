"""``lms demo``."""

import pytest
from click.testing import CliRunner, Result

from lms.access.identity import CONSOLE
from lms.cli import main
from lms.people import queries
from lms.people.services import persons
from tests.conftest import Site
from tests.world import NOW, TODAY


def lms(site: Site, *arguments: str, typed: str = "") -> Result:
    """Run an ``lms`` command on a site."""
    return CliRunner().invoke(
        main,
        list(arguments),
        input=typed,
        env={
            "LMS_INSTANCE": str(site.settings.instance),
            "LMS_DATABASE_URL": site.settings.database_url,
            "LMS_ARGON2_MEMORY_KIB": "8",
            "LMS_ARGON2_TIME": "1",
        },
    )


def is_empty(site: Site) -> bool:
    with site.db.reading() as session:
        return queries.is_empty(session)


def test_the_demo_comes_and_goes(empty_site: Site) -> None:
    result = lms(empty_site, "demo", "load")
    assert result.exit_code == 0, result.output
    assert not is_empty(empty_site)
    assert lms(empty_site, "demo", "load").exit_code == 2  # not twice
    assert lms(empty_site, "demo", "clear", typed="n\n").exit_code == 1
    assert not is_empty(empty_site)
    empty_site.db.engine.dispose()
    result = lms(empty_site, "demo", "clear", "--yes")
    assert result.exit_code == 0, result.output
    assert is_empty(empty_site)
    assert list((empty_site.settings.instance / "backups").iterdir())  # a copy of what was there


@pytest.mark.parametrize("arguments", [("--yes",), ()])
def test_real_people_are_never_cleared_away(empty_site: Site, arguments: tuple[str, ...]) -> None:
    assert lms(empty_site, "demo", "load").exit_code == 0
    with empty_site.db.writing() as session:
        office = queries.office_name(session)
        assert office is not None
        data = persons.PersonData(staff_number="CG9000", name="真人", joined_on=TODAY)
        persons.add_person(session, CONSOLE, office, data, now=NOW)
    result = lms(empty_site, "demo", "clear", *arguments, typed="y\n")
    assert result.exit_code == 1
    assert "real people are entered" in result.output
    assert not is_empty(empty_site)
