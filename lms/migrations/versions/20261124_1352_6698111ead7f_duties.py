"""duties

Revision ID: 6698111ead7f
Revises: dde43d8624ca
"""

import sqlalchemy as sa
from alembic import op

from lms.migrations.append_only import lift_append_only, make_append_only

revision = "6698111ead7f"
down_revision = "dde43d8624ca"
branch_labels = None
depends_on = None

APPEND_ONLY = ("duty_acknowledgement", "duty_change")


def upgrade() -> None:
    op.create_table(
        "duty_acknowledgement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_duty_acknowledgement_person_id_person"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_acknowledgement")),
        sa.UniqueConstraint("person_id", "number", name=op.f("uq_duty_acknowledgement_person_id_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_acknowledgement_public_id")),
    )
    op.create_table(
        "duty_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("duty_key", sa.String(length=10), nullable=False),
        sa.Column(
            "before",
            sa.Enum(
                "open",
                "grace",
                "learning",
                "paused",
                name="before_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "after",
            sa.Enum(
                "open",
                "grace",
                "learning",
                "paused",
                name="after_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("grace_until", sa.Date(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause_type", sa.String(length=40), nullable=False),
        sa.Column("cause_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_duty_change_person_id_person"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_change")),
    )
    with op.batch_alter_table("duty_change", schema=None) as batch_op:
        batch_op.create_index("ix_duty_change_person_id_duty_key", ["person_id", "duty_key"], unique=False)

    op.create_table(
        "duty_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_duty_list_person_id_person"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["content_revision.id"],
            name=op.f("fk_duty_list_revision_id_content_revision"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_list")),
        sa.UniqueConstraint("person_id", name=op.f("uq_duty_list_person_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_duty_list_public_id")),
    )
    with op.batch_alter_table("duty_list", schema=None) as batch_op:
        batch_op.create_index("ix_duty_list_due_on", ["due_on"], unique=False)

    op.create_table(
        "duty_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("duty_key", sa.String(length=10), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "grace",
                "learning",
                "paused",
                name="duty_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("grace_until", sa.Date(), nullable=True),
        sa.Column("cause_type", sa.String(length=40), nullable=False),
        sa.Column("cause_id", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "(state = 'grace') = (grace_until IS NOT NULL)", name=op.f("ck_duty_state_grace_has_a_last_day")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_duty_state_person_id_person"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_state")),
        sa.UniqueConstraint("person_id", "duty_key", name=op.f("uq_duty_state_person_id_duty_key")),
    )
    for table in APPEND_ONLY:
        make_append_only(table)


def downgrade() -> None:
    for table in APPEND_ONLY:
        lift_append_only(table)
    op.drop_table("duty_state")
    with op.batch_alter_table("duty_list", schema=None) as batch_op:
        batch_op.drop_index("ix_duty_list_due_on")

    op.drop_table("duty_list")
    with op.batch_alter_table("duty_change", schema=None) as batch_op:
        batch_op.drop_index("ix_duty_change_person_id_duty_key")

    op.drop_table("duty_change")
    op.drop_table("duty_acknowledgement")
