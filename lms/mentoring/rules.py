"""Rules of mentoring: who may be a mentor, the states of a pair and of a session, times and topics. Pure."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from lms.competency.rules import TOP_LEVEL, add_months
from lms.people.rules import StaffState

# --- who may be a mentor ----------------------------------------------------------------------------------

MENTOR_MONTHS = 24
"""How long a mentor has been with the office."""
MENTOR_LEVEL = 3
MENTOR_COMPETENCIES = 8
"""In how many competencies a mentor has that level, by evidence or 认定."""
MOST_NEWCOMERS = 2
"""How many newcomers one mentor may have at a time; the second one only with a written reason."""


class Bar(enum.StrEnum):
    """Why somebody cannot be this newcomer's mentor, in the order a page says it."""

    SELF = "self"
    NO_ROLE = "no_role"
    """Holds no mentor role in force that reaches the newcomer's unit."""
    SUSPENDED = "suspended"
    NOT_ACTIVE = "not_active"
    TOO_NEW = "too_new"
    FEW_COMPETENCIES = "few_competencies"
    FULL = "full"
    """Has two newcomers already."""


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What is known of somebody who might be a mentor. ``newcomers``: how many live pairs they mentor."""

    state: StaffState
    joined_on: date
    competencies: int
    has_role: bool
    newcomers: int
    is_newcomer: bool = False


def mentor_from(joined_on: date) -> date:
    """Return the first day on which somebody has been here long enough to be a mentor."""
    return add_months(joined_on, MENTOR_MONTHS)


def bars(prospect: Prospect, today: date) -> tuple[Bar, ...]:
    """Return every reason why somebody cannot be a mentor on ``today``; none when they can."""
    found = {
        Bar.SELF: prospect.is_newcomer,
        Bar.NO_ROLE: not prospect.has_role,
        Bar.SUSPENDED: prospect.state is StaffState.SUSPENDED,
        Bar.NOT_ACTIVE: prospect.state not in {StaffState.ACTIVE, StaffState.SUSPENDED},
        Bar.TOO_NEW: today < mentor_from(prospect.joined_on),
        Bar.FEW_COMPETENCIES: prospect.competencies < MENTOR_COMPETENCIES,
        Bar.FULL: prospect.newcomers >= MOST_NEWCOMERS,
    }
    return tuple(bar for bar in Bar if found[bar])


def needs_reason(newcomers: int) -> bool:
    """Whether a mentor who has this many newcomers gets one more only with a written reason."""
    return newcomers > 0


NEWCOMERS = frozenset({StaffState.TRAINEE, StaffState.ACTIVE})
"""Who can be given a mentor."""

# --- the pair ---------------------------------------------------------------------------------------------


class PairState(enum.StrEnum):
    """Where a pair stands."""

    PROPOSED = "proposed"
    """An official proposed it; mentor and newcomer have not both said yes."""
    ACTIVE = "active"
    EXTENDED = "extended"
    COMPLETED = "completed"
    """出师: an official confirmed it."""
    CHANGED = "changed"
    """The newcomer got another mentor."""
    ENDED = "ended"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class PairAction(enum.StrEnum):
    """What can be done to a pair's state."""

    ACCEPT = "accept"
    """The second of the two says yes; the yes of the first is only noted."""
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXTEND = "extend"
    COMPLETE = "complete"
    CHANGE = "change"
    END = "end"


PAIR_TRANSITIONS: Mapping[tuple[PairState, PairAction], PairState] = {
    (PairState.PROPOSED, PairAction.ACCEPT): PairState.ACTIVE,
    (PairState.PROPOSED, PairAction.DECLINE): PairState.DECLINED,
    (PairState.PROPOSED, PairAction.WITHDRAW): PairState.WITHDRAWN,
    (PairState.ACTIVE, PairAction.EXTEND): PairState.EXTENDED,
    (PairState.ACTIVE, PairAction.COMPLETE): PairState.COMPLETED,
    (PairState.ACTIVE, PairAction.CHANGE): PairState.CHANGED,
    (PairState.ACTIVE, PairAction.END): PairState.ENDED,
    (PairState.EXTENDED, PairAction.EXTEND): PairState.EXTENDED,
    (PairState.EXTENDED, PairAction.COMPLETE): PairState.COMPLETED,
    (PairState.EXTENDED, PairAction.CHANGE): PairState.CHANGED,
    (PairState.EXTENDED, PairAction.END): PairState.ENDED,
}

RUNNING = frozenset({PairState.ACTIVE, PairState.EXTENDED})
"""Mentoring goes on: sessions are logged, checkpoints written."""
LIVE = RUNNING | {PairState.PROPOSED}
"""At most one of a newcomer, at most two of a mentor."""


def next_state(state: PairState, action: PairAction) -> PairState | None:
    """Return the state an action leads to, or None when it is not possible from ``state``."""
    return PAIR_TRANSITIONS.get((state, action))


