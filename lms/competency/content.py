"""The competency framework, ``courses/_framework/competencies.yaml``: what is named, seen and weighed.

Behaviours hang on their keys for ever: whoever changes what a behaviour means gives it a new key.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from lms.competency.rules import TOP_LEVEL, Weights
from lms.content.content import Bundle, ContentType, Library, Text, by_file
from lms.content.rules import ContentKind
from lms.core.content import Document, Problems, Strict, model_of, read_yaml
from lms.core.languages import in_language

KEY = "competencies"
"""The one key of this kind, in the library and in the database."""

COMPETENCIES = 18
SEEN_LEAST, SEEN_MOST = 3, 5
SHORT_LENGTH = 4
"""Characters of the label on a course stamp and in lists; the round chart shows the first two."""
AXIS_LENGTH = 2


class Seen(Strict):
    """A behaviour that one can see on a round: 做到 / 还没有 / 没遇到."""

    key: Annotated[str, Field(pattern=r"^[a-z]{3}\d-[1-4][a-z]$")]
    text: Text
    text_en: str = ""

    def text_in(self, language: str) -> str:
        """Return the text in zh or en; Chinese where English is missing."""
        return in_language(language, self.text, self.text_en)


class LevelName(Strict):
    """What a level is called in general."""

    name: Text
    name_en: str = ""

    def name_in(self, language: str) -> str:
        """Return the name in zh or en; Chinese where English is missing."""
        return in_language(language, self.name, self.name_en)


class Level(Strict):
    """One level of one competency: what a person at it does, and what one sees of it."""

    does: Text
    does_en: str = ""
    seen: Annotated[tuple[Seen, ...], Field(min_length=SEEN_LEAST, max_length=SEEN_MOST)]

    def does_in(self, language: str) -> str:
        """Return what is done in zh or en; Chinese where English is missing."""
        return in_language(language, self.does, self.does_en)


class Competency(Strict):
    """One of the competencies, levels by number from 1 to 4."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{3}\d$")]
    group: Literal["ethics", "law", "business"]
    name: Text
    name_en: str = ""
    short: Text
    short_en: str = ""
    why: Text
    why_en: str = ""
    levels: dict[int, Level]

    def name_in(self, language: str) -> str:
        """Return the name in zh or en; Chinese where English is missing."""
        return in_language(language, self.name, self.name_en)

    def why_in(self, language: str) -> str:
        """Return why it matters in zh or en; Chinese where English is missing."""
        return in_language(language, self.why, self.why_en)

    def axis_in(self, language: str) -> str:
        """Return the label at its place round the chart: two characters, in English the short word."""
        return in_language(language, self.short[:AXIS_LENGTH], self.short_en)


class Score(Strict):
    """The weight of each part of a score."""

    quiz: Annotated[Decimal, Field(gt=0)]
    scenario: Annotated[Decimal, Field(gt=0)]
    observed: Annotated[Decimal, Field(gt=0)]


class Framework(Strict):
    """The whole file."""

    levels: dict[int, LevelName]
    score: Score
    valid_months: Annotated[int, Field(ge=1, le=120)]
    competencies: tuple[Competency, ...]

    @cached_property
    def by_code(self) -> dict[str, Competency]:
        """The competencies by their codes, in the order of the file."""
        return {each.code: each for each in self.competencies}

    @property
    def codes(self) -> frozenset[str]:
        """The codes; what other kinds of content look at to see whether a tag exists."""
        return frozenset(self.by_code)

    @property
    def weights(self) -> Weights:
        """The weights as the rule takes them."""
        return Weights(quiz=self.score.quiz, scenario=self.score.scenario, observed=self.score.observed)


def parse(bundle: Bundle, problems: Problems) -> Framework | None:
    """Return the framework of a bundle; None, and every problem by its line, when it cannot be used."""
    [source] = bundle.sources
    document = read_yaml(source, problems)
    framework = None if document is None else model_of(source.path, document, Framework, problems)
    if document is None or framework is None:
        return None
    before = len(problems.errors)
    _Checker(source.path, document, problems).check(framework)
    return framework if len(problems.errors) == before else None


