"""The pairs of the demo: in every state that officials, mentors and newcomers meet, made by the same rules."""

import sqlalchemy as sa

from lms.core import clock
from lms.demo.mentoring import PAIRINGS
from lms.mentoring import queries
from lms.mentoring.models import MentoringPair, MentoringSession
from lms.mentoring.rules import LIVE, PairState, SessionState
from tests.conftest import Site


def test_pairs_and_sessions_stand_in_many_states(demo_site: Site) -> None:
    with demo_site.db.reading() as session:
        pairs = list(session.scalars(sa.select(MentoringPair)))
        assert len(pairs) == len(PAIRINGS)
        states = {each.state for each in pairs}
        assert {
            PairState.PROPOSED,
            PairState.ACTIVE,
            PairState.EXTENDED,
            PairState.COMPLETED,
            PairState.ENDED,
        } <= states
        sessions = set(session.scalars(sa.select(MentoringSession.state)))
        assert {SessionState.WAITING, SessionState.CONFIRMED, SessionState.UNCONFIRMED} <= sessions


def test_nobody_has_two_mentors_and_no_mentor_three_newcomers(demo_site: Site) -> None:
    with demo_site.db.reading() as session:
        live = list(session.scalars(sa.select(MentoringPair).where(MentoringPair.state.in_(LIVE))))
        newcomers = [each.newcomer_id for each in live]
        assert len(newcomers) == len(set(newcomers))
        mentors = [each.mentor_id for each in live]
        assert max(mentors.count(each) for each in mentors) <= 2


def test_a_checkpoint_is_late_and_a_session_waits(demo_site: Site) -> None:
    today = clock.today()
    with demo_site.db.reading() as session:
        rows = session.execute(queries._pairs(today)).all()
        assert any(queries.pair_view(row).overdue for row in rows)
        assert queries.unanswered(session, clock.now(), 10) == []
