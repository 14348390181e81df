"""The arithmetic of the chain."""

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lms.audit import rules
from lms.audit.rules import GENESIS, AuditTag, Break, Entry, breaks, canonical, entry_hash, keyed_hash
from lms.core.clock import SHANGHAI

Link = tuple[Entry, str]

SAMPLE = Entry(
    seq=7,
    recorded_at=datetime(2026, 11, 24, 2, 0, 0, 123456, tzinfo=UTC),
    business_at=datetime(2026, 11, 24, 2, 0, tzinfo=UTC),
    actor="abc",
    role="official",
    channel="web",
    tag="people:person:changed",
    object_type="person",
    object_id="xyz",
    unit_path="/1/5/",
    reason="改正 “姓名”",
    diff={"state": ["trainee", "active"], "name": ["~0123456789abcdef", None], "count": [1, 2.5]},
    request_id="r1",
    prev_hash=GENESIS,
)


# --- tags --------------------------------------------------------------------------------------------------------


def test_tags_are_alphabetical_follow_the_grammar_and_fit_their_column() -> None:
    names = [tag.name for tag in AuditTag]
    assert names == sorted(names)
    values = [tag.value for tag in AuditTag]
    assert len(set(values)) == len(values)
    for value in values:
        assert re.fullmatch(r"[a-z]+:[a-z-]+:[a-z-]+", value), value
        assert len(value) <= 60, value


def test_each_tag_says_what_happened() -> None:
    tree = ast.parse(Path(str(rules.__file__)).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "AuditTag")
    for member, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(member, ast.Assign):
            assert isinstance(after, ast.Expr), ast.unparse(member)


# --- bytes and hashes --------------------------------------------------------------------------------------------


def test_the_hashed_bytes_never_change() -> None:
    """A change of one byte here would make every chain of every office fail its check."""
    assert canonical(SAMPLE).decode() == (
        '{"actor":"abc","business_at":"2026-11-24T02:00:00.000000Z","channel":"web",'
        '"diff":{"count":[1,2.5],"name":["~0123456789abcdef",null],"state":["trainee","active"]},'
        f'"object_id":"xyz","object_type":"person","prev_hash":"{GENESIS}","reason":"改正 “姓名”",'
        '"recorded_at":"2026-11-24T02:00:00.123456Z","request_id":"r1","role":"official","seq":7,'
        '"tag":"people:person:changed","unit_path":"/1/5/"}'
    )
    assert entry_hash(SAMPLE) == "a1488a80ec4fd36cae990a092ef4905ab0a9113065e3fca55c07327340aed39f"


def test_the_same_moment_gives_the_same_bytes_in_any_zone() -> None:
    """What is read back from the database is UTC; what was handed in may have been Shanghai time."""
    local = replace(SAMPLE, business_at=SAMPLE.business_at.astimezone(SHANGHAI))
    assert canonical(local) == canonical(SAMPLE)


@pytest.mark.parametrize("name", [name for name in vars(SAMPLE) if name not in {"seq", "diff"}])
def test_every_field_is_part_of_the_hash(name: str) -> None:
    value = getattr(SAMPLE, name)
    other: Any = value.replace(microsecond=1) if isinstance(value, datetime) else value + "x"
    assert entry_hash(replace(SAMPLE, **{name: other})) != entry_hash(SAMPLE)


def test_seq_and_diff_are_part_of_the_hash_but_the_order_of_columns_is_not() -> None:
    assert entry_hash(replace(SAMPLE, seq=8)) != entry_hash(SAMPLE)
    assert entry_hash(replace(SAMPLE, diff={})) != entry_hash(SAMPLE)
    turned = dict(reversed(list(SAMPLE.diff.items())))
    assert entry_hash(replace(SAMPLE, diff=turned)) == entry_hash(SAMPLE)


def test_a_keyed_hash_shows_equality_within_a_column_and_nothing_else() -> None:
    key = "k" * 32
    shown = keyed_hash(key, "person.name", "李秀兰")
    assert shown == "~ff24bae122014d8f"  # fixed, or old and new entries could not be compared
    assert keyed_hash(key, "person.name", "李秀兰") == shown
    assert keyed_hash(key, "person.name_key", "李秀兰") != shown
    assert keyed_hash("j" * 32, "person.name", "李秀兰") != shown
    assert keyed_hash(key, "person.name", "李秀蓝") != shown


# --- the walk ----------------------------------------------------------------------------------------------------


def chain(length: int = 6) -> list[Link]:
    """A chain that holds."""
    links: list[Link] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        entry = replace(SAMPLE, seq=seq, reason=f"act {seq}", prev_hash=previous)
        previous = entry_hash(entry)
        links.append((entry, previous))
    return links


def forged(links: list[Link], place: int, **values: object) -> Link:
    """The entry at a place with other values, its own hash made to fit."""
    entry = replace(links[place][0], **values)  # type: ignore[arg-type]
    return entry, entry_hash(entry)


