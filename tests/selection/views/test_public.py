"""Public pages: exactly the fields, no session, 410 after the end, objections numbered and throttled."""

from typing import Any

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient

from lms.selection.rules import PUBLIC_FIELDS
from lms.selection.views.public import COLUMNS, OBJECTION_THROTTLES, words_of
from tests.conftest import csrf
from tests.selection import making
from tests.selection.making import Office


def address(at: Office, round_id: str) -> str:
    return f"/notices/{making.notice_of(at, round_id).public_id}"


def test_a_notice_shows_exactly_its_fields(app: Flask, client: FlaskClient, ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1", "N2", places=2)
    seen: list[dict[str, Any]] = []

    def note(_sender: Flask, context: dict[str, Any], **_more: Any) -> None:
        seen.append(context)

    with template_rendered.connected_to(note, app):
        response = client.get(address(ready, round_id))
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    [context] = seen
    with app.test_request_context():
        common: dict[str, Any] = {}
        app.update_template_context(common)
    assert set(context) - set(common) == {"notice", "columns", "words_of"}
    assert {frozenset(line) for line in context["notice"].lines} == {PUBLIC_FIELDS}
    assert set(COLUMNS) == PUBLIC_FIELDS
    for words in ("李秀兰", "1974年5月", "高中", "企事业单位", "巡查岗", "2026年12月3日", "电话 0472-555 0120"):
        assert words in page.replace("\u2009", "").replace("<!-- -->", ""), words
    for hidden in ("13800001234", "CG00N1", "91.00", "签名人", ready.world.person_public_ids["N1"]):
        assert hidden not in page
    assert "Set-Cookie" not in response.headers
    assert response.headers["X-Robots-Tag"].startswith("noindex")
    assert "no-store" in response.headers["Cache-Control"]


def test_the_list_shows_what_runs_and_a_notice_is_gone_when_it_is_over(client: FlaskClient, ready: Office) -> None:
    assert "现在没有公示" in client.get("/notices").get_data(as_text=True)
    round_id, _ = making.posted(ready, "N1")
    assert address(ready, round_id) in client.get("/notices").get_data(as_text=True)
    making.after_notice(ready, round_id)
    assert address(ready, round_id) not in client.get("/notices").get_data(as_text=True)
    for path in ("", "/object"):
        response = client.get(address(ready, round_id) + path)
        assert response.status_code == 410
        assert "李秀兰" not in response.get_data(as_text=True)
    assert client.get("/notices/nothing").status_code == 404


def send(client: FlaskClient, path: str, text: str) -> Any:
    return client.post(path, data={"csrf_token": csrf(client, path), "text": text, "contact": "13800000000"})


def test_an_objection_gets_its_number_and_a_second_click_the_same(client: FlaskClient, ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1")
    path = address(ready, round_id) + "/object"
    assert "第 1 号" in send(client, path, "反映一件事").get_data(as_text=True)
    assert "第 1 号" in send(client, path, "反映一件事").get_data(as_text=True)
    assert "第 2 号" in send(client, path, "另一件事").get_data(as_text=True)
    empty = send(client, path, " ")
    assert empty.status_code == 422
    assert client.post(path, data={"text": "x"}).status_code == 400


def test_objections_are_throttled_and_what_was_typed_stays(client: FlaskClient, ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1")
    path = address(ready, round_id) + "/object"
    for number in range(OBJECTION_THROTTLES["address"].tries):
        assert send(client, path, f"事情 {number}").status_code == 200
    refused = send(client, path, "还有一件")
    assert refused.status_code == 429
    assert "还有一件" in refused.get_data(as_text=True)


@pytest.mark.parametrize(("field", "value", "words"), [("birth_month", "1974-05", "1974年5月"), ("grid", "甲", "甲")])
def test_values_in_words(app: Flask, field: str, value: str, words: str) -> None:
    with app.test_request_context():
        assert words_of(field, value) == words
