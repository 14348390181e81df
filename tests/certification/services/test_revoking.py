"""Revoking: proposed with a reason, confirmed by another, or taken back; the number stays used."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from lms.audit.rules import AuditTag
from lms.certification.rules import CertificateState
from lms.certification.services import revoking
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound, ReauthenticationNeeded
from tests import trail
from tests.certification import making
from tests.racing import together
from tests.world import NOW, World

REASON = "冒用他人姓名参加测验"


@pytest.fixture
def issued(db: Database, world: World) -> str:
    making.load_content(db)
    return making.issue(db, world, "N1")


def propose(db: Database, world: World, public_id: str, by: str = "O1", reason: str = REASON) -> None:
    with db.writing() as session:
        revoking.propose_revocation(session, world.identity(db, by), public_id, reason=reason, now=NOW)


def revoke(db: Database, world: World, public_id: str, by: str = "O2") -> None:
    with db.writing() as session:
        revoking.revoke(session, world.identity(db, by), public_id, now=NOW + timedelta(days=1))


def withdraw(db: Database, world: World, public_id: str, by: str) -> None:
    with db.writing() as session:
        revoking.withdraw_revocation(session, world.identity(db, by), public_id, now=NOW)


def test_two_officials_revoke(db: Database, world: World, issued: str) -> None:
    since = trail.seq(db)
    propose(db, world, issued)
    proposed = making.certificate(db, issued)
    assert (proposed.state, proposed.reason) == (CertificateState.REVOCATION_PROPOSED, REASON)
    assert proposed.revocation_proposed_by_id == world.person_ids["O1"]
    revoke(db, world, issued)
    revoked = making.certificate(db, issued)
    assert revoked.state is CertificateState.REVOKED
    assert (revoked.revoked_by_id, revoked.revoked_at) == (world.person_ids["O2"], NOW + timedelta(days=1))
    assert revoked.number == "东街网培证字〔2026〕第0001号"
    assert [(each.tag, each.reason) for each in trail.entries(db, since)] == [
        (AuditTag.CERTIFICATE_REVOCATION_PROPOSED, REASON),
        (AuditTag.CERTIFICATE_REVOKED, REASON),
    ]


def test_a_revoked_number_is_never_used_again(db: Database, world: World, issued: str) -> None:
    propose(db, world, issued)
    revoke(db, world, issued)
    [again] = making.propose(db, world, "N1")  # the person may be given a new one
    assert making.sign(db, world, again) == "东街网培证字〔2026〕第0002号"


def test_the_first_person_may_not_confirm(db: Database, world: World, issued: str) -> None:
    propose(db, world, issued)
    with pytest.raises(Forbidden, match="second_person"):
        revoke(db, world, issued, by="O1")
    with pytest.raises(NotFound):
        revoke(db, world, issued, by="O9")
    with pytest.raises(Forbidden):
        revoke(db, world, issued, by="L1")


def test_taken_back_or_turned_down(db: Database, world: World, issued: str) -> None:
    for by in ("O1", "O2"):
        propose(db, world, issued)
        withdraw(db, world, issued, by)
        back = making.certificate(db, issued)
        assert (back.state, back.reason, back.revocation_proposed_by_id) == (CertificateState.ISSUED, "", None)
        with pytest.raises(Conflict):
            revoke(db, world, issued)
    with pytest.raises(Conflict):
        withdraw(db, world, issued, "O1")


def test_a_reason_and_a_password_are_needed(db: Database, world: World, issued: str) -> None:
    with pytest.raises(Invalid, match="missing"):
        propose(db, world, issued, reason=" ")
    clock.freeze(NOW + timedelta(minutes=6))
    stale = world.identity(db, "O1", fresh=False)
    with pytest.raises(ReauthenticationNeeded), db.writing() as session:
        revoking.propose_revocation(session, stale, issued, reason=REASON, now=NOW)
    with pytest.raises(ReauthenticationNeeded), db.writing() as session:
        revoking.revoke(session, stale, issued, now=NOW)


def test_only_what_is_in_force_is_revoked(db: Database, world: World) -> None:
    making.load_content(db)
    making.make_eligible(db, world, "N1")
    [proposed] = making.propose(db, world, "N1")
    with pytest.raises(Conflict):
        propose(db, world, proposed)


def test_confirmed_and_taken_back_at_once(db: Database, world: World, issued: str) -> None:
    propose(db, world, issued)
    acts: list[Callable[[], None]] = [
        lambda: revoke(db, world, issued),
        lambda: withdraw(db, world, issued, "O1"),
    ]
    outcomes = together(*acts)
    assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "NoneType"]
    expected = CertificateState.REVOKED if outcomes[0] is None else CertificateState.ISSUED
    assert making.certificate(db, issued).state is expected
