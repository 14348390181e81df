"""The home page, and the audit page with names."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.access.identity import CONSOLE, Role
from lms.core import clock
from lms.people.services import persons, roles
from tests import trail
from tests.conftest import CountQueries, Site, post
from tests.world import NOW, TODAY

As = Callable[[str], FlaskClient]


def text_of(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def test_the_home_page_says_who_and_where_one_is(as_person: As) -> None:
    text = text_of(as_person("N1"), "/")
    for words in ("李秀兰", "东街道1社区第1网格", "培训中", "巡查岗", "2026年11月24日", "星期二"):
        assert words in text


@pytest.mark.parametrize(("hour", "words"), [(0, "上午好"), (4, "下午好"), (10, "晚上好")])
def test_the_greeting_follows_the_clock_on_the_wall(as_person: As, hour: int, words: str) -> None:
    client = as_person("N1")
    clock.pretend(NOW.replace(hour=hour) - NOW + timedelta(days=1))
    assert words in text_of(client, "/")


def test_who_has_no_post_is_told_what_will_be_here(as_person: As) -> None:
    assert "还没有岗位" in text_of(as_person("T1"), "/")


def test_what_waits_stands_on_the_home_page_of_who_can_do_it(site: Site, as_person: As) -> None:
    with site.db.writing() as session:
        data = persons.PersonData(staff_number="CG0500", name="王芳", joined_on=TODAY)
        persons.add_person(session, CONSOLE, site.world.unit(session, "east.1.1"), data, now=NOW)
        roles.propose_role(
            session,
            site.world.identity(site.db, "O2"),
            site.world.person(session, "N1"),
            Role.MENTOR,
            site.world.unit(session, "east.1.1"),
            starts_on=TODAY,
            now=NOW,
        )
    official = text_of(as_person("O1"), "/")
    for words in ("角色等您确认", "还没有登录纸条的人", "候选人等核对材料"):
        assert words in official
    proposer = text_of(as_person("O2"), "/")
    assert "角色等您确认" not in proposer  # the own proposal waits for somebody else
    for number in ("N1", "O9"):
        assert "候选人等核对材料" not in text_of(as_person(number), "/")


def test_red_gaps_of_grids_wait_for_leader_and_official(site: Site, as_person: As, count_queries: CountQueries) -> None:
    grid = f"/grids/{site.world.unit_public_ids['east.1.1']}"
    leader = as_person("L1")
    with count_queries(site.db) as statements:
        text = leader.get("/").get_data(as_text=True)
    assert len(statements) <= 12
    assert "网格人员没配齐" in text
    assert f'href="{grid}"' in text  # the one grid they lead
    assert 'href="/units"' in as_person("O1").get("/").get_data(as_text=True)
    assert "网格人员没配齐" not in as_person("N1").get("/").get_data(as_text=True)


def test_every_figure_of_the_overview_opens_a_list_of_that_length(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    client = as_person("O1")
    with count_queries(site.db) as statements:
        text = client.get("/overview").get_data(as_text=True)
    assert len(statements) <= 12
    titles = ["定位网格员工作", "完善网格管理机制", "做好网格员管理工作", "定期进行选拔培训工作"]
    titles += ["加强网格员待遇保障", "制定科学考核机制", "强化网格员舆论宣传"]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    figures = dict(re.findall(r'href="(/people\?state=\w+)"><span class="count">(\d+)', text))
    assert figures["/people?state=active"] == "7"  # nobody of the other sub-district
    for url, number in figures.items():
        assert f"共 {number} 人" in client.get(url).get_data(as_text=True)
    assert as_person("L1").get("/overview").status_code == 403


def test_an_official_reads_the_trail_of_the_own_unit_with_names(as_person: As) -> None:
    rows = text_of(as_person("O1"), "/audit?tag=people:person:added").partition("data-trail")[2]
    assert "加入人员" in rows
    assert "李秀兰" in rows
    assert "唐㛃" not in rows  # of another sub-district


def test_an_auditor_reads_everything_and_a_newcomer_only_their_own_acts(as_person: As) -> None:
    assert "唐㛃" in text_of(as_person("A1"), "/audit?tag=people:person:added")
    assert "加入人员" not in text_of(as_person("N1"), "/audit").partition("data-trail")[2]


def test_the_trail_is_filtered(as_person: As) -> None:
    auditor = as_person("A1")
    rows = text_of(auditor, "/audit?tag=people:unit:added").partition("data-trail")[2]
    assert "加入单位" in rows
    assert "加入人员" not in rows
    for query in ("who=NOBODY", "object=nowhere", "first=2027-01-01", "last=2020-01-01"):
        assert "加入单位" not in text_of(auditor, f"/audit?{query}").partition("data-trail")[2], query
    for query in ("first=yesterday", "page=x", "page=-1", "page=9999", "tag=nothing", "who=%00"):
        assert auditor.get(f"/audit?{query}").status_code in {200, 400}, query


def test_checking_the_chain_leaves_its_own_entry(site: Site, as_person: As) -> None:
    auditor = as_person("A1")
    before = trail.seq(site.db)
    response = post(auditor, "/audit/verify")
    assert response.status_code == 302
    assert "每一环都对" in text_of(auditor, response.location)
    [entry] = trail.entries(site.db, before)
    assert entry.tag == "audit:chain:verified"


def test_a_broken_chain_is_said_aloud(site: Site, as_person: As) -> None:
    auditor = as_person("A1")
    with site.db.engine.begin() as connection:
        if site.db.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER audit_entry_no_update")
        else:
            connection.exec_driver_sql("DROP TRIGGER audit_entry_append_only ON audit_entry")
        connection.execute(sa.text("UPDATE audit_entry SET reason = 'edited' WHERE seq = 3"))
    assert "对不上：第 3 条" in text_of(auditor, post(auditor, "/audit/verify").location)
