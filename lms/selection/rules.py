"""States of a round and of a case, working days, the list and its weights, who may decide. Pure."""

import enum
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lms.people.rules import StaffState, name_key

# --- a round ----------------------------------------------------------------------------------------------


class RoundState(enum.StrEnum):
    """Where a selection round （选拔批次） stands."""

    DRAFT = "draft"
    """Places and rule are being written; nobody can apply yet."""
    OPEN = "open"
    """报名: applications come in. The rule is published."""
    CLOSED = "closed"
    """No more applications; papers are checked and the two opinions given."""
    RANKED = "ranked"
    """The list is made, its inputs are frozen."""
    POSTED = "posted"
    """公示: the public notice runs, or ran and is being decided on."""
    DECIDED = "decided"
    """审批: every proposed person is approved or refused."""
    FILED = "filed"
    """备案: every approved person is filed."""
    CANCELLED = "cancelled"


class RoundAction(enum.StrEnum):
    """What can be done to a round."""

    OPEN = "open"
    CLOSE = "close"
    RANK = "rank"
    POST = "post"
    DECIDE = "decide"
    """Follows from the last decision on a case."""
    FILE = "file"
    """Follows from the last filing of a case."""
    CANCEL = "cancel"


ROUND_TRANSITIONS: Mapping[tuple[RoundState, RoundAction], RoundState] = {
    (RoundState.DRAFT, RoundAction.OPEN): RoundState.OPEN,
    (RoundState.OPEN, RoundAction.CLOSE): RoundState.CLOSED,
    (RoundState.CLOSED, RoundAction.RANK): RoundState.RANKED,
    (RoundState.RANKED, RoundAction.POST): RoundState.POSTED,
    (RoundState.POSTED, RoundAction.DECIDE): RoundState.DECIDED,
    (RoundState.DECIDED, RoundAction.FILE): RoundState.FILED,
    (RoundState.DRAFT, RoundAction.CANCEL): RoundState.CANCELLED,
    (RoundState.OPEN, RoundAction.CANCEL): RoundState.CANCELLED,
    (RoundState.CLOSED, RoundAction.CANCEL): RoundState.CANCELLED,
    (RoundState.RANKED, RoundAction.CANCEL): RoundState.CANCELLED,
    (RoundState.POSTED, RoundAction.CANCEL): RoundState.CANCELLED,
}


def next_round_state(state: RoundState, action: RoundAction) -> RoundState | None:
    """Return the state an action leads a round to, or None when it is not possible from ``state``."""
    return ROUND_TRANSITIONS.get((state, action))


# --- a case -----------------------------------------------------------------------------------------------


class CaseState(enum.StrEnum):
    """Where one application （报名） stands. The chain of the paper is 考察→公示→审批→备案."""

    SUBMITTED = "submitted"
    INCOMPLETE = "incomplete"
    """Papers are missing; what, is written."""
    COMPLETE = "complete"
    """Papers are complete; the two opinions are due."""
    EXAMINED = "examined"
    """考察: both opinions agree."""
    NOT_ENDORSED = "not_endorsed"
    """Both opinions are in, at least one does not agree."""
    NOT_READY = "not_ready"
    """Could not be put on the list: papers or onboarding were not finished; what was missing, is written."""
    RANKED = "ranked"
    """On the list, not among the proposed: in reserve."""
    PROPOSED = "proposed"
    """On the public notice."""
    APPROVED = "approved"
    REFUSED = "refused"
    FILED = "filed"
    WITHDRAWN = "withdrawn"
    """已撤回, by the person."""
    NOT_PLACED = "not_placed"
    """On the list, and all places were filled by others."""
    CANCELLED = "cancelled"
    """The round was cancelled."""


class CaseAction(enum.StrEnum):
    """What can be done to an application."""

    FIND_INCOMPLETE = "find_incomplete"
    FIND_COMPLETE = "find_complete"
    ENDORSE = "endorse"
    TURN_AWAY = "turn_away"
    LEAVE_OUT = "leave_out"
    RANK = "rank"
    PROPOSE = "propose"
    APPROVE = "approve"
    REFUSE = "refuse"
    FILE = "file"
    WITHDRAW = "withdraw"
    PASS_OVER = "pass_over"  # noqa: S105
    CANCEL = "cancel"


