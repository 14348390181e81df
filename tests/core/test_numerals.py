"""Chinese numerals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.core.numerals import apart, articles_in_digits, number_of

DIGITS = "零一二三四五六七八九"


def in_numerals(number: int) -> str:
    """Write a number from 1 to 9999 as Chinese does."""
    words, is_open = "", False
    for unit, value in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // value % 10
        if digit:
            words += ("零" if is_open and words else "") + DIGITS[digit] + unit
            is_open = False
        else:
            is_open = bool(words)
    return words.removeprefix("一") if 10 <= number <= 19 else words


@given(st.integers(1, 9999))
def test_numerals_are_read_as_they_are_written(number: int) -> None:
    assert number_of(in_numerals(number)) == number_of(str(number)) == number


@pytest.mark.parametrize(("words", "number"), [("十", 10), ("两百", 200), ("一〇三三", 1033), ("一千零四十三", 1043)])
def test_other_ways_to_write(words: str, number: int) -> None:
    assert number_of(words) == number


@pytest.mark.parametrize("words", ["", "条", "甲", "1十"])
def test_what_is_no_number_is_refused(words: str) -> None:
    with pytest.raises(ValueError):
        number_of(words)


def test_articles_in_a_text() -> None:
    assert articles_in_digits("民法典第一千零三十三条和14条") == "民法典第1033条和14条"
    assert articles_in_digits("民法典第一千零三十三条和14条", bare=True) == "民法典第1033条和第14条"
    assert articles_in_digits("一条路，第1十条") == "一条路，第1十条"
    assert apart("民法典第14条第2款") == "民法典 第14条第2款"
