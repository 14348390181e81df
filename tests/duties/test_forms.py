"""Words for every code."""

import pytest
from flask import Flask

from lms.content.content import Limit
from lms.content.forms import WAY_ICONS, WAY_MEANINGS, WAY_WORDS
from lms.content.rules import Origin, RoleLevel, Way
from lms.courses.rules import Function
from lms.duties.forms import (
    FIELD_WORDS,
    FUNCTION_WORDS,
    LEVEL_WORDS,
    MESSAGES,
    ORIGIN_WORDS,
    STATE_WORDS,
    cause_text,
    limit_text,
)
from lms.duties.rules import WORDING, DutyState


def test_every_code_has_words(app: Flask) -> None:
    assert set(STATE_WORDS) == set(DutyState)
    assert set(WAY_WORDS) == set(WAY_MEANINGS) == set(WAY_ICONS) == set(Way)
    assert set(LEVEL_WORDS) == set(RoleLevel)
    assert set(ORIGIN_WORDS) == set(Origin)
    assert set(FUNCTION_WORDS) == {each.value for each in Function}
    assert set(FIELD_WORDS) == set(WORDING)
    with app.test_request_context():
        assert all(str(words) for words in MESSAGES.values())


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (None, "没有定时限"),
        (Limit(0, "now"), "立即"),
        (Limit(0, "month"), "每月"),
        (Limit(15, "m"), "15 分钟内"),
        (Limit(24, "h"), "24 小时内"),
        (Limit(3, "d"), "3 天内"),
        (Limit(3, "wd"), "3 个工作日内"),
    ],
)
def test_limits_in_words(app: Flask, limit: Limit | None, words: str) -> None:
    with app.test_request_context():
        assert limit_text(limit) == words


def test_causes_in_words(app: Flask) -> None:
    with app.test_request_context():
        assert cause_text("certificate") == "因为证书"
        assert cause_text("mentoring_session") == "因为新的佐证"
        assert cause_text("time", DutyState.GRACE, DutyState.LEARNING) == "因为限期过了"
        assert cause_text("time", DutyState.OPEN, DutyState.GRACE) == "因为日子到了"
        assert cause_text("person", DutyState.GRACE, DutyState.LEARNING) == "因为人员状态变了"
