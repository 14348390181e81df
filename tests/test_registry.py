"""The list of parts: what is named there exists, and what exists is named there."""

import importlib
from collections.abc import Callable

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from lms import registry
from lms.access.matrix import GRANTS
from lms.web import guards
from tests.architecture.endpoints import ACTORS, Place, identity
from tests.architecture.sources import LMS
from tests.conftest import Site

As = Callable[[str], FlaskClient]


def test_every_package_s_pages_are_registered() -> None:
    found = [
        path.parent.name
        for path in sorted([*LMS.glob("*/views.py"), *LMS.glob("*/views/__init__.py")])
        for name in [path.relative_to(LMS).parts[0]]
        if isinstance(getattr(importlib.import_module(f"lms.{name}.views"), "blueprint", None), Blueprint)
        and importlib.import_module(f"lms.{name}.views").blueprint not in registry.BLUEPRINTS
    ]
    assert not found, f"lms/registry.py must name the blueprints of {found}"


def test_every_package_s_words_are_registered() -> None:
    for path in LMS.glob("*/forms.py"):
        words = getattr(importlib.import_module(f"lms.{path.parent.name}.forms"), "MESSAGES", None)
        assert words is None or any(words is each for each in registry.MESSAGES), path


def test_every_package_s_commands_are_registered() -> None:
    names = {command.name for command in registry.COMMANDS} | {"demo"}  # demo stands above the registry
    for path in LMS.glob("*/cli.py"):
        group = importlib.import_module(f"lms.{path.parent.name}.cli").group
        assert group.name in names, f"lms/registry.py must name lms/{path.parent.name}/cli.py"


def test_the_navigation_leads_to_pages_that_are_there(app: Flask) -> None:
    for entry in registry.NAVIGATION:
        rule = guards.rule_of(app, entry.endpoint)
        assert rule.permission is entry.permission, f"{entry.endpoint}: shown by one permission, opened by another"
        assert entry.permission in GRANTS


@pytest.mark.parametrize("role", [role for role, number in ACTORS.items() if number])
def test_nobody_is_shown_a_way_that_is_closed_to_them(app: Flask, site: Site, as_person: As, role: str) -> None:
    number = str(ACTORS[role])
    with app.test_request_context("/me"):
        app.preprocess_request()
        shown = registry.navigation(identity(Place(site.db, site.world), number))
    assert 2 <= len(shown) <= 5
    assert [each.url for each in shown if each.current] == ["/me"]
    client = as_person(number)
    for each in shown:
        assert client.get(each.url).status_code == 200, each.url


def test_jobs_have_names_in_one_grammar() -> None:
    packages = {path.parent.name for path in LMS.glob("*/__init__.py")}
    for name, handler in registry.JOB_HANDLERS.items():
        assert name.split(".")[0] in packages, name
        assert callable(handler)
