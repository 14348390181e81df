"""What the tables refuse."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from lms.core.ids import new_public_id
from lms.messages.models import Inbox, Message
from lms.messages.rules import MessageKind
from tests.conftest import Site
from tests.world import NOW, TODAY


def test_a_key_stands_once_a_person_and_no_key_as_often_as_needed(site: Site) -> None:
    def row(key: str | None, number: str = "N1") -> dict[str, object]:
        return {
            "public_id": new_public_id(),
            "person_id": site.world.person_ids[number],
            "kind": MessageKind.REMINDER,
            "values": {"number": 1},
            "target": "",
            "dedupe_key": key,
            "at": NOW,
        }

    with site.db.writing() as session:
        session.execute(sa.insert(Message), [row("day"), row("day", "N2"), row(None), row(None)])
    with pytest.raises(IntegrityError), site.db.writing() as session:
        session.execute(sa.insert(Message), [row("day")])


def test_a_person_has_one_inbox(site: Site) -> None:
    with pytest.raises(IntegrityError), site.db.writing() as session:
        session.add_all(Inbox(person_id=site.world.person_ids["N1"], reminded_on=TODAY) for _ in range(2))
