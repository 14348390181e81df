"""Opening, ruling, closing and cancelling a round."""

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound
from lms.people.rules import Employment, Post
from lms.selection import queries
from lms.selection.rules import DEFAULT_WEIGHTS, CaseState, Component, RoundState
from lms.selection.services import rounds
from tests.racing import all_fine, together
from tests.selection import making
from tests.selection.making import Office
from tests.world import TODAY


def set_rule(
    at: Office, round_id: str, *, age: int = 0, reason: str = "", bands: tuple[tuple[int, int], ...] = ()
) -> int:
    with at.db.writing() as session:
        return rounds.set_rule(
            session,
            at.who("O1"),
            round_id,
            weights={**DEFAULT_WEIGHTS, Component.QUIZ: Decimal(50 - age), Component.AGE: Decimal(age)},
            age_bands=bands,
            education={},
            reason=reason,
            now=clock.now(),
        ).version


def test_a_round_begins_with_a_published_rule_in_which_age_weighs_nothing(at: Office) -> None:
    round_id = making.opened(at)
    with at.db.reading() as session:
        rule = queries.rule_of(session, queries.id_of_round(session, round_id))
    assert (rule.version, rule.rule["weights"]["age"]) == (1, "0")
    assert rule.rule["courses"] == ["c01", "c04", "c05"]
    assert "BND1" in rule.rule["competencies"]
    assert len(rule.digest) == 64


def test_the_rule_changes_only_before_anybody_applied(ready: Office) -> None:
    round_id = making.draft(ready)
    assert set_rule(ready, round_id) == 1  # the same again
    assert set_rule(ready, round_id, age=10, bands=((45, 100),)) == 2
    with ready.db.writing() as session:
        rounds.open_round(session, ready.who("O1"), round_id, now=clock.now())
    with pytest.raises(Invalid) as error:
        set_rule(ready, round_id)
    assert error.value.field == "reason"
    assert set_rule(ready, round_id, reason="年龄不计分") == 3
    making.apply(ready, round_id, "N1")
    with pytest.raises(Conflict) as conflict:
        set_rule(ready, round_id, age=20, bands=((45, 100),), reason="再改")
    assert conflict.value.code == "selection.rule.applications_in"
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    with pytest.raises(Conflict) as conflict:
        set_rule(ready, round_id, reason="再改")
    assert conflict.value.code == "selection.skip.rule_fixed"


def test_a_rule_that_cannot_be_used_is_refused(at: Office) -> None:
    with pytest.raises(Invalid) as error:
        set_rule(at, making.draft(at), age=10)
    assert error.value.code == "selection.rule.age_bands"


def test_a_round_opens_with_places_once_and_closes_after_its_last_day(at: Office) -> None:
    empty = making.draft(at, places=False)
    with pytest.raises(Conflict) as error, at.db.writing() as session:
        rounds.open_round(session, at.who("O1"), empty, now=clock.now())
    assert error.value.code == "selection.round.no_places"
    round_id = making.opened(at)
    with pytest.raises(Conflict), at.db.writing() as session:
        rounds.open_round(session, at.who("O1"), round_id, now=clock.now())
    with pytest.raises(Conflict) as error:
        making.close(at, round_id)
    assert error.value.code == "selection.round.still_open"
    clock.freeze(making.LATER)
    outcomes = together(lambda: making.close(at, round_id), lambda: making.close(at, round_id, by="O2"))
    assert len([each for each in outcomes if isinstance(each, Conflict)]) == 1
    assert making.state_of(at, round_id) is RoundState.CLOSED


def test_a_draft_that_lay_too_long_cannot_be_opened(at: Office) -> None:
    round_id = making.draft(at)
    clock.freeze(making.LATER)
    with pytest.raises(Conflict) as error, at.db.writing() as session:
        rounds.open_round(session, at.who("O1"), round_id, now=clock.now())
    assert error.value.code == "selection.round.last_day_past"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 61}, "title"),
        ({"last_day": TODAY - timedelta(days=1)}, "last_day"),
        ({"notice_days": 4}, "notice_days"),
        ({"notice_days": 31}, "notice_days"),
        ({"channel": ""}, "channel"),
    ],
)
def test_what_a_round_needs(at: Office, changes: dict[str, object], field: str) -> None:
    values: dict[str, object] = {"title": "选拔", "last_day": TODAY, "notice_days": 5, "channel": "电话", **changes}
    with pytest.raises(Invalid) as error, at.db.writing() as session:
        rounds.create_round(session, at.who("O1"), at.world.unit(session, "east.1"), now=clock.now(), **values)  # type: ignore[arg-type]
    assert error.value.field == field


