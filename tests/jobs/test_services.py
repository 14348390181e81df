"""The life of a job: added once, run by one, handed on when its worker is lost, given up after enough tries."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict
from lms.jobs import services
from lms.jobs.models import Job
from lms.jobs.rules import MAX_ATTEMPTS, JobState, wait_before
from lms.jobs.services import JobRun, claim, enqueue
from lms.people.models import ThrottleHit
from tests.conftest import Site
from tests.racing import all_fine, together
from tests.world import NOW

LEASE = timedelta(seconds=20)
LATER = NOW + LEASE + timedelta(seconds=1)


def add(db: Database, key: str = "one", name: str = "test.work") -> int:
    with db.writing() as session:
        return enqueue(session, name, {"rows": [1, 2]}, dedupe_key=key, owner_id=7).id


def row(db: Database) -> Job:
    with db.reading() as session:
        return session.scalars(sa.select(Job)).one()


def taken(db: Database, job_id: int) -> JobRun:
    """Take the lease as a worker does."""
    with db.writing() as session:
        job = claim(session, job_id, LEASE)
        assert job is not None
        return JobRun(
            db=db,
            job_id=job.id,
            public_id=job.public_id,
            name=job.name,
            payload=job.payload,
            owner_id=job.owner_id,
            attempt=job.attempts,
            lease_token=job.lease_token,
        )


def finish(job: JobRun) -> None:
    with job.db.writing() as session:
        job.finish(session, {"rows": 2})


def run(db: Database, job_id: int, handler: Callable[[JobRun], None]) -> bool:
    return services.run(db, job_id, {"test.work": handler}, LEASE)


# --- adding ----------------------------------------------------------------------------------------------------


def test_a_job_is_added_in_the_transaction_of_the_act(empty_site: Site) -> None:
    db = empty_site.db
    with db.new_writer() as session:
        enqueue(session, "test.work", {}, dedupe_key="one")
        session.rollback()
    with db.reading() as session:
        assert session.scalars(sa.select(Job)).all() == []
    add(db)
    job = row(db)
    assert (job.state, job.attempts, job.lease_token, job.owner_id) == (JobState.QUEUED, 0, "", 7)
    assert job.payload == {"rows": [1, 2]}
    assert job.created_at == job.due_at == NOW


def test_the_same_key_gives_the_same_job_whatever_became_of_it(empty_site: Site) -> None:
    db = empty_site.db
    first = add(db)
    assert add(db) == first
    assert run(db, first, finish)
    assert add(db) == first
    assert row(db).state is JobState.DONE
    assert add(db, key="two") != first


def test_two_requests_with_one_key_at_once_leave_one_job(empty_site: Site) -> None:
    """The loser finds the row (SQLite) or is told by the unique index (PostgreSQL); it never adds a second."""
    outcomes = together(*[lambda: add(empty_site.db)] * 4)
    job_id = row(empty_site.db).id
    for outcome in outcomes:
        assert outcome == job_id or isinstance(outcome, sa.exc.IntegrityError)
    assert job_id in outcomes


# --- the lease ---------------------------------------------------------------------------------------------------


def test_of_two_racing_workers_one_gets_the_lease(empty_site: Site) -> None:
    db = empty_site.db
    ids = [add(db, key=str(number)) for number in range(12)]

    def take(job_id: int) -> str | None:
        with db.writing() as session:
            job = claim(session, job_id, LEASE)
            return job.lease_token if job is not None else None

    for job_id in ids:
        tokens = all_fine(together(*[lambda job_id=job_id: take(job_id)] * 2))
        assert len([token for token in tokens if token]) == 1, tokens
    with db.reading() as session:
        assert set(session.scalars(sa.select(Job.attempts))) == {1}


def test_a_lease_holds_until_its_end_and_is_handed_out_again_afterwards(empty_site: Site) -> None:
    db = empty_site.db
    job_id = add(db)
    first = taken(db, job_id)
    for moment, free in ((NOW, False), (NOW + LEASE, False), (LATER, True)):
        clock.freeze(moment)
        with db.new_writer() as session:
            assert (claim(session, job_id, LEASE) is not None) is free
            session.rollback()
    second = taken(db, job_id)
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.lease_token != second.lease_token


def test_a_job_that_is_early_or_over_is_not_handed_out(empty_site: Site) -> None:
    db = empty_site.db
    with db.writing() as session:
        early = enqueue(session, "test.work", {}, dedupe_key="early", due_at=LATER).id
    assert not run(db, early, finish)
    clock.freeze(LATER)
    assert run(db, early, finish)
    assert not run(db, early, finish)
    assert not run(db, early + 1, finish)  # there is no such job


def test_a_worker_that_lost_its_lease_can_neither_finish_nor_note_progress(empty_site: Site) -> None:
    db = empty_site.db
    job_id = add(db)
    late = taken(db, job_id)
    clock.freeze(LATER)
    heir = taken(db, job_id)

    def late_step() -> None:
        with db.writing() as session:
            session.add(ThrottleHit(key="effect", at=NOW))
            late.progress(session, 1, 2)

    with pytest.raises(Conflict, match=r"jobs\.lease_lost"):
        late_step()
    with pytest.raises(Conflict, match=r"jobs\.lease_lost"):
        finish(late)
    with db.reading() as session:  # the effect of the late step went with its transaction
        assert session.scalars(sa.select(ThrottleHit)).all() == []
    finish(heir)
    assert row(db).state is JobState.DONE
    with pytest.raises(Conflict):
        finish(heir)


def test_the_lease_is_prolonged_while_the_handler_works(empty_site: Site) -> None:
    db = empty_site.db
    job_id = add(db)
    prolonged: list[bool] = []

    def long_work(job: JobRun) -> None:
        clock.freeze(NOW + timedelta(seconds=5))
        pause = threading.Event()
        for _ in range(100):
            until = row(db).lease_until
            assert until is not None
            if until > NOW + timedelta(seconds=5):
                prolonged.append(True)
                break
            pause.wait(0.02)
        finish(job)

    assert services.run(db, job_id, {"test.work": long_work}, timedelta(seconds=0.2))
    assert prolonged
    assert row(db).state is JobState.DONE


# --- running -------------------------------------------------------------------------------------------------------


def test_a_handler_gets_the_values_and_its_finish_is_the_end(empty_site: Site) -> None:
    db = empty_site.db
    job_id = add(db)
    given: list[JobRun] = []

    def work(job: JobRun) -> None:
        given.append(job)
        with db.writing() as session:
            job.progress(session, 1, 2)
        assert (row(db).progress_done, row(db).progress_total) == (1, 2)
        finish(job)

    assert run(db, job_id, work)
    (job,) = given
    assert (job.name, dict(job.payload), job.owner_id, job.attempt) == ("test.work", {"rows": [1, 2]}, 7, 1)
    done = row(db)
    assert (done.state, done.result, done.finished_at) == (JobState.DONE, {"rows": 2}, NOW)
    assert (done.lease_until, done.error) == (None, "")


def test_a_step_that_breaks_off_leaves_neither_effect_nor_progress(empty_site: Site) -> None:
    db = empty_site.db

    def half(job: JobRun) -> None:
        with db.writing() as session:
            session.add(ThrottleHit(key="effect", at=NOW))
            job.progress(session, 1, 2)
            raise RuntimeError("the power went")

    run(db, add(db), half)
    with db.reading() as session:
        assert session.scalars(sa.select(ThrottleHit)).all() == []
    assert row(db).progress_done == 0


def test_an_error_means_a_later_try_then_another_and_at_last_a_failed_job(empty_site: Site) -> None:
    db = empty_site.db
    job_id = add(db)
    tries: list[int] = []

    def fail(job: JobRun) -> None:
        tries.append(job.attempt)
        raise RuntimeError(f"try {job.attempt}")

    for attempt in range(1, MAX_ATTEMPTS):
        assert run(db, job_id, fail)
        job = row(db)
        assert (job.state, job.attempts, job.error) == (JobState.QUEUED, attempt, f"RuntimeError: try {attempt}")
        assert job.due_at == clock.real_now() + wait_before(attempt + 1)
        assert not run(db, job_id, fail)  # not before its time
        clock.freeze(job.due_at)
    assert run(db, job_id, fail)
    job = row(db)
    assert (job.state, job.attempts, job.lease_until) == (JobState.FAILED, MAX_ATTEMPTS, None)
    assert job.finished_at == clock.real_now()
    clock.freeze(clock.real_now() + timedelta(days=1))
    assert not run(db, job_id, fail)
    assert tries == list(range(1, MAX_ATTEMPTS + 1))


def test_a_second_try_can_succeed(empty_site: Site) -> None:
    db = empty_site.db
    job_id = add(db)

    def fail_once(job: JobRun) -> None:
        if job.attempt == 1:
            raise RuntimeError
        finish(job)

    run(db, job_id, fail_once)
    clock.freeze(row(db).due_at)
    assert run(db, job_id, fail_once)
    assert row(db).state is JobState.DONE


def test_a_handler_that_forgets_to_finish_is_an_error(empty_site: Site) -> None:
    db = empty_site.db
    assert run(db, add(db), lambda _job: None)
    job = row(db)
    assert job.state is JobState.QUEUED
    assert "without finishing" in job.error


def test_a_job_that_nobody_knows_how_to_do_is_kept_with_its_error(empty_site: Site) -> None:
    """Rows may outlive a release: an older worker must not lose the work of a newer one."""
    db = empty_site.db
    job_id = add(db, name="test.unknown")
    assert run(db, job_id, finish)
    job = row(db)
    assert (job.state, job.error) == (JobState.QUEUED, "KeyError: 'test.unknown'")


def test_losing_the_lease_in_the_middle_is_no_error_of_the_job(empty_site: Site) -> None:
    db = empty_site.db
    job_id = add(db)

    def overtaken(job: JobRun) -> None:
        clock.freeze(LATER)
        taken(db, job_id)
        finish(job)

    assert run(db, job_id, overtaken)
    job = row(db)
    assert (job.state, job.attempts, job.error) == (JobState.LEASED, 2, "")


def test_a_worker_that_fails_after_losing_its_lease_leaves_the_heir_alone(empty_site: Site) -> None:
    db = empty_site.db
    job_id = add(db)

    def overtaken(_job: JobRun) -> None:
        clock.freeze(LATER)
        taken(db, job_id)
        raise RuntimeError("too late to matter")

    assert run(db, job_id, overtaken)
    job = row(db)
    assert (job.state, job.attempts, job.error) == (JobState.LEASED, 2, "")


def test_a_conflict_of_the_work_itself_is_an_error_like_others(empty_site: Site) -> None:
    db = empty_site.db

    def refuse(_job: JobRun) -> None:
        raise Conflict("people.state.moved_on")

    run(db, add(db), refuse)
    job = row(db)
    assert (job.state, job.error) == (JobState.QUEUED, "Conflict: people.state.moved_on()")


def test_a_long_error_text_is_cut_not_refused(empty_site: Site) -> None:
    db = empty_site.db

    def shout(_job: JobRun) -> None:
        raise RuntimeError("长" * 5_000)

    run(db, add(db), shout)
    assert len(row(db).error) == 2_000
