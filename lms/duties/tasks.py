"""What the worker does once a minute: lists that time or a new catalogue has changed."""

from lms.core import clock
from lms.core.db import Database
from lms.duties import queries, services

AT_ONCE = 200
"""How many persons one round takes, so that the worker's other duties wait a few seconds at most."""


def refresh_due(db: Database) -> None:
    """Bring the lists that are due up to date, each person in a short transaction of their own.

    A post that begins or is over by its date, a certificate whose last day has passed, a grace that is over, a new
    catalogue, a person who has a post and no list yet. Whoever is left over is still due at the next round.
    """
    now = clock.now()
    with db.reading() as reader:
        held = queries.catalogue(reader)
        if held is None:
            return
        due = queries.persons_due(reader, held.revision_id, clock.local_date(now), AT_ONCE)
    for person_id in due:
        with db.writing() as session:
            services.refresh_by_time(session, person_id, now=now)
