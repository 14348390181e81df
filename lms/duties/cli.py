"""``lms duties``: proving that kept lists are what the rule says."""

import click

from lms.access.identity import CONSOLE
from lms.core import clock
from lms.core.console import Console, rebuild_kept
from lms.duties import queries, services


@click.group("duties")
def group() -> None:
    """Duty lists of persons."""


@group.command("rebuild")
@click.option("--check", is_flag=True, help="only compare; exit code 1 and a line for each difference")
@click.pass_obj
def rebuild(console: Console, check: bool) -> None:
    """Compute all duty lists anew from levels, certificates, posts and states, as of today's business date."""
    now = clock.now()
    rebuild_kept(
        console,
        "lms duties rebuild",
        "职责清单 / duty lists",
        persons=queries.persons_with_lists,
        step=lambda session, person_id: (
            services.differences(session, CONSOLE, person_id, today=clock.local_date(now))
            if check
            else services.rebuild(session, CONSOLE, person_id, now=now)
        ),
        check=check,
    )
