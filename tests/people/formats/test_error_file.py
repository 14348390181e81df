"""The rows that were not entered, as a file to mend and bring in again."""

import io

import openpyxl

from lms.people.formats.error_file import error_file
from lms.people.formats.headings import Field, guess_columns
from lms.people.formats.sheet import Cell, read_table


def test_the_file_holds_what_stood_there_and_why_and_can_be_read_again() -> None:
    headings = ["姓名", "身份证号", "手机", "原来的行", "哪里有问题"]
    rows: list[tuple[int, list[Cell], str]] = [
        (7, ["=cmd", None, 13800001234, 3, "旧的问题"], "没有姓名"),
        (9, ["王芳"], "手机不对"),
    ]
    content = error_file(headings, {1}, rows, line_heading="原来的行", problem_heading="哪里有问题")
    active = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert [list(row) for row in active.iter_rows(values_only=True)] == [
        ["姓名", "手机", "原来的行", "哪里有问题"],
        ["'=cmd", "13800001234", 7, "没有姓名"],
        ["王芳", None, 9, "手机不对"],
    ]
    table = read_table("again.xlsx", content)
    mapping, _ = guess_columns(table.headings, [[], [], [], []])
    assert mapping == {Field.NAME: 0, Field.PHONE: 1}
