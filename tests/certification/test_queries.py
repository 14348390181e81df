"""The desk, reach, and exactly what leaves for the public."""

from dataclasses import fields
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.access.identity import Channel, Role
from lms.access.permissions import Permission
from lms.certification import queries
from lms.certification.documents import Rendered
from lms.certification.queries import Decided, Desk, DeskFilter
from lms.certification.rules import CertificateState, Missing, PublicStatus, eligibility
from lms.certification.services import issuing, papers, revoking
from lms.core.db import Database
from lms.core.errors import Forbidden, NotFound
from lms.courses.rules import EnrolmentState
from lms.people.models import Person
from lms.quizzes.rules import AttemptState
from tests.certification import making
from tests.certification.making import ADDRESS, KIND
from tests.conftest import CountQueries
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def content(db: Database) -> None:
    making.load_content(db)


def names(db: Database, world: World, pile: Desk, by: str = "O1", **wanted: object) -> list[str]:
    """Return the names in a pile of an official's desk, in its order."""
    actor, look = world.identity(db, by), DeskFilter(**wanted)  # type: ignore[arg-type]
    with db.reading() as session:
        _, text = queries.current_text(session, KIND)
        if pile in {Desk.WAITING, Desk.ISSUED}:
            statement = queries.certificates(actor, KIND, look, waiting=pile is Desk.WAITING, today=TODAY)
            return [row.Person.name for row in session.execute(statement)]
        persons = queries.without_certificate(actor, text, look, eligible=pile is Desk.ELIGIBLE)
        return [person.name for person, _ in session.execute(persons)]


def test_everybody_lies_in_one_pile(db: Database, world: World) -> None:
    assert names(db, world, Desk.NOT_YET) == ["李秀兰", "乌云·其其格"]
    making.make_eligible(db, world, "N1", "M1")
    assert names(db, world, Desk.ELIGIBLE) == ["李秀兰", "王建国"]
    assert names(db, world, Desk.NOT_YET) == ["乌云·其其格"]
    [public_id] = making.propose(db, world, "N1")
    assert names(db, world, Desk.WAITING) == ["李秀兰"]
    assert names(db, world, Desk.ELIGIBLE) == ["王建国"]
    making.sign(db, world, public_id)
    assert names(db, world, Desk.ISSUED) == ["李秀兰"]
    assert names(db, world, Desk.WAITING) == []
    with db.reading() as session:
        _, text = queries.current_text(session, KIND)
        counts = queries.desk_counts(session, world.identity(db, "O1"), text, today=TODAY)
    assert counts == {Desk.WAITING: 0, Desk.ELIGIBLE: 1, Desk.NOT_YET: 1, Desk.ISSUED: 1}


def test_eligibility_in_sql_and_in_the_rules_agree(db: Database, world: World) -> None:
    with db.writing() as session:
        for number, course, state, attempt in (
            ("N1", "c01", EnrolmentState.PASSED, AttemptState.MARKED),
            ("N1", "c04", EnrolmentState.PASSED, AttemptState.VOID),
            ("N1", "c05", EnrolmentState.PASSED, AttemptState.MARKED),
            ("N2", "c01", EnrolmentState.LEARNING, AttemptState.MARKED),
            ("M1", "c01", EnrolmentState.PASSED, AttemptState.MARKED),
            ("M1", "c04", EnrolmentState.LESSONS_DONE, AttemptState.MARKED),
            ("M1", "c05", EnrolmentState.PASSED, AttemptState.MARKED),
        ):
            making.enrol(session, world.person(session, number), course, state, attempt_state=attempt)
    making.make_eligible(db, world, "L1")
    numbers = ("N1", "N2", "M1", "L1")
    with db.reading() as session:
        ids = {number: world.person_ids[number] for number in numbers}
        standings = queries.standings(session, list(ids.values()), making.COURSES)
    found = {number: eligibility(making.COURSES, standings[id_], serves=True) for number, id_ in ids.items()}
    assert found["L1"].ok
    assert found["N1"].missing == (("c04", Missing.VOID),)
    assert found["N2"].missing == (
        ("c01", Missing.LESSONS),
        ("c04", Missing.NOT_STARTED),
        ("c05", Missing.NOT_STARTED),
    )
    assert found["M1"].missing == (("c04", Missing.QUIZ),)
    assert names(db, world, Desk.ELIGIBLE) == ["孙丽"]
    assert names(db, world, Desk.NOT_YET) == ["李秀兰", "王建国", "乌云·其其格"]


