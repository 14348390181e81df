"""``lms people``: the first administrator, roles, rosters."""

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import click

from lms.access.identity import CONSOLE, GRANTABLE, Role
from lms.core import clock
from lms.core.console import Console
from lms.core.db import Database
from lms.core.errors import LMSError
from lms.jobs import queries as outbox
from lms.jobs import services as jobs
from lms.jobs.rules import JobState
from lms.people import queries
from lms.people.formats.error_file import error_file
from lms.people.formats.headings import Field
from lms.people.formats.sheet import read_table
from lms.people.forms import note_words, wrong_words
from lms.people.services import accounts, founding, roles, roster
from lms.people.services.founding import UNNAMED_OFFICE
from lms.people.services.passwords import Passwords

ROWS_LEFT = 3
"""Exit code when the file was read but some of its rows are not, or would not be, entered."""


@click.group("people")
def group() -> None:
    """Persons, units and roles."""


@group.command("add-admin")
@click.argument("staff_number")
@click.argument("name")
@click.option("--unit", "unit_name", default=UNNAMED_OFFICE, show_default=True, help="sub-district, made when missing")
@click.pass_obj
def add_admin(console: Console, staff_number: str, name: str, unit_name: str) -> None:
    """Add a system administrator NAME with STAFF_NUMBER and print the slip with the first password."""
    settings = console.settings
    prepared = accounts.prepare_code(Passwords(settings.argon2_memory_kib, settings.argon2_time))
    now = clock.now()
    try:
        with console.open_database().writing() as session:
            office = founding.found_office(session, unit_name, now=now)
            person = founding.add_administrator(session, staff_number, name, prepared, office, now=now)
            lines = founding.slip(
                person.name, person.staff_number, prepared.code, f"http://{settings.host}:{settings.port}"
            )
    except LMSError as error:
        raise click.ClickException(console.words(error)) from error
    click.echo("\n".join(lines))


@group.command("grant")
@click.argument("staff_number")
@click.argument("role", type=click.Choice([role.value for role in GRANTABLE]))
@click.option(
    "--unit",
    "unit_name",
    default=None,
    help="name of the unit; when left out the person's own, for an official the sub-district above it",
)
@click.pass_obj
def grant(console: Console, staff_number: str, role: str, unit_name: str | None) -> None:
    """Give the person with STAFF_NUMBER a ROLE at once. Audited as console."""
    try:
        with console.open_database().writing() as session:
            person = queries.person_with_staff_number(session, staff_number)
            if unit_name is not None:
                unit = queries.unit_named(session, unit_name)
            else:
                office = queries.office_of(session, person.unit.path) if role == Role.OFFICIAL else None
                unit = office or person.unit
            roles.grant_from_console(session, CONSOLE, person, Role(role), unit, now=clock.now())
            done = f"{person.name} ({person.staff_number}): {role} → {unit.name}"
    except LMSError as error:
        raise click.ClickException(console.words(error)) from error
    click.echo(done)


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--unit", "unit_name", required=True, help="the unit the roster is for")
@click.option("--enter", is_flag=True, help="enter the good rows; without it nothing is changed")
@click.option("--dry-run", is_flag=True, help="check only (what happens without --enter)")
@click.option(
    "--state", type=click.Choice([state.value for state in roster.STATES]), default="trainee", show_default=True
)
@click.option("--make-units", is_flag=True, help="enter missing communities and grids too")
@click.option("--column", "columns", multiple=True, metavar="FIELD=HEADING", help="instead of the guess")
@click.option("--errors", "errors_to", type=click.Path(dir_okay=False, path_type=Path), help="write wrong rows here")
@click.pass_context
def import_roster(
    ctx: click.Context,
    file: Path,
    unit_name: str,
    enter: bool,
    dry_run: bool,
    state: str,
    make_units: bool,
    columns: Sequence[str],
    errors_to: Path | None,
) -> None:
    """Check the roster FILE (.xlsx, .csv) row by row, and with --enter bring it in.

    Exit code: 0 all rows are fine, 3 some rows are wrong or in doubt, 1 the file or the unit was refused.
    An import that is killed goes on with the worker of ``lms serve``; run again, it enters nobody twice.
    """
    if enter and dry_run:
        raise click.UsageError("--enter and --dry-run exclude each other")
    console: Console = ctx.obj
    db = console.open_database()
    content = file.read_bytes()
    try:
        table = read_table(file.name, content)
        with db.reading() as session:
            examined = roster.examine(
                session,
                CONSOLE,
                queries.unit_named(session, unit_name),
                table,
                today=clock.today(),
                state=state,
                makes_units=make_units,
                columns=_chosen(columns),
            )
        _print_check(examined)
        if not enter:
            left = [(each.line, [note.as_json() for note in each.notes]) for each in examined.wrong()]
            cells = {row.line: row.cells for row in examined.rows}
            click.echo("没有存任何东西；加 --enter 才导入 / nothing was changed; --enter brings it in")
        else:
            with db.writing() as session:
                unit = queries.unit_named(session, unit_name)
                digest = hashlib.sha256(content).hexdigest()
                begun = roster.begin(session, CONSOLE, unit, examined, file.name, digest, now=clock.now())
                public_id, begun_id = begun.public_id, begun.id
                has_ready = any(each.state in roster.READY for each in examined.verdicts)
                job = roster.start(session, CONSOLE, begun) if has_ready else None
            if job is not None:
                _work(console, db, job)
            with db.reading() as session:
                found = roster.not_entered(session, public_id)
                left = [(row.line, row.notes) for row in found]
                cells = {row.line: row.cells for row in found}
                counts = roster.row_counts(session, begun_id)
            click.echo(f"✓ 导入 / entered: {counts.get('entered', 0)}")
    except LMSError as error:
        raise click.ClickException(console.words(error)) from error
    for line, notes in left:
        click.echo(f"✗ 第 {line} 行 / line {line}: {wrong_words(notes)}")
    if errors_to is not None and left:
        errors_to.write_bytes(
            error_file(
                examined.headings,
                examined.dropped(),
                [(line, cells[line], wrong_words(notes)) for line, notes in left],
                line_heading="原来的行",
                problem_heading="哪里有问题",
            )
        )
        click.echo(f"有问题的行在 / wrong rows: {errors_to}")
    ctx.exit(ROWS_LEFT if left else 0)


