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
    APART_ENOUGH,
    ENOUGH,
    FULL,
    GRACE,
    NONE,
    Apart,
    Blueprint,
    CannotDraw,
    Choosable,
    Given,
    ItemFigures,
    LessonFigures,
    Marked,
    MarkedItem,
    Reason,
    Scored,
    Standing,
    answers_digest,
    apart,
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


# --- questions and lessons that fail -----------------------------------------------------------------------

OF_FOUR = [Choosable("choice", key, key == "b") for key in "abcd"]
OF_TWO_PARTS = [
    *(Choosable("way", way, way == "handle") for way in ("handle", "coordinate", "escalate")),
    *(Choosable("act", key, key == "c") for key in "abc"),
]


def chose(times: int, correctness: str, **parts: str) -> Given:
    """Return answers that chose these options; several of a part are written together, ``choices="ab"``."""
    chosen = [(part, key) for part, keys in parts.items() for key in ([keys] if part == "way" else keys)]
    return Given(frozenset(chosen), Decimal(correctness), times)


def of_four(**times: int) -> ItemFigures:
    """Return the figures of a question whose right option is b, each option chosen so many times."""
    return ItemFigures.of(
        OF_FOUR, [chose(count, "1" if key == "b" else "0", choice=key) for key, count in times.items()]
    )


def test_the_figures_of_a_question_are_those_counted_by_hand() -> None:
    figures = ItemFigures.of(
        OF_FOUR,
        [
            chose(6, "1", choice="b"),
            chose(3, "0", choice="a"),
            chose(1, "0", choice="d"),
            chose(2, "0", choice="a"),  # the same choice from another revision of the bank
            Given(frozenset(), Decimal(0), 4),
        ],
    )
    assert (figures.answered, figures.blank, figures.right, figures.wrong) == (12, 4, 6, 6)
    assert figures.mean == Decimal("0.5000"), "papers that left it out are not in it"
    assert [each.times for each in figures.options] == [5, 6, 0, 1]
    assert figures.most_wrong is not None
    assert figures.most_wrong.what.option == "a"
    assert figures.misleading is None, "five chose a, six the right one"
    assert figures.reasons == (Reason.LOW,)
    assert figures.standing is Standing.FAILS


def test_partly_right_answers_count_in_part_and_are_not_fully_right() -> None:
    options = [Choosable("choices", key, key in "abc") for key in "abcd"]
    figures = ItemFigures.of(
        options, [chose(4, "1", choices="abc"), chose(5, "0.6667", choices="ab"), chose(1, "0", choices="ad")]
    )
    assert (figures.answered, figures.right) == (10, 4)
    assert figures.mean == Decimal("0.7334"), "(4 + 5 × 0.6667) ÷ 10 = 0.73335"
    assert [each.times for each in figures.options] == [10, 9, 4, 1]
    assert figures.standing is Standing.FINE


def test_nothing_is_said_of_a_question_with_few_answers() -> None:
    for few in (1, 2, ENOUGH - 1):
        figures = of_four(a=few)
        assert figures.mean == 0
        assert figures.misleading is not None
        assert (figures.standing, figures.reasons) == (Standing.UNCLEAR, ())
    assert of_four(a=ENOUGH).standing is Standing.FAILS
    nobody = of_four()
    assert (nobody.mean, nobody.most_wrong, nobody.misleading) == (None, None, None)
    assert nobody.standing is Standing.UNCLEAR
    assert nobody.reasons == ()
    blank = ItemFigures.of(OF_FOUR, [Given(frozenset(), Decimal(0), 100)])
    assert (blank.standing, blank.blank) == (Standing.UNCLEAR, 100)


def test_the_line_itself_is_not_below_it() -> None:
    assert of_four(b=6, a=2, c=1, d=1).standing is Standing.FINE
    assert of_four(b=599, a=200, c=101, d=100).reasons == (Reason.LOW,)


