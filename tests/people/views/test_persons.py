"""Pages of persons over HTTP: list, one person, entering, correcting, phone, one-time codes, slips, export."""

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from openpyxl import load_workbook

from lms.access.identity import CONSOLE
from lms.audit.models import AccessLog
from lms.core import clock
from lms.people import queries
from lms.people.models import Account, Person
from lms.people.rules import StaffState
from lms.people.services import persons
from tests import trail
from tests.conftest import CountQueries, Site, post, sign_in_as
from tests.world import NOW, PASSWORD, TODAY

As = Callable[[str], FlaskClient]


def confirmed(client: FlaskClient) -> FlaskClient:
    """Give the password again, as acts that count ask for."""
    assert post(client, "/me/confirm", {"password": PASSWORD, "next": "/me"}).status_code == 302
    return client


def address(site: Site, number: str, rest: str = "") -> str:
    return f"/people/{site.world.person_public_ids[number]}{rest}"


def typed(site: Site, **changes: str) -> dict[str, str]:
    return {
        "staff_number": "CG0500",
        "name": "王芳",
        "sex": "female",
        "birth_month": "1974-05",
        "education": "大专",
        "phone": "13900005678",
        "unit": site.world.unit_public_ids["east.1.1"],
        "joined_on": "2026-11-24",
        **changes,
    }


def person_of(site: Site, staff_number: str) -> Person | None:
    with site.db.reading() as session:
        return session.scalar(sa.select(Person).where(Person.staff_number == staff_number))


# --- the list ---------------------------------------------------------------------------------------------


def test_the_list_is_searched_and_filtered(site: Site, as_person: As) -> None:
    client = as_person("O1")
    text = client.get("/people").get_data(as_text=True)
    assert "李秀兰" in text
    assert "唐㛃" not in text  # another office
    text = client.get("/people?q=ｃｇ００ｎ１").get_data(as_text=True)
    assert "李秀兰" in text
    assert "乌云·其其格" not in text
    unit = site.world.unit_public_ids["east.1.2"]
    text = client.get(f"/people?unit={unit}&state=trainee").get_data(as_text=True)
    assert "乌云·其其格" in text
    assert "李秀兰" not in text
    assert f'<option value="{unit}" selected>' in text
    text = client.get("/people?q=没有这个人").get_data(as_text=True)
    assert "没有找到" in text
    assert 'value="没有这个人"' in text


def test_a_unit_out_of_reach_is_not_there(site: Site, as_person: As) -> None:
    client, elsewhere = as_person("O1"), site.world.unit_public_ids["west.1"]
    assert client.get(f"/people?unit={elsewhere}").status_code == 404
    assert client.get(f"/people/slips?unit={elsewhere}").status_code == 404
    assert post(confirmed(client), "/people/export", {"unit": elsewhere}).status_code == 404


def test_longer_lists_have_pages_that_keep_the_filter(site: Site, as_person: As) -> None:
    with site.db.writing() as session:
        grid = site.world.unit(session, "east.2.1")
        for number in range(65):
            data = persons.PersonData(staff_number=f"CG1{number:03}", name=f"赵{number}", joined_on=TODAY)
            persons.add_person(session, CONSOLE, grid, data, now=NOW)
    client = as_person("O1")
    text = client.get("/people?q=赵&state=candidate").get_data(as_text=True)
    assert "第 1 到 30 条，共 65 条" in text
    following = re.search(r'href="(/people\?[^"]*page=2)"', text)
    assert following is not None
    assert "第 31 到 60 条，共 65 条" in client.get(following[1].replace("&amp;", "&")).get_data(as_text=True)


def test_the_export_is_the_filtered_list_with_masked_phones_and_is_logged(site: Site, as_person: As) -> None:
    client = as_person("O1")
    clock.freeze(NOW + timedelta(minutes=6))  # the password given at sign-in counts for five minutes
    response = post(client, "/people/export", {"back": "/people?q=CG"})
    assert response.status_code == 302
    assert response.location.startswith("/me/confirm?next=/people")
    confirmed(client)
    before = logged(site, "people:person:export")
    response = post(client, "/people/export", {"q": "cg00n", "state": "trainee"})
    assert response.status_code == 200
    assert "attachment" in response.headers["Content-Disposition"]
    [sheet] = load_workbook(io.BytesIO(response.data)).worksheets
    rows: list[list[Any]] = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["工号", "姓名", "性别", "出生年月", "学历", "手机", "单位", "状态", "入职日期"]
    assert sorted(row[0] for row in rows[1:]) == ["CG00N1", "CG00N2"]
    row = next(row for row in rows if row[0] == "CG00N1")
    assert row[1:4] == ["李秀兰", "女", "1974-05"]
    assert row[5] == "138****1234"
    assert row[6:8] == ["东街道1社区第1网格", "培训中"]
    assert row[8].date() == date(2026, 7, 1)
    assert logged(site, "people:person:export") == before + 1


