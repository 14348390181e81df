"""Counting failed tries, in short transactions of their own so that a refusal stays counted."""

import hashlib
import hmac
import math
from collections.abc import Iterable

import sqlalchemy as sa

from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Throttled
from lms.people.models import ThrottleHit
from lms.people.rules import ThrottleRule


def throttle_key(secret: str, kind: str, *parts: str) -> str:
    """Return the keyed hash under which tries are counted: the table tells nobody who tried."""
    text = "|".join([kind, *parts])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def refuse_if_throttled(db: Database, keys: Iterable[tuple[str, ThrottleRule]]) -> None:
    """Raise Throttled with ``retry_after`` seconds when any key has used up its tries."""
    now = clock.real_now()
    with db.reading() as session:
        for key, rule in keys:
            hits = session.scalars(
                sa.select(ThrottleHit.at)
                .where(ThrottleHit.key == key, ThrottleHit.at > now - rule.window)
                .order_by(ThrottleHit.at.desc())
                .limit(rule.tries)
            ).all()
            if len(hits) >= rule.tries:
                wait = (hits[-1] + rule.window - now).total_seconds()
                raise Throttled("people.sign_in.throttled", retry_after=max(1, math.ceil(wait)))


def count_failure(db: Database, keys: Iterable[tuple[str, ThrottleRule]]) -> None:
    """Note one failed try under each key."""
    now = clock.real_now()
    with db.writing() as session:
        session.execute(sa.insert(ThrottleHit), [{"key": key, "at": now} for key, _ in keys])


def forget_failures(db: Database, key: str) -> None:
    """Forget the failures of a key after a success, so that an old slip of the finger does not add up."""
    with db.reading() as session:
        any_hit = session.scalar(sa.select(ThrottleHit.id).where(ThrottleHit.key == key).limit(1))
    if any_hit is not None:
        with db.writing() as session:
            session.execute(sa.delete(ThrottleHit).where(ThrottleHit.key == key))
