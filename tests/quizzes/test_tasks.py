"""The sweep of the worker."""

from datetime import timedelta

from lms import registry
from lms.core import clock
from lms.quizzes import queries, tasks
from lms.quizzes.rules import AttemptState
from tests.quizzes.conftest import Sitter
from tests.quizzes.papers import begin
from tests.world import NOW


def test_the_schedule_closes_what_is_overdue(sitter: Sitter) -> None:
    assert tasks.close_overdue in registry.SCHEDULE
    public_id = begin(sitter.db, sitter.me)
    clock.freeze(NOW + timedelta(hours=1))
    tasks.close_overdue(sitter.db)
    tasks.close_overdue(sitter.db)
    with sitter.db.reading() as session:
        attempt = queries.own_attempt(session, sitter.me, public_id)
    assert (attempt.state, attempt.marked_at) == (AttemptState.MARKED, NOW + timedelta(minutes=30))
