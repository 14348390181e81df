"""Scenarios, hazard pictures and cards: from their files, and what they must meet. Docs: docs/content.md.

``quizzes/_scenarios/<key>.yaml`` · ``quizzes/_pictures/<name>.svg`` with ``<name>.yaml`` ·
``courses/_cards/<key>.yaml``.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self, TypeVar

from markupsafe import Markup
from pydantic import Field, field_validator, model_validator

from lms.content.content import (
    Bundle,
    ContentType,
    CourseKey,
    Duties,
    DutyFunction,
    Library,
    Register,
    Text,
    Ways,
    by_file,
    read_single,
    revision_in,
)
from lms.content.rules import ContentKind
from lms.core.content import Document, Problems, Strict, duplicates, model_of, read_files, read_yaml, warn_untranslated
from lms.core.languages import in_language
from lms.courses.content import Course
from lms.practice.rules import (
    BEST_LEAST,
    BEST_MOST,
    CRITICAL_MOST,
    NODES_LEAST,
    NODES_MOST,
    SMALLEST_TARGET,
    SPOTS,
    Ending,
    Grade,
    best_path,
    can_reach,
    reached_from,
)

Fault = tuple[tuple[object, ...], str]
"""(place in the document, what is wrong there)."""
Keyed = TypeVar("Keyed", "ScenarioFile", "CardFile")
"""What stands in a file named after its key."""


# --- scenarios ---------------------------------------------------------------------------------------------


class Choice(Strict):
    """What one may do at a step, and what comes of it. ``why`` is told afterwards; the best one needs none."""

    do: Text
    do_en: str = ""
    grade: Grade
    then: Text
    then_en: str = ""
    why: str = ""
    why_en: str = ""
    breaks: str = ""
    to: Text

    @model_validator(mode="after")
    def _says_what_its_grade_asks(self) -> Self:
        if self.grade is not Grade.BEST and not self.why:
            raise ValueError("best 以外的选择要写 why")
        if (self.grade is Grade.CRITICAL) != bool(self.breaks):
            raise ValueError("critical 的选择要写 breaks，别的不写")
        return self

    def text_in(self, language: str, name: Literal["do", "then", "why"]) -> str:
        """Return one of the choice's texts in zh or en; Chinese where English is missing."""
        return in_language(language, getattr(self, name), getattr(self, f"{name}_en"))


class Step(Strict):
    """A scene with a question and what one may do."""

    scene: Text
    scene_en: str = ""
    ask: Text
    ask_en: str = ""
    choices: dict[str, Choice]

    @field_validator("choices")
    @classmethod
    def _two_or_three(cls, value: dict[str, Choice]) -> dict[str, Choice]:
        if list(value) not in (["a", "b"], ["a", "b", "c"]):
            raise ValueError("选择要从 a 起依次写 2 到 3 个")
        if sum(each.grade is Grade.CRITICAL for each in value.values()) > CRITICAL_MOST:
            raise ValueError(f"一个场面最多 {CRITICAL_MOST} 个 critical")
        return value

    @property
    def best(self) -> Choice | None:
        """The best choice, None when there is none or more than one."""
        found = [each for each in self.choices.values() if each.grade is Grade.BEST]
        return found[0] if len(found) == 1 else None


class Close(Strict):
    """Where a scenario ends."""

    ending: Ending
    scene: Text
    scene_en: str = ""


