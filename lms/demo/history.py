"""Who does what, and when: the months between the founding of 晨光街道 in the product and yesterday evening.

Days are counted in working days before the load (``back``; 1 is the last one), so that the history ends yesterday
whenever it is loaded. Officials act in office hours; learners also in the evening.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from lms.access.identity import Role
from lms.competency.rules import RecognitionAction
from lms.demo import mentoring, office, selection
from lms.demo.learning import Study, failed, missed, passed, ran_out, script_of
from lms.demo.office import FIRST_OFFICIAL, SECOND_OFFICIAL, Passwords
from lms.demo.people import CAST, Cast
from lms.demo.stage import Script, Stage, once
from lms.people.rules import GrantAction, PersonAction, StaffState

TRIED = 545
"""The working day before the load on which the units were entered and one officer tried the product: over two years."""
TRIED_BY = "CG0124"
"""What they won then has grown too old since, so that one level has lapsed （待复训）."""
LAPSED = 20
"""The working day on which the worker finds that it has lapsed."""
FOUNDED = 100
"""The working day before the load on which the whole office began: some five months."""

NOT_YET_SIGNED_IN = "CG0241"
"""One demo person still has the slip's code: the first steps can be tried with them."""

AT_MACHINE = ("CG0001", "CG0002", "CG0004", "SYS001", "AUD001")
"""Entered and given their roles at the machine itself: without them nobody could propose or confirm anything."""

INTAKES = (
    (88, tuple(range(219, 227))),
    (58, (227, 228, 229, 230, 232, 233)),
    (25, (231, *range(234, 242))),
)
"""Newcomers: the day on which they were entered as candidates, and their numbers; 李秀兰 (231) came with the third."""
ADMITTED_AFTER = 3
CANDIDATES_ENTERED = 6

