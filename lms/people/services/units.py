"""The tree of units."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Invalid
from lms.core.ids import new_public_id
from lms.people.models import OrgUnit
from lms.people.rules import (
    LONGEST_ENGLISH_UNIT_NAME,
    LONGEST_UNIT_NAME,
    PARENT_KIND,
    UnitKind,
    clean_line,
    unit_path,
)


def add_unit(
    session: Session,
    actor: Identity,
    kind: UnitKind,
    name: str,
    parent: OrgUnit | None,
    *,
    name_en: str = "",
    opened_on: date,
    now: datetime,
) -> OrgUnit:
    """Enter a unit below its parent.

    Raises Invalid when the parent is not of the level above, a name is missing or too long, Conflict when the
    parent has a unit of that name already.
    """
    parent_path = parent.path if parent is not None else "/"
    role = require(actor, Permission.UNIT_EDIT, Scope(unit_path=parent_path), now=clock.real_now())
    name, name_en = _checked_names(name, name_en)
    if (parent.kind if parent is not None else None) is not PARENT_KIND[kind]:
        raise Invalid("people.unit.wrong_parent", field="kind")
    parent_id = parent.id if parent is not None else None
    _refuse_twin(session, parent_id, name)
    public_id = new_public_id()
    unit = OrgUnit(
        public_id=public_id,
        kind=kind,
        name=name,
        name_en=name_en,
        parent_id=parent_id,
        path=f"?{public_id}",
        opened_on=opened_on,
    )
    session.add(unit)
    session.flush()  # the path holds the id that the database gives
    unit.path = unit_path(parent_path if parent is not None else None, unit.id)
    audit.record(
        session,
        actor,
        role,
        AuditTag.UNIT_ADDED,
        unit,
        now=now,
        unit_path=unit.path,
        diff={"kind": kind, "name": name, "path": unit.path},
    )
    session.flush()  # callers build on the path
    return unit


def rename_unit(
    session: Session, actor: Identity, unit: OrgUnit, name: str, *, name_en: str, was: tuple[str, str], now: datetime
) -> bool:
    """Give a unit another name; papers already issued keep the old one. False when nothing changes.

    ``was``: the two names that the person saw. Raises Invalid as ``add_unit`` does, Conflict when a sister unit has
    the name or somebody else has renamed it meanwhile.
    """
    role = require(actor, Permission.UNIT_EDIT, Scope(unit_path=unit.path), now=clock.real_now())
    name, name_en = _checked_names(name, name_en)
    if (unit.name, unit.name_en) != was:
        raise Conflict("people.unit.changed_meanwhile")
    if (name, name_en) == was:
        return False
    _refuse_twin(session, unit.parent_id, name, but=unit.id)
    statement = (
        sa.update(OrgUnit)
        .where(OrgUnit.id == unit.id, OrgUnit.name == was[0], OrgUnit.name_en == was[1])
        .values(name=name, name_en=name_en)
    )
    if not guarded_update(session, statement):
        raise Conflict("people.unit.changed_meanwhile")
    audit.record(
        session,
        actor,
        role,
        AuditTag.UNIT_CHANGED,
        ("org_unit", unit.public_id),
        now=now,
        unit_path=unit.path,
        diff={"name": [was[0], name], "name_en": [was[1], name_en]},
    )
    session.expire(unit)
    return True


def _checked_names(name: str, name_en: str) -> tuple[str, str]:
    """Return the two names of a unit as they are stored. Raises Invalid."""
    name, name_en = clean_line(name), clean_line(name_en)
    if not name:
        raise Invalid("people.unit.name_missing", field="name")
    if len(name) > LONGEST_UNIT_NAME:
        raise Invalid("people.unit.name_long", field="name", most=LONGEST_UNIT_NAME)
    if len(name_en) > LONGEST_ENGLISH_UNIT_NAME:
        raise Invalid("people.unit.name_en_long", field="name_en", most=LONGEST_ENGLISH_UNIT_NAME)
    return name, name_en


def _refuse_twin(session: Session, parent_id: int | None, name: str, *, but: int | None = None) -> None:
    """Raise Conflict when another unit below the same parent has the name."""
    twin = sa.select(OrgUnit.id).where(OrgUnit.parent_id == parent_id, OrgUnit.name == name)
    if but is not None:
        twin = twin.where(OrgUnit.id != but)
    if session.scalar(twin) is not None:
        raise Conflict("people.unit.name_taken", field="name", value=name)
