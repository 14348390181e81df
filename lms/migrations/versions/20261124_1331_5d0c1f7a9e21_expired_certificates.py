"""expired certificates

Revision ID: 5d0c1f7a9e21
Revises: 286b4764a148
"""

from alembic import op

revision = "5d0c1f7a9e21"
down_revision = "286b4764a148"
branch_labels = None
depends_on = None

BEFORE = ("proposed", "refused", "issued", "revocation_proposed", "revoked")
NAME = "ck_certificate_certificate_state"


def _allow(*states: str) -> None:
    allowed = ", ".join(f"'{state}'" for state in states)
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(NAME), type_="check")
        batch_op.create_check_constraint(op.f(NAME), f"state IN ({allowed})")


def upgrade() -> None:
    _allow(*BEFORE, "expired")


def downgrade() -> None:
    op.execute("UPDATE certificate SET state = 'issued' WHERE state = 'expired'")
    _allow(*BEFORE)