def leaving_action(state: PairState) -> PairAction | None:
    """Return what becomes of a pair when one of the two leaves; None when it is over already."""
    if state is PairState.PROPOSED:
        return PairAction.WITHDRAW
    return PairAction.END if state in RUNNING else None


PLAN_DAYS = 90
CHECKPOINT_DAYS = (7, 30, 60, 90)
SESSIONS_TO_COMPLETE = 1
"""How many confirmed sessions 出师 asks for, beside all checkpoints."""
LONGEST_DAYS = 365
"""A pair, extended or not, ends at most so many days after it began."""
LONGEST_REASON = 200
LONGEST_LINE = 200


class CheckpointVerdict(enum.StrEnum):
    """What the mentor says at a checkpoint."""

    WELL = "well"
    HELP = "help"


def day_of(starts_on: date, day: date) -> int:
    """Return which day of the pair a date is; the day it became active is day 1."""
    return (day - starts_on).days + 1


def due_on(starts_on: date, number: int) -> date:
    """Return the date of day ``number`` of a pair that became active on ``starts_on``."""
    return starts_on + timedelta(days=number - 1)


def latest_end(starts_on: date) -> date:
    """Return the last day to which a pair may be extended."""
    return due_on(starts_on, LONGEST_DAYS)


class Missing(enum.StrEnum):
    """What 出师 still asks for."""

    CHECKPOINTS = "checkpoints"
    SESSIONS = "sessions"


def missing_to_complete(checkpoints_done: int, sessions_confirmed: int) -> tuple[Missing, ...]:
    """Return what a running pair lacks for 出师."""
    found = []
    if checkpoints_done < len(CHECKPOINT_DAYS):
        found.append(Missing.CHECKPOINTS)
    if sessions_confirmed < SESSIONS_TO_COMPLETE:
        found.append(Missing.SESSIONS)
    return tuple(found)


# --- the session ------------------------------------------------------------------------------------------


class SessionState(enum.StrEnum):
    """Where a logged session stands."""

    WAITING = "waiting"
    """The newcomer has not answered."""
    CORRECTED = "corrected"
    """The newcomer saw it otherwise; the mentor has not answered."""
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    """Nobody answered in time, or the mentor kept his version: counts half."""
    OVERLAPPING = "overlapping"
    """At the same time as one that was logged before: does not count."""
    WITHDRAWN = "withdrawn"


class SessionAction(enum.StrEnum):
    """What can be done to a session."""

    CONFIRM = "confirm"
    CORRECT = "correct"
    ACCEPT = "accept"
    """The mentor takes the newcomer's version."""
    KEEP = "keep"
    """The mentor stays with his own version."""
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    """The time to answer is over."""


SESSION_TRANSITIONS: Mapping[tuple[SessionState, SessionAction], SessionState] = {
    (SessionState.WAITING, SessionAction.CONFIRM): SessionState.CONFIRMED,
    (SessionState.WAITING, SessionAction.CORRECT): SessionState.CORRECTED,
    (SessionState.WAITING, SessionAction.WITHDRAW): SessionState.WITHDRAWN,
    (SessionState.WAITING, SessionAction.LAPSE): SessionState.UNCONFIRMED,
    (SessionState.CORRECTED, SessionAction.ACCEPT): SessionState.CONFIRMED,
    (SessionState.CORRECTED, SessionAction.KEEP): SessionState.UNCONFIRMED,
    (SessionState.CORRECTED, SessionAction.LAPSE): SessionState.UNCONFIRMED,
}

BY_NEWCOMER = frozenset({SessionAction.CONFIRM, SessionAction.CORRECT})
BY_MENTOR = frozenset({SessionAction.ACCEPT, SessionAction.KEEP, SessionAction.WITHDRAW})
OPEN = frozenset({SessionState.WAITING, SessionState.CORRECTED})
"""Somebody's answer is awaited."""
SETTLED = frozenset({SessionState.CONFIRMED, SessionState.UNCONFIRMED})
"""Evidence was written, once and for ever."""
COUNTING = OPEN | SETTLED
"""Takes its time: a later one at the same time does not count."""

ANSWER_WITHIN = timedelta(hours=72)
"""The newcomer's time to answer a session, and the mentor's to answer a correction."""
LOGGED_WITHIN = timedelta(days=14)
"""How far back a session may lie when it is logged."""
MINUTES = (30, 60, 120, 240)
"""How long a session may be said to have lasted; 240 is half a day."""


def next_session_state(state: SessionState, action: SessionAction) -> SessionState | None:
    """Return the state an action leads to, or None when it is not possible from ``state``."""
    return SESSION_TRANSITIONS.get((state, action))


class When(enum.StrEnum):
    """The big choices of when a session was."""

    JUST_NOW = "just_now"
    """It ended this minute."""
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


_PARTS: Mapping[When, tuple[time, time]] = {
    When.MORNING: (time(6), time(9)),
    When.AFTERNOON: (time(12), time(14)),
    When.EVENING: (time(17), time(19)),
}
"""Part of the day → when it begins at the earliest, and when a session in it is taken to have begun."""


