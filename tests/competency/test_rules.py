"""The published rule, sentence by sentence, and what must hold whatever the evidence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.competency import rules
from lms.competency.rules import (
    Evidence,
    EvidenceKind,
    ItemResult,
    Lack,
    Recognised,
    RecognitionAction,
    RecognitionState,
    Verdict,
    Weights,
    add_months,
    by_tag,
    kept,
    restored,
    score_and_level,
)

TODAY = date(2026, 11, 24)
WEIGHTS = Weights(quiz=Decimal("0.5"), scenario=Decimal("0.3"), observed=Decimal("0.2"))
_ids = count(1)


def _evidence(kind: EvidenceKind, days_ago: int, shown: object, asked: int, **more: Any) -> Evidence:
    day = TODAY - timedelta(days=days_ago)
    return Evidence(
        public_id=more.pop("public_id", f"e{next(_ids):05d}"),
        kind=kind,
        happened_at=datetime(day.year, day.month, day.day, 2, tzinfo=UTC),
        happened_on=day,
        asked=asked,
        shown=Decimal(str(shown)),
        **more,
    )


def quiz(percent: float | str, days_ago: int = 10, *, asked: int = 10, is_passed: bool = True, **more: Any) -> Evidence:
    shown = Decimal(str(percent)) * asked / 100
    return _evidence(EvidenceKind.QUIZ, days_ago, shown, asked, is_passed=is_passed, **more)


def scenario(percent: float, days_ago: int = 10, *, is_passed: bool = True, **more: Any) -> Evidence:
    return _evidence(EvidenceKind.SCENARIO, days_ago, Decimal(str(percent)) / 10, 10, is_passed=is_passed, **more)


def seen(shown: int, asked: int, days_ago: int = 10, *, is_confirmed: bool = True, **more: Any) -> Evidence:
    return _evidence(EvidenceKind.OBSERVED, days_ago, shown, asked, is_confirmed=is_confirmed, **more)


def recognised(level: int, until: date = TODAY + timedelta(days=100)) -> Recognised:
    return Recognised(public_id="r1", level=level, valid_until=until)


def judge(*evidence: Evidence, recognition: Recognised | None = None, on: date = TODAY) -> Verdict:
    return score_and_level(evidence, recognition, today=on, weights=WEIGHTS, valid_months=24)


def missing(verdict: Verdict) -> list[Lack]:
    return [reason.lack for reason in verdict.reasons]


# --- the score --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "score", "is_insufficient"),
    [
        ([], None, True),
        ([quiz(80)], "80.00", True),
        ([quiz(80), scenario(70), seen(3, 4)], "76.00", False),
        ([quiz(80), seen(3, 4)], "78.57", True),  # (80×0.5 + 75×0.2) ÷ 0.7
        ([quiz(80), scenario(70)], "76.25", True),  # (80×0.5 + 70×0.3) ÷ 0.8
        ([scenario(70), seen(3, 4)], "72.00", True),
        ([seen(3, 4)], "75.00", True),
        ([_evidence(EvidenceKind.QUIZ, 1, 2, 3, is_passed=True)], "66.67", True),
        ([_evidence(EvidenceKind.QUIZ, 1, "0.0001", 16, is_passed=True)], "0.00", True),
        ([_evidence(EvidenceKind.QUIZ, 1, "0.0008", 16, is_passed=True)], "0.01", True),  # 0.005 is rounded up
        ([quiz(0)], "0.00", True),
        ([quiz(100), scenario(100), seen(5, 5)], "100.00", False),
    ],
)
def test_the_score_is_the_weighted_mean_of_what_is_there(
    evidence: list[Evidence], score: str | None, is_insufficient: bool
) -> None:
    verdict = judge(*evidence)
    assert verdict.score == (None if score is None else Decimal(score))
    assert verdict.is_insufficient is is_insufficient


def test_the_score_is_made_from_the_parts_as_they_are_shown() -> None:
    verdict = judge(_evidence(EvidenceKind.QUIZ, 1, 2, 3, is_passed=True), seen(1, 3))
    quiz_part, observed = (verdict.parts[kind].value for kind in (EvidenceKind.QUIZ, EvidenceKind.OBSERVED))
    assert (quiz_part, observed) == (Decimal("66.67"), Decimal("33.33"))
    assert verdict.score == ((quiz_part * 5 + observed * 2) / 7).quantize(Decimal("0.01"))


def test_other_weights_give_other_scores() -> None:
    weights = Weights(quiz=Decimal("0.2"), scenario=Decimal("0.2"), observed=Decimal("0.6"))
    verdict = score_and_level([quiz(100), seen(1, 2)], None, today=TODAY, weights=weights, valid_months=24)
    assert verdict.score == Decimal("62.50")


# --- the quiz part ----------------------------------------------------------------------------------------


def test_the_latest_passed_attempt_with_three_items_counts() -> None:
    old, latest = quiz(60, 30), quiz(90, 20)
    few = quiz(100, 10, asked=2)
    failed = quiz(10, 5, is_passed=False)
    verdict = judge(latest, failed, few, old)
    assert verdict.parts[EvidenceKind.QUIZ].value == Decimal("90.00")
    assert verdict.parts[EvidenceKind.QUIZ].evidence == (latest.public_id,)


def test_a_later_passed_attempt_may_lower() -> None:
    assert judge(quiz(90, 20), quiz(65, 10)).score == Decimal("65.00")


@pytest.mark.parametrize("asked", [1, 2])
def test_fewer_than_three_items_say_nothing(asked: int) -> None:
    verdict = judge(quiz(100, asked=asked))
    assert verdict.score is None
    assert verdict.level == 0
    assert missing(verdict) == [Lack.EVIDENCE]


def test_only_failed_attempts_say_nothing() -> None:
    assert judge(quiz(55, is_passed=False)).score is None


# --- observation ------------------------------------------------------------------------------------------


def test_observed_is_the_sum_shown_by_the_sum_asked_of_180_days() -> None:
    verdict = judge(seen(4, 4, 1), seen(1, 4, 180), seen(0, 4, 181))
    assert verdict.parts[EvidenceKind.OBSERVED].value == Decimal("62.50")
    assert len(verdict.parts[EvidenceKind.OBSERVED].evidence) == 2


def test_an_unconfirmed_session_counts_half() -> None:
    verdict = judge(seen(4, 4), seen(0, 4, is_confirmed=False))
    assert verdict.parts[EvidenceKind.OBSERVED].value == Decimal("66.67")  # 4 of 4 + ½·4


def test_a_session_in_which_nothing_could_be_asked_is_none() -> None:
    verdict = judge(quiz(90), seen(0, 0))
    assert EvidenceKind.OBSERVED not in verdict.parts
    assert Lack.PRACTICE in missing(judge(quiz(90), seen(0, 0)))


# --- levels -----------------------------------------------------------------------------------------------

FULL = (quiz(90), scenario(85), seen(4, 5, 20), seen(5, 5, 10))


@pytest.mark.parametrize(
    ("evidence", "level", "lacks"),
    [
        ([], 0, [Lack.EVIDENCE]),
        ([quiz("59.99", asked=100)], 0, [Lack.SCORE]),
        ([quiz(60)], 1, [Lack.SCORE, Lack.PRACTICE]),
        ([quiz(70)], 1, [Lack.PRACTICE]),
        ([quiz("69.99", asked=100), seen(7, 10)], 1, [Lack.SCORE]),
        ([quiz(70), seen(7, 10)], 2, [Lack.SCORE, Lack.SCENARIO, Lack.GOOD_OBSERVATIONS]),
        # without quiz evidence for the tag the level is at most 1
        ([seen(5, 5), seen(5, 5), scenario(100)], 1, [Lack.QUIZ]),
        ([scenario(100)], 1, [Lack.QUIZ, Lack.PRACTICE]),
        # an unconfirmed session is never the practice that level 2 or 3 asks
        ([quiz(90), seen(5, 5, is_confirmed=False)], 1, [Lack.PRACTICE]),
        ([quiz(90), scenario(90), seen(5, 5), seen(5, 5, is_confirmed=False)], 2, [Lack.GOOD_OBSERVATIONS]),
        # level 3: all three parts
        ([quiz(90), seen(4, 5), seen(5, 5)], 2, [Lack.SCENARIO]),
        ([quiz(90), scenario(90, is_passed=False), seen(4, 5), seen(5, 5)], 2, [Lack.SCENARIO]),
        ([quiz(90), scenario(90), seen(5, 5)], 2, [Lack.GOOD_OBSERVATIONS]),
        ([quiz(90), scenario(90), seen(7, 9), seen(5, 5)], 2, [Lack.GOOD_OBSERVATIONS]),
        ([quiz(79), scenario(79), seen(4, 5), seen(4, 5)], 2, [Lack.SCORE]),
        ([quiz(80), scenario(80), seen(4, 5), seen(4, 5)], 3, [Lack.RECOGNITION]),
        (list(FULL), 3, [Lack.RECOGNITION]),
        # the two observations may be older than 180 days, the observed part may not
        ([quiz(90), scenario(90), seen(5, 5, 200), seen(5, 5, 190)], 2, [Lack.OBSERVED]),
        ([quiz(90), scenario(90), seen(5, 5, 200), seen(5, 5, 190), seen(4, 5)], 3, [Lack.RECOGNITION]),
        # the practice of level 2 holds as long as evidence does
        ([quiz(90), seen(5, 5, 400)], 2, [Lack.SCENARIO, Lack.GOOD_OBSERVATIONS]),
    ],
)
def test_the_level_is_what_the_published_rule_says(evidence: list[Evidence], level: int, lacks: list[Lack]) -> None:
    verdict = judge(*evidence)
    assert verdict.level == verdict.earned == level
    assert missing(verdict) == lacks
    assert not verdict.is_capped


def test_reasons_say_how_much_is_needed_and_there() -> None:
    score, practice = judge(quiz(60)).reasons
    assert (score.need, score.have) == (Decimal(70), Decimal("60.00"))
    assert (practice.need, practice.have) == (Decimal(1), Decimal(0))
    [good] = judge(quiz(90), scenario(90), seen(5, 5)).reasons
    assert (good.need, good.have) == (Decimal(2), Decimal(1))


# --- the cap ----------------------------------------------------------------------------------------------


def test_a_critical_miss_caps_at_level_1_even_in_a_failed_attempt() -> None:
    missed = quiz(40, 5, is_passed=False, is_critical_missed=True)
    verdict = judge(*FULL, missed)
    assert (verdict.earned, verdict.level) == (3, 1)
    assert verdict.is_capped
    assert verdict.capped_by == missed.public_id
    assert missing(verdict)[0] is Lack.CRITICAL
    assert verdict.score == judge(*FULL).score


@pytest.mark.parametrize(
    ("later", "is_capped"),
    [
        (quiz(90, 2, is_critical_right=True), False),
        (quiz(90, 2), True),  # passed, but no critical item of the tag was in it
        (quiz(50, 2, is_passed=False, is_critical_right=True), True),
        (quiz(90, 5, is_critical_right=True), True),  # at the same moment is not later
        (quiz(90, 8, is_critical_right=True), True),  # earlier
    ],
)
def test_only_a_later_passed_attempt_with_its_critical_items_right_takes_the_cap_away(
    later: Evidence, is_capped: bool
) -> None:
    missed = quiz(40, 5, is_passed=False, is_critical_missed=True)
    assert judge(*FULL, missed, later).is_capped is is_capped


def test_a_second_miss_caps_again() -> None:
    history = [
        quiz(40, 30, is_passed=False, is_critical_missed=True),
        quiz(90, 20, is_critical_right=True),
        quiz(40, 10, is_passed=False, is_critical_missed=True),
    ]
    assert judge(*FULL, *history).capped_by == history[2].public_id


def test_a_cap_leaves_level_0_alone_and_never_grows_too_old() -> None:
    old = quiz(40, 2000, is_passed=False, is_critical_missed=True)
    assert judge(old).level == 0
    assert judge(old, *FULL).level == 1


def test_a_cap_holds_recognised_levels_too() -> None:
    verdict = judge(quiz(40, is_passed=False, is_critical_missed=True), recognition=recognised(3))
    assert (verdict.recognised, verdict.level) == (3, 1)


# --- recognition ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_recognised_level_counts_without_evidence(level: int) -> None:
    verdict = judge(recognition=recognised(level))
    assert (verdict.earned, verdict.recognised, verdict.level) == (0, level, level)
    assert verdict.recognition == "r1"
    assert verdict.valid_until == TODAY + timedelta(days=100)
    assert verdict.score is None


def test_level_4_asks_nothing_more() -> None:
    assert missing(judge(recognition=recognised(4))) == []


def test_a_recognised_level_never_lowers() -> None:
    assert judge(*FULL, recognition=recognised(1)).level == 3


def test_a_recognised_level_ends_with_its_day() -> None:
    until = TODAY + timedelta(days=100)
    case = (quiz(70),)
    assert judge(*case, recognition=recognised(3), on=until).level == 3
    after = judge(*case, recognition=recognised(3), on=until + timedelta(days=1))
    assert (after.level, after.recognised, after.recognition, after.lapsed) == (1, 0, "", 0)


# --- time -------------------------------------------------------------------------------------------------


def test_evidence_counts_24_months_and_the_level_lapses_then() -> None:
    taken = quiz(70, 10)
    last = add_months(taken.happened_on, 24)
    now = judge(taken)
    assert (now.level, now.lapsed, now.valid_until, now.holds_until) == (1, 0, last, last)
    assert judge(taken, on=last).level == 1
    later = judge(taken, on=last + timedelta(days=1))
    assert (later.level, later.lapsed, later.valid_until) == (0, 1, last)
    assert later.score is None
    assert later.holds_until is None


def test_a_lapsed_level_is_held_again_after_another_attempt() -> None:
    verdict = judge(quiz(70, 800), quiz(65, 3))
    assert (verdict.level, verdict.lapsed) == (1, 0)


def test_a_level_lapses_to_what_is_still_fresh() -> None:
    practice = seen(5, 5, 760)
    verdict = judge(quiz(90, 10), practice)
    assert (verdict.level, verdict.lapsed) == (1, 2)
    assert verdict.valid_until == add_months(practice.happened_on, 24)
    assert verdict.holds_until == add_months(TODAY - timedelta(days=10), 24)


def test_a_level_that_never_was_has_no_date() -> None:
    assert judge().valid_until is None
    assert judge(quiz(10)).valid_until is None


def test_sessions_leave_after_180_days_and_the_verdict_says_when() -> None:
    session = seen(0, 5, 170)
    verdict = judge(quiz(80, 5), session)
    assert verdict.holds_until == session.happened_on + timedelta(days=180)
    after = judge(quiz(80, 5), session, on=verdict.holds_until + timedelta(days=1))
    assert verdict.score is not None
    assert after.score is not None
    assert after.score > verdict.score


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 2, 29), 24, date(2026, 2, 28)),
        (date(2026, 11, 24), 12, date(2027, 11, 24)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
    ],
)
def test_months_end_where_the_calendar_says(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


# --- whatever the evidence --------------------------------------------------------------------------------


@st.composite
def evidences(draw: st.DrawFn, kinds: Sequence[EvidenceKind] = tuple(EvidenceKind)) -> Evidence:
    kind = draw(st.sampled_from(list(kinds)))
    asked = draw(st.integers(0, 12))
    shown = draw(st.integers(0, asked * 10000)) if asked else 0
    is_passed = draw(st.booleans())
    return _evidence(
        kind,
        draw(st.integers(0, 900)),
        Decimal(shown).scaleb(-4),
        asked,
        is_passed=is_passed,
        is_confirmed=draw(st.booleans()),
        is_critical_missed=draw(st.booleans()) and draw(st.booleans()),
        is_critical_right=draw(st.booleans()),
    )


CASES = st.lists(evidences(), max_size=8)
RECOGNITIONS = st.none() | st.builds(
    lambda level, days: recognised(level, TODAY + timedelta(days=days)), st.integers(1, 4), st.integers(-30, 400)
)


@given(CASES, RECOGNITIONS, st.randoms())
def test_the_order_of_rows_is_irrelevant(evidence: list[Evidence], recognition: Recognised | None, chance: Any) -> None:
    shuffled = list(evidence)
    chance.shuffle(shuffled)
    assert judge(*evidence, recognition=recognition) == judge(*shuffled, recognition=recognition)


@given(CASES, RECOGNITIONS, st.integers(0, 12), st.integers(0, 10000))
def test_a_later_failed_attempt_never_lowers(
    evidence: list[Evidence], recognition: Recognised | None, asked: int, share: int
) -> None:
    failed = quiz(0, -1, asked=0, is_passed=False)
    failed = replace(failed, asked=asked, shown=Decimal(asked * share).scaleb(-4))
    before, after = judge(*evidence, recognition=recognition), judge(*evidence, failed, recognition=recognition)
    assert (after.score, after.level, after.parts) == (before.score, before.level, before.parts)


@given(CASES, RECOGNITIONS)
def test_what_always_holds(evidence: list[Evidence], recognition: Recognised | None) -> None:
    verdict = judge(*evidence, recognition=recognition)
    assert 0 <= verdict.level <= 4
    assert verdict.score is None or 0 <= verdict.score <= 100
    assert (verdict.score is None) == (not verdict.parts)
    assert verdict.is_insufficient == (len(verdict.parts) < 3)
    assert verdict.earned <= 3
    if EvidenceKind.QUIZ not in verdict.parts:
        assert verdict.earned <= 1
    if EvidenceKind.SCENARIO not in verdict.parts:
        assert verdict.earned <= 2
    if verdict.is_capped:
        assert verdict.level <= 1
    assert verdict.level == 4 or verdict.reasons
    assert verdict.lapsed == 0 or verdict.lapsed > verdict.level
    assert (verdict.valid_until is not None) == (verdict.level > 0 or verdict.lapsed > 0)
    assert restored(kept(verdict)) == verdict


@settings(max_examples=60)
@given(CASES, RECOGNITIONS, st.integers(0, 900))
def test_a_verdict_holds_as_long_as_it_says(
    evidence: list[Evidence], recognition: Recognised | None, days: int
) -> None:
    now = judge(*evidence, recognition=recognition)
    later = TODAY + timedelta(days=days)
    then = judge(*evidence, recognition=recognition, on=later)
    if now.holds_until is None or later <= now.holds_until:
        assert then == now
    if now.holds_until is not None:
        assert judge(*evidence, recognition=recognition, on=now.holds_until + timedelta(days=1)) != now


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (quiz(80), "counts"),
        (quiz(80, 800), "expired"),
        (quiz(50, is_passed=False), "failed"),
        (quiz(100, asked=2), "few"),
        (quiz(80, 60), "replaced"),
        (scenario(80), "counts"),
        (scenario(80, is_passed=False), "failed"),
        (seen(1, 2), "counts"),
        (seen(0, 0), "few"),
        (seen(1, 2, 300), "past"),
    ],
)
def test_a_page_can_say_whether_and_why_evidence_counts(evidence: Evidence, expected: str) -> None:
    verdict = judge(evidence, quiz(90, 30), scenario(85, 30))
    assert rules.standing(evidence, verdict, today=TODAY, valid_months=24).value == expected


# --- items and states -------------------------------------------------------------------------------------


def item(code: str, correctness: str, *, is_critical: bool = False, is_line_crossed: bool = False) -> ItemResult:
    return ItemResult(
        code=code,
        item_key=f"q{next(_ids)}",
        correctness=Decimal(correctness),
        is_critical=is_critical,
        is_line_crossed=is_line_crossed,
    )


def test_items_are_grouped_by_tag() -> None:
    items = [item("ETH1", "1"), item("LAW1", "0.5"), item("ETH1", "0.3333")]
    results = by_tag(items)
    assert list(results) == ["ETH1", "LAW1"]
    assert (results["ETH1"].asked, results["ETH1"].shown) == (2, Decimal("1.3333"))
    assert results["ETH1"].items == (items[0], items[2])


@pytest.mark.parametrize(
    ("items", "is_missed", "is_right"),
    [
        ([item("X", "1")], False, False),  # nothing critical: neither missed nor right
        ([item("X", "1", is_critical=True)], False, True),
        ([item("X", "0.5", is_critical=True)], False, False),  # right only with full marks
        ([item("X", "1", is_critical=True), item("X", "0", is_critical=True)], False, False),
        ([item("X", "0", is_critical=True, is_line_crossed=True)], True, False),
        ([item("X", "0", is_line_crossed=True)], False, False),  # a line in an item that is not critical
    ],
)
def test_critical_items(items: list[ItemResult], is_missed: bool, is_right: bool) -> None:
    result = by_tag(items)["X"]
    assert (result.is_critical_missed, result.is_critical_right) == (is_missed, is_right)


@pytest.mark.parametrize("correctness", ["-0.1", "1.0001"])
def test_a_correctness_lies_between_0_and_1(correctness: str) -> None:
    with pytest.raises(ValueError, match="correctness"):
        by_tag([item("X", correctness)])


def test_a_recognition_moves_only_as_the_table_says() -> None:
    moves = rules.RECOGNITION_TRANSITIONS
    assert moves[RecognitionState.PROPOSED, RecognitionAction.CONFIRM] is RecognitionState.IN_FORCE
    final = {RecognitionState.REFUSED, RecognitionState.ENDED}
    assert not [state for state, _ in moves if state in final]


def test_rounding_is_half_up_and_never_twice() -> None:
    assert rules.half_up(Fraction(5, 1000)) == Decimal("0.01")
    assert rules.half_up(Fraction(4_999_999_999, 10**12)) == Decimal("0.00")
    assert rules.percent(Decimal(1), 3) == Decimal("33.33")
    assert str(rules.percent(Decimal(0), 3)) == "0.00"


# --- next steps -------------------------------------------------------------------------------------------


def test_the_next_steps_begin_with_the_nearest_and_hold_one_of_each_way() -> None:
    verdicts = {
        "LAW1": judge(),
        "BND1": judge(),
        "ETH1": judge(quiz(90)),  # lacks only a practice
        "ETH2": judge(seen(3, 3)),  # lacks only a quiz
        "PUB1": judge(),
    }
    found = rules.next_steps(verdicts)
    assert [(each.code, each.level, each.way.value) for each in found] == [
        ("LAW1", 1, "course"),
        ("ETH1", 2, "mentor"),
        ("ETH2", 2, "quiz"),
    ]
    assert [each.code for each in rules.next_steps(verdicts, count=5)] == ["LAW1", "ETH1", "ETH2", "BND1", "PUB1"]


def test_what_the_posts_ask_for_comes_before_what_is_nearer() -> None:
    verdicts = {"LAW1": judge(), "INS1": judge(), "ETH1": judge()}
    assert [each.code for each in rules.next_steps(verdicts, count=2)] == ["LAW1", "INS1"]
    asked = {"ETH1": 2}
    assert [each.code for each in rules.next_steps(verdicts, asked)] == ["ETH1", "LAW1", "INS1"]


def test_a_critical_miss_comes_first_and_what_nobody_can_do_alone_not_at_all() -> None:
    missed = judge(quiz(90, is_critical_missed=True))
    found = rules.next_steps({"LAW1": judge(), "ETH1": missed, "ETH2": judge(recognition=recognised(3))})
    assert [(each.code, each.reason.lack) for each in found] == [
        ("ETH1", Lack.CRITICAL),
        ("LAW1", Lack.EVIDENCE),
    ]
    assert rules.next_steps({"ETH1": judge(recognition=recognised(4))}) == []


def test_every_lack_has_a_way_or_is_for_others() -> None:
    assert set(Lack) - rules.WAYS.keys() == {Lack.SCENARIO, Lack.RECOGNITION}