STUDIES = (
    # The first intake: all through, each in their own way.
    Study("CG0219", "c01", 82, 3, sittings=(failed(63, 50), passed(62, 68)), care=0.6),
    Study("CG0219", "c04", 60, 3, sittings=(failed(41, 70), missed(40, 84), passed(38, 82)), care=0.6),
    Study("CG0219", "c05", 58, 3, sittings=(failed(39, 44), passed(37, 64)), care=0.6),
    Study("CG0220", "c01", 83, 2, sittings=(passed(70, 84),)),
    Study("CG0220", "c04", 69, 2, sittings=(passed(56, 88),)),
    Study("CG0220", "c05", 68, 2, sittings=(passed(57, 82),)),
    Study("CG0221", "c01", 83, 1, sittings=(passed(76, 96),), care=0.97),
    Study("CG0221", "c04", 75, 1, sittings=(passed(68, 98),), care=0.97),
    Study("CG0221", "c05", 74, 1, sittings=(passed(66, 96),), care=0.97),
    Study("CG0222", "c01", 82, 2, sittings=(passed(69, 90),)),
    Study("CG0222", "c04", 68, 2, sittings=(missed(55, 90), passed(54, 92))),
    Study("CG0222", "c05", 67, 2, sittings=(missed(57, 88), passed(56, 92))),
    Study("CG0223", "c01", 82, 3, sittings=(passed(64, 72),), care=0.7),
    Study("CG0223", "c04", 61, 4, sittings=(failed(38, 74), passed(36, 84)), care=0.7),
    Study("CG0223", "c05", 60, 4, sittings=(passed(37, 70),), care=0.7),
    Study("CG0224", "c01", 83, 2, sittings=(passed(70, 80),)),
    Study("CG0224", "c04", 68, 2, sittings=(passed(55, 86),)),
    Study("CG0224", "c05", 67, 2, sittings=(passed(56, 78),)),
    Study("CG0225", "c01", 83, 1, sittings=(passed(75, 94),), care=0.95),
    Study("CG0225", "c04", 74, 1, sittings=(passed(66, 94),), care=0.95),
    Study("CG0225", "c05", 73, 1, sittings=(passed(65, 94),), care=0.95),
    Study("CG0226", "c01", 82, 2, sittings=(passed(69, 78),)),
    Study("CG0226", "c04", 67, 2, sittings=(passed(54, 90),)),
    Study("CG0226", "c05", 66, 2, sittings=(passed(53, 84),)),
    # The second intake: from a certificate to a course half done.
    Study("CG0227", "c01", 53, 2, sittings=(passed(41, 88),)),
    Study("CG0227", "c04", 39, 2, sittings=(passed(27, 90),)),
    Study("CG0227", "c05", 38, 2, sittings=(passed(26, 86),)),
    Study("CG0228", "c01", 53, 4, sittings=(failed(31, 46), failed(30, 54), passed(28, 64)), care=0.5),
    Study("CG0228", "c04", 26, 3, sittings=(failed(7, 62), failed(4, 72)), care=0.5),
    Study("CG0229", "c01", 52, 1, sittings=(passed(45, 96),), care=0.95),
    Study("CG0229", "c04", 30, 2, sittings=(passed(13, 94),), care=0.95),
    Study("CG0229", "c05", 29, 2, sittings=(passed(12, 96),), care=0.95),
    Study("CG0230", "c01", 53, 2, sittings=(missed(40, 88), passed(39, 90))),
    Study("CG0230", "c04", 36, 3, sittings=(passed(16, 86),)),
    Study("CG0230", "c05", 34, 3, sittings=(passed(14, 80),)),
    Study("CG0232", "c01", 52, 2, sittings=(passed(40, 86),)),
    Study("CG0232", "c04", 30, 4, sittings=(passed(3, 88),)),
    Study("CG0232", "c05", 20, 3, sittings=(passed(2, 86),)),
    Study("CG0233", "c01", 53, 3, sittings=(ran_out(36), passed(35, 70)), care=0.7),
    Study("CG0233", "c04", 30, 6, lessons=4, care=0.7),
    # The third intake. 李秀兰 missed a critical question first, passed, and is in the middle of C04.
    Study("CG0231", "c01", 20, 2, sittings=(missed(9, 82, 10), passed(8, 90, 16)), care=0.8),
    Study("CG0231", "c04", 6, 2, lessons=3, care=0.85, last_night=1),
    Study("CG0234", "c01", 19, 3),
    Study("CG0235", "c01", 20, 1, sittings=(passed(13, 94),), care=0.95),
    Study("CG0235", "c04", 11, 4, lessons=2, care=0.95),
    Study("CG0236", "c01", 18, 5, lessons=3),
    Study("CG0237", "c01", 20, 2, sittings=(failed(6, 54),), care=0.6),
    Study("CG0238", "c01", 15, 9, lessons=1, care=0.6),
    Study("CG0240", "c01", 20, 1, sittings=(passed(13, 98),), care=0.98),
    Study("CG0240", "c04", 12, 1, sittings=(passed(2, 96, 10),), care=0.98),
    Study("CG0240", "c05", 11, 1, sittings=(passed(1, 92, 10),), care=0.98),
    # Staff who served before: they go through the same courses beside their work.
    Study("CG0101", "c01", 90, 2, sittings=(passed(78, 92),)),
    Study("CG0101", "c04", 76, 2, sittings=(passed(62, 96),), care=0.95),
    Study("CG0101", "c05", 75, 2, sittings=(passed(60, 96),), care=0.95),
    Study("CG0102", "c01", 89, 2, sittings=(passed(77, 94),)),
    Study("CG0102", "c04", 74, 3, sittings=(missed(56, 92), passed(55, 96)), care=0.95),
    Study("CG0102", "c05", 72, 3, sittings=(passed(52, 92),), care=0.95),
    Study(TRIED_BY, "c01", TRIED - 2, 1, sittings=(passed(TRIED - 9, 90),)),
    Study("CG0103", "c01", 88, 3, sittings=(passed(70, 84),)),
    Study("CG0103", "c04", 66, 3, sittings=(passed(48, 90),)),
    Study("CG0103", "c05", 64, 3, sittings=(passed(47, 88),)),
    Study("CG0003", "c01", 95, 1, sittings=(passed(88, 100),), care=1.0),
    Study("CG0104", "c01", 86, 4, sittings=(passed(60, 88),)),
    Study("CG0111", "c01", 87, 2, sittings=(passed(74, 90),)),
    Study("CG0111", "c04", 70, 3, sittings=(passed(50, 92),)),
    Study("CG0111", "c05", 69, 3, sittings=(passed(49, 90),)),
    Study("CG0112", "c01", 80, 4, sittings=(passed(58, 76),)),
    Study("CG0112", "c04", 50, 5, sittings=(passed(14, 84),)),
    Study("CG0112", "c05", 48, 5, sittings=(passed(13, 76),)),
    Study("CG0115", "c01", 80, 4, sittings=(failed(56, 56), passed(55, 70)), care=0.6),
    Study("CG0115", "c04", 50, 5, sittings=(passed(18, 82),), care=0.65),
    Study("CG0115", "c05", 48, 5, sittings=(failed(17, 48), passed(16, 68)), care=0.6),
    Study("CG0116", "c01", 70, 3, sittings=(passed(50, 92),)),
    Study("CG0117", "c01", 72, 4, sittings=(passed(48, 80),)),
    Study("CG0117", "c04", 40, 6, sittings=(failed(5, 76), passed(3, 90, 16))),
    Study("CG0117", "c05", 20, 3, sittings=(passed(2, 80, 11),)),
    Study("CG0120", "c01", 60, 5, lessons=4),
    Study("CG0125", "c01", 66, 3, sittings=(passed(44, 86),)),
)


