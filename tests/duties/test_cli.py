"""``lms duties rebuild``."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from lms.core.console import Console
from lms.core.db import Database
from lms.duties.cli import group
from lms.web.messages import Wordbook
from tests.conftest import Site
from tests.duties.lists import Lists

Run = Callable[..., Result]


@pytest.fixture
def run(site: Site) -> Run:
    """Return a function that runs the group with arguments."""
    console = Console(
        settings=site.settings,
        open_database=lambda: site.db,
        words=Wordbook().text,
        handlers={},
        schedule=(),
        content_types=(),
    )

    def with_arguments(*arguments: str) -> Result:
        return CliRunner().invoke(group, list(arguments), obj=console)

    return with_arguments


def test_a_check_finds_nothing(lists: Lists, run: Run) -> None:
    result = run("rebuild", "--check")
    assert result.exit_code == 0
    assert "5 人，改了 0 处 / 5 people, 0 mended" in result.output


def test_a_check_names_each_difference_and_a_rebuild_mends(lists: Lists, run: Run, db: Database) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE duty_state SET state = 'open' WHERE duty_key = 'D26'"))
    for _ in range(2):
        result = run("rebuild", "--check")
        assert result.exit_code == 1
        assert "✗ CG00L1 D26 rule: open → learning" in result.output
    assert run("rebuild").exit_code == 0
    assert run("rebuild", "--check").exit_code == 0
