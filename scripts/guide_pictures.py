"""The pictures of the guides and of the README, taken anew: ``python -m scripts.guide_pictures [NAME…]``.

A scratch instance with the demo is served by ``lms serve``, and Chromium walks it as the guides say; each function
below takes one picture, in their order. Pictures are cut to what matters and kept in few colours. Everything else
lies in a temporary folder that is gone afterwards; the instance in use is not touched.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, sync_playwright

from lms.app import make_database
from lms.certification import queries as certification
from lms.config import Settings
from lms.core import clock
from lms.demo.load import PASSWORD
from lms.people import queries as people
from scripts.bench.instance import scratch_settings, served

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
COLOURS = 64
PHONE, DESK = (360, 780), (1280, 800)
SCALE = {PHONE: 1.5, DESK: 1.0}
MARGIN = 12
"""Around what is cut out, in pixels of the page."""
HIDE_BARS = "document.querySelectorAll('nav.nav, .batch').forEach((bar) => { bar.style.visibility = 'hidden' })"
"""Bars that stay at the edge of the screen would lie across a strip of the whole page."""

NEWCOMER, MENTOR, TRAINER, LEADER, OFFICIAL = "CG0231", "CG0101", "CG0003", "CG0102", "CG0001"
LATE_MENTOR, ON_DUTY, HOLDER = "CG0113", "CG0222", "CG0101"
"""Of the demo: a mentor whose note is late, somebody with duties of their own, somebody with a certificate."""
ROUND = "年末网格员选拔"
"""The round of the demo whose notice runs."""


@dataclass
class Studio:
    """A browser before the served demo, and who is signed in where."""

    browser: Browser
    settings: Settings
    pages: dict[tuple[str, tuple[int, int]], Page] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://{self.settings.host}:{self.settings.port}"

    def phone(self, number: str, path: str) -> Page:
        """Return a phone's page with somebody signed in; an empty number: with nobody."""
        return self._opened(number, path, PHONE)

    def desk(self, number: str, path: str) -> Page:
        """Return the same on a desk's screen."""
        return self._opened(number, path, DESK)

    def certificate(self, number: str) -> tuple[str, str]:
        """Return number and printed code of a person's certificate."""
        with make_database(self.settings).reading() as session:
            person = people.person_with_staff_number(session, number)
            held = certification.own_certificates(session, person.id)[0]
            assert held.number is not None
            assert held.typed_code is not None
            return held.number, held.typed_code

    def _opened(self, number: str, path: str, size: tuple[int, int]) -> Page:
        if (number, size) not in self.pages:
            context = self.browser.new_context(
                base_url=self.address,
                viewport={"width": size[0], "height": size[1]},
                device_scale_factor=SCALE[size],
                locale="zh-CN",
            )
            context.set_default_timeout(15_000)
            self.pages[number, size] = context.new_page()
            if number:
                _sign_in(self.pages[number, size], number)
        page = self.pages[number, size]
        page.goto(path)
        return page


def _sign_in(page: Page, number: str) -> None:
    page.goto("/sign-in")
    page.fill("#staff_number", number)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("/")


def _press(page: Page, *words: str) -> None:
    """Press one link or button after another, each by the words on it, as a guide says."""
    for each in words:
        link, button = page.get_by_role("link", name=each), page.get_by_role("button", name=each)
        main = page.locator("main")
        main.locator(link.or_(button)).first.click()


def screen(page: Page) -> bytes:
    """Return the picture of what the screen shows."""
    page.wait_for_load_state("networkidle")
    return page.screenshot()


def cut(page: Page, first: Locator | str, last: Locator | str | None = None, *, most: int = 640) -> bytes:
    """Return the picture of a strip of the page, from one thing to another, at most so many pixels high."""
    page.wait_for_load_state("networkidle")
    page.evaluate(HIDE_BARS)
    begin, end = (_box(page, each) for each in (first, last or first))
    top = max(begin["y"] - MARGIN, 0)
    height = min(end["y"] + end["height"] + MARGIN - top, most)
    assert page.viewport_size is not None
    clip: FloatRect = {"x": 0, "y": top, "width": page.viewport_size["width"], "height": height}
    return page.screenshot(full_page=True, clip=clip)


def _box(page: Page, thing: Locator | str) -> FloatRect:
    """Return where something lies on the whole page."""
    found = page.locator(thing).first if isinstance(thing, str) else thing.first
    box = found.bounding_box()
    assert box is not None, f"{thing} is not shown on {page.url}"
    return {**box, "y": box["y"] + page.evaluate("window.scrollY")}


def page_section(heading: str) -> str:
    """Return the selector of a section by the id of its heading."""
    return f"section[aria-labelledby={heading}]"


Take = Callable[[Studio], bytes]
TAKEN: dict[str, Take] = {}


def picture(name: str) -> Callable[[Take], Take]:
    """Say which picture a function takes: its path in docs/pictures without the ending."""

    def keep(take: Take) -> Take:
        TAKEN[name] = take
        return take

    return keep


# --- the newcomer -----------------------------------------------------------------------------------------


