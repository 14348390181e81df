"""Reading a page as a script would: its elements, its links, and the sums it shows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "use", "path"})
FIGURE = re.compile(r"\d+\.\d\d(?!\d)")
"""Scores and parts are written with two decimals, and nothing else is."""


@dataclass
class Element:
    """An element with its attributes and what is in it, texts and elements in order."""

    tag: str
    attributes: dict[str, str | None]
    parent: "Element | None" = None
    content: list["Element | str"] = field(default_factory=list)

    def all(self) -> Iterator["Element"]:
        """Yield this element and everything in it."""
        yield self
        for each in self.content:
            if isinstance(each, Element):
                yield from each.all()

    @property
    def raw(self) -> str:
        return "".join(each if isinstance(each, str) else each.raw for each in self.content)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", self.raw).strip()

    def get(self, name: str) -> str:
        return self.attributes.get(name) or ""

    def find(self, tag: str, css: str = "") -> list["Element"]:
        """Return the elements of a tag (and class) in this one."""
        return [each for each in self.all() if each.tag == tag and (not css or css in each.get("class").split())]

    def with_id(self, name: str) -> "Element":
        return next(each for each in self.all() if each.get("id") == name)

    def is_in_link(self) -> bool:
        return self.tag == "a" or (self.parent is not None and self.parent.is_in_link())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), self.here)
        self.here.content.append(element)
        if tag not in VOID:
            self.here = element

    def handle_endtag(self, tag: str) -> None:
        at: Element | None = self.here
        while at is not None and at.tag != tag:
            at = at.parent
        if at is not None and at.parent is not None:
            self.here = at.parent

    def handle_data(self, data: str) -> None:
        self.here.content.append(data)


def read(html: str) -> Element:
    """Return the main part of a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.root.find("main")[0]


def figures_without_link(page: Element) -> list[str]:
    """Return the figures that lead nowhere."""
    return [
        text
        for each in page.all()
        for text in each.content
        if isinstance(text, str) and FIGURE.search(text) and not each.is_in_link()
    ]


@dataclass(frozen=True)
class Shown:
    """One piece of evidence as the page shows it."""

    kind: str
    asked: int
    shown: Decimal
    value: Decimal | None
    counts: bool
    is_confirmed: bool


def formula_rows(formula: Element) -> list[tuple[str, str]]:
    """Return (words, value) of a sum, its total last."""
    rows = [each for each in formula.content if isinstance(each, Element) and each.tag == "div"]
    pairs = [[each for each in row.content if isinstance(each, Element)] for row in rows]
    return [(words.text, value.text) for words, value in pairs]


def evidence_shown(page: Element) -> list[Shown]:
    """Return all evidence of a page, each added up anew from its items."""
    found = []
    for article in page.find("article"):
        kind = article.find("h3")[0].text.split(" · ")[0]
        [meta] = article.find("p", "meta")
        *items, (_, total) = formula_rows(article.find("div", "formula")[0])
        shown = sum((Decimal(re.sub(r".* ", "", value)) for _, value in items), Decimal(0))
        said_shown, said_asked = total.split(" ÷ ")
        assert (Decimal(said_shown), int(said_asked)) == (shown, len(items))
        figure = FIGURE.search(meta.text)
        found.append(
            Shown(
                kind=kind,
                asked=len(items),
                shown=shown,
                value=Decimal(figure.group()) if figure else None,
                counts="计入分数" in meta.text and "不计入分数" not in meta.text,
                is_confirmed="双方确认" in meta.text,
            )
        )
    return found
