"""What an answer is, how it is marked, and that an open paper never tells what is right."""

import random
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest

from lms.quizzes.kinds import (
    KINDS,
    CaseItem,
    ChoiceItem,
    Option,
    TriageItem,
    TrueFalseItem,
    Words,
)

COMMON: dict[str, Any] = {
    "revision": 1,
    "difficulty": "easy",
    "is_critical": False,
    "lesson": "c04-l01",
    "competency": "BND1",
    "functions": ("common",),
    "cites": (),
    "duty": "",
    "stem": Words("题", "Stem"),
}


def options(right: str, keys: str = "abcd", breaks: str = "") -> tuple[Option, ...]:
    return tuple(
        Option(
            key=key,
            text=Words(f"选项{key}"),
            why=Words(f"因为{key}"),
            is_right=key in right,
            breaks="no-fine" if key in breaks else "",
        )
        for key in keys
    )


def ways(right: str) -> tuple[Option, ...]:
    return tuple(
        Option(
            key=way,
            text=Words(""),
            why=Words("因为"),
            is_right=way == right,
            breaks="" if way == right else "life-first",
        )
        for way in ("handle", "coordinate", "escalate")
    )


SINGLE = ChoiceItem(key="q1", kind="single", options=options("b", breaks="d"), **COMMON)
MULTIPLE = ChoiceItem(key="q2", kind="multiple", options=options("abc", breaks="d"), **COMMON)
TRUE_FALSE = TrueFalseItem(
    key="q3",
    kind="true_false",
    options=tuple(
        Option(key=key, text=Words(""), why=Words("因为"), is_right=key == "false") for key in ("true", "false")
    ),
    **COMMON,
)
TRIAGE = TriageItem(
    key="q4", kind="triage", ways=ways("escalate"), ask=Words("先做什么"), options=options("c", breaks="a"), **COMMON
)
CASE = CaseItem(key="q5", kind="case", points_for=(Words("一"), Words("二")), model_answer=Words("答"), **COMMON)


def chance(seed: int = 1) -> random.Random:
    return random.Random(seed)  # noqa: S311 - no secret


ITEMS: list[Any] = [SINGLE, MULTIPLE, TRUE_FALSE, TRIAGE]


@pytest.mark.parametrize(
    ("item", "answer", "correctness", "crossed"),
    [
        (SINGLE, None, "0", False),
        (SINGLE, {"choice": "b"}, "1", False),
        (SINGLE, {"choice": "a"}, "0", False),
        (SINGLE, {"choice": "d"}, "0", True),
        (MULTIPLE, None, "0", False),
        (MULTIPLE, {"choices": ["a", "b", "c"]}, "1", False),
        (MULTIPLE, {"choices": ["a"]}, "0.3333", False),
        (MULTIPLE, {"choices": ["a", "c"]}, "0.6667", False),
        (MULTIPLE, {"choices": ["a", "b", "c", "d"]}, "0", True),
        (TRUE_FALSE, {"choice": "false"}, "1", False),
        (TRUE_FALSE, {"choice": "true"}, "0", False),
        (TRUE_FALSE, None, "0", False),
        (TRIAGE, {"way": "escalate", "act": "c"}, "1", False),
        (TRIAGE, {"way": "escalate"}, "0.5", False),
        (TRIAGE, {"act": "c"}, "0.5", False),
        (TRIAGE, {"way": "handle", "act": "c"}, "0.5", True),
        (TRIAGE, {"way": "escalate", "act": "a"}, "0.5", True),
        (TRIAGE, None, "0", False),
    ],
)
def test_marking(item: Any, answer: Any, correctness: str, crossed: bool) -> None:
    marked = KINDS[item.kind].mark(item, answer)
    assert (marked.correctness, marked.is_line_crossed) == (Decimal(correctness), crossed)


@pytest.mark.parametrize(
    ("item", "answer", "complete"),
    [
        (SINGLE, None, False),
        (SINGLE, {"choice": "a"}, True),
        (MULTIPLE, {"choices": ["d"]}, True),
        (TRUE_FALSE, {"choice": "true"}, True),
        (TRIAGE, {"way": "handle"}, False),
        (TRIAGE, {"act": "a"}, False),
        (TRIAGE, {"way": "handle", "act": "a"}, True),
    ],
)
def test_when_a_question_is_answered(item: Any, answer: Any, complete: bool) -> None:
    assert KINDS[item.kind].is_complete(item, answer) is complete


