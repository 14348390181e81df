"""The rounds of the demo: one filed, one on notice with an objection, one still open, and the chain behind them."""

import sqlalchemy as sa

from lms.core import clock
from lms.duties.models import DutyStanding
from lms.duties.rules import DutyState
from lms.people.models import Person
from lms.people.rules import StaffState
from lms.selection.models import Objection, PublicNotice, SelectionApplication, SelectionRound
from lms.selection.rules import CaseState, RoundState
from lms.selection.services import ranking
from tests.conftest import Site


def test_one_round_is_filed_and_one_is_on_notice_with_an_objection(demo_site: Site) -> None:
    with demo_site.db.reading() as session:
        found = {each.state: each for each in session.scalars(sa.select(SelectionRound))}
        assert set(found) == {RoundState.FILED, RoundState.POSTED, RoundState.OPEN}
        open_ones = session.scalars(sa.select(Objection).where(Objection.answered_at.is_(None))).all()
        assert len(open_ones) == 1
        running = sa.select(PublicNotice.ends_on).where(PublicNotice.round_id == found[RoundState.POSTED].id)
        assert session.scalars(running).one() >= clock.today()
        waiting = sa.select(SelectionApplication.id).where(SelectionApplication.state == CaseState.SUBMITTED)
        assert len(session.scalars(waiting).all()) == 1
        for each in (found[RoundState.FILED], found[RoundState.POSTED]):
            assert ranking.recompute(session, each.public_id).same


def test_who_was_filed_is_on_duty_with_duties_that_opened(demo_site: Site) -> None:
    with demo_site.db.reading() as session:
        filed = session.scalars(
            sa.select(Person)
            .join(SelectionApplication, SelectionApplication.person_id == Person.id)
            .where(SelectionApplication.state == CaseState.FILED)
        ).all()
        assert len(filed) == 3
        assert {each.state for each in filed} == {StaffState.ACTIVE}
        opened = session.scalars(
            sa.select(DutyStanding.duty_key).where(
                DutyStanding.person_id.in_([each.id for each in filed]), DutyStanding.state == DutyState.OPEN
            )
        ).all()
        assert opened
