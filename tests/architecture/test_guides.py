"""The guides quote words of the screen, show pictures that are there, and speak as the product speaks to people."""

import re
import struct
from pathlib import Path

import pytest

from scripts import guide_pictures
from tests.architecture.sources import ROOT
from tests.architecture.test_texts import PLACEHOLDER, texts_of_the_code

DOCS = ROOT / "docs"
GUIDES = DOCS / "guides"
PICTURES = DOCS / "pictures"
INDEX = GUIDES / "README.md"
READERS = ("newcomer", "mentor", "trainer", "official", "grid-leader", "resident")
PAGES = [GUIDES / f"{reader}.md" for reader in READERS]

QUOTED = re.compile("「([^」\n]*)」")
SHOWN = re.compile(r'!\[[^\]]*\]\(([^)\s]+)\)|<img src="([^"]+)"')
NOT_SAID = ("！", "!", "监控", "打卡", "排名", "处罚")
MOST_LINES = 70
MOST_BYTES = 60_000
FEWEST_PICTURES, MOST_PICTURES = 3, 6


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def shown_in(page: Path) -> list[Path]:
    """Return the pictures that a page shows."""
    return [(page.parent / "".join(target)).resolve() for target in SHOWN.findall(text_of(page))]


def strange_words(page: str) -> list[str]:
    """Return what a guide quotes that no page of the product says."""
    words = {PLACEHOLDER.sub("……", text) for text in texts_of_the_code()}
    return [quoted for quoted in QUOTED.findall(page) if quoted and quoted not in words]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("按「登录」，再按「退出登录」", []),
        ("写着「已签发 …… 份证书。」", []),
        ("按「登陆」，再按「退出登录」", ["登陆"]),
        ("「」里的字", []),
    ],
)
def test_the_search_for_strange_words_finds_what_it_should(page: str, expected: list[str]) -> None:
    assert strange_words(page) == expected


@pytest.mark.parametrize("page", [INDEX, *PAGES], ids=lambda path: str(path.name))
def test_a_guide_quotes_words_of_the_product(page: Path) -> None:
    assert not strange_words(text_of(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.name))
def test_a_guide_is_short_and_goes_by_tasks(page: Path) -> None:
    text = text_of(page)
    assert len(text.splitlines()) <= MOST_LINES
    assert len(QUOTED.findall(text)) > 10, "it names what to press"
    assert len(re.findall(r"^## .*我", text, re.MULTILINE)) >= 4
    assert "您" in text
    assert FEWEST_PICTURES <= len(shown_in(page)) <= MOST_PICTURES


@pytest.mark.parametrize("page", [INDEX, *PAGES], ids=lambda path: str(path.name))
def test_a_guide_leaves_out_what_frightens(page: Path) -> None:
    prose = re.sub(r"!\[|\]\([^)]*\)|`[^`]*`", "", text_of(page))
    assert not [word for word in NOT_SAID if word in prose]


def test_every_guide_is_in_the_index() -> None:
    assert sorted(GUIDES.glob("*.md")) == sorted([INDEX, *PAGES])
    assert sorted(re.findall(r"^- \[[^\]]+\]\(([\w-]+\.md)\)：", text_of(INDEX), re.MULTILINE)) == sorted(
        page.name for page in PAGES
    )


# --- pictures ----------------------------------------------------------------------------------------------


def all_pages() -> list[Path]:
    return [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]


def test_every_picture_is_shown_and_every_picture_shown_is_there() -> None:
    shown = {picture for page in all_pages() for picture in shown_in(page)}
    kept = {path.resolve() for path in PICTURES.rglob("*") if path.is_file()}
    assert sorted(kept - shown) == [], "no page shows these"
    assert sorted(path for path in shown if not path.is_file()) == [], "these are not there"


def test_the_script_makes_every_picture_of_the_screen() -> None:
    made = {(PICTURES / f"{name}.png").resolve() for name in guide_pictures.NAMES}
    assert made == {path.resolve() for path in PICTURES.rglob("*.png")}


@pytest.mark.parametrize("picture", sorted(PICTURES.rglob("*.png")), ids=lambda path: str(path.name))
def test_a_picture_is_small_and_of_few_colours(picture: Path) -> None:
    content = picture.read_bytes()
    assert len(content) <= MOST_BYTES
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    _width, _height, _depth, colours = struct.unpack(">IIBB", content[16:26])
    assert colours == 3, "not with a palette"
