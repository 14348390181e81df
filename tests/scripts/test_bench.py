"""The arithmetic of ``make bench``; the measuring itself is no test."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from lms.access.identity import CONSOLE
from lms.quizzes.kinds import KINDS, NO_WORDS, ChoiceItem, Option, TriageItem, Words
from lms.quizzes.rules import FULL
from scripts.bench import figures, instance, memory, pages, scene

COMMON: dict[str, Any] = {
    "key": "c01-001",
    "revision": 1,
    "difficulty": "2",
    "is_critical": False,
    "lesson": "c01-l01",
    "competency": "k01",
    "functions": (),
    "cites": (),
    "duty": "",
    "stem": Words("题"),
}


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 95, 7.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        (list(range(1, 101)), 95, 95),
        (list(range(1, 21)), 95, 19),
        ([1.0, 2.0], 100, 2.0),
        ([1.0, 2.0], 0, 1.0),
    ],
)
def test_a_percentile_is_one_of_the_values(values: list[float], percent: float, expected: float) -> None:
    assert figures.percentile(values, percent) == expected


def test_without_values_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        figures.percentile([], 95)


def test_an_aim_that_is_just_reached_is_met() -> None:
    assert figures.verdict(100.0, 100.0, at_most=True) == "met"
    assert figures.verdict(100.1, 100.0, at_most=True) == "MISSED"
    assert figures.verdict(250.0, 250.0, at_most=False) == "met"
    assert figures.verdict(249.9, 250.0, at_most=False) == "MISSED"
    assert figures.verdict(1.0, None, at_most=True) == ""


def test_a_load_with_an_error_has_failed_however_fast_it_was() -> None:
    load = figures.Load(milliseconds=[1.0] * 1000, seconds=1.0)
    assert load.row("pages", rate=400).verdict == "met"
    load.errors.append("GET /: 500")
    assert load.row("pages", rate=400).verdict == "FAILED 1x: GET /: 500"
    assert figures.Load().row("pages").verdict == "FAILED"


def test_the_right_answers_get_all_points() -> None:
    def option(key: str, *, right: bool) -> Option:
        return Option(key=key, text=Words(key), why=NO_WORDS, is_right=right)

    options = (option("a", right=True), option("b", right=False), option("c", right=True))
    many = ChoiceItem(kind="multiple", options=options, **COMMON)
    assert instance.right_answer(many) == {"choices": ["a", "c"]}
    triage = TriageItem(kind="triage", ways=options[1:], ask=Words("先做"), options=options[:2], **COMMON)
    assert instance.right_answer(triage) == {"way": "c", "act": "a"}
    for item in (many, triage):
        assert KINDS[item.kind].mark(item, instance.right_answer(item)).correctness == FULL


def test_saves_go_round_the_questions_and_count_upward() -> None:
    learner = instance.Learner("BN0000", CONSOLE, answers={1: {"choice": "a"}, 2: {"choice": "b"}}, seqs={1: 1, 2: 1})
    assert [learner.next_save()[:2] for _ in range(4)] == [(1, 2), (2, 2), (1, 3), (2, 3)]


def test_memory_is_read_and_a_process_that_has_ended_counts_nothing() -> None:
    assert memory.pss_megabytes([os.getpid()]) > 1
    assert memory.pss_megabytes([4_194_305]) == 0
    assert os.getpid() in memory.family(os.getppid())


def test_a_page_is_met_by_its_time_and_its_queries_together() -> None:
    page = pages.Timed("duty list", "CG0231", "/me/duties")
    quick = figures.Load(milliseconds=[10.0] * 20)
    slow = figures.Load(milliseconds=[10.0] * 18 + [400.0] * 2)
    assert pages.page_row(page, quick, 12).verdict == "met"
    assert pages.page_row(page, quick, 13).verdict == "MISSED"
    assert pages.page_row(page, slow, 12).verdict == "MISSED"
    quick.errors.append("GET /me/duties: 404, 9 bytes")
    assert pages.page_row(page, quick, 12).verdict == "FAILED 1x: GET /me/duties: 404, 9 bytes"
    assert pages.page_row(page, figures.Load(), 12).verdict == "FAILED 0x: no answer at all"


def test_a_copy_is_named_anew_also_inside_of_json() -> None:
    row = {"id": 7, "public_id": "old", "parts": {"quiz": {"evidence": ["old", "kept"]}}, "level": 2, "person_id": 1}
    copied = scene.copied(row, {"old": "new"}, person_id=9, serial=4)
    assert copied == {"public_id": "new", "parts": {"quiz": {"evidence": ["new", "kept"]}}, "level": 2, "person_id": 9}


def test_make_help_shows_it() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^bench: setup-test ## ", makefile, re.MULTILINE)
