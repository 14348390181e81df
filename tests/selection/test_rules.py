"""States, recusal, working days, the list. No database."""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.people.rules import StaffState
from lms.selection import rules
from lms.selection.queries import printed_years
from lms.selection.rules import (
    CASE_TRANSITIONS,
    DEFAULT_WEIGHTS,
    ROUND_TRANSITIONS,
    BadTable,
    Body,
    CaseAct,
    CaseAction,
    CaseState,
    Component,
    DayKind,
    Involved,
    Lock,
    Part,
    Relative,
    RoundAct,
    RoundAction,
    RoundState,
    Rule,
    RuleFault,
    Skip,
    TableFault,
    Year,
    YearMissing,
    barred_by,
    chosen,
    counted_days,
    decision_lock,
    list_text,
    listed,
    opinions_say,
    parse_days,
    parse_points,
    parts_of,
    rule_fault,
)

# --- states -----------------------------------------------------------------------------------------------


def reached(start: RoundState | CaseState, table: Iterable[tuple[object, object]]) -> set[object]:
    found: set[object] = {start}
    while True:
        more = {after for before, after in table if before in found} - found
        if not more:
            return found
        found |= more


def test_every_state_is_reached_and_filed_only_after_approval() -> None:
    rounds = [(before, after) for (before, _), after in ROUND_TRANSITIONS.items()]
    cases = [(before, after) for (before, _), after in CASE_TRANSITIONS.items()]
    assert reached(RoundState.DRAFT, rounds) == set(RoundState)
    assert reached(CaseState.SUBMITTED, cases) == set(CaseState)
    for needed in (CaseState.COMPLETE, CaseState.EXAMINED, CaseState.RANKED, CaseState.PROPOSED, CaseState.APPROVED):
        without = [(before, after) for before, after in cases if needed not in (before, after)]
        assert CaseState.FILED not in reached(CaseState.SUBMITTED, without)
    for state in (RoundState.CLOSED, RoundState.RANKED, RoundState.POSTED):
        without_state = [(before, after) for before, after in rounds if state not in (before, after)]
        assert RoundState.DECIDED not in reached(RoundState.DRAFT, without_state)


@pytest.mark.parametrize("state", [CaseState.REFUSED, CaseState.FILED, CaseState.NOT_PLACED])
def test_nobody_withdraws_once_it_is_over(state: CaseState) -> None:
    assert rules.next_case_state(state, CaseAction.WITHDRAW) is None
    assert rules.next_round_state(RoundState.DECIDED, RoundAction.CANCEL) is None


def test_who_is_approved_may_still_withdraw_and_no_round_is_cancelled_over_them() -> None:
    assert rules.next_case_state(CaseState.APPROVED, CaseAction.WITHDRAW) is CaseState.WITHDRAWN
    assert rules.next_case_state(CaseState.APPROVED, CaseAction.CANCEL) is None


def test_one_opinion_alone_opens_nothing() -> None:
    assert opinions_say({}) is None
    for body in Body:
        assert opinions_say({body: True}) is None
        assert opinions_say({body: False}) is None
    assert opinions_say(dict.fromkeys(Body, True)) is CaseAction.ENDORSE
    assert opinions_say({Body.PARTY_COMMITTEE: True, Body.RESIDENTS_COMMITTEE: False}) is CaseAction.TURN_AWAY


# --- steps that come too early or too late ----------------------------------------------------------------

