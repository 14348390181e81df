"""A newcomer who has finished the lessons of C04."""

from dataclasses import dataclass

import pytest

from lms.access.identity import Identity
from lms.core.db import Database
from tests.conftest import Site
from tests.quizzes.papers import learn
from tests.world import World


@dataclass(frozen=True)
class Sitter:
    """A database and a person in it who may begin the quiz of C04."""

    db: Database
    world: World
    me: Identity


@pytest.fixture
def sitter(site: Site) -> Sitter:
    me = site.world.identity(site.db, "N1")
    learn(site.db, me)
    return Sitter(site.db, site.world, me)
