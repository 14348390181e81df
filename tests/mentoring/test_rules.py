"""The rules of mentoring: eligibility, states, times, overlaps, topics, marks."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from lms.competency.content import FRAMEWORK
from lms.core.content import Problems
from lms.mentoring import rules
from lms.mentoring.rules import (
    Bar,
    Mark,
    Missing,
    PairAction,
    PairState,
    Prospect,
    SessionAction,
    SessionState,
    TimeFault,
    When,
)
from lms.people.rules import StaffState
from tests.world import shipped_content

TODAY = date(2026, 11, 24)
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI)

FIT = Prospect(state=StaffState.ACTIVE, joined_on=date(2024, 11, 24), competencies=8, has_role=True, newcomers=0)


# --- who may be a mentor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ()),
        ({"joined_on": date(2024, 11, 25)}, (Bar.TOO_NEW,)),
        ({"competencies": 7}, (Bar.FEW_COMPETENCIES,)),
        ({"has_role": False}, (Bar.NO_ROLE,)),
        ({"state": StaffState.SUSPENDED}, (Bar.SUSPENDED,)),
        ({"state": StaffState.SECONDED}, (Bar.NOT_ACTIVE,)),
        ({"state": StaffState.TRAINEE, "competencies": 0}, (Bar.NOT_ACTIVE, Bar.FEW_COMPETENCIES)),
        ({"newcomers": 1}, ()),
        ({"newcomers": 2}, (Bar.FULL,)),
        ({"is_newcomer": True}, (Bar.SELF,)),
    ],
)
def test_each_reason_against_a_mentor(change: dict[str, object], expected: tuple[Bar, ...]) -> None:
    assert rules.bars(replace(FIT, **change), TODAY) == expected  # type: ignore[arg-type]


def test_a_second_newcomer_needs_a_reason() -> None:
    assert [rules.needs_reason(number) for number in range(3)] == [False, True, True]


# --- states -----------------------------------------------------------------------------------------------


def test_what_is_over_stays_over() -> None:
    over = set(PairState) - rules.LIVE
    assert all(rules.next_state(state, action) is None for state, action in product(over, PairAction))
    settled = set(SessionState) - rules.OPEN
    assert all(rules.next_session_state(state, action) is None for state, action in product(settled, SessionAction))


def test_every_state_of_a_pair_is_reached() -> None:
    assert set(rules.PAIR_TRANSITIONS.values()) | {PairState.PROPOSED} == set(PairState)


def test_who_leaves_takes_the_pair_along() -> None:
    for state in PairState:
        action = rules.leaving_action(state)
        after = None if action is None else rules.next_state(state, action)
        assert (after is None) == (state not in rules.LIVE)
        assert after not in rules.LIVE


def test_days_are_counted_from_one() -> None:
    assert rules.day_of(TODAY, TODAY) == 1
    assert rules.due_on(TODAY, 1) == TODAY
    assert rules.day_of(TODAY, rules.due_on(TODAY, 90)) == 90
    assert rules.latest_end(TODAY) == date(2027, 11, 23)


def test_what_completion_asks_for() -> None:
    assert rules.missing_to_complete(4, 1) == ()
    assert rules.missing_to_complete(3, 0) == (Missing.CHECKPOINTS, Missing.SESSIONS)


# --- times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "day", "exact", "minutes", "expected"),
    [
        (When.JUST_NOW, TODAY, None, 60, NOW - timedelta(hours=1)),
        (When.JUST_NOW, TODAY - timedelta(days=1), None, 60, None),
        (When.MORNING, TODAY, None, 60, NOW.replace(hour=9)),
        (When.MORNING, TODAY, None, 120, NOW.replace(hour=8)),  # the morning is not over: it ends now
        (When.MORNING, TODAY - timedelta(days=1), None, 240, NOW.replace(day=23, hour=9)),
        (When.AFTERNOON, TODAY, None, 60, NOW.replace(hour=14)),  # still to come: refused as future
        (When.EVENING, TODAY - timedelta(days=2), None, 30, NOW.replace(day=22, hour=19)),
        (When.JUST_NOW, TODAY - timedelta(days=1), time(15, 20), 30, NOW.replace(day=23, hour=15, minute=20)),
    ],
)
def test_when_a_session_began(
    when: When, day: date, exact: time | None, minutes: int, expected: datetime | None
) -> None:
    assert rules.begins_at(when, day, exact, minutes, NOW) == expected


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        (NOW - timedelta(minutes=30), None),
        (NOW - timedelta(minutes=29), TimeFault.FUTURE),
        (NOW - timedelta(days=14, hours=9), None),
        (NOW - timedelta(days=14, hours=11), TimeFault.TOO_OLD),
    ],
)
def test_the_edges_of_time(starts_at: datetime, expected: TimeFault | None) -> None:
    assert rules.time_fault(starts_at, 30, now=NOW, pair_from=date(2026, 1, 1)) is expected


def test_no_session_before_the_pair() -> None:
    start = NOW - timedelta(hours=1)
    assert rules.time_fault(start, 30, now=NOW, pair_from=TODAY) is None
    assert rules.time_fault(start, 30, now=NOW, pair_from=TODAY + timedelta(days=1)) is TimeFault.BEFORE_PAIR


# --- topics and marks -------------------------------------------------------------------------------------


def test_the_topics_show_every_competency_and_every_function() -> None:
    [bundle] = [each for each in shipped_content().good if each.kind is FRAMEWORK.kind]
    framework = FRAMEWORK.parse(bundle, Problems())
    assert framework is not None
    assert {code for topic in rules.TOPICS for code in topic.codes} == framework.codes
    assert {topic.function for topic in rules.TOPICS} == set(rules.Function)
    assert len({topic.key for topic in rules.TOPICS}) == len(rules.TOPICS)
    assert all(rules.topic_of(topic.key) is topic for topic in rules.TOPICS)
    assert rules.topic_of("nothing") is None


def test_the_next_level_is_watched() -> None:
    assert [rules.level_to_watch(level) for level in range(5)] == [1, 2, 3, 4, 4]


MARKS = (
    Mark(code="ETH1", key="eth1-1a", words="甲", shown=True),
    Mark(code="ETH1", key="eth1-1b", words="乙", shown=False),
)


def test_marks_are_kept_and_restored() -> None:
    marks = (*MARKS, Mark(code="ETH2", key="eth2-1a", words="丙", shown=None))
    assert rules.restored_marks(rules.kept_marks(marks)) == marks


def test_a_correction_changes_what_it_names() -> None:
    corrected = rules.corrected_marks(MARKS, {"eth1-1b": None, "unknown": True})
    assert [each.shown for each in corrected] == [True, None]
