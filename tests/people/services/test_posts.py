"""Posts on grids: taken up, ended, left when a person moves."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound
from lms.people import queries
from lms.people.models import Person, PostHolding
from lms.people.rules import Employment, Post
from lms.people.services import persons, posts
from tests import trail
from tests.conftest import Site
from tests.people.making import follow_up
from tests.racing import together
from tests.world import NOW, TODAY

YESTERDAY = TODAY - timedelta(days=1)


def post_of(site: Site, number: str) -> PostHolding:
    """Return the one post of a person of the world."""
    with site.db.reading() as session:
        [held] = queries.all_posts_of(session, site.world.person_ids[number])
        return held


def test_a_post_is_held_on_a_grid(site: Site) -> None:
    before = trail.seq(site.db)
    with site.db.writing() as session:
        person = site.world.person(session, "N1")
        for place, is_fine in (("east.1.2", True), ("east.1", False), ("east", False)):
            arguments: Any = (
                session,
                CONSOLE,
                person,
                site.world.unit(session, place),
                Post.FOLLOW_UP,
                Employment.PART_TIME,
            )
            if is_fine:
                posts.hold_post(*arguments, starts_on=TODAY, now=NOW)
                continue
            with pytest.raises(Invalid, match=r"people\.post\.not_a_grid"):
                posts.hold_post(*arguments, starts_on=TODAY, now=NOW)
    with site.db.reading() as session:
        assert len(queries.posts_of(session, site.world.person_ids["N1"], TODAY)) == 2
        assert (
            session.scalar(sa.select(sa.func.count()).select_from(PostHolding).where(PostHolding.starts_on == TODAY))
            == 1
        )
    [entry] = trail.entries(site.db, before)
    assert (entry.tag, entry.unit_path) == ("people:post:held", site.world.unit_paths["east.1.2"])


def test_the_same_post_on_the_same_days_is_held_once(site: Site) -> None:
    hold = partial(follow_up, site, "N1", "east.1.2")
    outcomes = together(hold, hold, hold)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome is not None)


def test_a_post_ends_and_can_be_held_again_later(site: Site) -> None:
    before = trail.seq(site.db)
    with site.db.writing() as session:
        holding = session.get_one(PostHolding, post_of(site, "N1").id)
        posts.end_post(session, CONSOLE, holding, TODAY, reason="换岗", now=NOW)
        posts.end_post(session, CONSOLE, holding, TODAY, reason="换岗", now=NOW)  # a second click
        assert holding.ends_on == TODAY
        person, unit = site.world.person(session, "N1"), site.world.unit(session, "east.1.1")
        again: Any = (session, CONSOLE, person, unit, Post.INSPECTION, Employment.FULL_TIME)
        with pytest.raises(Conflict, match="already"):
            posts.hold_post(*again, starts_on=TODAY, now=NOW)
        with pytest.raises(Invalid, match="dates"):
            posts.hold_post(*again, starts_on=TODAY, ends_on=YESTERDAY, now=NOW)
        posts.hold_post(*again, starts_on=TODAY + timedelta(days=1), now=NOW)
    ended, held = trail.entries(site.db, before)
    assert (ended.tag, ended.reason) == ("people:post:ended", "换岗")
    assert ended.diff == {"post": "inspection", "ends_on": [None, TODAY.isoformat()]}
    assert held.tag == "people:post:held"


@pytest.mark.parametrize(
    ("ends_on", "last_day", "refusal", "code"),
    [
        (None, date(2026, 6, 30), Invalid, "people.post.dates"),
        (TODAY, TODAY + timedelta(days=1), Invalid, "people.post.not_longer"),
        (YESTERDAY, TODAY, Conflict, "people.post.over"),
    ],
)
def test_last_days_that_are_refused(
    site: Site, ends_on: date | None, last_day: date, refusal: type[LMSError], code: str
) -> None:
    holding_id = post_of(site, "N1").id
    with site.db.writing() as session:
        if ends_on is not None:
            posts.end_post(session, CONSOLE, session.get_one(PostHolding, holding_id), ends_on, now=NOW)
    with site.db.writing() as session, pytest.raises(refusal) as caught:
        posts.end_post(session, CONSOLE, session.get_one(PostHolding, holding_id), last_day, now=NOW)
    assert caught.value.code == code


@pytest.mark.parametrize(("number", "refusal"), [("O9", NotFound), ("L1", Forbidden), ("S1", Forbidden)])
def test_who_ends_no_post(shared_site: Site, number: str, refusal: type[LMSError]) -> None:
    who = shared_site.world.identity(shared_site.db, number)
    with shared_site.db.writing() as session, pytest.raises(refusal):
        posts.end_post(session, who, session.get_one(PostHolding, post_of(shared_site, "N1").id), TODAY, now=NOW)


@pytest.mark.parametrize(("keeps_posts", "ends_on"), [(False, YESTERDAY), (True, None)])
def test_who_moves_leaves_the_posts_of_the_old_grid(site: Site, keeps_posts: bool, ends_on: date | None) -> None:
    who = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        person = session.get_one(Person, site.world.person_ids["N1"])
        data = persons.PersonData(**{name: getattr(person, name) for name in persons.PersonData.__dataclass_fields__})
        unit = site.world.unit(session, "east.1.2")
        assert persons.correct_person(session, who, person, unit, data, now=NOW, keeps_posts=keeps_posts)
    assert post_of(site, "N1").ends_on == ends_on
    with site.db.reading() as session:
        held = queries.posts_of(session, site.world.person_ids["N1"], TODAY)
        assert len(held) == (1 if keeps_posts else 0)


def auxiliary(site: Site, number: str, place: str) -> None:
    """Make a person the resident auxiliary officer of a village's grid."""
    with site.db.writing() as session:
        posts.hold_post(
            session,
            CONSOLE,
            site.world.person(session, number),
            site.world.unit(session, place),
            Post.FOLLOW_UP,
            Employment.VILLAGE_AUXILIARY,
            starts_on=TODAY,
            now=NOW,
        )


