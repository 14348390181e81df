"""Tables of the audit trail."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from lms.core.db import Base
from lms.core.types import INTERNAL, Moment, UTCDateTime


class AuditEntry(Base):
    """One act. Written by ``audit.services.record`` only; triggers refuse UPDATE and DELETE.

    pii: public ids and keyed hashes only; names are joined for display.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        sa.Index("ix_audit_entry_object", "object_type", "object_id"),
        sa.Index("ix_audit_entry_actor", "actor"),
        sa.Index("ix_audit_entry_business_at", "business_at"),
    )

    seq: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False, info=dict(INTERNAL))
    recorded_at: Mapped[Moment]
    business_at: Mapped[Moment]
    actor: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    role: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    channel: Mapped[str] = mapped_column(sa.String(20), info=dict(INTERNAL))
    tag: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    object_type: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    object_id: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    unit_path: Mapped[str] = mapped_column(sa.String(200), info=dict(INTERNAL))
    reason: Mapped[str] = mapped_column(sa.Text, info=dict(INTERNAL))
    diff: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    request_id: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    prev_hash: Mapped[str] = mapped_column(sa.String(64), unique=True, info=dict(INTERNAL))
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True, info=dict(INTERNAL))


class AuditHead(Base):
    """The end of the chain: one row, locked while an entry is added, so that the chain cannot fork.

    pii: none
    """

    __tablename__ = "audit_head"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False, info=dict(INTERNAL))
    seq: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    hash: Mapped[str] = mapped_column(sa.String(64), info=dict(INTERNAL))


class AccessLog(Base):
    """A denial, a sensitive read or an export. Written in a short transaction of its own.

    pii: public ids only; kept 12 months.
    """

    __tablename__ = "access_log"
    __table_args__ = (sa.Index("ix_access_log_at", "at"), sa.Index("ix_access_log_actor", "actor"))

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, info=dict(INTERNAL))
    at: Mapped[datetime] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    actor: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    what: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    outcome: Mapped[str] = mapped_column(sa.String(20), info=dict(INTERNAL))
    address: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    path: Mapped[str] = mapped_column(sa.String(200), info=dict(INTERNAL))
    request_id: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
