"""Pages of a case: the chain with who and when, locks with their reason, forms that keep what was typed."""

from collections.abc import Callable

from flask.testing import FlaskClient

from lms.core import clock
from lms.people import queries as people
from lms.people.rules import PersonAction
from lms.people.services import standing
from lms.selection.rules import Body, CaseState
from tests.conftest import CountQueries, post
from tests.selection import making
from tests.selection.making import Office
from tests.selection.views.conftest import Shut
from tests.world import PASSWORD, TODAY

Browser = Callable[[str], FlaskClient]


def page(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def test_somebody_outside_is_entered_and_the_slip_printed(ready: Office, as_person: Browser) -> None:
    official = as_person("O1")
    round_id = making.opened(ready)
    with ready.db.reading() as session:
        place = making.place_of(session, round_id)
    path = f"/selection/{round_id}/enter"
    values = {
        "place": place,
        "name": "高秀英",
        "sex": "female",
        "birth_month": "1979-11",
        "education": "大专",
        "source": "resident",
        "stated_on": TODAY.isoformat(),
        "relative_1": "陈志强",
        "relation_1": "spouse",
        "relation_2": "spouse",
        "relation_3": "spouse",
    }
    for changes, words in (({"birth_month": "79年"}, "79年"), ({"name": ""}, "要写上"), ({"source": ""}, "选一个")):
        wrong = post(official, path, {**values, **changes})
        assert wrong.status_code == 422
        assert words in wrong.get_data(as_text=True)
    where = post(official, path, values).headers["Location"]
    text = page(official, where)
    assert "高秀英" in text
    assert "陈志强" in text  # declared, for officials
    assert "要回避" in text  # it is she
    slip = page(official, where + "/slip")
    assert "网格员选拔报名表" in slip
    assert "本人签名" in slip
    assert "陈志强" not in slip.partition("<main")[2]


def test_the_chain_stands_on_one_page_with_who_and_when(ready: Office, as_person: Browser) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    making.file(ready, cases["N1"])
    text = page(as_person("O1"), f"/selection/cases/{cases['N1']}")
    order = [text.index(words) for words in ("核对材料", "考察", "公示", "审批", "云网备〔2026〕1号")]
    assert order == sorted(order)
    for words in ("陈志强，2026年11月24日", "郭明，2026年12月4日", "区网格中心", "签名人O1签"):
        assert words in text.replace("\u2009", "").replace('<span lang="zh-Hans">', "").replace("</span>", ""), words
    assert f"/competency/{ready.world.person_public_ids['N1']}" in text or "/evidence" in text or "ETH1" in text
    assert "/results/" in text or "quizzes" in text


def test_a_lock_says_its_reason(ready: Office, as_person: Browser) -> None:
    _round_id, cases = making.posted(ready, "N1")
    assert "公示还没有结束" not in page(as_person("O1"), f"/selection/cases/{cases['N1']}")
    assert "材料是您核对的" in page(as_person("O1"), f"/selection/cases/{cases['N1']}")
    assert "考察意见是您录的" in page(as_person("O2"), f"/selection/cases/{cases['N1']}")
    refused = post(as_person("O2"), f"/selection/cases/{cases['N1']}/approve", {"password": PASSWORD})
    assert refused.status_code == 422
    assert "考察意见是您录的" in refused.get_data(as_text=True)


def test_check_and_opinions_by_form(ready: Office, as_person: Browser) -> None:
    case = making.apply(ready, making.opened(ready), "N1")
    where = f"/selection/cases/{case}"
    first, second = as_person("O1"), as_person("O2")
    assert post(first, f"{where}/check", {"seen": "statement", "other": "毕业证"}).status_code == 302
    assert "毕业证" in page(first, where)
    assert post(first, f"{where}/check", {"seen": ["statement", "identity_seen"]}).status_code == 302
    values = {"body": "party_committee", "is_agreed": "yes", "text": "好", "signer": "甲", "dated": TODAY.isoformat()}
    wrong = post(first, f"{where}/opinion", {**values, "signer": ""})
    assert wrong.status_code == 422
    assert "好" in wrong.get_data(as_text=True)
    assert post(first, f"{where}/opinion", values).status_code == 302
    own = {**values, "body": "residents_committee", "signer": "乙"}
    again = post(first, f"{where}/opinion", own)
    assert "两个人分别录" in again.get_data(as_text=True)
    assert post(second, f"{where}/opinion", own).status_code == 302
    assert making.case_state(ready, case) is CaseState.EXAMINED


def test_decide_and_file_with_the_password(ready: Office, as_person: Browser) -> None:
    """O2 takes no part here, so she decides; a wrong password changes nothing."""
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    making.check(ready, case, by="O3")
    making.opine(ready, case, Body.PARTY_COMMITTEE, by="O3")
    making.opine(ready, case, Body.RESIDENTS_COMMITTEE, by="O4")
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    making.make_list(ready, round_id, by="O3")
    making.post(ready, round_id, by="O3")
    where = f"/selection/cases/{case}"
    official = as_person("O2")
    assert "公示还没有结束" in page(official, where)
    assert post(official, f"{where}/refuse", {"reason": "", "password": PASSWORD}).status_code == 422
    making.after_notice(ready, round_id)
    official = as_person("O2")
    wrong = post(official, f"{where}/approve", {"password": "not this one"})
    assert wrong.status_code == 422
    assert making.case_state(ready, case) is CaseState.PROPOSED
    assert post(official, f"{where}/approve", {"password": PASSWORD}).status_code == 302
    assert making.case_state(ready, case) is CaseState.APPROVED
    values = {"number": "云网备1号", "filed_on": clock.today().isoformat(), "office": "", "password": PASSWORD}
    missing = post(official, f"{where}/file", values)
    assert missing.status_code == 422
    assert "云网备1号" in missing.get_data(as_text=True)
    assert post(official, f"{where}/file", {**values, "office": "区网格中心"}).status_code == 302
    assert making.case_state(ready, case) is CaseState.FILED


def test_a_withdrawal_is_noted_with_its_reason(ready: Office, as_person: Browser) -> None:
    case = making.apply(ready, making.opened(ready), "N1")
    official = as_person("O1")
    assert post(official, f"/selection/cases/{case}/withdraw", {"reason": " "}).status_code == 422
    assert post(official, f"/selection/cases/{case}/withdraw", {"reason": "本人来电"}).status_code == 302
    assert making.case_state(ready, case) is CaseState.WITHDRAWN


def test_an_approval_lapses_by_the_password_and_the_person_is_told(ready: Office, as_person: Browser) -> None:
    round_id, cases = making.posted(ready, "N1")
    where = f"/selection/cases/{cases['N1']}"
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    official = as_person("O1")
    assert "这份同意就作废" in page(official, f"{where}/withdraw")
    assert post(official, f"{where}/withdraw", {"reason": "本人来电"}).status_code == 422
    wrong = post(official, f"{where}/withdraw", {"reason": "本人来电", "password": "not this one"})
    assert wrong.status_code == 422
    assert "本人来电" in wrong.get_data(as_text=True)
    assert making.case_state(ready, cases["N1"]) is CaseState.APPROVED
    assert post(official, f"{where}/withdraw", {"reason": "本人来电", "password": PASSWORD}).status_code == 302
    assert making.case_state(ready, cases["N1"]) is CaseState.WITHDRAWN
    assert "您的报名撤回了" in page(as_person("N1"), "/messages")


def test_nobody_who_left_is_filed_and_the_page_says_so(ready: Office, as_person: Browser) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    with ready.db.writing() as session:
        person = people.person_with_id(session, ready.world.person_ids["N1"])
        standing.change_state(session, ready.who("O2"), person, PersonAction.END, reason="辞职", now=clock.now())
    assert "都请“登记撤回报名”" in page(as_person("O1"), f"/selection/cases/{cases['N1']}")
    assert "都请“登记撤回报名”" in page(as_person("O1"), f"/selection/cases/{cases['N1']}/file")


def test_an_act_that_cannot_be_done_shows_the_reason_and_no_form(
    ready: Office, as_person: Browser, is_shut: Shut
) -> None:
    official = as_person("O2")
    case = ""

    def shut(act: str, words: str) -> None:
        is_shut(official, f"/selection/cases/{case}/{act}", f"/selection/cases/{case}", words)

    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    shut("opinion", "先核对材料，齐了再录考察意见")
    for act in ("approve", "refuse"):
        shut(act, "先公示，期满没有异议再审批")
    shut("file", "先审批，再备案")
    making.check(ready, case, other="毕业证")
    shut("opinion", "材料还没补齐")
    making.check(ready, case, by="O3")
    making.opine(ready, case, Body.PARTY_COMMITTEE, by="O3")
    making.opine(ready, case, Body.RESIDENTS_COMMITTEE, by="O4")
    shut("check", "材料不能再核对")
    shut("opinion", "两份考察意见都已经录了")
    clock.freeze(making.LATER)
    official = as_person("O2")
    making.close(ready, round_id)
    making.make_list(ready, round_id, by="O3")
    making.post(ready, round_id, by="O3")
    shut("approve", "公示还没有结束")
    making.after_notice(ready, round_id)
    official = as_person("O1")
    shut("approve", "材料是您核对的")
    making.approve(ready, case, by="O2")
    shut("approve", "已经审批过了")
    making.file(ready, case)
    shut("file", "已经备案了")
    shut("withdraw", "已经备案了")


def test_who_did_not_come_on_the_list_is_not_shown_on_the_notice(ready: Office, as_person: Browser) -> None:
    making.trainees(ready.db, ready.world, {"X1": "石磊"}, certified=False)
    _round_id, cases = making.posted(ready, "N1", "N2", "X1")
    reserve = next(case for case in cases.values() if making.case_state(ready, case) is CaseState.RANKED)
    proposed = next(case for case in cases.values() if making.case_state(ready, case) is CaseState.PROPOSED)
    assert making.case_state(ready, cases["X1"]) is CaseState.NOT_READY
    official = as_person("O1")
    text = page(official, f"/selection/cases/{cases['X1']}")
    assert "没有进综合得分名单，不上公示" in text
    assert "看公示" not in text
    text = page(official, f"/selection/cases/{reserve}")
    assert "不在公示上" in text
    assert "看公示" not in text
    assert "看公示" in page(official, f"/selection/cases/{proposed}")


def test_the_page_asks_at_most_a_dozen_times(ready: Office, as_person: Browser, count_queries: CountQueries) -> None:
    _round_id, cases = making.posted(ready, "N1")
    official = as_person("O1")
    official.get(f"/selection/cases/{cases['N1']}")  # the framework is read once for the process
    with count_queries(ready.db) as statements:
        assert official.get(f"/selection/cases/{cases['N1']}").status_code == 200
    assert len(statements) <= 12, statements
