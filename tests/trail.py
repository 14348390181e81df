"""Looking at the audit trail in tests."""

from lms.audit import queries, services
from lms.audit.rules import Entry
from lms.core.db import Database


def seq(db: Database) -> int:
    """Return the number of the latest entry."""
    with db.reading() as session:
        return queries.head(session)[0]


def entries(db: Database, since: int) -> list[Entry]:
    """Return the entries after number ``since``, the chain checked on the way."""
    with db.reading() as session:
        found = [entry for entry, _ in queries.chain(session) if entry.seq > since]
        assert services.verify(session)[1] == []
    return found
