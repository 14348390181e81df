"""Question banks, ``quizzes/<layer>/<category>/<course>.yaml``: from the file to questions, and what a bank must meet.

A bank that cannot give a paper of its own blueprint is refused here, so that nobody is refused at the start of a quiz.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from lms.content.content import Bundle, ContentType, Duties, DutyFunction, Library, Register, Text, by_file
from lms.content.rules import ContentKind
from lms.core.content import Document, Problems, Strict, duplicates, model_of, read_yaml, warn_untranslated
from lms.courses.content import Course
from lms.quizzes.kinds import (
    KINDS,
    LETTERS,
    WAYS,
    CaseItem,
    ChoiceItem,
    Item,
    Option,
    TriageItem,
    TrueFalseItem,
    Words,
)
from lms.quizzes.rules import Blueprint, CannotDraw, draw

ITEMS_PER_COMPETENCY = 5
TRIAGE_ITEMS = 4
FULL_POINTS = 100
OPTIONS_LEAST, OPTIONS_MOST = 3, 6
LENGTHS_APART = 5
"""Characters by which the options of a question may differ; a long one tells on itself."""

Way = Literal["handle", "coordinate", "escalate"]
Difficulty = Literal["easy", "medium", "hard"]
Count = Annotated[int, Field(ge=0, le=100)]


class OptionEntry(Strict):
    """One option of a question."""

    text: Text
    text_en: str = ""
    why: Text
    why_en: str = ""
    right: bool = False
    breaks: str = ""

    @model_validator(mode="after")
    def _right_crosses_no_line(self) -> Self:
        if self.right and self.breaks:
            raise ValueError("对的选项不能写 breaks")
        return self

    def made(self, key: str) -> Option:
        return Option(
            key=key,
            text=Words(self.text, self.text_en),
            why=Words(self.why, self.why_en),
            is_right=self.right,
            breaks=self.breaks,
        )


Options = dict[str, OptionEntry]


def _lettered(value: Options) -> Options:
    """Refuse options that are not a, b, c … in this order."""
    expected = list(LETTERS.lower()[: len(value)])
    if list(value) != expected or not OPTIONS_LEAST <= len(value) <= OPTIONS_MOST:
        raise ValueError(f"选项要从 a 起依次写 {OPTIONS_LEAST} 到 {OPTIONS_MOST} 个")
    return value


class ItemEntry(Strict):
    """What all kinds of questions have."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9]+-q\d{3}$")]
    revision: Annotated[int, Field(ge=1)]
    kind: str
    difficulty: Difficulty
    critical: bool
    lesson: Text
    competency: Text
    functions: Annotated[tuple[DutyFunction, ...], Field(min_length=1)]
    duty: str = ""
    cites: tuple[str, ...]
    stem: Text
    stem_en: str = ""

    def common(self) -> dict[str, Any]:
        """Return the values that every item has."""
        return {
            "key": self.key,
            "revision": self.revision,
            "kind": self.kind,
            "difficulty": self.difficulty,
            "is_critical": self.critical,
            "lesson": self.lesson,
            "competency": self.competency,
            "functions": self.functions,
            "cites": self.cites,
            "duty": self.duty,
            "stem": Words(self.stem, self.stem_en),
        }

    def made(self) -> Item:
        """Return the question as the rest of the product knows it."""
        raise NotImplementedError


class ChoiceEntry(ItemEntry):
    """单选 and 多选."""

    options: Options

    @field_validator("options")
    @classmethod
    def _as_many_right_as_the_kind_wants(cls, value: Options, info: ValidationInfo) -> Options:
        right = sum(option.right for option in value.values())
        if info.data.get("kind") == "single" and right != 1:
            raise ValueError("单选要恰好一个 right: true")
        if info.data.get("kind") == "multiple" and not 2 <= right <= len(value):
            raise ValueError("多选至少要两个 right: true")
        return _lettered(value)

    def made(self) -> ChoiceItem:
        return ChoiceItem(**self.common(), options=tuple(entry.made(key) for key, entry in self.options.items()))


