"""No lesson repeats another: of the runs of eight characters in one, at most a twentieth stands in any other."""

import re
from itertools import combinations
from pathlib import Path

from tests.architecture.sources import ROOT

RUN = 8
MOST_SHARED = 0.05


def runs(text: str) -> set[str]:
    """Return the runs of a lesson's own words: neither front matter nor sources, which quote the register."""
    body = re.sub(r"\A---.*?\n---\n", "", text, count=1, flags=re.DOTALL).partition("## 来源")[0]
    words = re.sub(r"[^\u4e00-\u9fff0-9]", "", body)
    return {words[at : at + RUN] for at in range(len(words) - RUN + 1)}


def shared(one: set[str], other: set[str]) -> float:
    return len(one & other) / min(len(one), len(other))


def test_no_two_lessons_share_more_than_a_twentieth_of_their_words() -> None:
    lessons: dict[Path, set[str]] = {
        path: runs(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "courses").glob("*/*/*/*.zh.md"))
    }
    assert len(lessons) >= 18
    found = [
        (one.relative_to(ROOT), other.relative_to(ROOT), round(share, 3))
        for one, other in combinations(lessons, 2)
        if (share := shared(lessons[one], lessons[other])) > MOST_SHARED
    ]
    assert not found


def test_the_measure_sees_a_lesson_that_was_copied_in_part() -> None:
    one, other = "门开了不等于请你进先退一步再开口说清来意", "门开了不等于请你进先退一步再说别的话也行"
    assert runs("---\nkey: x\n---\n" + one) == runs(one)
    assert shared(runs(one), runs(one)) == 1
    assert MOST_SHARED < shared(runs(one), runs(other)) < 1
    assert shared(runs(one), runs("楼道里的灯坏了三天没有人来修理怎么办")) == 0
