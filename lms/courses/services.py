"""Learning a course: beginning it, answering the questions in its lessons, passing it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Invalid, NotFound
from lms.core.ids import new_public_id
from lms.core.reactions import publish
from lms.courses import queries
from lms.courses.events import CoursePassed
from lms.courses.models import Enrolment, LessonNote, LessonProgress, PartAnswer, ProgrammeEnrolment
from lms.courses.queries import Standing
from lms.courses.rules import LONGEST_NOTE, MOST_PARAGRAPHS, EnrolmentState, part_after
from lms.people import queries as people

Row = TypeVar("Row")


def _learner(actor: Identity) -> tuple[int, Role]:
    """Return the person who learns and the role under which. Raises Forbidden for whoever is no person."""
    role = require(actor, Permission.COURSE_LEARN, Scope(owner_id=actor.person_id), now=clock.real_now())
    if actor.person_id is None:
        raise NotFound("access.not_found")
    return actor.person_id, role


def _once(session: Session, find: Callable[[], Row | None], make: Callable[[], None]) -> Row:
    """Return the row that ``find`` finds, made by ``make`` when there is none.

    Of two requests that make it at once one loses against the unique constraint and finds the other's row.
    """
    found = find()
    if found is not None:
        return found
    try:
        with session.begin_nested():
            make()
    except IntegrityError:
        found = find()
        if found is None:
            raise
        return found
    found = find()
    assert found is not None
    return found


def enrolment_of(session: Session, person_id: int, course_key: str) -> Enrolment | None:
    """Return a person's enrolment in a course, None when they have not begun it."""
    return session.scalar(
        sa.select(Enrolment).where(Enrolment.person_id == person_id, Enrolment.course_key == course_key)
    )


def enrol(session: Session, actor: Identity, course_key: str, *, now: datetime) -> Enrolment:
    """Begin a course on its current revision; whoever has begun it already stays as they are.

    Raises NotFound when there is no such course, Conflict when another course must be passed first.
    """
    person_id, role = _learner(actor)
    standing = queries.standing_of(session, person_id, course_key)
    if not standing.is_begun and standing.missing:
        first = queries.standing_of(session, person_id, standing.missing[0])
        raise Conflict("courses.course.requires", title=first.course.file.title)

    path = people.person_with_id(session, person_id).unit.path

    def make() -> None:
        made = Enrolment(
            public_id=new_public_id(),
            person_id=person_id,
            course_key=course_key,
            revision_id=standing.held.revision_id,
            state=EnrolmentState.LEARNING,
            started_at=now,
        )
        session.add(made)
        audit.record(session, actor, role, AuditTag.COURSE_STARTED, made, now=now, unit_path=path)

    return _once(session, lambda: enrolment_of(session, person_id, course_key), make)


@dataclass(frozen=True)
class _Place:
    """A part of a lesson of a course that a person is enrolled in."""

    enrolment: Enrolment
    standing: Standing
    lesson: queries.LessonStanding


def _place(session: Session, actor: Identity, course_key: str, lesson_key: str, part: str, now: datetime) -> _Place:
    person_id, _ = _learner(actor)
    enrolment = enrolment_of(session, person_id, course_key) or enrol(session, actor, course_key, now=now)
    standing = queries.standing_of(session, person_id, course_key)
    lesson = standing.lesson(lesson_key)
    if part not in lesson.lesson.body.keys:
        raise NotFound("courses.part.not_found")
    return _Place(enrolment, standing, lesson)


def _stand_at(
    session: Session, enrolment: Enrolment, lesson_key: str, part: str, now: datetime, paragraph: int | None = None
) -> LessonProgress:
    """Remember the part a person is in, and the paragraph; without one that of another part is forgotten."""

    def find() -> LessonProgress | None:
        return session.scalar(
            sa.select(LessonProgress).where(
                LessonProgress.enrolment_id == enrolment.id, LessonProgress.lesson_key == lesson_key
            )
        )

    def make() -> None:
        session.add(
            LessonProgress(enrolment_id=enrolment.id, lesson_key=lesson_key, part=part, opened_at=now, touched_at=now)
        )

    progress = _once(session, find, make)
    if paragraph is not None:
        progress.paragraph = paragraph
    elif progress.part != part:
        progress.paragraph = 0
    progress.part = part
    progress.touched_at = now
    return progress


def open_part(session: Session, actor: Identity, course_key: str, lesson_key: str, part: str, *, now: datetime) -> None:
    """Go to a part, so that the lesson opens there again; begins the course when it is not begun.

    Raises NotFound for what is not in the revision the person learns, Conflict as ``enrol`` does.
    """
    place = _place(session, actor, course_key, lesson_key, part, now)
    _stand_at(session, place.enrolment, lesson_key, part, now)


