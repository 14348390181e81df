"""Reading content files: every problem at once, each with its line."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from lms.core.content import (
    Problems,
    SourceFile,
    Strict,
    duplicates,
    model_of,
    parse_model,
    read_files,
    read_yaml,
    split_front_matter,
    warn_untranslated,
)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Entry(Strict):
    key: Annotated[str, Field(pattern=r"^[a-z]\d$")]
    text: Annotated[str, Field(min_length=1)]
    text_en: str = ""


class Shelf(Strict):
    title: str
    title_en: str = ""
    number: Annotated[int, Field(ge=1, le=9)] = 1
    share: Decimal = Decimal(0)
    on: date | None = None
    is_open: bool = False
    colour: Colour = Colour.RED
    mark: Literal[60, 80] = 60
    entries: tuple[Entry, ...] = ()
    by_level: dict[int, Entry] = {}  # noqa: RUF012 - pydantic copies it

    @field_validator("title")
    @classmethod
    def _never_so(cls, value: str) -> str:
        if value == "so":
            raise ValueError("不能叫 so")
        return value


def found_in(text: str, *, first_line: int = 1) -> list[str]:
    problems = Problems()
    parse_model(SourceFile("a.yaml", text), Shelf, problems, first_line=first_line)
    return [str(problem) for problem in problems]


def test_a_whole_file_becomes_a_frozen_model() -> None:
    problems = Problems()
    text = (
        "title: 好\nnumber: 3\nshare: 0.5\non: 2026-11-24\nis_open: true\ncolour: blue\nmark: 80\n"
        "entries:\n- key: a1\n  text: 一\nby_level:\n  1:\n    key: b1\n    text: 二\n"
    )
    shelf = parse_model(SourceFile("a.yaml", text), Shelf, problems)
    assert shelf is not None
    assert not len(problems)
    assert (shelf.number, shelf.share, shelf.on, shelf.is_open) == (3, Decimal("0.5"), date(2026, 11, 24), True)
    assert shelf.entries[0].text == "一"
    assert shelf.by_level[1].key == "b1"
    with pytest.raises(ValueError, match="frozen"):
        shelf.title = "x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title: a\nwrong: 1\n", "a.yaml:2: 不认识的键 wrong"),
        ("number: 2\n", "a.yaml:1: 缺 title"),
        ("title: a\ntitle: b\n", "a.yaml:2: 重复的键 title"),
        ("title: 3\n", "a.yaml:1: title：要写文字"),
        ("title: so\n", "a.yaml:1: title：不能叫 so"),
        ("title: a\nnumber: '3'\n", "a.yaml:2: number：要写整数"),
        ("title: a\nnumber: 2.5\n", "a.yaml:2: number：要写整数"),
        ("title: a\nnumber: 0\n", "a.yaml:2: number：不能小于 1"),
        ("title: a\nnumber: 10\n", "a.yaml:2: number：不能大于 9"),
        ("title: a\non: soon\n", "a.yaml:2: on：日期要写成 2026-11-24 这样"),
        ("title: a\nis_open: yes\n", "a.yaml:2: 是非要写 true 或 false，不写 yes"),
        ("title: a\nis_open: 1\n", "a.yaml:2: is_open：要写 true 或 false"),
        ("title: a\ncolour: green\n", "a.yaml:2: colour：只能写 'red'、'blue'"),
        ("title: a\nmark: 70\n", "a.yaml:2: mark：只能写 60、80"),
        ("title: a\nentries: one\n", "a.yaml:2: entries：要写成一条一条的列表"),
        ("title: a\nentries:\n- key: a1\n  text: ''\n", "a.yaml:4: entries.0.text：不能空着"),
        ("title: a\nentries:\n- key: a1\n  text: b\n- text: c\n", "a.yaml:5: 缺 key"),
        ("title: a\nentries:\n- key: A\n  text: b\n", "a.yaml:3: entries.0.key：写法不对，要像 ^[a-z]\\d$"),
        ("title: a\nby_level:\n  one: {key: a1, text: b}\n", "a.yaml:3: by_level.one：要写整数"),
        ("title: a\nentries: &x []\nby_level: *x\n", "a.yaml:2: 不用 & 和 *，把内容再写一遍"),
        ("title: [a\n", "a.yaml:2: YAML 写法不对：did not find expected ',' or ']'"),
        ("title: a\n[1]: b\n", "a.yaml:2: 键要写成一个词"),
        ("title: a\non: 2026-13-40\n", "a.yaml:2: 读不懂 2026-13-40"),
        ("# nothing\n", "a.yaml:1: 文件是空的"),
        ("- a\n", "a.yaml:1: 要写成“键: 值”的样子"),
        ("title: !!python/object/apply:os.getcwd []\n", "a.yaml:1: title：要写文字"),
        ("title: a\nnumber: 1\x00\n", "a.yaml:1: YAML 写法不对："),
    ],
)
def test_a_fault_has_its_line(text: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in found_in(text)), found_in(text)


def test_all_faults_are_told_at_once_and_in_order() -> None:
    found = found_in("number: 0\nwrong: 1\ntitle: 3\nentries:\n- key: a1\n")
    assert [line.split(":")[1] for line in found] == ["1", "2", "3", "5"]


def test_lines_of_front_matter_are_those_of_the_file() -> None:
    problems = Problems()
    page = split_front_matter(SourceFile("a.md", "---\ntitle: a\nwrong: 1\n---\n\nbody\n"), problems)
    assert page is not None
    assert (page.body, page.body_line) == ("\nbody\n", 5)
    parse_model(page.head, Shelf, problems, first_line=page.head_line)
    assert [str(problem) for problem in problems] == ["a.md:3: 不认识的键 wrong"]


@pytest.mark.parametrize("text", ["title: a\n", "---\ntitle: a\n", " ---\na: b\n---\n", ""])
def test_a_page_without_front_matter_is_a_problem(text: str) -> None:
    problems = Problems()
    assert split_front_matter(SourceFile("a.md", text), problems) is None
    assert [problem.line for problem in problems] == [1]


def test_a_line_that_is_not_there_is_the_nearest_thing_round_it() -> None:
    document = read_yaml(SourceFile("a.yaml", "a:\n  b:\n  - c\n  - d\n"), Problems())
    assert document is not None
    assert [document.line("a", "b", 1), document.line("a", "b", 7, "x"), document.line("z"), document.line()] == [
        4,
        2,
        1,
        1,
    ]


def test_depth_without_end_is_a_problem_not_a_crash() -> None:
    problems = Problems()
    assert read_yaml(SourceFile("a.yaml", "[" * 5000 + "]" * 5000), problems) is None
    assert len(problems.errors) == 1


def test_missing_english_is_a_warning_with_the_line_of_the_chinese() -> None:
    problems = Problems()
    source = SourceFile(
        "a.yaml", "title: 好\ntitle_en: good\nentries:\n- key: a1\n  text: 一\n  text_en: one\n- key: a2\n  text: 二\n"
    )
    document = read_yaml(source, problems)
    assert document is not None
    warn_untranslated(source.path, document, model_of(source.path, document, Shelf, problems), problems)
    assert [str(problem) for problem in problems.warnings] == ["a.yaml:8: text 没有英文"]
    assert not problems.errors
    assert not problems.spoil(["a.yaml"])


def test_files_are_read_alike_wherever_they_were_typed(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.md").write_bytes("\ufeff一\r\n二\r\n".encode())
    (tmp_path / "b" / "two.md").write_bytes("一\n二网".encode("gb18030"))
    (tmp_path / "b" / "three.md").write_bytes(b"a\nb\0c")
    (tmp_path / "b" / "four.txt").write_text("no")
    problems = Problems()
    assert read_files(tmp_path, ["b/*.md", "*/one.md"], problems) == [SourceFile("b/one.md", "一\n二\n")]
    assert [str(problem) for problem in problems] == [
        "b/three.md:2: 混进了空字符，请删掉",
        "b/two.md:2: 不是 UTF-8 编码，请另存为 UTF-8",
    ]
    assert problems.spoil(["b/two.md", "b/one.md"])
    assert not problems.spoil(["b/one.md"])


def test_a_problem_is_kept_once() -> None:
    problems = Problems()
    problems.add("a", 1, "x")
    problems.add("a", 1, "x")
    assert len(problems) == 1


def test_duplicates_are_the_later_ones() -> None:
    assert duplicates(["a", "b", "a", "a"]) == [2, 3]
