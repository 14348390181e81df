"""The ``lms`` command: its root, ``serve`` and ``db``; packages add their groups through the registry."""

import logging
import sys
from pathlib import Path

import click

from lms import backup, doctor, registry, server
from lms.app import make_database
from lms.config import describe, load_settings
from lms.core.console import Console
from lms.core.db import JOB_BUSY_MS
from lms.core.errors import LMSError, SetupError
from lms.core.schema import current_revision, head_revision, require_head
from lms.demo.cli import group as demo_group
from lms.migrations import run as migrations
from lms.web.messages import Wordbook


class Root(click.Group):
    """Turns a SetupError into a sentence and exit code 2."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SetupError as error:
            click.echo(f"✗ {error}", err=True)
            ctx.exit(2)


@click.group(cls=Root)
@click.pass_context
def main(ctx: click.Context) -> None:
    """网格学堂 Grid Academy."""
    settings = load_settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    book = Wordbook(*registry.MESSAGES)

    def open_database() -> object:
        db = make_database(settings, busy_ms=JOB_BUSY_MS)
        ctx.call_on_close(db.engine.dispose)
        require_head(db.engine)
        return db

    def words(error: LMSError) -> str:
        text = str(book.words[error.code])
        return text % dict(error.params) if error.params else text

    ctx.obj = Console(
        settings=settings,
        open_database=open_database,  # type: ignore[arg-type]
        words=words,
        handlers=registry.JOB_HANDLERS,
        schedule=registry.SCHEDULE,
        content_types=registry.CONTENT_TYPES,
    )


@main.command("serve")
@click.pass_obj
def serve(console: Console) -> None:
    """Bring the schema up to date, then serve: web processes and one worker, until stopped."""
    sys.exit(server.serve(console.settings))


@main.command("web", hidden=True)
@click.pass_obj
def web(console: Console) -> None:
    """The web processes alone; ``lms serve`` starts them."""
    server.serve_web(console.settings)


@main.command("backup")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=None, help="folder; instance/backups when left out"
)
@click.pass_obj
def make_backup(console: Console, folder: Path | None) -> None:
    """Make a checked copy of database, certificates and keys, also while the product serves.

    Two files of one name; keep them together, and where only you can read them: the second holds the keys.
    """
    settings = console.settings
    target = backup.backup(settings.database_url, folder or settings.instance / "backups")
    click.echo(f"✓ 数据库 / database: {target} ({target.stat().st_size / 1e6:.1f} MB)")
    pack = backup.pack_files(settings.instance, target)
    click.echo(f"✓ 证书和密钥 / certificates and keys: {pack} ({pack.stat().st_size / 1e6:.1f} MB)")
    click.echo("两个文件放在一起，收好 / keep the two files together, in a safe place")


@main.command("restore")
@click.argument("copy", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="only prove that the copy can be restored; nothing is replaced")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_obj
def restore(console: Console, copy: Path, verify: bool, yes: bool) -> None:
    """Put a backup (its database file) in the place of the database, or with --verify only prove that it would work.

    The certificates and keys packed beside it come back too.
    """
    settings = console.settings
    if verify:
        for line in server.verify_backup(settings, copy):
            click.echo(line)
        return
    if not yes:
        click.confirm("用这份副本换掉现在的数据库？/ Replace the database by this copy?", abort=True)
    kept = server.restore_backup(settings, copy)
    click.echo("✓ 已恢复 / restored" + (f"；原来的在 / the former one: {kept}" if kept else ""))
    pack = backup.pack_of(copy)
    if not pack.exists():
        click.echo(f"! 没有 {pack.name}，证书文件和密钥没有恢复 / is missing, certificates and keys are not restored")
        return
    count, aside = backup.unpack_files(pack, settings.instance)
    click.echo(f"✓ 证书和密钥 / certificates and keys: {count}")
    for path in aside:
        click.echo(f"  原来的密钥在 / the former key: {path}")


@main.command("doctor")
@click.pass_obj
def examine(console: Console) -> None:
    """Look whether this machine has all that the product needs; exit code 1 when something is broken."""
    findings = doctor.examine(console.settings)
    for each in findings:
        click.echo(each.line)
    if any(each.health is doctor.Health.BROKEN for each in findings):
        sys.exit(1)


@main.group("db")
def database() -> None:
    """The database and its schema."""


@database.command("upgrade")
@click.pass_obj
def upgrade(console: Console) -> None:
    """Bring the schema up to date, after a copy of the database."""
    copy = server.upgrade_schema(console.settings)
    if copy is not None:
        click.echo(f"升级前的副本 / copy from before: {copy}")
    click.echo(f"✓ 数据库结构 / schema: {head_revision()}")


@database.command("check")
@click.pass_obj
def check(console: Console) -> None:
    """Say whether schema, models and migrations agree; exit code 1 when not."""
    settings = console.settings
    db = make_database(settings)
    click.get_current_context().call_on_close(db.engine.dispose)
    current, head = current_revision(db.engine), head_revision()
    click.echo(f"现在 / now: {current or '空 / empty'}")
    click.echo(f"需要 / needed: {head}")
    if current != head:
        raise click.ClickException("结构不是最新的，运行 lms db upgrade / run lms db upgrade")
    differences = migrations.differences(settings.database_url)
    for each in differences:
        click.echo(f"✗ {each}")
    if differences:
        raise click.ClickException("结构和代码不一致 / schema and code differ")
    click.echo("✓ 一致 / they agree")


@database.command("revision", hidden=True)
@click.argument("message")
@click.pass_obj
def revision(console: Console, message: str) -> None:
    """Write a new migration from the difference between models and database (developers)."""
    migrations.new_revision(console.settings.database_url, message)


@main.command("settings")
@click.option("--markdown", is_flag=True, help="as a table for docs/settings.md")
def settings_command(markdown: bool) -> None:
    """List every setting with its default and reason."""
    if markdown:
        click.echo(settings_table(), nl=False)
        return
    for variable, default, reason in describe():
        click.echo(f"{variable:<28} {default or '-':<14} {reason}")


def settings_table() -> str:
    """Return docs/settings.md's table."""
    lines = ["| setting | default | reason |", "|---|---|---|"]
    lines += [
        f"| `{variable}` | {f'`{default}`' if default else ''} | {reason} |" for variable, default, reason in describe()
    ]
    return "\n".join(lines) + "\n"


for _command in (*registry.COMMANDS, demo_group):
    main.add_command(_command)
