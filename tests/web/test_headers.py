"""The headers of a response. That every page has them stands in tests/architecture/test_guards.py."""

import pytest
from flask import Flask, Response, g
from werkzeug.test import TestResponse

from lms.web import headers


def answer(*, https: bool = False, sessionless: bool = False, own: dict[str, str] | None = None) -> TestResponse:
    """Return the response of a bare application with our headers."""
    bare = Flask("bare", static_folder=None)
    headers.install(bare, https=https)

    @bare.get("/")
    def page() -> Response:
        g.lms_sessionless = sessionless
        return Response("", headers=own)

    return bare.test_client().get("/")


def test_the_table_of_headers() -> None:
    """Changed on purpose only: each line here keeps a kind of attack out."""
    assert {name: value for name, value in headers.SECURITY.items() if name != "Content-Security-Policy"} == {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    assert headers.SECURITY["Content-Security-Policy"] == headers.CSP


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    policy = dict(part.split(" ", 1) for part in headers.CSP.split("; "))
    assert policy["default-src"] == "'none'"
    for name, value in policy.items():
        assert value in {"'self'", "'none'"}, f"{name} {value}: neither a host nor unsafe-inline nor a nonce"
    for name in ("script-src", "style-src", "img-src", "font-src", "connect-src", "form-action", "base-uri"):
        assert name in policy
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"


def test_a_page_is_kept_by_nobody_and_depends_on_the_cookie() -> None:
    response = answer()
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Vary"] == "Cookie"
    assert response.headers["Referrer-Policy"] == "same-origin"  # Flask-WTF reads it over https


def test_a_page_without_a_session_tells_nobody_where_it_was_opened() -> None:
    response = answer(sessionless=True)
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Vary" not in response.headers


@pytest.mark.parametrize("https", [True, False])
def test_browsers_are_told_to_stay_on_https_only_there(https: bool) -> None:
    assert ("Strict-Transport-Security" in answer(https=https).headers) is https


def test_what_a_view_decided_is_kept() -> None:
    response = answer(own={"Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"})
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Referrer-Policy"] == "no-referrer"
