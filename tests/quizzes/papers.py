"""What tests of quizzes begin with: lessons learnt, a paper, answers of a wished quality."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from lms.access.identity import Identity
from lms.core import clock
from lms.core.db import Database
from lms.courses import services as courses
from lms.courses.models import Enrolment
from lms.courses.rules import EnrolmentState
from lms.quizzes import queries, services
from lms.quizzes.content import Bank
from lms.quizzes.kinds import CaseItem, Item, Option
from lms.quizzes.rules import AttemptState

COURSE = "c04"


def learn(db: Database, person: Identity, course_key: str = COURSE) -> None:
    """Leave a person as after the last lesson of a course, so that its quiz is open.

    Past the services: answering every question of every lesson takes longer than any test that begins here.
    """
    with db.writing() as session:
        enrolment_id = courses.enrol(session, person, course_key, now=clock.now()).id
    statement = sa.update(Enrolment).where(Enrolment.id == enrolment_id).values(state=EnrolmentState.LESSONS_DONE)
    with db.engine.begin() as connection:
        connection.execute(statement)


def begin(db: Database, person: Identity, course_key: str = COURSE, *, seed: int = 1, extra_time: bool = False) -> str:
    """Start an attempt and return its public id."""
    with db.writing() as session:
        attempt = services.start_attempt(session, person, course_key, seed=seed, now=clock.now(), extra_time=extra_time)
        return attempt.public_id


def bank_and_items(db: Database, person: Identity, public_id: str) -> tuple[Bank, list[Any]]:
    """Return the bank of an attempt and its rows, cut off from the database."""
    with db.reading() as session:
        attempt = queries.own_attempt(session, person, public_id)
        return queries.bank_of(session, attempt.revision_id), queries.items_of(session, attempt.id)


def _keys(options: Iterable[Option], *, right: bool) -> list[str]:
    return [option.key for option in options if option.is_right is right]


def answer_to(item: Item, *, right: bool = True) -> dict[str, Any]:
    """Return a fully right answer to a question, or one that is wrong in everything."""
    assert not isinstance(item, CaseItem)
    options: Any = item.options  # type: ignore[attr-defined]
    match item.kind:
        case "multiple":
            return {"choices": _keys(options, right=right)}
        case "triage":
            ways: Any = item.ways  # type: ignore[attr-defined]
            return {"way": _keys(ways, right=right)[0], "act": _keys(options, right=right)[0]}
    return {"choice": _keys(options, right=right)[0]}


def save(
    db: Database, person: Identity, public_id: str, position: int, seq: int, answer: dict[str, Any]
) -> services.Saved:
    """Save one answer in a transaction of its own."""
    with db.writing() as session:
        return services.save_answer(session, person, public_id, position, seq, answer, False, now=clock.now())


def answer_all(db: Database, person: Identity, public_id: str, *, wrong: Iterable[int] = ()) -> None:
    """Answer every question rightly, those at the positions ``wrong`` wrongly."""
    bank, items = bank_and_items(db, person, public_id)
    for row in items:
        answer = answer_to(bank.items[row.item_key], right=row.position not in set(wrong))
        save(db, person, public_id, row.position, row.seq + 1, answer)


def hand_in(db: Database, person: Identity, public_id: str) -> Any:
    """Hand in and return the attempt as it is then."""
    with db.writing() as session:
        services.submit_attempt(session, person, public_id, now=clock.now())
    with db.reading() as session:
        return queries.own_attempt(session, person, public_id)


def one_marked(db: Database, person: Identity, course_key: str = COURSE) -> str:
    """Return the public id of a person's first marked attempt at a course, handing one in when there is none."""
    assert person.person_id is not None
    with db.reading() as session:
        for attempt in queries.attempts_of(session, person.person_id, course_key):
            if attempt.state is AttemptState.MARKED:
                return attempt.public_id
    public_id: str = hand_in(db, person, begin(db, person, course_key)).public_id
    return public_id
