"""The office that selects."""

import pytest

from tests.conftest import Site
from tests.selection import making
from tests.selection.making import Office


@pytest.fixture
def at(site: Site) -> Office:
    """The eastern sub-district with five officials."""
    return making.office(site.db, site.world)


@pytest.fixture
def ready(at: Office) -> Office:
    """The same, with N1 and N2 through onboarding."""
    making.schooled(at.db, at.world, "N1", "N2")
    return at
