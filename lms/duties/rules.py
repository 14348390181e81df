"""When a duty item is open to a person, what has changed in a list, and which lesson is next. Pure.

All is reckoned in whole days. A level or a certificate counts on a day as it stands at that day's end, so what was
won and lost on one day was never had. What a person could do once is kept open for ``GRACE_DAYS`` days after the
last day on which they could.
"""

import enum
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from lms.content.rules import RoleLevel
from lms.people.rules import Post, StaffState

CERTIFICATE_NEEDED = "onboarding_part1"
"""The kind of certificate without which no duty item is open."""
GRACE_DAYS = 60


class DutyState(enum.StrEnum):
    """How a duty item on a person's list stands."""

    OPEN = "open"
    """已开放: the person does it alone."""
    GRACE = "grace"
    """Still open, with a last day: a level has fallen or the certificate has ended."""
    LEARNING = "learning"
    """跟学中: the person does it together with the mentor."""
    PAUSED = "paused"
    """暂停: the person is suspended or seconded."""


MAY_ACT = (DutyState.OPEN, DutyState.GRACE)
"""States in which the person does it alone."""
AWAY = (StaffState.SUSPENDED, StaffState.SECONDED)
"""States of a person in which the whole list is paused."""


@dataclass(frozen=True)
class Span:
    """Days from ``first`` to ``last``, both included; without end when ``last`` is None."""

    first: date
    last: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it ended before it began."""
        return self.last is not None and self.last < self.first

    def holds(self, day: date) -> bool:
        """Whether a day lies within."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that decides about a person's list.

    ``posts``: with their days, past and coming ones too. ``levels``: by competency each level reached, with the day,
    in the order in which it happened (0 to 4). ``certificates``: the days on which one that counts was valid.
    """

    state: StaffState
    posts: Sequence[tuple[Post, Span]] = ()
    levels: Mapping[str, Sequence[tuple[date, int]]] = field(default_factory=dict)
    certificates: Sequence[Span] = ()


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a duty item asks: its post, whether it belongs to all posts, and the level of each competency."""

    key: str
    post: Post
    is_common: bool
    needs: Mapping[str, int]


@dataclass(frozen=True)
class Verdict:
    """The state of an item on a person's list; ``grace_until``: last day of a grace."""

    state: DutyState
    grace_until: date | None = None


# --- whose item it is --------------------------------------------------------------------------------------


def belongs(demand: Demand, posts: Collection[Post]) -> bool:
    """Whether an item stands on the list of somebody with these posts.

    Items of all posts do, whatever the post; what falls to the grid leader stands on a leader's list only.
    """
    return demand.post in posts or (demand.is_common and demand.post is not Post.GRID_LEADER and bool(posts))


def level_of(demand: Demand, posts: Collection[Post]) -> RoleLevel:
    """Return the role level at which an item speaks to somebody with these posts.

    A leader who also does an officer's post has an officer's authority in that post's items.
    """
    leads = Post.GRID_LEADER in posts and (demand.is_common or demand.post is Post.GRID_LEADER)
    return RoleLevel.LEADER if leads else RoleLevel.OFFICER


def needed(demands: Iterable[Demand], posts: Collection[Post]) -> dict[str, int]:
    """Return the highest level that the items of somebody with these posts ask for, by competency."""
    found: dict[str, int] = {}
    for demand in demands:
        if belongs(demand, posts):
            for code, level in demand.needs.items():
                found[code] = max(level, found.get(code, 0))
    return found


# --- open or not -------------------------------------------------------------------------------------------


def days_at(steps: Sequence[tuple[date, int]], level: int) -> list[Span]:
    """Return the days on whose end a competency stood at a level or above."""
    ends: list[tuple[date, int]] = []
    for day, reached in steps:
        # An attempt may be marked late, as of its deadline: what came after it in the history counts after it.
        day = max(day, ends[-1][0]) if ends else day
        if ends and ends[-1][0] == day:
            ends.pop()
        ends.append((day, reached))
    spans: list[Span] = []
    for at, (day, reached) in enumerate(ends):
        if reached >= level:
            last = ends[at + 1][0] - timedelta(days=1) if at + 1 < len(ends) else None
            spans.append(Span(day, last))
    return spans


