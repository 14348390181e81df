"""Scenarios, pictures and cards: the shipped ones are clean, and every fault is said with its line."""

from pathlib import Path

import pytest

from lms.competency.content import FRAMEWORK
from lms.config import ROOT
from lms.content.content import DUTIES, LAWS, Examined
from lms.content.rules import ContentKind, Way
from lms.courses.content import COURSE
from lms.practice.content import CARD, PICTURE, SCENARIO, Picture, Scenario
from lms.practice.rules import Ending, Grade
from tests.content.files import Files, copied
from tests.world import shipped_content

SC03 = "quizzes/_scenarios/sc03.yaml"
STAIRS = "quizzes/_pictures/stairwell"
DOOR = "courses/_cards/door-visit.yaml"
KINDS = (LAWS, DUTIES, FRAMEWORK, COURSE, SCENARIO, PICTURE, CARD)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return copied(tmp_path)


def faults_of(found: Examined) -> list[str]:
    return [str(each) for each in found.problems.errors]


def test_the_shipped_ones_end_well_and_cross_red_lines_on_the_way() -> None:
    scenarios: dict[str, Scenario] = dict(shipped_content().library.all(ContentKind.SCENARIO))
    assert {"sc03", "sc09"} <= scenarios.keys()
    for scenario in scenarios.values():
        assert scenario.endings[scenario.best_path[-1]].ending is Ending.GOOD
        choices = [choice for step in scenario.steps.values() for choice in step.choices.values()]
        assert any(choice.grade is Grade.CRITICAL for choice in choices), scenario.file.key
    sc03 = scenarios["sc03"]
    assert sc03.file.way == (Way.ESCALATE,)
    assert sc03.file.text_in("en", "title") == "Smell of gas at the block entrance"
    assert sc03.steps["smell"].choices["b"].text_in("zh", "do").startswith("喊一声")


def test_the_shipped_pictures_have_ten_hazards_that_a_finger_can_hit() -> None:
    pictures: dict[str, Picture] = dict(shipped_content().library.all(ContentKind.PICTURE))
    for picture in pictures.values():
        assert len(picture.file.spots) == 10
        keys = [*(spot.key for spot in picture.file.spots), *(decoy.key for decoy in picture.file.decoys)]
        assert all(f'id="{key}"' in picture.svg for key in keys)
        assert "<title" not in picture.svg  # a browser would show it and say it once more
        assert not any(spot.name in picture.svg for spot in picture.file.spots)  # the answer is not in the drawing


def test_two_cards_are_shipped() -> None:
    cards = shipped_content().library.all(ContentKind.CARD)
    assert set(cards) == {"door-visit", "proportion"}
    assert {section.marks for section in cards["proportion"].sections} >= {"do", "dont"}


SCENARIO_FAULTS = [
    ("key: sc03", "key: sc04", "key: sc04", "写 sc03"),
    ("start: smell", "start: smoke", "start: smoke", "没有节点 smoke"),
    ("duty: D08", "duty: D88", "duty: D88", "没有职责 D88"),
    ("course: c09", "course: c99", "course: c99", "没有课程 c99"),
    ("competency: EMG1", "competency: EMG9", "competency: EMG9", "能力框架里没有 EMG9"),
    ("cites: [emergency/60]", "cites: [emergency/999]", "cites: [emergency/999]", "登记册里没有 emergency/999"),
    ("        breaks: life-first\n", "", "      a:\n        do: 赶紧进楼", "critical 的选择要写 breaks"),
    ("breaks: life-first", "breaks: life-last", "breaks: life-last", "没有 life-last"),
    ("        to: end_stop", "        to: outside", "        to: outside", "critical 的选择走到 failed"),
    ("        to: outside", "        to: end_stop", "（另一行也这样写）", "critical 的选择走到 failed"),
    ("        grade: best", "        grade: better", "grade: better", "grade：只能写"),
    ("        grade: best", "        grade: fair", "      b:\n        do: 喊一声", "要写 why"),
    ("      a:\n        do: 赶紧", "      d:\n        do: 赶紧", "    choices:", "从 a 起依次写"),
    ("  waited:\n", "  wait:\n", "to: waited", "没有节点 waited"),
]


@pytest.mark.parametrize(("old", "new", "marker", "words"), SCENARIO_FAULTS)
def test_a_fault_of_a_scenario_is_said_with_its_line(files: Files, old: str, new: str, marker: str, words: str) -> None:
    files.replace(SC03, old, new)
    found = files.examine(*KINDS)
    text = files.text(SC03)
    lines = [each.line for each in found.problems.errors if each.path == SC03 and words in each.text]
    assert lines, faults_of(found)
    if marker in text:
        assert files.line_of(SC03, marker) in lines
    assert SC03 not in {path for bundle in found.good for path in bundle.files}


