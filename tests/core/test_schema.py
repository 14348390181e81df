"""The product never runs on a schema it was not written for."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from lms.core import schema
from lms.core.errors import SetupError
from tests.conftest import Site, Templates


def run_sql(site: Site, *statements: str) -> None:
    with site.db.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_migrated_database_stands_at_head(empty_site: Site) -> None:
    assert schema.current_revision(empty_site.db.engine) == schema.head_revision()
    schema.require_head(empty_site.db.engine)


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["UPDATE alembic_version SET version_num = '0123456789ab'"], "0123456789ab"),
        (["DELETE FROM alembic_version"], "nothing"),
        (["DROP TABLE alembic_version"], "nothing"),
        (["INSERT INTO alembic_version VALUES ('0123456789ab')"], "2 revisions at once"),
    ],
)
def test_any_other_state_is_refused_with_a_sentence(empty_site: Site, statements: list[str], says: str) -> None:
    run_sql(empty_site, *statements)
    with pytest.raises(SetupError, match=says):
        schema.require_head(empty_site.db.engine)


def test_asking_takes_no_write_lock(empty_site: Site) -> None:
    """The health check asks all the time; it must not queue behind a writer, nor a writer behind it."""
    with empty_site.db.writing() as session:
        session.execute(sa.text("UPDATE audit_head SET seq = seq"))
        schema.require_head(empty_site.db.engine)


def test_a_forked_history_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two developers may each add a revision; nobody may then guess which one is the head."""
    (tmp_path / "versions").mkdir()
    for revision in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        (tmp_path / "versions" / f"{revision}.py").write_text(f"revision = {revision!r}\ndown_revision = None\n")
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path)
    with pytest.raises(SetupError, match="2 heads"):
        schema.head_revision.__wrapped__()


def test_an_empty_database_stands_nowhere(templates: Templates, tmp_path: Path) -> None:
    if templates.backend == "sqlite":
        url = f"sqlite+pysqlite:///{tmp_path / 'nothing.sqlite'}"
    else:
        url = templates.server().create("nothing")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    assert schema.current_revision(engine) is None
    with pytest.raises(SetupError, match="lms db upgrade"):
        schema.require_head(engine)
