"""Reading papers and results, each within its reach."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Forbidden, NotFound
from lms.people.models import OrgUnit
from lms.quizzes import queries, services
from lms.quizzes.queries import Result
from tests.conftest import CountQueries
from tests.quizzes.conftest import Sitter
from tests.quizzes.papers import answer_all, bank_and_items, begin, hand_in, learn, save
from tests.world import NOW


def rows(sitter: Sitter, actor: Identity, **filters: object) -> set[tuple[str, str]]:
    """Return (staff number, result) of the list somebody sees."""
    with sitter.db.reading() as session:
        found: Any = session.execute(queries.results_by_person(actor, **filters))  # type: ignore[arg-type]
        return {
            (person.staff_number, queries.result_of(attempt, has_passed=has_passed).value)
            for attempt, person, has_passed, _attempts in found
        }


@pytest.fixture
def three(sitter: Sitter) -> Sitter:
    """N1 has passed at the second try, N2 sits, N9 of the other sub-district has failed."""
    others = [sitter.world.identity(sitter.db, number) for number in ("N2", "N9")]
    for each in others:
        learn(sitter.db, each)
    first = begin(sitter.db, sitter.me)
    hand_in(sitter.db, sitter.me, first)
    with sitter.db.writing() as session:
        services.open_review(session, sitter.me, first, now=clock.now())
    clock.freeze(NOW + timedelta(minutes=15))
    second = begin(sitter.db, sitter.me, seed=2)
    answer_all(sitter.db, sitter.me, second)
    hand_in(sitter.db, sitter.me, second)
    begin(sitter.db, others[0])
    hand_in(sitter.db, others[1], begin(sitter.db, others[1]))
    return sitter


def test_results_by_course_count_persons_within_reach(three: Sitter) -> None:
    for number, expected in {
        "O1": (2, 1, 1, 0, 3),
        "T1": (2, 1, 1, 0, 3),
        "L1": (1, 1, 0, 0, 2),
        "O9": (1, 0, 0, 1, 1),
    }.items():
        with three.db.reading() as session:
            [course] = queries.results_by_course(session, three.world.identity(three.db, number))
        assert course.course_key == "c04"
        assert (course.persons, course.passed, course.sitting, course.not_yet, course.attempts) == expected, number


def test_results_by_person_are_the_latest_attempts_within_reach(three: Sitter) -> None:
    who = {number: three.world.identity(three.db, number) for number in ("O1", "O9", "L1", "T1")}
    assert rows(three, who["O1"]) == {("CG00N1", "passed"), ("CG00N2", "open")}
    assert rows(three, who["T1"]) == rows(three, who["O1"])
    assert rows(three, who["L1"]) == {("CG00N1", "passed")}
    assert rows(three, who["O9"]) == {("CG00N9", "not_yet")}
    with pytest.raises(Forbidden):
        rows(three, three.me)


def test_the_filters_agree_with_the_counts(three: Sitter) -> None:
    official = three.world.identity(three.db, "O1")
    assert rows(three, official, result=Result.PASSED) == {("CG00N1", "passed")}
    assert rows(three, official, result=Result.OPEN) == {("CG00N2", "open")}
    assert rows(three, official, result=Result.NOT_YET) == set()
    assert rows(three, official, course_key="c01") == set()
    assert rows(three, official, text="n2") == {("CG00N2", "open")}
    assert rows(three, official, text="李秀") == {("CG00N1", "passed")}
    with three.db.reading() as session:
        unit = session.get_one(OrgUnit, three.world.unit_ids["east.1.2"])
    assert rows(three, official, unit=unit) == {("CG00N2", "open")}


def test_attempts_are_within_reach_of_their_permission_only(three: Sitter) -> None:
    with three.db.reading() as session:
        public_id = queries.attempts_of(session, three.world.person_ids["N1"], "c04")[0].public_id
        for number, permission, is_there in [
            ("N1", Permission.ATTEMPT_REVIEW, True),
            ("T1", Permission.ATTEMPT_REVIEW, True),
            ("O1", Permission.ATTEMPT_REVIEW, False),
            ("N2", Permission.ATTEMPT_REVIEW, False),
            ("O1", Permission.RESULTS_SEE, True),
            ("L1", Permission.RESULTS_SEE, True),
            ("O9", Permission.RESULTS_SEE, False),
        ]:
            actor = three.world.identity(three.db, number)
            if is_there:
                assert queries.attempt_within(session, actor, permission, public_id).person.staff_number == "CG00N1"
            else:
                with pytest.raises(NotFound):
                    queries.attempt_within(session, actor, permission, public_id)


def test_the_marked_paper_adds_up(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id, wrong=[1, 7])
    attempt = hand_in(sitter.db, sitter.me, public_id)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    paper = queries.seen_paper(items, bank)
    assert sum(seen.points for seen in paper) == attempt.points
    for by in ("kind", "competency"):
        parts = queries.shares(paper, by)
        assert sum(part.points for part in parts) == attempt.points
        assert sum(part.points_possible for part in parts) == Decimal(100)
        assert sum(part.asked for part in parts) == 20
    assert {seen.position for seen in paper if not seen.is_right} <= {1, 7}
    assert any(seen.is_critical_missed for seen in paper) == attempt.is_critical_missed


def test_what_crossed_a_line_is_named(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    row, field, option = next(
        (row, field, option)
        for row in items
        for item in [bank.items[row.item_key]]
        for field, options in [("way", getattr(item, "ways", ())), ("choice", getattr(item, "options", ()))]
        for option in options
        if option.breaks and (field == "way" or row.kind == "single")
    )
    save(sitter.db, sitter.me, public_id, row.position, 1, {field: option.key})
    hand_in(sitter.db, sitter.me, public_id)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    assert queries.seen_paper(items, bank)[row.position - 1].lines_crossed == [option.breaks]


def test_the_quiz_opens_with_the_last_lesson(sitter: Sitter) -> None:
    assert sitter.me.person_id is not None
    with sitter.db.reading() as session:
        assert queries.is_quiz_open(session, sitter.me.person_id, "c04")
        assert not queries.is_quiz_open(session, sitter.me.person_id, "c01")


def test_banks_and_courses_that_are_not_there(sitter: Sitter) -> None:
    with sitter.db.reading() as session:
        for look in (queries.current_bank, queries.course):
            with pytest.raises(NotFound):
                look(session, "c99")


def test_the_last_save_is_the_latest(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    assert queries.saved_last(bank_and_items(sitter.db, sitter.me, public_id)[1]) is None
    for minute, position in ((1, 5), (2, 3)):
        clock.freeze(NOW + timedelta(minutes=minute))
        save(sitter.db, sitter.me, public_id, position, 1, {})
    assert queries.saved_last(bank_and_items(sitter.db, sitter.me, public_id)[1]) == NOW + timedelta(minutes=2)


def test_an_open_paper_is_read_with_few_questions_to_the_database(sitter: Sitter, count_queries: CountQueries) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank_and_items(sitter.db, sitter.me, public_id)  # the bank is parsed once for a process
    with count_queries(sitter.db) as statements:
        bank_and_items(sitter.db, sitter.me, public_id)
    assert len(statements) <= 3, statements


def test_overdue_attempts_are_those_past_the_grace(sitter: Sitter) -> None:
    begin(sitter.db, sitter.me)
    with sitter.db.reading() as session:
        assert queries.overdue_attempts(session, NOW + timedelta(minutes=30, seconds=30)) == []
        assert len(queries.overdue_attempts(session, NOW + timedelta(minutes=30, seconds=31))) == 1
