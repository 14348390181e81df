"""What must hold of the policy as a whole, whatever its single lines say."""

import pytest

from lms.access.decide import may_use
from lms.access.identity import GRANTABLE, HeldRole, Identity, Role
from lms.access.matrix import GRANTS, Reach
from lms.access.permissions import Permission

CHANGES_NOTHING = {Permission.AUDIT_READ, Permission.AUDIT_VERIFY}


def test_every_permission_has_a_row_and_every_row_someone() -> None:
    assert set(GRANTS) == set(Permission)
    assert all(GRANTS.values())


def test_rows_stand_in_the_order_of_the_permissions() -> None:
    assert list(GRANTS) == list(Permission)


def test_no_role_stands_twice_in_a_row() -> None:
    for permission, grants in GRANTS.items():
        roles = [grant.role for grant in grants]
        assert len(set(roles)) == len(roles), permission


def test_what_everyone_holds_reaches_only_their_own_things() -> None:
    for permission, grants in GRANTS.items():
        for grant in grants:
            if grant.role is Role.PERSON:
                assert grant.reach is Reach.SELF, permission
                assert (grant.second, grant.reauth) == (False, False), permission


def test_only_roles_that_see_no_training_content_reach_everything() -> None:
    everywhere = {grant.role for grants in GRANTS.values() for grant in grants if grant.reach is Reach.ANY}
    assert everywhere <= {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN, Role.CONSOLE, Role.SYSTEM}


def test_the_auditor_changes_nothing() -> None:
    auditor = Identity(person_id=None, public_id="a", roles=(HeldRole(Role.AUDIT_ADMIN, "/"),))
    assert {permission for permission in Permission if may_use(auditor, permission)} == CHANGES_NOTHING


def test_a_grant_of_a_role_to_another_needs_a_second_person_who_gave_the_password_just_now() -> None:
    for grant in GRANTS[Permission.ROLE_CONFIRM]:
        if grant.role in GRANTABLE:
            assert grant.second
            assert grant.reauth
            assert grant.logged


@pytest.mark.parametrize(
    "permission",
    [
        Permission.PERSON_EXPORT,
        Permission.PERSON_UNMASK,
        Permission.PASSWORD_RESET,
        Permission.SLIP_PRINT,
        Permission.ROLE_CONFIRM,
    ],
)
def test_every_sensitive_use_by_another_is_logged(permission: Permission) -> None:
    for grant in GRANTS[permission]:
        if grant.role in GRANTABLE:
            assert grant.logged, grant
