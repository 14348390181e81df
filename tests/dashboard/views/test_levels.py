"""The page of a person's levels: the gap to the post. What stands beside it: tests/competency/test_views.py."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.competency.pages import figures_without_link, read
from tests.conftest import CountQueries, Site
from tests.duties.lists import Lists

As = Callable[[str], FlaskClient]


@pytest.fixture
def lists(site: Site) -> Lists:
    """The small organisation whose duty lists have been made by the worker's round."""
    made = Lists(site.db, site.world)
    made.sweep()
    return made


def test_the_gap_to_the_post_is_what_the_duty_items_ask_for(
    lists: Lists, site: Site, as_person: As, count_queries: CountQueries
) -> None:
    newcomer = as_person("N1")
    with count_queries(site.db) as statements:
        page = read(newcomer.get("/me/competency").get_data(as_text=True))
    assert len(statements) <= 12
    assert figures_without_link(page) == []
    gap = page.with_id("gap").text
    assert "岗位：巡查岗" in gap
    assert "现在 0 级，岗位要 2 级" in gap
    lists.recognise("N1", "INS1", 4)
    after = read(newcomer.get("/me/competency").get_data(as_text=True)).with_id("gap")
    codes = [each.get("href").rpartition("/")[2] for each in after.find("a") if "/competency/" in each.get("href")]
    assert codes
    assert "INS1" not in codes


def test_who_holds_no_post_is_told_where_the_gap_will_stand(lists: Lists, as_person: As) -> None:
    page = read(as_person("S1").get("/me/competency").get_data(as_text=True))
    assert "还没有岗位" in page.with_id("gap").text


def test_an_official_sees_the_gap_and_the_duty_list_of_a_person(lists: Lists, site: Site, as_person: As) -> None:
    person = site.world.person_public_ids["N1"]
    page = read(as_person("O1").get(f"/people/{person}/competency").get_data(as_text=True))
    links = [each.get("href") for each in page.with_id("gap").find("a")]
    assert f"/people/{person}/duties" in links
