"""``lms certificates``: is a file one of ours?"""

import hashlib
from pathlib import Path

import click

from lms.certification import queries
from lms.certification.rules import PublicStatus
from lms.core import clock
from lms.core.console import Console

WORDS = {
    PublicStatus.VALID: "有效 / valid",
    PublicStatus.EXPIRED: "已过期 / expired",
    PublicStatus.REVOKED: "已注销 / revoked",
}
NOT_OURS, NOT_IN_FORCE = 1, 3


@click.group("certificates")
def group() -> None:
    """Certificates and their papers."""


@group.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def verify(ctx: click.Context, file: Path) -> None:
    """Compare FILE with every paper that was issued, to the byte.

    Exit code 0: issued by us and valid. 1: not issued by us, or changed. 3: issued by us, expired or revoked.
    """
    console: Console = ctx.obj
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    click.echo(f"SHA-256: {digest}")
    with console.open_database().reading() as session:
        found = queries.registered(session, digest, clock.today())
    if found is None:
        click.echo("✗ 不是本单位印发的文件，或者被改动过 / not issued here, or changed since")
        ctx.exit(NOT_OURS)
    click.echo(f"✓ 本单位印发 / issued here: {found.title} {found.number}")
    if found.edition < found.last_edition:
        click.echo(f"  后来补发过，这是第 {found.edition} 份 / reissued since, this is paper {found.edition}")
    click.echo(f"  状态 / status: {WORDS[found.status]}，有效期至 / valid to {found.expires_on.isoformat()}")
    if found.status is not PublicStatus.VALID:
        ctx.exit(NOT_IN_FORCE)