UNDECIDED = (
    CaseState.SUBMITTED,
    CaseState.INCOMPLETE,
    CaseState.COMPLETE,
    CaseState.EXAMINED,
    CaseState.RANKED,
    CaseState.PROPOSED,
)
"""States in which nothing is decided yet: a cancelled round takes the case along."""

WITHDRAWABLE = (*UNDECIDED, CaseState.APPROVED)
"""States from which a person may withdraw: nobody is put on a post against their will, so until the filing.

Who was approved and leaves before it is noted that way too, so that nobody is waited for in vain; a round of which
nobody is filed in the end stays decided.
"""

CASE_TRANSITIONS: Mapping[tuple[CaseState, CaseAction], CaseState] = {
    (CaseState.SUBMITTED, CaseAction.FIND_INCOMPLETE): CaseState.INCOMPLETE,
    (CaseState.INCOMPLETE, CaseAction.FIND_INCOMPLETE): CaseState.INCOMPLETE,
    (CaseState.SUBMITTED, CaseAction.FIND_COMPLETE): CaseState.COMPLETE,
    (CaseState.INCOMPLETE, CaseAction.FIND_COMPLETE): CaseState.COMPLETE,
    (CaseState.COMPLETE, CaseAction.ENDORSE): CaseState.EXAMINED,
    (CaseState.COMPLETE, CaseAction.TURN_AWAY): CaseState.NOT_ENDORSED,
    (CaseState.INCOMPLETE, CaseAction.LEAVE_OUT): CaseState.NOT_READY,
    (CaseState.EXAMINED, CaseAction.LEAVE_OUT): CaseState.NOT_READY,
    (CaseState.EXAMINED, CaseAction.RANK): CaseState.RANKED,
    (CaseState.RANKED, CaseAction.PROPOSE): CaseState.PROPOSED,
    (CaseState.PROPOSED, CaseAction.APPROVE): CaseState.APPROVED,
    (CaseState.PROPOSED, CaseAction.REFUSE): CaseState.REFUSED,
    (CaseState.RANKED, CaseAction.PASS_OVER): CaseState.NOT_PLACED,
    (CaseState.APPROVED, CaseAction.FILE): CaseState.FILED,
    **{(state, CaseAction.WITHDRAW): CaseState.WITHDRAWN for state in WITHDRAWABLE},
    **{(state, CaseAction.CANCEL): CaseState.CANCELLED for state in UNDECIDED},
}


def next_case_state(state: CaseState, action: CaseAction) -> CaseState | None:
    """Return the state an action leads an application to, or None when it is not possible from ``state``."""
    return CASE_TRANSITIONS.get((state, action))


# --- steps that come too early or too late ----------------------------------------------------------------


class RoundAct(enum.StrEnum):
    """What somebody may press in a round, and what its state can refuse."""

    PLACES = "places"
    """Adding a place or taking one out."""
    RULE = "rule"
    OPEN = "open"
    APPLY = "apply"
    """Applying, or entering an application."""
    CLOSE = "close"
    LIST = "list"
    POST = "post"
    EXTEND = "extend"
    EDIT = "edit"
    OBJECT = "object"
    """Entering an objection."""
    FINISH = "finish"
    CANCEL = "cancel"


class CaseAct(enum.StrEnum):
    """What somebody may press in a case, and what its state can refuse."""

    CHECK = "check"
    EXAMINE = "examine"
    """Entering an opinion."""
    APPROVE = "approve"
    REFUSE = "refuse"
    FILE = "file"
    WITHDRAW = "withdraw"


class Skip(enum.StrEnum):
    """Why a step cannot be done now: the step that is missing before it, or what was done already."""

    NOT_OPENED = "not_opened"
    OPENED = "opened"
    NOT_CLOSED = "not_closed"
    CLOSED = "closed"
    APPLY_OVER = "apply_over"
    PLACES_FIXED = "places_fixed"
    RULE_FIXED = "rule_fixed"
    NO_LIST = "no_list"
    LISTED = "listed"
    NOT_POSTED = "not_posted"
    POSTED = "posted"
    ROUND_DECIDED = "round_decided"
    FINISHED = "finished"
    STAYS_DECIDED = "stays_decided"
    STAYS_FILED = "stays_filed"
    ROUND_CANCELLED = "round_cancelled"
    NOT_CHECKED = "not_checked"
    PAPERS_MISSING = "papers_missing"
    CHECKED = "checked"
    CHECK_LATE = "check_late"
    EXAMINED = "examined"
    NOT_ON_NOTICE = "not_on_notice"
    DECIDED = "decided"
    NOT_APPROVED = "not_approved"
    NOT_ENDORSED = "not_endorsed"
    NOT_ON_LIST = "not_on_list"
    NOT_PLACED = "not_placed"
    REFUSED = "refused"
    FILED = "filed"
    WITHDRAWN = "withdrawn"


