"""The pages on duties, as people of the small organisation see them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from lms.core import clock
from lms.core.db import Database
from lms.duties import queries
from lms.duties.rules import GRACE_DAYS, DutyState
from lms.people.rules import PersonAction, Post
from tests.certification import making
from tests.conftest import CountQueries, Site, make_app, post, sign_in_as
from tests.duties.lists import Lists
from tests.duties.test_queries import forget
from tests.duties.test_services import able, reword
from tests.world import NOW, World

As = Callable[[str], FlaskClient]
DANGER = "有危险，谁都可以报，谁都该报。"
LAW = "《突发事件应对法》第60条：发现突发事件或者可能出事的异常情况，应当立即报告。"


def page(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def test_a_newcomer_sees_what_is_learnt_and_what_is_missing(lists: Lists, as_person: As, world: World) -> None:
    text = page(as_person("N1"), "/me/duties")
    for words in (
        "我的职责清单",
        DANGER,
        "tel:119",
        LAW,
        "跟学中",
        "还没有结对师傅",
        "还没有《岗前培训（第一部分）学习证明》",
        "现在还在培训",
        "这份清单还没有确认过。",
        "下一步：学《五项职能与闭环流程》里的",
        "0 级，要 2 级",
        f"/people/{world.person_public_ids['N1']}/competency/INS1",
        "这件事谁都能报，谁都该报。",
    ):
        assert words in text, words
    assert "已开放</h2>" not in text


def test_an_open_item_says_since_when_and_a_closed_one_why(lists: Lists, as_person: As, db: Database) -> None:
    making.load_content(db)
    certificate = able(lists)
    client = as_person("M1")
    text = page(client, "/me/duties")
    assert "已开放</h2>" in text
    assert "2026年11月24日 起，因为证书" in text
    assert "学习证明》有效到 2028年11月23日" in text
    lists.revoke(certificate)
    text = page(client, "/me/duties")
    assert "已开放</h2>" not in text  # won and lost on one day
    assert "学习证明》已注销" in text
    assert "能力够了，差学习证明。" in text


def test_a_grace_shows_its_last_day_and_what_to_do(lists: Lists, as_person: As, db: Database) -> None:
    making.load_content(db)
    recognition = lists.recognise("M1", "INS1", 2)
    lists.recognise("M1", "INS2", 2)
    lists.certify("M1")
    clock.freeze(NOW + timedelta(days=1))
    lists.end_recognition(recognition)
    text = page(as_person("M1"), "/me/duties")
    assert GRACE_DAYS == 60
    assert "只开到 2027年1月23日。" in text
    assert "在这以前补上下面的，就接着开放。" in text
    assert "2 项，可以自己做" in text


def test_who_is_suspended_sees_all_of_it_paused_and_the_way_to_report(lists: Lists, as_person: As) -> None:
    client = as_person("M1")
    lists.move("M1", PersonAction.SUSPEND)
    text = page(client, "/me/duties")
    assert "现在暂停负责网格，下面的职责都停着。" in text
    assert "8 项，都先不做" in text
    assert "duty--paused" in text
    assert DANGER in text
    assert "这件事谁都能报，谁都该报。" in text
    assert "职责暂停着，等恢复了再确认。" in page(client, "/me/duties/acknowledge")
    lists.move("M1", PersonAction.REINSTATE)
    lists.move("M1", PersonAction.SECOND)
    assert "借调在外" in page(client, "/me/duties")


def test_who_has_no_post_is_told_what_will_be_there(as_person: As) -> None:
    client = as_person("O1")
    assert "清单上还没有职责" in page(client, "/me/duties")
    assert "清单上还没有职责" in page(client, "/me/duties/acknowledge")


def test_the_leader_and_the_official_see_a_persons_list(lists: Lists, as_person: As, world: World) -> None:
    path = f"/people/{world.person_public_ids['N1']}/duties"
    for number in ("L1", "O1"):
        text = page(as_person(number), path)
        assert "李秀兰的职责清单" in text
        assert "看一遍，再确认" not in text
        assert "/courses/c05" not in text  # the way to a lesson is the learner's
    for number in ("O9", "M1", "T1"):
        assert as_person(number).get(path).status_code in {403, 404}


def test_the_page_of_a_person_leads_to_the_list(lists: Lists, as_person: As, world: World) -> None:
    public_id = world.person_public_ids["N1"]
    assert f"/people/{public_id}/duties" in page(as_person("O1"), f"/people/{public_id}")
    assert f"/people/{public_id}/duties" not in page(as_person("S1"), f"/people/{public_id}")


# --- the catalogue -----------------------------------------------------------------------------------------


def test_the_matrix_shows_all_and_finds_by_word_function_and_way(lists: Lists, as_person: As) -> None:
    client = as_person("N1")
    text = page(client, "/duties")
    assert "26 项" in text
    assert DANGER in text
    assert 'method="get"' in text
    assert text.count('href="/duties/D') == 26
    found = page(client, "/duties?q=楼道")
    assert "/duties/D06" in found
    assert "/duties/D10" not in found
    assert "看全部 26 项" in found
    assert page(client, "/duties?function=follow_up").count('href="/duties/D') == 2
    assert "/duties/D04" not in page(client, "/duties?way=escalate")
    assert "没有找到" in page(client, "/duties?q=没有这个词")


def test_one_item_says_everything(lists: Lists, as_person: As, db: Database) -> None:
    text = page(as_person("M1"), "/duties/D08")
    for words in (
        "燃气、用电隐患",
        DANGER,
        "这件事谁都能报，谁都该报，能力没到也一样。",
        "15 分钟内",
        "立即上报",
        "巡查岗",
        "协助政府事项",
        "街道还在查",
        "《突发事件应对法》第60条",
        "职权边界：处置、协调、上报",
        "我现在",
        "2 级",
    ):
        assert words in text, words
    assert "私人的合法财产受法律保护" in page(as_person("M1"), "/duties/D06")
    assert "C16 · 还在写" not in page(as_person("M1"), "/duties/D26")
    forget(db, "c16")
    assert "C16 · 还在写" in page(as_person("M1"), "/duties/D26")
    other = page(as_person("M1"), "/duties/D12")
    assert "我现在</h2>" not in other
    assert "几个岗都沾边的，定一个牵头的" in other
    assert as_person("M1").get("/duties/D99").status_code == 404


# --- acknowledging -----------------------------------------------------------------------------------------


def test_a_list_is_read_and_confirmed(lists: Lists, as_person: As) -> None:
    client = as_person("M1")
    text = page(client, "/me/duties/acknowledge")
    for words in ("整份清单", "什么时候都不得", "不得罚款", DANGER, "已读，照办", "站在安全处"):
        assert words in text, words
    response = post(client, "/me/duties/acknowledge", {"digest": lists.view("M1").digest})
    assert response.status_code == 302
    text = page(client, "/me/duties")
    assert "记下了：第 1 版，您已读，照办。" in text
    assert "等着确认" not in text
    assert "以后没有变过，不用再确认" in page(client, "/me/duties/acknowledge")


def test_after_a_change_the_difference_is_shown(lists: Lists, as_person: As, db: Database) -> None:
    lists.acknowledge("M1")
    lists.post("M1", Post.FOLLOW_UP)
    reword(db, "limit: 15m", "limit: 10m")
    reword(db, "楼口贴通知，写明谁发的、找谁问", "楼口贴通知，写明哪天到期")
    lists.sweep()
    client = as_person("M1")
    assert "清单有变化，第 2 版等着确认。" in page(client, "/me/duties")
    text = page(client, "/me/duties/acknowledge")
    for words in ("变了什么", "新加的", "线上线下回访", "改了说法", "15 分钟内", "10 分钟内", "没变的"):
        assert words in text, words
    assert "原来：楼口贴通知，写明谁发的、找谁问</p>" in text  # the steps that stay are not told again
    assert "现在：楼口贴通知，写明哪天到期</p>" in text
    stale = post(client, "/me/duties/acknowledge", {"digest": "0" * 64})
    assert stale.status_code == 422
    assert "清单刚变过" in stale.get_data(as_text=True)
    assert post(client, "/me/duties/acknowledge", {"digest": lists.view("M1").digest}).status_code == 302
    assert "第 2 版" in page(client, "/me/duties")


def test_what_opened_and_closed_is_shown(lists: Lists, as_person: As, db: Database) -> None:
    making.load_content(db)
    lists.acknowledge("M1")
    able(lists)
    text = page(as_person("M1"), "/me/duties/acknowledge")
    assert "开放了" in text
    assert "从现在起可以自己做。" in text


def test_others_see_what_was_confirmed(lists: Lists, as_person: As, db: Database) -> None:
    row = lists.acknowledge("M1")
    reword(db, "站在安全处，请人绕开，能挡就挡", "改过的话")
    lists.sweep()
    text = page(as_person("L1"), f"/duties/acknowledgements/{row.public_id}")
    assert "站在安全处，请人绕开，能挡就挡" in text
    assert "第 1 版，2026年11月24日确认" in text
    text = page(as_person("O1"), "/duties/acknowledgements")
    assert f"/duties/acknowledgements/{row.public_id}" in text
    assert "4 人有清单" in text
    waiting = page(as_person("O1"), "/duties/acknowledgements?show=waiting")
    assert "李秀兰" in waiting
    assert as_person("N1").get("/duties/acknowledgements").status_code == 403


def test_empty_teams_say_what_will_be_there(site: Site, as_person: As) -> None:
    client = as_person("O1")
    assert "还没有人有清单" in page(client, "/duties/acknowledgements")
    assert "都确认过了" in page(client, "/duties/acknowledgements?show=waiting")
    assert "还没有人有已开放的职责" in page(client, "/duties/acknowledgements?show=open")
    assert "没有人在跟学职责" in page(client, "/duties/acknowledgements?show=learning")


def test_a_team_is_narrowed_to_open_and_to_learnt_items(lists: Lists, as_person: As, db: Database) -> None:
    with db.reading() as session:
        needs = queries.needs_of(session, {Post.INSPECTION})
    lists.able("M1", needs)
    lists.certify("M1")
    lists.sweep()
    number = sum(each.state is DutyState.OPEN for each in lists.kept("M1").values())
    assert number
    client = as_person("O1")
    text = page(client, "/duties/acknowledgements?show=open")
    assert f"只看有已开放职责的人：1 人，共 {number} 项已开放的职责" in text
    assert "王建国" in text
    assert "李秀兰" not in text
    assert 'href="/duties/acknowledgements">看全部' in text
    learnt = [lists.kept(each) for each in ("N1", "N2", "M1", "L1")]
    items = [[verdict.state for verdict in each.values()].count(DutyState.LEARNING) for each in learnt]
    text = page(client, "/duties/acknowledgements?show=learning")
    persons = sum(bool(each) for each in items)
    assert f"只看有跟学职责的人：{persons} 人，共 {sum(items)} 项跟着师傅学的职责" in text
    everybody = page(client, "/duties/acknowledgements?show=nothing")
    assert "只看" not in everybody
    assert "共 4 条" in everybody


# --- paper and history -------------------------------------------------------------------------------------


def test_paper_has_lines_to_sign_version_and_prohibited_acts(lists: Lists, as_person: As, world: World) -> None:
    lists.acknowledge("N1")
    path = f"/people/{world.person_public_ids['N1']}/duties/print"
    for number in ("N1", "L1"):
        text = page(as_person(number), path)
        for words in (
            "网格员岗位职责清单",
            "第 1 版，2026年11月24日网上确认",
            "2026年11月24日打印",
            "网格员签名、日期",
            "网格长签名、日期",
            "不得罚款",
            "不得代替部门作出承诺",
            "火警 119",
            "D05",
        ):
            assert words in text, words
        assert "盖章" not in text
    leader = page(as_person("L1"), f"/people/{world.person_public_ids['L1']}/duties/print")
    assert "网格长岗位职责清单" in leader
    assert "街道签名、日期" in leader


def test_the_history_says_when_and_why(lists: Lists, as_person: As, world: World) -> None:
    lists.post("N1", Post.FOLLOW_UP)
    client = as_person("N1")
    text = page(client, f"/people/{world.person_public_ids['N1']}/duties/history")
    assert "从“不在清单上”到“跟学中”" in text
    assert "因为岗位变了" in text
    assert "线上线下回访" in text
    empty = page(as_person("O1"), f"/people/{world.person_public_ids['O1']}/duties/history")
    assert "还没有变化" in empty


def test_the_history_tells_the_end_of_a_certificate_from_that_of_its_grace(
    lists: Lists, as_person: As, world: World
) -> None:
    lists.certify("M1")
    clock.freeze(NOW + timedelta(days=400))
    lists.able("M1", {"INS1": 2, "INS2": 2})
    clock.freeze(NOW + timedelta(days=731))
    lists.rounds()
    path = f"/people/{world.person_public_ids['M1']}/duties/history"
    text = page(as_person("M1"), path)
    assert "从“已开放”到“限期内开放”" in text
    assert "2028年11月24日 · 因为证书" in text
    assert "2028年11月24日 · 因为日子到了" not in text
    clock.freeze(NOW + timedelta(days=800))
    lists.rounds()
    assert "2029年1月23日 · 因为限期过了" in page(as_person("M1"), path)


def test_everything_is_there_in_english(latin_site: Site) -> None:
    lists = Lists(latin_site.db, latin_site.world)
    lists.sweep()
    client = make_app(latin_site).test_client()
    sign_in_as(client, "M1")
    text = page(client, "/duties/D05")
    assert "Reporting damaged public facilities" in text
    assert "within 24 hours" in text
    assert "must report it at once" in text


@pytest.mark.parametrize(
    "path",
    [
        "/me/duties",
        "/me/duties/acknowledge",
        "/duties",
        "/duties/D05",
        "/duties/acknowledgements",
        "/people/{}/duties",
        "/people/{}/duties/print",
        "/people/{}/duties/history",
    ],
)
def test_pages_ask_little(lists: Lists, site: Site, as_person: As, count_queries: CountQueries, path: str) -> None:
    client = as_person("L1")
    lists.acknowledge("N1")
    where = path.format(site.world.person_public_ids["N1"])
    page(client, where)
    with count_queries(site.db) as statements:
        page(client, where)
    assert len(statements) <= 12, statements
