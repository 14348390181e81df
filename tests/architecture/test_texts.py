"""Every sentence for people goes through the catalogue, has an English twin, and every error code has words."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import jinja2
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import nodes

from lms import registry
from lms.core import errors as core_errors
from lms.web.messages import Wordbook
from tests.architecture.sources import LMS, name_of_call, python_files, relative, template_files, tree_of

HAN = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
TRANSLATING = {"_", "_l", "gettext", "lazy_gettext", "ngettext", "lazy_ngettext", "pgettext", "npgettext"}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")

CHINESE_IN_PYTHON = {
    "lms/cli.py": "the terminal: both languages in one line, before anyone could choose one",
    "lms/*/cli.py": "as lms/cli.py",
    "lms/core/console.py": "as lms/cli.py",
    "lms/doctor.py": "as lms/cli.py",
    "lms/server.py": "the start-up banner: both languages in one line",
    "lms/config.py": "texts of SetupError, collected in a list first: both languages in one line",
    "lms/demo/*.py": "the made-up sub-district: names, and lines for the terminal",
    "lms/core/content.py": "problems of content files, in the language of the files and their authors",
    "lms/core/numerals.py": "the numerals themselves: data to recognise",
    "lms/*/content.py": "as lms/core/content.py, and the fixed headings of those files",
    "lms/people/formats/*.py": "words that offices write in their rosters: data to recognise, never shown",
    "lms/certification/rules.py": "the shape of document numbers and the compound surnames: data",
    "lms/certification/documents.py": "dates and periods as printed on certificates, which are Chinese",
    "lms/people/services/founding.py": "names in an empty database and the printed slip: both languages",
    "lms/web/i18n.py": "the Chinese way to write a date: 2026年11月24日",
}
"""Where Chinese may stand outside the catalogue, and why. Texts of SetupError may stand anywhere."""

CHINESE_IN_TEMPLATES = {
    "_components/frame.html": "the language button in its own language; the characters of the gate's picture",
    "courses/_text.html": "the character that is the sign of a story, decoration",
    "web/style.html": "names of people are data, not words; a page of development",
}
"""Templates that may hold Chinese outside the catalogue, and why."""


def in_python_list(path: Path) -> bool:
    inside = path.relative_to(LMS.parent)
    return any(inside.match(pattern) for pattern in CHINESE_IN_PYTHON)


def untranslated(tree: ast.Module, source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of Chinese literals outside translation, SetupError, docstrings and character codes."""
    allowed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            allowed.add(id(node.value))  # a docstring, also one below an attribute or an enum value
        if isinstance(node, ast.Call) and name_of_call(node) in TRANSLATING | {"SetupError"}:
            allowed.update(id(each) for each in ast.walk(node))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in allowed:
            continue
        if HAN.search(node.value) and HAN.search(ast.get_source_segment(source, node) or node.value):
            yield node.lineno, node.value  # one written as \\u4e00 is a range of characters, not words


def test_chinese_in_python_goes_through_the_catalogue() -> None:
    found = [
        f"{relative(path)}:{line}: {text!r}"
        for path in python_files()
        if not in_python_list(path)
        for line, text in untranslated(tree_of(path), path.read_text(encoding="utf-8"))
    ]
    assert not found, "wrap in _() or _l():\n" + "\n".join(found)


