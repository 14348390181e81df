"""What every act on a certificate has in common: reach, conditions, state table, guarded change, audit entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.certification import queries
from lms.certification.content import CertificateText
from lms.certification.events import CertificateEnded, EndCause
from lms.certification.models import Certificate
from lms.certification.queries import Found
from lms.certification.rules import CertificateAction, next_state
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.people import queries as people
from lms.people.services.founding import UNNAMED_OFFICE


@dataclass(frozen=True)
class Act:
    """What an action asks for and how it is recorded."""

    permission: Permission
    tag: AuditTag


ACTS: Mapping[CertificateAction, Act] = {
    CertificateAction.SIGN: Act(Permission.CERTIFICATE_SIGN, AuditTag.CERTIFICATE_ISSUED),
    CertificateAction.REFUSE: Act(Permission.CERTIFICATE_SIGN, AuditTag.CERTIFICATE_REFUSED),
    CertificateAction.PROPOSE_REVOCATION: Act(
        Permission.CERTIFICATE_REVOKE_PROPOSE, AuditTag.CERTIFICATE_REVOCATION_PROPOSED
    ),
    CertificateAction.WITHDRAW_REVOCATION: Act(
        Permission.CERTIFICATE_REVOKE_PROPOSE, AuditTag.CERTIFICATE_REVOCATION_WITHDRAWN
    ),
    CertificateAction.EXPIRE: Act(Permission.CERTIFICATE_EXPIRE, AuditTag.CERTIFICATE_EXPIRED),
    CertificateAction.REVOKE: Act(Permission.CERTIFICATE_REVOKE, AuditTag.CERTIFICATE_REVOKED),
    CertificateAction.REISSUE: Act(Permission.CERTIFICATE_REISSUE, AuditTag.CERTIFICATE_REISSUED),
}


NOBODY = -1
"""Stands for the first person of an act that was never begun; the state table refuses to end it."""


def begun_by(certificate: Certificate, action: CertificateAction) -> int | None:
    """Return who began the two-person act that an action ends, or None when it ends none."""
    match action:
        case CertificateAction.SIGN | CertificateAction.REFUSE:
            return certificate.proposed_by_id
        case CertificateAction.REVOKE:
            return certificate.revocation_proposed_by_id or NOBODY
        case _:
            return None


def text_in_force(session: Session, kind: str, unit_path: str) -> tuple[int, CertificateText]:
    """Return (revision id, text) of a kind of certificate as the office above a unit issues it now.

    Raises NotFound without such a kind, Conflict while the office has no name of its own.
    """
    revision_id, text = queries.current_text(session, kind)
    office = people.office_of(session, unit_path)
    if office is None or office.name == UNNAMED_OFFICE:
        raise Conflict("certification.office.unnamed", name=UNNAMED_OFFICE)
    return revision_id, text.of_office(office.name, office.name_en)


LONGEST_REASON = 200

_RECORDED = ("number", "series", "year", "serial", "expires_on")
"""Column values that the trail holds as they are; codes never stand there."""


def checked_reason(reason: str) -> str:
    """Return a reason as it is kept. Raises Invalid when it is empty or too long."""
    reason = reason.strip()
    if not reason:
        raise Invalid("certification.reason.missing", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid("certification.reason.long", field="reason", longest=LONGEST_REASON)
    return reason


def refuse_own(actor: Identity, person_id: int) -> None:
    """Raise Forbidden when an official acts on a certificate of their own."""
    if person_id == actor.person_id:
        raise Forbidden("certification.certificate.own")


def begin(
    session: Session,
    actor: Identity,
    public_id: str,
    action: CertificateAction,
    *,
    authorised_at: datetime | None = None,
) -> tuple[Found, Role]:
    """Return the certificate, its row locked, and the role under which the actor may do this.

    ``authorised_at``: real time of the authorisation when a job acts later in somebody's name.
    Raises NotFound out of reach, Forbidden for the person who began a two-person act or for one's own
    certificate, ReauthenticationNeeded. Whether the state allows the action is asked by the caller.
    """
    act = ACTS[action]
    found = queries.find(session, actor, act.permission, public_id, lock=True)
    role = require(
        actor,
        act.permission,
        Scope(unit_path=found.unit.path),
        now=authorised_at or clock.real_now(),
        begun_by=begun_by(found.certificate, action),
    )
    refuse_own(actor, found.person.id)
    return found, role


def change(
    session: Session,
    actor: Identity,
    role: Role,
    found: Found,
    action: CertificateAction,
    values: Mapping[str, object],
    *,
    now: datetime,
    reason: str = "",
) -> None:
    """Move the certificate to its next state with these column values, and record it with a reason.

    Raises Conflict when its state does not allow the action (any more).
    """
    certificate = found.certificate
    before = certificate.state
    after = next_state(before, action)
    if after is None:
        raise Conflict("certification.certificate.moved_on")
    statement = (
        sa.update(Certificate)
        .where(Certificate.id == certificate.id, Certificate.state == before)
        .values(state=after, **values)
    )
    if not guarded_update(session, statement):
        raise Conflict("certification.certificate.moved_on")
    public = {name: value for name, value in values.items() if name in _RECORDED}
    audit.record(
        session,
        actor,
        role,
        ACTS[action].tag,
        ("certificate", certificate.public_id),
        now=now,
        unit_path=found.unit.path,
        reason=reason,
        diff={"state": [before.value, after.value], **public, "person": found.person.public_id},
    )
    session.expire(certificate)


def ended(found: Found, cause: EndCause, now: datetime) -> CertificateEnded:
    """Return the event that says that a certificate counts no more."""
    return CertificateEnded(
        at=now,
        person_id=found.person.id,
        kind=found.certificate.kind,
        certificate=found.certificate.public_id,
        cause=cause,
    )
