"""Reading certificates: the desk, one certificate, one's own, and what the public may see."""

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hmac import compare_digest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from lms.access.decide import may_use
from lms.access.filters import visible
from lms.access.identity import Channel, HeldRole, Identity
from lms.access.permissions import Permission
from lms.audit.models import AuditEntry
from lms.certification.content import CERTIFICATE, CertificateText
from lms.certification.models import Certificate, CertificateDocument, NumberSeries
from lms.certification.rules import (
    LIVE,
    SERVING,
    CertificateState,
    DocumentState,
    Missing,
    PublicStatus,
    Standing,
    eligibility,
    is_verify_code,
    masked_name,
    public_status,
    typed_code,
    typed_number,
)
from lms.content import queries as content
from lms.content.models import ContentRevision
from lms.core.clock import local_date
from lms.core.errors import NotFound
from lms.courses.content import COURSE
from lms.courses.models import Enrolment
from lms.courses.rules import EnrolmentState
from lms.jobs.models import Job
from lms.jobs.queries import job_seen_by
from lms.jobs.rules import JobState
from lms.people.models import OrgUnit, Person, RoleGrant
from lms.people.queries import in_force
from lms.people.rules import StaffState, name_key
from lms.quizzes.models import QuizAttempt
from lms.quizzes.rules import AttemptState

# --- texts ------------------------------------------------------------------------------------------------


def current_text(session: Session, kind: str) -> tuple[int, CertificateText]:
    """Return (revision id, text) of the certificate that is issued now under a kind. Raises NotFound."""
    held = content.held(session, CERTIFICATE, kind)
    return held.revision_id, held.thing


def current_texts(session: Session) -> list[CertificateText]:
    """Return the text of every kind of certificate that is issued now, by key."""
    return [held.thing for held in content.all_held(session, CERTIFICATE).values()]


def text_of_revision(session: Session, revision_id: int) -> CertificateText:
    """Return the text a paper was made from."""
    text: CertificateText = content.held_revisions(session, CERTIFICATE, [revision_id])[revision_id].thing
    return text


def course_names(session: Session, courses: Collection[str], language: str) -> dict[str, str]:
    """Return the short names of courses by key, as they are now; the key where there is no such course."""
    held = content.all_held(session, COURSE)
    return {key: held[key].thing.short_in(language) if key in held else key for key in courses}


# --- eligibility ------------------------------------------------------------------------------------------


def _passed_attempt() -> sa.ColumnElement[bool]:
    return sa.and_(
        QuizAttempt.public_id == Enrolment.passed_attempt,
        QuizAttempt.person_id == Enrolment.person_id,
        QuizAttempt.course_key == Enrolment.course_key,
    )


def _counts() -> sa.ColumnElement[bool]:
    return sa.and_(QuizAttempt.state == AttemptState.MARKED, QuizAttempt.is_passed.is_(True))


def standings(
    session: Session, person_ids: Collection[int], courses: Collection[str]
) -> dict[int, dict[str, Standing]]:
    """Return where each person stands in each of the courses they have begun (one query)."""
    rows = session.execute(
        sa.select(Enrolment.person_id, Enrolment.course_key, Enrolment.state, _counts().label("counts"))
        .outerjoin(QuizAttempt, _passed_attempt())
        .where(Enrolment.person_id.in_(person_ids), Enrolment.course_key.in_(courses))
    )
    found: dict[int, dict[str, Standing]] = {person_id: {} for person_id in person_ids}
    for row in rows:
        found[row.person_id][row.course_key] = Standing(
            lessons_done=row.state is not EnrolmentState.LEARNING,
            passed=row.state is EnrolmentState.PASSED,
            attempt_counts=bool(row.counts),
        )
    return found


