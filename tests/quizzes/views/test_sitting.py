"""The pages of sitting a quiz, as a browser without scripts and as our script sees them."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from lms.config import ROOT
from lms.core import clock
from lms.core.db import WriteSession
from lms.people.models import SignInSession
from lms.quizzes.kinds import KINDS
from lms.quizzes.models import QuizAttempt
from lms.quizzes.rules import AttemptState
from tests.conftest import CountQueries, Site, csrf, make_app, post, sign_in_as
from tests.quizzes.papers import answer_all, answer_to, bank_and_items, begin, hand_in, learn
from tests.world import NOW

AsPerson = Callable[[str], FlaskClient]
QUIZ = "/courses/c04/quiz"


@pytest.fixture
def browser(site: Site, as_person: AsPerson) -> FlaskClient:
    """The browser of N1, who has finished the lessons of C04."""
    learn(site.db, site.world.identity(site.db, "N1"))
    return as_person("N1")


@pytest.fixture
def public_id(site: Site, browser: FlaskClient) -> str:
    return begin(site.db, site.world.identity(site.db, "N1"))


def token_of(browser: FlaskClient, public_id: str) -> str:
    return csrf(browser, f"/quizzes/{public_id}")


def send(browser: FlaskClient, public_id: str, position: int, body: Any, *, token: str | None = None) -> Any:
    """Save as the script does."""
    return browser.post(
        f"/quizzes/{public_id}/answers/{position}",
        json=body,
        headers={
            "Accept": "application/json",
            "X-CSRFToken": token if token is not None else token_of(browser, public_id),
        },
    )


def rightly(site: Site, public_id: str, position: int) -> dict[str, Any]:
    bank, items = bank_and_items(site.db, site.world.identity(site.db, "N1"), public_id)
    return answer_to(bank.items[items[position - 1].item_key])


def stored(site: Site, public_id: str, position: int) -> Any:
    return bank_and_items(site.db, site.world.identity(site.db, "N1"), public_id)[1][position - 1]


def stay_signed_in(browser: FlaskClient) -> None:
    """Open a page half-way: a session ends after thirty minutes without one."""
    clock.freeze(NOW + timedelta(minutes=20))
    browser.get("/me")


# --- starting ----------------------------------------------------------------------------------------------


def test_the_start_page_says_the_rules_and_starts(site: Site, browser: FlaskClient) -> None:
    page = browser.get(QUIZ).get_data(as_text=True)
    for words in ("20 道题", "30 分钟", "80 分通过", "一共 45 分钟", "开始测验"):
        assert words in page
    answer = post(browser, QUIZ, {"extra_time": "y"}, page=QUIZ)
    assert answer.status_code == 302
    with site.db.reading() as session:
        attempt = session.scalars(sa.select(QuizAttempt)).one()
    assert answer.headers["Location"] == f"/quizzes/{attempt.public_id}"
    assert attempt.deadline_at - attempt.started_at == timedelta(minutes=45)
    assert "接着答" in browser.get(QUIZ).get_data(as_text=True)


def test_who_needed_more_time_finds_it_ticked(site: Site, browser: FlaskClient) -> None:
    me = site.world.identity(site.db, "N1")
    marked = hand_in(site.db, me, begin(site.db, me, extra_time=True)).public_id
    post(browser, f"/quizzes/{marked}/review")
    clock.freeze(NOW + timedelta(minutes=20))
    assert re.search(r'id="extra_time"[^>]* checked', browser.get(QUIZ).get_data(as_text=True))


def test_without_the_lessons_the_quiz_is_shut_with_the_way_in(as_person: AsPerson) -> None:
    browser = as_person("N2")
    page = browser.get(QUIZ).get_data(as_text=True)
    assert "先把课文学完" in page
    assert "开始测验</span>" not in page
    assert post(browser, QUIZ).status_code == 422


def test_before_another_try_the_page_leads_to_the_explanations(site: Site, browser: FlaskClient) -> None:
    me = site.world.identity(site.db, "N1")
    public_id = hand_in(site.db, me, begin(site.db, me)).public_id
    assert f"/quizzes/{public_id}/result" in browser.get(QUIZ).get_data(as_text=True)
    refused = post(browser, QUIZ)
    assert refused.status_code == 422
    assert "先看上一次的讲解" in refused.get_data(as_text=True)
    post(browser, f"/quizzes/{public_id}/review")
    assert "10:10 以后可以再考" in browser.get(QUIZ).get_data(as_text=True)
    assert post(browser, QUIZ).status_code == 422
    clock.freeze(NOW + timedelta(minutes=10))
    assert post(browser, QUIZ, page=QUIZ).status_code == 302


def test_an_unknown_course_is_not_found(browser: FlaskClient) -> None:
    assert browser.get("/courses/c99/quiz").status_code == 404


def test_the_wait_between_two_tries_is_a_setting(site: Site) -> None:
    patient = dataclasses.replace(site, settings=dataclasses.replace(site.settings, quiz_wait_minutes=60))
    me = site.world.identity(site.db, "N1")
    learn(site.db, me)
    public_id = hand_in(site.db, me, begin(site.db, me)).public_id
    browser = make_app(patient).test_client()
    sign_in_as(browser, "N1")
    post(browser, f"/quizzes/{public_id}/review")
    clock.freeze(NOW + timedelta(minutes=25))
    page = browser.get(QUIZ).get_data(as_text=True)
    assert "11:00 以后可以再考" in page
    assert "隔 60 分钟可以再考" in page
    assert "11:00 以后可以再考" in browser.get(f"/quizzes/{public_id}/result").get_data(as_text=True)
    refused = post(browser, QUIZ)
    assert refused.status_code == 422
    assert "两次测验之间要隔 60 分钟" in refused.get_data(as_text=True)


# --- the exam page -----------------------------------------------------------------------------------------


def secrets(site: Site, public_id: str) -> Iterator[str]:
    """Yield every text that would tell what is right."""
    bank, items = bank_and_items(site.db, site.world.identity(site.db, "N1"), public_id)
    for row in items:
        item = bank.items[row.item_key]
        for part in KINDS[row.kind].review(item, row.option_order, None):
            for choice in part.choices:
                yield choice.why.zh
                if choice.why.en:
                    yield choice.why.en


def walk(value: Any) -> Iterator[str]:
    """Yield every key and text in a JSON value."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from walk(each)
    else:
        yield str(value)


