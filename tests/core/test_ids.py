"""Identifiers and secrets."""

import re
from collections.abc import Callable

import pytest

from lms.core import ids


@pytest.mark.parametrize(("make", "length"), [(ids.new_public_id, 22), (ids.new_secret, 43)])
def test_random_names_have_their_length_are_safe_in_a_url_and_never_come_twice(
    make: Callable[[], str], length: int
) -> None:
    made = [make() for _ in range(2_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(rf"[A-Za-z0-9_-]{{{length}}}", one) for one in made)


def test_every_place_of_a_public_id_varies() -> None:
    """A place that is always the same would cost its six bits of chance."""
    made = [ids.new_public_id() for _ in range(2_000)]
    assert not any(one.startswith("-") for one in made), "a command line would take it for an option"
    assert all(len({one[place] for one in made}) > 20 for place in range(22))


def test_readable_codes_hold_nothing_that_can_be_misread() -> None:
    text = "".join(ids.new_readable_code(10) for _ in range(500))
    assert not set(text) & set("0O1IL")
    assert set(text) == set(ids.READABLE)
    assert len(ids.new_readable_code(7)) == 7


def test_a_seed_fits_a_signed_64_bit_column() -> None:
    seeds = [ids.new_seed() for _ in range(1_000)]
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert len(set(seeds)) == len(seeds)
