"""States of an attempt, the drawing of papers, time, what an attempt comes to, and which questions fail. Pure.

How a single answer is marked stands with its kind in ``kinds``. Every figure is exact and rounded half up to the
places it is stored with: correctness to four, points to two.
"""

import enum
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol, TypeVar


class AttemptState(enum.StrEnum):
    """The state of an attempt."""

    OPEN = "open"
    """Being answered; the server holds the deadline."""
    MARKED = "marked"
    """Handed in (by the person, or by the deadline) and marked, exactly once."""
    VOID = "void"
    """Taken out by two officials with a reason; counts for nothing."""


# --- time --------------------------------------------------------------------------------------------------

GRACE = timedelta(seconds=30)
"""A save or a hand-in under way at the deadline still counts: on a weak signal it may take this long to arrive.
Longer would be time to think; the page itself closes the questions at the deadline."""

WAIT = timedelta(minutes=10)
"""Between two attempts, unless the office sets another time: long enough to read what went wrong."""


def deadline(started_at: datetime, minutes: int, *, has_extra_time: bool) -> datetime:
    """Return when an attempt ends: its minutes, half as many again for whoever needs more time."""
    allowed = timedelta(minutes=minutes)
    return started_at + (allowed * 3 / 2 if has_extra_time else allowed)


def is_overdue(now: datetime, deadline_at: datetime) -> bool:
    """Whether nothing more is accepted: the deadline and the grace are over."""
    return now > deadline_at + GRACE


def handed_in_at(now: datetime, deadline_at: datetime) -> datetime:
    """Return the moment an attempt counts as handed in: never later than its deadline, however late it is marked."""
    return min(now, deadline_at)


def seconds_left(now: datetime, deadline_at: datetime) -> int:
    """Return the whole seconds until the deadline, 0 after it."""
    return max(0, int((deadline_at - now).total_seconds()))


@dataclass(frozen=True)
class Repeat:
    """Whether the quiz may be begun again, and if not, what is missing."""

    is_allowed: bool
    needs_review: bool = False
    not_before: datetime | None = None


def repeat(marked_at: datetime | None, review_opened_at: datetime | None, *, now: datetime, wait: timedelta) -> Repeat:
    """Decide over another attempt by the last marked one (``marked_at`` None: there is none).

    The explanations of the last attempt must have been opened, and ``wait`` must have gone by since it was marked.
    """
    if marked_at is None:
        return Repeat(is_allowed=True)
    not_before = marked_at + wait
    needs_review, is_early = review_opened_at is None, now < not_before
    return Repeat(
        is_allowed=not needs_review and not is_early,
        needs_review=needs_review,
        not_before=not_before if is_early else None,
    )


# --- marking -----------------------------------------------------------------------------------------------

CENT = Decimal("0.01")
TEN_THOUSANDTH = Decimal("0.0001")
FULL, NONE = Decimal("1.0000"), Decimal("0.0000")


@dataclass(frozen=True)
class Marked:
    """How right an answer is, 0 to 1, and whether it chose what crosses a red line."""

    correctness: Decimal
    is_line_crossed: bool = False


