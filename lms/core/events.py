"""The base of typed events: what a lower package says has happened, so that higher ones can react.

An event is a frozen dataclass with ids and values, defined in the ``events`` module of the package that
raises it. Its listeners are named in ``lms/registry.py`` and nowhere else. See docs/adr/0009.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, at business time ``at``."""

    at: datetime
