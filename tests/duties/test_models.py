"""What the tables of duty lists refuse."""

import pytest
import sqlalchemy as sa

from lms.core.db import Database
from tests.duties.lists import Lists


@pytest.mark.parametrize("table", ["duty_change", "duty_acknowledgement"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_history_and_acknowledgements_are_only_added(lists: Lists, db: Database, table: str, verb: str) -> None:
    lists.acknowledge("M1")
    with pytest.raises(sa.exc.DBAPIError, match=f"{table} is append-only"), db.engine.begin() as connection:
        connection.exec_driver_sql(verb.format(table))


def test_a_grace_has_a_last_day_and_nothing_else_has(lists: Lists, db: Database) -> None:
    for change in ("state = 'grace'", "grace_until = '2027-01-01'"):
        with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE duty_state SET {change}")
