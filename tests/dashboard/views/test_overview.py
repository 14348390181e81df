"""The overview."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

from flask.testing import FlaskClient

from lms.core import clock
from lms.duties import queries as duties
from lms.people.rules import Post
from tests.certification import making as certificates
from tests.conftest import CountQueries, Site
from tests.duties.lists import Lists
from tests.mentoring import making as mentoring
from tests.selection import making
from tests.world import NOW

As = Callable[[str], FlaskClient]


def text_of(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def figures(client: FlaskClient) -> dict[str, tuple[str, int]]:
    """Return (the list that it opens, number) by the words of each figure."""
    found = re.findall(
        r'href="([^"]*)"><span class="count">(\d+)</span><span><strong>([^<]*)', text_of(client, "/overview")
    )
    return {words: (unescape(url), int(number)) for url, number, words in found}


def test_the_overview_has_seven_headings_in_their_order(site: Site, as_person: As, count_queries: CountQueries) -> None:
    client = as_person("O1")
    with count_queries(site.db) as statements:
        text = text_of(client, "/overview")
    assert len(statements) <= 12
    titles = ["定位网格员工作", "完善网格管理机制", "做好网格员管理工作", "定期进行选拔培训工作"]
    titles += ["加强网格员待遇保障", "制定科学考核机制", "强化网格员舆论宣传"]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert as_person("L1").get("/overview").status_code == 403


TOTALS = {
    "已开放的职责": "共 {} 项已开放的职责",
    "跟着师傅学的职责": "共 {} 项跟着师傅学的职责",
    "网格": "只看网格：{} 个",
    "人员没配齐的网格": "只看人员没配齐的网格：{} 个",
    "有职责清单的人": "{} 人有清单",
    "在岗": "共 {} 人",
    "培训中": "共 {} 人",
}
"""How the list that a figure opens says its total; every other list says it with its pages."""


def test_every_figure_opens_its_own_list_of_that_length(site: Site, as_person: As) -> None:
    lists = Lists(site.db, site.world)
    lists.sweep()
    with site.db.reading() as session:
        asked = duties.needs_of(session, {Post.INSPECTION})
    lists.able("M1", asked)
    lists.certify("M1")
    certificates.issue(site.db, site.world, "N1")
    mentoring.put_pair(site.db, site.world, "N1")
    making.draft(making.office(site.db, site.world))
    lists.sweep()
    client = as_person("O1")
    found = figures(client)
    urls = [url for url, _ in found.values()]
    assert len(urls) == len(set(urls)), "two figures open the same list"
    assert min(found[words][1] for words in ("已开放的职责", "跟着师傅学的职责", "有职责清单的人", "网格")) > 1
    assert found["在岗"][1] == 10  # three officials more, nobody of the other sub-district
    for words, (url, number) in found.items():
        page = text_of(client, url)
        if number:
            total = TOTALS.get(words, "共 {} 条").format(number)
            assert re.search(rf"(?<!\d){total}", page), (words, number)


def test_certificates_that_expire_soon_are_the_figure_of_the_home_page(site: Site, as_person: As) -> None:
    certificates.issue(site.db, site.world, "N1")
    assert figures(as_person("O1"))["证书 60 天内到期"][1] == 0
    clock.freeze(NOW + timedelta(days=700))
    client = as_person("O1")
    url, number = figures(client)["证书 60 天内到期"]
    assert number == 1
    home = unescape(text_of(client, "/"))
    assert f'href="{url}"><span class="count">1</span>' in home
    assert "李秀兰" in text_of(client, url)
