"""Writing xlsx files that are safe to open."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from lms.core import spreadsheet


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_text_can_become_a_formula(start: str) -> None:
    assert spreadsheet.safe_text(f"{start}1+1") == f"'{start}1+1"
    content = spreadsheet.workbook([("表", ["名"], [[f'{start}HYPERLINK("http://x")']], [10])])
    cell = openpyxl.load_workbook(io.BytesIO(content)).active["A2"]  # type: ignore[index]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


def test_what_xml_cannot_hold_goes_and_the_rest_stays() -> None:
    assert spreadsheet.safe_text("a\x00b\x1fc") == "abc"
    assert spreadsheet.safe_text("王芳\n二组") == "王芳\n二组"
    assert spreadsheet.safe_text("\x00=1") == "'=1"


def test_values_keep_their_kind_and_moments_are_local() -> None:
    row: list[spreadsheet.Value] = [
        "=1",
        7,
        Decimal("1.50"),
        date(2026, 11, 24),
        datetime(2026, 11, 24, 2, 0, tzinfo=UTC),
        None,
    ]
    content = spreadsheet.workbook(
        [("一" * 40, ["a", "b", "c", "d", "e", "=f"], [row], [8] * 6), ("二", ["x"], [], [])]
    )
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert [len(title) for title in book.sheetnames] == [31, 1]
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[2]] == [
        "'=1",
        7,
        1.5,
        datetime(2026, 11, 24),
        datetime(2026, 11, 24, 10, 0),
        None,
    ]
    assert sheet["F1"].value == "'=f"
    assert sheet.freeze_panes == "A2"


def test_more_columns_than_letters() -> None:
    content = spreadsheet.workbook([("宽", [str(n) for n in range(40)], [list(range(40))], [9] * 40)])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert sheet.column_dimensions["AN"].width == 9
    assert sheet["AN2"].value == 39
