"""The product without a mouse, and with a voice."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Open, sign_in
from tests.world import PASSWORD

pytestmark = pytest.mark.browser

LESSON = "/courses/c01/lessons/c01-l01"

VOICE = """
window.spoken = [];
const synth = {
  getVoices: () => [{ lang: 'zh-CN', name: 'a voice' }],
  addEventListener() {},
  cancel() { this.line = null; },
  speak(line) {
    window.spoken.push([line.lang, line.text]);
    this.line = line;
    setTimeout(() => { if (this.line === line && line.onend) line.onend(); }, 20);
  },
};
Object.defineProperty(window, 'speechSynthesis', { value: synth });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""
"""The machine that tests has no voice; this one says nothing, but notes what it was given."""


def reach(page: Page, name: str, role: str = "") -> None:
    """Press Tab until the focus stands on what a screen reader would call ``name``; fail when it never does."""
    for _ in range(80):
        page.keyboard.press("Tab")
        words = page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).innerText?.trim() ?? ''")
        tag = page.evaluate("document.activeElement.tagName.toLowerCase()")
        if name in words and role in {"", tag}:
            box = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            shown = page.evaluate(
                "getComputedStyle(document.activeElement.closest('label') ?? document.activeElement).outlineStyle"
            )
            assert {box, shown} != {"none"}, f"{name} has the focus and does not show it"
            return
    raise AssertionError(f"{page.url}: {name} cannot be reached with Tab")


def test_from_signing_in_to_a_handed_in_quiz_by_keyboard_alone(page: Page) -> None:
    page.goto("/sign-in")
    reach(page, "工号", "input")
    page.keyboard.type("CG00M1")
    reach(page, "密码", "input")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("好")
    page.goto("/courses/c01")
    reach(page, "开始学", "button")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/lessons/"))
    for _ in range(40):
        if page.url.endswith("/quiz"):
            break
        if page.locator("fieldset input[name=choice]").count():
            first = page.locator("fieldset label").first.inner_text()
            reach(page, first, "input")
            page.keyboard.press("Space")
            reach(page, "看看对不对", "button")
        else:
            reach(page, page.locator("a.btn--primary").last.inner_text().strip(), "a")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.wait_for_load_state("networkidle")
    reach(page, "开始测验", "button")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/quizzes/[^/]+$"))
    reach(page, page.locator("form[data-question]:not([hidden]) label").first.inner_text(), "input")
    page.keyboard.press("Space")
    expect(page.locator("[data-saveline]")).to_contain_text("已保存")
    reach(page, "交卷", "a")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/hand-in$"))
    reach(page, "交卷", "button")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("这次还没通过")


def test_a_part_is_read_aloud_line_by_line_and_stops_when_asked(open_browser: Open) -> None:
    page, _watch = open_browser()
    page.context.add_init_script(VOICE)
    sign_in(page, "CG00L1", PASSWORD)
    page.wait_for_url("**/")
    page.goto(LESSON)
    button = page.get_by_role("button", name="读给我听")
    button.click()
    expect(page.get_by_role("button", name="停下")).to_have_attribute("aria-pressed", "true")
    for _ in range(50):
        if page.evaluate("window.spoken.length") > 2:
            break
        page.wait_for_timeout(50)
    page.get_by_role("button", name="停下").click()
    expect(button).to_have_attribute("aria-pressed", "false")
    heard = page.evaluate("window.spoken")
    page.wait_for_timeout(200)
    assert page.evaluate("window.spoken.length") == len(heard)
    text = page.locator("main").inner_text()
    assert {language for language, _line in heard} == {"zh-CN"}
    first = re.sub(r"[^\w]", "", heard[1][1])[:6]
    assert first in re.sub(r"[^\w]", "", text)


def test_without_a_voice_there_is_no_button_to_press_in_vain(open_browser: Open) -> None:
    page, _watch = open_browser()
    sign_in(page, "CG00L1", PASSWORD)
    page.wait_for_url("**/")
    page.goto(LESSON)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("speechSynthesis.getVoices().length") == 0
    expect(page.locator("[data-read-aloud]")).to_be_hidden()
