"""The home page."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.access.identity import CONSOLE, Role
from lms.core import clock
from lms.people.models import PostHolding
from lms.people.services import persons, roles
from lms.selection.rules import Body
from tests.certification import making as certificates
from tests.conftest import CountQueries, Site
from tests.quizzes.classes import counted
from tests.selection import making
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


def test_a_newcomer_is_shown_the_next_step_on_the_first_day_before_there_is_a_post(site: Site, as_person: As) -> None:
    newcomer = site.world.person_ids["N1"]
    with site.db.engine.begin() as connection:
        connection.execute(sa.delete(PostHolding).where(PostHolding.person_id == newcomer))
    text = text_of(as_person("N1"), "/")
    assert "还没有岗位" in text
    assert "下一步" in text
    assert "开始学" in text
    assert "下一步" not in text_of(as_person("T1"), "/")


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


def test_a_trainer_sees_which_questions_and_lessons_fail(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    trainer = as_person("T1")
    with count_queries(site.db) as statements:
        text = trainer.get("/").get_data(as_text=True)
    assert len(statements) <= 12
    assert "没有哪道题、哪一课答得特别差" in text
    made = counted(site)
    text = trainer.get("/").get_data(as_text=True)
    assert made.single.stem.zh in text
    assert f'href="/results/items/c04/{made.single.key}"' in text
    assert 'href="/results/items?show=fails"' in text
    assert "要看一看的题和课文" not in as_person("O1").get("/").get_data(as_text=True)


def test_a_selection_waits_for_the_official_whose_step_it_is(site: Site, as_person: As) -> None:
    at = making.office(site.db, site.world)
    making.schooled(site.db, site.world, "N1")
    case = making.apply(at, making.opened(at), "N1")
    home = text_of(as_person("O1"), "/")
    assert "选拔等您办的" in home
    page = text_of(as_person("O1"), "/selection")
    assert "核对报名材料" in page
    assert f'href="/selection/cases/{case}"' in page
    making.check(at, case)
    making.opine(at, case, Body.PARTY_COMMITTEE, by="O1")
    assert "选拔等您办的" not in text_of(as_person("O1"), "/")
    assert "眼下没有等您办的" in text_of(as_person("O1"), "/selection")
    assert "录考察意见" in text_of(as_person("O2"), "/selection")


def test_certificates_that_expire_soon_stand_on_the_home_page(site: Site, as_person: As) -> None:
    certificates.issue(site.db, site.world, "N1")
    assert "证书 60 天内到期" not in text_of(as_person("O1"), "/")
    clock.freeze(NOW + timedelta(days=700))
    text = text_of(as_person("O1"), "/")
    assert "证书 60 天内到期" in text
    [url] = re.findall(r'href="([^"]*state=due)"', text)
    assert "李秀兰" in text_of(as_person("O1"), url.replace("&amp;", "&"))
