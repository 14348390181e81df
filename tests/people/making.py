"""Posts for tests."""

from lms.access.identity import CONSOLE
from lms.people.rules import Employment, Post
from lms.people.services import posts
from tests.conftest import Site
from tests.world import NOW, TODAY


def follow_up(site: Site, number: str, place: str) -> None:
    """Have a person follow up part-time on a grid from today. Raises Conflict when they do so already."""
    with site.db.writing() as session:
        posts.hold_post(
            session,
            CONSOLE,
            site.world.person(session, number),
            site.world.unit(session, place),
            Post.FOLLOW_UP,
            Employment.PART_TIME,
            starts_on=TODAY,
            now=NOW,
        )
