"""Chinese numerals, and the numbers of articles of law written in them."""

import re

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_ARTICLE = re.compile("第([0-9零〇一二两三四五六七八九十百千]+)条")
_ASKED_ARTICLE = re.compile("(?:^|第|(?=[0-9]))([0-9零〇一二两三四五六七八九十百千]+)条$")


def number_of(words: str) -> int:
    """Return the number that digits or Chinese numerals below ten thousand write: 14, 十四, 一百一十, 一〇三三.

    Raises ValueError for anything else.
    """
    if words.isdecimal():
        return int(words)
    if not words or any(char not in _DIGITS and char not in _TENS for char in words):
        raise ValueError(words)
    if not any(char in _TENS for char in words):
        return int("".join(str(_DIGITS[char]) for char in words))
    total, digit = 0, 0
    for char in words:
        if char in _TENS:
            total += (digit or 1) * _TENS[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return total + digit


def articles_in_digits(text: str, *, bare: bool = False) -> str:
    """Return a text with the numbers of its articles written 第14条.

    ``bare``: the text is a word somebody looks for; 十四条 alone and 民法典14条 are articles too, 八条红线 is none.
    """

    def written(found: re.Match[str]) -> str:
        try:
            return f"第{number_of(found[1])}条"
        except ValueError:  # digits and numerals mixed: no number
            return found[0]

    return _ARTICLE.sub(written, _ASKED_ARTICLE.sub(written, text) if bare else text)


def apart(text: str) -> str:
    """Return a text with a blank before each 第14条."""
    return re.sub("(?=第[0-9]+条)", " ", text)
