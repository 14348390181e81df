"""Reading the outbox."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.filters import visible
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core.errors import NotFound
from lms.jobs.models import Job
from lms.jobs.rules import JobState


def job_seen_by(session: Session, identity: Identity, public_id: str) -> Job:
    """Return a job that the identity started. Raises NotFound."""
    condition = visible(identity, Permission.JOB_SEE, owner=Job.owner_id)
    job = session.scalar(sa.select(Job).where(Job.public_id == public_id, condition))
    if job is None:
        raise NotFound("jobs.not_found")
    return job


def waiting_jobs(session: Session, now: datetime, limit: int = 100) -> list[tuple[int, datetime]]:
    """Return (id, due_at) of the jobs to hand over at real time ``now``: due ones and expired leases."""
    ready = sa.or_(
        sa.and_(Job.state == JobState.QUEUED, Job.due_at <= now),
        sa.and_(Job.state == JobState.LEASED, Job.lease_until < now),
    )
    statement = sa.select(Job.id, Job.due_at).where(ready).order_by(Job.due_at, Job.id).limit(limit)
    return [(row.id, row.due_at) for row in session.execute(statement)]


def all_jobs() -> sa.Select[Job]:
    """Return the select of all jobs, latest first."""
    return sa.select(Job).order_by(Job.id.desc())