def scripts(stage: Stage, passwords: Passwords) -> Iterator[Script]:
    """Return the scripts of the whole history after the founding of the units."""
    yield from _staff(stage, passwords)
    yield from _newcomers(stage, passwords)
    yield from _roles(stage)
    yield from _moves(stage)
    yield from _rosters(stage)
    yield from _recognitions(stage)
    yield from _certificates(stage)
    yield from mentoring.scripts(stage)
    yield selection.holidays(stage)
    for wanted in selection.ROUNDS:
        yield selection.script_of(stage, wanted)
    yield from _duties(stage)
    for study in STUDIES:
        yield script_of(stage, study)


# --- persons ----------------------------------------------------------------------------------------------


def _first_sign_in(stage: Stage, number: str, passwords: Passwords, slip_on: int, within: int) -> Script:
    """Return the script of a first sign-in ``within`` so many working days after the slip was given."""
    chance = stage.chance(f"first sign-in {number}")
    day = slip_on - chance.randint(1, within)
    at = stage.calendar.at(day, 8, chance.randrange(2, 58))
    return once(at, partial(office.sign_in_first, stage, number, passwords))


def _staff(stage: Stage, passwords: Passwords) -> Iterator[Script]:
    """Those who serve already: four are entered at the machine, the others by the first official."""
    calendar = stage.calendar
    serving = [cast for cast in CAST if cast.state is StaffState.ACTIVE]
    for minute, cast in enumerate(each for each in serving if each.number in AT_MACHINE):
        at = calendar.at(FOUNDED, 8, 40 + minute)
        yield once(at, partial(_come, stage, cast, passwords, by=None))
        signs_in = calendar.at(FOUNDED, 8, 50 + minute)
        yield once(signs_in, partial(office.sign_in_first, stage, cast.number, passwords))
    [tried_by] = [each for each in serving if each.number == TRIED_BY]
    yield once(calendar.at(TRIED, 8, 50), partial(_try, stage, tried_by, passwords))
    yield _first_sign_in(stage, TRIED_BY, passwords, TRIED, within=1)
    yield once(calendar.at(FOUNDED, 9, 2), partial(office.take_post, stage, tried_by, by=FIRST_OFFICIAL))
    yield once(calendar.at(LAPSED, 8, 2), partial(office.expire_levels, stage))
    at = calendar.at(FOUNDED, 9, 5)
    for cast in serving:
        if cast.number not in {*AT_MACHINE, TRIED_BY}:
            at += timedelta(minutes=3)
            yield once(at, partial(_come, stage, cast, passwords, by=FIRST_OFFICIAL))
            yield _first_sign_in(stage, cast.number, passwords, FOUNDED, within=3)
    forgets, returns = calendar.at(24, 9, 12), calendar.at(24, 9, 31)
    yield once(forgets, partial(office.forget_password, stage, "CG0228", passwords, by=FIRST_OFFICIAL))
    yield once(returns, partial(office.sign_in_first, stage, "CG0228", passwords))


