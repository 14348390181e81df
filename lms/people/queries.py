"""Reading units, persons and accounts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from lms.access.filters import visible
from lms.access.identity import CONSOLE, Channel, HeldRole, Identity, Role
from lms.access.permissions import Permission
from lms.audit.models import AuditEntry
from lms.core.errors import NotFound
from lms.people.models import (
    Account,
    OrgUnit,
    Person,
    PostHolding,
    Preference,
    RoleGrant,
    RosterImport,
    RosterRow,
    SignInSession,
)
from lms.people.rules import (
    Composition,
    GrantState,
    Holder,
    Post,
    RosterState,
    RowState,
    StaffState,
    UnitKind,
    clean_staff_number,
    composition,
    name_key,
)


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
    office: str
    office_en: str
    """The sub-district this installation serves, for the head of every page; empty while there is none."""


def in_force(day: date | sa.BindParameter[date]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions under which a role grant counts on ``day``."""
    return (
        RoleGrant.state == GrantState.IN_FORCE,
        RoleGrant.starts_on <= day,
        sa.or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on >= day),
    )


_OFFICE = aliased(OrgUnit)
_OFFICE_ID = sa.select(sa.func.min(OrgUnit.id)).where(OrgUnit.kind == UnitKind.SUBDISTRICT).scalar_subquery()

# Each request asks these: they are put together once, which takes longer than the database does.
_SIGNED_IN = (
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
        _OFFICE.name.label("office"),
        _OFFICE.name_en.label("office_en"),
    )
    .join(Person, Person.id == SignInSession.person_id)
    .join(Account, Account.person_id == Person.id)
    .outerjoin(Preference, Preference.person_id == Person.id)
    .outerjoin(_OFFICE, _OFFICE.id == _OFFICE_ID)
    .where(
        SignInSession.token_hash == sa.bindparam("token_hash"),
        SignInSession.ended_at.is_(None),
        SignInSession.last_seen_at >= sa.bindparam("not_seen_since"),
        SignInSession.created_at >= sa.bindparam("created_after"),
        Person.state != StaffState.ENDED,  # one who signed in at the moment they left
    )
)
_ROLES_HELD = (
    sa.select(RoleGrant.role, OrgUnit.path)
    .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
    .where(RoleGrant.person_id == sa.bindparam("person_id"), *in_force(sa.bindparam("day", type_=sa.Date)))
    .order_by(RoleGrant.id)
)
_PERSON_WITH_ID = (
    sa.select(Person)
    .where(Person.id == sa.bindparam("person_id"))
    .options(joinedload(Person.unit).joinedload(OrgUnit.parent).joinedload(OrgUnit.parent))
)
_POSTS_OF = (
    sa.select(PostHolding)
    .where(
        PostHolding.person_id == sa.bindparam("person_id"),
        PostHolding.starts_on <= sa.bindparam("day", type_=sa.Date),
        sa.or_(PostHolding.ends_on.is_(None), PostHolding.ends_on >= sa.bindparam("day", type_=sa.Date)),
    )
    .options(joinedload(PostHolding.unit))
    .order_by(PostHolding.id)
)


