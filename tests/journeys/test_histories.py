"""Twenty thousand acts at random over pairs, selection rounds and duty lists never reach a barred state."""

from collections import Counter, deque
from collections.abc import Iterator

import pytest

from lms.core import clock
from lms.core.errors import LMSError
from tests.conftest import Site
from tests.journeys.barred import Watch, fingerprint
from tests.journeys.histories import SWEEPS, Act, History, dice, populate
from tests.world import NOW

pytestmark = pytest.mark.full

ACTS = 5000
"""In each of the four histories."""
EVERYTHING_EVERY = 100
COMPARED = 0.03
"""How many of the acts are compared with the whole database before and after, in case they are refused."""


@pytest.fixture(autouse=True)
def frozen_clock() -> Iterator[None]:
    """These journeys stand in one process: their clock stands still and is moved by their acts."""
    clock.freeze(NOW)
    yield
    clock.unfreeze()


class Walk:
    """A history with all that is looked at on the way."""

    def __init__(self, site: Site, seed: int, pace: int) -> None:
        self.seed = seed
        self.history = History(site.db, site.world, seed, pace)
        self.watch = Watch(self.history)
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """Refusals by their class and by their code."""
        self.compared = 0
        self.number = 0
        self.latest: deque[str] = deque(maxlen=20)

    def go(self, acts: int) -> None:
        """Walk, and tell the way to what was barred, or to an error that is no refusal."""
        try:
            for _ in range(acts):
                self.number += 1
                self.step(self.history.next())
                if self.number % EVERYTHING_EVERY == 0:
                    for name, task in SWEEPS:
                        self.step(Act(name=name, actor=None, on="", task=task))
                    self.watch.everything()
            self.watch.end()
        except Exception as error:
            way = "\n".join(self.latest)
            raise AssertionError(f"seed {self.seed}, act {self.number}: {error!r}\nThe last acts:\n{way}") from error

    def step(self, act: Act) -> None:
        history, watch = self.history, self.watch
        by = history.person(act.actor).staff_number if act.actor is not None else "-"
        self.latest.append(f"{self.number} {clock.now():%Y-%m-%d %H:%M} {act.name} by {by} on {act.on}")
        is_compared = act.task is None and history.maybe(COMPARED)
        before = fingerprint(history.db) if is_compared else None
        try:
            history.perform(act)
        except LMSError as error:
            self.latest[-1] += f": {error}"
            self.refused[type(error).__name__] += 1
            self.refused[error.code] += 1
            assert act.task is None, "the worker is never refused"
            watch.refused()
            if before is not None:
                self.compared += 1
                assert fingerprint(history.db) == before, "a refusal left something behind"
        else:
            self.done[act.name] += 1
            watch.done(act)


LEAST_DONE = {
    "accept": 7,
    "checkpoint": 13,
    "confirm_session": 9,
    "complete_pair": 1,
    "apply": 14,
    "check_case": 28,
    "opine": 38,
    "make_list": 7,
    "post_notice": 7,
    "edit_notice": 2,
    "answer_objection": 5,
    "approve": 3,
    "file": 2,
    "quiz": 25,
    "confirm_recognition": 25,
    "sign_certificate": 10,
    "acknowledge": 5,
    "end_person": 2,
}
"""Act → how often it must have been done in each history: about half of the least that was counted."""
LEAST_REFUSED = {
    "Conflict": 160,
    "Forbidden": 240,
    "Invalid": 30,
    "NotFound": 50,
    "ReauthenticationNeeded": 7,
    "access.second_person": 10,
    "mentoring.mentor.barred": 1,
    "mentoring.complete.checkpoints": 2,
    "mentoring.session.moved_on": 2,
    "mentoring.session.not_yours": 2,
    "selection.barred.checked": 2,
    "selection.barred.entered": 1,
    "selection.barred.examined": 10,
    "selection.barred.proposed": 2,
    "selection.barred.relative": 30,
    "selection.lock.notice_runs": 1,
    "selection.opinion.same_person": 2,
}
"""Class or code of a refusal → how often at least."""
LEAST_DUTIES = {"opened": 3, "closed": 2}
"""Duty items that opened, and that were open and closed again."""
PACES = {1: 8, 2: 15, 3: 40, 4: 120}
"""Seed → how many days a long wait takes: weeks in one history, in another so many that certificates expire."""


@pytest.mark.parametrize("seed", PACES)
def test_no_history_reaches_a_barred_state(site: Site, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Whoever acts, in whatever order and at whatever time; and the walk has really been everywhere."""
    monkeypatch.setattr("lms.core.ids.secrets", dice(seed))  # so that a failure comes again with its seed
    populate(site.db, site.world)
    walk = Walk(site, seed, PACES[seed])
    walk.go(ACTS)
    for found, least in (
        (walk.done, LEAST_DONE),
        (walk.refused, LEAST_REFUSED),
        (walk.watch.duty_moves(), LEAST_DUTIES),
    ):
        assert {key: found[key] for key in least if found[key] < least[key]} == {}
    assert walk.compared > 10
