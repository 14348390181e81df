"""A person's own applications: apply with the statement, see where it stands, withdraw."""

from collections.abc import Callable

from flask.testing import FlaskClient

from lms.selection.forms import STATEMENT
from lms.selection.rules import CaseState
from tests.conftest import post
from tests.selection import making
from tests.selection.making import Office

Browser = Callable[[str], FlaskClient]


def page(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def values_of(at: Office, round_id: str) -> dict[str, str]:
    with at.db.reading() as session:
        place = making.place_of(session, round_id)
    relations = {f"relation_{number}": "spouse" for number in (1, 2, 3)}
    return {"place": place, "source": "company", "agree": "y", **relations}


def test_one_applies_and_withdraws(ready: Office, as_person: Browser) -> None:
    person = as_person("N1")
    assert "现在没有可以报名的" in page(person, "/me/applications")
    round_id = making.opened(ready)
    assert f"/me/applications/new/{round_id}" in page(person, "/me/applications")
    path = f"/me/applications/new/{round_id}"
    assert str(STATEMENT) in page(person, path)
    values = values_of(ready, round_id)
    unsigned = post(person, path, {**{k: v for k, v in values.items() if k != "agree"}, "relative_1": "某人"})
    assert unsigned.status_code == 422
    assert "某人" in unsigned.get_data(as_text=True)
    assert post(person, path, values).status_code == 302
    text = page(person, "/me/applications")
    assert "等核对材料" in text
    case = text.partition("/me/applications/")[2].partition('"')[0]
    assert making.case_row(ready, case).statement == str(STATEMENT)
    assert "自愿声明" in page(person, f"/me/applications/{case}")
    assert "撤回" in page(person, f"/me/applications/{case}/withdraw")
    assert post(person, f"/me/applications/{case}/withdraw").status_code == 302
    assert making.case_state(ready, case) is CaseState.WITHDRAWN


def test_one_sees_what_is_missing_and_how_the_total_was_made(ready: Office, as_person: Browser) -> None:
    round_id = making.opened(ready)
    first = making.apply(ready, round_id, "N2")
    making.check(ready, first, other="毕业证复印件")
    assert "毕业证复印件" in page(as_person("N2"), "/me/applications")
    _other, cases = making.posted(ready, "N1")
    text = page(as_person("N1"), f"/me/applications/{cases['N1']}")
    assert "我的综合得分" in text
    assert "拟选" in text
    assert as_person("N2").get(f"/me/applications/{cases['N1']}").status_code == 404


def test_who_is_on_duty_is_told_so(ready: Office, as_person: Browser) -> None:
    making.opened(ready)
    assert "您已经在岗" in page(as_person("M1"), "/me/applications")


def test_one_withdraws_until_the_filing_and_not_after(ready: Office, as_person: Browser) -> None:
    round_id, cases = making.posted(ready, "N1", "N2", places=2)
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    making.approve(ready, cases["N2"])
    making.file(ready, cases["N2"])
    assert "撤回报名" in page(as_person("N1"), "/me/applications")
    assert post(as_person("N1"), f"/me/applications/{cases['N1']}/withdraw").status_code == 302
    assert making.case_state(ready, cases["N1"]) is CaseState.WITHDRAWN
    assert "撤回报名" not in page(as_person("N2"), "/me/applications")
    assert post(as_person("N2"), f"/me/applications/{cases['N2']}/withdraw").status_code == 303
    assert making.case_state(ready, cases["N2"]) is CaseState.FILED


def test_too_late_to_apply_or_to_withdraw_says_why(ready: Office, as_person: Browser) -> None:
    round_id, cases = making.posted(ready, "N1")
    late = as_person("N2").get(f"/me/applications/new/{round_id}")
    assert late.status_code == 409
    assert "报名已经截止，不能再报名" in late.get_data(as_text=True)
    hidden = making.draft(ready)
    assert as_person("N2").get(f"/me/applications/new/{hidden}").status_code == 404
    making.refuse(ready, cases["N1"])
    path = f"/me/applications/{cases['N1']}/withdraw"
    over = as_person("N1").get(path)
    assert over.status_code == 409
    assert "审批没有同意" in over.get_data(as_text=True)
    assert post(as_person("N1"), path).status_code == 303
    assert "审批没有同意" in page(as_person("N1"), "/me/applications")
