"""Forms of people check shape; what may be done is decided in services."""

from typing import Any

import pytest
from flask import Flask
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from lms import registry
from lms.access.identity import GRANTABLE
from lms.people import forms
from lms.people.formats.headings import Field
from lms.people.rules import Sex, StaffState
from lms.web import i18n
from lms.web.forms import BaseForm
from lms.web.messages import Wordbook


@pytest.fixture(scope="module")
def bare() -> Flask:
    """An application with our languages, without tokens."""
    app = Flask("bare", static_folder=None)
    app.config.update(SECRET_KEY="test", WTF_CSRF_ENABLED=False)
    app.extensions["lms.words"] = Wordbook(*registry.MESSAGES)
    i18n.install(app, default_language="zh")
    return app


def errors_of(app: Flask, kind: type[BaseForm], data: dict[str, Any], **choices: list[SelectChoice]) -> dict[str, Any]:
    """Post data into a form and return what is wrong with it, in Chinese."""
    with app.test_request_context("/", method="POST", data=data):
        app.preprocess_request()
        form = kind()
        for name, values in choices.items():
            form[name].choices = values
        form.validate()
        return {name: [str(each) for each in found] for name, found in form.errors.items()}


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"staff_number": "CG0001", "password": "x"}, {}),
        ({"staff_number": "", "password": ""}, {"staff_number": ["写上工号。"], "password": ["写上密码。"]}),
        ({}, {"staff_number": ["写上工号。"], "password": ["写上密码。"]}),
        ({"staff_number": "C" * 40, "password": "x" * 200}, {}),
    ],
)
def test_signing_in_asks_for_both(bare: Flask, data: dict[str, str], wrong: dict[str, list[str]]) -> None:
    assert errors_of(bare, forms.SignInForm, data) == wrong


@pytest.mark.parametrize("field", ["staff_number", "password"])
def test_what_is_far_too_long_is_not_hashed(bare: Flask, field: str) -> None:
    assert field in errors_of(bare, forms.SignInForm, {"staff_number": "C", "password": "x", field: "x" * 201})


def test_a_new_password_is_asked_for_twice(bare: Flask) -> None:
    assert set(errors_of(bare, forms.ChangePasswordForm, {})) == {"old_password", "new_password", "again"}
    assert set(errors_of(bare, forms.ReauthenticateForm, {})) == {"password"}


def test_browsers_know_what_the_boxes_are_for(bare: Flask) -> None:
    """Password managers and phones fill the right box in (WCAG 1.3.5)."""
    with bare.test_request_context():
        bare.preprocess_request()
        wanted = {
            (forms.SignInForm, "staff_number"): "username",
            (forms.SignInForm, "password"): "current-password",
            (forms.ChangePasswordForm, "old_password"): "current-password",
            (forms.ChangePasswordForm, "new_password"): "new-password",
            (forms.ChangePasswordForm, "again"): "new-password",
            (forms.ReauthenticateForm, "password"): "current-password",
        }
        for (kind, name), value in wanted.items():
            assert f'autocomplete="{value}"' in str(kind()[name]())


PERSON = {
    "staff_number": "CG0500",
    "name": "王芳",
    "sex": "female",
    "education": "",
    "unit": "u",
    "joined_on": "2026-11-24",
}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, set()),
        ({"birth_month": "1974-05"}, set()),
        ({"birth_month": "1974-13"}, {"birth_month"}),
        ({"birth_month": "1974-5"}, {"birth_month"}),
        ({"birth_month": "1874-05"}, {"birth_month"}),
        ({"birth_month": "1974-05\n"}, {"birth_month"}),
        ({"sex": "x"}, {"sex"}),
        ({"unit": "elsewhere"}, {"unit"}),
        ({"joined_on": "yesterday"}, {"joined_on"}),
        ({"joined_on": ""}, {"joined_on"}),
        ({"name": ""}, {"name"}),
        ({"education": "大专"}, set()),
        ({"education": "博士后"}, {"education"}),
        ({"phone": "1" * 31}, {"phone"}),
    ],
)
def test_the_shape_of_a_person(bare: Flask, changes: dict[str, str], wrong: set[str]) -> None:
    found = errors_of(bare, forms.PersonForm, {**PERSON, **changes}, unit=[SelectChoice("u", "单位")])
    assert set(found) == wrong, found


def test_every_code_of_people_has_words() -> None:
    assert set(forms.STATE_WORDS) == set(StaffState)
    assert set(forms.SEX_WORDS) == set(Sex)
    assert set(forms.ROLE_WORDS) == set(GRANTABLE)
    assert set(forms.FIELD_WORDS) == set(Field)
    assert {f"hint_{field.value}" for field in Field} <= set(forms.NOTE_WORDS)


def test_people_speaks_for_itself_only() -> None:
    assert all(code.startswith("people.") for code in forms.MESSAGES)
