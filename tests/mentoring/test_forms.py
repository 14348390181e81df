"""The words of mentoring: one for every member of every enum."""

from datetime import date

from flask import Flask

from lms.mentoring import forms
from lms.mentoring.rules import (
    MINUTES,
    TOPICS,
    Bar,
    CheckpointVerdict,
    Function,
    PairState,
    Prospect,
    SessionState,
    When,
)
from lms.mentoring.services.pairs import BY_OFFICIAL
from lms.people.rules import StaffState


def test_everything_has_words() -> None:
    assert set(forms.PAIR_STATE_WORDS) == set(PairState)
    assert set(forms.SESSION_STATE_WORDS) == set(SessionState)
    assert set(forms.VERDICT_WORDS) == set(CheckpointVerdict)
    assert set(forms.FUNCTION_WORDS) == set(Function)
    assert set(forms.WHEN_WORDS) == set(When)
    assert set(forms.MINUTE_WORDS) == set(MINUTES)
    assert set(forms.TOPIC_WORDS) == {topic.key for topic in TOPICS}
    assert set(forms.FORMS) == BY_OFFICIAL


def test_a_bar_says_what_is_missing(app: Flask) -> None:
    newer = Prospect(state=StaffState.ACTIVE, joined_on=date(2025, 3, 1), competencies=5, has_role=True, newcomers=0)
    with app.test_request_context("/"):
        app.preprocess_request()
        assert forms.bar_text(Bar.TOO_NEW, newer) == "来了不到两年，2027年3月1日 才满"
        assert forms.bar_text(Bar.FEW_COMPETENCIES, newer) == "到 3 级的能力有 5 项，要 8 项"
        assert all("%(" not in forms.bar_text(bar, newer) for bar in Bar)
