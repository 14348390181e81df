"""The worker: what it hands over, and that a kill loses and doubles nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from huey import Huey

from lms.core import clock
from lms.core.db import Database
from lms.jobs.models import Job
from lms.jobs.rules import JobState
from lms.jobs.services import Handler, JobRun, enqueue
from lms.jobs.tasks import HANDED_OVER_SECONDS, Worker, make_queue
from tests.conftest import Site
from tests.world import NOW

LEASE = timedelta(seconds=20)


@pytest.fixture
def queue(empty_site: Site) -> Iterator[Huey]:
    """The queue that goes with the database."""
    queue = make_queue(empty_site.db.engine, empty_site.settings.instance)
    yield queue
    queue.storage.close()


def finish(job: JobRun) -> None:
    with job.db.writing() as session:
        job.finish(session)


def fail_once(job: JobRun) -> None:
    if job.attempt == 1:
        raise RuntimeError("the first try")
    finish(job)


def make_worker(site: Site, queue: Huey, handler: Handler = finish) -> Worker:
    return Worker(site.db, queue, {"test.work": handler}, lease=LEASE)


def add(db: Database, *keys: str) -> None:
    with db.writing() as session:
        for key in keys:
            enqueue(session, "test.work", {}, dedupe_key=key)


def states(db: Database) -> list[JobState]:
    with db.reading() as session:
        return list(session.scalars(sa.select(Job.state).order_by(Job.id)))


def consume(queue: Huey) -> int:
    """Do what the queue's consumer does with each id it holds."""
    count = 0
    while queue.pending_count():  # asking an empty queue of PostgreSQL waits a second
        queue.execute(queue.dequeue())
        count += 1
    return count


def test_due_jobs_go_through_the_queue_and_are_done(empty_site: Site, queue: Huey) -> None:
    worker = make_worker(empty_site, queue)
    add(empty_site.db, "a", "b")
    assert worker.relay() == 2
    assert states(empty_site.db) == [JobState.QUEUED] * 2
    assert consume(queue) == 2
    assert states(empty_site.db) == [JobState.DONE] * 2
    assert worker.relay() == 0


def test_an_id_is_not_handed_over_twice_while_it_waits_in_the_queue(empty_site: Site, queue: Huey) -> None:
    worker = make_worker(empty_site, queue)
    add(empty_site.db, "a")
    assert [worker.relay(), worker.relay()] == [1, 0]
    clock.freeze(NOW + timedelta(seconds=HANDED_OVER_SECONDS))
    assert worker.relay() == 1  # the queue seems to have forgotten it
    assert consume(queue) == 2  # it had not: the second time the job is simply done already
    assert states(empty_site.db) == [JobState.DONE]


def test_a_new_try_is_handed_over_as_soon_as_it_is_due(empty_site: Site, queue: Huey) -> None:
    worker = make_worker(empty_site, queue, fail_once)
    add(empty_site.db, "a")
    worker.relay()
    consume(queue)
    assert worker.relay() == 0
    clock.freeze(NOW + timedelta(seconds=2))
    assert worker.relay() == 1
    consume(queue)
    assert states(empty_site.db) == [JobState.DONE]


def test_what_the_queue_forgot_a_new_worker_hands_over_again(empty_site: Site, queue: Huey) -> None:
    add(empty_site.db, "a")
    assert make_worker(empty_site, queue).relay() == 1
    queue.flush()
    assert consume(queue) == 0
    after_restart = make_queue(empty_site.db.engine, empty_site.settings.instance)
    assert make_worker(empty_site, after_restart).relay() == 1
    consume(after_restart)
    after_restart.storage.close()
    assert states(empty_site.db) == [JobState.DONE]


def test_working_off_runs_everything_that_is_due_also_what_the_work_adds(empty_site: Site, queue: Huey) -> None:
    db = empty_site.db

    def add_another(job: JobRun) -> None:
        if job.attempt == 1 and len(states(db)) < 5:
            add(db, f"next{len(states(db))}")
        finish(job)

    add(db, "a", "b")
    with db.writing() as session:
        enqueue(session, "test.work", {}, dedupe_key="later", due_at=NOW + timedelta(minutes=1))
    worker = make_worker(empty_site, queue, add_another)
    assert worker.work_off() == 4
    assert states(db).count(JobState.DONE) == 4
    clock.freeze(NOW + timedelta(minutes=1))
    assert worker.work_off() == 1
    assert worker.work_off() == 0


