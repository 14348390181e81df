"""The decision for one object, case by case."""

from datetime import timedelta

import pytest

from lms.access import decide
from lms.access.decide import can, is_logged, may_use, recently_authenticated, require
from lms.access.identity import CONSOLE, SYSTEM, HeldRole, Identity, Role, Scope
from lms.access.matrix import Grant, Reach
from lms.access.permissions import Permission
from lms.core.errors import Forbidden, NotFound, ReauthenticationNeeded
from tests.world import NOW


def holder(*roles: tuple[Role, str], person_id: int | None = 1, minutes: float | None = 1) -> Identity:
    """A person with these roles who gave the password so many minutes ago."""
    return Identity(
        person_id=person_id,
        public_id="p",
        roles=tuple(HeldRole(role, path) for role, path in roles),
        reauthenticated_at=None if minutes is None else NOW - timedelta(minutes=minutes),
    )


OFFICIAL = holder((Role.OFFICIAL, "/1/5/"))
LEADER = holder((Role.GRID_LEADER, "/1/5/7/"))


@pytest.mark.parametrize(
    ("who", "scope", "allowed"),
    [
        (holder(), Scope(owner_id=1, unit_path="/1/5/7/"), True),  # oneself
        (holder(), Scope(owner_id=2, unit_path="/1/5/7/"), False),
        (holder(), Scope(), False),  # nobody's thing is not everybody's
        (OFFICIAL, Scope(owner_id=2, unit_path="/1/5/"), True),  # the unit itself
        (OFFICIAL, Scope(owner_id=2, unit_path="/1/5/7/"), True),  # below it
        (OFFICIAL, Scope(owner_id=2, unit_path="/1/"), False),  # above it
        (OFFICIAL, Scope(owner_id=2, unit_path="/1/6/"), False),  # beside it
        (OFFICIAL, Scope(owner_id=2, unit_path="/1/50/"), False),  # a path that only begins alike
        (OFFICIAL, Scope(owner_id=2), False),  # in no unit
        (OFFICIAL, Scope(owner_id=1, unit_path="/1/6/"), True),  # own things also outside
        (LEADER, Scope(owner_id=2, unit_path="/1/5/7/"), True),
        (LEADER, Scope(owner_id=2, unit_path="/1/5/8/"), False),
        (holder((Role.SYSTEM_ADMIN, "/1/5/")), Scope(owner_id=2, unit_path="/1/6/"), True),
        (holder((Role.AUDIT_ADMIN, "/1/5/")), Scope(owner_id=2, unit_path="/1/5/"), False),
        (holder((Role.GRID_LEADER, "/1/6/9/"), (Role.OFFICIAL, "/1/5/")), Scope(unit_path="/1/5/7/"), True),
        (holder((Role.MENTOR, "/1/5/7/")), Scope(owner_id=2, unit_path="/1/5/7/"), False),
    ],
)
def test_seeing_a_person(who: Identity, scope: Scope, allowed: bool) -> None:
    assert can(who, Permission.PERSON_SEE, scope) is allowed
    if allowed:
        require(who, Permission.PERSON_SEE, scope, now=NOW)
    else:
        with pytest.raises(NotFound):  # out of reach looks like not being there
            require(who, Permission.PERSON_SEE, scope, now=NOW)


def test_console_and_system_are_not_everyone() -> None:
    """What every person holds towards their own things must not fall to an actor without a person."""
    for identity in (CONSOLE, SYSTEM):
        assert not may_use(identity, Permission.OWN_ACCOUNT)
        assert not can(identity, Permission.OWN_ACCOUNT, Scope(owner_id=None))
    assert may_use(CONSOLE, Permission.UNIT_EDIT)
    assert not may_use(CONSOLE, Permission.PERSON_EXPORT)
    assert can(SYSTEM, Permission.PERSON_ADMIT, Scope())


def test_a_function_that_no_role_includes_is_forbidden_not_missing() -> None:
    assert not may_use(holder(), Permission.PERSON_LIST)
    with pytest.raises(Forbidden) as caught:
        require(holder(), Permission.PERSON_LIST, Scope(owner_id=1), now=NOW)
    assert caught.value.params == {"permission": "people:person:list"}


@pytest.mark.parametrize(
    ("minutes", "fresh"), [(0, True), (5, True), (5.001, False), (60, False), (None, False), (-1, False)]
)
def test_a_password_counts_for_five_minutes_and_never_from_the_future(minutes: float | None, fresh: bool) -> None:
    who = holder((Role.OFFICIAL, "/1/5/"), minutes=minutes)
    scope = Scope(unit_path="/1/5/7/")
    assert recently_authenticated(who, NOW) is fresh
    if fresh:
        assert require(who, Permission.PERSON_EXPORT, scope, now=NOW) is Role.OFFICIAL
    else:
        with pytest.raises(ReauthenticationNeeded):
            require(who, Permission.PERSON_EXPORT, scope, now=NOW)


@pytest.mark.parametrize(("begun_by", "allowed"), [(2, True), (1, False), (None, False)])
def test_the_second_person_is_another_one_and_must_be_known(begun_by: int | None, allowed: bool) -> None:
    scope = Scope(unit_path="/1/5/7/")
    if allowed:
        assert require(OFFICIAL, Permission.ROLE_CONFIRM, scope, now=NOW, begun_by=begun_by) is Role.OFFICIAL
    else:
        with pytest.raises(Forbidden, match="second_person"):
            require(OFFICIAL, Permission.ROLE_CONFIRM, scope, now=NOW, begun_by=begun_by)


def test_reach_is_asked_before_conditions() -> None:
    """An official must not learn from "password, please" that another unit's person exists."""
    stale = holder((Role.OFFICIAL, "/1/5/"), minutes=None)
    with pytest.raises(NotFound):
        require(stale, Permission.PERSON_EXPORT, Scope(unit_path="/1/6/"), now=NOW)


def test_of_several_grants_the_one_with_the_fewest_conditions_is_used() -> None:
    stale = holder((Role.OFFICIAL, "/1/5/"), minutes=None)
    own = Scope(owner_id=1, unit_path="/1/5/7/")
    assert require(stale, Permission.PERSON_UNMASK, own, now=NOW) is Role.PERSON
    with pytest.raises(ReauthenticationNeeded):
        require(stale, Permission.PERSON_UNMASK, Scope(owner_id=2, unit_path="/1/5/7/"), now=NOW)


def test_an_assigned_thing_is_reached_by_its_assigned_id_only(monkeypatch: pytest.MonkeyPatch) -> None:
    grants = {Permission.PERSON_SEE: (Grant(Role.MENTOR, Reach.ASSIGNED),)}
    monkeypatch.setattr(decide, "GRANTS", grants)
    mentor = Identity(person_id=1, public_id="m", roles=(HeldRole(Role.MENTOR, "/1/"),), assigned=frozenset({8}))
    assert can(mentor, Permission.PERSON_SEE, Scope(assigned_id=8))
    assert not can(mentor, Permission.PERSON_SEE, Scope(assigned_id=9))
    assert not can(mentor, Permission.PERSON_SEE, Scope(owner_id=8, unit_path="/1/"))
    assert not can(holder(), Permission.PERSON_SEE, Scope(assigned_id=8))  # the role is needed as well


def test_which_uses_are_logged() -> None:
    assert is_logged(Permission.PERSON_UNMASK)
    assert not is_logged(Permission.OWN_PROFILE)
