"""Courses and lessons: ``courses/<layer>/<category>/<key>/course.yaml`` and one ``NN.zh.md`` a lesson.

Docs: docs/content.md. A lesson is parts of at most eight minutes; each part ends with one question to think back.
HTML is made when a page first asks for it and stays with the parsed revision.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Literal

from markupsafe import Markup
from pydantic import Field

from lms.content.content import (
    Bundle,
    ContentType,
    CourseKey,
    Duties,
    Library,
    Register,
    Text,
    by_file,
    by_folder,
    read_single,
    warn_overdue,
)
from lms.content.rules import ContentKind
from lms.core import markup
from lms.core.content import (
    Document,
    Page,
    Problems,
    SourceFile,
    Strict,
    duplicates,
    model_of,
    read_yaml,
    split_front_matter,
    warn_untranslated,
)
from lms.core.languages import in_language
from lms.courses.rules import (
    CHARACTERS_OF_A_LESSON,
    LESSON_FILLS_MINUTES,
    LONGEST_PART_MINUTES,
    PARTS_OF_A_LESSON,
    POINTS_OF_A_LESSON,
    Category,
    Function,
    Layer,
    hours_of_course,
    learning_minutes,
)

STAMP_LENGTH = 4
"""Characters of a course's short name, set two by two in its stamp."""


# --- what stands in the files ------------------------------------------------------------------------------


class Objective(Strict):
    """What one can do afterwards."""

    text: Text
    text_en: str = ""


class LessonLine(Strict):
    """A lesson in the order of learning."""

    key: Text
    title: Text
    title_en: str = ""


class CourseFile(Strict):
    """course.yaml."""

    key: CourseKey
    revision: Annotated[int, Field(ge=1)]
    title: Text
    title_en: str = ""
    short: Annotated[str, Field(min_length=STAMP_LENGTH, max_length=STAMP_LENGTH)]
    short_en: str = ""
    layer: Layer
    category: Category
    hours: Decimal
    pass_mark: Literal[60, 80]
    requires: tuple[CourseKey, ...]
    competencies: Annotated[tuple[str, ...], Field(min_length=1)]
    functions: Annotated[tuple[Function, ...], Field(min_length=1)]
    summary: Text
    summary_en: str = ""
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    lessons: Annotated[tuple[LessonLine, ...], Field(min_length=1)]


class LessonHead(Strict):
    """Front matter of NN.zh.md."""

    key: Text
    revision: Annotated[int, Field(ge=1)]
    title: Text
    title_en: str = ""
    summary: Text
    summary_en: str = ""
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1, max_length=2)]
    competencies: Annotated[tuple[str, ...], Field(min_length=1)]
    functions: Annotated[tuple[Function, ...], Field(min_length=1)]
    duties: tuple[str, ...]
    cites: tuple[str, ...]
    checked_on: date
    review_by: date
    pending: tuple[Text, ...]


class EnglishHead(Strict):
    """Front matter of NN.en.md. ``of_revision``: the Chinese revision it was translated from."""

    key: Text
    lang: Literal["en"]
    of_revision: Annotated[int, Field(ge=1)]


# --- what pages use ----------------------------------------------------------------------------------------


class BlockKind(StrEnum):
    """The fixed headings of a part, the question at its end aside."""

    STORY = "story"
    POINTS = "points"
    DO = "do"
    DONT = "dont"


@dataclass(frozen=True)
class Point:
    """One of the 3–5 points of a lesson: a sentence to remember and why."""

    number: int
    head: str
    body: str

    @cached_property
    def head_html(self) -> Markup:
        return markup.to_inline(self.head)

    @cached_property
    def html(self) -> Markup:
        return markup.to_html(self.body)


@dataclass(frozen=True, kw_only=True)
class Block:
    """What stands under one heading. ``minutes`` and ``answer``: of a task; ``items``: of what not to do."""

    kind: BlockKind
    text: str = ""
    points: tuple[Point, ...] = ()
    items: tuple[str, ...] = ()
    minutes: int = 0
    answer: str = ""

    @cached_property
    def html(self) -> Markup:
        return markup.to_html(self.text)

    @cached_property
    def answer_html(self) -> Markup:
        return markup.to_html(self.answer)

    @cached_property
    def items_html(self) -> tuple[Markup, ...]:
        return tuple(markup.to_inline(item) for item in self.items)


@dataclass(frozen=True)
class Option:
    """A way to answer, and what to say to whoever chose it."""

    text: str
    feedback: str