MOVES = (
    ("CG0120", PersonAction.SUSPEND, 30, "连续两次回访没有做，先补课"),
    ("CG0120", PersonAction.REINSTATE, 21, "补课看过，师傅谈过话"),
    ("CG0127", PersonAction.END, 20, "合同到期，回家照看孙子"),
    ("CG0122", PersonAction.SECOND, 12, "借到区文明办三个月"),
    ("CG0118", PersonAction.SUSPEND, 8, "巡查记录和现场对不上，先停下来学一遍"),
)
"""What became of some of the staff: whose state, which step, on which working day, why."""


def _moves(stage: Stage) -> Iterator[Script]:
    for number, action, day, reason in MOVES:
        act = partial(office.move, stage, number, action, by=SECOND_OFFICIAL, reason=reason)
        yield once(stage.calendar.at(day, 16, 5), act)


def _come(stage: Stage, cast: Cast, passwords: Passwords, by: str | None) -> None:
    """Enter somebody who serves already, with what belongs to them on the first day."""
    office.enter(stage, cast, by=by)
    if by is None:
        office.grant_at_machine(stage, cast)
    else:
        office.take_post(stage, cast, by=by)
    office.give_slip(stage, cast.number, passwords, by=by)


def _try(stage: Stage, cast: Cast, passwords: Passwords) -> None:
    """Enter, at the machine itself, the one officer who tried the product before the office began."""
    office.enter(stage, cast, by=None)
    office.give_slip(stage, cast.number, passwords, by=None)


def _newcomers(stage: Stage, passwords: Passwords) -> Iterator[Script]:
    """Newcomers in three intakes: entered as candidates, admitted after their papers were found complete."""
    by_number = {cast.number: cast for cast in CAST}
    for day, numbers in INTAKES:
        for count, cast in enumerate(by_number[f"CG{number:04d}"] for number in numbers):
            entered = stage.calendar.at(day, 10, 5) + timedelta(minutes=4 * count)
            admitted = stage.calendar.at(day - ADMITTED_AFTER, 14, 10) + timedelta(minutes=5 * count)
            yield once(entered, partial(office.enter, stage, cast, by=FIRST_OFFICIAL))
            yield once(admitted, partial(_admit, stage, cast, passwords, by=SECOND_OFFICIAL))
            if cast.number != NOT_YET_SIGNED_IN:
                yield _first_sign_in(stage, cast.number, passwords, day - ADMITTED_AFTER, within=1)
    for count, cast in enumerate(each for each in CAST if each.state is StaffState.CANDIDATE):
        at = stage.calendar.at(CANDIDATES_ENTERED, 9, 40) + timedelta(minutes=6 * count)
        yield once(at, partial(office.enter, stage, cast, by=FIRST_OFFICIAL))


def _admit(stage: Stage, cast: Cast, passwords: Passwords, by: str) -> None:
    office.admit(stage, cast, by=by)
    office.take_post(stage, cast, by=by)
    office.give_slip(stage, cast.number, passwords, by=by)


# --- roles ------------------------------------------------------------------------------------------------


def _two_steps(first: datetime, begin: Callable[[], str], second: datetime, end: Callable[[str], None]) -> Script:
    """Return the script of an act that one person begins and another ends; what begins it gives its public id."""
    yield first
    public_id = begin()
    yield second
    end(public_id)


