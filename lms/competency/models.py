"""Tables of competency."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from lms.competency.rules import EvidenceKind, RecognitionState
from lms.core.db import Base
from lms.core.types import INTERNAL, ExactDecimal, Id, Moment, PublicId, UTCDateTime, text_enum, yes_no


class CompetencyEvidence(Base):
    """What one attempt, scenario or session says about one competency of one person. Append-only.

    Quiz: ``asked`` items of the tag with ``shown`` = sum of their correctness (0..asked); ``is_passed`` and
    ``is_critical_missed`` of the attempt's items of this tag. Observed: behaviours asked and shown.
    ``details`` names each item or behaviour with its correctness, so that a figure opens down to it.
    pii: what a person can do; seen by the person and those responsible.
    """

    __tablename__ = "competency_evidence"
    __table_args__ = (
        sa.UniqueConstraint("source_type", "source_id", "code"),
        sa.Index("ix_competency_evidence_person_id_code", "person_id", "code"),
        sa.CheckConstraint("asked >= 0 AND shown >= 0 AND shown <= asked * 10000", name="shown_of_asked"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    code: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    kind: Mapped[EvidenceKind] = mapped_column(text_enum(EvidenceKind, "evidence_kind"), info=dict(INTERNAL))
    source_type: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    source_id: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    happened_at: Mapped[Moment]
    asked: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    # Stored in ten-thousandths, as the check constraint above counts it.
    shown: Mapped[Decimal] = mapped_column(ExactDecimal(4), info=dict(INTERNAL))
    is_passed: Mapped[bool] = mapped_column(yes_no("is_passed"), info=dict(INTERNAL))
    is_confirmed: Mapped[bool] = mapped_column(yes_no("is_confirmed"), info=dict(INTERNAL))
    is_critical_missed: Mapped[bool] = mapped_column(yes_no("is_critical_missed"), info=dict(INTERNAL))
    is_critical_right: Mapped[bool] = mapped_column(yes_no("is_critical_right"), info=dict(INTERNAL))
    details: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))


class CompetencyLevel(Base):
    """The kept result of the rule for one person and competency. Always equal to a rebuild from the evidence.

    ``parts`` maps quiz, scenario, observed to the part's value (a decimal as text) and evidence public ids.
    pii: what a person can do; seen by the person and those responsible.
    """

    __tablename__ = "competency_level"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("person_id", "code"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    code: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    score: Mapped[Decimal | None] = mapped_column(ExactDecimal(2), info=dict(INTERNAL))
    level: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    is_insufficient: Mapped[bool] = mapped_column(yes_no("is_insufficient"), info=dict(INTERNAL))
    is_capped: Mapped[bool] = mapped_column(yes_no("is_capped"), info=dict(INTERNAL))
    parts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    valid_until: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))
    changed_at: Mapped[Moment]


class LevelChange(Base):
    """A level that rose or fell, with the evidence that did it. Append-only.

    pii: as competency_level.
    """

    __tablename__ = "level_change"
    __table_args__ = (sa.Index("ix_level_change_person_id_code", "person_id", "code"),)

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    code: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    before: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    after: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    at: Mapped[Moment]
    cause_type: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    cause_id: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))


class Recognition(Base):
    """认定: a level recognised by two officials on the basis of a document. Ends after 12 months.

    pii: what a person can do; seen by the person and those responsible.
    """

    __tablename__ = "recognition"
    __audited__ = True
    __table_args__ = (
        sa.Index("ix_recognition_person_id", "person_id"),
        sa.Index(
            "uq_recognition_live",
            "person_id",
            "code",
            unique=True,
            sqlite_where=sa.text("state IN ('proposed', 'in_force')"),
            postgresql_where=sa.text("state IN ('proposed', 'in_force')"),
        ),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name="level_1_to_4"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    code: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    level: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    state: Mapped[RecognitionState] = mapped_column(
        text_enum(RecognitionState, "recognition_state"), info=dict(INTERNAL)
    )
    basis: Mapped[str] = mapped_column(sa.String(200), info=dict(INTERNAL))
    basis_on: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    valid_until: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    proposed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    proposed_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
