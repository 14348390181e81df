"""Giving roles: two persons, within one's own trust and unit, one winner of a race."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, Identity, Role
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound, ReauthenticationNeeded
from lms.people import queries
from lms.people.models import RoleGrant
from lms.people.rules import GrantAction, GrantState, may_grant
from lms.people.services import accounts, roles
from tests import trail
from tests.conftest import Site
from tests.racing import together
from tests.world import NOW, TODAY


def propose(
    site: Site,
    actor: str,
    person: str,
    role: Role,
    place: str,
    *,
    starts_on: date = TODAY,
    ends_on: date | None = None,
) -> int:
    """Propose a role in a transaction of its own and return the grant's id."""
    identity = site.world.identity(site.db, actor)
    with site.db.writing() as session:
        grant = roles.propose_role(
            session,
            identity,
            site.world.person(session, person),
            role,
            site.world.unit(session, place),
            starts_on=starts_on,
            ends_on=ends_on,
            basis=" 街办〔2026〕5号 ",
            now=NOW,
        )
        return grant.id


def decide(site: Site, actor: str | Identity, grant_id: int, action: GrantAction, reason: str = "") -> None:
    """Decide on a grant in a transaction of its own."""
    identity = site.world.identity(site.db, actor) if isinstance(actor, str) else actor
    with site.db.writing() as session:
        roles.decide_role(session, identity, session.get_one(RoleGrant, grant_id), action, now=NOW, reason=reason)


def state_of(site: Site, grant_id: int) -> GrantState:
    with site.db.reading() as session:
        return session.get_one(RoleGrant, grant_id).state


def held(site: Site, person: str, day: date = TODAY) -> frozenset[Role]:
    with site.db.reading() as session:
        return queries.roles_of(session, site.world.person_ids[person], day)


def test_one_official_proposes_and_another_confirms(site: Site) -> None:
    before = trail.seq(site.db)
    grant_id = propose(site, "O1", "N1", Role.MENTOR, "east.1.1")
    assert Role.MENTOR not in held(site, "N1")  # proposed is not held
    decide(site, "O2", grant_id, GrantAction.CONFIRM)
    assert Role.MENTOR in held(site, "N1")
    with site.db.reading() as session:
        grant = session.get_one(RoleGrant, grant_id)
        assert grant.proposed_by_id == site.world.person_ids["O1"]
        assert grant.confirmed_by_id == site.world.person_ids["O2"]
        assert grant.basis == "街办〔2026〕5号"
    proposed, granted = trail.entries(site.db, before)
    assert (proposed.tag, granted.tag) == ("people:role:proposed", "people:role:granted")
    assert {proposed.role, granted.role} == {"official"}
    assert granted.diff["state"] == ["proposed", "in_force"]
    assert granted.unit_path == site.world.unit_paths["east.1.1"]
    assert granted.diff["person"] == site.world.person_public_ids["N1"]


def test_whoever_proposed_does_not_confirm(site: Site) -> None:
    grant_id = propose(site, "O1", "N1", Role.MENTOR, "east.1.1")
    with pytest.raises(Forbidden, match=r"access\.second_person"):
        decide(site, "O1", grant_id, GrantAction.CONFIRM)
    assert state_of(site, grant_id) is GrantState.PROPOSED
    decide(site, "O1", grant_id, GrantAction.REFUSE)  # taking one's own proposal back needs nobody else
    assert state_of(site, grant_id) is GrantState.REFUSED


def test_nobody_decides_on_their_own_role(site: Site) -> None:
    with pytest.raises(Forbidden, match=r"people\.role\.own"):
        propose(site, "O1", "O1", Role.TRAINER, "east")
    grant_id = propose(site, "O1", "O2", Role.TRAINER, "east")
    for action in (GrantAction.CONFIRM, GrantAction.REFUSE):
        with pytest.raises(Forbidden, match=r"people\.role\.own"):
            decide(site, "O2", grant_id, action)
    own = propose(site, "S1", "O2", Role.OFFICIAL, "east.1")
    decide(site, CONSOLE, own, GrantAction.CONFIRM)
    with site.db.reading() as session:
        [official] = [each.id for each in queries.grants_of(session, site.world.person_ids["S1"])]
    with pytest.raises(Forbidden, match=r"people\.role\.own"):
        decide(site, "S1", official, GrantAction.END)