@dataclass(frozen=True, kw_only=True)
class MarkedItem:
    """One marked question of a paper."""

    points_possible: Decimal
    is_critical: bool
    marked: Marked

    @property
    def points(self) -> Decimal:
        return points_for(self.points_possible, self.marked.correctness)

    @property
    def is_critical_missed(self) -> bool:
        """A critical question is missed by anything less than full marks, and by crossing a line."""
        return self.is_critical and (self.marked.correctness != 1 or self.marked.is_line_crossed)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an attempt comes to. ``is_passed`` needs the pass mark and every critical question right."""

    points: Decimal
    points_possible: Decimal
    is_passed: bool
    is_critical_missed: bool


def share(right: int, of: int) -> Decimal:
    """Return ``right ÷ of`` as a correctness."""
    return (Decimal(right) / Decimal(of)).quantize(TEN_THOUSANDTH, ROUND_HALF_UP)


def points_for(possible: Decimal, correctness: Decimal) -> Decimal:
    """Return the points of an answer."""
    return (possible * correctness).quantize(CENT, ROUND_HALF_UP)


def reaches(points: Decimal, possible: Decimal, pass_mark: int) -> bool:
    """Whether the points are at least ``pass_mark`` percent of what was possible, compared exactly."""
    return points * 100 >= possible * pass_mark


def outcome(items: Iterable[MarkedItem], pass_mark: int) -> Outcome:
    """Add up an attempt."""
    items = list(items)
    points = sum((item.points for item in items), Decimal("0.00"))
    possible = sum((item.points_possible for item in items), Decimal("0.00"))
    is_critical_missed = any(item.is_critical_missed for item in items)
    return Outcome(
        points=points,
        points_possible=possible,
        is_passed=reaches(points, possible, pass_mark) and not is_critical_missed,
        is_critical_missed=is_critical_missed,
    )


def answers_digest(answers: Iterable[tuple[int, str, int, object]]) -> str:
    """Return SHA-256, in hex, over (position, question, seq, answer) of a whole paper as canonical JSON."""
    rows = [list(row) for row in sorted(answers, key=lambda row: row[0])]
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# --- questions and lessons that fail -----------------------------------------------------------------------

ENOUGH = 10
"""Answers below which nothing is said of a question: with fewer, one person more or less turns the figure round."""
FAILS_BELOW = Decimal("0.60")
"""A question whose answers are right by less than this on average fails: who did so in all of them would not pass."""
LESSON_ENOUGH = 2
"""Questions with enough answers below which nothing is said of a lesson: one bad question is no bad lesson."""
LESSON_FAILS_BELOW = Decimal("0.70")
"""A lesson whose questions are answered below this fails. Easy and hard ones even out over a lesson, so it is nearer
to what is usual than the line for one question."""
APART_ENOUGH = 30
"""Answers from which those who did well and those who did badly are compared: ten in each third."""
UPSIDE_DOWN = Decimal("0.10")
"""By how much the weaker third must do better before it is said: less is chance."""
QUIET = timedelta(days=30)
"""Without a touch for so long, somebody has stopped in the lesson they were in."""


class Standing(enum.StrEnum):
    """What the figures say of a question or a lesson."""

    FAILS = "fails"
    UNCLEAR = "unclear"
    """Too few answers to say anything."""
    FINE = "fine"


class Reason(enum.StrEnum):
    """Why a question fails."""

    LOW = "low"
    """Too few get it right."""
    MISLED = "misled"
    """A wrong option is chosen more often than a right one of the same part."""


@dataclass(frozen=True)
class Choosable:
    """An option of a question as the figures see it. ``part``: the field of the answer it belongs to."""

    part: str
    option: str
    is_right: bool


@dataclass(frozen=True)
class Given:
    """One way a question was answered, and how many times. ``chosen``: (part, option); empty for no answer."""

    chosen: frozenset[tuple[str, str]]
    correctness: Decimal
    times: int


@dataclass(frozen=True)
class Chosen:
    """How often an option was chosen."""

    what: Choosable
    times: int


def average(total: Decimal, count: int) -> Decimal | None:
    """Return ``total ÷ count`` as a correctness, None for a count of nought."""
    return (total / count).quantize(TEN_THOUSANDTH, ROUND_HALF_UP) if count else None


@dataclass(frozen=True, kw_only=True)
class ItemFigures:
    """What a set of marked answers says of a question.

    Papers that left it out are counted as ``blank`` and nowhere else: they say that time ran out, nothing of the
    words. ``right``: fully right. ``total``: the correctness of all answers, added up.
    """

    answered: int
    blank: int
    right: int
    total: Decimal
    options: tuple[Chosen, ...]

    @staticmethod
    def of(options: Sequence[Choosable], given: Iterable[Given]) -> "ItemFigures":
        """Count answers; the options keep their order."""
        given = list(given)
        answers = [each for each in given if each.chosen]
        times: Counter[tuple[str, str]] = Counter()
        for each in answers:
            for choice in each.chosen:
                times[choice] += each.times
        return ItemFigures(
            answered=sum(each.times for each in answers),
            blank=sum(each.times for each in given if not each.chosen),
            right=sum(each.times for each in answers if each.correctness == FULL),
            total=sum((each.correctness * each.times for each in answers), NONE),
            options=tuple(Chosen(what, times[what.part, what.option]) for what in options),
        )

    @property
    def wrong(self) -> int:
        """Answers that are not fully right."""
        return self.answered - self.right

    @property
    def mean(self) -> Decimal | None:
        """The mean correctness, None without an answer."""
        return average(self.total, self.answered)

    @property
    def most_wrong(self) -> Chosen | None:
        """The wrong option chosen most often, the first of several; None when no wrong one was chosen."""
        wrong = [each for each in self.options if not each.what.is_right and each.times]
        return max(wrong, key=lambda each: each.times, default=None)

    @property
    def misleading(self) -> Chosen | None:
        """The wrong option chosen most of those chosen more often than a right option of their part; mostly None."""
        least: dict[str, int] = {}
        for each in self.options:
            if each.what.is_right:
                least[each.what.part] = min(each.times, least.get(each.what.part, each.times))
        found = [
            each
            for each in self.options
            if not each.what.is_right and each.what.part in least and each.times > least[each.what.part]
        ]
        return max(found, key=lambda each: each.times, default=None)

    @property
    def is_enough(self) -> bool:
        return self.answered >= ENOUGH

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the question fails; empty when it does not, or when there are too few answers to say so."""
        if not self.is_enough:
            return ()
        low = (Reason.LOW,) if self.total < FAILS_BELOW * self.answered else ()
        return low + ((Reason.MISLED,) if self.misleading is not None else ())

    @property
    def standing(self) -> Standing:
        if not self.is_enough:
            return Standing.UNCLEAR
        return Standing.FAILS if self.reasons else Standing.FINE


