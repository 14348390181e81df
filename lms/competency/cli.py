"""``lms competency``: proving that kept levels are what the rule says."""

import click

from lms.access.identity import CONSOLE
from lms.competency import queries, services
from lms.core import clock
from lms.core.console import Console, rebuild_kept


@click.group("competency")
def group() -> None:
    """Competency levels and the evidence behind them."""


@group.command("rebuild")
@click.option("--check", is_flag=True, help="only compare; exit code 1 and a line for each difference")
@click.pass_obj
def rebuild(console: Console, check: bool) -> None:
    """Compute all levels anew from the evidence, as of today's business date."""
    now = clock.now()
    rebuild_kept(
        console,
        "lms competency rebuild",
        "能力等级 / levels",
        persons=queries.persons_with_something,
        step=lambda session, person_id: (
            services.differences(session, CONSOLE, person_id, today=clock.local_date(now))
            if check
            else services.rebuild(session, CONSOLE, person_id, now=now)
        ),
        check=check,
    )