class ScenarioFile(Strict):
    """quizzes/_scenarios/scNN.yaml without a look into its nodes."""

    key: Annotated[str, Field(pattern=r"^sc\d{2}$")]
    revision: Annotated[int, Field(ge=1)]
    title: Text
    title_en: str = ""
    summary: Text
    summary_en: str = ""
    way: Ways
    duty: Text
    course: CourseKey
    competency: Text
    functions: Annotated[tuple[DutyFunction, ...], Field(min_length=1)]
    cites: tuple[str, ...]
    minutes: Annotated[int, Field(ge=3, le=20)]
    you: Text
    you_en: str = ""
    people: dict[str, Text]
    people_en: dict[str, str] = Field(default_factory=dict)
    pending: tuple[Text, ...]
    start: Text
    nodes: dict[str, dict[str, Any]]

    @field_validator("nodes")
    @classmethod
    def _neither_few_nor_many(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if not NODES_LEAST <= len(value) <= NODES_MOST:
            raise ValueError(f"要 {NODES_LEAST} 到 {NODES_MOST} 个节点，现在 {len(value)} 个")
        return value

    def text_in(self, language: str, name: Literal["title", "summary", "you"]) -> str:
        """Return one of the scenario's texts in zh or en; Chinese where English is missing."""
        return in_language(language, getattr(self, name), getattr(self, f"{name}_en"))


@dataclass(frozen=True)
class Scenario:
    """A branching scenario: steps and endings by key, in the order of the file."""

    file: ScenarioFile
    steps: Mapping[str, Step]
    endings: Mapping[str, Close]

    @property
    def ways(self) -> dict[str, list[str]]:
        """From each step to those it may lead to."""
        return {key: [each.to for each in step.choices.values()] for key, step in self.steps.items()}

    @property
    def best_path(self) -> list[str]:
        """The steps along the best choices, the ending last."""
        best = {key: step.best.to for key, step in self.steps.items() if step.best is not None}
        return best_path(self.file.start, best)


def _read_keyed(bundle: Bundle, model: type[Keyed], problems: Problems) -> tuple[str, Document, Keyed] | None:
    """Return (path, document, model) as ``read_single``; adds a problem when its key is not the name of its file."""
    found = read_single(bundle, model, problems)
    if found is not None and found[-1].key != bundle.key:
        path, document, _ = found
        problems.add(path, document.line("key"), f"key 要和文件名一样，写 {bundle.key}")
    return found


def parse_scenario(bundle: Bundle, problems: Problems) -> Scenario | None:
    """Return a scenario; None when a node cannot be read or its map of steps does not hold."""
    found = _read_keyed(bundle, ScenarioFile, problems)
    if found is None:
        return None
    path, document, file = found
    nodes = {key: _node(path, document, key, problems) for key in file.nodes}
    if any(node is None for node in nodes.values()):
        return None
    scenario = Scenario(
        file,
        {key: node for key, node in nodes.items() if isinstance(node, Step)},
        {key: node for key, node in nodes.items() if isinstance(node, Close)},
    )
    faults = list(_faults_of_the_map(scenario))
    for place, text in faults:
        problems.add(path, document.line(*place), text)
    return None if faults else scenario


def _node(path: str, document: Document, key: str, problems: Problems) -> Step | Close | None:
    """Return one node, read by its shape so that each fault keeps its line."""
    value = document.value["nodes"][key]
    lines = {where[2:]: line for where, line in document.lines.items() if where[:2] == ("nodes", key)}
    part = Document(value, lines)
    node: Step | Close | None
    node = model_of(path, part, Close, problems) if "ending" in value else model_of(path, part, Step, problems)
    if node is not None:
        warn_untranslated(path, part, node, problems)
    return node


def _faults_of_the_map(scenario: Scenario) -> Iterator[Fault]:
    """Yield what is wrong with where choices lead."""
    file, steps, endings = scenario.file, scenario.steps, scenario.endings
    nodes = {*steps, *endings}
    if file.start not in steps:
        yield ("start",), f"没有节点 {file.start}"
        return
    for key, step in steps.items():
        for letter, choice in step.choices.items():
            place = ("nodes", key, "choices", letter)
            if choice.to not in nodes:
                yield (*place, "to"), f"没有节点 {choice.to}"
                return
            fails = choice.to in endings and endings[choice.to].ending is Ending.FAILED
            if fails != (choice.grade is Grade.CRITICAL):
                yield (*place, "to"), "critical 的选择走到 failed 的结局，别的选择不走到那里"
    for ending in (Ending.GOOD, Ending.FAILED):
        if not any(each.ending is ending for each in endings.values()):
            yield ("nodes",), f"缺 {ending.value} 的结局"
    reached = reached_from(file.start, scenario.ways)
    for key in nodes - reached:
        yield ("nodes", key), "走不到这个节点"
    mended = can_reach([key for key, each in endings.items() if each.ending is not Ending.FAILED], scenario.ways)
    for key in steps.keys() - mended:
        yield ("nodes", key), "从这里走不到好的结局"
    path = scenario.best_path
    if path[-1] not in endings or endings[path[-1]].ending is not Ending.GOOD:
        yield ("nodes", path[-1]), "一路选 best 要走到 good 的结局，每一步恰好一个 best"
    elif not BEST_LEAST <= len(path) - 1 <= BEST_MOST:
        text = f"一路选 best 要走 {BEST_LEAST} 到 {BEST_MOST} 步，现在 {len(path) - 1} 步"
        yield ("start",), text


def check_scenarios(bundles: Sequence[Bundle], library: Library, problems: Problems) -> None:
    """Check what the scenarios refer to: duty, course, competency, laws, red lines."""
    duties: Duties | None = library.only(ContentKind.DUTIES)
    for bundle in bundles:
        scenario: Scenario | None = library.get(ContentKind.SCENARIO, bundle.key)
        if scenario is None:
            continue
        file = scenario.file
        faults = [*_faults_across(file.course, file.competency, file.cites, library)]
        if duties is not None and not duties.names(file.duty):
            faults.append((("duty",), f"没有职责 {file.duty}"))
        for key, step in scenario.steps.items():
            for letter, choice in step.choices.items():
                if duties is not None and choice.breaks and choice.breaks not in duties.lines:
                    place = ("nodes", key, "choices", letter, "breaks")
                    faults.append((place, f"duties.yaml 里没有 {choice.breaks}"))
        _add_faults(bundle.sources[0].path, bundle, faults, problems)


def _add_faults(path: str, bundle: Bundle, faults: Iterable[Fault], problems: Problems) -> None:
    faults = list(faults)
    if not faults:
        return
    [source] = [each for each in bundle.sources if each.path == path]
    document = read_yaml(source, Problems())
    assert document is not None  # it was parsed before
    for place, text in faults:
        problems.add(path, document.line(*place), text)


def _faults_across(course: str, competency: str, cites: Sequence[str], library: Library) -> Iterator[Fault]:
    """Yield what a thing of practice names that is not there."""
    framework = library.only(ContentKind.FRAMEWORK)
    if course not in library.keys(ContentKind.COURSE):
        yield ("course",), f"没有课程 {course}"
    if framework is not None and competency not in framework.codes:
        yield ("competency",), f"能力框架里没有 {competency}"
    yield from _faulty_cites(cites, library)


def _faulty_cites(cites: Sequence[str], library: Library) -> Iterator[Fault]:
    register: Register | None = library.only(ContentKind.LAWS)
    for at, cite in enumerate(cites):
        if register is not None and (fault := register.fault(cite)):
            yield ("cites", at), fault


SCENARIO = ContentType(
    ContentKind.SCENARIO,
    by_file(ContentKind.SCENARIO, "quizzes/_scenarios/*.yaml"),
    parse_scenario,
    check_scenarios,
    pending=lambda scenario: scenario.file.pending,
)


# --- pictures ----------------------------------------------------------------------------------------------


class Spot(Strict):
    """A hazard in a picture; ``key`` is the id of its group in the SVG. ``first``: what is done first."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    name: Text
    name_en: str = ""
    way: Ways
    why: Text
    why_en: str = ""
    first: Text
    first_en: str = ""

    def text_in(self, language: str, name: Literal["name", "why", "first"]) -> str:
        """Return one of the texts in zh or en; Chinese where English is missing."""
        return in_language(language, getattr(self, name), getattr(self, f"{name}_en"))


class Decoy(Strict):
    """A thing that strikes the eye and is as it should be."""

    key: Annotated[str, Field(pattern=r"^ok-[a-z0-9-]+$")]
    name: Text
    name_en: str = ""
    why: Text
    why_en: str = ""

    def text_in(self, language: str, name: Literal["name", "why"]) -> str:
        """Return one of the texts in zh or en; Chinese where English is missing."""
        return in_language(language, getattr(self, name), getattr(self, f"{name}_en"))


class PictureFile(Strict):
    """quizzes/_pictures/<name>.yaml. ``seconds``: the time for it, null for none; ``find``: how many pass."""

    key: Text
    revision: Annotated[int, Field(ge=1)]
    title: Text
    title_en: str = ""
    svg: Text
    course: CourseKey
    lesson: Text
    competency: Text
    functions: Annotated[tuple[DutyFunction, ...], Field(min_length=1)]
    difficulty: Literal["easy", "medium", "hard"]
    find: Annotated[int, Field(ge=1)]
    seconds: Annotated[int, Field(ge=30)] | None
    cites: tuple[str, ...]
    pending: tuple[Text, ...]
    alt: Text
    alt_en: str = ""
    spots: tuple[Spot, ...]
    decoys: Annotated[tuple[Decoy, ...], Field(min_length=1)]

    @field_validator("spots")
    @classmethod
    def _as_many_as_a_picture_has(cls, value: tuple[Spot, ...]) -> tuple[Spot, ...]:
        if len(value) != SPOTS:
            raise ValueError(f"要正好 {SPOTS} 处隐患，现在 {len(value)} 处")
        return value

    @model_validator(mode="after")
    def _not_more_than_there_are(self) -> Self:
        if self.find > len(self.spots):
            raise ValueError(f"find 不能多于 {len(self.spots)}")
        return self

    def text_in(self, language: str, name: Literal["title", "alt"]) -> str:
        """Return one of the picture's texts in zh or en; Chinese where English is missing."""
        return in_language(language, getattr(self, name), getattr(self, f"{name}_en"))


@dataclass(frozen=True)
class Picture:
    """A drawn scene with hazards."""

    file: PictureFile
    drawing: str

    @cached_property
    def svg(self) -> Markup:
        """The drawing for a page, without its title, which the page says in the reader's language.

        Only what ``_faults_of_the_drawing`` lets through comes here: shapes and their attributes.
        """
        drawn = re.sub(r"<(title|desc)\b[^>]*>.*?</\1>", "", self.drawing, flags=re.DOTALL)
        drawn = re.sub(r'\s(role|aria-labelledby|width|height)="[^"]*"', "", drawn, count=4)
        return Markup(drawn)  # noqa: S704


_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = frozenset(
    {"svg", "title", "desc", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"}
)
_PLACES = frozenset(
    {"viewBox", "width", "height", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "d", "points", "dx"}
)
_PAINT = frozenset(
    {"fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity"}
)
_LINES = frozenset({"stroke-linecap", "stroke-linejoin", "transform", "dy", "role", "aria-labelledby", "id"})
_LETTERING = frozenset({"font-family", "font-size", "font-weight", "text-anchor", "letter-spacing"})
_ATTRIBUTES = _PLACES | _PAINT | _LINES | _LETTERING


def _pictures_in(root: Path, problems: Problems) -> list[Bundle]:
    """Return each YAML file with its drawing."""
    files: dict[str, dict[str, str]] = {}
    for source in read_files(root, ("quizzes/_pictures/*.yaml", "quizzes/_pictures/*.svg"), problems):
        files.setdefault(PurePosixPath(source.path).stem, {})[source.path] = source.text
    bundles = []
    for name, texts in files.items():
        lacking = [end for end in (".yaml", ".svg") if f"quizzes/_pictures/{name}{end}" not in texts]
        if lacking:
            problems.add(min(texts), 1, f"缺 {name}{lacking[0]}")
            continue
        revision = revision_in(texts[f"quizzes/_pictures/{name}.yaml"])
        bundles.append(Bundle(ContentKind.PICTURE, f"pic-{name}", revision, texts))
    return bundles


def parse_picture(bundle: Bundle, problems: Problems) -> Picture | None:
    """Return a picture; None when its list cannot be read or its drawing holds what a page must not show."""
    drawing, source = bundle.sources  # .svg stands before .yaml
    document = read_yaml(source, problems)
    file = None if document is None else model_of(source.path, document, PictureFile, problems)
    if document is None or file is None:
        return None
    warn_untranslated(source.path, document, file, problems)
    if file.key != bundle.key:
        problems.add(source.path, document.line("key"), f"key 写 {bundle.key}")
    if file.svg != PurePosixPath(drawing.path).name:
        problems.add(source.path, document.line("svg"), f"svg 写 {PurePosixPath(drawing.path).name}")
    keys = [*(each.key for each in file.spots), *(each.key for each in file.decoys)]
    for at in duplicates(keys):
        problems.add(source.path, document.line("spots"), f"{keys[at]} 写了两遍")
    faults = list(_faults_of_the_drawing(drawing.text, keys))
    for line, text in faults:
        problems.add(drawing.path, line, text)
    return None if faults else Picture(file, drawing.text)


def _faults_of_the_drawing(text: str, keys: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong): only shapes with attributes, every spot a group that a finger can hit."""
    if "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL) or "<?" in text:
        yield 1, "SVG 里不能有 <! 和 <?"
        return
    try:
        root = ET.fromstring(text)  # noqa: S314 - no declaration can stand in it, see above
    except ET.ParseError as error:
        yield error.position[0], "SVG 读不了"
        return
    if root.tag != f"{_SVG}svg" or root.get("viewBox") != "0 0 1200 800":
        yield 1, 'SVG 要写 viewBox="0 0 1200 800"'
    for each in root.iter():
        name = each.tag.removeprefix(_SVG)
        strange = sorted(key for key, value in each.attrib.items() if key not in _ATTRIBUTES or "url(" in value)
        if name not in _SHAPES:
            yield _line_of(text, f"<{name}"), f"SVG 里不能有 <{name}>"
        elif strange:
            yield _line_of(text, strange[0]), f"SVG 里不能有 {strange[0]}"
    groups = {each.get("id"): each for each in root.iter(f"{_SVG}g") if each.get("id")}
    for key in keys:
        if key not in groups:
            yield 1, f"图里没有 {key}"
        elif not any(_is_wide(each) for each in groups[key].iter()):
            yield _line_of(text, f'id="{key}"'), f"{key} 太小，垫一块边长 {SMALLEST_TARGET} 以上的透明 rect"


def _line_of(text: str, words: str) -> int:
    at = text.find(words)
    return text.count("\n", 0, max(at, 0)) + 1


def _is_wide(shape: ET.Element) -> bool:
    """Whether a shape can be hit by a finger: a rectangle or circle of that size, or a drawn area of it."""
    numbers = {name: float(shape.get(name) or 0) for name in ("width", "height", "r") if _is_number(shape.get(name))}
    if shape.tag == f"{_SVG}rect":
        return min(numbers.get("width", 0), numbers.get("height", 0)) >= SMALLEST_TARGET
    if shape.tag == f"{_SVG}circle":
        return 2 * numbers.get("r", 0) >= SMALLEST_TARGET
    return shape.tag == f"{_SVG}path" and shape.get("fill-opacity") == "0"


def _is_number(text: str | None) -> bool:
    return text is not None and re.fullmatch(r"\d+(\.\d+)?", text) is not None


def check_pictures(bundles: Sequence[Bundle], library: Library, problems: Problems) -> None:
    """Check what the pictures refer to: course, lesson, competency, laws."""
    for bundle in bundles:
        picture: Picture | None = library.get(ContentKind.PICTURE, bundle.key)
        if picture is None:
            continue
        file = picture.file
        faults = [*_faults_across(file.course, file.competency, file.cites, library)]
        course: Course | None = library.get(ContentKind.COURSE, file.course)
        if course is not None and file.lesson not in {lesson.key for lesson in course.lessons}:
            faults.append((("lesson",), f"课程里没有 {file.lesson}"))
        _add_faults(bundle.sources[1].path, bundle, faults, problems)


PICTURE = ContentType(
    ContentKind.PICTURE,
    _pictures_in,
    parse_picture,
    check_pictures,
    pending=lambda picture: picture.file.pending,
)


# --- cards -------------------------------------------------------------------------------------------------


class CardLine(Strict):
    """One line of a card: a thing to tick, to do or not to do."""

    text: Text
    text_en: str = ""

    def text_in(self, language: str) -> str:
        """Return the line in zh or en; Chinese where English is missing."""
        return in_language(language, self.text, self.text_en)


class CardSection(Strict):
    """A group of lines. ``marks``: box （打勾）, do （可以）, dont （不得）or step （第几步）."""

    title: Text
    title_en: str = ""
    marks: Literal["box", "do", "dont", "step"]
    lines: Annotated[tuple[CardLine, ...], Field(min_length=1)]

    def title_in(self, language: str) -> str:
        """Return the title in zh or en; Chinese where English is missing."""
        return in_language(language, self.title, self.title_en)


class CardFile(Strict):
    """courses/_cards/<key>.yaml: what is printed on one page and carried along （随身卡）.

    ``blanks``: what is filled in by hand at the top, as grid and date.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")]
    revision: Annotated[int, Field(ge=1)]
    title: Text
    title_en: str = ""
    summary: Text
    summary_en: str = ""
    lessons: Annotated[tuple[str, ...], Field(min_length=1)]
    cites: tuple[str, ...]
    pending: tuple[Text, ...]
    blanks: tuple[CardLine, ...] = ()
    sections: Annotated[tuple[CardSection, ...], Field(min_length=1)]

    def text_in(self, language: str, name: Literal["title", "summary"]) -> str:
        """Return title or summary in zh or en; Chinese where English is missing."""
        return in_language(language, getattr(self, name), getattr(self, f"{name}_en"))


def parse_card(bundle: Bundle, problems: Problems) -> CardFile | None:
    """Return a card."""
    found = _read_keyed(bundle, CardFile, problems)
    return None if found is None else found[-1]


def check_cards(bundles: Sequence[Bundle], library: Library, problems: Problems) -> None:
    """Check what the cards refer to: lessons and laws."""
    lessons = {lesson.key for course in library.all(ContentKind.COURSE).values() for lesson in course.lessons}
    for bundle in bundles:
        card: CardFile | None = library.get(ContentKind.CARD, bundle.key)
        if card is None:
            continue
        faults = [*_faulty_cites(card.cites, library)]
        faults += [(("lessons", at), f"没有课文 {key}") for at, key in enumerate(card.lessons) if key not in lessons]
        _add_faults(bundle.sources[0].path, bundle, faults, problems)


CARD = ContentType(
    ContentKind.CARD,
    by_file(ContentKind.CARD, "courses/_cards/*.yaml"),
    parse_card,
    check_cards,
    pending=lambda card: card.pending,
)
