"""The rule, by examples and against a diary that is written day by day."""

import random
from datetime import date, timedelta

import pytest

from lms.content.rules import RoleLevel
from lms.duties.rules import (
    GRACE_DAYS,
    Changes,
    Demand,
    DutyState,
    Facts,
    Next,
    NextKind,
    Reworded,
    Span,
    Trained,
    Verdict,
    begins_grace,
    belongs,
    changes_between,
    days_at,
    digest_of,
    in_both,
    level_of,
    needed,
    next_day,
    next_for,
    verdict,
    verdicts,
)
from lms.people.rules import Post, StaffState

DAY = date(2026, 11, 24)
ONE = timedelta(days=1)
PATROL = Demand(key="D05", post=Post.INSPECTION, is_common=False, needs={"INS1": 2, "INS2": 1})
ALL = Demand(key="D25", post=Post.INSPECTION, is_common=True, needs={"EMG1": 1})
LEAD = Demand(key="D26", post=Post.GRID_LEADER, is_common=True, needs={"COR1": 1})


def days(number: int) -> timedelta:
    return timedelta(days=number)


def facts(
    *,
    state: StaffState = StaffState.ACTIVE,
    posts: tuple[tuple[Post, Span], ...] = ((Post.INSPECTION, Span(DAY - days(900))),),
    ins1: tuple[tuple[date, int], ...] = ((DAY - days(30), 2),),
    certificates: tuple[Span, ...] = (Span(DAY - days(20), DAY + days(700)),),
) -> Facts:
    return Facts(
        state=state, posts=posts, levels={"INS1": ins1, "INS2": ((DAY - days(40), 3),)}, certificates=certificates
    )


def state_on(day: date, **changes: object) -> Verdict | None:
    return verdict(PATROL, facts(**changes), day)  # type: ignore[arg-type]


# --- whose item it is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demand", "posts", "on_list", "level"),
    [
        (PATROL, {Post.INSPECTION}, True, RoleLevel.OFFICER),
        (PATROL, {Post.INFORMATION}, False, RoleLevel.OFFICER),
        (PATROL, {Post.INSPECTION, Post.GRID_LEADER}, True, RoleLevel.OFFICER),
        (PATROL, {Post.GRID_LEADER}, False, RoleLevel.OFFICER),
        (ALL, {Post.INFORMATION}, True, RoleLevel.OFFICER),
        (ALL, {Post.GRID_LEADER}, True, RoleLevel.LEADER),
        (ALL, set(), False, RoleLevel.OFFICER),
        (LEAD, {Post.GRID_LEADER}, True, RoleLevel.LEADER),
        (LEAD, {Post.FOLLOW_UP}, False, RoleLevel.OFFICER),
    ],
)
def test_an_item_belongs_to_its_post_and_speaks_at_its_level(
    demand: Demand, posts: set[Post], on_list: bool, level: RoleLevel
) -> None:
    assert belongs(demand, posts) is on_list
    assert level_of(demand, posts) is level


def test_no_post_no_item_and_a_post_of_other_days_counts_on_those() -> None:
    assert state_on(DAY, posts=()) is None
    span = Span(DAY + days(3), DAY + days(5))
    on = {number: state_on(DAY + days(number), posts=((Post.INSPECTION, span),)) is not None for number in range(2, 7)}
    assert on == {2: False, 3: True, 4: True, 5: True, 6: False}
    never = Span(DAY, DAY - ONE)  # ended before it began
    assert never.is_empty
    assert state_on(DAY, posts=((Post.INSPECTION, never),)) is None


# --- open or not -------------------------------------------------------------------------------------------


def test_an_item_is_open_with_levels_certificate_and_a_person_on_duty() -> None:
    assert state_on(DAY) == Verdict(DutyState.OPEN)
    assert state_on(DAY, ins1=((DAY, 1),)) == Verdict(DutyState.LEARNING)
    assert state_on(DAY, ins1=()) == Verdict(DutyState.LEARNING)
    assert state_on(DAY, certificates=()) == Verdict(DutyState.LEARNING)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (StaffState.CANDIDATE, DutyState.LEARNING),
        (StaffState.TRAINEE, DutyState.LEARNING),
        (StaffState.SUSPENDED, DutyState.PAUSED),
        (StaffState.SECONDED, DutyState.PAUSED),
    ],
)
def test_who_is_not_on_duty_does_nothing_alone(state: StaffState, expected: DutyState) -> None:
    assert state_on(DAY, state=state) == Verdict(expected)


