"""From an error to a page: the right status, words, a way on, nothing of our insides."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.routing import RequestRedirect

from lms.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LMSError,
    NotFound,
    ReauthenticationNeeded,
    SetupError,
    Throttled,
)
from lms.people.models import Preference
from lms.web import errors, guards
from lms.web.transaction import reading, writing
from tests.conftest import Site, csrf, make_app, sign_in_as


def failing(site: Site, error: Exception) -> FlaskClient:
    """Return a browser of an application whose page /fails raises an error."""
    app = make_app(site)

    def view() -> Any:
        raise error

    app.add_url_rule("/fails", "fails", guards.public("fails, for a test")(view), methods=["GET", "POST"])
    return app.test_client()


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (NotFound("people.person.not_found"), 404, "没有找到这个人"),
        (Forbidden("access.forbidden", permission="x"), 403, "这一页不归您看"),
        (Invalid("people.role.dates"), 422, "结束日期不能早于开始日期"),
        (Conflict("people.role.moved_on", state="x"), 409, "刚被别人办过"),
        (Throttled("people.sign_in.throttled", retry_after=77), 429, "请等 77 秒"),
        (SetupError("the inner secret"), 500, "不是您按错"),
        (ZeroDivisionError("the inner secret"), 500, "不是您按错"),
        (sa.exc.IntegrityError("INSERT", {}, Exception("the inner secret")), 409, "刚被别人改过"),
        (sa.orm.exc.StaleDataError("the inner secret"), 409, "刚被别人改过"),
        (sa.exc.DataError("SELECT", {}, Exception("the inner secret")), 400, "读不懂"),
        (sa.exc.OperationalError("SELECT", {}, Exception("database is locked")), 503, "请过几秒再按一次"),
        (sa.exc.OperationalError("SELECT", {}, Exception("no such table: the inner secret")), 500, "不是您按错"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value)[:6],
)
def test_every_error_has_its_page(shared_site: Site, error: Exception, status: int, words: str) -> None:
    response = failing(shared_site, error).get("/fails")
    text = response.get_data(as_text=True)
    assert response.status_code == status
    assert words in text
    assert "the inner secret" not in text
    assert 'href="/"' in text  # a way on
    assert ("Retry-After" in response.headers) is (status in {429, 503})
    assert ("编号" in text) is (status >= 500)  # a number to give over the telephone


def test_what_everyone_is_refused_carries_its_waiting_time(shared_site: Site) -> None:
    client = failing(shared_site, Throttled("people.sign_in.throttled", retry_after=77))
    assert client.get("/fails").headers["Retry-After"] == "77"


def test_scripts_get_the_same_words_as_json(shared_site: Site) -> None:
    response = failing(shared_site, Conflict("people.role.moved_on", state="x")).get(
        "/fails", headers={"Accept": "application/json"}
    )
    assert response.status_code == 409
    assert response.json is not None
    assert "刚被别人办过" in response.json["error"]
    assert len(response.json["number"]) == 12


def test_the_number_on_the_page_is_the_number_in_the_log(shared_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    text = failing(shared_site, ZeroDivisionError("x")).get("/fails").get_data(as_text=True)
    [record] = [record for record in caplog.records if record.name == "lms.web"]
    number = record.getMessage().split()[1]
    assert len(number) == 12
    assert number in text
    assert record.exc_info is not None


@pytest.mark.parametrize("status", [400, 404, 405, 413, 415, 418, 429, 451])
def test_every_status_of_the_server_has_its_page(shared_site: Site, status: int) -> None:
    app = make_app(shared_site)

    def view() -> Any:
        abort(status)

    app.add_url_rule("/fails", "fails", guards.public("fails, for a test")(view))
    response = app.test_client().get("/fails")
    assert response.status_code == status
    assert "<h1" in response.get_data(as_text=True)


def test_a_redirect_is_no_fault(shared_site: Site) -> None:
    response = failing(shared_site, RequestRedirect("http://localhost/me")).get("/fails")
    assert (response.status_code, response.location) == (308, "http://localhost/me")


def test_a_wrong_method_says_which_ones_there_are(app: Flask) -> None:
    response = app.test_client().post("/forgot")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_page_kept_open_too_long_asks_to_press_again(app: Flask) -> None:
    client = app.test_client()
    response = client.post("/language", data={"lang": "en"})
    assert response.status_code == 400
    assert "放得太久了" in response.get_data(as_text=True)


# --- the password again ------------------------------------------------------------------------------------


def test_a_page_that_needs_the_password_again_comes_back(shared_site: Site) -> None:
    client = failing(shared_site, ReauthenticationNeeded("access.reauthenticate"))
    assert client.get("/fails?a=1").location == "/me/confirm?next=/fails?a%3D1"


def test_a_button_that_needs_the_password_again_comes_back_to_its_page(shared_site: Site) -> None:
    client = failing(shared_site, ReauthenticationNeeded("access.reauthenticate"))
    token = csrf(client)
    assert client.post("/fails", data={"csrf_token": token, "back": "/me"}).location == "/me/confirm?next=/me"
    assert client.post("/fails", data={"csrf_token": token}).location == "/me/confirm?next=/"


def test_a_script_that_needs_the_password_again_is_told(shared_site: Site) -> None:
    response = failing(shared_site, ReauthenticationNeeded("access.reauthenticate")).get(
        "/fails", headers={"Accept": "application/json"}
    )
    assert response.status_code == 403


# --- the database ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "busy"),
    [
        ("database is locked", True),
        ("canceling statement due to lock timeout", True),
        ("deadlock detected", True),
        ("could not connect: Connection refused", True),
        ("server closed the connection unexpectedly", True),
        ("FATAL: the database system is starting up", True),
        ("FATAL: the database system is shutting down", True),
        ("no such table: person", False),
        ("disk I/O error", False),
    ],
)
def test_what_only_asks_to_come_again(text: str, busy: bool) -> None:
    assert errors.is_busy(sa.exc.OperationalError("SELECT", {}, Exception(text))) is busy


@pytest.mark.parametrize("path", ["/jobs/%00", "/me/sessions/%00/end"])
def test_a_nul_in_an_address_is_no_fault_of_ours(site: Site, path: str) -> None:
    client = make_app(site).test_client()
    sign_in_as(client, "N1")
    response = (
        client.post(path, data={"csrf_token": csrf(client, "/me")}) if path.endswith("/end") else client.get(path)
    )
    assert response.status_code in {400, 404}


def test_a_nul_in_a_form_is_no_fault_of_ours(site: Site) -> None:
    client = make_app(site).test_client()
    data = {"csrf_token": csrf(client), "staff_number": "CG\x00N1", "password": "x\x00"}
    assert client.post("/sign-in", data=data).status_code == 422


def test_two_clicks_at_once_are_a_conflict(site: Site) -> None:
    """The second row breaks the key; whoever pressed twice is told to look, not shown a crash."""
    app = make_app(site)

    def view() -> Any:
        for _ in range(2):
            writing().execute(
                sa.insert(Preference).values(person_id=site.world.person_ids["N1"], language="", text_size="")
            )
        return ""

    app.add_url_rule("/twice", "twice", guards.public("for a test")(view), methods=["POST"])
    client = app.test_client()
    assert client.post("/twice", data={"csrf_token": csrf(client)}).status_code == 409


def test_a_table_that_is_missing_is_a_fault_of_ours(site: Site) -> None:
    app = make_app(site)

    def view() -> Any:
        reading().execute(sa.text("SELECT * FROM nowhere"))
        return ""

    app.add_url_rule("/fails", "fails", guards.public("for a test")(view))
    assert app.test_client().get("/fails").status_code == 500


def test_every_kind_of_refusal_has_a_status() -> None:
    for kind in LMSError.__subclasses__():
        assert kind in errors.STATUS