@pytest.mark.parametrize("actor", ["N1", "M1", "L1", "T1", "O1", "S1", "A1"])
def test_no_grant_beyond_oneself(site: Site, actor: str) -> None:
    """Every role by every role (reliability I17): allowed exactly where the trust of the actor reaches."""
    own = {each.role for each in site.world.identity(site.db, actor).roles}
    for role in Role:
        allowed = any(may_grant(each, role) for each in own)
        if allowed:
            propose(site, actor, "N2", role, "east.2.1")
            continue
        with pytest.raises((Forbidden, Invalid)):
            propose(site, actor, "N2", role, "east.2.1")


@pytest.mark.parametrize("role", [Role.PERSON, Role.CONSOLE, Role.SYSTEM])
def test_roles_that_are_nobodys_to_give(shared_site: Site, role: Role) -> None:
    with pytest.raises(Invalid, match=r"people\.role\.not_grantable"):
        propose(shared_site, "S1", "N1", role, "east")


def test_dates_stand_in_their_order(site: Site) -> None:
    with pytest.raises(Invalid) as caught:
        propose(site, "O1", "N1", Role.MENTOR, "east.1.1", ends_on=TODAY - timedelta(days=1))
    assert (caught.value.code, caught.value.field) == ("people.role.dates", "ends_on")
    propose(site, "O1", "N1", Role.MENTOR, "east.1.1", ends_on=TODAY)


@pytest.mark.parametrize("action", GrantAction)
def test_a_role_of_another_unit_looks_as_if_it_did_not_exist(site: Site, action: GrantAction) -> None:
    """Also one that was decided long ago: its state must not show to who cannot reach it."""
    waiting = propose(site, "O9", "N9", Role.MENTOR, "west.1.1")
    decided = propose(site, "O9", "N9", Role.TRAINER, "west.1.1")
    decide(site, "O9", decided, GrantAction.REFUSE)
    for grant_id in (waiting, decided):
        with pytest.raises(NotFound):
            decide(site, "O1", grant_id, action)
    with pytest.raises(NotFound):
        propose(site, "O1", "N9", Role.MENTOR, "west.1.1")


def test_an_official_of_one_unit_gives_nothing_above_it(site: Site) -> None:
    with pytest.raises(NotFound):
        propose(site, "O1", "N1", Role.MENTOR, "district")


def test_a_second_role_does_not_widen_the_first(site: Site) -> None:
    """Reach by one role and trust by another do not add up (CVE-2016-8644: right capability, wrong context)."""
    official, admin = site.world.identity(site.db, "O1"), site.world.identity(site.db, "S1")
    both = Identity(
        person_id=official.person_id,
        public_id=official.public_id,
        roles=(*official.roles, *admin.roles),
        reauthenticated_at=official.reauthenticated_at,
    )
    with site.db.writing() as session, pytest.raises(Forbidden, match=r"people\.role\.not_yours"):
        roles.propose_role(
            session,
            both,
            site.world.person(session, "N9"),
            Role.MENTOR,
            site.world.unit(session, "west.1.1"),
            starts_on=TODAY,
            now=NOW,
        )


def test_the_password_is_asked_again(site: Site) -> None:
    stale = site.world.identity(site.db, "O1", fresh=False)
    with site.db.writing() as session, pytest.raises(ReauthenticationNeeded):
        roles.propose_role(
            session,
            stale,
            site.world.person(session, "N1"),
            Role.MENTOR,
            site.world.unit(session, "east.1.1"),
            starts_on=TODAY,
            now=NOW,
        )
    grant_id = propose(site, "O1", "N1", Role.MENTOR, "east.1.1")
    with pytest.raises(ReauthenticationNeeded):
        decide(site, site.world.identity(site.db, "O2", fresh=False), grant_id, GrantAction.CONFIRM)


