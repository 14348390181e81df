"""Threads that start together, for races on real connections."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def together(*acts: Callable[[], Result]) -> list[Result | Exception]:
    """Run the acts at the same moment, each in a thread of its own, and return what came of each, in order.

    An act that raised an Exception gives that exception in its place.
    """
    barrier = threading.Barrier(len(acts))
    outcomes: list[Result | Exception] = [RuntimeError("did not end in time")] * len(acts)

    def run(place: int, act: Callable[[], Result]) -> None:
        barrier.wait(10)
        try:
            outcomes[place] = act()
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def all_fine(outcomes: list[Result | Exception]) -> list[Result]:
    """Return the results; raise the first exception among them."""
    results: list[Result] = []
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        results.append(outcome)
    return results