@dataclass(frozen=True)
class RetrievalQuestion:
    """想一想: practice only. ``right`` is the index of the one right option."""

    prompt: str
    options: tuple[Option, ...]
    right: int

    @cached_property
    def prompt_html(self) -> Markup:
        return markup.to_html(self.prompt)


@dataclass(frozen=True)
class Part:
    """A few minutes of a lesson. ``key`` (p1 …) is the bookmark and never changes."""

    key: str
    title: str
    minutes: int
    blocks: tuple[Block, ...]
    question: RetrievalQuestion


@dataclass(frozen=True)
class Source:
    """A line under 来源. ``place`` and ``says``: of a law; ``text``: of everything else."""

    line: int
    text: str
    place: str = ""
    says: str = ""


@dataclass(frozen=True)
class Body:
    """The text of a lesson in one language."""

    parts: tuple[Part, ...]
    sources: tuple[Source, ...]
    lines: Mapping[str, int] = field(repr=False, compare=False)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of the parts in their order."""
        return tuple(part.key for part in self.parts)

    def part(self, key: str) -> Part | None:
        """Return a part by its key."""
        return next((part for part in self.parts if part.key == key), None)


@dataclass(frozen=True)
class Lesson:
    """A lesson of a course. ``number`` counts from 1 in the order of learning; ``path`` is its Chinese file."""

    head: LessonHead
    number: int
    path: str
    body: Body
    english: Body | None
    english_of: int
    document: Document = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        return self.head.key

    @property
    def minutes(self) -> int:
        """The minutes its parts state, together."""
        return sum(part.minutes for part in self.body.parts)

    def title_in(self, language: str) -> str:
        """Return the title in zh or en; Chinese where English is missing."""
        return in_language(language, self.head.title, self.head.title_en)

    def summary_in(self, language: str) -> str:
        """Return the summary in zh or en; Chinese where English is missing."""
        return in_language(language, self.head.summary, self.head.summary_en)

    def body_in(self, language: str) -> tuple[Body, str]:
        """Return the text for a reader of zh or en, and the language it is in."""
        if language == "en" and self.english is not None:
            return self.english, "en"
        return self.body, "zh"

    @property
    def english_is_old(self) -> bool:
        """Whether the English was made from an earlier Chinese text."""
        return self.english is not None and self.english_of != self.head.revision


@dataclass(frozen=True)
class Course:
    """A course with all its lessons, as one revision holds it."""

    file: CourseFile
    path: str
    lessons: tuple[Lesson, ...]
    document: Document = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        return self.file.key

    @property
    def revision(self) -> int:
        return self.file.revision

    @property
    def hours(self) -> Decimal:
        return self.file.hours

    def title_in(self, language: str) -> str:
        """Return the title in zh or en; Chinese where English is missing."""
        return in_language(language, self.file.title, self.file.title_en)

    def title_phrases(self, language: str) -> list[str]:
        """Return the title cut after its stops, since browsers break Chinese words at the end of a line."""
        return re.split(r"(?<=[、，：])", self.title_in(language))

    def short_in(self, language: str) -> str:
        """Return the name on the stamp in zh or en; Chinese where English is missing."""
        return in_language(language, self.file.short, self.file.short_en)

    def summary_in(self, language: str) -> str:
        """Return the summary in zh or en; Chinese where English is missing."""
        return in_language(language, self.file.summary, self.file.summary_en)

    def lesson(self, key: str) -> Lesson | None:
        """Return a lesson by its key."""
        return next((lesson for lesson in self.lessons if lesson.key == key), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the lessons in the order of learning."""
        return tuple(line.key for line in self.file.lessons)

    @property
    def is_whole(self) -> bool:
        """Whether every lesson could be read."""
        return len(self.lessons) == len(self.file.lessons)


def objective_in(objective: Objective, language: str) -> str:
    """Return an objective in zh or en; Chinese where English is missing."""
    return in_language(language, objective.text, objective.text_en)


# --- reading a lesson's text -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wording:
    """The fixed words of a lesson's text in one language."""

    sections: Mapping[str, str]
    sources: str
    part: str
    answer: str
    law: str


