"""What the tables themselves refuse."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from lms.certification.models import Certificate, CertificateDocument
from lms.core.db import Database
from tests.certification import making
from tests.world import NOW, World


def copy_of(db: Database, table: Any, **changes: Any) -> None:
    """Insert the first row of a table once more with some values changed, past all services."""
    rows = table.__table__
    with db.engine.begin() as connection:
        row = dict(connection.execute(sa.select(rows).limit(1)).mappings().one())
        del row["id"]
        connection.execute(sa.insert(rows).values({**row, "public_id": "x" * 22, **changes}))


@pytest.fixture(autouse=True)
def issued(db: Database, world: World) -> str:
    making.load_content(db)
    return making.issue(db, world, "N1")


FREE: dict[str, Any] = {"verify_code": "y" * 22, "number": "n", "serial": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {},  # the live certificate of this person and kind
        {"kind": "other", **FREE, "serial": 1},  # the serial
        {"kind": "other", **FREE, "number": "东街网培证字〔2026〕第0001号"},
        {"kind": "other", **FREE, "verify_code": None, "serial": None},  # issued without a number
        {"kind": "other", **FREE, "issued_at": None},  # a number without issue
        {"kind": "other", **FREE, "state": "lost"},
    ],
)
def test_no_second_certificate_number_or_code(db: Database, changes: dict[str, Any]) -> None:
    with pytest.raises((IntegrityError, sa.exc.StatementError)):
        copy_of(db, Certificate, **changes)


def test_another_kind_may_be_held_beside(db: Database) -> None:
    copy_of(db, Certificate, kind="other", **FREE)


def test_an_edition_exists_once(db: Database) -> None:
    with pytest.raises(IntegrityError):
        copy_of(db, CertificateDocument)
    copy_of(db, CertificateDocument, edition=2)


def test_a_hash_stands_for_one_paper(db: Database, issued: str) -> None:
    making.work_off(db)
    with pytest.raises(IntegrityError):
        copy_of(db, CertificateDocument, edition=2)
    assert making.certificate(db, issued).issued_at == NOW
