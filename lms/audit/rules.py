"""Audit tags and the pure arithmetic of the chain."""

import enum
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

GENESIS = "0" * 64
"""The previous hash of the first entry."""


class AuditTag(enum.StrEnum):
    """What happened, as ``package:thing:past-participle``. Alphabetical; a retired tag stays, as a comment."""

    ACCOUNT_OPENED = "people:account:opened"
    """A person got a first password (or one-time code on a slip)."""
    APPLICATION_CHECKED = "selection:application:checked"
    """The papers of an application were found complete, or what is missing was named."""
    APPLICATION_DECIDED = "selection:application:decided"
    """A proposed person was approved, or refused with a reason."""
    APPLICATION_FILED = "selection:application:filed"
    """An approved person was filed （备案）."""
    APPLICATION_LISTED = "selection:application:listed"
    """An application came on the list, was proposed, left out or passed over."""
    APPLICATION_SUBMITTED = "selection:application:submitted"
    """Somebody applied in a selection round."""
    APPLICATION_WITHDRAWN = "selection:application:withdrawn"
    """An application was withdrawn by the person."""
    ATTEMPT_MARKED = "quizzes:attempt:marked"
    """An attempt was handed in, by the person or by the deadline, and marked."""
    ATTEMPT_REVIEW_OPENED = "quizzes:attempt:review-opened"
    """The person opened the explanations of a marked attempt, which lets them try again."""
    ATTEMPT_STARTED = "quizzes:attempt:started"
    """A paper was drawn and the time began."""
    AUDIT_VERIFIED = "audit:chain:verified"
    """Someone checked every link of the chain."""
    CERTIFICATE_EXPIRED = "certification:certificate:expired"
    """The last valid day of a certificate has passed."""
    CERTIFICATE_ISSUED = "certification:certificate:issued"
    """A second official signed a certificate off; the number was drawn."""
    CERTIFICATE_PROPOSED = "certification:certificate:proposed"
    """An official proposed that a certificate is issued."""
    CERTIFICATE_REFUSED = "certification:certificate:refused"
    """The second official turned a proposed certificate down."""
    CERTIFICATE_REISSUED = "certification:certificate:reissued"
    """A further paper （补） was made."""
    CERTIFICATE_REVOCATION_PROPOSED = "certification:certificate:revocation-proposed"
    """An official proposed that a certificate is revoked."""
    CERTIFICATE_REVOCATION_WITHDRAWN = "certification:certificate:revocation-withdrawn"
    """The proposal to revoke was taken back or turned down."""
    CERTIFICATE_REVOKED = "certification:certificate:revoked"
    """A second official confirmed that a certificate is revoked."""
    CONTENT_SYNCED = "content:revision:synced"
    """A changed text became the current revision."""
    COURSE_PASSED = "courses:enrolment:passed"
    """A course was passed by its quiz."""
    COURSE_STARTED = "courses:enrolment:started"
    """A person began a course on the revision then current."""
    DEMO_CLOCK_MOVED = "demo:clock:moved"
    """Business time of the demo was moved forward."""
    DEMO_LOADED = "demo:world:loaded"
    """The made-up sub-district is complete; its absence tells a load that was cut short."""
    DOCUMENT_BLOCKED = "certification:document:blocked"
    """A paper cannot be printed: a character has no glyph."""
    DOCUMENT_DRAFTED = "certification:document:drafted"
    """What a paper will say was fixed; the paper itself is made by a job."""
    DOCUMENT_RENDERED = "certification:document:rendered"
    """A paper was rendered and its hash registered."""
    DUTY_LIST_ACKNOWLEDGED = "duties:list:acknowledged"
    """A person said that they have read their duty list."""
    DUTY_LIST_CHANGED = "duties:list:changed"
    """Items of a person's duty list opened, began their grace, closed, paused, came or went."""
    HOLIDAY_YEAR_ENTERED = "selection:holiday-year:entered"
    """The holidays of a year were entered."""
    LESSONS_FINISHED = "courses:enrolment:lessons-finished"
    """All lessons of a course are finished; its quiz is open."""
    LEVEL_CHANGED = "competency:level:changed"
    """A competency level rose or fell."""
    MENTORING_ACCEPTED = "mentoring:pair:accepted"
    """Mentor or newcomer said yes to a proposed pair; with the second yes it becomes active."""
    MENTORING_CHANGED = "mentoring:pair:changed"
    """A pair ended because the newcomer gets another mentor."""
    MENTORING_CHECKED = "mentoring:checkpoint:written"
    """The mentor said at a checkpoint how it goes."""
    MENTORING_COMPLETED = "mentoring:pair:completed"
    """An official confirmed that the newcomer has finished being mentored （出师）."""
    MENTORING_DECLINED = "mentoring:pair:declined"
    """Mentor or newcomer declined a proposed pair."""
    MENTORING_ENDED = "mentoring:pair:ended"
    """A pair ended before its time."""
    MENTORING_EXTENDED = "mentoring:pair:extended"
    """A pair got a later last day."""
    MENTORING_PLANNED = "mentoring:plan:made"
    """The ninety-day plan of a pair was made; the checkpoints stand under the pair's name."""
    MENTORING_PROPOSED = "mentoring:pair:proposed"
    """An official proposed a mentor for a newcomer."""
    MENTORING_WITHDRAWN = "mentoring:pair:withdrawn"
    """A proposed pair was taken back."""
    NOTICE_EXTENDED = "selection:notice:extended"
    """A public notice was given more working days."""
    NOTICE_POSTED = "selection:notice:posted"
    """A public notice was posted, or posted anew after an edit."""
    NOTICE_TAKEN_DOWN = "selection:notice:taken-down"
    """A public notice was taken down or replaced by another."""
    OBJECTION_ANSWERED = "selection:objection:answered"
    """An objection was answered with its reason."""
    OBJECTION_RECEIVED = "selection:objection:received"
    """An objection to a public notice came in and got its number."""
    OPINION_GIVEN = "selection:opinion:given"
    """The opinion of one of the two committees was entered."""
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
    POST_CHANGED = "people:post:changed"
    """It was written down whether a grid leader is a member of the 两委, or why not."""
    POST_ENDED = "people:post:ended"
    """A post on a grid ended."""
    POST_HELD = "people:post:held"
    """A person took a post on a grid."""
    PRIVACY_NOTICE_READ = "people:privacy-notice:read"
    """A person confirmed having read the privacy notice."""
    PROGRAMME_ENROLLED = "courses:programme:enrolled"
    """A person was enrolled in a programme."""
    RECOGNITION_CONFIRMED = "competency:recognition:confirmed"
    """A second official confirmed a recognised level （认定）."""
    RECOGNITION_ENDED = "competency:recognition:ended"
    """A recognised level ended before its date."""
    RECOGNITION_PROPOSED = "competency:recognition:proposed"
    """An official proposed that a level is recognised."""
    RECOGNITION_REFUSED = "competency:recognition:refused"
    """The second official turned a proposed recognition down."""
    RELATIVE_DECLARED = "selection:relative:declared"
    """A relative was declared."""
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
    ROUND_CHANGED = "selection:round:changed"
    """A selection round was opened, closed, listed, posted, decided, filed or cancelled."""
    ROUND_CREATED = "selection:round:created"
    """A selection round was begun."""
    ROUND_LISTED = "selection:round:listed"
    """The list of a round was made; its inputs were frozen."""
    ROUND_PLACED = "selection:round:placed"
    """A place was added to a round or taken out."""
    ROUND_RULE_SET = "selection:round:rule-set"
    """The rule of a round got a version."""
    SESSION_CONFIRMED = "mentoring:session:confirmed"
    """Both sides agree on a session; it counts in full."""
    SESSION_CORRECTED = "mentoring:session:corrected"
    """The newcomer saw a session otherwise."""
    SESSION_LOGGED = "mentoring:session:logged"
    """A mentor logged a session."""
    SESSION_UNCONFIRMED = "mentoring:session:unconfirmed"
    """A session counts half: no answer in time, or the mentor kept his version."""
    SESSION_WITHDRAWN = "mentoring:session:withdrawn"
    """A mentor took a session back that nobody had answered."""
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
        # A caller may hand in Shanghai time; what comes back from the database is UTC.
        values[name] = values[name].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
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


