"""Language, text size, and the way dates, names and files appear on a page."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import Flask, g, request
from flask_babel import Babel, get_locale, get_translations
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from jinja2 import pass_context
from markupsafe import Markup, escape

from lms.core.clock import SHANGHAI

LANGUAGE_COOKIE = "lms_lang"
TEXT_COOKIE = "lms_text"
LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
HTML_LANG = {"zh": "zh-Hans", "en": "en"}
TEXT_SIZES = ("", "large", "largest")
HAN = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HAN_RUN = re.compile("[\u2e80-\u2fdf\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff01-\uff5e\u00b7\U00020000-\U0003ffff]+")

_WEEKDAYS = [
    _l("星期一"),
    _l("星期二"),
    _l("星期三"),
    _l("星期四"),
    _l("星期五"),
    _l("星期六"),
    _l("星期日"),
]
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True)
class Look:
    """How the page is to look for its reader."""

    language: str
    text_size: str


def look() -> Look:
    """Return the reader's language and text size: from the link on public pages, the account, the cookie."""
    chosen = g.get("lms_look")
    if chosen is None:
        chosen = g.lms_look = Look(
            language=_known(LANGUAGE_COOKIE, "lang", LOCALES, g.get("lms_default_language", "zh")),
            text_size=_known(TEXT_COOKIE, "text", TEXT_SIZES, ""),
        )
    result: Look = chosen
    return result


def prefer(language: str, text_size: str | None) -> None:
    """Let the account's wishes win over the cookie; an empty language leaves the cookie's."""
    before = look()
    g.lms_look = Look(
        language=language or before.language, text_size=before.text_size if text_size is None else text_size
    )


def _known(cookie: str, argument: str, allowed: object, default: str) -> str:
    values = list(allowed)  # type: ignore[call-overload]
    # A page without a session reads no cookie: there the choice travels in the address.
    value = request.args.get(argument) if g.get("lms_sessionless", False) else request.cookies.get(cookie)
    return value if value is not None and value in values else default


def format_day(value: date | datetime | None) -> str:
    """2026年11月24日 / 24 November 2026, in Asia/Shanghai."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    if look().language == "en":
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日"


def format_moment(value: datetime | None) -> str:
    """The day and the time to the minute, in Asia/Shanghai."""
    if value is None:
        return ""
    local = value.astimezone(SHANGHAI)
    return f"{format_day(local)} {local:%H:%M}"


def format_clock(value: datetime | None) -> str:
    """The time to the second, in Asia/Shanghai: what a save line shows."""
    return "" if value is None else f"{value.astimezone(SHANGHAI):%H:%M:%S}"


def format_weekday(value: date) -> str:
    """The day of the week in words."""
    return str(_WEEKDAYS[value.weekday()])


def mark_chinese(text: object) -> Markup:
    """Return text for an English page with its Chinese runs marked ``lang=zh-Hans``; unchanged on a Chinese page."""
    plain = "" if text is None else str(text)
    if look().language != "en" or not HAN.search(plain):
        return escape(plain)
    parts: list[Markup] = []
    last = 0
    for run in _HAN_RUN.finditer(plain):
        if not run.group().strip("·"):
            continue  # a dot between Latin words
        parts.append(escape(plain[last : run.start()]))
        parts.append(Markup('<span lang="zh-Hans">{}</span>').format(run.group()))
        last = run.end()
    parts.append(escape(plain[last:]))
    return Markup("").join(parts)


def chinese_attribute(text: object) -> Markup:
    """Return the attribute ``lang`` for an element that can hold no other (``title``, ``option``), when it needs one.

    On an English page with Chinese in the text: `` lang="zh-Hans"``; nothing otherwise.
    """
    if look().language != "en" or not HAN.search(str(text)):
        return Markup("")
    return Markup(' lang="zh-Hans"')


def format_browser(description: str) -> str:
    """Return what a person would call the browser of a sign-in: the kind of device and the program."""
    devices = (("iPhone", _l("苹果手机")), ("Android", _l("安卓手机")), ("Macintosh", _l("苹果电脑")), ("", _l("电脑")))
    programs = (("MicroMessenger", _l("微信")), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"))
    device = next(str(words) for sign, words in devices if sign in description)
    program = next((str(words) for sign, words in programs if sign in description), "")
    return f"{device} · {program}" if program else device


def static_digest(folder: Path) -> str:
    """Return 12 hex digits that change whenever a static file changes; they stand in every static address."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def install(app: Flask, *, default_language: str) -> None:
    """Give the application its languages and its Jinja filters."""

    def locale() -> str:
        return LOCALES[look().language]

    Babel(app, default_locale=LOCALES["zh"], locale_selector=locale, default_timezone="Asia/Shanghai")
    _keep_catalogues(app)

    @app.before_request
    def _default() -> None:
        g.lms_default_language = default_language

    filters: dict[str, Callable[[Any], object]] = {
        "day": format_day,
        "moment": format_moment,
        "clock": format_clock,
        "weekday": format_weekday,
        "browser": format_browser,
        "zh": mark_chinese,
        "zh_attr": chinese_attribute,
    }
    app.jinja_env.filters.update({name: _for_each_reader(words) for name, words in filters.items()})
    # A title may be a list of phrases; words that are translated late are no list, though they can be walked.
    app.jinja_env.tests["wording"] = lambda value: isinstance(value, str | LazyString)


def _for_each_reader(words: Callable[[Any], object]) -> Callable[[Any, Any], object]:
    """Return a filter that Jinja asks at every page: it would work out ``'…'|zh`` once, in one language, for all."""

    @pass_context
    def asked(_context: Any, value: Any) -> object:
        return words(value)

    return asked


def _keep_catalogues(app: Flask) -> None:
    """Let templates find their catalogue by language. A page has forty texts, Flask-Babel would look it up for each."""
    kept: dict[str, Any] = {}

    def catalogue() -> Any:
        language = current_language()
        if language not in kept:
            kept[language] = get_translations()
        return kept[language]

    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: catalogue().ugettext(text),
        lambda one, many, n: catalogue().ungettext(one, many, n),
        newstyle=True,
        pgettext=lambda context, text: catalogue().upgettext(context, text),
        npgettext=lambda context, one, many, n: catalogue().unpgettext(context, one, many, n),
    )


def current_language() -> str:
    """zh or en, as the page is written."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"
