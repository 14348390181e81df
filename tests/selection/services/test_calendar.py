"""Entering the holidays of a year."""

from datetime import date

import pytest

from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.selection import queries
from lms.selection.services.calendar import enter_year
from tests.racing import together
from tests.selection.making import Office


def enter(
    at: Office,
    *,
    year: int = 2027,
    by: str = "O1",
    holidays: str = "2027-01-01..2027-01-03 元旦",
    workdays: str = "",
    source: str = "通知",
) -> None:
    with at.db.writing() as session:
        enter_year(session, at.who(by), year, source=source, holidays=holidays, workdays=workdays, now=clock.now())


def test_a_year_is_entered_and_corrected(at: Office) -> None:
    enter(at)
    enter(at, workdays="2027-01-09 元旦")
    with at.db.reading() as session:
        assert len(queries.entered_years(session)) == 1
        year = queries.calendar(session)[2027]
    assert year.holidays[date(2027, 1, 3)] == "元旦"
    assert year.workdays == {date(2027, 1, 9): "元旦"}


def test_what_the_office_entered_wins_over_the_library(at: Office) -> None:
    enter(at, year=2026, holidays="2026-12-25 本地放假")
    with at.db.reading() as session:
        assert queries.calendar(session)[2026].holidays == {date(2026, 12, 25): "本地放假"}
        assert 2025 in queries.calendar(session)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"year": 1999}, "selection.year.range"),
        ({"source": ""}, "selection.field.missing"),
        ({"holidays": ""}, "selection.field.missing"),
        ({"holidays": "元旦"}, "selection.table.shape"),
        ({"holidays": "2028-01-01 元旦"}, "selection.table.other_year"),
        ({"workdays": "2027-01-04 x"}, "selection.table.no_weekend"),
        ({"workdays": "2027-01-02 x"}, "selection.table.both"),
    ],
)
def test_a_table_that_cannot_be_used(at: Office, changes: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as error:
        enter(at, **changes)  # type: ignore[arg-type]
    assert error.value.code == code


def test_officials_only_and_two_at_once_give_one_row(at: Office) -> None:
    with pytest.raises(Forbidden):
        enter(at, by="L1")
    outcomes = together(lambda: enter(at), lambda: enter(at, by="O2"))
    assert all(each is None or isinstance(each, Conflict) for each in outcomes), outcomes
    with at.db.reading() as session:
        assert len(queries.entered_years(session)) == 1
