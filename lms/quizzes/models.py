"""Tables of quizzes. Questions themselves live in content revisions of kind bank."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.core.db import Base
from lms.core.types import INTERNAL, ExactDecimal, Id, Moment, PublicId, UTCDateTime, text_enum, yes_no
from lms.quizzes.rules import AttemptState


class QuizAttempt(Base):
    """One sitting of a course quiz: a paper drawn from one revision of the bank with a stored seed.

    pii: what a person answered; seen by the person and those responsible; details kept two years.
    """

    __tablename__ = "quiz_attempt"
    __audited__ = True
    __table_args__ = (
        sa.UniqueConstraint("person_id", "course_key", "number"),
        sa.Index("ix_quiz_attempt_course_key_state", "course_key", "state"),
        sa.Index("ix_quiz_attempt_state_deadline_at", "state", "deadline_at"),
        sa.Index(
            "uq_quiz_attempt_open",
            "person_id",
            "course_key",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    course_key: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    number: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    revision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("content_revision.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    seed: Mapped[int] = mapped_column(sa.BigInteger, info=dict(INTERNAL))
    state: Mapped[AttemptState] = mapped_column(text_enum(AttemptState, "attempt_state"), info=dict(INTERNAL))
    has_extra_time: Mapped[bool] = mapped_column(yes_no("has_extra_time"), info=dict(INTERNAL))
    started_at: Mapped[Moment]
    deadline_at: Mapped[Moment]
    marked_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    answers_digest: Mapped[str] = mapped_column(sa.String(64), default="", info=dict(INTERNAL))
    points: Mapped[Decimal | None] = mapped_column(ExactDecimal(2), info=dict(INTERNAL))
    points_possible: Mapped[Decimal | None] = mapped_column(ExactDecimal(2), info=dict(INTERNAL))
    is_passed: Mapped[bool | None] = mapped_column(yes_no("is_passed"), info=dict(INTERNAL))
    is_critical_missed: Mapped[bool | None] = mapped_column(yes_no("is_critical_missed"), info=dict(INTERNAL))
    review_opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))

    items: Mapped[list["AttemptItem"]] = relationship(
        back_populates="attempt", order_by="AttemptItem.position", lazy="raise"
    )


class AttemptItem(Base):
    """One question of a drawn paper with the answer as it stands.

    ``seq`` is the sequence number of the stored answer: a save counts only when its number is higher, so a
    late autosave never beats a newer answer. ``option_order``: option keys as this person sees them.
    pii: what a person answered.
    """

    __tablename__ = "attempt_item"
    __table_args__ = (sa.UniqueConstraint("attempt_id", "position"), sa.UniqueConstraint("attempt_id", "item_key"))

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(sa.ForeignKey("quiz_attempt.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    position: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    item_key: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    kind: Mapped[str] = mapped_column(sa.String(20), info=dict(INTERNAL))
    competency: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    is_critical: Mapped[bool] = mapped_column(yes_no("is_critical"), info=dict(INTERNAL))
    points: Mapped[Decimal] = mapped_column(ExactDecimal(2), info=dict(INTERNAL))
    option_order: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    answer: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON, info=dict(INTERNAL))
    seq: Mapped[int] = mapped_column(sa.Integer, default=0, info=dict(INTERNAL))
    is_flagged: Mapped[bool] = mapped_column(yes_no("is_flagged"), default=False, info=dict(INTERNAL))
    saved_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    correctness: Mapped[Decimal | None] = mapped_column(ExactDecimal(4), info=dict(INTERNAL))
    is_line_crossed: Mapped[bool | None] = mapped_column(yes_no("is_line_crossed"), info=dict(INTERNAL))

    attempt: Mapped[QuizAttempt] = relationship(back_populates="items", lazy="raise")


class AnswerEvent(Base):
    """Every save that was accepted, as it came. Append-only; handing in chains a digest of the answers.

    pii: what a person answered; kept two years.
    """

    __tablename__ = "answer_event"
    __table_args__ = (sa.UniqueConstraint("attempt_item_id", "seq"),)

    id: Mapped[Id]
    attempt_item_id: Mapped[int] = mapped_column(
        sa.ForeignKey("attempt_item.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    seq: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    answer: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON, info=dict(INTERNAL))
    received_at: Mapped[Moment]
