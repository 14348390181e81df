"""What Alembic is told: all models, how kinds of columns are written, and what counts as a difference."""

import shutil
from pathlib import Path

import pytest

import lms
from lms.migrations import run as migrations
from tests.conftest import Site

PACKAGE = Path(str(lms.__file__)).parent


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the history, so that a new revision is not written into the product."""
    folder = tmp_path / "history"
    shutil.copytree(PACKAGE / "migrations", folder)
    monkeypatch.setattr(migrations, "MIGRATIONS", folder)
    return folder / "versions"


def new_revision(site: Site, history: Path) -> str:
    """Write a revision from the difference between models and database and return its text."""
    before = set(history.glob("*.py"))
    migrations.new_revision(site.settings.database_url, "what is missing")
    (made,) = set(history.glob("*.py")) - before
    assert made.name.endswith("_what_is_missing.py")
    return made.read_text(encoding="utf-8")


def test_every_package_with_tables_is_known() -> None:
    """A forgotten import would make autogenerate drop the package's tables."""
    text = (PACKAGE / "migrations" / "env.py").read_text(encoding="utf-8")
    packages = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.glob("*/models*")}
    assert len(packages) >= 3
    for package in packages:
        assert text.count(f"lms.{package}.models") == 2, f"{package}: import and list its models"


def test_at_head_there_is_nothing_to_write(empty_site: Site, history: Path) -> None:
    text = new_revision(empty_site, history)
    body = text[text.index("def upgrade") :]
    assert body.count("pass") == 2
    assert "op." not in body


def test_a_written_revision_depends_on_no_code_of_today_and_makes_the_schema_whole(
    empty_site: Site, history: Path
) -> None:
    with empty_site.db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE job")
    assert [str(each[0]) for each in migrations.differences(empty_site.settings.database_url)] == [  # type: ignore[index]
        "add_table",
        "add_index",
    ]
    text = new_revision(empty_site, history)
    assert "import lms" not in text
    assert "from lms" not in text
    assert "UTCDateTime" not in text
    assert "sa.DateTime(timezone=True)" in text
    # Values, not a class: a revision must not change when the enum does. The formatter decides on the quotes.
    flat = "".join(text.replace('"', "'").split())
    assert "sa.Enum('queued','leased','done','failed',name='job_state'" in flat
    assert "op.f('uq_job_dedupe_key')" in flat
    migrations.upgrade(empty_site.settings.database_url)
    assert migrations.differences(empty_site.settings.database_url) == []


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("DROP INDEX ix_job_state_due_at", "add_index"),
        ("ALTER TABLE job ADD COLUMN extra INTEGER", "remove_column"),
        ("CREATE TABLE stray (id INTEGER PRIMARY KEY)", "remove_table"),
    ],
)
def test_a_schema_changed_by_hand_is_noticed(empty_site: Site, statement: str, kind: str) -> None:
    with empty_site.db.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    found = migrations.differences(empty_site.settings.database_url)
    assert [each[0] for each in found] == [kind]  # type: ignore[index]


def test_a_column_of_another_kind_is_noticed(empty_site: Site, history: Path) -> None:
    """A moment kept as text would be compared as text."""
    with empty_site.db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE job DROP COLUMN finished_at")
        connection.exec_driver_sql("ALTER TABLE job ADD COLUMN finished_at VARCHAR(40)")
    (found,) = migrations.differences(empty_site.settings.database_url)
    assert found[0][0] == "modify_type"  # type: ignore[index]