@picture("guides/newcomer-home")
def newcomer_home(studio: Studio) -> bytes:
    return screen(studio.phone(NEWCOMER, "/"))


@picture("guides/newcomer-result")
def newcomer_result(studio: Studio) -> bytes:
    page = studio.phone(NEWCOMER, "/courses/c01/quiz")
    page.get_by_role("link", name="第 1 次").click()
    return cut(page, "h1", "#review .tabs")


@picture("guides/newcomer-gap")
def newcomer_gap(studio: Studio) -> bytes:
    return cut(studio.phone(NEWCOMER, "/me/competency"), "#gap")


@picture("guides/newcomer-session")
def newcomer_session(studio: Studio) -> bytes:
    page = studio.phone(NEWCOMER, "/")
    _press(page, "师傅记的带教等您确认", "看一看，再确认")
    return cut(page, page_section("seen"), page.get_by_role("link", name="不一样，我要更正"), most=900)


@picture("guides/newcomer-apply")
def newcomer_apply(studio: Studio) -> bytes:
    _open_a_round(studio.desk(OFFICIAL, "/selection"))
    page = studio.phone(NEWCOMER, "/me/applications")
    _press(page, "看岗位，报名")
    return cut(page, "h1", page.get_by_role("button", name="报名", exact=True), most=760)


def _open_a_round(page: Page) -> None:
    _press(page, "新建选拔批次")
    page.get_by_label("批次名称").fill("春季网格员选拔")
    page.get_by_label("报名到哪天截止").fill((clock.today() + timedelta(days=10)).isoformat())
    page.get_by_label("有意见向谁反映").fill("晨光街道党群办，电话 0472-555 0120")
    _press(page, "建好，去加岗位")
    page.get_by_label("网格", exact=True).select_option(label="晨光社区第3网格")
    _press(page, "加上", "开始报名", "开始报名")


@picture("guides/newcomer-duties")
def newcomer_duties(studio: Studio) -> bytes:
    return cut(studio.phone(ON_DUTY, "/me/duties"), page_section("on"), most=520)


# --- the mentor -------------------------------------------------------------------------------------------


@picture("guides/mentor-mentees")
def mentor_mentees(studio: Studio) -> bytes:
    return cut(studio.phone(MENTOR, "/mentoring/mentees"), "h1", page_section("waiting"))


@picture("guides/mentor-log")
def mentor_log(studio: Studio) -> bytes:
    page = studio.phone(MENTOR, "/mentoring/mentees")
    _press(page, "记一次带教", "填事件单")
    for word in ("刚结束", "1 小时"):
        page.get_by_role("radio", name=word).check()
    for at in range(2):
        page.get_by_role("radio", name="做到了").nth(at).check()
    return cut(page, "h1", page.get_by_role("radio", name="没遇到").nth(1), most=900)


@picture("guides/mentor-correction")
def mentor_correction(studio: Studio) -> bytes:
    page = studio.phone(NEWCOMER, "/mentoring/mine")
    _press(page, "看一看，再确认", "不一样，我要更正")
    page.get_by_role("radio", name="还不行").first.check()
    page.get_by_label("为什么不一样").fill("那天我先看的路，没抬头")
    _press(page, "发给师傅")
    page = studio.phone(MENTOR, "/")
    _press(page, "徒弟的更正等您看", "有更正，请看一看")
    return cut(page, page_section("seen"), page.get_by_role("button", name="还是按我记的算"), most=1000)


@picture("guides/mentor-checkpoint")
def mentor_checkpoint(studio: Studio) -> bytes:
    page = studio.phone(LATE_MENTOR, "/")
    _press(page, "带教小结该写了", "的小结")
    return cut(page, "h1", page.get_by_role("button", name="写好了"))


# --- the trainer ------------------------------------------------------------------------------------------


@picture("guides/trainer-results")
def trainer_results(studio: Studio) -> bytes:
    return cut(studio.desk(TRAINER, "/results"), "h1", page_section("by-person"), most=620)


@picture("guides/trainer-items")
def trainer_items(studio: Studio) -> bytes:
    return cut(studio.desk(TRAINER, "/results/items"), "#items", most=480)


@picture("guides/trainer-item")
def trainer_item(studio: Studio) -> bytes:
    page = studio.desk(TRAINER, "/results/items?show=fails")
    page.locator("#items tbody a").first.click()
    return cut(page, "h1", page_section("options"), most=760)


@picture("guides/trainer-content")
def trainer_content(studio: Studio) -> bytes:
    return cut(studio.desk(TRAINER, "/content/problems"), "h1", "main", most=420)


# --- the official -----------------------------------------------------------------------------------------


@picture("guides/official-home")
def official_home(studio: Studio) -> bytes:
    return cut(studio.desk(OFFICIAL, "/"), "h1", page_section("tasks"), most=700)


@picture("guides/official-certificates")
def official_certificates(studio: Studio) -> bytes:
    return cut(studio.desk(OFFICIAL, "/certificates"), "h1", "main", most=640)