class TrueFalseEntry(ItemEntry):
    """判断."""

    answer: bool
    why_true: Text
    why_true_en: str = ""
    why_false: Text
    why_false_en: str = ""

    def made(self) -> TrueFalseItem:
        def option(key: str, why: Words, *, is_right: bool) -> Option:
            return Option(key=key, text=Words(""), why=why, is_right=is_right)

        return TrueFalseItem(
            **self.common(),
            options=(
                option("true", Words(self.why_true, self.why_true_en), is_right=self.answer),
                option("false", Words(self.why_false, self.why_false_en), is_right=not self.answer),
            ),
        )


class WayEntry(Strict):
    """Why one of the three ways is right or not here."""

    why: Text
    why_en: str = ""
    breaks: str = ""


class TriageEntry(ItemEntry):
    """情景判断."""

    duty: Text
    answer: Way
    ways: dict[Way, WayEntry]
    ask: Text
    ask_en: str = ""
    options: Options

    @field_validator("ways")
    @classmethod
    def _all_three(cls, value: dict[Way, WayEntry]) -> dict[Way, WayEntry]:
        if set(value) != set(WAYS):
            raise ValueError("handle、coordinate、escalate 三条路都要写")
        return value

    @model_validator(mode="after")
    def _right_way_crosses_no_line(self) -> Self:
        if self.ways[self.answer].breaks:
            raise ValueError(f"answer 是 {self.answer}，这条路不能写 breaks")
        return self

    @field_validator("options")
    @classmethod
    def _one_right(cls, value: Options) -> Options:
        if sum(option.right for option in value.values()) != 1:
            raise ValueError("第二问要恰好一个 right: true")
        return _lettered(value)

    def made(self) -> TriageItem:
        ways = (
            Option(
                key=way,
                text=Words(""),
                why=Words(entry.why, entry.why_en),
                is_right=way == self.answer,
                breaks=entry.breaks,
            )
            for way, entry in self.ways.items()
        )
        return TriageItem(
            **self.common(),
            ways=tuple(sorted(ways, key=lambda option: WAYS.index(option.key))),
            ask=Words(self.ask, self.ask_en),
            options=tuple(entry.made(key) for key, entry in self.options.items()),
        )


class PointEntry(Strict):
    """One thing a written answer must bring."""

    text: Text
    text_en: str = ""


class CaseEntry(ItemEntry):
    """案例, marked by hand."""

    points_for: Annotated[tuple[PointEntry, ...], Field(min_length=2)]
    model_answer: Text
    model_answer_en: str = ""

    def made(self) -> CaseItem:
        return CaseItem(
            **self.common(),
            points_for=tuple(Words(point.text, point.text_en) for point in self.points_for),
            model_answer=Words(self.model_answer, self.model_answer_en),
        )


ENTRIES: Mapping[str, type[ItemEntry]] = {
    "single": ChoiceEntry,
    "multiple": ChoiceEntry,
    "true_false": TrueFalseEntry,
    "triage": TriageEntry,
    "case": CaseEntry,
}
"""Kind of question → its shape in the file."""


