"""From an xlsx or CSV file to a table of cells: sheet, header row and data rows are found, not demanded."""

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from lms.core.errors import Invalid
from lms.people.formats.headings import heading_score, without_identity

MOST_ROWS = 20_000
MOST_COLUMNS = 60
HEADER_WITHIN = 20
"""The header row is looked for in the first so many rows: titles and notes stand above it."""
MOST_MEMBERS = 2_000
MOST_UNPACKED = 64 * 1024 * 1024
MOST_RATIO = 100

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Excel's "Unicode text"."""

Cell = str | int | float | bool | date | datetime | None

_SUBTOTAL = re.compile(r"^(小计|合计|总计|共计|总人数|累计)")
_NOTE = re.compile(r"^(注|备注|说明|填表|填报|制表|审核|负责人|单位负责人|联系电话|附件|以上)")
_SIGNED = re.compile(r"^(填表|填报|制表|审核|负责|单位负责)人?[:：]")


@dataclass(frozen=True)
class Line:
    """One data row: its line in the file (from 1) and its cells."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class LeftOut:
    """A row that is no person, and why: ``title``, ``blank``, ``subtotal``, ``note``, ``header``."""

    number: int
    why: str
    text: str


@dataclass(frozen=True)
class Table:
    """What was found in a file. ``filled``: (line, column) of cells filled down from a merged cell above."""

    sheet: str
    header_line: int
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    left_out: tuple[LeftOut, ...]
    filled: frozenset[tuple[int, int]]


def read_table(name: str, content: bytes) -> Table:
    """Return the table in a file. ``name`` decides nothing but the wording of errors; the bytes decide.

    Raises Invalid (field ``file``): empty, an old .xls, no spreadsheet, too large, or no row with headings.
    """
    if not content:
        raise Invalid("people.roster.empty", field="file")
    if content.startswith(b"PK"):
        return _read_xlsx(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid("people.roster.old_excel", field="file")
    if b"\x00" in content[:4096] and not content.startswith(_UTF_16_MARKS):
        raise Invalid("people.roster.not_a_table", field="file", name=name)
    return _read_csv(content, name)


def _refuse_bomb(content: bytes) -> None:
    """Raise Invalid for an archive that unpacks to far more than it should, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            packed = sum(member.compress_size for member in members) or 1
            names = {member.filename for member in members}
            if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED:
                raise Invalid("people.roster.too_large", field="file")
            if unpacked > 1024 * 1024 and unpacked / packed > MOST_RATIO:
                raise Invalid("people.roster.too_large", field="file")
            if "[Content_Types].xml" not in names or not any(each.startswith("xl/") for each in names):
                raise Invalid("people.roster.not_a_table", field="file", name="")
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as file:
                        if b"<!DOCTYPE" in file.read(1024).upper():
                            raise Invalid("people.roster.not_a_table", field="file", name="")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Invalid("people.roster.not_a_table", field="file", name="") from error


