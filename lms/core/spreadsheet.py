"""Writing xlsx files that are safe to open: every text is text, nothing is a formula."""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from lms.core.clock import SHANGHAI

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Value = str | int | Decimal | date | datetime | None

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NOT_ALLOWED = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])


def safe_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: a dangerous start gets an apostrophe before it."""
    text = text.translate(_NOT_ALLOWED)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _cell(sheet: WriteOnlyWorksheet, value: Value, *, bold: bool = False) -> Any:
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).replace(tzinfo=None)
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=safe_text(value))
        cell.data_type = "s"
    else:
        cell = WriteOnlyCell(sheet, value=value)  # type: ignore[arg-type]
        if isinstance(value, datetime):
            cell.number_format = "yyyy-mm-dd hh:mm"
        elif isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"
    if bold:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def workbook(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Value]], Sequence[int]]]) -> bytes:
    """Return an xlsx file. Each sheet: (title, at most 31 characters; headings; rows; column widths in characters)."""
    book = Workbook(write_only=True)
    for title, headings, rows, widths in sheets:
        sheet = book.create_sheet(safe_text(title)[:31])
        for index, width in enumerate(widths):
            sheet.column_dimensions[get_column_letter(index + 1)].width = width
        sheet.freeze_panes = "A2"
        sheet.append([_cell(sheet, heading, bold=True) for heading in headings])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
