"""Entering persons, correcting what is kept on them, and moving their state."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE
from lms.core.errors import Conflict, Forbidden, LMSError, NotFound
from lms.people import queries
from lms.people.models import Person
from lms.people.rules import Sex, StaffState
from lms.people.services import persons
from tests import trail
from tests.conftest import Site
from tests.racing import together
from tests.world import NOW, TODAY

DATA = persons.PersonData(
    staff_number="cg-0500",
    name=" 乌云 . 其其格",
    sex=Sex.FEMALE,
    birth_month="1987-10",
    phone="+86 138 0000 5678",
    joined_on=TODAY,
)


def test_a_person_is_stored_one_way_and_leaves_a_trace_without_personal_values(site: Site) -> None:
    before = trail.seq(site.db)
    actor = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        person = persons.add_person(session, actor, site.world.unit(session, "east.1.2"), DATA, now=NOW)
        assert (person.staff_number, person.name, person.phone) == ("CG0500", "乌云·其其格", "13800005678")
        assert person.name_key == "乌云其其格"
        assert person.name_sort.split()[:2] == ["wu1", "yun2"]
        assert person.state is StaffState.CANDIDATE
        assert person.version == 1
    [entry] = trail.entries(site.db, before)
    assert (entry.tag, entry.role) == ("people:person:added", "official")
    for personal in ("乌云", "13800005678", "1987-10"):
        assert personal not in str(entry.diff)
    assert entry.diff["state"] == [None, "candidate"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"staff_number": "CG"}, "people.staff_number.shape", "staff_number"),
        ({"staff_number": "工号一二三"}, "people.staff_number.shape", "staff_number"),
        ({"name": " \u3000"}, "people.name.missing", "name"),
        ({"name": "长" * 61}, "people.name.long", "name"),
        ({"name": "赵\ue000"}, "people.name.private_use", "name"),
        ({"staff_number": "cg00n1"}, "people.staff_number.taken", "staff_number"),
    ],
)
def test_what_cannot_be_stored_is_refused_at_its_field(
    shared_site: Site, changes: dict[str, Any], code: str, field: str
) -> None:
    with shared_site.db.writing() as session, pytest.raises(LMSError) as caught:
        persons.add_person(
            session, CONSOLE, shared_site.world.unit(session, "east.1.2"), replace(DATA, **changes), now=NOW
        )
    assert (caught.value.code, caught.value.field) == (code, field)


@pytest.mark.parametrize(
    ("number", "place", "refusal"),
    [
        ("O1", "west.1.1", NotFound),
        ("L1", "east.1.1", Forbidden),
        ("S1", "east.1.1", Forbidden),
        ("N1", "east.1.1", Forbidden),
    ],
)
def test_who_enters_nobody(shared_site: Site, number: str, place: str, refusal: type[LMSError]) -> None:
    with shared_site.db.writing() as session, pytest.raises(refusal):
        persons.add_person(
            session,
            shared_site.world.identity(shared_site.db, number),
            shared_site.world.unit(session, place),
            DATA,
            now=NOW,
        )


def data_of(person: Person) -> persons.PersonData:
    names = ("staff_number", "name", "sex", "birth_month", "education", "phone", "joined_on")
    return persons.PersonData(**{name: getattr(person, name) for name in names})


def test_a_correction_says_what_changed(site: Site) -> None:
    before = trail.seq(site.db)
    actor = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        person = site.world.person(session, "N1")
        data = replace(data_of(person), name="李秀 兰", phone="139 0000 1234")
        assert persons.correct_person(session, actor, person, person.unit, data, now=NOW)
        assert person.phone == "13900001234"
    [entry] = trail.entries(site.db, before)
    assert entry.tag == "people:person:changed"
    assert set(entry.diff) == {"phone"}
    assert "139" not in str(entry.diff["phone"])[:6]


def test_a_correction_that_changes_nothing_leaves_no_trace(site: Site) -> None:
    before = trail.seq(site.db)
    with site.db.writing() as session:
        person = site.world.person(session, "N1")
        assert not persons.correct_person(session, CONSOLE, person, person.unit, data_of(person), now=NOW)
    assert trail.entries(site.db, before) == []


@pytest.mark.parametrize(
    ("number", "person", "place", "refusal"),
    [
        ("O1", "N1", "west.1.1", NotFound),  # may not send a person out of reach
        ("O1", "N9", "east.1.1", NotFound),  # nor fetch one
        ("L1", "N1", "east.1.1", Forbidden),
        ("N1", "N1", "east.1.1", Forbidden),
    ],
)
def test_who_corrects_nobody(shared_site: Site, number: str, person: str, place: str, refusal: type[LMSError]) -> None:
    actor = shared_site.world.identity(shared_site.db, number)
    with shared_site.db.writing() as session:
        found, unit = shared_site.world.person(session, person), shared_site.world.unit(session, place)
        with pytest.raises(refusal):
            persons.correct_person(session, actor, found, unit, data_of(found), now=NOW)


def test_a_taken_staff_number_is_not_given_to_another(site: Site) -> None:
    with site.db.writing() as session:
        person = site.world.person(session, "N1")
        data = replace(data_of(person), staff_number="CG00N2")
        with pytest.raises(Conflict, match=r"staff_number\.taken"):
            persons.correct_person(session, CONSOLE, person, person.unit, data, now=NOW)


def test_of_two_who_enter_the_same_number_one_wins(site: Site) -> None:
    def enter() -> None:
        with site.db.writing() as session:
            persons.add_person(session, CONSOLE, site.world.unit(session, "east.1.2"), DATA, now=NOW)

    outcomes = together(enter, enter)
    assert sum(outcome is None for outcome in outcomes) == 1
    [lost] = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(lost, Conflict | sa.exc.IntegrityError)  # both reach the reader as 409


@pytest.mark.parametrize(
    ("names", "in_order"),
    [
        (["张伟", "李秀兰", "阿拉坦·苏和"], ["阿拉坦·苏和", "李秀兰", "张伟"]),
        (["妈", "麻", "马", "骂"], ["妈", "麻", "马", "骂"]),
        (["Zoe", "anna", "李"], ["anna", "李", "Zoe"]),
    ],
)
def test_names_sort_by_their_sound(names: list[str], in_order: list[str]) -> None:
    assert sorted(names, key=persons.name_sort) == in_order


def test_the_sort_key_fits_its_column() -> None:
    assert len(persons.name_sort("庄" * 60)) <= 200
    assert persons.name_sort("") == ""


def test_a_person_of_the_demo_is_marked(site: Site) -> None:
    with site.db.writing() as session:
        unit = site.world.unit(session, "east.1.2")
        persons.add_person(session, CONSOLE, unit, replace(DATA, joined_on=date(2026, 1, 1)), now=NOW, is_demo=True)
    with site.db.reading() as session:
        assert queries.demo_people_exist(session)
