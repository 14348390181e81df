"""States of learning a course, the arithmetic of learning time, and what comes next in a lesson."""

import enum
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lms.core.numerals import apart, articles_in_digits
from lms.people.rules import StaffState

CHARACTERS_A_MINUTE = 160
MINUTES_A_QUESTION = 2
LONGEST_PART_MINUTES = 8
LESSON_FILLS_MINUTES = 15
"""A lesson counts as half an hour of learning time and must fill at least half of it with what stands in it."""
CHARACTERS_OF_A_LESSON = range(850, 1501)
POINTS_OF_A_LESSON = range(3, 6)
PARTS_OF_A_LESSON = range(2, 4)


class EnrolmentState(enum.StrEnum):
    """Where a person stands in a course."""

    LEARNING = "learning"
    """Lessons are being read."""
    LESSONS_DONE = "lessons_done"
    """Every lesson is finished; the quiz is next."""
    PASSED = "passed"
    """The course quiz is passed."""


class Layer(enum.StrEnum):
    """Stages of a career in the grid, in their order."""

    ONBOARDING = "onboarding"
    IN_SERVICE = "in_service"
    ADVANCED = "advanced"
    LEADER = "leader"


def path_of(state: StaffState, *, leads: bool) -> tuple[Layer, ...]:
    """Return the layers that somebody is to learn, in their order. ``leads``: holds the post of a grid leader.

    Before the filing it is onboarding alone; whoever is on duty goes on in service, a leader to what leaders need, and
    last to the advanced layer. Other layers stay open to whoever wants to learn more.
    """
    if state in {StaffState.CANDIDATE, StaffState.TRAINEE}:
        return (Layer.ONBOARDING,)
    return (Layer.ONBOARDING, Layer.IN_SERVICE, *((Layer.LEADER,) if leads else ()), Layer.ADVANCED)


class Category(enum.StrEnum):
    """What a course is about, in the order of the learning map."""

    ETHICS = "ethics"
    LAW = "law"
    BUSINESS = "business"


class Function(enum.StrEnum):
    """The five functions of a grid officer, and what belongs to all of them."""

    PUBLICITY = "publicity"
    INSPECTION = "inspection"
    INFORMATION = "information"
    ASSISTANCE = "assistance"
    FOLLOW_UP = "follow_up"
    COMMON = "common"


class StepKind(enum.StrEnum):
    """What the one next step of a learner is."""

    START = "start"
    CONTINUE = "continue"
    QUIZ = "quiz"
    DONE = "done"


def learning_minutes(characters: int, questions: int, task_minutes: int) -> Decimal:
    """Return how long a text takes: read aloud, with time to think about its questions and to do its task."""
    reading = Decimal(characters) / CHARACTERS_A_MINUTE
    return reading + MINUTES_A_QUESTION * questions + task_minutes


def hours_of_course(lessons: int) -> Decimal:
    """Return the learning hours a course must state: half an hour a lesson and half an hour for the quiz."""
    return Decimal(lessons) / 2 + Decimal("0.5")


def resume_part(parts: Sequence[str], stored: str | None, answered: Collection[str]) -> str:
    """Return the part to open: where the person was, or the next one without an answer after it.

    ``stored`` may be of an older text or None. When everything is answered it is the stored part again.
    """
    at = parts.index(stored) if stored in parts else 0
    for part in [*parts[at:], *parts[:at]]:
        if part not in answered:
            return part
    return parts[at]


def part_after(parts: Sequence[str], part: str) -> str | None:
    """Return the part that follows, None after the last."""
    at = parts.index(part) + 1
    return parts[at] if at < len(parts) else None


def part_before(parts: Sequence[str], part: str) -> str | None:
    """Return the part before, None before the first."""
    at = parts.index(part)
    return parts[at - 1] if at else None


# --- searching --------------------------------------------------------------------------------------------

LONGEST_NOTE = 4000
"""Characters of a note beside a lesson: two pages written by hand."""
MOST_PARAGRAPHS = 500
"""Far more than a part has; a number beyond it is no paragraph."""
LONGEST_SEARCH = 60
"""Characters that are looked for; the rest is cut off."""
AROUND_HIT = 24
"""Characters shown on either side of a hit."""


def folded(text: str) -> str:
    """Return a text as it is compared: full-width letters and digits narrow, small letters, articles in digits.

    Each article is written 第14条, so that 第十四条 and 第１４条 find the same.
    """
    return articles_in_digits(unicodedata.normalize("NFKC", text).casefold())


_BETWEEN_WORDS = re.compile("[,;:!?、。《》“”]")


def search_terms(typed: str) -> tuple[str, ...]:
    """Return what is looked for: the words between blanks and marks, folded, each once. All of them must be found.

    An article behind the name of its law is a word of its own.
    """
    words = _BETWEEN_WORDS.sub(" ", folded(typed[:LONGEST_SEARCH])).split()
    terms = [term for word in words for term in apart(articles_in_digits(word, bare=True)).split()]
    return tuple(dict.fromkeys(terms))


@dataclass(frozen=True)
class Hit:
    """A place in a text: what stands before it, the words found, what stands after."""

    before: str
    words: str
    after: str


def hit_in(text: str, terms: Sequence[str]) -> Hit | None:
    """Return the first place of the first term when a text has all of them, else None."""
    compared = folded(text)
    if not terms or any(term not in compared for term in terms):
        return None
    if len(compared) != len(text):  # the places do not agree: an article was written in words, or a sign unfolded
        text = compared
    at = compared.index(terms[0])
    end = at + len(terms[0])
    before = text[max(0, at - AROUND_HIT) : at]
    after = text[end : end + AROUND_HIT]
    return Hit(
        ("…" if at > AROUND_HIT else "") + before,
        text[at:end],
        after + ("…" if end + AROUND_HIT < len(text) else ""),
    )
