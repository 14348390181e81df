"""After signing in one lands on a page of our own, whatever the address asked for (reliability I15)."""

import pytest
from flask import Flask

from lms import registry
from lms.web.safe_next import HOME, safe_next

HOSTILE = [
    "",
    None,
    "//evil.example",
    "///evil.example",
    "////evil.example/me",
    "///me",
    "////me/password",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/me\\..\\..",
    "http://evil.example",
    "https://evil.example/me",
    "https:evil.example",
    "http:/me",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "me",
    ".//evil.example",
    "/.//evil.example",
    "/../me",
    "/@evil.example",
    "@evil.example/me",
    "/\tevil.example",
    "/\t/evil.example",
    "/me\r\nLocation: https://evil.example",
    "/me\x00",
    "/me\t",
    "/me\n",
    "/m\te",
    "/me?a=\r\nSet-Cookie:b=c",
    "/me?a=%0d%0aSet-Cookie:b=c",
    "/me?next=%5cevil.example",
    "/me\x7f",
    "/%09/evil.example",
    "/me%0d%0aSet-Cookie:a=b",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%2f%2fevil.example",
    "/%2F%2Fevil.example",
    "/me%00",
    "/\u2028/evil.example",
    "/／evil.example",
    "/nowhere",
    "/sign-out",  # answers POST only
    "/language",
    "/me?next=" + "x" * 2000,
    "?next=/me",
    "#top",
]


@pytest.fixture(scope="module")
def app() -> Flask:
    """Our addresses without anything behind them."""
    bare = Flask("bare", static_folder=None)
    for blueprint in registry.BLUEPRINTS:
        bare.register_blueprint(blueprint)
    return bare


OURS = ["/", "/me", "/me?page=2", "/me?q=李&next=//evil.example", "/me#sec", "/jobs/abc", "/me/password?next=/me"]


@pytest.mark.parametrize("target", HOSTILE, ids=repr)
def test_a_strange_address_leads_home(app: Flask, target: str | None) -> None:
    assert safe_next(app, target) == HOME


@pytest.mark.parametrize("target", OURS)
def test_an_address_of_our_own_is_kept(app: Flask, target: str) -> None:
    assert safe_next(app, target) == target
