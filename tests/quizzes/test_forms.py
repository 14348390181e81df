"""What the exam page sends, in both ways."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from lms.core.errors import Invalid
from lms.quizzes.forms import Save, save_from_form, save_from_json


def test_a_save_from_a_script() -> None:
    body = {"seq": 3, "answer": {"choice": "b"}, "flagged": True}
    assert save_from_json(body) == Save(3, {"choice": "b"}, True)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "seq",
        {},
        {"seq": "3", "answer": {}, "flagged": False},
        {"seq": True, "answer": {}, "flagged": False},
        {"seq": 3, "answer": [], "flagged": False},
        {"seq": 3, "answer": None, "flagged": False},
        {"seq": 3, "answer": {}, "flagged": 1},
        {"seq": 3, "answer": {}},
    ],
)
def test_another_shape_is_refused(body: Any) -> None:
    with pytest.raises(Invalid):
        save_from_json(body)


def test_a_save_from_the_form() -> None:
    form = MultiDict([("seq", "2"), ("a.choices", "a"), ("a.choices", "c"), ("a.way", "handle"), ("csrf_token", "x")])
    assert save_from_form(form) == Save(2, {"choices": ["a", "c"], "way": ["handle"]}, False)
    assert save_from_form(MultiDict({"seq": "2", "flagged": "y"})) == Save(2, {}, True)


@pytest.mark.parametrize("form", [{}, {"seq": "two"}, {"seq": ""}])
def test_a_form_without_its_number_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        save_from_form(MultiDict(form))
