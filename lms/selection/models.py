"""Tables of selection."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.core.db import Base
from lms.core.types import INTERNAL, PERSONAL, PUBLIC, Id, Moment, PublicId, UTCDateTime, text_enum, yes_no
from lms.people.rules import Employment, Post
from lms.selection.rules import Body, CaseState, Channel, NoticeState, Relation, RoundState, Source

if TYPE_CHECKING:
    from lms.people.models import OrgUnit, Person


class SelectionRound(Base):
    """A selection round （选拔批次） of a unit, usually a community.

    ``last_day``: of 报名. ``notice_days``: working days of the public notice. ``channel``: where objections go.
    pii: none
    """

    __tablename__ = "selection_round"
    __audited__ = True
    __table_args__ = (sa.Index("ix_selection_round_unit_id_state", "unit_id", "state"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("org_unit.id", ondelete="RESTRICT"), info=dict(PUBLIC))
    title: Mapped[str] = mapped_column(sa.String(60), info=dict(PUBLIC))
    state: Mapped[RoundState] = mapped_column(text_enum(RoundState, "round_state"), info=dict(PUBLIC))
    last_day: Mapped[date] = mapped_column(sa.Date, info=dict(PUBLIC))
    notice_days: Mapped[int] = mapped_column(sa.Integer, info=dict(PUBLIC))
    channel: Mapped[str] = mapped_column(sa.String(200), info=dict(PUBLIC))
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    created_at: Mapped[Moment]
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(PUBLIC))
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(PUBLIC))
    cancelled_reason: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(INTERNAL))

    unit: Mapped["OrgUnit"] = relationship()


class SelectionPlace(Base):
    """What a round selects for: a post on a grid, and how many. Fixed once the round is open.

    pii: none
    """

    __tablename__ = "selection_place"
    __audited__ = True
    __table_args__ = (
        sa.UniqueConstraint("round_id", "unit_id", "post", "employment"),
        sa.CheckConstraint("number BETWEEN 1 AND 99", name="number_1_to_99"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(sa.ForeignKey("selection_round.id", ondelete="RESTRICT"), info=dict(PUBLIC))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("org_unit.id", ondelete="RESTRICT"), info=dict(PUBLIC))
    post: Mapped[Post] = mapped_column(text_enum(Post, "place_post"), info=dict(PUBLIC))
    employment: Mapped[Employment] = mapped_column(text_enum(Employment, "place_employment"), info=dict(PUBLIC))
    number: Mapped[int] = mapped_column(sa.Integer, info=dict(PUBLIC))

    unit: Mapped["OrgUnit"] = relationship()


class SelectionRule(Base):
    """A version of a round's rule. The latest counts; the first is published when the round opens.

    pii: none
    """

    __tablename__ = "selection_rule"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("round_id", "version"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(sa.ForeignKey("selection_round.id", ondelete="RESTRICT"), info=dict(PUBLIC))
    version: Mapped[int] = mapped_column(sa.Integer, info=dict(PUBLIC))
    rule: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(PUBLIC))
    digest: Mapped[str] = mapped_column(sa.String(64), info=dict(PUBLIC))
    reason: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(PUBLIC))
    set_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    set_at: Mapped[Moment]


class SelectionApplication(Base):
    """报名: an application of a person for a place, and what became of it. The case of the chain.

    ``statement``: the voluntary statement as it was shown, with its day. ``missing``: what was not complete, or
    kept the person off the list. ``entered_by_id``: the official who entered it, None for the person's own.
    pii: that a person applies, what they state, why they were refused.
    """

    __tablename__ = "selection_application"
    __audited__ = True
    __table_args__ = (
        sa.Index("ix_selection_application_round_id_state", "round_id", "state"),
        sa.Index("ix_selection_application_person_id", "person_id"),
        sa.Index(
            "uq_selection_application_live",
            "round_id",
            "person_id",
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(sa.ForeignKey("selection_round.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("selection_place.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    state: Mapped[CaseState] = mapped_column(text_enum(CaseState, "case_state"), info=dict(INTERNAL))
    source: Mapped[Source] = mapped_column(text_enum(Source, "case_source"), info=dict(PERSONAL))
    statement: Mapped[str] = mapped_column(sa.String(500), info=dict(PERSONAL))
    stated_on: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    submitted_at: Mapped[Moment]
    entered_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    missing: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    checked_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    decided_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    reason: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(PERSONAL))
    filed_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    filed_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(INTERNAL))
    filing_number: Mapped[str] = mapped_column(sa.String(60), default="", info=dict(INTERNAL))
    filing_office: Mapped[str] = mapped_column(sa.String(60), default="", info=dict(INTERNAL))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))

    round: Mapped[SelectionRound] = relationship()
    place: Mapped[SelectionPlace] = relationship()
    person: Mapped["Person"] = relationship(foreign_keys=[person_id])


class DeclaredRelative(Base):
    """A relative whom a person declared; seen by officials only, read for recusal （回避）.

    ``relative_id``: the person of this office, when the name belongs to just one.
    pii: names and kinship.
    """

    __tablename__ = "declared_relative"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("person_id", "name"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    name: Mapped[str] = mapped_column(sa.String(60), info=dict(PERSONAL))
    relation: Mapped[Relation] = mapped_column(text_enum(Relation, "relation"), info=dict(PERSONAL))
    relative_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(PERSONAL)
    )
    declared_at: Mapped[Moment]


class SelectionOpinion(Base):
    """考察: the opinion of one of the two committees on a case, each entered by another person.

    ``signer``: who signed it on paper. ``dated``: the day that stands on it. Append-only.
    pii: what was said of a person.
    """

    __tablename__ = "selection_opinion"
    __audited__ = True
    __table_args__ = (
        sa.UniqueConstraint("application_id", "body"),
        sa.UniqueConstraint("application_id", "given_by_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    application_id: Mapped[int] = mapped_column(
        sa.ForeignKey("selection_application.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    body: Mapped[Body] = mapped_column(text_enum(Body, "opinion_body"), info=dict(INTERNAL))
    is_agreed: Mapped[bool] = mapped_column(yes_no("is_agreed"), info=dict(INTERNAL))
    text: Mapped[str] = mapped_column(sa.String(1000), info=dict(PERSONAL))
    signer: Mapped[str] = mapped_column(sa.String(60), info=dict(PERSONAL))
    dated: Mapped[date] = mapped_column(sa.Date, info=dict(INTERNAL))
    given_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    given_at: Mapped[Moment]


class SelectionRanking(Base):
    """The list of a round with everything it was made from, frozen. Append-only; one for each round.

    ``snapshot``: all inputs and the rule, as canonical JSON. ``list_text``: what is published.
    pii: names, birth months, education and scores as they stood when the list was made.
    """

    __tablename__ = "selection_ranking"
    __audited__ = True

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(
        sa.ForeignKey("selection_round.id", ondelete="RESTRICT"), unique=True, info=dict(INTERNAL)
    )
    snapshot: Mapped[str] = mapped_column(sa.Text, info=dict(PERSONAL))
    snapshot_digest: Mapped[str] = mapped_column(sa.String(64), info=dict(PUBLIC))
    list_text: Mapped[str] = mapped_column(sa.Text, info=dict(PERSONAL))
    digest: Mapped[str] = mapped_column(sa.String(64), info=dict(PUBLIC))
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    made_at: Mapped[Moment]


class PublicNotice(Base):
    """公示: a notice of a round. An edit makes another one, which begins anew; the old one is kept for the office.

    ``lines``: exactly what is public of each person, as posted, with the public id of the case. ``days``: the days as
    counted, so that a later change of a year's table moves no notice. ``extensions``: reason and new last day of each.
    pii: what stands on the notice.
    """

    __tablename__ = "public_notice"
    __audited__ = True
    __table_args__ = (
        sa.UniqueConstraint("round_id", "edition"),
        sa.Index(
            "uq_public_notice_running",
            "round_id",
            unique=True,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(sa.ForeignKey("selection_round.id", ondelete="RESTRICT"), info=dict(PUBLIC))
    edition: Mapped[int] = mapped_column(sa.Integer, info=dict(PUBLIC))
    state: Mapped[NoticeState] = mapped_column(text_enum(NoticeState, "notice_state"), info=dict(PUBLIC))
    posted_on: Mapped[date] = mapped_column(sa.Date, info=dict(PUBLIC))
    working_days: Mapped[int] = mapped_column(sa.Integer, info=dict(PUBLIC))
    ends_on: Mapped[date] = mapped_column(sa.Date, info=dict(PUBLIC))
    days: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(PUBLIC))
    channel: Mapped[str] = mapped_column(sa.String(200), info=dict(PUBLIC))
    lines: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(PERSONAL))
    extensions: Mapped[list[Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    reason: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(INTERNAL))
    posted_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    posted_at: Mapped[Moment]

    round: Mapped[SelectionRound] = relationship()


class Objection(Base):
    """异议: an objection to a notice, numbered within its round, and its answer.

    ``application_id``: the case it concerns, None when it concerns the notice as a whole.
    pii: what somebody reports, and how to reach them; never public.
    """

    __tablename__ = "objection"
    __audited__ = True
    __table_args__ = (
        sa.UniqueConstraint("round_id", "number"),
        sa.CheckConstraint("(answered_at IS NULL) = (is_upheld IS NULL)", name="answered_whole"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    round_id: Mapped[int] = mapped_column(sa.ForeignKey("selection_round.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    notice_id: Mapped[int] = mapped_column(sa.ForeignKey("public_notice.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    application_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("selection_application.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    number: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    channel: Mapped[Channel] = mapped_column(text_enum(Channel, "objection_channel"), info=dict(INTERNAL))
    text: Mapped[str] = mapped_column(sa.String(1000), info=dict(PERSONAL))
    contact: Mapped[str] = mapped_column(sa.String(60), default="", info=dict(PERSONAL))
    received_at: Mapped[Moment]
    entered_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    is_upheld: Mapped[bool | None] = mapped_column(yes_no("is_upheld"), info=dict(INTERNAL))
    answer: Mapped[str] = mapped_column(sa.String(1000), default="", info=dict(PERSONAL))
    answered_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))


class HolidayYear(Base):
    """The holidays and made-up working days of a year, as the office entered them from the published table.

    Wins over the table that comes with the product. ``source``: the document it was taken from.
    pii: none
    """

    __tablename__ = "holiday_year"
    __audited__ = True

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    year: Mapped[int] = mapped_column(sa.Integer, unique=True, info=dict(PUBLIC))
    source: Mapped[str] = mapped_column(sa.String(200), info=dict(PUBLIC))
    holidays: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(PUBLIC))
    workdays: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(PUBLIC))
    entered_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    entered_at: Mapped[Moment]
