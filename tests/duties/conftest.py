"""Fixtures of the tests on duty lists."""

import pytest

from tests.conftest import Site
from tests.duties.lists import Lists


@pytest.fixture
def lists(site: Site) -> Lists:
    """The small organisation whose duty lists have been made by the worker's round."""
    made = Lists(site.db, site.world)
    made.sweep()
    return made
