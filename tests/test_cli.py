"""The root of the ``lms`` command: refusals become sentences, exit codes can be relied on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from lms.cli import main, settings_table
from lms.config import describe
from lms.core.schema import head_revision
from lms.migrations import run as migrations
from tests.conftest import Site, Templates

GROUPS = {"audit", "db", "demo", "jobs", "people"}


def lms(site: Site, *arguments: str, typed: str = "", **environment: str) -> Result:
    """Run an ``lms`` command on a site."""
    return CliRunner().invoke(
        main,
        list(arguments),
        input=typed,
        env={
            "LMS_INSTANCE": str(site.settings.instance),
            "LMS_DATABASE_URL": site.settings.database_url,
            **environment,
        },
    )


def test_the_groups_are_there_and_inner_commands_are_hidden(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--help"], env={"LMS_INSTANCE": str(tmp_path)})
    assert result.exit_code == 0
    shown = set(re.findall(r"^  ([a-z]+) ", result.output, re.MULTILINE))
    assert shown >= GROUPS | {"backup", "restore", "serve", "settings"}
    assert "web" not in shown


def test_every_command_says_in_a_sentence_what_it_does() -> None:
    for name, command in main.commands.items():
        assert command.help, name
        for inner, each in getattr(command, "commands", {}).items():
            assert each.help, f"{name} {inner}"


def test_python_m_lms_is_the_same_command(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "lms", "settings"],
        env={"LMS_INSTANCE": str(tmp_path)},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "LMS_DATABASE_URL" in result.stdout


def test_a_wrong_setting_gives_a_sentence_and_exit_code_2_not_a_traceback(empty_site: Site) -> None:
    result = lms(empty_site, "db", "check", LMS_PORT="eighty")
    assert result.exit_code == 2
    assert result.stderr.startswith("✗ LMS_PORT='eighty'")
    assert "Traceback" not in result.output


# --- db ----------------------------------------------------------------------------------------------------------


def test_upgrade_makes_the_schema_and_a_second_time_changes_nothing(templates: Templates, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}" if templates.backend == "sqlite" else templates.server().create("cli")
    environment = {"LMS_INSTANCE": str(tmp_path / "instance"), "LMS_DATABASE_URL": url}
    before = CliRunner().invoke(main, ["db", "check"], env=environment)
    assert before.exit_code == 1
    assert "run lms db upgrade" in before.output
    for _ in range(2):
        result = CliRunner().invoke(main, ["db", "upgrade"], env=environment)
        assert result.exit_code == 0, result.output
        assert head_revision() in result.output
        assert "copy from before" not in result.output
    after = CliRunner().invoke(main, ["db", "check"], env=environment)
    assert after.exit_code == 0, after.output
    assert "they agree" in after.output


def test_upgrading_a_database_with_data_makes_a_copy_first(site: Site) -> None:
    migrations.downgrade(site.settings.database_url, "-1")
    result = lms(site, "db", "upgrade")
    assert result.exit_code == 0, result.output
    (copy,) = (site.settings.instance / "backups").iterdir()
    assert copy.name.startswith("lms-before-upgrade-20261124-100000")
    assert str(copy) in result.output


def test_check_names_what_differs(empty_site: Site) -> None:
    with empty_site.db.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_job_state_due_at")
    result = lms(empty_site, "db", "check")
    assert result.exit_code == 1
    assert "ix_job_state_due_at" in result.output
    assert "schema and code differ" in result.output


def test_a_schema_of_another_version_is_refused_by_every_command_that_opens_it(empty_site: Site) -> None:
    with empty_site.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0123456789ab'")
    for arguments in (["jobs", "list"], ["audit", "verify"], ["db", "upgrade"], ["demo", "load"]):
        result = lms(empty_site, *arguments)
        assert result.exit_code == 2, arguments
        assert "0123456789ab" in result.stderr


# --- backup and restore ------------------------------------------------------------------------------------------


def copied(folder: Path) -> Path:
    """Return the copy of the database in a folder that holds one copy: beside it lie its papers and keys."""
    copy, files = sorted(folder.iterdir(), key=lambda each: each.name.endswith(".files.tar"))
    assert files.name == copy.stem + ".files.tar"
    return copy


def test_backup_then_verify_then_restore(site: Site, tmp_path: Path) -> None:
    made = lms(site, "backup", "--to", str(tmp_path / "copies"))
    assert made.exit_code == 0, made.output
    copy = copied(tmp_path / "copies")
    assert str(copy) in made.output
    verified = lms(site, "restore", str(copy), "--verify")
    assert verified.exit_code == 0, verified.output
    assert "can be restored" in verified.output
    assert "audit chain" in verified.output
    site.db.engine.dispose()
    restored = lms(site, "restore", str(copy), "--yes")
    if site.db.is_sqlite:
        assert restored.exit_code == 0, restored.output
        assert "before-restore" in restored.output
    else:  # a server's database is never overwritten: the sentence says how it is done
        assert restored.exit_code == 2
        assert "not empty" in restored.stderr


def test_without_a_folder_the_copy_lies_in_the_instance(empty_site: Site) -> None:
    assert lms(empty_site, "backup").exit_code == 0
    assert copied(empty_site.settings.instance / "backups").is_file()


def test_restoring_asks_first_and_no_means_no(site: Site, tmp_path: Path) -> None:
    lms(site, "backup", "--to", str(tmp_path / "copies"))
    copy = copied(tmp_path / "copies")
    site.db.engine.dispose()
    result = lms(site, "restore", str(copy), typed="n\n")
    assert result.exit_code == 1
    with site.db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM person")) == 11
    assert not list(tmp_path.glob("*before-restore*"))


def test_a_bad_copy_gives_exit_code_2(site: Site, tmp_path: Path) -> None:
    bad = tmp_path / ("bad.sqlite" if site.db.is_sqlite else "bad.dump")
    bad.write_bytes(b"no copy")
    for arguments in (["--verify"], ["--yes"]):
        result = lms(site, "restore", str(bad), *arguments)
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith("✗")


# --- settings ----------------------------------------------------------------------------------------------------


def test_settings_are_listed_and_written_as_a_table() -> None:
    table = settings_table()
    assert len(table.splitlines()) == len(describe()) + 2
    assert "| `LMS_PORT` | `8000` | port to listen on |" in table


@pytest.mark.parametrize("arguments", [["settings"], ["settings", "--markdown"]])
def test_the_list_of_settings_shows_defaults_never_the_secrets_in_force(tmp_path: Path, arguments: list[str]) -> None:
    secret = "s" * 40
    result = CliRunner().invoke(main, arguments, env={"LMS_INSTANCE": str(tmp_path), "LMS_SECRET_KEY": secret})
    assert result.exit_code == 0
    assert secret not in result.output
    assert "LMS_SECRET_KEY" in result.output
