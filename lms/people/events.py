"""What happens to people that higher packages may react to."""

from dataclasses import dataclass

from lms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PersonMoved(Event):
    """A person's state changed. ``public_id``: of the person; ``before`` and ``after``: values of StaffState."""

    person_id: int
    public_id: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class PostsChanged(Event):
    """A person took up a post or one was ended, from today or from a later day. ``holding``: its public id."""

    person_id: int
    holding: str
