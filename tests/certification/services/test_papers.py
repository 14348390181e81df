"""Papers: drafted with the act, registered once, made again （补） or mended."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE, Role
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.certification import queries
from lms.certification.documents import Rendered
from lms.certification.rules import DocumentState
from lms.certification.services import papers, revoking
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound, ReauthenticationNeeded
from lms.core.storage import storage_of
from lms.jobs.models import Job
from lms.people.models import Person
from lms.people.services import persons
from tests import trail
from tests.certification import making
from tests.certification.making import ADDRESS
from tests.racing import together
from tests.world import NOW, World

PDF = Rendered(b"%PDF-made up")


@pytest.fixture
def issued(db: Database, world: World) -> str:
    making.load_content(db)
    return making.issue(db, world, "N1")


def register(db: Database, public_id: str, rendered: Rendered = PDF) -> bool:
    """Register what the renderer made of the last paper of a certificate."""
    paper = making.papers_of(db, public_id)[-1]
    with db.writing() as session:
        return papers.register(session, paper.public_id, paper.file_key, rendered, now=NOW)


def reissue(db: Database, world: World, public_id: str, by: str = "O1", reason: str = "原件遗失") -> str:
    with db.writing() as session:
        document = papers.reissue(
            session, world.identity(db, by), public_id, address=ADDRESS, reason=reason, now=NOW + timedelta(days=40)
        )
        return document.public_id


def rename(db: Database, world: World, name: str) -> None:
    with db.writing() as session:
        person = world.person(session, "N1")
        data = persons.PersonData(staff_number=person.staff_number, name=name, joined_on=person.joined_on)
        persons.correct_person(session, CONSOLE, person, person.unit, data, now=NOW)


def test_a_paper_is_registered_once(db: Database, world: World, issued: str) -> None:
    since = trail.seq(db)
    assert register(db, issued)
    assert not register(db, issued)
    [paper] = making.papers_of(db, issued)
    assert (paper.state, paper.sha256, paper.size) == (DocumentState.RENDERED, PDF.sha256, len(PDF.pdf))
    assert [each.tag for each in trail.entries(db, since)] == [AuditTag.DOCUMENT_RENDERED]


def test_what_waits_is_made_and_nothing_else(db: Database, world: World, issued: str) -> None:
    [paper] = making.papers_of(db, issued)
    with db.reading() as session:
        wanted = papers.to_make(session, paper.public_id)
        assert wanted is not None
        assert wanted.file_key == paper.file_key
        assert wanted.paper.names == "李秀兰"
        assert papers.to_make(session, "nobody") is None
    register(db, issued)
    with db.reading() as session:
        assert papers.to_make(session, paper.public_id) is None


def test_a_further_paper_has_the_same_number_and_a_mark(db: Database, world: World, issued: str) -> None:
    register(db, issued)
    rename(db, world, "李秀岚")
    since = trail.seq(db)
    reissue(db, world, issued)
    first, second = making.papers_of(db, issued)
    assert (second.edition, second.state) == (2, DocumentState.WAITING)
    assert second.payload == {**first.payload, "name": "李秀岚", "reissued_on": "2027-01-03"}
    assert first.payload["reissued_on"] is None
    assert second.file_key != first.file_key
    [entry] = trail.entries(db, since)
    assert (entry.tag, entry.reason, entry.object_id) == (
        AuditTag.CERTIFICATE_REISSUED,
        "原件遗失",
        second.public_id,
    )
    assert "李秀岚" not in str(entry.diff)
    with db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 2


def test_a_further_paper_waits_for_the_one_before(db: Database, world: World, issued: str) -> None:
    with pytest.raises(Conflict, match="in_the_making"):
        reissue(db, world, issued)
    register(db, issued)
    reissue(db, world, issued)
    with pytest.raises(Conflict, match="in_the_making"):  # the second click
        reissue(db, world, issued)


def test_two_officials_reissue_at_once(db: Database, world: World, issued: str) -> None:
    register(db, issued)
    acts: list[Callable[[], str]] = [
        lambda: reissue(db, world, issued, "O1"),
        lambda: reissue(db, world, issued, "O2"),
    ]
    assert sorted(type(each).__name__ for each in together(*acts)) == ["Conflict", "str"]
    assert [each.edition for each in making.papers_of(db, issued)] == [1, 2]


def test_a_blocked_paper_is_made_again_under_its_own_edition(db: Database, world: World) -> None:
    making.load_content(db)
    making.make_eligible(db, world, "N1")
    with db.writing() as session:  # a name that came in before names were looked at
        session.execute(sa.update(Person).where(Person.id == world.person_ids["N1"]).values(name="李" + chr(0x30041)))
        person = ("person", world.person_public_ids["N1"])
        audit.record(session, CONSOLE, Role.CONSOLE, AuditTag.PERSON_CHANGED, person, now=NOW)
    [public_id] = making.propose(db, world, "N1")
    number = making.sign(db, world, public_id)
    making.work_off(db)
    [blocked] = making.papers_of(db, public_id)
    assert blocked.state is DocumentState.BLOCKED
    rename(db, world, "李兰")
    reissue(db, world, public_id, reason="姓名改为标准字")
    making.work_off(db)
    [paper] = making.papers_of(db, public_id)
    assert (paper.state, paper.edition) == (DocumentState.RENDERED, 1)
    assert (paper.payload["name"], paper.payload["number"], paper.payload["reissued_on"]) == ("李兰", number, None)
    assert "missing" not in paper.payload
    assert storage_of(db).exists(paper.file_key)


def test_an_unprintable_name_is_refused() -> None:
    papers.refuse_unprintable(["李秀兰", "刘䶮"])
    with pytest.raises(Conflict, match="unprintable") as caught:
        papers.refuse_unprintable(["李秀兰", "李" + chr(0x30041)])
    assert caught.value.params == {"name": "李" + chr(0x30041), "chars": f"{chr(0x30041)} (U+30041)"}


def test_a_late_renderer_cannot_register_an_older_text(db: Database, world: World, issued: str) -> None:
    """A run that rendered before the paper was mended must not say that the new text is made."""
    [old] = making.papers_of(db, issued)
    register(db, issued, Rendered(b"", ("㛃",)))
    reissue(db, world, issued)
    with db.writing() as session:
        assert not papers.register(session, old.public_id, old.file_key, PDF, now=NOW)
    assert making.papers_of(db, issued)[0].state is DocumentState.WAITING


def test_who_may_reissue(db: Database, world: World, issued: str) -> None:
    register(db, issued)
    with pytest.raises(Invalid, match="missing"):
        reissue(db, world, issued, reason=" ")
    with pytest.raises(NotFound):
        reissue(db, world, issued, by="O9")
    with pytest.raises(Forbidden):
        reissue(db, world, issued, by="L1")
    stale = world.identity(db, "O1", fresh=False)
    with pytest.raises(ReauthenticationNeeded), db.writing() as session:
        papers.reissue(session, stale, issued, address=ADDRESS, reason="x", now=NOW)
    with db.writing() as session:
        revoking.propose_revocation(session, world.identity(db, "O1"), issued, reason="x", now=NOW)
    with pytest.raises(Conflict, match="moved_on"):
        reissue(db, world, issued)


def test_asking_twice_for_a_paper_adds_one_job(db: Database, world: World, issued: str) -> None:
    [paper] = making.papers_of(db, issued)
    with db.writing() as session:
        assert papers.enqueue(session, [paper], None) == papers.enqueue(session, [paper], None)
        papers.enqueue_again(session, [paper.public_id], "2026-11-24T10")
        papers.enqueue_again(session, [paper.public_id], "2026-11-24T10")
    with db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 2


def test_the_address_of_the_check_is_joined_once(db: Database, world: World, issued: str) -> None:
    one = making.certificate(db, issued)
    with db.reading() as session:
        _, text = queries.current_text(session, making.KIND)
    for address in ("https://a.example", "https://a.example/"):
        payload = papers.payload_of(one, "李", text, address=address)
        assert payload["verify_url"] == f"https://a.example/v/{one.verify_code}"
