"""Who acts, as a value."""

from dataclasses import FrozenInstanceError

import pytest

from lms.access.identity import CONSOLE, GRANTABLE, SYSTEM, Channel, HeldRole, Identity, Role


def test_an_identity_holds_a_role_on_whatever_unit() -> None:
    identity = Identity(person_id=1, public_id="p", roles=(HeldRole(Role.MENTOR, "/1/2/"),))
    assert identity.holds(Role.MENTOR)
    assert not identity.holds(Role.OFFICIAL)


def test_an_identity_cannot_be_changed_after_it_was_made() -> None:
    identity = Identity(person_id=1, public_id="p")
    with pytest.raises(FrozenInstanceError):
        identity.roles = (HeldRole(Role.OFFICIAL, "/"),)  # type: ignore[misc]


def test_console_and_system_are_no_persons_and_hold_just_their_own_role() -> None:
    for identity, role, channel in ((CONSOLE, Role.CONSOLE, Channel.CONSOLE), (SYSTEM, Role.SYSTEM, Channel.JOB)):
        assert identity.person_id is None
        assert [held.role for held in identity.roles] == [role]
        assert identity.channel is channel


def test_what_everyone_or_the_machine_holds_can_never_be_granted() -> None:
    assert set(GRANTABLE) == set(Role) - {Role.PERSON, Role.CONSOLE, Role.SYSTEM}


@pytest.mark.parametrize("kind", [Role, Channel])
def test_values_fit_their_columns_in_the_trail(kind: type[Role] | type[Channel]) -> None:
    limit = 40 if kind is Role else 20
    assert all(len(member.value) <= limit for member in kind)
