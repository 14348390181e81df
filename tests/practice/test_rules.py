"""The map of a scenario: what is reached, from where it can still end well, and the best way."""

from lms.practice.rules import best_path, can_reach, reached_from

WAYS = {"a": ["b", "x"], "b": ["c", "b"], "c": ["end"], "lost": ["a"]}


def test_what_is_reached_from_the_start() -> None:
    assert reached_from("a", WAYS) == {"a", "b", "c", "x", "end"}
    assert reached_from("end", WAYS) == {"end"}
    assert reached_from("nowhere", WAYS) == {"nowhere"}


def test_from_where_an_end_can_be_reached() -> None:
    assert can_reach(["end"], WAYS) == {"end", "a", "b", "c", "lost"}
    assert can_reach(["x"], WAYS) == {"x", "a", "lost"}
    assert can_reach([], WAYS) == frozenset()


def test_the_best_way_goes_to_the_end_and_never_in_a_circle() -> None:
    assert best_path("a", {"a": "b", "b": "c", "c": "end"}) == ["a", "b", "c", "end"]
    assert best_path("a", {"a": "b", "b": "a"}) == ["a", "b"]
    assert best_path("a", {}) == ["a"]
