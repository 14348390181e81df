"""Reading attempts, papers, results, and what they say of questions and lessons."""

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from lms.access.filters import visible
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.content import queries as content
from lms.core.errors import NotFound
from lms.courses.content import COURSE, Course, Lesson
from lms.courses.models import Enrolment, LessonProgress
from lms.courses.rules import EnrolmentState
from lms.people.models import OrgUnit, Person
from lms.people.rules import StaffState, name_key
from lms.quizzes.content import BANK, Bank
from lms.quizzes.kinds import KINDS, Answer, Item, Part, SeenChoice, SeenPart, Words
from lms.quizzes.models import AttemptItem, QuizAttempt
from lms.quizzes.rules import (
    GRACE,
    QUIET,
    Apart,
    AttemptState,
    Choosable,
    Given,
    ItemFigures,
    LessonFigures,
    Marked,
    MarkedItem,
    Scored,
    Standing,
    apart,
    points_for,
)

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


# --- questions and lessons that fail -----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ItemLine:
    """A question as it is asked now, with what the answers to it say. ``revisions``: the banks that asked the same."""

    course: Course
    item: Item
    figures: ItemFigures
    revisions: tuple[int, ...]

    @property
    def lesson(self) -> Lesson | None:
        """The lesson the question belongs to, None when the course has it no more."""
        return self.course.lesson(self.item.lesson)


