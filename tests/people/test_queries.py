"""Reading units, persons and accounts: what is within reach, and nothing else."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from lms.access.decide import can, may_use
from lms.access.identity import CONSOLE, Channel, Role, Scope
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Forbidden, NotFound
from lms.people import queries
from lms.people.models import Account, Person, RoleGrant
from lms.people.rules import PRIVACY_NOTICE, GrantState, Post, StaffState, UnitKind, name_key
from lms.people.services import accounts, persons, roles
from tests.conftest import CountQueries, Site
from tests.world import NOW, PASSWORDS, TODAY

ACTORS = ["N1", "M1", "L1", "O1", "T1", "S1", "A1", "O9", "N9"]
PERSON_PERMISSIONS = [
    Permission.PERSON_LIST,
    Permission.PERSON_SEE,
    Permission.PERSON_EDIT,
    Permission.PERSON_ADMIT,
    Permission.PASSWORD_RESET,
    Permission.SLIP_PRINT,
    Permission.PERSON_UNMASK,
]


def scopes(site: Site) -> dict[int, Scope]:
    """Return where every person of the world lies."""
    with site.db.reading() as session:
        return {
            person.id: Scope(owner_id=person.id, unit_path=person.unit.path, assigned_id=person.id)
            for person in session.scalars(sa.select(Person))
        }


# --- reach -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ACTORS)
def test_a_list_holds_exactly_the_persons_one_may_open(shared_site: Site, actor: str) -> None:
    """By set equality, for every permission (reliability I8): a list is not wider than the page, nor narrower."""
    identity, everyone = shared_site.world.identity(shared_site.db, actor), scopes(shared_site)
    with shared_site.db.reading() as session:
        for permission in PERSON_PERMISSIONS:
            if not may_use(identity, permission):
                with pytest.raises(Forbidden):
                    queries.reachable_persons(identity, permission)
                continue
            statement = sa.select(Person.id).join(Person.unit).where(queries.reachable_persons(identity, permission))
            listed = set(session.scalars(statement))
            assert listed == {each for each, scope in everyone.items() if can(identity, permission, scope)}, permission
            for number, person_id in shared_site.world.person_ids.items():
                public_id = shared_site.world.person_public_ids[number]
                if person_id in listed:
                    assert queries.person_by_public_id(session, identity, permission, public_id).id == person_id
                    continue
                with pytest.raises(NotFound):
                    queries.person_by_public_id(session, identity, permission, public_id)


def test_who_does_not_exist_and_who_is_out_of_reach_look_alike(site: Site) -> None:
    official = site.world.identity(site.db, "O1")
    refusals = []
    for public_id in (site.world.person_public_ids["N9"], "nowhere", ""):
        with site.db.reading() as session, pytest.raises(NotFound) as caught:
            queries.person_by_public_id(session, official, Permission.PERSON_SEE, public_id)
        refusals.append(str(caught.value))
    assert len(set(refusals)) == 1


@pytest.mark.parametrize("actor", ["L1", "O1", "S1", "O9"])
def test_units_within_reach(shared_site: Site, actor: str) -> None:
    identity = shared_site.world.identity(shared_site.db, actor)
    with shared_site.db.reading() as session:
        within = queries.units_within(session, identity, Permission.UNIT_SEE)
        expected = {
            path
            for path in shared_site.world.unit_paths.values()
            if can(identity, Permission.UNIT_SEE, Scope(unit_path=path))
        }
        assert {unit.path for unit in within} == expected
        assert [unit.path for unit in within] == sorted(expected)
        for place, public_id in shared_site.world.unit_public_ids.items():
            if shared_site.world.unit_paths[place] in expected:
                assert (
                    queries.unit_by_public_id(session, identity, Permission.UNIT_SEE, public_id).public_id == public_id
                )
                continue
            with pytest.raises(NotFound):
                queries.unit_by_public_id(session, identity, Permission.UNIT_SEE, public_id)


@pytest.mark.parametrize("actor", ["L1", "O1", "O9", "S1"])
def test_grids_stand_as_they_do_one_by_one(shared_site: Site, actor: str, count_queries: CountQueries) -> None:
    identity = shared_site.world.identity(shared_site.db, actor)
    with shared_site.db.reading() as session:
        units = queries.units_within(session, identity, Permission.UNIT_SEE)
        grids = [each for each in units if each.kind is UnitKind.GRID]
        standing = queries.compositions(session, [each.id for each in grids], TODAY)
        with count_queries(shared_site.db) as statements:
            found = queries.grids_within(session, identity, Permission.UNIT_SEE, TODAY)
    assert len(statements) == 1
    assert [(grid.id, composition) for grid, composition in found] == [(each.id, standing[each.id]) for each in grids]


def test_a_person_comes_with_the_posts_of_the_day(shared_site: Site, count_queries: CountQueries) -> None:
    ids = shared_site.world.person_ids
    with shared_site.db.reading() as session, count_queries(shared_site.db) as statements:
        person, posts = queries.person_and_posts(session, ids["N1"], TODAY)
        assert (person.id, person.unit.name) == (ids["N1"], posts[0].unit.name)
        assert [each.post for each in posts] == [Post.INSPECTION]
        assert len(statements) == 1
        assert queries.person_and_posts(session, ids["N1"], date(2026, 6, 30))[1] == []
        assert queries.person_and_posts(session, ids["O1"], TODAY)[1] == []
        with pytest.raises(NotFound):
            queries.person_and_posts(session, 0, TODAY)


def test_a_closed_unit_is_not_offered(site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE org_unit SET closed_on = '2026-11-01' WHERE id = {site.world.unit_ids['east.2.2']}"
        )
    with site.db.reading() as session:
        paths = {unit.path for unit in queries.units_within(session, CONSOLE, Permission.UNIT_EDIT)}
    assert paths == set(site.world.unit_paths.values()) - {site.world.unit_paths["east.2.2"]}


# --- searching ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["O1", "L1", "N1", "A1", "M1", "N2", "T1", "S1", "O2"]),
        ("其其格", ["N2"]),
        ("乌云.", ["N2"]),
        ("乌云・其", ["N2"]),
        ("秀 兰", ["N1"]),
        ("cg00n", ["N1", "N2"]),
        ("ｃｇ００ｎ１", ["N1"]),
        ("唐㛃", []),  # out of reach
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
    ],
)
def test_searching_by_name_and_number(shared_site: Site, text: str, found: list[str]) -> None:
    identity = shared_site.world.identity(shared_site.db, "O1")
    with shared_site.db.reading() as session:
        persons_found = session.scalars(queries.search_persons(identity, text=text)).all()
    assert sorted(person.staff_number for person in persons_found) == sorted(f"CG00{number}" for number in found)
    assert [person.name_sort for person in persons_found] == sorted(person.name_sort for person in persons_found)


def test_searching_by_unit_and_state(site: Site) -> None:
    identity = site.world.identity(site.db, "O1")
    with site.db.reading() as session:
        grid = site.world.unit(session, "east.1.1")
        trainees = queries.search_persons(identity, unit=grid, state=StaffState.TRAINEE)
        assert [person.staff_number for person in session.scalars(trainees)] == ["CG00N1"]
        elsewhere = queries.search_persons(identity, unit=site.world.unit(session, "west"))
        assert session.scalars(elsewhere).all() == []


def test_namesakes_stand_in_a_fixed_order_on_both_databases(site: Site) -> None:
    with site.db.writing() as session:
        for number in ("CG0502", "CG0501"):
            data = persons.PersonData(staff_number=number, name="李秀兰", joined_on=TODAY)
            persons.add_person(session, CONSOLE, site.world.unit(session, "east.1.1"), data, now=NOW)
    with site.db.reading() as session:
        found = session.scalars(queries.search_persons(site.world.identity(site.db, "O1"), text="李秀兰"))
        assert [person.staff_number for person in found] == ["CG00N1", "CG0501", "CG0502"]


def test_a_page_of_persons_brings_their_units_along(site: Site, count_queries: CountQueries) -> None:
    identity = site.world.identity(site.db, "O1")
    with site.db.reading() as session, count_queries(site.db) as statements:
        for person in session.scalars(queries.search_persons(identity)):
            assert person.unit.name
            assert person.unit.parent is None or person.unit.parent.name
    assert len(statements) == 1


# --- signing in --------------------------------------------------------------------------------------------


def open_session(site: Site, number: str) -> str:
    with site.db.writing() as session:
        return accounts.open_session(session, site.world.person_ids[number], browser="Firefox")


def found(site: Site, token: str, *, day: date = TODAY, idle: int = 30, hours: int = 12) -> queries.SignedIn | None:
    moment = clock.real_now()
    with site.db.reading() as session:
        return queries.signed_in(
            session,
            accounts.token_hash(token),
            day=day,
            not_seen_since=moment - timedelta(minutes=idle),
            created_after=moment - timedelta(hours=hours),
        )


def test_all_a_request_needs_comes_with_two_questions(site: Site, count_queries: CountQueries) -> None:
    token = open_session(site, "O1")
    with count_queries(site.db) as statements:
        signed_in = found(site, token)
    assert len(statements) == 2
    assert signed_in is not None
    assert signed_in.name == "陈志强"
    assert [(held.role, held.unit_path) for held in signed_in.identity.roles] == [
        (Role.OFFICIAL, site.world.unit_paths["east"])
    ]
    assert signed_in.identity.reauthenticated_at == NOW
    assert (signed_in.language, signed_in.text_size) == ("", "")
    assert not signed_in.must_change_password
    assert signed_in.privacy_notice == PRIVACY_NOTICE


def test_an_unknown_token_opens_nothing(site: Site) -> None:
    open_session(site, "O1")
    assert found(site, "made up") is None


@pytest.mark.parametrize(
    ("minutes", "is_live"), [(30, True), (30.01, False), (0, True)], ids=["last minute", "too late", "at once"]
)
def test_an_idle_session_runs_out(site: Site, minutes: float, is_live: bool) -> None:
    token = open_session(site, "N1")
    clock.freeze(NOW + timedelta(minutes=minutes))
    assert (found(site, token) is not None) is is_live
    assert found(site, token, idle=60) is not None
    assert found(site, token, idle=60, hours=0) is None or minutes == 0


def test_a_role_counts_from_its_first_to_its_last_day(site: Site) -> None:
    token = open_session(site, "N1")
    with site.db.writing() as session:
        grant = roles.grant_from_console(
            session, CONSOLE, site.world.person(session, "N1"), Role.MENTOR, site.world.unit(session, "east"), now=NOW
        )
        grant_id = grant.id
    with site.db.engine.begin() as connection:
        connection.execute(
            sa.update(RoleGrant).where(RoleGrant.id == grant_id).values(ends_on=TODAY + timedelta(days=2))
        )
    counted = []
    for days in range(-1, 4):
        day = TODAY + timedelta(days=days)
        signed_in = found(site, token, day=day)
        assert signed_in is not None
        with site.db.reading() as session:
            held = queries.roles_of(session, site.world.person_ids["N1"], day)
        assert {each.role for each in signed_in.identity.roles} == held
        counted.append(Role.MENTOR in held)
    assert counted == [False, True, True, True, False]


def test_a_role_that_nobody_confirmed_counts_for_nothing(site: Site) -> None:
    with site.db.writing() as session:
        roles.propose_role(
            session,
            CONSOLE,
            site.world.person(session, "N1"),
            Role.SYSTEM_ADMIN,
            site.world.unit(session, "east"),
            starts_on=TODAY,
            now=NOW,
        )
    signed_in = found(site, open_session(site, "N1"))
    assert signed_in is not None
    assert signed_in.identity.roles == ()


def test_a_person_without_account_has_no_credentials(site: Site) -> None:
    with site.db.writing() as session:
        data = persons.PersonData(staff_number="CG0500", name="王芳", joined_on=TODAY)
        persons.add_person(session, CONSOLE, site.world.unit(session, "east.1.1"), data, now=NOW)
    with site.db.reading() as session:
        for number in ("CG0500", "NOBODY", ""):
            assert queries.credentials(session, number) == queries.Credentials(None, None, None)
        kept = queries.credentials(session, "CG00N1")
        assert kept.person_id == site.world.person_ids["N1"]


def test_own_sessions_stand_latest_first(site: Site) -> None:
    open_session(site, "N1")
    clock.freeze(NOW + timedelta(minutes=10))
    open_session(site, "N1")
    open_session(site, "N2")
    with site.db.reading() as session:
        person_id = site.world.person_ids["N1"]
        seen = [each.last_seen_at for each in queries.sessions_of(session, person_id, not_seen_since=NOW)]
        assert seen == [NOW + timedelta(minutes=10), NOW]
        later = queries.sessions_of(session, person_id, not_seen_since=NOW + timedelta(minutes=5))
        assert len(later) == 1


# --- looking up --------------------------------------------------------------------------------------------


def test_people_are_found_by_id_and_by_number(shared_site: Site) -> None:
    with shared_site.db.reading() as session:
        person = queries.person_with_id(session, shared_site.world.person_ids["N1"])
        assert person.unit.parent is not None
        assert queries.person_with_staff_number(session, " cg-00n1 ").id == person.id
        lost: list[Callable[[], Any]] = [
            lambda: queries.person_with_id(session, 0),
            lambda: queries.person_with_id(session, None),
            lambda: queries.person_with_staff_number(session, "NOBODY"),
            lambda: queries.unit_named(session, "没有的"),
        ]
        for look in lost:
            with pytest.raises(NotFound):
                look()
        assert queries.unit_named(session, " 东街道 ").path == shared_site.world.unit_paths["east"]


def test_a_name_that_two_units_bear_names_none(site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE org_unit SET name = '同名' WHERE id IN "
            f"({site.world.unit_ids['east.1']}, {site.world.unit_ids['west.1']})"
        )
    with site.db.reading() as session, pytest.raises(NotFound):
        queries.unit_named(session, "同名")


def test_posts_and_grants_of_a_person(shared_site: Site) -> None:
    with shared_site.db.reading() as session:
        person_id = shared_site.world.person_ids["L1"]
        [post] = queries.posts_of(session, person_id, TODAY)
        assert post.unit.path == shared_site.world.unit_paths["east.1.1"]
        assert queries.posts_of(session, person_id, date(2026, 6, 30)) == []
        assert len(queries.posts_of(session, person_id, date(2026, 7, 1))) == 1
        [grant] = queries.grants_of(session, person_id)
        assert (grant.role, grant.state) == (Role.GRID_LEADER, GrantState.IN_FORCE)


def test_is_it_empty_is_it_the_demo(site: Site, empty_site: Site) -> None:
    with empty_site.db.reading() as session:
        assert queries.is_empty(session)
        assert queries.office_name(session) is None
        assert not queries.real_people_exist(session)
    with site.db.reading() as session:
        assert not queries.is_empty(session)
        office = queries.office_name(session)
        assert office is not None
        assert office.name == "东街道"
        assert queries.real_people_exist(session)
        assert not queries.demo_people_exist(session)


# --- who acts in a job -------------------------------------------------------------------------------------


def test_a_job_acts_with_the_rights_its_owner_has_today(site: Site) -> None:
    with site.db.reading() as session:
        person_id = site.world.person_ids["O1"]
        acting = queries.identity_for_job(session, person_id, TODAY)
        assert acting.channel is Channel.JOB
        assert acting.roles == site.world.identity(site.db, "O1").roles
        assert acting.reauthenticated_at is None
        assert queries.identity_for_job(session, person_id, TODAY - timedelta(days=1)).roles == ()
        assert queries.identity_for_job(session, None, TODAY) is CONSOLE
        with pytest.raises(NotFound):
            queries.identity_for_job(session, 0, TODAY)


# --- what waits --------------------------------------------------------------------------------------------


def test_who_waits_for_a_slip(site: Site) -> None:
    official = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        ids = {}
        for number, place in (("CG0501", "east.1.1"), ("CG0502", "east.1.2"), ("CG0503", "west.1.1")):
            data = persons.PersonData(staff_number=number, name="王芳", joined_on=TODAY)
            ids[number] = persons.add_person(session, CONSOLE, site.world.unit(session, place), data, now=NOW).id
        person = session.get_one(Person, ids["CG0502"])
        accounts.open_account(session, CONSOLE, person, accounts.PreparedCode("x", PASSWORDS.hash("x")), now=NOW)
    with site.db.reading() as session:
        waiting = queries.persons_without_password(session, official, None, 10)
        assert [each.staff_number for each in waiting] == ["CG0501", "CG0502"]
        grid = site.world.unit(session, "east.1.2")
        assert [each.staff_number for each in queries.persons_without_password(session, official, grid, 10)] == [
            "CG0502"
        ]
        assert len(queries.persons_without_password(session, official, None, 1)) == 1
        assert session.scalar(queries.without_account(official)) == 1
        assert session.scalar(queries.candidates(official)) == 2
        assert queries.persons_with_account(session, [*ids.values(), site.world.person_ids["N1"]]) == {
            site.world.person_ids["N1"]
        }
        own, code = (
            queries.account_state(session, site.world.person_ids["N1"]),
            queries.account_state(session, ids["CG0502"]),
        )
        assert own == queries.AccountState(is_own=True, code_until=None)
        assert code is not None
        assert not code.is_own
        assert queries.account_state(session, ids["CG0501"]) is None


def test_how_many_people_work_where(site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(Person).where(Person.staff_number == "CG00M1").values(state=StaffState.ENDED))
    with site.db.reading() as session:
        counts = queries.persons_by_unit(session, site.world.identity(site.db, "O1"))
    units = site.world.unit_ids
    assert counts == {units["east"]: 5, units["east.1.1"]: 2, units["east.1.2"]: 1}


def test_roles_within_reach(site: Site) -> None:
    with site.db.writing() as session:
        for number, place in (("N1", "east.1.1"), ("N9", "west.1.1")):
            roles.propose_role(
                session,
                CONSOLE,
                site.world.person(session, number),
                Role.MENTOR,
                site.world.unit(session, place),
                starts_on=TODAY,
                now=NOW,
            )
    official = site.world.identity(site.db, "O1")
    with site.db.reading() as session:
        [waiting] = queries.proposed_roles(session, official)
        assert waiting.person.staff_number == "CG00N1"
        in_force = queries.roles_in_force(session, official, TODAY)
        assert {each.person.staff_number for each in in_force} == {
            f"CG00{each}" for each in ("M1", "L1", "O1", "O2", "T1", "S1", "A1")
        }
        assert queries.role_by_public_id(session, official, waiting.public_id).id == waiting.id
        [other] = [each for each in queries.proposed_roles(session, CONSOLE) if each.person.staff_number == "CG00N9"]
        with pytest.raises(NotFound):
            queries.role_by_public_id(session, official, other.public_id)


def test_stored_keys_are_those_that_are_searched(site: Site) -> None:
    with site.db.reading() as session:
        for person in session.scalars(sa.select(Person)):
            assert person.name_key == name_key(person.name)
        assert session.scalar(sa.select(sa.func.count()).select_from(Account)) == len(site.world.person_ids)
