"""Short ways to act on the small organisation as mentor, newcomer and official."""

import pytest

from tests.conftest import Site
from tests.mentoring.making import Mentoring, add_mentor, make_eligible, widen_mentor


@pytest.fixture
def acts(site: Site) -> Mentoring:
    """Acts of mentoring; M1 may be a mentor of everybody in the eastern sub-district."""
    make_eligible(site.db, site.world, "M1")
    widen_mentor(site.db, site.world)
    return Mentoring(site.db, site.world)


@pytest.fixture
def second(acts: Mentoring) -> str:
    """A second mentor, by short name."""
    add_mentor(acts.db, acts.world, "M2")
    return "M2"