def basis_of(session: Session, person_id: int, text: CertificateText) -> dict[str, Any]:
    """Return the snapshot a certificate rests on, as plain values: courses with their hours, revisions, attempts.

    For a person who is eligible; the courses stand in the certificate's order.
    """
    rows = session.execute(
        sa.select(Enrolment, ContentRevision.public_id, QuizAttempt.number)
        .join(ContentRevision, ContentRevision.id == Enrolment.revision_id)
        .join(QuizAttempt, _passed_attempt())
        .where(Enrolment.person_id == person_id, Enrolment.course_key.in_(text.courses))
    ).all()
    held = content.held_revisions(session, COURSE, [enrolment.revision_id for enrolment, _, _ in rows])
    courses = {}
    for enrolment, revision, attempt_number in rows:
        assert enrolment.passed_at is not None
        course = held[enrolment.revision_id].thing
        courses[enrolment.course_key] = {
            "key": enrolment.course_key,
            "title": course.file.title,
            "title_en": course.file.title_en,
            "hours": _plain(course.hours),
            "revision": course.revision,
            "content": revision,
            "enrolment": enrolment.public_id,
            "started_on": local_date(enrolment.started_at).isoformat(),
            "passed_on": local_date(enrolment.passed_at).isoformat(),
            "attempt": enrolment.passed_attempt,
            "attempt_number": attempt_number,
        }
    ordered = [courses[key] for key in text.courses]
    hours = sum((Decimal(each["hours"]) for each in ordered), Decimal(0))
    return {
        "courses": ordered,
        "hours": _plain(hours),
        "started_on": min(each["started_on"] for each in ordered),
        "finished_on": max(each["passed_on"] for each in ordered),
    }


def _plain(hours: Decimal) -> str:
    """Return hours without trailing zeros: 3.5, 7, 40."""
    return f"{hours.normalize():f}"


# --- the desk ---------------------------------------------------------------------------------------------


class Desk(enum.StrEnum):
    """The four piles on an official's desk."""

    WAITING = "waiting"
    ELIGIBLE = "eligible"
    NOT_YET = "not_yet"
    ISSUED = "issued"


DUE_DAYS = 60
"""Days before the last one from which a certificate stands among those that expire soon."""


class Decided(enum.StrEnum):
    """Filters of the pile of decided certificates."""

    ALL = ""
    VALID = "valid"
    DUE = "due"
    """Valid, and expiring within ``DUE_DAYS``."""
    EXPIRED = "expired"
    BLOCKED = "blocked"
    REVOCATION_PROPOSED = "revocation_proposed"
    REVOKED = "revoked"
    REFUSED = "refused"


@dataclass(frozen=True)
class DeskFilter:
    """What an official looks for. ``text``: part of a name, staff number or certificate number."""

    text: str = ""
    unit_path: str = ""
    decided: Decided = Decided.ALL


def _persons(identity: Identity, wanted: DeskFilter) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on Person and OrgUnit of the filter, within the official's reach."""
    conditions = [visible(identity, Permission.CERTIFICATE_LIST, unit_path=OrgUnit.path)]
    if wanted.unit_path:
        conditions.append(OrgUnit.path.startswith(wanted.unit_path, autoescape=True))
    return conditions


def _named(wanted: DeskFilter, *more: sa.ColumnElement[bool]) -> list[sa.ColumnElement[bool]]:
    text = wanted.text.strip()
    if not text:
        return []
    return [
        sa.or_(
            Person.name_key.contains(name_key(text), autoescape=True),
            Person.staff_number.contains(text.upper(), autoescape=True),
            *more,
        )
    ]


def _eligible_ids(courses: Sequence[str]) -> sa.Select[Any]:
    return (
        sa.select(Enrolment.person_id)
        .join(QuizAttempt, _passed_attempt())
        .where(Enrolment.course_key.in_(courses), Enrolment.state == EnrolmentState.PASSED, _counts())
        .group_by(Enrolment.person_id)
        .having(sa.func.count(Enrolment.course_key.distinct()) == len(courses))
    )


def _holders(kind: str) -> sa.Select[Any]:
    return sa.select(Certificate.person_id).where(Certificate.kind == kind, Certificate.state.in_(LIVE))


