"""mentoring

Revision ID: dde43d8624ca
Revises: 5d0c1f7a9e21
"""

import sqlalchemy as sa
from alembic import op

revision = "dde43d8624ca"
down_revision = "5d0c1f7a9e21"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mentoring_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("newcomer_id", sa.Integer(), nullable=False),
        sa.Column("mentor_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "active",
                "extended",
                "completed",
                "changed",
                "ended",
                "declined",
                "withdrawn",
                name="mentoring_pair_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("second_reason", sa.String(length=200), nullable=False),
        sa.Column("previous_id", sa.Integer(), nullable=True),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mentor_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("newcomer_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("mentor_id <> newcomer_id", name=op.f("ck_mentoring_pair_two_persons")),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["person.id"], name=op.f("fk_mentoring_pair_mentor_id_person"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["newcomer_id"], ["person.id"], name=op.f("fk_mentoring_pair_newcomer_id_person"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["previous_id"],
            ["mentoring_pair.id"],
            name=op.f("fk_mentoring_pair_previous_id_mentoring_pair"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["person.id"], name=op.f("fk_mentoring_pair_proposed_by_id_person"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentoring_pair")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mentoring_pair_public_id")),
    )
    with op.batch_alter_table("mentoring_pair", schema=None) as batch_op:
        batch_op.create_index("ix_mentoring_pair_mentor_id_state", ["mentor_id", "state"], unique=False)
        batch_op.create_index("ix_mentoring_pair_newcomer_id", ["newcomer_id"], unique=False)
        batch_op.create_index(
            "uq_mentoring_pair_live",
            ["newcomer_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('proposed', 'active', 'extended')"),
            postgresql_where=sa.text("state IN ('proposed', 'active', 'extended')"),
        )

    op.create_table(
        "mentoring_checkpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("pair_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "well",
                "help",
                name="mentoring_checkpoint_verdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("line", sa.String(length=200), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["pair_id"],
            ["mentoring_pair.id"],
            name=op.f("fk_mentoring_checkpoint_pair_id_mentoring_pair"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentoring_checkpoint")),
        sa.UniqueConstraint("pair_id", "day", name=op.f("uq_mentoring_checkpoint_pair_id_day")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mentoring_checkpoint_public_id")),
    )
    op.create_table(
        "mentoring_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("pair_id", sa.Integer(), nullable=False),
        sa.Column("mentor_id", sa.Integer(), nullable=False),
        sa.Column("newcomer_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "corrected",
                "confirmed",
                "unconfirmed",
                "overlapping",
                "withdrawn",
                name="mentoring_session_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("line", sa.String(length=200), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("corrected", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("correction", sa.String(length=200), nullable=False),
        sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal", sa.String(length=200), nullable=False),
        sa.Column("overlaps_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state = 'overlapping') = (overlaps_id IS NOT NULL)",
            name=op.f("ck_mentoring_session_overlapping_has_first"),
        ),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_mentoring_session_minutes_above_0")),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["person.id"], name=op.f("fk_mentoring_session_mentor_id_person"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["newcomer_id"], ["person.id"], name=op.f("fk_mentoring_session_newcomer_id_person"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["overlaps_id"],
            ["mentoring_session.id"],
            name=op.f("fk_mentoring_session_overlaps_id_mentoring_session"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["pair_id"],
            ["mentoring_pair.id"],
            name=op.f("fk_mentoring_session_pair_id_mentoring_pair"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentoring_session")),
        sa.UniqueConstraint("mentor_id", "token", name=op.f("uq_mentoring_session_mentor_id_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mentoring_session_public_id")),
    )
    with op.batch_alter_table("mentoring_session", schema=None) as batch_op:
        batch_op.create_index("ix_mentoring_session_mentor_id_starts_at", ["mentor_id", "starts_at"], unique=False)
        batch_op.create_index("ix_mentoring_session_newcomer_id_starts_at", ["newcomer_id", "starts_at"], unique=False)
        batch_op.create_index("ix_mentoring_session_pair_id", ["pair_id"], unique=False)
        batch_op.create_index("ix_mentoring_session_state_answer_by", ["state", "answer_by"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("mentoring_session", schema=None) as batch_op:
        batch_op.drop_index("ix_mentoring_session_state_answer_by")
        batch_op.drop_index("ix_mentoring_session_pair_id")
        batch_op.drop_index("ix_mentoring_session_newcomer_id_starts_at")
        batch_op.drop_index("ix_mentoring_session_mentor_id_starts_at")

    op.drop_table("mentoring_session")
    op.drop_table("mentoring_checkpoint")
    with op.batch_alter_table("mentoring_pair", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_mentoring_pair_live",
            sqlite_where=sa.text("state IN ('proposed', 'active', 'extended')"),
            postgresql_where=sa.text("state IN ('proposed', 'active', 'extended')"),
        )
        batch_op.drop_index("ix_mentoring_pair_newcomer_id")
        batch_op.drop_index("ix_mentoring_pair_mentor_id_state")

    op.drop_table("mentoring_pair")