def _in_round(*row: Skip | None) -> Mapping[RoundState, Skip | None]:
    """Return a row of the table below, from a draft to a filed round; a cancelled one refuses every act."""
    return dict(zip(RoundState, (*row, Skip.ROUND_CANCELLED), strict=True))


_NOTICE_ACT = _in_round(*(Skip.NO_LIST,) * 3, Skip.NOT_POSTED, None, *(Skip.ROUND_DECIDED,) * 2)

ROUND_SKIPS: Mapping[RoundAct, Mapping[RoundState, Skip | None]] = {
    RoundAct.PLACES: _in_round(None, *(Skip.PLACES_FIXED,) * 6),
    RoundAct.RULE: _in_round(None, None, *(Skip.RULE_FIXED,) * 5),
    RoundAct.OPEN: _in_round(None, Skip.OPENED, *(Skip.CLOSED,) * 5),
    RoundAct.APPLY: _in_round(Skip.NOT_OPENED, None, *(Skip.APPLY_OVER,) * 5),
    RoundAct.CLOSE: _in_round(Skip.NOT_OPENED, None, *(Skip.CLOSED,) * 5),
    RoundAct.LIST: _in_round(Skip.NOT_OPENED, Skip.NOT_CLOSED, None, *(Skip.LISTED,) * 4),
    RoundAct.POST: _in_round(*(Skip.NO_LIST,) * 3, None, Skip.POSTED, *(Skip.ROUND_DECIDED,) * 2),
    RoundAct.EXTEND: _NOTICE_ACT,
    RoundAct.EDIT: _NOTICE_ACT,
    RoundAct.OBJECT: _NOTICE_ACT,
    RoundAct.FINISH: _in_round(*(Skip.NO_LIST,) * 3, Skip.NOT_POSTED, None, *(Skip.FINISHED,) * 2),
    RoundAct.CANCEL: _in_round(*(None,) * 5, Skip.STAYS_DECIDED, Skip.STAYS_FILED),
}
"""Act × state of a round → what refuses it, None when the state allows it."""


def skipped_in_round(act: RoundAct, state: RoundState) -> Skip | None:
    """Return which step is missing before an act in a round or was done already, or None when it is its turn."""
    return ROUND_SKIPS[act][state]


_OVER: Mapping[CaseState, Skip] = {
    CaseState.NOT_ENDORSED: Skip.NOT_ENDORSED,
    CaseState.NOT_READY: Skip.NOT_ON_LIST,
    CaseState.REFUSED: Skip.REFUSED,
    CaseState.FILED: Skip.FILED,
    CaseState.WITHDRAWN: Skip.WITHDRAWN,
    CaseState.NOT_PLACED: Skip.NOT_PLACED,
    CaseState.CANCELLED: Skip.ROUND_CANCELLED,
}
"""How a case ended, for every act that has nothing closer to say."""

_EXAMINED = (
    CaseState.EXAMINED,
    CaseState.NOT_ENDORSED,
    CaseState.RANKED,
    CaseState.PROPOSED,
    CaseState.APPROVED,
    CaseState.REFUSED,
    CaseState.FILED,
    CaseState.NOT_PLACED,
)
"""States in which both opinions are in."""

_DECIDE: Mapping[CaseState, Skip | None] = {
    **dict.fromkeys(UNDECIDED, Skip.NOT_ON_NOTICE),
    **_OVER,
    CaseState.PROPOSED: None,
    **dict.fromkeys((CaseState.APPROVED, CaseState.REFUSED, CaseState.FILED), Skip.DECIDED),
}