@picture("guides/official-round")
def official_round(studio: Studio) -> bytes:
    page = studio.desk(OFFICIAL, "/selection")
    page.locator("tbody").get_by_role("link", name=ROUND).click()
    return cut(page, "h1", page_section("list"), most=760)


@picture("guides/official-barred")
def official_barred(studio: Studio) -> bytes:
    page = studio.desk(OFFICIAL, "/selection")
    page.locator("tbody").get_by_role("link", name=ROUND).click()
    proposed = page.locator(page_section("cases")).locator("tbody tr").filter(has_text="拟选")
    proposed.get_by_role("link").first.click()
    return cut(page, "h1", page_section("chain"), most=620)


@picture("guides/official-overview")
def official_overview(studio: Studio) -> bytes:
    return cut(studio.desk(OFFICIAL, "/overview"), "h1", "main", most=640)


# --- the grid leader --------------------------------------------------------------------------------------


@picture("guides/leader-grid")
def leader_grid(studio: Studio) -> bytes:
    page = studio.phone(LEADER, "/units")
    page.locator("tbody a").first.click()
    return cut(page, "h1", page_section("now"))


@picture("guides/leader-team")
def leader_team(studio: Studio) -> bytes:
    return cut(studio.phone(LEADER, "/duties/acknowledgements"), "h1", "main", most=640)


@picture("guides/leader-print")
def leader_print(studio: Studio) -> bytes:
    page = studio.phone(LEADER, "/duties/acknowledgements")
    page.locator("tbody").get_by_role("link", name="王建国").click()
    _press(page, "打印清单")
    return cut(page, page.get_by_role("link", name="回职责清单"), "main", most=640)


@picture("guides/leader-matrix")
def leader_matrix(studio: Studio) -> bytes:
    page = studio.phone(LEADER, "/duties")
    page.get_by_label("写一个词").fill("燃气")
    _press(page, "找")
    return cut(page, page.get_by_text("写一个词"), "tbody", most=760)


# --- the resident -----------------------------------------------------------------------------------------


@picture("guides/resident-form")
def resident_form(studio: Studio) -> bytes:
    page = studio.phone("", "/v/")
    return cut(page, "h1", page.get_by_role("button", name="查验"))


def _verify(studio: Studio, number: str, code: str) -> Page:
    page = studio.phone("", "/v/")
    page.get_by_label("证书编号").fill(number)
    page.get_by_label("查验码").fill(code)
    _press(page, "查验")
    return page


@picture("guides/resident-valid")
def resident_valid(studio: Studio) -> bytes:
    page = _verify(studio, *studio.certificate(HOLDER))
    return cut(page, "h1", page.get_by_text("请同时看一看工作证"), most=760)


@picture("guides/resident-none")
def resident_none(studio: Studio) -> bytes:
    page = _verify(studio, studio.certificate(HOLDER)[0], "ABCDEFGHJK")
    return cut(page, "h1", page.get_by_text("还是不放心"))


@picture("guides/resident-notice")
def resident_notice(studio: Studio) -> bytes:
    page = studio.phone("", "/notices")
    page.locator("main a").first.click()
    return cut(
        page, page.get_by_role("link", name="全部公示"), page.get_by_role("link", name="我有意见要反映"), most=900
    )


@picture("guides/resident-object")
def resident_object(studio: Studio) -> bytes:
    page = studio.phone("", "/notices")
    page.locator("main a").first.click()
    _press(page, "我有意见要反映")
    return cut(page, "h1", page.get_by_role("button", name="提交"), most=900)


# --- the README -------------------------------------------------------------------------------------------


@picture("lesson")
def lesson(studio: Studio) -> bytes:
    page = studio.phone(NEWCOMER, "/")
    _press(page, "接着学")
    return cut(page, "h1", page.get_by_role("button", name="看看对不对"), most=640)


@picture("evidence")
def evidence(studio: Studio) -> bytes:
    page = studio.desk(LEADER, "/people?q=李秀兰")
    page.locator("tbody").get_by_role("link", name="李秀兰").click()
    _press(page, "能力档案", "服务意识与群众观念")
    return cut(page, "h1", "#evidence", most=760)


NAMES = tuple(TAKEN)


def in_few_colours(content: bytes) -> bytes:
    """Return a picture with a palette, which is a third of the size."""
    few = Image.open(io.BytesIO(content)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
def main(names: tuple[str, ...]) -> None:
    """Take the pictures NAMES, or all of them."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise click.ClickException("no chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="lms-pictures-") as folder:
        settings = scratch_settings(Path(folder))
        with served(settings), sync_playwright() as driver:
            options: dict[str, Any] = {"executable_path": chromium, "args": ["--no-sandbox", "--disable-gpu"]}
            studio = Studio(driver.chromium.launch(**options), settings)
            for name in names or NAMES:
                content = in_few_colours(TAKEN[name](studio))
                path = FOLDER / f"{name}.png"
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
                click.echo(f"{len(content):7d}  {path.relative_to(FOLDER.parents[1])}")
            studio.browser.close()


if __name__ == "__main__":
    sys.exit(main())
