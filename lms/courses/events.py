"""What happens in courses that higher packages may react to."""

from dataclasses import dataclass

from lms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class CoursePassed(Event):
    """A person passed a course by its quiz, for the first time. ``attempt``: public id of the attempt."""

    person_id: int
    course_key: str
    revision_id: int
    attempt: str
