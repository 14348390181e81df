"""What the worker does once a minute: messages that are older than they are kept."""

from datetime import timedelta

from lms.core import clock
from lms.core.db import Database
from lms.messages import queries, services
from lms.messages.rules import KEPT_DAYS

AT_ONCE = 500
"""How many rows one round takes, so that the worker's other duties wait a few seconds at most."""


def sweep(db: Database) -> None:
    """Remove messages that are a year old; the rest follows at the next round."""
    with db.reading() as reader:
        old = queries.older_than(reader, clock.now() - timedelta(days=KEPT_DAYS), AT_ONCE)
    if old:
        with db.writing() as session:
            services.sweep(session, old)
