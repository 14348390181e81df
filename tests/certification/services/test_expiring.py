"""Certificates end after their last valid day, once, whenever the worker comes to it; another can then be given."""

from datetime import datetime, timedelta

import pytest

from lms.access.identity import SYSTEM
from lms.audit.rules import AuditTag
from lms.certification import tasks
from lms.certification.events import CertificateEnded, CertificateIssued, EndCause
from lms.certification.rules import CertificateState
from lms.certification.services import expiring, revoking
from lms.core import clock, reactions
from lms.core.db import Database
from lms.core.errors import Forbidden
from lms.core.events import Event
from lms.core.reactions import Listeners
from tests import trail
from tests.certification import making
from tests.world import NOW, World


@pytest.fixture
def issued(db: Database, world: World) -> str:
    making.load_content(db)
    return making.issue(db, world, "N1")


def after(db: Database, public_id: str, days: int) -> datetime:
    """Return ten o'clock so many days after the last valid day."""
    last = making.certificate(db, public_id).expires_on
    assert last is not None
    return NOW + (last - clock.local_date(NOW)) + timedelta(days=days)


def test_the_last_valid_day_still_counts(db: Database, issued: str) -> None:
    clock.freeze(after(db, issued, 0))
    tasks.expire_due(db)
    assert making.certificate(db, issued).state is CertificateState.ISSUED


@pytest.mark.parametrize("days", [1, 3, 400])
def test_it_ends_whenever_the_worker_comes_to_it_and_only_once(db: Database, issued: str, days: int) -> None:
    before = trail.seq(db)
    clock.freeze(after(db, issued, days))
    tasks.expire_due(db)
    tasks.expire_due(db)
    assert making.certificate(db, issued).state is CertificateState.EXPIRED
    [entry] = trail.entries(db, before)
    assert (entry.tag, entry.role) == (AuditTag.CERTIFICATE_EXPIRED.value, "system")
    assert entry.diff["state"] == ["issued", "expired"]


def test_a_proposed_revocation_ends_with_it(db: Database, world: World, issued: str) -> None:
    with db.writing() as session:
        revoking.propose_revocation(session, world.identity(db, "O1"), issued, reason="核实中", now=NOW)
    clock.freeze(after(db, issued, 1))
    tasks.expire_due(db)
    assert making.certificate(db, issued).state is CertificateState.EXPIRED


def test_another_can_be_given_afterwards(db: Database, world: World, issued: str) -> None:
    clock.freeze(after(db, issued, 1))
    tasks.expire_due(db)
    [again] = making.propose(db, world, "N1")
    making.sign(db, world, again)
    assert again != issued
    numbers = {making.certificate(db, each).number for each in (issued, again)}
    assert len(numbers) == 2


def test_nobody_else_ends_one_by_time(db: Database, world: World, issued: str) -> None:
    late = after(db, issued, 1)
    with db.writing() as session, pytest.raises(Forbidden):
        expiring.expire(session, world.identity(db, "O1"), issued, now=late)


def test_who_reacts_is_told(db: Database, world: World) -> None:
    making.load_content(db)
    told: list[Event] = []
    listeners: Listeners = {
        kind: [lambda _session, event: told.append(event)] for kind in (CertificateIssued, CertificateEnded)
    }
    public_id = making.issue(db, world, "N1")
    with db.writing() as session:
        reactions.install(session, listeners)
        expiring.expire(session, SYSTEM, public_id, now=after(db, public_id, 1))
    [event] = told
    assert isinstance(event, CertificateEnded)
    assert (event.certificate, event.cause, event.kind) == (public_id, EndCause.EXPIRED, making.KIND)
    assert event.person_id == world.person_ids["N1"]
