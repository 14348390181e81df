"""``lms selection recompute``: the published list, byte for byte, in a new process, whatever has changed since."""

import os
import subprocess
from pathlib import Path

import sqlalchemy as sa

from lms.config import ROOT
from lms.core.db import Database
from lms.selection import queries
from tests.conftest import Site
from tests.selection import making
from tests.selection.making import Office


def recompute(site: Site, round_id: str, tmp_path: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [ROOT / ".venv/bin/lms", "selection", "recompute", round_id],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "LMS_INSTANCE": str(tmp_path / "other"),
            "LMS_DATABASE_URL": str(site.settings.database_url),
        },
    )


def published(db: Database, round_id: str) -> tuple[str, str]:
    with db.reading() as session:
        kept = queries.ranking_of_public_id(session, round_id)
        assert kept is not None
        return kept.list_text, kept.digest


def change_everything(db: Database) -> None:
    """Change names, scores and the rows of the rule, as if years had passed or somebody had meddled."""
    with db.engine.begin() as connection:
        for statement in (
            "UPDATE person SET name = '改过名', birth_month = '1999-01', education = '本科'",
            "UPDATE competency_level SET score = 100",
            "UPDATE quiz_attempt SET points = 1",
            """UPDATE selection_rule SET rule = '{"version": 9}', digest = 'x'""",
            "UPDATE selection_application SET submitted_at = submitted_at, source = 'resident'",
            "UPDATE selection_place SET number = 99",
            "UPDATE selection_round SET title = '改过的'",
        ):
            connection.execute(sa.text(statement))


def test_the_published_list_byte_for_byte(site: Site, ready: Office, tmp_path: Path) -> None:
    round_id, _ = making.posted(ready, "N1", "N2")
    text, digest = published(site.db, round_id)
    change_everything(site.db)
    result = recompute(site, round_id, tmp_path)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout == text.encode()
    assert digest in result.stderr.decode()
    assert "李秀兰" in text


def test_a_meddled_snapshot_is_found_and_an_unknown_round_named(site: Site, ready: Office, tmp_path: Path) -> None:
    round_id, _ = making.listed(ready, "N1")
    with site.db.engine.begin() as connection:
        for trigger in ("selection_ranking_no_update",) if site.db.is_sqlite else ():
            connection.execute(sa.text(f"DROP TRIGGER {trigger}"))
        if not site.db.is_sqlite:
            connection.execute(sa.text("DROP TRIGGER selection_ranking_append_only ON selection_ranking"))
        connection.execute(sa.text("UPDATE selection_ranking SET snapshot = replace(snapshot, '91.00', '99.00')"))
    result = recompute(site, round_id, tmp_path)
    assert result.returncode == 1
    assert "not the published list" in result.stderr.decode()
    assert "the frozen inputs were changed" in result.stderr.decode()
    for name in ("nothing", "-367aCyy4EnjVwYJLxsoFq"):
        unknown = recompute(site, name, tmp_path)
        assert unknown.returncode == 2
        assert "没有这个批次" in unknown.stderr.decode()