RECALL = "recall"
WORDINGS: Mapping[str, Wording] = {
    "zh": Wording(
        sections={"故事": "story", "要点": "points", "做一做": "do", "不要做": "dont", "想一想": RECALL},
        sources="来源",
        part=r"第[一二三]段",
        answer="答：",
        law=r"《(?P<law>[^》]+)》第(?P<article>\d+)条(?:第(?P<paragraph>\d+)款)?",
    ),
    "en": Wording(
        sections={"Story": "story", "Key points": "points", "Do": "do", "Don't": "dont", "Think back": RECALL},
        sources="Sources",
        part=r"Part (?:one|two|three):?",
        answer="Answer:",
        law=r"(?P<law>[A-Z][^:]*?), Art\. (?P<article>\d+)(?: para\. (?P<paragraph>\d+))?",
    ),
}

_PART = re.compile(r"## (?P<title>.+?) \{#(?P<key>p\d+) min=(?P<minutes>\d+)\}")
_SECTION = re.compile(r"### (?P<name>.+?)(?: \{min=(?P<minutes>\d+)\})?")
_POINT = re.compile(r"(?P<number>\d+)\. \*\*(?P<head>.+?)\*\*[ ]*(?P<rest>.*)")
_OPTION = re.compile(r"- \[(?P<mark>[ x])\] (?P<text>.+)")
_FEEDBACK = re.compile(r"\s+→ (?P<text>.+)")
_ITEM = re.compile(r"- (?P<text>.+)")
_WORD = re.compile(r"[\u3400-\u9fff]|[A-Za-z]+|\d+")

Line = tuple[int, str]


@dataclass
class _Section:
    name: str
    line: int
    minutes: int
    lines: list[Line] = field(default_factory=list)


@dataclass
class _Part:
    key: str
    title: str
    minutes: int
    line: int
    sections: list[_Section] = field(default_factory=list)