def mark_paragraph(
    session: Session, actor: Identity, course_key: str, lesson_key: str, part: str, paragraph: int, *, now: datetime
) -> None:
    """Remember the paragraph (from 0) of a part that a person reads, so that another phone opens there.

    Only in a course they have begun: looking into one that they have not leaves no trace. Raises Invalid for a number
    that no part has, NotFound for what is not in the revision the person learns.
    """
    person_id, _ = _learner(actor)
    if not 0 <= paragraph <= MOST_PARAGRAPHS:
        raise Invalid("courses.paragraph.unknown", field="paragraph")
    enrolment = enrolment_of(session, person_id, course_key)
    if enrolment is None:
        return
    _place(session, actor, course_key, lesson_key, part, now)
    _stand_at(session, enrolment, lesson_key, part, now, paragraph)


@dataclass(frozen=True)
class Written:
    """What came of writing a note: it is stored, or ``other`` is what stands there by now from another place."""

    version: int
    other: str | None = None


def write_note(
    session: Session, actor: Identity, course_key: str, lesson_key: str, text: str, version: int, *, now: datetime
) -> Written:
    """Keep what a person writes for themselves beside a lesson; no words at all take the note away.

    ``version``: of the note that stood in the box, 0 for none. Where another tab or phone has stored other words since,
    nothing is stored and these words come back, so that neither is lost. Raises Invalid for a text that is too long,
    NotFound for a lesson that is not there.
    """
    person_id, _ = _learner(actor)
    queries.standing_of(session, person_id, course_key).lesson(lesson_key)
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST_NOTE:
        raise Invalid("courses.note.long", field="text", longest=LONGEST_NOTE)
    here = (
        LessonNote.person_id == person_id,
        LessonNote.course_key == course_key,
        LessonNote.lesson_key == lesson_key,
    )

    def find() -> LessonNote | None:
        return session.scalar(sa.select(LessonNote).where(*here).with_for_update())

    def make() -> None:
        session.add(
            LessonNote(
                person_id=person_id,
                course_key=course_key,
                lesson_key=lesson_key,
                text="",
                version=0,
                written_at=now,
            )
        )

    note = _once(session, find, make)
    if note.text == text:
        return Written(note.version)
    if note.version != version:
        return Written(note.version, other=note.text)
    note.text, note.version, note.written_at = text, note.version + 1, now
    return Written(note.version)


@dataclass(frozen=True)
class Answered:
    """What came of an answer. ``next_part`` is None after the last part."""

    is_right: bool
    feedback: str
    next_part: str | None
    lesson_finished: bool
    course_finished: bool


def answer_part(
    session: Session, actor: Identity, course_key: str, lesson_key: str, part: str, choice: int, *, now: datetime
) -> Answered:
    """Answer the question at the end of a part, right or wrong; answering again replaces the answer.

    With the last open question the lesson is finished, with the last lesson the lessons of the course are.
    Raises Invalid when there is no such option, NotFound and Conflict as ``open_part`` does.
    """
    place = _place(session, actor, course_key, lesson_key, part, now)
    body = place.lesson.lesson.body
    question = next(each.question for each in body.parts if each.key == part)
    if not 0 <= choice < len(question.options):
        raise Invalid("courses.part.choose", field="choice")
    enrolment = place.enrolment

    def find() -> PartAnswer | None:
        return session.scalar(
            sa.select(PartAnswer).where(
                PartAnswer.enrolment_id == enrolment.id, PartAnswer.lesson_key == lesson_key, PartAnswer.part == part
            )
        )

    is_right = choice == question.right

    def make() -> None:
        session.add(
            PartAnswer(
                enrolment_id=enrolment.id,
                lesson_key=lesson_key,
                part=part,
                choice=choice,
                is_right=is_right,
                answered_at=now,
            )
        )

    answer = _once(session, find, make)
    answer.choice, answer.is_right, answer.answered_at = choice, is_right, now
    _stand_at(session, enrolment, lesson_key, part, now)
    lesson_finished = {*place.lesson.answers, part} >= set(body.keys)
    course_finished = lesson_finished and finish_lesson(session, actor, course_key, lesson_key, now=now)
    feedback = question.options[choice].feedback
    return Answered(is_right, feedback, part_after(body.keys, part), lesson_finished, course_finished)


