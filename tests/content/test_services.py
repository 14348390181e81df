"""Taking files into the database: only what changed, never what is broken, nothing lost."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE
from lms.audit.models import AuditEntry
from lms.audit.rules import AuditTag
from lms.content import queries, services
from lms.content.content import Bundle
from lms.content.models import ContentRevision
from lms.content.rules import ContentKind
from lms.core.db import Database
from lms.core.errors import Forbidden
from tests.conftest import Site
from tests.content.files import C01, Files, copied
from tests.world import NOW, shipped_content


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return copied(tmp_path / "content")


def sync(db: Database, bundles: list[Bundle]) -> services.SyncReport:
    with db.writing() as session:
        return services.sync(session, CONSOLE, bundles, now=NOW)


def synced(db: Database) -> int:
    with db.reading() as session:
        return (
            session.scalar(
                sa.select(sa.func.count()).select_from(AuditEntry).where(AuditEntry.tag == AuditTag.CONTENT_SYNCED)
            )
            or 0
        )


def revisions(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(ContentRevision)) or 0


def test_the_same_files_change_nothing(db: Database) -> None:
    before = (synced(db), revisions(db))
    report = sync(db, shipped_content().good)
    assert report.changed == []
    assert len(report.unchanged) == len(shipped_content().good)
    assert (synced(db), revisions(db)) == before


def test_a_changed_text_becomes_current_and_is_audited(db: Database, files: Files) -> None:
    before = (synced(db), revisions(db))
    files.replace(f"{C01}/01.zh.md", "脸一红", "脸红了")
    assert sync(db, files.examine().good).changed == ["course:c01"]
    assert (synced(db), revisions(db)) == (before[0] + 1, before[1] + 1)
    with db.reading() as session:
        assert "脸红了" in queries.current(session, ContentKind.COURSE, "c01").files[f"{C01}/01.zh.md"]


def test_a_text_of_before_comes_back_without_another_revision(db: Database, files: Files) -> None:
    with db.reading() as session:
        first = queries.current(session, ContentKind.COURSE, "c01").id
    files.replace(f"{C01}/01.zh.md", "脸一红", "脸红了")
    sync(db, files.examine().good)
    count = revisions(db)
    assert sync(db, shipped_content().good).changed == ["course:c01"]
    with db.reading() as session:
        assert queries.current(session, ContentKind.COURSE, "c01").id == first
    assert revisions(db) == count


def test_a_broken_text_is_left_out_and_the_last_good_one_stays(db: Database, files: Files) -> None:
    with db.reading() as session:
        first = queries.current(session, ContentKind.COURSE, "c01").id
    files.replace(f"{C01}/01.zh.md", "cites: [id-card/15]", "cites: [id-card/99]")
    files.replace("courses/_framework/glossary.yaml", "says: 把社区划成一块一块", "says: 把社区分成一块一块")
    assert sync(db, files.examine().good).changed == ["glossary:glossary"]
    with db.reading() as session:
        assert queries.current(session, ContentKind.COURSE, "c01").id == first


def test_a_text_that_is_gone_from_the_files_stays_current(db: Database) -> None:
    sync(db, [])
    with db.reading() as session:
        assert queries.current(session, ContentKind.COURSE, "c04").key == "c04"


def test_kinds_without_a_number_are_counted(db: Database, files: Files) -> None:
    files.replace("courses/_framework/glossary.yaml", "says: 把社区划成一块一块", "says: 把社区分成一块一块")
    sync(db, files.examine().good)
    with db.reading() as session:
        assert queries.current(session, ContentKind.GLOSSARY, "glossary").revision == 2


def test_only_the_console_may(site: Site) -> None:
    with site.db.writing() as session, pytest.raises(Forbidden):
        services.sync(session, site.world.identity(site.db, "T1"), [], now=NOW)
