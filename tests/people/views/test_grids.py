"""The page of a grid: every breach with its mend, green when mended, and who served before."""

from collections.abc import Callable

from flask.testing import FlaskClient

from lms.access.identity import CONSOLE
from lms.people import queries
from lms.people.rules import Employment, PersonAction, Post
from lms.people.services import posts, standing
from tests.conftest import CountQueries, Site, post
from tests.people.making import follow_up
from tests.world import NOW, TODAY

As = Callable[[str], FlaskClient]


def page_of(site: Site, place: str) -> str:
    return f"/grids/{site.world.unit_public_ids[place]}"


def leader_post(site: Site) -> str:
    with site.db.reading() as session:
        [held] = queries.all_posts_of(session, site.world.person_ids["L1"])
        return held.public_id


def test_breaches_are_named_with_their_mend_and_go_when_mended(site: Site, as_person: As) -> None:
    client = as_person("O1")
    text = client.get(page_of(site, "east.1.1")).get_data(as_text=True)
    assert "网格员不到两位" in text  # M1 alone: N1 is a trainee
    assert "另有 1 位在培训" in text
    assert "没写网格长是不是社区两委成员" in text
    assert "2 处不齐" in client.get("/units").get_data(as_text=True)
    leader = f"/posts/{leader_post(site)}/leader"
    assert f'href="{leader}"' in text
    refused = post(client, leader, {"is_committee": "no", "exception": ""})
    assert refused.status_code == 422
    assert "要写明为什么" in refused.get_data(as_text=True)
    assert post(client, leader, {"is_committee": "no", "exception": "街道同意"}).status_code == 302
    follow_up(site, "O2", "east.1.1")
    text = client.get(page_of(site, "east.1.1")).get_data(as_text=True)
    assert "配齐了" in text
    assert "不是两委成员：街道同意" in text


def test_who_served_before_is_kept(site: Site, as_person: As) -> None:
    who = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        person = site.world.person(session, "M1")
        standing.change_state(session, who, person, PersonAction.END, reason="退休", last_day=None, now=NOW)
        posts.hold_post(
            session,
            CONSOLE,
            site.world.person(session, "N2"),
            site.world.unit(session, "east.1.1"),
            Post.FOLLOW_UP,
            Employment.PART_TIME,
            starts_on=TODAY,
            now=NOW,
        )
    text = as_person("L1").get(page_of(site, "east.1.1")).get_data(as_text=True)
    assert "王建国" in text
    assert "给一个岗位" not in text  # the leader sees, the official acts


def test_only_grids_within_reach_have_the_page(site: Site, as_person: As) -> None:
    client = as_person("O1")
    assert client.get(page_of(site, "east.1")).status_code == 404
    assert client.get(page_of(site, "west.1.1")).status_code == 404


def test_the_pages_ask_few_queries(site: Site, as_person: As, count_queries: CountQueries) -> None:
    client = as_person("O1")
    for page in (page_of(site, "east.1.1"), "/units"):
        with count_queries(site.db) as statements:
            client.get(page)
        assert len(statements) <= 12
