"""From what an office typed to what is stored."""

from datetime import date, datetime

import pytest

from lms.people.formats import cleaning
from lms.people.formats.sheet import Cell
from tests.world import TODAY


def codes(cleaned: cleaning.Cleaned) -> list[str]:
    return [note.code for note in cleaned.notes]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (3.0, "3"),
        (1996.07, "1996.07"),
        (datetime(1985, 4, 16), "1985-04-16"),
        (date(2020, 1, 2), "2020-01-02"),
    ],
)
def test_a_cell_as_a_person_reads_it(cell: Cell, text: str) -> None:
    assert cleaning.cell_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "value", "notes"),
    [
        ("王芳", "王芳", []),
        (" 王 芳\u3000", "王芳", ["tidied"]),
        ("哈斯．巴根", "哈斯·巴根", ["tidied"]),
        ("", "", ["name_missing"]),
        (None, "", ["name_missing"]),
        ("赵\ue000", "赵\ue000", ["name_private_use"]),
        ("长" * 61, "长" * 60, ["name_long"]),
    ],
)
def test_names(cell: Cell, value: str, notes: list[str]) -> None:
    cleaned = cleaning.clean_name_cell(cell)
    assert (cleaned.value, codes(cleaned)) == (value, notes)


@pytest.mark.parametrize(
    ("cell", "value", "notes"),
    [
        ("ｃｇ-０２３１", "CG0231", ["tidied"]),
        (231.0, "231", []),
        ("", "", []),
        ("1.2E+05", "", ["staff_number_shape"]),
        ("工号七", "", ["staff_number_shape"]),
    ],
)
def test_staff_numbers(cell: Cell, value: str, notes: list[str]) -> None:
    cleaned = cleaning.clean_number_cell(cell)
    assert (cleaned.value, codes(cleaned)) == (value, notes)


@pytest.mark.parametrize(
    ("cell", "value", "notes"),
    [
        ("女", "female", []),
        ("男性 ", "male", ["tidied"]),
        ("F", "female", ["tidied"]),
        ("", "unknown", []),
        ("—", "unknown", ["sex_unread"]),
    ],
)
def test_sexes(cell: Cell, value: str, notes: list[str]) -> None:
    cleaned = cleaning.clean_sex_cell(cell)
    assert (cleaned.value, codes(cleaned)) == (value, notes)


@pytest.mark.parametrize(
    ("cell", "value", "notes"),
    [
        ("1985-04", "1985-04", []),
        ("1973/5/1", "1973-05", ["date_read"]),
        ("1967.9", "1967-09", ["date_read"]),
        ("1980年5月", "1980-05", ["date_read"]),
        ("1980年5月份", "1980-05", ["date_read"]),
        ("１９８０年５月６日", "1980-05", ["date_read"]),
        ("197010", "1970-10", ["date_read"]),
        (19701005.0, "1970-10", ["date_read"]),
        ("1985-04-16 00:00:00", "1985-04", ["date_read"]),
        (datetime(1985, 4, 16), "1985-04", ["date_read"]),
        (1996.07, "1996-07", ["date_read"]),
        (1990.1, "1990-01", ["month_one_or_ten"]),
        ("1990.1", "1990-01", ["month_one_or_ten"]),
        ("1990.10", "1990-10", ["date_read"]),
        ("1971.13", "", ["date_unread"]),
        ("1971-02-30", "", ["date_unread"]),
        ("72年6月", "", ["date_unread"]),
        ("1990", "", ["date_unread"]),
        ("不详", "", ["date_unread"]),
        ("2015-01", "", ["birth_unlikely"]),
        ("1930-01", "", ["birth_unlikely"]),
        (None, "", []),
    ],
)
def test_months_of_birth(cell: Cell, value: str, notes: list[str]) -> None:
    cleaned = cleaning.clean_birth_cell(cell, TODAY)
    assert (cleaned.value, codes(cleaned)) == (value, notes)


@pytest.mark.parametrize(
    ("cell", "value", "notes"),
    [
        ("2016.1", "2016-01-01", ["date_read"]),
        ("2016年12月26日", "2016-12-26", ["date_read"]),
        ("2020-05-25", "2020-05-25", []),
        ("2026-11-25", "", ["date_in_future"]),
        ("待定", "", ["date_unread"]),
        ("  ", "", []),
    ],
)
def test_days_of_joining(cell: Cell, value: str, notes: list[str]) -> None:
    cleaned = cleaning.clean_joined_cell(cell, TODAY)
    assert (cleaned.value, codes(cleaned)) == (value, notes)


@pytest.mark.parametrize(
    ("cell", "value", "notes"),
    [
        (13913909960.0, "13913909960", []),
        ("１８６６１７６０３１３", "18661760313", ["tidied"]),
        ("183-3043-4839", "18330434839", ["tidied"]),
        ("138 0472 1234", "13804721234", ["tidied"]),
        ("+86 138 0000 5678", "13800005678", ["tidied"]),
        ("0472 555 0147", "04725550147", ["tidied"]),
        ("0472-5550147、17597971147", "17597971147", ["phone_one_of_several"]),
        ("5550147", "5550147", []),
        ("1391", "1391", ["phone_length"]),
        ("1.39139E+10", "", ["phone_scientific"]),
        ("无", "", []),
        (None, "", []),
    ],
)
def test_phones(cell: Cell, value: str, notes: list[str]) -> None:
    cleaned = cleaning.clean_phone_cell(cell)
    assert (cleaned.value, codes(cleaned)) == (value, notes)


def test_words_that_are_known_and_words_that_are_not() -> None:
    assert cleaning.clean_education_cell("大学").value == "本科"
    assert codes(cleaning.clean_education_cell("大学")) == ["tidied"]
    assert codes(cleaning.clean_education_cell("私塾")) == ["education_unread"]
    assert cleaning.clean_post_cell(" 调解 ").value == "mediation_service"
    assert codes(cleaning.clean_post_cell("司机")) == ["post_unread"]
    assert cleaning.clean_employment_cell("专").value == "full_time"
    assert cleaning.clean_employment_cell("驻村辅警").value == "village_auxiliary"
    assert codes(cleaning.clean_employment_cell("轮岗")) == ["employment_unread"]
    for cleaner in (cleaning.clean_education_cell, cleaning.clean_post_cell, cleaning.clean_employment_cell):
        assert cleaner(None) == cleaning.Cleaned("")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("第一网格", 1),
        ("第12网格", 12),
        ("２号网格", 2),
        ("3", 3),
        ("东街道1社区第2网格", 2),
        ("第十网格", 10),
        ("二十一", 21),
        ("花园网格", None),
        ("一百", None),
        ("", None),
    ],
)
def test_numbers_of_grids(text: str, number: int | None) -> None:
    assert cleaning.grid_number(text) == number


@pytest.mark.parametrize("text", ["", "十十", "一二三", "百", "十一二"])
def test_no_numeral(text: str) -> None:
    assert cleaning.chinese_number(text) is None
