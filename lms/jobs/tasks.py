"""The worker process: a relay that hands due outbox rows to the queue, and the queue's consumer.

The queue (huey) carries job ids and nothing else. It lives in a file of its own on SQLite, in the same
database on PostgreSQL. What it forgets when a worker is killed, the relay hands over again.
"""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import sqlalchemy as sa
from huey import Huey, PostgresHuey, SqliteHuey

from lms.core import clock
from lms.core.db import Database
from lms.jobs import queries, services

log = logging.getLogger("lms.jobs")

RELAY_SECONDS = 0.5
HANDED_OVER_SECONDS = 30
"""A try handed to the queue is not handed over again within this time; the next try has a due time of its own."""


def make_queue(engine: sa.Engine, folder: Path) -> Huey:
    """Return the queue that goes with the database: a file in ``folder``, or tables beside ours."""
    if engine.dialect.name == "postgresql":
        url = engine.url.set(drivername="postgresql")
        return PostgresHuey("lms", dsn=url.render_as_string(hide_password=False), results=False)
    folder.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("lms", filename=str(folder / "queue.sqlite"), fsync=False, results=False)


class Worker:
    """One worker process. ``sweep`` is called once a minute to add the periodic jobs that are due."""

    def __init__(
        self,
        db: Database,
        queue: Huey,
        handlers: Mapping[str, services.Handler],
        *,
        lease: timedelta,
        sweep: Callable[[Database], None] | None = None,
    ) -> None:
        self.db = db
        self.queue = queue
        self.handlers = handlers
        self.lease = lease
        self.sweep = sweep
        self._stop = threading.Event()
        self._handed: dict[tuple[int, datetime], float] = {}

        def run_job(job_id: int) -> None:
            services.run(self.db, job_id, self.handlers, self.lease)

        self._task = queue.task(name="run_job")(run_job)

    def relay(self) -> int:
        """Hand over the jobs that are due now; return how many."""
        now = clock.real_now()
        with self.db.reading() as session:
            waiting = queries.waiting_jobs(session, now)
        moment = now.timestamp()
        self._handed = {key: at for key, at in self._handed.items() if moment - at < HANDED_OVER_SECONDS}
        fresh = [each for each in waiting if each not in self._handed]
        for job_id, due_at in fresh:
            self._task(job_id)
            self._handed[job_id, due_at] = moment
        return len(fresh)

    def work_off(self) -> int:
        """Run everything that is due, in this thread, until nothing is left. For tests and the demo."""
        count = 0
        while True:
            with self.db.reading() as session:
                waiting = queries.waiting_jobs(session, clock.real_now())
            if not waiting:
                return count
            for job_id, _ in waiting:
                count += services.run(self.db, job_id, self.handlers, self.lease)

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ask the worker to end after the job in hand."""
        self._stop.set()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        self.queue.flush()  # whatever it still holds, the outbox knows better
        consumer = self.queue.create_consumer(
            workers=1, worker_type="thread", periodic=False, initial_delay=0.1, max_delay=0.5
        )
        consumer.start()
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        log.info("worker ready")
        swept = 0.0
        while not self._stop.wait(RELAY_SECONDS):
            try:
                moment = clock.real_now().timestamp()
                if self.sweep is not None and moment - swept >= 60:
                    self.sweep(self.db)
                    swept = moment
                self.relay()
            except sa.exc.OperationalError:
                log.exception("the outbox could not be read; trying again")
        consumer.stop(graceful=True)