@pytest.mark.parametrize(("first", "then"), list(itertools.product(GrantAction, GrantAction)))
def test_a_role_goes_only_along_its_ways(site: Site, first: GrantAction, then: GrantAction) -> None:
    grant_id = propose(site, "O1", "N1", Role.MENTOR, "east.1.1")
    fine = {GrantAction.CONFIRM: {GrantAction.END}, GrantAction.REFUSE: set[GrantAction]()}
    if first not in fine:
        with pytest.raises(Conflict, match="moved_on"):
            decide(site, "O2", grant_id, first)
        return
    decide(site, "O2", grant_id, first)
    if then in fine[first]:
        decide(site, "O2", grant_id, then, "不再带教")
        assert state_of(site, grant_id) is GrantState.ENDED
        return
    with pytest.raises(Conflict, match="moved_on"):
        decide(site, "O2", grant_id, then)


def test_the_same_role_is_proposed_once_until_it_ends(site: Site) -> None:
    grant_id = propose(site, "O1", "N1", Role.MENTOR, "east.1.1")
    with pytest.raises(Conflict, match=r"people\.role\.already"):
        propose(site, "O2", "N1", Role.MENTOR, "east.1.1")
    propose(site, "O1", "N1", Role.MENTOR, "east.1.2")  # on another unit it is another role
    decide(site, "O2", grant_id, GrantAction.CONFIRM)
    with pytest.raises(Conflict, match=r"people\.role\.already"):
        propose(site, "O2", "N1", Role.MENTOR, "east.1.1")
    decide(site, "O2", grant_id, GrantAction.END)
    propose(site, "O1", "N1", Role.MENTOR, "east.1.1")


def test_an_ended_role_ends_today_and_signs_its_holder_out(site: Site) -> None:
    with site.db.writing() as session:
        accounts.open_session(session, site.world.person_ids["M1"], browser="")
    with site.db.reading() as session:
        [grant] = queries.grants_of(session, site.world.person_ids["M1"])
    before = trail.seq(site.db)
    decide(site, "O1", grant.id, GrantAction.END, "不再带教")
    with site.db.reading() as session:
        assert session.get_one(RoleGrant, grant.id).ends_on == TODAY
        assert queries.sessions_of(session, site.world.person_ids["M1"], not_seen_since=NOW) == []
    assert Role.MENTOR not in held(site, "M1")
    [entry] = trail.entries(site.db, before)
    assert (entry.tag, entry.reason) == ("people:role:ended", "不再带教")


# --- two administrators ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("person", "role"), [("S1", Role.AUDIT_ADMIN), ("A1", Role.SYSTEM_ADMIN)])
def test_nobody_is_both_administrators(shared_site: Site, person: str, role: Role) -> None:
    with shared_site.db.writing() as session, pytest.raises(Conflict, match=r"people\.role\.clash"):
        roles.grant_from_console(
            session,
            CONSOLE,
            shared_site.world.person(session, person),
            role,
            shared_site.world.unit(session, "east"),
            now=NOW,
        )


def console_proposal(
    session: Session, site: Site, role: Role, *, starts_on: date, ends_on: date | None = None
) -> RoleGrant:
    return roles.propose_role(
        session,
        CONSOLE,
        site.world.person(session, "T1"),
        role,
        site.world.unit(session, "east"),
        starts_on=starts_on,
        ends_on=ends_on,
        now=NOW,
    )


def test_not_even_later(site: Site) -> None:
    """A role that starts next month clashes with one that will still be held then."""
    later = TODAY + timedelta(days=30)
    with site.db.writing() as session:
        first = console_proposal(session, site, Role.SYSTEM_ADMIN, starts_on=later)
        roles.decide_role(session, CONSOLE, first, GrantAction.CONFIRM, now=NOW)
    with site.db.writing() as session, pytest.raises(Conflict, match="clash"):
        console_proposal(session, site, Role.AUDIT_ADMIN, starts_on=TODAY)
    with site.db.writing() as session:  # ended before the other begins: fine
        before = later - timedelta(days=1)
        second = console_proposal(session, site, Role.AUDIT_ADMIN, starts_on=TODAY, ends_on=before)
        roles.decide_role(session, CONSOLE, second, GrantAction.CONFIRM, now=NOW)
    assert {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN} - held(site, "T1") == {Role.SYSTEM_ADMIN}
    assert {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN} - held(site, "T1", later) == {Role.AUDIT_ADMIN}


