"""What may wait for a person. Pure."""

import enum


class Waits(enum.StrEnum):
    """A kind of thing that waits for somebody, in the order of the home page."""

    PROPOSALS = "proposals"
    SESSIONS = "sessions"
    CORRECTIONS = "corrections"
    CHECKPOINTS = "checkpoints"
    DUTY_LIST = "duty_list"
    SELECTION = "selection"
    CERTIFICATES = "certificates"
    RECOGNITIONS = "recognitions"
    ROLES = "roles"
    CANDIDATES = "candidates"
    SLIPS = "slips"
    PAIRS = "pairs"
    GRIDS = "grids"
    CERTIFICATES_DUE = "certificates_due"


STANDING = (Waits.GRIDS, Waits.CERTIFICATES_DUE, Waits.SLIPS)
"""Kinds that last for weeks: the home page shows them, nobody is reminded of them every morning."""
