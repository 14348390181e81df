"""What competency says has happened."""

from dataclasses import dataclass

from lms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class LevelChanged(Event):
    """A person's level in a competency rose or fell (0 to 4). ``cause`` names what did it, as ``type:public id``."""

    person_id: int
    code: str
    before: int
    after: int
    cause: str
