"""The only source of time.

Business time (``now``, ``today``) can be moved forward in development and in the demo, so that notices,
expiry and deadlines can be tried by hand. Sessions, leases, throttles and ``recorded_at`` use
``real_now`` and never move. Production refuses a moved clock (see ``lms.config``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class _State:
    offset: timedelta = timedelta(0)
    frozen: datetime | None = None


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


def freeze(moment: datetime) -> None:
    """Stop both clocks at an aware moment. For tests only."""
    if moment.tzinfo is None:
        raise ValueError("a naive moment has no place on the clock")
    _State.frozen = moment.astimezone(UTC)


def unfreeze() -> None:
    """Let both clocks run again."""
    _State.frozen = None
    _State.offset = timedelta(0)


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Stop the clocks inside a ``with`` block and restore what was before."""
    before = _State.frozen
    freeze(moment)
    try:
        yield
    finally:
        _State.frozen = before