def test_the_python_exceptions_are_still_needed() -> None:
    for pattern in CHINESE_IN_PYTHON:
        holders = [
            path
            for path in LMS.parent.glob(pattern)
            if any(untranslated(tree_of(path), path.read_text(encoding="utf-8")))
        ]
        assert holders, f"{pattern} holds no Chinese outside the catalogue: take it from CHINESE_IN_PYTHON"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""文档"""\nx = _("好")\ny = gettext("好")', []),
        ('class A:\n    B = "b"\n    """说明"""', []),
        ('raise SetupError(f"坏了 {x}")', []),
        (r'HAN = re.compile("[\u4e00-\u9fff]")', []),
        ('x = "好"', ["好"]),
        ('flash(f"第{n}条")', ["第", "条"]),
        ('flash("好")\nraise Invalid("好")', ["好", "好"]),
    ],
)
def test_the_search_in_python_finds_what_it_should(source: str, expected: list[str]) -> None:
    assert [text for _, text in untranslated(ast.parse(source), source)] == expected


def test_texts_of_setup_errors_speak_both_languages() -> None:
    for path in python_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and name_of_call(node) == "SetupError":
                words = "".join(
                    each.value
                    for each in ast.walk(node)
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                )
                if HAN.search(words):
                    assert " / " in words, f"{relative(path)}:{node.lineno}: Chinese / English: {words!r}"


# --- templates ---------------------------------------------------------------------------------------------


class _Page(HTMLParser):
    """Collects Chinese text outside elements that are marked ``lang="zh-Hans"``."""

    VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "use", "path"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        marked = ("lang", "zh-Hans") in attrs
        self.found += [value for _, value in attrs if value and HAN.search(value)]
        if tag not in self.VOID:
            self.open.append((tag, marked))

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at][0] == tag:
                del self.open[at:]
                return

    def handle_data(self, data: str) -> None:
        if HAN.search(data) and not any(marked for _, marked in self.open):
            self.found.append(data.strip())


_ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


def chinese_in_template(source: str) -> list[str]:
    """Return the Chinese of a template outside translation: in its HTML and in its expressions."""
    tree = _ENVIRONMENT.parse(source)
    allowed: set[int] = set()
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATING:
            allowed.update(id(each) for each in call.find_all(nodes.Const))
    page = _Page()
    # The HTML between the expressions; an expression leaves a mark, so that attributes stay whole.
    for output in tree.find_all(nodes.Output):
        for part in output.nodes:
            page.feed(part.data if isinstance(part, nodes.TemplateData) else "\ufffc")
    page.close()
    literals = [
        const.value
        for const in tree.find_all(nodes.Const)
        if isinstance(const.value, str) and HAN.search(const.value) and id(const) not in allowed
    ]
    return page.found + literals


def test_chinese_in_templates_goes_through_the_catalogue() -> None:
    found: dict[str, list[str]] = {}
    for path in template_files():
        name = path.relative_to(LMS / "templates").as_posix()
        texts = chinese_in_template(path.read_text(encoding="utf-8"))
        if texts and name not in CHINESE_IN_TEMPLATES:
            found[name] = texts
    assert not found, f"wrap in {{{{ _('…') }}}}: {found}"


def test_the_template_exceptions_are_still_needed() -> None:
    for name in CHINESE_IN_TEMPLATES:
        source = (LMS / "templates" / name).read_text(encoding="utf-8")
        assert chinese_in_template(source), f"{name} holds no Chinese outside the catalogue any more"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>{{ _('好') }}</p>{# 好 #}", []),
        ("<p>{% trans %}好{% endtrans %}</p>", []),
        ('<div lang="zh-Hans"><i>好</i></div>', []),
        ("<p>好</p>", ["好"]),
        ('<div lang="zh-Hans">好</div><p>坏</p>', ["坏"]),
        ('<a title="好">x</a>', ["好"]),
        ("{{ btn('好') }}", ["好"]),
        ("{{ btn(_('好'), title='坏') }}", ["坏"]),
        ("{% set words = {'a': '好'} %}", ["好"]),
    ],
)
def test_the_search_in_templates_finds_what_it_should(source: str, expected: list[str]) -> None:
    assert chinese_in_template(source) == expected


# --- the catalogue -----------------------------------------------------------------------------------------


@cache
def texts_of_the_code() -> dict[str, str]:
    """Return every msgid of the product and where it stands, found as ``make translations`` finds them."""
    with (LMS / "translations" / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
    found: dict[str, str] = {}
    # Babel passes over folders that begin with _ unless told otherwise: _components and _layout hold words too.
    everywhere = extract_from_dir(LMS, methods, options, keywords, directory_filter=lambda _path: True)
    for name, line, message, _comments, _context in everywhere:
        msgid = message[0] if isinstance(message, tuple | list) else message
        if msgid:
            found.setdefault(msgid, f"lms/{name}:{line}")
    return found


@cache
def english() -> Catalog:
    """Return the English catalogue."""
    return read_po(BytesIO((LMS / "translations/en/LC_MESSAGES/messages.po").read_bytes()), locale="en")


def in_english(msgid: str) -> list[str]:
    """Return the English of a text: one string, or one for each plural form; empty when it is not in the catalogue."""
    message = english().get(msgid)
    if message is None:
        return []
    strings = message.string if isinstance(message.string, tuple | list) else [message.string]
    return [words or "" for words in strings]


def test_the_search_for_texts_finds_some() -> None:
    texts = texts_of_the_code()
    assert len(texts) > 100
    assert "登录" in texts
    assert "退出登录" in texts  # of _layout
    assert "工号或密码不对。请照着纸条再核对一遍，字母大小写都可以。" in texts  # of a dictionary of lazy texts


def test_every_text_is_in_the_catalogue() -> None:
    missing = [f"{place}: {msgid}" for msgid, place in texts_of_the_code().items() if not in_english(msgid)]
    assert not missing, f"{len(missing)} texts are not in messages.po; run make translations:\n" + "\n".join(
        missing[:20]
    )


def test_every_text_has_english_words() -> None:
    empty = [
        f"{place}: {msgid}"
        for msgid, place in texts_of_the_code().items()
        if not all(words.strip() for words in in_english(msgid))
    ]
    assert not empty, f"{len(empty)} texts without English in messages.po:\n" + "\n".join(empty[:20])


def test_english_words_are_english() -> None:
    chinese = [msgid for msgid in texts_of_the_code() if any(HAN.search(words) for words in in_english(msgid))]
    assert not chinese, f"Chinese in the English of {chinese}"
    doubtful = [str(message.id) for message in english() if message.id and message.fuzzy]
    assert not doubtful, f"marked fuzzy: {doubtful}"


def test_english_words_have_the_same_places_for_values() -> None:
    for msgid in texts_of_the_code():
        for words in in_english(msgid):
            if words:
                assert set(PLACEHOLDER.findall(words)) == set(PLACEHOLDER.findall(msgid)), f"{msgid!r} → {words!r}"


# --- error codes -------------------------------------------------------------------------------------------

REFUSALS = {
    name
    for name, each in vars(core_errors).items()
    if isinstance(each, type) and issubclass(each, core_errors.LMSError) and each is not core_errors.LMSError
}


def raised() -> Iterator[tuple[str, ast.expr, set[str] | None]]:
    """Yield (place, code, names of the values) of every refusal made in lms; None when values come as ``**``."""
    for path in python_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and name_of_call(node) in REFUSALS and node.args:
                names = {keyword.arg for keyword in node.keywords}
                given = None if None in names else {name for name in names if name} - {"field"}
                yield f"{relative(path)}:{node.lineno}", node.args[0], given


def codes() -> tuple[dict[str, str], dict[str, str]]:
    """Return the whole codes and the beginnings of codes made by f-strings, each with a place."""
    whole: dict[str, str] = {}
    begun: dict[str, str] = {}
    for place, code, _ in raised():
        for each in [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]:
            match each:
                case ast.Constant(value=str(text)):
                    whole.setdefault(text, place)
                case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
                    begun.setdefault(text, place)
                case ast.Name() | ast.Attribute() | ast.Subscript():
                    pass  # made elsewhere; ``mentioned`` finds the literal there
                case _:
                    raise AssertionError(f"{place}: write the code as a literal, so that it can be found")
    return whole, begun


def mentioned() -> dict[str, str]:
    """Return every literal in lms that looks like an error code (``package.thing.fault``), wordbooks left out."""
    packages = {path.parent.name for path in LMS.glob("*/__init__.py")}
    found: dict[str, str] = {}
    for path in python_files():
        keys = {id(key) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Dict) for key in node.keys}
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys:
                parts = node.value.split(".")
                if len(parts) == 3 and all(parts) and parts[0] in packages and re.fullmatch(r"[a-z_.]+", node.value):
                    found.setdefault(node.value, f"{relative(path)}:{node.lineno}")
    return found


WORDS = Wordbook(*registry.MESSAGES).words


def test_every_error_code_has_words() -> None:
    whole, begun = codes()
    whole = {**mentioned(), **whole}
    missing = [f"{place}: {code}" for code, place in whole.items() if code not in WORDS]
    missing += [f"{place}: {code}…" for code, place in begun.items() if not any(w.startswith(code) for w in WORDS)]
    assert not missing, "no words in MESSAGES of the package's forms or lms/web/messages.py:\n" + "\n".join(missing)
    assert len(whole) > 20


def test_no_words_are_left_over() -> None:
    whole, begun = codes()
    used = {*whole, *mentioned()}
    orphans = [code for code in WORDS if code not in used and not code.startswith(tuple(begun))]
    assert not orphans, f"words for codes that nobody raises: {orphans}"


def test_every_error_brings_the_values_its_words_need() -> None:
    for place, code, given in raised():
        if given is None:
            continue
        for each in [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]:
            if isinstance(each, ast.Constant) and each.value in WORDS:
                needed = set(PLACEHOLDER.findall(WORDS[each.value]._args[0]))
                assert needed <= given, f"{place}: {each.value} needs {sorted(needed - given)}"


def test_error_codes_are_written_in_one_grammar() -> None:
    whole, _ = codes()
    for code in [*whole, *WORDS]:
        assert re.fullmatch(r"[a-z]+(\.[a-z_]+){1,2}", code), code