def test_a_question_fails_when_a_wrong_option_draws_more_than_the_right_one_of_its_part() -> None:
    given = [
        chose(5, "1", way="handle", act="c"),
        chose(6, "0.5", way="handle", act="a"),
        chose(1, "0.5", way="handle", act="b"),
    ]
    figures = ItemFigures.of(OF_TWO_PARTS, given)
    assert figures.mean == Decimal("0.7083"), "(5 + 3.5) ÷ 12: the share alone would not tell"
    assert figures.misleading is not None
    assert (figures.misleading.what.part, figures.misleading.what.option, figures.misleading.times) == ("act", "a", 6)
    assert figures.reasons == (Reason.MISLED,)
    assert ItemFigures.of(OF_TWO_PARTS, [*given, chose(1, "1", way="handle", act="c")]).reasons == (), "six to six"


def test_a_right_option_of_several_that_few_see_counts_too() -> None:
    options = [Choosable("choices", key, key in "abcd") for key in "abcdef"]
    figures = ItemFigures.of(
        options,
        [chose(2, "1", choices="abcd"), chose(17, "0.75", choices="abc"), chose(3, "0", choices="abce")],
    )
    assert figures.mean is not None
    assert figures.mean > Decimal("0.60")
    assert figures.misleading is not None
    assert figures.misleading.what.option == "e", "three chose e, two the right d"
    assert figures.reasons == (Reason.MISLED,)


def test_a_lesson_adds_its_questions_up() -> None:
    good, bad, few = of_four(b=18, a=2), of_four(b=10, a=10), of_four(b=2)
    figures = LessonFigures.of([good, bad, few])
    assert (figures.questions, figures.judged, figures.failing, figures.answered) == (3, 2, 1, 42)
    assert figures.mean == Decimal("0.7143"), "30 of 42"
    assert figures.standing is Standing.FINE
    assert LessonFigures.of([good, bad, bad]).standing is Standing.FAILS, "38 of 60 are below seven tenths"


def test_one_bad_question_is_no_bad_lesson() -> None:
    assert LessonFigures.of([of_four(a=50), of_four(a=2)]).standing is Standing.UNCLEAR
    assert LessonFigures.of([]).mean is None
    assert LessonFigures.of([]).standing is Standing.UNCLEAR


def test_the_thirds_are_compared_by_the_rest_of_the_paper() -> None:
    scored = [
        Scored(Decimal("0.9"), FULL, 9),
        Scored(Decimal("0.9"), NONE, 1),
        Scored(Decimal("0.7"), FULL, 10),
        Scored(Decimal("0.4"), FULL, 2),
        Scored(Decimal("0.4"), NONE, 8),
    ]
    assert apart(scored) == Apart(upper=Decimal("0.9000"), lower=Decimal("0.2000"))
    assert not Apart(upper=Decimal("0.9000"), lower=Decimal("0.2000")).is_upside_down
    assert sum(each.times for each in scored) == APART_ENOUGH
    assert apart(scored[1:]) is None, "21 are too few"


def test_those_who_came_to_the_same_stay_in_the_same_third() -> None:
    scored = [Scored(Decimal("0.8"), FULL, 20), Scored(Decimal("0.5"), NONE, 5), Scored(Decimal("0.3"), NONE, 5)]
    assert apart(scored) == Apart(upper=FULL, lower=NONE), "the upper third is twenty people"
    assert apart([Scored(Decimal("0.8"), FULL, 25), Scored(Decimal("0.3"), NONE, 5)]) is None, "they would overlap"
    assert apart([Scored(Decimal("0.8"), FULL, 90)]) is None


def test_a_question_that_the_weaker_answer_better_is_upside_down() -> None:
    assert Apart(upper=Decimal("0.4000"), lower=Decimal("0.5000")).is_upside_down
    assert not Apart(upper=Decimal("0.4000"), lower=Decimal("0.4999")).is_upside_down
    assert not Apart(upper=FULL, lower=FULL).is_upside_down


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(min_value=1, max_value=50)), max_size=8))
def test_figures_do_not_depend_on_how_answers_are_grouped(counts: list[tuple[str, int]]) -> None:
    whole = [chose(times, "1" if key == "b" else "0", choice=key) for key, times in counts]
    single = [Given(each.chosen, each.correctness, 1) for each in whole for _ in range(each.times)]
    assert ItemFigures.of(OF_FOUR, whole) == ItemFigures.of(OF_FOUR, single)
    figures = ItemFigures.of(OF_FOUR, whole)
    assert figures.answered == sum(each.times for each in figures.options) == figures.right + figures.wrong
