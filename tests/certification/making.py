"""Certificates for tests: the content in the database, persons who have passed their courses, signed-off papers."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, HeldRole, Identity, Role
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.certification.content import CERTIFICATE
from lms.certification.models import Certificate, CertificateDocument
from lms.certification.rules import CertificateState, DocumentState
from lms.certification.services import issuing
from lms.config import ROOT
from lms.content import services as content
from lms.content.models import ContentCurrent
from lms.content.rules import ContentKind
from lms.core import clock
from lms.core.content import Problems
from lms.core.db import Database
from lms.core.ids import new_public_id
from lms.core.storage import new_key, storage_of
from lms.courses.content import COURSE
from lms.courses.models import Enrolment
from lms.courses.rules import EnrolmentState
from lms.jobs import queries as job_queries
from lms.jobs import services as jobs
from lms.people.models import OrgUnit, Person
from lms.people.rules import Sex, StaffState
from lms.people.services import persons, roles
from lms.quizzes.models import QuizAttempt
from lms.quizzes.rules import AttemptState
from lms.registry import JOB_HANDLERS
from tests.world import NOW, World

KIND = "onboarding_part1"
COURSES = ("c01", "c04", "c05")
ADDRESS = "https://wangge.example"
BEGUN = NOW - timedelta(days=40)
PASSED = NOW - timedelta(days=4)


def load_content(db: Database) -> None:
    """Take the certificates and courses of the checkout into the database."""
    bundles = [*CERTIFICATE.collect(ROOT, Problems()), *COURSE.collect(ROOT, Problems())]
    with db.writing() as session:
        content.sync(session, CONSOLE, bundles, now=NOW)


def enrol(
    session: Session,
    person: Person,
    course: str,
    state: EnrolmentState = EnrolmentState.PASSED,
    *,
    attempt_state: AttemptState = AttemptState.MARKED,
    passed_at: datetime = PASSED,
) -> None:
    """Leave a person in a course in some state, with the attempt that passed it."""
    revision_id = session.scalars(
        sa.select(ContentCurrent.revision_id).where(
            ContentCurrent.kind == ContentKind.COURSE, ContentCurrent.key == course
        )
    ).one()
    passed = state is EnrolmentState.PASSED
    attempt = QuizAttempt(
        public_id=new_public_id(),
        person_id=person.id,
        course_key=course,
        number=1,
        revision_id=revision_id,
        seed=1,
        state=attempt_state,
        has_extra_time=False,
        started_at=passed_at,
        deadline_at=passed_at,
        marked_at=passed_at,
        points=Decimal(91),
        points_possible=Decimal(100),
        is_passed=True,
        is_critical_missed=False,
    )
    enrolment = Enrolment(
        public_id=new_public_id(),
        person_id=person.id,
        course_key=course,
        revision_id=revision_id,
        state=state,
        started_at=BEGUN,
        passed_at=passed_at if passed else None,
        passed_attempt=attempt.public_id if passed else "",
    )
    for row, tag in ((enrolment, AuditTag.COURSE_PASSED), *(((attempt, AuditTag.ATTEMPT_MARKED),) if passed else ())):
        session.add(row)
        session.flush()
        audit.record(
            session, CONSOLE, Role.CONSOLE, tag, (str(row.__tablename__), row.public_id), now=passed_at, diff={}
        )
    session.flush()


def make_eligible(db: Database, world: World, *numbers: str) -> None:
    """Let persons of the world pass the courses that the certificate asks for."""
    with db.writing() as session:
        for number in numbers:
            for course in COURSES:
                enrol(session, world.person(session, number), course)


def add_trainees(db: Database, world: World, names: Iterable[str]) -> list[str]:
    """Add eligible trainees to a grid of the eastern sub-district; return their public ids."""
    made: list[str] = []
    with db.writing() as session:
        grid = world.unit(session, "east.1.1")
        for index, name in enumerate(names):
            data = persons.PersonData(staff_number=f"TR{index:04d}", name=name, sex=Sex.UNKNOWN, joined_on=NOW.date())
            person = persons.add_person(session, CONSOLE, grid, data, now=NOW, state=StaffState.TRAINEE)
            for course in COURSES:
                enrol(session, person, course)
            made.append(person.public_id)
    return made


def add_official(db: Database, world: World, number: str, name: str) -> Identity:
    """Add an official of the eastern sub-district, for races between more than two."""
    with db.writing() as session:
        office: OrgUnit = world.unit(session, "east")
        data = persons.PersonData(staff_number=number, name=name, joined_on=NOW.date())
        person = persons.add_person(session, CONSOLE, office, data, now=NOW, state=StaffState.ACTIVE)
        roles.grant_from_console(session, CONSOLE, person, Role.OFFICIAL, office, now=NOW)
        return Identity(
            person_id=person.id,
            public_id=person.public_id,
            roles=(HeldRole(Role.OFFICIAL, office.path),),
            reauthenticated_at=clock.real_now(),
        )


def propose(db: Database, world: World, *numbers: str, by: str = "O1") -> list[str]:
    """Propose certificates for persons of the world; return the public ids."""
    actor = world.identity(db, by)
    with db.writing() as session:
        return [
            issuing.propose(session, actor, world.person(session, number), KIND, now=NOW).public_id
            for number in numbers
        ]


def propose_ids(db: Database, world: World, person_public_ids: Iterable[str], by: str = "O1") -> list[str]:
    """Propose certificates for persons by public id; return the certificates' public ids in the same order."""
    actor = world.identity(db, by)
    with db.writing() as session:
        people = {
            person.public_id: person
            for person in session.scalars(sa.select(Person).where(Person.public_id.in_(list(person_public_ids))))
        }
        made = issuing.propose_all(session, actor, [people[each] for each in person_public_ids], KIND, now=NOW)
        return [certificate.public_id for certificate in made]


