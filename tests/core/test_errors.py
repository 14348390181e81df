"""Refusals carry a code and values, never words."""

import pytest

from lms.core import errors
from lms.core.errors import LMSError, SetupError

REFUSALS = (
    errors.NotFound,
    errors.Forbidden,
    errors.Invalid,
    errors.Conflict,
    errors.Throttled,
    errors.ReauthenticationNeeded,
)


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_carries_its_code_field_and_values(kind: type[LMSError]) -> None:
    refusal = kind("people.name.long", field="name", limit=60)
    assert (refusal.code, refusal.field, dict(refusal.params)) == ("people.name.long", "name", {"limit": 60})
    assert str(refusal) == "people.name.long(limit=60)"


def test_without_values_the_text_of_a_refusal_is_its_code() -> None:
    refusal = errors.NotFound("access.not_found")
    assert refusal.field is None
    assert str(refusal) == "access.not_found()"


def test_no_refusal_is_caught_as_another_and_setup_errors_are_apart() -> None:
    """An ``except Conflict`` must not swallow an Invalid, nor a page's handler a broken installation."""
    for kind in REFUSALS:
        assert [other for other in REFUSALS if issubclass(kind, other)] == [kind]
        assert issubclass(kind, LMSError)
    assert not issubclass(SetupError, LMSError)