def test_an_open_paper_holds_no_answer_key(site: Site, browser: FlaskClient, public_id: str) -> None:
    page = browser.get(f"/quizzes/{public_id}").get_data(as_text=True)
    found = [text for text in secrets(site, public_id) if text in page]
    assert found == []
    for word in ("is_right", "is_critical", "breaks", "correctness", "关键题"):
        assert word not in page
    reply = send(browser, public_id, 1, {"seq": 1, "answer": rightly(site, public_id, 1), "flagged": False}).get_json()
    texts = list(walk(reply))
    assert not set(texts) & {"right", "is_right", "correctness", "points", "why", "critical", "breaks"}
    assert not set(texts) & set(secrets(site, public_id))
    for path in (f"/quizzes/{public_id}/hand-in", QUIZ):
        text = browser.get(path).get_data(as_text=True)
        assert not [each for each in secrets(site, public_id) if each in text]


def test_the_result_of_an_open_paper_is_the_paper(browser: FlaskClient, public_id: str) -> None:
    answer = browser.get(f"/quizzes/{public_id}/result")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/quizzes/{public_id}")


def test_the_page_shows_the_question_asked_for(browser: FlaskClient, public_id: str) -> None:
    for query, shown in (("", 1), ("?q=8", 8), ("?q=99", 20), ("?q=-1", 1), ("?q=x", 1)):
        page = browser.get(f"/quizzes/{public_id}{query}").get_data(as_text=True)
        visible = re.findall(r'data-question="(\d+)"[^>]*?(hidden)?>', page)
        assert [int(number) for number, hidden in visible if not hidden] == [shown]


