"""The arithmetic of learning time, and where a lesson opens."""

from decimal import Decimal

import pytest

from lms.courses.rules import (
    Layer,
    hours_of_course,
    learning_minutes,
    part_after,
    part_before,
    path_of,
    resume_part,
)
from lms.people.rules import StaffState

PARTS = ("p1", "p2", "p3")


def test_learning_time_counts_reading_thinking_and_doing() -> None:
    assert learning_minutes(160, 0, 0) == 1
    assert learning_minutes(880, 3, 4) == Decimal("15.5")
    assert learning_minutes(0, 1, 0) == 2


@pytest.mark.parametrize(("lessons", "hours"), [(1, "1"), (6, "3.5"), (9, "5")])
def test_hours_are_half_an_hour_a_lesson_and_half_for_the_quiz(lessons: int, hours: str) -> None:
    assert hours_of_course(lessons) == Decimal(hours)


@pytest.mark.parametrize(
    ("stored", "answered", "opens"),
    [
        (None, [], "p1"),
        ("p1", ["p1"], "p2"),
        ("p3", [], "p3"),
        ("p3", ["p3"], "p1"),
        ("p2", ["p1", "p2"], "p3"),
        ("p2", ["p1", "p2", "p3"], "p2"),
        ("p9", ["p1"], "p2"),
    ],
)
def test_a_lesson_opens_where_one_stopped(stored: str | None, answered: list[str], opens: str) -> None:
    assert resume_part(PARTS, stored, answered) == opens


def test_neighbours() -> None:
    assert [part_after(PARTS, part) for part in PARTS] == ["p2", "p3", None]
    assert [part_before(PARTS, part) for part in PARTS] == [None, "p1", "p2"]


@pytest.mark.parametrize("state", [StaffState.CANDIDATE, StaffState.TRAINEE])
@pytest.mark.parametrize("leads", [False, True])
def test_before_the_filing_there_is_onboarding_alone(state: StaffState, leads: bool) -> None:
    assert path_of(state, leads=leads) == (Layer.ONBOARDING,)


def test_a_leader_learns_what_leaders_need_before_the_advanced_layer() -> None:
    officer, leader = (path_of(StaffState.ACTIVE, leads=leads) for leads in (False, True))
    assert officer == (Layer.ONBOARDING, Layer.IN_SERVICE, Layer.ADVANCED)
    assert leader == (Layer.ONBOARDING, Layer.IN_SERVICE, Layer.LEADER, Layer.ADVANCED)
    assert len(set(leader)) == len(leader)  # a second post adds a layer and repeats none
