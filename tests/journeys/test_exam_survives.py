"""Twenty answers while the page is reloaded, the network goes, the session ends and a worker is killed.

What the screen called saved must be what the database holds, at every moment and in the end. The last test plants
the fault that this is to find, an acknowledgement before the commit, and expects the same check to go red.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Playwright, Response, Route, ViewportSize, expect

from lms.people.models import SignInSession
from lms.quizzes.models import AnswerEvent, AttemptItem, QuizAttempt
from lms.quizzes.rules import AttemptState
from tests.architecture.sources import ROOT
from tests.browser import FLAGS, PHONE, look, running, sign_in
from tests.conftest import Site
from tests.quizzes.papers import learn
from tests.world import PASSWORD

pytestmark = pytest.mark.browser

QUESTIONS = 20
NUMBER = "CG00N1"
OTHER = "CG00N2"

ON_SCREEN = """
() => ({
  saved: document.querySelector('[data-saveline]').textContent.includes('已保存'),
  answers: Object.fromEntries([...document.querySelectorAll('form[data-question]')].map((form) => {
    const answer = {};
    for (const part of form.querySelectorAll('[data-part]')) {
      const chosen = [...part.querySelectorAll('input:checked')].map((input) => input.value);
      const isMany = part.querySelector('input[type=checkbox]');
      if (chosen.length) answer[part.dataset.part] = isMany ? chosen.sort() : chosen[0];
    }
    return [form.dataset.question, answer];
  })),
  waiting: Object.keys(localStorage).filter((key) => key.startsWith('lms.outbox.')).length,
})
"""


@dataclass
class Exam:
    """A served product and the browser of somebody who sits its quiz."""

    site: Site
    process: subprocess.Popen[bytes]
    page: Page
    lies: list[str] = field(default_factory=list)
    acknowledged: dict[str, int] = field(default_factory=dict)
    """The highest number acknowledged for each question."""

    def hear(self, response: Response) -> None:
        """Note which save a response acknowledges."""
        if "/answers/" in response.url and response.status == 200:
            number, sent = response.url.rpartition("/")[2], json.loads(response.request.post_data or "")
            self.acknowledged[number] = max(self.acknowledged.get(number, 0), sent["seq"])

    def lost(self) -> list[str]:
        """Return the questions with an acknowledged save that the database does not have."""
        with self.site.db.reading() as session:
            rows = session.execute(sa.select(AttemptItem.position, AttemptItem.seq))
            return [str(position) for position, seq in rows if seq < self.acknowledged.get(str(position), 0)]

    def stored(self) -> dict[str, Any]:
        """Return the answers in the database by question."""
        with self.site.db.reading() as session:
            rows = session.execute(sa.select(AttemptItem.position, AttemptItem.answer))
            return {str(position): answer or {} for position, answer in rows}

    def look(self, when: str) -> bool:
        """Compare the screen with the database while it says saved; whether it does."""
        screen = self.page.evaluate(ON_SCREEN)
        if screen["saved"]:
            stored = self.stored()
            for number, shown in screen["answers"].items():
                if stored[number] != shown:
                    self.lies.append(
                        f"{when}: question {number} is called saved as {shown}, stored is {stored[number]}"
                    )
        return bool(screen["saved"])

    def kill_a_worker(self) -> None:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)

    def end_the_session(self) -> None:
        with self.site.db.engine.begin() as connection:
            connection.execute(sa.delete(SignInSession))


def has_learnt(site: Site) -> None:
    """Let the newcomer finish the lessons of C04."""
    learn(site.db, site.world.identity(site.db, "N1"))


@contextmanager
def sitting(driver: Playwright, folder: Path, command: list[str]) -> Iterator[Exam]:
    """Serve, sign in on a phone and start the quiz."""
    with running(folder, command, has_learnt, LMS_WORKERS="2", PYTHONPATH=str(ROOT)) as (url, site, process):
        context = driver.chromium.launch_persistent_context(
            str(folder / "profile"),
            executable_path=shutil.which("chromium"),
            args=FLAGS,
            headless=True,
            base_url=url,
            viewport=ViewportSize(width=PHONE["width"], height=PHONE["height"]),
            locale="zh-CN",
        )
        context.set_default_timeout(20_000)
        page = context.pages[0]
        try:
            sign_in(page, NUMBER, PASSWORD)
            page.goto("/courses/c04/quiz")
            page.get_by_role("button", name="开始测验").click()
            expect(page.locator("#question")).to_contain_text("第 1 题")
            exam = Exam(site, process, page)
            page.on("response", exam.hear)
            yield exam
        finally:
            context.close()


def choose(exam: Exam, number: int, which: int) -> None:
    """Tap a choice in every part of a question on the screen, counted from 0 and round."""
    parts = exam.page.locator(f'form[data-question="{number}"] [data-part]')
    for at in range(parts.count()):
        choices = parts.nth(at).locator(".choice")
        choices.nth((which + at) % choices.count()).click()


def answer(exam: Exam, number: int) -> None:
    """Answer the question on the screen, by another choice from question to question."""
    choose(exam, number, number)


def go_to(exam: Exam, number: int) -> None:
    exam.page.locator(".qnav a").nth(number - 1).click()
    expect(exam.page.locator("#question")).to_contain_text(f"第 {number} 题")


def wait_until_saved(exam: Exam) -> None:
    expect(exam.page.locator("[data-saveline]")).to_contain_text("已保存", timeout=40_000)


def sign_in_again(exam: Exam) -> None:
    dialog = exam.page.locator("#sign-in-again")
    expect(dialog).to_be_visible()
    dialog.locator("input[type=password]").fill("not my password")
    dialog.locator("button[type=submit]").click()
    expect(dialog.locator("[data-refusal]")).to_contain_text("工号或密码不对")
    dialog.locator("input[type=password]").fill(PASSWORD)
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_be_hidden()


def _ignore(_value: object) -> None:
    """Leave a value where a function that returns nothing is wanted."""


def sit(exam: Exam) -> None:
    """Answer all questions while everything that can happen happens; note every lie of the screen."""
    page = exam.page
    before: dict[int, Callable[[], None]] = {
        8: lambda: page.context.set_offline(True),
        13: exam.end_the_session,
        16: exam.kill_a_worker,
        18: exam.kill_a_worker,
    }
    after: dict[int, Callable[[], None]] = {
        4: lambda: _ignore(page.reload()),
        10: lambda: page.context.set_offline(False),
        13: lambda: sign_in_again(exam),
    }
    for number in range(1, QUESTIONS + 1):
        go_to(exam, number)
        before.get(number, lambda: None)()
        answer(exam, number)
        exam.look(f"right after question {number}")
        if 8 <= number <= 10:
            expect(page.locator("[data-saveline]")).to_contain_text("没有网络，已存在手机")
        after.get(number, lambda: None)()
        exam.look(f"after question {number}")
        if number % 5 == 0:  # in between the answers pile up, as on a weak signal
            wait_until_saved(exam)
            assert exam.look(f"saved after question {number}")


def test_twenty_answers_survive_whatever_happens(driver: Playwright, tmp_path: Path) -> None:
    with sitting(driver, tmp_path, ["-m", "lms", "web"]) as exam:
        sit(exam)
        wait_until_saved(exam)
        assert exam.look("in the end")
        assert exam.lies == []
        screen = exam.page.evaluate(ON_SCREEN)
        assert screen["waiting"] == 0, "nothing is left in the phone"
        assert screen["answers"] == exam.stored()
        assert all(exam.stored().values()), "all twenty are answered"
        assert set(exam.acknowledged) == set(exam.stored())
        assert exam.lost() == []
        exam.page.reload()
        assert exam.page.evaluate(ON_SCREEN)["answers"] == exam.stored()
        look(exam.page)

        exam.page.locator("[data-hand-in-link]").click()
        expect(exam.page.locator("main")).to_contain_text("题目都答了")
        look(exam.page)
        exam.page.get_by_role("button", name="交卷").dblclick()
        expect(exam.page).to_have_url(re.compile(r"/result$"))
        look(exam.page)
        exam.page.get_by_role("button", name="看讲解").click()
        expect(exam.page.locator("article").first).to_be_visible()
        look(exam.page)
        with exam.site.db.reading() as session:
            attempt = session.scalars(sa.select(QuizAttempt)).one()
            assert attempt.state is AttemptState.MARKED
            last = session.execute(
                sa.select(AnswerEvent.attempt_item_id, sa.func.max(AnswerEvent.seq)).group_by(
                    AnswerEvent.attempt_item_id
                )
            ).all()
            assert len(last) == QUESTIONS


def test_a_page_made_before_the_last_answer_was_stored_still_shows_it(driver: Playwright, tmp_path: Path) -> None:
    """On a slow line a reloaded page can be older than what the page before it has heard from the server since."""
    with sitting(driver, tmp_path, ["-m", "lms", "web"]) as exam:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        def deliver_late(route: Route) -> None:
            made = route.fetch()
            for save in held:
                save.continue_()
            while not exam.acknowledged:
                exam.page.wait_for_timeout(50)
            exam.page.wait_for_timeout(500)  # for the page that is being left to hear that its answer is stored
            route.fulfill(response=made)

        exam.page.route("**/answers/*", hold)
        answer(exam, 1)
        exam.page.route(re.compile(r"/quizzes/[\w-]+(\?.*)?$"), deliver_late)
        exam.page.reload()
        assert held, "the answer was on its way when the page was asked for"
        exam.page.unroute_all()
        assert exam.page.evaluate(ON_SCREEN)["answers"]["1"] == exam.stored()["1"] != {}
        assert exam.look("after the page came late")
        choose(exam, 1, 2)  # must not be taken for older than what is stored
        wait_until_saved(exam)
        assert exam.look("after another answer")
        assert exam.lies == []
        assert exam.page.evaluate(ON_SCREEN)["answers"]["1"] == exam.stored()["1"]


def test_answers_are_delivered_under_the_person_who_gave_them_only(driver: Playwright, tmp_path: Path) -> None:
    """A phone that is passed round: another signs in while one's answers wait in it."""
    with sitting(driver, tmp_path, ["-m", "lms", "web"]) as exam:
        dialog, address = exam.page.locator("#sign-in-again"), exam.page.url

        exam.end_the_session()
        other_tab = exam.page.context.new_page()
        sign_in(other_tab, OTHER, PASSWORD)
        expect(other_tab).not_to_have_url(re.compile("sign-in"))
        answer(exam, 1)
        expect(dialog).to_be_visible()
        assert exam.stored()["1"] == {}
        assert not exam.look("while another is signed in")

        dialog.locator("input[name=staff_number]").fill(OTHER)
        dialog.locator("input[type=password]").fill(PASSWORD)
        dialog.locator("button[type=submit]").click()
        expect(exam.page).not_to_have_url(re.compile("/quizzes/"))
        assert exam.page.goto(address).status == 404  # type: ignore[union-attr]
        assert exam.stored()["1"] == {}

        exam.end_the_session()
        sign_in(exam.page, NUMBER, PASSWORD)
        expect(exam.page).not_to_have_url(re.compile("sign-in"))
        exam.page.goto(address)
        wait_until_saved(exam)
        assert exam.look("back again")
        assert exam.lies == []
        assert exam.stored()["1"] != {}


def test_an_acknowledgement_before_the_commit_would_be_found(driver: Playwright, tmp_path: Path) -> None:
    fault = str(Path(__file__).with_name("early_acknowledgement.py").relative_to(ROOT))
    with sitting(driver, tmp_path, [fault]) as exam:
        sit(exam)
        wait_until_saved(exam)
        exam.lies.clear()
        assert exam.look("in the end")
        assert exam.lies, "the check did not see answers that were acknowledged and never stored"
        called_saved = {lie.partition("question ")[2].partition(" ")[0] for lie in exam.lies}
        assert called_saved == set(exam.lost()), "it went red for exactly what was acknowledged and never stored"
