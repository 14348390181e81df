"""``lms demo``: the made-up sub-district."""

from pathlib import Path

import click

from lms import backup
from lms.core.console import Console
from lms.core.db import Database
from lms.demo import load as demo
from lms.migrations import run as migrations
from lms.people import queries as people


@click.group("demo")
def group() -> None:
    """The made-up sub-district."""


@group.command("load")
@click.pass_obj
def load(console: Console) -> None:
    """Load the demo into an empty database. One that was cut short is cleared away first, after a copy."""
    db = console.open_database()
    with db.reading() as session:
        was_cut_short = not (people.is_empty(session) or people.real_people_exist(session) or demo.is_complete(session))
    if was_cut_short:
        copy = _empty(console, db, label="before-demo-again")
        click.echo(f"  上次没有载完，从头再来；原来的在 / the last load was cut short, begin again; the former: {copy}")
    demo.load(db, console.settings, lambda line: click.echo(f"  {line}"))
    click.echo("✓ 演示数据已载入 / the demo is loaded")


@group.command("clear")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_obj
def clear(console: Console, yes: bool) -> None:
    """Empty the database again, after a copy. Refused once real people are entered."""
    db = console.open_database()
    with db.reading() as session:
        if people.real_people_exist(session):
            raise click.ClickException(
                "已经有真实人员，不能清空 / real people are entered, the database is not emptied"
            )
    if not yes:
        click.confirm("清空演示数据？/ Empty the demo?", abort=True)
    copy = _empty(console, db, label="before-clear")
    click.echo(f"✓ 已清空，原来的在 / emptied, the former one: {copy}")


def _empty(console: Console, db: Database, *, label: str) -> Path:
    """Empty the database after a copy; return the copy. The files that papers were made into stay, for the copy."""
    url = console.settings.database_url
    copy = backup.backup(url, console.settings.instance / "backups", label=label)
    db.engine.dispose()
    migrations.downgrade(url, "base")
    migrations.upgrade(url)
    return copy
