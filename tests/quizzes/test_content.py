"""Question banks: the shipped ones are clean, and every fault is said with its line."""

from typing import Any

import pytest
import yaml

from lms.config import ROOT
from lms.content.content import Bundle, Library
from lms.content.rules import ContentKind
from lms.core.content import Problems
from lms.quizzes.content import BANK, Bank, check_banks, parse_bank
from lms.quizzes.kinds import KINDS
from tests.content.files import SHIPPED
from tests.world import shipped_content

PATHS = [
    "quizzes/onboarding/ethics/c01.yaml",
    "quizzes/onboarding/law/c04.yaml",
    "quizzes/onboarding/business/c05.yaml",
]
C04 = PATHS[1]


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def parsed(text: str, key: str = "c04") -> tuple[Bank | None, list[str]]:
    """Return the bank in a text and its problems as ``line: words``."""
    problems = Problems()
    bank = parse_bank(Bundle(ContentKind.BANK, key, 0, {"bank.yaml": text}), problems)
    return bank, [f"{problem.line}: {problem.text}" for problem in problems]


def changed(**changes: Any) -> str:
    """Return the bank of C04 with other values at its top."""
    value = yaml.safe_load(text_of(C04))
    return yaml.safe_dump({**value, **changes}, allow_unicode=True, sort_keys=False)


def with_item(number: int, **changes: Any) -> str:
    """Return the bank of C04 with other values in one question; None takes a key away."""
    value = yaml.safe_load(text_of(C04))
    item = {**value["items"][number], **changes}
    value["items"][number] = {key: each for key, each in item.items() if each is not None}
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


def crossing_with_the_right_option() -> str:
    """Return the bank of C04 with a red line on what is right."""
    value = yaml.safe_load(text_of(C04))
    next(option for option in value["items"][0]["options"].values() if option.get("right"))["breaks"] = "life-first"
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


def crossing_with_the_right_way() -> str:
    """Return the bank of C04 with a red line on the right way of a triage question."""
    value = yaml.safe_load(text_of(C04))
    item = next(item for item in value["items"] if item["kind"] == "triage")
    item["ways"][item["answer"]]["breaks"] = "life-first"
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


@pytest.mark.parametrize("path", PATHS)
def test_the_shipped_banks_are_clean(path: str) -> None:
    found = shipped_content()
    assert [problem for problem in found.problems if problem.path == path] == []
    bank: Bank = found.library.all(ContentKind.BANK)[path[-8:-5]]
    assert len(bank.drawable) == 30
    assert bank.blueprint.length == 20
    for item in bank.items.values():
        assert item.stem.en
        for part in KINDS[item.kind].review(item, [], None):
            assert all(choice.why.zh and choice.why.en for choice in part.choices)


def test_the_ten_point_places_are_triage() -> None:
    for bank in shipped_content().library.all(ContentKind.BANK).values():
        assert [kind for kind, points in bank.blueprint.points.items() if points == 10] == ["triage"]


def test_a_case_is_read_and_never_drawn() -> None:
    bank, _ = parsed(text_of(C04))
    assert bank is not None
    cases = [item for item in bank.items.values() if item.kind == "case"]
    assert len(cases) == 1
    assert cases[0] not in bank.drawable


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed(course="c01"), "course 要和文件名一样，写 c04"),
        (changed(minutes="30"), "minutes：要写整数"),
        (changed(paper={"single": 8, "essay": 2}), "卷子里不能有 essay"),
        (changed(paper={"single": 8, "case": 2}), "卷子里不能有 case"),
        (changed(points={"single": 4}), "paper 和 points 的题型要一样"),
        (changed(points={"single": 4, "multiple": 6, "true_false": 4, "triage": 9}), "整卷 98 分，要正好 100 分"),
        (changed(difficulty_on_paper={"easy": 6}), "难度合计 6 题，卷子是 20 题"),
        (changed(colour="red"), "不认识的键 colour"),
        (changed(critical_on_paper=11), "抽不出卷子：关键题 要 11 题，和别的要求一起最多凑出"),
        (changed(per_competency_min=11), "抽不出卷子：INS2 要 11 题"),
        (changed(per_competency_min=10, critical_on_paper=10), "抽不出卷子：关键题 要 10 题"),
        (with_item(0, kind="essay"), "kind 只能写"),
        (with_item(0, key="c04-q002"), "c04-q002 已经用过"),
        (with_item(0, difficulty="nasty"), "difficulty：只能写"),
        (with_item(0, lesson=None), "缺 lesson"),
        (with_item(0, functions=[]), "functions：不能空着"),
        (with_item(0, answer=True), "不认识的键 answer"),
        (with_item(0, options={}), "单选要恰好一个 right: true"),
        (with_item(1, options={}), "多选至少要两个 right: true"),
        (with_item(2, why_true=None), "缺 why_true"),
        (with_item(2, answer="yes"), "answer：要写 true 或 false"),
        (with_item(3, duty=None), "缺 duty"),
        (with_item(3, answer="home"), "answer：只能写"),
        (with_item(3, ways={"handle": {"why": "因为"}}), "三条路都要写"),
        (with_item(3, options={}), "第二问要恰好一个 right: true"),
        (crossing_with_the_right_option(), "对的选项不能写 breaks"),
        (crossing_with_the_right_way(), "这条路不能写 breaks"),
    ],
)
def test_each_fault_is_said_and_refused(text: str, words: str) -> None:
    _bank, problems = parsed(text)
    assert any(words in problem for problem in problems), problems


