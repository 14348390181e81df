"""The outbox."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from lms.core.db import Base
from lms.core.types import INTERNAL, Id, Moment, PublicId, UTCDateTime, text_enum
from lms.jobs.rules import JobState


class Job(Base):
    """A piece of long work. This row is its truth; the queue carries ids only and may forget them.

    Written by ``jobs.services`` only. Times are real, not business, time. A periodic job is unique by its
    ``dedupe_key`` (name and due time), so that it exists once however many workers ask for it.
    pii: the payload holds ids and plain options only.
    """

    __tablename__ = "job"
    __table_args__ = (sa.Index("ix_job_state_due_at", "state", "due_at"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    dedupe_key: Mapped[str] = mapped_column(sa.String(120), unique=True, info=dict(INTERNAL))
    state: Mapped[JobState] = mapped_column(text_enum(JobState, "job_state"), info=dict(INTERNAL))
    owner_id: Mapped[int | None] = mapped_column(sa.Integer, info=dict(INTERNAL))
    created_at: Mapped[Moment]
    due_at: Mapped[Moment]
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    lease_token: Mapped[str] = mapped_column(sa.String(22), default="", info=dict(INTERNAL))
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0, info=dict(INTERNAL))
    progress_done: Mapped[int] = mapped_column(sa.Integer, default=0, info=dict(INTERNAL))
    progress_total: Mapped[int] = mapped_column(sa.Integer, default=0, info=dict(INTERNAL))
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    error: Mapped[str] = mapped_column(sa.Text, default="", info=dict(INTERNAL))
    result: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, info=dict(INTERNAL))
