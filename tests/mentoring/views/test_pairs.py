"""Pages of pairs: who sees what, what is asked, that typed words stay, and how often the database is asked."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lms.core import clock
from lms.mentoring.rules import CHECKPOINT_DAYS, PairAction, PairState, SessionAction
from tests.architecture.endpoints import ACTORS, Place, address, calls
from tests.architecture.test_queries import AT_MOST
from tests.conftest import CountQueries, post, sign_in_as
from tests.mentoring.making import Mentoring
from tests.world import NOW

As = Callable[[str], FlaskClient]


def text_of(client: FlaskClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.get_data(as_text=True)


def test_from_the_proposal_to_the_plan(acts: Mentoring, as_person: As) -> None:
    official, mentor, newcomer = (as_person(number) for number in ("O1", "M1", "N1"))
    assert "还没有结对" in text_of(official, "/mentoring/pairs")
    assert "李秀兰" in text_of(official, "/mentoring/new")
    path = f"/mentoring/new/{acts.world.person_public_ids['N1']}"
    assert "孙丽" not in text_of(official, path)
    page = text_of(official, f"{path}?q=孙丽")
    assert page.index("王建国") < page.index("还不能带的") < page.rindex("孙丽")
    assert "没有管到这个网格的“带教师傅”角色" in page

    response = post(official, path, {"mentor": acts.world.person_public_ids["M1"]})
    pair = response.location
    assert "等双方同意" in text_of(official, pair)
    assert "街道请您带" in text_of(mentor, "/mentoring/mentees")
    assert post(mentor, f"{pair}/answer", {"act": "accept"}).location == pair
    assert "街道请" in text_of(newcomer, "/mentoring/mine")
    post(newcomer, f"{pair}/answer", {"act": "accept"})
    for client, page_path in ((newcomer, "/mentoring/mine"), (mentor, pair), (official, pair)):
        page = text_of(client, page_path)
        assert all(f"第 {day} 天" in page for day in CHECKPOINT_DAYS)
    assert "记一次带教" in text_of(mentor, "/mentoring/mentees")


def test_a_refused_proposal_keeps_what_was_typed(acts: Mentoring, as_person: As) -> None:
    official = as_person("O1")
    acts.active("N2")
    path = f"/mentoring/new/{acts.world.person_public_ids['N1']}"
    assert post(official, path).status_code == 422
    response = post(official, path, {"mentor": acts.world.person_public_ids["M1"], "second_reason": ""})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert "再带一个，要写明原因" in page
    assert f'value="{acts.world.person_public_ids["M1"]}" id="mentor-0" checked' in page
    barred = post(official, path, {"mentor": acts.world.person_public_ids["L1"]})
    assert "还不能带徒弟" in barred.get_data(as_text=True)


def test_a_no_needs_a_reason_and_ends_it(acts: Mentoring, as_person: As) -> None:
    newcomer, pair = as_person("N1"), acts.propose()
    assert post(newcomer, f"/mentoring/pairs/{pair}/answer", {"act": "decline"}).status_code == 422
    post(newcomer, f"/mentoring/pairs/{pair}/answer", {"act": "decline", "reason": "排班不合"})
    assert acts.pair(pair).state is PairState.DECLINED
    assert "排班不合" in text_of(as_person("O1"), f"/mentoring/pairs/{pair}")
    assert "已经办完了" in text_of(newcomer, f"/mentoring/pairs/{pair}/answer")
    late = post(newcomer, f"/mentoring/pairs/{pair}/answer", {"act": "accept"})
    assert (late.status_code, "刚被别人办过" in late.get_data(as_text=True)) == (422, True)


def test_the_acts_of_an_official(acts: Mentoring, as_person: As) -> None:
    official, pair = as_person("O1"), acts.active()
    path = f"/mentoring/pairs/{pair}"
    assert official.get(f"{path}/accept").status_code == 404
    assert "出师还差" in text_of(official, f"{path}/complete")
    late = post(official, f"{path}/extend", {"reason": "请过假", "ends_on": "2026-12-01"})
    page = late.get_data(as_text=True)
    assert (late.status_code, "请过假" in page, "2026-12-01" in page) == (422, True, True)
    assert post(official, f"{path}/extend", {"reason": "请过假", "ends_on": "2027-03-31"}).status_code == 302
    page = text_of(official, path)
    assert "2027年3月31日" in page
    assert "带教中（已延长）" in page
    assert post(official, f"{path}/end", {"reason": ""}).status_code == 422
    assert post(official, f"{path}/end", {"reason": "调走了"}).status_code == 302
    assert "调走了" in text_of(official, path)
    assert "不能这样办" in text_of(official, f"{path}/extend")
    assert post(official, f"{path}/end", {"reason": "再来"}).status_code == 422


def test_completing_on_the_page(acts: Mentoring, as_person: As) -> None:
    pair = acts.active()
    clock.freeze(NOW + timedelta(days=89))
    acts.answer(acts.log(pair), SessionAction.CONFIRM)
    for day in CHECKPOINT_DAYS:
        acts.check(pair, day)
    official = as_person("O1")
    assert f"/mentoring/pairs/{pair}/complete" in text_of(official, f"/mentoring/pairs/{pair}")
    assert post(official, f"/mentoring/pairs/{pair}/complete").status_code == 302
    assert acts.pair(pair).state is PairState.COMPLETED
    assert "以前带过的" in text_of(as_person("M1"), "/mentoring/mentees")
    assert "以前的" in text_of(as_person("N1"), "/mentoring/mine")


def test_changing_the_mentor_on_the_page(acts: Mentoring, second: str, as_person: As) -> None:
    official, pair = as_person("O1"), acts.active()
    path = f"/mentoring/pairs/{pair}/change"
    assert acts.world.person_public_ids["M1"] not in text_of(official, path)
    typed = {"mentor": acts.world.person_public_ids[second]}
    assert post(official, path, typed).status_code == 422
    same = post(official, path, {"mentor": acts.world.person_public_ids["M1"], "reason": "排班"})
    assert "请选另一位" in same.get_data(as_text=True)
    response = post(official, path, {**typed, "reason": "排班不合"})
    assert "等双方同意" in text_of(official, response.location)
    assert "换了师傅" in text_of(official, f"/mentoring/pairs/{pair}")
    assert "只有正在带教" in text_of(official, path)


def test_the_list_by_state_unit_and_lateness(acts: Mentoring, as_person: As) -> None:
    pair = acts.active()
    acts.decide(acts.propose("N2", second_reason="人手不够"), PairAction.WITHDRAW)
    clock.freeze(NOW + timedelta(days=7))
    official, leader = as_person("O1"), as_person("L1")
    units = acts.world.unit_public_ids
    for query, names in (
        ("", {"李秀兰"}),
        ("?state=", {"李秀兰", "乌云·其其格"}),
        ("?state=withdrawn", {"乌云·其其格"}),
        ("?late=1", {"李秀兰"}),
        (f"?unit={units['east.1.2']}", set()),
        (f"?state=&unit={units['east.1.1']}&page=9", {"李秀兰"}),
    ):
        page = text_of(official, f"/mentoring/pairs{query}")
        assert {name for name in ("李秀兰", "乌云·其其格") if name in page} == names, query
    assert "1 次过了日子" in text_of(leader, "/mentoring/pairs")
    assert "提出结对" not in text_of(leader, "/mentoring/pairs")
    acts.check(pair, 7)
    assert "没有符合的结对" in text_of(official, "/mentoring/pairs?late=1")


def test_a_checkpoint_on_the_page(acts: Mentoring, as_person: As) -> None:
    pair = acts.active()
    mentor = as_person("M1")
    path = f"/mentoring/pairs/{pair}/checkpoints/7"
    assert "还没到日子" in text_of(mentor, path)
    early = post(mentor, path, {"verdict": "well", "line": "x"})
    assert (early.status_code, "还没到" in early.get_data(as_text=True)) == (422, True)
    clock.freeze(NOW + timedelta(days=6))
    mentor = as_person("M1")
    refused = post(mentor, path, {"line": "填单还慢"})
    assert (refused.status_code, "填单还慢" in refused.get_data(as_text=True)) == (422, True)
    assert post(mentor, path, {"verdict": "help", "line": "填单还慢"}).status_code == 302
    page = text_of(as_person("N1"), "/mentoring/mine")
    assert "填单还慢" in page
    assert "要帮" in page
    assert "已经写过了" in text_of(mentor, path)


def test_a_mentor_sees_levels_and_not_those_of_others(acts: Mentoring, as_person: As) -> None:
    acts.active()
    mentor = as_person("M1")
    public_ids = acts.world.person_public_ids
    assert mentor.get(f"/people/{public_ids['N1']}/competency").status_code == 200
    assert mentor.get(f"/people/{public_ids['N2']}/competency").status_code == 404


@pytest.mark.parametrize("role", ["newcomer", "mentor", "grid_leader", "official"])
def test_no_page_of_mentoring_asks_more_than_a_dozen_times(
    app: Flask, acts: Mentoring, count_queries: CountQueries, role: str
) -> None:
    number, place = str(ACTORS[role]), Place(acts.db, acts.world)
    browser = app.test_client()
    sign_in_as(browser, number)
    for call in calls(app, {"GET"}):
        if call.endpoint.startswith("mentoring."):
            path = address(app, place, call, number)
            with count_queries(acts.db) as statements:
                browser.get(path)
            assert len(statements) <= AT_MOST, f"{call}:\n" + "\n".join(statements)