CASE_SKIPS: Mapping[CaseAct, Mapping[CaseState, Skip | None]] = {
    CaseAct.CHECK: {
        **_OVER,
        CaseState.SUBMITTED: None,
        CaseState.INCOMPLETE: None,
        CaseState.COMPLETE: Skip.CHECKED,
        **dict.fromkeys(_EXAMINED, Skip.CHECK_LATE),
    },
    CaseAct.EXAMINE: {
        **_OVER,
        CaseState.SUBMITTED: Skip.NOT_CHECKED,
        CaseState.INCOMPLETE: Skip.PAPERS_MISSING,
        CaseState.COMPLETE: None,
        **dict.fromkeys(_EXAMINED, Skip.EXAMINED),
    },
    CaseAct.APPROVE: _DECIDE,
    CaseAct.REFUSE: _DECIDE,
    CaseAct.FILE: {**dict.fromkeys(UNDECIDED, Skip.NOT_APPROVED), **_OVER, CaseState.APPROVED: None},
    CaseAct.WITHDRAW: {**_OVER, **dict.fromkeys(WITHDRAWABLE)},
}
"""Act × state of a case → what refuses it, None when the state allows it."""


def skipped_in_case(act: CaseAct, state: CaseState) -> Skip | None:
    """Return which step is missing before an act on a case or was done already, or None when it is its turn."""
    return CASE_SKIPS[act][state]


TOLD = (
    CaseState.INCOMPLETE,
    CaseState.COMPLETE,
    CaseState.NOT_ENDORSED,
    CaseState.NOT_READY,
    CaseState.PROPOSED,
    CaseState.APPROVED,
    CaseState.REFUSED,
    CaseState.FILED,
    CaseState.NOT_PLACED,
    CaseState.CANCELLED,
)
"""States of which the applicant is always told; of a withdrawal when it was an official who noted it."""

APPLYING = (StaffState.CANDIDATE, StaffState.TRAINEE)
"""States of persons who may apply: whoever is on duty is filed already."""


class Source(enum.StrEnum):
    """候选来源: where a candidate comes from. Source: the paper, §3.2 and §5.4 (R20, R68)."""

    SOCIAL_ORGANISATION = "social_organisation"
    COMPANY = "company"
    OWNERS_COMMITTEE = "owners_committee"
    COMMUNITY_CADRE = "community_cadre"
    LEGAL_WORKER = "legal_worker"
    PARTY_DELEGATE = "party_delegate"
    PEOPLES_MEDIATOR = "peoples_mediator"
    VILLAGE_AUXILIARY = "village_auxiliary"
    RESIDENT = "resident"


class Paper(enum.StrEnum):
    """What an application must hold before it can be examined; the office may name further things in words."""

    STATEMENT = "statement"
    """The signed voluntary statement."""
    IDENTITY_SEEN = "identity_seen"
    """An official has seen the identity card; nothing of it is kept."""
    BIRTH_MONTH = "birth_month"
    EDUCATION = "education"
    SEX = "sex"
    """Name, sex, birth month and education stand on the public notice."""


class Body(enum.StrEnum):
    """The two committees （两委） that examine."""

    PARTY_COMMITTEE = "party_committee"
    RESIDENTS_COMMITTEE = "residents_committee"


class Relation(enum.StrEnum):
    """How a declared relative is related."""

    SPOUSE = "spouse"
    PARENT_CHILD = "parent_child"
    SIBLING = "sibling"
    IN_LAW = "in_law"
    OTHER = "other"


def opinions_say(agreeing: Mapping[Body, bool]) -> CaseAction | None:
    """Return what the opinions lead to: None while one is missing (one alone opens nothing), else endorse or not."""
    if set(agreeing) != set(Body):
        return None
    return CaseAction.ENDORSE if all(agreeing.values()) else CaseAction.TURN_AWAY


class Waits(enum.StrEnum):
    """What an official may have to do in a selection, in the order of a round."""

    CHECK = "check"
    """Papers of an application."""
    EXAMINE = "examine"
    """An opinion on an application."""
    CLOSE = "close"
    """A round whose last day of 报名 has passed."""
    RANK = "rank"
    """A round whose applications are all checked and examined."""
    POST = "post"
    """A round whose list is made."""
    ANSWER = "answer"
    """An objection."""
    DECIDE = "decide"
    """A proposed person, the notice being over."""
    FILE = "file"
    """An approved person."""


# --- who may decide ---------------------------------------------------------------------------------------


class Part(enum.StrEnum):
    """A part that somebody took in a case, which keeps them from deciding on it （回避）."""

    SELF = "self"
    RELATIVE = "relative"
    MENTOR = "mentor"
    MARKER = "marker"
    ENTERED = "entered"
    CHECKED = "checked"
    EXAMINED = "examined"
    PROPOSED = "proposed"
    ANSWERED = "answered"
    MANAGED = "managed"


@dataclass(frozen=True)
class Relative:
    """A declared relative: a person of this office (``person_id``), or a name that is not matched to one."""

    name: str
    person_id: int | None = None