class _Reader:
    """Reads the text below the front matter of one lesson file."""

    def __init__(self, path: str, page: Page, wording: Wording, problems: Problems) -> None:
        self.path = path
        self.wording = wording
        self.problems = problems
        self.lines: list[Line] = list(enumerate(page.body.split("\n"), page.body_line))
        self.first = page.body_line
        self.parts: list[_Part] = []
        self.sources: list[Line] = []
        self.sources_line = 0

    def wrong(self, line: int, text: str) -> None:
        self.problems.add(self.path, line, text)

    def read(self) -> Body | None:
        """Return the text; None when it has faults, each a problem."""
        before = len(self.problems)
        self._split()
        parts = [part for each in self.parts if (part := self._part(each)) is not None]
        keys = [each.key for each in self.parts]
        if keys != [f"p{number}" for number in range(1, len(keys) + 1)]:
            self.wrong(self.parts[0].line, f"各段的 # 要依次是 p1、p2、p3，现在是 {'、'.join(keys)}")
        if len(keys) not in PARTS_OF_A_LESSON:
            self.wrong(self.first, f"一课要有 2 到 3 段，现在 {len(keys)} 段")
        sources = tuple(self._sources())
        if not sources:
            self.wrong(self.sources_line or self.first, f"缺“## {self.wording.sources} {{#sources}}”，或者下面是空的")
        self._count_sections()
        self._number_points(parts)
        if len(self.problems) > before:
            return None
        lines = {each.key: each.line for each in self.parts}
        return Body(tuple(parts), sources, {**lines, "": self.first, "sources": self.sources_line})

    def _split(self) -> None:
        """Sort the lines under their headings."""
        into: list[Line] | None = None
        for number, text in self.lines:
            if text.startswith(("# ", "####")):
                self.wrong(number, f"没有这一级标题：{text}")
            elif text.rstrip() == f"## {self.wording.sources} {{#sources}}":
                self.sources_line, into = number, self.sources
            elif text.startswith("## "):
                self._begin_part(number, text.rstrip())
                into = None
            elif text.startswith("### "):
                into = self._begin_section(number, text.rstrip())
            elif into is not None:
                into.append((number, text.rstrip()))
            elif text.strip():
                self.wrong(number, "这一行不在任何栏目下面")

    def _begin_part(self, number: int, text: str) -> None:
        match = _PART.fullmatch(text)
        if match is None:
            self.wrong(number, "段的标题要写成“## 第一段 标题 {#p1 min=8}”")
        if self.sources_line:
            self.wrong(number, f"{self.wording.sources}要放在最后")
        title = re.sub(rf"^{self.wording.part}\s*", "", match["title"] if match else text)
        minutes = int(match["minutes"]) if match else 0
        if minutes > LONGEST_PART_MINUTES:
            self.wrong(number, f"一段不超过 {LONGEST_PART_MINUTES} 分钟，现在写的是 {minutes}")
        self.parts.append(_Part(match["key"] if match else "", title, minutes, number))

    def _begin_section(self, number: int, text: str) -> list[Line]:
        match = _SECTION.fullmatch(text)
        name = self.wording.sections.get(match["name"] if match else "", "")
        if not name:
            self.wrong(number, f"没有这个栏目：{text[4:]}；只能用 {'、'.join(self.wording.sections)}")
        section = _Section(name, number, int(match["minutes"] or 0) if match else 0)
        if not self.parts:
            self.wrong(number, "栏目要放在段里，先写“## 第一段 标题 {#p1 min=8}”")
        elif self.sources_line:
            self.wrong(number, f"{self.wording.sources}要放在最后")
        else:
            self.parts[-1].sections.append(section)
        return section.lines

    def _part(self, raw: _Part) -> Part | None:
        recalls = [section for section in raw.sections if section.name == RECALL]
        if len(recalls) != 1 or raw.sections[-1] is not recalls[0]:
            self.wrong(raw.line, f"每段要以一个“{self._heading(RECALL)}”收尾")
            return None
        blocks = [self._block(section) for section in raw.sections[:-1] if section.name]
        question = self._question(recalls[0])
        return None if question is None else Part(raw.key, raw.title, raw.minutes, tuple(blocks), question)

    def _heading(self, name: str) -> str:
        return next(heading for heading, value in self.wording.sections.items() if value == name)

    def _block(self, section: _Section) -> Block:
        kind = BlockKind(section.name)
        if kind is not BlockKind.DO and section.minutes:
            self.wrong(section.line, f"只有“{self._heading('do')}”写 {{min=…}}")
        match kind:
            case BlockKind.POINTS:
                return Block(kind=kind, points=tuple(self._points(section)))
            case BlockKind.DONT:
                return Block(kind=kind, items=tuple(self._items(section.lines)))
            case BlockKind.DO:
                if not section.minutes:
                    self.wrong(section.line, f"“{self._heading('do')}”要写明几分钟：{{min=3}}")
                task = [text for _, text in section.lines if not text.startswith(">")]
                answer = "\n".join(text[1:].strip() for _, text in section.lines if text.startswith(">"))
                if answer and not answer.startswith(self.wording.answer):
                    self.wrong(section.line, f"答案要以“> {self.wording.answer}”开头")
                return Block(
                    kind=kind,
                    text="\n".join(task).strip(),
                    answer=answer.removeprefix(self.wording.answer).strip(),
                    minutes=section.minutes,
                )
        return Block(kind=kind, text="\n".join(text for _, text in section.lines).strip())

    def _points(self, section: _Section) -> Iterator[Point]:
        begun: tuple[re.Match[str], list[str]] | None = None
        for number, text in section.lines:
            if (match := _POINT.fullmatch(text)) is not None:
                if begun is not None:
                    yield self._point(*begun)
                begun = (match, [match["rest"]])
            elif begun is not None:  # whatever follows belongs to the point, indented or not
                begun[1].append(text.removeprefix("   "))
            elif text:
                self.wrong(number, "要点每条写成“1. **一句话。** 说明”")
        if begun is not None:
            yield self._point(*begun)

    def _point(self, match: re.Match[str], rest: list[str]) -> Point:
        return Point(int(match["number"]), match["head"], "\n".join(rest).strip())

    def _items(self, lines: Sequence[Line]) -> Iterator[str]:
        for number, text in lines:
            if (match := _ITEM.fullmatch(text)) is not None:
                yield match["text"]
            elif text:
                self.wrong(number, "这里一条一行，写成“- ……”")

    def _question(self, section: _Section) -> RetrievalQuestion | None:
        prompt: list[str] = []
        options: list[Option] = []
        right: list[int] = []
        open_option: tuple[int, str] | None = None
        for number, text in section.lines:
            if (match := _OPTION.fullmatch(text)) is not None:
                if open_option is not None:
                    self.wrong(open_option[0], "这个选项下面缺一行“  → 反馈”")
                    options.append(Option(open_option[1], ""))
                if match["mark"] == "x":
                    right.append(len(options))
                open_option = (number, match["text"])
            elif (match := _FEEDBACK.fullmatch(text)) is not None and open_option is not None:
                options.append(Option(open_option[1], match["text"]))
                open_option = None
            elif options or open_option is not None:
                if text:
                    self.wrong(number, "选项写成“- [ ] ……”，下一行写“  → 反馈”")
            else:
                prompt.append(text)
        if open_option is not None:
            self.wrong(open_option[0], "这个选项下面缺一行“  → 反馈”")
        if len(options) < 2:
            self.wrong(section.line, "至少要有两个选项")
        if len(right) != 1:
            self.wrong(section.line, f"恰好一个选项写 [x]，现在有 {len(right)} 个")
            return None
        if not "".join(prompt).strip():
            self.wrong(section.line, "缺问题")
        return RetrievalQuestion("\n".join(prompt).strip(), tuple(options), right[0])

    def _sources(self) -> Iterator[Source]:
        law = re.compile(rf"(?P<place>{self.wording.law})[：:]\s*(?P<says>.+)")
        for number, text in self.sources:
            if (item := _ITEM.fullmatch(text)) is not None:
                match = law.fullmatch(item["text"])
                yield Source(number, item["text"], match["place"] if match else "", match["says"] if match else "")
            elif text:
                self.wrong(number, "来源一条一行，写成“- ……”")

    def _count_sections(self) -> None:
        for name, wanted in (("story", "1"), ("do", "1"), ("dont", "1"), ("points", "1+")):
            found = [section for part in self.parts for section in part.sections if section.name == name]
            if not found:
                self.wrong(self.first, f"缺“{self._heading(name)}”")
            elif wanted == "1" and len(found) > 1:
                self.wrong(found[1].line, f"一课只有一个“{self._heading(name)}”")
            for section in found:
                if not any(text for _, text in section.lines):
                    self.wrong(section.line, f"“{self._heading(name)}”下面是空的")

    def _number_points(self, parts: Sequence[Part]) -> None:
        points = [point for part in parts for block in part.blocks for point in block.points]
        if len(parts) == len(self.parts) and len(points) not in POINTS_OF_A_LESSON:
            self.wrong(self.first, f"要点 3 到 5 条，现在 {len(points)} 条")
        for number, point in enumerate(points, 1):
            if point.number != number:
                self.wrong(self.first, f"要点要全课连续编号，“{point.head}”应该是 {number}")
                break


