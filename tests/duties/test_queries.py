"""Reading lists: what stands on them, what is missing, who has read what, and the search."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.content.content import Duties
from lms.content.models import ContentCurrent
from lms.content.rules import ContentKind, RoleLevel
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import NotFound
from lms.courses.rules import EnrolmentState
from lms.duties import queries
from lms.duties.queries import Line
from lms.duties.rules import DutyState, NextKind
from lms.people.rules import PersonAction, Post
from tests.certification import making
from tests.conftest import CountQueries, Site
from tests.content.files import COORDINATING, SHIPPED
from tests.duties.lists import Lists
from tests.duties.test_services import reword
from tests.world import NOW, TODAY, World, shipped_content


def line(lists: Lists, number: str, key: str) -> Line:
    return next(each for each in lists.view(number).lines if each.duty.key == key)


def catalogue() -> Duties:
    found = shipped_content().library.only(ContentKind.DUTIES)
    assert isinstance(found, Duties)
    return found


def test_a_list_has_the_items_of_the_posts_in_the_order_of_the_catalogue(lists: Lists) -> None:
    view = lists.view("M1")
    assert [each.duty.key for each in view.lines] == ["D01", "D04", "D05", "D06", "D07", "D08", "D09", "D25"]
    assert {each.at for each in view.lines} == {RoleLevel.OFFICER}
    assert {each.at for each in lists.view("L1").lines} == {RoleLevel.LEADER}
    assert lists.view("O1").lines == ()


def test_an_item_says_on_which_grids(lists: Lists) -> None:
    lists.post("M1", Post.FOLLOW_UP, "east.1.2")
    assert line(lists, "M1", "D05").grids == ("东街道1社区第1网格",)
    assert line(lists, "M1", "D23").grids == ("东街道1社区第2网格",)
    assert line(lists, "M1", "D25").grids == ("东街道1社区第1网格", "东街道1社区第2网格")


def test_a_gap_leads_to_the_first_lesson_that_trains_it(lists: Lists, db: Database, world: World) -> None:
    [gap] = [each for each in line(lists, "N1", "D04").gaps if each.code == "INS1"]
    assert (gap.level, gap.need, gap.next.kind, gap.next.course) == (0, 2, NextKind.LESSON, "c05")
    assert gap.lesson
    assert not gap.is_begun
    with db.writing() as session:
        making.enrol(session, world.person(session, "N1"), "c05", EnrolmentState.LESSONS_DONE)
    [gap] = [each for each in line(lists, "N1", "D04").gaps if each.code == "INS1"]
    assert (gap.next.kind, gap.is_begun, gap.lesson) == (NextKind.QUIZ, True, "")


def forget(db: Database, *courses: str) -> None:
    """Take courses and their banks from learners, as if they were still to be written."""
    with db.engine.begin() as connection:
        connection.execute(
            sa.delete(ContentCurrent).where(
                ContentCurrent.kind.in_((ContentKind.COURSE, ContentKind.BANK)), ContentCurrent.key.in_(courses)
            )
        )


def test_a_gap_without_a_course_names_the_courses_awaited(lists: Lists, db: Database) -> None:
    forget(db, *COORDINATING)
    [gap] = [each for each in line(lists, "L1", "D26").gaps if each.code == "COR1"]
    assert gap.next.kind is NextKind.PLANNED
    assert gap.awaited == ("c16",)


def test_with_every_course_passed_the_evidence_says_what_is_missing(lists: Lists, db: Database, world: World) -> None:
    with db.writing() as session:
        for course in SHIPPED:
            making.enrol(session, world.person(session, "N1"), course)
    [gap] = [each for each in line(lists, "N1", "D04").gaps if each.code == "INS1"]
    assert gap.next.kind is NextKind.PRACTICE


def test_what_is_missing_stands_once_at_the_highest_level(lists: Lists) -> None:
    missing = {gap.code: (gap.need, keys) for gap, keys in lists.view("M1").missing}
    assert missing["BND1"][0] == 3
    assert set(missing["BND1"][1]) >= {"D06", "D08", "D25"}
    assert missing["PUB1"] == (2, ("D01",))
    lists.recognise("M1", "PUB1", 2)
    assert "PUB1" not in {gap.code for gap, _ in lists.view("M1").missing}


def test_the_certificate_says_until_when(lists: Lists, db: Database) -> None:
    making.load_content(db)
    assert lists.view("M1").certificate == queries.CertificateStanding(is_valid=False)
    certificate = lists.certify("M1")
    standing = lists.view("M1").certificate
    assert standing.is_valid
    assert standing.last is not None
    clock.freeze(NOW + (standing.last - TODAY) + timedelta(days=1))
    assert lists.view("M1").certificate == queries.CertificateStanding(is_valid=False, last=standing.last)
    clock.freeze(NOW + timedelta(days=2))
    lists.revoke(certificate)
    assert lists.view("M1").certificate == queries.CertificateStanding(
        is_valid=False, is_revoked=True, last=TODAY + timedelta(days=1)
    )


def test_nobody_has_a_mentor_before_there_is_mentoring(lists: Lists, db: Database, world: World) -> None:
    with db.reading() as session:
        assert queries.mentor_of(session, world.person_ids["N1"]) is None


def test_an_acknowledgement_waits_until_it_is_given_and_after_a_change(
    lists: Lists, db: Database, world: World, count_queries: CountQueries
) -> None:
    def waits(number: str) -> bool:
        with db.reading() as session:
            return queries.waiting_acknowledgement(session, world.person_ids[number])

    assert waits("M1")
    assert not waits("O1")
    lists.acknowledge("M1")
    assert not waits("M1")
    lists.post("M1", Post.FOLLOW_UP)
    with count_queries(db) as statements:
        assert waits("M1")
    assert len(statements) <= 3
    lists.move("M1", PersonAction.SECOND)
    assert not waits("M1")


def test_what_is_kept_of_a_list_follows_its_words(lists: Lists, db: Database, world: World) -> None:
    def waits() -> bool:
        with db.reading() as session:
            found = queries.waiting_acknowledgement(session, world.person_ids["M1"])
        assert found is lists.view("M1").is_waiting
        return found

    lists.acknowledge("M1")
    assert not waits()
    reword(db, "limit: 15m", "limit: 10m")
    assert waits()
    lists.acknowledge("M1")
    assert not waits()


def test_the_team_shows_who_has_still_to_read(lists: Lists, db: Database, world: World) -> None:
    lists.acknowledge("M1")
    lists.move("L1", PersonAction.SUSPEND)
    with db.reading() as session:
        official = queries.team(session, world.identity(db, "O1"), queries.texts(session))
        leader = queries.team(session, world.identity(db, "L1"), queries.texts(session))
        stranger = queries.team(session, world.identity(db, "O9"), queries.texts(session))
    assert {member.staff_number for member in official[:2]} == {"CG00N1", "CG00N2"}
    by_number = {member.staff_number: member for member in official}
    assert set(by_number) == {"CG00N1", "CG00N2", "CG00M1", "CG00L1"}
    assert by_number["CG00M1"].acknowledged is not None
    assert by_number["CG00M1"].acknowledged.number == 1
    assert not by_number["CG00M1"].is_waiting
    assert by_number["CG00L1"].counts[DutyState.PAUSED] == 2
    assert not by_number["CG00L1"].is_waiting
    assert {member.staff_number for member in leader} == {"CG00N1", "CG00M1", "CG00L1"}
    assert {member.staff_number for member in stranger} == {"CG00N9"}


def test_an_acknowledgement_is_found_within_reach(lists: Lists, db: Database, world: World) -> None:
    row = lists.acknowledge("N1")
    with db.reading() as session:
        person, version = queries.acknowledgement_within(session, world.identity(db, "L1"), row.public_id)
        assert (person.staff_number, version.number, version.digest) == ("CG00N1", 1, row.digest)
        for number in ("O9", "N2", "M1"):
            with pytest.raises(NotFound):
                queries.acknowledgement_within(session, world.identity(db, number), row.public_id)


@pytest.mark.parametrize(
    ("words", "function", "way", "keys"),
    [
        ("楼道", "", "", {"D06"}),
        ("d05", "", "", {"D05"}),
        ("Gas", "", "", {"D08"}),
        ("", "follow_up", "", {"D23", "D24"}),
        ("", "information", "coordinate", {"D11", "D12", "D13"}),
        ("没有这个词", "", "", set()),
        ("110 孩子", "", "", {"D17"}),
    ],
)
def test_the_search(words: str, function: str, way: str, keys: set[str]) -> None:
    found = queries.search(catalogue().items.values(), words=words, function=function, way=way)
    assert {duty.key for duty in found} >= keys
    assert bool(found) == bool(keys)
    if function or not keys:
        assert {duty.key for duty in found} == keys


def test_an_item_that_is_not_there(lists: Lists, db: Database) -> None:
    with db.reading() as session, pytest.raises(NotFound):
        queries.texts(session).duty("D27")


def test_texts_without_catalogue_and_register(empty_site: Site) -> None:
    with empty_site.db.reading() as session, pytest.raises(NotFound):
        queries.texts(session)
    bare = queries.Texts(Duties({}, {}), None, None, {})  # type: ignore[arg-type]
    assert bare.emergency == ""
    assert bare.emergency_in("en") == ("", "")
