"""What the worker does once a minute: levels and recognitions whose time has passed."""

from lms.access.identity import SYSTEM
from lms.competency import queries, services
from lms.core import clock
from lms.core.db import Database

AT_ONCE = 200
"""How many persons one round takes, so that the worker's other duties wait a few seconds at most."""


def expire_due(db: Database) -> None:
    """Compute anew what time has changed, each person in a short transaction of their own.

    Whoever is left over is still due at the next round.
    """
    now = clock.now()
    with db.reading() as reader:
        due = queries.persons_due(reader, clock.local_date(now), AT_ONCE)
    for person_id in due:
        with db.writing() as session:
            services.expire(session, SYSTEM, person_id, now=now)
