"""Giving roles: one person proposes, another confirms. The console grants in one step, audited as console."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import GRANTABLE, Channel, Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.core.ids import new_public_id
from lms.people.models import OrgUnit, Person, RoleGrant
from lms.people.rules import (
    GRANT_TRANSITIONS,
    LONGEST_BASIS,
    GrantAction,
    GrantState,
    StaffState,
    clashing_role,
    has_lapsed,
    may_grant,
)
from lms.people.services.accounts import end_other_sessions
from lms.people.services.posts import hold_person


def _acting_role(actor: Identity, permission: Permission, unit: OrgUnit, role: Role, begun_by: int | None) -> Role:
    acting = require(actor, permission, Scope(unit_path=unit.path), now=clock.real_now(), begun_by=begun_by)
    # One may hold several roles; any that reaches the unit and may give this role will do.
    for held in actor.roles:
        if may_grant(held.role, role) and (held.role is not Role.OFFICIAL or unit.path.startswith(held.unit_path)):
            return held.role
    raise Forbidden("people.role.not_yours", role=role.value, acting=acting.value)


def _refuse_clash(session: Session, person: Person, role: Role, starts_on: date, ends_on: date | None) -> None:
    """Raise Conflict when a role in force, now or later, may not be held together with ``role`` in these dates.

    Nobody who has left is given a role.
    """
    # One decision about a person at a time: two officials must not confirm two clashing roles past each other.
    if hold_person(session, person) is StaffState.ENDED:
        raise Conflict("people.person.has_left")
    statement = sa.select(RoleGrant.role).where(
        RoleGrant.person_id == person.id,
        RoleGrant.state == GrantState.IN_FORCE,
        sa.or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= starts_on),
    )
    if ends_on is not None:
        statement = statement.where(RoleGrant.starts_on <= ends_on)
    clash = clashing_role(frozenset(session.scalars(statement)), role)
    if clash is not None:
        raise Conflict("people.role.clash", role=role.value, other=clash.value)


def _end(
    session: Session, actor: Identity, acting: Role, grant: RoleGrant, action: GrantAction, now: datetime, reason: str
) -> None:
    """End a role in force, or refuse a proposed one. A last day that has passed stays as it is."""
    before = grant.state
    after = GRANT_TRANSITIONS[before, action]
    today = clock.local_date(now)
    values: dict[str, object] = {"state": after, "decided_at": now}
    if action is GrantAction.END:
        values["ends_on"] = today if grant.ends_on is None else min(grant.ends_on, today)
    statement = sa.update(RoleGrant).where(RoleGrant.id == grant.id, RoleGrant.state == before).values(**values)
    if not guarded_update(session, statement):
        raise Conflict("people.role.moved_on", state=before.value)
    audit.record(
        session,
        actor,
        acting,
        AuditTag.ROLE_ENDED if action is GrantAction.END else AuditTag.ROLE_REFUSED,
        ("role_grant", grant.public_id),
        now=now,
        unit_path=grant.unit.path,
        reason=reason,
        diff={
            "state": [before.value, after.value],
            "role": grant.role.value,
            "person": grant.person.public_id,
            **({"ends_on": values["ends_on"]} if "ends_on" in values else {}),
        },
    )
    session.expire(grant)


def end_lapsed(session: Session, actor: Identity, grant_id: int, *, now: datetime) -> bool:
    """End a role whose last day has passed; False when it is not so, or ended already. Done by the system."""
    acting = require(actor, Permission.ROLE_END_LAPSED, Scope(), now=clock.real_now())
    grant = session.get_one(RoleGrant, grant_id)
    hold_person(session, grant.person)
    session.refresh(grant)
    if grant.state is not GrantState.IN_FORCE or not has_lapsed(grant.ends_on, clock.local_date(now)):
        return False
    _end(session, actor, acting, grant, GrantAction.END, now, "run out")
    return True


def end_all(session: Session, actor: Identity, person: Person, *, now: datetime) -> None:
    """End every role of a person who leaves, and refuse those that are proposed.

    The caller holds the person. Raises Forbidden when one of them is not for the actor to give or end.
    """
    live = session.scalars(
        sa.select(RoleGrant)
        .where(RoleGrant.person_id == person.id, RoleGrant.state.in_([GrantState.PROPOSED, GrantState.IN_FORCE]))
        .order_by(RoleGrant.id)
    ).all()
    for grant in live:
        acting = _acting_role(actor, Permission.ROLE_PROPOSE, grant.unit, grant.role, None)
        action = GrantAction.END if grant.state is GrantState.IN_FORCE else GrantAction.REFUSE
        _end(session, actor, acting, grant, action, now, "left")


def _end_same_lapsed(
    session: Session, actor: Identity, acting: Role, person: Person, role: Role, unit: OrgUnit, now: datetime
) -> None:
    """End the same role on the same unit when its last day has passed, so that it can be given again at once.

    The caller holds the person.
    """
    lapsed = session.scalars(
        sa.select(RoleGrant).where(
            RoleGrant.person_id == person.id,
            RoleGrant.role == role,
            RoleGrant.unit_id == unit.id,
            RoleGrant.state == GrantState.IN_FORCE,
            RoleGrant.ends_on < clock.local_date(now),
        )
    ).all()
    for grant in lapsed:
        _end(session, actor, acting, grant, GrantAction.END, now, "run out")


def propose_role(
    session: Session,
    actor: Identity,
    person: Person,
    role: Role,
    unit: OrgUnit,
    *,
    starts_on: date,
    ends_on: date | None = None,
    basis: str = "",
    now: datetime,
) -> RoleGrant:
    """Propose a role for a person on a unit.

    The same role whose last day has passed is ended in the same act.
    Raises Invalid for dates the wrong way round or over, too long a basis or a role that cannot be granted,
    Forbidden when the actor may not give this role or proposes for themselves, Conflict when it is proposed or
    held already, or clashes.
    """
    if role not in GRANTABLE:
        raise Invalid("people.role.not_grantable", field="role")
    if ends_on is not None and ends_on < starts_on:
        raise Invalid("people.role.dates", field="ends_on")
    if has_lapsed(ends_on, clock.local_date(now)):
        raise Invalid("people.role.over", field="ends_on")
    basis = basis.strip()
    if len(basis) > LONGEST_BASIS:
        raise Invalid("people.role.basis_long", field="basis", most=LONGEST_BASIS)
    acting = _acting_role(actor, Permission.ROLE_PROPOSE, unit, role, None)
    if person.id == actor.person_id:
        raise Forbidden("people.role.own")
    _refuse_clash(session, person, role, starts_on, ends_on)
    _end_same_lapsed(session, actor, acting, person, role, unit, now)
    grant = RoleGrant(
        public_id=new_public_id(),
        person_id=person.id,
        role=role,
        unit_id=unit.id,
        state=GrantState.PROPOSED,
        starts_on=starts_on,
        ends_on=ends_on,
        basis=basis,
        proposed_by_id=actor.person_id,
        proposed_at=now,
    )
    session.add(grant)
    audit.record(session, actor, acting, AuditTag.ROLE_PROPOSED, grant, now=now, unit_path=unit.path)
    try:
        session.flush()  # the unique index says whether it is proposed or held already
    except IntegrityError as error:
        raise Conflict("people.role.already", role=role.value) from error
    return grant


def decide_role(
    session: Session, actor: Identity, grant: RoleGrant, action: GrantAction, *, now: datetime, reason: str = ""
) -> None:
    """Confirm, refuse or end a role. Confirming needs another person than the proposer.

    Raises Forbidden for the first person or one's own role, Conflict when it has been decided meanwhile or when
    its last day passed before anyone confirmed it.
    """
    unit, person = grant.unit, grant.person
    if action is GrantAction.CONFIRM:
        begun_by = -1 if actor.channel is Channel.CONSOLE else (grant.proposed_by_id or -1)
        acting = _acting_role(actor, Permission.ROLE_CONFIRM, unit, grant.role, begun_by)
    else:
        acting = _acting_role(actor, Permission.ROLE_PROPOSE, unit, grant.role, None)
    after = GRANT_TRANSITIONS.get((grant.state, action))
    if after is None:
        raise Conflict("people.role.moved_on", state=grant.state.value)
    if person.id == actor.person_id:
        raise Forbidden("people.role.own")
    if action is not GrantAction.CONFIRM:
        _end(session, actor, acting, grant, action, now, reason)
        if action is GrantAction.END:
            end_other_sessions(session, person.id)
        return
    if has_lapsed(grant.ends_on, clock.local_date(now)):
        raise Conflict("people.role.over")
    _refuse_clash(session, person, grant.role, grant.starts_on, grant.ends_on)
    before = grant.state
    statement = (
        sa.update(RoleGrant)
        .where(RoleGrant.id == grant.id, RoleGrant.state == before)
        .values(state=after, decided_at=now, confirmed_by_id=actor.person_id)
    )
    if not guarded_update(session, statement):
        raise Conflict("people.role.moved_on", state=before.value)
    audit.record(
        session,
        actor,
        acting,
        AuditTag.ROLE_GRANTED,
        ("role_grant", grant.public_id),
        now=now,
        unit_path=unit.path,
        reason=reason,
        diff={"state": [before.value, after.value], "role": grant.role.value, "person": person.public_id},
    )
    session.expire(grant)


def grant_from_console(
    session: Session, actor: Identity, person: Person, role: Role, unit: OrgUnit, *, now: datetime
) -> RoleGrant:
    """Grant a role in one step, at the machine itself, so that a fresh office is not locked out."""
    if actor.channel is not Channel.CONSOLE:
        raise Forbidden("access.forbidden")
    grant = propose_role(session, actor, person, role, unit, starts_on=clock.local_date(now), basis="console", now=now)
    decide_role(session, actor, grant, GrantAction.CONFIRM, now=now)
    return grant
