"""Counting failed tries."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Throttled
from lms.people.models import ThrottleHit
from lms.people.rules import ThrottleRule
from lms.people.services import throttle
from tests.racing import all_fine, together
from tests.world import NOW

RULE = ThrottleRule(3, timedelta(minutes=10))
KEY = throttle.throttle_key("secret", "account", "CG0001")
KEYS = [(KEY, RULE)]


def hits(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(ThrottleHit)) or 0


def test_a_key_tells_nobody_who_tried() -> None:
    assert len(KEY) == 64
    assert throttle.throttle_key("secret", "account", "CG0001") == KEY
    assert throttle.throttle_key("another", "account", "CG0001") != KEY
    assert throttle.throttle_key("secret", "address", "CG0001") != KEY
    assert throttle.throttle_key("secret", "account", "CG", "0001") != KEY


def test_the_last_try_is_refused_until_the_oldest_leaves_the_window(db: Database) -> None:
    for minute in range(3):
        throttle.refuse_if_throttled(db, KEYS)
        clock.freeze(NOW + timedelta(minutes=minute))
        throttle.count_failure(db, KEYS)
    with pytest.raises(Throttled) as caught:
        throttle.refuse_if_throttled(db, KEYS)
    assert caught.value.params["retry_after"] == 8 * 60
    clock.freeze(NOW + timedelta(minutes=10) - timedelta(microseconds=1))
    with pytest.raises(Throttled) as caught:
        throttle.refuse_if_throttled(db, KEYS)
    assert caught.value.params["retry_after"] == 1
    clock.freeze(NOW + timedelta(minutes=10))
    throttle.refuse_if_throttled(db, KEYS)


def test_whoever_waits_as_long_as_told_is_let_in(db: Database) -> None:
    clock.freeze(NOW + timedelta(milliseconds=600))
    for _ in range(3):
        throttle.count_failure(db, KEYS)
    clock.freeze(NOW + timedelta(seconds=30))
    with pytest.raises(Throttled) as caught:
        throttle.refuse_if_throttled(db, KEYS)
    wait = caught.value.params["retry_after"]
    assert isinstance(wait, int)
    clock.freeze(NOW + timedelta(seconds=30 + wait))
    throttle.refuse_if_throttled(db, KEYS)


def test_another_key_is_not_held_back(db: Database) -> None:
    for _ in range(3):
        throttle.count_failure(db, KEYS)
    throttle.refuse_if_throttled(db, [(throttle.throttle_key("secret", "account", "CG0002"), RULE)])
    with pytest.raises(Throttled):  # any key that is used up refuses
        throttle.refuse_if_throttled(db, [(throttle.throttle_key("secret", "account", "CG0002"), RULE), *KEYS])


def test_a_success_forgets_the_failures_of_its_key_only(db: Database) -> None:
    other = throttle.throttle_key("secret", "address", "10.0.0.1")
    throttle.count_failure(db, [*KEYS, (other, RULE)])
    throttle.forget_failures(db, KEY)
    throttle.forget_failures(db, KEY)  # nothing left: writes nothing
    assert hits(db) == 1


def test_failures_at_the_same_moment_are_all_counted(db: Database) -> None:
    all_fine(together(*[lambda: throttle.count_failure(db, KEYS)] * 6))
    assert hits(db) == 6
