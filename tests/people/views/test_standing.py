"""Pages on which a state is moved: the password first, what will follow, one winner of two."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from lms.core import clock
from lms.people.rules import StaffState
from tests.conftest import CountQueries, Site, post
from tests.people.views.test_roles import confirmed
from tests.world import NOW

As = Callable[[str], FlaskClient]


def page_of(site: Site, number: str, action: str) -> str:
    return f"/people/{site.world.person_public_ids[number]}/state/{action}"


def state_of(site: Site, number: str) -> StaffState:
    with site.db.reading() as session:
        return site.world.person(session, number).state


def test_somebody_is_suspended_comes_back_and_leaves(site: Site, as_person: As) -> None:
    client = confirmed(as_person("O1"))
    person_page = f"/people/{site.world.person_public_ids['M1']}"
    for action, state, words in (
        ("suspend", StaffState.SUSPENDED, "已暂停负责网格"),
        ("reinstate", StaffState.ACTIVE, "已恢复上岗"),
        ("second", StaffState.SECONDED, "已登记借调"),
        ("return", StaffState.ACTIVE, "已登记借调回来"),
        ("end", StaffState.ENDED, "已登记离开"),
        ("come-back", StaffState.CANDIDATE, "已登记回来"),
    ):
        page = page_of(site, "M1", action)
        assert f'href="{page}"' in client.get(person_page).get_data(as_text=True)
        form = client.get(page).get_data(as_text=True)
        assert ("带教师傅" in form) is (action == "end")  # the role that would end
        response = post(client, page, {"reason": "合同到期", "last_day": "2026-11-24"})
        assert response.status_code == 302
        assert words in client.get(person_page).get_data(as_text=True)
        assert state_of(site, "M1") is state


def test_the_password_is_asked_for_and_what_was_typed_stays(site: Site, as_person: As) -> None:
    client = as_person("O1")
    clock.freeze(NOW + timedelta(minutes=6))
    page = page_of(site, "N1", "end")
    response = post(client, page, {"reason": "调到别的街道", "last_day": "2026-11-20"})
    assert response.status_code == 302
    assert "/me/confirm" in response.headers["Location"]
    assert state_of(site, "N1") is StaffState.TRAINEE
    confirmed(client)
    text = client.get(page, query_string={"reason": "调到别的街道", "last_day": "2026-11-20"}).get_data(as_text=True)
    assert 'value="调到别的街道"' in text
    assert 'value="2026-11-20"' in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [({"reason": ""}, "写一句原因"), ({"reason": "走了", "last_day": "2026-12-24"}, "这一天还没到")],
)
def test_what_is_wrong_is_named_and_nothing_happens(
    site: Site, as_person: As, typed: dict[str, str], words: str
) -> None:
    client = confirmed(as_person("O1"))
    response = post(client, page_of(site, "N1", "end"), typed)
    assert response.status_code == 422
    assert words in response.get_data(as_text=True)
    assert state_of(site, "N1") is StaffState.TRAINEE


def test_a_second_click_and_a_state_that_does_not_allow_it_are_told(site: Site, as_person: As) -> None:
    client = confirmed(as_person("O1"))
    assert post(client, page_of(site, "N1", "end"), {"reason": "走了"}).status_code == 302
    again = post(client, page_of(site, "N1", "end"), {"reason": "走了"})
    assert again.status_code == 422
    assert "可能同事已经办过了" in again.get_data(as_text=True)
    assert client.get(page_of(site, "N2", "reinstate")).status_code == 200
    assert client.get(page_of(site, "N2", "file")).status_code == 404
    assert client.get(page_of(site, "N2", "nothing")).status_code == 404


def test_whoever_left_is_signed_out_and_cannot_sign_in(site: Site, as_person: As) -> None:
    newcomer = as_person("N1")
    assert newcomer.get("/me").status_code == 200
    assert post(confirmed(as_person("O1")), page_of(site, "N1", "end"), {"reason": "走了"}).status_code == 302
    assert newcomer.get("/me").status_code == 302


def test_the_page_asks_few_queries(site: Site, as_person: As, count_queries: CountQueries) -> None:
    client = confirmed(as_person("O1"))
    with count_queries(site.db) as statements:
        client.get(page_of(site, "M1", "end"))
    assert len(statements) <= 12
