"""States of a job and the waits between tries."""

import pytest

from lms.jobs.rules import MAX_ATTEMPTS, JobState, wait_before


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(0, 0), (1, 0), (2, 2), (3, 4), (4, 8), (8, 128), (9, 256), (10, 300), (1_000, 300)]
)
def test_each_try_waits_twice_as_long_up_to_five_minutes(attempt: int, seconds: int) -> None:
    assert wait_before(attempt).total_seconds() == seconds


def test_a_job_is_given_up_within_minutes_not_hours() -> None:
    """A person must hear of it on the same day."""
    total = sum(wait_before(attempt).total_seconds() for attempt in range(1, MAX_ATTEMPTS + 1))
    assert total < 600


def test_the_states_are_what_rows_in_the_outbox_hold() -> None:
    assert [state.value for state in JobState] == ["queued", "leased", "done", "failed"]
