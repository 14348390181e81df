"""Two clocks: real time never moves, business time can be moved forward."""

import os
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from lms.core import clock
from tests.world import NOW, TODAY


def test_both_clocks_stand_where_the_tests_put_them() -> None:
    assert clock.real_now() == clock.now() == NOW
    assert clock.today() == TODAY


def test_pretending_moves_business_time_and_leaves_real_time() -> None:
    clock.pretend(timedelta(days=40))
    assert clock.now() == NOW + timedelta(days=40)
    assert clock.today() == date(2027, 1, 3)
    assert clock.real_now() == NOW


def test_business_time_never_runs_backward() -> None:
    with pytest.raises(ValueError, match="forward"):
        clock.pretend(timedelta(seconds=-1))
    assert clock.now() == NOW


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),  # the year ends at 16:00 UTC
        (datetime(2026, 12, 31, 23, 0, tzinfo=timezone(timedelta(hours=8))), date(2026, 12, 31)),
    ],
)
def test_the_date_is_the_one_on_the_wall_in_shanghai(moment: datetime, day: date) -> None:
    assert clock.local_date(moment) == day
    with clock.frozen(moment):
        assert clock.today() == day


def test_frozen_restores_what_was_before_also_after_an_error() -> None:
    seen = []

    def fail() -> None:
        with clock.frozen(NOW + timedelta(hours=1)):
            seen.append(clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert seen == [NOW + timedelta(hours=1)]
    assert clock.now() == NOW


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        clock.freeze(datetime(2026, 11, 24))


def test_the_running_clock_is_aware_and_in_utc() -> None:
    clock.unfreeze()
    first = clock.real_now()
    assert first.tzinfo is UTC
    assert first <= clock.real_now()


def test_a_running_process_follows_the_hand_forward_only(tmp_path: Path) -> None:
    hand = tmp_path / "hand"
    clock.follow(hand)  # not there yet
    assert clock.offset() == timedelta(0)
    for text, days in (("7", 7), ("nonsense", 7), ("30", 30), ("2", 30)):
        hand.write_text(text, encoding="utf-8")
        os.utime(hand, ns=(0, days * 10**9 + len(text)))
        clock.look()
        assert clock.offset() == timedelta(days=days)
    assert clock.real_now() == NOW