def test_not_even_when_two_confirm_at_the_same_moment(site: Site) -> None:
    """The second confirmation is begun while the first is done but not yet saved."""
    with site.db.writing() as session:
        first, second = [
            console_proposal(session, site, role, starts_on=TODAY).id for role in (Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN)
        ]
    ahead = site.db.new_writer()
    roles.decide_role(ahead, CONSOLE, ahead.get_one(RoleGrant, first), GrantAction.CONFIRM, now=NOW)
    with ThreadPoolExecutor(1) as pool:
        behind = pool.submit(_confirm(site, CONSOLE, second))
        with pytest.raises(TimeoutError):  # it waits, whichever database
            behind.result(0.3)
        ahead.commit()
        ahead.close()
        with pytest.raises(Conflict, match=r"people\.role\.clash"):
            behind.result(10)
    assert {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN} & held(site, "T1") == {Role.SYSTEM_ADMIN}


# --- races -------------------------------------------------------------------------------------------------


def _confirm(site: Site, actor: Identity, grant_id: int) -> Callable[[], None]:
    return lambda: decide(site, actor, grant_id, GrantAction.CONFIRM)


def test_of_officials_who_confirm_at_the_same_moment_one_wins(site: Site) -> None:
    before = trail.seq(site.db)
    with site.db.writing() as session:
        grant_id = roles.propose_role(
            session,
            CONSOLE,
            site.world.person(session, "N1"),
            Role.MENTOR,
            site.world.unit(session, "east.1.1"),
            starts_on=TODAY,
            now=NOW,
        ).id
    officials = [site.world.identity(site.db, number) for number in ("O1", "O2", "O1", "O2")]
    outcomes = together(*[_confirm(site, each, grant_id) for each in officials])
    lost = [outcome for outcome in outcomes if isinstance(outcome, LMSError)]
    assert [outcome for outcome in outcomes if outcome not in lost] == [None]
    assert {error.code for error in lost} == {"people.role.moved_on"}
    assert [entry.tag for entry in trail.entries(site.db, before)] == ["people:role:proposed", "people:role:granted"]


def test_of_a_confirmation_and_a_refusal_at_the_same_moment_one_wins(site: Site) -> None:
    grant_id = propose(site, "O1", "N1", Role.MENTOR, "east.1.1")
    official = site.world.identity(site.db, "O2")
    outcomes = together(
        _confirm(site, official, grant_id), lambda: decide(site, official, grant_id, GrantAction.REFUSE)
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]
    assert (Role.MENTOR in held(site, "N1")) is (outcomes[0] is None)


def test_of_two_equal_proposals_at_the_same_moment_one_stands(site: Site) -> None:
    outcomes = together(
        lambda: propose(site, "O1", "N1", Role.MENTOR, "east.1.1"),
        lambda: propose(site, "O2", "N1", Role.MENTOR, "east.1.1"),
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [str(error)[:19] for error in refused] == ["people.role.already"]
    with site.db.reading() as session:
        statement = sa.select(RoleGrant.state).where(RoleGrant.person_id == site.world.person_ids["N1"])
        assert list(session.scalars(statement)) == [GrantState.PROPOSED]


# --- the console -------------------------------------------------------------------------------------------


def test_the_console_grants_in_one_step_and_says_so(site: Site) -> None:
    before = trail.seq(site.db)
    with site.db.writing() as session:
        roles.grant_from_console(
            session, CONSOLE, site.world.person(session, "N1"), Role.OFFICIAL, site.world.unit(session, "east"), now=NOW
        )
    assert Role.OFFICIAL in held(site, "N1")
    assert {(entry.actor, entry.channel) for entry in trail.entries(site.db, before)} == {("console", "console")}


def test_nobody_else_grants_in_one_step(site: Site) -> None:
    for number in ("O1", "S1"):
        with site.db.writing() as session, pytest.raises(Forbidden):
            roles.grant_from_console(
                session,
                site.world.identity(site.db, number),
                site.world.person(session, "N1"),
                Role.MENTOR,
                site.world.unit(session, "east.1.1"),
                now=NOW,
            )