def test_without_a_script_each_question_is_stored_and_leads_on(
    site: Site, browser: FlaskClient, public_id: str
) -> None:
    clock.freeze(NOW + timedelta(seconds=5))
    bank, items = bank_and_items(site.db, site.world.identity(site.db, "N1"), public_id)
    for row in items:
        position = row.position
        fields = {f"a.{name}": value for name, value in answer_to(bank.items[row.item_key]).items()}
        data = {
            **fields,
            "seq": "1",
            "go": str(position + 1),
            "flagged": "y",
            **({"last": "y"} if position == 20 else {}),
        }
        answer = post(browser, f"/quizzes/{public_id}/answers/{position}", data, page=f"/quizzes/{public_id}")
        expected = f"/quizzes/{public_id}?q={position + 1}" if position < 20 else f"/quizzes/{public_id}/hand-in"
        assert (answer.status_code, answer.headers["Location"]) == (302, expected)
        assert stored(site, public_id, position).answer == answer_to(bank.items[row.item_key])
    page = browser.get(f"/quizzes/{public_id}").get_data(as_text=True)
    assert "已答 20，没答 0" in page
    assert "已保存 <time>10:00:05</time>" in page
    assert page.count(" checked>") >= 40


def test_an_old_page_does_not_overwrite_and_says_so(site: Site, browser: FlaskClient, public_id: str) -> None:
    right = rightly(site, public_id, 1)
    send(browser, public_id, 1, {"seq": 4, "answer": right, "flagged": False})
    answer = post(browser, f"/quizzes/{public_id}/answers/1", {"seq": "1", "go": "2"}, page=f"/quizzes/{public_id}")
    assert answer.headers["Location"] == f"/quizzes/{public_id}?q=1"
    assert "在别处改过" in browser.get(answer.headers["Location"]).get_data(as_text=True)
    assert stored(site, public_id, 1).answer == right


# --- saving by script --------------------------------------------------------------------------------------


def test_a_save_is_acknowledged_with_what_is_stored(site: Site, browser: FlaskClient, public_id: str) -> None:
    clock.freeze(NOW + timedelta(minutes=1, seconds=3))
    right = rightly(site, public_id, 2)
    reply = send(browser, public_id, 2, {"seq": 1, "answer": right, "flagged": True})
    assert reply.status_code == 200
    assert reply.get_json() == {
        "position": 2,
        "seq": 1,
        "answer": right,
        "flagged": True,
        "kept": True,
        "saved_at": "10:01:03",
        "left": 28 * 60 + 57,
    }
    row = stored(site, public_id, 2)
    assert (row.seq, row.answer, row.is_flagged) == (1, right, True)


def test_no_acknowledgement_without_a_commit(site: Site, browser: FlaskClient, public_id: str) -> None:
    token = token_of(browser, public_id)

    def broken(_session: Any) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("database is locked"))

    sa.event.listen(WriteSession, "before_commit", broken)
    try:
        reply = send(
            browser, public_id, 1, {"seq": 1, "answer": rightly(site, public_id, 1), "flagged": False}, token=token
        )
    finally:
        sa.event.remove(WriteSession, "before_commit", broken)
    assert reply.status_code == 503
    assert reply.headers["Retry-After"]
    assert stored(site, public_id, 1).answer is None


def test_the_token_of_the_page_lasts_through_a_long_exam(site: Site, browser: FlaskClient, app: Flask) -> None:
    me = site.world.identity(site.db, "N1")
    public_id = begin(site.db, me, extra_time=True)
    token = token_of(browser, public_id)
    for minutes in (20, 40, 45):
        clock.freeze(NOW + timedelta(minutes=minutes))
        body: dict[str, Any] = {"seq": minutes, "answer": {}, "flagged": True}
        assert send(browser, public_id, 1, body, token=token).status_code == 200


