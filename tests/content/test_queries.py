"""Reading revisions, and keeping what was parsed from them."""

from pathlib import Path

import pytest

from lms.access.identity import CONSOLE
from lms.content import queries, services
from lms.content.content import DUTIES, GLOSSARY, LAWS, ContentType
from lms.content.rules import ContentKind
from lms.core.db import Database
from lms.core.errors import NotFound
from lms.courses.content import COURSE
from tests.conftest import CountQueries, Site
from tests.content.files import C01, SHIPPED, copied
from tests.world import NOW


def test_what_is_current_is_found_by_kind_and_key(db: Database) -> None:
    with db.reading() as session:
        current = queries.current(session, ContentKind.COURSE, "c01")
        assert (current.key, current.revision) == ("c01", 1)
        assert queries.revision(session, current.id) is current
        assert [each.key for each in queries.currents(session, ContentKind.COURSE)] == list(SHIPPED)
        assert queries.bundle_of(current).digest == current.digest
        for find in (
            lambda: queries.current(session, ContentKind.COURSE, "c99"),
            lambda: queries.revision(session, 10**6),
            lambda: queries.held(session, COURSE, "c99"),
        ):
            with pytest.raises(NotFound):
                find()


def test_a_text_is_read_and_parsed_once(db: Database, count_queries: CountQueries) -> None:
    with db.reading() as session:
        first = queries.held(session, COURSE, "c01")
    with db.reading() as session, count_queries(db) as statements:
        assert queries.held(session, COURSE, "c01").thing is first.thing
    assert len(statements) == 1
    assert "files" not in statements[0]


def test_an_older_revision_is_still_read_as_it_was(site: Site, tmp_path: Path) -> None:
    files = copied(tmp_path / "content")
    files.replace(f"{C01}/01.zh.md", "网格员是谁、不是谁\ntitle_en", "网格员是谁\ntitle_en")
    files.replace(f"{C01}/course.yaml", "网格员是谁、不是谁", "网格员是谁")
    with site.db.reading() as session:
        before = queries.held(session, COURSE, "c01")
    with site.db.writing() as session:
        services.sync(session, CONSOLE, files.examine().good, now=NOW)
    with site.db.reading() as session:
        assert queries.held(session, COURSE, "c01").thing.lessons[0].head.title == "网格员是谁"
        old = queries.held_revisions(session, COURSE, [before.revision_id])[before.revision_id]
        assert old.thing.lessons[0].head.title == "网格员是谁、不是谁"
        assert queries.held_revisions(session, COURSE, []) == {}


def test_current_texts_come_with_older_revisions_in_one_query(
    site: Site, tmp_path: Path, count_queries: CountQueries
) -> None:
    files = copied(tmp_path / "content")
    files.replace(f"{C01}/01.zh.md", "网格员是谁、不是谁\ntitle_en", "网格员是谁\ntitle_en")
    files.replace(f"{C01}/course.yaml", "网格员是谁、不是谁", "网格员是谁")
    with site.db.reading() as session:
        before = queries.held(session, COURSE, "c01").revision_id
        other = queries.held(session, GLOSSARY, next(iter(queries.all_held(session, GLOSSARY)))).revision_id
    with site.db.writing() as session:
        services.sync(session, CONSOLE, files.examine().good, now=NOW)
    with site.db.reading() as session:
        queries.held_with(session, [COURSE, DUTIES], [before])  # parsed once for a process
        with count_queries(site.db) as statements:
            current, by_id = queries.held_with(session, [COURSE, DUTIES], [before, other])
        assert len(statements) == 1
        assert sorted(current[ContentKind.COURSE]) == list(SHIPPED)
        assert len(current[ContentKind.DUTIES]) == 1
        now = current[ContentKind.COURSE]["c01"]
        assert now.thing.lessons[0].head.title == "网格员是谁"
        assert by_id[now.revision_id] == now
        assert by_id[before].thing.lessons[0].head.title == "网格员是谁、不是谁"
        assert other not in by_id, "a glossary was not asked for"
        assert len(by_id) == len(SHIPPED) + 2
        assert queries.held_together(session, [COURSE, DUTIES]) == current


def test_a_text_that_can_no_longer_be_read_says_so(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_SHELF", queries._Shelf())  # other tests of this process have read it already
    unreadable = ContentType(ContentKind.DUTIES, lambda _root, _problems: [], lambda _bundle, _problems: None)
    with db.reading() as session, pytest.raises(NotFound) as refused:
        queries.held(session, unreadable, "duties")
    assert refused.value.code == "content.revision.unreadable"


def test_lists_do_without_the_texts(db: Database, count_queries: CountQueries) -> None:
    with db.reading() as session, count_queries(db) as statements:
        lines = queries.current_lines(session)
        digests = queries.digests(session)
    assert {(line.kind, line.key) for line in lines} == digests.keys()
    assert not any("content_revision.files" in statement for statement in statements)
    assert GLOSSARY.kind in {line.kind for line in lines}


def test_several_kinds_are_read_together(db: Database, count_queries: CountQueries) -> None:
    with db.reading() as session:
        queries.held_together(session, (DUTIES, LAWS))
        with count_queries(db) as statements:
            found = queries.held_together(session, (DUTIES, LAWS))
    assert len(statements) == 1
    assert set(found) == {ContentKind.DUTIES, ContentKind.LAWS}
    with db.reading() as session:
        assert found[ContentKind.DUTIES]["duties"] == queries.held(session, DUTIES, "duties")


def test_texts_of_several_kinds_that_nobody_has_read_yet_are_read_together(
    db: Database, count_queries: CountQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_SHELF", queries._Shelf())  # as in a process that has just begun
    with db.reading() as session, count_queries(db) as statements:
        found = queries.held_together(session, (COURSE, DUTIES, LAWS))
    assert len(statements) == 2
    assert all(found[kind] for kind in (ContentKind.COURSE, ContentKind.DUTIES, ContentKind.LAWS))


def test_kinds_that_were_never_taken_in_are_there_without_texts(empty_site: Site) -> None:
    with empty_site.db.reading() as session:
        assert queries.held_together(session, (DUTIES,)) == {ContentKind.DUTIES: {}}
