"""``lms demo``: the made-up sub-district."""

from datetime import timedelta
from pathlib import Path

import click

from lms import backup
from lms.access.identity import CONSOLE, Role
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
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


@group.command("clock")
@click.option("--forward", "days", type=click.IntRange(1, 3650), help="move business time so many days forward")
@click.pass_obj
def move_clock(console: Console, days: int | None) -> None:
    """Show the demo's date, or move it forward: notices end, certificates run out. It never goes back.

    A server that runs follows at the next page, its worker within a minute.
    """
    settings = console.settings
    db = console.open_database()
    with db.reading() as session:
        is_demo = people.demo_people_exist(session)  # also with people whom somebody entered while trying it
    if settings.is_production or not is_demo:
        raise click.ClickException("只有演示可以拨时间 / only the demo's time can be moved")
    clock.follow(settings.clock_hand)
    ahead = clock.offset().days
    if days is not None:
        ahead += days
        with db.writing() as session:
            moved = clock.now() + timedelta(days=days)
            target = ("clock", "1")
            audit.record(
                session, CONSOLE, Role.CONSOLE, AuditTag.DEMO_CLOCK_MOVED, target, now=moved, diff={"days": days}
            )
        waiting = settings.clock_hand.with_suffix(".new")
        waiting.write_text(str(ahead), encoding="ascii")
        waiting.replace(settings.clock_hand)
        clock.look()
    click.echo(f"{clock.today()}  比真的日子晚 {ahead} 天 / {ahead} days ahead")


def _empty(console: Console, db: Database, *, label: str) -> Path:
    """Empty the database after a copy; return the copy. The files that papers were made into stay, for the copy."""
    url = console.settings.database_url
    copy = backup.backup(url, console.settings.instance / "backups", label=label)
    db.engine.dispose()
    console.settings.clock_hand.unlink(missing_ok=True)
    migrations.downgrade(url, "base")
    migrations.upgrade(url)
    return copy