@dataclass(frozen=True)
class Involved:
    """Who took part in a case, as ids of persons."""

    applicant: int
    relatives: tuple[Relative, ...] = ()
    mentors: frozenset[int] = frozenset()
    markers: frozenset[int] = frozenset()
    """Who gave the applicant a level by hand: both officials of a recognition （认定）."""
    entered_by: int | None = None
    checked_by: frozenset[int] = frozenset()
    """Who said what of the papers; also those who found them incomplete before somebody else found them complete."""
    examined_by: frozenset[int] = frozenset()
    proposed_by: frozenset[int] = frozenset()
    """Who made the list and who posted the notice."""
    answered_by: frozenset[int] = frozenset()
    """Who entered or answered objections to the case or to the notice as a whole."""
    managed_by: frozenset[int] = frozenset()
    """Who opened the round."""


_KIN = (Part.SELF, Part.RELATIVE)
_TAUGHT = (*_KIN, Part.MENTOR, Part.MARKER)

BARRED: Mapping[str, tuple[Part, ...]] = {
    "check": _KIN,
    "examine": _TAUGHT,
    "answer": _KIN,
    "approve": tuple(Part),
    "file": _KIN,
}
"""Act → the parts that bar from it: mentor, marker, reviewer and approver of one case are different people."""


def parts_of(actor_id: int | None, actor_name: str, case: Involved) -> list[Part]:
    """Return the parts that a person took in a case, in the order of ``Part``.

    A declared relative who is not matched to a person bars everybody of that name: too many rather than too few.
    """
    key = name_key(actor_name)
    taken = {
        Part.SELF: actor_id == case.applicant,
        Part.RELATIVE: any(
            each.person_id == actor_id if each.person_id is not None else name_key(each.name) == key
            for each in case.relatives
        ),
        Part.MENTOR: actor_id in case.mentors,
        Part.MARKER: actor_id in case.markers,
        Part.ENTERED: actor_id == case.entered_by,
        Part.CHECKED: actor_id in case.checked_by,
        Part.EXAMINED: actor_id in case.examined_by,
        Part.PROPOSED: actor_id in case.proposed_by,
        Part.ANSWERED: actor_id in case.answered_by,
        Part.MANAGED: actor_id in case.managed_by,
    }
    return [part for part in Part if actor_id is not None and taken[part]]


def barred_by(act: str, actor_id: int | None, actor_name: str, case: Involved) -> Part | None:
    """Return the part that keeps a person from an act on a case (see ``BARRED``), or None when they may."""
    return next((part for part in parts_of(actor_id, actor_name, case) if part in BARRED[act]), None)


# --- working days -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Year:
    """The holidays of a year and the weekend days that are worked, each with its name."""

    holidays: Mapping[date, str] = field(default_factory=dict)
    workdays: Mapping[date, str] = field(default_factory=dict)


class YearMissing(Exception):
    """A year has no table of holidays; ``year`` says which. Nothing is counted by guess."""

    def __init__(self, year: int) -> None:
        super().__init__(str(year))
        self.year = year


class DayKind(enum.StrEnum):
    """What a calendar day is for a notice."""

    WORKDAY = "workday"
    MADE_UP = "made_up"
    """A weekend day that is worked （调休上班）; it counts."""
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


@dataclass(frozen=True)
class Day:
    """A calendar day of a notice. ``number``: the how-many-th working day, None when it does not count."""

    on: date
    kind: DayKind
    name: str = ""
    number: int | None = None


Calendar = Mapping[int, Year]


def kind_of(day: date, calendar: Calendar) -> tuple[DayKind, str]:
    """Return what a day is and the holiday it belongs to. Raises YearMissing without a table for its year."""
    year = calendar.get(day.year)
    if year is None:
        raise YearMissing(day.year)
    if day in year.holidays:
        return DayKind.HOLIDAY, year.holidays[day]
    if day in year.workdays:
        return DayKind.MADE_UP, year.workdays[day]
    return (DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY), ""


def counted_days(posted_on: date, working_days: int, calendar: Calendar) -> list[Day]:
    """Return the days after ``posted_on`` until the working days are full; the last one is the last of the notice.

    The day of posting does not count. How many days a notice of this kind must run at least is not laid down
    here: 待补; the office sets it for each round. Raises YearMissing, ValueError below one day.
    """
    if working_days < 1:
        raise ValueError("a notice runs one working day at least")
    days: list[Day] = []
    number, day = 0, posted_on
    while number < working_days:
        day += timedelta(days=1)
        kind, name = kind_of(day, calendar)
        counts = kind in {DayKind.WORKDAY, DayKind.MADE_UP}
        number += counts
        days.append(Day(day, kind, name, number if counts else None))
    return days