def without_certificate(
    identity: Identity, text: CertificateText, wanted: DeskFilter, *, eligible: bool
) -> sa.Select[Person, OrgUnit]:
    """Return the select of (Person, OrgUnit) who hold no live certificate of a kind, eligible ones or the others.

    The others are trainees, and whoever has begun one of its courses.
    """
    ids = _eligible_ids(text.courses)
    if eligible:
        those: sa.ColumnElement[bool] = Person.id.in_(ids)
    else:
        begun = sa.select(Enrolment.person_id).where(Enrolment.course_key.in_(text.courses))
        those = sa.and_(Person.id.not_in(ids), sa.or_(Person.state == StaffState.TRAINEE, Person.id.in_(begun)))
    return (
        sa.select(Person, OrgUnit)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(
            those,
            Person.state.in_(SERVING),
            Person.id.not_in(_holders(text.key)),
            *_persons(identity, wanted),
            *_named(wanted),
        )
        .order_by(Person.name_sort, Person.staff_number)
    )


def _latest_document() -> Any:
    """Return an alias of the last paper of each certificate, and the condition to join it."""
    document = aliased(CertificateDocument)
    later = aliased(CertificateDocument)
    condition = sa.and_(
        document.certificate_id == Certificate.id,
        ~sa.exists().where(later.certificate_id == document.certificate_id, later.edition > document.edition),
    )
    return document, condition


