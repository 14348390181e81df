"""Markdown to HTML that is safe to put on a page, and to words that can be read aloud.

What authors may use: paragraphs, emphasis, lists, quotes, tables, links to https addresses and telephone numbers.
Everything else goes: the last step is an allow-list, whatever the Markdown held.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape
from html.parser import HTMLParser

import markdown
import nh3
from markupsafe import Markup

TAGS = frozenset(
    {"p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "a", "table", "thead", "tbody", "tr", "th", "td"}
)
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
SCHEMES = frozenset({"https", "tel"})
_ADDRESS = re.compile(rf"({'|'.join(sorted(SCHEMES))}):", re.IGNORECASE)

_EXTENSIONS = ("sane_lists", "tables")
_SPOKEN_STOPS = re.compile(r"[。！？；：，、,.!?;:…”’）)]$")


def _whole_address(_tag: str, name: str, value: str) -> str | None:
    """Drop addresses without a scheme: lessons are read at several addresses, so a relative one leads nowhere."""
    return None if name == "href" and not _ADDRESS.match(value) else value


def to_html(text: str) -> Markup:
    """Return Markdown as safe HTML."""
    html = markdown.markdown(text, extensions=list(_EXTENSIONS), output_format="html")
    return Markup(  # noqa: S704 - this is the one place that makes HTML of authors' text, and it is cleaned here
        nh3.clean(
            html,
            tags=set(TAGS),
            attributes=ATTRIBUTES,
            url_schemes=set(SCHEMES),
            attribute_filter=_whole_address,
            link_rel="noopener noreferrer",
        )
    )


def to_inline(text: str) -> Markup:
    """Return one line of Markdown as safe HTML without a paragraph round it."""
    html = str(to_html(text)).strip()
    if html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1:
        html = html[3:-4]
    return Markup(html)  # noqa: S704 - cleaned by to_html


class _Words(HTMLParser):
    """Collects the text of HTML, a line for each block."""

    BLOCKS = frozenset({"p", "li", "blockquote", "tr", "br", "ul", "ol", "table"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self.BLOCKS and self.lines[-1]:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self.handle_starttag(tag, [])

    def handle_data(self, data: str) -> None:
        self.lines[-1] += data


def to_words(html: str) -> str:
    """Return what HTML says, for reading aloud: one sentence-like line a block, each with a stop at its end."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    lines = [" ".join(line.split()) for line in parser.lines]
    # Without a stop the voice runs one list entry into the next.
    return "\n".join(line if _SPOKEN_STOPS.search(line) else f"{line}。" for line in lines if line)


def mark_terms(html: str, terms: Mapping[str, tuple[str, str]], used: Iterable[str] = ()) -> tuple[Markup, list[str]]:
    """Return safe HTML with the first occurrence of each term as a link to its explanation, and the terms found.

    ``terms``: term → (id of the explanation on the page, explanation). The longest term wins where several begin at
    one place. ``used``: terms that were explained before and are passed over.
    """
    done = set(used)
    found: list[str] = []
    if not terms:
        return Markup(html), found  # noqa: S704 - the caller's HTML is safe already
    pattern = re.compile("|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True)))

    def explain(match: re.Match[str]) -> str:
        term = match.group()
        if term in done:
            return escape(term, quote=False)
        done.add(term)
        found.append(term)
        place, says = terms[term]
        return f'<a class="term" href="#{escape(place)}" title="{escape(says)}">{escape(term, quote=False)}</a>'

    pieces: list[str] = []
    inside = 0
    for piece in re.split(r"(<[^>]*>)", html):
        if piece.startswith("<"):
            inside += piece.startswith("<a ") - piece.startswith("</a")
            pieces.append(piece)
        elif inside:  # the words of a link stay whole
            pieces.append(piece)
        else:
            text = unescape(piece)
            parts: list[str] = []
            last = 0
            for match in pattern.finditer(text):
                parts.append(escape(text[last : match.start()], quote=False))
                parts.append(explain(match))
                last = match.end()
            parts.append(escape(text[last:], quote=False))
            pieces.append("".join(parts))
    return Markup("".join(pieces)), found  # noqa: S704 - made of safe HTML and escaped words
