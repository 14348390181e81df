"""Removing traces of signing in that nobody needs any more."""

from datetime import timedelta

import sqlalchemy as sa

from lms.core import clock
from lms.core.db import Database
from lms.people.models import SignInSession, ThrottleHit

AT_ONCE = 500
"""How many rows of each kind one round takes; the rest follows at the next."""
SESSIONS_KEPT = timedelta(days=30)
"""After the last use: what its owner may want to look up, a browser they do not know, is recent."""
TRIES_KEPT = timedelta(days=1)
"""The longest window of the throttle is an hour."""


def sweep(db: Database) -> None:
    """Remove sign-in sessions not used for 30 days and failed tries a day old. Real time, as they were written."""
    now = clock.real_now()
    old_sessions = (
        sa.select(SignInSession.id).where(SignInSession.last_seen_at < now - SESSIONS_KEPT).order_by(SignInSession.id)
    )
    old_tries = sa.select(ThrottleHit.id).where(ThrottleHit.at < now - TRIES_KEPT).order_by(ThrottleHit.id)
    with db.reading() as reader:
        sessions = list(reader.scalars(old_sessions.limit(AT_ONCE)))
        tries = list(reader.scalars(old_tries.limit(AT_ONCE)))
    if not sessions and not tries:
        return
    with db.writing() as session:
        session.execute(sa.delete(SignInSession).where(SignInSession.id.in_(sessions)))
        session.execute(sa.delete(ThrottleHit).where(ThrottleHit.id.in_(tries)))