def test_who_has_left_has_no_list() -> None:
    assert state_on(DAY, state=StaffState.ENDED) is None


def test_a_certificate_that_is_over_leaves_sixty_days() -> None:
    last = DAY + days(700)
    assert state_on(last) == Verdict(DutyState.OPEN)
    until = last + days(GRACE_DAYS)
    assert state_on(last + ONE) == state_on(until) == Verdict(DutyState.GRACE, until)
    assert state_on(until + ONE) == Verdict(DutyState.LEARNING)


def test_a_level_that_falls_leaves_sixty_days_and_rising_again_opens() -> None:
    fallen = ((DAY - days(30), 2), (DAY, 1))
    until = DAY - ONE + days(GRACE_DAYS)
    assert state_on(DAY, ins1=fallen) == Verdict(DutyState.GRACE, until)
    assert state_on(until + ONE, ins1=fallen) == Verdict(DutyState.LEARNING)
    assert state_on(until, ins1=(*fallen, (until, 3))) == Verdict(DutyState.OPEN)


def test_a_second_fall_during_the_grace_does_not_lengthen_it() -> None:
    fallen = ((DAY - days(30), 2), (DAY, 1))
    over = (Span(DAY - days(20), DAY + days(10)),)
    until = DAY - ONE + days(GRACE_DAYS)
    assert state_on(DAY + days(20), ins1=fallen, certificates=over) == Verdict(DutyState.GRACE, until)


def test_what_was_never_had_together_has_no_grace() -> None:
    # The certificate had ended before the level was reached.
    assert state_on(DAY, ins1=((DAY, 2),), certificates=(Span(DAY - days(40), DAY - days(10)),)) == Verdict(
        DutyState.LEARNING
    )


def test_won_and_lost_on_one_day_was_never_had() -> None:
    assert state_on(DAY, ins1=((DAY, 2), (DAY, 1))) == Verdict(DutyState.LEARNING)
    revoked_on_its_first_day = (Span(DAY, DAY - ONE),)
    assert state_on(DAY, certificates=revoked_on_its_first_day) == Verdict(DutyState.LEARNING)


def test_a_new_certificate_within_the_grace_opens_again() -> None:
    certificates = (Span(DAY - days(700), DAY - days(5)), Span(DAY, DAY + days(700)))
    assert state_on(DAY, certificates=certificates, ins1=((DAY - days(800), 3),)) == Verdict(DutyState.OPEN)


def test_a_level_marked_late_counts_after_what_came_before_it_in_the_history() -> None:
    assert days_at(((DAY, 2), (DAY - days(3), 1)), 2) == []
    assert days_at(((DAY - days(9), 2), (DAY, 3), (DAY - days(3), 1)), 2) == [Span(DAY - days(9), DAY - ONE)]
    assert days_at(((DAY - days(9), 2), (DAY, 3)), 2) == [Span(DAY - days(9), DAY - ONE), Span(DAY)]


def test_days_in_both_lists() -> None:
    assert in_both([Span(DAY)], [Span(DAY - ONE, DAY), Span(DAY + days(5))]) == [Span(DAY, DAY), Span(DAY + days(5))]
    assert in_both([Span(DAY)], []) == []


def test_a_grace_begins_only_where_something_was_open() -> None:
    until = Verdict(DutyState.GRACE, date(2027, 1, 1))
    assert begins_grace(Verdict(DutyState.OPEN), until)
    for before, after in (
        (None, until),
        (Verdict(DutyState.LEARNING), until),
        (Verdict(DutyState.OPEN), Verdict(DutyState.LEARNING)),
        (Verdict(DutyState.OPEN), None),
    ):
        assert not begins_grace(before, after)


# --- the diary ---------------------------------------------------------------------------------------------


