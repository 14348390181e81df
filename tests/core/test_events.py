"""Events are values."""

from dataclasses import FrozenInstanceError, dataclass

import pytest

from lms.core.events import Event
from tests.world import NOW


@dataclass(frozen=True, kw_only=True)
class LessonRead(Event):
    person_id: int


def test_an_event_holds_its_moment_and_values_and_cannot_be_changed_by_a_listener() -> None:
    event = LessonRead(at=NOW, person_id=7)
    assert (event.at, event.person_id) == (NOW, 7)
    assert event == LessonRead(at=NOW, person_id=7)
    with pytest.raises(FrozenInstanceError):
        event.person_id = 8  # type: ignore[misc]


def test_an_event_without_its_moment_cannot_be_made() -> None:
    with pytest.raises(TypeError):
        LessonRead(person_id=7)  # type: ignore[call-arg]
