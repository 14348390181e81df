"""Language, text size, and the way dates and names appear."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask import Flask, g

from lms.web import i18n

NINE_IN_THE_EVENING_UTC = datetime(2026, 11, 24, 21, 5, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def app() -> Flask:
    """An application with our languages and nothing else."""
    bare = Flask("bare", static_folder=None)
    i18n.install(bare, default_language="zh")
    return bare


@contextmanager
def page(app: Flask, *, cookies: str = "", query: str = "", sessionless: bool = False) -> Iterator[None]:
    """Stand inside a request with these cookies."""
    with app.test_request_context(f"/?{query}", headers={"Cookie": cookies} if cookies else {}):
        g.lms_default_language = "zh"
        g.lms_sessionless = sessionless
        yield


# --- look --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cookies", "query", "language", "text_size"),
    [
        ("", "", "zh", ""),
        ("lms_lang=en; lms_text=large", "", "en", "large"),
        ("lms_lang=fr; lms_text=tiny", "", "zh", ""),
        ("lms_lang=", "", "zh", ""),
        ("", "lang=en&text=largest", "zh", ""),  # an address does not change a page with a session
    ],
)
def test_a_page_with_a_session_looks_as_the_cookie_says(
    app: Flask, cookies: str, query: str, language: str, text_size: str
) -> None:
    with page(app, cookies=cookies, query=query):
        assert i18n.look() == i18n.Look(language, text_size)


@pytest.mark.parametrize(
    ("query", "language", "text_size"),
    [("", "zh", ""), ("lang=en&text=large", "en", "large"), ("lang=xx&text=xx", "zh", "")],
)
def test_a_page_without_a_session_looks_as_the_address_says(
    app: Flask, query: str, language: str, text_size: str
) -> None:
    with page(app, cookies="lms_lang=en; lms_text=largest", query=query, sessionless=True):
        assert i18n.look() == i18n.Look(language, text_size)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (("", None), i18n.Look("en", "large")),
        (("zh", None), i18n.Look("zh", "large")),
        (("zh", ""), i18n.Look("zh", "")),
        (("", "largest"), i18n.Look("en", "largest")),
    ],
)
def test_the_account_wins_over_the_cookie(app: Flask, account: tuple[str, str | None], expected: i18n.Look) -> None:
    with page(app, cookies="lms_lang=en; lms_text=large"):
        i18n.prefer(*account)
        assert i18n.look() == expected


def test_the_default_language_is_a_setting() -> None:
    bare = Flask("bare", static_folder=None)
    i18n.install(bare, default_language="en")

    @bare.get("/")
    def seen() -> str:
        return f"{i18n.look().language} {i18n.current_language()}"

    assert bare.test_client().get("/").get_data(as_text=True) == "en en"


@pytest.mark.parametrize(("language", "html"), [("zh", "zh-Hans"), ("en", "en")])
def test_every_language_has_its_html_name(language: str, html: str) -> None:
    assert i18n.HTML_LANG[language] == html
    assert set(i18n.HTML_LANG) == set(i18n.LOCALES)


# --- dates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [("zh", "2026年11月25日", "2026年11月25日 05:05"), ("en", "25 November 2026", "25 November 2026 05:05")],
)
def test_a_moment_is_shown_as_the_clock_on_the_wall(app: Flask, language: str, day: str, moment: str) -> None:
    with page(app, cookies=f"lms_lang={language}"):
        for value in (NINE_IN_THE_EVENING_UTC, NINE_IN_THE_EVENING_UTC.astimezone(timezone(timedelta(hours=-8)))):
            assert i18n.format_day(value) == day
            assert i18n.format_moment(value) == moment
            assert i18n.format_clock(value) == "05:05:09"
        assert i18n.format_day(date(2026, 11, 25)) == day


def test_no_date_is_no_text(app: Flask) -> None:
    with page(app):
        assert i18n.format_day(None) == i18n.format_moment(None) == i18n.format_clock(None) == ""


def test_days_of_the_week(app: Flask) -> None:
    with page(app):
        monday = date(2026, 11, 23)
        names = [i18n.format_weekday(monday + timedelta(days=each)) for each in range(7)]
    assert names == ["星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"]


@pytest.mark.parametrize("month", range(1, 13))
def test_english_months(app: Flask, month: int) -> None:
    with page(app, cookies="lms_lang=en"):
        assert i18n.format_day(date(2026, month, 1)) == f"1 {date(2026, month, 1):%B} 2026"


# --- Chinese on an English page ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("李秀兰", '<span lang="zh-Hans">李秀兰</span>'),
        ("乌云·其其格", '<span lang="zh-Hans">乌云·其其格</span>'),
        ("Hello 李秀兰, hi", 'Hello <span lang="zh-Hans">李秀兰</span>, hi'),
        ("<b>李</b>", '&lt;b&gt;<span lang="zh-Hans">李</span>&lt;/b&gt;'),
        ("《网格》 and 𠮷", '<span lang="zh-Hans">《网格》</span> and <span lang="zh-Hans">𠮷</span>'),
        ("Anna · Lee", "Anna · Lee"),  # a dot alone is no Chinese
        ("Anna · 李", 'Anna · <span lang="zh-Hans">李</span>'),
        (
            "字〔2026〕3号",
            '<span lang="zh-Hans">字〔</span>2026<span lang="zh-Hans">〕</span>3<span lang="zh-Hans">号</span>',
        ),
        ("a & b", "a &amp; b"),
        ("", ""),
        (None, ""),
        (5, "5"),
    ],
)
def test_chinese_on_an_english_page_is_marked_and_escaped(app: Flask, text: object, marked: str) -> None:
    with page(app, cookies="lms_lang=en"):
        assert str(i18n.mark_chinese(text)) == marked
        rendered = app.jinja_env.from_string("{{ text|zh }}").render(text=text)
        assert rendered == marked


def test_chinese_on_a_chinese_page_is_escaped_only(app: Flask) -> None:
    with page(app):
        assert str(i18n.mark_chinese("<b>李</b>")) == "&lt;b&gt;李&lt;/b&gt;"


@pytest.mark.parametrize(
    ("cookies", "text", "attribute"),
    [
        ("lms_lang=en", "晨光社区", ' lang="zh-Hans"'),
        ("lms_lang=en", "No. 3 of 晨光", ' lang="zh-Hans"'),
        ("lms_lang=en", "Chenguang", ""),
        ("lms_lang=en", None, ""),
        ("", "晨光社区", ""),
    ],
)
def test_an_element_with_chinese_says_so_on_an_english_page(
    app: Flask, cookies: str, text: str | None, attribute: str
) -> None:
    with page(app, cookies=cookies):
        assert str(i18n.chinese_attribute(text)) == attribute


# --- browsers, files ---------------------------------------------------------------------------------------

DEVICES = {"iPhone; CPU": "苹果手机", "Linux; Android 14": "安卓手机", "Macintosh": "苹果电脑", "Windows NT": "电脑"}
PROGRAMS = {"MicroMessenger/8": "微信", "Chrome/120 Edg/120": "Edge", "Firefox/120": "Firefox", "Chrome/120": "Chrome"}


@pytest.mark.parametrize(("device", "program"), list(itertools.product(DEVICES, PROGRAMS)))
def test_a_browser_has_a_name_that_people_know(app: Flask, device: str, program: str) -> None:
    with page(app):
        assert i18n.format_browser(f"Mozilla/5.0 ({device}) {program}") == f"{DEVICES[device]} · {PROGRAMS[program]}"


def test_an_unknown_browser_is_a_computer(app: Flask) -> None:
    with page(app):
        assert i18n.format_browser("") == i18n.format_browser("curl/8") == "电脑"


def test_a_changed_file_changes_every_static_address(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("a")
    before = i18n.static_digest(tmp_path)
    assert i18n.static_digest(tmp_path) == before
    assert len(before) == 12
    (tmp_path / "css" / "a.css").write_text("b")
    changed = i18n.static_digest(tmp_path)
    (tmp_path / "css" / "a.css").rename(tmp_path / "css" / "b.css")
    assert len({before, changed, i18n.static_digest(tmp_path)}) == 3


def test_a_name_written_in_a_template_is_marked_for_each_reader(app: Flask) -> None:
    """Jinja works out what it can while it compiles; what depends on the reader must not be among it."""
    page = app.jinja_env.from_string("{{ '李'|zh }}")
    for language, shown in (("zh", "李"), ("en", '<span lang="zh-Hans">李</span>')):
        with app.test_request_context(headers={"Cookie": f"lms_lang={language}"}):
            assert page.render() == shown
