"""Pages of a round: the whole way by clicking, the next step first, what was typed stays."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lms.core import clock
from lms.selection.rules import Body, RoundState
from lms.selection.views import rounds as round_pages
from lms.selection.views.rounds import calendar_days, holiday_word
from tests.conftest import CountQueries, post
from tests.selection import making
from tests.selection.making import Office
from tests.selection.views.conftest import Shut
from tests.world import TODAY

Browser = Callable[[str], FlaskClient]


def page(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def test_an_official_begins_a_round(ready: Office, as_person: Browser) -> None:
    official = as_person("O1")
    assert "还没有选拔批次" in page(official, "/selection")
    values = {
        "title": "冬季选拔",
        "unit": ready.world.unit_public_ids["east.1"],
        "last_day": (TODAY + timedelta(days=1)).isoformat(),
        "notice_days": "5",
        "channel": "电话",
    }
    wrong = post(official, "/selection/new", {**values, "notice_days": "2"})
    assert wrong.status_code == 422
    assert "冬季选拔" in wrong.get_data(as_text=True)
    where = post(official, "/selection/new", values).headers["Location"]
    assert "先加上要选的岗位" in page(official, where)
    place = {
        "grid": ready.world.unit_public_ids["east.1.2"],
        "post": "inspection",
        "employment": "full_time",
        "number": "1",
    }
    assert post(official, f"{where}/places", place).status_code == 302
    again = post(official, f"{where}/places", place)
    assert again.status_code == 422
    assert "已经加过了" in again.get_data(as_text=True)
    bad_rule = {"competency": "50", "quiz": "40", "age": "10", "education": "0", "age_bands": "四十五"}
    refused = post(official, f"{where}/rule", bad_rule)
    assert refused.status_code == 422
    assert "四十五" in refused.get_data(as_text=True)
    assert post(official, f"{where}/rule", {**bad_rule, "age_bands": "45: 100"}).status_code == 302
    assert "规则第 2 版" in page(official, where)
    assert "岗位不能再改" in page(official, f"{where}/step/open")
    assert post(official, f"{where}/step/open").status_code == 302
    assert "现在等人报名" in page(official, where)
    assert "冬季选拔" in page(official, "/selection")
    assert official.get(f"{where}/step/nothing").status_code == 404


def test_a_place_can_be_taken_out_of_a_draft_only(ready: Office, as_person: Browser) -> None:
    official = as_person("O1")
    round_id = making.draft(ready)
    with ready.db.reading() as session:
        place = making.place_of(session, round_id)
    assert post(official, f"/selection/{round_id}/places/{place}/remove").status_code == 302
    assert "还没有岗位" in page(official, f"/selection/{round_id}")
    other = making.opened(ready)
    with ready.db.reading() as session:
        place = making.place_of(session, other)
    assert post(official, f"/selection/{other}/places/{place}/remove").status_code == 303


def test_the_next_step_stands_first(ready: Office, as_person: Browser) -> None:
    official = as_person("O1")
    round_id = making.opened(ready)
    where = f"/selection/{round_id}"
    case = making.apply(ready, round_id, "N1")
    assert "有 1 份报名等核对材料" in page(official, where)
    making.check(ready, case)
    assert "等考察意见" in page(official, where)
    making.opine(ready, case, Body.PARTY_COMMITTEE, by="O1")
    making.opine(ready, case, Body.RESIDENTS_COMMITTEE, by="O2")
    clock.freeze(making.LATER)
    official = as_person("O1")
    assert "可以截止" in page(official, where)
    assert post(official, f"{where}/step/close").status_code == 302
    assert "可以出综合得分名单" in page(official, where)
    assert post(official, f"{where}/step/list").status_code == 302
    assert "照名单公示" in page(official, where)
    assert post(official, f"{where}/notice").status_code == 302
    assert "过了这一天再审批" in page(official, where)
    making.after_notice(ready, round_id)
    official = as_person("O1")
    assert "等审批" in page(official, where)
    making.refuse(ready, case)
    assert "这个批次办完了" in page(official, where)


def test_a_list_that_waits_says_for_what(ready: Office, as_person: Browser) -> None:
    round_id = making.opened(ready)
    making.apply(ready, round_id, "N1")
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    response = post(as_person("O1"), f"/selection/{round_id}/step/list")
    assert response.status_code == 422
    assert "还有 1 份报名没有核对完" in response.get_data(as_text=True)


def test_cancelling_asks_for_a_reason(ready: Office, as_person: Browser) -> None:
    official = as_person("O1")
    round_id = making.opened(ready)
    assert post(official, f"/selection/{round_id}/step/cancel", {"reason": ""}).status_code == 422
    assert post(official, f"/selection/{round_id}/step/cancel", {"reason": "停办"}).status_code == 302
    assert making.state_of(ready, round_id) is RoundState.CANCELLED
    assert "这个批次取消了：停办" in page(official, f"/selection/{round_id}").replace("</span>", "")


def test_a_step_that_cannot_be_done_shows_the_reason_and_no_form(
    ready: Office, as_person: Browser, is_shut: Shut
) -> None:
    official = as_person("O1")

    def shut(path: str, words: str) -> None:
        is_shut(official, f"/selection/{round_id}{path}", f"/selection/{round_id}", words)

    round_id = making.draft(ready, places=False)
    shut("/step/open", "先加上岗位")
    shut("/step/close", "还没有开始报名。先加岗位、开始报名。")
    shut("/step/list", "还没有开始报名")
    shut("/enter", "还没有开始报名")
    for path in ("/notice", "/notice/extend", "/notice/edit", "/objections/new", "/step/finish"):
        shut(path, "先出综合得分名单，再公示")
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    shut("/step/open", "报名已经开始了")
    shut("/step/close", "过了这一天才能截止")
    shut("/step/list", "先截止报名，再出名单")
    shut("/rule", "已经有人报名")
    making.examine(ready, case)
    clock.freeze(making.LATER)
    official = as_person("O1")
    shut("/enter", "报名截止日已经过了")
    making.close(ready, round_id)
    shut("/rule", "规则不能再改")
    making.make_list(ready, round_id)
    shut("/step/list", "名单已经出了")
    for path in ("/notice/extend", "/notice/edit", "/objections/new", "/step/finish"):
        shut(path, "先张贴公示")
    making.post(ready, round_id)
    shut("/notice", "公示已经贴出来了")
    shut("/step/finish", "还有 1 位拟选人员没有审批")
    making.after_notice(ready, round_id)
    official = as_person("O1")
    shut("/notice/extend", "公示已经结束了")
    making.refuse(ready, case)
    shut("/step/finish", "审批已经结束了")
    shut("/step/cancel", "不能再取消")
    shut("/notice/edit", "审批完了")


def test_a_step_pressed_too_soon_is_refused_with_its_reason(ready: Office, as_person: Browser) -> None:
    """A form that was filled in may have been overtaken: what was typed stays and the button is closed."""
    official = as_person("O1")
    round_id = making.draft(ready)
    response = post(official, f"/selection/{round_id}/step/close")
    assert response.status_code == 422
    assert "还没有开始报名。先加岗位、开始报名。" in response.get_data(as_text=True)
    typed = {"working_days": "7", "reason": "有人反映"}
    response = post(official, f"/selection/{round_id}/notice/extend", typed)
    assert response.status_code == 422
    assert "先出综合得分名单" in response.get_data(as_text=True)
    assert "有人反映" in response.get_data(as_text=True)
    response = post(official, f"/selection/{round_id}/notice/extend", {"working_days": "7", "reason": ""})
    assert response.status_code == 409


@pytest.mark.parametrize("number", [1, 6])
def test_the_page_asks_little_however_many_applied(
    ready: Office, as_person: Browser, count_queries: CountQueries, number: int
) -> None:
    names = {f"K{at}": "某某" + "甲乙丙丁戊己"[at] for at in range(number)}
    making.trainees(ready.db, ready.world, names)
    round_id, _ = making.posted(ready, *names, places=2)
    official = as_person("O1")
    with count_queries(ready.db) as statements:
        assert official.get(f"/selection/{round_id}").status_code == 200
    assert len(statements) <= 12, statements


def test_a_long_list_is_turned_over_page_by_page_or_shown_whole_to_print(
    ready: Office, as_person: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(round_pages, "PAGE_SIZE", 4)
    monkeypatch.setattr(round_pages, "MOST_WAITING", 2)
    names = {f"K{at}": "某某" + "甲乙丙丁戊己"[at] for at in range(6)}
    making.trainees(ready.db, ready.world, names)
    round_id, _ = making.posted(ready, *names, places=5)
    making.after_notice(ready, round_id)
    official = as_person("O1")

    def named(query: str) -> list[int]:
        text = page(official, f"/selection/{round_id}{query}")
        waiting, _, rest = text.partition('id="list"')
        listed, _, applied = rest.partition('id="cases"')
        return [part.count("某某") for part in (waiting.partition("<main")[2], listed, applied)]

    assert named("") == [2, 4, 4]
    assert "还有 3 位" in page(official, f"/selection/{round_id}")
    assert named("?list=2") == [2, 2, 4]
    assert named("?list=2&cases=2") == [2, 2, 2]
    assert named("?cases=99") == [2, 4, 2]
    assert named("?cases=nothing") == [2, 4, 4]
    assert named("?whole=1") == [2, 6, 6]


def test_the_days_are_drawn_from_monday(app: Flask, ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1")
    notice = making.notice_of(ready, round_id)
    with app.test_request_context():
        days = calendar_days(notice.days, notice.posted_on)
        assert holiday_word("National Day") == "国庆"
        assert holiday_word("本地节日") == "本地节日"
    # Posted on a Thursday: three blanks, the day itself, a Friday, a weekend, and four days of the next week.
    assert [each["kind"] for each in days] == ["none"] * 3 + [""] + ["cnt", "off", "off", "cnt", "cnt", "cnt", "cnt"]
    assert [each.get("note") for each in days[3:]] == ["张贴", "第1", "周末", "周末", "第2", "第3", "第4", "第5"]
