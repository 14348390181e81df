"""Moving a person's state: every step of the table, who may take it, and what leaving ends."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE, SYSTEM, Role
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound, ReauthenticationNeeded
from lms.people import queries
from lms.people.events import PersonMoved
from lms.people.models import Person, RoleGrant
from lms.people.rules import (
    BY_HAND,
    PERSON_TRANSITIONS,
    Employment,
    GrantAction,
    GrantState,
    PersonAction,
    Post,
    StaffState,
)
from lms.people.services import accounts, persons, posts, roles, standing
from tests import trail
from tests.conftest import Site
from tests.people.services.test_persons import DATA
from tests.racing import together
from tests.world import NOW, TODAY


def act(site: Site, actor: str, number: str, action: PersonAction, *, last_day: date | None = None) -> None:
    """Take a step in a transaction of its own."""
    who = site.world.identity(site.db, actor)
    with site.db.writing() as session:
        person = site.world.person(session, number)
        standing.change_state(session, who, person, action, reason=" 合同　到期 ", last_day=last_day, now=NOW)


def state_of(site: Site, number: str) -> StaffState:
    with site.db.reading() as session:
        return site.world.person(session, number).state


def test_a_candidate_becomes_a_trainee_once(site: Site) -> None:
    actor = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        person_id = persons.add_person(session, CONSOLE, site.world.unit(session, "east.1.2"), DATA, now=NOW).id
    before = trail.seq(site.db)
    with site.db.writing() as session:
        person = session.get_one(Person, person_id)
        standing.admit_person(session, actor, person, now=NOW)
        assert person.state is StaffState.TRAINEE
        assert person.version == 2
    with site.db.writing() as session, pytest.raises(Conflict, match="not_from_here"):
        standing.admit_person(session, actor, session.get_one(Person, person_id), now=NOW)
    [entry] = trail.entries(site.db, before)
    assert entry.diff["state"] == ["candidate", "trainee"]


def test_of_two_who_admit_at_the_same_moment_one_wins(site: Site) -> None:
    with site.db.writing() as session:
        person_id = persons.add_person(session, CONSOLE, site.world.unit(session, "east.1.2"), DATA, now=NOW).id
    before = trail.seq(site.db)

    def admit() -> None:
        with site.db.writing() as session:
            standing.admit_person(session, SYSTEM, session.get_one(Person, person_id), now=NOW)

    outcomes = together(admit, admit, admit)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome is not None)
    assert len(trail.entries(site.db, before)) == 1


@pytest.mark.parametrize(("number", "refusal"), [("O9", NotFound), ("L1", Forbidden), ("S1", Forbidden)])
def test_who_admits_nobody(shared_site: Site, number: str, refusal: type[LMSError]) -> None:
    with shared_site.db.writing() as session, pytest.raises(refusal):
        standing.admit_person(
            session,
            shared_site.world.identity(shared_site.db, number),
            shared_site.world.person(session, "N1"),
            now=NOW,
        )


def test_filing_makes_a_trainee_active_with_the_password_once(site: Site) -> None:
    before = trail.seq(site.db)

    def file(number: str, *, fresh: bool = True) -> None:
        with site.db.writing() as session:
            who = site.world.identity(site.db, number, fresh=fresh)
            standing.file_person(session, who, site.world.person(session, "N1"), now=NOW)

    for number, refusal in (("O9", NotFound), ("L1", Forbidden), ("S1", Forbidden)):
        with pytest.raises(refusal):
            file(number)
    with pytest.raises(ReauthenticationNeeded):
        file("O1", fresh=False)
    outcomes = together(lambda: file("O1"), lambda: file("O2"))
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1, outcomes
    [entry] = trail.entries(site.db, before)
    assert entry.diff["state"] == ["trainee", "active"]
    with pytest.raises(Conflict, match="not_from_here"):
        file("O1")


@pytest.mark.parametrize("action", sorted(BY_HAND))
@pytest.mark.parametrize("state", StaffState)
def test_every_step_of_the_table_and_no_other(site: Site, state: StaffState, action: PersonAction) -> None:
    with site.db.writing() as session:
        unit = site.world.unit(session, "east.1.2")
        person = persons.add_person(session, CONSOLE, unit, replace(DATA, joined_on=TODAY), now=NOW, state=state)
        person_id = person.id
    who, before = site.world.identity(site.db, "O1"), trail.seq(site.db)
    after = PERSON_TRANSITIONS.get((state, action))
    with site.db.writing() as session:
        person = session.get_one(Person, person_id)
        if after is None:
            with pytest.raises(Conflict, match="not_from_here"):
                standing.change_state(session, who, person, action, reason="合同到期", now=NOW)
            return
        standing.change_state(session, who, person, action, reason="合同到期", now=NOW)
        assert person.state is after
        assert person.ended_on == (TODAY if after is StaffState.ENDED else None)
    [entry] = trail.entries(site.db, before)
    assert (entry.tag, entry.reason) == ("people:person:state-changed", "合同到期")
    assert entry.diff["state"] == [state.value, after.value]


def test_who_leaves_leaves_posts_roles_and_sign_ins_behind(site: Site) -> None:
    with site.db.writing() as session:
        mentor, unit = site.world.person(session, "M1"), site.world.unit(session, "east.1.2")
        later = TODAY + timedelta(days=30)
        posts.hold_post(session, CONSOLE, mentor, unit, Post.FOLLOW_UP, Employment.PART_TIME, starts_on=later, now=NOW)
        roles.propose_role(session, CONSOLE, mentor, Role.TRAINER, unit, starts_on=TODAY, now=NOW)
        accounts.open_session(session, mentor.id, browser="Firefox")
    last_day, before = TODAY - timedelta(days=3), trail.seq(site.db)
    act(site, "O1", "M1", PersonAction.END, last_day=last_day)
    with site.db.reading() as session:
        mentor_id = site.world.person_ids["M1"]
        assert site.world.person(session, "M1").ended_on == last_day
        assert {held.ends_on for held in queries.all_posts_of(session, mentor_id)} == {last_day}
        assert queries.posts_of(session, mentor_id, TODAY) == []
        assert {(grant.role, grant.state) for grant in queries.grants_of(session, mentor_id)} == {
            (Role.TRAINER, GrantState.REFUSED),
            (Role.MENTOR, GrantState.ENDED),
        }
        long_ago = clock.real_now() - timedelta(days=365)
        assert queries.sessions_of(session, mentor_id, not_seen_since=long_ago) == []
        assert queries.credentials(session, "CG00M1").person_id is None
    entries = trail.entries(site.db, before)
    assert [entry.tag for entry in entries] == [
        "people:person:state-changed",
        "people:post:ended",
        "people:post:ended",
        "people:role:ended",
        "people:role:refused",
    ]
    assert entries[0].reason == "合同 到期"


def test_who_has_left_is_given_nothing_and_can_come_back(site: Site) -> None:
    act(site, "O1", "N1", PersonAction.END)
    who = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        person, unit = site.world.person(session, "N1"), site.world.unit(session, "east.1.2")
        with pytest.raises(Conflict, match="has_left"):
            posts.hold_post(session, who, person, unit, Post.FOLLOW_UP, Employment.PART_TIME, starts_on=TODAY, now=NOW)
        with pytest.raises(Conflict, match="has_left"):
            roles.propose_role(session, who, person, Role.MENTOR, unit, starts_on=TODAY, now=NOW)
        with pytest.raises(Conflict, match="has_left"):
            accounts.open_account(session, who, person, accounts.PreparedCode("x", "y"), now=NOW)
        with pytest.raises(Conflict, match="has_left"):
            accounts.reset_password(session, who, person, accounts.PreparedCode("x", "y"), now=NOW)
    act(site, "O1", "N1", PersonAction.COME_BACK)
    with site.db.reading() as session:
        person = site.world.person(session, "N1")
        assert (person.state, person.ended_on) == (StaffState.CANDIDATE, None)


@pytest.mark.parametrize(
    ("actor", "number", "action", "refusal"),
    [
        ("O9", "N1", PersonAction.END, NotFound),
        ("L1", "N1", PersonAction.SUSPEND, Forbidden),
        ("S1", "N1", PersonAction.END, Forbidden),
        ("N1", "N1", PersonAction.END, Forbidden),
        ("O1", "O1", PersonAction.END, Forbidden),
        # An official gives no official's role, and ends none.
        ("O1", "O2", PersonAction.END, Forbidden),
        ("O1", "S1", PersonAction.END, Forbidden),
        # Admitting and filing have their own ways.
        ("O1", "N1", PersonAction.FILE, Forbidden),
        ("O1", "N1", PersonAction.ADMIT, Forbidden),
    ],
)
def test_who_moves_nobody(
    shared_site: Site, actor: str, number: str, action: PersonAction, refusal: type[LMSError]
) -> None:
    before = state_of(shared_site, number)
    with pytest.raises(refusal):
        act(shared_site, actor, number, action)
    assert state_of(shared_site, number) is before


def test_the_password_must_have_been_given_just_now(shared_site: Site) -> None:
    who = shared_site.world.identity(shared_site.db, "O1", fresh=False)
    with shared_site.db.writing() as session:
        person = shared_site.world.person(session, "N1")
        with pytest.raises(ReauthenticationNeeded):
            standing.change_state(session, who, person, PersonAction.END, reason="合同到期", now=NOW)


@pytest.mark.parametrize(
    ("reason", "last_day", "code", "field"),
    [
        (" 　", TODAY, "people.reason.missing", "reason"),
        ("长" * 201, TODAY, "people.reason.long", "reason"),
        ("合同到期", TODAY + timedelta(days=1), "people.state.last_day_ahead", "last_day"),
        ("合同到期", date(2026, 6, 30), "people.state.last_day_early", "last_day"),
    ],
)
def test_what_is_missing_is_named(shared_site: Site, reason: str, last_day: date, code: str, field: str) -> None:
    who = shared_site.world.identity(shared_site.db, "O1")
    with shared_site.db.writing() as session:
        person = shared_site.world.person(session, "N1")
        with pytest.raises(Invalid) as caught:
            standing.change_state(session, who, person, PersonAction.END, reason=reason, last_day=last_day, now=NOW)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_one_of_two_officials_ends_a_person_while_a_role_is_confirmed(site: Site) -> None:
    who, other = site.world.identity(site.db, "O1"), site.world.identity(site.db, "O2")
    with site.db.writing() as session:
        unit = site.world.unit(session, "east.1")
        grant = roles.propose_role(
            session, who, site.world.person(session, "N2"), Role.MENTOR, unit, starts_on=TODAY, now=NOW
        )
        grant_id = grant.id

    def leave() -> None:
        act(site, "O1", "N2", PersonAction.END)

    def confirm() -> None:
        with site.db.writing() as session:
            found = session.scalars(sa.select(RoleGrant).where(RoleGrant.id == grant_id)).one()
            roles.decide_role(session, other, found, GrantAction.CONFIRM, now=NOW)

    outcomes = together(leave, leave, confirm)
    assert sum(outcome is None for outcome in outcomes[:2]) == 1
    assert all(outcome is None or isinstance(outcome, Conflict) for outcome in outcomes)
    with site.db.reading() as session:
        assert site.world.person(session, "N2").state is StaffState.ENDED
        [grant] = queries.grants_of(session, site.world.person_ids["N2"])
        assert grant.state in {GrantState.ENDED, GrantState.REFUSED}


def test_every_move_is_told_to_who_listens(site: Site) -> None:
    heard: list[PersonMoved] = []
    site.db.listeners = {PersonMoved: (lambda _session, event: heard.append(event),)}
    act(site, "O1", "M1", PersonAction.SUSPEND)
    act(site, "O1", "M1", PersonAction.END)
    person_id, public_id = site.world.person_ids["M1"], site.world.person_public_ids["M1"]
    assert [(each.person_id, each.public_id, each.before, each.after) for each in heard] == [
        (person_id, public_id, StaffState.ACTIVE, StaffState.SUSPENDED),
        (person_id, public_id, StaffState.SUSPENDED, StaffState.ENDED),
    ]
