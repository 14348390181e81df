"""A certificate's folder, ``certificates/<key>/{certificate.yaml,template.html,style.css}``, read and checked.

Templates are data: HTML with ``{{placeholders}}`` from a list, no logic, no script, no address of anything
outside the folder. What breaks this is a problem with path and line, and the last good revision stays in use.
"""

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from string import Formatter
from typing import Annotated, Self

from pydantic import Field

from lms.certification.rules import (
    OFFICE_CODE,
    PLACEHOLDER,
    NumberStyle,
    number_text,
    office_code,
    pattern_fits,
    series_of,
)
from lms.content.content import Bundle, ContentType, Library, Text, by_folder
from lms.content.rules import ContentKind
from lms.core.content import Problems, SourceFile, Strict, model_of, read_yaml, warn_untranslated

PLACEHOLDERS = frozenset(
    {
        "courses",
        "expires_on",
        "hours",
        "issued_on",
        "issuer",
        "name",
        "number",
        "period",
        "qr",
        "reissue_mark",
        "reissued_on",
        "title",
        "title_en",
        "typed_code",
        "verify_page",
    }
)
NEEDED = frozenset(
    {"courses", "expires_on", "issued_on", "issuer", "name", "number", "qr", "reissue_mark", "typed_code"}
)
"""What no paper may leave out."""

TAGS = frozenset(
    """
    html head meta title link body section header footer main div p span b strong i em small br h1 h2 h3 ul ol li
    table thead tbody tr th td dl dt dd svg g defs path rect circle ellipse line polyline polygon text use
    """.split()  # noqa: SIM905 - a list of forty strings is harder to read
)
COURSE_FIELDS = frozenset({"title", "hours", "revision"})
OFFICE_FIELDS = frozenset({"office"})
EXAMPLE_OFFICE = "晨光街道"
"""The office that the example of a number is written for."""

_ADDRESSES = frozenset({"href", "xlink:href", "src", "data", "srcset", "action", "poster", "background"})
_INSIDE = re.compile(r"#[\w-]+|url\(#[\w-]+\)")
"""An address that stays on the page."""

Months = Annotated[int, Field(ge=1, le=240)]


class NumberFile(Strict):
    """How a certificate is numbered. ``pattern`` may begin with ``{code}``, the short name of the office.

    ``example``: the twelfth number of 2026 of 晨光街道, for the author to see.
    """

    style: NumberStyle
    pattern: Text
    example: Text


class CertificateFile(Strict):
    """certificate.yaml. ``course_line`` holds ``{title}``, ``{hours}`` and ``{revision}`` of a course.

    ``issuer`` and ``issuer_en`` may hold ``{office}``, the name of the office that issues.
    """

    key: Text
    revision: Annotated[int, Field(ge=1)]
    title: Text
    title_en: str = ""
    courses: Annotated[tuple[Text, ...], Field(min_length=1)]
    valid_months: Months
    issuer: Text
    issuer_en: str = ""
    number: NumberFile
    course_line: Text
    reissue_mark: Text
    reissued_label: Text


class CertificateText(CertificateFile):
    """A whole certificate: what its file says, with the template and its stylesheet."""

    template: str
    style: str

    def of_office(self, name: str, name_en: str) -> Self:
        """Return this certificate as one office issues it: issuer and pattern name the office, not a place for it.

        Without an English name of the office the issuer has none either.
        """
        issuer = self.issuer.replace("{office}", name.removesuffix("办事处"))
        issuer_en = self.issuer_en.replace("{office}", name_en)
        if "{office}" in self.issuer_en and not name_en:
            issuer_en = ""
        pattern = self.number.pattern.replace(OFFICE_CODE, office_code(name))
        number = self.number.model_copy(update={"pattern": pattern})
        return self.model_copy(update={"issuer": issuer, "issuer_en": issuer_en, "number": number})

    @property
    def series(self) -> str:
        """The series whose numbers are counted together."""
        return series_of(self.number.pattern)

    def number_text(self, year: int, serial: int) -> str:
        """Return a number of this certificate as printed."""
        return number_text(self.number.style, self.number.pattern, year, serial)


