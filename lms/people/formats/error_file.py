"""The rows of a roster that were not entered, as a file to mend and bring in again."""

from collections.abc import Collection, Iterable, Sequence

from lms.core import spreadsheet
from lms.people.formats.cleaning import cell_text
from lms.people.formats.sheet import Cell

SHEET = "花名册"


def error_file(
    headings: Sequence[str],
    dropped: Collection[int],
    rows: Iterable[tuple[int, Sequence[Cell], str]],
    *,
    line_heading: str,
    problem_heading: str,
) -> bytes:
    """Return an xlsx file: the columns as they stood, then the line in the old file and what is wrong.

    ``rows``: (line, cells, what is wrong). Left out: the ``dropped`` columns, whose cells were never kept, and the
    two last columns of an earlier error file.
    """
    own = {line_heading, problem_heading}
    kept = [index for index, heading in enumerate(headings) if index not in dropped and heading not in own]
    return spreadsheet.workbook(
        [
            (
                SHEET,
                [*(headings[index] for index in kept), line_heading, problem_heading],
                (
                    [*(cell_text(cells[index]) if index < len(cells) else "" for index in kept), line, words]
                    for line, cells, words in rows
                ),
                [14] * len(kept) + [8, 60],
            )
        ]
    )
