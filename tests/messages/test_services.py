"""Telling, seeing, reminding once a day."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.competency import services as competency
from lms.core.errors import Forbidden
from lms.messages import queries, services
from lms.messages.models import Inbox, Message
from lms.messages.rules import MessageKind
from lms.people.rules import PersonAction
from lms.people.services import standing
from tests.certification import making as certificates
from tests.conftest import Site
from tests.duties.lists import Lists
from tests.racing import together
from tests.selection import making
from tests.world import NOW, TODAY


def told(site: Site, number: str) -> list[tuple[str, dict[str, object]]]:
    """Return (kind, values) of a person's messages, first to last."""
    with site.db.reading() as session:
        rows = session.scalars(
            sa.select(Message).where(Message.person_id == site.world.person_ids[number]).order_by(Message.id)
        )
        return [(row.kind.value, row.values) for row in rows]


def unseen(site: Site, number: str) -> Sequence[Message]:
    with site.db.reading() as session:
        return queries.unread(session, site.world.identity(site.db, number), 10)


def test_with_a_key_a_message_comes_once(site: Site) -> None:
    person = site.world.person_ids["N1"]
    for _ in range(2):
        with site.db.writing() as session:
            services.tell(session, person, MessageKind.REMINDER, {"number": 1}, dedupe_key="once", now=NOW)
            services.tell(session, person, MessageKind.STATE, {"state": "active"}, now=NOW)
    assert [kind for kind, _ in told(site, "N1")] == ["reminder", "state", "state"]


def test_what_was_seen_is_ones_own_and_noted_once(site: Site) -> None:
    for number in ("N1", "N2"):
        with site.db.writing() as session:
            services.tell(session, site.world.person_ids[number], MessageKind.STATE, {"state": "active"}, now=NOW)
    mine, other = unseen(site, "N1")[0].public_id, unseen(site, "N2")[0].public_id
    who = site.world.identity(site.db, "N1")
    for expected in (1, 0):
        with site.db.writing() as session:
            assert services.see(session, who, [mine, other, "unknown"], now=NOW) == expected
    assert not unseen(site, "N1")
    assert len(unseen(site, "N2")) == 1


def test_a_person_is_reminded_once_a_day_whatever_comes_later(site: Site) -> None:
    person = site.world.person_ids["N1"]
    days = [(0, 2, True), (0, 5, False), (1, 0, False), (1, 3, False), (2, 3, True)]
    for later, number, reminded in days:
        with site.db.writing() as session:
            day = TODAY + timedelta(days=later)
            assert services.remind(session, person, number, day, now=NOW + timedelta(days=later)) is reminded
    assert told(site, "N1") == [("reminder", {"number": 2}), ("reminder", {"number": 3})]


def test_two_workers_at_once_remind_once(site: Site) -> None:
    def remind() -> bool:
        with site.db.writing() as session:
            return services.remind(session, site.world.person_ids["N1"], 2, TODAY, now=NOW)

    results = together(remind, remind)
    assert [each for each in results if each is True] == [True]
    assert told(site, "N1") == [("reminder", {"number": 2})]
    with site.db.reading() as session:
        assert len(session.scalars(sa.select(Inbox)).all()) == 1


def test_each_act_tells_whom_it_concerns(site: Site) -> None:
    lists = Lists(site.db, site.world)
    lists.sweep()
    assert told(site, "N1") == []  # a list that begins is no news
    lists.recognise("N1", "INS1", 2)
    assert told(site, "N1") == [("levels", {"rose": 1, "fell": 0})]
    certificates.issue(site.db, site.world, "N1")
    assert ("certificate", {"state": "issued"}) in told(site, "N1")
    who = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        person = site.world.person(session, "L1")
        standing.change_state(session, who, person, PersonAction.SECOND, reason="借调到区里", now=NOW)
    assert ("state", {"state": "seconded"}) in told(site, "L1")


def test_an_applicant_is_told_of_what_is_decided_and_not_of_the_steps_between(site: Site) -> None:
    at = making.office(site.db, site.world)
    making.schooled(site.db, site.world, "N1")
    round_id, cases = making.posted(at, "N1")
    making.after_notice(at, round_id)
    making.approve(at, cases["N1"])
    making.file(at, cases["N1"])
    states = [values["state"] for kind, values in told(site, "N1") if kind == "application"]
    assert states == ["complete", "proposed", "approved", "filed"]


def test_an_act_that_is_refused_tells_nobody(site: Site) -> None:
    with pytest.raises(Forbidden), site.db.writing() as session:
        competency.propose_recognition(
            session,
            site.world.identity(site.db, "N2"),
            site.world.person_public_ids["N1"],
            "INS1",
            2,
            basis="考核结果",
            basis_on=TODAY,
            now=NOW,
        )
    assert told(site, "N1") == []
