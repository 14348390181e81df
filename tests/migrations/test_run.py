"""Moving the schema: up, down, up again with data, interrupted, killed, and twice at once; on both databases."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from lms.app import create_app
from lms.audit import services as audit
from lms.core.db import Base, Database, make_engine
from lms.core.errors import SetupError
from lms.core.schema import MIGRATIONS, current_revision, head_revision
from lms.jobs.tasks import make_queue
from lms.migrations import run as migrations
from tests.conftest import Site, Templates, make_settings
from tests.racing import all_fine, together


def history() -> list[str]:
    """The revisions from the first to the head."""
    return [script.revision for script in reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))]


@pytest.fixture
def nothing(templates: Templates, tmp_path: Path) -> str:
    """The address of a database in which nothing has been made yet."""
    if templates.backend == "sqlite":
        return f"sqlite:///{tmp_path / 'nothing.sqlite'}"
    return templates.server().create("nothing")


@pytest.fixture
def engine(nothing: str) -> Iterator[sa.Engine]:
    """An engine on that database."""
    engine = make_engine(nothing)
    yield engine
    engine.dispose()


def shape(engine: sa.Engine) -> dict[str, object]:
    """Tables with columns, keys, indexes and constraints, and the triggers: what a revision can move."""
    found = sa.inspect(engine)
    tables: dict[str, object] = {}
    for table in sorted(found.get_table_names()):
        tables[table] = (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)),
            sorted(str(each["name"]) for each in found.get_indexes(table)),
            sorted(str(each["name"]) for each in found.get_foreign_keys(table)),
            sorted(str(each["name"]) for each in found.get_unique_constraints(table)),
            sorted(str(each["sqltext"]) for each in found.get_check_constraints(table)),
        )
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if engine.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL "
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    with engine.connect() as connection:
        tables["(triggers)"] = sorted(connection.exec_driver_sql(query).scalars())
    return tables


def row_counts(engine: sa.Engine) -> dict[str, int]:
    names = set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
    with engine.connect() as connection:
        return {name: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0 for name in names}


# --- the history ------------------------------------------------------------------------------------------------


def test_the_history_is_one_line_with_one_head() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [head_revision()]
    assert scripts.get_bases() == [history()[0]]
    for script in scripts.walk_revisions():
        assert script.down_revision is None or isinstance(script.down_revision, str), script.revision
        assert not script.dependencies
        assert not script.branch_labels
    assert migrations.known_revisions() == set(history())


def test_revisions_import_no_models() -> None:
    """Today's models would rewrite what an old revision did."""
    for path in (MIGRATIONS / "versions").glob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        own = [line for line in lines if line.startswith(("from lms", "import lms"))]
        assert all(line.startswith("from lms.migrations.append_only import ") for line in own), path.name


def test_a_migrated_schema_agrees_with_the_models(empty_site: Site) -> None:
    assert migrations.differences(empty_site.settings.database_url) == []


def test_what_the_queue_keeps_beside_ours_is_no_difference(empty_site: Site, tmp_path: Path) -> None:
    make_queue(empty_site.db.engine, tmp_path)
    assert migrations.differences(empty_site.settings.database_url) == []


def test_the_checks_of_the_schema_allow_just_the_values_of_the_enums(empty_site: Site) -> None:
    """Autogenerate does not look at CHECK constraints: a new member without a revision fails only when it is saved."""
    found = sa.inspect(empty_site.db.engine)
    count = 0
    for table in Base.metadata.tables.values():
        checks = {str(each["name"]): str(each["sqltext"]) for each in found.get_check_constraints(table.name)}
        for column in table.columns:
            if isinstance(column.type, sa.Enum):
                text = checks[f"ck_{table.name}_{column.type.name}"]
                values = {part for number, part in enumerate(text.split("'")) if number % 2}
                assert values == set(column.type.enums), f"{table.name}.{column.name}"
                count += 1
    assert count >= 8


# --- up and down ------------------------------------------------------------------------------------------------


