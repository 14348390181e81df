"""Tables of courses. Lessons themselves live in content revisions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from lms.core.db import Base
from lms.core.types import INTERNAL, PERSONAL, Id, Moment, PublicId, UTCDateTime, text_enum, yes_no
from lms.courses.rules import EnrolmentState


class Enrolment(Base):
    """A person in a course, on the revision they began with. Passed once, for ever.

    pii: what a person has learnt; seen by the person and those responsible.
    """

    __tablename__ = "enrolment"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("person_id", "course_key"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    course_key: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    revision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("content_revision.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    state: Mapped[EnrolmentState] = mapped_column(text_enum(EnrolmentState, "enrolment_state"), info=dict(INTERNAL))
    started_at: Mapped[Moment]
    passed_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))
    passed_attempt: Mapped[str] = mapped_column(sa.String(22), default="", info=dict(INTERNAL))


class LessonProgress(Base):
    """How far a person is in a lesson: the part they are in and its paragraph, so that the page opens there again.

    ``paragraph``: from 0, counted over what the page marks as paragraphs of a part.

    pii: what a person has learnt.
    """

    __tablename__ = "lesson_progress"
    __table_args__ = (sa.UniqueConstraint("enrolment_id", "lesson_key"),)

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(sa.ForeignKey("enrolment.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    lesson_key: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    part: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    paragraph: Mapped[int] = mapped_column(sa.Integer, default=0, server_default="0", info=dict(INTERNAL))
    opened_at: Mapped[Moment]
    touched_at: Mapped[Moment]
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))


class PartAnswer(Base):
    """The latest answer to the retrieval question at the end of a part. It is practice and counts for nothing.

    pii: what a person has learnt.
    """

    __tablename__ = "part_answer"
    __table_args__ = (sa.UniqueConstraint("enrolment_id", "lesson_key", "part"),)

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(sa.ForeignKey("enrolment.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    lesson_key: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    part: Mapped[str] = mapped_column(sa.String(10), info=dict(INTERNAL))
    choice: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    is_right: Mapped[bool] = mapped_column(yes_no("is_right"), info=dict(INTERNAL))
    answered_at: Mapped[Moment]


class LessonNote(Base):
    """What a person wrote for themselves beside a lesson （笔记）. One a lesson, and nobody else reads it.

    ``version`` counts the saves, so that a second tab does not write over the first unseen.
    pii: free words of the person; seen by the person only.
    """

    __tablename__ = "lesson_note"
    __table_args__ = (sa.UniqueConstraint("person_id", "course_key", "lesson_key"),)

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    course_key: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    lesson_key: Mapped[str] = mapped_column(sa.String(60), info=dict(INTERNAL))
    text: Mapped[str] = mapped_column(sa.Text, info=dict(PERSONAL))
    version: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    written_at: Mapped[Moment]


class ProgrammeEnrolment(Base):
    """A person in a programme （培训计划）: onboarding, in service. Its courses are begun one by one.

    pii: what a person is to learn; seen by the person and those responsible.
    """

    __tablename__ = "programme_enrolment"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("person_id", "programme"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    programme: Mapped[str] = mapped_column(sa.String(40), info=dict(INTERNAL))
    enrolled_at: Mapped[Moment]
