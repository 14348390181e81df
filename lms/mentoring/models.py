"""Tables of mentoring."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from lms.core.db import Base
from lms.core.types import INTERNAL, PERSONAL, Id, Moment, PublicId, UTCDateTime, text_enum
from lms.mentoring.rules import CheckpointVerdict, PairState, SessionState

_LIVE = "state IN ('proposed', 'active', 'extended')"


class MentoringPair(Base):
    """结对: one mentor and one newcomer for ninety days. Ended, never deleted.

    ``starts_on``: the day both had said yes. ``ends_on``: the last day of the plan, later when extended.
    ``second_reason``: why the mentor got a second newcomer. ``previous_id``: the pair it takes the place of.
    pii: who guides whom; reasons are about work.
    """

    __tablename__ = "mentoring_pair"
    __audited__ = True
    __table_args__ = (
        sa.Index("ix_mentoring_pair_mentor_id_state", "mentor_id", "state"),
        sa.Index("ix_mentoring_pair_newcomer_id", "newcomer_id"),
        sa.Index(
            "uq_mentoring_pair_live",
            "newcomer_id",
            unique=True,
            sqlite_where=sa.text(_LIVE),
            postgresql_where=sa.text(_LIVE),
        ),
        sa.CheckConstraint("mentor_id <> newcomer_id", name="two_persons"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    newcomer_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    mentor_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    state: Mapped[PairState] = mapped_column(text_enum(PairState, "mentoring_pair_state"), info=dict(INTERNAL))
    second_reason: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(INTERNAL))
    previous_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("mentoring_pair.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    proposed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    proposed_at: Mapped[Moment]
    mentor_accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    newcomer_accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    starts_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))
    ends_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    close_reason: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(INTERNAL))


class MentoringCheckpoint(Base):
    """A day of the plan (7, 30, 60, 90) on which the mentor says in a line how it goes.

    pii: the line is about the newcomer's work; seen by the two and those responsible.
    """

    __tablename__ = "mentoring_checkpoint"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("pair_id", "day"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    pair_id: Mapped[int] = mapped_column(sa.ForeignKey("mentoring_pair.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    day: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    due_on: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    verdict: Mapped[CheckpointVerdict | None] = mapped_column(
        text_enum(CheckpointVerdict, "mentoring_checkpoint_verdict"), info=dict(INTERNAL)
    )
    line: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(PERSONAL))
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))


class MentoringSession(Base):
    """带教记录: a round that mentor and newcomer made together, and what was seen on it.

    ``mentor_id`` and ``newcomer_id`` are those of the pair, repeated so that overlaps are found by one index each.
    ``token``: of the form it was logged with; the same form logs it once. ``marks`` as the mentor saw it,
    ``corrected`` as the newcomer did (null: not corrected); see rules.Mark. ``answer_by``: until when an answer is
    awaited. ``overlaps_id``: the session logged before that takes the time.
    pii: the lines may say what happened on a round; no residents' names are to be written.
    """

    __tablename__ = "mentoring_session"
    __audited__ = True
    __table_args__ = (
        sa.UniqueConstraint("mentor_id", "token"),
        sa.Index("ix_mentoring_session_pair_id", "pair_id"),
        sa.Index("ix_mentoring_session_mentor_id_starts_at", "mentor_id", "starts_at"),
        sa.Index("ix_mentoring_session_newcomer_id_starts_at", "newcomer_id", "starts_at"),
        sa.Index("ix_mentoring_session_state_answer_by", "state", "answer_by"),
        sa.CheckConstraint("minutes > 0", name="minutes_above_0"),
        sa.CheckConstraint("(state = 'overlapping') = (overlaps_id IS NOT NULL)", name="overlapping_has_first"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    pair_id: Mapped[int] = mapped_column(sa.ForeignKey("mentoring_pair.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    mentor_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    newcomer_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    token: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    state: Mapped[SessionState] = mapped_column(text_enum(SessionState, "mentoring_session_state"), info=dict(INTERNAL))
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    minutes: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    topic: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    line: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(PERSONAL))
    marks: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    corrected: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True), info=dict(INTERNAL))
    correction: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(PERSONAL))
    logged_at: Mapped[Moment]
    answer_by: Mapped[Moment]
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    withdrawal: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(PERSONAL))
    overlaps_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("mentoring_session.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
