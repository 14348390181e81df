"""Sitting a quiz on real databases: what is acknowledged is stored, one attempt has one mark, whoever races."""

import os
import signal
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, Identity
from lms.audit.rules import AuditTag
from lms.competency import services as competency
from lms.competency.models import CompetencyEvidence
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Invalid, NotFound
from lms.courses.models import Enrolment
from lms.courses.rules import EnrolmentState
from lms.people.services import persons
from lms.quizzes import queries, services
from lms.quizzes.events import AttemptMarked
from lms.quizzes.models import AnswerEvent, AttemptItem, QuizAttempt
from lms.quizzes.rules import GRACE, AttemptState, answers_digest, points_for
from tests import trail
from tests.quizzes.conftest import Sitter
from tests.quizzes.papers import answer_all, answer_to, bank_and_items, begin, hand_in, learn, save
from tests.racing import all_fine, together
from tests.world import NOW, TODAY

LINES_IN_BOTH = 1
"""A seed whose paper of C04 has red lines in a critical and in a plain question with one answer."""


def item_at(db: Database, me: Identity, public_id: str, position: int) -> Any:
    return bank_and_items(db, me, public_id)[1][position - 1]


def events(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(sa.select(sa.func.count(AnswerEvent.id))) or 0


# --- starting ----------------------------------------------------------------------------------------------


def test_a_paper_is_drawn_from_its_seed_and_the_time_starts(sitter: Sitter) -> None:
    since = trail.seq(sitter.db)
    public_id = begin(sitter.db, sitter.me, seed=42)
    with sitter.db.reading() as session:
        attempt = queries.own_attempt(session, sitter.me, public_id)
        items = queries.items_of(session, attempt.id)
    assert (attempt.seed, attempt.number, attempt.state) == (42, 1, AttemptState.OPEN)
    assert (attempt.started_at, attempt.deadline_at) == (NOW, NOW + timedelta(minutes=30))
    assert [item.position for item in items] == list(range(1, 21))
    assert sum(item.points for item in items) == Decimal(100)
    assert {item.kind for item in items} == {"single", "multiple", "true_false", "triage"}
    [entry] = trail.entries(sitter.db, since)
    assert (entry.tag, entry.object_id, entry.actor) == (AuditTag.ATTEMPT_STARTED, public_id, sitter.me.public_id)


def test_the_same_seed_gives_the_same_paper_to_two_persons(sitter: Sitter) -> None:
    other = sitter.world.identity(sitter.db, "N2")
    learn(sitter.db, other)
    papers = [
        [
            (item.item_key, item.option_order)
            for item in bank_and_items(sitter.db, who, begin(sitter.db, who, seed=9))[1]
        ]
        for who in (sitter.me, other)
    ]
    assert papers[0] == papers[1]


def test_extra_time_is_given_in_one_tap(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me, extra_time=True)
    with sitter.db.reading() as session:
        assert queries.own_attempt(session, sitter.me, public_id).deadline_at == NOW + timedelta(minutes=45)


def test_a_second_click_gives_the_same_attempt(sitter: Sitter) -> None:
    first = begin(sitter.db, sitter.me, seed=1)
    assert begin(sitter.db, sitter.me, seed=2) == first


def test_eight_clicks_at_once_give_one_attempt(sitter: Sitter) -> None:
    acts = [lambda seed=seed: begin(sitter.db, sitter.me, seed=seed) for seed in range(8)]
    assert len(set(all_fine(together(*acts)))) == 1
    with sitter.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count(QuizAttempt.id))) == 1
        assert session.scalar(sa.select(sa.func.count(AttemptItem.id))) == 20
    assert len([entry for entry in trail.entries(sitter.db, 0) if entry.tag == AuditTag.ATTEMPT_STARTED]) == 1


def test_the_lessons_come_first(sitter: Sitter) -> None:
    with pytest.raises(Conflict, match=r"courses\.quiz\.lessons_first"):
        begin(sitter.db, sitter.me, "c01")