def logged(site: Site, what: str) -> int:
    with site.db.reading() as session:
        count = sa.select(sa.func.count()).select_from(AccessLog)
        return session.scalar(count.where(AccessLog.what == what, AccessLog.outcome == "used")) or 0


# --- one person -------------------------------------------------------------------------------------------


def test_the_page_of_a_person_tells_what_is_known(site: Site, as_person: As) -> None:
    text = as_person("O1").get(address(site, "M1")).get_data(as_text=True)
    for words in ("王建国", "CG00M1", "1974-05", "138****1234", "巡查岗", "带教师傅", "在岗", "任岗位", "角色生效"):
        assert words in text, words
    assert "13800001234" not in text
    assert address(site, "M1", "/competency") in text
    assert "/results?q=CG00M1" in text
    assert "/certificates?q=CG00M1" in text


def test_a_leader_is_shown_what_leaders_may_do_only(site: Site, as_person: As) -> None:
    text = as_person("L1").get(address(site, "N1")).get_data(as_text=True)
    assert "重置密码" in text
    for words in ("改信息", "看完整手机号", "给一个角色", "办过的事", "生成登录纸条"):
        assert words not in text, words


def test_ones_own_page_offers_nothing_that_others_must_do(site: Site, as_person: As) -> None:
    text = as_person("O1").get(address(site, "O1")).get_data(as_text=True)
    for words in ("给一个角色", "重置密码", "生成登录纸条"):
        assert words not in text, words


@pytest.mark.parametrize("rest", ["", "/edit", "/reset", "/roles/new"])
def test_somebody_out_of_reach_is_not_there(site: Site, as_person: As, rest: str) -> None:
    client = confirmed(as_person("O1"))
    assert client.get(address(site, "N9", rest)).status_code == 404
    assert client.get(f"/people/nobody{rest}").status_code == 404


def test_posts_to_somebody_out_of_reach_change_nothing(site: Site, as_person: As) -> None:
    client = confirmed(as_person("O1"))
    before = trail.seq(site.db)
    for rest in ("/edit", "/reset", "/admit", "/phone", "/roles/new"):
        assert post(client, address(site, "N9", rest), typed(site)).status_code == 404, rest
    stranger = site.world.person_public_ids["N9"]
    assert post(client, "/people/slips", {"person": stranger}).status_code == 404
    assert trail.seq(site.db) == before


def test_the_whole_number_is_shown_after_the_password_and_logged(site: Site, as_person: As) -> None:
    client = as_person("O1")
    page = address(site, "N1")
    clock.freeze(NOW + timedelta(minutes=6))  # the password given at sign-in counts for five minutes
    response = post(client, f"{page}/phone", {"back": page})
    assert response.location.startswith("/me/confirm?next=/people/")
    assert "13800001234" not in response.get_data(as_text=True)
    confirmed(client)
    before = logged(site, "people:phone:unmask")
    response = post(client, f"{page}/phone")
    assert response.status_code == 200
    assert "13800001234" in response.get_data(as_text=True)
    assert logged(site, "people:phone:unmask") == before + 1
    assert post(as_person("L1"), f"{page}/phone").status_code == 404


# --- entering and correcting ------------------------------------------------------------------------------


