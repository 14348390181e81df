"""How one person learns: reads lessons part by part, sits quizzes well or badly, opens the explanations."""

import enum
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lms.content import queries as content
from lms.courses import services as courses
from lms.courses.content import COURSE, Course, Lesson
from lms.demo.stage import Script, Stage, moment
from lms.quizzes import queries as quiz_queries
from lms.quizzes import services as quizzes
from lms.quizzes.content import Bank
from lms.quizzes.kinds import KINDS, Option


class Outcome(enum.Enum):
    """How a sitting is meant to end."""

    PASSED = "passed"
    FAILED = "failed"
    """Too few points."""
    CRITICAL = "critical"
    """Points enough, but a critical question missed."""
    RUN_OUT = "run out"
    """Never handed in: the deadline does it, with the last questions unanswered."""


@dataclass(frozen=True)
class Sitting:
    """A sitting on the ``back``-th working day before the load, to come out near ``score`` of 100."""

    back: int
    outcome: Outcome
    score: int
    hour: int = 15
    is_looked_into: bool = True
    """Whether the explanations are opened afterwards."""


def passed(back: int, score: int = 92, hour: int = 15) -> Sitting:
    """Return a sitting that passes."""
    return Sitting(back, Outcome.PASSED, score, hour)


def failed(back: int, score: int, hour: int = 15, *, is_looked_into: bool = True) -> Sitting:
    """Return a sitting with too few points."""
    return Sitting(back, Outcome.FAILED, score, hour, is_looked_into)


def missed(back: int, score: int = 86, hour: int = 15) -> Sitting:
    """Return a sitting that misses a critical question."""
    return Sitting(back, Outcome.CRITICAL, score, hour)


def ran_out(back: int, hour: int = 15) -> Sitting:
    """Return a sitting that the deadline ends."""
    return Sitting(back, Outcome.RUN_OUT, 0, hour)


@dataclass(frozen=True)
class Study:
    """A person's way through a course: a lesson every so many working days, then the sittings."""

    number: str
    course: str
    begins: int
    every: int = 2
    lessons: int = 6
    sittings: tuple[Sitting, ...] = ()
    care: float = 0.85
    """How many of the questions in the lessons are right at the first go."""
    last_night: int = 0
    """Parts of the next lesson that were read yesterday evening."""


def script_of(stage: Stage, study: Study) -> Script:
    """Return the script of a study."""
    chance = stage.chance(f"{study.number} {study.course}")
    hour = chance.choice((8, 9, 10, 11, 13, 14, 16))
    for index in range(study.lessons):
        at = stage.calendar.at(study.begins - index * study.every, hour, chance.randrange(5, 50))
        yield from _read(stage, study, index, at, chance)
    for sitting in study.sittings:
        yield from _sit(stage, study, sitting, chance)
    if study.last_night:
        at = moment(stage.calendar.yesterday, 19, 32)
        yield from _read(stage, study, study.lessons, at, chance, parts=study.last_night)


def _course(stage: Stage, key: str) -> Course:
    course: Course = content.held(stage.session, COURSE, key).thing
    return course


def _read(
    stage: Stage, study: Study, index: int, at: datetime, chance: random.Random, parts: int | None = None
) -> Script:
    """Read a lesson, or its first ``parts``, answering the question at the end of each part."""
    yield at
    who = stage.learner(study.number)
    lesson: Lesson = _course(stage, study.course).lessons[index]
    courses.open_part(stage.session, who, study.course, lesson.key, lesson.body.keys[0], now=stage.now)
    for part in lesson.body.parts[:parts]:
        yield stage.now + timedelta(minutes=part.minutes, seconds=chance.randrange(10, 150))
        right = part.question.right
        if chance.random() > study.care:
            wrong = chance.choice([choice for choice in range(len(part.question.options)) if choice != right])
            courses.answer_part(stage.session, who, study.course, lesson.key, part.key, wrong, now=stage.now)
            yield stage.now + timedelta(seconds=chance.randrange(40, 100))
        courses.answer_part(stage.session, who, study.course, lesson.key, part.key, right, now=stage.now)