def spoken(part: Part) -> list[str]:
    """Return what is read aloud of a part, a line for each breath; the question is left to the reader's eyes."""
    lines = [f"{part.title}。"]
    for block in part.blocks:
        lines += markup.to_words(block.html).split("\n")
        for point in block.points:
            lines += markup.to_words(f"<p>{point.head_html}</p>{point.html}").split("\n")
        for item in block.items_html:
            lines += markup.to_words(item).split("\n")
    return [line for line in lines if line]


def words_of(part: Part) -> int:
    """Return the length of a part: characters, numbers and foreign words count one each, marks none."""
    texts = [part.question.prompt]
    texts += [text for option in part.question.options for text in (option.text, option.feedback)]
    for block in part.blocks:
        texts += [block.text, block.answer, *block.items]
        texts += [text for point in block.points for text in (point.head, point.body)]
    return sum(len(_WORD.findall(re.sub(r"(?m)^\d+\. ", "", text))) for text in texts)


def minutes_of(part: Part) -> Decimal:
    """Return how long a part takes by its length, its question and its task."""
    return learning_minutes(words_of(part), 1, sum(block.minutes for block in part.blocks))


# --- reading a course --------------------------------------------------------------------------------------

_LESSON_FILE = re.compile(r"(?P<number>\d{2})\.(?P<language>zh|en)\.md")


def parse(bundle: Bundle, problems: Problems) -> Course | None:
    """Return the course of a folder, without the lessons that cannot be read; None when course.yaml cannot.

    A course with problems is returned all the same, so that the rest of its problems is found in the same run.
    """
    sources = {PurePosixPath(source.path).name: source for source in bundle.sources}
    main = sources.pop("course.yaml")
    document = read_yaml(main, problems)
    file = None if document is None else model_of(main.path, document, CourseFile, problems)
    if document is None or file is None:
        return None
    warn_untranslated(main.path, document, file, problems)
    _agree_with_folder(main, document, file, problems)
    lessons: list[Lesson] = []
    for number, line in enumerate(file.lessons, 1):
        source = sources.pop(f"{number:02}.zh.md", None)
        if source is None:
            problems.add(main.path, document.line("lessons", number - 1), f"缺第 {number} 课的文件 {number:02}.zh.md")
            continue
        lesson = _lesson(number, source, sources.pop(f"{number:02}.en.md", None), problems)
        if lesson is None:
            continue
        lessons.append(lesson)
        for name in ("key", "title", "title_en"):
            if getattr(lesson.head, name) != getattr(line, name):
                where = lesson.document.line(name)
                problems.add(source.path, where, f"{name} 和 course.yaml 里的“{getattr(line, name)}”不一样")
    for name, source in sources.items():
        text = "course.yaml 里没有这一课" if _LESSON_FILE.fullmatch(name) else "课程文件夹里不认识的文件"
        problems.add(source.path, 1, text)
    return Course(file, main.path, tuple(lessons), document)


