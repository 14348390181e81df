"""Finding the table in a file as an office keeps it."""

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from lms.core.errors import Invalid
from lms.people.formats import sheet
from lms.people.formats.sheet import read_table

Rows = list[list[Any]]
HEADINGS: list[Any] = ["序号", "姓名", "社区", "手机"]


def xlsx(rows: Sequence[Sequence[Any]], change: Callable[[Worksheet], None] = lambda _sheet: None) -> bytes:
    """Return a workbook with these rows, changed as the test needs."""
    book = openpyxl.Workbook()
    active = book.worksheets[0]
    for row in rows:
        active.append(list(row))
    change(active)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def code(content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read_table("花名册.xlsx", content)
    assert caught.value.field == "file"
    return caught.value.code


def test_titles_subtotals_notes_and_repeated_headings_are_left_out() -> None:
    table = read_table(
        "a.xlsx",
        xlsx(
            [
                ["晨光街道花名册 150207199002080928"],
                ["填报人："],
                ["序号", "姓\n名", "社 区", "手机"],
                [1, "王芳", "一社区", 13800001234],
                ["小计", "1人"],
                HEADINGS,
                [2, "李强", "二社区", "13800001235"],
                [None, None, None, None],
                ["合计", "2人"],
                ["注：1.本表一式三份。"],
                ["制表人：王", "审核人：李", "日期：", "电话"],
            ],
            lambda active: active.merge_cells("A1:D1"),
        ),
    )
    assert table.header_line == 3
    assert table.headings == tuple(HEADINGS)
    assert [(line.number, line.cells[1]) for line in table.lines] == [(4, "王芳"), (7, "李强")]
    assert [(each.number, each.why) for each in table.left_out] == [
        (1, "title"),
        (2, "title"),
        (5, "subtotal"),
        (6, "header"),
        (9, "subtotal"),
        (10, "note"),
        (11, "note"),
    ]
    assert table.left_out[0].text == "晨光街道花名册 □"


def test_an_identity_number_is_blotted_out_before_a_text_is_cut() -> None:
    table = read_table("a.csv", ("字" * 70 + "150207199002080928,\n姓名,手机\n王芳,1\n").encode())
    assert "150207" not in table.left_out[0].text


def test_merged_cells_are_filled_down_and_say_so() -> None:
    rows: Rows = [HEADINGS, [1, "王芳", "一社区"], [2, "李强"], [3, "赵敏", "二社区"], ["小计", "3人"]]
    table = read_table("a.xlsx", xlsx(rows, lambda active: active.merge_cells("C2:C3")))
    assert [line.cells[2] for line in table.lines] == ["一社区", "一社区", "二社区"]
    assert table.filled == {(3, 2)}


def test_a_row_with_nothing_but_a_merged_cell_is_nobody() -> None:
    rows: Rows = [HEADINGS, [1, "王芳", "一社区"], [], [3, "赵敏", "二社区"]]
    table = read_table("a.xlsx", xlsx(rows, lambda active: active.merge_cells("C2:C3")))
    assert [line.number for line in table.lines] == [2, 4]
    assert [(each.number, each.why) for each in table.left_out] == [(3, "blank")]


def test_headings_in_two_rows() -> None:
    def merge(active: Worksheet) -> None:
        for area in ("A1:A2", "B1:B2", "C1:D1"):
            active.merge_cells(area)

    rows: Rows = [
        ["序号", "姓名", "联系方式", None],
        [None, None, "手机", "座机"],
        [1, "王芳", "13800001234", "5550147"],
    ]
    table = read_table("a.xlsx", xlsx(rows, merge))
    assert table.headings == ("序号", "姓名", "手机", "座机")
    assert [line.number for line in table.lines] == [3]


def test_the_sheet_with_the_headings_is_taken_and_hidden_ones_are_not() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["字典", "专职"])
    hidden = book.create_sheet("旧")
    hidden.append([*HEADINGS, "学历", "岗位"])
    hidden.append([1, "不要"])
    hidden.sheet_state = "hidden"
    right = book.create_sheet("名单")
    right.append(HEADINGS)
    right.append([1, "王芳"])
    buffer = io.BytesIO()
    book.save(buffer)
    table = read_table("a.xlsx", buffer.getvalue())
    assert (table.sheet, table.lines[0].cells[1]) == ("名单", "王芳")


def test_a_format_at_the_last_line_of_the_sheet_does_no_harm() -> None:
    def stray(active: Worksheet) -> None:
        active["A1048576"].number_format = "0.00"

    assert len(read_table("a.xlsx", xlsx([HEADINGS, [1, "王芳"]], stray)).lines) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "，"])
def test_csv_as_excel_and_wps_write_it(encoding: str, delimiter: str) -> None:
    rows = [["花名册"], ["姓名", "手机"], ["王㛃", "13800001234"], ["", ""], ['"李 强"', "1"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    table = read_table("a.csv", text.encode(encoding))
    assert table.header_line == 2
    assert [line.cells for line in table.lines] == [("王㛃", "13800001234"), ("李 强", "1")]


def test_what_is_no_roster_is_refused_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert code(b"") == "people.roster.empty"
    assert code(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512) == "people.roster.old_excel"
    assert code(b"PK\x03\x04 broken") == "people.roster.not_a_table"
    assert code(b"%PDF-1.4\x00\x00") == "people.roster.not_a_table"
    assert code("只有一段话".encode()) == "people.roster.not_a_table"
    assert code(b"a,b\n1,2\n") == "people.roster.no_headings"
    assert code("姓名,手机\n,\n".encode()) == "people.roster.no_rows"
    assert code(b"\xff\xff\xff,\x80") == "people.roster.encoding"
    assert code(xlsx([["甲", "乙"], [1, 2]])) == "people.roster.no_headings"
    monkeypatch.setattr(sheet, "MOST_ROWS", 2)
    rows: Rows = [HEADINGS, *([[1, "王芳"]] * 30)]
    assert code(xlsx(rows)) == "people.roster.too_many_rows"
    text = "\n".join(",".join(str(cell) for cell in row) for row in rows)
    assert code(text.encode()) == "people.roster.too_many_rows"


def _archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_archives_made_to_harm_are_refused_before_they_are_unpacked() -> None:
    types = {"[Content_Types].xml": b"<Types/>"}
    assert code(_archive({**types, "xl/a.xml": b"0" * 3_000_000})) == "people.roster.too_large"
    assert code(_archive({**types, **{f"xl/{n}.xml": b"" for n in range(2_001)}})) == "people.roster.too_large"
    assert code(_archive({"a.txt": b"a"})) == "people.roster.not_a_table"
    assert code(_archive({**types, "xl/a.xml": b'<!doctype x [<!ENTITY a "a">]>'})) == "people.roster.not_a_table"
