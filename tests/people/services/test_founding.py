"""The first steps of an empty installation."""

from lms.access.identity import Role
from lms.core import clock
from lms.people import queries
from lms.people.rules import FIRST_ADMINISTRATOR, StaffState, UnitKind
from lms.people.services import accounts, founding
from tests import trail
from tests.conftest import Site
from tests.world import NOW, PASSWORDS, TODAY


def test_an_empty_installation_gets_an_office_and_an_administrator_who_can_sign_in(empty_site: Site) -> None:
    db = empty_site.db
    prepared = accounts.prepare_code(PASSWORDS)
    with db.writing() as session:
        person = founding.first_administrator(session, prepared, now=NOW)
        person_id = person.id
        assert person.staff_number == FIRST_ADMINISTRATOR
        assert person.state is StaffState.ACTIVE
        assert person.unit.kind is UnitKind.SUBDISTRICT
    with db.reading() as session:
        assert queries.roles_of(session, person_id, TODAY) == {Role.SYSTEM_ADMIN}
        office = queries.office_name(session)
        assert office is not None
        assert office.name == "本街道"
    found = accounts.check_credentials(
        db, PASSWORDS, "secret", staff_number="admin1", password=prepared.code.lower(), address="127.0.0.1"
    )
    assert found == person_id
    tags = [entry.tag for entry in trail.entries(db, 0)]
    assert tags.count("people:unit:added") == 2
    assert {"people:person:added", "people:role:granted", "people:account:opened"} <= set(tags)
    assert {entry.actor for entry in trail.entries(db, 0)} == {"console"}


def test_an_office_that_is_there_is_used(site: Site) -> None:
    before = trail.seq(site.db)
    with site.db.writing() as session:
        assert founding.found_office(session, "本街道", now=NOW).id == site.world.unit_ids["east"]
    assert trail.entries(site.db, before) == []


def test_a_second_administrator_can_be_added(site: Site) -> None:
    prepared = accounts.prepare_code(PASSWORDS)
    with site.db.writing() as session:
        office = site.world.unit(session, "east")
        person = founding.add_administrator(session, "sys-02", "何 远", prepared, office, now=clock.now())
        assert (person.staff_number, person.name) == ("SYS02", "何远")


def test_the_slip_says_what_is_needed_in_both_languages() -> None:
    text = "\n".join(founding.slip("何远", "SYS01", "ABCD-EFGH-JKLM", "http://127.0.0.1:8000"))
    for word in ("何远", "SYS01", "ABCD-EFGH-JKLM", "http://127.0.0.1:8000", "一次性密码", "30 days"):
        assert word in text
