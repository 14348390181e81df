"""The list: who is on it, that its inputs are frozen, and the steps it waits for."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.core import clock
from lms.core.errors import Conflict, NotFound
from lms.selection import queries
from lms.selection.rules import CaseState, RoundState
from lms.selection.services import ranking
from tests.racing import all_fine, together
from tests.selection import making
from tests.selection.making import Office
from tests.world import NOW


def test_the_list_freezes_what_it_is_made_from(ready: Office) -> None:
    round_id, cases = making.listed(ready, "N1", "N2")
    assert making.state_of(ready, round_id) is RoundState.RANKED
    assert {making.case_state(ready, case) for case in cases.values()} == {CaseState.RANKED}
    with ready.db.reading() as session:
        kept = queries.ranking_of_public_id(session, round_id)
        assert kept is not None
        snapshot = json.loads(kept.snapshot)
        found = ranking.recompute(session, round_id)
    assert found.same
    assert found.snapshot_intact
    assert [each["name"] for each in snapshot["applicants"]] == ["李秀兰", "乌云·其其格"]
    assert [each["share"] for each in snapshot["applicants"][0]["quizzes"]] == ["91.00"] * 3
    assert all(each["attempt"] for each in snapshot["applicants"][0]["quizzes"])
    assert snapshot["applicants"][0]["certificate"].startswith("东街网培证字")
    assert snapshot["rule"]["courses"] == ["c01", "c04", "c05"]
    assert snapshot["rule"]["weights"] == {"competency": "50", "quiz": "50", "age": "0", "education": "0"}


def test_only_who_has_finished_onboarding_is_on_it_and_the_others_are_told_what_is_missing(ready: Office) -> None:
    making.trainees(ready.db, ready.world, {"X1": "未学完"}, certified=False)
    round_id = making.opened(ready)
    cases = {number: making.apply(ready, round_id, number) for number in ("N1", "X1", "N2")}
    making.examine(ready, cases["N1"])
    making.examine(ready, cases["X1"])
    making.check(ready, cases["N2"], seen=())
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    making.make_list(ready, round_id)
    assert making.case_state(ready, cases["N1"]) is CaseState.RANKED
    assert making.case_state(ready, cases["X1"]) is CaseState.NOT_READY
    assert making.case_row(ready, cases["X1"]).missing == [
        {"what": "course", "key": key, "lack": "not_started"} for key in ("c01", "c04", "c05")
    ]
    assert making.case_state(ready, cases["N2"]) is CaseState.NOT_READY
    assert {each["key"] for each in making.case_row(ready, cases["N2"]).missing} == {"statement", "identity_seen"}


def test_it_waits_for_checks_and_opinions(ready: Office) -> None:
    round_id = making.opened(ready)
    first, second = making.apply(ready, round_id, "N1"), making.apply(ready, round_id, "N2")
    making.examine(ready, first)
    with pytest.raises(Conflict) as error:
        making.make_list(ready, round_id)
    assert error.value.code == "selection.skip.not_closed"
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    for is_checked in (False, True):
        if is_checked:
            making.check(ready, second)
        with pytest.raises(Conflict) as error:
            making.make_list(ready, round_id)
        assert (error.value.code, error.value.params) == ("selection.round.cases_wait", {"number": 1})


def test_without_anybody_ready_there_is_no_list(at: Office) -> None:
    making.trainees(at.db, at.world, {"X1": "未学完"}, certified=False)
    round_id = making.opened(at)
    making.examine(at, making.apply(at, round_id, "X1"))
    clock.freeze(making.LATER)
    making.close(at, round_id)
    with pytest.raises(Conflict) as error:
        making.make_list(at, round_id)
    assert error.value.code == "selection.round.nobody_ready"
    assert making.state_of(at, round_id) is RoundState.CLOSED


def test_an_expired_certificate_does_not_count(ready: Office) -> None:
    round_id = making.opened(ready)
    making.examine(ready, making.apply(ready, round_id, "N1"))
    clock.freeze(NOW + timedelta(days=800))
    making.close(ready, round_id)
    with pytest.raises(Conflict) as error:
        making.make_list(ready, round_id)
    assert error.value.code == "selection.round.nobody_ready"


def test_two_officials_at_once_make_one_list(ready: Office) -> None:
    round_id = making.opened(ready)
    making.examine(ready, making.apply(ready, round_id, "N1"))
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    all_fine(together(*(lambda by=by: making.make_list(ready, round_id, by=by) for by in ("O1", "O2", "O3"))))
    with ready.db.reading() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM selection_ranking")) == 1
        entries = session.scalar(sa.text("SELECT count(*) FROM audit_entry WHERE tag = 'selection:round:listed'"))
    assert entries == 1


def test_the_kept_list_cannot_be_changed(ready: Office) -> None:
    making.listed(ready, "N1")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), ready.db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE selection_ranking SET list_text = 'x'"))


def test_a_round_without_a_list(at: Office) -> None:
    with at.db.reading() as session, pytest.raises(NotFound):
        ranking.recompute(session, making.draft(at))