def test_an_official_sees_the_own_unit_only(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N9")
    assert names(db, world, Desk.ELIGIBLE, by="O1") == ["李秀兰"]
    assert names(db, world, Desk.ELIGIBLE, by="O9") == ["唐㛃"]
    [public_id] = making.propose(db, world, "N1")
    assert names(db, world, Desk.WAITING, by="O9") == []
    outside = world.identity(db, "O9")
    with db.reading() as session:
        for find in (
            lambda: queries.find(session, outside, Permission.CERTIFICATE_LIST, public_id),
            lambda: queries.find_all(session, outside, Permission.CERTIFICATE_LIST, [public_id]),
            lambda: queries.persons_within(
                session, outside, Permission.CERTIFICATE_PROPOSE, [world.person_public_ids["N1"]]
            ),
        ):
            with pytest.raises(NotFound):
                find()
    with pytest.raises(Forbidden):
        names(db, world, Desk.WAITING, by="L1")


def test_filters(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2", "M1")
    first, second, third = making.propose(db, world, "N1", "N2", "M1")
    for public_id in (first, second, third):
        making.sign(db, world, public_id)
    assert names(db, world, Desk.ISSUED) == ["王建国", "乌云·其其格", "李秀兰"]
    assert names(db, world, Desk.ISSUED, text="乌云其其格") == ["乌云·其其格"]
    assert names(db, world, Desk.ISSUED, text="cg00n1") == ["李秀兰"]
    assert names(db, world, Desk.ISSUED, text="0002号") == ["乌云·其其格"]
    assert names(db, world, Desk.ISSUED, text="%") == []
    assert names(db, world, Desk.ISSUED, unit_path=world.unit_paths["east.1.2"]) == ["乌云·其其格"]
    with db.writing() as session:
        revoking.propose_revocation(session, world.identity(db, "O1"), first, reason="x", now=NOW)
        revoking.propose_revocation(session, world.identity(db, "O1"), second, reason="x", now=NOW)
    with db.writing() as session:
        revoking.revoke(session, world.identity(db, "O2"), second, now=NOW)
    assert names(db, world, Desk.ISSUED, decided=Decided.VALID) == ["王建国", "李秀兰"]
    assert names(db, world, Desk.ISSUED, decided=Decided.REVOCATION_PROPOSED) == ["李秀兰"]
    assert names(db, world, Desk.ISSUED, decided=Decided.REVOKED) == ["乌云·其其格"]
    assert names(db, world, Desk.ISSUED, decided=Decided.EXPIRED) == []
    assert names(db, world, Desk.ISSUED, decided=Decided.BLOCKED) == []
    [again] = making.propose(db, world, "N2")
    with db.writing() as session:
        issuing.refuse(session, world.identity(db, "O2"), again, reason="x", now=NOW)
    assert names(db, world, Desk.ISSUED, decided=Decided.REFUSED) == ["乌云·其其格"]
    assert len(names(db, world, Desk.ISSUED)) == 3  # a refused proposal is not among the issued


def test_the_desk_shows_the_last_paper_of_each(db: Database, world: World) -> None:
    public_id = making.issue(db, world, "N1")
    making.work_off(db)
    with db.writing() as session:
        papers.reissue(session, world.identity(db, "O1"), public_id, address=ADDRESS, reason="x", now=NOW)
    actor = world.identity(db, "O1")
    with db.reading() as session:
        statement = queries.certificates(actor, KIND, DeskFilter(), waiting=False, today=TODAY)
        [row] = session.execute(statement)
    assert row[3].edition == 2
    assert row.proposer == "陈志强"


def test_what_wants_attention(db: Database, world: World) -> None:
    public_id = making.issue(db, world, "N1")
    actor = world.identity(db, "O1")

    def wanting() -> dict[Decided, int]:
        with db.reading() as session:
            _, text = queries.current_text(session, KIND)
            return queries.wanting_attention(session, actor, text, today=TODAY)

    assert wanting() == {}
    [paper] = making.papers_of(db, public_id)
    with db.writing() as session:
        papers.register(session, paper.public_id, paper.file_key, Rendered(b"", ("㛃",)), now=NOW)
    assert wanting() == {Decided.BLOCKED: 1}
    with db.writing() as session:
        revoking.propose_revocation(session, actor, public_id, reason="x", now=NOW)
    assert wanting() == {Decided.BLOCKED: 1, Decided.REVOCATION_PROPOSED: 1}


def test_what_a_batch_has_settled(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2", "M1")
    ids = making.propose(db, world, "N1", "N2", "M1")
    making.sign(db, world, ids[0])
    making.work_off(db)
    making.sign(db, world, ids[1])  # its paper is still to be made
    with db.reading() as session:
        assert queries.settled(session, world.identity(db, "O2"), ids) == {ids[0]}
        assert queries.settled(session, world.identity(db, "O1"), ids) == set()


def test_what_waits_longest(db: Database, world: World) -> None:
    actor = world.identity(db, "O2")
    with db.reading() as session:
        assert queries.oldest_waiting(session, actor, KIND, today=TODAY) is None
    making.make_eligible(db, world, "N1")
    making.propose(db, world, "N1")
    with db.reading() as session:
        assert queries.oldest_waiting(session, actor, KIND, today=TODAY) == NOW


def test_a_kind_that_is_not_loaded_is_not_there(db: Database) -> None:
    with db.reading() as session, pytest.raises(NotFound):
        queries.current_text(session, "unknown")


def test_who_authorised_a_job(db: Database, world: World) -> None:
    public_id = world.person_public_ids["O2"]
    at = NOW - timedelta(hours=1)
    with db.reading() as session:
        actor = queries.acting_identity(session, public_id, day=TODAY, authorised_at=at, request_id="r1")
        assert actor.holds(Role.OFFICIAL)
        assert (actor.person_id, actor.channel) == (world.person_ids["O2"], Channel.JOB)
        assert (actor.reauthenticated_at, actor.request_id) == (at, "r1")
        before = TODAY - timedelta(days=400)
        assert not queries.acting_identity(session, public_id, day=before, authorised_at=at, request_id="").roles
        with pytest.raises(NotFound):
            queries.acting_identity(session, "nobody", day=TODAY, authorised_at=at, request_id="")


# --- what the public sees -----------------------------------------------------------------------------------


def test_the_public_view_has_these_fields_and_no_others() -> None:
    assert {field.name for field in fields(queries.PublicView)} == {
        "status",
        "masked_name",
        "number",
        "title",
        "title_en",
        "hours",
        "issuer",
        "issuer_en",
        "issued_on",
        "expires_on",
        "revoked_on",
        "syllabus",
        "reissued",
        "hash_start",
    }


def test_the_public_view_through_the_life_of_a_certificate(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    making.sign(db, world, public_id)
    code = making.certificate(db, public_id).verify_code or ""

    def seen(day_offset: int = 0) -> queries.PublicView:
        with db.reading() as session:
            view = queries.public_view(session, code, TODAY + timedelta(days=day_offset))
        assert view is not None
        return view

    assert (seen().status, seen().masked_name, seen().hash_start) == (PublicStatus.VALID, "李**", "")
    making.work_off(db)
    assert seen().hash_start == (making.papers_of(db, public_id)[0].sha256 or "")[:16]
    assert seen(730).status is PublicStatus.VALID
    assert seen(731).status is PublicStatus.EXPIRED
    with db.writing() as session:
        revoking.propose_revocation(session, world.identity(db, "O1"), public_id, reason="x", now=NOW)
    assert seen().status is PublicStatus.VALID
    with db.writing() as session:
        revoking.revoke(session, world.identity(db, "O2"), public_id, now=NOW)
    assert (seen().status, seen().revoked_on) == (PublicStatus.REVOKED, TODAY)


def test_number_and_code_belong_together(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2")
    first, second = making.propose(db, world, "N1", "N2")
    making.sign(db, world, first)
    making.sign(db, world, second)
    one, two = making.certificate(db, first), making.certificate(db, second)

    def ask(number: str, code: str | None) -> str | None:
        with db.reading() as session:
            view = queries.public_view_typed(session, number, code or "", TODAY)
        return view.number if view is not None else None

    assert ask("2026 0001", one.typed_code) == one.number
    assert ask(one.number or "", (one.typed_code or "").lower()) == one.number
    assert ask("2026 0002", one.typed_code) is None
    assert ask("2026 0001", two.typed_code) is None
    assert ask("2026 0001", "") is None
    assert ask("", one.typed_code) is None
    assert ask("2026 9", one.typed_code) is None


def test_a_proposal_answers_nothing(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    making.propose(db, world, "N1")
    with db.reading() as session:
        assert queries.public_view(session, "", TODAY) is None
        assert queries.public_view_typed(session, "2026 0001", "None", TODAY) is None


def test_the_name_is_masked_as_printed(db: Database, world: World) -> None:
    public_id = making.issue(db, world, "N1")
    with db.engine.begin() as connection:
        connection.execute(sa.update(Person).where(Person.id == world.person_ids["N1"]).values(name="欧阳海燕"))
    code = making.certificate(db, public_id).verify_code or ""
    with db.reading() as session:
        view = queries.public_view(session, code, TODAY)
    assert view is not None
    assert view.masked_name == "李**"  # what stands on the paper that is being checked


def test_registered_files(db: Database, world: World) -> None:
    public_id = making.issue(db, world, "N1")
    making.work_off(db)
    [paper] = making.papers_of(db, public_id)
    with db.reading() as session:
        found = queries.registered(session, paper.sha256 or "", TODAY)
        assert found is not None
        assert (found.number, found.status, found.edition, found.last_edition) == (
            "东街网培证字〔2026〕第0001号",
            PublicStatus.VALID,
            1,
            1,
        )
        assert queries.registered(session, "0" * 64, TODAY) is None


def test_own_certificates_are_the_issued_ones(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    with db.reading() as session:
        assert queries.own_certificates(session, world.person_ids["N1"]) == []
    making.sign(db, world, public_id)
    with db.reading() as session:
        [own] = queries.own_certificates(session, world.person_ids["N1"])
        assert own.state is CertificateState.ISSUED
        assert queries.own_certificates(session, world.person_ids["N2"]) == []
        assert queries.last_serial(session, "东街网培证字", 2026) == 1
        assert queries.last_serial(session, "东街网培证字", 2027) == 0


def test_a_pile_costs_the_same_however_long_it_is(db: Database, world: World, count_queries: CountQueries) -> None:
    actor = world.identity(db, "O1")
    making.add_trainees(db, world, [f"网格员{index}" for index in range(12)])
    with db.reading() as session:
        _, text = queries.current_text(session, KIND)
        with count_queries(db) as statements:
            session.execute(queries.without_certificate(actor, text, DeskFilter(), eligible=True)).all()
            queries.desk_counts(session, actor, text, today=TODAY)
    assert len(statements) == 2
