"""Alembic's entry. The connection comes from ``lms.migrations.run``; models are imported for comparing only."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

import lms.audit.models
import lms.certification.models
import lms.competency.models
import lms.content.models
import lms.courses.models
import lms.duties.models
import lms.jobs.models
import lms.mentoring.models
import lms.messages.models
import lms.people.models
import lms.quizzes.models
import lms.selection.models
from lms.core.db import Base
from lms.core.types import ExactDecimal, UTCDateTime

MODELS = (
    lms.audit.models,
    lms.jobs.models,
    lms.mentoring.models,
    lms.messages.models,
    lms.people.models,
    lms.content.models,
    lms.competency.models,
    lms.courses.models,
    lms.quizzes.models,
    lms.certification.models,
    lms.duties.models,
    lms.selection.models,
)


def render_item(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Write our column kinds as plain SQLAlchemy, so that a revision does not depend on today's code."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, ExactDecimal):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, sa.Enum):
        values = ", ".join(repr(value) for value in item.enums)
        return f"sa.Enum({values}, name={item.name!r}, native_enum=False, create_constraint=True, length={item.length})"
    return False


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave out the tables that the queue keeps for itself beside ours; no revision is about them."""
    return not (kind == "table" and (name or "").startswith("huey_"))


def compare_type(
    _context: Any, _inspected: Any, _metadata: Any, inspected_type: Any, metadata_type: Any
) -> bool | None:
    """Our moments are plain datetimes to SQLite and timestamptz to PostgreSQL; both are right."""
    if isinstance(metadata_type, UTCDateTime):
        return not isinstance(inspected_type, sa.DateTime | sa.TIMESTAMP)
    return None


def run() -> None:
    """Run the revisions on the given connection, each in a transaction of its own."""
    connection: sa.Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        compare_type=compare_type,
        include_name=include_name,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
