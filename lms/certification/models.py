"""Tables of certification."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.certification.rules import CertificateState, DocumentState
from lms.core.db import Base
from lms.core.types import INTERNAL, PERSONAL, PUBLIC, SECRET, Id, Moment, PublicId, UTCDateTime, text_enum


class Certificate(Base):
    """A certificate of a person: proposed by one official, signed off by another. Never deleted.

    The number is drawn at sign-off and stays for ever. ``basis`` is the snapshot it rests on: courses with
    titles, hours, revisions and the attempts that passed. ``verify_code`` (22 random characters) stands in
    the QR code, ``typed_code`` (10 readable characters) is typed together with the number.
    pii: that a person holds it; the public page shows a masked name only.
    """

    __tablename__ = "certificate"
    __audited__ = True
    __table_args__ = (
        sa.UniqueConstraint("series", "year", "serial"),
        sa.Index("ix_certificate_person_id", "person_id"),
        sa.Index("ix_certificate_state", "state"),
        sa.Index(
            "uq_certificate_live",
            "person_id",
            "kind",
            unique=True,
            sqlite_where=sa.text("state IN ('proposed', 'issued', 'revocation_proposed')"),
            postgresql_where=sa.text("state IN ('proposed', 'issued', 'revocation_proposed')"),
        ),
        sa.CheckConstraint("(serial IS NULL) = (issued_at IS NULL)", name="number_with_issue"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    kind: Mapped[str] = mapped_column(sa.String(40), info=dict(PUBLIC))
    state: Mapped[CertificateState] = mapped_column(text_enum(CertificateState, "certificate_state"), info=dict(PUBLIC))
    basis: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(INTERNAL))
    proposed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL))
    proposed_at: Mapped[Moment]
    series: Mapped[str | None] = mapped_column(sa.String(60), info=dict(PUBLIC))
    year: Mapped[int | None] = mapped_column(sa.Integer, info=dict(PUBLIC))
    serial: Mapped[int | None] = mapped_column(sa.Integer, info=dict(PUBLIC))
    number: Mapped[str | None] = mapped_column(sa.String(80), unique=True, info=dict(PUBLIC))
    signed_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    issued_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(PUBLIC))
    expires_on: Mapped[date | None] = mapped_column(sa.Date, info=dict(PUBLIC))
    verify_code: Mapped[str | None] = mapped_column(sa.String(22), unique=True, info=dict(SECRET))
    typed_code: Mapped[str | None] = mapped_column(sa.String(10), info=dict(SECRET))
    reason: Mapped[str] = mapped_column(sa.String(200), default="", info=dict(INTERNAL))
    revocation_proposed_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    revoked_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(PUBLIC))

    documents: Mapped[list["CertificateDocument"]] = relationship(
        back_populates="certificate", order_by="CertificateDocument.edition", lazy="raise"
    )


class CertificateDocument(Base):
    """A paper of a certificate: edition 1, further ones marked （补）. The payload is what was printed.

    The file is rendered after the row exists, so that a crash leaves a row whose paper can be made again.
    pii: the payload holds the name as printed.
    """

    __tablename__ = "certificate_document"
    __audited__ = True
    __table_args__ = (sa.UniqueConstraint("certificate_id", "edition"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    certificate_id: Mapped[int] = mapped_column(
        sa.ForeignKey("certificate.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    edition: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
    revision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("content_revision.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(PERSONAL))
    state: Mapped[DocumentState] = mapped_column(text_enum(DocumentState, "document_state"), info=dict(INTERNAL))
    file_key: Mapped[str] = mapped_column(sa.String(60), default="", info=dict(INTERNAL))
    sha256: Mapped[str | None] = mapped_column(sa.String(64), unique=True, info=dict(PUBLIC))
    size: Mapped[int] = mapped_column(sa.Integer, default=0, info=dict(INTERNAL))
    made_at: Mapped[Moment]
    rendered_at: Mapped[datetime | None] = mapped_column(UTCDateTime, info=dict(INTERNAL))

    certificate: Mapped[Certificate] = relationship(back_populates="documents", lazy="raise")


class NumberSeries(Base):
    """The last serial drawn in a series and year; its row is locked while a number is drawn.

    pii: none
    """

    __tablename__ = "number_series"

    series: Mapped[str] = mapped_column(sa.String(60), primary_key=True, info=dict(PUBLIC))
    year: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False, info=dict(PUBLIC))
    last: Mapped[int] = mapped_column(sa.Integer, info=dict(INTERNAL))
