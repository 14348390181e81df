"""Sitting a course quiz: start, save, hand in, mark, open the explanations.

Every accepted save is stored before it is acknowledged, and counted: a save holds the attempt's row against the
hand-in, so that marking sees either all of it or refuses it. An attempt is marked exactly once.
"""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import SYSTEM, Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.competency import services as competency
from lms.competency.rules import ItemResult
from lms.core import clock, reactions
from lms.core.db import Database, guarded_update
from lms.core.errors import Conflict, Invalid, NotFound
from lms.core.ids import new_public_id
from lms.courses import services as courses
from lms.people import queries as people
from lms.quizzes import queries
from lms.quizzes.content import Bank
from lms.quizzes.events import AttemptMarked
from lms.quizzes.kinds import KINDS, Answer
from lms.quizzes.models import AnswerEvent, AttemptItem, QuizAttempt
from lms.quizzes.rules import (
    WAIT,
    AttemptState,
    MarkedItem,
    answers_digest,
    deadline,
    draw,
    handed_in_at,
    is_overdue,
    outcome,
    repeat,
)

log = logging.getLogger("lms.quizzes")

HIGHEST_SEQ = 1_000_000
"""No page counts further; a number beyond it would not fit the column on PostgreSQL."""


def start_attempt(
    session: Session,
    actor: Identity,
    course_key: str,
    *,
    seed: int,
    now: datetime,
    extra_time: bool,
    wait: timedelta = WAIT,
) -> QuizAttempt:
    """Draw a paper and start the time; return the open attempt there already is, so that a double click is harmless.

    ``extra_time``: half as many minutes again. ``wait``: how long after the last attempt was marked.
    Raises Conflict when the lessons are not finished (from courses), when the explanations of the last attempt
    were not opened, or too early; NotFound when the course has no bank.
    """
    person_id = _own_id(actor)
    role = require(actor, Permission.ATTEMPT_SIT, Scope(owner_id=person_id), now=clock.real_now())
    courses.require_quiz_open(session, person_id, course_key)
    earlier = queries.attempts_of(session, person_id, course_key)
    for attempt in earlier:
        if attempt.state is AttemptState.OPEN:
            return attempt
    marked = [attempt for attempt in earlier if attempt.state is AttemptState.MARKED]
    last = marked[-1] if marked else None
    verdict = repeat(last.marked_at if last else None, last.review_opened_at if last else None, now=now, wait=wait)
    if verdict.needs_review:
        raise Conflict("quizzes.start.review_first")
    if not verdict.is_allowed:
        raise Conflict("quizzes.start.too_early", minutes=int(wait.total_seconds() // 60))
    revision_id, bank = queries.current_bank(session, course_key)
    attempt = QuizAttempt(
        public_id=new_public_id(),
        person_id=person_id,
        course_key=course_key,
        number=len(earlier) + 1,
        revision_id=revision_id,
        seed=seed,
        state=AttemptState.OPEN,
        has_extra_time=extra_time,
        started_at=now,
        deadline_at=deadline(now, bank.minutes, has_extra_time=extra_time),
        answers_digest="",
    )
    items = _paper(bank, seed)
    path = _unit_path(session, person_id)
    try:
        with session.begin_nested():
            session.add(attempt)
            audit.record(session, actor, role, AuditTag.ATTEMPT_STARTED, attempt, now=now, unit_path=path)
            session.flush()  # the index for one open attempt speaks here, while the savepoint can still be given up
    except sa.exc.IntegrityError:
        return _open_attempt(session, person_id, course_key)
    for item in items:
        item.attempt_id = attempt.id
        session.add(item)
    session.flush()
    return attempt


def _own_id(actor: Identity) -> int:
    if actor.person_id is None:
        raise NotFound("access.not_found")
    return actor.person_id


def _unit_path(session: Session, person_id: int) -> str:
    return people.person_with_id(session, person_id).unit.path


def _open_attempt(session: Session, person_id: int, course_key: str) -> QuizAttempt:
    """Return the attempt that another request opened at the same moment."""
    return session.scalars(
        sa.select(QuizAttempt).where(
            QuizAttempt.person_id == person_id,
            QuizAttempt.course_key == course_key,
            QuizAttempt.state == AttemptState.OPEN,
        )
    ).one()


def _paper(bank: Bank, seed: int) -> list[AttemptItem]:
    """Return the rows of a paper: questions and the order of their options, both from the seed."""
    chance = random.Random(seed)  # noqa: S311 - a paper must be drawn again from its stored seed
    return [
        AttemptItem(
            position=position,
            item_key=item.key,
            kind=item.kind,
            competency=item.competency,
            is_critical=item.is_critical,
            points=Decimal(bank.blueprint.points[item.kind]),
            option_order=KINDS[item.kind].order(item, chance),
            answer=None,
            seq=0,
            is_flagged=False,
        )
        for position, item in enumerate(draw(bank.drawable, bank.blueprint, seed), 1)
    ]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What is stored for a question after a save. ``is_kept``: it is what this save brought."""

    position: int
    seq: int
    answer: Answer | None
    is_flagged: bool
    is_complete: bool
    is_kept: bool
    saved_at: datetime | None
    deadline_at: datetime


def save_answer(
    session: Session,
    actor: Identity,
    attempt_public_id: str,
    position: int,
    seq: int,
    answer: dict[str, object],
    flagged: bool,
    *,
    now: datetime,
) -> Saved:
    """Store an answer unless a newer one is stored already; return what stands then.

    ``seq`` counts the saves of one question upward; only a higher one than the stored counts, so that a late
    autosave never beats a newer answer. The same save sent again is acknowledged again. ``answer``: fields as the
    page names them, {} for none.
    Raises NotFound (not one's own), Invalid (nothing our page can send), Conflict once the attempt is marked or its
    deadline and grace are over; nothing is stored then.
    """
    person_id = _own_id(actor)
    require(actor, Permission.ATTEMPT_SIT, Scope(owner_id=person_id), now=clock.real_now())
    attempt = session.scalar(
        sa.select(QuizAttempt)
        .where(QuizAttempt.public_id == attempt_public_id, QuizAttempt.person_id == person_id)
        .with_for_update(read=True)  # marking waits for the saves under way, a save after it sees that it is over
    )
    if attempt is None:
        raise NotFound("quizzes.attempt.not_found")
    item = session.scalar(
        sa.select(AttemptItem).where(AttemptItem.attempt_id == attempt.id, AttemptItem.position == position)
    )
    if item is None:
        raise NotFound("quizzes.attempt.not_found")
    if attempt.state is not AttemptState.OPEN:
        raise Conflict("quizzes.attempt.closed")
    if is_overdue(now, attempt.deadline_at):
        raise Conflict("quizzes.attempt.time_up")
    question = queries.bank_of(session, attempt.revision_id).items[item.item_key]
    kind = KINDS[item.kind]
    try:
        read = kind.read(question, answer)
    except ValueError as error:
        raise Invalid("quizzes.answer.shape") from error
    if not 1 <= seq <= HIGHEST_SEQ:
        raise Invalid("quizzes.answer.shape")
    statement = (
        sa.update(AttemptItem)
        .where(AttemptItem.id == item.id, AttemptItem.seq < seq)
        .values(answer=read, is_flagged=flagged, seq=seq, saved_at=now)
    )
    if guarded_update(session, statement):
        session.add(AnswerEvent(attempt_item_id=item.id, seq=seq, answer=read, received_at=now))
    session.refresh(item)
    return Saved(
        position=position,
        seq=item.seq,
        answer=item.answer,
        is_flagged=item.is_flagged,
        is_complete=kind.is_complete(question, item.answer),
        is_kept=(item.seq, item.answer, item.is_flagged) == (seq, read, flagged),
        saved_at=item.saved_at,
        deadline_at=attempt.deadline_at,
    )


def submit_attempt(session: Session, actor: Identity, attempt_public_id: str, *, now: datetime) -> QuizAttempt:
    """Hand in and mark; return the marked attempt. Handing in again returns the same. Raises NotFound."""
    person_id = _own_id(actor)
    role = require(actor, Permission.ATTEMPT_SIT, Scope(owner_id=person_id), now=clock.real_now())
    attempt = queries.own_attempt(session, actor, attempt_public_id)
    _mark(session, actor, role, attempt, now=now)
    return attempt


def _mark(session: Session, actor: Identity, role: Role, attempt: QuizAttempt, *, now: datetime) -> bool:
    """Mark an open attempt, whoever comes first; False when it was marked before. ``attempt`` is fresh afterwards."""
    session.refresh(attempt, with_for_update=True)
    if attempt.state is not AttemptState.OPEN:
        return False
    at = handed_in_at(now, attempt.deadline_at)
    statement = (
        sa.update(QuizAttempt)
        .where(QuizAttempt.id == attempt.id, QuizAttempt.state == AttemptState.OPEN)
        .values(state=AttemptState.MARKED, marked_at=at)
    )
    if not guarded_update(session, statement):
        raise AssertionError("the row is locked, nobody can have marked it since")
    # From here on nobody can save: whoever held the attempt's row has ended, so what is read now is all there is.
    session.refresh(attempt)
    path = _unit_path(session, attempt.person_id)
    bank = queries.bank_of(session, attempt.revision_id)
    items = queries.items_of(session, attempt.id)
    marked: list[MarkedItem] = []
    evidence: list[ItemResult] = []
    for item in items:
        verdict = KINDS[item.kind].mark(bank.items[item.item_key], item.answer)
        item.correctness, item.is_line_crossed = verdict.correctness, verdict.is_line_crossed
        marked.append(MarkedItem(points_possible=item.points, is_critical=item.is_critical, marked=verdict))
        evidence.append(
            ItemResult(
                code=item.competency,
                item_key=item.item_key,
                correctness=verdict.correctness,
                is_critical=item.is_critical,
                is_line_crossed=verdict.is_line_crossed,
            )
        )
    result = outcome(marked, bank.pass_mark)
    attempt.points, attempt.points_possible = result.points, result.points_possible
    attempt.is_passed, attempt.is_critical_missed = result.is_passed, result.is_critical_missed
    attempt.answers_digest = answers_digest((item.position, item.item_key, item.seq, item.answer) for item in items)
    audit.record(
        session,
        actor,
        role,
        AuditTag.ATTEMPT_MARKED,
        attempt,
        now=at,
        unit_path=path,
        diff={
            "state": [AttemptState.OPEN, AttemptState.MARKED],
            "points": [None, str(result.points)],
            "points_possible": [None, str(result.points_possible)],
        },
    )
    session.flush()
    _tell(session, actor, attempt, evidence, at)
    return True


def _tell(session: Session, actor: Identity, attempt: QuizAttempt, evidence: list[ItemResult], at: datetime) -> None:
    """Pass a marked attempt on: evidence of what the person can do, the course, and whoever listens."""
    is_passed = bool(attempt.is_passed)
    competency.add_quiz_evidence(
        session,
        actor,
        attempt.person_id,
        attempt_public_id=attempt.public_id,
        at=at,
        is_passed=is_passed,
        items=evidence,
    )
    if is_passed:
        courses.note_course_passed(session, actor, attempt.person_id, attempt.course_key, attempt.public_id, now=at)
    reactions.publish(
        session,
        AttemptMarked(
            at=at,
            person_id=attempt.person_id,
            course_key=attempt.course_key,
            attempt_public_id=attempt.public_id,
            is_passed=is_passed,
        ),
    )


def open_review(session: Session, actor: Identity, attempt_public_id: str, *, now: datetime) -> None:
    """Note that the person opened the explanations of a marked attempt; the first time counts.

    Raises NotFound, Conflict while the attempt is open.
    """
    person_id = _own_id(actor)
    role = require(actor, Permission.ATTEMPT_SIT, Scope(owner_id=person_id), now=clock.real_now())
    attempt = queries.own_attempt(session, actor, attempt_public_id)
    session.refresh(attempt, with_for_update=True)
    if attempt.state is not AttemptState.MARKED:
        raise Conflict("quizzes.review.not_marked")
    if attempt.review_opened_at is not None:
        return
    path = _unit_path(session, person_id)
    attempt.review_opened_at = now
    audit.record(session, actor, role, AuditTag.ATTEMPT_REVIEW_OPENED, attempt, now=now, unit_path=path)


def close_overdue(db: Database, *, now: datetime) -> tuple[int, int]:
    """Mark every attempt whose deadline and grace are over, as of its deadline; return (marked, failed).

    Each in a transaction of its own: one that cannot be marked does not stop the others.
    """
    with db.reading() as reader:
        overdue = queries.overdue_attempts(reader, now)
    marked = failed = 0
    for attempt_id in overdue:
        try:
            with db.writing() as session:
                attempt = session.get_one(QuizAttempt, attempt_id)
                marked += _mark(session, SYSTEM, Role.SYSTEM, attempt, now=now)
        except Exception:
            failed += 1
            log.exception("attempt %s could not be marked at its deadline", attempt_id)
    return marked, failed