def _roles(stage: Stage) -> Iterator[Script]:
    """Roles of the staff, proposed by the first official and confirmed by the second; a few in other states."""
    calendar = stage.calendar
    confirm = partial(office.decide_role, stage, action=GrantAction.CONFIRM, by=SECOND_OFFICIAL)
    mentor = partial(office.propose_role, stage, role=Role.MENTOR)
    to_grant = [cast for cast in CAST if cast.role is not None and cast.number not in AT_MACHINE]
    for count, cast in enumerate(to_grant):
        assert cast.role is not None
        # A mentor guides newcomers of the whole community.
        place = cast.place.split(".")[0] if cast.role is Role.MENTOR else cast.place
        propose = partial(office.propose_role, stage, cast.number, cast.role, place)
        yield _two_steps(
            calendar.at(FOUNDED - 1, 9, 10) + timedelta(minutes=3 * count),
            partial(propose, by=FIRST_OFFICIAL, basis=f"{_year(stage)}年岗位分工"),
            calendar.at(FOUNDED - 2, 10, 20) + timedelta(minutes=2 * count),
            confirm,
        )
    refuse = partial(
        office.decide_role, stage, action=GrantAction.REFUSE, by=SECOND_OFFICIAL, reason="职权边界还没学，学完再报"
    )
    recommended = {"by": FIRST_OFFICIAL, "basis": "社区推荐"}
    yield _two_steps(
        calendar.at(82, 15, 5), partial(mentor, "CG0117", place="1.1", **recommended), calendar.at(81, 9, 25), refuse
    )
    yield _two_steps(
        calendar.at(66, 10), partial(mentor, "CG0119", place="2.1", **recommended), calendar.at(65, 16), confirm
    )
    reason = "本人申请，家里老人要照料"
    yield once(calendar.at(33, 11), partial(office.end_roles, stage, "CG0119", by=FIRST_OFFICIAL, reason=reason))
    # These wait for a second person.
    for number, place, by, day in (
        ("CG0115", "1.2", FIRST_OFFICIAL, 4),
        ("CG0123", "3.1", FIRST_OFFICIAL, 3),
        ("CG0120", "2.2", SECOND_OFFICIAL, 2),
        ("CG0126", "3.3", FIRST_OFFICIAL, 2),
    ):
        yield once(calendar.at(day, 14, 30), partial(mentor, number, place=place, by=by, basis="年底带教安排"))


def _year(stage: Stage) -> int:
    return stage.calendar.workday(FOUNDED).year


# --- rosters ----------------------------------------------------------------------------------------------

SCHOOLING = ("初中", "高中", "中专", "大专", "大专", "本科")
WRONG_ROWS = (
    "30,,刘永强,高中,13804725555,向阳社区,第1网格",
    "31,CG0116,田野,本科,13804720116,晨光社区,第2网格",
    "合计,29人,,,,,",
)
"""A community that there is not, somebody named twice, and a line that is no person."""


def _rosters(stage: Stage) -> Iterator[Script]:
    """Three rosters: the wrong file, the staff, the newcomers of the first two intakes."""
    chance, calendar, year = stage.chance("rosters"), stage.calendar, _year(stage)
    schooling = [(cast, chance.choice(SCHOOLING)) for cast in CAST if "." in cast.place]
    staff = [row for row in schooling if row[0].state is StaffState.ACTIVE]
    early = {f"CG{number:04d}" for _day, numbers in INTAKES[:2] for number in numbers}
    newcomers = [row for row in schooling if row[0].number in early]
    enter = partial(office.enter_roster, stage, by=FIRST_OFFICIAL)
    leave = partial(office.abandon_roster, stage, by=FIRST_OFFICIAL)
    for name, file, day, hour, end in (
        (f"{year - 1}年度花名册（旧）.csv", office.roster_file(staff[:5]), 95, 9, leave),
        (f"{year}年网格员花名册.csv", office.roster_file(staff, *WRONG_ROWS), 95, 10, enter),
        ("新网格员信息补充.csv", office.roster_file(newcomers), 45, 9, enter),
    ):
        begin = partial(office.begin_roster, stage, name, file, by=FIRST_OFFICIAL)
        yield _two_steps(calendar.at(day, hour, 20), begin, calendar.at(day, hour, 32), end)


