"""Reading units, persons and accounts."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from lms.access.filters import visible
from lms.access.identity import HeldRole, Identity, Role
from lms.access.permissions import Permission
from lms.core.errors import NotFound
from lms.people.models import Account, OrgUnit, Person, PostHolding, Preference, RoleGrant, SignInSession
from lms.people.rules import GrantState, StaffState, UnitKind, clean_staff_number, name_key


@dataclass(frozen=True)
class SignedIn:
    """A valid sign-in session with all that a request needs to know about its person. Cut off from the database."""

    session_id: int
    session_public_id: str
    identity: Identity
    name: str
    staff_number: str
    state: StaffState
    unit_id: int
    language: str
    text_size: str
    must_change_password: bool
    privacy_notice: str
    last_seen_at: datetime


def signed_in(
    session: Session, token_hash: str, *, day: date, not_seen_since: datetime, created_after: datetime
) -> SignedIn | None:
    """Return the session behind a token hash, or None when it is unknown, ended or has run out (two queries).

    ``not_seen_since``: idle sessions last seen before it have run out; ``created_after``: so have older ones.
    ``day``: business date, for the roles in force.
    """
    row = session.execute(
        sa.select(
            SignInSession.id,
            SignInSession.public_id.label("session_public_id"),
            SignInSession.last_seen_at,
            SignInSession.reauthenticated_at,
            Person.id.label("person_id"),
            Person.public_id,
            Person.name,
            Person.staff_number,
            Person.state,
            Person.unit_id,
            Account.temporary_until,
            Account.privacy_notice,
            Preference.language,
            Preference.text_size,
        )
        .join(Person, Person.id == SignInSession.person_id)
        .join(Account, Account.person_id == Person.id)
        .outerjoin(Preference, Preference.person_id == Person.id)
        .where(
            SignInSession.token_hash == token_hash,
            SignInSession.ended_at.is_(None),
            SignInSession.last_seen_at >= not_seen_since,
            SignInSession.created_at >= created_after,
        )
    ).one_or_none()
    if row is None:
        return None
    roles = tuple(
        HeldRole(role, path)
        for role, path in session.execute(
            sa.select(RoleGrant.role, OrgUnit.path)
            .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
            .where(RoleGrant.person_id == row.person_id, *in_force(day))
            .order_by(RoleGrant.id)
        )
    )
    return SignedIn(
        session_id=row.id,
        session_public_id=row.session_public_id,
        identity=Identity(
            person_id=row.person_id,
            public_id=row.public_id,
            roles=roles,
            reauthenticated_at=row.reauthenticated_at,
        ),
        name=row.name,
        staff_number=row.staff_number,
        state=row.state,
        unit_id=row.unit_id,
        language=row.language or "",
        text_size=row.text_size or "",
        must_change_password=row.temporary_until is not None,
        privacy_notice=row.privacy_notice,
        last_seen_at=row.last_seen_at,
    )


def in_force(day: date) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions under which a role grant counts on ``day``."""
    return (
        RoleGrant.state == GrantState.IN_FORCE,
        RoleGrant.starts_on <= day,
        sa.or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= day),
    )


def roles_of(session: Session, person_id: int, day: date) -> frozenset[Role]:
    """Return the roles a person holds on ``day``, on whatever unit."""
    return frozenset(session.scalars(sa.select(RoleGrant.role).where(RoleGrant.person_id == person_id, *in_force(day))))


@dataclass(frozen=True)
class Credentials:
    """What is needed to check a password. ``person_id`` is None when nobody has that staff number."""

    person_id: int | None
    password_hash: str | None
    temporary_until: datetime | None


def credentials(session: Session, staff_number: str) -> Credentials:
    """Return the credentials kept for a staff number; empty ones when there is no such account."""
    row = session.execute(
        sa.select(Person.id, Account.password_hash, Account.temporary_until)
        .join(Account, Account.person_id == Person.id)
        .where(Person.staff_number == staff_number, Person.state != StaffState.ENDED)
    ).one_or_none()
    if row is None:
        return Credentials(None, None, None)
    return Credentials(row.id, row.password_hash, row.temporary_until)


def person_by_public_id(session: Session, identity: Identity, permission: Permission, public_id: str) -> Person:
    """Return a person within reach of the permission. Raises NotFound."""
    person = session.scalar(
        sa.select(Person)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(Person.public_id == public_id, reachable_persons(identity, permission))
        .options(joinedload(Person.unit))
    )
    if person is None:
        raise NotFound("people.person.not_found")
    return person


def reachable_persons(identity: Identity, permission: Permission) -> sa.ColumnElement[bool]:
    """Return the condition that keeps the persons within reach; the select must join OrgUnit."""
    return visible(identity, permission, owner=Person.id, unit_path=OrgUnit.path, assigned=Person.id)


