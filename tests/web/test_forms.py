"""The base of all forms."""

from flask import Flask
from wtforms import StringField
from wtforms.validators import InputRequired

from lms.core.errors import Conflict, Invalid
from lms.web.forms import BaseForm


class NameForm(BaseForm):
    """One field, for the test."""

    name = StringField("name", [InputRequired()])


def test_a_refusal_stands_at_its_field(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"name": ""}):
        form = NameForm()
        form.validate()
        before = len(form.name.errors)
        form.add_error(Conflict("people.staff_number.taken", field="name", value="CG0231"))
        assert len(form.name.errors) == before + 1
        assert "CG0231" in form.name.errors[-1]


def test_a_refusal_without_a_field_of_ours_stands_above_the_form(app: Flask) -> None:
    with app.test_request_context("/", method="POST"):
        form = NameForm()
        form.add_error(Invalid("people.sign_in.refused"))
        form.add_error(Invalid("people.role.dates", field="ends_on"))
        assert len(form.form_errors) == 2
        assert form.errors


def test_a_form_without_the_page_s_token_is_not_valid(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"name": "x"}):
        form = NameForm()
        assert not form.validate()
        assert "csrf_token" in form.errors


def test_the_library_s_own_words_follow_the_page(app: Flask) -> None:
    for cookie, words in (("lms_lang=zh", "该字段是必填字段。"), ("lms_lang=en", "This field is required.")):
        with app.test_request_context("/", method="POST", headers={"Cookie": cookie}):
            form = NameForm()
            form.validate()
            assert form.name.errors == [words]
