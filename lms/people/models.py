"""Tables of units, persons, accounts, roles and posts."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.access.identity import Role
from lms.core.db import Base
from lms.core.types import INTERNAL, PERSONAL, PUBLIC, SECRET, Id, Moment, PublicId, UTCDateTime, text_enum, yes_no
from lms.people.rules import Employment, GrantState, Post, RosterState, RowState, Sex, StaffState, UnitKind


class OrgUnit(Base):
    """A district, sub-district, community or grid. ``path`` (``/1/5/7/``) makes "everything below" one LIKE.

    pii: none
    """

    __tablename__ = "org_unit"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("parent_id", "name"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[UnitKind] = mapped_column(text_enum(UnitKind, "unit_kind"), info=dict(PUBLIC))
    name: Mapped[str] = mapped_column(sa.String(60), info=dict(PUBLIC))
    name_en: Mapped[str] = mapped_column(sa.String(80), default="", info=dict(PUBLIC))
    parent_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("org_unit.id", ondelete="RESTRICT"), index=True, info=dict(INTERNAL)
    )
    path: Mapped[str] = mapped_column(sa.String(200), unique=True, info=dict(INTERNAL))
    opened_on: Mapped[date] = mapped_column(sa.Date, info=dict(PUBLIC))
    closed_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(PUBLIC))

    parent: Mapped["OrgUnit | None"] = relationship(remote_side="OrgUnit.id")


class Person(Base):
    """A member of grid staff, a candidate, a mentor, an official. Ended, never deleted.

    Written by people.services. pii: name, sex, birth month, phone; no identity-card number in any form.
    """

    __tablename__ = "person"
    __audited__ = True
    __table_args__ = (
        sa.Index("ix_person_unit_id_state", "unit_id", "state"),
        sa.Index("ix_person_name_sort", "name_sort"),
        sa.Index("ix_person_name_key", "name_key"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    staff_number: Mapped[str] = mapped_column(sa.String(20), unique=True, info=dict(INTERNAL))
    name: Mapped[str] = mapped_column(sa.String(60), info=dict(PERSONAL))
    name_key: Mapped[str] = mapped_column(sa.String(60), info=dict(PERSONAL))
    name_sort: Mapped[str] = mapped_column(sa.String(200), info=dict(PERSONAL))
    sex: Mapped[Sex] = mapped_column(text_enum(Sex, "person_sex"), info=dict(PERSONAL))
    birth_month: Mapped[str] = mapped_column(sa.String(7), default="", info=dict(PERSONAL))
    education: Mapped[str] = mapped_column(sa.String(20), default="", info=dict(PERSONAL))
    phone: Mapped[str] = mapped_column(sa.String(20), default="", info=dict(PERSONAL))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("org_unit.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    state: Mapped[StaffState] = mapped_column(text_enum(StaffState, "person_state"), info=dict(INTERNAL))
    joined_on: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    ended_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))
    extra_time: Mapped[bool] = mapped_column(yes_no("is_extra_time"), default=False, info=dict(INTERNAL))
    is_demo: Mapped[bool] = mapped_column(yes_no("is_demo"), default=False, info=dict(INTERNAL))
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))

    unit: Mapped[OrgUnit] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy declares it so


class Account(Base):
    """How a person signs in. One per person. ``temporary_until`` is set while the password is a one-time code.

    pii: none beside the secret hash.
    """

    __tablename__ = "account"
    __audited__ = True

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), unique=True, info=dict(INTERNAL)
    )
    password_hash: Mapped[str] = mapped_column(sa.String(200), info=dict(SECRET))
    temporary_until: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    password_set_at: Mapped[Moment]
    privacy_notice: Mapped[str] = mapped_column(sa.String(20), default="", info=dict(INTERNAL))
    privacy_read_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))

    person: Mapped[Person] = relationship()


class Preference(Base):
    """Language and text size of a person. Not audited: it decides nothing.

    pii: none
    """

    __tablename__ = "preference"

    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), primary_key=True, info=dict(INTERNAL)
    )
    language: Mapped[str] = mapped_column(sa.String(2), default="", info=dict(INTERNAL))
    text_size: Mapped[str] = mapped_column(sa.String(10), default="", info=dict(INTERNAL))


class SignInSession(Base):
    """A signed-in browser. The cookie holds the token, this row its SHA-256. All times are real time.

    pii: the browser's own description, shown to its owner only; kept 30 days.
    """

    __tablename__ = "sign_in_session"
    __table_args__ = (sa.Index("ix_sign_in_session_person_id", "person_id"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True, info=dict(SECRET))
    created_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    reauthenticated_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    browser: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(PERSONAL))


class RoleGrant(Base):
    """A role of a person on a unit, with dates. In force only after a second person confirmed it.

    pii: none
    """

    __tablename__ = "role_grant"
    __audited__ = True
    __table_args__ = (
        sa.Index("ix_role_grant_person_id", "person_id"),
        sa.Index(
            "uq_role_grant_live",
            "person_id",
            "role",
            "unit_id",
            unique=True,
            sqlite_where=sa.text("state IN ('proposed', 'in_force')"),
            postgresql_where=sa.text("state IN ('proposed', 'in_force')"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    role: Mapped[Role] = mapped_column(text_enum(Role, "grant_role"), info=dict(INTERNAL))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("org_unit.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    state: Mapped[GrantState] = mapped_column(text_enum(GrantState, "grant_state"), info=dict(INTERNAL))
    starts_on: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    ends_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))
    basis: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(INTERNAL))
    proposed_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    confirmed_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    proposed_at: Mapped[Moment]
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    unit: Mapped[OrgUnit] = relationship()


class PostHolding(Base):
    """A post of a person on a grid, with dates. A person may hold several, on several grids.

    ``is_committee``: whether a grid leader is a member of the community's 两委 (None: not said yet); ``exception``:
    why somebody who is not leads the grid all the same.
    pii: none
    """

    __tablename__ = "post_holding"
    __audited__ = True
    __table_args__ = (
        sa.Index("ix_post_holding_person_id", "person_id"),
        sa.Index("ix_post_holding_unit_id", "unit_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("org_unit.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    post: Mapped[Post] = mapped_column(text_enum(Post, "held_post"), info=dict(INTERNAL))
    employment: Mapped[Employment] = mapped_column(text_enum(Employment, "held_employment"), info=dict(INTERNAL))
    is_committee: Mapped[bool | None] = mapped_column(yes_no("is_committee"), info=dict(INTERNAL))
    exception: Mapped[str] = mapped_column(sa.String(200), default="", server_default="", info=dict(INTERNAL))
    starts_on: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    ends_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))

    person: Mapped[Person] = relationship()
    unit: Mapped[OrgUnit] = relationship()


class RosterImport(Base):
    """A roster file on its way in: read, columns mapped, checked row by row, brought in by a job.

    The file itself is not kept: cells of columns that hold identity-card numbers never reach the database.
    ``columns``: headings as found; ``mapping``: field → column index; ``ignored``: headings left out and why.
    What it decides is audited person by person, and once as a whole.
    pii: rows hold what the office wrote; rows of an abandoned or finished import are swept after 7 days.
    """

    __tablename__ = "roster_import"
    __table_args__ = (sa.Index("ix_roster_import_unit_id", "unit_id"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("org_unit.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    begun_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    file_name: Mapped[str] = mapped_column(sa.String(200), info=dict(INTERNAL))
    file_digest: Mapped[str] = mapped_column(sa.String(64), info=dict(INTERNAL))
    sheet: Mapped[str] = mapped_column(sa.String(100), default="", info=dict(INTERNAL))
    state: Mapped[RosterState] = mapped_column(text_enum(RosterState, "roster_state"), info=dict(INTERNAL))
    columns: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    mapping: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    ignored: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    left_out: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    row_count: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    job_public_id: Mapped[str] = mapped_column(sa.String(22), default="", info=dict(INTERNAL))
    begun_at: Mapped[Moment]
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))

    unit: Mapped[OrgUnit] = relationship()


class RosterRow(Base):
    """One line of a roster file with what became of it.

    ``line``: line in the file. ``cells``: as found, without ignored columns. ``notes``: what was cleaned or
    what is wrong, as codes with values, row by row.
    pii: as roster_import.
    """

    __tablename__ = "roster_row"
    __table_args__ = (
        sa.UniqueConstraint("import_id", "line"),
        sa.Index("ix_roster_row_import_id", "import_id", "state"),
    )

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(sa.ForeignKey("roster_import.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    line: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    cells: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(PERSONAL))
    values: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(PERSONAL))
    notes: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(PERSONAL))
    state: Mapped[RowState] = mapped_column(text_enum(RowState, "roster_row_state"), info=dict(INTERNAL))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))


class ThrottleHit(Base):
    """A failed try, by a keyed hash of what was tried. Real time; swept after a day.

    pii: keyed hashes only.
    """

    __tablename__ = "throttle_hit"
    __table_args__ = (sa.Index("ix_throttle_hit_key_at", "key", "at"),)

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(sa.String(64), info=dict(INTERNAL))
    at: Mapped[Moment]
