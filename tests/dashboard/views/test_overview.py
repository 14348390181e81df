"""The overview."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient

from tests.conftest import CountQueries, Site

As = Callable[[str], FlaskClient]


def text_of(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


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