class _Checker:
    """The checks that no single field can make."""

    def __init__(self, path: str, document: Document, problems: Problems) -> None:
        self.path = path
        self.document = document
        self.problems = problems

    def _wrong(self, text: str, *where: object) -> None:
        self.problems.add(self.path, self.document.line(*where), text)

    def _english(self, value: str, *where: object) -> None:
        if not value.strip():
            text = f"缺英文 {where[-1]}"
            self.problems.add(self.path, self.document.line(*where), text, is_warning=True)

    def check(self, framework: Framework) -> None:
        """Note every problem of the framework."""
        together = framework.score.quiz + framework.score.scenario + framework.score.observed
        if together != 1:
            self._wrong(f"三个比重加起来是 {together}，要等于 1", "score")
        self._levels(framework.levels, "levels")
        for number, name in framework.levels.items():
            self._english(name.name_en, "levels", number, "name_en")
        if len(framework.competencies) != COMPETENCIES:
            self._wrong(f"能力有 {len(framework.competencies)} 项，要有 {COMPETENCIES} 项", "competencies")
        codes = Counter(each.code for each in framework.competencies)
        axes = Counter(each.short[:AXIS_LENGTH] for each in framework.competencies)
        keys = Counter(
            seen.key for each in framework.competencies for level in each.levels.values() for seen in level.seen
        )
        for at, each in enumerate(framework.competencies):
            if codes[each.code] > 1:
                self._wrong(f"编号 {each.code} 用了两次", "competencies", at, "code")
            if len(each.short) != SHORT_LENGTH:
                self._wrong(f"短名 {each.short} 要正好 {SHORT_LENGTH} 个字", "competencies", at, "short")
            elif axes[each.short[:AXIS_LENGTH]] > 1:
                self._wrong(f"短名的前两个字 {each.short[:AXIS_LENGTH]} 和别的能力一样", "competencies", at, "short")
            self._competency(each, keys, "competencies", at)

    def _levels(self, levels: dict[int, Level] | dict[int, LevelName], *where: object) -> None:
        if sorted(levels) != list(range(1, TOP_LEVEL + 1)):
            self._wrong(f"等级要有 1 到 {TOP_LEVEL} 级，一级不多，一级不少", *where)

    def _competency(self, competency: Competency, keys: Counter[str], *where: object) -> None:
        self._levels(competency.levels, *where, "levels")
        for name in ("name_en", "short_en", "why_en"):
            self._english(getattr(competency, name), *where, name)
        for number, level in competency.levels.items():
            self._english(level.does_en, *where, "levels", number, "does_en")
            for at, seen in enumerate(level.seen):
                place = (*where, "levels", number, "seen", at)
                if keys[seen.key] > 1:
                    self._wrong(f"行为 {seen.key} 用了两次", *place, "key")
                if not seen.key.startswith(f"{competency.code.lower()}-{number}"):
                    self._wrong(f"行为 {seen.key} 要以 {competency.code.lower()}-{number} 开头", *place, "key")
                self._english(seen.text_en, *place, "text_en")


def _unasked(bundles: Sequence[Bundle], library: Library, planned: Problems) -> None:
    """Note the competencies that no question asks for."""
    asked = {item.competency for bank in library.all(ContentKind.BANK).values() for item in bank.drawable}
    for bundle in bundles:
        framework: Framework | None = library.get(ContentKind.FRAMEWORK, bundle.key)
        document = read_yaml(bundle.sources[0], Problems())
        if framework is None or document is None:
            continue
        for at, each in enumerate(framework.competencies):
            if each.code not in asked:
                line = document.line("competencies", at, "code")
                planned.add(bundle.sources[0].path, line, f"{each.code} {each.name}：还没有题")


FRAMEWORK = ContentType(
    kind=ContentKind.FRAMEWORK,
    collect=by_file(ContentKind.FRAMEWORK, f"courses/_framework/{KEY}.yaml"),
    parse=parse,
    planned=_unasked,
)
