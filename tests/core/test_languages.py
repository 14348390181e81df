"""Texts that stand in two languages."""

import pytest

from lms.core.languages import in_language


@pytest.mark.parametrize(
    ("language", "english", "shown"), [("zh", "Law", "法"), ("en", "Law", "Law"), ("en", "", "法"), ("zh", "", "法")]
)
def test_english_where_it_is_asked_for_and_there(language: str, english: str, shown: str) -> None:
    assert in_language(language, "法", english) == shown
