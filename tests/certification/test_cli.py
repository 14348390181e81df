"""``lms certificates verify FILE``: honest words and exit codes."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lms.certification import cli
from lms.certification.services import papers, revoking
from lms.core import clock
from lms.core.console import Console
from lms.core.db import Database
from lms.core.storage import storage_of
from tests.certification import making
from tests.certification.making import ADDRESS
from tests.conftest import Site
from tests.world import NOW, World


@pytest.fixture
def issued(db: Database, world: World) -> str:
    making.load_content(db)
    public_id = making.issue(db, world, "N1")
    making.work_off(db)
    return public_id


def file_of(db: Database, public_id: str, edition: int = 1) -> Path:
    return storage_of(db).path(making.papers_of(db, public_id)[edition - 1].file_key)


def verify(site: Site, file: Path) -> Result:
    console = Console(
        settings=site.settings, open_database=lambda: site.db, words=str, handlers={}, schedule=(), content_types=()
    )
    return CliRunner().invoke(cli.group, ["verify", str(file)], obj=console)


def test_a_valid_paper(site: Site, issued: str) -> None:
    result = verify(site, file_of(site.db, issued))
    assert result.exit_code == 0
    assert "本单位印发 / issued here" in result.output
    assert "东街网培证字〔2026〕第0001号" in result.output
    assert "有效 / valid" in result.output
    assert "2028-11-23" in result.output
    assert "李" not in result.output


def test_a_changed_or_foreign_file(site: Site, issued: str, tmp_path: Path) -> None:
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(file_of(site.db, issued).read_bytes() + b" ")
    result = verify(site, changed)
    assert result.exit_code == cli.NOT_OURS == 1
    assert "not issued here" in result.output
    assert "✓" not in result.output


def test_an_expired_paper(site: Site, issued: str) -> None:
    clock.freeze(NOW + timedelta(days=731))
    result = verify(site, file_of(site.db, issued))
    assert result.exit_code == cli.NOT_IN_FORCE == 3
    assert "已过期 / expired" in result.output


def test_a_revoked_paper(site: Site, issued: str) -> None:
    db, world = site.db, site.world
    with db.writing() as session:
        revoking.propose_revocation(session, world.identity(db, "O1"), issued, reason="x", now=NOW)
    with db.writing() as session:
        revoking.revoke(session, world.identity(db, "O2"), issued, now=NOW)
    result = verify(site, file_of(db, issued))
    assert result.exit_code == 3
    assert "已注销 / revoked" in result.output


def test_a_paper_that_was_reissued_since(site: Site, issued: str) -> None:
    db, world = site.db, site.world
    with db.writing() as session:
        papers.reissue(session, world.identity(db, "O1"), issued, address=ADDRESS, reason="遗失", now=NOW)
    making.work_off(db)
    first, second = verify(site, file_of(db, issued)), verify(site, file_of(db, issued, 2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "reissued since" in first.output
    assert "reissued since" not in second.output


def test_a_file_that_is_not_there(site: Site, tmp_path: Path) -> None:
    assert verify(site, tmp_path / "nothing.pdf").exit_code == 2
