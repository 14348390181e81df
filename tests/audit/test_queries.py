"""Reading the trail."""

import sqlalchemy as sa

from lms.access.identity import CONSOLE, Role
from lms.audit import queries
from lms.audit.models import AuditEntry
from lms.audit.rules import GENESIS, AuditTag, entry_hash
from lms.audit.services import record
from tests.conftest import Site
from tests.world import NOW


def test_an_empty_trail_begins_at_genesis(empty_site: Site) -> None:
    with empty_site.db.reading() as session:
        assert queries.head(session) == (0, GENESIS)
        assert list(queries.chain(session)) == []
        assert not queries.has_tag(session, AuditTag.DEMO_LOADED)


def test_the_chain_is_read_in_order_as_it_was_hashed(site: Site) -> None:
    with site.db.reading() as session:
        links = list(queries.chain(session))
        seq, hash_ = queries.head(session)
    assert [entry.seq for entry, _ in links] == list(range(1, seq + 1))
    assert links[-1][1] == hash_
    assert all(entry_hash(entry) == stored for entry, stored in links)


def test_a_walked_chain_is_not_kept_in_memory(site: Site) -> None:
    """A million entries must not become a million objects."""
    with site.db.reading() as session:
        rows = [entry for entry, _ in queries.chain(session)]
        assert rows
        assert not list(session.identity_map.keys())


def test_whether_something_ever_happened(site: Site) -> None:
    with site.db.reading() as session:
        assert queries.has_tag(session, AuditTag.PERSON_ADDED)
        assert not queries.has_tag(session, AuditTag.ROLE_REFUSED)


def test_the_entries_of_one_object_come_latest_first(site: Site) -> None:
    public_id = site.world.person_public_ids["N1"]
    with site.db.writing() as session:
        record(session, CONSOLE, Role.CONSOLE, AuditTag.PERSON_CHANGED, ("person", public_id), now=NOW)
    with site.db.reading() as session:
        rows = session.scalars(queries.entries_of("person", public_id)).all()
        others = session.scalars(sa.select(AuditEntry.object_id).where(AuditEntry.object_type == "person")).all()
    assert [row.tag for row in rows] == ["people:person:changed", "people:person:added"]
    assert len(others) > len(rows)
