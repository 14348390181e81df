"""Words and shapes."""

import enum
from typing import Any

import pytest

from lms.selection import forms
from lms.selection.rules import Body, Channel, Lock, Paper, Part, Relation, RuleFault, Skip, Source, TableFault


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (forms.SOURCE_WORDS, Source),
        (forms.PAPER_WORDS, Paper),
        (forms.BODY_WORDS, Body),
        (forms.CHANNEL_WORDS, Channel),
        (forms.RELATION_WORDS, Relation),
    ],
)
def test_every_code_has_words(words: dict[Any, Any], kind: type[enum.StrEnum]) -> None:
    assert set(words) == set(kind)


def test_every_refusal_made_by_a_code_has_words() -> None:
    for prefix, kind in (("barred", Part), ("lock", Lock), ("skip", Skip), ("rule", RuleFault), ("table", TableFault)):
        for each in kind:
            assert f"selection.{prefix}.{each.value}" in forms.MESSAGES


def test_no_word_that_hurts_stands_on_a_page() -> None:
    texts = " ".join(str(each) for each in forms.MESSAGES.values())
    assert not [word for word in ("监控", "打卡", "处罚", "排名", "非法", "无效") if word in texts]
