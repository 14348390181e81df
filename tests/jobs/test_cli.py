"""``lms jobs list``; ``lms jobs work`` is tried as a process in test_tasks."""

from datetime import timedelta

from click.testing import CliRunner, Result

from lms.cli import main
from lms.jobs.rules import JobState
from lms.jobs.services import enqueue
from tests.conftest import Site
from tests.world import NOW


def lms(site: Site, *arguments: str) -> Result:
    """Run an ``lms`` command on a site."""
    return CliRunner().invoke(
        main,
        list(arguments),
        env={"LMS_INSTANCE": str(site.settings.instance), "LMS_DATABASE_URL": site.settings.database_url},
    )


def fill(site: Site) -> None:
    with site.db.writing() as session:
        for number, state in enumerate(JobState):
            job = enqueue(session, f"test.{state.value}", {}, dedupe_key=state.value)
            job.created_at = NOW + timedelta(minutes=number)
            job.state, job.progress_done, job.progress_total = state, number, 9
            job.error = "RuntimeError: no paper" if state is JobState.FAILED else ""


def test_an_empty_outbox_says_so(empty_site: Site) -> None:
    result = lms(empty_site, "jobs", "list")
    assert result.exit_code == 0, result.output
    assert "no jobs" in result.output


def test_jobs_are_listed_latest_first_in_local_time_with_progress_and_error(empty_site: Site) -> None:
    fill(empty_site)
    result = lms(empty_site, "jobs", "list")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split("try 0  ")[1].split()[0] for line in lines] == [
        "test.failed",
        "test.done",
        "test.leased",
        "test.queued",
    ]
    assert "2026-11-24 10:03:00  failed  3/9" in lines[0]
    assert lines[0].endswith("RuntimeError: no paper")


def test_one_state_or_so_many(empty_site: Site) -> None:
    fill(empty_site)
    only = lms(empty_site, "jobs", "list", "--state", "leased").output.splitlines()
    assert len(only) == 1
    assert "test.leased" in only[0]
    assert len(lms(empty_site, "jobs", "list", "--limit", "3").output.splitlines()) == 3
    assert lms(empty_site, "jobs", "list", "--state", "paused").exit_code == 2
