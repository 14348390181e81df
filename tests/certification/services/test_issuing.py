"""Proposing and signing off: two persons, one number each, no gap and no double whatever happens."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.audit.rules import AuditTag
from lms.certification import queries
from lms.certification.models import Certificate, CertificateDocument, NumberSeries
from lms.certification.rules import CertificateState, DocumentState
from lms.certification.services import acts, issuing
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound, ReauthenticationNeeded
from lms.courses.rules import EnrolmentState
from lms.jobs.models import Job
from lms.people.services import units
from lms.people.services.founding import UNNAMED_OFFICE
from lms.quizzes.rules import AttemptState
from tests import trail
from tests.certification import making
from tests.certification.making import ADDRESS, KIND
from tests.racing import all_fine, together
from tests.world import NOW, World


@pytest.fixture(autouse=True)
def content(db: Database) -> None:
    making.load_content(db)


def test_a_proposal_holds_what_it_rests_on(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    since = trail.seq(db)
    [public_id] = making.propose(db, world, "N1")
    made = making.certificate(db, public_id)
    assert made.state is CertificateState.PROPOSED
    assert (made.number, made.serial, made.issued_at, made.verify_code) == (None, None, None, None)
    assert made.basis["hours"] == "10.5"
    assert made.basis["started_on"] == "2026-10-15"
    assert made.basis["finished_on"] == "2026-11-20"
    assert [(each["key"], each["hours"], each["revision"]) for each in made.basis["courses"]] == [
        ("c01", "3.5", 1),
        ("c04", "3.5", 2),
        ("c05", "3.5", 2),
    ]
    [entry] = trail.entries(db, since)
    assert entry.tag == AuditTag.CERTIFICATE_PROPOSED
    assert entry.unit_path == world.unit_paths["east.1.1"]


def test_only_who_has_passed_every_course_is_proposed(db: Database, world: World) -> None:
    with db.writing() as session:
        making.enrol(session, world.person(session, "N1"), "c01")
        making.enrol(session, world.person(session, "N1"), "c04", EnrolmentState.LESSONS_DONE)
        making.enrol(session, world.person(session, "N2"), "c01")
        making.enrol(session, world.person(session, "N2"), "c04", attempt_state=AttemptState.VOID)
    for number in ("N1", "N2", "M1"):
        with pytest.raises(Conflict, match="not_eligible"):
            making.propose(db, world, number)


def test_a_person_has_one_live_certificate_of_a_kind(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2")
    [first] = making.propose(db, world, "N1")
    with pytest.raises(Conflict, match="already"):
        making.propose(db, world, "N1")
    with db.writing() as session:  # a second click on a batch adds only what is new
        people = [world.person(session, number) for number in ("N1", "N2")]
        made = issuing.propose_all(session, world.identity(db, "O1"), people, KIND, now=NOW)
        assert [each.person_id for each in made] == [world.person_ids["N2"]]
    with db.writing() as session:
        issuing.refuse(session, world.identity(db, "O2"), first, reason="照片没交", now=NOW)
    making.propose(db, world, "N1")  # after a refusal it can be proposed again


def test_two_officials_propose_at_once(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2")

    def act(by: str) -> Callable[[], int]:
        actor = world.identity(db, by)

        def propose() -> int:
            with db.writing() as session:
                people = [world.person(session, number) for number in ("N1", "N2")]
                return len(issuing.propose_all(session, actor, people, KIND, now=NOW))

        return propose

    outcomes = together(act("O1"), act("O2"))
    assert sorted(each if isinstance(each, int) else -1 for each in outcomes) in ([-1, 2], [0, 2])
    with db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Certificate)) == 2


def test_reach_role_and_oneself(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "O1")
    with pytest.raises(NotFound):
        making.propose(db, world, "N1", by="O9")
    with pytest.raises(Forbidden):
        making.propose(db, world, "N1", by="L1")
    with pytest.raises(Forbidden, match="own"):
        making.propose(db, world, "O1", by="O1")
    [of_official] = making.propose(db, world, "O1", by="O2")
    with pytest.raises(Forbidden, match="own"):
        making.sign(db, world, of_official, by="O1")
    [public_id] = making.propose(db, world, "N1")
    with pytest.raises(NotFound):
        making.sign(db, world, public_id, by="O9")


def test_the_proposer_may_not_sign(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    with pytest.raises(Forbidden, match="second_person"):
        making.sign(db, world, public_id, by="O1")
    with pytest.raises(Forbidden, match="second_person"), db.writing() as session:
        issuing.refuse(session, world.identity(db, "O1"), public_id, reason="x", now=NOW)


def test_signing_asks_for_the_password_again(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    stale = world.identity(db, "O2", fresh=False)
    with pytest.raises(ReauthenticationNeeded), db.writing() as session:
        issuing.sign_off(session, stale, public_id, address=ADDRESS, now=NOW)
    with pytest.raises(ReauthenticationNeeded), db.writing() as session:
        issuing.sign_off_batch(session, stale, [public_id], address=ADDRESS, once="1", now=NOW)


def test_signing_draws_the_number_and_drafts_the_paper(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    since = trail.seq(db)
    assert making.sign(db, world, public_id) == "东街网培证字〔2026〕第0001号"
    signed = making.certificate(db, public_id)
    assert signed.state is CertificateState.ISSUED
    assert signed.signed_by_id == world.person_ids["O2"]
    assert signed.expires_on is not None
    assert signed.expires_on.isoformat() == "2028-11-23"
    assert signed.verify_code is not None
    assert signed.typed_code is not None
    assert (len(signed.verify_code), len(signed.typed_code)) == (22, 10)
    [paper] = making.papers_of(db, public_id)
    assert (paper.state, paper.edition) == (DocumentState.WAITING, 1)
    assert paper.payload["name"] == "李秀兰"
    assert paper.payload["verify_url"] == f"{ADDRESS}/v/{signed.verify_code}"
    issued, drafted = trail.entries(db, since)
    assert (issued.tag, drafted.tag) == (AuditTag.CERTIFICATE_ISSUED, AuditTag.DOCUMENT_DRAFTED)
    for secret in (signed.verify_code, signed.typed_code, "李秀兰"):
        assert secret not in str(issued.diff) + str(drafted.diff)
    with db.reading() as session:
        assert session.scalars(sa.select(Job.name)).all() == ["certification.render"]


def test_a_second_click_returns_the_same_number(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2")
    first, second = making.propose(db, world, "N1", "N2")
    number = making.sign(db, world, first)
    since = trail.seq(db)
    assert making.sign(db, world, first) == number
    assert trail.entries(db, since) == []
    assert making.sign(db, world, second) == "东街网培证字〔2026〕第0002号"
    with db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(CertificateDocument)) == 2
    other = making.add_official(db, world, "CG00O3", "吴刚")
    with pytest.raises(Conflict, match="moved_on"), db.writing() as writer:
        issuing.sign_off(writer, other, first, address=ADDRESS, now=NOW)


def test_eligibility_is_asked_again_at_sign_off(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE quiz_attempt SET state = 'void'"))
    with pytest.raises(Conflict, match="not_eligible"):
        making.sign(db, world, public_id)


def test_each_year_counts_from_one_by_the_date_in_shanghai(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2")
    first, second = making.propose(db, world, "N1", "N2")
    assert making.sign(db, world, first, now=datetime(2026, 12, 31, 15, 59, tzinfo=UTC)).endswith("〔2026〕第0001号")
    # 16:00 in UTC is midnight in Shanghai
    assert making.sign(db, world, second, now=datetime(2026, 12, 31, 16, 0, tzinfo=UTC)).endswith("〔2027〕第0001号")


def test_a_refusal_needs_a_reason_and_ends_it(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    actor = world.identity(db, "O2")
    for reason in ("  ", "长" * (acts.LONGEST_REASON + 1)):
        with pytest.raises(Invalid, match="reason"), db.writing() as session:
            issuing.refuse(session, actor, public_id, reason=reason, now=NOW)
    since = trail.seq(db)
    with db.writing() as session:
        issuing.refuse(session, actor, public_id, reason=" 名字写错了 ", now=NOW)
    refused = making.certificate(db, public_id)
    assert (refused.state, refused.reason, refused.number) == (CertificateState.REFUSED, "名字写错了", None)
    assert [each.reason for each in trail.entries(db, since)] == ["名字写错了"]
    with pytest.raises(Conflict):
        making.sign(db, world, public_id)


def test_two_officials_sign_at_once(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    third = making.add_official(db, world, "CG00O3", "吴刚")

    def act(actor: Identity) -> Callable[[], str | None]:
        def sign() -> str | None:
            with db.writing() as session:
                return issuing.sign_off(session, actor, public_id, address=ADDRESS, now=NOW).number

        return sign

    outcomes = together(act(world.identity(db, "O2")), act(third))
    assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "str"]
    # The same official twice at once: one number, told twice.
    making.make_eligible(db, world, "N2")
    [public_id] = making.propose(db, world, "N2")
    twice = all_fine(together(act(third), act(third)))
    assert twice == ["东街网培证字〔2026〕第0002号"] * 2


class Killed(Exception):
    """Stands for a worker or a connection that is gone before the commit."""


def test_200_sign_offs_from_8_threads_with_20_kills(db: Database, world: World) -> None:
    people = making.add_trainees(db, world, [f"网格员{index}" for index in range(200)])
    waiting = making.propose_ids(db, world, people)
    actor = world.identity(db, "O2")
    lock = threading.Lock()
    kills = iter(range(20))

    def killed_now(turn: int) -> bool:
        if turn % 9:
            return False
        with lock:
            return next(kills, None) is not None

    def sign(public_id: str, turn: int, session: Session) -> None:
        issuing.sign_off(session, actor, public_id, address=ADDRESS, now=NOW, with_paper=False)
        session.flush()
        if killed_now(turn):
            if turn % 2:  # the connection dies under the transaction
                session.connection().connection.dbapi_connection.close()  # type: ignore[union-attr]
            raise Killed

    def worker(number: int) -> Callable[[], int]:
        def run() -> int:
            lost = 0
            for turn, public_id in enumerate(waiting[number::8]):
                for again in range(3):
                    try:
                        with db.writing() as session:
                            sign(public_id, turn + number if again == 0 else 1, session)
                        break
                    except (Killed, sa.exc.DBAPIError):
                        lost += 1
            return lost

        return run

    lost = sum(all_fine(together(*(worker(number) for number in range(8)))))
    assert lost == 20
    with db.reading() as session:
        assert session.scalars(sa.select(Certificate.serial).order_by(Certificate.serial)).all() == list(range(1, 201))
        assert len(set(session.scalars(sa.select(Certificate.number)))) == 200
        assert session.scalars(sa.select(NumberSeries.last)).all() == [200]
        assert session.scalar(sa.select(sa.func.count()).select_from(CertificateDocument)) == 200
    signed = [entry for entry in trail.entries(db, 0) if entry.tag == AuditTag.CERTIFICATE_ISSUED]
    assert len({entry.object_id for entry in signed}) == len(signed) == 200


# --- a batch ------------------------------------------------------------------------------------------------


def test_a_batch_is_ordered_once_by_one_form(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2")
    ids = making.propose(db, world, "N1", "N2")
    actor = world.identity(db, "O2")
    with db.writing() as session:
        job = issuing.sign_off_batch(session, actor, ids, address=ADDRESS, once="form-1", now=NOW)
    with db.writing() as session:
        assert issuing.sign_off_batch(session, actor, ids, address=ADDRESS, once="form-1", now=NOW) == job
    with db.reading() as session:
        [row] = session.scalars(sa.select(Job))
        assert row.owner_id == actor.person_id
        assert row.payload["certificates"] == ids
    for each in ids:
        making.sign(db, world, each)
    with db.writing() as session:  # everything is signed: the same form still leads to its progress
        assert issuing.sign_off_batch(session, actor, ids, address=ADDRESS, once="form-1", now=NOW) == job
    with pytest.raises(Conflict, match="moved_on"), db.writing() as session:
        issuing.sign_off_batch(session, actor, ids, address=ADDRESS, once="form-2", now=NOW)


def test_a_batch_is_refused_for_the_proposer_and_out_of_reach(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2")
    ids = [*making.propose(db, world, "N1"), *making.propose(db, world, "N2", by="O2")]
    with pytest.raises(Forbidden, match="second_person"), db.writing() as session:
        issuing.sign_off_batch(session, world.identity(db, "O2"), ids, address=ADDRESS, once="1", now=NOW)
    with pytest.raises(NotFound), db.writing() as session:
        issuing.sign_off_batch(session, world.identity(db, "O9"), ids, address=ADDRESS, once="1", now=NOW)


def test_the_job_signs_long_after_the_authorisation(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    actor = world.identity(db, "O2")
    authorised_at = clock.real_now()
    clock.freeze(NOW + timedelta(hours=3))
    with db.writing() as session:
        signed = issuing.sign_off(
            session, actor, public_id, address=ADDRESS, now=NOW, authorised_at=authorised_at, with_paper=False
        )
        assert signed.issued_at == NOW


def test_an_office_without_a_name_of_its_own_signs_nothing(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    named = rename(db, world, UNNAMED_OFFICE, was=("东街道", "East"))
    with pytest.raises(Conflict, match=r"certification\.office\.unnamed"):
        making.sign(db, world, public_id)
    with db.reading() as session:
        assert queries.last_serial(session, "东街网培证字", 2026) == 0  # no number is lost
    rename(db, world, "槐树街道", was=(named, "East"))
    assert making.sign(db, world, public_id) == "槐街网培证字〔2026〕第0001号"


def rename(db: Database, world: World, name: str, *, was: tuple[str, str]) -> str:
    with db.writing() as session:
        office = world.unit(session, "east")
        units.rename_unit(session, world.identity(db, "O1"), office, name, name_en=was[1], was=was, now=NOW)
    return name