def test_each_revision_goes_up_down_and_up_to_the_same_shape(nothing: str, engine: sa.Engine) -> None:
    shapes = {}
    for revision in history():
        migrations.upgrade(nothing, revision)
        assert current_revision(engine) == revision
        shapes[revision] = shape(engine)
    for lower, upper in reversed(list(pairwise([None, *history()]))):
        migrations.downgrade(nothing, lower or "base")
        assert current_revision(engine) == lower
        if lower is None:
            assert shape(engine).keys() == {"alembic_version", "(triggers)"}
            assert shape(engine)["(triggers)"] == []
        else:
            assert shape(engine) == shapes[lower]
        migrations.upgrade(nothing, upper or "head")
        assert shape(engine) == shapes[str(upper)]
        migrations.downgrade(nothing, lower or "base")
    migrations.upgrade(nothing)
    assert shape(engine) == shapes[head_revision()]


KINDS_FROM = {"a2fa5f61d79f": ("programmes",), "8d1f6b30c7a2": ("scenario", "picture", "card")}
"""Revision → the kinds of content that it brings; no schema before it can hold them, the next sync brings them back."""


def kept_at(engine: sa.Engine, before: Mapping[str, int]) -> Mapping[str, Mapping[str, int]]:
    """Return how many rows each table has below each revision, when all were there at the head."""
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT kind, count(*) FROM content_current GROUP BY kind"))
        kinds: dict[str, int] = {str(kind): int(count) for kind, count in rows}
    kept, gone = {}, 0
    for lower, upper in reversed(list(pairwise(history()))):
        gone += sum(kinds[kind] for kind in KINDS_FROM.get(upper, ()))
        kept[lower] = {**before, **{name: before[name] - gone for name in ("content_current", "content_revision")}}
    return kept


def test_down_and_up_again_with_people_in_it_keeps_every_row_of_tables_that_stay(site: Site) -> None:
    url, engine = site.settings.database_url, site.db.engine
    before = row_counts(engine)
    assert before["person"] == 11
    assert before["audit_entry"] > 60
    kept = kept_at(engine, before)
    for revision in reversed(history()[:-1]):
        migrations.downgrade(url, revision)
        lower = row_counts(engine)
        assert lower == {name: kept[revision][name] for name in lower}
    migrations.upgrade(url)
    after = row_counts(engine)
    assert after.keys() == before.keys()
    for name in lower:
        assert after[name] == kept[revision][name], name
    with site.db.reading() as session:
        assert audit.verify(session)[1] == []
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_entry")


def test_going_up_when_one_is_there_changes_nothing(site: Site) -> None:
    url = site.settings.database_url
    before = (shape(site.db.engine), row_counts(site.db.engine))
    assert not migrations.is_pending(url)
    migrations.upgrade(url)
    assert (shape(site.db.engine), row_counts(site.db.engine)) == before
    migrations.downgrade(url, history()[-2])
    assert migrations.is_pending(url)


def test_two_launchers_at_once_migrate_one_after_the_other(nothing: str, engine: sa.Engine) -> None:
    all_fine(together(*[lambda: migrations.upgrade(nothing)] * 2))
    assert current_revision(engine) == head_revision()
    assert migrations.differences(nothing) == []
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM audit_head").scalar() == 1


# --- what goes wrong --------------------------------------------------------------------------------------------


