"""Default deny, tokens, headers, reads that do not write: for every endpoint there is, found by walking the map."""

import hashlib
import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lms import registry
from lms.access.permissions import Permission
from lms.app import create_app
from lms.core.db import Base, Database
from lms.core.errors import SetupError
from lms.web import guards
from lms.web.headers import SECURITY
from tests.architecture.endpoints import ACTORS, OWN, Call, Place, address, calls
from tests.conftest import Site, make_app, sign_in_as

PUBLIC = {
    "certification.verify": "whoever is shown a certificate checks it without an account",
    "certification.verify_start": "whoever is shown a certificate checks it without an account",
    "healthz": "a monitor asks whether the product can serve; says nothing about content",
    "people.forgot": "whoever forgot the password cannot sign in",
    "people.set_language": "the sign-in page is read in two languages",
    "people.set_text_size": "the sign-in page must be readable before signing in",
    "people.sign_in": "whoever has no session must be able to open one",
    "people.sign_in_token": "a page that stays open over the end of its session signs in again without being left",
    "selection.notice": "residents read a notice without an account",
    "selection.notices": "residents read which notices run without an account",
    "selection.object_to": "whoever has something to say about a notice need not sign in",
    "style": "the style page of development shows components, no data",
}
"""Every endpoint that is open to everyone. A new one is added here by hand, after a second look."""

SESSIONLESS = {
    "certification.verify",
    "certification.verify_start",
    "healthz",
    "selection.notice",
    "selection.notices",
}
"""Those of them that read and set no cookie."""

NOT_COMPARED = {"access_log", "sign_in_session"}
"""Tables that a read may touch, in transactions of their own: who looked, and when a session was last used."""

COUNTED = {"certification.verify"}
"""Pages whose every opening is counted, in a transaction of its own, so that nobody can try codes by the thousand."""


def signed_in(app: Flask, number: str) -> FlaskClient:
    browser = app.test_client()
    assert sign_in_as(browser, number).status_code == 302
    return browser


def readable(app: Flask, place: Place, number: str, browser: FlaskClient) -> list[tuple[Call, str]]:
    """Return the pages that a person can open: every GET, every case that answers below 400."""
    found = []
    for call in calls(app, {"GET"}):
        path = address(app, place, call, number)
        if call.endpoint not in COUNTED and browser.get(path).status_code < 400:
            found.append((call, path))
    assert len(found) > 5
    return found


def test_the_start_refuses_an_endpoint_that_says_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    forgetful = Blueprint("forgetful", __name__)

    @forgetful.get("/forgetful")
    def page() -> str:
        return ""

    monkeypatch.setattr(registry, "BLUEPRINTS", (*registry.BLUEPRINTS, forgetful))
    with pytest.raises(SetupError, match=r"forgetful\.page"):
        create_app(site.settings, site.db)


