"""``lms duties``: proving that kept lists are what the rule says."""

import click

from lms.access.identity import CONSOLE
from lms.core import clock
from lms.core.console import Console
from lms.duties import queries, services


@click.group("duties")
def group() -> None:
    """Duty lists of persons."""


@group.command("rebuild")
@click.option("--check", is_flag=True, help="only compare; exit code 1 and a line for each difference")
@click.pass_obj
def rebuild(console: Console, check: bool) -> None:
    """Compute all duty lists anew from levels, certificates, posts and states, as of today's business date."""
    db = console.open_database()
    now = clock.now()
    with db.reading() as reader:
        persons = queries.persons_with_lists(reader)
    found: list[services.Difference] = []
    with click.progressbar(persons, label="职责清单 / duty lists") as bar:
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
            f"{len(found)} 处不一致，运行 lms duties rebuild / {len(found)} differences; run lms duties rebuild"
        )
    click.echo(f"✓ {len(persons)} 人，改了 {len(found)} 处 / {len(persons)} people, {len(found)} mended")
