"""From what a paper says to a PDF: placeholders, QR code, glyph check, and the child process that renders.

The worker never imports WeasyPrint. It starts ``python -m lms.certification.documents``, hands it one paper a
line and reads one answer a line; the fonts are loaded once for all papers of the child. The child has limits on
memory and time, opens no socket, starts no program, writes no file and reads fonts and libraries only.
"""

import base64
import hashlib
import html
import json
import os
import re
import resource
import selectors
import subprocess
import sys
import sysconfig
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import cache, partial
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from lms.certification.rules import PLACEHOLDER, GlyphVerdict, day_text, glyph_verdict, printed_code
from lms.core.qr import qr_svg

if TYPE_CHECKING:  # the child has no need of the reader of content files, which takes half a second to load
    from lms.certification.content import CertificateText

SONG = ("Noto Serif CJK SC", "BabelStone Han", "HanaMinB")
KAI = ("LXGW WenKai", *SONG)
"""Families in the order of the stylesheets; those that are not installed are passed over."""

GLYPHS = "glyphs"
"""Argument of a child that looks names up and renders nothing."""

PAPERS_A_CHILD = 50
SECONDS_A_PAPER = 60
CPU_SECONDS = 300
MEMORY_BYTES = 4 << 30
"""Address space, of which the fonts mapped into memory take more than a gigabyte."""
BASE = "https://paper.invalid/"
"""What the files of a template are addressed under inside the renderer; nothing is ever asked of it."""


class RenderingError(Exception):
    """The child ended, ran out of time or refused the template. The job is tried again; a person reads the log."""


# --- words ------------------------------------------------------------------------------------------------


def period_text(start: date, end: date) -> str:
    """Return a period as papers write it; a year, month or day that repeats is left out."""
    if start == end:
        return day_text(start)
    if start.year == end.year:
        return f"{day_text(start)}至{end.month}月{end.day}日"
    return f"{day_text(start)}至{day_text(end)}"


