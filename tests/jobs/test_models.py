"""What the outbox refuses by itself."""

import pytest
import sqlalchemy as sa

from lms.jobs.models import Job
from lms.jobs.services import enqueue
from tests.conftest import Site


def test_a_dedupe_key_is_there_once(empty_site: Site) -> None:
    """However a second row came about, the database itself keeps the work from being done twice."""
    table = Job.__table__
    with empty_site.db.writing() as session:
        enqueue(session, "test.once", {}, dedupe_key="once")
    with empty_site.db.engine.connect() as connection:
        row = dict(connection.execute(sa.select(table)).mappings().one())
    again = {**row, "id": row["id"] + 1, "public_id": "another"}
    with pytest.raises(sa.exc.IntegrityError), empty_site.db.engine.begin() as connection:
        connection.execute(sa.insert(table), again)  # type: ignore[arg-type]
    with empty_site.db.engine.begin() as connection:
        connection.execute(sa.insert(table), {**again, "dedupe_key": "twice"})  # type: ignore[arg-type]


def test_a_state_that_nobody_knows_is_refused(empty_site: Site) -> None:
    with empty_site.db.writing() as session:
        enqueue(session, "test.once", {}, dedupe_key="once")
    with pytest.raises(sa.exc.IntegrityError), empty_site.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE job SET state = 'paused'")
