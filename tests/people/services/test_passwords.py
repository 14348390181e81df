"""Hashes and one-time codes."""

import re
import time

import pytest

from lms.people.services.passwords import Passwords, new_code, typed_code

FAST = Passwords(memory_kib=8, rounds=1)


def test_a_password_belongs_to_its_hash_only() -> None:
    encoded = FAST.hash("四个词连着写 茶壶")
    assert encoded.startswith("$argon2id$")
    assert FAST.matches(encoded, "四个词连着写 茶壶")
    assert not FAST.matches(encoded, "四个词连着写茶壶")
    assert FAST.hash("四个词连着写 茶壶") != encoded  # each hash has its own salt


@pytest.mark.parametrize("encoded", ["", "plain", "$argon2id$broken", None])
def test_what_is_no_hash_matches_nothing(encoded: str | None) -> None:
    assert not FAST.matches(encoded, "")
    assert not FAST.matches(encoded, "plain")


def test_unicode_is_taken_as_typed_and_nothing_is_cut_off() -> None:
    encoded = FAST.hash("x" * 128)
    assert not FAST.matches(encoded, "x" * 127)
    assert not FAST.matches(FAST.hash("José"), "Jose\u0301")


def test_a_hash_of_weaker_settings_is_outdated() -> None:
    encoded = FAST.hash("kettle boat")
    assert not FAST.is_outdated(encoded)
    assert Passwords(memory_kib=16, rounds=1).is_outdated(encoded)
    assert Passwords(memory_kib=16, rounds=2).matches(encoded, "kettle boat")


def test_an_unknown_person_costs_as_much_time_as_a_wrong_password() -> None:
    """The time of the answer must not tell who works here (reliability I18)."""
    slow = Passwords(memory_kib=4096, rounds=3)
    encoded = slow.hash("kettle boat")

    def best(given: str | None) -> float:
        times = []
        for _ in range(5):
            begun = time.process_time()
            slow.matches(given, "wrong")
            times.append(time.process_time() - begun)
        return min(times)

    assert best(None) > best(encoded) / 2


def test_a_code_can_be_read_from_paper_and_typed_in_any_way() -> None:
    code = new_code()
    assert re.fullmatch(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", code)
    for typed in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} ", code.replace("-", "–")):
        assert typed_code(typed) == code
    assert len({new_code() for _ in range(200)}) == 200
