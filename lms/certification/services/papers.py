"""Papers of certificates: what they will say, making them, registering them, making one again.

The row of a paper is written with the act that calls for it; the file is made afterwards by a job. Whatever
crashes in between leaves a row whose paper is made again, with the same bytes, under the same name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from lms.access.identity import SYSTEM, Identity, Role
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.certification import queries
from lms.certification.content import CertificateText
from lms.certification.documents import Paper, Rendered, paper_of, unprintable
from lms.certification.models import Certificate, CertificateDocument
from lms.certification.queries import Found
from lms.certification.rules import CertificateAction, DocumentState, code_points, next_state
from lms.certification.services import acts
from lms.core import clock
from lms.core.errors import Conflict
from lms.core.ids import new_public_id
from lms.core.storage import new_key
from lms.jobs import services as jobs

RENDER = "certification.render"
"""Job: make the papers named in ``documents``."""


def refuse_unprintable(names: Iterable[str]) -> None:
    """Raise Conflict for the first name that no paper can print; ask before the first statement of the act.

    No number is drawn for a paper that cannot be made.
    """
    for name, chars in unprintable(names).items():
        raise Conflict("certification.name.unprintable", name=name, chars=code_points(chars))


def payload_of(
    certificate: Certificate, name: str, text: CertificateText, *, address: str, reissued_on: date | None = None
) -> dict[str, Any]:
    """Return everything a paper says, as plain values. ``address``: what the QR code leads to, without ``/v/…``."""
    assert certificate.issued_at is not None
    assert certificate.expires_on is not None
    basis = certificate.basis
    return {
        "title": text.title,
        "title_en": text.title_en,
        "name": name,
        "number": certificate.number,
        "typed_code": certificate.typed_code,
        "verify_url": f"{address.rstrip('/')}/v/{certificate.verify_code}",
        "courses": [
            {field: course[field] for field in ("key", "title", "title_en", "hours", "revision")}
            for course in basis["courses"]
        ],
        "hours": basis["hours"],
        "started_on": basis["started_on"],
        "finished_on": basis["finished_on"],
        "issuer": text.issuer,
        "issuer_en": text.issuer_en,
        "issued_on": clock.local_date(certificate.issued_at).isoformat(),
        "expires_on": certificate.expires_on.isoformat(),
        "reissued_on": reissued_on.isoformat() if reissued_on else None,
    }


def draft(
    session: Session,
    actor: Identity,
    role: Role,
    found: Found,
    payload: dict[str, Any],
    *,
    edition: int,
    revision_id: int,
    tag: AuditTag,
    now: datetime,
    reason: str = "",
) -> CertificateDocument:
    """Add the row of a paper to an issued certificate and record it under ``tag``."""
    document = CertificateDocument(
        public_id=new_public_id(),
        certificate_id=found.certificate.id,
        edition=edition,
        revision_id=revision_id,
        payload=payload,
        state=DocumentState.WAITING,
        file_key=new_key("certificates", "pdf"),
        size=0,
        made_at=now,
    )
    session.add(document)
    audit.record(
        session,
        actor,
        role,
        tag,
        document,
        now=now,
        unit_path=found.unit.path,
        reason=reason,
        diff={"certificate": found.certificate.public_id},
    )
    return document


def enqueue(session: Session, documents: Sequence[CertificateDocument], owner_id: int | None) -> str:
    """Ask for papers to be made, in the caller's transaction; return the job's public id.

    Asking twice for the same file adds one job.
    """
    return jobs.enqueue(
        session,
        RENDER,
        {"documents": [document.public_id for document in documents]},
        dedupe_key=f"{RENDER}:{documents[0].file_key}",
        owner_id=owner_id,
    ).public_id


def enqueue_again(session: Session, public_ids: Sequence[str], occasion: str) -> None:
    """Ask again for papers whose job failed, one job each: once for an occasion, such as an hour or a batch."""
    for public_id in public_ids:
        jobs.enqueue(session, RENDER, {"documents": [public_id]}, dedupe_key=f"{RENDER}:{public_id}:{occasion}")


# --- making them ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ToMake:
    """A paper that waits: what to render, and the name its file gets."""

    paper: Paper
    file_key: str


def to_make(session: Session, public_id: str) -> ToMake | None:
    """Return what to render for a paper, or None when it is made, blocked or gone."""
    document = queries.document_with_public_id(session, public_id)
    if document is None or document.state is not DocumentState.WAITING:
        return None
    text = queries.text_of_revision(session, document.revision_id)
    paper = paper_of(text, document.payload, identifier=document.public_id, made_at=document.made_at)
    return ToMake(paper, document.file_key)


def register(session: Session, public_id: str, file_key: str, rendered: Rendered, *, now: datetime) -> bool:
    """Register a made paper (its file is written already) or that it cannot be printed. Safe to repeat.

    What keeps it from being printed is noted in the payload under ``missing``, for the row on the desk.
    True when this call did it; False when another run had, whose file is the same to the byte.
    """
    document = queries.document_with_public_id(session, public_id, lock=True)
    assert document is not None
    if document.state is not DocumentState.WAITING or document.file_key != file_key:
        return False
    if rendered.missing:
        document.state = DocumentState.BLOCKED
        document.payload = {**document.payload, "missing": list(rendered.missing)}
    else:
        document.state = DocumentState.RENDERED
        document.sha256, document.size, document.rendered_at = rendered.sha256, len(rendered.pdf), now
    audit.record(
        session,
        SYSTEM,
        Role.SYSTEM,
        AuditTag.DOCUMENT_BLOCKED if rendered.missing else AuditTag.DOCUMENT_RENDERED,
        document,
        now=now,
        unit_path=queries.unit_path_of_document(session, document.id),
        reason=code_points(rendered.missing),
    )
    return True


# --- one again --------------------------------------------------------------------------------------------


def reissue(
    session: Session, actor: Identity, public_id: str, *, address: str, reason: str, now: datetime
) -> CertificateDocument:
    """Make a further paper （补） of a certificate, with the number it has and the name as it is kept now.

    A paper that was blocked was never printed: it is made again under its own edition, unmarked.
    Raises Invalid without a reason, Conflict while a paper is being made or when the certificate is not in force.
    """
    found, role = acts.begin(session, actor, public_id, CertificateAction.REISSUE)
    reason = acts.checked_reason(reason)
    certificate, person = found.certificate, found.person
    last = queries.last_document(session, certificate.id)
    if next_state(certificate.state, CertificateAction.REISSUE) is None or last is None:
        raise Conflict("certification.certificate.moved_on")
    if last.state is DocumentState.WAITING:
        raise Conflict("certification.document.in_the_making")
    revision_id, text = acts.text_in_force(session, certificate.kind, found.unit.path)
    tag = acts.ACTS[CertificateAction.REISSUE].tag
    if last.state is DocumentState.BLOCKED:
        reissued_on = last.payload["reissued_on"]
        last.payload = payload_of(
            certificate,
            person.name,
            text,
            address=address,
            reissued_on=date.fromisoformat(reissued_on) if reissued_on else None,
        )
        last.revision_id, last.state, last.file_key = revision_id, DocumentState.WAITING, new_key("certificates", "pdf")
        audit.record(session, actor, role, tag, last, now=now, unit_path=found.unit.path, reason=reason)
        document = last
    else:
        payload = payload_of(certificate, person.name, text, address=address, reissued_on=clock.local_date(now))
        document = draft(
            session,
            actor,
            role,
            found,
            payload,
            edition=last.edition + 1,
            revision_id=revision_id,
            tag=tag,
            now=now,
            reason=reason,
        )
    session.flush()  # its unique edition must fail here, not at the commit
    enqueue(session, [document], actor.person_id)
    return document