def _agree_with_folder(source: SourceFile, document: Document, file: CourseFile, problems: Problems) -> None:
    layer, category, key = PurePosixPath(source.path).parts[-4:-1]
    for name, here in (("layer", layer), ("category", category), ("key", key)):
        if getattr(file, name) != here:
            problems.add(source.path, document.line(name), f"{name} 和所在文件夹 {here} 不一样")
    if file.hours != hours_of_course(len(file.lessons)):
        wanted = hours_of_course(len(file.lessons))
        problems.add(source.path, document.line("hours"), f"{len(file.lessons)} 课要写 hours: {wanted}")
    keys = [line.key for line in file.lessons]
    for at, lesson_key in enumerate(keys):
        if lesson_key != f"{file.key}-l{at + 1:02}":
            where = document.line("lessons", at, "key")
            problems.add(source.path, where, f"第 {at + 1} 课的 key 要写 {file.key}-l{at + 1:02}")
    for at in duplicates([line.title for line in file.lessons]):
        problems.add(source.path, document.line("lessons", at, "title"), "课名写重了")


def _lesson(number: int, source: SourceFile, english: SourceFile | None, problems: Problems) -> Lesson | None:
    page = split_front_matter(source, problems)
    if page is None:
        return None
    document = read_yaml(page.head, problems, first_line=page.head_line)
    head = None if document is None else model_of(source.path, document, LessonHead, problems)
    body = _Reader(source.path, page, WORDINGS["zh"], problems).read()
    if document is None or head is None or body is None:
        return None
    warn_untranslated(source.path, document, head, problems)
    if head.review_by <= head.checked_on:
        problems.add(source.path, document.line("review_by"), "review_by 要在 checked_on 之后")
    warn_overdue(source.path, document.line("review_by"), head.review_by, problems)
    _measure(source.path, body, problems)
    other, of_revision = _english(english, head, body, problems) if english is not None else (None, 0)
    return Lesson(head, number, source.path, body, other, of_revision, document)


def _measure(path: str, body: Body, problems: Problems) -> None:
    """Note what is too short or too long."""
    length = sum(words_of(part) for part in body.parts)
    first = body.lines[""]
    if length not in CHARACTERS_OF_A_LESSON:
        least, most = CHARACTERS_OF_A_LESSON.start, CHARACTERS_OF_A_LESSON.stop - 1
        problems.add(path, first, f"正文 {length} 字，要在 {least} 到 {most} 之间")
    minutes = [minutes_of(part) for part in body.parts]
    if sum(minutes) < LESSON_FILLS_MINUTES:
        problems.add(path, first, f"学完约 {sum(minutes):.1f} 分钟，半个学时至少要满 {LESSON_FILLS_MINUTES} 分钟")
    for part, needed in zip(body.parts, minutes, strict=True):
        if needed > LONGEST_PART_MINUTES:
            where = body.lines[part.key]
            problems.add(path, where, f"这一段要约 {needed:.1f} 分钟，一段不超过 {LONGEST_PART_MINUTES} 分钟")


def _english(source: SourceFile, head: LessonHead, chinese: Body, problems: Problems) -> tuple[Body | None, int]:
    """Return the English text of a lesson and the revision it was made from. It must have the same structure."""
    page = split_front_matter(source, problems)
    if page is None:
        return None, 0
    document = read_yaml(page.head, problems, first_line=page.head_line)
    about = None if document is None else model_of(source.path, document, EnglishHead, problems)
    body = _Reader(source.path, page, WORDINGS["en"], problems).read()
    if document is None or about is None or body is None:
        return None, 0
    if about.key != head.key:
        problems.add(source.path, document.line("key"), f"key 要和中文版一样：{head.key}")
    if about.of_revision > head.revision:
        problems.add(source.path, document.line("of_revision"), f"中文版才到 {head.revision} 版")
    elif about.of_revision < head.revision:
        where = document.line("of_revision")
        problems.add(source.path, where, f"英文待更新：中文已到 {head.revision} 版", is_warning=True)
    elif _shape(body) != _shape(chinese):
        problems.add(source.path, body.lines[""], "结构和中文版对不上（段、要点、选项、正确项）")
    return body, about.of_revision