# --- recognised levels ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Level:
    """A level to be recognised: proposed on one working day, decided on another (0: it still waits)."""

    number: str
    code: str
    level: int
    proposed: int
    decided: int
    basis: str
    by: str = FIRST_OFFICIAL
    refused: str = ""


_REVIEW = "网格工作考核表"
SERVED = {
    "CG0101": ("INS2", "ETH1", "ETH3", "BND1", "FUP1", "PUB1", "AST2"),
    "CG0111": ("ETH1", "ETH2", "ETH3", "BND1", "AST2", "AST3", "PUB1", "FUP1"),
    "CG0112": ("INS2", "ETH1", "ETH3", "BND1", "EMG1", "FUP1", "AST2"),
    "CG0113": ("ETH1", "ETH3", "BND1", "AST2", "AST3", "PUB1", "INS1"),
    "CG0114": ("INF1", "INF2", "ETH1", "ETH2", "BND1", "DIG2", "FUP1", "PUB1"),
}
"""What mentors could before there was a system: level 3 each, recognised on their service records."""

LEVELS = (
    *(_Level(number, code, 3, 96, 95, "带教师傅履职考核表") for number, codes in SERVED.items() for code in codes),
    _Level("CG0101", "INS1", 3, 80, 78, _REVIEW),
    _Level("CG0101", "AST1", 3, 80, 78, _REVIEW),
    _Level("CG0101", "COR1", 2, 80, 78, "师傅聘书"),
    _Level("CG0102", "INF2", 3, 79, 78, _REVIEW),
    _Level("CG0102", "AST1", 3, 79, 78, _REVIEW),
    _Level("CG0102", "EMG1", 2, 79, 78, "应急演练考核记录"),
    _Level("CG0103", "INF2", 2, 72, 70, _REVIEW),
    _Level("CG0111", "AST1", 3, 72, 70, "人民调解员聘书"),
    _Level("CG0112", "INS1", 3, 60, 58, _REVIEW),
    _Level("CG0113", "FUP1", 3, 60, 58, _REVIEW),
    _Level("CG0114", "DIG1", 2, 44, 43, "平台操作测试成绩单", by=SECOND_OFFICIAL),
    _Level("CG0116", "INF1", 3, 44, 43, _REVIEW, refused="考核表只到去年，请补今年的"),
    _Level("CG0121", "INS1", 2, 5, 0, _REVIEW),
    _Level("CG0123", "INS1", 2, 4, 0, _REVIEW),
    _Level("CG0124", "FUP1", 2, 3, 0, "回访记录抽查结果", by=SECOND_OFFICIAL),
    _Level("CG0125", "INF1", 2, 2, 0, _REVIEW),
)


def _recognitions(stage: Stage) -> Iterator[Script]:
    calendar = stage.calendar
    for count, each in enumerate(LEVELS):
        begin = partial(
            office.propose_recognition,
            stage,
            each.number,
            each.code,
            each.level,
            by=each.by,
            basis=f"{_year(stage)}年{each.basis}",
            basis_on=calendar.workday(each.proposed + 12),
        )
        end = partial(
            office.decide_recognition,
            stage,
            action=RecognitionAction.REFUSE if each.refused else RecognitionAction.CONFIRM,
            by=SECOND_OFFICIAL if each.by == FIRST_OFFICIAL else FIRST_OFFICIAL,
            reason=each.refused,
        )
        first = calendar.at(each.proposed, 10, 30) + timedelta(minutes=4 * (count % 5))
        if each.decided:
            yield _two_steps(first, begin, calendar.at(each.decided, 15, 10) + timedelta(minutes=3 * (count % 5)), end)
        else:
            yield once(first, begin)


