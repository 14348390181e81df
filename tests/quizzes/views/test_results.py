"""Results on pages and as a file."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from openpyxl import load_workbook

from lms.audit.models import AccessLog
from lms.content.content import Register
from lms.content.rules import ContentKind
from lms.core import clock
from lms.people.models import Person
from tests.conftest import Site, post
from tests.quizzes.papers import answer_all, bank_and_items, begin, hand_in, learn
from tests.world import NOW, shipped_content

AsPerson = Callable[[str], FlaskClient]


def sat_by(site: Site, number: str, *, wrong: Any = (), blank: bool = False) -> str:
    """Let somebody sit the quiz of C04 and hand in; return the attempt's public id."""
    who = site.world.identity(site.db, number)
    learn(site.db, who)
    public_id = begin(site.db, who)
    if not blank:
        answer_all(site.db, who, public_id, wrong=wrong)
    hand_in(site.db, who, public_id)
    return public_id


def text(browser: FlaskClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def whys(site: Site, number: str, public_id: str) -> list[str]:
    bank, items = bank_and_items(site.db, site.world.identity(site.db, number), public_id)
    return [
        option.why.zh
        for row in items
        for options in [getattr(bank.items[row.item_key], "options", ())]
        for option in options
        if option.is_right
    ]


# --- one's own ---------------------------------------------------------------------------------------------


def test_a_pass_is_said_and_the_explanations_wait_for_a_tap(site: Site, as_person: AsPerson) -> None:
    public_id = sat_by(site, "N1")
    browser = as_person("N1")
    page = text(browser, f"/quizzes/{public_id}/result")
    assert "<h1>通过了</h1>" in page
    assert "100" in page
    assert not any(why in page for why in whys(site, "N1", public_id))
    assert post(browser, f"/quizzes/{public_id}/review").status_code == 302
    page = text(browser, f"/quizzes/{public_id}/result")
    assert all(why in page for why in whys(site, "N1", public_id)), "all questions, since none was wrong"


def test_a_critical_miss_is_said_before_the_points(site: Site, as_person: AsPerson) -> None:
    who = site.world.identity(site.db, "N1")
    learn(site.db, who)
    public_id = begin(site.db, who)
    _bank, items = bank_and_items(site.db, who, public_id)
    critical = [item.position for item in items if item.is_critical]
    answer_all(site.db, who, public_id, wrong=critical[:1])
    hand_in(site.db, who, public_id)
    browser = as_person("N1")
    page = text(browser, f"/quizzes/{public_id}/result")
    assert re.search(r"这次还没通过，.*差在 1 道关键题", page)
    assert "分还不算通过？" in page
    post(browser, f"/quizzes/{public_id}/review")
    page = text(browser, f"/quizzes/{public_id}/result")
    assert page.count("<article") == 1, "what was wrong stands first, the rest a tap away"
    assert f"第 {critical[0]} 题" in page
    assert text(browser, f"/quizzes/{public_id}/result?show=all").count("<article") == 20
    assert text(browser, f"/quizzes/{public_id}/result?show=critical").count("<article") == len(critical)
    assert text(browser, f"/quizzes/{public_id}/result?show=nonsense").count("<article") == 20


def test_too_few_points_say_how_many_are_lacking(site: Site, as_person: AsPerson) -> None:
    who = site.world.identity(site.db, "N1")
    learn(site.db, who)
    public_id = begin(site.db, who)
    _bank, items = bank_and_items(site.db, who, public_id)
    plain = [item.position for item in items if not item.is_critical]
    answer_all(site.db, who, public_id, wrong=plain)
    attempt = hand_in(site.db, who, public_id)
    page = text(as_person("N1"), f"/quizzes/{public_id}/result")
    assert f"还差 {80 - int(attempt.points)} 分" in page


def test_the_way_on_after_the_explanations(site: Site, as_person: AsPerson) -> None:
    public_id = sat_by(site, "N1", blank=True)
    browser = as_person("N1")
    post(browser, f"/quizzes/{public_id}/review")
    page = text(browser, f"/quizzes/{public_id}/result")
    assert "10:10 以后可以再考" in page
    assert re.search(r"先学第 \d 课", page)
    assert "这道题没有答" in page
    clock.freeze(NOW + timedelta(minutes=11))
    assert "再考一次" in text(browser, f"/quizzes/{public_id}/result")


def test_laws_and_duties_stand_with_their_question(site: Site, as_person: AsPerson) -> None:
    public_id = sat_by(site, "N1", blank=True)
    browser = as_person("N1")
    post(browser, f"/quizzes/{public_id}/review")
    page = text(browser, f"/quizzes/{public_id}/result?show=all")
    bank, items = bank_and_items(site.db, site.world.identity(site.db, "N1"), public_id)
    chosen = [bank.items[row.item_key] for row in items]
    assert all(f"职责事项 {item.duty}" in page for item in chosen if item.duty)
    register: Register | None = shipped_content().library.only(ContentKind.LAWS)
    assert register is not None
    cites = {cite for item in chosen for cite in item.cites}
    assert cites
    for cite in cites:
        assert register.place(cite) in page
        found = register.find(cite)
        assert found is not None
        assert found[1].says in page


# --- those of others ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "reviews"), [("T1", True), ("O1", False), ("L1", False)])
def test_every_figure_opens_its_attempt(site: Site, as_person: AsPerson, number: str, reviews: bool) -> None:
    public_id = sat_by(site, "N1", blank=True)
    browser = as_person(number)
    listed = text(browser, "/results")
    assert "李秀兰" in listed
    assert f"/results/{public_id}" in listed
    one = text(browser, f"/results/{public_id}")
    assert "第 20 题" in one
    assert not any(why in one for why in whys(site, "N1", public_id))
    review = browser.get(f"/quizzes/{public_id}/result")
    assert review.status_code == (200 if reviews else 404)
    assert (f"/quizzes/{public_id}/result" in one) is reviews
    if reviews:
        assert all(why in text(browser, f"/quizzes/{public_id}/result?show=all") for why in whys(site, "N1", public_id))


def test_an_open_attempt_has_figures_for_nobody(site: Site, as_person: AsPerson) -> None:
    who = site.world.identity(site.db, "N1")
    learn(site.db, who)
    public_id = begin(site.db, who)
    for number in ("O1", "T1"):
        assert "还没交卷" in text(as_person(number), f"/results/{public_id}")
    answer = as_person("T1").get(f"/quizzes/{public_id}/result")
    assert answer.headers["Location"] == f"/results/{public_id}"


def test_another_sub_district_sees_nothing(site: Site, as_person: AsPerson) -> None:
    public_id = sat_by(site, "N1", blank=True)
    browser = as_person("O9")
    page = text(browser, "/results")
    assert "还没有人考过" in page
    assert "李秀兰" not in page
    assert browser.get(f"/results/{public_id}").status_code == 404
    assert as_person("N2").get("/results").status_code == 403
    assert as_person("N2").get(f"/quizzes/{public_id}/result").status_code == 404


def test_filters_and_their_empty_state(site: Site, as_person: AsPerson) -> None:
    sat_by(site, "N1")
    sat_by(site, "N2", blank=True)
    browser = as_person("O1")
    passed = text(browser, "/results?result=passed")
    assert "李秀兰" in passed
    assert "乌云" not in passed
    assert "没有符合的成绩" in text(browser, "/results?q=没有这个人")
    assert "没有符合的成绩" in text(browser, "/results?course=c01")
    unit = site.world.unit_public_ids["east.1.2"]
    narrowed = text(browser, f"/results?unit={unit}")
    assert "乌云" in narrowed
    assert "李秀兰" not in narrowed.split('aria-labelledby="by-person"')[1]


def test_the_file_holds_the_list_as_text_and_the_export_is_logged(site: Site, as_person: AsPerson) -> None:
    with site.db.engine.begin() as connection:  # a name as an attacker would choose it
        connection.execute(sa.update(Person).where(Person.staff_number == "CG00N1").values(name="=1+1"))
    sat_by(site, "N1")
    sat_by(site, "N2", blank=True)
    sat_by(site, "N9", blank=True)
    browser = as_person("O1")
    answer = post(browser, "/results/export")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.data))
    rows = list(book.worksheets[0].values)
    assert {row[0] for row in rows[1:]} == {"CG00N1", "CG00N2"}
    assert {row[1] for row in rows[1:]} == {"'=1+1", "乌云·其其格"}
    assert {(row[4], row[5]) for row in rows[1:]} == {("已通过", 100), ("还没通过", 0)}
    for sheet in book.worksheets:
        assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    assert list(book.worksheets[1].values)[1][1:] == (2, 1, 0, 2)
    with site.db.reading() as session:
        assert "quizzes:results:export" in set(session.scalars(sa.select(AccessLog.what)))
    narrowed = post(browser, "/results/export", {"result": "passed"})
    assert len(list(load_workbook(io.BytesIO(narrowed.data)).worksheets[0].values)) == 2
    assert post(as_person("L1"), "/results/export").status_code == 403