ROUND_TABLE = {
    # draft, open, closed, ranked, posted, decided, filed, cancelled
    "places": "- places_fixed places_fixed places_fixed places_fixed places_fixed places_fixed round_cancelled",
    "rule": "- - rule_fixed rule_fixed rule_fixed rule_fixed rule_fixed round_cancelled",
    "open": "- opened closed closed closed closed closed round_cancelled",
    "apply": "not_opened - apply_over apply_over apply_over apply_over apply_over round_cancelled",
    "close": "not_opened - closed closed closed closed closed round_cancelled",
    "list": "not_opened not_closed - listed listed listed listed round_cancelled",
    "post": "no_list no_list no_list - posted round_decided round_decided round_cancelled",
    "extend": "no_list no_list no_list not_posted - round_decided round_decided round_cancelled",
    "edit": "no_list no_list no_list not_posted - round_decided round_decided round_cancelled",
    "object": "no_list no_list no_list not_posted - round_decided round_decided round_cancelled",
    "finish": "no_list no_list no_list not_posted - finished finished round_cancelled",
    "cancel": "- - - - - stays_decided stays_filed round_cancelled",
}
CASE_TABLE = {
    # check, examine, approve, refuse, file, withdraw
    "submitted": "- not_checked not_on_notice not_on_notice not_approved -",
    "incomplete": "- papers_missing not_on_notice not_on_notice not_approved -",
    "complete": "checked - not_on_notice not_on_notice not_approved -",
    "examined": "check_late examined not_on_notice not_on_notice not_approved -",
    "not_endorsed": "check_late examined not_endorsed not_endorsed not_endorsed not_endorsed",
    "not_ready": "not_on_list not_on_list not_on_list not_on_list not_on_list not_on_list",
    "ranked": "check_late examined not_on_notice not_on_notice not_approved -",
    "proposed": "check_late examined - - not_approved -",
    "approved": "check_late examined decided decided - -",
    "refused": "check_late examined decided decided refused refused",
    "filed": "check_late examined decided decided filed filed",
    "withdrawn": "withdrawn withdrawn withdrawn withdrawn withdrawn withdrawn",
    "not_placed": "check_late examined not_placed not_placed not_placed not_placed",
    "cancelled": "round_cancelled round_cancelled round_cancelled round_cancelled round_cancelled round_cancelled",
}


def test_every_act_in_every_state_of_a_round_goes_on_or_says_what_is_missing() -> None:
    found = {act.value: " ".join(rules.skipped_in_round(act, state) or "-" for state in RoundState) for act in RoundAct}
    assert found == ROUND_TABLE


def test_every_act_in_every_state_of_a_case_goes_on_or_says_what_is_missing() -> None:
    found = {state.value: " ".join(rules.skipped_in_case(act, state) or "-" for act in CaseAct) for state in CaseState}
    assert found == CASE_TABLE


def test_what_refuses_a_step_agrees_with_the_tables_of_states() -> None:
    steps = {
        RoundAct.OPEN: RoundAction.OPEN,
        RoundAct.CLOSE: RoundAction.CLOSE,
        RoundAct.LIST: RoundAction.RANK,
        RoundAct.POST: RoundAction.POST,
        RoundAct.FINISH: RoundAction.DECIDE,
        RoundAct.CANCEL: RoundAction.CANCEL,
    }
    for act, action in steps.items():
        for state in RoundState:
            assert (rules.skipped_in_round(act, state) is None) == ((state, action) in ROUND_TRANSITIONS), (act, state)
    moves = {
        CaseAct.CHECK: CaseAction.FIND_COMPLETE,
        CaseAct.EXAMINE: CaseAction.ENDORSE,
        CaseAct.APPROVE: CaseAction.APPROVE,
        CaseAct.REFUSE: CaseAction.REFUSE,
        CaseAct.FILE: CaseAction.FILE,
        CaseAct.WITHDRAW: CaseAction.WITHDRAW,
    }
    for doing, move in moves.items():
        for at in CaseState:
            assert (rules.skipped_in_case(doing, at) is None) == ((at, move) in CASE_TRANSITIONS), (doing, at)


def test_every_reason_is_given_somewhere() -> None:
    given = {word for row in (*ROUND_TABLE.values(), *CASE_TABLE.values()) for word in row.split()}
    assert given - {"-"} == {each.value for each in Skip}


# --- recusal ----------------------------------------------------------------------------------------------

CASE = Involved(
    applicant=1,
    relatives=(Relative("王 芳", 2), Relative("乌云•其其格")),
    mentors=frozenset({3}),
    markers=frozenset({4}),
    entered_by=5,
    checked_by=frozenset({6}),
    examined_by=frozenset({7, 8}),
    proposed_by=frozenset({9}),
    answered_by=frozenset({10}),
)