@dataclass(frozen=True, kw_only=True)
class LessonFigures:
    """What the answers to the questions of a lesson say of it. ``judged``: questions with enough answers."""

    questions: int
    judged: int
    failing: int
    answered: int
    total: Decimal

    @staticmethod
    def of(items: Iterable[ItemFigures]) -> "LessonFigures":
        """Add up the questions of a lesson; every answer weighs the same."""
        items = list(items)
        return LessonFigures(
            questions=len(items),
            judged=sum(each.is_enough for each in items),
            failing=sum(each.standing is Standing.FAILS for each in items),
            answered=sum(each.answered for each in items),
            total=sum((each.total for each in items), NONE),
        )

    @property
    def mean(self) -> Decimal | None:
        """The mean correctness, None without an answer."""
        return average(self.total, self.answered)

    @property
    def standing(self) -> Standing:
        if self.judged < LESSON_ENOUGH:
            return Standing.UNCLEAR
        return Standing.FAILS if self.total < LESSON_FAILS_BELOW * self.answered else Standing.FINE


@dataclass(frozen=True)
class Scored:
    """Answers to a question by papers that came to the same in all their other questions: ``rest``, 0 to 1."""

    rest: Decimal
    correctness: Decimal
    times: int


@dataclass(frozen=True)
class Apart:
    """The mean correctness of those who did best in the rest of their papers, and of those who did worst."""

    upper: Decimal
    lower: Decimal

    @property
    def is_upside_down(self) -> bool:
        """Whether those who know less do clearly better: then the words or the key are to be doubted."""
        return self.lower - self.upper >= UPSIDE_DOWN


def apart(scored: Iterable[Scored]) -> Apart | None:
    """Compare the upper with the lower third by the rest of the paper; None when there is too little to compare.

    Papers that came to the same stay together, so a third may be larger than a third; when the two would overlap
    there is nothing to compare either.
    """
    ordered = sorted(scored, key=lambda each: each.rest)
    count = sum(each.times for each in ordered)
    if count < APART_ENOUGH:
        return None
    third, rests = count // 3, [each.rest for each in ordered for _ in range(each.times)]
    low, high = rests[third - 1], rests[-third]
    if low >= high:
        return None

    def mean(part: Sequence[Scored]) -> Decimal:
        found = average(sum((each.correctness * each.times for each in part), NONE), sum(each.times for each in part))
        assert found is not None  # the third itself is in it
        return found

    return Apart(
        upper=mean([each for each in ordered if each.rest >= high]),
        lower=mean([each for each in ordered if each.rest <= low]),
    )


