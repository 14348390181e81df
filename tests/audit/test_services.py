"""The trail on real databases: it cannot be changed, it does not fork, and nothing audited changes without it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, Channel, Identity, Role
from lms.audit import queries, services
from lms.audit.models import AccessLog, AuditEntry
from lms.audit.rules import AuditTag, Break, entry_hash
from lms.audit.services import AUDIT_KEY, UnauditedChange, record, verify
from lms.core import clock
from lms.core.clock import SHANGHAI
from lms.core.db import Database
from lms.core.ids import new_public_id
from lms.people.models import OrgUnit, Person
from lms.people.rules import StaffState
from tests.conftest import Site
from tests.racing import all_fine, together
from tests.world import HAN_NAMES, NOW, World

BY_HAND = Identity(person_id=3, public_id="official", channel=Channel.WEB, request_id="request-1")


def last(db: Database) -> AuditEntry:
    with db.reading() as session:
        return session.scalars(sa.select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).one()


def note(session: Session, tag: AuditTag = AuditTag.AUDIT_VERIFIED, *, now: datetime = NOW, name: str = "x") -> int:
    """Add an entry that changes nothing else."""
    return record(session, BY_HAND, Role.AUDIT_ADMIN, tag, ("chain", name), now=now)


def verified(db: Database) -> tuple[int, list[Break]]:
    with db.reading() as session:
        return verify(session)


# --- recording ----------------------------------------------------------------------------------------------------


def test_an_entry_holds_who_as_what_where_when_and_both_times(empty_site: Site) -> None:
    clock.pretend(timedelta(days=3))
    with empty_site.db.writing() as session:
        seq = record(
            session,
            BY_HAND,
            Role.OFFICIAL,
            AuditTag.PERSON_STATE_CHANGED,
            ("person", "somebody"),
            now=clock.now(),
            unit_path="/1/5/",
            reason="材料齐全",
            diff={"state": [StaffState.CANDIDATE, StaffState.TRAINEE]},
        )
    entry = last(empty_site.db)
    assert seq == entry.seq == 1
    assert (entry.actor, entry.role, entry.channel, entry.request_id) == ("official", "official", "web", "request-1")
    assert (entry.tag, entry.object_type, entry.object_id) == ("people:person:state-changed", "person", "somebody")
    assert (entry.unit_path, entry.reason) == ("/1/5/", "材料齐全")
    assert entry.diff == {"state": ["candidate", "trainee"]}
    assert entry.business_at == NOW + timedelta(days=3)
    assert entry.recorded_at == NOW  # the real clock, whatever the demo pretends


def test_the_whole_organisation_of_the_fixture_verifies(site: Site) -> None:
    count, breaks = verified(site.db)
    assert breaks == []
    assert count > 60


def test_a_moment_in_shanghai_time_verifies(empty_site: Site) -> None:
    """What is hashed must be what is read back (the demo plays its history in local time)."""
    with empty_site.db.writing() as session:
        note(session, now=datetime(2026, 6, 27, 9, 30, tzinfo=SHANGHAI))
    assert verified(empty_site.db) == (1, [])


def test_an_entry_is_part_of_the_transaction_of_the_act(empty_site: Site) -> None:
    db = empty_site.db
    with db.new_writer() as session:
        note(session)
        session.rollback()
    assert verified(db) == (0, [])
    with db.writing() as session:
        note(session)
        note(session)
    assert verified(db) == (2, [])


def test_an_entry_that_cannot_be_written_takes_the_act_with_it(site: Site) -> None:
    def act() -> None:
        with site.db.writing() as session:
            person = site.world.person(session, "N1")
            person.education = "本科"
            record(
                session,
                CONSOLE,
                Role.CONSOLE,
                AuditTag.PERSON_CHANGED,
                person,
                now=NOW,
                diff={"odd": object()},
            )

    with pytest.raises((TypeError, sa.exc.StatementError)):
        act()
    with site.db.reading() as session:
        assert site.world.person(session, "N1").education == ""


def test_eight_writers_at_once_make_one_chain_without_gap_or_fork(empty_site: Site) -> None:
    db = empty_site.db

    def write() -> None:
        for number in range(6):
            with db.writing() as session:
                note(session, name=str(number))

    all_fine(together(*[write] * 8))
    assert verified(db) == (48, [])
    with db.reading() as session:
        links = list(queries.chain(session))
    assert [entry.seq for entry, _ in links] == list(range(1, 49))
    assert len({entry.prev_hash for entry, _ in links}) == 48


# --- personal data -------------------------------------------------------------------------------------------------


def test_personal_columns_appear_only_as_keyed_hash_and_secrets_as_a_dot(site: Site) -> None:
    with site.db.reading() as session:
        rows = session.scalars(sa.select(AuditEntry)).all()
        names = [str(column.name) for column in Person.__table__.columns if column.info["privacy"] == "personal"]
    added = [row.diff for row in rows if row.tag == AuditTag.PERSON_ADDED]
    assert len(added) == len(HAN_NAMES)
    for diff in added:
        assert {"name", "name_key", "name_sort", "sex", "birth_month", "phone"} <= diff.keys()
        for name in set(names) & diff.keys():
            before, after = diff[name]
            assert before is None
            assert after.startswith("~"), (name, after)
            assert len(after) == 17
    opened = [row.diff for row in rows if row.tag == AuditTag.ACCOUNT_OPENED]
    assert opened
    assert all(diff["password_hash"] == [None, "•"] for diff in opened)
    assert len({diff["phone"][1] for diff in added}) == 1  # all have the same telephone in the fixture
    assert len({diff["name"][1] for diff in added}) == len(HAN_NAMES)


def test_no_name_telephone_or_password_stands_anywhere_in_the_trail(site: Site) -> None:
    with site.db.engine.connect() as connection:
        text = json.dumps(
            [[str(value) for value in row] for row in connection.execute(sa.select(AuditEntry.__table__))],
            ensure_ascii=False,
        )
    for word in (*HAN_NAMES.values(), "13800001234", "1974-05", "argon2"):
        assert word not in text, word


def test_another_key_gives_other_hashes(site: Site) -> None:
    other = Database(site.db.engine, {}, {AUDIT_KEY: "another-key-another-key-another-k"})
    shown = []
    for db in (site.db, other):
        with db.new_writer() as session:
            person = site.world.person(session, "N1")
            person.name = "李秀蓝"
            shown.append(services.changes_of(session, person)["name"])
            session.rollback()
    assert shown[0] != shown[1]


def test_only_what_changed_is_in_the_diff(site: Site) -> None:
    with site.db.new_writer() as session:
        person = site.world.person(session, "N1")
        person.education = "本科"
        person.staff_number = person.staff_number
        person.joined_on = person.joined_on + timedelta(days=1)
        diff = services.changes_of(session, person)
        session.rollback()
    assert diff.keys() == {"education", "joined_on"}
    assert diff["joined_on"] == ["2026-07-01", "2026-07-02"]


# --- append-only ---------------------------------------------------------------------------------------------------


CHANGES = [
    "UPDATE audit_entry SET reason = 'another' WHERE seq = 1",
    "UPDATE audit_entry SET reason = reason",
    "DELETE FROM audit_entry WHERE seq = 1",
    "DELETE FROM audit_entry",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_itself_refuses_to_change_or_remove_entries(site: Site, statement: str) -> None:
    before = verified(site.db)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), site.db.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert verified(site.db) == before


def test_each_database_refuses_its_own_way_around(site: Site) -> None:
    """TRUNCATE fires no row trigger, INSERT OR REPLACE removes rows without DELETE."""
    statement = (
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE seq = 1"
        if site.db.is_sqlite
        else "TRUNCATE audit_entry"
    )
    before = verified(site.db)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), site.db.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert verified(site.db) == before


def lift_triggers(connection: sa.Connection) -> None:
    """What someone with the database's own password can do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        return
    for name in ("audit_entry_no_update", "audit_entry_no_delete"):
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


