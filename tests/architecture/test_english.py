"""Every page in English: no Chinese and no Chinese punctuation outside elements marked as Chinese.

Walks all endpoints as each role on the organisation with Latin names, so what is found is words of the product.
The words themselves are looked through by test_texts.py; here is what a page makes of them: pieces put together in
a template, texts past the catalogue, Chinese content shown without its mark.
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.architecture.endpoints import ACTORS, ENDPOINTS, OWN, Place, Visitor, address, calls
from tests.conftest import Site, make_app

CHINESE = re.compile("[\u2e80-\u2fdf\u3001-\u303f\u3400-\u9fff\uf900-\ufaff\uff01-\uff5e\U00020000-\U0003ffff]")
"""Characters, and the punctuation that goes with them."""
SPOKEN = {"alt", "aria-label", "aria-description", "content", "label", "placeholder", "title"}
"""Attributes that a reader sees or hears; what scripts show stands in ``data-`` attributes."""
UNSEEN_VALUES = {"hidden", "radio", "checkbox"}
"""Kinds of input whose value is for the server alone."""
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
ENDS_SESSION = {"people.sign_out", "people.sign_in"}
MOST_SHOWN = 40


def is_shown(tag: str, name: str, kind: str) -> bool:
    """Whether an attribute of an element reaches the reader; ``kind`` is the element's type."""
    if name == "value":
        return tag == "input" and kind not in UNSEEN_VALUES
    return name in SPOKEN or name.startswith("data-")


class Page(HTMLParser):
    """Collects what of a page is Chinese without the mark ``lang="zh…"`` on it or around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        lang = dict(attrs).get("lang")
        around = self.open[-1][1] if self.open else False
        marked = around if lang is None else lang.startswith("zh")
        if not marked:
            self.found += [
                f"{name}={value!r} of <{tag}>"
                for name, value in attrs
                if value and CHINESE.search(value) and is_shown(tag, name, dict(attrs).get("type") or "text")
            ]
        if tag not in VOID:
            self.open.append((tag, marked))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at][0] == tag:
                del self.open[at:]
                return

    def handle_data(self, data: str) -> None:
        if CHINESE.search(data) and not (self.open and self.open[-1][1]):
            self.found.append(f"{data.strip()!r} in <{self.open[-1][0] if self.open else ''}>")


def chinese_in(text: str) -> list[str]:
    """Return the Chinese of a page that is not marked as such."""
    page = Page()
    page.feed(text)
    page.close()
    return page.found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<p>Good <span lang="zh-Hans">好</span> day</p>', []),
        ('<main lang="zh-Hans"><p title="好">好<br>好</p></main>', []),
        ('<input value="x"><a href="/好">x</a><input type="hidden" value="好"><option value="好">x</option>', []),
        ('<input value="好">', ["value='好' of <input>"]),
        ("<p>好</p>", ["'好' in <p>"]),
        ("<p>Name：x</p>", ["'Name：x' in <p>"]),
        ('<p lang="zh-Hans">好</p><p>坏</p>', ["'坏' in <p>"]),
        ('<div lang="zh-Hans"><p lang="en">好</p></div>', ["'好' in <p>"]),
        ('<a aria-label="好">x</a>', ["aria-label='好' of <a>"]),
        ('<div data-none="没有">x</div>', ["data-none='没有' of <div>"]),
        ('<script type="application/json">{"a": "好"}</script>', ['\'{"a": "好"}\' in <script>']),
    ],
)
def test_the_search_finds_what_it_should(text: str, expected: list[str]) -> None:
    assert chinese_in(text) == expected


class Reader(Visitor):
    """An actor who reads English, and the pages in which Chinese was found."""

    def __init__(self, app: Flask, actor: str | None) -> None:
        self.found: dict[str, list[str]] = {}
        self.seen: set[str] = set()
        super().__init__(app, actor)

    def get(self, name: str, path: str) -> None:
        self.read(name, self.browser.get(path))

    def post(self, name: str, path: str, form: Mapping[str, str]) -> None:
        self.read(name, self.browser.post(path, data={"csrf_token": self.token, **form}))

    def read(self, name: str, response: TestResponse) -> None:
        """Look through one answer, if it is a page."""
        if response.mimetype != "text/html" or response.status_code in {204, 301, 302, 303}:
            return
        text = response.get_data(as_text=True)
        assert '<html lang="en"' in text, f"{name} is not in English"
        self.seen.add(name)
        if found := chinese_in(text):
            self.found.setdefault(name, found[:5])


@pytest.mark.parametrize("templates", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", ACTORS)
def test_every_page_is_english_to_the_last_word(latin_site: Site, role: str) -> None:
    app, actor = make_app(latin_site), ACTORS[role]
    place, reader = Place(latin_site.db, latin_site.world), Reader(app, actor)
    pages: dict[str, str] = {}
    for call in calls(app, {"GET"}):
        if actor is not None or call.case != OWN:  # nothing belongs to a stranger
            pages[f"GET {call.endpoint} ({call.case})"] = address(app, place, call, actor)
            reader.get(*list(pages.items())[-1])
    for call in calls(app, {"POST"}):
        if actor is not None or call.case != OWN:
            path, name = address(app, place, call, actor), f"POST {call.endpoint} ({call.case})"
            for form in ({}, ENDPOINTS[call.endpoint].form):  # an empty form shows what is asked for
                reader.post(name, path, form)
            if call.endpoint in ENDS_SESSION:
                reader.start()
            if call.endpoint == "people.set_language":
                reader.post(name, path, {"lang": "en"})
    for name, path in pages.items():  # what the acts have left behind
        reader.get(name, path)
    assert len(reader.seen) >= (5 if actor is None else 15), f"only {sorted(reader.seen)} were pages"
    shown = [f"{name}: {words}" for name, words in sorted(reader.found.items())]
    assert not shown, "Chinese that is not marked as such:\n" + "\n".join(shown[:MOST_SHOWN])
