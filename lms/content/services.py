"""Taking changed files into the database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.content import queries
from lms.content.content import Bundle
from lms.content.models import ContentCurrent, ContentRevision
from lms.core import clock
from lms.core.ids import new_public_id


@dataclass
class SyncReport:
    """What became of each bundle, as ``kind:key``."""

    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def sync(session: Session, actor: Identity, bundles: Iterable[Bundle], *, now: datetime) -> SyncReport:
    """Make the given texts the current ones; what is current already stays as it is, audited for each change.

    The caller leaves out bundles with problems (``Examined.good``): their last good revision stays. Nothing is
    ever taken away, since learners may be on it. A text that was current before becomes so again without a new
    revision. Raises Forbidden.
    """
    role = require(actor, Permission.CONTENT_SYNC, Scope(), now=clock.real_now())
    report = SyncReport()
    before = queries.digests(session)
    for bundle in bundles:
        name, digest = f"{bundle.kind.value}:{bundle.key}", bundle.digest
        if before.get((bundle.kind, bundle.key)) == digest:
            report.unchanged.append(name)
            continue
        revision = _revision(session, bundle, digest, now)
        current = session.get(ContentCurrent, (bundle.kind, bundle.key))
        if current is None:
            session.add(
                ContentCurrent(kind=bundle.kind, key=bundle.key, revision_id=revision.id, changed_at=now),
            )
        else:
            current.revision_id = revision.id
            current.changed_at = now
        audit.record(
            session,
            actor,
            role,
            AuditTag.CONTENT_SYNCED,
            ("content", name),
            now=now,
            diff={"digest": [before.get((bundle.kind, bundle.key)), digest], "revision": revision.revision},
        )
        report.changed.append(name)
    return report


def _revision(session: Session, bundle: Bundle, digest: str, now: datetime) -> ContentRevision:
    """Return the revision that holds the text, a new one when it was never taken in."""
    of_this = (ContentRevision.kind == bundle.kind, ContentRevision.key == bundle.key)
    known = session.scalar(sa.select(ContentRevision).where(*of_this, ContentRevision.digest == digest))
    if known is not None:
        return known
    number = bundle.revision
    if number == 0:  # a kind whose files carry no number: count
        number = (session.scalar(sa.select(sa.func.max(ContentRevision.revision)).where(*of_this)) or 0) + 1
    made = ContentRevision(
        public_id=new_public_id(),
        kind=bundle.kind,
        key=bundle.key,
        revision=number,
        digest=digest,
        files=dict(bundle.files),
        loaded_at=now,
    )
    session.add(made)
    session.flush()  # its id is needed
    return made