@pytest.mark.parametrize(
    ("item", "raw", "stored"),
    [
        (SINGLE, {}, None),
        (SINGLE, {"choice": ""}, None),
        (SINGLE, {"choice": ["b"]}, {"choice": "b"}),
        (SINGLE, {"choice": "b"}, {"choice": "b"}),
        (MULTIPLE, {"choices": ["c", "a", "c"]}, {"choices": ["a", "c"]}),
        (MULTIPLE, {"choices": []}, None),
        (TRUE_FALSE, {"choice": "true"}, {"choice": "true"}),
        (TRIAGE, {"way": "handle"}, {"way": "handle"}),
        (TRIAGE, {"way": "handle", "act": "d"}, {"way": "handle", "act": "d"}),
    ],
)
def test_what_is_stored_of_what_was_sent(item: Any, raw: Any, stored: Any) -> None:
    assert KINDS[item.kind].read(item, raw) == stored


@pytest.mark.parametrize(
    ("item", "raw"),
    [
        (SINGLE, {"choice": "z"}),
        (SINGLE, {"choices": ["a"]}),
        (SINGLE, {"choice": ["a", "b"]}),
        (SINGLE, {"choice": 1}),
        (SINGLE, {"choice": {"a": 1}}),
        (MULTIPLE, {"choices": ["a", {"b": 1}]}),
        (TRUE_FALSE, {"choice": "maybe"}),
        (TRIAGE, {"way": "a"}),
        (TRIAGE, {"way": "handle", "is_right": "yes"}),
        (CASE, {"text": "报告"}),
    ],
)
def test_what_cannot_come_from_our_page_is_refused(item: Any, raw: Any) -> None:
    with pytest.raises(ValueError):
        KINDS[item.kind].read(item, raw)


@pytest.mark.parametrize("item", ITEMS)
def test_an_open_question_never_tells_what_is_right(item: Any) -> None:
    kind = KINDS[item.kind]
    shown = repr([asdict(part) for part in kind.asked(item, kind.order(item, chance()))])
    for secret in ("is_right", "why", "因为", "breaks", "no-fine", "life-first"):
        assert secret not in shown


def test_options_come_in_the_order_of_the_person_with_letters() -> None:
    [part] = KINDS["single"].asked(SINGLE, ["c", "a", "d", "b"])
    assert [(choice.value, choice.letter) for choice in part.choices] == [
        ("c", "A"),
        ("a", "B"),
        ("d", "C"),
        ("b", "D"),
    ]
    [part] = KINDS["true_false"].asked(TRUE_FALSE, [])
    assert [(choice.value, choice.letter, choice.text) for choice in part.choices] == [
        ("true", "", None),
        ("false", "", None),
    ]
    way, act = KINDS["triage"].asked(TRIAGE, ["d", "c", "b", "a"])
    assert [choice.value for choice in way.choices] == ["handle", "coordinate", "escalate"]
    assert [choice.value for choice in act.choices] == ["d", "c", "b", "a"]
    assert act.ask == Words("先做什么")


def test_the_order_comes_from_chance_alone() -> None:
    orders = {tuple(KINDS["single"].order(SINGLE, chance(seed))) for seed in range(30)}
    assert len(orders) > 10
    assert KINDS["single"].order(SINGLE, chance(7)) == KINDS["single"].order(SINGLE, chance(7))
    assert KINDS["true_false"].order(TRUE_FALSE, chance(7)) == []


def test_the_review_says_what_was_chosen_what_is_right_and_why() -> None:
    way, act = KINDS["triage"].review(TRIAGE, ["d", "c", "b", "a"], {"way": "handle", "act": "c"})
    chosen = [choice for choice in (*way.choices, *act.choices) if choice.is_chosen]
    assert [(choice.value, choice.is_right, choice.breaks) for choice in chosen] == [
        ("handle", False, "life-first"),
        ("c", True, ""),
    ]
    assert all(choice.why.zh for choice in (*way.choices, *act.choices))
    [part] = KINDS["multiple"].review(MULTIPLE, list("abcd"), {"choices": ["a", "d"]})
    assert [choice.is_chosen for choice in part.choices] == [True, False, False, True]
    [part] = KINDS["single"].review(SINGLE, list("abcd"), None)
    assert not any(choice.is_chosen for choice in part.choices)


def test_a_written_answer_is_checked_and_not_drawn() -> None:
    kind = KINDS["case"]
    assert not kind.is_drawn
    assert kind.asked(CASE, []) == ()
    with pytest.raises(NotImplementedError):
        kind.mark(CASE, {"text": "报告"})


def test_words_fall_back_to_chinese() -> None:
    assert Words("题", "Stem").text_in("en") == "Stem"
    assert Words("题", "Stem").text_in("zh") == "题"
    assert Words("题").text_in("en") == "题"
