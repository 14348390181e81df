"""Reading: the calendar, reach, what is public, what a list is made from."""

from datetime import date

import pytest
import sqlalchemy as sa

from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import NotFound
from lms.selection import queries
from lms.selection.rules import PUBLIC_FIELDS, Body, CaseState
from lms.selection.services import notices
from tests.selection import making
from tests.selection.making import Office


def test_the_library_knows_the_years_up_to_this_one() -> None:
    years = queries.printed_years()
    assert max(years) == 2026
    assert date(2026, 10, 10) in years[2026].workdays
    assert date(2026, 10, 1) in years[2026].holidays


def test_rounds_and_cases_within_reach(ready: Office) -> None:
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    with ready.db.reading() as session:
        found = queries.find_round(session, ready.who("O1"), Permission.ROUND_SEE, round_id)
        assert found.unit.id == ready.world.unit_ids["east.1"]
        assert queries.counts_of(session, [found.id]) == {found.id: {CaseState.SUBMITTED: 1}}
        with pytest.raises(NotFound):
            queries.find_round(session, ready.who("O9"), Permission.ROUND_SEE, round_id)
        with pytest.raises(NotFound):
            queries.find_case(session, ready.who("O9"), Permission.ROUND_SEE, case)
        own = queries.find_case(session, ready.who("N1"), Permission.APPLICATION_MAKE, case)
        assert own.person_id == ready.world.person_ids["N1"]
        with pytest.raises(NotFound):
            queries.find_case(session, ready.who("N2"), Permission.APPLICATION_MAKE, case)


def test_rounds_that_are_open_to_a_person(ready: Office) -> None:
    hidden = making.draft(ready)
    round_id = making.opened(ready)
    with ready.db.reading() as session:
        near, far = ready.world.person(session, "N2"), ready.world.person(session, "N9")
        assert [each.public_id for each in queries.open_rounds(session, near, clock.today())] == [round_id]
        assert queries.open_rounds(session, far, clock.today()) == []
        with pytest.raises(NotFound):
            queries.published_round(session, far, round_id)
        with pytest.raises(NotFound):
            queries.published_round(session, near, hidden)
        assert queries.published_round(session, near, round_id).public_id == round_id
    clock.freeze(making.LATER)
    with ready.db.reading() as session:
        assert queries.open_rounds(session, ready.world.person(session, "N2"), clock.today()) == []


def test_a_public_notice_holds_exactly_the_public_fields(ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1", "N2", places=2)
    with ready.db.reading() as session:
        view = queries.notice_view(session, making.notice_of(ready, round_id).public_id, clock.today())
    assert view is not None
    assert {frozenset(line) for line in view.lines} == {PUBLIC_FIELDS}
    assert set(vars(view)) == {
        "public_id", "unit", "office", "posted_on", "ends_on", "working_days", "channel", "lines"
    }  # fmt: skip


def test_who_has_the_certificate_and_what_the_others_lack(ready: Office) -> None:
    with ready.db.reading() as session:
        ids = [ready.world.person_ids[number] for number in ("N1", "M1")]
        assert set(queries.certificates_of(session, ids, clock.today())) == {ids[0]}
        lacking = queries.lacking(session, ids)
    assert lacking[ids[0]] == [{"what": "certificate"}]
    assert {each["key"] for each in lacking[ids[1]]} == {"c01", "c04", "c05"}


def test_the_record_of_a_case_says_who_took_part(ready: Office) -> None:
    _round_id, cases = making.posted(ready, "N1")
    with ready.db.reading() as session:
        case = queries.find_case(session, ready.who("O1"), Permission.ROUND_SEE, cases["N1"])
        involved = queries.case_file(session, case).involved
    first, second = ready.who("O1").person_id, ready.who("O2").person_id
    assert involved.checked_by == {first}
    assert set(involved.examined_by) == {first, second}
    assert involved.proposed_by == {first}
    assert involved.mentors == involved.markers == frozenset()


# --- what waits for an official ---------------------------------------------------------------------------


def waits(at: Office, number: str) -> list[tuple[str, str]]:
    with at.db.reading() as session:
        found = queries.waiting_for(session, at.who(number), clock.today())
        counted = session.scalar(
            sa.select(sa.func.count()).select_from(queries.waiting(at.who(number), clock.today()).subquery())
        )
    assert counted == len(found)
    return [(each.waits.value, each.name) for each in found]


def test_each_step_waits_for_those_who_may_take_it(ready: Office) -> None:
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    assert waits(ready, "O1") == [("check", "李秀兰")]
    assert waits(ready, "O9") == []  # of another sub-district
    making.check(ready, case)
    making.opine(ready, case, Body.PARTY_COMMITTEE, by="O1")
    assert waits(ready, "O1") == []  # one opinion each
    assert waits(ready, "O2") == [("examine", "李秀兰")]
    making.opine(ready, case, Body.RESIDENTS_COMMITTEE, by="O2")
    assert waits(ready, "O2") == []  # 报名 runs to its last day
    clock.freeze(making.LATER)
    assert waits(ready, "O2") == [("close", "")]
    making.close(ready, round_id)
    assert waits(ready, "O1") == [("rank", "")]
    making.make_list(ready, round_id)
    assert waits(ready, "O1") == [("post", "")]
    making.post(ready, round_id)
    assert waits(ready, "O3") == []  # while the notice runs
    making.after_notice(ready, round_id)
    assert waits(ready, "O3") == [("decide", "李秀兰")]
    assert waits(ready, "O1") == waits(ready, "O2") == []  # they took part
    making.approve(ready, case)
    assert waits(ready, "O2") == [("file", "李秀兰")]
    making.file(ready, case)
    assert waits(ready, "O2") == []


def test_an_open_objection_waits_and_keeps_the_decision_from_waiting(ready: Office) -> None:
    round_id, _cases = making.posted(ready, "N1")
    notice = making.notice_of(ready, round_id)
    with ready.db.writing() as session:
        objection = notices.object_to(session, notice.public_id, text="没有公示清楚。", contact="", now=clock.now())
        public_id = objection.public_id
    making.after_notice(ready, round_id)
    assert waits(ready, "O3") == [("answer", "")]
    with ready.db.writing() as session:
        notices.answer(session, ready.who("O4"), public_id, is_upheld=False, text="已核实，属实公示。", now=clock.now())
    assert waits(ready, "O3") == [("decide", "李秀兰")]
    assert waits(ready, "O4") == []  # whoever answered does not decide


def test_a_relative_is_not_asked_to_decide(ready: Office) -> None:
    making.posted_with_relative(ready, "郭明")
    assert waits(ready, "O3") == []  # 郭明
    assert waits(ready, "O4") == [("decide", "李秀兰")]
