"""``lms competency rebuild``."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from lms.competency.cli import group
from lms.core.console import Console
from lms.core.db import Database
from lms.web.messages import Wordbook
from tests.competency.conftest import Acts
from tests.conftest import Site

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


def spoil(db: Database) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE competency_level SET score = 1"))


def test_a_check_finds_nothing(acts: Acts, run: Run) -> None:
    acts.attempt()
    acts.recognise("N2")
    result = run("rebuild", "--check")
    assert result.exit_code == 0
    assert "2 人，改了 0 处 / 2 people, 0 mended" in result.output


def test_a_check_names_each_difference_and_changes_nothing(acts: Acts, run: Run, db: Database) -> None:
    acts.attempt()
    spoil(db)
    for _ in range(2):
        result = run("rebuild", "--check")
        assert result.exit_code == 1
        assert "✗ CG00N1 ETH1 score: 0.01 → 100.00" in result.output
        assert "1 differences" in result.output


def test_a_rebuild_mends(acts: Acts, run: Run, db: Database) -> None:
    acts.attempt()
    spoil(db)
    result = run("rebuild")
    assert result.exit_code == 0
    assert "→ CG00N1 ETH1 score: 0.01 → 100.00" in result.output
    assert run("rebuild", "--check").exit_code == 0
    assert acts.tags()[-1] == "competency:level:changed"
