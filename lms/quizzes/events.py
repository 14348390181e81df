"""What quizzes say has happened."""

from dataclasses import dataclass

from lms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class AttemptMarked(Event):
    """An attempt was marked, by hand-in or by its deadline; ``at`` is the moment it counts as handed in."""

    person_id: int
    course_key: str
    attempt_public_id: str
    is_passed: bool
