"""Looking at the audit trail in tests."""

from lms.audit import queries, services
from lms.audit.rules import AuditTag, Entry
from lms.core.db import Database

CONSEQUENCES = frozenset({AuditTag.DUTY_LIST_CHANGED.value})
"""Tags of what listeners record."""


def seq(db: Database) -> int:
    """Return the number of the latest entry."""
    with db.reading() as session:
        return queries.head(session)[0]


def entries(db: Database, since: int, *, consequences: bool = False) -> list[Entry]:
    """Return the entries after number ``since``, the chain checked on the way.

    ``consequences``: also what followed by itself in higher packages.
    """
    with db.reading() as session:
        found = [entry for entry, _ in queries.chain(session) if entry.seq > since]
        assert services.verify(session)[1] == []
    return [entry for entry in found if consequences or entry.tag not in CONSEQUENCES]
