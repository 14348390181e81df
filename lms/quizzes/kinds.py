"""One class for each kind of question: what an answer is, when it is complete, how it is marked, what is shown.

To add a kind: its item and its class here with a line in ``KINDS``, its model in ``content``, and the English of its
name in the catalogue. Whatever is asked as choices needs no more.

An answer is a dictionary of plain values, as stored and as sent; None is no answer at all.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from lms.core.languages import in_language
from lms.quizzes.rules import FULL, NONE, Marked, share

Answer = dict[str, Any]


def _(word: str) -> str:
    """Mark a word for the catalogue. It is translated where it is shown; here nothing knows of languages."""
    return word


WAYS = ("handle", "coordinate", "escalate")
"""The three ways of a matter, always shown in this order: 现场处置, 协调处置, 立即上报."""
LETTERS = "ABCDEFGH"
LONGEST_TEXT = 2_000


@dataclass(frozen=True)
class Words:
    """A text in both languages; ``en`` may be empty."""

    zh: str
    en: str = ""

    def text_in(self, language: str) -> str:
        """Return the text in zh or en; Chinese where English is missing."""
        return in_language(language, self.zh, self.en)


NO_WORDS = Words("")


@dataclass(frozen=True, kw_only=True)
class Option:
    """Something that can be chosen. ``breaks``: the red line that choosing it crosses, empty for most."""

    key: str
    text: Words
    why: Words
    is_right: bool
    breaks: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question as its file describes it. ``cites``: ``law-id/article``; ``duty``: code of a duty or empty."""

    key: str
    revision: int
    kind: str
    difficulty: str
    is_critical: bool
    lesson: str
    competency: str
    functions: tuple[str, ...]
    cites: tuple[str, ...]
    duty: str
    stem: Words


@dataclass(frozen=True, kw_only=True)
class ChoiceItem(Item):
    """单选 or 多选."""

    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class TrueFalseItem(Item):
    """判断. ``options`` are ``true`` and ``false``, without a text of their own."""

    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class TriageItem(Item):
    """情景判断: which of three ways, then (``ask``) which first act."""

    ways: tuple[Option, ...]
    ask: Words
    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class CaseItem(Item):
    """案例: a written answer, marked by hand point by point. Checked with its bank, not drawn yet."""

    points_for: tuple[Words, ...]
    model_answer: Words


@dataclass(frozen=True)
class Choice:
    """One line to choose. ``text`` is None where the page has words of its own for ``value``."""

    value: str
    letter: str
    text: Words | None


@dataclass(frozen=True)
class Part:
    """One thing asked in a question, as an open paper shows it: nothing here tells what is right."""

    field: str
    ask: Words
    is_many: bool
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class SeenChoice:
    """One line of a marked question."""

    value: str
    letter: str
    text: Words | None
    why: Words
    is_right: bool
    is_chosen: bool
    breaks: str


@dataclass(frozen=True)
class SeenPart:
    """One thing asked in a question, as a marked paper shows it."""

    ask: Words
    choices: tuple[SeenChoice, ...]


Asking = tuple[tuple[str, Words, bool, tuple[Option, ...]], ...]
"""What a question asks: (field of the answer, words, may several be chosen, options), one for each thing."""

Kinded = TypeVar("Kinded", bound=Item)


class Kind(ABC, Generic[Kinded]):
    """What the rest of the product asks of a kind of question."""

    name: ClassVar[str]
    """What the files call it."""
    word: ClassVar[str]
    """What people call it, in Chinese."""
    is_drawn: ClassVar[bool] = True
    """Whether papers may hold it; what is not drawn cannot be answered yet."""
    is_shuffled: ClassVar[bool] = True
    """Whether each person sees the options in an order of their own."""

    def order(self, item: Kinded, chance: random.Random) -> list[str]:
        """Return the option keys in the order one person sees them; empty when nothing is shuffled."""
        keys = [option.key for option in getattr(item, "options", ())] if self.is_shuffled else []
        chance.shuffle(keys)
        return keys

    @abstractmethod
    def parts(self, item: Kinded) -> Asking:
        """Return what is asked."""

    @abstractmethod
    def mark(self, item: Kinded, answer: Answer | None) -> Marked:
        """Mark a stored answer; no answer is wrong."""

    def is_complete(self, item: Kinded, answer: Answer | None) -> bool:
        """Whether nothing is left to answer in the question."""
        return bool(answer) and all((answer or {}).get(field) for field, *_ in self.parts(item))

    def read(self, item: Kinded, raw: Mapping[str, object]) -> Answer | None:
        """Return what was sent as an answer to store, None when nothing was chosen.

        Raises ValueError for what cannot come from our page: an unknown field or option.
        """
        answer: Answer = {}
        known = {
            field: (is_many, {option.key for option in options}) for field, _, is_many, options in self.parts(item)
        }
        for field, value in raw.items():
            if field not in known:
                raise ValueError(f"{self.name} has no field {field}")
            is_many, keys = known[field]
            values = value if isinstance(value, list) else [value]
            chosen = [each for each in values if each != ""]
            if not all(isinstance(each, str) and each in keys for each in chosen) or (not is_many and len(values) > 1):
                raise ValueError(f"{self.name}.{field} cannot be {value!r}")
            if chosen:
                answer[field] = sorted(set(chosen)) if is_many else chosen[0]
        return answer or None

    def asked(self, item: Kinded, order: Sequence[str]) -> tuple[Part, ...]:
        """Return the question as an open paper shows it, options in the person's own order."""
        return tuple(
            Part(field, ask, is_many, tuple(Choice(option.key, letter, _shown(option)) for option, letter in lines))
            for field, ask, is_many, options in self.parts(item)
            for lines in [_lettered(options, order)]
        )

    def review(self, item: Kinded, order: Sequence[str], answer: Answer | None) -> tuple[SeenPart, ...]:
        """Return the question as a marked paper shows it, with what is right and why."""
        seen: list[SeenPart] = []
        for field, ask, _is_many, options in self.parts(item):
            chosen = (answer or {}).get(field, ())
            chosen = [chosen] if isinstance(chosen, str) else chosen
            lines = tuple(
                SeenChoice(
                    value=option.key,
                    letter=letter,
                    text=_shown(option),
                    why=option.why,
                    is_right=option.is_right,
                    is_chosen=option.key in chosen,
                    breaks=option.breaks,
                )
                for option, letter in _lettered(options, order)
            )
            seen.append(SeenPart(ask, lines))
        return tuple(seen)


