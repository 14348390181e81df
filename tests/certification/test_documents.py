"""The paper: words, fonts, QR code, clear space for the seal, always the same bytes, nothing from outside."""

import hashlib
import html
import io
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from pypdf import PdfReader

from lms.certification import documents
from lms.certification.content import CERTIFICATE, CertificateText
from lms.certification.documents import Paper, Rendered, Renderer, RenderingError
from lms.config import ROOT
from lms.core.content import Problems

NO_GLYPH = chr(0x30041)
"""A character of Unicode 13 that none of the installed fonts draws."""
MADE_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DPI = 150
MM = DPI / 25.4


def certificate_text() -> CertificateText:
    problems = Problems()
    [bundle] = CERTIFICATE.collect(ROOT, problems)
    text = CERTIFICATE.parse(bundle, problems)
    assert isinstance(text, CertificateText)
    return text.of_office("晨光街道", "Chenguang Sub-district")


def payload(**changes: Any) -> dict[str, Any]:
    text = certificate_text()
    return {
        "title": text.title,
        "title_en": text.title_en,
        "name": "宝音德力格尔·巴特尔",
        "number": "晨街网培证字〔2026〕第0012号",
        "typed_code": "7F3K92QXM4",
        "verify_url": "https://wangge.example/v/abcdefghijklmnopqrstuv",
        "courses": [
            {"key": "c01", "title": "网格员的角色", "title_en": "", "hours": "3.5", "revision": 1},
            {"key": "c04", "title": "职权边界", "title_en": "", "hours": "3.5", "revision": 2},
        ],
        "hours": "7",
        "started_on": "2026-10-08",
        "finished_on": "2026-11-20",
        "issuer": text.issuer,
        "issuer_en": text.issuer_en,
        "issued_on": "2026-11-24",
        "expires_on": "2028-11-23",
        "reissued_on": None,
        **changes,
    }


def paper(**changes: Any) -> Paper:
    return documents.paper_of(certificate_text(), payload(**changes), identifier="an identifier", made_at=MADE_AT)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer() as running:
        yield running


@pytest.fixture(scope="module")
def rendered(renderer: Renderer) -> Rendered:
    return renderer.render(paper())


@pytest.fixture
def pdf(rendered: Rendered, tmp_path: Path) -> Path:
    path = tmp_path / "paper.pdf"
    path.write_bytes(rendered.pdf)
    return path


class Picture:
    """A page as grey pixels; 0 is black, 255 paper."""

    def __init__(self, pdf: Path) -> None:
        answer = subprocess.run(["pdftoppm", "-r", str(DPI), "-gray", pdf], check=True, capture_output=True)
        header = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", answer.stdout)
        assert header is not None
        self.width, self.height = int(header[1]), int(header[2])
        self.pixels = answer.stdout[header.end() :]

    def box(self, left: float, top: float, width: float, height: float) -> list[int]:
        """Return the pixels of a box given in millimetres."""
        rows = range(round(top * MM), round((top + height) * MM))
        start, end = round(left * MM), round((left + width) * MM)
        return [pixel for row in rows for pixel in self.pixels[row * self.width + start : row * self.width + end]]


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-10-08", "2026-11-20", "2026年10月8日至11月20日"),
        ("2026-12-30", "2027-01-04", "2026年12月30日至2027年1月4日"),
        ("2026-11-20", "2026-11-20", "2026年11月20日"),
    ],
)
def test_periods(start: str, end: str, expected: str) -> None:
    assert documents.period_text(date.fromisoformat(start), date.fromisoformat(end)) == expected


def test_values_are_escaped_and_nothing_is_filled_twice() -> None:
    page = documents.page_html(certificate_text(), payload(name='<b onclick="x">&{{number}}'))
    assert "&lt;b onclick=&quot;x&quot;&gt;&amp;{{number}}" in page
    assert "<b onclick" not in page
    assert page.count("晨街网培证字〔2026〕第0012号") == 2  # the title and the number, as in the template


def test_the_name_is_printed_composed() -> None:
    assert documents.values_of(certificate_text(), payload(name="Ame\u0301lie"))["name"] == "Amélie"


def test_a_further_paper_is_marked_and_dated() -> None:
    words = documents.words_of(documents.page_html(certificate_text(), payload(reissued_on="2027-01-05")))
    assert "第0012号（补）" in words
    assert "补发日期　2027年1月5日" in words
    first = documents.words_of(documents.page_html(certificate_text(), payload()))
    assert "补" not in first


# --- the PDF ------------------------------------------------------------------------------------------------


