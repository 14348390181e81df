"""States of learning a course."""

import enum


class EnrolmentState(enum.StrEnum):
    """Where a person stands in a course."""

    LEARNING = "learning"
    """Lessons are being read."""
    LESSONS_DONE = "lessons_done"
    """Every lesson is finished; the quiz is next."""
    PASSED = "passed"
    """The course quiz is passed."""