def test_working_off_does_not_spin_on_a_job_that_fails(empty_site: Site, queue: Huey) -> None:
    add(empty_site.db, "a", "b")
    worker = make_worker(empty_site, queue, fail_once)
    assert worker.work_off() == 2
    clock.freeze(NOW + timedelta(seconds=2))
    assert worker.work_off() == 2
    assert states(empty_site.db) == [JobState.DONE] * 2


# --- real processes ------------------------------------------------------------------------------------------------

PROGRAM = """
import pathlib, runpy, sys, threading
import sqlalchemy as sa
from lms import registry
from lms.jobs.services import enqueue

MARK = pathlib.Path(sys.argv.pop())

def count(job):
    with job.db.reading() as session:
        done = session.scalar(sa.text("SELECT count(*) FROM effect"))
    for step in range(done + 1, 6):
        with job.db.writing() as session:
            session.execute(
                sa.text("INSERT INTO effect (step, attempt) VALUES (:step, :attempt)"),
                {"step": step, "attempt": job.attempt},
            )
            job.progress(session, step, 5)
            if step == 3 and job.attempt == 1:
                MARK.touch()
                threading.Event().wait()  # killed here, in the middle of a transaction
    with job.db.writing() as session:
        job.finish(session, {"steps": 5})

def tick(job):
    with job.db.writing() as session:
        job.finish(session)

def broken(db):
    raise RuntimeError("a broken part of the schedule")

def periodic(db):
    with db.writing() as session:
        enqueue(session, "test.tick", {}, dedupe_key="test.tick 2026-11-24")

registry.JOB_HANDLERS = {"test.count": count, "test.tick": tick}
registry.SCHEDULE = (broken, periodic)
runpy.run_module("lms", run_name="__main__")  # python -m lms jobs work
"""


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until the condition holds; fail when the process ends or a minute passes before."""
    pause = threading.Event()
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the worker ended"
        assert time.monotonic() < end, "it took too long"
        pause.wait(0.05)


def test_a_worker_that_is_killed_in_a_job_is_followed_by_one_that_does_it_exactly_once(
    empty_site: Site, tmp_path: Path
) -> None:
    clock.unfreeze()  # the processes have the machine's clock
    db = empty_site.db
    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE effect (step INTEGER PRIMARY KEY, attempt INTEGER NOT NULL)")
    with db.writing() as session:
        job_id = enqueue(session, "test.count", {}, dedupe_key="count").id
    program, mark = tmp_path / "program.py", tmp_path / "mark"
    program.write_text(PROGRAM, encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LMS_")},
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "LMS_INSTANCE": str(empty_site.settings.instance),
        "LMS_DATABASE_URL": empty_site.settings.database_url,
        "LMS_JOB_LEASE_SECONDS": "1",
    }

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, program, "jobs", "work", mark],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )

    def job() -> Job:
        with db.reading() as session:
            return session.get_one(Job, job_id)

    def periodic() -> Job | None:
        with db.reading() as session:
            return session.scalars(sa.select(Job).where(Job.name == "test.tick")).one_or_none()

    def all_done() -> bool:
        tick = periodic()
        return job().state is JobState.DONE and tick is not None and tick.state is JobState.DONE

    log = (tmp_path / "log").open("ab")
    first = start()
    try:
        wait_for(mark.exists, first)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert job().state is JobState.LEASED
    second = start()
    try:
        wait_for(all_done, second)
        second.send_signal(signal.SIGTERM)
        assert second.wait(10) == 0
    finally:
        second.kill()
        second.wait()
        log.close()
    with db.engine.connect() as connection:
        effects = [tuple(row) for row in connection.exec_driver_sql("SELECT step, attempt FROM effect ORDER BY step")]
    assert effects == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2)]
    assert (job().attempts, job().result, job().progress_done) == (2, {"steps": 5}, 5)
    tick = periodic()  # a broken part of the schedule keeps neither the others nor the worker from going on
    assert tick is not None
    assert (tick.state, tick.attempts) == (JobState.DONE, 1)
    assert "a broken part of the schedule" in (tmp_path / "log").read_text(encoding="utf-8")
