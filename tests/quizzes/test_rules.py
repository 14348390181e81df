"""Drawing, time and marks, without a database."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.quizzes.rules import (
    FULL,
    GRACE,
    NONE,
    Blueprint,
    CannotDraw,
    Marked,
    MarkedItem,
    answers_digest,
    deadline,
    draw,
    handed_in_at,
    is_overdue,
    outcome,
    points_for,
    reaches,
    repeat,
    seconds_left,
    share,
)

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


# --- time --------------------------------------------------------------------------------------------------


def test_extra_time_is_half_as_much_again() -> None:
    assert deadline(NOW, 30, has_extra_time=False) == NOW + timedelta(minutes=30)
    assert deadline(NOW, 30, has_extra_time=True) == NOW + timedelta(minutes=45)
    assert deadline(NOW, 25, has_extra_time=True) == NOW + timedelta(minutes=37, seconds=30)


def test_the_grace_is_for_what_is_under_way() -> None:
    assert not is_overdue(NOW + GRACE, NOW)
    assert is_overdue(NOW + GRACE + timedelta(microseconds=1), NOW)
    assert timedelta(0) < GRACE <= timedelta(minutes=1)


def test_an_attempt_never_counts_as_handed_in_after_its_deadline() -> None:
    assert handed_in_at(NOW, NOW + timedelta(minutes=5)) == NOW
    assert handed_in_at(NOW + timedelta(days=2), NOW) == NOW


def test_the_time_left_stops_at_nought() -> None:
    assert seconds_left(NOW, NOW + timedelta(seconds=61.9)) == 61
    assert seconds_left(NOW, NOW - timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("marked", "reviewed", "expected"),
    [
        (None, None, (True, False, None)),
        (NOW - timedelta(minutes=10), NOW, (True, False, None)),
        (NOW - timedelta(minutes=10), None, (False, True, None)),
        (NOW - timedelta(minutes=9), NOW, (False, False, NOW + timedelta(minutes=1))),
        (NOW - timedelta(minutes=9), None, (False, True, NOW + timedelta(minutes=1))),
    ],
)
def test_repeating_needs_the_explanations_and_time(
    marked: datetime | None, reviewed: datetime | None, expected: tuple[bool, bool, datetime | None]
) -> None:
    verdict = repeat(marked, reviewed, now=NOW, wait=timedelta(minutes=10))
    assert (verdict.is_allowed, verdict.needs_review, verdict.not_before) == expected


# --- marks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "of", "points", "expected"),
    [
        (1, 3, "6", "2.00"),
        (2, 3, "6", "4.00"),
        (1, 6, "5", "0.83"),
        (1, 8, "1", "0.13"),
        (0, 4, "6", "0"),
        (3, 3, "6", "6"),
    ],
)
def test_part_marks_are_rounded_half_up_to_the_places_stored(right: int, of: int, points: str, expected: str) -> None:
    assert points_for(Decimal(points), share(right, of)) == Decimal(expected)
    assert points_for(Decimal(points), share(right, of)).as_tuple().exponent == -2
    assert share(right, of).as_tuple().exponent == -4


def test_the_pass_mark_is_compared_exactly() -> None:
    assert reaches(Decimal("60.00"), Decimal(100), 60)
    assert not reaches(Decimal("59.99"), Decimal(100), 60)
    assert reaches(Decimal("40.20"), Decimal(67), 60)


def item(correctness: Decimal, *, points: int = 50, critical: bool = False, crossed: bool = False) -> MarkedItem:
    return MarkedItem(
        points_possible=Decimal(points), is_critical=critical, marked=Marked(correctness, is_line_crossed=crossed)
    )


def test_a_critical_miss_fails_whatever_the_total() -> None:
    almost = item(Decimal("0.5"), points=10, critical=True)
    result = outcome([item(FULL, points=90), almost], 60)
    assert (result.points, result.points_possible) == (Decimal(95), Decimal(100))
    assert result.is_critical_missed
    assert not result.is_passed


def test_crossing_a_line_counts_in_critical_questions_only() -> None:
    assert outcome([item(FULL, crossed=True), item(FULL)], 60).is_passed
    assert not outcome([item(FULL, critical=True, crossed=True), item(FULL)], 60).is_passed


def test_all_critical_right_and_the_mark_reached_is_a_pass() -> None:
    assert outcome([item(FULL, points=60, critical=True), item(NONE, points=40)], 60).is_passed
    assert not outcome([item(FULL, points=59, critical=True), item(NONE, points=41)], 60).is_passed


def test_the_digest_depends_on_every_answer_and_not_on_the_order_they_come_in() -> None:
    rows: list[tuple[int, str, int, object]] = [(1, "a", 3, {"choice": "b"}), (2, "b", 0, None)]
    assert answers_digest(rows) == answers_digest(reversed(rows))
    assert answers_digest(rows) != answers_digest([rows[0], (2, "b", 1, None)])
    assert answers_digest(rows) != answers_digest([(1, "a", 3, {"choice": "c"}), rows[1]])


# --- drawing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    key: str
    kind: str
    competency: str
    difficulty: str
    is_critical: bool


def blueprint(**changes: Any) -> Blueprint:
    values: dict[str, Any] = {
        "paper": {"single": 3, "multiple": 2},
        "points": {"single": 20, "multiple": 20},
        "critical_on_paper": 1,
        "per_competency_min": 2,
        "competencies": ("AAA1", "BBB1"),
        "difficulty_on_paper": {"easy": 3, "medium": 1, "hard": 1},
        **changes,
    }
    return Blueprint(**values)


questions = st.lists(
    st.tuples(
        st.sampled_from(["single", "multiple", "case"]),
        st.sampled_from(["AAA1", "BBB1", "CCC1"]),
        st.sampled_from(["easy", "medium", "hard"]),
        st.booleans(),
    ),
    max_size=12,
).map(lambda rows: [Question(f"q{number:03}", *row) for number, row in enumerate(rows)])

plans = st.builds(
    blueprint,
    paper=st.fixed_dictionaries({"single": st.integers(1, 3), "multiple": st.integers(1, 2)}),
    critical_on_paper=st.integers(0, 3),
    per_competency_min=st.integers(0, 2),
)


def meets(paper: Any, plan: Blueprint) -> bool:
    kinds = Counter(question.kind for question in paper)
    tags = Counter(question.competency for question in paper)
    return (
        dict(kinds) == dict(plan.paper)
        and sum(question.is_critical for question in paper) >= plan.critical_on_paper
        and all(tags[code] >= plan.per_competency_min for code in plan.competencies)
    )


def faults(paper: Any, plan: Blueprint) -> tuple[int, int]:
    difficulties = Counter(question.difficulty for question in paper)
    apart = sum(abs(difficulties[name] - wanted) for name, wanted in plan.difficulty_on_paper.items())
    return sum(question.is_critical for question in paper) - plan.critical_on_paper, apart


@given(questions, plans, st.integers(0, 2**63 - 1))
def test_a_paper_meets_every_demand_whenever_there_is_one_that_does(
    bank: list[Question], plan: Blueprint, seed: int
) -> None:
    possible = [paper for paper in combinations(bank, plan.length) if meets(paper, plan)]
    try:
        paper = draw(bank, plan, seed)
    except CannotDraw:
        assert not possible
        return
    assert meets(paper, plan)
    assert len({question.key for question in paper}) == plan.length
    assert [question.kind for question in paper] == [kind for kind, count in plan.paper.items() for _ in range(count)]
    assert draw(list(reversed(bank)), plan, seed) == paper, "the same seed and bank give the same paper"
    # Nothing nearer is left that exchanging one question would reach.
    for out in paper:
        for into in bank:
            if into not in paper and into.kind == out.kind:
                other = [into if question is out else question for question in paper]
                assert not meets(other, plan) or faults(other, plan) >= faults(paper, plan)


def test_papers_differ_from_seed_to_seed() -> None:
    bank = [Question(f"q{n:03}", "single", "AAA1", "easy", n == 0) for n in range(12)]
    plan = blueprint(paper={"single": 5}, points={"single": 20}, competencies=("AAA1",))
    papers = {tuple(question.key for question in draw(bank, plan, seed)) for seed in range(20)}
    assert len(papers) > 15


def test_two_questions_are_exchanged_where_one_would_not_help() -> None:
    # Towards one easy and one hard: either step alone takes a critical question out that is needed.
    bank = [
        Question("q1", "single", "AAA1", "medium", True),
        Question("q2", "multiple", "AAA1", "medium", False),
        Question("q3", "single", "AAA1", "easy", False),
        Question("q4", "multiple", "AAA1", "hard", True),
    ]
    plan = blueprint(
        paper={"single": 1, "multiple": 1},
        competencies=("AAA1",),
        critical_on_paper=1,
        per_competency_min=0,
        difficulty_on_paper={"easy": 1, "medium": 0, "hard": 1},
    )
    for seed in range(10):
        assert {question.key for question in draw(bank, plan, seed)} == {"q3", "q4"}


@pytest.mark.parametrize(
    ("changes", "demand"),
    [
        ({"paper": {"single": 9}, "points": {"single": 10}}, "kind"),
        ({"per_competency_min": 4}, "competency"),
        ({"critical_on_paper": 5}, "critical"),
    ],
)
def test_what_cannot_be_drawn_says_what_is_lacking(changes: dict[str, Any], demand: str) -> None:
    bank = [
        Question(f"q{n:03}", "single" if n < 6 else "multiple", "AAA1" if n % 2 else "BBB1", "easy", n == 0)
        for n in range(10)
    ]
    with pytest.raises(CannotDraw) as caught:
        draw(bank, blueprint(**changes), 1)
    assert caught.value.demand == demand
    assert caught.value.found < caught.value.wanted