def _shape(body: Body) -> list[object]:
    """Return what both languages must have in common."""
    return [
        (part.key, sum(len(block.points) for block in part.blocks), len(part.question.options), part.question.right)
        for part in body.parts
    ]


# --- looking across ----------------------------------------------------------------------------------------


def check(bundles: Sequence[Bundle], library: Library, problems: Problems) -> None:
    """Check every course against the framework, the law register, the red lines and the other courses."""
    register: Register | None = library.only(ContentKind.LAWS)
    framework = library.only(ContentKind.FRAMEWORK)
    duties: Duties | None = library.only(ContentKind.DUTIES)
    for bundle in bundles:
        course: Course | None = library.get(ContentKind.COURSE, bundle.key)
        if course is None:
            continue
        for at, key in enumerate(course.file.requires):
            if key not in library.keys(ContentKind.COURSE) or key == course.key:
                problems.add(course.path, course.document.line("requires", at), f"没有先修课 {key}")
        codes = None if framework is None else frozenset[str](framework.codes)
        if codes is not None:
            _known(course.path, course.document, "competencies", course.file.competencies, codes.__contains__, problems)
        for lesson in course.lessons:
            if codes is not None:
                here = codes & set(course.file.competencies)
                _known(
                    lesson.path, lesson.document, "competencies", lesson.head.competencies, here.__contains__, problems
                )
            if duties is not None:
                _known(lesson.path, lesson.document, "duties", lesson.head.duties, duties.names, problems)
            if register is not None:
                _check_cites(lesson, register, problems)


def _known(
    path: str,
    document: Document,
    name: str,
    values: Iterable[str],
    is_known: Callable[[str], bool],
    problems: Problems,
) -> None:
    for at, value in enumerate(values):
        if not is_known(value):
            problems.add(path, document.line(name, at), f"{name} 里没有 {value} 这一项")


def _check_cites(lesson: Lesson, register: Register, problems: Problems) -> None:
    """Cites, lines under 来源 and mentions in the text must name the same articles, in the register's words."""
    document, body = lesson.document, lesson.body
    cites: dict[str, str] = {}
    for at, cite in enumerate(lesson.head.cites):
        fault = register.fault(cite)
        if fault:
            problems.add(lesson.path, document.line("cites", at), fault)
        else:
            cites[register.place(cite)] = cite
    for at in duplicates(lesson.head.cites):
        problems.add(lesson.path, document.line("cites", at), f"{lesson.head.cites[at]} 写了两遍")
    shown = {source.place for source in body.sources if source.place}
    for place, cite in cites.items():
        if place not in shown:
            problems.add(lesson.path, document.line("cites"), f"cites 有 {cite}，来源里没有“{place}：……”")
    for source in body.sources:
        if not source.place:
            if re.match(WORDINGS["zh"].law, source.text):
                problems.add(lesson.path, source.line, "写成“《法名》第N条：转述”")
        elif source.place not in cites:
            problems.add(lesson.path, source.line, f"来源有 {source.place}，cites 里没有")
        elif (found := register.find(cites[source.place])) is not None and found[1].says != source.says:
            problems.add(lesson.path, source.line, f"转述和登记册不一样，登记册写的是：{found[1].says}")
    for part in body.parts:
        for match in re.finditer(WORDINGS["zh"].law, "\n".join(_texts(part))):
            if match.group() not in cites:
                problems.add(lesson.path, body.lines[part.key], f"正文提到 {match.group()}，cites 里没有")


def _texts(part: Part) -> Iterator[str]:
    for block in part.blocks:
        yield from (block.text, block.answer, *block.items)
        for point in block.points:
            yield from (point.head, point.body)
    yield part.question.prompt
    for option in part.question.options:
        yield from (option.text, option.feedback)


def _pending(course: Course) -> Iterable[str]:
    for lesson in course.lessons:
        for text in lesson.head.pending:
            yield f"{lesson.head.title}：{text}"


COURSE = ContentType(
    ContentKind.COURSE,
    by_folder(ContentKind.COURSE, "course.yaml", "courses/*/*/*/*.yaml", "courses/*/*/*/*.md"),
    parse,
    check,
    _pending,
)


# --- programmes --------------------------------------------------------------------------------------------

PROGRAMMES_KEY = "programmes"


