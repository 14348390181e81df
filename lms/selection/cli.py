"""``lms selection``: does the published list follow from what was frozen?"""

import sys

import click

from lms.core.console import Console
from lms.core.errors import NotFound
from lms.selection.services import ranking

NOT_THE_SAME = 1


@click.group("selection")
def group() -> None:
    """Selection rounds and their lists."""


# Rounds made earlier may have a name that begins with a hyphen.
@group.command("recompute", context_settings={"ignore_unknown_options": True})
@click.argument("round_id", metavar="ROUND")
@click.pass_context
def recompute(ctx: click.Context, round_id: str) -> None:
    """Compute the list of ROUND again, from its snapshot and the rule in it alone, and print it to the byte.

    The list goes to standard output, the verdict to standard error. Exit code 0: the published list. 1: another one,
    or the snapshot was changed since. 2: the round has no list.
    """
    console: Console = ctx.obj
    with console.open_database().reading() as session:
        try:
            found = ranking.recompute(session, round_id)
        except NotFound as error:
            raise click.UsageError(console.words(error)) from error
    sys.stdout.buffer.write(found.text.encode())
    sys.stdout.buffer.flush()
    click.echo(f"SHA-256: {found.digest}", err=True)
    if not found.snapshot_intact:
        click.echo("✗ 冻结的数据被改动过 / the frozen inputs were changed", err=True)
    if not found.same:
        click.echo("✗ 和公布的综合得分名单不一致 / not the published list", err=True)
    if not (found.same and found.snapshot_intact):
        ctx.exit(NOT_THE_SAME)
    click.echo("✓ 和公布的综合得分名单逐字节一致 / the published list, byte for byte", err=True)
