"""The only source of time.

Business time (``now``, ``today``) can be moved forward in development and in the demo, so that notices,
expiry and deadlines can be tried by hand. Sessions, leases, throttles and ``recorded_at`` use
``real_now`` and never move. Production refuses a moved clock (see ``lms.config``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class _State:
    offset: timedelta = timedelta(0)
    frozen: datetime | None = None
    hand: Path | None = None
    seen: tuple[int, int] = (0, 0)


def real_now() -> datetime:
    """Return the machine's time in UTC, cut to microseconds (what both databases can store)."""
    if _State.frozen is not None:
        return _State.frozen
    return datetime.now(UTC)


def now() -> datetime:
    """Return business time in UTC."""
    return real_now() + _State.offset


def today() -> date:
    """Return the business date in Asia/Shanghai, the one that people read on the wall."""
    return local_date(now())


def local_date(moment: datetime) -> date:
    """Return the Asia/Shanghai date of an aware moment."""
    return moment.astimezone(SHANGHAI).date()


def pretend(offset: timedelta) -> None:
    """Move business time forward by ``offset``. Raises ValueError when it would run backward."""
    if offset < timedelta(0):
        raise ValueError("business time can only be moved forward")
    _State.offset = offset


def offset() -> timedelta:
    """Return how far business time is ahead of the machine's."""
    return _State.offset


def follow(hand: Path) -> None:
    """Let business time be moved while the process runs: by a file that holds days, looked at by ``look``.

    For the demo and development only; the caller makes sure of that.
    """
    _State.hand, _State.seen = hand, (0, 0)
    look()


def look() -> None:
    """Move business time to where the file of ``follow`` says, when it is ahead of where it stands now.

    Costs one question to the file system. A file that is missing, or holds anything but a number, changes nothing.
    """
    if _State.hand is None:
        return
    try:
        found = _State.hand.stat()
        mark = (found.st_mtime_ns, found.st_size)
        if mark == _State.seen:
            return
        days = int(_State.hand.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    _State.seen = mark
    _State.offset = max(_State.offset, timedelta(days=days))


def freeze(moment: datetime) -> None:
    """Stop both clocks at an aware moment. For tests only."""
    if moment.tzinfo is None:
        raise ValueError("a naive moment has no place on the clock")
    _State.frozen = moment.astimezone(UTC)


def unfreeze() -> None:
    """Let both clocks run again."""
    _State.frozen = None
    _State.offset = timedelta(0)
    _State.hand = None


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Stop the clocks inside a ``with`` block and restore what was before."""
    before = _State.frozen
    freeze(moment)
    try:
        yield
    finally:
        _State.frozen = before
