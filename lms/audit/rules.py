"""Audit tags and the pure arithmetic of the chain."""

import enum
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

GENESIS = "0" * 64
"""The previous hash of the first entry."""


class AuditTag(enum.StrEnum):
    """What happened, as ``package:thing:past-participle``. Alphabetical; a retired tag stays, as a comment."""

    ACCOUNT_OPENED = "people:account:opened"
    """A person got a first password (or one-time code on a slip)."""
    AUDIT_VERIFIED = "audit:chain:verified"
    """Someone checked every link of the chain."""
    DEMO_LOADED = "demo:world:loaded"
    """The made-up sub-district is complete; its absence tells a load that was cut short."""
    PASSWORD_CHANGED = "people:password:changed"  # noqa: S105
    """A person chose a new password; all their other sessions ended."""
    PASSWORD_RESET = "people:password:reset"  # noqa: S105
    """A one-time code was given to another person."""
    PERSON_ADDED = "people:person:added"
    """A person was entered."""
    PERSON_CHANGED = "people:person:changed"
    """Data kept on a person was corrected."""
    PERSON_STATE_CHANGED = "people:person:state-changed"
    """A person moved from one state to another (candidate, trainee, active, …)."""
    POST_ENDED = "people:post:ended"
    """A post on a grid ended."""
    POST_HELD = "people:post:held"
    """A person took a post on a grid."""
    PRIVACY_NOTICE_READ = "people:privacy-notice:read"
    """A person confirmed having read the privacy notice."""
    ROLE_ENDED = "people:role:ended"
    """A role ended before its date."""
    ROLE_GRANTED = "people:role:granted"
    """A second person confirmed a role (or the console granted it)."""
    ROLE_PROPOSED = "people:role:proposed"
    """A role was proposed for a person."""
    ROLE_REFUSED = "people:role:refused"
    """A proposed role was turned down."""
    ROSTER_IMPORTED = "people:roster:imported"
    """A roster file was brought in."""
    UNIT_ADDED = "people:unit:added"
    """A unit was entered."""
    UNIT_CHANGED = "people:unit:changed"
    """A unit was renamed, moved or closed."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of the trail, as hashed. ``diff`` maps a column to ``[before, after]``."""

    seq: int
    recorded_at: datetime
    business_at: datetime
    actor: str
    role: str
    channel: str
    tag: str
    object_type: str
    object_id: str
    unit_path: str
    reason: str
    diff: Mapping[str, object]
    request_id: str
    prev_hash: str


def canonical(entry: Entry) -> bytes:
    """Return the bytes that are hashed: JSON with sorted keys, UTF-8, no spaces, times as UTC microseconds."""
    values = dict(vars(entry))
    for name in ("recorded_at", "business_at"):
        values[name] = values[name].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def entry_hash(entry: Entry) -> str:
    """Return the SHA-256 of the canonical bytes, in hex. No secret: anyone can verify an exported chain."""
    return hashlib.sha256(canonical(entry)).hexdigest()


def keyed_hash(key: str, column: str, value: object) -> str:
    """Return a short keyed hash that stands in for a personal value: equal values in a column look equal.

    16 hex digits of HMAC-SHA-256; without the key the value cannot be guessed from it.
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    return "~" + hmac.new(key.encode(), f"{column}|{text}".encode(), hashlib.sha256).hexdigest()[:16]


@dataclass(frozen=True)
class Break:
    """A place where the chain does not hold. ``kind``: edited, missing, moved, tail."""

    seq: int
    kind: str
    detail: str


def breaks(entries: Iterable[tuple[Entry, str]], head_seq: int, head_hash: str) -> Iterator[Break]:
    """Walk (entry, stored hash) in the order of seq and name every place where the chain does not hold.

    Finds edited rows (their hash), deleted rows (a gap), inserted or swapped rows (wrong previous hash) and
    a cut tail (the head row knows a later entry).
    """
    expected_seq, previous = 1, GENESIS
    for entry, stored in entries:
        while expected_seq < entry.seq:
            yield Break(expected_seq, "missing", "")
            expected_seq += 1
        if entry.seq < expected_seq:
            yield Break(entry.seq, "moved", f"expected {expected_seq}")
        if entry_hash(entry) != stored:
            yield Break(entry.seq, "edited", "")
        elif entry.prev_hash != previous:
            yield Break(entry.seq, "moved", "")
        previous = stored
        expected_seq = entry.seq + 1
    if expected_seq - 1 != head_seq:
        for seq in range(expected_seq, head_seq + 1):
            yield Break(seq, "missing", "tail")
        if expected_seq - 1 > head_seq:
            yield Break(expected_seq - 1, "tail", f"the head knows only {head_seq}")
    elif previous != head_hash:
        yield Break(head_seq, "tail", "the head has another hash")
