"""The forms, and words for every refusal."""

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from lms.certification.forms import MESSAGES, ConfirmForm, ReasonForm


@pytest.mark.parametrize(
    ("values", "faulty"),
    [
        ({"password": "x", "reason": "原件遗失"}, set()),
        ({"password": "", "reason": "原件遗失"}, {"password"}),
        ({"password": "x", "reason": ""}, {"reason"}),
        ({"password": "x", "reason": "长" * 201}, {"reason"}),
        ({"password": "x" * 201, "reason": "x"}, {"password"}),
        ({"password": "x", "reason": "x", "once": "y" * 23}, {"once"}),
    ],
)
def test_shape(app: Flask, values: dict[str, str], faulty: set[str]) -> None:
    with app.test_request_context(method="POST", data=values):
        form = ReasonForm(MultiDict(values), meta={"csrf": False})
        form.validate()
        assert set(form.errors) == faulty


def test_a_password_is_never_written_back(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"password": "the inner secret"}):
        assert "the inner secret" not in str(ConfirmForm(meta={"csrf": False}).password())


def test_every_refusal_speaks_without_blame(app: Flask) -> None:
    with app.test_request_context():
        for code, words in MESSAGES.items():
            assert code.startswith("certification.")
            assert not {"非法", "无效", "！"} & set(str(words)), code
