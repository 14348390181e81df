"""``lms audit verify``: the exit code is what a nightly job looks at."""

import sqlalchemy as sa
from click.testing import CliRunner, Result

from lms.cli import main
from tests.conftest import Site


def lms(site: Site, *arguments: str) -> Result:
    """Run an ``lms`` command on a site."""
    return CliRunner().invoke(
        main,
        list(arguments),
        env={"LMS_INSTANCE": str(site.settings.instance), "LMS_DATABASE_URL": site.settings.database_url},
    )


def test_a_chain_that_holds_gives_exit_code_0_and_its_length(site: Site) -> None:
    result = lms(site, "audit", "verify")
    assert result.exit_code == 0, result.output
    with site.db.engine.connect() as connection:
        count = connection.scalar(sa.text("SELECT count(*) FROM audit_entry"))
    assert f"✓ {count} 条" in result.output


def test_a_broken_chain_gives_exit_code_1_and_a_line_for_each_place(site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET seq = seq + 3")
    result = lms(site, "audit", "verify")
    assert result.exit_code == 1
    assert "不见了 / is missing (tail to" in result.output
    assert "1 breaks in" in result.output


def test_a_schema_of_another_version_gives_exit_code_2(site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0123456789ab'")
    result = lms(site, "audit", "verify")
    assert result.exit_code == 2
    assert "lms db upgrade" in result.output
