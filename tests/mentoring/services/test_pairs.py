"""Pairs: proposing, the two answers, the acts of an official, checkpoints, leaving, and races on both databases."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from lms.competency.events import LevelGiven
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound
from lms.mentoring.models import MentoringCheckpoint, MentoringPair
from lms.mentoring.rules import (
    CHECKPOINT_DAYS,
    LIVE,
    MOST_NEWCOMERS,
    PAIR_TRANSITIONS,
    CheckpointVerdict,
    PairAction,
    PairState,
    SessionAction,
    due_on,
)
from lms.mentoring.services import pairs
from lms.people.rules import PersonAction
from lms.people.services import standing
from tests import trail
from tests.conftest import Site
from tests.mentoring.making import Mentoring, add_mentor, make_eligible, widen_mentor
from tests.racing import together
from tests.world import NOW, TODAY


def at_day(number: int) -> None:
    """Stand on a day of a pair that began today."""
    clock.freeze(NOW + timedelta(days=number - 1))


def leave(acts: Mentoring, number: str) -> None:
    actor = acts.who("O1")
    with acts.db.writing() as session:
        person = acts.world.person(session, number)
        standing.change_state(session, actor, person, PersonAction.END, reason="合同到期", now=clock.now())


# --- proposing --------------------------------------------------------------------------------------------


def test_a_pair_is_active_from_the_day_both_said_yes(acts: Mentoring) -> None:
    before = trail.seq(acts.db)
    pair = acts.propose()
    assert acts.pair(pair).state is PairState.PROPOSED
    assert acts.accept(pair, "N1") is PairState.PROPOSED
    clock.freeze(NOW + timedelta(days=3))
    assert acts.accept(pair, "M1") is PairState.ACTIVE
    found = acts.pair(pair)
    assert (found.starts_on, found.ends_on) == (date(2026, 11, 27), date(2027, 2, 24))
    with acts.db.reading() as session:
        plan = session.scalars(sa.select(MentoringCheckpoint).order_by(MentoringCheckpoint.day)).all()
        assert [(each.day, each.due_on) for each in plan] == [
            (7, date(2026, 12, 3)),
            (30, date(2026, 12, 26)),
            (60, date(2027, 1, 25)),
            (90, date(2027, 2, 24)),
        ]
    assert [entry.tag for entry in trail.entries(acts.db, before)] == [
        "mentoring:pair:proposed",
        "mentoring:pair:accepted",
        "mentoring:pair:accepted",
        *["mentoring:plan:made"] * 4,
    ]


def test_saying_yes_twice_changes_nothing(acts: Mentoring) -> None:
    pair = acts.active()
    before = trail.seq(acts.db)
    assert acts.accept(pair, "N1") is PairState.ACTIVE
    assert acts.accept(pair, "M1") is PairState.ACTIVE
    assert trail.entries(acts.db, before) == []


def test_a_pair_does_not_begin_with_a_mentor_who_was_suspended(acts: Mentoring) -> None:
    pair = acts.propose()
    acts.accept(pair, "M1")
    actor = acts.who("O1")
    with acts.db.writing() as session:
        mentor = acts.world.person(session, "M1")
        standing.change_state(session, actor, mentor, PersonAction.SUSPEND, reason="先补课", now=clock.now())
    with pytest.raises(Conflict, match="somebody_away"):
        acts.accept(pair, "N1")


@pytest.mark.parametrize("by", ["N1", "M1"])
def test_either_may_decline_with_a_reason(acts: Mentoring, by: str) -> None:
    pair = acts.propose()
    with pytest.raises(Invalid, match=r"reason\.missing"):
        acts.decline(pair, by, " ")
    acts.decline(pair, by, "排班不合")
    assert (acts.pair(pair).state, acts.pair(pair).close_reason) == (PairState.DECLINED, "排班不合")
    with pytest.raises(Conflict):
        acts.accept(pair, "N1")
    acts.propose()  # another one may be proposed


def test_a_newcomer_has_one_live_pair(acts: Mentoring, second: str) -> None:
    acts.propose()
    with pytest.raises(Conflict, match="already"):
        acts.propose(mentor=second)


def test_a_second_newcomer_needs_a_reason_and_there_is_never_a_third(acts: Mentoring) -> None:
    acts.active("N1")
    with pytest.raises(Invalid, match="second"):
        acts.propose("N2")
    acts.propose("N2", second_reason="同一网格只有他")
    with pytest.raises(Invalid, match="barred"):
        acts.propose("T1", second_reason="人手不够")


def test_who_is_barred_cannot_be_proposed(site: Site) -> None:
    acts = Mentoring(site.db, site.world)
    with pytest.raises(Invalid, match="barred"):
        acts.propose()
    make_eligible(site.db, site.world, "M1")
    acts.propose()  # his role is held on the newcomer's grid
    with pytest.raises(Invalid, match="barred"):
        acts.propose("N2")  # and does not reach the next one


def test_proposing_is_for_officials_of_the_unit_and_not_for_oneself(acts: Mentoring) -> None:
    with pytest.raises(NotFound):
        acts.propose(by="O9")
    with pytest.raises(Forbidden):
        acts.propose(by="L1")
    make_eligible(acts.db, acts.world, "O1")
    with pytest.raises(Forbidden, match="own"):
        acts.propose(mentor="O1")
    with pytest.raises(NotFound):
        acts.propose("N9")


def test_nobody_else_answers(acts: Mentoring) -> None:
    pair = acts.propose()
    for stranger in ("N2", "L1", "O1"):
        with pytest.raises(NotFound):
            acts.accept(pair, stranger)


# --- the acts of an official ------------------------------------------------------------------------------


def test_an_official_withdraws_a_proposed_pair(acts: Mentoring) -> None:
    pair = acts.propose()
    acts.decide(pair, PairAction.WITHDRAW, reason="写错人")
    assert acts.pair(pair).state is PairState.WITHDRAWN
    with pytest.raises(Conflict):
        acts.decide(pair, PairAction.WITHDRAW)


def test_extending_sets_a_later_last_day(acts: Mentoring) -> None:
    pair = acts.active()
    for wrong, code in (
        (None, "missing"),
        (due_on(TODAY, 90), "not_later"),
        (due_on(TODAY, 366), "too_late"),
    ):
        with pytest.raises(Invalid, match=code):
            acts.decide(pair, PairAction.EXTEND, ends_on=wrong)
    acts.decide(pair, PairAction.EXTEND, ends_on=due_on(TODAY, 120))
    acts.decide(pair, PairAction.EXTEND, ends_on=due_on(TODAY, 365))
    assert (acts.pair(pair).state, acts.pair(pair).ends_on) == (PairState.EXTENDED, due_on(TODAY, 365))


def test_completing_asks_for_all_checkpoints_and_a_confirmed_session(acts: Mentoring) -> None:
    pair = acts.active()
    at_day(2)
    one = acts.log(pair)
    acts.answer(one, SessionAction.CONFIRM)
    for day in CHECKPOINT_DAYS:
        with pytest.raises(Conflict, match=r"complete\.checkpoints"):
            acts.decide(pair, PairAction.COMPLETE)
        at_day(day)
        acts.check(pair, day)
    acts.decide(pair, PairAction.COMPLETE, reason="")
    assert acts.pair(pair).state is PairState.COMPLETED


def test_completing_without_a_confirmed_session_is_refused(acts: Mentoring) -> None:
    pair = acts.active()
    at_day(90)
    acts.log(pair)
    for day in CHECKPOINT_DAYS:
        acts.check(pair, day)
    with pytest.raises(Conflict, match=r"complete\.sessions"):
        acts.decide(pair, PairAction.COMPLETE)


def test_changing_the_mentor_ends_the_old_pair_and_proposes_the_next(acts: Mentoring, second: str) -> None:
    pair = acts.active()
    with pytest.raises(Invalid, match="same"):
        acts.change(pair, "M1")
    with pytest.raises(Invalid, match="barred"):
        acts.change(pair, "L1")
    assert acts.pair(pair).state is PairState.ACTIVE, "a refused change leaves all as it was"
    following = acts.change(pair, second)
    assert acts.pair(pair).state is PairState.CHANGED
    found = acts.pair(following)
    assert (found.state, found.mentor.id, found.previous_id) == (
        PairState.PROPOSED,
        acts.world.person_ids[second],
        acts.pair(pair).id,
    )
    with acts.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count(MentoringPair.id))) == 2, "history is kept"


def test_an_official_does_not_decide_on_a_pair_of_their_own(acts: Mentoring) -> None:
    make_eligible(acts.db, acts.world, "O2")
    widen_mentor(acts.db, acts.world, "O2")
    pair = acts.active("N1", "O2")
    with pytest.raises(Forbidden, match="own"):
        acts.decide(pair, PairAction.END, by="O2")
    acts.decide(pair, PairAction.END, by="O1")


# --- checkpoints ------------------------------------------------------------------------------------------


def test_the_mentor_writes_a_checkpoint_once_and_on_time(acts: Mentoring) -> None:
    pair = acts.active()
    with pytest.raises(Invalid, match="early"):
        acts.check(pair, 7)
    at_day(7)
    with pytest.raises(Invalid, match="line_missing"):
        acts.check(pair, 7, line=" ")
    with pytest.raises(Invalid, match="long"):
        acts.check(pair, 7, line="长" * 201)
    with pytest.raises(NotFound):
        acts.check(pair, 8)
    for other in ("N1", "O1"):
        with pytest.raises(Forbidden):
            acts.check(pair, 7, by=other)
    acts.check(pair, 7, CheckpointVerdict.HELP)
    acts.check(pair, 7, CheckpointVerdict.HELP)  # a second press
    with pytest.raises(Conflict, match="written"):
        acts.check(pair, 7, CheckpointVerdict.WELL)
    assert acts.pair(pair).overdue == 0
    at_day(31)
    assert acts.pair(pair).overdue == 1


def test_a_mentor_of_the_past_is_out_of_reach(acts: Mentoring, second: str) -> None:
    pair = acts.active()
    at_day(7)
    acts.change(pair, second)
    with pytest.raises(NotFound):
        acts.check(pair, 7)


# --- leaving ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leaver", ["N1", "M1"])
def test_a_pair_ends_with_who_leaves(acts: Mentoring, leaver: str) -> None:
    pair = acts.active()
    other = acts.propose("N2", second_reason="人手不够")
    before = trail.seq(acts.db)
    leave(acts, leaver)
    assert acts.pair(pair).state is PairState.ENDED
    assert acts.pair(other).state is (PairState.WITHDRAWN if leaver == "M1" else PairState.PROPOSED)
    ended = [each for each in trail.entries(acts.db, before) if each.object_type == "mentoring_pair"]
    assert {(each.role, each.reason) for each in ended} == {("system", "left")}


def test_other_moves_leave_the_pair_alone(acts: Mentoring) -> None:
    pair = acts.active()
    actor = acts.who("O1")
    with acts.db.writing() as session:
        mentor = acts.world.person(session, "M1")
        standing.change_state(session, actor, mentor, PersonAction.SUSPEND, reason="先补课", now=clock.now())
    assert acts.pair(pair).state is PairState.ACTIVE


# --- races ------------------------------------------------------------------------------------------------


def outcomes_of(*tries: Callable[[], object]) -> Counter[str]:
    return Counter(type(each).__name__ if isinstance(each, Exception) else "done" for each in together(*tries))


def test_two_officials_propose_at_once_and_one_pair_comes_of_it(acts: Mentoring, second: str) -> None:
    found = outcomes_of(lambda: acts.propose(by="O1"), lambda: acts.propose(mentor=second, by="O2"))
    assert found == {"done": 1, "Conflict": 1}


def test_two_newcomers_at_once_do_not_become_three(acts: Mentoring) -> None:
    acts.active("N1")
    found = outcomes_of(
        lambda: acts.propose("N2", second_reason="甲"), lambda: acts.propose("T1", by="O2", second_reason="乙")
    )
    assert found == {"done": 1, "Invalid": 1}


def test_both_say_yes_at_once_and_the_plan_is_made_once(acts: Mentoring) -> None:
    pair = acts.propose()
    together(lambda: acts.accept(pair, "N1"), lambda: acts.accept(pair, "M1"))
    assert acts.pair(pair).state is PairState.ACTIVE
    with acts.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count(MentoringCheckpoint.id))) == len(CHECKPOINT_DAYS)


def test_a_yes_and_a_withdrawal_at_once(acts: Mentoring) -> None:
    pair = acts.propose()
    acts.accept(pair, "M1")
    found = outcomes_of(lambda: acts.accept(pair, "N1"), lambda: acts.decide(pair, PairAction.WITHDRAW))
    assert found == {"done": 1, "Conflict": 1}
    assert acts.pair(pair).state in {PairState.ACTIVE, PairState.WITHDRAWN}


def test_leaving_and_deciding_at_once_do_not_wait_for_each_other(acts: Mentoring) -> None:
    pair = acts.active()
    found = outcomes_of(
        lambda: leave(acts, "M1"),
        lambda: acts.decide(pair, PairAction.EXTEND, by="O2", ends_on=due_on(TODAY, 100)),
    )
    assert found["done"] >= 1
    assert found.keys() <= {"done", "Conflict"}
    assert acts.pair(pair).state is PairState.ENDED


# --- a random walk ----------------------------------------------------------------------------------------


class Walk:
    """Random acts by random people, and what must hold after each."""

    def __init__(self, acts: Mentoring, seed: int) -> None:
        self.acts = acts
        self.chance = random.Random(seed)  # noqa: S311 - a walk to be walked again
        self.pairs: list[str] = []
        self.states: dict[str, PairState] = {}
        self.refused: Counter[str] = Counter()
        self.done = 0

    def some_pair(self) -> str:
        return self.chance.choice(self.pairs[-4:])

    def step(self) -> None:
        """Try one act; a refusal is as good as an act."""
        acts, chance = self.acts, self.chance
        newcomer, mentor = chance.choice(["N1", "N2", "T1"]), chance.choice(["M1", "M2"])
        kinds = ["propose", "propose"] if not self.pairs else ["propose", *["answer"] * 4, *["act"] * 3, "day"]
        try:
            match chance.choice(kinds):
                case "propose":
                    reason = chance.choice(["", "人手不够"])
                    self.pairs.append(acts.propose(newcomer, mentor, second_reason=reason))
                case "answer":
                    pair, by = self.some_pair(), chance.choice([newcomer, mentor])
                    if chance.random() < 0.85:
                        acts.accept(pair, by)
                    else:
                        acts.decline(pair, by)
                case "act":
                    self.act(mentor)
                case "day":
                    clock.freeze(clock.now() + timedelta(days=chance.choice([1, 7, 23, 30])))
        except LMSError as error:
            self.refused[error.code] += 1
            return
        self.done += 1

    def act(self, mentor: str) -> None:
        acts, chance, pair = self.acts, self.chance, self.some_pair()
        match chance.choice(
            ["check", "check", "session", "extend", "complete", "complete", "change", "end", "withdraw"]
        ):
            case "check":
                for day in CHECKPOINT_DAYS:
                    acts.check(pair, day, by=mentor)
            case "session":
                newcomer = next(
                    number
                    for number in ("N1", "N2", "T1")
                    if acts.world.person_ids[number] == acts.pair(pair).newcomer.id
                )
                acts.answer(acts.log(pair, by=mentor, minutes=30), SessionAction.CONFIRM, by=newcomer)
            case "extend":
                acts.decide(
                    pair, PairAction.EXTEND, ends_on=clock.today() + timedelta(days=chance.choice([5, 40, 100]))
                )
            case "complete":
                acts.decide(pair, PairAction.COMPLETE)
            case "change":
                self.pairs.append(acts.change(pair, mentor, second_reason="人手不够"))
            case "end":
                acts.decide(pair, PairAction.END)
            case "withdraw":
                acts.decide(pair, PairAction.WITHDRAW)

    def check(self) -> None:
        """No barred step was taken, and nobody has more live pairs than allowed."""
        with self.acts.db.reading() as session:
            rows = session.scalars(sa.select(MentoringPair)).all()
        for row in rows:
            before = self.states.get(row.public_id, PairState.PROPOSED)
            allowed = {after for (state, _), after in PAIR_TRANSITIONS.items() if state is before}
            assert row.state is before or row.state in allowed, f"{before} → {row.state}"
            assert (row.starts_on is None) == (row.mentor_accepted_at is None or row.newcomer_accepted_at is None)
            self.states[row.public_id] = row.state
        live = [row for row in rows if row.state in LIVE]
        assert max(Counter(row.newcomer_id for row in live).values(), default=0) <= 1
        assert max(Counter(row.mentor_id for row in live).values(), default=0) <= MOST_NEWCOMERS


def walk(acts: Mentoring, seed: int, steps: int) -> Walk:
    found = Walk(acts, seed)
    for _ in range(steps):
        found.step()
        found.check()
    return found


def test_a_walk_of_several_hundred_acts_reaches_no_barred_state(acts: Mentoring) -> None:
    add_mentor(acts.db, acts.world, "M2")
    found = walk(acts, 2026, 400)
    assert found.done > 60
    assert len(set(found.states.values())) >= 5, Counter(found.states.values())


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_long_walks_reach_no_barred_state(acts: Mentoring, seed: int) -> None:
    add_mentor(acts.db, acts.world, "M2")
    walk(acts, seed, 2500)


def test_a_mentor_gives_the_own_newcomer_no_level_by_hand(acts: Mentoring) -> None:
    acts.active()
    ids = acts.world.person_ids
    event = LevelGiven(at=clock.now(), person_id=ids["N1"], actor_id=ids["M1"])
    with acts.db.reading() as session, pytest.raises(Forbidden) as error:
        pairs.on_level_given(session, event)
    assert error.value.code == "mentoring.level.own_newcomer"
    with acts.db.reading() as session:
        pairs.on_level_given(session, replace(event, actor_id=ids["O1"]))
