"""What the tables themselves refuse, on both databases, whatever the code above them does."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError

from lms.access.identity import Role
from lms.people.models import Account, OrgUnit, Person, Preference, RoleGrant, SignInSession
from lms.people.rules import GrantState, StaffState
from tests.conftest import Site
from tests.world import NOW, TODAY


def grant(site: Site, state: GrantState, **changes: Any) -> dict[str, Any]:
    """Return the values of a role grant."""
    values: dict[str, Any] = {
        "public_id": f"g{state.value}{len(changes)}",
        "person_id": site.world.person_ids["N1"],
        "role": Role.MENTOR,
        "unit_id": site.world.unit_ids["east.1.1"],
        "state": state,
        "starts_on": TODAY,
        "basis": "",
        "proposed_at": NOW,
    }
    return {**values, **changes}


@pytest.mark.parametrize("first", [GrantState.PROPOSED, GrantState.IN_FORCE])
def test_a_role_is_live_once_for_a_person_and_a_unit(site: Site, first: GrantState) -> None:
    with site.db.engine.begin() as connection:
        connection.execute(sa.insert(RoleGrant).values(grant(site, first)))
    for second, is_refused in (
        (GrantState.PROPOSED, True),
        (GrantState.IN_FORCE, True),
        (GrantState.REFUSED, False),
        (GrantState.ENDED, False),
    ):
        values = grant(site, second, public_id=f"second{second.value}"[:22])
        if is_refused:
            with site.db.engine.begin() as connection, pytest.raises(IntegrityError):
                connection.execute(sa.insert(RoleGrant).values(values))
            continue
        with site.db.engine.begin() as connection:
            connection.execute(sa.insert(RoleGrant).values(values))


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE person SET state = 'hero'", "a state that does not exist"),
        ("UPDATE person SET sex = 'x'", "a sex that does not exist"),
        ("UPDATE org_unit SET kind = 'empire'", "a kind that does not exist"),
        ("UPDATE role_grant SET state = 'perhaps'", "a state that does not exist"),
        ("UPDATE person SET staff_number = 'CG00N1'", "one number twice"),
        ("UPDATE org_unit SET path = '/1/'", "one path twice"),
        ("UPDATE account SET person_id = (SELECT min(person_id) FROM account)", "two accounts of a person"),
        ("UPDATE person SET unit_id = 999999", "a unit that does not exist"),
        ("UPDATE person SET name = NULL", "no name"),
        ("DELETE FROM person", "a person with an account, roles and posts"),
        ("DELETE FROM org_unit", "a unit with people in it"),
    ],
)
def test_the_database_refuses(shared_site: Site, statement: str, what: str) -> None:
    with shared_site.db.engine.begin() as connection, pytest.raises(IntegrityError):
        connection.exec_driver_sql(statement)


def test_a_value_outside_an_enum_never_reaches_the_database(site: Site) -> None:
    with site.db.engine.begin() as connection, pytest.raises(StatementError):
        connection.execute(sa.update(Person).values(state="hero"))


def test_of_two_who_correct_a_person_the_second_is_told(site: Site) -> None:
    """Lost updates (reliability I7): the row knows how often it was changed."""
    person_id = site.world.person_ids["N1"]
    first, second = site.db.new_writer(), site.db.new_reader()
    stale = second.get_one(Person, person_id)
    second.expunge(stale)
    second.close()
    with first, first.begin():
        first.info.clear()
    with site.db.engine.begin() as connection:
        connection.execute(
            sa.update(Person).where(Person.id == person_id).values(education="高中", version=Person.version + 1)
        )
    writer = site.db.new_writer()
    with writer:
        writer.add(stale)
        stale.education = "大专"
        with pytest.raises(StaleDataError):
            writer.flush()
        writer.rollback()


def test_moments_keep_their_zone(site: Site) -> None:
    elsewhere = datetime(2026, 11, 24, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with site.db.writing() as session:
        row = SignInSession(
            public_id="s",
            person_id=site.world.person_ids["N1"],
            token_hash="t",
            created_at=elsewhere,
            last_seen_at=elsewhere,
        )
        session.add(row)
    with site.db.reading() as session:
        kept = session.scalars(sa.select(SignInSession)).one()
        assert kept.created_at == elsewhere
        assert kept.created_at.utcoffset() == timedelta(0)
        assert kept.reauthenticated_at is None


def test_a_naive_moment_is_refused(site: Site) -> None:
    with site.db.engine.begin() as connection, pytest.raises(StatementError, match="naive"):
        connection.execute(sa.update(Account).values(temporary_until=datetime(2026, 11, 24)))


def test_what_is_left_out_has_its_default(site: Site) -> None:
    with site.db.writing() as session:
        session.add(Preference(person_id=site.world.person_ids["N1"]))
    with site.db.reading() as session:
        kept = session.get_one(Preference, site.world.person_ids["N1"])
        assert (kept.language, kept.text_size) == ("", "")


def test_relations_lead_where_they_say(site: Site) -> None:
    with site.db.reading() as session:
        person = site.world.person(session, "L1")
        assert person.unit.parent is not None
        assert person.unit.parent.path == site.world.unit_paths["east.1"]
        held = session.scalars(sa.select(RoleGrant).where(RoleGrant.person_id == person.id)).one()
        assert held.person is person
        assert held.unit is person.unit
        account = session.scalars(sa.select(Account).where(Account.person_id == person.id)).one()
        assert account.person is person
        assert session.scalar(sa.select(OrgUnit.opened_on).where(OrgUnit.id == person.unit_id)) == date(2026, 1, 1)
        assert person.state is StaffState.ACTIVE
