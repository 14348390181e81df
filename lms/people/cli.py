"""``lms people``: the first administrator, roles, rosters."""

import click

from lms.access.identity import CONSOLE, GRANTABLE, Role
from lms.core import clock
from lms.core.console import Console
from lms.core.errors import LMSError
from lms.people import queries
from lms.people.services import accounts, founding, roles
from lms.people.services.passwords import Passwords


@click.group("people")
def group() -> None:
    """Persons, units and roles."""


@group.command("add-admin")
@click.argument("staff_number")
@click.argument("name")
@click.option("--unit", "unit_name", default="本街道", show_default=True, help="sub-district, made when missing")
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
@click.option("--unit", "unit_name", default=None, help="name of the unit; the person's own when left out")
@click.pass_obj
def grant(console: Console, staff_number: str, role: str, unit_name: str | None) -> None:
    """Give the person with STAFF_NUMBER a ROLE at once. Audited as console."""
    try:
        with console.open_database().writing() as session:
            person = queries.person_with_staff_number(session, staff_number)
            unit = person.unit if unit_name is None else queries.unit_named(session, unit_name)
            roles.grant_from_console(session, CONSOLE, person, Role(role), unit, now=clock.now())
            done = f"{person.name} ({person.staff_number}): {role} → {unit.name}"
    except LMSError as error:
        raise click.ClickException(console.words(error)) from error
    click.echo(done)
