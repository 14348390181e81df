"""A whole class that sits the same paper of C04, each answer chosen by the test, to count it by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, HeldRole, Identity, Role
from lms.core import clock
from lms.core.db import Database
from lms.courses import services as courses
from lms.courses.models import Enrolment
from lms.courses.rules import EnrolmentState
from lms.people.rules import StaffState
from lms.people.services import persons
from lms.quizzes import queries, services
from lms.quizzes.kinds import KINDS, Item, Option
from lms.quizzes.models import QuizAttempt
from tests.conftest import Site
from tests.quizzes.papers import COURSE, answer_to
from tests.world import NOW

SEED = 1
LEFT_OUT: dict[str, Any] = {}
Answers = Mapping[str, Mapping[int, dict[str, Any]]]
"""Question → number of the learner in the class → answer; what is not named is answered rightly."""


def wrong_keys(options: tuple[Option, ...]) -> list[str]:
    return [option.key for option in options if not option.is_right]


def right_keys(options: tuple[Option, ...]) -> list[str]:
    return [option.key for option in options if option.is_right]


@dataclass(frozen=True)
class Paper:
    """The paper that everybody of the class sits: its questions by key, in their order."""

    items: Mapping[str, Item]

    def first(self, kind: str, *, but: Callable[[Item], bool] = lambda _item: False) -> Any:
        """Return the first question of a kind, ``but`` those that are not wanted."""
        return next(item for item in self.items.values() if item.kind == kind and not but(item))


def paper_of(db: Database, course_key: str = COURSE) -> Paper:
    """Return the paper that the seed draws from the bank as it is now."""
    with db.reading() as session:
        _revision, bank = queries.current_bank(session, course_key)
    rows = services._paper(bank, SEED)
    return Paper({row.item_key: bank.items[row.item_key] for row in rows})


def learners(site: Site, count: int, place: str, prefix: str) -> list[Identity]:
    """Enter trainees into a unit and return them as requests have them."""
    found: list[Identity] = []
    with site.db.writing() as session:
        unit = site.world.unit(session, place)
        for number in range(count):
            data = persons.PersonData(
                staff_number=f"{prefix}{number:02}", name=f"学员{number:02}", joined_on=date(2026, 7, 1)
            )
            person = persons.add_person(session, CONSOLE, unit, data, now=NOW, state=StaffState.TRAINEE)
            session.flush()
            found.append(Identity(person_id=person.id, public_id=person.public_id))
    return found


def sit(
    session: Session, who: Identity, answers: Mapping[str, dict[str, Any]], course_key: str = COURSE
) -> QuizAttempt:
    """Let somebody whose lessons are done sit the quiz in one go, rightly where ``answers`` say nothing.

    The answers are put in as saving leaves them, but past the service: hundreds of saves one by one take too long.
    """
    now = clock.now()
    attempt = services.start_attempt(session, who, course_key, seed=SEED, now=now, extra_time=False)
    bank = queries.bank_of(session, attempt.revision_id)
    for row in queries.items_of(session, attempt.id):
        item = bank.items[row.item_key]
        row.answer = KINDS[item.kind].read(item, answers.get(row.item_key, answer_to(item)))
        row.seq, row.saved_at = 1, now
    return services.submit_attempt(session, who, attempt.public_id, now=now)


def class_sits(site: Site, class_: list[Identity], answers: Answers, course_key: str = COURSE) -> list[str]:
    """Let a class sit one after the other, a minute apart; return the attempts' public ids."""
    with site.db.writing() as session:
        ids = [courses.enrol(session, who, course_key, now=clock.now()).id for who in class_]
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(Enrolment).where(Enrolment.id.in_(ids)).values(state=EnrolmentState.LESSONS_DONE))
    start, found = clock.now(), []
    for number, who in enumerate(class_):
        clock.freeze(start + timedelta(minutes=number))
        own = {key: by_number[number] for key, by_number in answers.items() if number in by_number}
        with site.db.writing() as session:
            found.append(sit(session, who, own, course_key).public_id)
    clock.freeze(start + timedelta(minutes=len(class_)))
    return found


def sits_again(site: Site, who: Identity, public_id: str, course_key: str = COURSE) -> None:
    """Let somebody read the explanations of an attempt and sit again, all right, a quarter of an hour later."""
    with site.db.writing() as session:
        services.open_review(session, who, public_id, now=clock.now())
    clock.freeze(clock.now() + timedelta(minutes=15))
    with site.db.writing() as session:
        sit(session, who, {}, course_key)


def trainer_of(site: Site, place: str) -> Identity:
    """Return a trainer whose role is held on a unit, whoever it is."""
    return Identity(person_id=None, public_id="trainer", roles=(HeldRole(Role.TRAINER, site.world.unit_paths[place]),))


@dataclass(frozen=True)
class Counted:
    """Twelve of the eastern sub-district and three of the western have sat; what the answers come to by hand.

    ``single``: 5 right, 6 chose ``lure``, 1 chose another wrong option. ``triage``: 5 right in both, 7 right in the
    way only, 6 of them with the same wrong act. ``multiple``: all chose one of the right ones. ``true_false``: one
    left it out, 11 right. Everything else right in the east, everything wrong in the west.
    """

    site: Site
    paper: Paper
    east: list[Identity]
    attempts: list[str]
    west: list[Identity]
    single: Any
    lure: str
    other: str
    triage: Any
    act: str
    multiple: Any
    true_false: Any


def counted(site: Site) -> Counted:
    """Make what ``Counted`` says."""
    paper = paper_of(site.db)
    single, triage = paper.first("single"), paper.first("triage")
    multiple, true_false = paper.first("multiple"), paper.first("true_false")
    lure, other = wrong_keys(single.options)[:2]
    way, [act, act_too] = right_keys(triage.ways)[0], wrong_keys(triage.options)[:2]
    answers: Answers = {
        single.key: {**{number: {"choice": lure} for number in range(6)}, 6: {"choice": other}},
        triage.key: {**{number: {"way": way, "act": act} for number in range(6)}, 6: {"act": act_too, "way": way}},
        multiple.key: {number: {"choices": right_keys(multiple.options)[:1]} for number in range(12)},
        true_false.key: {11: LEFT_OUT},
    }
    east, west = learners(site, 12, "east.1.1", "EAST"), learners(site, 3, "west.1.1", "WEST")
    attempts = class_sits(site, east, answers)
    class_sits(
        site,
        west,
        {key: dict.fromkeys(range(3), answer_to(item, right=False)) for key, item in paper.items.items()},
    )
    return Counted(
        site=site,
        paper=paper,
        east=east,
        attempts=attempts,
        west=west,
        single=single,
        lure=lure,
        other=other,
        triage=triage,
        act=act,
        multiple=multiple,
        true_false=true_false,
    )