def test_a_session_that_ended_answers_401_and_a_new_one_goes_on(
    site: Site, browser: FlaskClient, public_id: str
) -> None:
    token = token_of(browser, public_id)
    with site.db.engine.begin() as connection:
        connection.execute(sa.delete(SignInSession))
    body = {"seq": 1, "answer": rightly(site, public_id, 1), "flagged": False}
    assert send(browser, public_id, 1, body, token=token).status_code == 401
    assert browser.get("/sign-in/token").get_json()["person"] is None
    assert sign_in_as(browser, "N1").status_code == 302
    session = browser.get("/sign-in/token").get_json()
    assert session["person"] == site.world.person_public_ids["N1"]
    assert send(browser, public_id, 1, body, token=token).status_code == 400, "the old token is worth nothing"
    assert send(browser, public_id, 1, body, token=session["csrf_token"]).status_code == 200


def test_after_the_grace_a_save_is_refused_and_nothing_changes(
    site: Site, browser: FlaskClient, public_id: str
) -> None:
    token, right = token_of(browser, public_id), rightly(site, public_id, 1)
    stay_signed_in(browser)
    clock.freeze(NOW + timedelta(minutes=30, seconds=30))
    assert send(browser, public_id, 2, {"seq": 1, "answer": {}, "flagged": True}, token=token).status_code == 200
    clock.freeze(NOW + timedelta(minutes=30, seconds=31))
    reply = send(browser, public_id, 1, {"seq": 1, "answer": right, "flagged": False}, token=token)
    assert reply.status_code == 409
    assert "时间到了" in reply.get_json()["error"]
    assert (stored(site, public_id, 1).seq, stored(site, public_id, 1).answer) == (0, None)


@pytest.mark.parametrize("body", [None, [], {"seq": 1}, {"seq": 1, "answer": {"choice": "zz"}, "flagged": False}])
def test_nonsense_is_refused(browser: FlaskClient, public_id: str, body: Any) -> None:
    assert send(browser, public_id, 1, body).status_code == 422


def test_the_attempt_of_another_is_not_found(site: Site, public_id: str, as_person: AsPerson) -> None:
    for number in ("N2", "O1", "T1", "N9"):
        browser = as_person(number)
        token = csrf(browser, "/me")
        assert browser.get(f"/quizzes/{public_id}").status_code == 404
        assert browser.get(f"/quizzes/{public_id}/hand-in").status_code == 404
        assert send(browser, public_id, 1, {"seq": 1, "answer": {}, "flagged": False}, token=token).status_code == 404
        assert post(browser, f"/quizzes/{public_id}/submit").status_code == 404
        assert post(browser, f"/quizzes/{public_id}/review").status_code == 404


# --- handing in --------------------------------------------------------------------------------------------


def test_the_page_before_handing_in_counts_what_is_open(site: Site, browser: FlaskClient, public_id: str) -> None:
    me = site.world.identity(site.db, "N1")
    assert "还有 20 道题没答" in browser.get(f"/quizzes/{public_id}/hand-in").get_data(as_text=True)
    answer_all(site.db, me, public_id)
    page = browser.get(f"/quizzes/{public_id}/hand-in").get_data(as_text=True)
    assert "题目都答了" in page
    assert "交卷后不能再改" in page


def test_handing_in_shows_the_result_and_twice_the_same(site: Site, browser: FlaskClient, public_id: str) -> None:
    answer_all(site.db, site.world.identity(site.db, "N1"), public_id)
    for _ in range(2):
        answer = post(browser, f"/quizzes/{public_id}/submit")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/quizzes/{public_id}/result")
    for path in (f"/quizzes/{public_id}", f"/quizzes/{public_id}/hand-in"):
        assert browser.get(path).headers["Location"] == f"/quizzes/{public_id}/result"
    late = post(browser, f"/quizzes/{public_id}/answers/1", {"seq": "9", "go": "2"})
    assert late.headers["Location"] == f"/quizzes/{public_id}?q=1"