def search_persons(
    identity: Identity,
    *,
    text: str = "",
    unit: OrgUnit | None = None,
    state: StaffState | None = None,
) -> sa.Select[Person]:
    """Return the select of the persons one may list, by name. ``text``: part of a name or staff number."""
    statement = (
        sa.select(Person)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(reachable_persons(identity, Permission.PERSON_LIST))
        .options(joinedload(Person.unit).joinedload(OrgUnit.parent))
        .order_by(Person.name_sort, Person.staff_number)
    )
    if text.strip():
        key = name_key(text)
        statement = statement.where(
            sa.or_(
                Person.name_key.contains(key, autoescape=True),
                Person.staff_number.contains(text.strip().upper(), autoescape=True),
            )
        )
    if unit is not None:
        statement = statement.where(OrgUnit.path.startswith(unit.path, autoescape=True))
    if state is not None:
        statement = statement.where(Person.state == state)
    return statement


def unit_by_public_id(session: Session, identity: Identity, permission: Permission, public_id: str) -> OrgUnit:
    """Return a unit within reach of the permission. Raises NotFound."""
    unit = session.scalar(
        sa.select(OrgUnit).where(OrgUnit.public_id == public_id, visible(identity, permission, unit_path=OrgUnit.path))
    )
    if unit is None:
        raise NotFound("people.unit.not_found")
    return unit


def units_within(session: Session, identity: Identity, permission: Permission) -> list[OrgUnit]:
    """Return the open units within reach, from wide to narrow, in the order of their paths."""
    statement = (
        sa.select(OrgUnit)
        .where(visible(identity, permission, unit_path=OrgUnit.path), OrgUnit.closed_on.is_(None))
        .order_by(OrgUnit.path)
    )
    return list(session.scalars(statement))


def office_name(session: Session) -> OrgUnit | None:
    """Return the sub-district this installation serves (its first one), for the head of every page."""
    return session.scalar(sa.select(OrgUnit).where(OrgUnit.kind == UnitKind.SUBDISTRICT).order_by(OrgUnit.id).limit(1))


def sessions_of(session: Session, person_id: int, *, not_seen_since: datetime) -> list[SignInSession]:
    """Return the live sign-in sessions of a person, latest first."""
    return list(
        session.scalars(
            sa.select(SignInSession)
            .where(
                SignInSession.person_id == person_id,
                SignInSession.ended_at.is_(None),
                SignInSession.last_seen_at >= not_seen_since,
            )
            .order_by(SignInSession.last_seen_at.desc())
        )
    )


def posts_of(session: Session, person_id: int, day: date) -> list[PostHolding]:
    """Return the posts a person holds on ``day``."""
    return list(
        session.scalars(
            sa.select(PostHolding)
            .where(
                PostHolding.person_id == person_id,
                PostHolding.starts_on <= day,
                sa.or_(PostHolding.ends_on.is_(None), PostHolding.ends_on >= day),
            )
            .options(joinedload(PostHolding.unit))
            .order_by(PostHolding.id)
        )
    )


def grants_of(session: Session, person_id: int) -> list[RoleGrant]:
    """Return all role grants of a person, latest first."""
    return list(
        session.scalars(
            sa.select(RoleGrant)
            .where(RoleGrant.person_id == person_id)
            .options(joinedload(RoleGrant.unit))
            .order_by(RoleGrant.id.desc())
        )
    )


def is_empty(session: Session) -> bool:
    """Whether no unit is entered, and so nobody either."""
    return session.scalar(sa.select(OrgUnit.id).limit(1)) is None


def demo_people_exist(session: Session) -> bool:
    """Whether persons of the demo are entered, whose passwords everyone knows."""
    return session.scalar(sa.select(Person.id).where(Person.is_demo).limit(1)) is not None


def person_with_id(session: Session, person_id: int | None) -> Person:
    """Return a person by internal id, with the unit. For the actor's own record; raises NotFound."""
    person = session.scalar(
        sa.select(Person)
        .where(Person.id == person_id)
        .options(joinedload(Person.unit).joinedload(OrgUnit.parent).joinedload(OrgUnit.parent))
    )
    if person is None:
        raise NotFound("people.person.not_found")
    return person


def person_with_staff_number(session: Session, staff_number: str) -> Person:
    """Return a person by staff number, for the console. Raises NotFound."""
    person = session.scalar(
        sa.select(Person)
        .where(Person.staff_number == clean_staff_number(staff_number))
        .options(joinedload(Person.unit))
    )
    if person is None:
        raise NotFound("people.person.not_found")
    return person


def unit_named(session: Session, name: str) -> OrgUnit:
    """Return the one unit of this name, for the console. Raises NotFound when there is none or more than one."""
    found = list(session.scalars(sa.select(OrgUnit).where(OrgUnit.name == name.strip()).limit(2)))
    if len(found) != 1:
        raise NotFound("people.unit.not_found")
    return found[0]


def real_people_exist(session: Session) -> bool:
    """Whether anyone is entered who is not of the demo."""
    return session.scalar(sa.select(Person.id).where(Person.is_demo.is_(False)).limit(1)) is not None
