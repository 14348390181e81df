"""``lms jobs``: the worker and a look into the outbox."""

import logging
from datetime import timedelta

import click

from lms.core import clock
from lms.core.clock import SHANGHAI
from lms.core.console import Console
from lms.core.db import Database
from lms.jobs import queries, tasks
from lms.jobs.rules import JobState

log = logging.getLogger("lms.jobs")


@click.group("jobs")
def group() -> None:
    """Long work: the worker process and the outbox."""


@group.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]), help="only jobs in this state")
@click.option("--limit", default=30, show_default=True, help="how many, latest first")
@click.pass_obj
def list_jobs(console: Console, state: str | None, limit: int) -> None:
    """List jobs, latest first."""
    with console.open_database().reading() as session:
        statement = queries.all_jobs().limit(limit)
        if state is not None:
            statement = statement.filter_by(state=JobState(state))
        rows = session.scalars(statement).all()
    if not rows:
        click.echo("没有任务 / no jobs")
    for job in rows:
        when = job.created_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        click.echo(
            f"{job.public_id}  {when}  {job.state.value:<7} {job.progress_done}/{job.progress_total}"
            f"  try {job.attempts}  {job.name}" + (f"  {job.error}" if job.error else "")
        )


@group.command("work")
@click.pass_obj
def work(console: Console) -> None:
    """Work off the outbox until stopped. ``lms serve`` starts exactly one of these."""
    settings = console.settings
    logging.basicConfig(level=settings.log_level, format="%(asctime)s worker %(levelname)s %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)
    db = console.open_database()
    clock.pretend(timedelta(days=settings.clock_offset_days))
    if not settings.is_production:
        clock.follow(settings.clock_hand)

    def sweep(database: Database) -> None:
        clock.look()
        for each in console.schedule:
            try:
                each(database)
            except Exception:  # one broken part must stop neither the others nor the worker
                log.exception("a scheduled part failed; it is tried again in a minute")

    tasks.Worker(
        db,
        tasks.make_queue(db.engine, settings.instance),
        console.handlers,
        lease=timedelta(seconds=settings.job_lease_seconds),
        sweep=sweep,
    ).run()
