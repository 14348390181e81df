"""Pages of units over HTTP."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.access.permissions import Permission
from lms.people import queries
from lms.people.models import OrgUnit
from lms.people.rules import UnitKind
from tests import trail
from tests.conftest import CountQueries, Site, post
from tests.world import TODAY

As = Callable[[str], FlaskClient]


def named(site: Site, name: str) -> list[OrgUnit]:
    with site.db.reading() as session:
        return list(session.scalars(sa.select(OrgUnit).where(OrgUnit.name == name)))


def test_the_tree_shows_what_is_within_reach_with_all_its_people(site: Site, as_person: As) -> None:
    text = as_person("O1").get("/units").get_data(as_text=True)
    assert "东街道1社区第1网格" in text
    assert "西街道" not in text
    assert f"/people?unit={site.world.unit_public_ids['east.1']}" in text
    row = text[text.index(">东街道<") : text.index(">东街道1社区<")]
    assert ">9</td>" in row  # of the office itself and everything below
    text = as_person("L1").get("/units").get_data(as_text=True)
    assert "东街道1社区第1网格" in text
    assert "加一个单位" not in text
    assert "东街道2社区" not in text


def test_the_list_is_narrowed_to_grids_and_to_those_that_lack_people(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    def shown(query: str) -> tuple[str, set[str]]:
        with count_queries(site.db) as statements:
            text = client.get(f"/units{query}").get_data(as_text=True)
        assert len(statements) <= 12
        return text, {place for place, unit in site.world.unit_public_ids.items() if f"={unit}" in text or unit in text}

    client = as_person("O1")
    grids = {place for place in site.world.unit_paths if place.startswith("east.") and place.count(".") == 2}
    text, found = shown("?show=grids")
    assert found == grids
    assert f"只看网格：{len(grids)} 个" in text
    assert 'href="/units">看全部' in text
    assert "东街道1社区<" in text  # what a grid belongs to
    with site.db.reading() as session:
        reached = queries.grids_within(session, site.world.identity(site.db, "O1"), Permission.UNIT_SEE, TODAY)
        lacking = {grid.public_id for grid, standing in reached if standing.breaches}
    text, found = shown("?show=lacking")
    assert {site.world.unit_public_ids[place] for place in found} == lacking
    assert f"只看人员没配齐的网格：{len(lacking)} 个" in text
    text, found = shown("?show=nothing")
    assert found > grids
    assert "只看" not in text


def test_without_a_grid_that_lacks_people_the_list_says_so(site: Site, as_person: As) -> None:
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(OrgUnit).where(OrgUnit.kind == UnitKind.GRID).values(closed_on=TODAY))
    client = as_person("O1")
    assert "没有缺人的网格" in client.get("/units?show=lacking").get_data(as_text=True)
    assert "还没有网格" in client.get("/units?show=grids").get_data(as_text=True)


def test_entering_a_unit_once(site: Site, as_person: As) -> None:
    client = as_person("O1")
    parent = site.world.unit_public_ids["east.1"]
    assert f'<option selected value="{parent}">' in client.get(f"/units/new?parent={parent}").get_data(as_text=True)
    before = trail.seq(site.db)
    sent = {"parent": parent, "name": " 第3网格 ", "name_en": "Grid 3"}
    assert post(client, "/units/new", sent).location == "/units"
    assert "已加入 第3网格" in client.get("/units").get_data(as_text=True)
    response = post(client, "/units/new", sent)
    assert response.status_code == 422
    text = response.get_data(as_text=True)
    assert "已经有“第3网格”了" in text
    assert 'value="Grid 3"' in text
    [unit] = named(site, "第3网格")
    assert unit.kind.value == "grid"
    assert [entry.tag for entry in trail.entries(site.db, before)] == ["people:unit:added"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "写上单位名称"),
        ({"name": "长" * 61}, "60"),
        ({"name_en": "x" * 81}, "80"),
    ],
)
def test_wrong_input_keeps_what_was_typed(site: Site, as_person: As, changes: dict[str, str], words: str) -> None:
    parent = site.world.unit_public_ids["east.1"]
    sent = {"parent": parent, "name": "第3网格", "name_en": "Grid 3", **changes}
    before = trail.seq(site.db)
    response = post(as_person("O1"), "/units/new", sent)
    assert response.status_code == 422
    text = response.get_data(as_text=True)
    assert words in text
    assert f'value="{sent["name"]}"' in text
    assert f'value="{sent["name_en"]}"' in text
    assert f'<option selected value="{parent}">' in text
    assert trail.seq(site.db) == before


@pytest.mark.parametrize("place", ["west.1", "east.1.1", "district"])
def test_a_parent_out_of_reach_or_without_a_level_below_is_no_choice(site: Site, as_person: As, place: str) -> None:
    sent = {"parent": site.world.unit_public_ids[place], "name": "新的"}
    assert post(as_person("O1"), "/units/new", sent).status_code == 422
    assert named(site, "新的") == []


@pytest.mark.parametrize("page", ["/units", "/units/new"])
def test_the_pages_ask_little(site: Site, as_person: As, count_queries: CountQueries, page: str) -> None:
    client = as_person("O1")
    with count_queries(site.db) as statements:
        assert client.get(page).status_code == 200
    assert len(statements) <= 12, statements


def test_writing_a_unit_s_name_as_it_is_called(site: Site, as_person: As) -> None:
    client, unit = as_person("O1"), site.world.unit_public_ids["east"]
    path = f"/units/{unit}/edit"
    assert path in client.get("/units").get_data(as_text=True)
    assert 'value="东街道"' in client.get(path).get_data(as_text=True)
    seen = {"was": "东街道", "was_en": named(site, "东街道")[0].name_en}
    before = trail.seq(site.db)
    assert post(client, path, {**seen, "name": " 槐树街道 ", "name_en": "Huaishu"}).location == "/units"
    page = client.get("/units").get_data(as_text=True)
    assert (
        page.count("槐树街道") > page.partition("<main")[2].count("槐树街道") > 0
    )  # the head of the page says so at once
    [entry] = trail.entries(site.db, before)
    assert entry.tag == "people:unit:changed"
    assert entry.diff["name"] == ["东街道", "槐树街道"]
    # The other official's page still shows the old name.
    response = post(as_person("O2"), path, {**seen, "name": "松树街道", "name_en": ""})
    assert response.status_code == 422
    assert "刚被别人改过" in response.get_data(as_text=True)
    assert 'value="松树街道"' in response.get_data(as_text=True)
    assert named(site, "松树街道") == []
    # Sent again without a change: nothing more in the trail.
    post(client, path, {"was": "槐树街道", "was_en": "Huaishu", "name": "槐树街道", "name_en": "Huaishu"})
    assert len(trail.entries(site.db, before)) == 1


@pytest.mark.parametrize(
    ("name", "words"), [("", "写上单位名称"), ("长" * 61, "60"), ("东街道2社区", "已经有“东街道2社区”了")]
)
def test_a_name_that_cannot_be_is_said_and_kept(site: Site, as_person: As, name: str, words: str) -> None:
    [unit] = named(site, "东街道1社区")
    sent = {"was": unit.name, "was_en": unit.name_en, "name": name, "name_en": ""}
    response = post(as_person("O1"), f"/units/{unit.public_id}/edit", sent)
    assert response.status_code == 422
    assert words in response.get_data(as_text=True)
    assert f'value="{name}"' in response.get_data(as_text=True)
    assert len(named(site, "东街道1社区")) == 1


def test_nobody_renames_a_unit_out_of_reach(site: Site, as_person: As) -> None:
    path = f"/units/{site.world.unit_public_ids['west.1']}/edit"
    assert as_person("O1").get(path).status_code == 404
    assert post(as_person("O1"), path, {"name": "x", "was": "", "was_en": ""}).status_code == 404
    assert post(as_person("L1"), path, {"name": "x", "was": "", "was_en": ""}).status_code == 403
