"""Tables of content."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from lms.content.rules import ContentKind
from lms.core.db import Base
from lms.core.types import INTERNAL, PUBLIC, Id, Moment, PublicId, text_enum


class ContentRevision(Base):
    """One text of one thing, as it was in the files when it was synced. Append-only.

    ``files`` maps the path (relative to the content root) to the text of every file that belongs to it.
    pii: none
    """

    __tablename__ = "content_revision"
    __table_args__ = (sa.UniqueConstraint("kind", "key", "digest"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[ContentKind] = mapped_column(text_enum(ContentKind, "revision_kind"), info=dict(PUBLIC))
    key: Mapped[str] = mapped_column(sa.String(60), info=dict(PUBLIC))
    revision: Mapped[int] = mapped_column(sa.Integer, info=dict(PUBLIC))
    digest: Mapped[str] = mapped_column(sa.String(64), info=dict(PUBLIC))
    files: Mapped[dict[str, Any]] = mapped_column(sa.JSON, info=dict(PUBLIC))
    loaded_at: Mapped[Moment]


class ContentCurrent(Base):
    """Which revision of a thing is given to those who begin now. ``lms content sync`` moves it.

    pii: none
    """

    __tablename__ = "content_current"

    kind: Mapped[ContentKind] = mapped_column(
        text_enum(ContentKind, "current_kind"), primary_key=True, info=dict(PUBLIC)
    )
    key: Mapped[str] = mapped_column(sa.String(60), primary_key=True, info=dict(PUBLIC))
    revision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("content_revision.id", ondelete="RESTRICT"), info=dict(INTERNAL)
    )
    changed_at: Mapped[Moment]
