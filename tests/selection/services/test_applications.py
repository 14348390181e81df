"""报名: by oneself, for somebody outside, complete or not, withdrawn."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound
from lms.people.models import Person
from lms.people.rules import Sex, StaffState
from lms.selection import queries
from lms.selection.models import SelectionApplication
from lms.selection.rules import CaseState, Paper, Relation, RoundState, Source
from lms.selection.services import applications
from lms.selection.services.applications import Declared, Outsider
from tests.racing import all_fine, together
from tests.selection import making
from tests.selection.making import Office
from tests.world import TODAY

OUTSIDER = Outsider(name="王芳", sex=Sex.FEMALE, birth_month="1985-06", education="大专", phone="13800005678")


def enter(
    at: Office, round_id: str, who: Outsider | str = OUTSIDER, *, by: str = "O1", relatives: tuple[Declared, ...] = ()
) -> str:
    with at.db.writing() as session:
        return applications.enter(
            session,
            at.who(by),
            round_id,
            making.place_of(session, round_id),
            who,
            source=Source.RESIDENT,
            statement=making.STATEMENT,
            stated_on=TODAY,
            relatives=relatives,
            now=clock.now(),
        ).public_id


def test_one_applies_with_the_statement_as_it_was_shown(ready: Office) -> None:
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    row = making.case_row(ready, case)
    assert (row.state, row.statement, row.stated_on) == (CaseState.SUBMITTED, making.STATEMENT, TODAY)
    assert row.entered_by_id is None
    assert making.apply(ready, round_id, "N1") == case  # a second click
    with ready.db.reading() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM audit_entry WHERE tag LIKE 'selection:application:%'")) == 1


def test_clicks_at_once_give_one_application(ready: Office) -> None:
    round_id = making.opened(ready)
    cases = all_fine(together(*(lambda: making.apply(ready, round_id, "N1") for _ in range(3))))
    assert len(set(cases)) == 1


@pytest.mark.parametrize("number", ["M1", "O1"])
def test_who_is_on_duty_cannot_apply(ready: Office, number: str) -> None:
    round_id = making.opened(ready)
    with pytest.raises(Conflict) as error:
        making.apply(ready, round_id, number)
    assert error.value.code == "selection.person.not_applying"


def test_not_before_not_after_and_not_elsewhere(ready: Office) -> None:
    hidden = making.draft(ready)
    with pytest.raises(NotFound):
        making.apply(ready, hidden, "N1")
    round_id = making.opened(ready)
    with pytest.raises(NotFound):
        making.apply(ready, round_id, "N9")
    clock.freeze(clock.now() + timedelta(days=1))
    making.apply(ready, round_id, "N1")  # the last day still counts
    clock.freeze(making.LATER)
    with pytest.raises(Conflict) as error:
        making.apply(ready, round_id, "N2")
    assert error.value.code == "selection.round.last_day_over"


def test_somebody_outside_becomes_a_candidate_and_with_complete_papers_a_trainee(at: Office) -> None:
    round_id = making.opened(at)
    case = enter(at, round_id)
    assert enter(at, round_id) == case  # a second click makes no second person
    with at.db.reading() as session:
        [person] = session.scalars(sa.select(Person).where(Person.name == "王芳")).all()
        at.world.person_ids["W1"] = person.id
        assert person.state is StaffState.CANDIDATE
        assert person.unit_id == at.world.unit_ids["east.1.2"]
    making.check(at, case, by="O2")
    assert making.person_state(at, "W1") is StaffState.TRAINEE
    assert making.case_row(at, case).entered_by_id == at.who("O1").person_id


def test_a_person_of_the_office_is_entered_by_number(ready: Office) -> None:
    round_id = making.opened(ready)
    assert making.case_row(ready, enter(ready, round_id, "cg00n1")).person_id == ready.world.person_ids["N1"]
    for number in ("CG00N9", "CG99999"):
        with pytest.raises(NotFound):
            enter(ready, round_id, number)
    with pytest.raises(NotFound):
        enter(ready, round_id, by="O9")
    with pytest.raises(Forbidden):
        enter(ready, round_id, by="M1")


def test_what_is_missing_is_named_and_can_be_brought(at: Office) -> None:
    round_id = making.opened(at)
    case = making.apply(at, round_id, "N1")  # her education is not written
    making.check(at, case, seen=(Paper.STATEMENT,), other="毕业证复印件")
    row = making.case_row(at, case)
    assert row.state is CaseState.INCOMPLETE
    assert row.missing == [
        {"what": "paper", "key": "identity_seen"},
        {"what": "paper", "key": "education"},
        {"what": "words", "key": "毕业证复印件"},
    ]
    making.schooled(at.db, at.world, "N1")
    making.check(at, case)
    row = making.case_row(at, case)
    assert (row.state, row.missing) == (CaseState.COMPLETE, [])
    with pytest.raises(Conflict):
        making.check(at, case)


def test_one_may_withdraw_until_it_is_filed(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1", "N2", places=2)

    def withdraw(number: str, by: str, reason: str = "") -> None:
        with ready.db.writing() as session:
            applications.withdraw(session, ready.who(by), cases[number], reason=reason, now=clock.now())

    with pytest.raises(NotFound):
        withdraw("N1", "N2")
    with pytest.raises(Invalid):
        withdraw("N1", "O1")
    withdraw("N1", "N1")
    withdraw("N1", "N1")
    assert making.case_state(ready, cases["N1"]) is CaseState.WITHDRAWN
    with ready.db.reading() as session:
        view = queries.notice_view(session, making.notice_of(ready, round_id).public_id, clock.today())
    assert view is not None
    assert [line["name"] for line in view.lines] == ["乌云·其其格"]
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N2"])
    making.file(ready, cases["N2"])
    with pytest.raises(Conflict):
        withdraw("N2", "N2")
    assert making.case_state(ready, cases["N2"]) is CaseState.FILED
    assert making.state_of(ready, round_id) is RoundState.FILED


def test_withdrawing_and_approving_at_once_ends_withdrawn(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)

    def withdraw() -> None:
        with ready.db.writing() as session:
            applications.withdraw(session, ready.who("N1"), cases["N1"], now=clock.now())

    withdrawn, approved = together(withdraw, lambda: making.approve(ready, cases["N1"]))
    assert withdrawn is None
    assert approved is None or isinstance(approved, Conflict)
    assert making.case_state(ready, cases["N1"]) is CaseState.WITHDRAWN
    assert making.state_of(ready, round_id) is RoundState.DECIDED


def test_withdrawing_and_filing_at_once_gives_one_of_them(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])

    def withdraw() -> None:
        with ready.db.writing() as session:
            applications.withdraw(session, ready.who("N1"), cases["N1"], now=clock.now())

    outcomes = together(withdraw, lambda: making.file(ready, cases["N1"]))
    assert len([each for each in outcomes if isinstance(each, Conflict)]) == 1, outcomes
    assert making.case_state(ready, cases["N1"]) in {CaseState.WITHDRAWN, CaseState.FILED}


def test_who_withdrew_may_apply_again(ready: Office) -> None:
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    with ready.db.writing() as session:
        applications.withdraw(session, ready.who("N1"), case, now=clock.now())
    assert making.apply(ready, round_id, "N1") != case


def test_declared_relatives_are_matched_and_bar(at: Office) -> None:
    round_id = making.opened(at)
    declared = (
        Declared("陈志强", Relation.SPOUSE),
        Declared("不在系统", Relation.OTHER),
        Declared("陈志强", Relation.OTHER),
    )
    case = enter(at, round_id, by="O2", relatives=declared)
    with at.db.reading() as session:
        person_id = making.case_row(at, case).person_id
        known = queries.relatives_of(session, person_id)
        assert [(each.name, each.relative_id) for each in known] == [
            ("陈志强", at.world.person_ids["O1"]),
            ("不在系统", None),
        ]
    with pytest.raises(Forbidden) as error:
        making.check(at, case, by="O1")
    assert error.value.code == "selection.barred.relative"
    making.check(at, case, by="O2")


def test_the_trail_holds_no_names(at: Office) -> None:
    round_id = making.opened(at)
    enter(at, round_id, relatives=(Declared("某某人", Relation.SPOUSE),))
    with at.db.reading() as session:
        diffs = str(session.execute(sa.text("SELECT diff FROM audit_entry")).all())
    assert "某某人" not in diffs
    assert "王芳" not in diffs


def test_a_place_of_another_round_is_refused(ready: Office) -> None:
    first, second = making.opened(ready), making.opened(ready)
    with pytest.raises(LMSError) as error, ready.db.writing() as session:
        applications.apply(
            session,
            ready.who("N1"),
            first,
            making.place_of(session, second),
            source=Source.COMPANY,
            statement=making.STATEMENT,
            now=clock.now(),
        )
    assert error.value.code == "selection.place.choose"
    with ready.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SelectionApplication)) == 0
