"""Telling persons what has happened, and noting what they have seen.

``tell`` is part of the act that it tells of: in its transaction, so that nobody is told of what did not happen.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.ids import new_public_id
from lms.messages.models import Inbox, Message
from lms.messages.rules import MessageKind
from lms.people.events import PersonMoved


def tell(
    session: Session,
    person_id: int,
    kind: MessageKind,
    values: Mapping[str, int | str],
    *,
    target: str = "",
    dedupe_key: str | None = None,
    now: datetime,
) -> None:
    """Add a message to a person's inbox. With a ``dedupe_key``, once only: a second one changes nothing."""
    if dedupe_key is not None:
        is_told = sa.select(Message.id).where(Message.person_id == person_id, Message.dedupe_key == dedupe_key)
        if session.scalar(is_told) is not None:
            return
    session.execute(
        sa.insert(Message).values(
            public_id=new_public_id(),
            person_id=person_id,
            kind=kind,
            values=dict(values),
            target=target,
            dedupe_key=dedupe_key,
            at=now,
        )
    )


def on_person_moved(session: Session, event: PersonMoved) -> None:
    """Tell a person of their new state."""
    tell(session, event.person_id, MessageKind.STATE, {"state": event.after}, now=event.at)


def see(session: Session, actor: Identity, public_ids: Sequence[str], *, now: datetime) -> int:
    """Note that a person has seen these messages of theirs; return how many were new. Others' are passed over."""
    require(actor, Permission.MESSAGE_READ, Scope(owner_id=actor.person_id), now=clock.real_now())
    statement = (
        sa.update(Message)
        .where(
            Message.public_id.in_(public_ids),
            Message.person_id == actor.person_id,
            Message.read_at.is_(None),
        )
        .values(read_at=now)
        .execution_options(synchronize_session=False)
        .returning(Message.id)
    )
    return len(session.scalars(statement).all())


def remind(session: Session, person_id: int, number: int, today: date, *, now: datetime) -> bool:
    """Note that a person was looked at today, and remind them when ``number`` things wait; once a day.

    Returns whether they were reminded. A second call on a day changes nothing, whatever waits by then.
    """
    head = session.scalar(sa.select(Inbox).where(Inbox.person_id == person_id).with_for_update())
    if head is None:
        session.add(Inbox(person_id=person_id, reminded_on=today))
    elif head.reminded_on >= today:
        return False
    else:
        head.reminded_on = today
    session.flush()  # whoever was faster has noted it first: the second fails here
    if number:
        key = f"reminder {today.isoformat()}"
        tell(session, person_id, MessageKind.REMINDER, {"number": number}, dedupe_key=key, now=now)
    return bool(number)


def sweep(session: Session, ids: Sequence[int]) -> None:
    """Remove messages that are older than they are kept."""
    session.execute(sa.delete(Message).where(Message.id.in_(ids)), execution_options={"synchronize_session": False})
