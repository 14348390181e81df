"""Answers of a wished quality, whatever paper is drawn."""

import random

import pytest

from lms.config import ROOT
from lms.core.content import Problems
from lms.demo.learning import Outcome, Sitting, answers_for, failed, missed, passed, ran_out
from lms.quizzes.content import BANK, Bank
from lms.quizzes.kinds import KINDS
from lms.quizzes.rules import MarkedItem, draw, outcome


def bank_of(key: str) -> Bank:
    """Return the bank of a course as its file has it."""
    [bundle] = [each for each in BANK.collect(ROOT, Problems()) if each.key == key]
    bank = BANK.parse(bundle, Problems())
    assert isinstance(bank, Bank)
    return bank


@pytest.mark.parametrize("key", ["c01", "c04"])
@pytest.mark.parametrize("sitting", [passed(1, 82), passed(1, 100), failed(1, 46), missed(1, 86), ran_out(1)])
def test_a_sitting_ends_as_it_is_meant_to_on_every_paper(key: str, sitting: Sitting) -> None:
    bank = bank_of(key)
    for seed in range(12):
        paper = list(enumerate(draw(bank.drawable, bank.blueprint, seed), 1))
        chance = random.Random(seed)  # noqa: S311 - no secret
        answers = answers_for(bank, [(position, item.key) for position, item in paper], sitting, chance)
        assert list(answers) == [position for position, _ in paper][: len(answers)]
        marked = []
        for position, item in paper:
            kind = KINDS[item.kind]
            answer = kind.read(item, answers.get(position, {}))
            points = bank.blueprint.points[item.kind]
            verdict = kind.mark(item, answer)
            marked.append(MarkedItem(points_possible=points, is_critical=item.is_critical, marked=verdict))  # type: ignore[arg-type]
        result = outcome(marked, bank.pass_mark)
        assert result.is_passed is (sitting.outcome is Outcome.PASSED)
        if sitting.outcome is Outcome.RUN_OUT:
            assert len(answers) < len(paper)
        else:
            assert result.is_critical_missed is (sitting.outcome is Outcome.CRITICAL)
            assert abs(result.points - sitting.score) <= 10


def test_answers_are_the_same_at_every_load() -> None:
    bank = bank_of("c04")
    paper = [(position, item.key) for position, item in enumerate(draw(bank.drawable, bank.blueprint, 7), 1)]
    first, again = (answers_for(bank, paper, passed(1, 82), random.Random(3)) for _ in range(2))  # noqa: S311
    assert first == again
