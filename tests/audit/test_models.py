"""What the tables of the trail refuse by themselves, whoever writes."""

import pytest
import sqlalchemy as sa

from lms.audit.models import AuditEntry, AuditHead
from tests.conftest import Site


def copy_of_the_last(site: Site, **values: object) -> dict[str, object]:
    """The columns of the last entry with other values."""
    table = AuditEntry.__table__
    with site.db.engine.connect() as connection:
        row = connection.execute(sa.select(table).order_by(table.c.seq.desc()).limit(1)).mappings().one()
    return {**row, **values}


def insert(site: Site, row: dict[str, object]) -> None:
    with site.db.engine.begin() as connection:
        connection.execute(sa.insert(AuditEntry.__table__), row)  # type: ignore[arg-type]


def test_two_entries_cannot_follow_the_same_one(site: Site) -> None:
    """The fork guard: whatever a mistake in locking did, the second branch is refused."""
    row = copy_of_the_last(site, hash="f" * 64)
    row["seq"] = int(str(row["seq"])) + 1
    with pytest.raises(sa.exc.IntegrityError):
        insert(site, row)


def test_a_seq_is_given_once(site: Site) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        insert(site, copy_of_the_last(site, hash="f" * 64, prev_hash="e" * 64))


def test_there_is_one_head(site: Site) -> None:
    with pytest.raises(sa.exc.IntegrityError), site.db.writing() as session:
        session.execute(sa.insert(AuditHead).values(id=2, seq=0, hash="0" * 64))


def test_no_column_of_an_entry_may_be_empty(site: Site) -> None:
    assert [column.name for column in AuditEntry.__table__.columns if column.nullable] == []
    row = copy_of_the_last(site, hash="f" * 64, prev_hash="e" * 64, actor=None)
    row["seq"] = int(str(row["seq"])) + 1
    with pytest.raises(sa.exc.IntegrityError):
        insert(site, row)