def certificates(identity: Identity, kind: str, wanted: DeskFilter, *, waiting: bool, today: date) -> sa.Select[Any]:
    """Return the select of (Certificate, Person, OrgUnit, last document or None, name of the proposer).

    ``waiting``: those proposed, oldest first; else the decided ones, by the latest number.
    """
    document, latest = _latest_document()
    proposer = aliased(Person)
    statement = (
        sa.select(Certificate, Person, OrgUnit, document, proposer.name.label("proposer"))
        .join(Person, Person.id == Certificate.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .join(proposer, proposer.id == Certificate.proposed_by_id)
        .outerjoin(document, latest)
        .where(
            Certificate.kind == kind,
            *_persons(identity, wanted),
            *_named(wanted, Certificate.number.contains(wanted.text.strip(), autoescape=True)),
        )
    )
    if waiting:
        return statement.where(Certificate.state == CertificateState.PROPOSED).order_by(
            Certificate.proposed_at, Certificate.id
        )
    in_force = Certificate.state.in_((CertificateState.ISSUED, CertificateState.REVOCATION_PROPOSED))
    conditions: Mapping[Decided, sa.ColumnElement[bool]] = {
        Decided.ALL: Certificate.state.not_in((CertificateState.PROPOSED, CertificateState.REFUSED)),
        Decided.VALID: sa.and_(in_force, Certificate.expires_on >= today),
        Decided.DUE: sa.and_(in_force, Certificate.expires_on.between(today, today + timedelta(days=DUE_DAYS))),
        Decided.EXPIRED: sa.or_(
            Certificate.state == CertificateState.EXPIRED, sa.and_(in_force, Certificate.expires_on < today)
        ),
        Decided.BLOCKED: document.state == DocumentState.BLOCKED,
        Decided.REVOCATION_PROPOSED: Certificate.state == CertificateState.REVOCATION_PROPOSED,
        Decided.REVOKED: Certificate.state == CertificateState.REVOKED,
        Decided.REFUSED: Certificate.state == CertificateState.REFUSED,
    }
    return statement.where(conditions[wanted.decided]).order_by(
        Certificate.year.desc(), Certificate.serial.desc(), Certificate.id.desc()
    )


def past_last_day(session: Session, today: date, limit: int) -> list[str]:
    """Return the public ids of certificates in force whose last valid day lies before ``today``."""
    in_force = (CertificateState.ISSUED, CertificateState.REVOCATION_PROPOSED)
    statement = sa.select(Certificate.public_id).where(Certificate.state.in_(in_force), Certificate.expires_on < today)
    return list(session.scalars(statement.order_by(Certificate.id).limit(limit)))


def desk_counts(session: Session, identity: Identity, text: CertificateText, *, today: date) -> dict[Desk, int]:
    """Return how many lie in each pile within the official's reach, filters aside (one query)."""
    everything = DeskFilter()
    piles: dict[Desk, Any] = {
        Desk.WAITING: certificates(identity, text.key, everything, waiting=True, today=today),
        Desk.ELIGIBLE: without_certificate(identity, text, everything, eligible=True),
        Desk.NOT_YET: without_certificate(identity, text, everything, eligible=False),
        Desk.ISSUED: certificates(identity, text.key, everything, waiting=False, today=today),
    }
    counts = [
        sa.select(sa.func.count())
        .select_from(pile.order_by(None).with_only_columns(Person.id.label("person")).subquery())
        .scalar_subquery()
        .label(desk.value)
        for desk, pile in piles.items()
    ]
    row = session.execute(sa.select(*counts)).one()
    return {desk: getattr(row, desk.value) for desk in piles}


def wanting_attention(
    session: Session, identity: Identity, text: CertificateText, *, today: date
) -> dict[Decided, int]:
    """Return what waits among the decided ones: revocations for a second person, papers that cannot be printed."""
    wanting = (Decided.REVOCATION_PROPOSED, Decided.BLOCKED)
    counts = [
        sa.select(sa.func.count())
        .select_from(
            certificates(identity, text.key, DeskFilter(decided=each), waiting=False, today=today)
            .order_by(None)
            .with_only_columns(Certificate.id)
            .subquery()
        )
        .scalar_subquery()
        .label(each.value)
        for each in wanting
    ]
    row = session.execute(sa.select(*counts)).one()
    return {each: count for each in wanting if (count := getattr(row, each.value))}


def oldest_waiting(session: Session, identity: Identity, kind: str, *, today: date) -> datetime | None:
    """Return since when the oldest proposal waits, or None when none does."""
    statement = certificates(identity, kind, DeskFilter(), waiting=True, today=today)
    return session.scalar(statement.with_only_columns(Certificate.proposed_at).limit(1))


# --- one certificate --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A certificate with whose it is and where they work."""

    certificate: Certificate
    person: Person
    unit: OrgUnit


def find(session: Session, identity: Identity, permission: Permission, public_id: str, *, lock: bool = False) -> Found:
    """Return a certificate within reach of the permission. Raises NotFound.

    ``lock``: hold its row until the transaction ends, so that of two officials the second sees what the first did.
    """
    statement = (
        sa.select(Certificate, Person, OrgUnit)
        .join(Person, Person.id == Certificate.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(Certificate.public_id == public_id, visible(identity, permission, unit_path=OrgUnit.path))
        .execution_options(populate_existing=True)
    )
    row = session.execute(statement.with_for_update(of=Certificate) if lock else statement).one_or_none()
    if row is None:
        raise NotFound("certification.certificate.not_found")
    return Found(*row)


def find_all(session: Session, identity: Identity, permission: Permission, public_ids: Collection[str]) -> list[Found]:
    """Return certificates within reach, by their ids' order in the table. Raises NotFound when one is not there."""
    rows = session.execute(
        sa.select(Certificate, Person, OrgUnit)
        .join(Person, Person.id == Certificate.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(Certificate.public_id.in_(public_ids), visible(identity, permission, unit_path=OrgUnit.path))
        .order_by(Certificate.proposed_at, Certificate.id)
    ).all()
    if len(rows) != len(set(public_ids)):
        raise NotFound("certification.certificate.not_found")
    return [Found(*row) for row in rows]


def persons_within(
    session: Session, identity: Identity, permission: Permission, public_ids: Collection[str]
) -> list[Person]:
    """Return persons within reach, by id. Raises NotFound when one is not there."""
    persons = session.scalars(
        sa.select(Person)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(Person.public_id.in_(public_ids), visible(identity, permission, unit_path=OrgUnit.path))
        .order_by(Person.id)
        .options(joinedload(Person.unit))
    ).all()
    if len(persons) != len(set(public_ids)):
        raise NotFound("people.person.not_found")
    return list(persons)


def holders_among(session: Session, kind: str, person_ids: Collection[int]) -> set[int]:
    """Return which of these persons hold a live certificate of a kind."""
    return set(session.scalars(_holders(kind).where(Certificate.person_id.in_(person_ids))))


def documents_of(session: Session, certificate_ids: Collection[int]) -> list[CertificateDocument]:
    """Return the papers of certificates, by certificate and edition."""
    return list(
        session.scalars(
            sa.select(CertificateDocument)
            .where(CertificateDocument.certificate_id.in_(certificate_ids))
            .order_by(CertificateDocument.certificate_id, CertificateDocument.edition)
        )
    )


def last_document(session: Session, certificate_id: int) -> CertificateDocument | None:
    """Return the latest paper of a certificate."""
    return session.scalar(
        sa.select(CertificateDocument)
        .where(CertificateDocument.certificate_id == certificate_id)
        .order_by(CertificateDocument.edition.desc())
        .limit(1)
    )


@dataclass(frozen=True)
class Happened:
    """An act on a certificate as its page tells it. ``who`` is empty for what the system did."""

    at: datetime
    tag: str
    who: str
    reason: str


def history(session: Session, certificate: Certificate, documents: Collection[CertificateDocument]) -> list[Happened]:
    """Return what the audit trail holds of a certificate and its papers, earliest first, with names joined."""
    statement = (
        sa.select(AuditEntry, Person.name)
        .outerjoin(Person, Person.public_id == AuditEntry.actor)
        .where(
            sa.or_(
                sa.and_(AuditEntry.object_type == "certificate", AuditEntry.object_id == certificate.public_id),
                sa.and_(
                    AuditEntry.object_type == "certificate_document",
                    AuditEntry.object_id.in_([document.public_id for document in documents]),
                ),
            )
        )
        .order_by(AuditEntry.seq)
    )
    return [
        Happened(at=entry.business_at, tag=entry.tag, who=name or "", reason=entry.reason)
        for entry, name in session.execute(statement)
    ]


def names_of(session: Session, person_ids: Collection[int | None]) -> dict[int, str]:
    """Return the names of persons by id, for "proposed by", "signed by"."""
    wanted = {each for each in person_ids if each is not None}
    rows = session.execute(sa.select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {row.id: row.name for row in rows}


@dataclass(frozen=True)
class Awaited:
    """A kind of certificate that a person does not hold: proposed already, or what is missing (nothing: eligible)."""

    text: CertificateText
    is_proposed: bool
    missing: tuple[tuple[str, Missing], ...]


def awaited(session: Session, person: Person) -> list[Awaited]:
    """Return the kinds that a person may still get, by key (at most four queries)."""
    live = session.execute(
        sa.select(Certificate.kind, Certificate.state).where(
            Certificate.person_id == person.id, Certificate.state.in_(LIVE)
        )
    )
    states = {kind: state for kind, state in live}  # noqa: C416 - keeps the types
    texts = [each for each in current_texts(session) if states.get(each.key) in {None, CertificateState.PROPOSED}]
    courses = {key for text in texts for key in text.courses}
    found = standings(session, [person.id], courses)[person.id]
    return [
        Awaited(
            text,
            states.get(text.key) is CertificateState.PROPOSED,
            eligibility(text.courses, found, serves=person.state in SERVING).missing,
        )
        for text in texts
    ]


def own_certificates(session: Session, person_id: int | None) -> list[Certificate]:
    """Return the certificates issued to a person, latest first, revoked ones included."""
    return list(
        session.scalars(
            sa.select(Certificate)
            .where(Certificate.person_id == person_id, Certificate.issued_at.is_not(None))
            .order_by(Certificate.issued_at.desc(), Certificate.id.desc())
        )
    )


def document_for(session: Session, identity: Identity, public_id: str) -> tuple[CertificateDocument, Certificate]:
    """Return a printed paper for its holder or an official in whose reach the holder is. Raises NotFound."""
    within = [visible(identity, Permission.CERTIFICATE_OWN, owner=Certificate.person_id)]
    if may_use(identity, Permission.CERTIFICATE_LIST):
        within.append(visible(identity, Permission.CERTIFICATE_LIST, unit_path=OrgUnit.path))
    row = session.execute(
        sa.select(CertificateDocument, Certificate)
        .join(Certificate, Certificate.id == CertificateDocument.certificate_id)
        .join(Person, Person.id == Certificate.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(
            CertificateDocument.public_id == public_id,
            CertificateDocument.state == DocumentState.RENDERED,
            sa.or_(*within),
        )
    ).one_or_none()
    if row is None:
        raise NotFound("certification.document.not_found")
    document, certificate = row
    return document, certificate


def waiting_documents(session: Session, made_before: datetime, limit: int = 200) -> list[str]:
    """Return the public ids of papers that are not made although it was their turn before a moment."""
    return list(
        session.scalars(
            sa.select(CertificateDocument.public_id)
            .where(CertificateDocument.state == DocumentState.WAITING, CertificateDocument.made_at < made_before)
            .order_by(CertificateDocument.id)
            .limit(limit)
        )
    )


def document_with_public_id(session: Session, public_id: str, *, lock: bool = False) -> CertificateDocument | None:
    """Return a paper by its public id, for the job that makes it. ``lock``: hold its row until the commit."""
    statement = sa.select(CertificateDocument).where(CertificateDocument.public_id == public_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalar(statement)


def last_serial(session: Session, series: str, year: int) -> int:
    """Return the last serial drawn in a series and year, 0 when none was."""
    found = session.get(NumberSeries, (series, year))
    return found.last if found is not None else 0


def unit_path_of_document(session: Session, document_id: int) -> str:
    """Return the path of the unit in which the holder of a paper works now."""
    return session.scalars(
        sa.select(OrgUnit.path)
        .join(Person, Person.unit_id == OrgUnit.id)
        .join(Certificate, Certificate.person_id == Person.id)
        .join(CertificateDocument, CertificateDocument.certificate_id == Certificate.id)
        .where(CertificateDocument.id == document_id)
    ).one()


@dataclass(frozen=True)
class Batch:
    """A batch that was ordered: its job, and what the job left unsigned as (name, code of the reason)."""

    job: Job
    left: tuple[tuple[str, str], ...]

    @property
    def running(self) -> bool:
        return self.job.state in {JobState.QUEUED, JobState.LEASED}


def batch_seen_by(session: Session, identity: Identity, name: str, public_id: str) -> Batch:
    """Return a batch that the identity ordered. ``name``: of its job. Raises NotFound."""
    job = job_seen_by(session, identity, public_id)
    if job.name != name:
        raise NotFound("jobs.not_found")
    left = job.result.get("left", {})
    rows = session.execute(
        sa.select(Certificate.public_id, Person.name)
        .join(Person, Person.id == Certificate.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(Certificate.public_id.in_(left), visible(identity, Permission.CERTIFICATE_LIST, unit_path=OrgUnit.path))
        .order_by(Person.name_sort)
    )
    return Batch(job, tuple((row.name, left[row.public_id]) for row in rows))


def settled(session: Session, actor: Identity, public_ids: Collection[str]) -> set[str]:
    """Return which certificates of a batch its official has signed already, their papers made or blocked."""
    document, latest = _latest_document()
    return set(
        session.scalars(
            sa.select(Certificate.public_id)
            .join(document, latest)
            .where(
                Certificate.public_id.in_(public_ids),
                Certificate.signed_by_id == actor.person_id,
                document.state != DocumentState.WAITING,
            )
        )
    )


def job_with_key(session: Session, dedupe_key: str) -> bool:
    """Whether a piece of work with this key was ordered already."""
    return session.scalar(sa.select(Job.id).where(Job.dedupe_key == dedupe_key)) is not None


def acting_identity(
    session: Session, public_id: str, *, day: date, authorised_at: datetime, request_id: str
) -> Identity:
    """Return who authorised a piece of long work, with the roles they hold on ``day``, for the job that does it.

    ``authorised_at``: real time at which they gave their password. Raises NotFound when there is no such person.
    """
    person_id = session.scalar(sa.select(Person.id).where(Person.public_id == public_id))
    if person_id is None:
        raise NotFound("people.person.not_found")
    held = session.execute(
        sa.select(RoleGrant.role, OrgUnit.path)
        .join(OrgUnit, OrgUnit.id == RoleGrant.unit_id)
        .where(RoleGrant.person_id == person_id, *in_force(day))
        .order_by(RoleGrant.id)
    )
    return Identity(
        person_id=person_id,
        public_id=public_id,
        roles=tuple(HeldRole(role, path) for role, path in held),
        channel=Channel.JOB,
        request_id=request_id,
        reauthenticated_at=authorised_at,
    )


# --- what the public sees ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class PublicView:
    """Everything the page without sign-in may show; nothing else leaves this module."""

    status: PublicStatus
    masked_name: str
    number: str
    title: str
    title_en: str
    hours: str
    issuer: str
    issuer_en: str
    issued_on: date
    expires_on: date
    revoked_on: date | None
    syllabus: tuple[tuple[str, int], ...]
    reissued: bool
    hash_start: str


def _public_view(session: Session, certificate: Certificate, today: date) -> PublicView:
    document = last_document(session, certificate.id)
    assert document is not None
    assert certificate.issued_at is not None
    assert certificate.expires_on is not None
    payload = document.payload
    return PublicView(
        status=public_status(certificate.state, certificate.expires_on, today),
        masked_name=masked_name(payload["name"]),
        number=certificate.number or "",
        title=payload["title"],
        title_en=payload["title_en"],
        hours=payload["hours"],
        issuer=payload["issuer"],
        issuer_en=payload["issuer_en"],
        issued_on=local_date(certificate.issued_at),
        expires_on=certificate.expires_on,
        revoked_on=local_date(certificate.revoked_at) if certificate.revoked_at else None,
        syllabus=tuple((course["title"], course["revision"]) for course in payload["courses"]),
        reissued=document.edition > 1,
        hash_start=(document.sha256 or "")[:16],
    )


def public_view(session: Session, code: str, today: date) -> PublicView | None:
    """Return what the public may see of the certificate whose QR code holds ``code``, or None."""
    if not is_verify_code(code):
        return None
    certificate = session.scalar(sa.select(Certificate).where(Certificate.verify_code == code))
    return None if certificate is None else _public_view(session, certificate, today)


def public_view_typed(session: Session, number: str, code: str, today: date) -> PublicView | None:
    """Return the same for a number and a printed code as somebody typed them; neither alone answers anything."""
    read_number, read_code = typed_number(number), typed_code(code)
    if read_number is None or not read_code:
        return None
    year, serial = read_number
    candidates = session.scalars(sa.select(Certificate).where(Certificate.year == year, Certificate.serial == serial))
    for certificate in candidates:
        if compare_digest((certificate.typed_code or "").encode(), read_code.encode()):
            return _public_view(session, certificate, today)
    return None


@dataclass(frozen=True)
class Registered:
    """What is registered about a file: which certificate and paper it is, and how the certificate stands."""

    number: str
    title: str
    status: PublicStatus
    expires_on: date
    edition: int
    last_edition: int


def registered(session: Session, sha256: str, today: date) -> Registered | None:
    """Return what is registered about the file with this hash, or None when we made no such file."""
    row = session.execute(
        sa.select(CertificateDocument, Certificate)
        .join(Certificate, Certificate.id == CertificateDocument.certificate_id)
        .where(CertificateDocument.sha256 == sha256)
    ).one_or_none()
    if row is None:
        return None
    document, certificate = row
    last = last_document(session, certificate.id)
    assert last is not None
    assert certificate.number is not None
    assert certificate.expires_on is not None
    return Registered(
        number=certificate.number,
        title=document.payload["title"],
        status=public_status(certificate.state, certificate.expires_on, today),
        expires_on=certificate.expires_on,
        edition=document.edition,
        last_edition=last.edition,
    )


def papers_on_file(session: Session) -> list[tuple[str, str]]:
    """Return (key of the file, SHA-256) of every paper that has been rendered, for whoever proves a copy."""
    rows = session.execute(
        sa.select(CertificateDocument.file_key, CertificateDocument.sha256).where(CertificateDocument.file_key != "")
    )
    return [(key, digest or "") for key, digest in rows]