CONFIRMED = (
    ("CG0102", 9),
    ("CG0111", 8),
    ("CG0103", 6),
    ("CG0221", 5),
    ("CG0101", 4),
    ("CG0231", 3),
)
"""Who read their duty list and confirmed it, on which working day; the others have it waiting."""


def _duties(stage: Stage) -> Iterator[Script]:
    for count, (number, day) in enumerate(CONFIRMED):
        yield once(stage.calendar.at(day, 12, 10 + count), partial(office.confirm_duties, stage, number))


# --- certificates -----------------------------------------------------------------------------------------

SIGNED = (
    (64, 63, ("CG0221", "CG0225")),
    (53, 52, ("CG0101", "CG0222", "CG0220", "CG0224")),
    (46, 45, ("CG0102", "CG0103", "CG0111")),
    (35, 33, ("CG0219", "CG0223", "CG0226")),
    (24, 22, ("CG0227",)),
)
"""Working day of the proposal, of the sign-off, and whose certificates."""
REFUSED = ("CG0226", 50, 49)
WAITING = (
    ("CG0115", FIRST_OFFICIAL, 10),
    ("CG0230", FIRST_OFFICIAL, 10),
    ("CG0229", FIRST_OFFICIAL, 5),
    ("CG0112", SECOND_OFFICIAL, 5),
)
"""Whose certificates wait for a second official, who proposed them and when."""


def _certificates(stage: Stage) -> Iterator[Script]:
    """Certificates in every state: issued, refused, reissued, revoked, waiting for a second official."""
    calendar = stage.calendar
    for proposed, signed, numbers in SIGNED:
        yield _issue(stage, proposed, signed, numbers)
    person, proposed, refused = REFUSED
    yield _two_steps(
        calendar.at(proposed, 9, 15),
        partial(office.propose_certificate, stage, person, by=FIRST_OFFICIAL),
        calendar.at(refused, 16, 20),
        partial(office.refuse_certificate, stage, by=SECOND_OFFICIAL, reason="姓名和档案要再核对一次，核对后重新提请"),
    )
    for number, by, day in WAITING:
        yield once(calendar.at(day, 9, 50), partial(office.propose_certificate, stage, number, by=by))


AFTERWARDS = {
    "CG0225": ("reissue", 40),
    "CG0224": ("revoke", 30),
    "CG0220": ("propose revocation", 3),
}
"""What became of some certificates, and on which working day."""


def _issue(stage: Stage, proposed: int, signed: int, numbers: tuple[str, ...]) -> Script:
    """Propose certificates, sign them off, have their papers made, and do what became of them later."""
    calendar = stage.calendar
    made: dict[str, str] = {}
    for count, number in enumerate(numbers):
        yield calendar.at(proposed, 9, 15) + timedelta(minutes=2 * count)
        made[number] = office.propose_certificate(stage, number, by=FIRST_OFFICIAL)
    papers: list[str] = []
    for count, number in enumerate(numbers):
        yield calendar.at(signed, 10, 40) + timedelta(minutes=count)
        papers.append(office.sign_certificate(stage, made[number], by=SECOND_OFFICIAL))
    yield stage.now + timedelta(minutes=1)
    stage.make_papers(papers)
    for number, (what, day) in sorted(AFTERWARDS.items(), key=lambda each: -each[1][1]):
        if number not in made:
            continue
        yield calendar.at(day, 9, 30)
        if what == "reissue":
            paper = office.reissue_certificate(
                stage, made[number], by=FIRST_OFFICIAL, reason="纸质证明被雨水淋坏，本人申请补发"
            )
            yield stage.now + timedelta(minutes=1)
            stage.make_papers([paper])
        else:
            office.propose_revocation(stage, made[number], by=FIRST_OFFICIAL, reason=REASONS[number])
            if what == "revoke":
                yield calendar.at(day - 1, 15, 45)
                office.revoke(stage, made[number], by=SECOND_OFFICIAL)


REASONS = {
    "CG0224": "查明测验时有人在旁边提示，本人已说明情况，补学后重考",
    "CG0220": "学习记录里有两课的时间和值班表对不上，正在核实",
}
