"""Marking views with who may use them. What the marks do to real pages stands in tests/architecture/test_guards.py."""

import pytest
from flask import Flask

from lms.access.permissions import Permission
from lms.core.errors import SetupError
from lms.web import guards


@pytest.fixture
def bare() -> Flask:
    return Flask("bare", static_folder=None)


def test_a_mark_is_kept_with_the_view(bare: Flask) -> None:
    @bare.get("/mine")
    @guards.allow(Permission.OWN_PROFILE, first_steps=True)
    def mine() -> str:
        return ""

    @bare.get("/open")
    @guards.public("anyone may look", sessionless=True)
    def everyone() -> str:
        return ""

    rule = guards.rule_of(bare, "mine")
    assert (rule.permission, rule.first_steps, rule.sessionless) == (Permission.OWN_PROFILE, True, False)
    rule = guards.rule_of(bare, "everyone")
    assert (rule.permission, rule.reason, rule.sessionless) == (None, "anyone may look", True)
    guards.refuse_unmarked(bare)


def test_every_view_without_a_mark_is_named(bare: Flask) -> None:
    for name in ("b", "a"):
        bare.add_url_rule(f"/{name}", name, lambda: "")
    with pytest.raises(SetupError, match="a, b"):
        guards.refuse_unmarked(bare)


def test_a_view_without_a_mark_has_no_rule_to_fall_back_on(bare: Flask) -> None:
    bare.add_url_rule("/a", "a", lambda: "")
    with pytest.raises(AttributeError):
        guards.rule_of(bare, "a")


def test_something_else_of_that_name_is_no_mark(bare: Flask) -> None:
    def view() -> str:
        return ""

    view._lms_access = True  # type: ignore[attr-defined]
    bare.add_url_rule("/a", "a", view)
    with pytest.raises(SetupError):
        guards.refuse_unmarked(bare)
