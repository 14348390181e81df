"""States of an attempt, the drawing of papers and the marking of answers. Pure."""

import enum


class AttemptState(enum.StrEnum):
    """The state of an attempt."""

    OPEN = "open"
    """Being answered; the server holds the deadline."""
    MARKED = "marked"
    """Handed in (by the person, or by the deadline) and marked, exactly once."""
    VOID = "void"
    """Taken out by two officials with a reason; counts for nothing."""