def signed_in(
    session: Session, token_hash: str, *, day: date, not_seen_since: datetime, created_after: datetime
) -> SignedIn | None:
    """Return the session behind a token hash, or None when it is unknown, ended or has run out (two queries).

    ``not_seen_since``: idle sessions last seen before it have run out; ``created_after``: so have older ones.
    ``day``: business date, for the roles in force.
    """
    row = session.execute(
        _SIGNED_IN, {"token_hash": token_hash, "not_seen_since": not_seen_since, "created_after": created_after}
    ).one_or_none()
    if row is None:
        return None
    roles = tuple(
        HeldRole(role, path) for role, path in session.execute(_ROLES_HELD, {"person_id": row.person_id, "day": day})
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
        office=row.office or "",
        office_en=row.office_en or "",
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
        .options(joinedload(Person.unit).joinedload(OrgUnit.parent))
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
        # What is empty once cleaned (a dot, a hyphen) is part of every name: it finds nobody instead of everybody.
        key, number = name_key(text), clean_staff_number(text)
        found = [Person.name_key.contains(key, autoescape=True)] if key else []
        if number:
            found.append(Person.staff_number.contains(number, autoescape=True))
        statement = statement.where(sa.or_(*found) if found else sa.false())
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


def office_of(session: Session, path: str) -> OrgUnit | None:
    """Return the sub-district to which the unit with a path belongs, or None above them."""
    ids = [int(part) for part in path.split("/") if part]
    return session.scalar(sa.select(OrgUnit).where(OrgUnit.id.in_(ids), OrgUnit.kind == UnitKind.SUBDISTRICT))


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
    return list(session.scalars(_POSTS_OF, {"person_id": person_id, "day": day}))


def person_and_posts(session: Session, person_id: int | None, day: date) -> tuple[Person, list[PostHolding]]:
    """Return a person by internal id, with the unit, and the posts held on ``day`` (one query).

    For the actor's own record; raises NotFound.
    """
    rows = session.execute(
        sa.select(Person, PostHolding)
        .outerjoin(PostHolding, sa.and_(PostHolding.person_id == Person.id, *held_on(day)))
        .where(Person.id == person_id)
        .options(joinedload(Person.unit), joinedload(PostHolding.unit))
        .order_by(PostHolding.id)
    ).all()
    if not rows:
        raise NotFound("people.person.not_found")
    return rows[0].Person, [row.PostHolding for row in rows if row.PostHolding is not None]


def held_on(day: date) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions under which a post is held on ``day``."""
    return (
        PostHolding.starts_on <= day,
        sa.or_(PostHolding.ends_on.is_(None), PostHolding.ends_on >= day),
    )


def all_posts_of(session: Session, person_id: int) -> list[PostHolding]:
    """Return every post a person holds, held or is going to hold, latest first."""
    return list(
        session.scalars(
            sa.select(PostHolding)
            .where(PostHolding.person_id == person_id)
            .options(joinedload(PostHolding.unit))
            .order_by(PostHolding.starts_on.desc(), PostHolding.id.desc())
        )
    )


def post_by_public_id(session: Session, identity: Identity, public_id: str) -> PostHolding:
    """Return a post that somebody holds on a grid within reach, with grid and person. Raises NotFound."""
    holding = session.scalar(
        sa.select(PostHolding)
        .join(OrgUnit, OrgUnit.id == PostHolding.unit_id)
        .where(PostHolding.public_id == public_id, visible(identity, Permission.PERSON_EDIT, unit_path=OrgUnit.path))
        .options(joinedload(PostHolding.unit), joinedload(PostHolding.person))
    )
    if holding is None:
        raise NotFound("people.post.not_found")
    return holding


def holdings_on(session: Session, grid_id: int) -> list[PostHolding]:
    """Return every post on a grid, held, past or to come, with its person; leaders first, then by name."""
    return list(
        session.scalars(
            sa.select(PostHolding)
            .join(Person, Person.id == PostHolding.person_id)
            .where(PostHolding.unit_id == grid_id)
            .options(joinedload(PostHolding.person))
            .order_by(PostHolding.post != Post.GRID_LEADER, Person.name_sort, PostHolding.starts_on.desc())
        )
    )


def without_post(session: Session, grid_id: int, day: date) -> list[Person]:
    """Return the persons who belong to a grid, have not left, and hold no post on it on ``day``, by name."""
    held = sa.select(PostHolding.person_id).where(PostHolding.unit_id == grid_id, *held_on(day))
    statement = sa.select(Person).where(
        Person.unit_id == grid_id, Person.state != StaffState.ENDED, Person.id.not_in(held)
    )
    return list(session.scalars(statement.order_by(Person.name_sort, Person.staff_number)))


def holder_of(holding: PostHolding) -> Holder:
    """Return a post as the rule about a grid's composition takes it; its person must be loaded."""
    return Holder(
        holding.person_id,
        holding.person.state,
        holding.post,
        holding.employment,
        holding.is_committee,
        holding.exception,
    )


def compositions(session: Session, grid_ids: Collection[int], day: date) -> dict[int, Composition]:
    """Return how each of the grids stands on ``day`` (one query)."""
    found: dict[int, list[Holder]] = {grid_id: [] for grid_id in grid_ids}
    holdings = session.scalars(
        sa.select(PostHolding)
        .where(PostHolding.unit_id.in_(found), *held_on(day))
        .options(joinedload(PostHolding.person))
    )
    for holding in holdings:
        found[holding.unit_id].append(holder_of(holding))
    return {grid_id: composition(holders) for grid_id, holders in found.items()}


def grids_within(
    session: Session, identity: Identity, permission: Permission, day: date
) -> list[tuple[OrgUnit, Composition]]:
    """Return the open grids within reach in the order of their paths, each with how it stands on ``day`` (one query).

    The same grids as those among ``units_within``, the same standing as ``compositions`` gives.
    """
    rows = session.execute(
        sa.select(OrgUnit, PostHolding)
        .outerjoin(PostHolding, sa.and_(PostHolding.unit_id == OrgUnit.id, *held_on(day)))
        .where(
            visible(identity, permission, unit_path=OrgUnit.path),
            OrgUnit.kind == UnitKind.GRID,
            OrgUnit.closed_on.is_(None),
        )
        .options(joinedload(PostHolding.person))
        .order_by(OrgUnit.path)
    )
    grids: dict[int, OrgUnit] = {}
    holders: dict[int, list[Holder]] = {}
    for row in rows:
        grids[row.OrgUnit.id] = row.OrgUnit
        found = holders.setdefault(row.OrgUnit.id, [])
        if row.PostHolding is not None:
            found.append(holder_of(row.PostHolding))
    return [(grid, composition(holders[grid_id])) for grid_id, grid in grids.items()]


@dataclass(frozen=True)
class LiveHoldings:
    """What ends when a person leaves: posts that go on, roles in force or proposed."""

    posts: Sequence[PostHolding]
    grants: Sequence[RoleGrant]


def live_holdings(session: Session, person_id: int, day: date) -> LiveHoldings:
    """Return the posts of a person that go on after ``day`` or end on it, and the roles in force or proposed."""
    return LiveHoldings(
        [held for held in all_posts_of(session, person_id) if held.ends_on is None or held.ends_on >= day],
        [each for each in grants_of(session, person_id) if each.state in {GrantState.PROPOSED, GrantState.IN_FORCE}],
    )


def names_of_persons(session: Session, person_ids: Collection[int | None]) -> dict[int, str]:
    """Return the names of persons by internal id, for "proposed by"."""
    wanted = {each for each in person_ids if each is not None}
    rows = session.execute(sa.select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {row.id: row.name for row in rows}


@dataclass(frozen=True)
class Happened:
    """One entry of the trail on a person's page. ``actor``: a name, or console, system."""

    seq: int
    tag: str
    at: datetime
    actor: str


def latest_on_person(session: Session, person: Person, limit: int = 10) -> list[Happened]:
    """Return what was last done to a person's data, account, posts and roles, latest first.

    The caller has made sure that the reader may read the trail of this person.
    """
    parts = [
        sa.select(table.public_id).where(table.person_id == person.id) for table in (Account, RoleGrant, PostHolding)
    ]
    rows = session.execute(
        sa.select(AuditEntry.seq, AuditEntry.tag, AuditEntry.business_at, AuditEntry.actor, Person.name)
        .outerjoin(Person, Person.public_id == AuditEntry.actor)
        .where(
            AuditEntry.object_type.in_(("person", "account", "role_grant", "post_holding")),
            sa.or_(AuditEntry.object_id == person.public_id, *(AuditEntry.object_id.in_(part) for part in parts)),
        )
        .order_by(AuditEntry.seq.desc())
        .limit(limit)
    )
    return [Happened(seq, tag, at, name or actor) for seq, tag, at, actor, name in rows]


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
    person = session.scalar(_PERSON_WITH_ID, {"person_id": person_id})
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


def identity_for_job(session: Session, person_id: int | None, day: date) -> Identity:
    """Return the identity under which a job acts for the person who started it, with the roles held on ``day``.

    The system itself when nobody started it (the command line's jobs).
    """
    if person_id is None:
        return CONSOLE
    public_id = session.scalar(sa.select(Person.public_id).where(Person.id == person_id))
    if public_id is None:
        raise NotFound("people.person.not_found")
    held = session.execute(
        sa.select(RoleGrant.role, OrgUnit.path)
        .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
        .where(RoleGrant.person_id == person_id, *in_force(day))
    )
    return Identity(
        person_id=person_id,
        public_id=public_id,
        roles=tuple(HeldRole(role, path) for role, path in held),
        channel=Channel.JOB,
    )


def roster_by_public_id(session: Session, identity: Identity, public_id: str) -> RosterImport:
    """Return a roster import within reach. Raises NotFound."""
    roster = session.scalar(
        sa.select(RosterImport)
        .join(OrgUnit, OrgUnit.id == RosterImport.unit_id)
        .where(RosterImport.public_id == public_id, visible(identity, Permission.ROSTER_IMPORT, unit_path=OrgUnit.path))
        .options(joinedload(RosterImport.unit))
    )
    if roster is None:
        raise NotFound("people.roster.not_found")
    return roster


def rosters_within(session: Session, identity: Identity, limit: int = 20) -> list[RosterImport]:
    """Return the latest roster imports within reach."""
    statement = (
        sa.select(RosterImport)
        .join(OrgUnit, OrgUnit.id == RosterImport.unit_id)
        .where(visible(identity, Permission.ROSTER_IMPORT, unit_path=OrgUnit.path))
        .options(joinedload(RosterImport.unit))
        .order_by(RosterImport.id.desc())
        .limit(limit)
    )
    return list(session.scalars(statement))


def same_file_before(session: Session, roster: RosterImport) -> RosterImport | None:
    """Return an earlier import of the very same file that was carried through, or None."""
    return session.scalar(
        sa.select(RosterImport)
        .where(
            RosterImport.file_digest == roster.file_digest,
            RosterImport.unit_id == roster.unit_id,
            RosterImport.state == RosterState.DONE,
            RosterImport.id != roster.id,
        )
        .order_by(RosterImport.id.desc())
        .limit(1)
    )


def roster_rows(roster: RosterImport, states: Sequence[RowState] = ()) -> sa.Select[RosterRow]:
    """Return the select of a roster's rows in the order of the file, all or those in some states."""
    statement = sa.select(RosterRow).where(RosterRow.import_id == roster.id).order_by(RosterRow.line)
    return statement.where(RosterRow.state.in_(states)) if states else statement


def rosters_to_sweep(session: Session, before: datetime) -> list[int]:
    """Return the ids of imports that still have rows but were finished, or begun and left lying, before a moment."""
    over = sa.and_(RosterImport.state.in_([RosterState.DONE, RosterState.ABANDONED]), RosterImport.finished_at < before)
    left_lying = sa.and_(RosterImport.state == RosterState.READ, RosterImport.begun_at < before)
    has_rows = sa.exists().where(RosterRow.import_id == RosterImport.id)
    return list(session.scalars(sa.select(RosterImport.id).where(sa.or_(over, left_lying), has_rows)))


@dataclass(frozen=True)
class AccountState:
    """Whether a person can sign in: ``is_own``: has an own password; ``code_until``: a one-time code waits."""

    is_own: bool
    code_until: datetime | None


def account_state(session: Session, person_id: int) -> AccountState | None:
    """Return how a person can sign in, None without an account."""
    row = session.execute(sa.select(Account.temporary_until).where(Account.person_id == person_id)).one_or_none()
    return None if row is None else AccountState(row.temporary_until is None, row.temporary_until)


def persons_with_account(session: Session, person_ids: Sequence[int]) -> set[int]:
    """Return which of the persons have chosen a password of their own."""
    return set(
        session.scalars(
            sa.select(Account.person_id).where(Account.person_id.in_(person_ids), Account.temporary_until.is_(None))
        )
    )


def persons_without_password(session: Session, identity: Identity, unit: OrgUnit | None, limit: int) -> list[Person]:
    """Return persons within reach who have not chosen a password yet, by unit and name."""
    statement = (
        sa.select(Person)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .outerjoin(Account, Account.person_id == Person.id)
        .where(
            reachable_persons(identity, Permission.SLIP_PRINT),
            Person.state != StaffState.ENDED,
            sa.or_(Account.id.is_(None), Account.temporary_until.is_not(None)),
        )
        .options(joinedload(Person.unit))
        .order_by(OrgUnit.path, Person.name_sort)
        .limit(limit)
    )
    if unit is not None:
        statement = statement.where(OrgUnit.path.startswith(unit.path, autoescape=True))
    return list(session.scalars(statement))


def slips_waiting(session: Session, person_ids: Collection[int]) -> dict[int, datetime]:
    """Return until when the unused first password (or one-time code) of each of the persons can be used."""
    rows = session.execute(
        sa.select(Account.person_id, Account.temporary_until).where(
            Account.person_id.in_(person_ids), Account.temporary_until.is_not(None)
        )
    )
    return {person_id: until for person_id, until in rows if until is not None}


def persons_by_unit(session: Session, identity: Identity) -> dict[int, int]:
    """Return the number of persons (who have not left) of each unit within reach."""
    rows = session.execute(
        sa.select(Person.unit_id, sa.func.count())
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(Person.state != StaffState.ENDED, visible(identity, Permission.UNIT_SEE, unit_path=OrgUnit.path))
        .group_by(Person.unit_id)
    )
    return {row[0]: row[1] for row in rows}


def role_by_public_id(session: Session, identity: Identity, public_id: str) -> RoleGrant:
    """Return a role grant within reach. Raises NotFound."""
    grant = session.scalar(
        sa.select(RoleGrant)
        .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
        .where(RoleGrant.public_id == public_id, visible(identity, Permission.ROLE_PROPOSE, unit_path=OrgUnit.path))
        .options(joinedload(RoleGrant.unit), joinedload(RoleGrant.person))
    )
    if grant is None:
        raise NotFound("people.role.not_found")
    return grant


def proposed_roles(session: Session, identity: Identity) -> list[RoleGrant]:
    """Return the roles within reach that wait for a second person, oldest first."""
    statement = (
        sa.select(RoleGrant)
        .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
        .where(
            RoleGrant.state == GrantState.PROPOSED,
            visible(identity, Permission.ROLE_CONFIRM, unit_path=OrgUnit.path),
        )
        .options(joinedload(RoleGrant.unit), joinedload(RoleGrant.person))
        .order_by(RoleGrant.id)
    )
    return list(session.scalars(statement))


def roles_in_force(session: Session, identity: Identity, day: date) -> list[RoleGrant]:
    """Return the roles within reach that are in force on ``day``, by role and unit."""
    statement = (
        sa.select(RoleGrant)
        .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
        .where(*in_force(day), visible(identity, Permission.ROLE_CONFIRM, unit_path=OrgUnit.path))
        .options(joinedload(RoleGrant.unit), joinedload(RoleGrant.person))
        .order_by(RoleGrant.role, OrgUnit.path, RoleGrant.id)
    )
    return list(session.scalars(statement))


def lapsed_grants(session: Session, day: date, limit: int) -> list[int]:
    """Return the ids of roles still in force whose last day lies before ``day``."""
    statement = (
        sa.select(RoleGrant.id)
        .where(RoleGrant.state == GrantState.IN_FORCE, RoleGrant.ends_on < day)
        .order_by(RoleGrant.id)
        .limit(limit)
    )
    return list(session.scalars(statement))


def roles_to_confirm(identity: Identity) -> sa.Select[int]:
    """Count the roles within reach that somebody else proposed and that wait for a second person."""
    return (
        sa.select(sa.func.count(RoleGrant.id))
        .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
        .where(
            RoleGrant.state == GrantState.PROPOSED,
            RoleGrant.proposed_by_id.is_distinct_from(identity.person_id),
            visible(identity, Permission.ROLE_CONFIRM, unit_path=OrgUnit.path),
        )
    )


def without_account(identity: Identity) -> sa.Select[int]:
    """Count the persons within reach who have no account at all: nobody printed a slip for them yet."""
    return (
        sa.select(sa.func.count(Person.id))
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .outerjoin(Account, Account.person_id == Person.id)
        .where(reachable_persons(identity, Permission.SLIP_PRINT), Account.id.is_(None))
        .where(Person.state != StaffState.ENDED)
    )


def candidates(identity: Identity) -> sa.Select[int]:
    """Count the candidates within reach who wait to be admitted."""
    return (
        sa.select(sa.func.count(Person.id))
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(reachable_persons(identity, Permission.PERSON_ADMIT), Person.state == StaffState.CANDIDATE)
    )
