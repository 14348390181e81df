"""Adding work to the outbox, and running it so that a kill at any moment loses and doubles nothing.

The life of a job: ``enqueue`` in the caller's transaction → the relay hands its id to the queue → ``run``
takes a lease → the handler works in steps, each a short transaction that may be repeated → ``JobRun.finish``
in the handler's last transaction. Whoever is killed leaves an expired lease; the relay hands it out again.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.core import clock
from lms.core.db import Database, guarded_update
from lms.core.errors import Conflict
from lms.core.ids import new_public_id
from lms.jobs.models import Job
from lms.jobs.rules import MAX_ATTEMPTS, JobState, wait_before

log = logging.getLogger("lms.jobs")


@dataclass(frozen=True)
class JobRun:
    """What a handler is given: the job's values, the database, and the lease it works under."""

    db: Database
    job_id: int
    public_id: str
    name: str
    payload: Mapping[str, Any]
    owner_id: int | None
    attempt: int
    lease_token: str

    def progress(self, session: Session, done: int, total: int) -> None:
        """Note how far the work is, in the transaction of the step that got it there.

        Raises Conflict when the lease has passed to another worker: this one must stop.
        """
        _under_lease(session, self.job_id, self.lease_token, progress_done=done, progress_total=total)

    def finish(self, session: Session, result: Mapping[str, Any] | None = None) -> None:
        """Mark the job done, in the handler's last transaction. Raises Conflict when the lease is lost."""
        _under_lease(
            session,
            self.job_id,
            self.lease_token,
            state=JobState.DONE,
            lease_until=None,
            finished_at=clock.real_now(),
            result=dict(result or {}),
        )


Handler = Callable[[JobRun], None]


def _under_lease(session: Session, job_id: int, lease_token: str, **values: object) -> None:
    statement = (
        sa.update(Job)
        .where(Job.id == job_id, Job.state == JobState.LEASED, Job.lease_token == lease_token)
        .values(**values)
    )
    if not guarded_update(session, statement):
        raise Conflict("jobs.lease_lost", job=job_id)


def enqueue(
    session: Session,
    name: str,
    payload: Mapping[str, Any],
    *,
    dedupe_key: str,
    owner_id: int | None = None,
    due_at: datetime | None = None,
) -> Job:
    """Add a job in the caller's transaction, or return the one that already has this ``dedupe_key``.

    ``payload``: ids and plain options only. ``due_at``: real time, now when left out.
    """
    existing = session.scalar(sa.select(Job).where(Job.dedupe_key == dedupe_key))
    if existing is not None:
        return existing
    now = clock.real_now()
    job = Job(
        public_id=new_public_id(),
        name=name,
        payload=dict(payload),
        dedupe_key=dedupe_key,
        state=JobState.QUEUED,
        owner_id=owner_id,
        created_at=now,
        due_at=due_at or now,
        attempts=0,
        progress_done=0,
        progress_total=0,
        result={},
    )
    session.add(job)
    session.flush()  # the caller needs the id, and a second request with this key must fail here
    return job


def claim(session: Session, job_id: int, lease: timedelta) -> Job | None:
    """Take the lease of a due job and return it, or None when it is done, failed, early or in other hands."""
    now = clock.real_now()
    free = sa.or_(
        sa.and_(Job.state == JobState.QUEUED, Job.due_at <= now),
        sa.and_(Job.state == JobState.LEASED, Job.lease_until < now),
    )
    statement = (
        sa.update(Job)
        .where(Job.id == job_id, free)
        .values(
            state=JobState.LEASED,
            lease_until=now + lease,
            lease_token=new_public_id(),
            attempts=Job.attempts + 1,
        )
    )
    if not guarded_update(session, statement):
        return None
    return session.scalar(sa.select(Job).where(Job.id == job_id).execution_options(populate_existing=True))


def give_back(session: Session, run: JobRun, error: str) -> None:
    """After an error: queue the job for a later try, or mark it failed after the last one."""
    now = clock.real_now()
    if run.attempt >= MAX_ATTEMPTS:
        _under_lease(
            session,
            run.job_id,
            run.lease_token,
            state=JobState.FAILED,
            lease_until=None,
            finished_at=now,
            error=error[:2000],
        )
    else:
        _under_lease(
            session,
            run.job_id,
            run.lease_token,
            state=JobState.QUEUED,
            lease_until=None,
            due_at=now + wait_before(run.attempt + 1),
            error=error[:2000],
        )


@contextmanager
def _heartbeat(db: Database, run: JobRun, lease: timedelta) -> Iterator[None]:
    """Prolong the lease while the handler works, from a thread of its own."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(lease.total_seconds() / 4):
            try:
                with db.writing() as session:
                    _under_lease(session, run.job_id, run.lease_token, lease_until=clock.real_now() + lease)
            except Conflict:
                return
            except sa.exc.OperationalError:
                log.warning("job %s: the lease could not be prolonged, trying again", run.public_id)

    thread = threading.Thread(target=beat, name=f"lease-{run.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def run(db: Database, job_id: int, handlers: Mapping[str, Handler], lease: timedelta) -> bool:
    """Run one job to its end. True when it was ours to run, whatever came of it.

    The handler must call ``JobRun.finish``; one that returns without is given back as an error.
    """
    with db.writing() as session:
        job = claim(session, job_id, lease)
        if job is None:
            return False
        work = JobRun(
            db=db,
            job_id=job.id,
            public_id=job.public_id,
            name=job.name,
            payload=dict(job.payload),
            owner_id=job.owner_id,
            attempt=job.attempts,
            lease_token=job.lease_token,
        )
    try:
        with _heartbeat(db, work, lease):
            handlers[work.name](work)
        with db.reading() as session:
            state = session.scalar(sa.select(Job.state).where(Job.id == job_id))
        if state is JobState.LEASED:
            raise RuntimeError(f"handler {work.name} returned without finishing its job")
    except Conflict as error:
        if error.code != "jobs.lease_lost":
            _return_after_error(db, work, error)
    except Exception as error:
        _return_after_error(db, work, error)
    return True


def _return_after_error(db: Database, work: JobRun, error: Exception) -> None:
    log.exception("job %s (%s) failed at try %s", work.public_id, work.name, work.attempt)
    try:
        with db.writing() as session:
            give_back(session, work, f"{type(error).__name__}: {error}")
    except Conflict:
        log.info("job %s has passed to another worker", work.public_id)