def test_every_endpoint_has_a_rule(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        found = guards.rule_of(app, rule.endpoint)
        assert (found.permission is None) == bool(found.reason), f"{rule.endpoint}: @public needs its reason"
        assert found.permission is None or isinstance(found.permission, Permission)


def test_no_other_endpoint_is_public(app: Flask) -> None:
    rules = {endpoint: guards.rule_of(app, endpoint) for endpoint in app.view_functions}
    assert {name: rule.reason for name, rule in rules.items() if rule.permission is None} == PUBLIC
    assert {name for name, rule in rules.items() if rule.sessionless} == SESSIONLESS


def test_what_changes_something_is_never_a_get(app: Flask) -> None:
    """A form that posts and a page that shows it may share an address; nothing else answers both."""
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        assert methods in ({"GET"}, {"POST"}, {"GET", "POST"}), f"{rule.endpoint}: {methods}"


def test_sessionless_endpoints_read_and_set_no_cookie(app: Flask, site: Site) -> None:
    place = Place(site.db, site.world)
    browser = signed_in(app, "N1")
    for call in calls(app, {"GET", "POST"}):
        if call.endpoint not in SESSIONLESS or call.case == OWN:
            continue
        response = browser.open(address(app, place, call, None), method=call.method)
        assert "Set-Cookie" not in response.headers, call
        assert "Cookie" not in response.headers.get("Vary", ""), call
        assert response.headers["Referrer-Policy"] == "no-referrer", call


def test_a_post_without_a_token_is_refused_everywhere(app: Flask, site: Site) -> None:
    place = Place(site.db, site.world)
    browser = signed_in(app, "O1")
    wanted = [call for call in calls(app, {"POST", "PUT", "PATCH", "DELETE"}) if call.endpoint not in SESSIONLESS]
    paths = [(call, address(app, place, call, "O1")) for call in wanted]  # nothing is done sessionless in one's name
    before = rows_of(site.db)
    for call, path in paths:
        response = browser.open(path, method=call.method, data={"csrf_token": "made up", "next": "/"})
        assert response.status_code == 400, call
    assert rows_of(site.db) == before
    assert len(paths) >= 7


def rows_of(db: Database) -> dict[str, str]:
    """Return a digest of all rows of every table, so that one changed value shows."""
    digests: dict[str, str] = {}
    with db.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in NOT_COMPARED:
                continue
            rows = [list(row) for row in session.execute(sa.select(table).order_by(*table.primary_key))]
            text = json.dumps(rows, default=str, ensure_ascii=False)
            digests[table.name] = f"{len(rows)} rows {hashlib.sha256(text.encode()).hexdigest()}"
    return digests


@pytest.mark.parametrize("role", ["newcomer", "official"])
def test_a_get_changes_no_row(app: Flask, site: Site, role: str) -> None:
    number, place = str(ACTORS[role]), Place(site.db, site.world)
    browser = signed_in(app, number)
    pages = readable(app, place, number, browser)
    before = rows_of(site.db)
    for _, path in pages:
        browser.get(path, headers={"Accept": "application/json"})
        browser.head(path)
        browser.get(path)
    if rows_of(site.db) != before:
        raise AssertionError(f"{_writers(site.db, browser, pages)} wrote in a GET")


def _writers(db: Database, browser: FlaskClient, pages: list[tuple[Call, str]]) -> list[Call]:
    """Return which pages write, asked one by one."""
    found = []
    for call, path in pages:
        before = rows_of(db)
        browser.get(path)
        if rows_of(db) != before:
            found.append(call)
    return found


def test_the_comparison_sees_a_change(db: Database, site: Site) -> None:
    before = rows_of(db)
    with db.writing() as session:
        session.execute(sa.text("UPDATE preference SET language = 'en'"))
        session.execute(sa.text(f"INSERT INTO throttle_hit (key, at) VALUES ('{'0' * 64}', '2026-01-01 00:00:00')"))
    changed = {name for name, digest in rows_of(db).items() if digest != before[name]}
    assert changed == {"throttle_hit"}  # nobody has a preference yet


# --- headers -----------------------------------------------------------------------------------------------


def assert_secure(response: TestResponse, what: Any) -> None:
    for name, value in SECURITY.items():
        # A file to download says one thing more: whatever is in it may not run.
        expected = f"{value}; sandbox" if "attachment" in response.headers.get("Content-Disposition", "") else value
        found = response.headers.get_all(name)
        assert found == [value] or (name == "Content-Security-Policy" and found == [expected]), f"{what}: {name}"
    assert response.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, what
    assert "Server" not in response.headers, what
    assert response.headers["Cache-Control"] == "no-store", what


@pytest.fixture
def breakable(site: Site) -> Flask:
    """The application with a page that fails."""
    app = make_app(site)

    @app.get("/fails")
    @guards.public("fails, for a test")
    def fails() -> str:
        raise RuntimeError("the inner secret")

    return app


def test_every_page_has_the_headers(app: Flask, site: Site) -> None:
    """Also those that keep one person's page from being shown to another (reliability I22)."""
    place = Place(site.db, site.world)
    browser = signed_in(app, "O1")
    for call in calls(app, {"GET"}):
        response = browser.get(address(app, place, call, "O1"))
        assert_secure(response, call)
        if call.endpoint not in SESSIONLESS:
            assert response.headers["Vary"] == "Cookie", call


def test_every_fault_has_the_headers_and_says_nothing_of_our_insides(breakable: Flask) -> None:
    browser = signed_in(breakable, "N1")
    faults = {
        404: browser.get("/nowhere"),
        405: browser.post("/forgot"),
        400: browser.post("/me/password"),
        500: browser.get("/fails"),
        401: breakable.test_client().post("/sign-out"),
    }
    for status, response in faults.items():
        assert response.status_code == status
        assert_secure(response, status)
        text = response.get_data(as_text=True)
        assert "<h1" in text, status
        for inside in ("Traceback", "the inner secret", "RuntimeError", "lms/", "werkzeug", "sqlalchemy"):
            assert inside not in text, status
    assert faults[405].headers["Allow"] == "GET, HEAD, OPTIONS"


def test_files_have_the_headers_and_are_kept(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/sign-in").get_data(as_text=True)
    start = page.index('href="/static/') + len('href="')
    response = client.get(page[start : page.index('"', start)])
    assert response.status_code == 200
    for name, value in SECURITY.items():
        assert response.headers.get_all(name) == [value], name
    assert "immutable" in response.headers["Cache-Control"]
    response.close()
    assert_secure(client.get("/static/nowhere.css"), "a file that is not there")
