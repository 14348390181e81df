"""What the worker does with sessions that nobody answers."""

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lms import registry
from lms.competency.models import CompetencyEvidence, CompetencyLevel
from lms.core import clock
from lms.mentoring import tasks
from lms.mentoring.models import MentoringSession
from lms.mentoring.rules import SessionAction, SessionState
from tests.mentoring.making import Mentoring
from tests.world import NOW


def three_days(acts: Mentoring) -> list[str]:
    """Log a session on each of three days, the last one confirmed."""
    clock.freeze(NOW)
    pair = acts.active()
    made = []
    for day in (1, 2, 3):
        clock.freeze(NOW + timedelta(days=day))
        made.append(acts.log(pair, line=str(day)))
    acts.answer(made[-1], SessionAction.CONFIRM)
    return made


def outcome(acts: Mentoring, made: list[str]) -> list[object]:
    with acts.db.reading() as session:
        found = [
            session.execute(
                sa.select(MentoringSession.state, MentoringSession.settled_at).where(MentoringSession.public_id == one)
            ).one()
            for one in made
        ]
        rows = session.execute(
            sa.select(CompetencyEvidence.code, CompetencyEvidence.is_confirmed, CompetencyEvidence.happened_at)
        )
        levels = session.execute(
            sa.select(CompetencyLevel.code, CompetencyLevel.score, CompetencyLevel.level).where(
                CompetencyLevel.person_id == acts.world.person_ids["N1"]
            )
        )
        return [
            *map(tuple, found),
            *sorted(map(tuple, rows), key=lambda row: (row[0], row[2])),
            *sorted(map(tuple, levels), key=str),
        ]


def test_the_sweep_is_in_the_schedule() -> None:
    assert tasks.lapse_unanswered in registry.SCHEDULE


@pytest.mark.parametrize("sweeps", [(4, 5, 6), (6,)], ids=["daily", "slept"])
def test_a_sweep_that_slept_does_what_daily_ones_do(acts: Mentoring, sweeps: tuple[int, ...]) -> None:
    made = three_days(acts)
    for day in sweeps:
        clock.freeze(NOW + timedelta(days=day, minutes=1))
        tasks.lapse_unanswered(acts.db)
    after = timedelta(hours=72)
    assert outcome(acts, made) == [
        (SessionState.UNCONFIRMED, NOW + timedelta(days=1) + after),
        (SessionState.UNCONFIRMED, NOW + timedelta(days=2) + after),
        (SessionState.CONFIRMED, NOW + timedelta(days=3)),
        *[(code, day == 3, NOW + timedelta(days=day, hours=-1)) for code in ("ETH1", "ETH2") for day in (1, 2, 3)],
        ("ETH1", Decimal("50.00"), 0),
        ("ETH2", Decimal("100.00"), 1),
    ]


@pytest.mark.parametrize("at_once", [1])
def test_what_is_left_over_is_taken_at_the_next_round(
    acts: Mentoring, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(tasks, "AT_ONCE", at_once)
    made = three_days(acts)
    clock.freeze(NOW + timedelta(days=9))
    states = []
    for _ in range(2):
        tasks.lapse_unanswered(acts.db)
        states.append([acts.session(one).state for one in made[:2]])
    assert states == [
        [SessionState.UNCONFIRMED, SessionState.WAITING],
        [SessionState.UNCONFIRMED, SessionState.UNCONFIRMED],
    ]
