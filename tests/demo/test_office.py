"""Acts of the office: the same services with the same refusals."""

from collections.abc import Iterator

import pytest

from lms.access.identity import Role
from lms.core.errors import Conflict, Forbidden
from lms.demo import office
from lms.demo.people import CAST, COMMUNITIES, GRIDS_EACH
from lms.demo.stage import Stage, moment
from lms.people.formats.sheet import read_table
from lms.people.rules import GrantAction, StaffState
from lms.people.services.accounts import PreparedCode
from tests.certification import making
from tests.conftest import Site
from tests.world import TODAY

PASSWORDS = office.Passwords(PreparedCode("code", "hash of the code"), "hash of the password")
BY_NUMBER = {cast.number: cast for cast in CAST}


@pytest.fixture
def stage(empty_site: Site) -> Iterator[Stage]:
    """An office with its units and its two officials."""
    stage = Stage(empty_site.db, TODAY, "http://127.0.0.1:8000", lambda _line: None)
    office.found_units(stage, moment(TODAY))
    for number in (office.FIRST_OFFICIAL, office.SECOND_OFFICIAL):
        office.enter(stage, BY_NUMBER[number], by=None)
        office.grant_at_machine(stage, BY_NUMBER[number])
        office.give_slip(stage, number, PASSWORDS, by=None)
        office.sign_in_first(stage, number, PASSWORDS)
    stage.commit()
    yield stage
    stage.give_up()


def test_the_units_of_the_cast_are_founded(stage: Stage) -> None:
    assert len(stage.world.places) == 1 + len(COMMUNITIES) * (1 + GRIDS_EACH)
    assert {cast.place for cast in CAST} <= set(stage.world.places)
    assert stage.unit("1.3").name_en == "Chenguang Community Grid 3"
    stage.commit()


def test_a_newcomer_comes_step_by_step(stage: Stage) -> None:
    cast = BY_NUMBER["CG0231"]
    office.enter(stage, cast, by=office.FIRST_OFFICIAL)
    assert stage.person(cast.number).state is StaffState.CANDIDATE
    office.admit(stage, cast, by=office.SECOND_OFFICIAL)
    office.take_post(stage, cast, by=office.SECOND_OFFICIAL)
    office.give_slip(stage, cast.number, PASSWORDS, by=office.SECOND_OFFICIAL)
    office.sign_in_first(stage, cast.number, PASSWORDS)
    with pytest.raises(Conflict):  # the code is used up
        office.sign_in_first(stage, cast.number, PASSWORDS)
    office.forget_password(stage, cast.number, PASSWORDS, by=office.FIRST_OFFICIAL)
    office.sign_in_first(stage, cast.number, PASSWORDS)
    stage.commit()
    making.load_content(stage.db)
    with pytest.raises(Conflict):  # nothing is passed yet
        office.propose_certificate(stage, cast.number, by=office.FIRST_OFFICIAL)


def test_nobody_confirms_what_they_proposed(stage: Stage) -> None:
    office.enter(stage, BY_NUMBER["CG0101"], by=office.FIRST_OFFICIAL)
    proposed = office.propose_role(stage, "CG0101", Role.MENTOR, "1.3", by=office.FIRST_OFFICIAL, basis="岗位分工")
    with pytest.raises(Forbidden):
        office.decide_role(stage, proposed, GrantAction.CONFIRM, by=office.FIRST_OFFICIAL)
    office.decide_role(stage, proposed, GrantAction.CONFIRM, by=office.SECOND_OFFICIAL)
    stage.commit()
    assert {held.role for held in stage.officer("CG0101").roles} == {Role.MENTOR}
    office.end_roles(stage, "CG0101", by=office.SECOND_OFFICIAL, reason="本人申请")
    stage.commit()
    assert stage.officer("CG0101").roles == ()
    stage.commit()


def test_a_roster_is_a_file_as_offices_keep_it() -> None:
    rows = [(BY_NUMBER["CG0101"], "大专"), (BY_NUMBER["CG0107"], "本科")]
    table = read_table("花名册.csv", office.roster_file(rows, "合计,2人,,,,,"))
    assert table.headings == tuple(office.HEADINGS.split(","))
    assert [line.cells[2] for line in table.lines] == ["王建国", "赵㛃"]
    assert "subtotal" in [each.why for each in table.left_out]
