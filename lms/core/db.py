"""Engine, sessions and the base class of all tables, for SQLite and PostgreSQL alike.

Two kinds of session: a *writing* one takes the write lock with its first statement (``BEGIN IMMEDIATE``),
a *reading* one sees one snapshot and may not flush. Reasons and measurements: docs/adr/0003 and 0007.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, UOWTransaction, sessionmaker

from lms.core import reactions
from lms.core.errors import SetupError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

WEB_BUSY_MS = 5_000
JOB_BUSY_MS = 30_000


class Base(DeclarativeBase):
    """Base of all tables. ``__audited__`` marks tables whose every change needs an audit entry."""

    metadata = sa.MetaData(naming_convention=NAMING)
    __audited__ = False


class ReadOnlyViolation(Exception):
    """A reading request tried to write. A programming error: reads use GET, writes use POST."""


def normalise_url(url: str) -> sa.URL:
    """Return the URL with our drivers: pysqlite3 for SQLite, psycopg 3 for PostgreSQL.

    Raises SetupError for any other database, also for SQLite in memory.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise SetupError(f"LMS_DATABASE_URL 读不懂 / cannot be read: {error}") from error
    backend = parsed.get_backend_name()
    if backend == "postgres":
        parsed = parsed.set(drivername="postgresql")
        backend = "postgresql"
    if backend == "sqlite":
        if parsed.database in {None, "", ":memory:"}:  # each connection would see a database of its own
            raise SetupError("LMS_DATABASE_URL: 要写文件，如 sqlite:///路径 / must name a file, like sqlite:///PATH")
        return parsed.set(drivername="sqlite+pysqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise SetupError(f"LMS_DATABASE_URL: 只支持 sqlite 和 postgresql / only sqlite and postgresql work, not {backend}")


def make_engine(url: str, *, busy_ms: int = WEB_BUSY_MS, echo: bool = False) -> sa.Engine:
    """Return an engine for the URL with the settings of docs/adr/0007.

    ``busy_ms``: how long a writer waits for the lock before it is refused (milliseconds). Errors never hold the
    values of a statement: they end in logs and in the outbox, and may be names and telephone numbers.
    """
    parsed = normalise_url(url)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(
            parsed,
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=10,
            connect_args={"options": f"-c lock_timeout={busy_ms} -c timezone=UTC"},
            echo=echo,
            hide_parameters=True,
        )

    # The stdlib's SQLite of Debian 12 predates a fix for a corruption race; the wheel carries a current one.
    import pysqlite3

    Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        parsed,
        module=pysqlite3,
        connect_args={"check_same_thread": False},
        pool_size=10,
        max_overflow=20,
        echo=echo,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _connect(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # the driver sends no BEGIN of its own
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # NORMAL loses acknowledged commits on power loss
            "foreign_keys=ON",
            "secure_delete=ON",
            "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the triggers that refuse DELETE
            f"busy_timeout={busy_ms}",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        kind = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine


class ReadSession(Session):
    """A session that sees one snapshot and refuses to write."""


class WriteSession(Session):
    """A session whose transaction holds the write lock from its first statement."""


@event.listens_for(ReadSession, "before_flush")
def _refuse_flush(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    if session.new or session.deleted or any(session.is_modified(row) for row in session.dirty):
        raise ReadOnlyViolation("a reading session may not write")


@event.listens_for(ReadSession, "do_orm_execute")
def _refuse_bulk(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        raise ReadOnlyViolation("a reading session may not write")


class Database:
    """An engine and the two session factories. One per process; no other state.

    ``listeners`` are the registry's reactions to events, given to every writing session; ``info`` are
    further values that writing sessions carry (the key of the audit trail).
    """

    def __init__(
        self, engine: sa.Engine, listeners: reactions.Listeners | None = None, info: Mapping[str, object] | None = None
    ) -> None:
        self.engine = engine
        self.listeners: reactions.Listeners = listeners if listeners is not None else {}
        self.info = dict(info or {})
        read_engine = engine.execution_options(sqlite_begin="DEFERRED", postgresql_readonly=True)
        if engine.dialect.name == "postgresql":
            read_engine = read_engine.execution_options(isolation_level="REPEATABLE READ")
        self._read = sessionmaker(bind=read_engine, class_=ReadSession, expire_on_commit=False, autoflush=False)
        self._write = sessionmaker(bind=engine, class_=WriteSession)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def new_reader(self) -> Session:
        """Return a reading session; the caller closes it."""
        return self._read()

    def new_writer(self) -> Session:
        """Return a writing session without a running transaction; the caller commits and closes it."""
        session = self._write(info=dict(self.info))
        reactions.install(session, self.listeners)
        return session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a reading session for a ``with`` block."""
        with self.new_reader() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a writing session for a ``with`` block: committed at its end, rolled back on an error."""
        with self.new_writer() as session, session.begin():
            yield session


def guarded_update(session: Session, statement: sa.Update) -> bool:
    """Run one UPDATE whose WHERE names the expected state. True when it changed exactly one row.

    This is how a state changes: of two officials pressing at once, one gets True. Raises AssertionError
    when more than one row matched, since then the WHERE does not name one object.
    """
    result = session.execute(statement, execution_options={"synchronize_session": False})
    count: int = result.rowcount  # type: ignore[attr-defined]
    if count > 1:
        raise AssertionError("a guarded update must name one row")
    return count == 1