def in_both(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return the days that lie in a span of either list."""
    found = []
    for one in some:
        for other in others:
            lasts = [last for last in (one.last, other.last) if last is not None]
            span = Span(max(one.first, other.first), min(lasts) if lasts else None)
            if not span.is_empty:
                found.append(span)
    return found


def able(demand: Demand, facts: Facts) -> list[Span]:
    """Return the days on which a person had every level and the certificate that an item asks for."""
    spans = [span for span in facts.certificates if not span.is_empty]
    for code, level in demand.needs.items():
        spans = in_both(spans, days_at(facts.levels.get(code, ()), level))
    return spans


def verdict(demand: Demand, facts: Facts, today: date) -> Verdict | None:
    """Return how an item stands on a person's list on a day; None when it is not on it."""
    posts = {post for post, span in facts.posts if span.holds(today)}
    if facts.state is StaffState.ENDED or not belongs(demand, posts):
        return None
    if facts.state in AWAY:
        return Verdict(DutyState.PAUSED)
    if facts.state is not StaffState.ACTIVE:
        return Verdict(DutyState.LEARNING)
    begun = [span for span in able(demand, facts) if span.first <= today]
    if any(span.holds(today) for span in begun):
        return Verdict(DutyState.OPEN)
    lasts = [span.last for span in begun if span.last is not None]
    if lasts and today <= (until := max(lasts) + timedelta(days=GRACE_DAYS)):
        return Verdict(DutyState.GRACE, until)
    return Verdict(DutyState.LEARNING)


def begins_grace(before: Verdict | None, after: Verdict | None) -> bool:
    """Whether an item that was open has a last day from now on."""
    return before is not None and after is not None and (before.state, after.state) == (DutyState.OPEN, DutyState.GRACE)


def verdicts(demands: Iterable[Demand], facts: Facts, today: date) -> dict[str, Verdict]:
    """Return the items on a person's list on a day with how they stand, by key."""
    found = ((demand.key, verdict(demand, facts, today)) for demand in demands)
    return {key: each for key, each in found if each is not None}


def next_day(demands: Iterable[Demand], facts: Facts, today: date) -> date | None:
    """Return the next day on which time alone may change a list; None when it will not.

    A post begins or is over, a certificate's last day has passed, a grace is over.
    """
    after = timedelta(days=1)
    days = [span.first for _, span in facts.posts]
    days += [span.last + after for _, span in facts.posts if span.last is not None]
    for demand in demands:
        for span in able(demand, facts):
            if span.last is not None:
                days += [span.last + after, span.last + timedelta(days=GRACE_DAYS) + after]
    return min((day for day in days if day > today), default=None)


# --- what was read and what has changed since ---------------------------------------------------------------

Snapshot = Mapping[str, Any]
"""What a list said, in plain values: ``items`` with their words and state, ``prohibited``, ``emergency``."""

WORDING = ("name", "ways", "limit", "steps", "forbids")
"""What of an item stands on the list; ``version`` stands for the rest of it."""


def digest_of(snapshot: Snapshot) -> str:
    """Return the SHA-256 of a snapshot in hex: equal digests are the same list."""
    text = json.dumps(snapshot, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Reworded:
    """An item that says something else now; ``fields``: what differs, empty when it is not on the list itself."""

    key: str
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What differs between two snapshots, as keys of items in the order of the newer one."""

    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    """Done alone now, not before."""
    closing: tuple[str, ...] = ()
    """Still done alone, until a day that was not there before."""
    closed: tuple[str, ...] = ()
    """Not done alone any more."""
    resumed: tuple[str, ...] = ()
    """Paused before, learning now; or the other way round."""
    reworded: tuple[Reworded, ...] = ()
    general: bool = False
    """The prohibited acts or the words on emergencies differ."""

    @property
    def touched(self) -> frozenset[str]:
        """The items of the newer list that differ in any way."""
        moved = (*self.added, *self.opened, *self.closing, *self.closed, *self.resumed)
        return frozenset(moved) | {each.key for each in self.reworded}


def changes_between(old: Snapshot, new: Snapshot) -> Changes:
    """Return what a reader of the old list has to be told of the new one."""
    before = {item["key"]: item for item in old["items"]}
    after = {item["key"]: item for item in new["items"]}
    both = [key for key in after if key in before]
    acts = {state.value for state in MAY_ACT}

    def moved(key: str) -> tuple[bool, bool]:
        return before[key]["state"] in acts, after[key]["state"] in acts

    reworded = []
    for key in both:
        fields = tuple(name for name in WORDING if before[key][name] != after[key][name])
        if fields or before[key]["version"] != after[key]["version"]:
            reworded.append(Reworded(key, fields))
    return Changes(
        added=tuple(key for key in after if key not in before),
        gone=tuple(key for key in before if key not in after),
        opened=tuple(
            key
            for key in both
            if moved(key) == (False, True) or (before[key]["state"], after[key]["state"]) == ("grace", "open")
        ),
        closing=tuple(
            key
            for key in both
            if moved(key) == (True, True)
            and after[key]["state"] == DutyState.GRACE
            and before[key]["grace_until"] != after[key]["grace_until"]
        ),
        closed=tuple(key for key in both if moved(key) == (True, False)),
        resumed=tuple(
            key for key in both if moved(key) == (False, False) and before[key]["state"] != after[key]["state"]
        ),
        reworded=tuple(reworded),
        general=any(old[name] != new[name] for name in ("prohibited", "emergency")),
    )


# --- how to get there --------------------------------------------------------------------------------------


class NextKind(enum.StrEnum):
    """What brings a missing level nearer."""

    LESSON = "lesson"
    QUIZ = "quiz"
    """All lessons are read; the course quiz waits."""
    PRACTICE = "practice"
    """Every course is passed: what is missing now shows in the level's evidence."""
    PLANNED = "planned"
    """No course trains it yet."""


@dataclass(frozen=True)
class Trained:
    """A course that exists: its lessons in order, each with whether it trains the competency, and how far one is."""

    key: str
    lessons: Sequence[tuple[str, bool]]
    finished: Collection[str]
    is_passed: bool


@dataclass(frozen=True)
class Next:
    """The next thing to do for a missing level. ``course`` and ``lesson`` are empty where there is none."""

    kind: NextKind
    course: str = ""
    lesson: str = ""


def next_for(courses: Sequence[Trained]) -> Next:
    """Return the next step from the courses that train a competency, the most fitting first.

    The first lesson that is not finished and trains it, else any that is not finished, else the quiz.
    """
    if not courses:
        return Next(NextKind.PLANNED)
    waiting = next((course for course in courses if not course.is_passed), None)
    if waiting is None:
        return Next(NextKind.PRACTICE)
    unread = [(key, trains) for key, trains in waiting.lessons if key not in waiting.finished]
    if not unread:
        return Next(NextKind.QUIZ, waiting.key)
    lesson = next((key for key, trains in unread if trains), unread[0][0])
    return Next(NextKind.LESSON, waiting.key, lesson)