def test_an_overdue_attempt_says_so_and_gives_its_result(site: Site, browser: FlaskClient, public_id: str) -> None:
    stay_signed_in(browser)
    clock.freeze(NOW + timedelta(minutes=31))
    page = browser.get(f"/quizzes/{public_id}").get_data(as_text=True)
    assert "时间到了" in page
    with site.db.reading() as session:
        assert session.scalars(sa.select(QuizAttempt.state)).one() is AttemptState.OPEN, "a GET marks nothing"
    assert post(browser, f"/quizzes/{public_id}/submit").status_code == 302
    assert browser.get(f"/quizzes/{public_id}/result").status_code == 200


def test_a_reader_of_english_gets_the_questions_in_english(site: Site, browser: FlaskClient, public_id: str) -> None:
    post(browser, "/language", {"lang": "en"})
    page = browser.get(f"/quizzes/{public_id}").get_data(as_text=True)
    bank, items = bank_and_items(site.db, site.world.identity(site.db, "N1"), public_id)
    stem = bank.items[items[0].item_key].stem
    assert stem.zh not in page
    assert stem.en.split("'")[0] in page


def test_the_words_for_the_script_are_complete(browser: FlaskClient, public_id: str) -> None:
    page = browser.get(f"/quizzes/{public_id}").get_data(as_text=True)
    match = re.search(r'<script type="application/json" id="exam-words">(.*?)</script>', page, re.DOTALL)
    assert match is not None
    words = json.loads(match.group(1))
    script = (ROOT / "lms/static/js/exam.js").read_text(encoding="utf-8")
    used = set(re.findall(r"words\.(\w+)", script)) | {"saving", "offline", "expired", "busy", "refused", "unkept"}
    assert used == set(words)


# --- how much it asks of the database ----------------------------------------------------------------------


def test_every_page_asks_the_database_at_most_twelve_times(
    site: Site, browser: FlaskClient, public_id: str, as_person: AsPerson, count_queries: CountQueries
) -> None:
    def asked(who: FlaskClient, path: str) -> int:
        who.get(path)  # texts are parsed once for a process
        with count_queries(site.db) as statements:
            assert who.get(path).status_code == 200, path
        return len(statements)

    counts = {path: asked(browser, path) for path in (QUIZ, f"/quizzes/{public_id}", f"/quizzes/{public_id}/hand-in")}
    answer_all(site.db, site.world.identity(site.db, "N1"), public_id, wrong=[1, 2, 3])
    post(browser, f"/quizzes/{public_id}/submit")
    post(browser, f"/quizzes/{public_id}/review")
    for path in (QUIZ, f"/quizzes/{public_id}/result", f"/quizzes/{public_id}/result?show=all"):
        counts[path] = max(counts.get(path, 0), asked(browser, path))
    other = site.world.identity(site.db, "N2")
    learn(site.db, other)
    hand_in(site.db, other, begin(site.db, other))
    for number in ("T1", "O1"):
        for path in ("/results", "/results?q=CG&result=not_yet&course=c04", f"/results/{public_id}"):
            counts[f"{number} {path}"] = asked(as_person(number), path)
    counts["T1 review"] = asked(as_person("T1"), f"/quizzes/{public_id}/result?show=all")
    assert max(counts.values()) <= 12, counts


def test_a_save_and_a_hand_in_ask_little(
    site: Site, browser: FlaskClient, public_id: str, count_queries: CountQueries
) -> None:
    token, right = token_of(browser, public_id), rightly(site, public_id, 1)
    with count_queries(site.db) as statements:
        body = {"seq": 1, "answer": right, "flagged": False}
        assert send(browser, public_id, 1, body, token=token).status_code == 200
    assert len(statements) <= 12, statements
