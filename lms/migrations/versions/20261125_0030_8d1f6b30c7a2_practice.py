"""practice

Revision ID: 8d1f6b30c7a2
Revises: 4700eca6c1dd
"""

from alembic import op

from lms.migrations.append_only import lift_append_only, make_append_only

revision = "8d1f6b30c7a2"
down_revision = "4700eca6c1dd"
branch_labels = None
depends_on = None

BEFORE = ("framework", "duties", "programmes", "laws", "glossary", "course", "bank", "certificate")
NEW = ("scenario", "picture", "card")


def _allow(*kinds: str) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    lift_append_only("content_revision")
    for table, name in (("content_revision", "revision_kind"), ("content_current", "current_kind")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
            batch_op.create_check_constraint(op.f(f"ck_{table}_{name}"), f"kind IN ({allowed})")
    make_append_only("content_revision")


def upgrade() -> None:
    _allow(*BEFORE, *NEW)


def downgrade() -> None:
    gone = ", ".join(f"'{kind}'" for kind in NEW)
    op.execute(f"DELETE FROM content_current WHERE kind IN ({gone})")
    lift_append_only("content_revision")
    op.execute(f"DELETE FROM content_revision WHERE kind IN ({gone})")
    make_append_only("content_revision")
    _allow(*BEFORE)
