"""The access table as an SQL condition, for lists."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from lms.access.decide import held_grants
from lms.access.identity import Identity
from lms.access.matrix import Reach
from lms.access.permissions import Permission
from lms.core.errors import Forbidden

Column = sa.ColumnElement[Any] | InstrumentedAttribute[Any]


def visible(
    identity: Identity,
    permission: Permission,
    *,
    owner: Column | None = None,
    unit_path: Column | None = None,
    assigned: Column | None = None,
) -> sa.ColumnElement[bool]:
    """Return the condition that keeps just the rows ``decide.can`` would allow.

    ``owner``, ``unit_path``, ``assigned``: the columns that hold the object's Scope; one left out counts as None.
    Raises Forbidden when no role includes the function at all.
    """
    held = held_grants(identity, permission)
    if not held:
        raise Forbidden("access.forbidden", permission=permission.value)
    clauses: list[sa.ColumnElement[bool]] = []
    for grant, path in held:
        match grant.reach:
            case Reach.ANY:
                return sa.true()
            case Reach.SELF if owner is not None and identity.person_id is not None:  # IS NULL would let all in
                clauses.append(owner == identity.person_id)
            case Reach.ASSIGNED if assigned is not None:
                clauses.append(assigned.in_(sorted(identity.assigned)))
            case Reach.UNIT if unit_path is not None:
                clauses.append(unit_path.startswith(path, autoescape=True))
            case _:
                continue
    return sa.or_(*clauses) if clauses else sa.false()
