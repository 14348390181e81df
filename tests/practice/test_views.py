"""Cards are for everybody, scenarios and pictures for trainers as long as they are not played."""

from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.content.models import ContentCurrent
from tests.conftest import CountQueries, Site

As = Callable[[str], FlaskClient]


def test_everybody_finds_and_prints_the_cards(as_person: As, site: Site, count_queries: CountQueries) -> None:
    newcomer = as_person("N1")
    assert "/cards" in newcomer.get("/courses").get_data(as_text=True)
    listed = newcomer.get("/cards").get_data(as_text=True)
    assert "入户走访清单" in listed
    assert "分寸卡" in listed
    with count_queries(site.db) as statements:
        card = newcomer.get("/cards/door-visit").get_data(as_text=True)
    assert len(statements) <= 12
    assert "到了门口" in card
    assert "《民法典》第1033条" in card
    assert newcomer.get("/cards/nothing").status_code == 404


def test_trainers_see_scenarios_and_pictures_and_nobody_else(
    as_person: As, site: Site, count_queries: CountQueries
) -> None:
    trainer = as_person("T1")
    assert "/practice" in trainer.get("/content/problems").get_data(as_text=True)
    overview = trainer.get("/practice").get_data(as_text=True)
    assert "/practice/scenarios/sc03" in overview
    assert "/practice/pictures/pic-stairwell" in overview
    with count_queries(site.db) as statements:
        scenario = trainer.get("/practice/scenarios/sc03").get_data(as_text=True)
    assert len(statements) <= 12
    assert "先顾人命，不冒险施救" in scenario  # the red line that entering the building crosses
    assert "《突发事件应对法》第60条" in scenario
    assert '<g id="exit-chain">' in trainer.get("/practice/pictures/pic-stairwell").get_data(as_text=True)
    assert trainer.get("/practice/scenarios/sc99").status_code == 404
    for number in ("N1", "M1", "L1", "O1"):
        client = as_person(number)
        for path in ("/practice", "/practice/scenarios/sc03", "/practice/pictures/pic-stairwell"):
            assert client.get(path).status_code == 403


def test_without_content_the_pages_say_so(as_person: As, site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.execute(sa.delete(ContentCurrent).where(ContentCurrent.kind.in_(["scenario", "picture", "card"])))
    assert "还没有随身卡" in as_person("N1").get("/cards").get_data(as_text=True)
    page = as_person("T1").get("/practice").get_data(as_text=True)
    assert "还没有情景" in page
    assert "还没有图" in page