def test_a_bank_that_cannot_be_drawn_is_refused() -> None:
    assert parsed(changed(critical_on_paper=11))[0] is None
    assert parsed(with_item(0, kind="essay"))[0] is None


def test_a_fault_has_its_line() -> None:
    lines = text_of(C04).splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip() == "difficulty: medium")
    lines[at] = "  difficulty: nasty"
    _bank, problems = parsed("\n".join(lines))
    assert [problem for problem in problems if problem.startswith(f"{at + 1}: ")]


def test_a_bank_needs_enough_questions_of_each_kind_of_thing() -> None:
    value = yaml.safe_load(text_of(C04))
    triage = [item for item in value["items"] if item["kind"] == "triage"]
    value["items"] = [item for item in value["items"] if item not in triage[2:]]
    _bank, problems = parsed(yaml.safe_dump(value, allow_unicode=True))
    assert any("情景判断只有 2 题" in problem for problem in problems)
    few = [item for item in value["items"] if item["competency"] == "INS2"]
    value["items"] = [item for item in value["items"] if item not in few[4:]]
    _bank, problems = parsed(yaml.safe_dump(value, allow_unicode=True))
    assert any("INS2 只有 4 题，题库里至少要 5 题" in problem for problem in problems)


def test_options_of_unlike_length_are_a_warning() -> None:
    value = yaml.safe_load(text_of(C04))["items"][0]["options"]
    value["a"]["text"] += "，而且还要把来龙去脉写得清清楚楚"
    bank, problems = parsed(with_item(0, options=value))
    assert bank is not None
    assert any("选项长短差" in problem for problem in problems)


def test_options_are_lettered_from_a() -> None:
    value = yaml.safe_load(text_of(C04))["items"][0]["options"]
    renamed = {"e" if key == "d" else key: option for key, option in value.items()}
    assert any("选项要从 a 起" in problem for problem in parsed(with_item(0, options=renamed))[1])


def across(text: str, key: str = "c04") -> list[str]:
    """Return what a look across all content says of a bank."""
    bundle = Bundle(ContentKind.BANK, key, 0, {"bank.yaml": text})
    shipped = shipped_content().library
    library = Library()
    for kind in ContentKind:
        for name, thing in shipped.all(kind).items():
            library.put(kind, name, thing)
    problems = Problems()
    library.put(ContentKind.BANK, key, parse_bank(bundle, problems))
    check_banks([bundle], library, problems)
    return [f"{problem.line}: {problem.text}" for problem in problems]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed(pass_mark=60), "课程里写的是 80，两处要一样"),
        (with_item(0, lesson="c04-l99"), "课程里没有 c04-l99"),
        (with_item(0, cites=["nosuch/1"]), "登记册里没有 nosuch"),
        (with_item(0, duty="D99"), "没有职责 D99"),
    ],
)
def test_what_a_bank_names_must_be_there(text: str, words: str) -> None:
    assert any(words in problem for problem in across(text)), across(text)


def test_a_red_line_must_be_one_of_the_list() -> None:
    value = yaml.safe_load(text_of(C04))
    number, option = next(
        (at, key)
        for at, item in enumerate(value["items"])
        for key, each in item.get("options", {}).items()
        if "breaks" in each
    )
    value["items"][number]["options"][option]["breaks"] = "no-such-line"
    assert any(
        "duties.yaml 里没有 no-such-line" in problem for problem in across(yaml.safe_dump(value, allow_unicode=True))
    )


def test_a_competency_the_course_does_not_teach_is_refused() -> None:
    value = yaml.safe_load(text_of(C04))
    for item in value["items"][:6]:
        item["competency"] = "ETH1"
    problems = across(yaml.safe_dump(value, allow_unicode=True))
    assert any("课程不讲 ETH1" in problem for problem in problems)


def test_a_bank_without_a_course_is_refused() -> None:
    assert any("没有课程 c77" in problem for problem in across(changed(course="c77"), key="c77"))


def test_banks_are_found_where_they_belong() -> None:
    problems = Problems()
    bundles = BANK.collect(ROOT, problems)
    assert {bundle.key for bundle in bundles} == set(SHIPPED)
    assert len(problems) == 0