def _up_to(first: int, last: int) -> str:
    return "" if first == last else f"to {last}"


def breaks(entries: Iterable[tuple[Entry, str]], head_seq: int, head_hash: str) -> Iterator[Break]:
    """Walk (entry, stored hash) in the order of seq and name every place where the chain does not hold.

    A gap is one break named by its first seq: a forged seq in the millions must not exhaust the verifier.
    Finds edited rows (their hash), deleted rows (a gap), inserted or swapped rows (wrong previous hash) and
    a cut tail (the head row knows a later entry).
    """
    expected_seq, previous = 1, GENESIS
    for entry, stored in entries:
        if entry.seq > expected_seq:
            yield Break(expected_seq, "missing", _up_to(expected_seq, entry.seq - 1))
        elif entry.seq < expected_seq:
            yield Break(entry.seq, "moved", f"expected {expected_seq}")
        if entry_hash(entry) != stored:
            yield Break(entry.seq, "edited", "")
        elif entry.prev_hash != previous:
            yield Break(entry.seq, "moved", "")
        previous = stored
        expected_seq = entry.seq + 1
    if expected_seq <= head_seq:
        yield Break(expected_seq, "missing", " ".join(filter(None, ("tail", _up_to(expected_seq, head_seq)))))
    elif expected_seq - 1 > head_seq:
        yield Break(expected_seq - 1, "tail", f"the head knows only {head_seq}")
    elif previous != head_hash:
        yield Break(head_seq, "tail", "the head has another hash")
