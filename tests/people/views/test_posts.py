"""Pages of posts over HTTP: giving one, ending one, what is refused keeps what was typed."""

from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient

from lms.people import queries
from lms.people.models import PostHolding
from tests.conftest import CountQueries, Site, post
from tests.world import TODAY

As = Callable[[str], FlaskClient]


def posts_of(site: Site, number: str) -> list[PostHolding]:
    with site.db.reading() as session:
        return queries.all_posts_of(session, site.world.person_ids[number])


def page_of(site: Site, number: str) -> str:
    return f"/people/{site.world.person_public_ids[number]}/posts/new"


def typed(site: Site, **changes: str) -> dict[str, str]:
    unit = site.world.unit_public_ids["east.1.2"]
    return {"unit": unit, "post": "follow_up", "employment": "part_time", "starts_on": "2026-11-24", **changes}


def test_a_post_is_given_and_ended_on_the_page(site: Site, as_person: As) -> None:
    client, page = as_person("O1"), page_of(site, "N1")
    text = client.get(page).get_data(as_text=True)
    assert site.world.unit_public_ids["east.1.2"] in text
    assert site.world.unit_public_ids["west.1.1"] not in text
    assert site.world.unit_public_ids["east.1"] not in text  # a community is no grid
    assert post(client, page, typed(site)).status_code == 302
    held = posts_of(site, "N1")[0]
    assert (held.post.value, held.employment.value) == ("follow_up", "part_time")
    again = post(client, page, typed(site))  # a second click
    assert again.status_code == 422
    assert "日子重了" in again.get_data(as_text=True)
    assert len(posts_of(site, "N1")) == 2
    end = f"/posts/{held.public_id}/end"
    assert f'href="{end}"' in client.get(f"/people/{site.world.person_public_ids['N1']}").get_data(as_text=True)
    refused = post(client, end, {"last_day": "2026-11-01", "reason": "换岗"})
    assert refused.status_code == 422
    assert 'value="换岗"' in refused.get_data(as_text=True)
    assert post(client, end, {"last_day": "2026-12-31"}).status_code == 302
    assert posts_of(site, "N1")[0].ends_on == TODAY + timedelta(days=37)


def test_dates_and_grids_that_do_not_fit_are_named(site: Site, as_person: As) -> None:
    client, page = as_person("O1"), page_of(site, "N1")
    for changes, words in (
        ({"ends_on": "2026-11-01"}, "最后一天不能早于第一天"),
        ({"unit": site.world.unit_public_ids["west.1.1"]}, "网格"),
        ({"starts_on": ""}, "选开始日期"),
    ):
        response = post(client, page, typed(site, **changes))
        assert response.status_code == 422
        assert words in response.get_data(as_text=True)
    assert len(posts_of(site, "N1")) == 1


def test_the_pages_ask_few_queries(site: Site, as_person: As, count_queries: CountQueries) -> None:
    client = as_person("O1")
    with count_queries(site.db) as statements:
        client.get(page_of(site, "N1"))
    assert len(statements) <= 12
    with count_queries(site.db) as statements:
        client.get(f"/posts/{posts_of(site, 'N1')[0].public_id}/end")
    assert len(statements) <= 12