def values_of(text: "CertificateText", payload: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands in the place of each placeholder, as plain text (``qr`` aside)."""
    issued_on = date.fromisoformat(payload["issued_on"])
    reissued_on = payload.get("reissued_on")
    address = str(payload["verify_url"])
    values = {
        "title": payload["title"],
        "title_en": payload["title_en"],
        "name": payload["name"],
        "number": payload["number"],
        "reissue_mark": text.reissue_mark if reissued_on else "",
        "period": period_text(date.fromisoformat(payload["started_on"]), date.fromisoformat(payload["finished_on"])),
        "courses": "\n".join(text.course_line.format(**course) for course in payload["courses"]),
        "hours": payload["hours"],
        "issuer": payload["issuer"],
        "issued_on": day_text(issued_on),
        "reissued_on": f"{text.reissued_label}{day_text(date.fromisoformat(reissued_on))}" if reissued_on else "",
        "expires_on": day_text(date.fromisoformat(payload["expires_on"])),
        "typed_code": printed_code(payload["typed_code"]),
        "verify_page": address.partition("://")[2].rpartition("/")[0] + "/",
    }
    return {name: unicodedata.normalize("NFC", str(value)) for name, value in values.items()}


def page_html(text: "CertificateText", payload: Mapping[str, Any]) -> str:
    """Return the template with its placeholders filled: everything escaped, the QR code drawn.

    Raises KeyError for a placeholder that is not on the list, which ``content.read`` has refused before.
    """
    values = {name: html.escape(value) for name, value in values_of(text, payload).items()}
    values["qr"] = qr_svg(str(payload["verify_url"]))
    return PLACEHOLDER.sub(lambda match: values[match.group(1)], text.template)


def words_of(page: str) -> str:
    """Return the text of a filled page, without its tags."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


@dataclass(frozen=True)
class Paper:
    """One paper to render. ``identifier`` and ``made_at`` go into the file, so that its bytes are always the same.

    ``names`` is printed in Kai, ``words`` in Song; both are looked up in the fonts before anything is drawn.
    """

    identifier: str
    made_at: str
    page: str
    names: str
    words: str
    assets: Mapping[str, str] = field(default_factory=dict)


def paper_of(text: "CertificateText", payload: Mapping[str, Any], *, identifier: str, made_at: datetime) -> Paper:
    """Return the paper of a payload, ready for the renderer."""
    return Paper(
        identifier=identifier,
        made_at=made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        page=page_html(text, payload),
        names=values_of(text, payload)["name"],
        words=words_of(page_html(text, {**payload, "name": ""})),
        assets={"style.css": text.style},
    )


@dataclass(frozen=True)
class Rendered:
    """A PDF, or the characters that stand in no font (then there is none)."""

    pdf: bytes
    missing: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


# --- the worker's side ------------------------------------------------------------------------------------


class Renderer:
    """Renders papers in child processes, one after the other. Use it in a ``with`` block.

    A child takes up to ``PAPERS_A_CHILD`` papers; when this process dies its standard input ends and it ends too.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def render(self, paper: Paper) -> Rendered:
        """Return the PDF of a paper. Raises RenderingError when the child fails."""
        if self._child is None or self._taken >= PAPERS_A_CHILD:
            self._end()
            self._start()
        child = self._child
        assert child is not None
        assert child.stdin is not None
        assert child.stdout is not None
        self._taken += 1
        try:
            child.stdin.write(json.dumps(asdict(paper)).encode() + b"\n")
            child.stdin.flush()
            answer = json.loads(_line_within(child.stdout, SECONDS_A_PAPER))
        except (BrokenPipeError, TimeoutError, ValueError) as error:
            self._end()
            raise RenderingError(f"{paper.identifier}: the renderer did not answer ({error})") from error
        if "error" in answer:
            self._end()
            raise RenderingError(f"{paper.identifier}: {answer['error']}")
        return Rendered(base64.b64decode(answer["pdf"]), tuple(answer["missing"]))

    def _start(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment_of_child(),
        )
        self._taken = 0

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def _environment_of_child() -> dict[str, str]:
    """Return what a child is told of this process: where Python and the fonts' cache are, no setting and no key."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return {**known, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


def _is_common(name: str) -> bool:
    """Whether a name is written with the characters of GB 2312, which every Chinese font has."""
    try:
        name.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def unprintable(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the names that no paper can print, each with the characters that no font has.

    Rare ones are looked up by a child (half a second), so that no font is loaded into a web process. Not to be
    called within a write transaction. Raises RenderingError when the child fails.
    """
    rare = sorted({name for name in names if not _is_common(name)})
    if not rare:
        return {}
    try:
        answer = subprocess.run(
            [sys.executable, "-m", __name__, GLYPHS],
            input=json.dumps(rare).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment_of_child(),
            timeout=SECONDS_A_PAPER,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise RenderingError(f"the fonts could not be asked ({error})") from error
    return {name: tuple(chars) for name, chars in json.loads(answer.stdout).items()}


def _line_within(pipe: IO[bytes], seconds: float) -> bytes:
    """Return the next line of a pipe. Raises TimeoutError; an empty line means that the other side has ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        if not selector.select(seconds):
            raise TimeoutError(f"no answer within {seconds} s")
    return pipe.readline()


# --- the child's side -------------------------------------------------------------------------------------


@cache
def _font_file(family: str) -> tuple[str, int] | None:
    """Return (file, face number) of an installed family, or None: fontconfig always answers something."""
    answer = subprocess.run(
        ["fc-match", "--format", "%{family}\n%{file}\n%{index}", family], capture_output=True, text=True, check=True
    )
    families, file, index = answer.stdout.split("\n")
    return (file, int(index)) if family in families.split(",") else None


@cache
def code_points_of(family: str) -> frozenset[int]:
    """Return the code points a family has glyphs for; none when it is not installed (half a second the first time)."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    found = _font_file(family)
    if found is None:
        return frozenset()
    with TTFont(found[0], fontNumber=found[1], lazy=True) as font:
        return frozenset(font.getBestCmap())


def verdict_of(text: str, families: Sequence[str]) -> GlyphVerdict:
    """Return whether a text can be printed with a chain of families."""
    return glyph_verdict(text, [partial(code_points_of, family) for family in families])


_REFUSED_EVENTS = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "os.truncate",
    "shutil.",
    "urllib.",
    "ftplib.",
    "http.",
)


def _lock_down() -> None:
    """Refuse, for the rest of this process's life, everything a renderer has no need of."""
    readable = tuple(
        os.path.realpath(each) + os.sep
        for each in {*sysconfig.get_paths().values(), "/usr/share/fonts", "/usr/local/share/fonts"}
    )

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_REFUSED_EVENTS):
            raise PermissionError(f"the renderer may not do this: {event}")
        if event == "open" and isinstance(arguments[0], str | bytes):
            path, _mode, flags = os.fsdecode(arguments[0]), arguments[1], arguments[2]
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
            if writes or not os.path.realpath(path).startswith(readable):
                raise PermissionError(f"the renderer may not open {path}")

    sys.addaudithook(hook)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer each line (a paper as JSON) with a line: the PDF in base64, or the missing characters, or an error."""
    _limit()
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Files(URLFetcher):  # type: ignore[misc]
        """Gives the files of the template's own revision and refuses every other address, which ends the paper."""

        def __init__(self, assets: Mapping[str, str]) -> None:
            super().__init__(allowed_protocols=[], allow_redirects=False)
            self.assets = assets

        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002 - WeasyPrint's signature
            name = url.removeprefix(BASE)
            if not url.startswith(BASE) or name not in self.assets:
                raise FatalURLFetchingError(f"the template asks for {url!r}")
            kind = "text/css" if name.endswith(".css") else "image/svg+xml"
            return URLFetcherResponse(url, self.assets[name].encode(), {"Content-Type": f"{kind}; charset=utf-8"})

    for family in KAI:
        _font_file(family)
    fonts = FontConfiguration()
    _lock_down()
    for line in requests:
        paper = Paper(**json.loads(line))
        answer: dict[str, Any] = {"pdf": "", "missing": []}
        try:
            names, words = verdict_of(paper.names, KAI), verdict_of(paper.words, SONG)
            answer["missing"] = [*names.missing, *words.missing]
            if not answer["missing"]:
                created = f'<meta name="dcterms.created" content="{paper.made_at}"></head>'
                page = paper.page.replace("</head>", created, 1)
                document = weasyprint.HTML(string=page, base_url=BASE, url_fetcher=Files(paper.assets))
                pdf = document.write_pdf(font_config=fonts, pdf_identifier=paper.identifier.encode(), pdf_tags=True)
                answer["pdf"] = base64.b64encode(pdf).decode()
        except (Exception, FatalURLFetchingError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def look_up(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer a list of names as JSON with those that hold characters of no font, and these characters."""
    verdicts = {name: verdict_of(name, KAI) for name in json.load(requests)}
    missing = {name: verdict.missing for name, verdict in verdicts.items() if not verdict.ok}
    answers.write(json.dumps(missing).encode())


if __name__ == "__main__":
    (look_up if sys.argv[1:] == [GLYPHS] else main)(sys.stdin.buffer, sys.stdout.buffer)
