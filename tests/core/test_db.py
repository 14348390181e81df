"""Engines and sessions: what is promised about locks, snapshots and durability, on both databases."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from lms.access.identity import CONSOLE, Role
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core.db import Database, ReadOnlyViolation, guarded_update, make_engine, normalise_url
from lms.core.errors import SetupError
from lms.jobs.models import Job
from lms.jobs.rules import JobState
from lms.jobs.services import enqueue
from lms.people.models import OrgUnit, Person, PostHolding, ThrottleHit
from lms.people.rules import Employment, Post
from tests.conftest import Site, Templates, open_site
from tests.postgres import Server
from tests.racing import all_fine, together
from tests.world import NOW, TODAY


@pytest.fixture
def counter(empty_site: Site) -> Database:
    """A database with one job, whose progress serves as a counter."""
    with empty_site.db.writing() as session:
        enqueue(session, "test.count", {}, dedupe_key="counter")
    return empty_site.db


def count_of(db: Database) -> int:
    with db.reading() as session:
        return session.scalars(sa.select(Job.progress_done)).one()


# --- addresses of databases --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///a.sqlite", "sqlite+pysqlite"),
        ("sqlite:////srv/a.sqlite", "sqlite+pysqlite"),
        ("postgres://lms@db/lms", "postgresql+psycopg"),
        ("postgresql://lms@db/lms", "postgresql+psycopg"),
        ("postgresql+psycopg2://lms@db/lms", "postgresql+psycopg"),
    ],
)
def test_addresses_get_our_drivers(url: str, driver: str) -> None:
    assert normalise_url(url).drivername == driver


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://db/lms", "not mysql"),
        ("nonsense", "cannot be read"),
        ("", "cannot be read"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
    ],
)
def test_other_databases_are_refused_with_a_sentence(url: str, says: str) -> None:
    with pytest.raises(SetupError, match=says):
        make_engine(url)


def test_the_folder_of_a_new_sqlite_file_is_made(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'folder' / 'a.sqlite'}")
    with engine.connect():
        pass
    engine.dispose()
    assert (tmp_path / "new" / "folder" / "a.sqlite").exists()


# --- what holds on each connection --------------------------------------------------------------------------


def test_every_sqlite_connection_has_the_pragmas_that_durability_and_erasure_need(tmp_path: Path) -> None:
    """synchronous=NORMAL loses acknowledged answers on power loss; without secure_delete erased data stays readable."""
    engine = make_engine(f"sqlite:///{tmp_path / 'a.sqlite'}", busy_ms=1234)
    db = Database(engine)
    with engine.connect() as one, engine.connect() as two, db.reading() as reader:
        two.exec_driver_sql("COMMIT")  # three connections at once are three different ones
        for connection in (one, two, reader.connection()):
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in (
                    "journal_mode",
                    "synchronous",
                    "foreign_keys",
                    "secure_delete",
                    "recursive_triggers",
                    "busy_timeout",
                )
            }
            assert found == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "secure_delete": 1,
                "recursive_triggers": 1,
                "busy_timeout": 1234,
            }
            if connection is one:
                one.exec_driver_sql("COMMIT")
        one.exec_driver_sql("BEGIN")
        two.exec_driver_sql("BEGIN")
    engine.dispose()


def test_sqlite_is_the_current_one_of_the_wheel_not_the_system_one(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with engine.connect() as connection:
        version = str(connection.exec_driver_sql("SELECT sqlite_version()").scalar())
    engine.dispose()
    assert tuple(int(part) for part in version.split(".")) >= (3, 46, 0)


def test_every_postgresql_connection_waits_for_locks_only_so_long_and_speaks_utc(postgres_server: Server) -> None:
    engine = make_engine(postgres_server.create("settings"), busy_ms=1234)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "1234ms"
        assert connection.exec_driver_sql("SHOW timezone").scalar() == "UTC"
    engine.dispose()


def test_foreign_keys_are_enforced(site: Site) -> None:
    row = PostHolding(
        public_id="nobody",
        person_id=999_999,
        unit_id=site.world.unit_ids["east.1.1"],
        post=Post.INSPECTION,
        employment=Employment.FULL_TIME,
        starts_on=TODAY,
    )
    with site.db.new_writer() as session:
        session.add(row)
        with pytest.raises(sa.exc.IntegrityError):
            session.flush()


# --- writing -------------------------------------------------------------------------------------------------


def test_a_block_commits_at_its_end_and_rolls_back_on_an_error(empty_site: Site) -> None:
    db = empty_site.db
    with db.writing() as session:
        enqueue(session, "test.kept", {}, dedupe_key="kept")

    def break_off() -> None:
        with db.writing() as session:
            enqueue(session, "test.lost", {}, dedupe_key="lost")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    with db.reading() as session:
        assert session.scalars(sa.select(Job.name)).all() == ["test.kept"]


def test_reading_under_a_lock_and_then_writing_never_loses_an_update(counter: Database) -> None:
    """The idiom of every counter: lock the row, read, write. SQLite's lock comes with BEGIN IMMEDIATE."""

    def add_ten() -> None:
        for _ in range(10):
            with counter.writing() as session:
                job = session.scalars(sa.select(Job).with_for_update()).one()
                job.progress_done += 1

    all_fine(together(*[add_ten] * 4))
    assert count_of(counter) == 40


