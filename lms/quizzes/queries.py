"""Reading attempts, papers and results."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from lms.access.filters import visible
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.content import queries as content
from lms.core.errors import NotFound
from lms.courses.content import COURSE, Course
from lms.courses.models import Enrolment
from lms.courses.rules import EnrolmentState
from lms.people.models import OrgUnit, Person
from lms.people.rules import name_key
from lms.quizzes.content import BANK, Bank
from lms.quizzes.kinds import KINDS, Answer, Item, Part, SeenPart
from lms.quizzes.models import AttemptItem, QuizAttempt
from lms.quizzes.rules import GRACE, AttemptState, Marked, MarkedItem

# --- banks and attempts ------------------------------------------------------------------------------------


def current_bank(session: Session, course_key: str) -> tuple[int, Bank]:
    """Return the bank given to those who begin now, with the id of its revision. Raises NotFound."""
    held = content.held(session, BANK, course_key)
    bank: Bank = held.thing
    return held.revision_id, bank


def bank_of(session: Session, revision_id: int) -> Bank:
    """Return the bank as it was in a revision."""
    bank: Bank = content.held_revisions(session, BANK, [revision_id])[revision_id].thing
    return bank


def course(session: Session, course_key: str) -> Course:
    """Return the course of a quiz as it stands now, for its title and lessons. Raises NotFound."""
    found: Course = content.held(session, COURSE, course_key).thing
    return found


def is_quiz_open(session: Session, person_id: int, course_key: str) -> bool:
    """Whether a person has finished the lessons of a course, so that its quiz may be begun."""
    state = session.scalar(
        sa.select(Enrolment.state).where(Enrolment.person_id == person_id, Enrolment.course_key == course_key)
    )
    return state in {EnrolmentState.LESSONS_DONE, EnrolmentState.PASSED}


def attempts_of(session: Session, person_id: int, course_key: str) -> list[QuizAttempt]:
    """Return a person's attempts at a course quiz, first to last."""
    return list(
        session.scalars(
            sa.select(QuizAttempt)
            .where(QuizAttempt.person_id == person_id, QuizAttempt.course_key == course_key)
            .order_by(QuizAttempt.number)
        )
    )


def own_attempt(session: Session, actor: Identity, public_id: str) -> QuizAttempt:
    """Return one of the actor's own attempts. Raises NotFound."""
    attempt = session.scalar(
        sa.select(QuizAttempt).where(
            QuizAttempt.public_id == public_id,
            visible(actor, Permission.ATTEMPT_SIT, owner=QuizAttempt.person_id),
        )
    )
    if attempt is None:
        raise NotFound("quizzes.attempt.not_found")
    return attempt


def items_of(session: Session, attempt_id: int) -> list[AttemptItem]:
    """Return the questions of a paper in their order, as stored now."""
    return list(
        session.scalars(
            sa.select(AttemptItem)
            .where(AttemptItem.attempt_id == attempt_id)
            .order_by(AttemptItem.position)
            .execution_options(populate_existing=True)
        )
    )


def overdue_attempts(session: Session, now: datetime) -> list[int]:
    """Return the ids of open attempts whose deadline and grace are over, longest overdue first."""
    return list(
        session.scalars(
            sa.select(QuizAttempt.id)
            .where(QuizAttempt.state == AttemptState.OPEN, QuizAttempt.deadline_at < now - GRACE)
            .order_by(QuizAttempt.deadline_at)
        )
    )


@dataclass(frozen=True)
class Sat:
    """An attempt with the person who sat it."""

    attempt: QuizAttempt
    person: Person