# --- the quiz ---------------------------------------------------------------------------------------------


def _sit(stage: Stage, study: Study, sitting: Sitting, chance: random.Random) -> Script:
    """Sit the quiz once."""
    yield stage.calendar.at(sitting.back, sitting.hour, chance.randrange(2, 30))
    who = stage.learner(study.number)
    attempt = quizzes.start_attempt(
        stage.session, who, study.course, seed=chance.getrandbits(31), now=stage.now, extra_time=False
    )
    public_id, deadline = attempt.public_id, attempt.deadline_at
    bank = quiz_queries.bank_of(stage.session, attempt.revision_id)
    paper = [(row.position, row.item_key) for row in quiz_queries.items_of(stage.session, attempt.id)]
    answers = answers_for(bank, paper, sitting, chance)
    seconds = 90 if sitting.outcome is Outcome.RUN_OUT else chance.randrange(28, 55)
    for position, answer in answers.items():
        yield stage.now + timedelta(seconds=seconds + chance.randrange(-20, 25))
        quizzes.save_answer(stage.session, who, public_id, position, 1, answer, False, now=stage.now)
    if sitting.outcome is Outcome.RUN_OUT:
        yield deadline + timedelta(minutes=1)
        stage.commit()  # the worker marks in transactions of its own
        quizzes.close_overdue(stage.db, now=stage.now)
    else:
        yield stage.now + timedelta(seconds=chance.randrange(20, 90))
        quizzes.submit_attempt(stage.session, who, public_id, now=stage.now)
    if sitting.is_looked_into:
        yield stage.now + timedelta(minutes=chance.randrange(1, 6))
        quizzes.open_review(stage.session, who, public_id, now=stage.now)


def answers_for(
    bank: Bank, paper: Sequence[tuple[int, str]], sitting: Sitting, chance: random.Random
) -> Mapping[int, dict[str, Any]]:
    """Return an answer for each question (position, key) of a paper so that the sitting ends as it is meant to.

    Only wrong answers to questions that are not critical lower the points; a critical one is missed on purpose or
    not at all. A sitting that runs out leaves the second half without an answer.
    """
    items = {position: bank.items[key] for position, key in paper}
    points = {position: bank.blueprint.points[item.kind] for position, item in items.items()}
    if sitting.outcome is Outcome.RUN_OUT:
        return {position: _answer(items[position], chance) for position in list(items)[: len(items) // 2]}
    wrong: set[int] = set()
    left = sum(points.values())
    if sitting.outcome is Outcome.CRITICAL:
        position = chance.choice([each for each, item in items.items() if item.is_critical])
        wrong.add(position)
        left -= points[position]
    order = [position for position, item in items.items() if not item.is_critical]
    chance.shuffle(order)
    for position in order:
        fits = left > sitting.score if sitting.outcome is Outcome.FAILED else left - points[position] >= sitting.score
        if fits:
            wrong.add(position)
            left -= points[position]
    return {position: _answer(item, chance, is_right=position not in wrong) for position, item in items.items()}


def _answer(item: Any, chance: random.Random, *, is_right: bool = True) -> dict[str, Any]:
    """Return an answer that is right, or wrong in everything."""
    answer: dict[str, Any] = {}
    for field, _ask, is_many, options in KINDS[item.kind].parts(item):
        keys = _keys(options, is_right=is_right)
        if is_many:
            answer[field] = keys if is_right else sorted(chance.sample(keys, min(2, len(keys))))
        else:
            answer[field] = chance.choice(keys)
    return answer


def _keys(options: Sequence[Option], *, is_right: bool) -> list[str]:
    return [option.key for option in options if option.is_right is is_right]
