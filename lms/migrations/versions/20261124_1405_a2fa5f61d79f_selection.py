"""selection

Revision ID: a2fa5f61d79f
Revises: 6698111ead7f
"""

import sqlalchemy as sa
from alembic import op

from lms.migrations.append_only import lift_append_only, make_append_only

revision = 'a2fa5f61d79f'
down_revision = '6698111ead7f'
branch_labels = None
depends_on = None

APPEND_ONLY = ('selection_opinion', 'selection_ranking')
KINDS_BEFORE = ('framework', 'duties', 'laws', 'glossary', 'course', 'bank', 'certificate')


def _allow_kinds(*kinds: str) -> None:
    allowed = ', '.join(f"'{kind}'" for kind in kinds)
    lift_append_only('content_revision')
    for table, name in (('content_revision', 'revision_kind'), ('content_current', 'current_kind')):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(op.f(f'ck_{table}_{name}'), type_='check')
            batch_op.create_check_constraint(op.f(f'ck_{table}_{name}'), f'kind IN ({allowed})')
    make_append_only('content_revision')


def upgrade() -> None:
    _allow_kinds('framework', 'duties', 'programmes', *KINDS_BEFORE[2:])
    op.create_table('declared_relative',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('relation', sa.Enum('spouse', 'parent_child', 'sibling', 'in_law', 'other', name='relation', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('relative_id', sa.Integer(), nullable=True),
    sa.Column('declared_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_declared_relative_person_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['relative_id'], ['person.id'], name=op.f('fk_declared_relative_relative_id_person'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_declared_relative')),
    sa.UniqueConstraint('person_id', 'name', name=op.f('uq_declared_relative_person_id_name')),
    sa.UniqueConstraint('public_id', name=op.f('uq_declared_relative_public_id'))
    )
    op.create_table('holiday_year',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('holidays', sa.JSON(), nullable=False),
    sa.Column('workdays', sa.JSON(), nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['entered_by_id'], ['person.id'], name=op.f('fk_holiday_year_entered_by_id_person'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holiday_year')),
    sa.UniqueConstraint('public_id', name=op.f('uq_holiday_year_public_id')),
    sa.UniqueConstraint('year', name=op.f('uq_holiday_year_year'))
    )
    op.create_table('programme_enrolment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('programme', sa.String(length=40), nullable=False),
    sa.Column('enrolled_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_programme_enrolment_person_id_person'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_programme_enrolment')),
    sa.UniqueConstraint('person_id', 'programme', name=op.f('uq_programme_enrolment_person_id_programme')),
    sa.UniqueConstraint('public_id', name=op.f('uq_programme_enrolment_public_id'))
    )
    op.create_table('selection_round',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('state', sa.Enum('draft', 'open', 'closed', 'ranked', 'posted', 'decided', 'filed', 'cancelled', name='round_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('notice_days', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(length=200), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_reason', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['created_by_id'], ['person.id'], name=op.f('fk_selection_round_created_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_selection_round_unit_id_org_unit'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_round')),
    sa.UniqueConstraint('public_id', name=op.f('uq_selection_round_public_id'))
    )
    with op.batch_alter_table('selection_round', schema=None) as batch_op:
        batch_op.create_index('ix_selection_round_unit_id_state', ['unit_id', 'state'], unique=False)

    op.create_table('public_notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('edition', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('running', 'replaced', 'taken_down', name='notice_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('posted_on', sa.Date(), nullable=False),
    sa.Column('working_days', sa.Integer(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('days', sa.JSON(), nullable=False),
    sa.Column('channel', sa.String(length=200), nullable=False),
    sa.Column('lines', sa.JSON(), nullable=False),
    sa.Column('extensions', sa.JSON(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('posted_by_id', sa.Integer(), nullable=False),
    sa.Column('posted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['posted_by_id'], ['person.id'], name=op.f('fk_public_notice_posted_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['selection_round.id'], name=op.f('fk_public_notice_round_id_selection_round'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_public_notice')),
    sa.UniqueConstraint('public_id', name=op.f('uq_public_notice_public_id')),
    sa.UniqueConstraint('round_id', 'edition', name=op.f('uq_public_notice_round_id_edition'))
    )
    with op.batch_alter_table('public_notice', schema=None) as batch_op:
        batch_op.create_index('uq_public_notice_running', ['round_id'], unique=True, sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))

    op.create_table('selection_place',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('post', sa.Enum('inspection', 'information', 'mediation_service', 'follow_up', 'grid_leader', name='place_post', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('employment', sa.Enum('full_time', 'part_time', 'village_auxiliary', name='place_employment', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.CheckConstraint('number BETWEEN 1 AND 99', name=op.f('ck_selection_place_number_1_to_99')),
    sa.ForeignKeyConstraint(['round_id'], ['selection_round.id'], name=op.f('fk_selection_place_round_id_selection_round'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_selection_place_unit_id_org_unit'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_place')),
    sa.UniqueConstraint('public_id', name=op.f('uq_selection_place_public_id')),
    sa.UniqueConstraint('round_id', 'unit_id', 'post', 'employment', name=op.f('uq_selection_place_round_id_unit_id_post_employment'))
    )
    op.create_table('selection_ranking',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('snapshot', sa.Text(), nullable=False),
    sa.Column('snapshot_digest', sa.String(length=64), nullable=False),
    sa.Column('list_text', sa.Text(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['made_by_id'], ['person.id'], name=op.f('fk_selection_ranking_made_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['selection_round.id'], name=op.f('fk_selection_ranking_round_id_selection_round'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_ranking')),
    sa.UniqueConstraint('public_id', name=op.f('uq_selection_ranking_public_id')),
    sa.UniqueConstraint('round_id', name=op.f('uq_selection_ranking_round_id'))
    )
    op.create_table('selection_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('rule', sa.JSON(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('set_by_id', sa.Integer(), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['selection_round.id'], name=op.f('fk_selection_rule_round_id_selection_round'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['set_by_id'], ['person.id'], name=op.f('fk_selection_rule_set_by_id_person'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_rule')),
    sa.UniqueConstraint('public_id', name=op.f('uq_selection_rule_public_id')),
    sa.UniqueConstraint('round_id', 'version', name=op.f('uq_selection_rule_round_id_version'))
    )
    op.create_table('selection_application',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('place_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('submitted', 'incomplete', 'complete', 'examined', 'not_endorsed', 'not_ready', 'ranked', 'proposed', 'approved', 'refused', 'filed', 'withdrawn', 'not_placed', 'cancelled', name='case_state', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('source', sa.Enum('social_organisation', 'company', 'owners_committee', 'community_cadre', 'legal_worker', 'party_delegate', 'peoples_mediator', 'village_auxiliary', 'resident', name='case_source', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('statement', sa.String(length=500), nullable=False),
    sa.Column('stated_on', sa.Date(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=True),
    sa.Column('missing', sa.JSON(), nullable=False),
    sa.Column('checked_by_id', sa.Integer(), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('filed_by_id', sa.Integer(), nullable=True),
    sa.Column('filed_on', sa.Date(), nullable=True),
    sa.Column('filing_number', sa.String(length=60), nullable=False),
    sa.Column('filing_office', sa.String(length=60), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['checked_by_id'], ['person.id'], name=op.f('fk_selection_application_checked_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['decided_by_id'], ['person.id'], name=op.f('fk_selection_application_decided_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entered_by_id'], ['person.id'], name=op.f('fk_selection_application_entered_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['filed_by_id'], ['person.id'], name=op.f('fk_selection_application_filed_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_selection_application_person_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['place_id'], ['selection_place.id'], name=op.f('fk_selection_application_place_id_selection_place'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['selection_round.id'], name=op.f('fk_selection_application_round_id_selection_round'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_application')),
    sa.UniqueConstraint('public_id', name=op.f('uq_selection_application_public_id'))
    )
    with op.batch_alter_table('selection_application', schema=None) as batch_op:
        batch_op.create_index('ix_selection_application_person_id', ['person_id'], unique=False)
        batch_op.create_index('ix_selection_application_round_id_state', ['round_id', 'state'], unique=False)
        batch_op.create_index('uq_selection_application_live', ['round_id', 'person_id'], unique=True, sqlite_where=sa.text("state <> 'withdrawn'"), postgresql_where=sa.text("state <> 'withdrawn'"))

    op.create_table('objection',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('notice_id', sa.Integer(), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=True),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('channel', sa.Enum('page', 'phone', 'letter', 'visit', name='objection_channel', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('text', sa.String(length=1000), nullable=False),
    sa.Column('contact', sa.String(length=60), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=True),
    sa.Column('is_upheld', sa.Boolean(create_constraint=True, name='is_upheld'), nullable=True),
    sa.Column('answer', sa.String(length=1000), nullable=False),
    sa.Column('answered_by_id', sa.Integer(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(answered_at IS NULL) = (is_upheld IS NULL)', name=op.f('ck_objection_answered_whole')),
    sa.ForeignKeyConstraint(['answered_by_id'], ['person.id'], name=op.f('fk_objection_answered_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['application_id'], ['selection_application.id'], name=op.f('fk_objection_application_id_selection_application'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entered_by_id'], ['person.id'], name=op.f('fk_objection_entered_by_id_person'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['notice_id'], ['public_notice.id'], name=op.f('fk_objection_notice_id_public_notice'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['selection_round.id'], name=op.f('fk_objection_round_id_selection_round'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_objection')),
    sa.UniqueConstraint('public_id', name=op.f('uq_objection_public_id')),
    sa.UniqueConstraint('round_id', 'number', name=op.f('uq_objection_round_id_number'))
    )
    op.create_table('selection_opinion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('application_id', sa.Integer(), nullable=False),
    sa.Column('body', sa.Enum('party_committee', 'residents_committee', name='opinion_body', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('is_agreed', sa.Boolean(create_constraint=True, name='is_agreed'), nullable=False),
    sa.Column('text', sa.String(length=1000), nullable=False),
    sa.Column('signer', sa.String(length=60), nullable=False),
    sa.Column('dated', sa.Date(), nullable=False),
    sa.Column('given_by_id', sa.Integer(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['selection_application.id'], name=op.f('fk_selection_opinion_application_id_selection_application'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['given_by_id'], ['person.id'], name=op.f('fk_selection_opinion_given_by_id_person'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_opinion')),
    sa.UniqueConstraint('application_id', 'body', name=op.f('uq_selection_opinion_application_id_body')),
    sa.UniqueConstraint('application_id', 'given_by_id', name=op.f('uq_selection_opinion_application_id_given_by_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_selection_opinion_public_id'))
    )
    for table in APPEND_ONLY:
        make_append_only(table)


def downgrade() -> None:
    for table in APPEND_ONLY:
        lift_append_only(table)
    op.drop_table('selection_opinion')
    op.drop_table('objection')
    with op.batch_alter_table('selection_application', schema=None) as batch_op:
        batch_op.drop_index('uq_selection_application_live', sqlite_where=sa.text("state <> 'withdrawn'"), postgresql_where=sa.text("state <> 'withdrawn'"))
        batch_op.drop_index('ix_selection_application_round_id_state')
        batch_op.drop_index('ix_selection_application_person_id')

    op.drop_table('selection_application')
    op.drop_table('selection_rule')
    op.drop_table('selection_ranking')
    op.drop_table('selection_place')
    with op.batch_alter_table('public_notice', schema=None) as batch_op:
        batch_op.drop_index('uq_public_notice_running', sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))

    op.drop_table('public_notice')
    with op.batch_alter_table('selection_round', schema=None) as batch_op:
        batch_op.drop_index('ix_selection_round_unit_id_state')

    op.drop_table('selection_round')
    op.drop_table('programme_enrolment')
    op.drop_table('holiday_year')
    op.drop_table('declared_relative')
    op.execute("DELETE FROM content_current WHERE kind = 'programmes'")
    lift_append_only('content_revision')
    op.execute("DELETE FROM content_revision WHERE kind = 'programmes'")
    make_append_only('content_revision')
    _allow_kinds(*KINDS_BEFORE)