def test_a_revision_that_breaks_off_leaves_nothing_half_done(nothing: str, engine: sa.Engine) -> None:
    """The last table of the first revision is in the way: what it made before must be gone again."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE sign_in_session (id INTEGER)")
    with pytest.raises(sa.exc.DBAPIError, match="already exists"):
        migrations.upgrade(nothing)
    assert current_revision(engine) is None
    assert set(sa.inspect(engine).get_table_names()) <= {"sign_in_session", "alembic_version"}
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sign_in_session")
    migrations.upgrade(nothing)
    assert migrations.differences(nothing) == []


def test_a_schema_of_another_version_is_not_touched(site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0123456789ab'")
    before = shape(site.db.engine)
    with pytest.raises(SetupError, match="another version"):
        migrations.upgrade(site.settings.database_url)
    assert shape(site.db.engine) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '0123456789ab'",
        f"UPDATE alembic_version SET version_num = '{history()[0]}'",
        "INSERT INTO alembic_version VALUES ('0123456789ab')",
        "DELETE FROM alembic_version",
        "DROP TABLE alembic_version",
    ],
)
def test_the_application_refuses_to_start_on_any_schema_but_its_own(empty_site: Site, statement: str) -> None:
    create_app(empty_site.settings, empty_site.db)
    with empty_site.db.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    with pytest.raises(SetupError):
        create_app(empty_site.settings, empty_site.db)


def test_on_sqlite_rows_that_lost_their_parent_are_named_after_a_migration(tmp_path: Path) -> None:
    """Foreign keys are off while tables are rebuilt; what went wrong meanwhile must not stay hidden."""
    url = f"sqlite:///{tmp_path / 'orphan.sqlite'}"
    migrations.upgrade(url)
    engine = make_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("INSERT INTO preference (person_id, language, text_size) VALUES (99, 'zh', '')")
        connection.commit()
    engine.dispose()
    with pytest.raises(SetupError, match="preference"):
        migrations.upgrade(url)


def test_on_sqlite_rebuilding_a_parent_table_keeps_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch change drops the old table; with foreign keys on, ON DELETE CASCADE would take the children along."""
    folder = tmp_path / "history"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text((MIGRATIONS / "env.py").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "versions" / "aaaaaaaaaaaa.py").write_text(
        """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "aaaaaaaaaaaa", None
def upgrade():
    op.create_table("mother", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(9)))
    mother = sa.ForeignKey("mother.id", name="fk_child_mother", ondelete="CASCADE")
    op.create_table("child", sa.Column("id", sa.Integer, primary_key=True), sa.Column("mother_id", sa.Integer, mother))
    op.execute("INSERT INTO mother VALUES (1, 'one')")
    op.execute("INSERT INTO child VALUES (1, 1), (2, 1)")
""",
        encoding="utf-8",
    )
    (folder / "versions" / "bbbbbbbbbbbb.py").write_text(
        """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "bbbbbbbbbbbb", "aaaaaaaaaaaa"
def upgrade():
    with op.batch_alter_table("mother", recreate="always") as batch:
        batch.alter_column("name", type_=sa.String(99))
""",
        encoding="utf-8",
    )
    monkeypatch.setattr(migrations, "MIGRATIONS", folder)
    monkeypatch.setattr(migrations, "known_revisions", lambda: {"aaaaaaaaaaaa", "bbbbbbbbbbbb"})
    url = f"sqlite:///{tmp_path / 'family.sqlite'}"
    migrations.upgrade(url)
    engine = make_engine(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM child").scalar() == 2
        assert "VARCHAR(99)" in str(
            connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'mother'").scalar()
        )
    engine.dispose()


# --- killed -----------------------------------------------------------------------------------------------------

KILLER = """
import os, signal, sys
import sqlalchemy as sa
from lms.migrations import run

def upgrade(url, kill_at):
    seen = 0
    def count(*_):
        nonlocal seen
        seen += 1
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    run.upgrade(url)
    return seen

first, *urls = sys.argv[1:]
print(upgrade(first, 0), flush=True)  # how many statements there are; also imports all that is needed
for number, url in enumerate(urls):
    if (child := os.fork()) == 0:
        upgrade(url, 1 + number * KILL_STEP)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.full
def test_a_migration_killed_at_any_statement_is_completed_by_the_next_one(templates: Templates, tmp_path: Path) -> None:
    """SIGKILL before every seventeenth statement; a kill at a COMMIT leaves the revision before or after it, whole."""
    step = 17

    def make(name: str) -> str:
        if templates.backend == "sqlite":
            return f"sqlite:///{tmp_path / name}.sqlite"
        return templates.server().create(name)

    urls = [make(f"killed_{number}") for number in range(26)]
    program = tmp_path / "killer.py"
    program.write_text(KILLER.replace("KILL_STEP", str(step)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program, make("whole"), *urls],
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    total = int(done.stdout.split()[0])
    states = set()
    for number, url in enumerate(urls):
        engine = make_engine(url)
        stands_at = current_revision(engine)
        states.add(stands_at)
        if 1 + number * step > total:
            assert stands_at == head_revision()  # never killed
        if stands_at != head_revision():
            with pytest.raises(SetupError):
                create_app_on(url, tmp_path)
        migrations.upgrade(url)
        assert migrations.differences(url) == []
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM audit_head").scalar() == 1
        engine.dispose()
    assert {None, head_revision()} <= states  # some were killed early enough, some late enough to tell anything


def create_app_on(url: str, folder: Path) -> None:
    """Start the application on a database, which is closed again when that is refused."""
    db = Database(make_engine(url))
    try:
        create_app(make_settings(folder / "instance", url), db)
    finally:
        db.engine.dispose()
