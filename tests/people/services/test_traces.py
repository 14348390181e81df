"""Traces of signing in are removed when nobody needs them any more."""

from datetime import timedelta

import sqlalchemy as sa

from lms.core import clock
from lms.people.models import SignInSession, ThrottleHit
from lms.people.services import accounts, traces
from tests.conftest import Site


def test_old_sign_ins_and_tries_are_removed_and_recent_ones_kept(site: Site) -> None:
    with site.db.writing() as session:
        for number in ("N1", "N2"):
            accounts.open_session(session, site.world.person_ids[number], browser="Firefox")
        session.flush()
        now = clock.real_now()
        session.execute(
            sa.update(SignInSession)
            .where(SignInSession.person_id == site.world.person_ids["N1"])
            .values(last_seen_at=now - timedelta(days=31))
        )
        session.execute(sa.delete(ThrottleHit))
        session.execute(
            sa.insert(ThrottleHit), [{"key": "old", "at": now - timedelta(days=2)}, {"key": "new", "at": now}]
        )
    traces.sweep(site.db)
    with site.db.reading() as session:
        assert set(session.scalars(sa.select(SignInSession.person_id))) == {site.world.person_ids["N2"]}
        assert list(session.scalars(sa.select(ThrottleHit.key))) == ["new"]