def _chosen(columns: Sequence[str]) -> dict[Field, str]:
    chosen: dict[Field, str] = {}
    for each in columns:
        name, _, heading = each.partition("=")
        if name not in {field.value for field in Field} or not heading:
            raise click.UsageError(f"--column {each}: FIELD is one of {', '.join(field.value for field in Field)}")
        chosen[Field(name)] = heading
    return chosen


def _print_check(examined: roster.Examined) -> None:
    for field, index in examined.columns.items():
        click.echo(f"{field.value:<13} ← {examined.headings[index]}")
    for index in sorted(examined.dropped()):
        click.echo(f"不保存 / not kept ← {examined.headings[index]}")
    for number, why, text in examined.left_out:
        click.echo(f"  第 {number} 行不是人员 / line {number} is nobody: {why} {text}")
    for verdict in examined.verdicts:
        tidied: list[Mapping[str, object]] = [note.as_json() for note in verdict.notes if not note.is_error]
        if tidied:
            click.echo(f"  第 {verdict.line} 行 / line {verdict.line}: " + "；".join(map(note_words, tidied)))
    counts = "  ".join(f"{state}: {count}" for state, count in sorted(examined.counts().items()))
    click.echo(f"共 {len(examined.rows)} 行 / rows  {counts}")


def _work(console: Console, db: Database, public_id: str) -> None:
    """Run the job here, or watch the worker that took it first, until it is over."""
    with db.reading() as session:
        job_id = session.scalars(outbox.all_jobs().filter_by(public_id=public_id)).one().id
    lease = timedelta(seconds=console.settings.job_lease_seconds)
    own = threading.Thread(target=jobs.run, args=(db, job_id, console.handlers, lease))
    own.start()
    with click.progressbar(length=1, label="导入 / entering") as bar:
        while True:
            with db.reading() as session:
                job = session.scalars(outbox.all_jobs().filter_by(public_id=public_id)).one()
            bar.length = job.progress_total or 1
            bar.update(job.progress_done - bar.pos)
            if job.state in {JobState.DONE, JobState.FAILED}:
                break
            if not own.is_alive():
                own = threading.Thread(target=jobs.run, args=(db, job_id, console.handlers, lease))
                own.start()  # not ours yet: a worker has it, or it waits for its next try
            time.sleep(0.2)
    own.join()
    if job.state is JobState.FAILED:
        raise click.ClickException(f"{public_id}: {job.error}")
