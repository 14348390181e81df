"""Reading messages."""

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.filters import visible
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.messages.models import Inbox, Message
from lms.people.models import Account, Person
from lms.people.rules import StaffState


def messages(identity: Identity) -> sa.Select[Message]:
    """Return the select of a person's own messages, latest first."""
    return (
        sa.select(Message)
        .where(visible(identity, Permission.MESSAGE_READ, owner=Message.person_id))
        .order_by(Message.id.desc())
    )


def unread(session: Session, identity: Identity, limit: int) -> Sequence[Message]:
    """Return the latest messages that a person has not seen, at most ``limit`` (one query)."""
    return session.scalars(messages(identity).where(Message.read_at.is_(None)).limit(limit)).all()


def how_many_unread(person_id: int) -> sa.Select[int]:
    """Count a person's messages that were not seen."""
    return sa.select(sa.func.count(Message.id)).where(Message.person_id == person_id, Message.read_at.is_(None))


def to_remind(session: Session, today: date, limit: int) -> list[int]:
    """Return persons with an account who were not looked at on ``today``, in order. Whoever has left is not."""
    statement = (
        sa.select(Person.id)
        .join(Account, Account.person_id == Person.id)
        .outerjoin(Inbox, Inbox.person_id == Person.id)
        .where(Person.state != StaffState.ENDED, sa.or_(Inbox.id.is_(None), Inbox.reminded_on < today))
        .order_by(Person.id)
        .limit(limit)
    )
    return list(session.scalars(statement))


def older_than(session: Session, moment: datetime, limit: int) -> list[int]:
    """Return the ids of messages from before a moment, oldest first."""
    return list(session.scalars(sa.select(Message.id).where(Message.at < moment).order_by(Message.id).limit(limit)))
