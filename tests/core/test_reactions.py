"""Consequences of an act belong to its transaction."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.core import reactions
from lms.core.db import Database
from lms.core.events import Event
from lms.jobs.models import Job
from lms.jobs.services import enqueue
from tests.conftest import Site
from tests.world import NOW


@dataclass(frozen=True, kw_only=True)
class CoursePassed(Event):
    person_id: int


@dataclass(frozen=True, kw_only=True)
class CourseFailed(Event):
    person_id: int


def issue(session: Session, event: CoursePassed) -> None:
    enqueue(session, "test.issue", {"person": event.person_id}, dedupe_key="issue")


def tell(session: Session, event: CoursePassed) -> None:
    issued = session.scalar(sa.select(Job.name).where(Job.dedupe_key == "issue"))
    enqueue(session, "test.tell", {"after": issued}, dedupe_key="tell")


def break_down(_session: Session, _event: CoursePassed) -> None:
    raise RuntimeError("the listener broke")


def with_listeners(site: Site, *listeners: reactions.Listener) -> Database:
    return Database(site.db.engine, {CoursePassed: listeners})


def jobs(db: Database) -> list[tuple[str, object]]:
    with db.reading() as session:
        return [(job.name, job.payload) for job in session.scalars(sa.select(Job).order_by(Job.id))]


def test_listeners_run_in_their_listed_order_inside_the_transaction_of_the_act(empty_site: Site) -> None:
    db = with_listeners(empty_site, issue, tell)
    with db.writing() as session:
        reactions.publish(session, CoursePassed(at=NOW, person_id=7))
        assert jobs(db) == []  # nobody else sees a consequence before the act itself is committed
    assert jobs(db) == [("test.issue", {"person": 7}), ("test.tell", {"after": "test.issue"})]


def test_an_error_in_a_listener_rolls_the_whole_act_back(empty_site: Site) -> None:
    db = with_listeners(empty_site, issue, break_down, tell)

    def act() -> None:
        with db.writing() as session:
            enqueue(session, "test.act", {}, dedupe_key="act")
            reactions.publish(session, CoursePassed(at=NOW, person_id=7))

    with pytest.raises(RuntimeError, match="broke"):
        act()
    assert jobs(db) == []


def test_only_listeners_of_the_very_class_are_called(empty_site: Site) -> None:
    db = with_listeners(empty_site, issue)
    with db.writing() as session:
        reactions.publish(session, CourseFailed(at=NOW, person_id=7))
    assert jobs(db) == []


def test_a_session_that_was_made_without_listeners_refuses_to_publish() -> None:
    """A consequence that is silently lost would be worse than an error."""
    with Session() as session, pytest.raises(KeyError):
        reactions.publish(session, CoursePassed(at=NOW, person_id=7))
