"""The application as a whole: who is asking, what they must do first, what is written down."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.access.identity import CONSOLE
from lms.app import create_app, make_database, refuse_demo_accounts
from lms.audit.models import AccessLog
from lms.core import clock
from lms.core.errors import SetupError
from lms.people.models import Account, OrgUnit, Person, SignInSession
from lms.people.services import accounts, persons
from tests.conftest import Site, csrf, make_app, post, sign_in_as
from tests.world import NOW, PASSWORD, PASSWORDS, TODAY

As = Callable[[str], FlaskClient]

PRODUCTION: dict[str, Any] = {
    "env": "production",
    "demo": False,
    "public_base_url": "https://grid.example",
    "trusted_hosts": "grid.example,localhost",
}


def production(site: Site, **changes: Any) -> Site:
    """Return the site with the settings of an office."""
    return Site(replace(site.settings, **{**PRODUCTION, **changes}), site.db, site.world)


def access_log(site: Site) -> list[tuple[str, str, str]]:
    """Return (who, what, outcome) of the access log, in its order."""
    with site.db.reading() as session:
        rows = session.execute(sa.select(AccessLog.actor, AccessLog.what, AccessLog.outcome).order_by(AccessLog.id))
        return [(row.actor, row.what, row.outcome) for row in rows]


# --- starting ----------------------------------------------------------------------------------------------


def test_an_old_schema_is_refused(site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0123456789ab'")
    with pytest.raises(SetupError, match="lms db upgrade"):
        create_app(site.settings, site.db)


def test_demo_accounts_do_not_go_into_production(site: Site) -> None:
    make_app(production(site))
    with site.db.writing() as session:
        data = persons.PersonData(staff_number="CG0500", name="演示", joined_on=TODAY)
        persons.add_person(session, CONSOLE, site.world.unit(session, "east"), data, now=NOW, is_demo=True)
    make_app(site)
    with pytest.raises(SetupError, match="lms demo clear"):
        make_app(production(site))
    refuse_demo_accounts(False)


def test_the_style_page_is_not_part_of_production(site: Site) -> None:
    assert make_app(site).test_client().get("/style").status_code == 200
    assert make_app(production(site)).test_client().get("/style").status_code == 404


def test_a_database_carries_the_key_of_the_trail(site: Site) -> None:
    db = make_database(site.settings)
    with db.writing() as session:
        assert site.settings.audit_key in session.info.values()
    db.engine.dispose()


# --- cookies and hosts -------------------------------------------------------------------------------------


def cookie_of(response: Any) -> str:
    [found] = [each for each in response.headers.getlist("Set-Cookie") if "lms=" in each]
    return str(found)


def test_the_cookie_is_bound_to_this_host_and_hidden_from_scripts(site: Site) -> None:
    client = make_app(production(site)).test_client()
    cookie = cookie_of(client.get("/sign-in", base_url="https://localhost"))
    assert cookie.startswith("__Host-lms=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    cookie = cookie_of(make_app(site).test_client().get("/sign-in"))
    assert cookie.startswith("lms=")
    assert "HttpOnly" in cookie
    assert "Secure" not in cookie


def test_the_cookie_holds_nothing_but_a_token(as_person: As) -> None:
    client = as_person("N1")
    with client.session_transaction() as kept:
        assert set(kept) <= {"_user_id", "_fresh", "csrf_token", "_permanent", "_flashes"}
        assert len(kept["_user_id"]) == 43


def test_signing_in_starts_a_new_session(client: FlaskClient) -> None:
    """What a stranger planted before signing in does not survive (reliability I16)."""
    with client.session_transaction() as kept:
        kept["planted"] = "x"
        kept["_user_id"] = "planted"
    token = csrf(client)
    assert sign_in_as(client, "N1").status_code == 302
    with client.session_transaction() as kept:
        assert "planted" not in kept
        assert kept["_user_id"] != "planted"
        assert kept.get("csrf_token") != token


def test_an_unknown_host_is_refused_in_production(site: Site) -> None:
    client = make_app(production(site)).test_client()
    assert client.get("/sign-in", base_url="https://grid.example").status_code == 200
    for path in ("/sign-in", "/healthz", "/nowhere"):
        response = client.get(path, base_url="https://evil.example")
        assert (response.status_code, response.get_data(as_text=True)) == (400, "400 Bad Request"), path
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("behind_proxy", "address"), [(True, "203.0.113.9"), (False, "127.0.0.1")])
def test_only_a_proxy_of_ours_says_where_somebody_is(site: Site, behind_proxy: bool, address: str) -> None:
    app = make_app(Site(replace(site.settings, behind_proxy=behind_proxy), site.db, site.world))
    client = app.test_client()
    sign_in_as(client, "N1")
    forwarded = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    client.get("/jobs/nowhere", headers=forwarded)
    with site.db.reading() as session:
        assert session.scalars(sa.select(AccessLog.address)).one() == address


# --- who is asking -----------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in_and_brought_back(client: FlaskClient) -> None:
    assert client.get("/me?a=1&b=2").location == "/sign-in?next=/me?a%3D1%26b%3D2"
    assert client.get("/").location == "/sign-in"
    assert client.post("/sign-out").status_code == 401
    answer = client.get("/me", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json) == (401, {"error": "sign-in"})


@pytest.mark.parametrize("cookie", ["", "garbage", "eyJfdXNlcl9pZCI6IngifQ.aaaaaa.bbbbbb"])
def test_a_cookie_that_is_not_ours_opens_nothing(client: FlaskClient, cookie: str) -> None:
    client.set_cookie("lms", cookie)
    assert client.get("/me").status_code == 302


@pytest.mark.parametrize("statement", ["ended_at = created_at", "token_hash = 'another'"])
def test_a_session_that_ended_on_the_server_is_over(site: Site, as_person: As, statement: str) -> None:
    client = as_person("N1")
    assert client.get("/me").status_code == 200
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE sign_in_session SET {statement}")
    assert client.get("/me").status_code == 302


def test_a_role_that_ended_is_gone_with_the_next_request(site: Site, as_person: As) -> None:
    client = as_person("A1")
    with site.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AccessLog)) == 0
    assert client.get("/audit").status_code == 200
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE role_grant SET state = 'ended'")
    assert post(client, "/audit/verify").status_code == 403


# --- first steps -------------------------------------------------------------------------------------------


def test_a_new_person_changes_the_password_and_reads_the_notice_first(site: Site) -> None:
    prepared = accounts.prepare_code(PASSWORDS)
    with site.db.writing() as session:
        data = persons.PersonData(staff_number="CG0500", name="新来的", joined_on=TODAY)
        person = persons.add_person(session, CONSOLE, site.world.unit(session, "east.1.1"), data, now=NOW)
        accounts.open_account(session, CONSOLE, person, prepared, now=NOW)
    client = make_app(site).test_client()
    form = {"csrf_token": csrf(client), "staff_number": "CG0500", "password": prepared.code, "next": "/me?a=1"}
    assert client.post("/sign-in", data=form).location == "/me?a=1"
    assert client.get("/me?a=1").location == "/me/password?next=/me?a%3D1"
    assert post(client, "/me/sessions/x/end", page="/me/password").location.startswith("/me/password")
    chosen = {"old_password": prepared.code, "new_password": "kettle boat", "again": "kettle boat", "next": "/me?a=1"}
    assert post(client, "/me/password", chosen, page="/me/password").location == "/me?a=1"
    assert client.get("/me?a=1").location == "/privacy?next=/me?a%3D1"
    assert post(client, "/privacy", {"next": "/me?a=1"}, page="/privacy").location == "/me?a=1"
    assert client.get("/me?a=1").status_code == 200


def test_a_new_notice_is_shown_to_everyone_once(site: Site, as_person: As) -> None:
    client = as_person("N1")
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(Account).values(privacy_notice="2020-01"))
    assert client.get("/").location == "/privacy?next=/"
    post(client, "/privacy", page="/privacy")
    assert client.get("/").status_code == 200


# --- the own language --------------------------------------------------------------------------------------


def test_the_account_s_wishes_win_over_the_browser_s(as_person: As) -> None:
    client = as_person("N1")
    post(client, "/language", {"lang": "en"})
    client.set_cookie("lms_lang", "zh")
    assert '<html lang="en"' in client.get("/me").get_data(as_text=True)


def test_the_office_stands_at_the_head_in_the_reader_s_language(client: FlaskClient) -> None:
    assert "东街道" in client.get("/sign-in").get_data(as_text=True)
    client.set_cookie("lms_lang", "en")
    text = client.get("/sign-in").get_data(as_text=True)
    assert "East" in text
    assert "东街道" not in text


def test_the_office_s_name_is_read_once_a_minute(site: Site) -> None:
    client = make_app(site).test_client()
    client.get("/sign-in")
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(OrgUnit).where(OrgUnit.name == "东街道").values(name="晨光街道"))
    assert "东街道" in client.get("/sign-in").get_data(as_text=True)
    clock.freeze(NOW + timedelta(seconds=61))
    assert "晨光街道" in client.get("/sign-in").get_data(as_text=True)


def test_an_office_without_units_has_pages_too(empty_site: Site) -> None:
    response = make_app(empty_site).test_client().get("/sign-in")
    assert response.status_code == 200
    assert "brand__by" not in response.get_data(as_text=True)


def test_the_help_phone_stands_at_the_foot(site: Site) -> None:
    app = make_app(Site(replace(site.settings, help_phone="0472-123 4567"), site.db, site.world))
    assert 'href="tel:04721234567"' in app.test_client().get("/sign-in").get_data(as_text=True)


# --- what is written down ----------------------------------------------------------------------------------


def test_denials_are_written_down(site: Site, as_person: As) -> None:
    client = as_person("N1")
    actor = site.world.person_public_ids["N1"]
    client.get("/jobs/nowhere")
    post(client, "/audit/verify")
    client.get("/nowhere")  # a slip of the finger is no denial
    assert access_log(site) == [(actor, "jobs:job:see", "denied"), (actor, "audit:chain:verify", "denied")]


def test_sensitive_reads_are_written_down(site: Site, as_person: As) -> None:
    as_person("A1").get("/audit")
    actor = site.world.person_public_ids["A1"]
    assert access_log(site) == [(actor, "audit:trail:read", "used")]


def test_whoever_is_asked_for_the_password_has_read_nothing_yet(site: Site, as_person: As) -> None:
    client = as_person("O1")
    clock.freeze(NOW + timedelta(minutes=6))  # the password of the sign-in counts for five
    assert "/me/confirm" in post(client, "/people/export").location
    assert access_log(site) == []


def test_strangers_are_not_written_down(site: Site, client: FlaskClient) -> None:
    client.get("/audit")
    client.post("/sign-out")
    assert access_log(site) == []


def test_a_session_is_touched_every_five_minutes(site: Site, as_person: As) -> None:
    client = as_person("N1")
    seen = []
    for minutes in (1, 5, 6, 7, 12):
        clock.freeze(NOW + timedelta(minutes=minutes))
        client.get("/me")
        with site.db.reading() as session:
            last = session.scalars(sa.select(SignInSession.last_seen_at)).one()
        seen.append(int((last - NOW).total_seconds() // 60))
    assert seen == [0, 0, 6, 6, 12]


# --- health ------------------------------------------------------------------------------------------------


def test_a_monitor_learns_whether_it_can_serve_and_nothing_else(site: Site) -> None:
    client = make_app(site).test_client()
    assert (client.get("/healthz").status_code, client.get("/healthz").json) == (200, {"status": "ok"})
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0123456789ab'")
    assert (client.get("/healthz").status_code, client.get("/healthz").json) == (503, {"status": "not ready"})


# --- business time -----------------------------------------------------------------------------------------


def test_a_moved_clock_moves_business_and_not_sessions(site: Site) -> None:
    app = make_app(Site(replace(site.settings, clock_offset_days=100), site.db, site.world))
    client = app.test_client()
    sign_in_as(client, "N1")
    assert "2027年3月4日" in client.get("/").get_data(as_text=True)
    with site.db.reading() as session:
        assert session.scalars(sa.select(SignInSession.created_at)).one() == NOW


def test_whoever_leaves_cannot_sign_in(site: Site, client: FlaskClient) -> None:
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(Person).values(state="ended"))
    assert sign_in_as(client, "N1", PASSWORD).status_code == 422
