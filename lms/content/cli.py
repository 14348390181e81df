"""``lms content``: checking the content files and taking them into the database."""

import click

from lms.access.identity import CONSOLE
from lms.content import services
from lms.content.content import examine
from lms.core import clock
from lms.core.console import Console


@click.group("content")
def group() -> None:
    """Courses, laws, question banks and other files of the content root."""


@group.command("check")
@click.option("--strict", is_flag=True, help="fail on warnings too (review_by passed, English missing)")
@click.pass_obj
def check(console: Console, strict: bool) -> None:
    """Print everything that is wrong with the files, at once; exit code 1 when they cannot be used. No database.

    Lines with · are planned: they wait for content that is not written yet, and are no fault.
    """
    found = examine(console.content_types, console.settings.content_root)
    for problem in found.problems:
        click.echo(f"{'!' if problem.is_warning else '✗'} {problem}")
    for gap in found.planned:
        click.echo(f"· {gap}")
    errors, warnings = len(found.problems.errors), len(found.problems.warnings)
    click.echo(
        f"内容 {len(found.bundles)} 份，问题 {errors} 处，提醒 {warnings} 处，"
        f"待补 {len(found.pending)} 条，计划中 {len(found.planned)} 处 / "
        f"{len(found.bundles)} texts, {errors} problems, {warnings} warnings, "
        f"{len(found.pending)} to be found out, {len(found.planned)} planned"
    )
    if errors or (strict and warnings):
        click.get_current_context().exit(1)


@group.command("sync")
@click.pass_obj
def sync(console: Console) -> None:
    """Take changed files into the database; what has problems is left out and its last good text stays."""
    found = examine(console.content_types, console.settings.content_root)
    with console.open_database().writing() as session:
        report = services.sync(session, CONSOLE, found.good, now=clock.now())
    for name in report.changed:
        click.echo(f"✓ {name}")
    for problem in found.problems.errors:
        click.echo(f"✗ {problem}", err=True)
    click.echo(
        f"更新 {len(report.changed)} 份，没变 {len(report.unchanged)} 份 / "
        f"{len(report.changed)} taken in, {len(report.unchanged)} unchanged"
    )
    if found.problems.errors:
        click.get_current_context().exit(1)
