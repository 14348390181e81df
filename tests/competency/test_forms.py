"""Words for every code, and the shape of the forms."""

from decimal import Decimal

import pytest
from flask import Flask

from lms.competency.forms import (
    LACK_WORDS,
    MESSAGES,
    STANDING_WORDS,
    STATE_WORDS,
    RecognitionForm,
    lack_text,
)
from lms.competency.rules import Lack, Reason, RecognitionState, Standing


def test_every_code_has_words(app: Flask) -> None:
    with app.test_request_context():
        assert set(LACK_WORDS) == set(Lack)
        assert set(STANDING_WORDS) == set(Standing)
        assert set(STATE_WORDS) == set(RecognitionState)
        assert all(str(words) for words in MESSAGES.values())


@pytest.mark.parametrize("lack", Lack)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_lack_fills_in_its_values(app: Flask, lack: Lack, language: str) -> None:
    with app.test_request_context(headers={"Cookie": f"lms_lang={language}"}):
        text = lack_text(Reason(lack=lack, need=Decimal(70), have=Decimal("61.50")))
    assert "%" not in text.replace("80 %", "").replace("80%", "")
    assert ("70" in text) == ("%(need)" in str(LACK_WORDS[lack]._args[0]))


def test_a_proposal_needs_level_basis_and_date(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"codes": "ETH1"}):
        form = RecognitionForm(meta={"csrf": False})
        form.codes.choices = [("ETH1", "ETH1")]
        form.level.choices = [("1", "1")]
        assert not form.validate()
        assert set(form.errors) == {"level", "basis", "basis_on"}
