"""Messages go after a year."""

from datetime import timedelta

import sqlalchemy as sa

from lms.core import clock
from lms.messages import services, tasks
from lms.messages.models import Message
from lms.messages.rules import KEPT_DAYS, MessageKind
from tests.conftest import Site
from tests.world import NOW


def test_messages_go_after_a_year(site: Site) -> None:
    for later in (0, 1):
        with site.db.writing() as session:
            moment = NOW + timedelta(days=later)
            services.tell(session, site.world.person_ids["N1"], MessageKind.STATE, {"state": "active"}, now=moment)
    clock.freeze(NOW + timedelta(days=KEPT_DAYS))
    tasks.sweep(site.db)
    with site.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count(Message.id))) == 2
    clock.freeze(NOW + timedelta(days=KEPT_DAYS, seconds=1))
    for _ in range(2):
        tasks.sweep(site.db)
        with site.db.reading() as session:
            assert session.scalar(sa.select(sa.func.count(Message.id))) == 1
