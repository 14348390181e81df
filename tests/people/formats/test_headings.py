"""Which column of a roster is what."""

import pytest

from lms.people.formats.headings import (
    Field,
    Ignored,
    guess_columns,
    heading_score,
    kind_of,
    looks_like_identity,
    without_identity,
)


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("姓 名", Field.NAME),
        ("＊姓名（必填）", Field.NAME),
        ("网格员姓名", Field.NAME),
        ("手机号码", Field.PHONE),
        ("网格长联系电话", Field.PHONE),
        ("所属社区（村）", Field.COMMUNITY),
        ("专职/兼职", Field.EMPLOYMENT),
        ("Staff Number", Field.STAFF_NUMBER),
        ("身份证号", Ignored.IDENTITY),
        ("身份证后四位", Ignored.IDENTITY),
        ("证件号（18位）", Ignored.IDENTITY),
        ("政治面貌", Ignored.SENSITIVE),
        ("家庭住址", Ignored.SENSITIVE),
        ("序号", Ignored.COUNTER),
        ("备注", Ignored.REMARKS),
        ("血型", None),
        ("", None),
    ],
)
def test_what_a_heading_says(heading: str, kind: Field | Ignored | None) -> None:
    assert kind_of(heading) is kind


def test_titles_and_people_are_no_headings() -> None:
    assert heading_score(["晨光街道网格员姓名、手机、网格、岗位登记一览表"]) == 0
    assert heading_score(["余志", "女", "网格长", "13800001234"]) == 0
    assert heading_score(["性别", "手机"]) == 0
    assert heading_score(["姓名"]) > 0
    assert heading_score(["网格员姓名全称", "手机"]) > 0
    assert heading_score(["姓名", "手机"]) > heading_score(["网格员姓名全称", "手机"])


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("150207199002080928", "□"),
        ("号码15020719950702985X。", "号码□。"),
        ("１５０２０７１９９５０７０２９８５Ｘ", "□"),
        ("150207 19900208 0928", "□"),
        ("150207-19900208-0928", "□"),
        ("150207900208092", "□"),
        ("13913909960 5550147", "13913909960 5550147"),
        ("17597971147/0472-5550147", "17597971147/0472-5550147"),
        ("1502071990020809281", "1502071990020809281"),
    ],
)
def test_identity_numbers_are_blotted_out_and_telephones_are_not(text: str, after: str) -> None:
    assert without_identity(text) == after


def test_a_column_of_identity_numbers_is_known_by_what_stands_in_it() -> None:
    number = "150207199002080928"
    assert looks_like_identity([number, "", number, "不详"])
    assert not looks_like_identity(["", ""])
    assert not looks_like_identity([number, "a", "b"])
    mapping, ignored = guess_columns(["姓名", "手机", "档案"], [["王芳"], [number], [number]])
    assert mapping == {Field.NAME: 0}
    assert ignored == {1: Ignored.IDENTITY, 2: Ignored.IDENTITY}


def test_of_two_columns_for_one_field_the_first_counts() -> None:
    mapping, ignored = guess_columns(["姓名", "联系电话", "手机", "血型"], [[], [], [], []])
    assert mapping == {Field.NAME: 0, Field.PHONE: 1}
    assert ignored == {2: Ignored.UNKNOWN, 3: Ignored.UNKNOWN}
