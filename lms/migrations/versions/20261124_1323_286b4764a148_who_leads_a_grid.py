"""who leads a grid

Revision ID: 286b4764a148
Revises: 594bc315dd36
"""

import sqlalchemy as sa
from alembic import op

revision = '286b4764a148'
down_revision = '594bc315dd36'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('post_holding', schema=None) as batch_op:
        batch_op.add_column(sa.Column('is_committee', sa.Boolean(create_constraint=True, name='is_committee'), nullable=True))
        batch_op.add_column(sa.Column('exception', sa.String(length=200), server_default='', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('post_holding', schema=None) as batch_op:
        if op.get_bind().dialect.name == "sqlite":  # PostgreSQL has such a type, and no check
            batch_op.drop_constraint(op.f("ck_post_holding_is_committee"), type_="check")
        batch_op.drop_column('exception')
        batch_op.drop_column('is_committee')
