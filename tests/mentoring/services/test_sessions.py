"""Sessions: logging once, answering, what time does, overlaps, evidence, and races on both databases."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE, SYSTEM
from lms.competency import queries as competencies
from lms.competency import services as competency
from lms.competency.models import CompetencyEvidence
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound
from lms.core.ids import new_public_id
from lms.mentoring.models import MentoringSession
from lms.mentoring.rules import ANSWER_WITHIN, PairAction, SessionAction, SessionState
from lms.mentoring.services import sessions
from tests import trail
from tests.mentoring.making import Mentoring
from tests.racing import all_fine, together
from tests.world import NOW as BEGUN

DAY = timedelta(days=1)
NOW = BEGUN + 3 * DAY
"""When these sessions are logged: on the fourth day of the pair."""


@pytest.fixture
def pair(acts: Mentoring) -> str:
    """A pair of M1 and N1 that has been active for three days."""
    made = acts.active()
    clock.freeze(NOW)
    return made


def evidence(acts: Mentoring) -> dict[str, tuple[int, Decimal, bool]]:
    """Return asked, shown and is_confirmed of all observed evidence, by code."""
    with acts.db.reading() as session:
        rows = session.scalars(sa.select(CompetencyEvidence).order_by(CompetencyEvidence.id)).all()
    assert len({each.code for each in rows}) == len(rows)
    assert {each.source_type for each in rows} <= {"mentoring_session"}
    return {each.code: (each.asked, each.shown, each.is_confirmed) for each in rows}


def lapse(acts: Mentoring, one: str) -> bool:
    found = acts.session(one)
    with acts.db.writing() as session:
        return sessions.lapse(session, SYSTEM, found.id, now=clock.now())


def differences(acts: Mentoring) -> list[competency.Difference]:
    with acts.db.reading() as session:
        return [
            each
            for person_id in competencies.persons_with_something(session)
            for each in competency.differences(session, CONSOLE, person_id, today=clock.today())
        ]


# --- logging ----------------------------------------------------------------------------------------------


def test_a_session_waits_for_the_newcomer_and_is_no_evidence_yet(acts: Mentoring, pair: str) -> None:
    before = trail.seq(acts.db)
    one = acts.log(pair, line="  3 号楼，  走得稳 ")
    found = acts.session(one)
    assert (found.state, found.line, found.answer_by) == (SessionState.WAITING, "3 号楼， 走得稳", NOW + ANSWER_WITHIN)
    assert [(each.key, each.shown) for each in found.marks] == [
        ("eth1-1a", True),
        ("eth1-1b", False),
        ("eth2-1a", True),
    ]
    assert evidence(acts) == {}
    assert [each.tag for each in trail.entries(acts.db, before)] == ["mentoring:session:logged"]


def test_the_same_form_logs_one_session(acts: Mentoring, pair: str) -> None:
    token = new_public_id()
    first = acts.log(pair, token=token)
    before = trail.seq(acts.db)
    assert acts.log(pair, token=token, minutes=120, topic="patrol", seen={}) == first
    assert trail.entries(acts.db, before) == []


def test_only_the_mentor_of_a_running_pair_logs(acts: Mentoring, pair: str) -> None:
    for other in ("N1", "O1", "L1"):
        with pytest.raises(Forbidden):
            acts.log(pair, by=other)
    acts.decide(pair, PairAction.END)
    with pytest.raises(NotFound):
        acts.log(pair)


@pytest.mark.parametrize(
    ("starts_at", "code"),
    [
        (NOW - timedelta(minutes=59), "future"),
        (NOW + DAY, "future"),
        (NOW - 4 * DAY, "before_pair"),
        (NOW - 15 * DAY, "too_old"),
    ],
)
def test_a_session_lies_in_the_time_of_the_pair(acts: Mentoring, pair: str, starts_at: datetime, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        acts.log(pair, starts_at=starts_at)


def test_what_the_form_could_not_have_sent_is_refused(acts: Mentoring, pair: str) -> None:
    for wrong, code in (
        ({"topic": "gossip"}, "topic"),
        ({"minutes": 45}, "minutes"),
        ({"seen": {"bnd1-1a": True}}, "behaviour"),
        ({"seen": {"nothing": True}}, "behaviour"),
        ({"line": "长" * 201}, "long"),
        ({"token": "x" * 41}, "token"),
    ):
        with pytest.raises(Invalid, match=code):
            acts.log(pair, **wrong)


# --- answering --------------------------------------------------------------------------------------------


def test_a_confirmed_session_is_evidence_once(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    assert acts.answer(one, SessionAction.CONFIRM) is SessionState.CONFIRMED
    before = trail.seq(acts.db)
    assert acts.answer(one, SessionAction.CONFIRM) is SessionState.CONFIRMED
    assert trail.entries(acts.db, before) == []
    assert evidence(acts) == {"ETH1": (2, Decimal(1), True), "ETH2": (1, Decimal(1), True)}
    with acts.db.reading() as session:
        [row] = session.scalars(sa.select(CompetencyEvidence).where(CompetencyEvidence.code == "ETH1"))
    assert (row.source_id, row.happened_at) == (one, NOW - timedelta(hours=1))
    assert row.details == [
        {"key": "eth1-1a", "words": "上门三句话说得全", "correctness": "1"},
        {"key": "eth1-1b", "words": "碰见居民，先打招呼", "correctness": "0"},
    ]
    assert differences(acts) == []


def test_what_was_not_met_is_not_asked(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair, seen={})
    acts.answer(one, SessionAction.CONFIRM)
    assert evidence(acts) == {}


def test_a_correction_that_the_mentor_takes_counts_as_confirmed(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    with pytest.raises(Invalid, match="same"):
        acts.answer(one, SessionAction.CORRECT, said={"eth1-1a": True}, line="x")
    with pytest.raises(Invalid, match="line_missing"):
        acts.answer(one, SessionAction.CORRECT, said={"eth1-1b": True})
    clock.freeze(NOW + 2 * DAY)
    acts.answer(one, SessionAction.CORRECT, said={"eth1-1b": True, "eth2-1a": None}, line="碰见王大爷我先说的")
    assert acts.session(one).answer_by == NOW + 5 * DAY
    assert evidence(acts) == {}
    assert acts.answer(one, SessionAction.ACCEPT, by="M1") is SessionState.CONFIRMED
    assert evidence(acts) == {"ETH1": (2, Decimal(2), True)}
    assert differences(acts) == []


def test_a_correction_that_the_mentor_does_not_take_counts_half(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    acts.answer(one, SessionAction.CORRECT, said={"eth1-1b": True}, line="我先说的")
    assert acts.answer(one, SessionAction.KEEP, by="M1") is SessionState.UNCONFIRMED
    assert evidence(acts) == {"ETH1": (2, Decimal(1), False), "ETH2": (1, Decimal(1), False)}
    with pytest.raises(Conflict):
        acts.answer(one, SessionAction.ACCEPT, by="M1")


def test_each_answers_for_themselves(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    with pytest.raises(Forbidden):
        acts.answer(one, SessionAction.CONFIRM, by="M1")
    with pytest.raises(Forbidden):
        acts.answer(one, SessionAction.WITHDRAW, line="x")
    with pytest.raises(NotFound):
        acts.answer(one, SessionAction.CONFIRM, by="N2")
    with pytest.raises(NotFound):
        acts.answer(one, SessionAction.CONFIRM, by="O1")


def test_the_mentor_takes_back_what_nobody_has_answered(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    with pytest.raises(Invalid, match=r"reason\.missing"):
        acts.answer(one, SessionAction.WITHDRAW, by="M1")
    acts.answer(one, SessionAction.WITHDRAW, by="M1", line="点错人了")
    assert acts.answer(one, SessionAction.WITHDRAW, by="M1", line="点错人了") is SessionState.WITHDRAWN
    with pytest.raises(Conflict):
        acts.answer(one, SessionAction.CONFIRM)
    again = acts.log(pair)
    assert acts.session(again).state is SessionState.WAITING, "what was taken back takes no time"
    acts.answer(again, SessionAction.CONFIRM)
    with pytest.raises(Conflict):
        acts.answer(again, SessionAction.WITHDRAW, by="M1", line="x")


def test_the_ex_mentor_still_settles_a_correction_of_his_own_session(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    acts.answer(one, SessionAction.CORRECT, said={"eth1-1b": True}, line="我先说的")
    acts.decide(pair, PairAction.END)
    assert acts.answer(one, SessionAction.ACCEPT, by="M1") is SessionState.CONFIRMED


# --- time -------------------------------------------------------------------------------------------------


def test_after_72_hours_a_session_counts_half(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    clock.freeze(NOW + ANSWER_WITHIN)
    assert not lapse(acts, one)
    clock.freeze(NOW + ANSWER_WITHIN + timedelta(microseconds=1))
    with pytest.raises(Conflict, match="too_late"):
        acts.answer(one, SessionAction.CONFIRM)
    assert lapse(acts, one)
    assert not lapse(acts, one)
    assert acts.session(one).settled_at == NOW + ANSWER_WITHIN
    assert evidence(acts) == {"ETH1": (2, Decimal(1), False), "ETH2": (1, Decimal(1), False)}


def test_a_correction_without_answer_lapses_to_the_mentors_version(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    acts.answer(one, SessionAction.CORRECT, said={"eth1-1b": True}, line="我先说的")
    clock.freeze(NOW + ANSWER_WITHIN + DAY)
    assert lapse(acts, one)
    assert evidence(acts) == {"ETH1": (2, Decimal(1), False), "ETH2": (1, Decimal(1), False)}


# --- overlaps ---------------------------------------------------------------------------------------------


def test_of_two_at_the_same_time_the_one_logged_first_counts(acts: Mentoring, pair: str) -> None:
    first = acts.log(pair, starts_at=NOW - timedelta(hours=3), minutes=60)
    touching = acts.log(pair, starts_at=NOW - timedelta(hours=2), minutes=60)
    later = acts.log(pair, starts_at=NOW - timedelta(hours=4), minutes=120)
    assert acts.session(touching).state is SessionState.WAITING
    found = acts.session(later)
    assert (found.state, found.first) == (SessionState.OVERLAPPING, first)
    with pytest.raises(Conflict):
        acts.answer(later, SessionAction.CONFIRM)
    clock.freeze(NOW + 30 * DAY)
    assert not lapse(acts, later)
    assert evidence(acts) == {}


def test_a_mentor_is_not_in_two_places(acts: Mentoring, pair: str) -> None:
    other = acts.active("N2", second_reason="人手不够")
    first = acts.log(pair, starts_at=NOW - timedelta(hours=1))
    clock.freeze(NOW + timedelta(minutes=30))
    later = acts.log(other, starts_at=NOW - timedelta(minutes=30))
    assert acts.session(later).first == first


def test_a_newcomer_is_not_in_two_places_either(acts: Mentoring, pair: str, second: str) -> None:
    first = acts.log(pair, starts_at=NOW - timedelta(minutes=60))
    following = acts.change(pair, second)
    acts.accept(following, "N1")
    acts.accept(following, second)
    later = acts.log(following, by=second, starts_at=NOW - timedelta(minutes=60))
    assert acts.session(later).first == first


# --- races ------------------------------------------------------------------------------------------------


def states(acts: Mentoring) -> Counter[SessionState]:
    with acts.db.reading() as session:
        return Counter(session.scalars(sa.select(MentoringSession.state)))


def test_two_sessions_logged_at_one_moment_leave_one_counting(acts: Mentoring, pair: str) -> None:
    other = acts.active("N2", second_reason="人手不够")
    clock.freeze(NOW + timedelta(hours=2))
    all_fine(together(lambda: acts.log(pair), lambda: acts.log(other), lambda: acts.log(pair)))
    assert states(acts) == {SessionState.WAITING: 1, SessionState.OVERLAPPING: 2}


def test_a_double_press_logs_once(acts: Mentoring, pair: str) -> None:
    token = new_public_id()
    found = all_fine(together(*[lambda: acts.log(pair, token=token)] * 3))
    assert len(set(found)) == 1
    assert states(acts) == {SessionState.WAITING: 1}


def test_confirming_and_taking_back_at_once(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    found = together(
        lambda: acts.answer(one, SessionAction.CONFIRM),
        lambda: acts.answer(one, SessionAction.WITHDRAW, by="M1", line="点错了"),
        lambda: acts.answer(one, SessionAction.CONFIRM),
    )
    assert Counter(type(each) for each in found)[Conflict] in {1, 2}
    [state] = states(acts)
    assert (evidence(acts) != {}) == (state is SessionState.CONFIRMED)
    assert differences(acts) == []


def test_the_sweep_and_another_sweep_write_evidence_once(acts: Mentoring, pair: str) -> None:
    one = acts.log(pair)
    clock.freeze(NOW + ANSWER_WITHIN + DAY)
    assert sorted(all_fine(together(*[lambda: lapse(acts, one)] * 3))) == [False, False, True]
    assert len(evidence(acts)) == 2
    assert differences(acts) == []
