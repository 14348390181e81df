"""Reading the trail."""

from collections.abc import Iterator
from dataclasses import fields

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.audit.models import AuditEntry, AuditHead
from lms.audit.rules import AuditTag, Entry

_FIELDS = tuple(field.name for field in fields(Entry))


def as_entry(row: AuditEntry) -> Entry:
    """Return the hashed part of a row as a plain value."""
    return Entry(**{name: getattr(row, name) for name in _FIELDS})


def chain(session: Session) -> Iterator[tuple[Entry, str]]:
    """Yield (entry, stored hash) of the whole trail in the order of seq, a thousand rows at a time."""
    statement = sa.select(AuditEntry).order_by(AuditEntry.seq).execution_options(yield_per=1000)
    for row in session.scalars(statement):
        yield as_entry(row), row.hash
        session.expunge(row)


def has_tag(session: Session, tag: AuditTag) -> bool:
    """Whether the trail holds an entry with this tag."""
    return session.scalar(sa.select(AuditEntry.seq).where(AuditEntry.tag == tag.value).limit(1)) is not None


def head(session: Session) -> tuple[int, str]:
    """Return (seq, hash) of the end of the chain."""
    seq, hash_ = session.execute(sa.select(AuditHead.seq, AuditHead.hash).where(AuditHead.id == 1)).one()
    return seq, hash_


def entries_of(object_type: str, object_id: str) -> sa.Select[AuditEntry]:
    """Return the select of one object's entries, latest first."""
    return (
        sa.select(AuditEntry)
        .where(AuditEntry.object_type == object_type, AuditEntry.object_id == object_id)
        .order_by(AuditEntry.seq.desc())
    )
