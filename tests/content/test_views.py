"""The trainers' page on the state of the content."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import CountQueries, Site, make_app, make_settings, sign_in_as
from tests.content.files import C01, copied

As = Callable[[str], FlaskClient]


def test_a_trainer_sees_what_is_wrong_missing_and_current(site: Site, tmp_path: Path) -> None:
    files = copied(tmp_path / "content")
    files.replace(f"{C01}/course.yaml", "hours: 3.5", "hours: 4")
    files.without("c16")
    site.settings = make_settings(site.settings.instance, site.settings.database_url, content_root=files.root)
    client = make_app(site).test_client()
    sign_in_as(client, "T1")
    text = client.get("/content/problems").get_data(as_text=True)
    for words in (
        f"{C01}/course.yaml:",
        "6 课要写 hours: 3.5",
        "指挥中心电话：待补",
        "等课程",
        "法律法规宣传：依据、牵头单位、配合单位待补",
        "文件改过，还没有载入",
        "2026年11月24日 10:00",
    ):
        assert words in text


def test_nothing_to_mend_is_said_too(as_person: As) -> None:
    text = as_person("T1").get("/content/problems").get_data(as_text=True)
    assert "没有要改的。" in text
    assert "文件改过" not in text


@pytest.mark.parametrize("number", ["N1", "M1", "O1", "S1"])
def test_it_is_the_trainers_page(as_person: As, number: str) -> None:
    assert as_person(number).get("/content/problems").status_code == 403


def test_it_asks_little(app: Flask, site: Site, as_person: As, count_queries: CountQueries) -> None:
    client = as_person("T1")
    with count_queries(site.db) as statements:
        client.get("/content/problems")
    assert len(statements) <= 12
