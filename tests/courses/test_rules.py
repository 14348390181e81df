"""The arithmetic of learning time, and where a lesson opens."""

from decimal import Decimal

import pytest

from lms.courses.rules import (
    AROUND_HIT,
    LONGEST_SEARCH,
    Layer,
    hit_in,
    hours_of_course,
    learning_minutes,
    part_after,
    part_before,
    path_of,
    resume_part,
    search_terms,
)
from lms.people.rules import StaffState

PARTS = ("p1", "p2", "p3")


def test_learning_time_counts_reading_thinking_and_doing() -> None:
    assert learning_minutes(160, 0, 0) == 1
    assert learning_minutes(880, 3, 4) == Decimal("15.5")
    assert learning_minutes(0, 1, 0) == 2


@pytest.mark.parametrize(("lessons", "hours"), [(1, "1"), (6, "3.5"), (9, "5")])
def test_hours_are_half_an_hour_a_lesson_and_half_for_the_quiz(lessons: int, hours: str) -> None:
    assert hours_of_course(lessons) == Decimal(hours)


@pytest.mark.parametrize(
    ("stored", "answered", "opens"),
    [
        (None, [], "p1"),
        ("p1", ["p1"], "p2"),
        ("p3", [], "p3"),
        ("p3", ["p3"], "p1"),
        ("p2", ["p1", "p2"], "p3"),
        ("p2", ["p1", "p2", "p3"], "p2"),
        ("p9", ["p1"], "p2"),
    ],
)
def test_a_lesson_opens_where_one_stopped(stored: str | None, answered: list[str], opens: str) -> None:
    assert resume_part(PARTS, stored, answered) == opens


def test_neighbours() -> None:
    assert [part_after(PARTS, part) for part in PARTS] == ["p2", "p3", None]
    assert [part_before(PARTS, part) for part in PARTS] == [None, "p1", "p2"]


@pytest.mark.parametrize("state", [StaffState.CANDIDATE, StaffState.TRAINEE])
@pytest.mark.parametrize("leads", [False, True])
def test_before_the_filing_there_is_onboarding_alone(state: StaffState, leads: bool) -> None:
    assert path_of(state, leads=leads) == (Layer.ONBOARDING,)


def test_a_leader_learns_what_leaders_need_before_the_advanced_layer() -> None:
    officer, leader = (path_of(StaffState.ACTIVE, leads=leads) for leads in (False, True))
    assert officer == (Layer.ONBOARDING, Layer.IN_SERVICE, Layer.ADVANCED)
    assert leader == (Layer.ONBOARDING, Layer.IN_SERVICE, Layer.LEADER, Layer.ADVANCED)
    assert len(set(leader)) == len(leader)  # a second post adds a layer and repeats none


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("反诈", ("反诈",)),
        ("  高空  抛物 高空", ("高空", "抛物")),
        ("第十四条", ("第14条",)),
        ("14条", ("第14条",)),
        ("第１４条", ("第14条",)),
        ("第一千零三十三条", ("第1033条",)),
        ("第二百条", ("第200条",)),
        ("第一百一十条", ("第110条",)),
        ("民法典第十条", ("民法典", "第10条")),
        ("ＦＲＡＵＤ Police", ("fraud", "police")),
        ("　", ()),
        ("条", ("条",)),
        ("八条红线", ("八条红线",)),
        ("民法典1033条", ("民法典", "第1033条")),
        ("《民法典》第十条第二款", ("民法典", "第10条第二款")),
        ("反诈，火灾", ("反诈", "火灾")),
    ],
)
def test_what_is_looked_for(typed: str, terms: tuple[str, ...]) -> None:
    assert search_terms(typed) == terms


def test_a_very_long_search_is_cut() -> None:
    assert search_terms("长" * 1000) == ("长" * LONGEST_SEARCH,)


def test_a_hit_shows_a_little_of_what_stands_around_it() -> None:
    text = "前" * 40 + "反诈" + "后" * 40
    hit = hit_in(text, ("反诈", "后后"))
    assert hit is not None
    assert (hit.before, hit.words, hit.after) == ("…" + "前" * AROUND_HIT, "反诈", "后" * AROUND_HIT + "…")
    whole = hit_in("反诈宣传", ("反诈",))
    assert whole is not None
    assert (whole.before, whole.after) == ("", "宣传")
    assert hit_in(text, ("反诈", "没有")) is None
    shown = hit_in("报警，打１１０！", search_terms("110"))
    assert shown is not None
    assert (shown.before, shown.words, shown.after) == ("报警，打", "１１０", "！")
    assert hit_in(text, ()) is None


def test_an_article_is_not_found_in_a_longer_number() -> None:
    assert hit_in("《信访工作条例》第114条", search_terms("第十四条")) is None
    assert hit_in("《反家庭暴力法》第十四条", search_terms("第十四条")) is not None
