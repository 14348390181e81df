"""Pages of notices, objections and the table of holidays."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask.testing import FlaskClient

from lms.core import clock
from tests.conftest import post
from tests.selection import making
from tests.selection.making import Office

Browser = Callable[[str], FlaskClient]


def page(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def test_posting_says_who_and_until_when(ready: Office, as_person: Browser) -> None:
    round_id, _ = making.listed(ready, "N1", "N2")
    official = as_person("O1")
    text = page(official, f"/selection/{round_id}/notice")
    assert "2026年12月3日" in text.replace("\u2009", "")
    assert post(official, f"/selection/{round_id}/notice").status_code == 302


def test_a_missing_year_is_named_with_the_way_to_mend_it(ready: Office, as_person: Browser) -> None:
    round_id, _ = making.listed(ready, "N1")
    clock.freeze(datetime(2026, 12, 28, 2, tzinfo=UTC))
    official = as_person("O1")
    assert "需要先录入 2027 年的节假日" in page(official, f"/selection/{round_id}/notice")
    refused = post(official, f"/selection/{round_id}/notice")
    assert refused.status_code == 422
    assert 'value="2027"' in page(official, "/selection/calendar")
    values = {"year": "2027", "source": "放假通知", "holidays": "2027-01-01元旦", "workdays": ""}
    wrong = post(official, "/selection/calendar", values)
    assert wrong.status_code == 422
    assert "第 1 行读不懂" in wrong.get_data(as_text=True)
    assert "2027-01-01元旦" in wrong.get_data(as_text=True)
    assert post(official, "/selection/calendar", {**values, "holidays": "2027-01-01 元旦"}).status_code == 302
    assert "放假通知" in page(official, "/selection/calendar?year=2027")
    assert post(official, f"/selection/{round_id}/notice").status_code == 302


def test_extend_and_edit(ready: Office, as_person: Browser) -> None:
    round_id, _ = making.posted(ready, "N1")
    official = as_person("O1")
    shorter = post(official, f"/selection/{round_id}/notice/extend", {"working_days": "3", "reason": "有事"})
    assert shorter.status_code == 422
    assert "不能缩短" in shorter.get_data(as_text=True)
    longer = {"working_days": "7", "reason": "有人反映"}
    assert post(official, f"/selection/{round_id}/notice/extend", longer).status_code == 302
    assert "有人反映" in page(official, f"/selection/{round_id}")
    assert post(official, f"/selection/{round_id}/notice/edit", {"channel": "新电话", "reason": ""}).status_code == 422
    edited = {"channel": "新电话", "reason": "更正"}
    assert post(official, f"/selection/{round_id}/notice/edit", edited).status_code == 302
    assert making.notice_of(ready, round_id).edition == 2


def test_an_objection_is_entered_and_answered(ready: Office, as_person: Browser) -> None:
    round_id, cases = making.posted(ready, "N1")
    official = as_person("O2")
    values = {"case": cases["N1"], "channel": "phone", "text": "反映一件事", "contact": "13800000000"}
    assert post(official, f"/selection/{round_id}/objections/new", {**values, "channel": ""}).status_code == 422
    assert post(official, f"/selection/{round_id}/objections/new", values).status_code == 302
    text = page(official, f"/selection/{round_id}")
    assert "异议第 1 号" in text
    assert "13800000000" not in text
    where = text.partition("/selection/objections/")[2].partition('"')[0]
    path = f"/selection/objections/{where}"
    assert "反映一件事" in page(official, path)
    assert post(official, path, {"case": cases["N1"], "is_upheld": "no", "answer": ""}).status_code == 422
    answered = {"case": cases["N1"], "is_upheld": "no", "answer": "查过了"}
    assert post(official, path, answered).status_code == 302
    read = official.get(path)
    assert read.status_code == 200
    assert "已经答复过了" in read.get_data(as_text=True)
    assert "查过了" in read.get_data(as_text=True)
    assert 'name="answer"' not in read.get_data(as_text=True)
    again = post(official, path, answered)
    assert again.status_code == 422
    assert "已经答复过了" in again.get_data(as_text=True)


def test_only_who_stands_on_the_notice_is_offered_for_an_objection(ready: Office, as_person: Browser) -> None:
    round_id, cases = making.posted(ready, "N1", "N2")
    official = as_person("O2")
    on = [line["application"] for line in making.notice_of(ready, round_id).lines]
    values = {"case": "", "channel": "phone", "text": "反映一件事", "contact": ""}
    assert post(official, f"/selection/{round_id}/objections/new", values).status_code == 302
    number = page(official, f"/selection/{round_id}").partition("/selection/objections/")[2].partition('"')[0]
    for path in (f"/selection/{round_id}/objections/new", f"/selection/objections/{number}"):
        text = page(official, path)
        assert [each for each in cases.values() if f'value="{each}"' in text] == on
    other = next(each for each in cases.values() if each not in on)
    values["case"] = other
    assert post(official, f"/selection/{round_id}/objections/new", values).status_code == 422