def sign(db: Database, world: World, public_id: str, *, by: str = "O2", now: datetime = NOW) -> str:
    """Sign a proposed certificate off; return its number."""
    with db.writing() as session:
        certificate = issuing.sign_off(session, world.identity(db, by), public_id, address=ADDRESS, now=now)
        number = certificate.number
    assert number is not None
    return number


def issue(db: Database, world: World, number: str) -> str:
    """Make a person of the world eligible, propose and sign; return the certificate's public id."""
    make_eligible(db, world, number)
    [public_id] = propose(db, world, number)
    sign(db, world, public_id)
    return public_id


def work_off(db: Database) -> None:
    """Run all jobs that are due, in this thread."""
    while True:
        with db.reading() as session:
            waiting = job_queries.waiting_jobs(session, clock.real_now())
        if not waiting:
            return
        for job_id, _ in waiting:
            jobs.run(db, job_id, JOB_HANDLERS, timedelta(seconds=20))


def certificate(db: Database, public_id: str) -> Certificate:
    """Return a certificate as it is now."""
    with db.reading() as session:
        return session.scalars(sa.select(Certificate).where(Certificate.public_id == public_id)).one()


def papers_of(db: Database, public_id: str) -> list[CertificateDocument]:
    """Return the papers of a certificate as they are now, by edition."""
    with db.reading() as session:
        return list(
            session.scalars(
                sa.select(CertificateDocument)
                .join(Certificate, Certificate.id == CertificateDocument.certificate_id)
                .where(Certificate.public_id == public_id)
                .order_by(CertificateDocument.edition)
            )
        )


def put_issued(db: Database, world: World, number: str) -> tuple[str, str]:
    """Put an issued certificate with its paper straight into the tables, for walks over all pages.

    Returns the public ids of certificate and paper; those that are there already when called again.
    """
    load_content(db)
    person_id, other_id = world.person_ids[number], world.person_ids["T1" if number != "T1" else "M1"]
    with db.engine.begin() as connection:
        known = connection.execute(
            sa.select(Certificate.public_id, CertificateDocument.public_id)
            .join(CertificateDocument, CertificateDocument.certificate_id == Certificate.id)
            .where(Certificate.person_id == person_id)
        ).one_or_none()
        if known is not None:
            return known[0], known[1]
        revision_id = connection.execute(
            sa.select(ContentCurrent.revision_id).where(ContentCurrent.kind == ContentKind.CERTIFICATE)
        ).scalar_one()
        certificate_id = connection.execute(
            sa.insert(Certificate)
            .values(
                public_id=(public_id := new_public_id()),
                person_id=person_id,
                kind=KIND,
                state=CertificateState.ISSUED,
                basis={"courses": [], "hours": "7", "started_on": "2026-10-15", "finished_on": "2026-11-20"},
                proposed_by_id=other_id,
                proposed_at=NOW,
                series="东街网培证字",
                year=2026,
                serial=person_id,
                number=f"东街网培证字〔2026〕第{person_id:04d}号",
                signed_by_id=other_id,
                issued_at=NOW,
                expires_on=date(2028, 11, 23),
                verify_code=new_public_id(),
                typed_code="ABCDEFGHJK",
                reason="",
            )
            .returning(Certificate.id)
        ).scalar_one()
        connection.execute(
            sa.insert(CertificateDocument).values(
                public_id=(paper := new_public_id()),
                certificate_id=certificate_id,
                edition=1,
                revision_id=revision_id,
                payload={"name": number, "title": "x", "title_en": "x", "hours": "7", "issuer": "x", "issuer_en": "x"}
                | {"courses": [], "reissued_on": None},
                state=DocumentState.RENDERED,
                file_key=(key := new_key("certificates", "pdf")),
                sha256=f"{person_id:064x}",
                size=4,
                made_at=NOW,
                rendered_at=NOW,
            )
        )
    storage_of(db).put(key, b"%PDF")
    return public_id, paper
