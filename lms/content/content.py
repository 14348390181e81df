"""How files become content: bundles of texts, what each kind gives the registry, and the check of everything.

A package describes its kind with one ``ContentType`` in its own ``content`` module:

* ``collect(root, problems)`` finds the files and groups them into bundles (``by_file`` and ``by_folder`` help);
* ``parse(bundle, problems)`` turns a bundle into frozen dataclasses, or None. It knows nothing but the bundle, so
  the same function reads what is on disk and what is kept in a revision;
* ``check(bundles, library, problems)`` looks across: are the things it names there.

Every problem has the path and line of the file to mend. A bundle with an error in one of its files is not used.

What other kinds look at: the framework's thing has ``codes`` (its competency codes); a course's is
``lms.courses.content.Course``, a bank's ``lms.quizzes.content.Bank``; laws, glossary and duties are below.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from lms.content.rules import ContentKind, Origin, RoleLevel, Way
from lms.core import clock
from lms.core.content import (
    Document,
    Model,
    Problems,
    SourceFile,
    Strict,
    duplicates,
    model_of,
    read_files,
    read_yaml,
    warn_untranslated,
)
from lms.core.languages import in_language


@dataclass(frozen=True)
class Bundle:
    """All files of one thing. ``revision``: the number its author gave it, 0 when the kind has none."""

    kind: ContentKind
    key: str
    revision: int
    files: Mapping[str, str] = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the texts with their paths, in hex: equal digests are the same content."""
        text = json.dumps(dict(self.files), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def sources(self) -> list[SourceFile]:
        """The files by path."""
        return [SourceFile(path, self.files[path]) for path in sorted(self.files)]


class Library:
    """The parsed things of all kinds, for references from one to another."""

    def __init__(self) -> None:
        self._things: dict[ContentKind, dict[str, Any]] = {kind: {} for kind in ContentKind}
        self._keys: dict[ContentKind, set[str]] = {kind: set() for kind in ContentKind}

    def put(self, kind: ContentKind, key: str, thing: Any | None) -> None:
        """Enter a thing; None says that its files are there but cannot be read."""
        self._keys[kind].add(key)
        if thing is not None:
            self._things[kind][key] = thing

    def all(self, kind: ContentKind) -> Mapping[str, Any]:
        """Return the things of a kind that could be read, by key."""
        return self._things[kind]

    def get(self, kind: ContentKind, key: str) -> Any | None:
        """Return one thing; None when it is missing or cannot be read."""
        return self._things[kind].get(key)

    def only(self, kind: ContentKind) -> Any | None:
        """Return the thing of a kind that has just one (framework, laws, …); None when it cannot be read."""
        return next(iter(self._things[kind].values()), None)

    def keys(self, kind: ContentKind) -> set[str]:
        """Return the keys of all things of a kind, those that cannot be read included."""
        return set(self._keys[kind])


def _nothing_across(_bundles: Sequence[Bundle], _library: Library, _problems: Problems) -> None:
    return None


@dataclass(frozen=True)
class ContentType:
    """How one kind of content is found, read and checked. See the head of this module."""

    kind: ContentKind
    collect: Callable[[Path, Problems], list[Bundle]]
    parse: Callable[[Bundle, Problems], Any | None]
    check: Callable[[Sequence[Bundle], Library, Problems], None] = _nothing_across
    pending: Callable[[Any], Iterable[str]] = lambda _thing: ()
    """What its author noted as still to be found out （待补）, for the trainers' page."""
    planned: Callable[[Sequence[Bundle], Library, Problems], None] = _nothing_across
    """What waits for other content that is not written yet: no fault, so nothing is kept from use."""


def revision_in(text: str) -> int:
    """Return the number after ``revision:`` at the left edge of a YAML text, 0 when there is none."""
    match = re.search(r"^revision:[ ]*(\d{1,6})\b", text, re.MULTILINE)
    return int(match.group(1)) if match else 0


def by_file(kind: ContentKind, *patterns: str, key: Callable[[PurePosixPath], str] = lambda path: path.stem) -> Any:
    """Return a ``collect`` for a kind whose every file is a thing of its own; ``key`` names it from its path."""

    def collect(root: Path, problems: Problems) -> list[Bundle]:
        bundles: dict[str, Bundle] = {}
        for source in read_files(root, patterns, problems):
            name = key(PurePosixPath(source.path))
            if name in bundles:
                problems.add(source.path, 1, f"{name} 已经在 {next(iter(bundles[name].files))} 里了")
                continue
            bundles[name] = Bundle(kind, name, revision_in(source.text), {source.path: source.text})
        return list(bundles.values())

    return collect


def by_folder(kind: ContentKind, main: str, *patterns: str) -> Any:
    """Return a ``collect`` for a kind whose every folder is a thing, named by the folder.

    ``main``: the file that holds the revision and makes a folder one of this kind (``course.yaml``);
    ``patterns``: globs from the content root, ``main`` included.
    """

    def collect(root: Path, problems: Problems) -> list[Bundle]:
        folders: dict[str, dict[str, str]] = {}
        for source in read_files(root, patterns, problems):
            folders.setdefault(str(PurePosixPath(source.path).parent), {})[source.path] = source.text
        bundles: dict[str, Bundle] = {}
        for folder, files in folders.items():
            name = PurePosixPath(folder).name
            first = f"{folder}/{main}"
            if first not in files:
                problems.add(first, 1, f"这个文件夹里缺 {main}")
            elif name in bundles:
                problems.add(first, 1, f"{name} 已经在 {min(bundles[name].files)} 里了")
            else:
                bundles[name] = Bundle(kind, name, revision_in(files[first]), files)
        return list(bundles.values())

    return collect


@dataclass
class Examined:
    """What a look at all content files found."""

    bundles: list[Bundle] = field(default_factory=list)
    library: Library = field(default_factory=Library)
    problems: Problems = field(default_factory=Problems)
    pending: list[tuple[Bundle, str]] = field(default_factory=list)
    planned: Problems = field(default_factory=Problems)

    @property
    def good(self) -> list[Bundle]:
        """The bundles without errors."""
        return [bundle for bundle in self.bundles if not self.problems.spoil(bundle.files)]


def examine(types: Iterable[ContentType], root: Path) -> Examined:
    """Read and check all content below ``root``. No database; nothing is written."""
    found = Examined()
    by_kind: dict[ContentKind, list[Bundle]] = {}
    types = list(types)
    for each in types:
        bundles = each.collect(root, found.problems)
        by_kind[each.kind] = bundles
        found.bundles += bundles
        for bundle in bundles:
            thing = each.parse(bundle, found.problems)
            found.library.put(each.kind, bundle.key, thing)
            if thing is not None:
                found.pending += [(bundle, text) for text in each.pending(thing)]
    for each in types:
        each.check(by_kind[each.kind], found.library, found.problems)
        each.planned(by_kind[each.kind], found.library, found.planned)
    return found


# --- the law register --------------------------------------------------------------------------------------

Text = Annotated[str, Field(min_length=1)]
ArticleNumber = Annotated[str, Field(pattern=r"^[1-9]\d*(\.[1-9]\d*)?$")]


class Article(Strict):
    """The one short paraphrase of an article for the whole product."""

    says: Text
    says_en: str = ""


class Verified(Strict):
    """Who of the office compared the entry with the text in force: a post, never a name."""

    post: Text
    on: date


class Law(Strict):
    """A law, regulation or other rule with the articles that may be cited."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")]
    title: Text
    title_en: str = ""
    kind: Literal["law", "regulation"] = "law"
    adopted: date | None = None
    amended: date | None = None
    in_force: date | None = None
    source: Text
    text_of: date | None = None
    checked_on: date | None = None
    review_by: date | None = None
    verified_by_person: Verified | None = None
    state: Literal["ok", "check"]
    note: str = ""
    articles: dict[ArticleNumber, Article]

    @field_validator("articles")
    @classmethod
    def _cited_only_when_checked(cls, value: dict[str, Article], info: ValidationInfo) -> dict[str, Article]:
        state = info.data.get("state")
        if state == "ok" and not all(info.data.get(name) for name in ("text_of", "checked_on", "review_by")):
            raise ValueError("state 是 ok，就要写明 text_of、checked_on、review_by")
        return value


class LawFile(Strict):
    """courses/_laws/laws.yaml."""

    laws: tuple[Law, ...]


def article_words(article: str) -> str:
    """Return how an article number is written in a lesson: 第11条第2款 for 11.2."""
    number, _, paragraph = article.partition(".")
    return f"第{number}条第{paragraph}款" if paragraph else f"第{number}条"


@dataclass(frozen=True)
class Register:
    """The law register by id. A cite is ``law-id/article[.paragraph]``."""

    laws: Mapping[str, Law]

    def find(self, cite: str) -> tuple[Law, Article] | None:
        """Return what a cite points to, None when it is not entered."""
        name, _, number = cite.partition("/")
        law = self.laws.get(name)
        article = law.articles.get(number) if law is not None else None
        return (law, article) if law is not None and article is not None else None

    def place(self, cite: str) -> str:
        """Return a cite as a lesson writes it: 《民法典》第1033条."""
        name, _, number = cite.partition("/")
        return f"《{self.laws[name].title}》{article_words(number)}"

    def place_en(self, cite: str) -> str:
        """Return a cite as English text writes it: Civil Code, Art. 1033."""
        name, _, number = cite.partition("/")
        article, _, paragraph = number.partition(".")
        return f"{self.laws[name].title_en}, Art. {article}" + (f" para. {paragraph}" if paragraph else "")

    def fault(self, cite: str) -> str:
        """Return why a cite may not be used, empty when it may."""
        name, _, _ = cite.partition("/")
        if name not in self.laws:
            return f"登记册里没有 {name}"
        if self.laws[name].state != "ok":
            return f"⚠ {name} 还没核对，不能引用"
        return "" if self.find(cite) else f"登记册里没有 {cite}"


def read_single(bundle: Bundle, model: type[Model], problems: Problems) -> tuple[str, Document, Model] | None:
    """Return (path, document, model) of a bundle of one YAML file; None when it cannot be read. For ``parse``."""
    [source] = bundle.sources
    document = read_yaml(source, problems)
    thing = None if document is None else model_of(source.path, document, model, problems)
    if document is None or thing is None:
        return None
    warn_untranslated(source.path, document, thing, problems)
    return source.path, document, thing


def warn_overdue(path: str, line: int, review_by: date | None, problems: Problems) -> None:
    """Add a warning when the day for looking at a text again has passed."""
    if review_by is not None and review_by < clock.today():
        problems.add(path, line, f"该复核了：review_by 是 {review_by}", is_warning=True)


def parse_laws(bundle: Bundle, problems: Problems) -> Register | None:
    """Return the law register."""
    found = read_single(bundle, LawFile, problems)
    if found is None:
        return None
    path, document, file = found
    for at in duplicates([law.id for law in file.laws]):
        problems.add(path, document.line("laws", at, "id"), f"代号 {file.laws[at].id} 已经用过")
    for at, law in enumerate(file.laws):
        warn_overdue(path, document.line("laws", at, "review_by"), law.review_by, problems)
    return Register({law.id: law for law in file.laws})


def _pending_laws(register: Register) -> Iterable[str]:
    for law in register.laws.values():
        if law.state == "check":
            yield f"{law.title}：{law.note or law.source}"


LAWS = ContentType(
    ContentKind.LAWS,
    by_file(ContentKind.LAWS, "courses/_laws/laws.yaml"),
    parse_laws,
    pending=_pending_laws,
)


# --- the glossary ------------------------------------------------------------------------------------------


class Term(Strict):
    """A word of the field with its plain explanation."""

    term: Text
    term_en: str = ""
    identifier: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    says: Text
    says_en: str = ""


class TermFile(Strict):
    """courses/_framework/glossary.yaml, a list."""

    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Glossary:
    """The words in the order of the file."""

    terms: tuple[Term, ...]


def parse_glossary(bundle: Bundle, problems: Problems) -> Glossary | None:
    """Return the glossary."""
    [source] = bundle.sources
    read = read_yaml(source, problems)
    if read is None:
        return None
    # The file is a bare list, which is the easiest to write; the model names it.
    lines = {(): 1, **{("terms", *where): line for where, line in read.lines.items()}}
    document = Document({"terms": read.value}, lines)
    file = model_of(source.path, document, TermFile, problems)
    if file is None:
        return None
    warn_untranslated(source.path, document, file, problems)
    for name in ("term", "identifier"):
        values = [str(getattr(term, name)) for term in file.terms]
        for at in duplicates(values):
            problems.add(source.path, document.line("terms", at, name), f"{values[at]} 已经写过")
    return Glossary(file.terms)


GLOSSARY = ContentType(
    ContentKind.GLOSSARY,
    by_file(ContentKind.GLOSSARY, "courses/_framework/glossary.yaml"),
    parse_glossary,
)


# --- red lines and duties ----------------------------------------------------------------------------------


class Line(Strict):
    """A prohibited act or a must; questions point to it with ``breaks``."""

    text: Text
    text_en: str = ""

    def text_in(self, language: str) -> str:
        """Return the line in zh or en; Chinese where English is missing."""
        return in_language(language, self.text, self.text_en)


TO_BE_FOUND_OUT = "待补"
"""Stands for what the authors could not find out; the check lists it."""

DutyKey = Annotated[str, Field(pattern=r"^D(0[1-9]|[1-9]\d)$")]
CourseKey = Annotated[str, Field(pattern=r"^c\d{2}$")]
DutyFunction = Literal["publicity", "inspection", "information", "assistance", "follow_up", "common"]
PostName = Literal["inspection", "information", "mediation_service", "follow_up", "grid_leader"]
CHAINS = ((Way.HANDLE, Way.ESCALATE), (Way.COORDINATE, Way.ESCALATE))
"""The only two-step authorities: deal with it first, then report what cannot be dealt with."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _known_chain(ways: tuple[Way, ...]) -> tuple[Way, ...]:
    if len(ways) != 1 and ways not in CHAINS:
        raise ValueError("写一种办法；两步的只有 [handle, escalate] 和 [coordinate, escalate]")
    return ways


def _one_post(value: object) -> object:
    if isinstance(value, list):
        raise ValueError(f"要正好一个责任岗，这里写了 {len(value)} 个")
    if value in {None, ""}:
        raise ValueError("要正好一个责任岗，这里一个也没写")
    return value


def _for_both_levels(value: object) -> object:
    return {level.value: value for level in RoleLevel} if isinstance(value, list) else value


# Behind a validator of Python pydantic takes lists for tuples only where it is told not to be strict.
Ways = Annotated[
    tuple[Annotated[Way, Field(strict=False)], ...],
    Field(strict=False),
    BeforeValidator(_as_list),
    AfterValidator(_known_chain),
]


class Authority(Strict):
    """What each role level may do, one way or two in turn."""

    officer: Ways
    leader: Ways

    def at(self, level: RoleLevel) -> tuple[Way, ...]:
        """Return the ways of a role level."""
        return self.leader if level is RoleLevel.LEADER else self.officer


class Step(Strict):
    """A step of dealing with a matter."""

    text: Text
    text_en: str = ""

    def text_in(self, language: str) -> str:
        """Return the step in zh or en; Chinese where English is missing."""
        return in_language(language, self.text, self.text_en)


Several = Annotated[tuple[Step, ...], Field(min_length=1, strict=False)]


class Steps(Strict):
    """The steps of each role level; a file that gives one list means it for both."""

    officer: Several
    leader: Several

    def at(self, level: RoleLevel) -> tuple[Step, ...]:
        """Return the steps of a role level."""
        return self.leader if level is RoleLevel.LEADER else self.officer

    @property
    def differ(self) -> bool:
        """Whether the two levels have steps of their own."""
        return self.officer != self.leader


@dataclass(frozen=True)
class Limit:
    """How soon: ``unit`` is now, m, h, d, wd (working days) or month; ``amount`` is 0 for now and month."""

    amount: int
    unit: str


def limit_of(text: str | None) -> Limit | None:
    """Return a limit as files write it (15m, 3wd, now, month) in its parts; None for None."""
    if text is None:
        return None
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return Limit(int(digits or 0), text[len(digits) :])


class Duty(Strict):
    """A duty item (职责事项). ``needs``: competency → level from which a person does it alone.

    ``anyone_may_report``: reporting it is open to everybody, whatever they can do. ``extra_post``: a post held
    beside one's own （兼岗）. ``forbids`` is ``not`` in the file.
    """

    key: DutyKey
    name: Text
    name_en: str = ""
    function: DutyFunction
    authority: Authority
    limit: Annotated[str, Field(pattern=r"^(now|month|[1-9]\d*(m|h|d|wd))$")] | None
    post: Annotated[PostName, BeforeValidator(_one_post)]
    origin: Origin
    basis: Text
    cites: tuple[str, ...] = ()
    lead_unit: Text
    support_unit: Text
    needs: Annotated[dict[str, Annotated[int, Field(ge=1, le=4)]], Field(min_length=1)]
    steps: Annotated[Steps, BeforeValidator(_for_both_levels)]
    forbids: Annotated[Line, Field(alias="not")]
    courses: tuple[CourseKey, ...]
    extra_post: bool = False
    anyone_may_report: bool = False
    version: Annotated[int, Field(ge=1)]

    def name_in(self, language: str) -> str:
        """Return the name in zh or en; Chinese where English is missing."""
        return in_language(language, self.name, self.name_en)

    @property
    def time_limit(self) -> Limit | None:
        """The limit in its parts, None without one."""
        return limit_of(self.limit)

    @property
    def to_be_found_out(self) -> tuple[str, ...]:
        """Which of basis, lead unit and support unit are not (wholly) known yet."""
        return tuple(name for name in ("basis", "lead_unit", "support_unit") if TO_BE_FOUND_OUT in getattr(self, name))


class DutyFile(Strict):
    """courses/_framework/duties.yaml. ``duties`` may be empty while the items are not written."""

    prohibited: dict[str, Line]
    musts: dict[str, Line]
    duties: tuple[Duty, ...]


@dataclass(frozen=True)
class Duties:
    """The duty catalogue: red lines and duty items by key, in the order of the file."""

    prohibited: Mapping[str, Line]
    musts: Mapping[str, Line]
    items: Mapping[str, Duty] = field(default_factory=dict)

    @property
    def lines(self) -> Mapping[str, Line]:
        """Everything a question's ``breaks`` may point to."""
        return {**self.prohibited, **self.musts}

    def names(self, key: str) -> bool:
        """Whether a duty key may be used; while no item is written, D01 … D26 are planned."""
        return key in self.items if self.items else re.fullmatch(r"D(0[1-9]|1\d|2[0-6])", key) is not None


def parse_duties(bundle: Bundle, problems: Problems) -> Duties | None:
    """Return the red lines and the duty items."""
    found = read_single(bundle, DutyFile, problems)
    if found is None:
        return None
    path, document, file = found
    for key in file.prohibited.keys() & file.musts.keys():
        problems.add(path, document.line("musts", key), f"{key} 在 prohibited 里已经有了")
    for at in duplicates([duty.key for duty in file.duties]):
        problems.add(path, document.line("duties", at, "key"), f"{file.duties[at].key} 写了两遍，责任岗就有两个了")
    return Duties(file.prohibited, file.musts, {duty.key: duty for duty in file.duties})


def _duties_with_lines(bundles: Sequence[Bundle], library: Library) -> Iterator[tuple[str, Document, int, Duty]]:
    """Yield (path, document, position, item) of every duty item that could be read."""
    for bundle in bundles:
        duties: Duties | None = library.get(ContentKind.DUTIES, bundle.key)
        [source] = bundle.sources
        document = read_yaml(source, Problems()) if duties is not None else None
        if duties is None or document is None:
            continue
        for at, entry in enumerate(document.value["duties"]):
            yield source.path, document, at, duties.items[entry["key"]]


def _check_duties(bundles: Sequence[Bundle], library: Library, problems: Problems) -> None:
    """Note competencies that the framework does not have and articles that may not be cited."""
    framework = library.only(ContentKind.FRAMEWORK)
    register: Register | None = library.only(ContentKind.LAWS)
    for path, document, at, duty in _duties_with_lines(bundles, library):
        for code in duty.needs:
            if framework is not None and code not in framework.codes:
                problems.add(path, document.line("duties", at, "needs", code), f"能力框架里没有 {code}")
        for number, cite in enumerate(duty.cites):
            fault = register.fault(cite) if register is not None else ""
            if fault:
                problems.add(path, document.line("duties", at, "cites", number), fault)


def _planned_duties(bundles: Sequence[Bundle], library: Library, planned: Problems) -> None:
    """Note the duty items that wait for courses: a competency without course or questions, a course not written."""
    courses = library.keys(ContentKind.COURSE)
    taught = {code for course in library.all(ContentKind.COURSE).values() for code in course.file.competencies}
    asked = {item.competency for bank in library.all(ContentKind.BANK).values() for item in bank.items.values()}
    for path, document, at, duty in _duties_with_lines(bundles, library):
        lacking = [code for code in duty.needs if code not in taught or code not in asked]
        awaited = [key for key in duty.courses if key not in courses]
        if not lacking and not awaited:
            continue
        words = f"{'、'.join(lacking)} 还没有课程或题目，" if lacking else ""
        coming = f"等课程 {'、'.join(awaited)}" if awaited else "没有写由哪门课带来"
        planned.add(path, document.line("duties", at, "courses"), f"{duty.key} {duty.name}：{words}{coming}")


_PENDING_WORDS = {"basis": "依据", "lead_unit": "牵头单位", "support_unit": "配合单位"}


def _pending_duties(duties: Duties) -> Iterable[str]:
    for duty in duties.items.values():
        if duty.to_be_found_out:
            missing = "、".join(_PENDING_WORDS[name] for name in duty.to_be_found_out)
            yield f"{duty.key} {duty.name}：{missing}待补"


DUTIES = ContentType(
    ContentKind.DUTIES,
    by_file(ContentKind.DUTIES, "courses/_framework/duties.yaml"),
    parse_duties,
    _check_duties,
    _pending_duties,
    _planned_duties,
)
