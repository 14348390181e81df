"""Proposing certificates and signing them off: one official proposes, another signs with the password again.

The number is drawn at sign-off, in the transaction that makes the certificate valid, from a row that stays
locked until the commit: whatever is rolled back gives its number back, so the numbers of a year are 1, 2, 3, …
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.certification import queries
from lms.certification.content import CertificateText
from lms.certification.events import CertificateIssued
from lms.certification.models import Certificate, NumberSeries
from lms.certification.rules import (
    SERVING,
    CertificateAction,
    CertificateState,
    eligibility,
    last_valid_day,
)
from lms.certification.services import acts, papers
from lms.core import clock
from lms.core.errors import Conflict
from lms.core.ids import new_public_id, new_readable_code
from lms.core.reactions import publish
from lms.jobs import services as jobs
from lms.messages.rules import MessageKind
from lms.messages.services import tell

if TYPE_CHECKING:
    from lms.people.models import Person

SIGN_OFF = "certification.sign_off"
"""Job: sign off the certificates named in ``certificates`` and make their papers."""


# --- proposing --------------------------------------------------------------------------------------------


def propose(session: Session, actor: Identity, person: "Person", kind: str, *, now: datetime) -> Certificate:
    """Propose a certificate of a kind for a person; the snapshot it rests on is taken now.

    Raises NotFound out of reach, Forbidden for oneself, Conflict when the person is not eligible or has one already.
    """
    made = propose_all(session, actor, [person], kind, now=now)
    if not made:
        raise Conflict("certification.certificate.already", name=person.name)
    return made[0]


def propose_all(
    session: Session, actor: Identity, persons: Sequence["Person"], kind: str, *, now: datetime
) -> list[Certificate]:
    """Propose a certificate for each of several persons; those who have one already are passed over.

    So a second click adds nothing. Raises as ``propose`` does for the others; then nothing is proposed.
    """
    roles = [
        require(actor, Permission.CERTIFICATE_PROPOSE, Scope(unit_path=person.unit.path), now=clock.real_now())
        for person in persons
    ]
    _, text = queries.current_text(session, kind)
    ids = [person.id for person in persons]
    holders = queries.holders_among(session, kind, ids)
    standings = queries.standings(session, ids, text.courses)
    made: list[tuple[Certificate, int]] = []
    for index, person in enumerate(persons):
        acts.refuse_own(actor, person.id)
        if person.id in holders:
            continue
        if not eligibility(text.courses, standings[person.id], serves=person.state in SERVING).ok:
            raise Conflict("certification.certificate.not_eligible", name=person.name)
        certificate = Certificate(
            public_id=new_public_id(),
            person_id=person.id,
            kind=kind,
            state=CertificateState.PROPOSED,
            basis=queries.basis_of(session, person.id, text),
            proposed_by_id=actor.person_id,
            proposed_at=now,
        )
        session.add(certificate)
        made.append((certificate, index))
    # All rows before the first entry: the trail's lock comes last everywhere, so two batches cannot block each other.
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("certification.certificate.already_some") from error
    for certificate, index in made:
        audit.record(
            session,
            actor,
            roles[index],
            AuditTag.CERTIFICATE_PROPOSED,
            ("certificate", certificate.public_id),
            now=now,
            unit_path=persons[index].unit.path,
            diff={
                "state": [None, CertificateState.PROPOSED.value],
                "kind": kind,
                "person": persons[index].public_id,
                "basis": certificate.basis,
            },
        )
    return [certificate for certificate, _ in made]


# --- signing off ------------------------------------------------------------------------------------------


def sign_off(
    session: Session,
    actor: Identity,
    public_id: str,
    *,
    address: str,
    now: datetime,
    authorised_at: datetime | None = None,
    with_paper: bool = True,
) -> Certificate:
    """Sign a proposed certificate off as the second official: number, codes, dates, and the row of its paper.

    ``address``: what the QR code leads to, without ``/v/…``. ``with_paper``: also ask for the paper to be made.
    ``authorised_at``: real time of the authorisation when a job acts for the official later (see ``sign_off_batch``).
    A second click by the same official changes nothing and returns the certificate with the number it has.
    Raises Conflict when somebody else has decided, when what it rests on does not hold any more, or while the
    office has no name of its own.
    """
    found, role = acts.begin(session, actor, public_id, CertificateAction.SIGN, authorised_at=authorised_at)
    certificate, person = found.certificate, found.person
    if certificate.signed_by_id is not None and certificate.signed_by_id == actor.person_id:
        return certificate
    if certificate.state is not CertificateState.PROPOSED:
        raise Conflict("certification.certificate.moved_on")
    revision_id, text = acts.text_in_force(session, certificate.kind, found.unit.path)
    standings = queries.standings(session, [person.id], text.courses)[person.id]
    if not eligibility(text.courses, standings, serves=person.state in SERVING).ok:
        raise Conflict("certification.certificate.not_eligible", name=person.name)
    if [course["key"] for course in certificate.basis["courses"]] != list(text.courses):
        raise Conflict("certification.certificate.basis_changed")
    issued_on = clock.local_date(now)
    serial = _draw(session, text, issued_on.year)
    acts.change(
        session,
        actor,
        role,
        found,
        CertificateAction.SIGN,
        {
            "series": text.series,
            "year": issued_on.year,
            "serial": serial,
            "number": text.number_text(issued_on.year, serial),
            "signed_by_id": actor.person_id,
            "issued_at": now,
            "expires_on": last_valid_day(issued_on, text.valid_months),
            "verify_code": new_public_id(),
            "typed_code": new_readable_code(10),
        },
        now=now,
    )
    tell(session, person.id, MessageKind.CERTIFICATE, {"state": "issued"}, now=now)
    publish(
        session,
        CertificateIssued(at=now, person_id=person.id, kind=certificate.kind, certificate=certificate.public_id),
    )
    document = papers.draft(
        session,
        actor,
        role,
        found,
        papers.payload_of(certificate, person.name, text, address=address),
        edition=1,
        revision_id=revision_id,
        tag=AuditTag.DOCUMENT_DRAFTED,
        now=now,
    )
    if with_paper:
        session.flush()
        papers.enqueue(session, [document], actor.person_id)
    return certificate


def _draw(session: Session, text: CertificateText, year: int) -> int:
    """Return the next serial of a series and year; its row stays locked until the transaction ends."""
    statement = (
        sa.update(NumberSeries)
        .where(NumberSeries.series == text.series, NumberSeries.year == year)
        .values(last=NumberSeries.last + 1)
        .returning(NumberSeries.last)
        .execution_options(synchronize_session=False)
    )
    serial = session.scalar(statement)
    if serial is None:  # the first number of the year
        try:
            with session.begin_nested():
                session.execute(sa.insert(NumberSeries).values(series=text.series, year=year, last=0))
        except IntegrityError:
            pass  # somebody else's first number; theirs is committed now
        serial = session.scalar(statement)
    assert serial is not None
    return int(serial)


def sign_off_batch(
    session: Session, actor: Identity, public_ids: Sequence[str], *, address: str, once: str, now: datetime
) -> str:
    """Order the sign-off of several certificates by a job; return the job's public id, for the page of its progress.

    The official is authorised here and now, for every certificate: role and reach, another person than the
    proposer, password within five minutes. The job then acts in the official's name, with the time of this
    authorisation; it asks for role, reach and second person again, certificate by certificate, and draws numbers in
    their order. ``once``: a value of the form; sending the same form twice gives the same job.
    Raises as ``sign_off`` does, and Conflict when nothing is left to sign.
    """
    found = queries.find_all(session, actor, Permission.CERTIFICATE_SIGN, public_ids)
    for each in found:
        require(
            actor,
            Permission.CERTIFICATE_SIGN,
            Scope(unit_path=each.unit.path),
            now=clock.real_now(),
            begun_by=each.certificate.proposed_by_id,
        )
        acts.refuse_own(actor, each.person.id)
    waiting = [each.certificate.public_id for each in found if each.certificate.state is CertificateState.PROPOSED]
    key = f"{SIGN_OFF}:{actor.public_id}:{once}"
    if not waiting and not queries.job_with_key(session, key):
        raise Conflict("certification.certificate.moved_on")
    job = jobs.enqueue(
        session,
        SIGN_OFF,
        {
            "actor": actor.public_id,
            "authorised_at": clock.real_now().isoformat(),
            "signed_at": now.isoformat(),
            "address": address,
            "request_id": actor.request_id,
            "certificates": waiting,
        },
        dedupe_key=key,
        owner_id=actor.person_id,
    )
    return job.public_id


def refuse(session: Session, actor: Identity, public_id: str, *, reason: str, now: datetime) -> None:
    """Turn a proposed certificate down as the second official.

    Raises Invalid without a reason, Conflict when it is decided already.
    """
    found, role = acts.begin(session, actor, public_id, CertificateAction.REFUSE)
    reason = acts.checked_reason(reason)
    acts.change(session, actor, role, found, CertificateAction.REFUSE, {"reason": reason}, now=now, reason=reason)