def _read_xlsx(content: bytes) -> Table:
    _refuse_bomb(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    except Exception as error:  # openpyxl raises whatever the broken part provokes
        raise Invalid("people.roster.not_a_table", field="file", name="") from error
    try:
        best: tuple[int, Worksheet, int] | None = None
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            score, at = _best_header(_grid(sheet, HEADER_WITHIN))
            if score and (best is None or score > best[0]):
                best = (score, sheet, at)
        if best is None:
            raise Invalid("people.roster.no_headings", field="file")
        _, chosen, at = best
        grid = _grid(chosen)
        depth = _header_depth(chosen, at)
        if depth:
            grid = _one_heading_row(grid, at, depth)
        filled = _fill_merged(chosen, grid, at + depth)
        return _table(chosen.title, grid, at + depth, filled)
    finally:
        book.close()


def _grid(sheet: Worksheet, most: int | None = None) -> list[list[Cell]]:
    """Return the cells as rows, up to the last row with a value; only the first ``most`` rows when given.

    A format on line 1,048,576 is common in files of WPS and must neither be refused nor walked to.
    """
    present = [
        (row, column, cell.value)
        for (row, column), cell in sheet._cells.items()
        if column <= MOST_COLUMNS and (most is None or row <= most) and cell.value is not None
    ]
    last = max((row for row, _, _ in present), default=0)
    if last > MOST_ROWS + HEADER_WITHIN:
        raise Invalid("people.roster.too_many_rows", field="file", most=MOST_ROWS)
    width = max((column for _, column, _ in present), default=0)
    grid: list[list[Cell]] = [[None] * width for _ in range(last)]
    for row, column, value in present:
        grid[row - 1][column - 1] = value if isinstance(value, str | int | float | bool | date) else str(value)
    return grid


def _header_depth(sheet: Worksheet, at: int) -> int:
    """Return how many rows below the first heading row still belong to the headings, by its merged cells."""
    below = [area.max_row - 1 - at for area in sheet.merged_cells.ranges if area.min_row - 1 == at]
    return min(max(below, default=0), 3)


def _one_heading_row(grid: list[list[Cell]], at: int, depth: int) -> list[list[Cell]]:
    """Write the headings of several rows into the last of them: the lowest text of each column counts."""
    rows = grid[at : at + depth + 1]
    lowest: list[Cell] = []
    for column in range(len(rows[0])):
        texts = [row[column] for row in rows if _text(row[column])]
        lowest.append(texts[-1] if texts else None)
    blank: list[Cell] = [None] * len(rows[0])
    return [*grid[:at], *([blank] * depth), lowest, *grid[at + depth + 1 :]]


def _fill_merged(sheet: Worksheet, grid: list[list[Cell]], header: int) -> frozenset[tuple[int, int]]:
    """Copy the value of a merged cell into the cells it covers, below the header row only."""
    filled: set[tuple[int, int]] = set()
    for area in sheet.merged_cells.ranges:
        top, left = area.min_row - 1, area.min_col - 1
        if top <= header or top >= len(grid) or area.min_col != area.max_col or left >= len(grid[top]):
            continue
        for row in range(top + 1, min(area.max_row, len(grid))):
            grid[row][left] = grid[top][left]
            filled.add((row + 1, left))
    return frozenset(filled)


def decode(content: bytes) -> str:
    """Return the text of a CSV file written in UTF-8 (with or without mark), GB18030 or, by its mark, UTF-16."""
    if content.startswith(_UTF_16_MARKS):
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("people.roster.encoding", field="file")


def _read_csv(content: bytes, name: str) -> Table:
    text = decode(content)
    top = "\n".join(text.splitlines()[:HEADER_WITHIN])
    delimiter = max((",", "\t", ";", "，"), key=top.count)
    if not top.count(delimiter):
        raise Invalid("people.roster.not_a_table", field="file", name=name)
    grid: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            grid.append([cell if cell.strip() else None for cell in row[:MOST_COLUMNS]])
            if len(grid) > MOST_ROWS + HEADER_WITHIN:
                raise Invalid("people.roster.too_many_rows", field="file", most=MOST_ROWS)
    except csv.Error as error:
        raise Invalid("people.roster.not_a_table", field="file", name=name) from error
    score, at = _best_header(grid[:HEADER_WITHIN])
    if not score:
        raise Invalid("people.roster.no_headings", field="file")
    return _table("", grid, at, frozenset())


def _best_header(rows: Sequence[Sequence[Cell]]) -> tuple[int, int]:
    """Return (score, index) of the row that looks most like headings; score 0 when none does."""
    scores = [(heading_score([_text(cell) for cell in row]), -index) for index, row in enumerate(rows)]
    if not scores:
        return 0, 0
    score, negative = max(scores)
    return score, -negative


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _table(sheet: str, grid: list[list[Cell]], header: int, filled: frozenset[tuple[int, int]]) -> Table:
    headings = [_text(cell) for cell in grid[header]]
    width = max((index + 1 for index, text in enumerate(headings) if text), default=0)
    headings = [re.sub(r"\s+", "", text) for text in headings[:width]]
    left_out = [LeftOut(number, "title", _joined(row)) for number, row in enumerate(grid[:header], 1) if _joined(row)]
    lines: list[Line] = []
    for number, row in enumerate(grid[header + 1 :], header + 2):
        cells = tuple(row[:width]) + (None,) * (width - len(row))
        own = [_text(cell) for index, cell in enumerate(cells) if (number, index) not in filled]
        present = [text for text in own if text]
        if not present:
            if any(_text(cell) for cell in cells):
                left_out.append(LeftOut(number, "blank", ""))
            continue
        if _SUBTOTAL.match(present[0]):
            left_out.append(LeftOut(number, "subtotal", _joined(cells)))
        elif _SIGNED.match(present[0]) or (len(present) <= 2 and (_NOTE.match(present[0]) or len(present[0]) > 30)):
            left_out.append(LeftOut(number, "note", _joined(cells)))
        elif [re.sub(r"\s+", "", text) for text in own] == headings:
            left_out.append(LeftOut(number, "header", ""))
        else:
            lines.append(Line(number, cells))
    if not lines:
        raise Invalid("people.roster.no_rows", field="file")
    return Table(sheet, header + 1, tuple(headings), tuple(lines), tuple(left_out), filled)


def _joined(row: Sequence[Cell]) -> str:
    return without_identity(" ".join(text for text in map(_text, row) if text))[:80]
