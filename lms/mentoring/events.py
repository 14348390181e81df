"""What mentoring says has happened."""

from dataclasses import dataclass

from lms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class MentorNamed(Event):
    """A mentor is being proposed for a newcomer, or a pair begins.

    Told before it does, so that whoever listens may refuse: a mentor takes no other part.
    """

    mentor_id: int
    newcomer_id: int
