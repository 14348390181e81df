"""What every command of ``lms`` is given."""

import click
import pytest
from click.testing import CliRunner

from lms import registry
from lms.cli import main
from lms.core.console import Console
from lms.core.errors import Conflict, NotFound
from tests.conftest import Site


def test_a_command_gets_settings_database_words_handlers_and_schedule(
    empty_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Console] = []

    @click.command()
    @click.pass_obj
    def probe(console: Console) -> None:
        given.append(console)
        db = console.open_database()
        with db.reading() as session:
            click.echo(session.connection().dialect.name)
        db.engine.dispose()

    monkeypatch.setitem(main.commands, "probe", probe)
    result = CliRunner().invoke(
        main,
        ["probe"],
        env={
            "LMS_INSTANCE": str(empty_site.settings.instance),
            "LMS_DATABASE_URL": empty_site.settings.database_url,
        },
    )
    assert result.exit_code == 0, result.output
    assert result.output.strip() == empty_site.db.engine.dialect.name
    (console,) = given
    assert console.settings.database_url == empty_site.settings.database_url
    assert console.handlers is registry.JOB_HANDLERS
    assert console.schedule is registry.SCHEDULE
    assert console.words(NotFound("jobs.not_found")) == "没有找到这件事的进度。"
    assert "%(" not in console.words(Conflict("people.staff_number.taken", value="CG0001"))
