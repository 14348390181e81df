"""States of a job and the timing of new tries."""

import enum
from datetime import timedelta

MAX_ATTEMPTS = 8
"""After so many tries that ended in an error the job is failed and waits for a person."""


class JobState(enum.StrEnum):
    """The state of a piece of work."""

    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


def wait_before(attempt: int) -> timedelta:
    """Return how long to wait before try number ``attempt`` (1 is the first): 0, 2, 4, … at most 300 seconds."""
    return timedelta(seconds=0 if attempt <= 1 else min(300, 2 ** (attempt - 1)))