@pytest.mark.parametrize(
    ("actor", "part"),
    [
        (1, Part.SELF),
        (2, Part.RELATIVE),
        (3, Part.MENTOR),
        (4, Part.MARKER),
        (5, Part.ENTERED),
        (6, Part.CHECKED),
        (7, Part.EXAMINED),
        (8, Part.EXAMINED),
        (9, Part.PROPOSED),
        (10, Part.ANSWERED),
        (11, None),
    ],
)
def test_every_part_bars_from_approving(actor: int, part: Part | None) -> None:
    assert barred_by("approve", actor, "张三", CASE) is part
    examines = part in {Part.SELF, Part.RELATIVE, Part.MENTOR, Part.MARKER}
    assert (barred_by("examine", actor, "张三", CASE) is not None) == examines
    kin = part in {Part.SELF, Part.RELATIVE}
    assert (barred_by("file", actor, "张三", CASE) is not None) == kin


def test_a_relative_who_is_no_matched_person_bars_all_of_the_name() -> None:
    assert parts_of(77, "乌云·其其格", CASE) == [Part.RELATIVE]
    assert parts_of(78, "王芳", CASE) == []  # the matched one is another person
    assert parts_of(None, "乌云·其其格", CASE) == []


# --- working days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("posted_on", "ends_on"),
    [
        (date(2026, 9, 28), date(2026, 10, 10)),  # National Day, with a Saturday that is worked
        (date(2026, 2, 12), date(2026, 2, 26)),  # Spring Festival
        (date(2026, 11, 24), date(2026, 12, 1)),
        (date(2026, 11, 27), date(2026, 12, 4)),  # a Friday
    ],
)
def test_five_working_days_end_on(posted_on: date, ends_on: date) -> None:
    days = counted_days(posted_on, 5, printed_years())
    assert days[-1].on == ends_on
    assert days[0].on == posted_on + timedelta(days=1)  # the day of posting does not count
    assert [day.number for day in days if day.number] == [1, 2, 3, 4, 5]


def test_holidays_are_named() -> None:
    days = {day.on: day for day in counted_days(date(2026, 9, 28), 5, printed_years())}
    assert days[date(2026, 10, 1)].kind is DayKind.HOLIDAY
    assert days[date(2026, 10, 1)].name == "National Day"
    assert days[date(2026, 10, 10)].kind is DayKind.MADE_UP


def test_no_count_in_a_year_without_a_table() -> None:
    with pytest.raises(YearMissing) as error:
        counted_days(date(2026, 12, 28), 5, printed_years())
    assert error.value.year == 2027
    own = {**printed_years(), 2027: Year({date(2027, 1, 1): "元旦"})}
    assert counted_days(date(2026, 12, 28), 5, own)[-1].on == date(2027, 1, 5)
    with pytest.raises(ValueError, match="one working day"):
        counted_days(date(2026, 12, 1), 0, own)


@given(st.dates(date(2026, 1, 1), date(2026, 10, 1)), st.integers(1, 20))
def test_more_days_never_end_earlier(posted_on: date, days: int) -> None:
    calendar = printed_years()
    last = counted_days(posted_on, days, calendar)[-1].on
    assert counted_days(posted_on, days + 1, calendar)[-1].on > last
    assert counted_days(posted_on + timedelta(days=1), days, calendar)[-1].on >= last
    assert (last - posted_on).days >= days


def test_a_table_is_read_by_lines() -> None:
    assert parse_days("2027-10-01..2027-10-03 国庆节\n\n2027-01-01 元旦", 2027) == {
        date(2027, 10, 1): "国庆节",
        date(2027, 10, 2): "国庆节",
        date(2027, 10, 3): "国庆节",
        date(2027, 1, 1): "元旦",
    }
    assert parse_days("2027-10-01至2027-10-02　国庆节", 2027, worked=False)[date(2027, 10, 2)] == "国庆节"


@pytest.mark.parametrize(
    ("text", "worked", "fault", "line"),
    [
        ("2027-01-01", False, TableFault.SHAPE, 1),
        ("元旦", False, TableFault.SHAPE, 1),
        ("2027-02-30 x", False, TableFault.SHAPE, 1),
        ("2027-03-02..2027-03-01 x", False, TableFault.SHAPE, 1),
        ("2027-01-01 a\n2028-01-01 b", False, TableFault.OTHER_YEAR, 2),
        ("2027-01-01 a\n2027-01-01 b", False, TableFault.TWICE, 2),
        ("2027-01-04 a", True, TableFault.NO_WEEKEND, 1),
    ],
)
def test_a_bad_line_is_named(text: str, worked: bool, fault: TableFault, line: int) -> None:
    with pytest.raises(BadTable) as error:
        parse_days(text, 2027, worked=worked)
    assert (error.value.fault, error.value.line) == (fault, line)


