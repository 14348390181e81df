"""Tables of duty lists."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from lms.core.db import Base
from lms.core.types import INTERNAL, Id, Moment, PublicId, text_enum
from lms.duties.rules import DutyState


class DutyList(Base):
    """Up to when a person's list is kept: by which catalogue, as of which day, and when time changes it next.

    What changes on the list itself (``duty_state``) stands in the trail under this public id, one entry for all
    items that changed together; the guard of the trail, which knows rows, is not asked for either table.
    pii: none
    """

    __tablename__ = "duty_list"
    __table_args__ = (sa.Index("ix_duty_list_due_on", "due_on"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), unique=True, info=dict(INTERNAL)
    )
    revision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("content_revision.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    as_of: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    due_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))


class DutyStanding(Base):
    """A duty item on a person's list as it stands. Always equal to the rule on levels, certificates, posts and state.

    ``since``: the day from which it stands so; cause: what made it so. What leaves the list is removed here and
    stays in ``duty_change``.
    pii: what a person may do; seen by the person and those responsible.
    """

    __tablename__ = "duty_state"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "duty_key"),
        sa.CheckConstraint("(state = 'grace') = (grace_until IS NOT NULL)", name="grace_has_a_last_day"),
    )

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    duty_key: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    state: Mapped[DutyState] = mapped_column(text_enum(DutyState, "duty_state"), info=dict(INTERNAL))
    since: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    grace_until: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))
    cause_type: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    cause_id: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))


class DutyChange(Base):
    """An item that came onto a list, stood otherwise, or left it (None), with what did it. Append-only.

    pii: as duty_state.
    """

    __tablename__ = "duty_change"
    __table_args__ = (sa.Index("ix_duty_change_person_id_duty_key", "person_id", "duty_key"),)

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    duty_key: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    before: Mapped[DutyState | None] = mapped_column(text_enum(DutyState, "before_state"), info=dict(INTERNAL))
    after: Mapped[DutyState | None] = mapped_column(text_enum(DutyState, "after_state"), info=dict(INTERNAL))
    grace_until: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))
    day: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    at: Mapped[Moment]
    cause_type: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    cause_id: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))


class DutyAcknowledgement(Base):
    """A person has read their list and said so （已读，照办）, with all that it said. Append-only.

    ``number``: which one of the person's it is, printed as the version of the list.
    pii: as duty_state.
    """

    __tablename__ = "duty_acknowledgement"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("person_id", "number"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    number: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    digest: Mapped[str] = mapped_column(sa.String(64), info=dict(INTERNAL))
    snapshot: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    at: Mapped[Moment]