def diary(demand: Demand, told: Facts, first: date, last: date) -> dict[date, Verdict | None]:
    """Return how an item stands day by day, written as a careful person would, who looks at each day's end."""
    pages: dict[date, Verdict | None] = {}
    last_able: date | None = None
    levels: dict[str, int] = {}
    clocks = {code: [] for code in told.levels}  # type: dict[str, list[tuple[date, int]]]
    for code, steps in told.levels.items():
        latest = date.min
        for day, level in steps:
            latest = max(latest, day)
            clocks[code].append((latest, level))
    day = first
    while day <= last:
        for code, steps_so_far in clocks.items():
            reached = [level for at, level in steps_so_far if at <= day]
            levels[code] = reached[-1] if reached else 0
        is_able = all(levels.get(code, 0) >= need for code, need in demand.needs.items()) and any(
            span.first <= day and (span.last is None or day <= span.last) for span in told.certificates
        )
        if is_able:
            last_able = day
        posts = {post for post, span in told.posts if span.first <= day and (span.last is None or day <= span.last)}
        mine = demand.post in posts or (demand.is_common and demand.post is not Post.GRID_LEADER and posts)
        if told.state is StaffState.ENDED or not mine:
            pages[day] = None
        elif told.state in {StaffState.SUSPENDED, StaffState.SECONDED}:
            pages[day] = Verdict(DutyState.PAUSED)
        elif told.state is not StaffState.ACTIVE:
            pages[day] = Verdict(DutyState.LEARNING)
        elif is_able:
            pages[day] = Verdict(DutyState.OPEN)
        elif last_able is not None and (day - last_able).days <= 60:
            pages[day] = Verdict(DutyState.GRACE, last_able + days(60))
        else:
            pages[day] = Verdict(DutyState.LEARNING)
        day += ONE
    return pages


def some_facts(chance: random.Random, first: date, length: int) -> Facts:
    def span() -> Span:
        begun = first + days(chance.randrange(length))
        return Span(begun, begun + days(chance.randrange(-2, length)) if chance.random() < 0.8 else None)

    steps = {
        code: tuple((first + days(chance.randrange(length)), chance.randrange(5)) for _ in range(chance.randrange(6)))
        for code in ("INS1", "INS2", "EMG1", "COR1")
    }
    if chance.random() < 0.8:  # mostly in the order of time, as they happen
        steps = {code: tuple(sorted(each, key=lambda step: step[0])) for code, each in steps.items()}
    return Facts(
        state=chance.choice([*[StaffState.ACTIVE] * 5, *StaffState]),
        posts=tuple((chance.choice(list(Post)), span()) for _ in range(chance.randrange(5))),
        levels=steps,
        certificates=tuple(span() for _ in range(chance.randrange(3))),
    )


@pytest.mark.parametrize("seed", range(300))
def test_the_rule_says_what_a_diary_says_and_names_the_days_on_which_it_changes(seed: int) -> None:
    chance, first, length = random.Random(seed), DAY, 200  # noqa: S311 - acts, no secrets
    told = some_facts(chance, first, length)
    demands = [PATROL, ALL, LEAD]
    last = first + days(length + 80)
    pages = {demand.key: diary(demand, told, first, last) for demand in demands}
    day = first
    while day <= last:
        found = verdicts(demands, told, day)
        assert found == {key: page[day] for key, page in pages.items() if page[day] is not None}
        day += ONE
    # Whoever looks only on the days that are announced sees every change that time alone makes.
    for demand in demands:
        day, seen = first, verdict(demand, told, first)
        facts_known_then = told
        while day < last:
            announced = next_day([demand], facts_known_then, day)
            day += ONE
            now = verdict(demand, told, day)
            happened = any(day in {at for at, _ in steps} for steps in told.levels.values()) or any(
                span.first == day for span in told.certificates
            )
            if now != seen and not happened:
                assert announced == day
            seen = now


def test_the_next_day_is_none_when_time_changes_nothing() -> None:
    told = Facts(state=StaffState.ACTIVE, posts=((Post.INSPECTION, Span(DAY - days(9))),))
    assert next_day([PATROL], told, DAY) is None
    assert next_day([PATROL], facts(), DAY) == DAY + days(701)
    assert next_day([PATROL], facts(), DAY + days(701)) == DAY + days(761)


