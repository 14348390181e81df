"""The decision for one object. ``filters`` makes the same decision for lists, from the same table."""

from datetime import datetime, timedelta

from lms.access.identity import Identity, Role, Scope
from lms.access.matrix import GRANTS, Grant, Reach
from lms.access.permissions import Permission
from lms.core.errors import Forbidden, NotFound, ReauthenticationNeeded

REAUTHENTICATION_LASTS = timedelta(minutes=5)


def held_grants(identity: Identity, permission: Permission) -> list[tuple[Grant, str]]:
    """Return the grants of a permission that the identity holds, each with the unit path it is held on.

    The PERSON row is held by everyone who is a person; its unit path is empty.
    """
    held: list[tuple[Grant, str]] = []
    for grant in GRANTS[permission]:
        if grant.role is Role.PERSON:
            if identity.person_id is not None:
                held.append((grant, ""))
            continue
        held.extend((grant, role.unit_path) for role in identity.roles if role.role is grant.role)
    return held


def reaches(grant: Grant, unit_path: str, identity: Identity, scope: Scope) -> bool:
    """Whether a grant held on ``unit_path`` reaches an object."""
    match grant.reach:
        case Reach.ANY:
            return True
        case Reach.SELF:
            return scope.owner_id is not None and scope.owner_id == identity.person_id
        case Reach.ASSIGNED:
            return scope.assigned_id is not None and scope.assigned_id in identity.assigned
        case Reach.UNIT:
            return scope.unit_path is not None and scope.unit_path.startswith(unit_path)


def may_use(identity: Identity, permission: Permission) -> bool:
    """Whether any of the identity's roles includes this function at all."""
    return bool(held_grants(identity, permission))


def can(identity: Identity, permission: Permission, scope: Scope) -> bool:
    """Whether the identity may use the permission on this object, conditions aside."""
    return any(reaches(grant, path, identity, scope) for grant, path in held_grants(identity, permission))


def require(
    identity: Identity,
    permission: Permission,
    scope: Scope,
    *,
    now: datetime,
    begun_by: int | None = None,
) -> Role:
    """Return the role under which the act is allowed, for the audit entry.

    ``now`` is real time (for re-authentication). ``begun_by`` is the person who began a two-person act;
    it must be given for a grant marked ``second``.
    Raises Forbidden when no role includes the function or when the second person is the first one,
    NotFound when the object is out of reach, ReauthenticationNeeded when the password is due again.
    """
    held = held_grants(identity, permission)
    if not held:
        raise Forbidden("access.forbidden", permission=permission.value)
    within = [grant for grant, path in held if reaches(grant, path, identity, scope)]
    if not within:
        raise NotFound("access.not_found")
    # Of several grants the one with the fewest conditions is used: own things need no second person.
    grant = min(within, key=lambda each: (each.second, each.reauth, each.logged))
    if grant.second and (begun_by is None or begun_by == identity.person_id):
        raise Forbidden("access.second_person")
    if grant.reauth and not recently_authenticated(identity, now):
        raise ReauthenticationNeeded("access.reauthenticate")
    return grant.role


def recently_authenticated(identity: Identity, now: datetime) -> bool:
    """Whether the password was given within the last five minutes of real time."""
    at = identity.reauthenticated_at
    return at is not None and timedelta(0) <= now - at <= REAUTHENTICATION_LASTS


def is_logged(permission: Permission) -> bool:
    """Whether uses of this permission are written to the access log for some role."""
    return any(grant.logged for grant in GRANTS[permission])
