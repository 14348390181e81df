"""What the worker does once a minute: reminding persons of what waits for them, once a day."""

from lms.core import clock
from lms.core.db import Database
from lms.dashboard import queries
from lms.dashboard.rules import STANDING
from lms.messages import queries as messages
from lms.messages import services
from lms.messages.rules import may_remind
from lms.people import queries as people

AT_ONCE = 50
"""How many persons one round takes, so that the worker's other duties wait a few seconds at most."""


def remind_due(db: Database) -> None:
    """Look once a day, from eight in the morning, what waits for each person, and remind whom something waits for.

    Each in a short transaction of their own. Days on which the worker slept are not made up for: a reminder says what
    waits today. Whoever is left over is looked at in the next round.
    """
    now = clock.now()
    if not may_remind(now.astimezone(clock.SHANGHAI)):
        return
    today = clock.local_date(now)
    with db.reading() as reader:
        due = messages.to_remind(reader, today, AT_ONCE)
    for person_id in due:
        with db.reading() as reader:
            identity = people.identity_for_job(reader, person_id, today)
            posts = {each.post for each in people.posts_of(reader, person_id, today)}
            found = queries.waiting(reader, identity, posts, today)
        number = sum(count for kind, count in found.items() if kind not in STANDING)
        with db.writing() as session:
            services.remind(session, person_id, number, today, now=now)