def is_over(ends_on: date, today: date) -> bool:
    """Whether a notice has run to its end: its last day has passed. By state of the date, whoever looks."""
    return today > ends_on


FEWEST_DAYS = 5
"""What the form offers, and the least a notice may run. The rule that lays it down for grid staff: 待补."""
MOST_DAYS = 30


class NoticeState(enum.StrEnum):
    """The state of a public notice. That it is over is no state: it follows from the date."""

    RUNNING = "running"
    REPLACED = "replaced"
    """Edited: another notice began anew."""
    TAKEN_DOWN = "taken_down"
    """The round was cancelled."""


PUBLIC_FIELDS = frozenset({"name", "sex", "birth_month", "education", "source", "grid", "post"})
"""What a line of the public notice holds, beside period and objection channel of the whole. Nothing else."""


class Channel(enum.StrEnum):
    """The way an objection came in."""

    PAGE = "page"
    PHONE = "phone"
    LETTER = "letter"
    VISIT = "visit"


class Lock(enum.StrEnum):
    """Why a case cannot be decided now."""

    NOT_PROPOSED = "not_proposed"
    NOTICE_RUNS = "notice_runs"
    OBJECTION_OPEN = "objection_open"
    OBJECTION_UPHELD = "objection_upheld"
    """An objection was found right; approve only after a new notice."""
    NOT_TRAINEE = "not_trainee"
    """The person left, or is suspended or seconded: nobody who could be filed."""


def decision_lock(
    state: CaseState,
    *,
    person: StaffState,
    ends_on: date | None,
    today: date,
    open_objections: int,
    upheld: int,
    refusing: bool = False,
) -> Lock | None:
    """Return what keeps a case from being decided, or None. ``person``: their state; ``ends_on``: of the notice.

    A refusal need not wait for the notice's end, and is what an upheld objection may lead to.
    """
    if state is not CaseState.PROPOSED or ends_on is None:
        return Lock.NOT_PROPOSED
    if open_objections:
        return Lock.OBJECTION_OPEN
    if refusing:
        return None
    if person is not StaffState.TRAINEE:
        return Lock.NOT_TRAINEE
    if not is_over(ends_on, today):
        return Lock.NOTICE_RUNS
    return Lock.OBJECTION_UPHELD if upheld else None


# --- the list ---------------------------------------------------------------------------------------------


class Component(enum.StrEnum):
    """What a total is made of. Only what is on record; there are no interviews."""

    COMPETENCY = "competency"
    """Mean of the scores in the competencies that the rule names; one without a score counts 0."""
    QUIZ = "quiz"
    """Mean of the shares reached in the passed quizzes of the courses that the rule names."""
    AGE = "age"
    """Points by bands of age that the rule prints; weight 0 unless the office sets one."""
    EDUCATION = "education"
    """Points by words of education that the rule prints; weight 0 unless the office sets one."""


DEFAULT_WEIGHTS: Mapping[Component, Decimal] = {
    Component.COMPETENCY: Decimal(50),
    Component.QUIZ: Decimal(50),
    Component.AGE: Decimal(0),
    Component.EDUCATION: Decimal(0),
}
TIES = (Component.COMPETENCY.value, Component.QUIZ.value, "submitted_at", "application")
"""Equal totals: higher competency, then higher quiz, then the earlier application, then its public number."""

HUNDREDTH = Decimal("0.01")


class RuleFault(enum.StrEnum):
    """Why a rule cannot be used."""

    SUM = "sum"
    """The weights do not make 100."""
    NEGATIVE = "negative"
    AGE_BANDS = "age_bands"
    """Age has a weight and no bands."""
    EDUCATION_POINTS = "education_points"
    """Education has a weight and no points."""
    POINTS = "points"
    """Points lie outside 0 to 100."""