class Programme(Strict):
    """A programme （培训计划）: the courses of a stage in their order, and those that are still to be written."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$", max_length=40)]
    title: Text
    title_en: str = ""
    layer: Layer
    courses: tuple[CourseKey, ...]
    planned: tuple[CourseKey, ...] = ()


class Programmes(Strict):
    """courses/_framework/programmes.yaml."""

    programmes: tuple[Programme, ...]

    @property
    def by_key(self) -> dict[str, Programme]:
        """The programmes by key, in the order of the file."""
        return {each.key: each for each in self.programmes}


def parse_programmes(bundle: Bundle, problems: Problems) -> Programmes | None:
    """Return the programmes of a bundle; None, and every problem by its line, when they cannot be used."""
    found = read_single(bundle, Programmes, problems)
    if found is None:
        return None
    path, document, file = found
    before = len(problems.errors)
    keys = [each.key for each in file.programmes]
    for at in duplicates(keys):
        problems.add(path, document.line("programmes", at, "key"), f"{keys[at]} 已经写过")
    for at, each in enumerate(file.programmes):
        both = [*each.courses, *each.planned]
        for twice in duplicates(both):
            problems.add(path, document.line("programmes", at, "courses"), f"{both[twice]} 在 {each.key} 里写了两遍")
    return file if len(problems.errors) == before else None


def check_programmes(bundles: Sequence[Bundle], library: Library, problems: Problems) -> None:
    """Check that the courses of each programme are there and of its layer, and the planned ones are not there yet."""
    for bundle in bundles:
        file: Programmes | None = library.get(ContentKind.PROGRAMMES, bundle.key)
        document = read_yaml(bundle.sources[0], Problems())
        if file is None or document is None:
            continue
        path, there = bundle.sources[0].path, library.keys(ContentKind.COURSE)
        for at, programme in enumerate(file.programmes):
            for place, key in enumerate(programme.courses):
                where = document.line("programmes", at, "courses", place)
                course: Course | None = library.get(ContentKind.COURSE, key)
                if key not in there:
                    problems.add(path, where, f"没有课程 {key}；还没有写好的放到 planned")
                elif course is not None and course.file.layer is not programme.layer:
                    problems.add(path, where, f"{key} 不是 {programme.layer.value} 这一层的课")
            for place, key in enumerate(programme.planned):
                if key in there:
                    where = document.line("programmes", at, "planned", place)
                    problems.add(path, where, f"{key} 已经写好了，移到 courses", is_warning=True)


_CATEGORY_WORDS = {Category.ETHICS: "职业道德", Category.LAW: "法律法规", Category.BUSINESS: "业务知识"}
_FUNCTION_WORDS = {
    Function.PUBLICITY: "宣传",
    Function.INSPECTION: "巡查",
    Function.INFORMATION: "信息",
    Function.ASSISTANCE: "协助",
    Function.FOLLOW_UP: "监督",
    Function.COMMON: "通用",
}


def _empty_cells(bundles: Sequence[Bundle], library: Library, planned: Problems) -> None:
    """Note what the courses do not cover: a category of a layer without course or questions, a function."""
    courses: Mapping[str, Course] = library.all(ContentKind.COURSE)
    asked = {key for key, bank in library.all(ContentKind.BANK).items() if bank.drawable}
    taught = {function for course in courses.values() for each in course.lessons for function in each.head.functions}
    for bundle in bundles:
        file: Programmes | None = library.get(ContentKind.PROGRAMMES, bundle.key)
        document = read_yaml(bundle.sources[0], Problems())
        if file is None or document is None:
            continue
        path = bundle.sources[0].path
        for at, programme in enumerate(file.programmes):
            line = document.line("programmes", at, "layer")
            for category, words in _CATEGORY_WORDS.items():
                cell = [
                    key
                    for key, course in courses.items()
                    if (course.file.layer, course.file.category) == (programme.layer, category)
                ]
                if not cell:
                    planned.add(path, line, f"{programme.title} · {words}：这一格还没有课")
                for key in cell:
                    if key not in asked:
                        planned.add(path, line, f"{programme.title} · {words}：{key} 还没有题")
        for function, words in _FUNCTION_WORDS.items():
            if function not in taught:
                planned.add(path, document.line("programmes"), f"五项职能：还没有课讲“{words}”")


PROGRAMMES = ContentType(
    ContentKind.PROGRAMMES,
    by_file(ContentKind.PROGRAMMES, f"courses/_framework/{PROGRAMMES_KEY}.yaml"),
    parse_programmes,
    check_programmes,
    lambda file: [f"{each.title}：{'、'.join(each.planned)} 还没有写" for each in file.programmes if each.planned],
    _empty_cells,
)
