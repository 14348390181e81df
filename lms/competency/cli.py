"""``lms competency``: proving that kept levels are what the rule says."""

import click

from lms.access.identity import CONSOLE
from lms.competency import queries, services
from lms.core import clock
from lms.core.console import Console


@click.group("competency")
def group() -> None:
    """Competency levels and the evidence behind them."""


@group.command("rebuild")
@click.option("--check", is_flag=True, help="only compare; exit code 1 and a line for each difference")
@click.pass_obj
def rebuild(console: Console, check: bool) -> None:
    """Compute all levels anew from the evidence, as of today's business date."""
    db = console.open_database()
    now = clock.now()
    with db.reading() as reader:
        persons = queries.persons_with_something(reader)
    found: list[services.Difference] = []
    with click.progressbar(persons, label="能力等级 / levels") as bar:
        for person_id in bar:
            if check:
                with db.reading() as reader:
                    found += services.differences(reader, CONSOLE, person_id, today=clock.local_date(now))
            else:
                with db.writing() as session:
                    found += services.rebuild(session, CONSOLE, person_id, now=now)
    for each in found:
        click.echo(f"✗ {each}" if check else f"→ {each}")
    if check and found:
        raise click.ClickException(
            f"{len(found)} 处和佐证对不上，运行 lms competency rebuild / "
            f"{len(found)} differences; run lms competency rebuild"
        )
    click.echo(f"✓ {len(persons)} 人，改了 {len(found)} 处 / {len(persons)} people, {len(found)} mended")