def finish_lesson(session: Session, actor: Identity, course_key: str, lesson_key: str, *, now: datetime) -> bool:
    """Finish a lesson whose questions are all answered; may be repeated. True when that finished the last lesson.

    Raises Conflict when a question is open or the course is not begun, NotFound when there is no such lesson.
    """
    person_id, role = _learner(actor)
    session.flush()
    standing = queries.standing_of(session, person_id, course_key)
    lesson = standing.lesson(lesson_key)
    if standing.enrolment_id is None or not lesson.answers.keys() >= set(lesson.lesson.body.keys):
        raise Conflict("courses.lesson.questions_first")
    session.execute(
        sa.update(LessonProgress)
        .where(
            LessonProgress.enrolment_id == standing.enrolment_id,
            LessonProgress.lesson_key == lesson_key,
            LessonProgress.finished_at.is_(None),
        )
        .values(finished_at=now)
    )
    if not all(each.is_finished or each.lesson.key == lesson_key for each in standing.lessons):
        return False
    return _move(session, actor, role, person_id, course_key, EnrolmentState.LEARNING, AuditTag.LESSONS_FINISHED, now)


def _move(
    session: Session,
    actor: Identity,
    role: Role,
    person_id: int,
    course_key: str,
    before: EnrolmentState,
    tag: AuditTag,
    now: datetime,
    **values: object,
) -> bool:
    """Move an enrolment one state on. False when it is not in the state before (any more)."""
    after = {
        EnrolmentState.LEARNING: EnrolmentState.LESSONS_DONE,
        EnrolmentState.LESSONS_DONE: EnrolmentState.PASSED,
    }[before]
    # Two last answers at once: the second waits here and then finds the state moved.
    enrolment = session.scalar(
        sa.select(Enrolment)
        .where(Enrolment.person_id == person_id, Enrolment.course_key == course_key)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if enrolment is None or enrolment.state is not before:
        return False
    statement = (
        sa.update(Enrolment)
        .where(Enrolment.id == enrolment.id, Enrolment.state == before)
        .values(state=after, **values)
    )
    if not guarded_update(session, statement):
        raise Conflict("courses.enrolment.moved_on")
    audit.record(
        session,
        actor,
        role,
        tag,
        ("enrolment", enrolment.public_id),
        now=now,
        unit_path=people.person_with_id(session, person_id).unit.path,
        diff={"state": [before.value, after.value], "course_key": course_key, **values},
    )
    session.expire(enrolment)
    return True


def require_quiz_open(session: Session, person_id: int, course_key: str) -> Enrolment:
    """Return the enrolment of a person who may take the quiz of a course: all lessons finished, or passed before.

    Raises Conflict otherwise.
    """
    enrolment = enrolment_of(session, person_id, course_key)
    if enrolment is None or enrolment.state is EnrolmentState.LEARNING:
        raise Conflict("courses.quiz.lessons_first")
    return enrolment


def note_course_passed(
    session: Session, actor: Identity, person_id: int, course_key: str, attempt_public_id: str, *, now: datetime
) -> bool:
    """Note that a person passed the quiz of a course. True when this is the first time; then ``CoursePassed`` follows.

    Called by quizzes when an attempt is marked, by the person handing in or by the system at the deadline; that
    the attempt is theirs and passed is for the caller to know. Raises Conflict when the lessons are not finished.
    """
    if actor.person_id is None:
        role = Role.SYSTEM
    else:
        role = require(actor, Permission.COURSE_LEARN, Scope(owner_id=person_id), now=clock.real_now())
    enrolment = require_quiz_open(session, person_id, course_key)
    is_first = _move(
        session,
        actor,
        role,
        person_id,
        course_key,
        EnrolmentState.LESSONS_DONE,
        AuditTag.COURSE_PASSED,
        now,
        passed_at=now,
        passed_attempt=attempt_public_id,
    )
    if is_first:
        publish(
            session,
            CoursePassed(
                at=now,
                person_id=person_id,
                course_key=course_key,
                revision_id=enrolment.revision_id,
                attempt=attempt_public_id,
            ),
        )
    return is_first


def enrol_programme(
    session: Session, actor: Identity, person_id: int, programme: str, *, now: datetime
) -> ProgrammeEnrolment:
    """Enrol a person in a programme; whoever is in it already stays as they are, and nothing is recorded again.

    The courses of the programme are begun by the person, one by one; those still planned come by themselves.
    Raises NotFound when there is no such programme or no such person, and out of reach.
    """
    path = people.person_with_id(session, person_id).unit.path
    role = require(actor, Permission.PROGRAMME_ENROL, Scope(unit_path=path), now=clock.real_now())
    queries.programme(session, programme)

    def make() -> None:
        made = ProgrammeEnrolment(public_id=new_public_id(), person_id=person_id, programme=programme, enrolled_at=now)
        session.add(made)
        audit.record(session, actor, role, AuditTag.PROGRAMME_ENROLLED, made, now=now, unit_path=path)

    return _once(session, lambda: queries.programme_enrolment(session, person_id, programme), make)
