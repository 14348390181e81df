"""What the worker does once a minute: sessions whose time to be answered is over."""

from lms.access.identity import SYSTEM
from lms.core import clock
from lms.core.db import Database
from lms.mentoring import queries
from lms.mentoring.services import sessions

AT_ONCE = 200
"""How many sessions one round takes, so that the worker's other duties wait a few seconds at most."""


def lapse_unanswered(db: Database) -> None:
    """Count sessions as unconfirmed that nobody answered in time, each in a short transaction of its own.

    Whatever is left over is still due at the next round.
    """
    now = clock.now()
    with db.reading() as reader:
        due = queries.unanswered(reader, now, AT_ONCE)
    for session_id in due:
        with db.writing() as session:
            sessions.lapse(session, SYSTEM, session_id, now=now)