def found(links: list[Link], head_seq: int = 6, head_hash: str | None = None) -> list[tuple[int, str]]:
    end = head_hash if head_hash is not None else chain(head_seq)[-1][1]
    return [(each.seq, each.kind) for each in breaks(links, head_seq, end)]


def test_a_chain_that_holds_has_no_breaks_nor_has_an_empty_one() -> None:
    assert found(chain()) == []
    assert list(breaks([], 0, GENESIS)) == []


def edit(links: list[Link]) -> None:
    links[2] = (replace(links[2][0], reason="another"), links[2][1])


def edit_and_fit_the_hash(links: list[Link]) -> None:
    links[2] = forged(links, 2, reason="another")


def edit_the_first(links: list[Link]) -> None:
    links[0] = forged(links, 0, reason="another")


def edit_the_last_and_fit_the_hash(links: list[Link]) -> None:
    links[5] = forged(links, 5, reason="another")


def delete(links: list[Link]) -> None:
    del links[2]


def delete_two(links: list[Link]) -> None:
    del links[2:4]


def delete_the_first(links: list[Link]) -> None:
    del links[0]


def delete_and_close_the_gap(links: list[Link]) -> None:
    del links[2]
    for place in range(2, 5):
        links[place] = forged(links, place, seq=place + 1)


def insert(links: list[Link]) -> None:
    links.insert(3, forged(links, 2, reason="inserted"))


def insert_and_make_room(links: list[Link]) -> None:
    links.insert(3, forged(links, 2, reason="inserted", seq=4, prev_hash=links[2][1]))
    for place in range(4, 7):
        links[place] = forged(links, place, seq=place + 1)


def swap(links: list[Link]) -> None:
    links[2], links[3] = links[3], links[2]


def swap_and_renumber(links: list[Link]) -> None:
    links[2], links[3] = forged(links, 3, seq=3), forged(links, 2, seq=4)


def cut_the_tail(links: list[Link]) -> None:
    del links[4:]


def cut_everything(links: list[Link]) -> None:
    links.clear()


def grow(links: list[Link]) -> None:
    links.append(forged(links, 5, seq=7, prev_hash=links[5][1]))


def replay_the_last(links: list[Link]) -> None:
    links.append(links[5])


@pytest.mark.parametrize(
    ("tamper", "first", "kinds"),
    [
        (edit, 3, {"edited"}),
        (edit_and_fit_the_hash, 4, {"moved"}),  # the next entry still holds the former hash
        (edit_the_first, 2, {"moved"}),
        (edit_the_last_and_fit_the_hash, 6, {"tail"}),
        (delete, 3, {"missing", "moved"}),
        (delete_two, 3, {"missing", "moved"}),
        (delete_the_first, 1, {"missing", "moved"}),
        (delete_and_close_the_gap, 3, {"moved", "missing"}),
        (insert, 3, {"moved"}),
        (insert_and_make_room, 5, {"moved", "tail"}),
        (swap, 3, {"missing", "moved"}),
        (swap_and_renumber, 3, {"moved"}),
        (cut_the_tail, 5, {"missing"}),
        (cut_everything, 1, {"missing"}),
        (grow, 7, {"tail"}),
        (replay_the_last, 6, {"moved"}),
    ],
)
def test_tampering_is_found_and_named_by_seq(tamper: Callable[[list[Link]], None], first: int, kinds: set[str]) -> None:
    links = chain()
    tamper(links)
    seen = found(links)
    assert seen
    assert seen[0][0] == first, seen
    assert {kind for _, kind in seen} == kinds, seen


def test_a_forged_head_is_found() -> None:
    assert found(chain(), head_hash="f" * 64) == [(6, "tail")]
    assert list(breaks(chain(), 4, chain()[3][1])) == [Break(6, "tail", "the head knows only 4")]


def test_a_gap_of_millions_is_one_break() -> None:
    """A forged seq must not keep the verifier busy for hours or fill its memory."""
    links = chain(2)
    links.append(forged(links, 1, seq=2_000_000_000, prev_hash=links[1][1]))
    seen = list(breaks(links, 2_000_000_000, links[2][1]))
    assert seen == [Break(3, "missing", "to 1999999999")]
    assert list(breaks(chain(2), 2_000_000_000, "f" * 64)) == [Break(3, "missing", "tail to 2000000000")]


def test_a_whole_chain_made_anew_is_not_found_without_an_outside_checkpoint() -> None:
    """The limit of a chain without a secret, stated so that nobody believes more of it."""
    links = chain()
    previous = GENESIS
    for place, (entry, _) in enumerate(links):
        links[place] = forged(links, place, reason=f"forged {entry.seq}", prev_hash=previous)
        previous = links[place][1]
    assert found(links, head_hash=previous) == []