def begins_at(when: When, day: date, clock_time: time | None, minutes: int, now: datetime) -> datetime | None:
    """Return when a session began, in the zone of ``now`` (business time on the wall), or None when it cannot be said.

    ``clock_time``: an exact time of the day, which goes before the big choice. A part of today that is not over
    is taken to end now, as long as the session still lies in it. None: ``JUST_NOW`` of another day.
    """
    length = timedelta(minutes=minutes)
    if clock_time is not None:
        return datetime.combine(day, clock_time, now.tzinfo)
    now = now.replace(second=0, microsecond=0)
    if when is When.JUST_NOW:
        return now - length if day == now.date() else None
    earliest, usual = (datetime.combine(day, each, now.tzinfo) for each in _PARTS[when])
    if usual + length > now >= earliest + length:
        return now - length
    return usual


class TimeFault(enum.StrEnum):
    """Why the time of a session cannot be."""

    FUTURE = "future"
    TOO_OLD = "too_old"
    BEFORE_PAIR = "before_pair"


def time_fault(starts_at: datetime, minutes: int, *, now: datetime, pair_from: date) -> TimeFault | None:
    """Return why a session cannot have been then, or None. All in one zone; ``pair_from``: first day of the pair."""
    if starts_at + timedelta(minutes=minutes) > now:
        return TimeFault.FUTURE
    if starts_at.date() < (now - LOGGED_WITHIN).date():
        return TimeFault.TOO_OLD
    if starts_at.date() < pair_from:
        return TimeFault.BEFORE_PAIR
    return None


def overlaps(starts_at: datetime, ends_at: datetime, other_starts_at: datetime, other_ends_at: datetime) -> bool:
    """Whether two spans of time have a moment in common; one may begin in the moment the other ends."""
    return starts_at < other_ends_at and other_starts_at < ends_at


# --- topics -----------------------------------------------------------------------------------------------


class Function(enum.StrEnum):
    """五项职能, and what belongs to all of them."""

    PUBLICITY = "publicity"
    INSPECTION = "inspection"
    INFORMATION = "information"
    ASSISTANCE = "assistance"
    FOLLOW_UP = "follow_up"
    COMMON = "common"


@dataclass(frozen=True)
class Topic:
    """What a session was mainly about, and the competencies that can be seen in it. Keys never change."""

    key: str
    function: Function
    codes: tuple[str, ...]


TOPICS: Sequence[Topic] = (
    Topic("home_visit", Function.ASSISTANCE, ("ETH1", "ETH2")),
    Topic("care", Function.ASSISTANCE, ("AST3", "ETH1")),
    Topic("errand", Function.ASSISTANCE, ("AST2", "ETH3")),
    Topic("mediation", Function.ASSISTANCE, ("AST1", "ETH3")),
    Topic("patrol", Function.INSPECTION, ("INS1", "BND1")),
    Topic("report", Function.INSPECTION, ("INS2", "BND1")),
    Topic("collect", Function.INFORMATION, ("INF1", "ETH2")),
    Topic("dispatch", Function.INFORMATION, ("INF2", "DIG1")),
    Topic("publicity", Function.PUBLICITY, ("PUB1", "LAW1")),
    Topic("fraud", Function.PUBLICITY, ("DIG2", "PUB1")),
    Topic("recall", Function.FOLLOW_UP, ("FUP1", "ETH1")),
    Topic("emergency", Function.COMMON, ("EMG1", "BND1")),
    Topic("phone", Function.COMMON, ("DIG1", "DIG2")),
    Topic("meeting", Function.COMMON, ("COR1", "LAW1")),
)
"""Two competencies each: what is asked about one round fits on two screens of a phone."""


def topic_of(key: str) -> Topic | None:
    """Return the topic of a key, or None."""
    return next((each for each in TOPICS if each.key == key), None)


def level_to_watch(level: int) -> int:
    """Return the level whose behaviours are asked: the one after the present, at the top the top itself."""
    return min(level + 1, TOP_LEVEL)


# --- what was seen ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A behaviour as it was seen: ``shown`` True 做到了, False 还不行, None 没遇到 (only in a correction).

    ``words`` are those of the day; the framework may be worded otherwise later.
    """

    code: str
    key: str
    words: str
    shown: bool | None


def kept_marks(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    """Return marks as they are stored."""
    return [{"code": each.code, "key": each.key, "words": each.words, "shown": each.shown} for each in marks]


def restored_marks(stored: Iterable[Mapping[str, Any]]) -> tuple[Mark, ...]:
    """Return the marks of which these were kept; ``kept_marks`` turned round."""
    return tuple(Mark(code=each["code"], key=each["key"], words=each["words"], shown=each["shown"]) for each in stored)


def corrected_marks(marks: Sequence[Mark], said: Mapping[str, bool | None]) -> tuple[Mark, ...]:
    """Return the marks with the newcomer's answers in the place of the mentor's; a behaviour left out stays."""
    return tuple(
        Mark(code=each.code, key=each.key, words=each.words, shown=said.get(each.key, each.shown)) for each in marks
    )