def add(at: Office, round_id: str, grid: str, *, number: int = 1, by: str = "O1") -> str:
    with at.db.writing() as session:
        return rounds.add_place(
            session,
            at.who(by),
            round_id,
            at.world.unit(session, grid),
            Post.INFORMATION,
            Employment.PART_TIME,
            number,
            now=clock.now(),
        ).public_id


def test_places_lie_on_grids_of_the_unit_and_are_fixed_once_open(at: Office) -> None:
    round_id = making.draft(at)
    place = add(at, round_id, "east.1.1")
    for grid, number in (("east.2.1", 1), ("east.1", 1), ("east.1.2", 0)):
        with pytest.raises(Invalid):
            add(at, round_id, grid, number=number)
    with pytest.raises(Conflict) as error:
        add(at, round_id, "east.1.1")
    assert error.value.code == "selection.place.already"
    for _ in range(2):
        with at.db.writing() as session:
            rounds.remove_place(session, at.who("O1"), round_id, place, now=clock.now())
    with at.db.reading() as session:
        assert len(queries.places_of(session, queries.id_of_round(session, round_id))) == 1
    with at.db.writing() as session:
        rounds.open_round(session, at.who("O1"), round_id, now=clock.now())
    with pytest.raises(Conflict):
        add(at, round_id, "east.1.1")
    with pytest.raises(Conflict), at.db.writing() as session:
        rounds.remove_place(session, at.who("O1"), round_id, place, now=clock.now())


def test_the_same_place_at_once_is_added_once(at: Office) -> None:
    round_id = making.draft(at)
    outcomes = together(lambda: add(at, round_id, "east.1.1"), lambda: add(at, round_id, "east.1.1", by="O2"))
    assert len([each for each in outcomes if isinstance(each, Conflict)]) == 1, outcomes


def test_only_officials_of_the_unit(at: Office) -> None:
    round_id = making.draft(at)
    with pytest.raises(NotFound):
        add(at, round_id, "east.1.1", by="O9")
    with pytest.raises(Forbidden):
        add(at, round_id, "east.1.1", by="L1")
    with pytest.raises(NotFound):
        add(at, "nothing", "east.1.1")
    with pytest.raises(NotFound), at.db.writing() as session:
        rounds.create_round(
            session,
            at.who("O9"),
            at.world.unit(session, "east.1"),
            title="x",
            last_day=TODAY,
            notice_days=5,
            channel="x",
            now=clock.now(),
        )


def test_a_round_is_not_cancelled_over_one_who_is_approved(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1", "N2", places=2)
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    with ready.db.writing() as session, pytest.raises(Conflict) as error:
        rounds.cancel_round(session, ready.who("O1"), round_id, reason="停办", now=clock.now())
    assert error.value.code == "selection.round.has_approved"


def test_cancelling_needs_a_reason_and_nobody_approved(ready: Office) -> None:
    def cancel(round_id: str, reason: str = "名额取消", by: str = "O1") -> None:
        with ready.db.writing() as session:
            rounds.cancel_round(session, ready.who(by), round_id, reason=reason, now=clock.now())

    round_id, cases = making.posted(ready, "N1")
    with pytest.raises(Invalid):
        cancel(round_id, " ")
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    with pytest.raises(Conflict) as error:
        cancel(round_id)
    assert error.value.code == "selection.skip.stays_decided"
    other = making.draft(ready)
    outcomes = together(lambda: cancel(other), lambda: cancel(other, by="O2"))
    assert len([each for each in outcomes if isinstance(each, Conflict)]) == 1


def test_cancelling_takes_undecided_cases_along(ready: Office) -> None:
    round_id = making.opened(ready)
    first, second = making.apply(ready, round_id, "N1"), making.apply(ready, round_id, "N2")
    making.check(ready, second)
    with ready.db.writing() as session:
        rounds.cancel_round(session, ready.who("O2"), round_id, reason="停办", now=clock.now())
    assert {making.case_state(ready, each) for each in (first, second)} == {CaseState.CANCELLED}
    assert making.state_of(ready, round_id) is RoundState.CANCELLED
    with ready.db.reading() as session:
        assert session.scalar(sa.text("SELECT cancelled_reason FROM selection_round")) == "停办"


def test_two_begin_rounds_at_once(at: Office) -> None:
    assert len(set(all_fine(together(lambda: making.draft(at), lambda: making.draft(at, by="O2"))))) == 2
