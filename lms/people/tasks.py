"""What the worker does once a minute: roles whose last day has passed."""

from lms.access.identity import SYSTEM
from lms.core import clock
from lms.core.db import Database
from lms.people import queries
from lms.people.services import roles

AT_ONCE = 200
"""How many rows one round takes, so that the worker's other duties wait a few seconds at most."""


def end_lapsed_roles(db: Database) -> None:
    """End the roles whose last day has passed, each in a transaction of its own; the rest at the next round."""
    now = clock.now()
    with db.reading() as reader:
        due = queries.lapsed_grants(reader, clock.local_date(now), AT_ONCE)
    for grant_id in due:
        with db.writing() as session:
            roles.end_lapsed(session, SYSTEM, grant_id, now=now)