def test_a_village_has_one_auxiliary_and_an_auxiliary_one_village(site: Site) -> None:
    outcomes = together(
        lambda: auxiliary(site, "N1", "east.1.1"),
        lambda: auxiliary(site, "N2", "east.1.2"),
    )
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    winner = ("N1", "N2")[[outcome is None for outcome in outcomes].index(True)]
    with pytest.raises(Conflict, match="auxiliary_elsewhere"):
        auxiliary(site, winner, "east.2.1")
    with pytest.raises(Conflict, match="auxiliary_taken"):
        auxiliary(site, "M1", "east.1.1")
    auxiliary(site, "M1", "east.2.1")


def test_it_is_written_whether_a_leader_sits_on_the_committee(site: Site) -> None:
    holding_id = post_of(site, "L1").id
    before = trail.seq(site.db)

    def say(*, is_committee: bool, exception: str = "") -> bool:
        with site.db.writing() as session:
            who = site.world.identity(site.db, "O1")
            holding = session.get_one(PostHolding, holding_id)
            return posts.say_leader(session, who, holding, is_committee=is_committee, exception=exception, now=NOW)

    with pytest.raises(Invalid, match="exception_missing"):
        say(is_committee=False, exception=" ")
    assert say(is_committee=False, exception="街道同意")
    assert not say(is_committee=False, exception="街道同意")
    assert say(is_committee=True)
    held = post_of(site, "L1")
    assert (held.is_committee, held.exception) == (True, "")
    assert [entry.tag for entry in trail.entries(site.db, before)] == ["people:post:changed"] * 2
    with site.db.writing() as session:
        holding = session.get_one(PostHolding, post_of(site, "N1").id)
        with pytest.raises(Conflict, match="no_leader"):
            posts.say_leader(session, CONSOLE, holding, is_committee=True, exception="", now=NOW)