# --- deciding ---------------------------------------------------------------------------------------------

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("state", "ends_on", "open_", "upheld", "refusing", "lock"),
    [
        (CaseState.RANKED, DAY, 0, 0, False, Lock.NOT_PROPOSED),
        (CaseState.PROPOSED, None, 0, 0, False, Lock.NOT_PROPOSED),
        (CaseState.PROPOSED, DAY, 0, 0, False, Lock.NOTICE_RUNS),  # the last day is still a day of the notice
        (CaseState.PROPOSED, DAY - timedelta(days=1), 0, 0, False, None),
        (CaseState.PROPOSED, DAY - timedelta(days=1), 1, 0, False, Lock.OBJECTION_OPEN),
        (CaseState.PROPOSED, DAY - timedelta(days=1), 0, 1, False, Lock.OBJECTION_UPHELD),
        (CaseState.PROPOSED, DAY, 0, 1, True, None),
        (CaseState.PROPOSED, DAY, 1, 0, True, Lock.OBJECTION_OPEN),
        (CaseState.APPROVED, DAY, 0, 0, True, Lock.NOT_PROPOSED),
    ],
)
def test_what_locks_a_decision(
    state: CaseState, ends_on: date | None, open_: int, upheld: int, refusing: bool, lock: Lock | None
) -> None:
    found = decision_lock(
        state,
        person=StaffState.TRAINEE,
        ends_on=ends_on,
        today=DAY,
        open_objections=open_,
        upheld=upheld,
        refusing=refusing,
    )
    assert found is lock


@pytest.mark.parametrize("person", [each for each in StaffState if each is not StaffState.TRAINEE])
def test_who_could_not_be_filed_is_not_approved_and_may_be_refused(person: StaffState) -> None:
    over = DAY - timedelta(days=1)
    found = [
        decision_lock(
            CaseState.PROPOSED,
            person=person,
            ends_on=over,
            today=DAY,
            open_objections=0,
            upheld=0,
            refusing=refusing,
        )
        for refusing in (False, True)
    ]
    assert found == [Lock.NOT_TRAINEE, None]


# --- the list ---------------------------------------------------------------------------------------------

RULE = Rule(1, DEFAULT_WEIGHTS, ("ETH1", "LAW1"), ("c01", "c04"))


def applicant(
    name: str, scores: tuple[str | None, ...], shares: tuple[str | None, ...], **more: str
) -> dict[str, object]:
    return {
        "application": more.pop("application", f"id-{name}"),
        "person": name,
        "name": name,
        "birth_month": "1974-05",
        "education": "大专",
        "place": "p1",
        "submitted_at": "2026-11-20T02:00:00+00:00",
        "certificate": "1",
        "competencies": [
            {"code": code, "score": score, "level": 1, "evidence": []}
            for code, score in zip(("ETH1", "LAW1"), scores, strict=True)
        ],
        "quizzes": [
            {"course": key, "attempt": "a", "points": "1", "possible": "1", "share": share}
            for key, share in zip(("c01", "c04"), shares, strict=True)
        ],
        **more,
    }


def snapshot(*applicants: dict[str, object], rule: Rule = RULE, number: int = 1) -> dict[str, object]:
    return {
        "format": 1,
        "round": "r",
        "title": "t",
        "made_on": "2026-11-24",
        "rule": rule.as_json,
        "places": [{"place": "p1", "grid": "g", "post": "inspection", "employment": "full_time", "number": number}],
        "applicants": list(applicants),
    }


def test_totals_follow_from_weights_and_a_missing_score_counts_nothing() -> None:
    lines = listed(snapshot(applicant("A", ("80", None), ("91", "90.5")), applicant("B", ("90", "90"), ("60", "60"))))
    assert [(line.name, line.total) for line in lines] == [("B", Decimal("75.00")), ("A", Decimal("65.38"))]
    assert lines[1].values[Component.COMPETENCY] == Decimal("40.00")
    assert lines[1].values[Component.QUIZ] == Decimal("90.75")
    assert [line.proposed for line in lines] == [True, False]