def test_entering_a_person(site: Site, as_person: As) -> None:
    client = as_person("O1")
    before = trail.seq(site.db)
    response = post(client, "/people/new", typed(site, staff_number=" ｃｇ0500 ", phone="139 0000 5678"))
    person = person_of(site, "CG0500")
    assert person is not None
    assert (person.name, person.phone, person.state) == ("王芳", "13900005678", StaffState.CANDIDATE)
    assert response.location == f"/people/{person.public_id}"
    assert [entry.tag for entry in trail.entries(site.db, before)] == ["people:person:added"]
    assert "已加入 王芳" in client.get(response.location).get_data(as_text=True)
    # A second click makes no second person.
    response = post(client, "/people/new", typed(site))
    assert response.status_code == 422
    assert "已经有人用了" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "写上姓名"),
        ({"name": "长" * 61}, "最多 60 个字"),
        ({"name": "王\ue000"}, "旧系统自造的字"),
        ({"staff_number": "号"}, "3 到 20 位"),
        ({"staff_number": "CG00N1"}, "已经有人用了"),
        ({"birth_month": "1974-13"}, "1971-03"),
        ({"phone": "1" * 21}, "最多 20 位"),
        ({"phone": "1" * 31}, "30"),
        ({"joined_on": "昨天"}, "日期"),
    ],
)
def test_wrong_input_keeps_what_was_typed(site: Site, as_person: As, changes: dict[str, str], words: str) -> None:
    client = as_person("O1")
    before = trail.seq(site.db)
    sent = typed(site, **changes)
    response = post(client, "/people/new", sent)
    assert response.status_code == 422
    text = response.get_data(as_text=True)
    assert "有 1 处要改" in text
    assert words in text
    for name in ("staff_number", "name", "phone", "birth_month"):
        assert f'value="{sent[name]}"' in text, name
    assert f'<option selected value="{sent["unit"]}">' in text
    assert '<option selected value="大专">' in text
    assert trail.seq(site.db) == before


def test_a_unit_out_of_reach_is_no_choice(site: Site, as_person: As) -> None:
    unit = site.world.unit_public_ids["west.1.1"]
    assert post(as_person("O1"), "/people/new", typed(site, unit=unit)).status_code == 422
    assert person_of(site, "CG0500") is None


