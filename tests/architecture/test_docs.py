"""The documentation names what is there: every package, table, job and sweep, and no path or function that is not."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from lms import registry
from lms.core.db import Base
from tests.architecture.sources import LMS, ROOT

DOCS = ROOT / "docs"
ADR = DOCS / "adr"
PICTURES = DOCS / "pictures"
PAGES = sorted([*DOCS.rglob("*.md"), *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY"))])
"""CHANGELOG.md is left out: it says what was, and files of old versions may be gone."""

PARTS = ("Context", "Decision", "Rejected alternatives", "Consequences")
MOST_WORDS = 450
"""About a page."""

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FOLDERS = sorted(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
FILE = re.compile(rf"(?:(?:{'|'.join(FOLDERS)})/[\w./*-]*|\w+\.(?:toml|in|lock)|Makefile)(?::\w+)?")
MADE_LATER = ("instance/",)
"""Folders that come into being when the product runs."""

MODULES = "services|queries|rules|tasks|content|models|events|kinds"
DOTTED = re.compile(rf"(?:lms\.)?[a-z]+\.(?:{MODULES})(?:\.\w+)+")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose_of(path: Path) -> str:
    """Return a page without its blocks of commands."""
    return re.sub(r"^```.*?^```", "", text_of(path), flags=re.MULTILINE | re.DOTALL)


def missing_file(named: str) -> str:
    """Return what is wrong with a path such as ``lms/web/guards.py:allow`` or ``certificates/*/style.css``, or ""."""
    path, _, name = named.partition(":")
    if path.startswith(MADE_LATER):
        return ""
    found = [each for each in ROOT.glob(path.rstrip("/")) if each.exists()]
    if not found:
        return f"there is no {path}"
    if name and not re.search(rf"^\s*(?:def|class) {name}\b|^{name}\b", text_of(found[0]), re.MULTILINE):
        return f"{path} defines no {name}"
    return ""


def missing_function(named: str) -> str:
    """Return what is wrong with a name such as ``quizzes.services.save_answer``, or ""."""
    parts = named.removeprefix("lms.").split(".")
    for at in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(["lms", *parts[:at]]))
        except ModuleNotFoundError:
            continue
        found = module
        for part in parts[at:]:
            if not hasattr(found, part):
                return f"{named} does not exist"
            found = getattr(found, part)
        return ""
    return f"{named} does not exist"


def faults_of(page: str) -> list[str]:
    """Return what a page names in backticks that is not there."""
    faults: list[str] = []
    for named in CODE.findall(page):
        if "<" in named or "…" in named or "//" in named:
            continue  # a place for a name, an address
        if FILE.fullmatch(named):
            faults.append(missing_file(named))
        elif DOTTED.fullmatch(named):
            faults.append(missing_function(named))
    return [fault for fault in faults if fault]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    assert not faults_of(prose_of(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere_and_pictures_have_words(page: Path) -> None:
    for picture, words, target in LINK.findall(prose_of(page)):
        assert words.strip(), f"{target} has no words"
        assert not picture or len(words) > 20, f"{target} needs words for who does not see it"
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), f"{target} is not there"


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ("`lms/web/guards.py:allow` `lms/web` `certificates/*/style.css` `Makefile` `lms/<package>/` `a/b`", 0),
        ("`lms/nowhere.py`", 1),
        ("`lms/web/guards.py:nothing`", 1),
        ("`courses/*/nothing.yaml` `nothing.toml`", 2),
        ("`quizzes.services.save_answer` `people.services.roster.enter_all`", 0),
        ("`quizzes.services.forget` `nobody.services.act`", 2),
    ],
)
def test_the_search_finds_what_it_should(page: str, count: int) -> None:
    assert len(faults_of(page)) == count


# --- architecture.md ----------------------------------------------------------------------------------------


def packages() -> list[str]:
    return sorted(path.parent.name for path in LMS.glob("*/__init__.py"))


def rows() -> dict[str, str]:
    """Return the lines of the table of packages by package."""
    return dict(re.findall(r"^\| `lms/(\w+)` \|(.*)$", text_of(DOCS / "architecture.md"), re.MULTILINE))