class _Template(HTMLParser):
    """Collects what a template must not hold, with lines, and the placeholders in its text."""

    def __init__(self, path: str, problems: Problems) -> None:
        super().__init__(convert_charrefs=True)
        self.path = path
        self.problems = problems
        self.found: set[str] = set()

    def _fault(self, text: str, offset: int = 0) -> None:
        self.problems.add(self.path, self.getpos()[0] + offset, text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self._fault(f"不能用 <{tag}>")
        if tag == "link" and attrs != [("rel", "stylesheet"), ("href", "style.css")]:
            self._fault('只能写 <link rel="stylesheet" href="style.css">')
            return
        for name, value in attrs:
            text = value or ""
            if name.startswith("on") or name in {"style", "http-equiv"}:
                self._fault(f"不能用属性 {name}")
            elif tag != "link" and (name in _ADDRESSES or "url(" in text.lower()) and not _INSIDE.fullmatch(text):
                self._fault(f"不能引用别处的东西：{text[:60]}")
            if "{{" in text or "{%" in text:  # a value in an attribute would need another way of escaping
                self._fault(f"填空只能放在文字里，不能放在标签里：{text[:60]}")

    def handle_data(self, data: str) -> None:
        for offset, text in enumerate(data.split("\n")):
            for name in PLACEHOLDER.findall(text):
                self.found.add(name)
                if name not in PLACEHOLDERS:
                    self._fault(f"没有这个填空：{name}", offset)
            for sign in re.findall(r"\{\{|\}\}|\{%|%\}|\{#", PLACEHOLDER.sub("", text)):
                self._fault(f"这里只能填空，不能写 {sign}", offset)

    def handle_comment(self, data: str) -> None:
        if "{{" in data or "{%" in data:
            self._fault("注释里不要写填空")

    def unknown_decl(self, data: str) -> None:
        self._fault(f"不能写 <![{data[:20]}")

    def handle_pi(self, data: str) -> None:
        self._fault(f"不能写 <?{data[:20]}")


def check_template(source: SourceFile, problems: Problems) -> None:
    """Note everything a template must not hold, and what it lacks."""
    parser = _Template(source.path, problems)
    parser.feed(source.text)
    parser.close()
    for name in sorted(NEEDED - parser.found):
        problems.add(source.path, 1, f"缺填空 {{{{{name}}}}}")
    for needed in ('<link rel="stylesheet" href="style.css">', "</head>"):
        if needed not in source.text:
            problems.add(source.path, 1, f"缺 {needed}")


def check_style(source: SourceFile, problems: Problems) -> None:
    """Note addresses and imports in a stylesheet; escapes are refused, since they can hide both."""
    bare = re.sub(r"/\*.*?\*/", lambda match: "\n" * match.group().count("\n"), source.text, flags=re.DOTALL)
    for number, line in enumerate(bare.split("\n"), 1):
        for match in re.finditer(r"url\s*\(|image\s*\(|@import|@font-face|\\|<|\{\{|\{%", line, re.IGNORECASE):
            problems.add(source.path, number, f"样式里不能写 {match.group()}")


def _faults_of(bundle: Bundle, file: CertificateFile) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (place in the YAML, sentence) of values that have the right kind and still cannot be used."""
    if file.key != bundle.key:
        yield ("key",), f"key 要和文件夹同名：{bundle.key}"
    if len(set(file.courses)) < len(file.courses):
        yield ("courses",), "有一门课程写了两遍"
    for place, text, known in (
        ("course_line", file.course_line, COURSE_FIELDS),
        ("issuer", file.issuer, OFFICE_FIELDS),
        ("issuer_en", file.issuer_en, OFFICE_FIELDS),
    ):
        for field in sorted(_fields_of(text) - known):
            yield (place,), f"没有这个填空：{field}"
    number = file.number
    if not pattern_fits(number.style, number.pattern):
        shape = "发文字〔{year}〕{serial}号" if number.style is NumberStyle.DOCUMENT else "发证字〔{year}〕第{serial}号"
        yield ("number", "pattern"), f"要写成 {shape}"
    elif number.example != (example := _example_of(number)):
        yield ("number", "example"), f"按这个写法，2026 年第 12 个编号是 {example}"


def _fields_of(text: str) -> set[str]:
    """Return what stands in braces in a text; the text itself when they do not match."""
    try:
        return {field for _, field, _, _ in Formatter().parse(text) if field is not None}
    except ValueError:
        return {text}


def _example_of(number: NumberFile) -> str:
    pattern = number.pattern.replace(OFFICE_CODE, office_code(EXAMPLE_OFFICE))
    return number_text(number.style, pattern, 2026, 12)


def parse(bundle: Bundle, problems: Problems) -> CertificateText | None:
    """Return a certificate from the three files of its folder; None when anything in it is wrong."""
    sources = {source.path.rpartition("/")[2]: source for source in bundle.sources}
    main = sources["certificate.yaml"]
    before = len(problems)
    for name in ("template.html", "style.css"):
        if name not in sources:
            problems.add(main.path, 1, f"这个文件夹里缺 {name}")
    document = read_yaml(main, problems)
    file = None if document is None else model_of(main.path, document, CertificateFile, problems)
    if document is not None and file is not None:
        for place, sentence in _faults_of(bundle, file):
            problems.add(main.path, document.line(*place), sentence)
    if "template.html" in sources:
        check_template(sources["template.html"], problems)
    if "style.css" in sources:
        check_style(sources["style.css"], problems)
    if file is None or document is None or len(problems) > before:
        return None
    warn_untranslated(main.path, document, file, problems)
    return CertificateText(**dict(file), template=sources["template.html"].text, style=sources["style.css"].text)


def _check(bundles: Sequence[Bundle], library: Library, problems: Problems) -> None:
    """Note courses that are not there."""
    for bundle in bundles:
        text = library.get(ContentKind.CERTIFICATE, bundle.key)
        main = next(source for source in bundle.sources if source.path.endswith("/certificate.yaml"))
        document = read_yaml(main, Problems())
        if text is None or document is None:
            continue
        for at, key in enumerate(text.courses):
            if key not in library.keys(ContentKind.COURSE):
                problems.add(main.path, document.line("courses", at), f"没有课程 {key}")


CERTIFICATE = ContentType(
    ContentKind.CERTIFICATE,
    by_folder(
        ContentKind.CERTIFICATE,
        "certificate.yaml",
        "certificates/*/certificate.yaml",
        "certificates/*/template.html",
        "certificates/*/style.css",
    ),
    parse,
    _check,
)
