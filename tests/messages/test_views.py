"""The inbox over HTTP."""

from collections.abc import Callable

from flask.testing import FlaskClient

from lms.messages import services
from lms.messages.rules import MessageKind
from tests.conftest import CountQueries, Site, post
from tests.world import NOW

As = Callable[[str], FlaskClient]


def test_new_messages_stand_on_the_home_page_until_they_were_seen(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    client = as_person("N1")
    assert "还没有消息" in client.get("/messages").get_data(as_text=True)
    assert "新消息" not in client.get("/").get_data(as_text=True)
    for number in range(1, 5):
        with site.db.writing() as session:
            services.tell(
                session, site.world.person_ids["N1"], MessageKind.LEVELS, {"rose": number, "fell": 0}, now=NOW
            )
    home = client.get("/").get_data(as_text=True)
    assert "4 项能力升了级" in home
    assert "1 项能力升了级" not in home  # the latest three
    assert "还有没看过的" in home
    with count_queries(site.db) as statements:
        page = client.get("/messages").get_data(as_text=True)
    assert len(statements) <= 12
    assert "这一页有 4 条没看过" in page
    assert 'href="/me/competency"' in page
    ids = page.partition('name="messages" value="')[2].partition('"')[0]
    assert len(ids.split()) == 4
    response = post(client, "/messages/seen", {"messages": ids})
    assert response.status_code == 302
    assert "新消息" not in client.get("/").get_data(as_text=True)
    assert "都看过了" in client.get("/messages").get_data(as_text=True)


def test_nobody_sees_or_settles_the_messages_of_others(site: Site, as_person: As) -> None:
    with site.db.writing() as session:
        services.tell(session, site.world.person_ids["N1"], MessageKind.LEVELS, {"rose": 1, "fell": 0}, now=NOW)
    page = as_person("N1").get("/messages").get_data(as_text=True)
    ids = page.partition('name="messages" value="')[2].partition('"')[0]
    other = as_person("N2")
    assert "能力升了级" not in other.get("/messages").get_data(as_text=True)
    assert post(other, "/messages/seen", {"messages": ids}).status_code == 302
    assert "这一页有 1 条没看过" in as_person("N1").get("/messages").get_data(as_text=True)
