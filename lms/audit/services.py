"""Writing the trail, and the guard that no audited table changes without it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction

from lms.access.identity import Identity, Role
from lms.audit import queries
from lms.audit.models import AccessLog, AuditEntry, AuditHead
from lms.audit.rules import AuditTag, Break, Entry, breaks, entry_hash, keyed_hash
from lms.core import clock
from lms.core.db import Base, Database, WriteSession

AUDIT_KEY = "audit.key"
"""Where a writing session carries the key for hashes of personal values."""

_CHANGED, _RECORDED, _MARKS = "audit.changed", "audit.recorded", "audit.marks"


class UnauditedChange(AssertionError):
    """A transaction changed an audited table without an entry. A programming error; nothing is saved."""


def _plain(value: object) -> object:
    """Return a value as JSON can hold it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _shown(session: Session, column: sa.Column[Any], value: object) -> object:
    """Return what the trail may hold of a column's value, by the column's privacy class."""
    if value is None:
        return None
    privacy = column.info.get("privacy")
    if privacy == "secret":
        return "•"
    if privacy == "personal":
        return keyed_hash(str(session.info[AUDIT_KEY]), f"{column.table.name}.{column.name}", _plain(value))
    return _plain(value)


def changes_of(session: Session, target: Base) -> dict[str, object]:
    """Return ``{column: [before, after]}`` of an object's unflushed changes (all columns of a new one)."""
    state = sa.inspect(target)
    diff: dict[str, object] = {}
    for attribute in state.mapper.column_attrs:
        column = attribute.columns[0]
        if not isinstance(column, sa.Column) or column.primary_key:
            continue
        history = state.attrs[attribute.key].history
        if not history.has_changes():
            continue
        before = history.deleted[0] if history.deleted else None
        after = history.added[0] if history.added else None
        if before == after:
            continue
        diff[column.name] = [_shown(session, column, before), _shown(session, column, after)]
    return diff


def record(
    session: Session,
    actor: Identity,
    role: Role,
    tag: AuditTag,
    target: Base | tuple[str, str],
    *,
    now: datetime,
    unit_path: str = "",
    reason: str = "",
    diff: Mapping[str, object] | None = None,
) -> int:
    """Add one entry to the trail in the caller's transaction and return its seq.

    ``target``: the changed object (before it is flushed, so that its changes are seen) or (type, public id).
    ``role``: what ``decide.require`` returned. ``now``: business time; the time of record is the real clock.
    ``diff``: given values win over those read from the object (for guarded updates).
    """
    if isinstance(target, tuple):
        object_type, object_id = target
        seen: dict[str, object] = {}
    else:
        object_type, object_id = target.__tablename__, target.public_id  # type: ignore[attr-defined]
        seen = changes_of(session, target)
    with session.no_autoflush:
        head_seq, head_hash = session.execute(
            sa.select(AuditHead.seq, AuditHead.hash).where(AuditHead.id == 1).with_for_update()
        ).one()
        entry = Entry(
            seq=head_seq + 1,
            recorded_at=clock.real_now(),
            business_at=now,
            actor=actor.public_id,
            role=role.value,
            channel=actor.channel.value,
            tag=tag.value,
            object_type=object_type,
            object_id=object_id,
            unit_path=unit_path,
            reason=reason,
            diff={**seen, **{key: _plain(value) for key, value in (diff or {}).items()}},
            request_id=actor.request_id,
            prev_hash=head_hash,
        )
        hash_ = entry_hash(entry)
        session.execute(sa.insert(AuditEntry).values(**vars(entry), hash=hash_))
        session.execute(sa.update(AuditHead).where(AuditHead.id == 1).values(seq=entry.seq, hash=hash_))
    session.info.setdefault(_RECORDED, set()).add((object_type, object_id))
    return entry.seq


def verify(session: Session) -> tuple[int, list[Break]]:
    """Check every link of the chain; return the number of entries and the places where it does not hold."""
    head_seq, head_hash = queries.head(session)
    return head_seq, list(breaks(queries.chain(session), head_seq, head_hash))


def log_access(session: Session, entries: Iterable[Mapping[str, object]]) -> None:
    """Write access-log rows. The caller gives each all columns but the id."""
    session.execute(sa.insert(AccessLog), [dict(entry) for entry in entries])


ACCESS_LOG_KEPT = timedelta(days=365)
SWEPT_AT_ONCE = 1000


def sweep_access_log(db: Database) -> None:
    """Remove access-log rows older than twelve months, some at a time. The trail itself is never swept."""
    before = clock.real_now() - ACCESS_LOG_KEPT
    old = sa.select(AccessLog.id).where(AccessLog.at < before).order_by(AccessLog.id).limit(SWEPT_AT_ONCE)
    with db.reading() as reader:
        ids = list(reader.scalars(old))
    if ids:
        with db.writing() as session:
            session.execute(sa.delete(AccessLog).where(AccessLog.id.in_(ids)))


# --- the guard -------------------------------------------------------------------------------------------


def _audited(mapped: object) -> bool:
    return bool(getattr(mapped, "__audited__", False))


@event.listens_for(WriteSession, "before_flush")
def _note_changes(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    changed: set[tuple[str, str]] = session.info.setdefault(_CHANGED, set())
    for row in [*session.new, *session.deleted, *session.dirty]:
        if _audited(row) and (row in session.new or row in session.deleted or session.is_modified(row)):
            changed.add((row.__tablename__, row.public_id))


@event.listens_for(WriteSession, "do_orm_execute")
def _note_bulk_changes(state: ORMExecuteState) -> None:
    if state.is_update or state.is_delete or state.is_insert:
        name: str = state.statement.table.name  # type: ignore[attr-defined]
        if any(_audited(each.class_) and each.class_.__tablename__ == name for each in Base.registry.mappers):
            state.session.info.setdefault(_CHANGED, set()).add((name, ""))


@event.listens_for(WriteSession, "before_commit")
def _require_entries(session: Session) -> None:
    session.flush()
    recorded: set[tuple[str, str]] = session.info.get(_RECORDED, set())
    tables = {object_type for object_type, _ in recorded}
    for table, public_id in session.info.get(_CHANGED, ()):
        if (table, public_id) not in recorded and not (public_id == "" and table in tables):
            raise UnauditedChange(f"{table} {public_id} changed without an audit entry")


@event.listens_for(WriteSession, "after_transaction_create")
def _mark_savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(_MARKS, {})[transaction] = tuple(
            set(session.info.get(name, ())) for name in (_CHANGED, _RECORDED)
        )


@event.listens_for(WriteSession, "after_soft_rollback")
def _back_to_savepoint(session: Session, transaction: SessionTransaction) -> None:
    # An entry that a savepoint took back covers no change that is made afterwards.
    mark = session.info.get(_MARKS, {}).get(transaction)
    if mark is not None:
        session.info[_CHANGED], session.info[_RECORDED] = mark


@event.listens_for(WriteSession, "after_transaction_end")
def _forget(session: Session, transaction: Any) -> None:
    if transaction.parent is None:
        session.info.pop(_CHANGED, None)
        session.info.pop(_RECORDED, None)
        session.info.pop(_MARKS, None)