# --- what has changed since it was read --------------------------------------------------------------------


def item(key: str, state: str = "learning", **changes: object) -> dict[str, object]:
    return {
        "key": key,
        "name": "公共设施损坏上报",
        "version": 1,
        "ways": ["escalate"],
        "limit": "24h",
        "steps": ["站在安全处", "报指挥中心"],
        "forbids": "不得自己修",
        "state": state,
        "grace_until": None,
        **changes,
    }


def told(*items: dict[str, object], prohibited: tuple[str, ...] = ("不得罚款",)) -> dict[str, object]:
    return {"items": list(items), "prohibited": list(prohibited), "emergency": "应当立即报告"}


def test_a_reader_is_told_what_came_went_opened_and_closed() -> None:
    old = told(item("D01"), item("D02", "open"), item("D03", "open"), item("D04"), item("D05", "paused"))
    new = told(
        item("D01", "open"),
        item("D02"),
        item("D03", "grace", grace_until="2027-01-20"),
        item("D05"),
        item("D06"),
    )
    assert changes_between(old, new) == Changes(
        added=("D06",), gone=("D04",), opened=("D01",), closing=("D03",), closed=("D02",), resumed=("D05",)
    )


def test_a_grace_that_ends_well_is_an_opening() -> None:
    grace = item("D03", "grace", grace_until="2027-01-20")
    assert changes_between(told(grace), told(item("D03", "open"))).opened == ("D03",)
    later = item("D03", "grace", grace_until="2027-02-20")
    assert changes_between(told(grace), told(later)).closing == ("D03",)
    assert changes_between(told(grace), told(item("D03"))).closed == ("D03",)


def test_a_reader_is_told_what_is_worded_otherwise() -> None:
    new = told(item("D05", version=2, limit="2h", steps=["报指挥中心"]), item("D06", version=2))
    assert changes_between(told(item("D05"), item("D06")), new).reworded == (
        Reworded("D05", ("limit", "steps")),
        Reworded("D06", ()),
    )
    assert changes_between(told(item("D05")), told(item("D05"), prohibited=("不得罚款", "不得收礼"))).general


def test_equal_lists_have_equal_digests_and_nothing_between_them() -> None:
    one, same = told(item("D05")), told(item("D05"))
    assert digest_of(one) == digest_of(same)
    assert changes_between(one, same) == Changes()
    assert digest_of(told(item("D05", "open"))) != digest_of(one)


# --- the next step -----------------------------------------------------------------------------------------


def course(key: str, *, finished: tuple[str, ...] = (), is_passed: bool = False) -> Trained:
    return Trained(
        key=key, lessons=[(f"{key}-l01", False), (f"{key}-l02", True)], finished=finished, is_passed=is_passed
    )


@pytest.mark.parametrize(
    ("courses", "expected"),
    [
        ([], Next(NextKind.PLANNED)),
        ([course("c01")], Next(NextKind.LESSON, "c01", "c01-l02")),
        ([course("c01", finished=("c01-l02",))], Next(NextKind.LESSON, "c01", "c01-l01")),
        ([course("c01", finished=("c01-l01", "c01-l02"))], Next(NextKind.QUIZ, "c01")),
        ([course("c01", is_passed=True), course("c04")], Next(NextKind.LESSON, "c04", "c04-l02")),
        ([course("c01", is_passed=True)], Next(NextKind.PRACTICE)),
    ],
)
def test_the_next_step(courses: list[Trained], expected: Next) -> None:
    assert next_for(courses) == expected


def test_the_posts_ask_for_the_highest_level_of_any_of_their_items() -> None:
    more = Demand(key="D06", post=Post.INSPECTION, is_common=False, needs={"INS1": 1, "INS2": 3})
    demands = [PATROL, ALL, LEAD, more]
    assert needed(demands, {Post.INSPECTION}) == {"INS1": 2, "INS2": 3, "EMG1": 1}
    assert needed(demands, {Post.INFORMATION}) == {"EMG1": 1}
    assert needed(demands, {Post.GRID_LEADER}) == {"EMG1": 1, "COR1": 1}
    assert needed(demands, set()) == {}
