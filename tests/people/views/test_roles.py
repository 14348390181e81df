"""Pages of roles over HTTP: two persons, each with the password given just now."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.access.identity import Role
from lms.core import clock
from lms.people.models import RoleGrant
from lms.people.rules import GrantState
from tests import trail
from tests.conftest import CountQueries, Site, post
from tests.world import NOW, PASSWORD

As = Callable[[str], FlaskClient]


def confirmed(client: FlaskClient) -> FlaskClient:
    """Give the password again, as acts that count ask for."""
    assert post(client, "/me/confirm", {"password": PASSWORD, "next": "/me"}).status_code == 302
    return client


def asked(site: Site, **changes: str) -> dict[str, str]:
    unit = site.world.unit_public_ids["east.1"]
    return {"role": "mentor", "unit": unit, "starts_on": "2026-11-24", "basis": "街办〔2026〕5号", **changes}


def page_of(site: Site, number: str) -> str:
    return f"/people/{site.world.person_public_ids[number]}/roles/new"


def grants(site: Site, number: str) -> list[RoleGrant]:
    with site.db.reading() as session:
        statement = sa.select(RoleGrant).where(RoleGrant.person_id == site.world.person_ids[number])
        return list(session.scalars(statement.order_by(RoleGrant.id)))


def test_one_proposes_and_another_confirms(site: Site, as_person: As) -> None:
    one, two, page = confirmed(as_person("O1")), confirmed(as_person("O2")), page_of(site, "N2")
    text = one.get(page).get_data(as_text=True)
    assert "带教师傅" in text
    assert "系统管理员" not in text[text.index("<form method") :].split("</select>")[0]
    assert post(one, page, asked(site)).status_code == 302
    [grant] = grants(site, "N2")
    assert (grant.state, grant.basis) == (GrantState.PROPOSED, "街办〔2026〕5号")
    # A second click proposes nothing more and keeps what was typed.
    response = post(one, page, asked(site))
    assert response.status_code == 422
    assert 'value="街办〔2026〕5号"' in response.get_data(as_text=True)
    confirm = f"/roles/{grant.public_id}/confirm"
    assert f'href="{confirm}"' not in one.get("/roles").get_data(as_text=True)
    text = two.get("/roles").get_data(as_text=True)
    assert f'href="{confirm}"' in text
    assert "陈志强" in text
    response = post(one, confirm)
    assert response.status_code in {403, 422}
    assert "确认给这个角色吗" in two.get(confirm).get_data(as_text=True)
    before = trail.seq(site.db)
    assert post(two, confirm).location == "/roles"
    assert grants(site, "N2")[0].state is GrantState.IN_FORCE
    response = post(two, confirm, {"reason": "再按一次"})
    assert response.status_code == 422
    assert "已经办过了" in response.get_data(as_text=True)
    assert [entry.tag for entry in trail.entries(site.db, before)] == ["people:role:granted"]
    assert post(two, f"/roles/{grant.public_id}/end", {"reason": "调走了"}).location == "/roles"
    assert grants(site, "N2")[0].state is GrantState.ENDED
    assert trail.entries(site.db, before)[-1].reason == "调走了"


def test_the_password_comes_first_and_what_was_typed_comes_back(site: Site, as_person: As) -> None:
    client, page = as_person("O1"), page_of(site, "N2")
    clock.freeze(NOW + timedelta(minutes=6))  # the password given at sign-in counts for five minutes
    response = post(client, page, asked(site, ends_on="2027-01-31", role="trainer"))
    assert response.location.startswith("/me/confirm?next=")
    response = client.get(response.location)
    text = response.get_data(as_text=True)
    following = text[text.rindex('name="next" value="') + 19 :].split('"')[0].replace("&amp;", "&")
    response = post(client, "/me/confirm", {"password": PASSWORD, "next": following})
    assert response.location.startswith(page)
    text = client.get(response.location).get_data(as_text=True)
    assert 'value="街办〔2026〕5号"' in text
    assert 'value="2027-01-31"' in text
    assert '<option selected value="trainer">' in text
    assert grants(site, "N2") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"starts_on": ""}, "选开始日期"),
        ({"ends_on": "2026-11-01"}, "不能早于"),
        ({"starts_on": "2026-01-01", "ends_on": "2026-11-23"}, "已经过了"),
        ({"basis": "长" * 201}, "200"),
        ({"role": "system_admin"}, "角色"),
    ],
)
def test_wrong_input_keeps_what_was_typed(site: Site, as_person: As, changes: dict[str, str], words: str) -> None:
    sent = asked(site, **changes)
    response = post(confirmed(as_person("O1")), page_of(site, "N2"), sent)
    assert response.status_code == 422
    text = response.get_data(as_text=True)
    assert "有 1 处要改" in text
    assert words in text
    assert f'value="{sent["basis"]}"' in text
    assert f'<option selected value="{sent["unit"]}">' in text
    assert grants(site, "N2") == []


def test_what_is_out_of_reach_is_not_there(site: Site, as_person: As) -> None:
    client = confirmed(as_person("O1"))
    [grant] = grants(site, "O9")
    for action in ("confirm", "refuse", "end"):
        assert client.get(f"/roles/{grant.public_id}/{action}").status_code == 404
        assert post(client, f"/roles/{grant.public_id}/{action}").status_code == 404
    assert client.get("/roles/nothing/end").status_code == 404
    [own] = grants(site, "M1")
    assert client.get(f"/roles/{own.public_id}/sing").status_code == 422
    sent = asked(site, unit=site.world.unit_public_ids["west.1"])
    assert post(client, page_of(site, "N2"), sent).status_code == 422


def test_a_role_that_ran_out_is_shown_so_and_can_be_given_again(site: Site, as_person: As) -> None:
    one, two, page = confirmed(as_person("O1")), confirmed(as_person("O2")), page_of(site, "N2")
    post(one, page, asked(site, ends_on="2026-11-30"))
    [grant] = grants(site, "N2")
    post(two, f"/roles/{grant.public_id}/confirm")
    clock.freeze(NOW + timedelta(days=7))
    one, person = confirmed(as_person("O1")), page.removesuffix("/roles/new")
    assert "已到期" in one.get(person).get_data(as_text=True)
    before = trail.seq(site.db)
    assert post(one, page, asked(site, starts_on="2026-12-01")).location == person
    first, second = grants(site, "N2")
    assert (first.state, str(first.ends_on)) == (GrantState.ENDED, "2026-11-30")
    assert (second.state, second.role) == (GrantState.PROPOSED, Role.MENTOR)
    assert [entry.tag for entry in trail.entries(site.db, before)] == ["people:role:ended", "people:role:proposed"]


@pytest.mark.parametrize("number", ["O1", "S1"])
def test_the_page_of_roles_asks_little(site: Site, as_person: As, count_queries: CountQueries, number: str) -> None:
    client = confirmed(as_person("O1"))
    for person in ("N1", "N2", "L1"):
        post(client, page_of(site, person), asked(site))
    client = confirmed(as_person(number))
    for page in ("/roles", page_of(site, "N1")):
        with count_queries(site.db) as statements:
            assert client.get(page).status_code == 200
        assert len(statements) <= 12, statements
