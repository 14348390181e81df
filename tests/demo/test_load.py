"""The made-up sub-district: complete, quick, and made by the services."""

import pytest

from lms.core.errors import SetupError
from lms.demo import load as demo
from lms.demo.people import CAST
from lms.people import queries
from lms.people.rules import StaffState
from lms.people.services import accounts
from lms.people.services.passwords import Passwords
from tests import trail
from tests.conftest import Site

FAST = Passwords(memory_kib=8, rounds=1)


def test_the_demo_fills_an_empty_database_once(empty_site: Site) -> None:
    db, said = empty_site.db, list[str]()
    world = demo.load(db, empty_site.settings, said.append)
    assert set(world.persons) == {cast.number for cast in CAST}
    assert len(said) >= 2
    with db.reading() as session:
        assert demo.is_complete(session)
        assert not queries.real_people_exist(session)
        assert world.person(session, "CG0231").name == "李秀兰"
        assert world.unit(session, "1.3").kind.value == "grid"
    with pytest.raises(SetupError):
        demo.load(db, empty_site.settings, said.append)
    tags = {entry.tag for entry in trail.entries(db, 0)}
    assert {"people:unit:added", "people:person:added", "people:role:granted", "demo:world:loaded"} <= tags


def test_every_known_account_can_sign_in(empty_site: Site) -> None:
    """Also the one who has not signed in yet, with the password that the README names."""
    demo.load(empty_site.db, empty_site.settings, lambda _line: None)
    for number in [each[0] for each in demo.known_accounts()] + ["CG0241"]:
        accounts.check_credentials(
            empty_site.db, FAST, "secret", staff_number=number, password=demo.PASSWORD, address=number
        )


def test_the_cast_is_of_one_piece() -> None:
    numbers = [cast.number for cast in CAST]
    assert len(numbers) == len(set(numbers))
    assert {cast.state for cast in CAST} == {StaffState.ACTIVE, StaffState.TRAINEE, StaffState.CANDIDATE}
    assert {number for number, _, _ in demo.known_accounts()} == set(demo.WHAT)
