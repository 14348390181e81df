"""What competency says has happened."""

import dataclasses

import pytest

from lms.competency.events import LevelsChanged, Move
from tests.world import NOW, TODAY


def test_an_event_is_a_value() -> None:
    moves = (Move(code="ETH1", before=0, after=1),)
    event = LevelsChanged(at=NOW, person_id=1, day=TODAY, moves=moves, cause="quiz_attempt:abc")
    assert event == dataclasses.replace(event)
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.cause = ""  # type: ignore[misc]
