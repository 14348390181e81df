"""The real browser for all journeys."""

from collections.abc import Iterator

import pytest

from lms.core import clock
from tests.browser import driver, open_browser, page, served

__all__ = ["driver", "open_browser", "page", "served"]


@pytest.fixture(autouse=True)
def frozen_clock() -> Iterator[None]:
    """Here the clock runs: the product is another process, and both must agree on when a slip runs out."""
    clock.unfreeze()
    yield
    clock.unfreeze()
