"""Grades and endings of a scenario, and what its map of steps must meet. Docs: docs/content.md."""

import enum
from collections.abc import Collection, Mapping

NODES_LEAST, NODES_MOST = 6, 10
"""Steps and endings of a scenario together."""
BEST_LEAST, BEST_MOST = 4, 8
"""Choices from the start to the good ending, taking the best one each time."""
CRITICAL_MOST = 2
"""Choices of one step that cross a red line; with more, every step looks like a trap."""
SPOTS = 10
"""Hazards of a picture."""
SMALLEST_TARGET = 90
"""Side of what is tapped in a picture 1200 wide, which on a phone is about 60 px."""


class Grade(enum.StrEnum):
    """How good a choice is."""

    BEST = "best"
    FAIR = "fair"
    """It mends what went wrong before, or is right and not the best."""
    POOR = "poor"
    """A detour that can be mended."""
    CRITICAL = "critical"
    """It crosses a red line; the scenario stops there."""


class Ending(enum.StrEnum):
    """How a scenario ends."""

    GOOD = "good"
    FAIR = "fair"
    FAILED = "failed"


def reached_from(start: str, ways: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Return everything that can be reached from ``start``, itself included. ``ways``: from each step to the next."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += ways.get(here, ())
    return frozenset(found)


def can_reach(goals: Collection[str], ways: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Return everything from which one of the goals can be reached, the goals included."""
    found = set(goals)
    while more := {here for here, to in ways.items() if here not in found and not found.isdisjoint(to)}:
        found |= more
    return frozenset(found)


def best_path(start: str, best: Mapping[str, str]) -> list[str]:
    """Return the steps of the way along the best choices, from the start, where it ends last.

    ``best``: from a step to where its best choice leads. The way stops before a step it has passed already.
    """
    path = [start]
    while (to := best.get(path[-1])) is not None and to not in path:
        path.append(to)
    return path