TABLE = AuditEntry.__table__


def edit(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE audit_entry SET actor = 'someone else' WHERE seq = 5")


def edit_and_fit(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE audit_entry SET actor = 'someone else' WHERE seq = 5")
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        entry = queries.as_entry(session.get_one(AuditEntry, 5))
    connection.execute(sa.text("UPDATE audit_entry SET hash = :hash WHERE seq = 5"), {"hash": entry_hash(entry)})


def backdate(connection: sa.Connection) -> None:
    earlier = "2020-01-01 00:00:00.000000" + ("+00" if connection.dialect.name == "postgresql" else "")
    connection.exec_driver_sql(f"UPDATE audit_entry SET business_at = '{earlier}' WHERE seq = 5")


def remove(connection: sa.Connection) -> None:
    connection.exec_driver_sql("DELETE FROM audit_entry WHERE seq = 5")


def swap(connection: sa.Connection) -> None:
    for old, new in ((5, -1), (6, 5), (-1, 6)):
        connection.exec_driver_sql(f"UPDATE audit_entry SET seq = {new} WHERE seq = {old}")


def cut_the_tail(connection: sa.Connection) -> None:
    connection.exec_driver_sql("DELETE FROM audit_entry WHERE seq > 10")


def insert_at_the_end(connection: sa.Connection) -> None:
    columns = ", ".join(column.name for column in TABLE.columns if column.name not in {"seq", "hash", "prev_hash"})
    connection.exec_driver_sql(
        f"INSERT INTO audit_entry (seq, hash, prev_hash, {columns}) "
        f"SELECT (SELECT max(seq) + 1 FROM audit_entry), '{'f' * 64}', "
        f"(SELECT hash FROM audit_head), {columns} FROM audit_entry WHERE seq = 5"
    )


def move_the_head(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"UPDATE audit_head SET hash = '{'f' * 64}'")


@pytest.mark.parametrize(
    ("tamper", "first"),
    [
        (edit, (5, "edited")),
        (edit_and_fit, (6, "moved")),
        (backdate, (5, "edited")),
        (remove, (5, "missing")),
        (swap, (5, "edited")),
        (cut_the_tail, (11, "missing")),
        (insert_at_the_end, (None, "edited")),
        (move_the_head, (0, "tail")),
    ],
)
def test_tampering_past_the_triggers_is_found(
    site: Site, tamper: Callable[[sa.Connection], None], first: tuple[int | None, str]
) -> None:
    count, _ = verified(site.db)
    with site.db.engine.begin() as connection:
        lift_triggers(connection)
        tamper(connection)
    _, breaks = verified(site.db)
    assert breaks
    seq = {None: count + 1, 0: count}.get(first[0], first[0])
    assert (breaks[0].seq, breaks[0].kind) == (seq, first[1]), breaks[:3]


# --- the guard -------------------------------------------------------------------------------------------------------


def change_a_row(session: Session, world: World) -> None:
    world.person(session, "N1").education = "changed"


def change_in_bulk(session: Session, _world: World) -> None:
    session.execute(sa.update(Person).values(education="changed"))


def change_the_bare_table(session: Session, _world: World) -> None:
    session.execute(sa.update(Person.__table__).values(education="changed"))  # type: ignore[arg-type]


def change_an_unmapped_table(session: Session, _world: World) -> None:
    person = sa.table("person", sa.column("education"))
    session.execute(sa.update(person).values(education="changed"))


def add_a_row(session: Session, world: World) -> None:
    parent = world.unit(session, "east.1")
    session.add(
        OrgUnit(public_id="new", kind="grid", name="changed", parent_id=parent.id, path="/9/", opened_on=NOW.date())
    )


def add_in_bulk(session: Session, world: World) -> None:
    values = {"public_id": "new", "kind": "grid", "name": "changed", "name_en": "", "path": "/9/"}
    session.execute(sa.insert(OrgUnit), [{**values, "parent_id": world.unit_ids["east.1"], "opened_on": NOW.date()}])


def delete_a_row(session: Session, world: World) -> None:
    session.delete(world.unit(session, "west.2.2"))


def delete_in_bulk(session: Session, world: World) -> None:
    session.execute(sa.delete(OrgUnit).where(OrgUnit.id == world.unit_ids["west.2.2"]))


def record_another(session: Session, world: World) -> None:
    """An entry for somebody else covers nothing."""
    change_a_row(session, world)
    other = ("person", world.person_public_ids["N2"])
    record(session, CONSOLE, Role.CONSOLE, AuditTag.PERSON_CHANGED, other, now=NOW)


def record_in_a_savepoint_that_is_taken_back(session: Session, world: World) -> None:
    own = ("person", world.person_public_ids["N1"])
    inner = session.begin_nested()
    record(session, CONSOLE, Role.CONSOLE, AuditTag.PERSON_CHANGED, own, now=NOW)
    inner.rollback()
    change_a_row(session, world)


def snapshot(site: Site) -> list[object]:
    with site.db.reading() as session:
        return [
            *session.execute(sa.select(Person.__table__).order_by(Person.id)).all(),
            *session.execute(sa.select(OrgUnit.__table__).order_by(OrgUnit.id)).all(),
            *session.execute(sa.select(AuditEntry.seq)).all(),
        ]


@pytest.mark.parametrize(
    "act",
    [
        change_a_row,
        change_in_bulk,
        change_the_bare_table,
        change_an_unmapped_table,
        add_a_row,
        add_in_bulk,
        delete_a_row,
        delete_in_bulk,
        record_another,
        record_in_a_savepoint_that_is_taken_back,
    ],
)
def test_an_audited_table_cannot_change_without_an_entry(site: Site, act: Callable[[Session, World], None]) -> None:
    before = snapshot(site)
    with site.db.new_writer() as session:
        act(session, site.world)
        with pytest.raises(UnauditedChange):
            session.commit()
    assert snapshot(site) == before


def test_with_an_entry_the_same_changes_are_saved(site: Site) -> None:
    own = ("person", site.world.person_public_ids["N1"])
    for act in (change_a_row, change_in_bulk):
        with site.db.writing() as session:
            act(session, site.world)
            record(session, CONSOLE, Role.CONSOLE, AuditTag.PERSON_CHANGED, own, now=NOW)
    with site.db.reading() as session:
        assert set(session.scalars(sa.select(Person.education))) == {"changed"}
    assert verified(site.db)[1] == []


def test_an_entry_covers_its_own_transaction_only(site: Site) -> None:
    own = ("person", site.world.person_public_ids["N1"])
    with site.db.new_writer() as session:
        record(session, CONSOLE, Role.CONSOLE, AuditTag.PERSON_CHANGED, own, now=NOW)
        session.commit()
        change_a_row(session, site.world)
        with pytest.raises(UnauditedChange):
            session.commit()


def test_a_change_that_a_savepoint_took_back_needs_no_entry(site: Site) -> None:
    with site.db.new_writer() as session:
        inner = session.begin_nested()
        change_a_row(session, site.world)
        session.flush()
        inner.rollback()
        session.commit()
    with site.db.reading() as session:
        assert site.world.person(session, "N1").education == ""


def test_setting_a_column_to_what_it_is_already_is_no_change(site: Site) -> None:
    with site.db.writing() as session:
        person = site.world.person(session, "N1")
        person.education = person.education


# --- the access log --------------------------------------------------------------------------------------------------


def test_accesses_are_written_to_a_log_of_their_own(empty_site: Site) -> None:
    entry = {
        "at": NOW,
        "actor": "official",
        "what": "people:phone:unmask",
        "outcome": "used",
        "address": "127.0.0.1",
        "path": "/people/x",
        "request_id": "r",
    }
    with empty_site.db.writing() as session:
        services.log_access(session, [entry, {**entry, "outcome": "denied"}])
    with empty_site.db.reading() as session:
        assert session.scalars(sa.select(AccessLog.outcome).order_by(AccessLog.id)).all() == ["used", "denied"]
    assert verified(empty_site.db) == (0, [])  # looking is not an act of the chain


def test_a_flush_that_fails_in_a_savepoint_leaves_nothing_to_be_recorded(site: Site) -> None:
    with site.db.writing() as session:
        twin = session.get_one(Person, site.world.person_ids["N1"])
        values = {column.key: getattr(twin, column.key) for column in Person.__table__.columns if column.key != "id"}
        for _try in range(2):
            savepoint = session.begin_nested()
            session.add(Person(**{**values, "public_id": new_public_id()}))  # the staff number is taken
            with pytest.raises(sa.exc.IntegrityError):
                session.flush()
            savepoint.rollback()
    with site.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Person.staff_number == "CG00N1")) == 1