def attempt_within(session: Session, actor: Identity, permission: Permission, public_id: str) -> Sat:
    """Return an attempt within reach of the permission. Raises NotFound."""
    row = session.execute(
        sa.select(QuizAttempt, Person)
        .join(Person, Person.id == QuizAttempt.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(
            QuizAttempt.public_id == public_id,
            visible(actor, permission, owner=QuizAttempt.person_id, unit_path=OrgUnit.path),
        )
        .options(joinedload(Person.unit))
    ).one_or_none()
    if row is None:
        raise NotFound("quizzes.attempt.not_found")
    return Sat(row[0], row[1])


# --- papers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question of an open paper: nothing here tells what is right."""

    position: int
    kind: str
    points: Decimal
    stem: Any
    parts: tuple[Part, ...]
    answer: Answer
    seq: int
    is_flagged: bool
    is_complete: bool
    is_begun: bool


def asked_paper(items: Sequence[AttemptItem], bank: Bank) -> list[Asked]:
    """Return the questions of a paper as its person sees them while it is open."""
    paper: list[Asked] = []
    for row in items:
        item, kind = bank.items[row.item_key], KINDS[row.kind]
        paper.append(
            Asked(
                position=row.position,
                kind=row.kind,
                points=row.points,
                stem=item.stem,
                parts=kind.asked(item, row.option_order),
                answer=row.answer or {},
                seq=row.seq,
                is_flagged=row.is_flagged,
                is_complete=kind.is_complete(item, row.answer),
                is_begun=row.answer is not None,
            )
        )
    return paper


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A question of a marked paper with its answer, what is right and why."""

    position: int
    item: Item
    is_critical: bool
    points: Decimal
    points_possible: Decimal
    correctness: Decimal
    is_answered: bool
    is_line_crossed: bool
    parts: tuple[SeenPart, ...]

    @property
    def is_right(self) -> bool:
        return self.correctness == 1

    @property
    def is_critical_missed(self) -> bool:
        return self.is_critical and (not self.is_right or self.is_line_crossed)

    @property
    def lines_crossed(self) -> list[str]:
        """The red lines that what was chosen crosses, each once."""
        chosen = (choice for part in self.parts for choice in part.choices if choice.is_chosen)
        return sorted({choice.breaks for choice in chosen if choice.breaks})


def seen_paper(items: Sequence[AttemptItem], bank: Bank) -> list[Seen]:
    """Return the questions of a marked paper in their order."""
    paper: list[Seen] = []
    for row in items:
        item, kind = bank.items[row.item_key], KINDS[row.kind]
        marked = Marked(row.correctness or Decimal(0), bool(row.is_line_crossed))
        points = MarkedItem(points_possible=row.points, is_critical=row.is_critical, marked=marked).points
        paper.append(
            Seen(
                position=row.position,
                item=item,
                is_critical=row.is_critical,
                points=points,
                points_possible=row.points,
                correctness=marked.correctness,
                is_answered=row.answer is not None,
                is_line_crossed=marked.is_line_crossed,
                parts=kind.review(item, row.option_order, row.answer),
            )
        )
    return paper


@dataclass(frozen=True, kw_only=True)
class Share:
    """What the questions of one competency, or of one kind, came to."""

    name: str
    points: Decimal
    points_possible: Decimal
    asked: int
    right: int
    partly: int


def shares(paper: Sequence[Seen], by: str) -> list[Share]:
    """Return the points of a marked paper by ``competency`` or ``kind``, in the order of the paper."""
    groups: dict[str, list[Seen]] = {}
    for seen in paper:
        groups.setdefault(str(getattr(seen.item, by)), []).append(seen)
    return [
        Share(
            name=name,
            points=sum((seen.points for seen in group), Decimal("0.00")),
            points_possible=sum((seen.points_possible for seen in group), Decimal("0.00")),
            asked=len(group),
            right=sum(seen.is_right for seen in group),
            partly=sum(0 < seen.correctness < 1 for seen in group),
        )
        for name, group in groups.items()
    ]


# --- results -----------------------------------------------------------------------------------------------


class Result(enum.StrEnum):
    """Where a person stands with a course quiz, for the filter of the list."""

    PASSED = "passed"
    NOT_YET = "not_yet"
    OPEN = "open"


def result_of(latest: QuizAttempt, *, has_passed: bool) -> Result:
    """Return where a person stands by their latest attempt and whether any was passed."""
    if has_passed:
        return Result.PASSED
    return Result.OPEN if latest.state is AttemptState.OPEN else Result.NOT_YET


@dataclass(frozen=True, kw_only=True)
class CourseResult:
    """One course in the results: persons who sat its quiz, by where they stand, and attempts in all."""

    course_key: str
    persons: int
    passed: int
    sitting: int
    attempts: int

    @property
    def not_yet(self) -> int:
        return self.persons - self.passed - self.sitting


def _by_person_and_course() -> sa.Subquery:
    """Return, for each person and course: number of the latest attempt, whether any was passed or is open, how many."""
    return (
        sa.select(
            QuizAttempt.person_id,
            QuizAttempt.course_key,
            sa.func.max(QuizAttempt.number).label("number"),
            sa.func.max(sa.case((QuizAttempt.is_passed.is_(True), 1), else_=0)).label("passed"),
            sa.func.max(sa.case((QuizAttempt.state == AttemptState.OPEN, 1), else_=0)).label("open"),
            sa.func.count(QuizAttempt.id).label("attempts"),
        )
        .where(QuizAttempt.state != AttemptState.VOID)
        .group_by(QuizAttempt.person_id, QuizAttempt.course_key)
        .subquery()
    )


def results_by_course(
    session: Session, actor: Identity, permission: Permission = Permission.RESULTS_SEE
) -> list[CourseResult]:
    """Return the results of the persons within reach, course by course."""
    each = _by_person_and_course()
    rows = session.execute(
        sa.select(
            each.c.course_key,
            sa.func.count(each.c.person_id),
            sa.func.sum(each.c.passed),
            sa.func.sum(sa.case((each.c.passed == 0, each.c.open), else_=0)),
            sa.func.sum(each.c.attempts),
        )
        .join(Person, Person.id == each.c.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(visible(actor, permission, unit_path=OrgUnit.path))
        .group_by(each.c.course_key)
        .order_by(each.c.course_key)
    )
    return [
        CourseResult(course_key=key, persons=persons, passed=int(passed), sitting=int(sitting), attempts=int(attempts))
        for key, persons, passed, sitting, attempts in rows
    ]


def results_by_person(
    actor: Identity,
    *,
    permission: Permission = Permission.RESULTS_SEE,
    course_key: str = "",
    result: Result | None = None,
    unit: OrgUnit | None = None,
    text: str = "",
) -> sa.Select[Any]:
    """Return the select of (latest attempt, person, has ever passed, attempts) by person and course, by name.

    ``text``: part of a name or staff number; ``unit``: that unit and everything below it.
    """
    summary = _by_person_and_course()
    statement = (
        sa.select(QuizAttempt, Person, (summary.c.passed == 1).label("has_passed"), summary.c.attempts)
        .join(
            summary,
            sa.and_(
                QuizAttempt.person_id == summary.c.person_id,
                QuizAttempt.course_key == summary.c.course_key,
                QuizAttempt.number == summary.c.number,
            ),
        )
        .join(Person, Person.id == QuizAttempt.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(visible(actor, permission, unit_path=OrgUnit.path))
        .options(joinedload(Person.unit).joinedload(OrgUnit.parent))
        .order_by(Person.name_sort, Person.staff_number, QuizAttempt.course_key)
    )
    if course_key:
        statement = statement.where(QuizAttempt.course_key == course_key)
    match result:
        case Result.PASSED:
            statement = statement.where(summary.c.passed == 1)
        case Result.NOT_YET:
            statement = statement.where(summary.c.passed == 0, summary.c.open == 0)
        case Result.OPEN:
            statement = statement.where(summary.c.passed == 0, summary.c.open == 1)
    if unit is not None:
        statement = statement.where(OrgUnit.path.startswith(unit.path, autoescape=True))
    if text.strip():
        statement = statement.where(
            sa.or_(
                Person.name_key.contains(name_key(text), autoescape=True),
                Person.staff_number.contains(text.strip().upper(), autoescape=True),
            )
        )
    return statement


def saved_last(items: Sequence[AttemptItem]) -> datetime | None:
    """Return when an answer of the paper was last stored."""
    return max((item.saved_at for item in items if item.saved_at is not None), default=None)
