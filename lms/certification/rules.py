"""States of a certificate, numbers, masked names, eligibility. Pure."""

import enum


class CertificateState(enum.StrEnum):
    """The state of a certificate. Expiry is not a state: it follows from the date."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    ISSUED = "issued"
    REVOCATION_PROPOSED = "revocation_proposed"
    """Still valid until a second person confirms."""
    REVOKED = "revoked"


class NumberStyle(enum.StrEnum):
    """How a number is written."""

    DOCUMENT = "document"
    """公文式: 〔year〕, no 第, no leading zeros (GB/T 9704-2012 §7.2.5)."""
    CERTIFICATE = "certificate"
    """证书式: 第0001号, four digits and more."""


class DocumentState(enum.StrEnum):
    """The state of a paper (PDF)."""

    WAITING = "waiting"
    RENDERED = "rendered"
    BLOCKED = "blocked"
    """A character has no glyph in any font; nothing is printed until the name is mended."""
