"""The triggers that revisions put on append-only tables, on both databases."""

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from lms.migrations.append_only import lift_append_only, make_append_only
from tests.conftest import Site


@pytest.fixture
def sealed(empty_site: Site) -> sa.Engine:
    """A database with an append-only table ``sealed`` that holds one row."""
    engine = empty_site.db.engine
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE sealed (id INTEGER PRIMARY KEY, word VARCHAR(9))")
        with Operations.context(MigrationContext.configure(connection)):
            make_append_only("sealed")
        connection.exec_driver_sql("INSERT INTO sealed VALUES (1, 'first')")
    return engine


def changes(engine: sa.Engine) -> list[str]:
    """Every way to change or remove a row that the database knows."""
    own = "INSERT OR REPLACE INTO sealed VALUES (1, 'x')" if engine.dialect.name == "sqlite" else "TRUNCATE sealed"
    return ["UPDATE sealed SET word = 'x'", "DELETE FROM sealed", "DELETE FROM sealed WHERE id = 1", own]


def words(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT word FROM sealed ORDER BY id").scalars())


def test_rows_can_be_added_and_read_but_neither_changed_nor_removed(sealed: sa.Engine) -> None:
    for statement in changes(sealed):
        with pytest.raises(sa.exc.DBAPIError, match="sealed is append-only"), sealed.begin() as connection:
            connection.exec_driver_sql(statement)
    with sealed.begin() as connection:
        connection.exec_driver_sql("INSERT INTO sealed VALUES (2, 'second')")
    assert words(sealed) == ["first", "second"]


def test_lifting_leaves_nothing_behind(sealed: sa.Engine) -> None:
    """A revision that rebuilds a table lifts and seals again; a leftover function would stop the second time."""
    for _ in range(2):
        with sealed.begin() as connection, Operations.context(MigrationContext.configure(connection)):
            lift_append_only("sealed")
            make_append_only("sealed")
    with sealed.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        lift_append_only("sealed")
    with sealed.begin() as connection:
        connection.exec_driver_sql("UPDATE sealed SET word = 'changed'")
    assert words(sealed) == ["changed"]