def test_every_package_is_described() -> None:
    assert sorted(rows()) == packages()


def test_every_table_stands_with_its_package() -> None:
    said = {name: set(CODE.findall(row.rsplit("|", 2)[1])) for name, row in rows().items()}
    found: dict[str, set[str]] = {name: set() for name in rows()}
    for mapper in Base.registry.mappers:
        package = mapper.class_.__module__.split(".")[1]
        found[package].add(mapper.class_.__tablename__)
    assert said == found


def test_every_job_and_sweep_is_named() -> None:
    page = text_of(DOCS / "architecture.md")
    sweeps = [f"{each.__module__}.{each.__name__}".removeprefix("lms.") for each in registry.SCHEDULE]
    missing = [name for name in [*registry.JOB_HANDLERS, *sweeps] if f"`{name}`" not in page]
    assert not missing, f"docs/architecture.md does not name {missing}"


def test_every_event_is_named_in_its_decision() -> None:
    page = text_of(ADR / "0009-typed-events.md")
    events = [
        name
        for path in LMS.glob("*/events.py")
        for name in re.findall(r"^class (\w+)\(Event\)", text_of(path), re.MULTILINE)
    ]
    assert len(events) >= 3
    assert not [name for name in events if f"`{name}`" not in page]
    listening = {listener.__module__ for listeners in registry.LISTENERS.values() for listener in listeners}
    assert not [module for module in listening if f"`{module.replace('.', '/')}.py`" not in page]


# --- pictures ----------------------------------------------------------------------------------------------


def words_in(picture: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", text_of(PICTURES / picture))


def test_the_picture_of_the_packages_is_the_contract() -> None:
    settings = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    [contract] = [each for each in settings["tool"]["importlinter"]["contracts"] if each["id"] == "packages"]
    order = [part.strip(" ()") for line in contract["layers"] for part in line.split("|")]
    drawn = [word for word in words_in("packages.svg") if word in order]
    assert drawn == [name for name in order if name not in {"__main__", "wsgi"}]


def test_the_picture_of_the_chain_names_functions_that_are_there() -> None:
    named = {each for word in words_in("chain.svg") for each in re.findall(r"\b[a-z]+\.services\.\w+", word)}
    assert len(named) > 8
    assert not [fault for fault in map(missing_function, sorted(named)) if fault]


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("*.svg")), ids=lambda path: str(path.name))
def test_a_picture_says_what_it_shows_and_asks_for_nothing_outside(picture: Path) -> None:
    source = text_of(picture)
    assert re.search(r"<title[^>]*>[^<]+</title>", source)
    assert re.search(r"<desc[^>]*>[^<]+</desc>", source)
    assert "http" not in source.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"<script|<image|<style|@import|url\((?!#)", source)


# --- decisions ---------------------------------------------------------------------------------------------


def decisions() -> list[Path]:
    return sorted(path for path in ADR.glob("*.md") if path.name != "README.md")


def test_the_list_of_decisions_is_complete() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]\(([\w-]+\.md)\) \| (.+) \|$", text_of(ADR / "README.md"), re.MULTILINE)
    titles = [(path.name[:4], path.name, text_of(path).splitlines()[0][len("# 0000 ") :]) for path in decisions()]
    assert listed == titles
    assert [path.name[:4] for path in decisions()] == [f"{number:04}" for number in range(1, len(titles) + 1)]


@pytest.mark.parametrize("decision", decisions(), ids=lambda path: str(path.name[:4]))
def test_a_decision_has_all_parts_on_a_page(decision: Path) -> None:
    page = text_of(decision)
    assert tuple(re.findall(r"^## (.+)$", page, re.MULTILINE)) == PARTS
    assert page.startswith(f"# {decision.name[:4]} ")
    assert len(page.split()) <= MOST_WORDS
    rejected = page.partition("## Rejected alternatives")[2].partition("##")[0]
    assert len(re.findall(r"^- [^:\n]+: \w", rejected, re.MULTILINE)) >= 2, "each with its reason after a colon"