def test_a_node_that_nobody_reaches_and_one_that_cannot_end_well(files: Files) -> None:
    files.replace(SC03, "        to: waited", "        to: upstairs")
    files.replace(SC03, "        to: waited", "        to: upstairs")
    assert any("走不到这个节点" in each for each in faults_of(files.examine(*KINDS)))


def test_a_step_from_which_all_goes_wrong(files: Files) -> None:
    text = files.text(SC03)
    start = text.index("  waited:")
    head, step = text[:start], text[start:]
    mend = step.index("        grade: fair")
    broken = (
        step[:mend] + "        grade: critical\n        breaks: life-first" + step[mend + len("        grade: fair") :]
    )
    files.write(SC03, head + broken.replace("to: upstairs", "to: end_stop", 1))
    assert any("从这里走不到好的结局" in each for each in faults_of(files.examine(*KINDS)))


def test_missing_english_of_a_scene_is_a_warning(files: Files) -> None:
    files.replace(SC03, "    ask_en: What do you do first?\n", "")
    found = files.examine(*KINDS)
    assert faults_of(found) == []
    assert any(SC03 in str(each) and "ask 没有英文" in each.text for each in found.problems.warnings)


@pytest.mark.parametrize(
    ("end", "old", "new", "words"),
    [
        (".yaml", "key: pic-stairwell", "key: stairwell", "写 pic-stairwell"),
        (".yaml", "svg: stairwell.svg", "svg: other.svg", "svg 写 stairwell.svg"),
        (".yaml", "lesson: c09-l01", "lesson: c01-l01", "课程里没有 c01-l01"),
        (".yaml", "find: 8 ", "find: 11 ", "find 不能多于 10"),
        (".yaml", "- key: wet-floor", "- key: exit-chain", "exit-chain 写了两遍"),
        (".yaml", "- key: ok-notice", "- key: notice", "写法不对"),
        (".svg", '<g id="lamp">', '<g id="lamps">', "图里没有 lamp"),
        (".svg", '<g id="room">', '<g id="room" onload="x()">', "不能有 onload"),
        (".svg", '<g id="room">', '<g id="room"><script>x()</script>', "不能有 <script>"),
        (".svg", '<g id="room">', '<g id="room"><image href="http://x"/>', "不能有 <image>"),
        (".svg", '<g id="room">', '<g id="room" fill="url(#x)">', "不能有 fill"),
        (".svg", "<svg ", '<!DOCTYPE svg [<!ENTITY a "a">]><svg ', "不能有 <!"),
        (".svg", "</svg>", "", "读不了"),
        (".svg", 'viewBox="0 0 1200 800"', 'viewBox="0 0 120 80"', "viewBox"),
        (".svg", 'x="352" y="30" width="110"', 'x="352" y="30" width="60"', "lamp 太小"),
    ],
)
def test_a_fault_of_a_picture_is_said(files: Files, end: str, old: str, new: str, words: str) -> None:
    files.replace(STAIRS + end, old, new)
    found = files.examine(*KINDS)
    assert any(words in each and STAIRS in each for each in faults_of(found)), faults_of(found)
    assert STAIRS + ".svg" not in {path for bundle in found.good for path in bundle.files}


def test_a_picture_needs_its_drawing(files: Files) -> None:
    (files.root / f"{STAIRS}.svg").unlink()
    assert any("缺 stairwell.svg" in each for each in faults_of(files.examine(*KINDS)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: door-visit", "key: door", "写 door-visit"),
        ("lessons: [c01-l04,", "lessons: [c01-l99,", "没有课文 c01-l99"),
        ("cites: [civil-code/1033,", "cites: [civil-code/9999,", "登记册里没有 civil-code/9999"),
        ("    marks: step", "    marks: number", "只能写"),
    ],
)
def test_a_fault_of_a_card_is_said(files: Files, old: str, new: str, words: str) -> None:
    files.replace(DOOR, old, new)
    found = files.examine(*KINDS)
    assert any(words in each and DOOR in each for each in faults_of(found)), faults_of(found)


def test_every_file_of_practice_is_read() -> None:
    assert len(list((ROOT / "quizzes/_scenarios").iterdir())) == len(
        shipped_content().library.all(ContentKind.SCENARIO)
    )
    assert len(list((ROOT / "quizzes/_pictures").glob("*.svg"))) == len(
        shipped_content().library.all(ContentKind.PICTURE)
    )
