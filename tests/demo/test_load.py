"""The made-up sub-district: complete, and made by the services."""

from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from lms.core.db import Base
from lms.core.errors import SetupError
from lms.demo import load as demo
from lms.demo.people import CAST
from lms.jobs.models import Job
from lms.jobs.rules import JobState
from lms.people import queries
from lms.people.models import Person
from lms.people.rules import StaffState
from lms.people.services import accounts
from lms.people.services.passwords import Passwords
from tests import trail
from tests.conftest import Site
from tests.world import NOW

FAST = Passwords(memory_kib=8, rounds=1)


def test_the_demo_fills_an_empty_database_once(demo_site: Site) -> None:
    with demo_site.db.reading() as session:
        assert set(session.scalars(sa.select(Person.staff_number))) == {cast.number for cast in CAST}
        assert demo.is_complete(session)
        assert not queries.real_people_exist(session)
        assert set(session.scalars(sa.select(Job.state))) == {JobState.DONE}
    with pytest.raises(SetupError):
        demo.load(demo_site.db, demo_site.settings, lambda _line: None)


def test_every_row_was_made_by_a_service(demo_site: Site) -> None:
    """Each row of an audited table has its entry, from its making on; the chain holds them all."""
    entries = trail.entries(demo_site.db, 0)
    known = {(entry.object_type, entry.object_id) for entry in entries}
    audited = [mapper.class_ for mapper in Base.registry.mappers if getattr(mapper.class_, "__audited__", False)]
    assert len(audited) > 8
    with demo_site.db.reading() as session:
        for model in audited:
            rows = session.scalars(sa.select(model.public_id)).all()
            assert rows, f"the demo has nothing in {model.__tablename__}"
            assert {(model.__tablename__, row) for row in rows} <= known


def test_the_history_runs_forward_and_ends_yesterday(demo_site: Site) -> None:
    entries = trail.entries(demo_site.db, 0)
    moments = [entry.business_at for entry in entries]
    # What the deadline hands in counts from the deadline, though the worker comes a minute later.
    assert all(after - before > timedelta(minutes=-2) for before, after in pairwise(moments))
    assert NOW - moments[-1] < timedelta(days=1)
    assert NOW - moments[0] > timedelta(days=130)
    assert {entry.recorded_at for entry in entries} == {NOW}  # what the real clock says is never made up


def test_every_known_account_can_sign_in(demo_site: Site) -> None:
    """Also the one who has not signed in yet, with the password that the README names."""
    for number in [each[0] for each in demo.known_accounts()] + [demo.NOT_YET_SIGNED_IN, "CG0228"]:
        accounts.check_credentials(
            demo_site.db, FAST, "secret", staff_number=number, password=demo.PASSWORD, address=number
        )


def test_the_cast_is_of_one_piece() -> None:
    numbers = [cast.number for cast in CAST]
    assert len(numbers) == len(set(numbers))
    assert {cast.state for cast in CAST} == {StaffState.ACTIVE, StaffState.TRAINEE, StaffState.CANDIDATE}
    assert {number for number, _, _ in demo.known_accounts()} == set(demo.WHAT)
