"""Messages to persons, and up to when somebody was reminded."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from lms.core.db import Base
from lms.core.types import INTERNAL, Id, Moment, PublicId, UTCDateTime, text_enum
from lms.messages.rules import MessageKind


class Message(Base):
    """One thing a person is told. ``values``: numbers and states, put into words when it is read.

    ``target``: public id of what it is about, "" when its page needs none. ``dedupe_key``: set on what must come
    once only. No record: what it tells is kept and audited elsewhere, so it goes after a year.
    pii: that something happened to a person; seen by the person alone.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "dedupe_key"),
        sa.Index("ix_message_person_id_read_at", "person_id", "read_at"),
        sa.Index("ix_message_at", "at"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    kind: Mapped[MessageKind] = mapped_column(text_enum(MessageKind, "message_kind"), info=dict(INTERNAL))
    values: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    target: Mapped[str] = mapped_column(sa.String(40), default="", info=dict(INTERNAL))
    dedupe_key: Mapped[str | None] = mapped_column(sa.String(60), info=dict(INTERNAL))
    at: Mapped[Moment]
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))


class Inbox(Base):
    """The last day on which it was looked whether something waits for a person: nobody is looked at twice a day.

    pii: none.
    """

    __tablename__ = "inbox"

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), unique=True, info=dict(INTERNAL)
    )
    reminded_on: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