def _shown(option: Option) -> Words | None:
    return option.text if option.text.zh else None


def _lettered(options: Sequence[Option], order: Sequence[str]) -> list[tuple[Option, str]]:
    """Return the options in an order, lettered; those that are never shuffled keep theirs and have no letter."""
    by_key = {option.key: option for option in options}
    if set(order) != set(by_key):
        return [(option, "") for option in options]
    return [(by_key[key], LETTERS[number]) for number, key in enumerate(order)]


def _chosen(options: Sequence[Option], keys: Sequence[str]) -> list[Option]:
    return [option for option in options if option.key in keys]


class Single(Kind[ChoiceItem]):
    """单选: one of the options. ``{"choice": "b"}``."""

    name = "single"
    word = _("单选")

    def parts(self, item: ChoiceItem) -> Asking:
        return (("choice", NO_WORDS, False, item.options),)

    def mark(self, item: ChoiceItem, answer: Answer | None) -> Marked:
        chosen = _chosen(item.options, [(answer or {}).get("choice", "")])
        return Marked(
            FULL if any(option.is_right for option in chosen) else NONE,
            any(option.breaks for option in chosen),
        )


class Multiple(Kind[ChoiceItem]):
    """多选: any wrong option is nothing, else the right ones chosen by the right ones. ``{"choices": ["a", "c"]}``."""

    name = "multiple"
    word = _("多选")

    def parts(self, item: ChoiceItem) -> Asking:
        return (("choices", NO_WORDS, True, item.options),)

    def mark(self, item: ChoiceItem, answer: Answer | None) -> Marked:
        chosen = _chosen(item.options, (answer or {}).get("choices", []))
        is_line_crossed = any(option.breaks for option in chosen)
        if not all(option.is_right for option in chosen):
            return Marked(NONE, is_line_crossed)
        right = sum(option.is_right for option in item.options)
        return Marked(share(len(chosen), right), is_line_crossed)


class TrueFalse(Kind[TrueFalseItem]):
    """判断: ``{"choice": "true"}`` or ``"false"``."""

    name = "true_false"
    word = _("判断")
    is_shuffled = False

    def parts(self, item: TrueFalseItem) -> Asking:
        return (("choice", NO_WORDS, False, item.options),)

    def mark(self, item: TrueFalseItem, answer: Answer | None) -> Marked:
        chosen = _chosen(item.options, [(answer or {}).get("choice", "")])
        return Marked(FULL if any(option.is_right for option in chosen) else NONE)


class Triage(Kind[TriageItem]):
    """情景判断: half for the way, half for the first act. ``{"way": "handle", "act": "b"}``."""

    name = "triage"
    word = _("情景判断")

    def parts(self, item: TriageItem) -> Asking:
        return (("way", NO_WORDS, False, item.ways), ("act", item.ask, False, item.options))

    def mark(self, item: TriageItem, answer: Answer | None) -> Marked:
        answer = answer or {}
        chosen = _chosen(item.ways, [answer.get("way", "")]) + _chosen(item.options, [answer.get("act", "")])
        return Marked(share(sum(option.is_right for option in chosen), 2), any(option.breaks for option in chosen))


class Case(Kind[CaseItem]):
    """案例: written, marked by hand; comes with its own page, so nothing of it is shown or marked here."""

    name = "case"
    word = _("案例")
    is_drawn = False

    def parts(self, item: CaseItem) -> Asking:  # noqa: ARG002 - nothing to choose
        return ()

    def mark(self, item: CaseItem, answer: Answer | None) -> Marked:
        raise NotImplementedError("a written answer is marked by a person")


KINDS: Mapping[str, Kind[Any]] = {kind.name: kind for kind in (Single(), Multiple(), TrueFalse(), Triage(), Case())}
"""Kind of question by its name in the files."""
