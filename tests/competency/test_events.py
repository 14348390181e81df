"""What competency says has happened."""

import dataclasses

import pytest

from lms.competency.events import LevelsChanged, Move
from tests.world import NOW


def test_an_event_is_a_value() -> None:
    event = LevelsChanged(at=NOW, person_id=1, moves=(Move(code="ETH1", before=0, after=1),), cause="quiz_attempt:abc")
    assert event == dataclasses.replace(event)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.cause = ""  # type: ignore[misc]