@dataclass(frozen=True)
class Rule:
    """The published rule of a list. ``age_bands``: (oldest age of the band, points), ascending; older: last points."""

    version: int
    weights: Mapping[Component, Decimal]
    competencies: tuple[str, ...]
    courses: tuple[str, ...]
    age_bands: tuple[tuple[int, int], ...] = ()
    education: Mapping[str, int] = field(default_factory=dict)
    ties: tuple[str, ...] = TIES

    @property
    def as_json(self) -> dict[str, Any]:
        """The rule as plain values, for the table and the snapshot."""
        return {
            "version": self.version,
            "weights": {each.value: str(self.weights[each]) for each in Component},
            "competencies": list(self.competencies),
            "courses": list(self.courses),
            "age_bands": [list(band) for band in self.age_bands],
            "education": dict(self.education),
            "ties": list(self.ties),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Rule":
        """Return the rule that ``as_json`` wrote."""
        return cls(
            version=values["version"],
            weights={each: Decimal(values["weights"][each.value]) for each in Component},
            competencies=tuple(values["competencies"]),
            courses=tuple(values["courses"]),
            age_bands=tuple((oldest, points) for oldest, points in values["age_bands"]),
            education=dict(values["education"]),
            ties=tuple(values["ties"]),
        )


def rule_fault(rule: Rule) -> RuleFault | None:
    """Return why a rule cannot be used, or None."""
    if any(weight < 0 for weight in rule.weights.values()):
        return RuleFault.NEGATIVE
    if sum(rule.weights.values()) != 100:
        return RuleFault.SUM
    if rule.weights[Component.AGE] and not rule.age_bands:
        return RuleFault.AGE_BANDS
    if rule.weights[Component.EDUCATION] and not rule.education:
        return RuleFault.EDUCATION_POINTS
    points = [*(points for _, points in rule.age_bands), *rule.education.values()]
    return RuleFault.POINTS if any(not 0 <= each <= 100 for each in points) else None


def canonical(values: object) -> str:
    """Return plain values as the one text that is hashed: JSON, sorted keys, no spaces."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(HUNDREDTH, ROUND_HALF_UP)


def share_of(points: Decimal, possible: Decimal) -> Decimal:
    """Return the points of a quiz in hundredths of what was possible, two places, half up."""
    return _rounded(points * 100 / possible)


def _mean(values: Sequence[Decimal]) -> Decimal:
    return _rounded(sum(values, Decimal(0)) / len(values)) if values else _rounded(Decimal(0))


def age_on(birth_month: str, day: date) -> int | None:
    """Return the age in whole years of somebody born in a month (YYYY-MM), None when it is not known."""
    if not birth_month:
        return None
    year, month = (int(part) for part in birth_month.split("-"))
    return day.year - year - (day.month < month)


def values_of(applicant: Mapping[str, Any], rule: Rule, day: date) -> dict[Component, Decimal]:
    """Return the value of each component, 0 to 100, from an applicant's frozen inputs. ``day``: of the list."""
    scores = {each["code"]: each["score"] for each in applicant["competencies"]}
    shares = {each["course"]: each["share"] for each in applicant["quizzes"]}
    age = age_on(applicant["birth_month"], day)
    points = 0
    if age is not None and rule.age_bands:
        points = next((points for oldest, points in rule.age_bands if age <= oldest), rule.age_bands[-1][1])
    return {
        Component.COMPETENCY: _mean([Decimal(scores.get(code) or 0) for code in rule.competencies]),
        Component.QUIZ: _mean([Decimal(shares.get(course) or 0) for course in rule.courses]),
        Component.AGE: _rounded(Decimal(points)),
        Component.EDUCATION: _rounded(Decimal(rule.education.get(applicant["education"], 0))),
    }


@dataclass(frozen=True)
class Line:
    """A line of the list: one applicant for one place. ``proposed``: within the number of places."""

    place: str
    number: int
    application: str
    name: str
    values: Mapping[Component, Decimal]
    total: Decimal
    proposed: bool


def listed(snapshot: Mapping[str, Any]) -> list[Line]:
    """Return the list that follows from a snapshot and the rule in it, place by place, best first.

    Totals are compared as they are printed, with two places, so that whoever reads the list can check its order.
    """
    rule, day = Rule.from_json(snapshot["rule"]), date.fromisoformat(snapshot["made_on"])
    lines: list[Line] = []
    for place in snapshot["places"]:
        found = []
        for applicant in snapshot["applicants"]:
            if applicant["place"] != place["place"]:
                continue
            values = values_of(applicant, rule, day)
            total = _rounded(sum((values[each] * rule.weights[each] for each in Component), Decimal(0)) / 100)
            ties = [-values[Component(tie)] if tie in set(Component) else applicant[tie] for tie in rule.ties]
            found.append(((-total, *ties), applicant, values, total))
        found.sort(key=lambda each: each[0])
        lines += [
            Line(
                place["place"],
                number,
                applicant["application"],
                applicant["name"],
                values,
                total,
                proposed=number <= place["number"],
            )
            for number, (_, applicant, values, total) in enumerate(found, 1)
        ]
    return lines


def list_text(snapshot: Mapping[str, Any]) -> str:
    """Return the list as it is published: lines of tabs, the rule and its weights on top. The bytes are hashed."""
    rule = Rule.from_json(snapshot["rule"])
    head = [
        ["round", snapshot["round"]],
        ["made_on", snapshot["made_on"]],
        ["rule", str(rule.version), digest_of(canonical(rule.as_json))],
        ["weights", *(f"{each.value}={rule.weights[each]}" for each in Component)],
        ["ties", *rule.ties],
        ["place", "number", "application", "name", *(each.value for each in Component), "total", "proposed"],
    ]
    body = [
        [
            line.place,
            str(line.number),
            line.application,
            line.name,
            *(str(line.values[each]) for each in Component),
            str(line.total),
            "yes" if line.proposed else "no",
        ]
        for line in listed(snapshot)
    ]
    return "".join("\t".join(cells) + "\n" for cells in [*head, *body])


def chosen(lines: Iterable[Line], places: Mapping[str, int], gone: Collection[str]) -> list[Line]:
    """Return whom the list proposes when those in ``gone`` (withdrawn, refused) are passed over, place by place.

    ``places``: place → how many are still to be filled. Nobody chooses by hand.
    """
    left = dict(places)
    found: list[Line] = []
    for line in lines:
        if line.application not in gone and left.get(line.place, 0) > 0:
            left[line.place] -= 1
            found.append(line)
    return found


def parse_points(text: str) -> list[tuple[str, int]] | None:
    """Return the (words, points) of lines such as ``45: 100``; None when a line cannot be read."""
    found: list[tuple[str, int]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        words, colon, points = line.replace("\uff1a", ":").rpartition(":")
        if not colon or not words.strip() or not points.strip().isdecimal():
            return None
        found.append((words.strip(), int(points)))
    return found


LONGEST_TITLE = 60
LONGEST_REASON = 200
LONGEST_TEXT = 1000
LONGEST_STATEMENT = 500
LONGEST_CHANNEL = 200
LONGEST_CONTACT = 60
LONGEST_NUMBER = 60


class TableFault(enum.StrEnum):
    """Why a line of a year's table cannot be used."""

    SHAPE = "shape"
    """Not a date, or not a name behind it."""
    OTHER_YEAR = "other_year"
    NO_WEEKEND = "no_weekend"
    """A made-up working day that is a working day anyway."""
    TWICE = "twice"


class BadTable(Exception):
    """A table of holidays cannot be used: ``line`` counts from 1."""

    def __init__(self, fault: TableFault, line: int) -> None:
        super().__init__(f"{fault} in line {line}")
        self.fault = fault
        self.line = line


def _span(text: str) -> list[date]:
    """Return the days of ``2027-02-05`` or ``2027-02-05..2027-02-11``. Raises ValueError."""
    first, _, last = text.partition("..")
    begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    if end < begin or (end - begin).days > 31:
        raise ValueError(text)
    return [begin + timedelta(days=number) for number in range((end - begin).days + 1)]


def parse_days(text: str, year: int, *, worked: bool = False) -> dict[date, str]:
    """Return the days of a table with their names, from lines such as ``2027-10-01..2027-10-07 name``.

    ``worked``: the days are weekend days that are worked. Raises BadTable.
    """
    days: dict[date, str] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.replace("\u3000", " ").replace("\u81f3", "..").strip()
        if not line:
            continue
        head, _, name = line.partition(" ")
        try:
            span = _span(head)
        except ValueError as error:
            raise BadTable(TableFault.SHAPE, number) from error
        if not name.strip():
            raise BadTable(TableFault.SHAPE, number)
        for day in span:
            if day.year != year:
                raise BadTable(TableFault.OTHER_YEAR, number)
            if worked and day.weekday() < 5:
                raise BadTable(TableFault.NO_WEEKEND, number)
            if day in days:
                raise BadTable(TableFault.TWICE, number)
            days[day] = name.strip()[:20]
    return days
