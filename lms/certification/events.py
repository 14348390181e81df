"""What happens to certificates that higher packages may react to."""

import enum
from dataclasses import dataclass

from lms.core.events import Event


class EndCause(enum.StrEnum):
    """Why a certificate counts no more."""

    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class CertificateIssued(Event):
    """A certificate was signed off. ``kind``: its key, as in certificates/; ``certificate``: its public id."""

    person_id: int
    kind: str
    certificate: str


@dataclass(frozen=True, kw_only=True)
class CertificateEnded(Event):
    """A certificate counts no more: its last day has passed, or its revocation was confirmed."""

    person_id: int
    kind: str
    certificate: str
    cause: EndCause