# --- drawing -----------------------------------------------------------------------------------------------


class Drawable(Protocol):
    """What the draw looks at in a question."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def competency(self) -> str: ...
    @property
    def difficulty(self) -> str: ...
    @property
    def is_critical(self) -> bool: ...


Drawn = TypeVar("Drawn", bound=Drawable)


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """What every paper must be like. ``paper``: questions by kind, in the order of the paper.

    ``critical_on_paper`` and ``per_competency_min`` are never missed; ``difficulty_on_paper`` is a target.
    """

    paper: Mapping[str, int]
    points: Mapping[str, int]
    critical_on_paper: int
    per_competency_min: int
    competencies: tuple[str, ...]
    difficulty_on_paper: Mapping[str, int]

    @property
    def length(self) -> int:
        return sum(self.paper.values())


class CannotDraw(Exception):
    """The bank cannot meet the blueprint. ``demand``: kind, competency, critical or together; ``name`` which one."""

    def __init__(self, demand: str, name: str, wanted: int, found: int) -> None:
        super().__init__(f"{demand} {name}: {found} of {wanted}")
        self.demand = demand
        self.name = name
        self.wanted = wanted
        self.found = found


def draw(items: Sequence[Drawn], blueprint: Blueprint, seed: int) -> list[Drawn]:
    """Return the questions of a paper in their order; the same seed and bank give the same paper.

    The cheapest flow kind → question → competency finds a paper that meets every demand whenever there is one;
    exchanges of questions of the same kind then bring the critical ones down to the number asked for and the
    difficulties to their target, as near as exchanging one or two questions at a time can bring them.
    Raises CannotDraw.
    """
    chance = random.Random(seed)  # noqa: S311 - a paper must be drawn again from its stored seed
    items = sorted((item for item in items if blueprint.paper.get(item.kind)), key=lambda item: item.key)
    chosen = _any_paper(items, blueprint, chance)
    _improve(chosen, [item for item in items if item not in chosen], blueprint, chance)
    paper: list[Drawn] = []
    for kind in blueprint.paper:
        part = sorted((item for item in chosen if item.kind == kind), key=lambda item: item.key)
        chance.shuffle(part)
        paper += part
    return paper


class _Network:
    """Cheapest flow, pushed one unit at a time along the cheapest way (Bellman-Ford).

    Costs are whole numbers and may be negative: with fractions a circle of cost nought could seem to gain for ever.
    """

    def __init__(self) -> None:
        self.ways: list[tuple[str, str, int]] = []
        self.room: list[int] = []

    def add(self, start: str, end: str, room: int, cost: int) -> int:
        """Add a way and its reverse; return its number. The reverse has the next number."""
        self.ways += [(start, end, cost), (end, start, -cost)]
        self.room += [room, 0]
        return len(self.ways) - 2

    def push(self, start: str, end: str) -> bool:
        """Push one more unit; False when there is no room left."""
        cost = {start: 0}
        came_by: dict[str, int] = {}
        changed = True
        while changed:
            changed = False
            for number, (one, other, price) in enumerate(self.ways):
                if self.room[number] and one in cost and (other not in cost or cost[one] + price < cost[other]):
                    cost[other], came_by[other], changed = cost[one] + price, number, True
        if end not in came_by:
            return False
        place = end
        while place != start:
            number = came_by[place]
            self.room[number] -= 1
            self.room[number ^ 1] += 1
            place = self.ways[number][0]
        return True


def _any_paper(items: Sequence[Drawn], blueprint: Blueprint, chance: random.Random) -> list[Drawn]:
    """Return a paper, out of order, with as many critical questions as the other demands allow."""
    for kind, wanted in blueprint.paper.items():
        found = sum(item.kind == kind for item in items)
        if found < wanted:
            raise CannotDraw("kind", kind, wanted, found)
    needed, critical, luck = -1_000_000_000, -1_000_000, 1_000  # every competency, then critical ones, then chance
    network = _Network()
    for kind, wanted in blueprint.paper.items():
        network.add("source", f"kind {kind}", wanted, 0)
    ways: dict[int, Drawn] = {}
    for item in items:
        cost = critical * item.is_critical + chance.randrange(luck)
        ways[network.add(f"kind {item.kind}", f"tag {item.competency}", 1, cost)] = item
    for code in sorted({item.competency for item in items}):  # a set has another order in every process
        if code in blueprint.competencies:
            network.add(f"tag {code}", "sink", blueprint.per_competency_min, needed)
        network.add(f"tag {code}", "sink", blueprint.length, 0)
    while network.push("source", "sink"):
        pass
    chosen = [item for number, item in ways.items() if not network.room[number]]
    tally = _Tally.of(chosen)
    for code in blueprint.competencies:
        if tally.competencies[code] < blueprint.per_competency_min:
            raise CannotDraw("competency", code, blueprint.per_competency_min, tally.competencies[code])
    if tally.critical < blueprint.critical_on_paper:
        raise CannotDraw("critical", "", blueprint.critical_on_paper, tally.critical)
    return chosen


@dataclass(frozen=True)
class _Tally:
    """What a set of questions amounts to."""

    competencies: Counter[str]
    difficulties: Counter[str]
    critical: int

    @staticmethod
    def of(items: Iterable[Drawable]) -> "_Tally":
        items = list(items)
        return _Tally(
            Counter(item.competency for item in items),
            Counter(item.difficulty for item in items),
            sum(item.is_critical for item in items),
        )

    def faults(self, blueprint: Blueprint) -> tuple[int, int, int]:
        """Return how far it is from the blueprint: demands missed, critical ones too many, distance in difficulty."""
        missed = max(0, blueprint.critical_on_paper - self.critical)
        for code in blueprint.competencies:
            missed += max(0, blueprint.per_competency_min - self.competencies[code])
        target = blueprint.difficulty_on_paper
        apart = sum(abs(self.difficulties[name] - wanted) for name, wanted in target.items())
        return missed, max(0, self.critical - blueprint.critical_on_paper), apart


def _improve(chosen: list[Drawn], rest: list[Drawn], blueprint: Blueprint, chance: random.Random) -> None:
    """Exchange questions, in place, as long as exchanging one or two at once brings the paper nearer."""
    while any(_Tally.of(chosen).faults(blueprint)):
        better = _best_exchange(chosen, rest, blueprint, chance)
        if not better:
            return
        for out, into in better:
            chosen[chosen.index(out)], rest[rest.index(into)] = into, out


def _best_exchange(
    chosen: Sequence[Drawn], rest: Sequence[Drawn], blueprint: Blueprint, chance: random.Random
) -> list[tuple[Drawn, Drawn]]:
    """Return the exchange of one question, or else of two, that brings the paper nearest; empty when none helps."""

    def after(pairs: Sequence[tuple[Drawn, Drawn]]) -> tuple[int, int, int]:
        gone = {out.key for out, _ in pairs}
        kept = (item for item in chosen if item.key not in gone)
        return _Tally.of([*kept, *(into for _, into in pairs)]).faults(blueprint)

    best, found = _Tally.of(chosen).faults(blueprint), []
    singles = _exchanges(chosen, rest, chance)
    for pair in singles:
        if (faults := after([pair])) < best:
            best, found = faults, [pair]
    if found:
        return found
    for number, one in enumerate(singles):
        for other in singles[number + 1 :]:
            if one[0] is not other[0] and one[1] is not other[1] and (faults := after([one, other])) < best:
                best, found = faults, [one, other]
    return found


def _exchanges(chosen: Sequence[Drawn], rest: Sequence[Drawn], chance: random.Random) -> list[tuple[Drawn, Drawn]]:
    """Return (out, into) of the same kind, one at random for each way in which two questions can differ."""
    pairs = [(out, into) for out in chosen for into in rest if out.kind == into.kind and _sort(out) != _sort(into)]
    chance.shuffle(pairs)
    return list({(_sort(out), _sort(into), out.kind): (out, into) for out, into in pairs}.values())


def _sort(item: Drawable) -> tuple[str, str, bool]:
    return item.competency, item.difficulty, item.is_critical
