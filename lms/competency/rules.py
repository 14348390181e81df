"""The published rule from evidence to score and level. Pure.

Every decimal is exact; scores and parts run from 0 to 100 and are rounded half up to two places. The score is
made from the rounded parts, so that a reader who adds up what the page shows gets what the page shows.
"""

import enum
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

CENT = Decimal("0.01")
TOP_LEVEL = 4
ITEMS_NEEDED = 3
"""An attempt speaks for a tag when it held at least this many of its items."""
OBSERVED_DAYS = 180
"""The observed part is made of the sessions of this many days."""
GOOD_SHARE = Fraction(80, 100)
"""What an observation must show to count for level 3."""
GOOD_OBSERVATIONS = 2
SCORE_FOR = {1: Decimal(60), 2: Decimal(70), 3: Decimal(80)}
RECOGNITION_MONTHS = 12


class EvidenceKind(enum.StrEnum):
    """Where evidence comes from."""

    QUIZ = "quiz"
    SCENARIO = "scenario"
    OBSERVED = "observed"


class RecognitionState(enum.StrEnum):
    """认定: an official enters a level with its basis, a second person confirms."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    ENDED = "ended"


class RecognitionAction(enum.StrEnum):
    """What can be done to a recognition."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    END = "end"


RECOGNITION_TRANSITIONS: Mapping[tuple[RecognitionState, RecognitionAction], RecognitionState] = {
    (RecognitionState.PROPOSED, RecognitionAction.CONFIRM): RecognitionState.IN_FORCE,
    (RecognitionState.PROPOSED, RecognitionAction.REFUSE): RecognitionState.REFUSED,
    (RecognitionState.PROPOSED, RecognitionAction.END): RecognitionState.ENDED,
    (RecognitionState.IN_FORCE, RecognitionAction.END): RecognitionState.ENDED,
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one attempt, scenario or session says about one tag of one person.

    ``shown`` of ``asked`` (0 ≤ shown ≤ asked); ``happened_on``: the date of ``happened_at`` on the wall.
    ``is_confirmed``: both sides confirmed the session. ``is_critical_missed``: a line was crossed in a critical
    item of the tag; ``is_critical_right``: there was such an item and every one had full marks.
    """

    public_id: str
    kind: EvidenceKind
    happened_at: datetime
    happened_on: date
    asked: int
    shown: Decimal
    is_passed: bool = False
    is_confirmed: bool = False
    is_critical_missed: bool = False
    is_critical_right: bool = False


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A confirmed 认定: a level from 1 to 4, in force up to and including ``valid_until``."""

    public_id: str
    level: int
    valid_until: date


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weight of each part, each above 0; together 1."""

    quiz: Decimal
    scenario: Decimal
    observed: Decimal

    def of(self, kind: EvidenceKind) -> Decimal:
        """Return the weight of one part."""
        weight: Decimal = getattr(self, kind.value)
        return weight


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the score: its value (0 to 100) and the public ids of its evidence, oldest first."""

    value: Decimal
    evidence: tuple[str, ...]


class Lack(enum.StrEnum):
    """What the next level still asks, in the order a page says it."""

    CRITICAL = "critical"
    """A critical miss caps the tag at level 1 until a later passed attempt has all its critical items right."""
    EVIDENCE = "evidence"
    """There is nothing to make a score from."""
    QUIZ = "quiz"
    """A passed attempt with at least three items of the tag; without it the level is at most 1."""
    SCORE = "score"
    PRACTICE = "practice"
    """One observed practice confirmed by both sides."""
    SCENARIO = "scenario"
    """A passed scenario."""
    OBSERVED = "observed"
    """An observation of the last 180 days."""
    GOOD_OBSERVATIONS = "good_observations"
    """Two confirmed observations that showed at least 80 %."""
    RECOGNITION = "recognition"
    """Level 4 is reached only by 认定 until the acts that lead to it exist."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One thing the next level asks: how much is needed and how much of it is there."""

    lack: Lack
    need: Decimal
    have: Decimal


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Score and level of one person in one tag on one day, with all that made them.

    ``level`` (0 to 4) counts; ``earned`` is what evidence alone gives, ``recognised`` what 认定 gives (0: none).
    ``lapsed``: the level that was held and lapsed because evidence grew too old (待复训), 0 when none did.
    ``valid_until``: the last day on which the level holds if nothing new happens; for a lapsed level the day on
    which it ended, which then lies in the past. None for level 0 that never was more.
    ``holds_until``: the last day on which this whole verdict is the rule's answer if nothing new happens; None
    when it never changes by time alone.
    """

    score: Decimal | None
    level: int
    earned: int
    recognised: int
    lapsed: int
    parts: Mapping[EvidenceKind, Part]
    is_insufficient: bool
    is_capped: bool
    capped_by: str
    recognition: str
    reasons: tuple[Reason, ...]
    valid_until: date | None = None
    holds_until: date | None = None


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later, or the last of that month when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def half_up(exact: Fraction) -> Decimal:
    """Return an exact value of 0 or more, rounded half up to two places.

    Not by dividing decimals: that would round once before the rounding that counts.
    """
    cents = (exact * 200 + 1) // 2
    return (Decimal(cents) / 100).quantize(CENT)


def percent(shown: Decimal | Fraction, asked: int) -> Decimal:
    """Return 100 × shown ÷ asked, rounded half up to two places. ``asked`` must be above 0."""
    return half_up(Fraction(shown) * 100 / asked)


def score_of(parts: Mapping[EvidenceKind, Part], weights: Weights) -> Decimal | None:
    """Return the weighted mean of the parts that are there, or None without any.

    A missing part's weight is shared among the present ones in proportion to their own weights.
    """
    if not parts:
        return None
    total = sum((part.value * weights.of(kind) for kind, part in parts.items()), Decimal(0))
    present = sum((weights.of(kind) for kind in parts), Decimal(0))
    return half_up(Fraction(total) / Fraction(present))


def order(evidence: Evidence) -> tuple[datetime, str]:
    """Return the sort key of evidence; the public id settles ties, so that the order of rows never matters."""
    return evidence.happened_at, evidence.public_id


def quiz_of(evidence: Iterable[Evidence]) -> Evidence | None:
    """Return the latest passed attempt with at least three items of the tag; failed ones never count."""
    fit = (
        each for each in evidence if each.kind is EvidenceKind.QUIZ and each.is_passed and each.asked >= ITEMS_NEEDED
    )
    return max(fit, key=order, default=None)


def scenario_of(evidence: Iterable[Evidence]) -> Evidence | None:
    """Return the latest passed scenario."""
    fit = (each for each in evidence if each.kind is EvidenceKind.SCENARIO and each.is_passed and each.asked > 0)
    return max(fit, key=order, default=None)


def sessions_of(evidence: Iterable[Evidence], day: date) -> list[Evidence]:
    """Return the sessions of the last 180 days that asked anything, oldest first."""
    since = day - timedelta(days=OBSERVED_DAYS)
    fit = (
        each for each in evidence if each.kind is EvidenceKind.OBSERVED and each.asked > 0 and each.happened_on >= since
    )
    return sorted(fit, key=order)


def session_weight(session: Evidence) -> int:
    """Return how much a session counts, in halves: an unconfirmed one half as much as a confirmed one."""
    return 2 if session.is_confirmed else 1


def practices_of(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the observations that levels 2 and 3 may ask for: confirmed by both sides, something asked."""
    return [each for each in evidence if each.kind is EvidenceKind.OBSERVED and each.is_confirmed and each.asked > 0]


def parts_of(evidence: Collection[Evidence], day: date) -> dict[EvidenceKind, Part]:
    """Return the parts that unexpired evidence gives on a day; a part without evidence is left out."""
    parts: dict[EvidenceKind, Part] = {}
    for kind, chosen in ((EvidenceKind.QUIZ, quiz_of(evidence)), (EvidenceKind.SCENARIO, scenario_of(evidence))):
        if chosen is not None:
            parts[kind] = Part(value=percent(chosen.shown, chosen.asked), evidence=(chosen.public_id,))
    sessions = sessions_of(evidence, day)
    if sessions:
        shown = sum((Fraction(each.shown) * session_weight(each) for each in sessions), Fraction(0))
        asked = sum(each.asked * session_weight(each) for each in sessions)
        parts[EvidenceKind.OBSERVED] = Part(
            value=percent(shown, asked), evidence=tuple(each.public_id for each in sessions)
        )
    return parts


def capped_by(evidence: Iterable[Evidence]) -> str:
    """Return the public id of the critical miss that caps the tag at level 1, or an empty text.

    A miss counts whether the attempt was passed or not, and never grows too old: only a later passed attempt
    that had critical items of the tag, and every one right, takes the cap away.
    """
    evidence = list(evidence)
    cured = max((each.happened_at for each in evidence if each.is_passed and each.is_critical_right), default=None)
    missed = [each for each in evidence if each.is_critical_missed and (cured is None or each.happened_at >= cured)]
    return max(missed, key=order).public_id if missed else ""


def lacks(
    level: int, evidence: Collection[Evidence], parts: Mapping[EvidenceKind, Part], score: Decimal | None
) -> Iterator[Reason]:
    """Yield what level 1 to 4 asks of unexpired evidence and does not find; nothing when the level is earned."""
    if level == TOP_LEVEL:
        yield Reason(lack=Lack.RECOGNITION, need=Decimal(1), have=Decimal(0))
        return
    if score is None:
        yield Reason(lack=Lack.EVIDENCE, need=Decimal(1), have=Decimal(0))
    if level >= 2 and EvidenceKind.QUIZ not in parts:
        yield Reason(lack=Lack.QUIZ, need=Decimal(ITEMS_NEEDED), have=Decimal(0))
    if score is not None and score < SCORE_FOR[level]:
        yield Reason(lack=Lack.SCORE, need=SCORE_FOR[level], have=score)
    practices = practices_of(evidence)
    if level == 2 and not practices:
        yield Reason(lack=Lack.PRACTICE, need=Decimal(1), have=Decimal(0))
    if level == 3:
        if EvidenceKind.SCENARIO not in parts:
            yield Reason(lack=Lack.SCENARIO, need=Decimal(1), have=Decimal(0))
        good = sum(1 for each in practices if Fraction(each.shown) >= GOOD_SHARE * each.asked)
        if good < GOOD_OBSERVATIONS:
            yield Reason(lack=Lack.GOOD_OBSERVATIONS, need=Decimal(GOOD_OBSERVATIONS), have=Decimal(good))
        elif EvidenceKind.OBSERVED not in parts:
            yield Reason(lack=Lack.OBSERVED, need=Decimal(1), have=Decimal(0))


@dataclass(frozen=True)
class _Case:
    """One tag of one person, to be judged on any day."""

    evidence: Sequence[Evidence]
    recognition: Recognised | None
    weights: Weights
    valid_months: int

    def expiry(self, evidence: Evidence) -> date:
        """Return the last day on which evidence counts."""
        return add_months(evidence.happened_on, self.valid_months)

    def turning_days(self) -> list[date]:
        """Return, in order, every day after which time alone may change the verdict."""
        days = {self.expiry(each) for each in self.evidence}
        days |= {
            each.happened_on + timedelta(days=OBSERVED_DAYS)
            for each in self.evidence
            if each.kind is EvidenceKind.OBSERVED
        }
        if self.recognition is not None:
            days.add(self.recognition.valid_until)
        return sorted(days)

    def judge(self, day: date, fresh_on: date) -> Verdict:
        """Judge a day with the evidence that counts on ``fresh_on``; lapses and dates are left to the callers."""
        fresh = [each for each in self.evidence if fresh_on <= self.expiry(each)]
        parts = parts_of(fresh, day)
        score = score_of(parts, self.weights)
        earned = max((level for level in SCORE_FOR if not any(lacks(level, fresh, parts, score))), default=0)
        recognition = self.recognition
        if recognition is not None and recognition.valid_until < day:
            recognition = None
        recognised = 0 if recognition is None else recognition.level
        cap = capped_by(self.evidence)
        level = max(earned, recognised)
        if cap:
            level = min(level, 1)
        reasons: list[Reason] = []
        if cap:
            reasons.append(Reason(lack=Lack.CRITICAL, need=Decimal(1), have=Decimal(0)))
        if level < TOP_LEVEL:
            reasons += lacks(level + 1, fresh, parts, score)
        return Verdict(
            score=score,
            level=level,
            earned=earned,
            recognised=recognised,
            lapsed=0,
            parts=parts,
            is_insufficient=len(parts) < len(EvidenceKind),
            is_capped=bool(cap),
            capped_by=cap,
            recognition="" if recognition is None else recognition.public_id,
            reasons=tuple(reasons),
        )

    def on(self, day: date) -> Verdict:
        """Return the verdict of a day without its dates."""
        now = self.judge(day, day)
        once = self.judge(day, min((self.expiry(each) for each in self.evidence), default=day)).level
        return replace(now, lapsed=once if once > now.level else 0)


def score_and_level(
    evidence: Sequence[Evidence],
    recognition: Recognised | None,
    *,
    today: date,
    weights: Weights,
    valid_months: int,
) -> Verdict:
    """Return the verdict on all evidence of one person in one tag, in any order, on the business date ``today``.

    ``recognition``: the confirmed 认定 of the tag, if there is one; after its date it counts no more.
    ``valid_months``: how long evidence counts, 24 unless the framework file says otherwise.
    Source: the published rule, curriculum 4.6. Score = 0.5 quiz + 0.3 scenario + 0.2 observed. Level 1 asks 60;
    2 asks 70, quiz evidence and one confirmed practice; 3 asks 80, all three parts, a passed scenario and two
    confirmed observations of at least 80 %; 4 comes by 认定 only. A critical miss caps the tag, 认定 included.
    """
    case = _Case(evidence, recognition, weights, valid_months)
    verdict = case.on(today)
    days = case.turning_days()
    ahead = [(day, case.on(day + timedelta(days=1))) for day in days if day >= today]
    holds_until = next((day for day, later in ahead if later != verdict), None)
    valid_until = next((day for day, later in ahead if later.level < verdict.level), None)
    if verdict.lapsed:
        past = (day for day in days if day < today)
        valid_until = max(day for day in past if case.judge(today, day).level >= verdict.lapsed)
    return replace(verdict, valid_until=valid_until, holds_until=holds_until)


class Standing(enum.StrEnum):
    """Whether a piece of evidence is in a verdict, and if not why."""

    COUNTS = "counts"
    EXPIRED = "expired"
    """Older than evidence counts."""
    FAILED = "failed"
    FEW = "few"
    """Fewer than three items of the tag, or nothing asked at all."""
    PAST = "past"
    """A session of more than 180 days ago: it is still a practice, but not in the score."""
    REPLACED = "replaced"
    """A later passed one counts in its place."""


def standing(evidence: Evidence, verdict: Verdict, *, today: date, valid_months: int) -> Standing:
    """Return whether evidence is in the score of the verdict of ``today``, and if not the first reason why."""
    part = verdict.parts.get(evidence.kind)
    if part is not None and evidence.public_id in part.evidence:
        return Standing.COUNTS
    if today > add_months(evidence.happened_on, valid_months):
        return Standing.EXPIRED
    is_observed = evidence.kind is EvidenceKind.OBSERVED
    if not is_observed and not evidence.is_passed:
        return Standing.FAILED
    if evidence.asked < (ITEMS_NEEDED if evidence.kind is EvidenceKind.QUIZ else 1):
        return Standing.FEW
    return Standing.PAST if is_observed else Standing.REPLACED


STEPS = 3
"""How many next steps a page names."""


class Way(enum.StrEnum):
    """What one can do about something missing."""

    COURSE = "course"
    """Learn the lessons, then take the quiz."""
    QUIZ = "quiz"
    MENTOR = "mentor"
    """A round with the mentor."""


WAYS: Mapping[Lack, Way] = {
    Lack.CRITICAL: Way.QUIZ,
    Lack.EVIDENCE: Way.COURSE,
    Lack.QUIZ: Way.QUIZ,
    Lack.SCORE: Way.QUIZ,
    Lack.PRACTICE: Way.MENTOR,
    Lack.OBSERVED: Way.MENTOR,
    Lack.GOOD_OBSERVATIONS: Way.MENTOR,
}
"""What helps against a lack. A person can do nothing about the others: scenarios are to come, 认定 is for officials."""


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """One thing to do next: in which tag, towards which level, what it asks, and the way to it."""

    code: str
    level: int
    reason: Reason
    way: Way


def next_steps(
    verdicts: Mapping[str, Verdict], needs: Mapping[str, int] | None = None, count: int = STEPS
) -> list[NextStep]:
    """Return the most useful missing things, at most one a tag, most useful first.

    ``needs``: the level that the person's posts ask for, by tag. First the tags that a critical miss caps; then those
    below what the posts ask for; then those whose next level lacks the least; of equals the lowest level, then the
    order of ``verdicts``. Of one tag the first thing that a person can do something about. The best of each
    way come before a second one of the same way, so that there is something to do at the desk and outside.
    """
    asked = needs or {}
    ranked: list[tuple[tuple[bool, bool, int, int], NextStep]] = []
    for code, verdict in verdicts.items():
        todo = [each for each in verdict.reasons if each.lack in WAYS]
        if todo:
            step = NextStep(code=code, level=verdict.level + 1, reason=todo[0], way=WAYS[todo[0].lack])
            is_enough = verdict.level >= asked.get(code, 0)
            ranked.append(((not verdict.is_capped, is_enough, len(verdict.reasons), verdict.level), step))
    steps = [step for _, step in sorted(ranked, key=lambda each: each[0])]
    best = {step.way: step for step in reversed(steps)}
    first = [step for step in steps if step is best[step.way]]
    return [*first, *(step for step in steps if step is not best[step.way])][:count]


# --- what is kept of a verdict ----------------------------------------------------------------------------


def kept(verdict: Verdict) -> dict[str, Any]:
    """Return the columns that are kept of a verdict; decimals and dates inside ``parts`` are texts."""
    parts: dict[str, Any] = {
        kind.value: {"value": str(part.value), "evidence": list(part.evidence)} for kind, part in verdict.parts.items()
    }
    parts |= {
        "earned": verdict.earned,
        "recognised": verdict.recognised,
        "recognition": verdict.recognition,
        "lapsed": verdict.lapsed,
        "capped_by": verdict.capped_by,
        "holds_until": None if verdict.holds_until is None else verdict.holds_until.isoformat(),
        "reasons": [
            {"lack": each.lack.value, "need": str(each.need), "have": str(each.have)} for each in verdict.reasons
        ],
    }
    return {
        "score": verdict.score,
        "level": verdict.level,
        "is_insufficient": verdict.is_insufficient,
        "is_capped": verdict.is_capped,
        "parts": parts,
        "valid_until": verdict.valid_until,
    }


def restored(columns: Mapping[str, Any]) -> Verdict:
    """Return the verdict of which these columns were kept; ``kept`` turned round."""
    parts = columns["parts"]
    until = parts["holds_until"]
    return Verdict(
        score=columns["score"],
        level=columns["level"],
        earned=parts["earned"],
        recognised=parts["recognised"],
        lapsed=parts["lapsed"],
        parts={
            kind: Part(value=Decimal(parts[kind.value]["value"]), evidence=tuple(parts[kind.value]["evidence"]))
            for kind in EvidenceKind
            if kind.value in parts
        },
        is_insufficient=columns["is_insufficient"],
        is_capped=columns["is_capped"],
        capped_by=parts["capped_by"],
        recognition=parts["recognition"],
        reasons=tuple(
            Reason(lack=Lack(each["lack"]), need=Decimal(each["need"]), have=Decimal(each["have"]))
            for each in parts["reasons"]
        ),
        valid_until=columns["valid_until"],
        holds_until=None if until is None else date.fromisoformat(until),
    )


# --- the items of an attempt ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ItemResult:
    """One marked item: its tag, its key, how right it was (0 to 1), whether critical, whether a line was crossed."""

    code: str
    item_key: str
    correctness: Decimal
    is_critical: bool
    is_line_crossed: bool


@dataclass(frozen=True, kw_only=True)
class TagResult:
    """What the items of one tag in one attempt say."""

    asked: int
    shown: Decimal
    is_critical_missed: bool
    is_critical_right: bool
    items: tuple[ItemResult, ...]


def by_tag(items: Iterable[ItemResult]) -> dict[str, TagResult]:
    """Group the items of an attempt by tag. Raises ValueError for a correctness outside 0 to 1.

    A critical item is right only with full marks; it is missed when a line was crossed in it.
    """
    grouped: dict[str, list[ItemResult]] = {}
    for item in items:
        if not 0 <= item.correctness <= 1:
            raise ValueError(f"{item.item_key}: {item.correctness} is no correctness")
        grouped.setdefault(item.code, []).append(item)
    results: dict[str, TagResult] = {}
    for code, group in grouped.items():
        critical = [item for item in group if item.is_critical]
        results[code] = TagResult(
            asked=len(group),
            shown=sum((item.correctness for item in group), Decimal(0)),
            is_critical_missed=any(item.is_line_crossed for item in critical),
            is_critical_right=bool(critical) and all(item.correctness == 1 for item in critical),
            items=tuple(group),
        )
    return results
