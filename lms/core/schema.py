"""Is the database's schema the one this code was written for?"""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from lms.core.errors import SetupError

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


@cache
def head_revision() -> str:
    """Return the one head of the migration history. Raises SetupError when there are several."""
    heads = ScriptDirectory(str(MIGRATIONS)).get_heads()
    if len(heads) != 1:
        raise SetupError(f"the migration history has {len(heads)} heads: {sorted(heads)}")
    return heads[0]


def current_revision(engine: sa.Engine) -> str | None:
    """Return the revision the database stands at, or None for an empty database. Raises SetupError for several."""
    with engine.execution_options(sqlite_begin="DEFERRED").connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    if len(heads) > 1:
        raise SetupError(f"the database stands at {len(heads)} revisions at once: {sorted(heads)}")
    return heads[0] if heads else None


def require_head(engine: sa.Engine) -> None:
    """Raise SetupError unless the schema is at head: an older or half-migrated one would lose data."""
    current, head = current_revision(engine), head_revision()
    if current != head:
        raise SetupError(
            f"数据库结构不是最新的（现在 {current or '空'}，需要 {head}）。运行 lms db upgrade / "
            f"the database schema is at {current or 'nothing'}, this version needs {head}; run lms db upgrade"
        )