class BankFile(Strict):
    """A bank without a look into its questions."""

    course: Text
    minutes: Annotated[int, Field(ge=5, le=240)]
    pass_mark: Annotated[int, Field(ge=1, le=100)]
    paper: Annotated[dict[str, Annotated[int, Field(ge=1, le=100)]], Field(min_length=1)]
    points: dict[str, Annotated[int, Field(ge=1, le=100)]]
    difficulty_on_paper: dict[Difficulty, Count] = Field(default_factory=dict)
    critical_on_paper: Count
    per_competency_min: Count = 3
    items: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]

    @field_validator("paper")
    @classmethod
    def _kinds_that_can_be_drawn(cls, value: dict[str, int]) -> dict[str, int]:
        if strange := [kind for kind in value if kind not in KINDS or not KINDS[kind].is_drawn]:
            raise ValueError(f"卷子里不能有 {'、'.join(strange)}")
        return value

    @field_validator("points")
    @classmethod
    def _make_a_hundred(cls, value: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        paper = info.data.get("paper")
        if paper is None:
            return value
        if set(paper) != set(value):
            raise ValueError("paper 和 points 的题型要一样")
        if (total := sum(paper[kind] * value[kind] for kind in paper)) != FULL_POINTS:
            raise ValueError(f"整卷 {total} 分，要正好 {FULL_POINTS} 分")
        return value

    @field_validator("difficulty_on_paper")
    @classmethod
    def _for_every_question(cls, value: dict[Difficulty, int], info: ValidationInfo) -> dict[Difficulty, int]:
        paper = info.data.get("paper")
        if value and paper is not None and sum(value.values()) != sum(paper.values()):
            raise ValueError(f"难度合计 {sum(value.values())} 题，卷子是 {sum(paper.values())} 题")
        return value


@dataclass(frozen=True, kw_only=True)
class Bank:
    """A question bank. ``items`` by key, in the order of the file."""

    course: str
    minutes: int
    pass_mark: int
    blueprint: Blueprint
    items: Mapping[str, Item]

    @property
    def drawable(self) -> list[Item]:
        """The questions a paper may hold."""
        return [item for item in self.items.values() if KINDS[item.kind].is_drawn]


def parse_bank(bundle: Bundle, problems: Problems) -> Bank | None:
    """Return a bank; None when a question cannot be read or no paper can be drawn."""
    [source] = bundle.sources
    document = read_yaml(source, problems)
    file = None if document is None else model_of(source.path, document, BankFile, problems)
    if document is None or file is None:
        return None
    if file.course != bundle.key:
        problems.add(source.path, document.line("course"), f"course 要和文件名一样，写 {bundle.key}")
    entries = [_entry(source.path, document, at, problems) for at in range(len(file.items))]
    read = [entry for entry in entries if entry is not None]
    if len(read) < len(entries):
        return None
    for at in duplicates([entry.key for entry in read]):
        problems.add(source.path, document.line("items", at, "key"), f"{read[at].key} 已经用过")
    items = {entry.key: entry.made() for entry in read}
    for at, entry in enumerate(read):
        _warn_of_lengths(source.path, document, at, items[entry.key], problems)
    blueprint = Blueprint(
        paper=file.paper,
        points=file.points,
        critical_on_paper=file.critical_on_paper,
        per_competency_min=file.per_competency_min,
        competencies=tuple(sorted({item.competency for item in items.values()})),
        difficulty_on_paper={str(name): count for name, count in file.difficulty_on_paper.items()},
    )
    bank = Bank(course=file.course, minutes=file.minutes, pass_mark=file.pass_mark, blueprint=blueprint, items=items)
    return bank if _can_be_drawn(source.path, document, bank, problems) else None


def _entry(path: str, document: Document, at: int, problems: Problems) -> ItemEntry | None:
    """Return one question of the file, read by the shape of its kind so that each fault keeps its line."""
    value = document.value["items"][at]
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in ENTRIES:
        problems.add(path, document.line("items", at, "kind"), f"kind 只能写 {'、'.join(ENTRIES)}")
        return None
    place = ("items", str(at))
    lines = {where[2:]: line for where, line in document.lines.items() if where[:2] == place}
    part = Document(value, lines)
    entry = model_of(path, part, ENTRIES[kind], problems)
    if entry is not None:
        warn_untranslated(path, part, entry, problems)
    return entry


def _warn_of_lengths(path: str, document: Document, at: int, item: Item, problems: Problems) -> None:
    lengths = [len(option.text.zh) for option in getattr(item, "options", ()) if option.text.zh]
    if lengths and max(lengths) - min(lengths) > LENGTHS_APART:
        text = f"选项长短差 {max(lengths) - min(lengths)} 个字，最好不超过 {LENGTHS_APART} 个"
        problems.add(path, document.line("items", at, "options"), text, is_warning=True)


def _can_be_drawn(path: str, document: Document, bank: Bank, problems: Problems) -> bool:
    """Whether the bank is large enough and meets all demands of its blueprint at once; else problems say what lacks."""
    before = len(problems.errors)
    kinds = Counter(item.kind for item in bank.items.values())
    if kinds["triage"] < TRIAGE_ITEMS:
        problems.add(path, document.line("items"), f"情景判断只有 {kinds['triage']} 题，题库里至少要 {TRIAGE_ITEMS} 题")
    tags = Counter(item.competency for item in bank.drawable)
    for code in bank.blueprint.competencies:
        if tags[code] < ITEMS_PER_COMPETENCY:
            text = f"{code} 只有 {tags[code]} 题，题库里至少要 {ITEMS_PER_COMPETENCY} 题"
            problems.add(path, document.line("items"), text)
    try:
        draw(bank.drawable, bank.blueprint, 0)
    except CannotDraw as lack:
        places = {"kind": "paper", "competency": "per_competency_min", "critical": "critical_on_paper"}
        names = {"kind": "题型 ", "competency": "", "critical": "关键题"}
        what = f"{names[lack.demand]}{lack.name} 要 {lack.wanted} 题，和别的要求一起最多凑出 {lack.found} 题"
        problems.add(path, document.line(places[lack.demand]), f"抽不出卷子：{what}")
    return len(problems.errors) == before


def check_banks(bundles: Sequence[Bundle], library: Library, problems: Problems) -> None:
    """Check what the banks refer to: course, lessons, competencies, laws, duties, red lines."""
    for bundle in bundles:
        bank: Bank | None = library.get(ContentKind.BANK, bundle.key)
        if bank is None:
            continue
        [source] = bundle.sources
        document = read_yaml(source, Problems())
        assert document is not None  # it was parsed before
        for place, text in _faults_across(bank, library):
            problems.add(source.path, document.line(*place), text)


def _faults_across(bank: Bank, library: Library) -> Iterator[tuple[tuple[object, ...], str]]:
    """Yield (place in the file, what is wrong) for everything a bank names that is not there."""
    course: Course | None = library.get(ContentKind.COURSE, bank.course)
    register: Register | None = library.only(ContentKind.LAWS)
    duties: Duties | None = library.only(ContentKind.DUTIES)
    if bank.course not in library.keys(ContentKind.COURSE):
        yield ("course",), f"没有课程 {bank.course}"
    if course is not None:
        if course.file.pass_mark != bank.pass_mark:
            yield ("pass_mark",), f"课程里写的是 {course.file.pass_mark}，两处要一样"
        if missing := set(course.file.competencies) - set(bank.blueprint.competencies):
            yield ("items",), f"课程的能力 {'、'.join(sorted(missing))} 没有题"
    lessons = {lesson.key for lesson in course.lessons} if course is not None else None
    for at, item in enumerate(bank.items.values()):
        if lessons is not None and item.lesson not in lessons:
            yield ("items", at, "lesson"), f"课程里没有 {item.lesson}"
        if course is not None and item.competency not in course.file.competencies:
            yield ("items", at, "competency"), f"课程不讲 {item.competency}"
        for cite in item.cites:
            if register is not None and (fault := register.fault(cite)):
                yield ("items", at, "cites"), fault
        if duties is not None and item.duty and not duties.names(item.duty):
            yield ("items", at, "duty"), f"没有职责 {item.duty}"
        for where, option in _options(item):
            if duties is not None and option.breaks and option.breaks not in duties.lines:
                yield ("items", at, *where, "breaks"), f"duties.yaml 里没有 {option.breaks}"


def _options(item: Item) -> Iterator[tuple[tuple[str, str], Option]]:
    for part in ("ways", "options"):
        for option in getattr(item, part, ()):
            yield (part, option.key), option


BANK = ContentType(
    ContentKind.BANK,
    by_file(ContentKind.BANK, "quizzes/[a-z]*/[a-z]*/*.yaml"),
    parse_bank,
    check_banks,
)
