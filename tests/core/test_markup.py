"""Authors' Markdown becomes HTML that can do no harm."""

import re
from html.parser import HTMLParser

import pytest

from lms.core.markup import ATTRIBUTES, TAGS, mark_terms, to_html, to_inline, to_words

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=https://evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](http://evil.example)",
    "![x](https://evil.example/track.gif)",
    '![x](x"onerror="alert(1))',
    "<iframe src=https://evil.example></iframe>",
    "<object data=x></object><embed src=x>",
    "<form action=https://evil.example><button>x</button></form>",
    "<input onfocus=alert(1) autofocus>",
    "<details open ontoggle=alert(1)>x</details>",
    "<p style='position:fixed;inset:0'>x</p>",
    "<p class='btn' id='main'>x</p>",
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>*{display:none}</style>",
    "<!--><script>alert(1)</script>-->",
    "<noscript><p title='</noscript><script>alert(1)</script>'>",
    "<template><script>alert(1)</script></template>",
    "<a href=https://a.example onclick=alert(1)>x</a>",
    "`<script>alert(1)</script>`",
    "**<b onmouseover=alert(1)>x</b>**",
    "<<script>script>alert(1)<</script>/script>",
]


class _Elements(HTMLParser):
    """Collects elements and attributes as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_gets_through(text: str) -> None:
    for html in (
        to_html(text),
        to_inline(text),
        to_html(f"- {text}\n- b"),
        mark_terms(to_html(text), {"x": ("word-x", "'\"><b>")})[0],
    ):
        seen = _Elements()
        seen.feed(html)
        assert set(seen.elements) <= TAGS, html
        for tag, name, value in seen.attributes:
            assert name in ATTRIBUTES.get(tag, set()) | {"rel"} or (tag == "a" and name in {"class", "title"}), html
            if name == "href":
                assert re.match(r"(https|tel):|#word-x$", value), html


def test_what_authors_may_use() -> None:
    html = str(to_html("**一句话。**后面\n\n1. 甲\n2. 乙\n\n打[电话](tel:12345)，看[网页](https://a.example/)"))
    assert "<strong>一句话。</strong>后面" in html
    assert "<ol>\n<li>甲</li>\n<li>乙</li>\n</ol>" in html
    assert 'href="tel:12345"' in html
    assert 'href="https://a.example/"' in html


def test_one_line_has_no_paragraph_round_it() -> None:
    assert str(to_inline("好，**对**")) == "好，<strong>对</strong>"


def test_words_to_read_aloud_have_a_stop_after_each_line() -> None:
    assert (
        to_words(str(to_html("数两样：\n\n- 四句全不全\n- 有没有**哪个**愿许大了。")))
        == "数两样：\n四句全不全。\n有没有哪个愿许大了。"
    )


def test_the_longest_word_is_explained_and_only_the_first_time() -> None:
    terms = {"网格": ("word-grid", "一块"), "网格员": ("word-officer", "一个人"), "未用": ("word-x", "x")}
    html, found = mark_terms("<p>网格员在网格里。网格员、网格。</p>", terms)
    assert found == ["网格员", "网格"]
    assert html == (
        '<p><a class="term" href="#word-officer" title="一个人">网格员</a>在'
        '<a class="term" href="#word-grid" title="一块">网格</a>里。网格员、网格。</p>'
    )
    again, more = mark_terms("<p>网格员</p>", terms, found)
    assert (str(again), more) == ("<p>网格员</p>", [])


def test_words_in_links_and_marks_of_html_stay_whole() -> None:
    html, found = mark_terms(
        '<p><a href="tel:1">网格</a> p &lt;网格&gt; &amp;</p>',
        {"网格": ("word-grid", 'a "quoted" <b>'), "p": ("word-p", "no")},
    )
    assert found == ["p", "网格"]
    assert '<a href="tel:1">网格</a>' in html
    assert '&lt;<a class="term" href="#word-grid" title="a &quot;quoted&quot; &lt;b&gt;">网格</a>&gt; &amp;' in html


def test_without_a_glossary_nothing_changes() -> None:
    assert mark_terms("<p>a</p>", {}) == ("<p>a</p>", [])