@contextmanager
def only_sqlite(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Site]:
    templates = Templates("sqlite", tmp_path_factory.mktemp("only"), lambda: pytest.fail("no server is needed"))
    site = open_site(templates, folder, "empty")
    try:
        yield site
    finally:
        site.db.engine.dispose()


def read_then_write(new_session: Callable[[], Session], times: int) -> None:
    for _ in range(times):
        with new_session() as session, session.begin():
            job = session.scalars(sa.select(Job)).one()
            job.progress_done += 1


def test_sqlite_takes_the_write_lock_before_the_first_read(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Even a plain read and write loses nothing and is never told "locked"; a deferred transaction is, at once."""
    with only_sqlite(tmp_path_factory, tmp_path) as site:
        with site.db.writing() as session:
            enqueue(session, "test.count", {}, dedupe_key="counter")
        all_fine(together(*[lambda: read_then_write(site.db.new_writer, 10)] * 4))
        assert count_of(site.db) == 40

        deferred = site.db.engine.execution_options(sqlite_begin="DEFERRED")
        outcomes = together(*[lambda: read_then_write(lambda: Session(deferred), 50)] * 4)
        assert any(isinstance(outcome, sa.exc.OperationalError) for outcome in outcomes)


def test_of_two_edits_of_a_versioned_row_the_later_is_told_not_swallowed(site: Site) -> None:
    """Without a lock PostgreSQL lets both read the same version; the second one must then hear of it."""
    db, world = site.db, site.world

    def edit() -> bool:
        try:
            with db.writing() as session:
                person = world.person(session, "N1")
                person.education = f"{person.education[-10:]}+"
                audit.record(session, CONSOLE, Role.CONSOLE, AuditTag.PERSON_CHANGED, person, now=NOW)
        except StaleDataError:
            return False
        return True

    with db.reading() as session:
        before = world.person(session, "N1").version
    saved = sum(all_fine(together(*[edit] * 6)))
    with db.reading() as session:
        person = world.person(session, "N1")
        assert person.version == before + saved
        assert person.education == "+" * saved
    assert saved >= 1


def test_a_writer_that_cannot_have_the_lock_is_refused_after_its_waiting_time(counter: Database) -> None:
    hasty = Database(make_engine(counter.engine.url.render_as_string(hide_password=False), busy_ms=100))
    with counter.writing() as session:
        session.execute(sa.update(Job).values(progress_done=1))
        with pytest.raises(sa.exc.OperationalError), hasty.writing() as second:
            second.execute(sa.update(Job).values(progress_done=2))
    assert count_of(counter) == 1
    with hasty.writing() as second:
        second.execute(sa.update(Job).values(progress_done=2))
    hasty.engine.dispose()
    assert count_of(counter) == 2


def test_writing_sessions_carry_listeners_and_values_of_their_own(empty_site: Site) -> None:
    with empty_site.db.new_writer() as one, empty_site.db.new_writer() as two:
        assert one.info[audit.AUDIT_KEY] == empty_site.settings.audit_key
        one.info["note"] = "mine"
        assert "note" not in two.info


# --- reading -------------------------------------------------------------------------------------------------


def test_a_reading_session_sees_one_snapshot(counter: Database) -> None:
    with counter.reading() as session:
        assert session.scalars(sa.select(Job.progress_done)).one() == 0
        with counter.writing() as writer:  # neither waits for the other
            writer.execute(sa.update(Job).values(progress_done=5))
        assert session.scalars(sa.select(Job.progress_done)).one() == 0
    assert count_of(counter) == 5


def test_a_reading_session_refuses_new_changed_and_deleted_rows(counter: Database) -> None:
    with counter.reading() as session:
        session.add(ThrottleHit(key="k", at=NOW))
        with pytest.raises(ReadOnlyViolation):
            session.flush()
    with counter.reading() as session:
        session.scalars(sa.select(Job)).one().progress_done = 3
        with pytest.raises(ReadOnlyViolation):
            session.commit()
    with counter.reading() as session:
        session.delete(session.scalars(sa.select(Job)).one())
        with pytest.raises(ReadOnlyViolation):
            session.flush()
    assert count_of(counter) == 0


@pytest.mark.parametrize(
    "statement",
    [
        sa.update(Job).values(progress_done=9),
        sa.update(Job.__table__).values(progress_done=9),  # type: ignore[arg-type]
        sa.delete(Job),
        sa.insert(ThrottleHit).values(key="k", at=NOW),
    ],
)
def test_a_reading_session_refuses_statements_that_change(counter: Database, statement: sa.Executable) -> None:
    with counter.reading() as session, pytest.raises(ReadOnlyViolation):
        session.execute(statement)
    assert count_of(counter) == 0


# --- one winner ------------------------------------------------------------------------------------------------


def test_of_two_racing_guarded_updates_exactly_one_wins(empty_site: Site) -> None:
    db = empty_site.db
    with db.writing() as session:
        ids = [enqueue(session, "test.race", {}, dedupe_key=f"race{number}").id for number in range(15)]

    def approve(job_id: int) -> bool:
        with db.writing() as session:
            return guarded_update(
                session,
                sa.update(Job).where(Job.id == job_id, Job.state == JobState.QUEUED).values(state=JobState.DONE),
            )

    for job_id in ids:
        assert sorted(all_fine(together(*[lambda job_id=job_id: approve(job_id)] * 2))) == [False, True]


def test_a_guarded_update_that_finds_nothing_says_so_and_one_that_finds_two_is_a_mistake(empty_site: Site) -> None:
    db = empty_site.db
    with db.writing() as session:
        for number in range(2):
            enqueue(session, "test.twin", {}, dedupe_key=f"twin{number}")
    with db.writing() as session:
        assert not guarded_update(session, sa.update(Job).where(Job.name == "nothing").values(attempts=1))
    with pytest.raises(AssertionError, match="one row"), db.writing() as session:
        guarded_update(session, sa.update(Job).where(Job.name == "test.twin").values(attempts=1))
    with db.reading() as session:
        assert session.scalars(sa.select(Job.attempts)).all() == [0, 0]


def test_sessions_of_different_threads_do_not_share_a_connection(counter: Database) -> None:
    seen: set[int] = set()
    barrier = threading.Barrier(3)

    def look() -> None:
        with counter.reading() as session:
            seen.add(id(session.connection().connection.dbapi_connection))
            barrier.wait(5)

    all_fine(together(*[look] * 3))
    assert len(seen) == 3


def test_names_of_constraints_follow_one_grammar() -> None:
    """Alembic can only drop what has a name that is the same on every machine."""
    table = OrgUnit.__table__
    assert isinstance(table, sa.Table)
    assert {str(each.name) for each in table.constraints} >= {
        "pk_org_unit",
        "uq_org_unit_public_id",
        "uq_org_unit_parent_id_name",
        "fk_org_unit_parent_id_org_unit",
        "ck_org_unit_unit_kind",
    }
    for each in Person.metadata.tables.values():
        assert all(constraint.name for constraint in each.constraints), each.name
