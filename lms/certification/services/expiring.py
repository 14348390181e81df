"""What time alone does to certificates: they end after their last valid day."""

from datetime import datetime

from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.certification.events import EndCause
from lms.certification.rules import CertificateAction, next_state
from lms.certification.services import acts
from lms.core import clock
from lms.core.reactions import publish
from lms.messages.rules import MessageKind
from lms.messages.services import tell


def expire(session: Session, actor: Identity, public_id: str, *, now: datetime) -> bool:
    """End a certificate whose last valid day has passed; False when it is not so, or ended already.

    Decided by what is kept, not by when it is called: a day missed is caught up, a second call changes nothing.
    """
    found, role = acts.begin(session, actor, public_id, CertificateAction.EXPIRE)
    certificate = found.certificate
    if next_state(certificate.state, CertificateAction.EXPIRE) is None:
        return False
    if certificate.expires_on is None or certificate.expires_on >= clock.local_date(now):
        return False
    acts.change(session, actor, role, found, CertificateAction.EXPIRE, {}, now=now)
    tell(session, found.certificate.person_id, MessageKind.CERTIFICATE, {"state": EndCause.EXPIRED.value}, now=now)
    publish(session, acts.ended(found, EndCause.EXPIRED, now))
    return True