def test_the_text_of_the_paper(pdf: Path) -> None:
    reader = PdfReader(pdf)
    [page] = reader.pages
    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) == (842, 595)  # A4, landscape
    words = re.sub(r"\s", "", page.extract_text())
    for expected in (
        "编号晨街网培证字〔2026〕第0012号",
        "学习证明",
        "宝音德力格尔·巴特尔",
        "2026年10月8日至11月20日",
        "共7学时",
        "《网格员的角色》3.5学时大纲版本1",
        "《职权边界》3.5学时大纲版本2",
        "7F3K-92QX-M4",
        "wangge.example/v/",
        "有效期至2028年11月23日",
        "晨光街道办事处",
        "2026年11月24日",
        "（盖章）",
    ):
        assert expected in words, expected
    for unwanted in ("合格", "考试", "40学时", "补"):
        assert unwanted not in words
    assert reader.metadata is not None
    assert reader.metadata.title == "岗前培训（第一部分）学习证明 晨街网培证字〔2026〕第0012号"
    assert str(reader.root_object["/Lang"]) == "zh-CN"


def test_every_font_is_embedded(pdf: Path) -> None:
    answer = subprocess.run(["pdffonts", pdf], check=True, capture_output=True, text=True)
    rows = answer.stdout.splitlines()[2:]
    assert len(rows) >= 3
    assert any("WenKai" in row for row in rows)
    assert any("Noto-Serif-CJK-SC" in row for row in rows)
    for row in rows:
        assert re.search(r"\byes yes yes\b", row), row
        assert re.match(r"[A-Z]{6}\+(LXGW-WenKai|Noto-Serif-CJK-SC)", row), row


def test_the_qr_code_leads_to_the_check(pdf: Path) -> None:
    picture = Picture(pdf)
    view = zxingcpp.ImageView(picture.pixels, picture.width, picture.height, zxingcpp.ImageFormat.Lum)
    [code] = zxingcpp.read_barcodes(view)
    assert code.text == "https://wangge.example/v/abcdefghijklmnopqrstuv"


def test_the_place_for_the_seal_is_clear(pdf: Path) -> None:
    """Five by five centimetres without ink, but for the pale word that says what it is for."""
    picture = Picture(pdf)
    box = picture.box(207, 136, 50, 50)
    assert min(box) > 120, "something dark stands where the seal goes"
    inked = [pixel for pixel in box if pixel < 250]
    assert 0 < len(inked) < len(box) // 100
    # The word stands in the middle; round it nothing at all.
    for strip in ((207, 136, 50, 20), (207, 166, 50, 20), (207, 136, 14, 50), (243, 136, 14, 50)):
        assert min(picture.box(*strip)) == 255, strip


def test_the_same_paper_has_the_same_bytes_in_every_process(rendered: Rendered) -> None:
    with Renderer() as other:
        assert other.render(paper()).pdf == rendered.pdf
        later = other.render(replace(paper(), identifier="another"))
    assert later.sha256 != rendered.sha256
    assert rendered.sha256 == hashlib.sha256(rendered.pdf).hexdigest()


@pytest.mark.parametrize("name", ["赵㛃", "刘䶮", "萧堃", "欧阳海燕", "阿拉坦·苏和", "𠮷野", "𬭎", "Anna Lee"])
def test_rare_names_are_printed(renderer: Renderer, name: str, tmp_path: Path) -> None:
    made = renderer.render(paper(name=name))
    assert made.missing == ()
    [page] = PdfReader(io.BytesIO(made.pdf)).pages
    assert name.replace(" ", "") in re.sub(r"\s", "", page.extract_text())


@pytest.mark.parametrize("char", [NO_GLYPH, "\ue123", "\U000f0000"])
def test_a_character_without_a_glyph_blocks_the_paper(renderer: Renderer, char: str) -> None:
    assert renderer.render(paper(name=f"李{char}")) == Rendered(b"", (char,))
    assert renderer.render(paper(issuer=f"晨光{char}街道")).missing == (char,)


def test_names_are_looked_up_before_anything_is_signed() -> None:
    names = ["李秀兰", "刘䶮", "阿拉坦·苏和", "Anna Lee", f"李{NO_GLYPH}", "张\ue123"]
    assert documents.unprintable(names) == {f"李{NO_GLYPH}": (NO_GLYPH,), "张\ue123": ("\ue123",)}


def test_common_names_need_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert documents.unprintable(["李秀兰", "欧阳海燕", "Anna Lee"]) == {}
    with pytest.raises(OSError, match="nowhere"):
        documents.unprintable(["刘䶮"])


def test_fonts_that_cannot_be_asked_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RenderingError, match="could not be asked"):
        documents.unprintable(["刘䶮"])


def test_the_child_goes_on_after_a_blocked_paper(renderer: Renderer, rendered: Rendered) -> None:
    renderer.render(paper(name=NO_GLYPH))
    assert renderer.render(paper()).pdf == rendered.pdf


# --- nothing from outside -----------------------------------------------------------------------------------

