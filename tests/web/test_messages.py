"""Words for error codes."""

import pytest

from lms.core.errors import Invalid, Throttled
from lms.web.messages import MESSAGES, Wordbook


def test_a_code_has_one_text() -> None:
    with pytest.raises(AssertionError, match=r"access\.forbidden"):
        Wordbook(MESSAGES, {"access.forbidden": "another text"})


def test_values_stand_in_their_places() -> None:
    book = Wordbook({"a.b.c": "%(name)s has waited %(seconds)s s", "a.b.d": "100 % sure"})
    assert book.text(Throttled("a.b.c", name="Anna", seconds=5)) == "Anna has waited 5 s"
    assert book.text(Invalid("a.b.d")) == "100 % sure"


def test_values_that_the_words_do_not_need_do_no_harm() -> None:
    assert Wordbook({"a.b.c": "no"}).text(Invalid("a.b.c", state="x")) == "no"


def test_a_code_without_words_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        Wordbook(MESSAGES).text(Invalid("a.b.c"))
