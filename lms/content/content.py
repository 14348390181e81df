"""How files become content: bundles of texts, what each kind gives the registry, and the check of everything.

A package describes its kind with one ``ContentType`` in its own ``content`` module:

* ``collect(root, problems)`` finds the files and groups them into bundles (``by_file`` and ``by_folder`` help);
* ``parse(bundle, problems)`` turns a bundle into frozen dataclasses, or None. It knows nothing but the bundle, so
  the same function reads what is on disk and what is kept in a revision;
* ``check(bundles, library, problems)`` looks across: are the things it names there.

Every problem has the path and line of the file to mend. A bundle with an error in one of its files is not used.

What other kinds look at: the framework's thing has ``codes`` (its competency codes); a course's is
``lms.courses.content.Course``; laws, glossary and duties are below.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from lms.content.rules import ContentKind
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


class DutyFile(Strict):
    """courses/_framework/duties.yaml. The 26 duty items are not written yet; their keys are D01 … D26."""

    prohibited: dict[str, Line]
    musts: dict[str, Line]
    duties: tuple[Any, ...]

    @field_validator("duties")
    @classmethod
    def _not_yet(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if value:
            raise ValueError("职责事项还读不了，先留空 []")
        return value


@dataclass(frozen=True)
class Duties:
    """The red lines by key. ``names`` says whether a duty key may be used: all of D01 … D26 are planned."""

    prohibited: Mapping[str, Line]
    musts: Mapping[str, Line]

    @property
    def lines(self) -> Mapping[str, Line]:
        """Everything a question's ``breaks`` may point to."""
        return {**self.prohibited, **self.musts}

    def names(self, key: str) -> bool:
        """Whether a duty key exists or is planned."""
        return re.fullmatch(r"D(0[1-9]|1\d|2[0-6])", key) is not None


def parse_duties(bundle: Bundle, problems: Problems) -> Duties | None:
    """Return the red lines."""
    found = read_single(bundle, DutyFile, problems)
    if found is None:
        return None
    path, document, file = found
    for key in file.prohibited.keys() & file.musts.keys():
        problems.add(path, document.line("musts", key), f"{key} 在 prohibited 里已经有了")
    return Duties(file.prohibited, file.musts)


DUTIES = ContentType(
    ContentKind.DUTIES,
    by_file(ContentKind.DUTIES, "courses/_framework/duties.yaml"),
    parse_duties,
)
