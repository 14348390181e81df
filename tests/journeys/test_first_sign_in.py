"""The first evening of a newcomer: a slip of paper, a phone, a new password, and home."""

import re

import pytest
from playwright.sync_api import Page, expect

from lms.web.i18n import HAN
from tests.browser import Open, Served, look, sign_in

pytestmark = pytest.mark.browser

MOST_BYTES = 150_000
"""Of one page on its first visit, pictures aside: a few seconds on a village's network."""

CHINESE_NOT_MARKED = """
() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const words = node.textContent.trim();
    if (words && !['SCRIPT', 'STYLE'].includes(node.parentElement.tagName)
        && !node.parentElement.closest('[lang="zh-Hans"]')) found.push(words);
  }
  return found;
}
"""


def test_from_the_slip_to_the_home_page(served: Served, page: Page) -> None:
    code = served.newcomer("CG0901", "乌云·其其格")
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/sign-in$"))
    look(page)

    # The code as an elder types it: small letters, blanks for hyphens.
    sign_in(page, "cg 0901", code.lower().replace("-", " "))
    expect(page).to_have_url(re.compile(r"/me/password"))
    expect(page.locator("h1")).to_have_text("先换成自己的密码")
    look(page)
    page.goto("/me")  # nothing else is open before that
    expect(page).to_have_url(re.compile(r"/me/password"))

    # A slip of the finger is said at its box; the page stays.
    page.fill("#old_password", code)
    page.fill("#new_password", "四个词连着写 茶壶")
    page.fill("#again", "四个词连着写 茶杯")
    page.click("main button[type=submit]")
    expect(page.locator("[role=alert]").first).to_contain_text("两次输入的新密码不一样")
    look(page)
    page.fill("#old_password", code)
    page.fill("#new_password", "四个词连着写 茶壶")
    page.fill("#again", "四个词连着写 茶壶")
    page.click("main button[type=submit]")

    expect(page).to_have_url(re.compile(r"/privacy"))
    expect(page.locator("main")).to_contain_text("不存身份证号")
    look(page)
    page.click("main button[type=submit]")
    expect(page.locator("h1")).to_contain_text("乌云·其其格")
    look(page)

    # The second time the own password is enough, and the slip is worth nothing.
    page.click("footer button[type=submit]")
    expect(page).to_have_url(re.compile(r"/sign-in$"))
    sign_in(page, "CG0901", code)
    expect(page.locator("[role=alert]").first).to_contain_text("工号或密码不对")
    look(page)
    sign_in(page, "CG0901", "四个词连着写 茶壶")
    expect(page.locator("h1")).to_contain_text("乌云·其其格")


def test_large_text_stays_with_the_person(served: Served, page: Page, open_browser: Open) -> None:
    code = served.newcomer("CG0902", "王芳")
    page.goto("/sign-in")
    before = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    page.get_by_role("button", name="长辈版").click()
    expect(page.locator("html")).to_have_attribute("data-text", "large")
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") > before * 1.2
    look(page)
    sign_in(page, "CG0902", code)
    expect(page.locator("html")).to_have_attribute("data-text", "large")
    look(page)
    page.get_by_role("button", name="特大字").click()
    expect(page.locator("html")).to_have_attribute("data-text", "largest")
    look(page)

    elsewhere, _watch = open_browser()  # another phone: the account remembers
    sign_in(elsewhere, "CG0902", code)
    expect(elsewhere.locator("html")).to_have_attribute("data-text", "largest")


def test_english_is_english_to_the_last_word(served: Served, page: Page) -> None:
    code = served.newcomer("CG0903", "李四光")
    page.goto("/sign-in")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    for path in ("/sign-in", "/forgot"):
        page.goto(path)
        look(page)
        assert [words for words in page.evaluate(CHINESE_NOT_MARKED) if HAN.search(words)] == [], path
    sign_in(page, "CG0903", code)
    for path in ("/me/password", "/privacy"):
        page.goto(path)
        look(page)
        assert [words for words in page.evaluate(CHINESE_NOT_MARKED) if HAN.search(words)] == [], path
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_a_password_can_be_shown_and_is_hidden_again_before_it_is_sent(page: Page) -> None:
    page.goto("/sign-in")
    page.fill("#password", "kettle boat")
    page.get_by_role("button", name="显示").click()
    expect(page.locator("#password")).to_have_attribute("type", "text")
    look(page)
    page.get_by_role("button", name="隐藏").click()
    expect(page.locator("#password")).to_have_attribute("type", "password")


def test_signing_out_closes_every_door_behind(served: Served, page: Page) -> None:
    sign_in(page, "CG00N1", "a long enough password")
    expect(page.locator("h1")).to_contain_text("李秀兰")
    page.click("footer button[type=submit]")
    expect(page).to_have_url(re.compile(r"/sign-in$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/sign-in"))  # nothing was kept to go back to
    assert "李秀兰" not in page.content()


def test_the_product_works_without_scripts(served: Served, open_browser: Open) -> None:
    page, _watch = open_browser(java_script_enabled=False)
    sign_in(page, "CG00N2", "a long enough password")
    expect(page.locator("h1")).to_contain_text("乌云·其其格")
    page.click("footer button[type=submit]")
    expect(page).to_have_url(re.compile(r"/sign-in$"))


@pytest.mark.parametrize("path", ["/sign-in", "/", "/me"])
def test_the_first_visit_costs_little(served: Served, open_browser: Open, path: str) -> None:
    page, watch = open_browser()
    if path != "/sign-in":
        sign_in(page, "CG00M1", "a long enough password")
        page.wait_for_load_state("networkidle")
        cookies = page.context.cookies()
        page, watch = open_browser()  # nothing cached
        page.context.add_cookies([{**each} for each in cookies])  # type: ignore[typeddict-item]
    page.goto(path)
    page.wait_for_load_state("networkidle")
    sizes = {
        each.url: len(each.body())
        for each in watch.responses
        if each.status == 200 and not each.headers.get("content-type", "").startswith("image/")
    }
    assert any(url.endswith(path) for url in sizes), sizes
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_the_watch_sees_what_goes_wrong(open_browser: Open) -> None:
    page, watch = open_browser()
    page.goto("/sign-in")
    look(page)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    page.evaluate("console.error('on purpose')")
    page.evaluate("fetch('/nowhere')")
    page.evaluate("fetch('http://127.0.0.2:9/').catch(() => 0)")
    page.wait_for_timeout(300)
    complaints = "\n".join(watch.complaints)
    for words in ("on purpose", "blocked by the policy: style-src", "404 from", "blocked by the policy: connect-src"):
        assert words in complaints
    watch.complaints.clear()
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    with pytest.raises(AssertionError, match="image-alt"):
        look(page)
    page.evaluate("document.querySelector('main').style.width = '900px'")
    with pytest.raises(AssertionError, match="scrolled sideways"):
        look(page)
    watch.complaints.clear()