@dataclass(frozen=True, kw_only=True)
class LessonLine:
    """A lesson with what the answers to its questions say."""

    course: Course
    lesson: Lesson
    figures: LessonFigures


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Questions and lessons, those that fail first and each group from the lowest share up; unclear ones last."""

    items: tuple[ItemLine, ...]
    lessons: tuple[LessonLine, ...]

    @property
    def failing_items(self) -> tuple[ItemLine, ...]:
        return tuple(each for each in self.items if each.figures.standing is Standing.FAILS)

    @property
    def failing_lessons(self) -> tuple[LessonLine, ...]:
        return tuple(each for each in self.lessons if each.figures.standing is Standing.FAILS)

    @property
    def has_answers(self) -> bool:
        return any(each.figures.answered or each.figures.blank for each in self.items)


ANSWER = sa.cast(AttemptItem.answer, sa.Text)
"""The stored answer as text, to be grouped; no answer is NULL or the text ``null``."""


def _first_papers(actor: Identity, permission: Permission, course_key: str, item_key: str) -> sa.Select[Any]:
    """Return the select, without columns, of the questions on the papers that count, of persons within reach.

    Of each person and course the first marked paper counts. Who sits again has read the explanations: that says
    nothing any more of the lesson, and little of the question.
    """
    first = (
        sa.select(QuizAttempt.person_id, QuizAttempt.course_key, sa.func.min(QuizAttempt.number).label("number"))
        .where(QuizAttempt.state == AttemptState.MARKED)
        .group_by(QuizAttempt.person_id, QuizAttempt.course_key)
        .subquery()
    )
    statement = (
        sa.select()
        .select_from(AttemptItem)
        .join(QuizAttempt, QuizAttempt.id == AttemptItem.attempt_id)
        .join(
            first,
            sa.and_(
                QuizAttempt.person_id == first.c.person_id,
                QuizAttempt.course_key == first.c.course_key,
                QuizAttempt.number == first.c.number,
            ),
        )
        .join(Person, Person.id == QuizAttempt.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(visible(actor, permission, unit_path=OrgUnit.path))
    )
    if course_key:
        statement = statement.where(QuizAttempt.course_key == course_key)
    if item_key:
        statement = statement.where(AttemptItem.item_key == item_key)
    return statement


def analysis(
    session: Session,
    actor: Identity,
    permission: Permission = Permission.ITEMS_SEE,
    *,
    course_key: str = "",
    item_key: str = "",
) -> Analysis:
    """Return the figures of every question that is asked now, and of every lesson, or of those of one course.

    Two queries once the texts are parsed: the database counts equal answers, so that what is read grows with the
    number of questions and not of answers. Answers to a question as it was before its ``revision`` or its options
    changed are left out. Raises Forbidden.
    """
    what = (QuizAttempt.course_key, AttemptItem.item_key, QuizAttempt.revision_id, ANSWER, AttemptItem.correctness)
    statement = _first_papers(actor, permission, course_key, item_key)
    rows = session.execute(statement.add_columns(*what, sa.func.count()).group_by(*what)).all()
    current, by_id = content.held_with(session, [BANK, COURSE], {row.revision_id for row in rows})
    groups: dict[tuple[str, str], dict[int, list[Given]]] = {}
    for course, key, revision_id, answer, correctness, times in rows:
        given = Given(_chosen(answer), correctness or Decimal(0), times)
        groups.setdefault((course, key), {}).setdefault(revision_id, []).append(given)
    items: list[ItemLine] = []
    lessons: list[LessonLine] = []
    courses = current[COURSE.kind]
    for key, held in current[BANK.kind].items():
        if key in courses and course_key in {"", key}:
            mine = [
                _item_line(courses[key].thing, item, groups.get((key, item.key), {}), by_id)
                for item in held.thing.drawable
                if item_key in {"", item.key}
            ]
            items += mine
            lessons += _lesson_lines(courses[key].thing, mine)
    return Analysis(
        items=tuple(sorted(items, key=lambda each: _by_need(each.figures))),
        lessons=tuple(sorted(lessons, key=lambda each: _by_need(each.figures))),
    )


def _chosen(answer: str | None) -> frozenset[tuple[str, str]]:
    """Return (part, option) of everything chosen in an answer as it is stored."""
    found: Answer = json.loads(answer or "null") or {}
    return frozenset(
        (part, option)
        for part, options in found.items()
        for option in ([options] if isinstance(options, str) else options)
    )


def _item_line(
    course: Course, item: Item, groups: Mapping[int, Sequence[Given]], by_id: Mapping[int, content.Held]
) -> ItemLine:
    options = _choosable(item)
    same = [revision_id for revision_id in groups if _is_same(by_id[revision_id].thing.items[item.key], item, options)]
    given = [each for revision_id in same for each in groups[revision_id]]
    return ItemLine(course=course, item=item, figures=ItemFigures.of(options, given), revisions=tuple(sorted(same)))


def _choosable(item: Item) -> list[Choosable]:
    return [
        Choosable(part, option.key, option.is_right)
        for part, _ask, _is_many, options in KINDS[item.kind].parts(item)
        for option in options
    ]


def _is_same(then: Item, now: Item, options: list[Choosable]) -> bool:
    """Whether a question was asked then as now. The options are compared too, for changes without a new revision."""
    return then.revision == now.revision and _choosable(then) == options


def _lesson_lines(course: Course, items: Sequence[ItemLine]) -> list[LessonLine]:
    """Return the lessons of a course that have questions."""
    lines: list[LessonLine] = []
    for lesson in course.lessons:
        mine = [each.figures for each in items if each.item.lesson == lesson.key]
        if mine:
            lines.append(LessonLine(course=course, lesson=lesson, figures=LessonFigures.of(mine)))
    return lines


_NEED = (Standing.FAILS, Standing.FINE, Standing.UNCLEAR)


def _by_need(figures: ItemFigures | LessonFigures) -> tuple[int, Decimal]:
    share = figures.mean if figures.standing is not Standing.UNCLEAR else None
    return _NEED.index(figures.standing), share or Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Failing:
    """How many questions and lessons fail, and the worst of each."""

    items: int
    lessons: int
    worst_items: tuple[ItemLine, ...]
    worst_lessons: tuple[LessonLine, ...]


WORST = 3


def failing(session: Session, identity: Identity) -> Failing:
    """Return what fails among the questions and lessons within a trainer's reach, for the home page (two queries).

    Their words: ``item.stem.text_in(language)``, ``lesson.title_in(language)``, ``course.title_in(language)``.
    Raises Forbidden for whoever may not see the figures: ask ``may_use(identity, Permission.ITEMS_SEE)`` before.
    """
    found = analysis(session, identity)
    items, lessons = found.failing_items, found.failing_lessons
    return Failing(items=len(items), lessons=len(lessons), worst_items=items[:WORST], worst_lessons=lessons[:WORST])


def item_line(session: Session, actor: Identity, course_key: str, item_key: str) -> ItemLine:
    """Return the figures of one question that is asked now (two queries). Raises NotFound, Forbidden."""
    found = analysis(session, actor, course_key=course_key, item_key=item_key).items
    if not course_key or not found:
        raise NotFound("quizzes.item.not_found")
    return found[0]


class Came(enum.StrEnum):
    """What came of a question on a paper, for the list behind its figures."""

    WRONG = "wrong"
    """Answered, and not fully right."""
    RIGHT = "right"
    BLANK = "blank"


def papers_with(actor: Identity, line: ItemLine, came: Came) -> sa.Select[Any]:
    """Return the select of (attempt, person, correctness) behind a figure of a question, the latest first.

    It does not say what somebody chose: that is read with the attempt's explanations, where each look is logged.
    """
    has_none = sa.or_(ANSWER.is_(sa.null()), ANSWER == "null")
    condition = {
        Came.WRONG: sa.and_(sa.not_(has_none), AttemptItem.correctness != 1),
        Came.RIGHT: sa.and_(sa.not_(has_none), AttemptItem.correctness == 1),
        Came.BLANK: has_none,
    }[came]
    return (
        _first_papers(actor, Permission.ITEMS_SEE, line.course.key, line.item.key)
        .add_columns(QuizAttempt, Person, AttemptItem.correctness)
        .where(QuizAttempt.revision_id.in_(line.revisions), condition)
        .options(joinedload(Person.unit).joinedload(OrgUnit.parent))
        .order_by(QuizAttempt.marked_at.desc(), QuizAttempt.id.desc())
    )


def apart_of(session: Session, actor: Identity, line: ItemLine) -> Apart | None:
    """Return how those who did well and badly in the rest of their papers answered a question; None: cannot be told."""
    what = (QuizAttempt.points, QuizAttempt.points_possible, AttemptItem.points, AttemptItem.correctness)
    rows = session.execute(
        _first_papers(actor, Permission.ITEMS_SEE, line.course.key, line.item.key)
        .add_columns(*what, sa.func.count())
        .where(QuizAttempt.revision_id.in_(line.revisions), ANSWER.is_not(sa.null()), ANSWER != "null")
        .group_by(*what)
    )
    return apart(
        Scored((points - points_for(possible, correctness)) / (of - possible), correctness, times)
        for points, of, possible, correctness, times in rows
        if of > possible
    )


@dataclass(frozen=True)
class CountedPart:
    """One thing asked in a question: its options in the order of the file, each with how often it was chosen."""

    ask: Words
    choices: tuple[tuple[SeenChoice, int], ...]


def counted_parts(line: ItemLine) -> list[CountedPart]:
    """Return the options of a question with their counts."""
    times = {(each.what.part, each.what.option): each.times for each in line.figures.options}
    kind = KINDS[line.item.kind]
    return [
        CountedPart(seen.ask, tuple((choice, times[field, choice.value]) for choice in seen.choices))
        for (field, *_), seen in zip(kind.parts(line.item), kind.review(line.item, (), None), strict=True)
    ]


def most_wrong(line: ItemLine) -> tuple[SeenChoice, int] | None:
    """Return the wrong option of a question chosen most often, and how often; None when none was."""
    most = line.figures.most_wrong
    if most is None:
        return None
    fields = [field for field, *_ in KINDS[line.item.kind].parts(line.item)]
    choices = counted_parts(line)[fields.index(most.what.part)].choices
    return next((choice, times) for choice, times in choices if choice.value == most.what.option)


# --- those who stopped in a lesson -------------------------------------------------------------------------

LEARNING = (StaffState.CANDIDATE, StaffState.TRAINEE, StaffState.ACTIVE)
"""Whoever is suspended, seconded or gone has stopped for other reasons."""


def _stopped(actor: Identity, now: datetime) -> sa.Select[Any]:
    """Return the select, without columns, of the lessons in which persons within reach have stopped.

    Stopped: opened and not finished, the last of the course that was touched, and that longer ago than ``QUIET``.
    Who finished a lesson and began no other has stopped between two; that is no fault of either, and not counted.
    """
    later = aliased(LessonProgress)
    return (
        sa.select()
        .select_from(LessonProgress)
        .join(Enrolment, Enrolment.id == LessonProgress.enrolment_id)
        .join(Person, Person.id == Enrolment.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(
            visible(actor, Permission.ITEMS_SEE, unit_path=OrgUnit.path),
            visible(actor, Permission.COURSE_PROGRESS, unit_path=OrgUnit.path),
            Person.state.in_(LEARNING),
            Enrolment.state == EnrolmentState.LEARNING,
            LessonProgress.finished_at.is_(None),
            LessonProgress.touched_at < now - QUIET,
            ~sa.exists().where(
                later.enrolment_id == LessonProgress.enrolment_id, later.touched_at > LessonProgress.touched_at
            ),
        )
    )


def stopped_by_lesson(session: Session, actor: Identity, now: datetime) -> dict[tuple[str, str], int]:
    """Return how many persons have stopped in a lesson, by course and lesson (one query)."""
    what = (Enrolment.course_key, LessonProgress.lesson_key)
    rows = session.execute(_stopped(actor, now).add_columns(*what, sa.func.count()).group_by(*what))
    return {(course, lesson): count for course, lesson, count in rows}


def stopped_in(
    session: Session, actor: Identity, course_key: str, lesson_key: str, now: datetime
) -> list[tuple[Person, datetime]]:
    """Return who has stopped in a lesson and when they touched it last, the longest ago first."""
    rows = session.execute(
        _stopped(actor, now)
        .add_columns(Person, LessonProgress.touched_at)
        .where(Enrolment.course_key == course_key, LessonProgress.lesson_key == lesson_key)
        .options(joinedload(Person.unit).joinedload(OrgUnit.parent))
        .order_by(LessonProgress.touched_at, Person.name_sort)
    )
    return [(person, touched_at) for person, touched_at in rows]


def may_open_lesson(session: Session, person_id: int, course_key: str, lesson_key: str) -> bool:
    """Whether a lesson is in the course as a person sees it: as they began it, else as it is now."""
    revision_id = session.scalar(
        sa.select(Enrolment.revision_id).where(Enrolment.person_id == person_id, Enrolment.course_key == course_key)
    )
    if revision_id is None:
        return course(session, course_key).lesson(lesson_key) is not None
    begun: Course = content.held_revisions(session, COURSE, [revision_id])[revision_id].thing
    return begun.lesson(lesson_key) is not None
