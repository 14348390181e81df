"""The home page."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.access.identity import CONSOLE, Role
from lms.competency import queries as competency
from lms.content.models import ContentCurrent
from lms.content.rules import ContentKind
from lms.core import clock
from lms.duties import queries as duties
from lms.mentoring.rules import CheckpointVerdict, SessionAction
from lms.people.models import PostHolding
from lms.people.rules import Post
from lms.people.services import persons, posts, roles
from lms.selection.models import SelectionRound
from lms.selection.rules import Body, RoundState
from tests.certification import making as certificates
from tests.conftest import CountQueries, Site
from tests.duties.lists import Lists
from tests.mentoring import making as mentoring
from tests.people.making import follow_up
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
    official = as_person("O1").get("/").get_data(as_text=True)
    [number] = re.findall(r'href="/units\?show=lacking"><span class="count">(\d+)</span>', official)
    assert f"只看人员没配齐的网格：{number} 个" in text_of(as_person("O1"), "/units?show=lacking")
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


# --- the mentees of a mentor -------------------------------------------------------------------------------


def section(text: str, name: str) -> str:
    """Return the part of the home page under the heading with this id."""
    assert f'id="{name}"' in text, name
    return text.partition(f'id="{name}"')[2].partition("</section>")[0]


def test_a_mentor_goes_from_each_mentee_straight_to_the_topics(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    pair = mentoring.put_pair(site.db, site.world, "N1")  # a week ago: the note of day 7 is due today
    mentor = as_person("M1")
    with count_queries(site.db) as statements:
        here = section(text_of(mentor, "/"), "mentees")
    assert len(statements) <= 12
    for words in ("李秀兰", "第 7 天", "还没有记过带教", "写第 7 天的小结"):
        assert words in here
    assert here.count(f'href="/mentoring/pairs/{pair}/log"') == 1
    assert "主要做什么" in text_of(mentor, f"/mentoring/pairs/{pair}/log")
    assert "就该写" not in here  # today is early enough
    assert 'id="mentees"' not in text_of(as_person("N1"), "/")


def test_what_is_due_for_a_mentee_follows_what_was_done(site: Site, as_person: As) -> None:
    pair = mentoring.put_pair(site.db, site.world, "N1")
    acts, mentor = mentoring.Mentoring(site.db, site.world), as_person("M1")
    one = acts.log(pair)
    acts.answer(one, SessionAction.CORRECT, said={"eth1-1a": False}, line="那天没走完")
    acts.check(pair, 7, CheckpointVerdict.WELL)
    here = section(text_of(mentor, "/"), "mentees")
    assert f'href="/mentoring/sessions/{one}"' in here
    assert "李秀兰 有更正" in here
    assert "上次带教：2026年11月24日" in here
    assert "写第 7 天的小结" not in here
    assert "第 30 天的小结，2026年12月17日 写" in here
    clock.freeze(NOW + timedelta(days=60))
    here = section(text_of(as_person("M1"), "/"), "mentees")
    assert f'href="/mentoring/pairs/{pair}/checkpoints/30"' in here
    assert f'href="/mentoring/pairs/{pair}/checkpoints/60"' in here
    assert "2026年12月17日 就该写" in here


def test_a_mentor_without_mentees_is_told_so(as_person: As) -> None:
    assert "现在没有徒弟" in section(text_of(as_person("M1"), "/"), "mentees")


# --- the grid of a leader ----------------------------------------------------------------------------------


def staff(site: Site) -> None:
    """Bring the grid of the leader to full strength: one leader of the committee, two officers."""
    follow_up(site, "O2", "east.1.1")
    with site.db.writing() as session:
        [leader] = people_posts(site, "L1")
        posts.say_leader(
            session,
            site.world.identity(site.db, "O1"),
            session.get_one(PostHolding, leader),
            is_committee=True,
            exception="",
            now=NOW,
        )


def people_posts(site: Site, number: str) -> list[int]:
    with site.db.reading() as session:
        held = sa.select(PostHolding.id).where(PostHolding.person_id == site.world.person_ids[number])
        return list(session.scalars(held))


def lacking(text: str) -> dict[str, int]:
    """Return how many competencies each person of the own grids lacks, by the public id of the person."""
    found = re.findall(r'href="/people/([\w-]+)/duties">.*?还差 (\d+) 项能力', section(text, "own-grids"))
    return {public_id: int(number) for public_id, number in found}


def test_a_leader_sees_what_the_people_of_the_grid_lack_for_their_posts(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    lists, world = Lists(site.db, site.world), site.world
    lists.sweep()
    leader = as_person("L1")
    with count_queries(site.db) as statements:
        text = text_of(leader, "/")
    assert len(statements) <= 12
    with site.db.reading() as session:
        asked = duties.needs_of(session, {Post.INSPECTION})
        asked_of_leader = duties.needs_of(session, {Post.GRID_LEADER})
    ids = {number: world.person_public_ids[number] for number in ("N1", "M1", "L1")}
    assert lacking(text) == {ids["N1"]: len(asked), ids["M1"]: len(asked), ids["L1"]: len(asked_of_leader)}
    here = section(text, "own-grids")
    assert "乌云·其其格" not in here  # of another grid
    assert "网格员不到两位" in here  # the composition, as before
    assert "巡查岗" in here
    assert text_of(leader, f"/people/{ids['N1']}/duties")
    lists.recognise("N1", "INS1", 4)
    staff(site)
    here = section(text_of(leader, "/"), "own-grids")
    assert lacking(text_of(leader, "/"))[ids["N1"]] == len(asked) - 1
    assert "人员配齐了。" in here
    assert "网格员不到两位" not in here
    for number in ("N1", "O1", "S1"):
        assert 'id="own-grids"' not in text_of(as_person(number), "/")


def test_a_grid_that_lacks_nothing_is_said_to(site: Site, as_person: As) -> None:
    lists = Lists(site.db, site.world)
    staff(site)
    for number, post in (
        ("N1", Post.INSPECTION),
        ("M1", Post.INSPECTION),
        ("L1", Post.GRID_LEADER),
        ("O2", Post.FOLLOW_UP),
    ):
        with site.db.reading() as session:
            asked = duties.needs_of(session, {post})
        enough(site, number, asked)
    here = section(text_of(as_person("L1"), "/"), "own-grids")
    assert "什么都不缺" in here
    lists.post("M1", Post.MEDIATION_SERVICE)
    here = section(text_of(as_person("L1"), "/"), "own-grids")
    assert "什么都不缺" not in here
    assert "巡查岗、调解服务岗" in here


def enough(site: Site, number: str, asked: dict[str, int]) -> None:
    """Let a person have the levels that are asked for, as they are kept."""
    mentoring.make_eligible(site.db, site.world, number, tuple(asked))
    with site.db.reading() as session:
        kept = competency.levels_of_person(session, competency.framework(session), site.world.person_ids[number])
    assert all(kept[code].level >= min(level, 3) for code, level in asked.items())


def test_without_a_duty_catalogue_nobody_is_said_to_be_able(site: Site, as_person: As) -> None:
    with site.db.engine.begin() as connection:
        connection.execute(sa.delete(ContentCurrent).where(ContentCurrent.kind == ContentKind.DUTIES))
    here = section(text_of(as_person("L1"), "/"), "own-grids")
    assert "还没有职责目录" in here
    assert "都到了岗位要的能力" not in here


def test_a_leader_who_mentors_has_both_in_a_dozen_queries(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    with site.db.writing() as session:
        person, unit = site.world.person(session, "L1"), site.world.unit(session, "east.1.1")
        roles.grant_from_console(session, CONSOLE, person, Role.MENTOR, unit, now=NOW)
    mentoring.put_pair(site.db, site.world, "M1")  # whose mentor is the leader
    Lists(site.db, site.world).sweep()
    leader = as_person("L1")
    with count_queries(site.db) as statements:
        text = text_of(leader, "/")
    assert len(statements) <= 12
    assert "王建国" in section(text, "mentees")
    assert lacking(text)


# --- the selection of an official --------------------------------------------------------------------------


def test_an_official_sees_the_running_rounds_and_what_is_next(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    official = as_person("O1")
    assert "现在没有在办的选拔批次" in section(text_of(official, "/"), "running")
    at = making.office(site.db, site.world)
    drafted, opened = making.draft(at), making.opened(at)
    with count_queries(site.db) as statements:
        here = section(text_of(official, "/"), "running")
    assert len(statements) <= 12
    for round_id in (drafted, opened):
        assert f'href="/selection/{round_id}"' in here
    for words in ("第四季度选拔", "在准备", "2026年11月24日 新建，接下来开始报名", "报名中", "报名到 2026年11月25日"):
        assert words in here
    assert 'id="running"' not in text_of(as_person("L1"), "/")
    assert "第四季度选拔" not in text_of(as_person("O9"), "/")  # of the other sub-district
    clock.freeze(making.LATER)
    assert "接下来截止报名" in section(text_of(as_person("O1"), "/"), "running")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RoundState.CLOSED, "2026年11月24日 截止报名，接下来核对材料、录考察意见、出名单"),
        (RoundState.RANKED, "名单已出，接下来张贴公示"),
        (RoundState.DECIDED, "审批完了，接下来备案"),
        (RoundState.FILED, ""),
        (RoundState.CANCELLED, ""),
    ],
)
def test_each_state_of_a_round_says_what_is_next(site: Site, as_person: As, state: RoundState, words: str) -> None:
    at = making.office(site.db, site.world)
    found = making.opened(at)
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(SelectionRound).values(state=state, closed_at=NOW))
    here = section(text_of(as_person("O1"), "/"), "running")
    assert words in here
    assert (f'href="/selection/{found}"' in here) is bool(words)


def test_a_round_on_notice_says_until_when(site: Site, as_person: As) -> None:
    at = making.office(site.db, site.world)
    making.schooled(site.db, site.world, "N1")
    making.posted(at, "N1")
    here = section(text_of(as_person("O1"), "/"), "running")
    assert re.search(r"公示到 2026年\d+月\d+日，接下来审批", here)
    clock.freeze(making.LATER + timedelta(days=30))
    assert re.search(r"公示 2026年\d+月\d+日 结束，接下来审批", section(text_of(as_person("O1"), "/"), "running"))


def test_more_rounds_than_the_page_shows_have_a_way_to_all(site: Site, as_person: As) -> None:
    at = making.office(site.db, site.world)
    for _ in range(6):
        making.draft(at)
    here = section(text_of(as_person("O1"), "/"), "running")
    assert here.count("第四季度选拔") == 5
    assert 'href="/selection"' in here
