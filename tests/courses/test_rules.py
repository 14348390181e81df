"""The arithmetic of learning time, and where a lesson opens."""

from decimal import Decimal

import pytest

from lms.courses.rules import hours_of_course, learning_minutes, part_after, part_before, resume_part

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
