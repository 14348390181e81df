"""Reading the outbox."""

from datetime import datetime, timedelta

import pytest

from lms.access.identity import CONSOLE, Identity
from lms.core.errors import NotFound
from lms.jobs import queries
from lms.jobs.rules import JobState
from lms.jobs.services import enqueue
from tests.conftest import Site
from tests.world import NOW

SECOND = timedelta(seconds=1)


def person(person_id: int) -> Identity:
    return Identity(person_id=person_id, public_id=f"p{person_id}")


@pytest.mark.parametrize(
    ("state", "due_at", "lease_until", "waits"),
    [
        (JobState.QUEUED, NOW, None, True),
        (JobState.QUEUED, NOW - SECOND, None, True),
        (JobState.QUEUED, NOW + SECOND, None, False),
        (JobState.LEASED, NOW - SECOND, NOW - SECOND, True),  # its worker was killed
        (JobState.LEASED, NOW - SECOND, NOW, False),
        (JobState.LEASED, NOW - SECOND, NOW + SECOND, False),
        (JobState.DONE, NOW - SECOND, None, False),
        (JobState.FAILED, NOW - SECOND, None, False),
    ],
)
def test_what_waits_is_due_or_has_lost_its_worker(
    empty_site: Site, state: JobState, due_at: datetime, lease_until: datetime | None, waits: bool
) -> None:
    with empty_site.db.writing() as session:
        job = enqueue(session, "test.wait", {}, dedupe_key="wait", due_at=due_at)
        job.state, job.lease_until = state, lease_until
        job_id = job.id
    with empty_site.db.reading() as session:
        assert queries.waiting_jobs(session, NOW) == ([(job_id, due_at)] if waits else [])


def test_what_is_due_longest_comes_first_and_only_so_many(empty_site: Site) -> None:
    with empty_site.db.writing() as session:
        ids = {
            minutes: enqueue(
                session, "test.wait", {}, dedupe_key=str(minutes), due_at=NOW - timedelta(minutes=minutes)
            ).id
            for minutes in (1, 3, 2)
        }
    with empty_site.db.reading() as session:
        assert [job_id for job_id, _ in queries.waiting_jobs(session, NOW)] == [ids[3], ids[2], ids[1]]
        assert [job_id for job_id, _ in queries.waiting_jobs(session, NOW, limit=1)] == [ids[3]]
        assert [job.id for job in session.scalars(queries.all_jobs())] == sorted(ids.values(), reverse=True)


def test_a_job_is_seen_by_whoever_began_it_and_by_the_console(empty_site: Site) -> None:
    with empty_site.db.writing() as session:
        mine = enqueue(session, "test.see", {}, dedupe_key="mine", owner_id=1).public_id
        nobodys = enqueue(session, "test.see", {}, dedupe_key="nobody").public_id
    with empty_site.db.reading() as session:
        assert queries.job_seen_by(session, person(1), mine).public_id == mine
        assert queries.job_seen_by(session, CONSOLE, nobodys).public_id == nobodys
        for identity, public_id in ((person(2), mine), (person(1), nobodys), (person(1), "unknown")):
            with pytest.raises(NotFound, match=r"jobs\.not_found"):
                queries.job_seen_by(session, identity, public_id)
