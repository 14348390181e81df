"""Templates hold no script, no style and no address of another host, escape everything, and are all in use."""

import ast
import re
from functools import cache

import jinja2
import pytest
from jinja2 import meta

from tests.architecture.sources import TEMPLATES, name_of_call, python_files, relative, template_files, tree_of

AWAITED: dict[str, str] = {}
"""Templates that stand ready for a page that is still to come."""

FORBIDDEN = {
    "|safe": re.compile(r"\|\s*safe\b"),
    "Markup": re.compile(r"\bMarkup\b"),
    "autoescape": re.compile(r"{%-?\s*autoescape"),
    "inline style": re.compile(r"\bstyle\s*=\s*[\"'{]", re.IGNORECASE),
    "inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"'{]", re.IGNORECASE),
    "script without src": re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "address of a host": re.compile(r"(?:https?:)?//[a-z0-9]", re.IGNORECASE),
    "javascript address": re.compile(r"javascript:", re.IGNORECASE),
}


@cache
def source_of(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


NAMES = [path.relative_to(TEMPLATES).as_posix() for path in template_files()]
_ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what: str) -> None:
    found = [
        f"{name}:{source_of(name)[: match.start()].count(chr(10)) + 1}: {match.group()}"
        for name in NAMES
        for match in FORBIDDEN[what].finditer(re.sub(r"{#.*?#}", "", source_of(name), flags=re.DOTALL))
    ]
    assert not found, found


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("|safe", "{{ x | safe }}"),
        ("inline style", '<p style="color:red">'),
        ("inline handler", '<a onclick="x()">'),
        ("script without src", '<script type="module">x</script>'),
        ("address of a host", '<a href="https://a.example/">'),
        ("address of a host", '<img src="//a.example/">'),
    ],
)
def test_the_search_finds_what_it_should(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)
    assert not FORBIDDEN[what].search('<script type="module" src="{{ static_url(\'js/a.js\') }}"></script>')


def rendered() -> dict[str, str]:
    """Return the templates that the code renders, each with a place."""
    found: dict[str, str] = {}
    for path in python_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and name_of_call(node) in {
                "render_template",
                "get_template",
                "get_or_select_template",
            }:
                place = f"{relative(path)}:{node.lineno}"
                assert node.args, place
                if relative(path) == "lms/server.py":
                    continue  # it compiles every template there is
                first = node.args[0]
                for each in [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]:
                    assert isinstance(each, ast.Constant), f"{place}: name the template as a literal"
                    found[str(each.value)] = place
    return found


def test_every_rendered_template_exists() -> None:
    missing = {name: place for name, place in rendered().items() if name not in NAMES}
    assert not missing, missing


def test_every_template_is_used_and_every_used_one_exists() -> None:
    used = set(rendered())
    for name in NAMES:
        referenced = set(meta.find_referenced_templates(_ENVIRONMENT.parse(source_of(name))))
        assert None not in referenced, f"{name}: name the template as a literal"
        assert referenced <= set(NAMES), f"{name} refers to {sorted(map(str, referenced - set(NAMES)))}"
        if name != "web/style.html":  # the page that shows every part uses none of them for people
            used |= {str(each) for each in referenced}
    components = {name for name in NAMES if name.startswith("_components/")}  # shown on the style page at least
    orphans = set(NAMES) - used - components - AWAITED.keys()
    assert not orphans, f"no page uses {sorted(orphans)}"
    assert not AWAITED.keys() & used, f"in use now, take from AWAITED: {sorted(AWAITED.keys() & used)}"


def test_the_style_page_shows_every_component() -> None:
    shown = set(meta.find_referenced_templates(_ENVIRONMENT.parse(source_of("web/style.html"))))
    assert {name for name in NAMES if name.startswith("_components/")} <= shown


def test_every_form_that_posts_carries_its_token() -> None:
    for name in set(NAMES) - {"web/style.html"}:  # its forms are pictures of forms
        source = source_of(name)
        for match in re.finditer(r"<form\b[^>]*method=\"post\".*?</form>", source, re.DOTALL | re.IGNORECASE):
            words = match.group()
            if "hidden(" in words:  # a macro of the same file that writes the hidden fields
                words += source[source.index("macro hidden(") :].split("endmacro")[0]
            assert "csrf_token()" in words, f"{name}: {match.group()[:120]}"


def test_templates_make_no_address_by_hand() -> None:
    """An address comes from ``url_for``: one that is written out breaks silently when the page moves."""
    found = [
        f"{name}: {match.group()}"
        for name in NAMES
        for match in re.finditer(r"(?:href|action|src)=\"/[a-z][^\"]*\"", source_of(name))
    ]
    assert not found, found