def _version(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', client.get(page).get_data(as_text=True))
    assert found is not None
    return found[1]


def test_correcting_a_person(site: Site, as_person: As) -> None:
    client, page = as_person("O1"), address(site, "N1", "/edit")
    text = client.get(page).get_data(as_text=True)
    assert 'value="李秀兰"' in text
    assert 'value="13800001234"' in text
    before = trail.seq(site.db)
    sent = typed(site, staff_number="CG00N1", name="李秀岚", version=_version(client, page))
    response = post(client, page, sent)
    assert response.location == address(site, "N1")
    changed = person_of(site, "CG00N1")
    assert changed is not None
    assert changed.name == "李秀岚"
    [entry] = trail.entries(site.db, before)
    assert entry.tag == "people:person:changed"
    assert "已改好" in client.get(response.location).get_data(as_text=True)
    sent["version"] = _version(client, page)
    assert post(client, page, sent).status_code == 302
    assert "没有改动" in client.get(address(site, "N1")).get_data(as_text=True)


def test_of_two_tabs_the_second_is_told_and_keeps_what_was_typed(site: Site, as_person: As) -> None:
    one, two, page = as_person("O1"), as_person("O2"), address(site, "N1", "/edit")
    version = _version(one, page)
    assert post(one, page, typed(site, staff_number="CG00N1", name="李秀岚", version=version)).status_code == 302
    response = post(two, page, typed(site, staff_number="CG00N1", name="李秀蓝", version=version))
    assert response.status_code == 422
    text = response.get_data(as_text=True)
    assert "刚被别人改过" in text
    assert 'value="李秀蓝"' in text
    assert "看最新的信息" in text
    kept = person_of(site, "CG00N1")
    assert kept is not None
    assert kept.name == "李秀岚"
    without = typed(site, staff_number="CG00N1", name="李秀蓝")
    assert post(two, page, without).status_code == 422


def test_admitting_a_candidate_once(site: Site, as_person: As) -> None:
    client = as_person("O1")
    post(client, "/people/new", typed(site))
    person = person_of(site, "CG0500")
    assert person is not None
    page = f"/people/{person.public_id}"
    assert "材料齐了，转为培训中" in client.get(page).get_data(as_text=True)
    before = trail.seq(site.db)
    assert post(client, f"{page}/admit").location == page
    assert "可以开始学习了" in client.get(page).get_data(as_text=True)
    assert post(client, f"{page}/admit").location == page
    assert len(trail.entries(site.db, before)) == 1
    text = client.get(page).get_data(as_text=True)
    assert "现在的状态不能这样办" in text
    assert "材料齐了，转为培训中" not in text


# --- one-time codes and slips -----------------------------------------------------------------------------


def _codes(text: str) -> list[str]:
    return re.findall(r'<dt>一次性密码</dt><dd class="slip__c">([^<]+)</dd>', text)


def test_a_reset_shows_the_code_once_and_ends_the_old_password(site: Site, app: Any, as_person: As) -> None:
    client, page, theirs = as_person("O1"), address(site, "N1", "/reset"), as_person("N1")
    assert "只显示一次" in client.get(page).get_data(as_text=True)
    response = post(client, page)
    assert response.status_code == 200
    [code] = _codes(response.get_data(as_text=True))
    assert code not in client.get(page).get_data(as_text=True)
    assert code not in client.get(address(site, "N1")).get_data(as_text=True)
    assert theirs.get("/me").status_code == 302
    assert sign_in_as(app.test_client(), "N1").status_code == 422
    again = app.test_client()
    assert sign_in_as(again, "N1", code.lower()).status_code == 302
    assert again.get("/").location.startswith("/me/password")
    # A second click gives another code; the one on the last page is the one that counts.
    [second] = _codes(post(client, page).get_data(as_text=True))
    assert sign_in_as(app.test_client(), "N1", code).status_code == 422
    assert sign_in_as(app.test_client(), "N1", second).status_code == 302


def test_a_reset_that_is_not_allowed_says_why(site: Site, as_person: As) -> None:
    response = post(as_person("O1"), address(site, "S1", "/reset"))
    assert response.status_code == 422
    assert "系统管理员来重置" in response.get_data(as_text=True)


def test_slips_are_printed_for_those_who_need_one(site: Site, app: Any, as_person: As) -> None:
    client = as_person("O1")
    assert "人人都设好密码了" in client.get("/people/slips").get_data(as_text=True)
    post(client, "/people/new", typed(site, staff_number="CG00X1"))
    person = person_of(site, "CG00X1")
    assert person is not None
    text = client.get("/people/slips").get_data(as_text=True)
    assert "王芳" in text
    assert "checked" in text
    settled = site.world.person_public_ids["N1"]
    response = post(client, "/people/slips", {"person": [person.public_id, settled, person.public_id]})
    text = response.get_data(as_text=True)
    [code] = _codes(text)
    for words in (
        "王芳",
        "CG00X1",
        "http://localhost",
        "自己设一个新密码",
        "2026年12月24日",
        "有 1 人已经自己设了密码",
    ):
        assert words in text, words
    assert sign_in_as(app.test_client(), "N1").status_code == 302  # the own password was left alone
    assert sign_in_as(app.test_client(), "X1", code).status_code == 302
    with site.db.reading() as session:
        account = session.scalars(sa.select(Account).where(Account.person_id == person.id)).one()
        assert account.temporary_until == clock.real_now() + timedelta(days=30)
    text = client.get("/people/slips").get_data(as_text=True)
    assert "印过，还没用" in text
    assert code not in text


def test_nobody_ticked_prints_nothing(as_person: As) -> None:
    client = as_person("O1")
    assert post(client, "/people/slips").location == "/people/slips"
    assert "先勾上要打印的人" in client.get("/people/slips").get_data(as_text=True)


# --- how much the pages ask -------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", ["", "/edit", "/reset"])
def test_the_pages_of_a_person_ask_little(site: Site, as_person: As, count_queries: CountQueries, rest: str) -> None:
    client = as_person("O1")
    with count_queries(site.db) as statements:
        assert client.get(address(site, "M1", rest)).status_code == 200
    assert len(statements) <= 12, statements


@pytest.mark.parametrize("page", ["/people", "/people?q=CG&state=trainee", "/people/new", "/people/slips"])
def test_the_lists_ask_little(site: Site, as_person: As, count_queries: CountQueries, page: str) -> None:
    with site.db.writing() as session:
        grid = site.world.unit(session, "east.2.1")
        for number in range(25):
            data = persons.PersonData(staff_number=f"CG1{number:03}", name=f"赵{number}", joined_on=TODAY)
            persons.add_person(session, CONSOLE, grid, data, now=NOW)
    client = as_person("O1")
    with count_queries(site.db) as statements:
        assert client.get(page).status_code == 200
    assert len(statements) <= 12, statements


def test_a_search_for_a_dot_or_hyphen_finds_nobody(shared_site: Site) -> None:
    identity = shared_site.world.identity(shared_site.db, "O1")
    with shared_site.db.reading() as session:
        for text in ("·", "-", " · "):
            assert session.scalars(queries.search_persons(identity, text=text)).all() == [], text
