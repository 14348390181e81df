"""After a round: the mentor logs it on a phone in at most twelve touches from home, the newcomer confirms it."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from lms.competency import queries as competency
from tests.browser import Open, Served, look, sign_in
from tests.duties.lists import Lists
from tests.mentoring.making import put_pair
from tests.world import PASSWORD

pytestmark = pytest.mark.browser

MOST_TOUCHES = 12
"""From the home page to the saved session with its behaviours and a line of text, time and length as proposed."""
BEHAVIOURS = 8
LINE = "3 号楼走访，先亮证再说话。"


class Finger:
    """Touches a screen and counts."""

    def __init__(self) -> None:
        self.touches = 0

    def tap(self, what: Locator) -> None:
        self.touches += 1
        what.tap()

    def write(self, where: Locator, text: str) -> None:
        """Touch a field and type into it: one touch, the keyboard's keys aside."""
        self.tap(where)
        where.press_sequentially(text)


def put_levels(served: Served) -> None:
    """Let the newcomer have level 1 where a visit is watched: the next level has four behaviours each."""
    lists = Lists(served.site.db, served.site.world)
    with served.site.db.reading() as session:
        live = competency.live_of(session, served.site.world.person_ids["N1"])
    for code in {"ETH1", "ETH2"} - live.keys():
        lists.recognise("N1", code, 1)


def tile(page: Page, group: str, words: str) -> Locator:
    return page.locator("fieldset", has=page.get_by_text(group, exact=True)).locator("label", has_text=words)


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_a_session_is_logged_in_twelve_touches(served: Served, open_browser: Open, has_script: bool) -> None:
    pair = put_pair(served.site.db, served.site.world, "N1")
    put_levels(served)
    page, _watch = open_browser(has_touch=True, java_script_enabled=has_script)
    sign_in(page, "CG00M1", PASSWORD)
    expect(page).to_have_url(f"{served.url}/")

    if has_script:
        look(page)
    finger = Finger()
    finger.tap(page.locator("main").get_by_role("link", name="记一次带教"))
    expect(page).to_have_url(f"{served.url}/mentoring/pairs/{pair}/log")
    finger.tap(page.get_by_role("link", name="入户走访"))
    expect(tile(page, "什么时候", "刚结束").locator("input")).to_be_checked()
    expect(tile(page, "带了多久", "1 小时").locator("input")).to_be_checked()
    behaviours = page.locator(".yn")
    assert behaviours.count() >= BEHAVIOURS
    for at in range(BEHAVIOURS):
        finger.tap(behaviours.nth(at).locator("label", has_text="做到了" if at % 3 else "还不行"))
    finger.write(page.get_by_label("一句话"), LINE)
    if has_script:
        look(page)
    finger.tap(page.get_by_role("button", name="记好了，发给徒弟"))

    expect(page).to_have_url(re.compile(r"/mentoring/sessions/"))
    expect(page.locator("main")).to_contain_text("看见的")
    expect(page.locator("main")).to_contain_text(LINE)
    assert finger.touches <= MOST_TOUCHES
    logged = page.url

    page.go_back()  # the form again, with the same token: no second session
    expect(page).to_have_url(logged)


def test_the_newcomer_confirms_on_the_own_phone(served: Served, page: Page, open_browser: Open) -> None:
    pair = put_pair(served.site.db, served.site.world, "N1")
    sign_in(page, "CG00M1", PASSWORD)
    page.goto(f"/mentoring/pairs/{pair}/log")
    page.get_by_role("link", name="楼道巡查").click()
    # Yesterday afternoon: a time of its own, whatever was logged today.
    page.get_by_text("不是今天，或者记得几点开始").click()
    page.fill("#day", str(date.fromisoformat(page.input_value("#day")) - timedelta(days=1)))
    tile(page, "什么时候", "下午").click()
    page.get_by_role("button", name="记好了，发给徒弟").click()
    expect(page.locator("main")).to_contain_text("等徒弟确认")
    logged = page.url

    phone, _watch = open_browser()
    sign_in(phone, "CG00N1", PASSWORD)
    phone.goto("/mentoring/mine")
    look(phone)
    expect(phone.get_by_role("link", name="看一看，再确认").first).to_be_visible()
    phone.goto(logged)
    look(phone)
    phone.get_by_role("button", name="是这样").click()
    expect(phone.locator("main")).to_contain_text("双方确认")
