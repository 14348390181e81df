"""``lms audit``: checking the chain."""

import click

from lms.audit import queries, services
from lms.core.console import Console

WORDS = {
    "edited": "被改过 / was edited",
    "missing": "不见了 / is missing",
    "moved": "不在原来的位置，是插进来或换过的 / was inserted or moved",
    "tail": "链的末尾对不上 / the end of the chain does not fit",
}


@click.group("audit")
def group() -> None:
    """The audit trail."""


@group.command("verify")
@click.pass_obj
def verify(console: Console) -> None:
    """Check every link of the chain; exit code 1 and a line for each place where it does not hold."""
    with console.open_database().reading() as session:
        count, breaks = services.verify(session)
        tip = queries.head(session)[1]
    for each in breaks:
        detail = f" ({each.detail})" if each.detail else ""
        click.echo(f"✗ 第 {each.seq} 条 / entry {each.seq}: {WORDS[each.kind]}{detail}")
    if breaks:
        raise click.ClickException(f"{len(breaks)} 处对不上 / {len(breaks)} breaks in {count} entries")
    click.echo(f"✓ {count} 条，每一环都对 / {count} entries, every link holds")
    click.echo(
        f"  末环 / last link: {count} {tip[:16]}（抄到机器外面，以后少了一截就对得出来 / "
        "note it outside this machine: it shows later whether the end was cut off)"
    )
