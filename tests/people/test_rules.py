"""Names, numbers, passwords, states, roles: every branch, value in, value out."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest

from lms import registry
from lms.access.identity import GRANTABLE, Role
from lms.people import rules
from lms.people.rules import (
    GRANT_TRANSITIONS,
    PERSON_TRANSITIONS,
    GrantAction,
    GrantState,
    PasswordFault,
    PersonAction,
    StaffState,
    UnitKind,
)

# --- states ------------------------------------------------------------------------------------------------

WAYS = {
    "candidate": {"admit": "trainee", "end": "ended"},
    "trainee": {"file": "active", "end": "ended"},
    "active": {"suspend": "suspended", "second": "seconded", "end": "ended"},
    "suspended": {"reinstate": "active", "end": "ended"},
    "seconded": {"return": "active", "end": "ended"},
    "ended": {"come_back": "candidate"},
}
"""What the office said may be done from each state (decisions, “People and roles”)."""


@pytest.mark.parametrize(("state", "action"), list(itertools.product(StaffState, PersonAction)))
def test_a_person_moves_only_along_the_known_ways(state: StaffState, action: PersonAction) -> None:
    expected = WAYS[state.value].get(action.value)
    after = rules.next_state(state, action)
    assert (after.value if after else None) == expected


def test_only_filing_makes_a_trainee_active() -> None:
    ways = {(state, action) for (state, action), after in PERSON_TRANSITIONS.items() if after is StaffState.ACTIVE}
    assert (StaffState.TRAINEE, PersonAction.FILE) in ways
    assert {state for state, _ in ways} == {StaffState.TRAINEE, StaffState.SUSPENDED, StaffState.SECONDED}


def test_a_role_is_proposed_then_confirmed_or_refused_and_ends_for_good() -> None:
    assert dict(GRANT_TRANSITIONS) == {
        (GrantState.PROPOSED, GrantAction.CONFIRM): GrantState.IN_FORCE,
        (GrantState.PROPOSED, GrantAction.REFUSE): GrantState.REFUSED,
        (GrantState.IN_FORCE, GrantAction.END): GrantState.ENDED,
    }


def test_units_stand_in_four_levels() -> None:
    chain = [UnitKind.GRID]
    while (above := rules.PARENT_KIND[chain[-1]]) is not None:
        chain.append(above)
    assert chain == [UnitKind.GRID, UnitKind.COMMUNITY, UnitKind.SUBDISTRICT, UnitKind.DISTRICT]
    assert set(rules.PARENT_KIND) == set(UnitKind)


@pytest.mark.parametrize(
    ("parent", "number", "expected"), [(None, 1, "/1/"), ("/1/", 5, "/1/5/"), ("/1/5/", 50, "/1/5/50/")]
)
def test_a_unit_path_ends_with_a_slash(parent: str | None, number: int, expected: str) -> None:
    assert rules.unit_path(parent, number) == expected


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "counts"),
    [
        (date(2026, 11, 24), None, True),
        (date(2026, 11, 25), None, False),
        (date(2026, 1, 1), date(2026, 11, 24), True),
        (date(2026, 1, 1), date(2026, 11, 23), False),
    ],
)
def test_the_first_and_the_last_day_count(starts_on: date, ends_on: date | None, counts: bool) -> None:
    assert rules.in_force_on(starts_on, ends_on, date(2026, 11, 24)) is counts


# --- roles -------------------------------------------------------------------------------------------------

SMALL = {Role.MENTOR, Role.TRAINER, Role.GRID_LEADER}
TRUSTED = {Role.OFFICIAL, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN}


@pytest.mark.parametrize(("granting", "role"), list(itertools.product(Role, Role)))
def test_nobody_grants_beyond_their_trust(granting: Role, role: Role) -> None:
    expected = {
        Role.OFFICIAL: SMALL,
        Role.SYSTEM_ADMIN: TRUSTED,
        Role.CONSOLE: SMALL | TRUSTED,
    }.get(granting, set())
    assert rules.may_grant(granting, role) is (role in expected)


def test_what_can_be_granted_is_what_somebody_may_grant() -> None:
    assert {role for role in Role if rules.may_grant(Role.CONSOLE, role)} == set(GRANTABLE)


@pytest.mark.parametrize(
    ("held", "role", "expected"),
    [
        ({Role.SYSTEM_ADMIN}, Role.AUDIT_ADMIN, Role.SYSTEM_ADMIN),
        ({Role.AUDIT_ADMIN, Role.MENTOR}, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN),
        ({Role.SYSTEM_ADMIN}, Role.SYSTEM_ADMIN, None),
        ({Role.SYSTEM_ADMIN}, Role.OFFICIAL, None),
        ({Role.OFFICIAL}, Role.AUDIT_ADMIN, None),
        (set(), Role.AUDIT_ADMIN, None),
    ],
)
def test_the_two_administrators_are_two_persons(held: set[Role], role: Role, expected: Role | None) -> None:
    assert rules.clashing_role(frozenset(held), role) is expected


@pytest.mark.parametrize(
    ("resetting", "not_of"),
    [
        (Role.CONSOLE, set()),
        (Role.SYSTEM_ADMIN, {Role.AUDIT_ADMIN}),
        (Role.OFFICIAL, {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN}),
        (Role.GRID_LEADER, {Role.OFFICIAL, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN}),
        (Role.MENTOR, set(Role)),
        (Role.TRAINER, set(Role)),
        (Role.AUDIT_ADMIN, set(Role)),
        (Role.PERSON, set(Role)),
        (Role.SYSTEM, set(Role)),
    ],
)
def test_a_password_is_reset_by_the_own_leader_or_office(resetting: Role, not_of: set[Role]) -> None:
    for held in Role:
        assert rules.may_reset(resetting, frozenset({held, Role.MENTOR} - ({Role.MENTOR} & not_of))) is (
            held not in not_of
        )
    assert rules.may_reset(resetting, frozenset()) is (not_of != set(Role))


# --- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dot", ["·", "•", "‧", "∙", "⋅", "･", "・", "．", ".", "\u0387", " · ", " . ", "　・　"])
def test_every_middle_dot_is_stored_alike(dot: str) -> None:
    assert rules.clean_name(f"乌云{dot}其其格") == "乌云·其其格"
    assert rules.name_key(f"乌云{dot}其其格") == rules.name_key("乌云其其格") == "乌云其其格"


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("李秀兰", "李秀兰"),
        ("  李秀兰\n", "李秀兰"),
        ("张 三", "张三"),
        ("张　　三", "张三"),
        ("欧阳 海 燕", "欧阳海燕"),
        ("𠮷 田", "𠮷田"),
        ("唐㛃", "唐㛃"),
        ("Ａｎｎａ　Ｌｅｅ", "Anna Lee"),
        ("Anna  Lee", "Anna Lee"),
        ("Anna\tLee", "Anna Lee"),
        ("J. R. Smith", "J. R. Smith"),
        ("José Álvarez", "José Álvarez"),
        ("Jose\u0301 Álvarez", "José Álvarez"),
        ("\ufeff李秀兰\u200b", "李秀兰"),
        ("李\u202e秀兰", "李秀兰"),
        ("李\x00秀兰", "李秀兰"),
        ("", ""),
        ("\u3000", ""),
        ("\u200b", ""),
    ],
)
def test_a_name_is_stored_one_way(raw: str, stored: str) -> None:
    assert rules.clean_name(raw) == stored
    assert rules.clean_name(stored) == stored  # cleaning twice changes nothing


@pytest.mark.parametrize(
    ("name", "key"),
    [("Anna Lee", "annalee"), ("J. R. Smith", "jrsmith"), ("乌云·", "乌云"), ("张 三", "张三"), ("ＡＮＮＡ", "anna")],
)
def test_a_name_is_found_however_it_is_written(name: str, key: str) -> None:
    assert rules.name_key(name) == key


@pytest.mark.parametrize(("text", "found"), [("赵\ue000", True), ("\U000f0000", True), ("赵㛃", False), ("", False)])
def test_characters_of_old_systems_are_noticed(text: str, found: bool) -> None:
    assert rules.has_private_use(text) is found


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("cg0231", "CG0231"),
        ("ＣＧ０２３１", "CG0231"),
        (" cg-02 31\t", "CG0231"),
        ("cg\x000231", "CG0231"),
        ("CG０２３１　", "CG0231"),
        ("", ""),
    ],
)
def test_a_staff_number_is_stored_one_way(raw: str, stored: str) -> None:
    assert rules.clean_staff_number(raw) == stored


@pytest.mark.parametrize(
    ("number", "fits"),
    [("CG0", True), ("A" * 20, True), ("CG", False), ("A" * 21, False), ("CG_1", False), ("工号1", False)],
)
def test_the_shape_of_a_staff_number(number: str, fits: bool) -> None:
    assert bool(rules.STAFF_NUMBER.fullmatch(number)) is fits


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("13800001234", "13800001234"),
        ("１３８　００００　１２３４", "13800001234"),
        ("138-0000-1234", "13800001234"),
        ("+86 138 0000 1234", "13800001234"),
        ("86 13800001234", "13800001234"),
        ("＋86-13800001234", "13800001234"),
        ("0472-1234567", "04721234567"),
        ("+852 2123 4567", "+85221234567"),
        ("8612345", "8612345"),
        ("", ""),
    ],
)
def test_a_phone_number_is_stored_one_way(raw: str, stored: str) -> None:
    assert rules.clean_phone(raw) == stored


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800001234", "138****1234"),
        ("04721234567", "047****4567"),
        ("+85221234567", "+85*****4567"),
        ("5551234", "*******"),
        ("55551234", "********"),
        ("12", "**"),
        ("", ""),
    ],
)
def test_a_masked_phone_number_hides_four_digits_at_least(phone: str, shown: str) -> None:
    assert rules.masked_phone(phone) == shown
    assert len(shown) == len(phone)
    assert shown.count("*") >= min(4, len(phone))


def test_full_width_is_made_half_width_and_nothing_else() -> None:
    assert rules.half_width("（１）ＡＢｃ　～") == "(1)ABc ~"
    assert rules.half_width("，。、·") == ",。、·"


# --- passwords ---------------------------------------------------------------------------------------------

OWN = ("CG00N1", "李秀兰", "13800001234")


@pytest.mark.parametrize(
    ("password", "shortest", "fault"),
    [
        ("seven77", 8, PasswordFault.SHORT),
        ("四个词连着写茶", 8, PasswordFault.SHORT),
        ("four of words", 8, None),
        ("eleven char", 12, PasswordFault.SHORT),
        ("twelve chars", 12, None),
        ("四个词连着写 茶壶", 8, None),
        ("x" * 129, 8, PasswordFault.LONG),
        ("ab" * 64, 8, PasswordFault.REPEATED),
        ("abc" * 42, 8, None),
        ("aaaaAAAA", 8, PasswordFault.REPEATED),
        ("88888888", 8, PasswordFault.REPEATED),
        ("Password1", 8, PasswordFault.COMMON),
        ("!12345678!", 8, PasswordFault.COMMON),
        ("#wangge123.", 8, PasswordFault.COMMON),
        ("my CG00N1 is", 8, PasswordFault.PERSONAL),
        ("cg00n1cg00n1", 8, PasswordFault.PERSONAL),
        ("13800001234", 8, PasswordFault.PERSONAL),
        ("38000012", 8, PasswordFault.PERSONAL),
        ("我是李秀兰没错吧", 8, PasswordFault.PERSONAL),
        ("我叫李秀不叫别的", 8, None),
    ],
)
def test_why_a_password_is_refused(password: str, shortest: int, fault: PasswordFault | None) -> None:
    assert rules.password_fault(password, rules.PasswordRule(shortest), OWN) is fault


def test_what_is_not_known_of_a_person_refuses_nothing() -> None:
    assert rules.password_fault("four of words", rules.PasswordRule(8), ("", "", "")) is None
    assert rules.password_fault("leekettleboat", rules.PasswordRule(8), ("LEE",)) is None  # hardly more than a syllable


def test_the_longest_password_is_accepted() -> None:
    assert rules.password_fault("kettle boat " * 10 + "eight888", rules.PasswordRule(12), OWN) is None


@pytest.mark.parametrize("role", Role)
def test_officials_and_administrators_need_twelve_characters(role: Role) -> None:
    assert rules.password_rule(frozenset({Role.MENTOR, role})).shortest == (12 if role in TRUSTED else 8)
    assert rules.password_rule(frozenset()).shortest == 8


@pytest.mark.parametrize("fault", PasswordFault)
def test_every_fault_has_words(fault: PasswordFault) -> None:
    assert any(f"people.password.{fault.value}" in part for part in registry.MESSAGES)


def test_a_stranger_elsewhere_cannot_lock_a_colleague_out() -> None:
    throttles = rules.SIGN_IN_THROTTLES
    assert list(throttles) == ["account+address", "account", "address", "all"]
    assert throttles["account+address"].tries < throttles["account"].tries < throttles["all"].tries
    assert all(rule.window <= timedelta(hours=1) for rule in throttles.values())


# --- rosters -----------------------------------------------------------------------------------------------


def known(
    person_id: int = 0, number: str = "", *, month: str = "", phone: str = "", key: str = "李秀兰"
) -> rules.Known:
    return rules.Known(person_id, number, key, month, phone)


@pytest.mark.parametrize(
    ("row", "by_number", "namesakes", "expected"),
    [
        # The staff number decides when there is one.
        (known(number="A1"), known(7, "A1"), (), rules.Match(7)),
        (known(number="A1"), known(7, "A1", key="王芳"), (), rules.Match(7, is_namesake=True)),
        (known(number="A1", phone="138"), None, (known(8, "A2", phone="138"),), rules.Match(None)),
        # Without: the phone, then the month of birth.
        (known(phone="138"), None, (known(8, "A2", phone="139"), known(9, "A3", phone="138")), rules.Match(9)),
        (known(month="1974-05"), None, (known(8, "A2", month="1974-05"),), rules.Match(8)),
        # Two of the same name and month: someone must look.
        (
            known(month="1974-05"),
            None,
            (known(8, "A2", month="1974-05"), known(9, "A3", month="1974-05")),
            rules.Match(8, is_namesake=True),
        ),
        # The same month and two phones: a new phone or another person. Someone must look.
        (
            known(month="1974-05", phone="138"),
            None,
            (known(8, "A2", month="1974-05", phone="139"),),
            rules.Match(8, is_namesake=True),
        ),
        (known(month="1974-05", phone="138"), None, (known(8, "A2", month="1974-05"),), rules.Match(8)),
        # Nothing to compare: someone must look. Everything different: another person.
        (known(), None, (known(8, "A2", month="1974-05"),), rules.Match(8, is_namesake=True)),
        (known(month="1980-01", phone="138"), None, (known(8, "A2", month="1974-05", phone="139"),), rules.Match(None)),
        (known(phone="138"), None, (), rules.Match(None)),
    ],
)
def test_who_a_roster_row_is(
    row: rules.Known, by_number: rules.Known | None, namesakes: tuple[rules.Known, ...], expected: rules.Match
) -> None:
    assert rules.match_person(row, by_number, namesakes) == expected


@pytest.mark.parametrize(
    ("highest", "taken", "number"),
    [
        ("CG0241", set(), "CG0242"),
        ("CG0241", {"CG0242", "CG0243"}, "CG0244"),
        ("CG9999", set(), "CG10000"),
        ("007", set(), "008"),
        ("", set(), "WG0001"),
        ("CG-1", {"WG0001"}, "WG0002"),
    ],
)
def test_the_next_staff_number_keeps_the_office_s_pattern(highest: str, taken: set[str], number: str) -> None:
    assert rules.next_staff_number(highest, frozenset(taken)) == number


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((1, None), (5, None), True),
        ((1, 5), (5, None), True),
        ((1, 4), (5, None), False),
        ((5, None), (1, 4), False),
        ((5, 9), (1, 5), True),
        ((9, 2), (1, None), False),
        ((1, None), (9, 2), False),
    ],
)
def test_days_in_common(one: tuple[int, int | None], other: tuple[int, int | None], expected: bool) -> None:
    def day(number: int | None) -> date | None:
        return None if number is None else date(2026, 11, number)

    assert rules.overlap(date(2026, 11, one[0]), day(one[1]), date(2026, 11, other[0]), day(other[1])) is expected


A, T, S = rules.StaffState.ACTIVE, rules.StaffState.TRAINEE, rules.StaffState.SUSPENDED
LEAD, INSPECT, FOLLOW = rules.Post.GRID_LEADER, rules.Post.INSPECTION, rules.Post.FOLLOW_UP
FULL, PART, AUX = rules.Employment.FULL_TIME, rules.Employment.PART_TIME, rules.Employment.VILLAGE_AUXILIARY
LEADER = rules.Holder(1, A, LEAD, FULL, is_committee=True)
OFFICERS = (rules.Holder(2, A, INSPECT, FULL), rules.Holder(3, A, FOLLOW, PART))


@pytest.mark.parametrize(
    ("holders", "breaches"),
    [
        ((LEADER, *OFFICERS), ()),
        ((LEADER, OFFICERS[0], rules.Holder(3, A, FOLLOW, AUX)), ()),
        (OFFICERS, (rules.Breach.NO_LEADER,)),
        ((LEADER, replace(LEADER, person_id=4), *OFFICERS), (rules.Breach.SEVERAL_LEADERS,)),
        ((replace(LEADER, is_committee=None), *OFFICERS), (rules.Breach.LEADER_UNSAID,)),
        ((replace(LEADER, is_committee=False), *OFFICERS), (rules.Breach.LEADER_NOT_COMMITTEE,)),
        ((replace(LEADER, is_committee=False, exception="街道同意"), *OFFICERS), ()),
        ((LEADER, OFFICERS[0]), (rules.Breach.FEW_OFFICERS,)),
        # One person with two posts is one officer; a leader is none beside.
        ((LEADER, OFFICERS[0], replace(OFFICERS[0], post=FOLLOW)), (rules.Breach.FEW_OFFICERS,)),
        ((LEADER, replace(LEADER, post=INSPECT), OFFICERS[0]), (rules.Breach.FEW_OFFICERS,)),
        # Trainees and the suspended do not count.
        ((LEADER, OFFICERS[0], replace(OFFICERS[1], state=T)), (rules.Breach.FEW_OFFICERS,)),
        ((LEADER, OFFICERS[0], replace(OFFICERS[1], state=S)), (rules.Breach.FEW_OFFICERS,)),
        ((LEADER, replace(OFFICERS[0], employment=PART), OFFICERS[1]), (rules.Breach.NO_FULL_TIME,)),
        ((LEADER, replace(OFFICERS[0], employment=AUX), OFFICERS[1]), (rules.Breach.NO_FULL_TIME,)),
        (
            (LEADER, *OFFICERS, rules.Holder(4, A, FOLLOW, AUX), rules.Holder(5, A, FOLLOW, AUX)),
            (rules.Breach.SEVERAL_AUXILIARIES,),
        ),
        ((), (rules.Breach.NO_LEADER, rules.Breach.FEW_OFFICERS, rules.Breach.NO_FULL_TIME)),
    ],
)
def test_who_must_serve_on_a_grid(holders: tuple[rules.Holder, ...], breaches: tuple[rules.Breach, ...]) -> None:
    assert rules.composition(holders).breaches == breaches


def test_a_composition_counts_persons() -> None:
    counted = rules.composition((LEADER, *OFFICERS, rules.Holder(9, T, INSPECT, FULL)))
    assert (counted.leaders, counted.officers, counted.full_time, counted.learning) == (1, 2, 1, 1)
