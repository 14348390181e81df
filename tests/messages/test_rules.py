"""When a reminder may come."""

from datetime import datetime

import pytest

from lms.core.clock import SHANGHAI
from lms.messages.rules import may_remind


@pytest.mark.parametrize(("hour", "minute", "may"), [(0, 0, False), (7, 59, False), (8, 0, True), (23, 59, True)])
def test_nobody_is_reminded_before_eight(hour: int, minute: int, *, may: bool) -> None:
    assert may_remind(datetime(2026, 12, 31, hour, minute, tzinfo=SHANGHAI)) is may
