"""What a message can be about, and when a reminder is due. Pure."""

import enum
from datetime import datetime, time

KEPT_DAYS = 365
"""How long a message is kept: what it tells stands on its own page for as long as that is kept."""
REMIND_FROM = time(8)
"""Business time on the wall before which nobody is reminded."""


class MessageKind(enum.StrEnum):
    """What a message tells."""

    APPLICATION = "application"
    """An application of the person's reached a state; ``state``."""
    CERTIFICATE = "certificate"
    """A certificate was issued, has expired or was revoked; ``state``."""
    DUTIES = "duties"
    """Duty items ``opened``, got a last day (``grace``) or ``closed``: how many."""
    LEVELS = "levels"
    """Competency levels ``rose`` or ``fell``: how many."""
    PAIR = "pair"
    """A mentoring pair of the person's reached a state; ``state``."""
    REMINDER = "reminder"
    """What waits for the person today: how many things, ``number``."""
    STATE = "state"
    """The person's own state changed; ``state``."""


def may_remind(on_the_wall: datetime) -> bool:
    """Whether it is a time of day to remind anybody. ``on_the_wall``: local business time."""
    return on_the_wall.time() >= REMIND_FROM