def test_ties_go_by_the_published_rule() -> None:
    higher_competency = applicant("A", ("90", "90"), ("80", "80"), submitted_at="2026-11-22T02:00:00+00:00")
    lower_competency = applicant("B", ("80", "80"), ("90", "90"))
    later = applicant("C", ("80", "80"), ("90", "90"), submitted_at="2026-11-21T02:00:00+00:00")
    same = applicant("D", ("80", "80"), ("90", "90"), submitted_at="2026-11-21T02:00:00+00:00", application="id-B2")
    for order in (
        (same, later, lower_competency, higher_competency),
        (higher_competency, lower_competency, later, same),
    ):
        assert [line.name for line in listed(snapshot(*order))] == ["A", "B", "D", "C"]


def test_age_and_education_weigh_only_when_the_rule_says_so() -> None:
    young = applicant("A", ("80", "80"), ("80", "80"), birth_month="1996-01", education="本科")
    old = applicant("B", ("80", "80"), ("80", "80"), birth_month="1966-12", education="高中")
    unknown = applicant("C", ("80", "80"), ("80", "80"), birth_month="", education="")
    assert {line.total for line in listed(snapshot(young, old, unknown))} == {Decimal("80.00")}
    weights = {
        **DEFAULT_WEIGHTS,
        Component.COMPETENCY: Decimal(30),
        Component.AGE: Decimal(10),
        Component.EDUCATION: Decimal(10),
    }
    rule = Rule(2, weights, RULE.competencies, RULE.courses, ((45, 60), (60, 100)), {"高中": 80, "本科": 100})
    totals = {line.name: line.total for line in listed(snapshot(young, old, unknown, rule=rule))}
    assert totals == {"A": Decimal("80.00"), "B": Decimal("82.00"), "C": Decimal("64.00")}
    older = applicant("D", ("80", "80"), ("80", "80"), birth_month="1940-01")
    assert listed(snapshot(older, rule=rule))[0].values[Component.AGE] == Decimal(100)  # the last band


@given(st.permutations(range(6)))
def test_the_list_does_not_depend_on_the_order_of_its_inputs(order: list[int]) -> None:
    people = [applicant(f"P{at}", (str(50 + at % 3), "70"), ("80", "80")) for at in range(6)]
    first = list_text(snapshot(*people, number=2))
    assert list_text(snapshot(*(people[at] for at in order), number=2)) == first
    assert list_text(json.loads(json.dumps(snapshot(*people, number=2)))) == first


def test_who_is_gone_is_passed_over() -> None:
    lines = listed(snapshot(*(applicant(f"P{at}", (str(90 - at), "70"), ("80", "80")) for at in range(4)), number=2))
    assert [line.name for line in chosen(lines, {"p1": 2}, ())] == ["P0", "P1"]
    assert [line.name for line in chosen(lines, {"p1": 2}, {"id-P0"})] == ["P1", "P2"]
    assert [line.name for line in chosen(lines, {"p1": 1}, {"id-P0", "id-P1"})] == ["P2"]
    assert chosen(lines, {"p1": 0}, ()) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({Component.AGE: Decimal(10)}, RuleFault.SUM),
        ({Component.AGE: Decimal(-10), Component.QUIZ: Decimal(60)}, RuleFault.NEGATIVE),
        ({Component.AGE: Decimal(10), Component.QUIZ: Decimal(40)}, RuleFault.AGE_BANDS),
        ({Component.EDUCATION: Decimal(10), Component.QUIZ: Decimal(40)}, RuleFault.EDUCATION_POINTS),
        ({}, None),
    ],
)
def test_a_rule_that_cannot_be_used(changes: dict[Component, Decimal], fault: RuleFault | None) -> None:
    assert rule_fault(Rule(1, {**DEFAULT_WEIGHTS, **changes}, (), ())) is fault
    assert rule_fault(Rule(1, DEFAULT_WEIGHTS, (), (), ((45, 101),))) is RuleFault.POINTS


def test_a_rule_comes_back_as_it_was() -> None:
    rule = Rule(3, DEFAULT_WEIGHTS, ("ETH1",), ("c01",), ((45, 100),), {"大专": 90})
    assert Rule.from_json(json.loads(json.dumps(rule.as_json))) == rule


def test_lines_of_points() -> None:
    assert parse_points("45: 100\n\n55：90") == [("45", 100), ("55", 90)]
    assert parse_points("") == []
    for bad in ("45", ": 3", "45: x"):
        assert parse_points(bad) is None
