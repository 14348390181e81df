"""What competency says has happened."""

from dataclasses import dataclass
from datetime import date

from lms.core.events import Event


@dataclass(frozen=True, kw_only=True)
class Move:
    """A level that rose or fell (0 to 4)."""

    code: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True)
class LevelGiven(Event):
    """An official is giving a person a level by hand （认定）: proposes it, or confirms it as the second.

    Told before the level counts, so that whoever listens may refuse: a marker takes no other part.
    """

    person_id: int
    actor_id: int


@dataclass(frozen=True, kw_only=True)
class LevelsChanged(Event):
    """Levels of a person rose or fell in one act. ``cause`` names what did it, as ``type:public id``.

    ``day``: the date from which they stand so; it lies before ``at`` when time did it and the sweep came late.
    Told once, when all of them are kept: whoever reacts never sees a person half computed.
    """

    person_id: int
    day: date
    moves: tuple[Move, ...]
    cause: str
