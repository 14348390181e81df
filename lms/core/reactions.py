"""Publishing events to the listeners of the registry, inside the transaction of the act."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from lms.core.events import Event

Listener = Callable[[Session, Any], None]
Listeners = Mapping[type[Event], Sequence[Listener]]

_KEY = "lms.listeners"


def install(session: Session, listeners: Listeners) -> None:
    """Give a session the listeners of the registry. Done by the session factory, once per session."""
    session.info[_KEY] = listeners


def publish(session: Session, event: Event) -> None:
    """Run the listeners of the event's class in their listed order, inside the caller's transaction.

    An error in a listener rolls the whole act back: a consequence is part of the act.
    Raises KeyError when the session was made without listeners, which is a programming error.
    """
    listeners: Listeners = session.info[_KEY]
    for listener in listeners.get(type(event), ()):
        listener(session, event)