def test_another_try_needs_the_explanations_and_ten_minutes(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    hand_in(sitter.db, sitter.me, public_id)
    clock.freeze(NOW + timedelta(minutes=20))
    with pytest.raises(Conflict, match=r"quizzes\.start\.review_first"):
        begin(sitter.db, sitter.me)
    with sitter.db.writing() as session:
        services.open_review(session, sitter.me, public_id, now=clock.now())
    clock.freeze(NOW + timedelta(minutes=9))
    with pytest.raises(Conflict, match=r"quizzes\.start\.too_early"):
        begin(sitter.db, sitter.me)
    clock.freeze(NOW + timedelta(minutes=10))
    second = begin(sitter.db, sitter.me, seed=5)
    with sitter.db.reading() as session:
        assert queries.own_attempt(session, sitter.me, second).number == 2


# --- saving ------------------------------------------------------------------------------------------------


def test_a_save_is_stored_and_kept_as_it_came(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    answer = answer_to(bank.items[items[0].item_key])
    clock.freeze(NOW + timedelta(seconds=7))
    saved = save(sitter.db, sitter.me, public_id, 1, 1, answer)
    assert (saved.seq, saved.answer, saved.is_kept, saved.is_complete) == (1, answer, True, True)
    assert saved.saved_at == NOW + timedelta(seconds=7)
    row = item_at(sitter.db, sitter.me, public_id, 1)
    assert (row.seq, row.answer, row.saved_at) == (1, answer, NOW + timedelta(seconds=7))
    with sitter.db.reading() as session:
        [event] = session.scalars(sa.select(AnswerEvent))
        assert (event.seq, event.answer, event.received_at) == (1, answer, NOW + timedelta(seconds=7))


def test_a_late_save_never_beats_a_newer_one(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    question = bank.items[items[0].item_key]
    newer, older = answer_to(question), answer_to(question, right=False)
    save(sitter.db, sitter.me, public_id, 1, 5, newer)
    saved = save(sitter.db, sitter.me, public_id, 1, 4, older)
    assert (saved.seq, saved.answer, saved.is_kept) == (5, newer, False)
    assert item_at(sitter.db, sitter.me, public_id, 1).answer == newer
    assert events(sitter.db) == 1


def test_the_same_save_sent_again_is_acknowledged_and_stored_once(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    answer = answer_to(bank.items[items[0].item_key])
    first = save(sitter.db, sitter.me, public_id, 1, 1, answer)
    clock.freeze(NOW + timedelta(seconds=30))
    again = save(sitter.db, sitter.me, public_id, 1, 1, answer)
    assert again == first
    assert events(sitter.db) == 1


def test_another_answer_under_the_same_number_is_not_taken(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    question = bank.items[items[0].item_key]
    save(sitter.db, sitter.me, public_id, 1, 1, answer_to(question))
    assert not save(sitter.db, sitter.me, public_id, 1, 1, answer_to(question, right=False)).is_kept


def test_saves_at_once_leave_the_highest_number(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    question = bank.items[items[0].item_key]
    answers = {seq: answer_to(question, right=seq % 2 == 0) for seq in range(1, 9)}
    acts = [lambda seq=seq: save(sitter.db, sitter.me, public_id, 1, seq, answers[seq]) for seq in answers]
    saved = all_fine(together(*acts))
    row = item_at(sitter.db, sitter.me, public_id, 1)
    assert (row.seq, row.answer) == (8, answers[8])
    assert max(each.seq for each in saved) == 8
    assert all(each.answer == answers[each.seq] for each in saved)


def test_an_answer_can_be_taken_back(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    save(sitter.db, sitter.me, public_id, 1, 1, answer_to(bank.items[items[0].item_key]))
    assert save(sitter.db, sitter.me, public_id, 1, 2, {}).answer is None
    assert item_at(sitter.db, sitter.me, public_id, 1).answer is None


def test_a_flag_is_saved_with_its_answer(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    with sitter.db.writing() as session:
        services.save_answer(session, sitter.me, public_id, 3, 1, {}, True, now=clock.now())
    assert item_at(sitter.db, sitter.me, public_id, 3).is_flagged


@pytest.mark.parametrize(("seconds", "is_taken"), [(0, True), (30, True), (31, False)])
def test_saves_end_with_the_deadline_and_its_grace(sitter: Sitter, seconds: int, is_taken: bool) -> None:
    assert timedelta(seconds=30) == GRACE
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    answer = answer_to(bank.items[items[0].item_key])
    clock.freeze(NOW + timedelta(minutes=30, seconds=seconds))
    if is_taken:
        assert save(sitter.db, sitter.me, public_id, 1, 1, answer).is_kept
        return
    with pytest.raises(Conflict, match=r"quizzes\.attempt\.time_up"):
        save(sitter.db, sitter.me, public_id, 1, 1, answer)
    row = item_at(sitter.db, sitter.me, public_id, 1)
    assert (row.seq, row.answer, row.saved_at) == (0, None, None)
    assert events(sitter.db) == 0


def test_nothing_is_saved_after_handing_in(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    hand_in(sitter.db, sitter.me, public_id)
    with pytest.raises(Conflict, match=r"quizzes\.attempt\.closed"):
        save(sitter.db, sitter.me, public_id, 1, 1, {})


def test_the_attempt_of_another_is_not_there(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    for number in ("N2", "O1", "T1", "N9"):
        stranger = sitter.world.identity(sitter.db, number)
        with pytest.raises(NotFound):
            save(sitter.db, stranger, public_id, 1, 1, {})
        with pytest.raises(NotFound):
            hand_in(sitter.db, stranger, public_id)
        with pytest.raises(NotFound), sitter.db.writing() as session:
            services.open_review(session, stranger, public_id, now=clock.now())
    with pytest.raises(NotFound):
        save(sitter.db, sitter.me, public_id, 21, 1, {})


@pytest.mark.parametrize(("seq", "answer"), [(0, {}), (-1, {}), (2**40, {}), (1, {"choice": "zz"}), (1, {"mark": "1"})])
def test_what_our_page_cannot_send_is_refused(sitter: Sitter, seq: int, answer: dict[str, Any]) -> None:
    public_id = begin(sitter.db, sitter.me)
    with pytest.raises(Invalid, match=r"quizzes\.answer\.shape"):
        save(sitter.db, sitter.me, public_id, 1, seq, answer)


# --- handing in --------------------------------------------------------------------------------------------


def test_all_right_is_a_pass_with_evidence_and_the_course_passed(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id)
    since = trail.seq(sitter.db)
    heard: list[AttemptMarked] = []
    sitter.db.listeners = {**sitter.db.listeners, AttemptMarked: [lambda _session, event: heard.append(event)]}
    attempt = hand_in(sitter.db, sitter.me, public_id)
    assert (attempt.points, attempt.points_possible) == (Decimal(100), Decimal(100))
    assert attempt.is_passed
    assert attempt.is_critical_missed is False
    assert attempt.marked_at == NOW
    _bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    rows = [(item.position, item.item_key, item.seq, item.answer) for item in items]
    assert attempt.answers_digest == answers_digest(rows)
    [marked] = [entry for entry in trail.entries(sitter.db, since) if entry.tag == AuditTag.ATTEMPT_MARKED]
    with sitter.db.reading() as session:
        evidence = list(session.scalars(sa.select(CompetencyEvidence)))
        enrolment = session.scalars(sa.select(Enrolment)).one()
    assert marked.diff["answers_digest"] == ["", attempt.answers_digest]
    assert marked.diff["state"] == ["open", "marked"]
    assert marked.diff["points"] == [None, "100.00"]
    assert {(each.code, each.source_id, each.is_passed) for each in evidence} == {
        ("BND1", public_id, True),
        ("INS2", public_id, True),
    }
    assert sum(each.asked for each in evidence) == 20
    assert (enrolment.state, enrolment.passed_attempt) == (EnrolmentState.PASSED, public_id)
    assert [(event.attempt_public_id, event.is_passed) for event in heard] == [(public_id, True)]


def test_a_critical_miss_fails_with_the_points_of_a_pass(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    _bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    critical = next(item.position for item in items if item.is_critical)
    answer_all(sitter.db, sitter.me, public_id, wrong=[critical])
    attempt = hand_in(sitter.db, sitter.me, public_id)
    assert attempt.points >= Decimal(80)
    assert attempt.is_critical_missed
    assert attempt.is_passed is False
    with sitter.db.reading() as session:
        assert session.scalars(sa.select(Enrolment)).one().state is EnrolmentState.LESSONS_DONE


def test_an_empty_paper_is_marked_as_well(sitter: Sitter) -> None:
    attempt = hand_in(sitter.db, sitter.me, begin(sitter.db, sitter.me))
    assert (attempt.points, attempt.is_passed, attempt.is_critical_missed) == (Decimal(0), False, True)


def test_handing_in_again_changes_nothing(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    first = hand_in(sitter.db, sitter.me, public_id)
    since = trail.seq(sitter.db)
    clock.freeze(NOW + timedelta(hours=1))
    again = hand_in(sitter.db, sitter.me, public_id)
    assert (again.points, again.marked_at) == (first.points, first.marked_at)
    assert trail.entries(sitter.db, since) == []


def test_eight_hand_ins_at_once_mark_once(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id, wrong=[1, 2])
    since = trail.seq(sitter.db)
    marked = all_fine(together(*[lambda: hand_in(sitter.db, sitter.me, public_id)] * 8))
    assert len({(each.points, each.marked_at, each.is_passed, each.answers_digest) for each in marked}) == 1
    tags = [entry.tag for entry in trail.entries(sitter.db, since)]
    assert tags.count(AuditTag.ATTEMPT_MARKED) == 1
    with sitter.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count(CompetencyEvidence.id))) == 2


def test_what_is_acknowledged_while_handing_in_is_marked(sitter: Sitter) -> None:
    """A save beside the hand-in is either refused or part of the mark; never acknowledged and left out."""
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    answers = {item.position: answer_to(bank.items[item.item_key]) for item in items}
    acts = [lambda at=at: save(sitter.db, sitter.me, public_id, at, 1, answers[at]) for at in (1, 2, 3, 4, 5, 6)]
    outcomes = together(*acts, lambda: hand_in(sitter.db, sitter.me, public_id))
    _bank, after = bank_and_items(sitter.db, sitter.me, public_id)
    for position, came in enumerate(outcomes[:6], 1):
        row = after[position - 1]
        if isinstance(came, Exception):
            assert isinstance(came, Conflict), came
            assert row.answer is None
        else:
            assert row.answer == answers[position]
        assert row.correctness == (1 if row.answer else 0)


def test_a_process_killed_while_marking_leaves_nothing_half_marked(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id)
    since = trail.seq(sitter.db)
    if (child := os.fork()) == 0:
        try:
            sitter.db.engine.dispose(close=False)  # the parent's connections stay the parent's
            sitter.db.listeners = {AttemptMarked: [lambda *_: os.kill(os.getpid(), signal.SIGKILL)]}
            hand_in(sitter.db, sitter.me, public_id)  # the event comes last: all is written, nothing committed
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with sitter.db.reading() as session:
        attempt = queries.own_attempt(session, sitter.me, public_id)
        assert (attempt.state, attempt.points, attempt.answers_digest) == (AttemptState.OPEN, None, "")
        assert session.scalar(sa.select(sa.func.count(CompetencyEvidence.id))) == 0
    assert trail.entries(sitter.db, since) == []
    assert hand_in(sitter.db, sitter.me, public_id).is_passed
    assert [each.tag for each in trail.entries(sitter.db, since)].count(AuditTag.ATTEMPT_MARKED) == 1


def test_a_line_crossed_is_a_critical_miss_in_critical_questions_only(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me, seed=LINES_IN_BOTH)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    crossing = {
        row.position: (row.is_critical, option.key)
        for row in items
        if row.kind == "single"
        for option in bank.items[row.item_key].options  # type: ignore[attr-defined]
        if option.breaks
    }
    plain, critical = (next(at for at, (flag, _) in crossing.items() if flag is wanted) for wanted in (False, True))
    answer_all(sitter.db, sitter.me, public_id)
    save(sitter.db, sitter.me, public_id, plain, 2, {"choice": crossing[plain][1]})
    attempt = hand_in(sitter.db, sitter.me, public_id)
    assert item_at(sitter.db, sitter.me, public_id, plain).is_line_crossed
    assert (attempt.is_passed, attempt.is_critical_missed) == (True, False)

    other = sitter.world.identity(sitter.db, "N2")
    learn(sitter.db, other)
    public_id = begin(sitter.db, other, seed=LINES_IN_BOTH)
    answer_all(sitter.db, other, public_id)
    save(sitter.db, other, public_id, critical, 2, {"choice": crossing[critical][1]})
    attempt = hand_in(sitter.db, other, public_id)
    assert attempt.points >= Decimal(80)
    assert (attempt.is_passed, attempt.is_critical_missed) == (False, True)


def test_a_critical_question_left_open_fails_whatever_the_total(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id)
    _bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    critical = next(row.position for row in items if row.is_critical)
    save(sitter.db, sitter.me, public_id, critical, 2, {})
    attempt = hand_in(sitter.db, sitter.me, public_id)
    assert attempt.points >= Decimal(80)
    assert (attempt.is_passed, attempt.is_critical_missed) == (False, True)


def test_the_evidence_says_of_each_question_what_the_attempt_says(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id, wrong=[1, 2, 3, 9, 20])
    hand_in(sitter.db, sitter.me, public_id)
    _bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    with sitter.db.reading() as session:
        evidence = list(session.scalars(sa.select(CompetencyEvidence)))
    told = {
        each["key"]: (row.code, Decimal(each["correctness"]), each["is_critical"], each["is_line_crossed"])
        for row in evidence
        for each in row.details
    }
    assert told == {
        row.item_key: (row.competency, row.correctness, row.is_critical, row.is_line_crossed) for row in items
    }


# --- the deadline ------------------------------------------------------------------------------------------


def test_the_sweep_marks_what_is_overdue_as_of_its_deadline(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id)
    for seconds, expected in ((0, 0), (30, 0), (31, 1)):
        assert services.close_overdue(sitter.db, now=NOW + timedelta(minutes=30, seconds=seconds)) == (expected, 0)
    since = trail.seq(sitter.db)
    assert services.close_overdue(sitter.db, now=NOW + timedelta(days=3)) == (0, 0)
    assert trail.entries(sitter.db, since) == []
    with sitter.db.reading() as session:
        attempt = queries.own_attempt(session, sitter.me, public_id)
    assert attempt.marked_at == NOW + timedelta(minutes=30)
    assert attempt.is_passed
    [entry] = [each for each in trail.entries(sitter.db, 0) if each.tag == AuditTag.ATTEMPT_MARKED]
    assert (entry.actor, entry.role, entry.channel) == ("system", "system", "job")
    assert entry.business_at == NOW + timedelta(minutes=30)


def test_a_broken_attempt_does_not_stop_the_others(sitter: Sitter) -> None:
    other = sitter.world.identity(sitter.db, "N2")
    learn(sitter.db, other)
    broken = begin(sitter.db, sitter.me)
    clock.freeze(NOW + timedelta(minutes=1))
    begin(sitter.db, other)
    with sitter.db.writing() as session:  # a question that is not in the bank, as after a botched restore
        attempt_id = session.scalar(sa.select(QuizAttempt.id).where(QuizAttempt.public_id == broken))
        session.execute(
            sa.update(AttemptItem)
            .where(AttemptItem.attempt_id == attempt_id, AttemptItem.position == 1)
            .values(item_key="x")
        )
    assert services.close_overdue(sitter.db, now=NOW + timedelta(hours=1)) == (1, 1)
    with sitter.db.reading() as session:
        states = {each.person_id: each.state for each in session.scalars(sa.select(QuizAttempt))}
    assert states == {sitter.me.person_id: AttemptState.OPEN, other.person_id: AttemptState.MARKED}


def test_the_person_may_hand_in_an_overdue_attempt_for_what_was_saved_in_time(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id)
    clock.freeze(NOW + timedelta(hours=5))
    attempt = hand_in(sitter.db, sitter.me, public_id)
    assert attempt.marked_at == NOW + timedelta(minutes=30)
    assert attempt.is_passed


def test_sweep_and_hand_in_at_once_mark_once(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    clock.freeze(NOW + timedelta(hours=1))
    all_fine(
        together(
            *[lambda: services.close_overdue(sitter.db, now=clock.now())] * 3,
            *[lambda: hand_in(sitter.db, sitter.me, public_id)] * 3,
        )
    )
    assert [each.tag for each in trail.entries(sitter.db, 0)].count(AuditTag.ATTEMPT_MARKED) == 1


# --- explanations ------------------------------------------------------------------------------------------


def test_opening_the_explanations_is_noted_once(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    with pytest.raises(Conflict, match=r"quizzes\.review\.not_marked"), sitter.db.writing() as session:
        services.open_review(session, sitter.me, public_id, now=clock.now())
    hand_in(sitter.db, sitter.me, public_id)
    for minutes in (1, 2):
        with sitter.db.writing() as session:
            services.open_review(session, sitter.me, public_id, now=NOW + timedelta(minutes=minutes))
    with sitter.db.reading() as session:
        assert queries.own_attempt(session, sitter.me, public_id).review_opened_at == NOW + timedelta(minutes=1)
    tags = [each.tag for each in trail.entries(sitter.db, 0)]
    assert tags.count(AuditTag.ATTEMPT_REVIEW_OPENED) == 1


def test_levels_are_what_a_rebuild_makes_of_the_evidence(sitter: Sitter) -> None:
    assert sitter.me.person_id is not None
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id)
    hand_in(sitter.db, sitter.me, public_id)
    with sitter.db.writing() as session:
        assert competency.differences(session, CONSOLE, sitter.me.person_id, today=clock.today()) == []


# --- everything in any order -------------------------------------------------------------------------------


class AttemptMachine(RuleBasedStateMachine):
    """Saves that arrive late or twice, the clock, the sweep and hand-ins, against a model of what must be stored."""

    sitter: Sitter
    """Set by the test: every example begins a new attempt of a new person in the same database."""

    def __init__(self) -> None:
        super().__init__()
        clock.freeze(NOW)
        with self.sitter.db.writing() as session:
            self.me = _another_newcomer(session, self.sitter)
        learn(self.sitter.db, self.me)
        self.public_id = begin(self.sitter.db, self.me, seed=3)
        self.bank, self.items = bank_and_items(self.sitter.db, self.me, self.public_id)
        self.model: dict[int, tuple[int, Any]] = {item.position: (0, None) for item in self.items}
        self.marked: Any = None

    @rule(position=st.integers(1, 4), seq=st.integers(1, 6), right=st.booleans())
    def save(self, position: int, seq: int, right: bool) -> None:
        answer = answer_to(self.bank.items[self.items[position - 1].item_key], right=right)
        is_over = self.marked is not None or clock.now() > NOW + timedelta(minutes=30) + GRACE
        try:
            saved = save(self.sitter.db, self.me, self.public_id, position, seq, answer)
        except Conflict:
            assert is_over
            return
        assert not is_over
        if seq > self.model[position][0]:
            self.model[position] = (seq, answer)
        assert (saved.seq, saved.answer) == self.model[position]
        assert saved.is_kept == ((seq, answer) == self.model[position])

    @rule(seconds=st.sampled_from([1, 60, 900, 1800, 1830, 1831]))
    def tick(self, seconds: int) -> None:
        clock.freeze(clock.now() + timedelta(seconds=seconds))

    @rule()
    def sweep(self) -> None:
        is_due = self.marked is None and clock.now() > NOW + timedelta(minutes=30) + GRACE
        assert services.close_overdue(self.sitter.db, now=clock.now()) == (int(is_due), 0)
        if is_due:
            self._is_marked(queries_own(self.sitter, self.me, self.public_id))

    @rule(times=st.integers(1, 3))
    def submit(self, times: int) -> None:
        for _ in range(times):
            self._is_marked(hand_in(self.sitter.db, self.me, self.public_id))

    def teardown(self) -> None:
        hand_in(self.sitter.db, self.me, self.public_id)  # the next example's sweep is to find its own alone

    def _is_marked(self, attempt: Any) -> None:
        mark = (attempt.points, attempt.is_passed, attempt.marked_at, attempt.answers_digest)
        if self.marked is None:
            self.marked = mark
            assert attempt.marked_at == min(clock.now(), NOW + timedelta(minutes=30))
        assert mark == self.marked, "marked once, the same for ever"

    @invariant()
    def what_is_stored_is_what_was_acknowledged(self) -> None:
        _bank, items = bank_and_items(self.sitter.db, self.me, self.public_id)
        assert {item.position: (item.seq, item.answer) for item in items} == self.model
        if self.marked is not None:
            expected = sum((points_for(item.points, item.correctness) for item in items), Decimal(0))
            assert self.marked[0] == expected


def queries_own(sitter: Sitter, me: Identity, public_id: str) -> Any:
    with sitter.db.reading() as session:
        return queries.own_attempt(session, me, public_id)


_numbers = count(1)


def _another_newcomer(session: Session, sitter: Sitter) -> Identity:
    unit = sitter.world.unit(session, "east.1.1")
    data = persons.PersonData(staff_number=f"CG9{next(_numbers):05}", name="新人", joined_on=TODAY)
    person = persons.add_person(session, CONSOLE, unit, data, now=NOW)
    return Identity(person_id=person.id, public_id=person.public_id)


def _run(sitter: Sitter, examples: int, steps: int) -> None:
    AttemptMachine.sitter = sitter
    run_state_machine_as_test(
        AttemptMachine,
        settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, database=None),
    )
    assert [each.tag for each in trail.entries(sitter.db, 0)].count(AuditTag.ATTEMPT_MARKED) == _marked(sitter)


def _marked(sitter: Sitter) -> int:
    with sitter.db.reading() as session:
        count_of = sa.select(sa.func.count(QuizAttempt.id)).where(QuizAttempt.state == AttemptState.MARKED)
        return session.scalar(count_of) or 0


def test_an_attempt_keeps_its_promises_in_any_order(sitter: Sitter) -> None:
    _run(sitter, examples=8, steps=12)


@pytest.mark.full
def test_an_attempt_keeps_its_promises_in_any_order_for_long(sitter: Sitter) -> None:
    _run(sitter, examples=150, steps=40)
