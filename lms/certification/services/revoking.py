"""Revoking a certificate: one official proposes with a reason, another confirms or it is taken back."""

from datetime import datetime

from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.certification.events import EndCause
from lms.certification.rules import CertificateAction
from lms.certification.services import acts
from lms.core.reactions import publish
from lms.messages.rules import MessageKind
from lms.messages.services import tell


def propose_revocation(session: Session, actor: Identity, public_id: str, *, reason: str, now: datetime) -> None:
    """Propose that a certificate is revoked. It stays valid until a second official confirms.

    Raises Invalid without a reason, Conflict when it is not in force or proposed already.
    """
    found, role = acts.begin(session, actor, public_id, CertificateAction.PROPOSE_REVOCATION)
    reason = acts.checked_reason(reason)
    acts.change(
        session,
        actor,
        role,
        found,
        CertificateAction.PROPOSE_REVOCATION,
        {"reason": reason, "revocation_proposed_by_id": actor.person_id},
        now=now,
        reason=reason,
    )


def withdraw_revocation(session: Session, actor: Identity, public_id: str, *, now: datetime) -> None:
    """Take a proposed revocation back, or turn it down; the certificate goes on being valid."""
    found, role = acts.begin(session, actor, public_id, CertificateAction.WITHDRAW_REVOCATION)
    acts.change(
        session,
        actor,
        role,
        found,
        CertificateAction.WITHDRAW_REVOCATION,
        {"reason": "", "revocation_proposed_by_id": None},
        now=now,
    )


def revoke(session: Session, actor: Identity, public_id: str, *, now: datetime) -> None:
    """Confirm as the second official that a certificate is revoked, for ever; its number is never used again.

    Raises Forbidden for the official who proposed it, Conflict when the proposal was taken back meanwhile.
    """
    found, role = acts.begin(session, actor, public_id, CertificateAction.REVOKE)
    acts.change(
        session,
        actor,
        role,
        found,
        CertificateAction.REVOKE,
        {"revoked_by_id": actor.person_id, "revoked_at": now},
        now=now,
        reason=found.certificate.reason,
    )
    tell(session, found.certificate.person_id, MessageKind.CERTIFICATE, {"state": EndCause.REVOKED.value}, now=now)
    publish(session, acts.ended(found, EndCause.REVOKED, now))