REFERENCES = [
    '<img src="{}">',
    '<link rel="stylesheet" href="{}">',
    '<link rel="attachment" href="{}">',
    '<object data="{}"></object>',
    '<embed src="{}">',
    '<p style="background:url({})">x</p>',
    '<p style="list-style:url({});display:list-item">x</p>',
    '<p style="content:url({})">x</p>',
    "<style>@import url({});</style>",
    "<style>@font-face{{font-family:x;src:url({})}} p{{font-family:x}}</style><p>x</p>",
    '<svg width="9" height="9"><image href="{}" width="9" height="9"/></svg>',
    '<svg width="9" height="9"><use href="{}#a"/></svg>',
]


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """A server on this machine that notes who calls."""
    calls: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    stop = threading.Event()

    def listen() -> None:
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                calls.append(connection.recv(1000))

    thread = threading.Thread(target=listen)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/secret", calls
    stop.set()
    thread.join()
    server.close()


@pytest.mark.parametrize("reference", REFERENCES)
def test_no_reference_is_ever_followed(
    renderer: Renderer, listener: tuple[str, list[bytes]], reference: str, tmp_path: Path
) -> None:
    """What the check of templates would refuse is refused by the renderer once more (reliability I13)."""
    address, calls = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("the inner secret")
    good = paper()
    for target in (address, secret.as_uri()):
        page = good.page.replace("</section>", f"{reference.format(target)}</section>")
        outcome: Rendered | str
        try:
            outcome = renderer.render(replace(good, page=page))
        except RenderingError as error:
            outcome = str(error)
        if isinstance(outcome, str):
            # A face of a font is refused a little later than the rest, when it would be written down.
            assert re.search("the template asks for|the renderer may not", outcome)
        else:
            assert b"the inner secret" not in outcome.pdf
            assert not PdfReader(io.BytesIO(outcome.pdf)).attachments
    assert calls == []


def child_that_tries(act: str, before: str = "") -> str:
    """Run an act in a process that is locked down as the renderer is; return how it ended."""
    code = f"""
import os, socket, subprocess, sys, urllib.request
from lms.certification import documents
{before}
documents._lock_down()
try:
    {act}
except PermissionError as error:
    print(error)
else:
    print("done")
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return answer.stdout.strip()


@pytest.mark.parametrize(
    "act",
    [
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.getaddrinfo('a.example', 80)",
        "urllib.request.urlopen('http://127.0.0.1:9/')",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "open('/etc/passwd')",
        "open('/tmp/written', 'w')",
        "open(documents.__file__, 'a')",
        "os.remove('/tmp/x')",
        "os.rename('/tmp/x', '/tmp/y')",
    ],
)
def test_the_child_may_do_nothing_but_draw(act: str) -> None:
    assert child_that_tries(act).startswith("the renderer may not")


def test_the_lock_lets_fonts_and_libraries_be_read() -> None:
    act = "import email.mime.audio; assert len(documents.code_points_of('LXGW WenKai')) > 20_000"
    assert child_that_tries(act, before="documents._font_file('LXGW WenKai')") == "done"


def test_only_the_templates_own_stylesheet_is_given_out(renderer: Renderer) -> None:
    good = paper()
    with pytest.raises(RenderingError, match="the template asks for"):
        renderer.render(replace(good, assets={}))


# --- the child ----------------------------------------------------------------------------------------------


def test_the_worker_does_not_load_the_renderer() -> None:
    code = "import sys, lms.registry; print('weasyprint' in sys.modules, 'fontTools' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.strip() == "False False"


def test_a_child_that_dies_is_an_error_and_the_next_paper_gets_a_new_one(rendered: Rendered) -> None:
    with Renderer() as renderer:
        renderer.render(paper())
        assert renderer._child is not None
        renderer._child.kill()
        with pytest.raises(RenderingError, match="did not answer"):
            renderer.render(paper())
        assert renderer.render(paper()).pdf == rendered.pdf


def test_a_child_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SECONDS_A_PAPER", 0.01)
    with Renderer() as renderer, pytest.raises(RenderingError, match="no answer within"):
        renderer.render(paper())


def test_children_are_changed_after_some_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "PAPERS_A_CHILD", 1)
    with Renderer() as renderer:
        renderer.render(paper(name=NO_GLYPH))
        first = renderer._child
        renderer.render(paper(name=NO_GLYPH))
        assert renderer._child is not first
        assert first is not None
        assert first.returncode is not None


def test_the_child_ends_with_its_parent() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "lms.certification.documents"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(60) == 0
    assert child.stdout is not None
    child.stdout.close()


def test_a_broken_page_is_an_error_not_a_paper(renderer: Renderer) -> None:
    with pytest.raises(RenderingError):
        renderer.render(replace(paper(), page=12))  # type: ignore[arg-type]


def test_papers_travel_as_json() -> None:
    one = paper()
    assert Paper(**json.loads(json.dumps(asdict(one)))) == one
    assert html.escape("宝音德力格尔·巴特尔") in one.page
    assert one.names == "宝音德力格尔·巴特尔"
    assert one.names not in one.words
