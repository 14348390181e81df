"""What a row of a roster says, which unit it names, who it is."""

import pytest

from lms.people.formats.headings import Field
from lms.people.rules import RowState
from lms.people.services.roster_check import KnownPersons, Row, UnitFinder, check_rows, clean_row
from tests.conftest import Site
from tests.world import TODAY

COLUMNS = {Field.NAME: 0, Field.PHONE: 1, Field.COMMUNITY: 2, Field.GRID: 3}


def test_a_row_is_cleaned_cell_by_cell_and_a_missing_column_says_nothing() -> None:
    values, notes = clean_row(["王 芳", "１３８０００１１１１１", "一社区"], COLUMNS, [2], TODAY)
    assert (values["name"], values["phone"], values["community"], values["grid"]) == (
        "王芳",
        "13800011111",
        "一社区",
        "",
    )
    assert [note.code for note in notes] == ["tidied", "tidied", "filled_down"]
    _, notes = clean_row([], {}, [], TODAY)
    assert [note.code for note in notes] == ["name_missing"]


@pytest.mark.parametrize(
    ("community", "grid", "place"),
    [
        ("东街道1社区", "第1网格", "east.1.1"),
        ("东街道 １ 社区", "２", "east.1.2"),
        ("东街道2居委会", "东街道2社区第一网格", "east.2.1"),
        ("东街道1社区", "", "east.1"),
        ("", "", "east"),
        ("", "1", None),
        ("东街道1社区", "花园网格", None),
        ("西街道1社区", "1", None),
    ],
)
def test_which_unit_a_row_names(shared_site: Site, community: str, grid: str, place: str | None) -> None:
    with shared_site.db.reading() as session:
        found = UnitFinder(session, shared_site.world.unit(session, "east")).find(community, grid)
        assert (found.unit.id if found.unit else None) == (shared_site.world.unit_ids[place] if place else None)
        assert bool(found.notes) is (place is None)


def test_only_units_with_a_number_can_be_made(shared_site: Site) -> None:
    with shared_site.db.reading() as session:
        finder = UnitFinder(session, shared_site.world.unit(session, "east"))
        assert finder.find("河畔村", "第三网格").missing == {"community": "河畔村", "grid": 3}
        assert finder.find("河畔村", "").missing == {"community": "河畔村", "grid": None}
        assert finder.find("河畔村", "花园网格").missing == {}
        assert finder.find("东街道1社区", "9").missing == {"community": "东街道1社区", "grid": 9}
        assert finder.find("东街道1社区", "花园网格").missing == {}


def test_the_few_persons_a_row_may_be_are_enough_to_know_who_it_is(shared_site: Site) -> None:
    with shared_site.db.reading() as session:
        east = shared_site.world.unit(session, "east")
        everybody = KnownPersons(session, east, TODAY)
        few = KnownPersons(session, east, TODAY, names=["李秀兰"], numbers=["CG00N9"])
        assert set(few.within) == {shared_site.world.person_ids["N1"]}
        assert few.by_number["CG00N9"] == everybody.by_number["CG00N9"]
        values, _ = clean_row(["李秀兰", "13800001234"], COLUMNS, [], TODAY)
        for known in (everybody, few):
            assert known.identify(values, "", None) == (RowState.UPDATE, shared_site.world.person_ids["N1"], [])


def test_a_row_left_out_does_not_stand_in_the_way_of_its_double(shared_site: Site) -> None:
    rows = [Row(2, ["王芳", "13811112222"], decision="skip"), Row(3, ["王芳", "13811112222"])]
    with shared_site.db.reading() as session:
        east = shared_site.world.unit(session, "east")
        first, second = check_rows(session, east, rows, COLUMNS, makes_units=False, today=TODAY)
    assert (first.state, first.values["was"], second.state) == (RowState.SKIPPED, "new", RowState.NEW)
