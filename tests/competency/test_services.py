"""Evidence, kept levels, 认定 and the proof that kept levels are what the rule says, on both databases."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, SYSTEM, Role
from lms.audit.services import verify
from lms.competency import queries, services
from lms.competency.events import LevelsChanged, Move
from lms.competency.models import CompetencyEvidence, CompetencyLevel, LevelChange, Recognition
from lms.competency.rules import EvidenceKind, Lack, RecognitionAction, RecognitionState
from lms.competency.tasks import expire_due
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound, ReauthenticationNeeded
from lms.people.services import roles
from tests import trail
from tests.competency.conftest import Acts
from tests.conftest import Site
from tests.racing import together
from tests.world import NOW, TODAY, World


def changes(db: Database) -> list[tuple[str, int, int, str]]:
    with db.reading() as session:
        rows = session.scalars(sa.select(LevelChange).order_by(LevelChange.id))
        return [(row.code, row.before, row.after, row.cause_type) for row in rows]


# --- evidence ---------------------------------------------------------------------------------------------


def test_an_attempt_gives_a_row_for_each_tag_down_to_its_items(acts: Acts, db: Database, world: World) -> None:
    attempt = acts.attempt(marks="1 0.5 0", critical="right")
    with db.reading() as session:
        [row] = queries.evidence_of(session, world.person_ids["N1"], "ETH1")
    assert (row.kind, row.source_type, row.source_id) == (EvidenceKind.QUIZ, "quiz_attempt", attempt)
    assert (row.asked, row.shown, row.happened_at) == (4, Decimal("2.5"), NOW)
    assert (row.is_passed, row.is_critical_missed, row.is_critical_right) == (True, False, True)
    assert [item["correctness"] for item in row.details] == ["1", "0.5", "0", "1"]
    assert row.details[3] == {"key": "critical", "correctness": "1", "is_critical": True, "is_line_crossed": False}


def test_a_level_rises_with_its_change_its_entry_and_its_event(acts: Acts, db: Database, world: World) -> None:
    told: list[LevelsChanged] = []
    db.listeners = {LevelsChanged: [lambda _session, event: told.append(event)]}
    attempt = acts.attempt()
    view = acts.view()
    assert (view.level, view.verdict.score, view.evidence_count) == (1, Decimal("100.00"), 1)
    assert view.verdict.is_insufficient
    assert [reason.lack for reason in view.verdict.reasons] == [Lack.PRACTICE]
    assert changes(db) == [("ETH1", 0, 1, "quiz_attempt")]
    assert acts.tags().count("competency:level:changed") == 1
    [event] = told
    assert (event.person_id, event.moves) == (world.person_ids["N1"], (Move(code="ETH1", before=0, after=1),))
    assert event.cause == f"quiz_attempt:{attempt}"


def test_a_listener_that_fails_takes_the_whole_act_back(acts: Acts, db: Database) -> None:
    def fail(_session: object, _event: object) -> None:
        raise RuntimeError("no")

    db.listeners = {LevelsChanged: [fail]}
    with pytest.raises(RuntimeError, match="no"):
        acts.attempt()
    with db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(CompetencyEvidence)) == 0
    assert changes(db) == []


def test_a_second_call_for_the_same_attempt_changes_nothing(acts: Acts, db: Database) -> None:
    attempt = acts.attempt(marks="1 1 1 0")
    before = acts.tags()
    acts.attempt(marks="0 0 0 0", attempt=attempt)
    assert acts.tags() == before
    assert acts.view().verdict.score == Decimal("75.00")


def test_an_attempt_that_says_nothing_keeps_no_level(acts: Acts, db: Database) -> None:
    acts.attempt(marks="1 1", is_passed=False)
    with db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(CompetencyLevel)) == 0
    assert acts.differences() == []


def test_the_way_up_and_down(acts: Acts, db: Database) -> None:
    acts.attempt(marks="1 1 1 1 0")
    acts.other(EvidenceKind.OBSERVED)
    assert acts.view().level == 2
    acts.other(EvidenceKind.SCENARIO, shown="10", asked=10)
    assert acts.view().level == 2
    acts.other(EvidenceKind.OBSERVED)
    assert acts.view().level == 3
    clock.freeze(NOW + timedelta(days=1))
    acts.attempt(marks="1 0 0", is_passed=False, critical="crossed")
    assert acts.view().level == 1
    clock.freeze(NOW + timedelta(days=2))
    acts.attempt(marks="1 1 1 1", critical="right")
    assert acts.view().level == 3
    assert [(before, after) for _, before, after, _ in changes(db)] == [(0, 1), (1, 2), (2, 3), (3, 1), (1, 3)]
    assert acts.differences() == []


def test_evidence_rows_refuse_to_change(acts: Acts, db: Database) -> None:
    acts.attempt()
    for statement in ("UPDATE competency_evidence SET asked = 9", "DELETE FROM competency_evidence"):
        with pytest.raises(sa.exc.DBAPIError), db.writing() as session:
            session.execute(sa.text(statement))


def test_two_attempts_at_once_are_both_counted(acts: Acts, db: Database, world: World) -> None:
    later = NOW + timedelta(minutes=1)
    outcomes = together(
        lambda: acts.attempt(marks="1 1 1 0"),
        lambda: acts.attempt(marks="1 1 0 0", at=later),
        lambda: acts.attempt(marks="1 1 1", code="LAW1"),
    )
    assert not [each for each in outcomes if isinstance(each, Exception)]
    assert acts.view().verdict.score == Decimal("50.00")
    assert acts.view(code="LAW1").level == 1
    assert acts.differences() == []


def test_the_same_attempt_at_once_gives_one_row(acts: Acts, db: Database) -> None:
    outcomes = together(*[lambda: acts.attempt(attempt="the-same-attempt")] * 3)
    assert not [each for each in outcomes if isinstance(each, Exception)]
    assert acts.view().evidence_count == 1


# --- recognition ------------------------------------------------------------------------------------------


def test_two_officials_recognise_a_level(acts: Acts, db: Database, world: World) -> None:
    recognition = acts.propose(level=3)
    assert acts.view().level == 0
    acts.decide(recognition)
    view = acts.view()
    assert (view.level, view.verdict.earned, view.verdict.recognised) == (3, 0, 3)
    assert view.verdict.valid_until == date(2027, 11, 24)
    assert acts.tags()[-3:] == [
        "competency:recognition:proposed",
        "competency:recognition:confirmed",
        "competency:level:changed",
    ]
    with db.reading() as session:
        [seen] = queries.recognitions_of(session, world.person_ids["N1"], "ETH1")
    assert (seen.proposed_by, seen.decided_by, seen.state) == ("陈志强", "周雅琴", RecognitionState.IN_FORCE)


def test_the_first_official_cannot_be_the_second(acts: Acts) -> None:
    recognition = acts.propose()
    for action in (RecognitionAction.CONFIRM, RecognitionAction.REFUSE):
        with pytest.raises(Forbidden, match="second_person"):
            acts.decide(recognition, action, by="O1")
    assert acts.view().level == 0


def test_nobody_decides_on_their_own_level(acts: Acts, db: Database, world: World) -> None:
    with pytest.raises(Forbidden, match="own"):
        acts.propose("O1", by="O1")
    recognition = acts.propose("O2", by="O1")
    with pytest.raises(Forbidden, match="own"):
        acts.decide(recognition, by="O2")


def test_confirming_asks_for_the_password(acts: Acts, db: Database, world: World) -> None:
    recognition = acts.propose()
    with pytest.raises(ReauthenticationNeeded), db.writing() as session:
        services.decide_recognition(
            session, world.identity(db, "O2", fresh=False), recognition, RecognitionAction.CONFIRM, now=NOW
        )


@pytest.mark.parametrize("number", ["O9", "T1", "N1", "L1"])
def test_out_of_reach_looks_like_not_there(acts: Acts, number: str) -> None:
    recognition = acts.propose("N2")
    refused = NotFound if number == "O9" else Forbidden
    with pytest.raises(refused):
        acts.propose("N2", by=number, code="LAW1")
    with pytest.raises(refused):
        acts.decide(recognition, by=number)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": "XXX9"}, "competency.code.unknown"),
        ({"level": 0}, "competency.level.unknown"),
        ({"level": 5}, "competency.level.unknown"),
        ({"basis": "  "}, "competency.recognition.basis_missing"),
        ({"basis": "字" * 201}, "competency.recognition.basis_long"),
        ({"basis_on": TODAY + timedelta(days=1)}, "competency.recognition.basis_on_future"),
    ],
)
def test_a_proposal_that_is_refused_says_why(
    change: dict[str, object], code: str, acts: Acts, db: Database, world: World
) -> None:
    values = {"code": "ETH1", "level": 2, "basis": "岗位考核表", "basis_on": TODAY, **change}
    with pytest.raises(Invalid) as refused, db.writing() as session:
        services.propose_recognition(
            session,
            world.identity(db, "O1"),
            world.person_public_ids["N1"],
            values.pop("code"),  # type: ignore[arg-type]
            values.pop("level"),  # type: ignore[arg-type]
            now=NOW,
            **values,  # type: ignore[arg-type]
        )
    assert refused.value.code == code


def test_a_second_click_proposes_nothing_twice_and_all_that_clash_are_named(
    acts: Acts, db: Database, world: World
) -> None:
    def propose(by: str, *codes: str, level: int = 2) -> list[str]:
        with db.writing() as session:
            found = services.propose_recognitions(
                session,
                world.identity(db, by),
                world.person_public_ids["N1"],
                codes,
                level,
                basis="岗位考核表",
                basis_on=TODAY,
                now=NOW,
            )
            return sorted(each.public_id for each in found)

    first = propose("O1", "ETH1", "LAW1")
    assert propose("O1", "ETH1", "LAW1") == first
    assert len(propose("O1", "ETH1", "LAW1", "PUB1")) == 3
    for by, level in (("O2", 2), ("O1", 3)):
        with pytest.raises(Conflict) as refused:
            propose(by, "ETH1", "AST1", "LAW1", level=level)
        assert str(refused.value.params["name"]).count("、") == 1


def test_one_at_a_time(acts: Acts) -> None:
    recognition = acts.propose()
    with pytest.raises(Conflict, match="already"):
        acts.propose(level=4)
    acts.decide(recognition, RecognitionAction.REFUSE)
    acts.recognise()
    with pytest.raises(Conflict, match="already"):
        acts.propose(level=4)


def test_refusing_needs_a_reason_and_changes_no_level(acts: Acts, db: Database, world: World) -> None:
    recognition = acts.propose()
    with pytest.raises(Invalid, match="reason_missing"), db.writing() as session:
        services.decide_recognition(
            session, world.identity(db, "O2"), recognition, RecognitionAction.REFUSE, now=NOW, reason=" "
        )
    acts.decide(recognition, RecognitionAction.REFUSE)
    assert acts.view().level == 0
    with pytest.raises(Conflict, match="moved_on"):
        acts.decide(recognition)


def test_a_proposal_can_be_taken_back_and_a_recognition_ended(acts: Acts, db: Database) -> None:
    taken_back = acts.propose()
    acts.decide(taken_back, RecognitionAction.END, by="O1")
    recognition = acts.recognise(level=2)
    clock.freeze(NOW + timedelta(days=30))
    acts.decide(recognition, RecognitionAction.END, by="O1")
    assert acts.view().level == 0
    assert changes(db) == [("ETH1", 0, 2, "recognition"), ("ETH1", 2, 0, "recognition")]
    with db.reading() as session:
        rows = session.scalars(sa.select(Recognition).order_by(Recognition.id)).all()
        assert [(row.state.value, row.valid_until) for row in rows] == [
            ("ended", TODAY),
            ("ended", TODAY + timedelta(days=30)),
        ]


def test_of_two_officials_who_confirm_at_once_one_wins(acts: Acts, db: Database, world: World) -> None:
    with db.writing() as session:  # a third official, so that two may confirm what the first proposed
        roles.grant_from_console(
            session, CONSOLE, world.person(session, "L1"), Role.OFFICIAL, world.unit(session, "east"), now=NOW
        )
    for turn in range(3):
        recognition = acts.propose(code=("ETH1", "ETH2", "ETH3")[turn])
        outcomes = together(
            lambda which=recognition: acts.decide(which, by="O2"),  # type: ignore[misc]
            lambda which=recognition: acts.decide(which, by="L1"),  # type: ignore[misc]
        )
        assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "NoneType"]
    assert acts.tags().count("competency:recognition:confirmed") == 3
    assert len(changes(db)) == 3
    assert acts.differences() == []


# --- time -------------------------------------------------------------------------------------------------


def test_a_recognition_ends_after_12_months(acts: Acts, db: Database) -> None:
    acts.recognise(level=3)
    clock.freeze(NOW + timedelta(days=365))
    expire_due(db)
    assert acts.view().level == 3
    clock.freeze(NOW + timedelta(days=366))
    assert acts.differences() != []  # due, and not yet done
    expire_due(db)
    assert acts.view().level == 0
    assert acts.differences() == []
    assert acts.tags()[-2:] == ["competency:recognition:ended", "competency:level:changed"]
    before = acts.tags()
    expire_due(db)
    assert acts.tags() == before


def test_a_level_lapses_after_24_months_and_days_missed_are_caught_up(acts: Acts, db: Database) -> None:
    acts.attempt()
    clock.freeze(NOW + timedelta(days=900))
    expire_due(db)
    view = acts.view()
    assert (view.level, view.is_lapsed, view.verdict.valid_until) == (0, True, date(2028, 11, 24))
    assert changes(db)[-1] == ("ETH1", 1, 0, "time")
    assert acts.differences() == []


def dated(db: Database) -> list[tuple[str, int, int, date, str]]:
    """Return how levels fell, each with its date."""
    with db.reading() as session:
        rows = session.scalars(sa.select(LevelChange).order_by(LevelChange.id))
        return [
            (row.code, row.before, row.after, clock.local_date(row.at), f"{row.cause_type}:{row.cause_id}")
            for row in rows
            if row.after < row.before
        ]


@pytest.mark.parametrize("slept", [0, 3, 60, 900])
def test_what_time_changes_is_dated_the_day_it_fell_due(acts: Acts, db: Database, world: World, slept: int) -> None:
    """The day after the last on which the level held, several changes of one person in their order."""
    acts.attempt(marks="1 1 1 0 0")
    acts.other(EvidenceKind.OBSERVED)
    clock.freeze(NOW + timedelta(days=5))
    recognition = acts.recognise(level=4, code="LAW1")
    told: list[LevelsChanged] = []
    db.listeners = {LevelsChanged: [lambda _session, event: told.append(event)]}
    due = date(2028, 11, 25)
    late = NOW + (due - TODAY) + timedelta(days=slept)
    clock.freeze(late)
    with db.writing() as session:
        moved = services.expire(session, SYSTEM, world.person_ids["N1"], now=late)
    assert moved == ["ETH1", "LAW1"]
    observed = TODAY + timedelta(days=181)
    assert dated(db) == [
        ("ETH1", 2, 1, observed, f"time:{observed}"),
        ("LAW1", 4, 0, date(2027, 11, 30), f"recognition:{recognition}"),
        ("ETH1", 1, 0, due, f"time:{due}"),
    ]
    assert [(event.at, event.day) for event in told] == [(late, observed), (late, date(2027, 11, 30)), (late, due)]
    assert acts.differences() == []
    with db.reading() as session:
        assert verify(session)[1] == []
        recorded = session.scalars(sa.select(CompetencyLevel).where(CompetencyLevel.code == "ETH1")).one()
        assert clock.local_date(recorded.changed_at) == due
        assert queries.next_due(session, world.person_ids["N1"]) is None
    assert {entry.business_at for entry in trail.entries(db, 0) if entry.reason.startswith("time:")} == {late}


def lapse_unseen(acts: Acts) -> date:
    """Have a level fall ten days ago, with nobody there to see it; return the day."""
    acts.attempt(marks="1 1 1 0 0")
    acts.other(EvidenceKind.OBSERVED)
    clock.freeze(NOW + timedelta(days=191))
    return TODAY + timedelta(days=181)


def test_an_act_ahead_of_a_late_sweep_is_not_laid_what_time_did(acts: Acts, db: Database) -> None:
    due = lapse_unseen(acts)
    acts.other(EvidenceKind.OBSERVED)
    assert [each[:4] for each in dated(db)] == [("ETH1", 2, 1, due)]
    assert [(before, after, cause) for _, before, after, cause in changes(db)][-2:] == [
        (2, 1, "time"),
        (1, 2, "mentoring_session"),
    ]
    assert acts.differences() == []


def test_a_recognition_ahead_of_a_late_sweep_neither(acts: Acts, db: Database) -> None:
    due = lapse_unseen(acts)
    acts.recognise(level=3)
    assert [each[3:] for each in dated(db)] == [(due, f"time:{due}")]
    assert changes(db)[-1] == ("ETH1", 1, 3, "recognition")
    assert acts.differences() == []


def test_a_rebuild_ahead_of_a_late_sweep_dates_it_as_the_sweep_does(acts: Acts, db: Database, world: World) -> None:
    due = lapse_unseen(acts)
    found = acts.differences()
    assert found
    with db.writing() as session:
        assert services.rebuild(session, CONSOLE, world.person_ids["N1"], now=clock.now()) == found
    assert [each[3:] for each in dated(db)] == [(due, f"time:{due}")]
    assert acts.differences() == []


def test_a_recognition_that_has_run_out_is_not_ended_by_hand(acts: Acts, db: Database) -> None:
    recognition = acts.recognise(level=3)
    clock.freeze(NOW + timedelta(days=400))
    with pytest.raises(Conflict):
        acts.decide(recognition, RecognitionAction.END)
    expire_due(db)
    assert [each[3] for each in dated(db)] == [date(2027, 11, 25)]


def test_a_recognition_that_ran_out_unseen_counts_no_more(acts: Acts, db: Database, world: World) -> None:
    acts.recognise(level=3)
    clock.freeze(NOW + timedelta(days=400))
    with db.writing() as session:
        assert services.expire(session, SYSTEM, world.person_ids["N2"], now=clock.now()) == []
    with db.writing() as session:
        services.expire(session, SYSTEM, world.person_ids["N1"], now=clock.now())
    assert acts.view().level == 0


# --- the proof --------------------------------------------------------------------------------------------


def tamper(db: Database, statement: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_a_changed_digit_is_found_and_mended(acts: Acts, db: Database, world: World) -> None:
    acts.attempt(marks="1 1 1 0")
    tamper(db, "UPDATE competency_level SET score = 7501, level = 2")
    found = acts.differences()
    assert [str(each) for each in found] == [
        "CG00N1 ETH1 score: 75.01 → 75.00",
        "CG00N1 ETH1 level: 2 → 1",
    ]
    with db.writing() as session:
        assert services.rebuild(session, CONSOLE, world.person_ids["N1"], now=NOW) == found
    assert acts.differences() == []
    assert changes(db)[-1] == ("ETH1", 2, 1, "rebuild")


def test_a_lost_and_an_invented_level_are_found(acts: Acts, db: Database) -> None:
    acts.attempt()
    tamper(db, "UPDATE competency_level SET code = 'LAW1'")
    assert {(each.code, each.column) for each in acts.differences()} >= {("ETH1", "level"), ("LAW1", "level")}


def test_only_the_console_rebuilds(acts: Acts, db: Database, world: World) -> None:
    with pytest.raises(Forbidden), db.reading() as session:
        services.differences(session, world.identity(db, "O1"), world.person_ids["N1"], today=TODAY)


def test_without_a_framework_there_is_a_sentence(empty_site: Site) -> None:
    with pytest.raises(NotFound), empty_site.db.reading() as session:
        queries.framework(session)


@pytest.mark.parametrize("number_of_acts", [150, pytest.param(1000, marks=pytest.mark.full)])
def test_after_many_random_acts_a_rebuild_differs_nowhere(acts: Acts, db: Database, number_of_acts: int) -> None:
    """Attempts passed and failed, sessions, scenarios, recognitions, and time moving on, swept as the worker does."""
    chance = random.Random(20261124)  # noqa: S311 - the same acts every time
    codes, persons = ("ETH1", "ETH2", "LAW1"), ("N1", "N2", "M1")
    live: list[str] = []
    day = NOW

    def attempt() -> None:
        marks = " ".join(chance.choice(("1", "1", "0.5", "0.3333", "0")) for _ in range(chance.randint(1, 6)))
        critical = chance.choice(("", "", "right", "crossed"))
        acts.attempt(
            chance.choice(persons), marks, code=chance.choice(codes), is_passed=chance.random() < 0.6, critical=critical
        )

    def other() -> None:
        kind = chance.choice((EvidenceKind.OBSERVED, EvidenceKind.OBSERVED, EvidenceKind.SCENARIO))
        asked = chance.randint(0, 5)
        acts.other(
            kind,
            chance.choice(persons),
            str(chance.randint(0, asked)),
            asked,
            code=chance.choice(codes),
            is_confirmed=chance.random() < 0.7,
        )

    def propose() -> None:
        live.append(acts.propose(chance.choice(persons), chance.randint(1, 4), code=chance.choice(codes)))

    def decide() -> None:
        acts.decide(chance.choice(live), chance.choice(list(RecognitionAction)))

    def move_on() -> None:
        nonlocal day
        day += timedelta(days=chance.choice((1, 3, 40, 120)))
        clock.freeze(day)
        expire_due(db)

    kinds: list[Callable[[], None]] = [attempt, attempt, attempt, other, other, propose, decide, move_on]
    refused = 0
    for number in range(number_of_acts):
        try:
            chance.choice(kinds)()
        except (LMSError, IndexError):
            refused += 1
        if number % 50 == 49:
            expire_due(db)
            assert acts.differences() == []
    assert refused < number_of_acts / 4
    assert {0, 1, 2} <= {after for _, _, after, _ in changes(db)}
    with db.reading() as session:
        assert verify(session)[1] == []


# --- observed ---------------------------------------------------------------------------------------------


def observe(acts: Acts, session_id: str, *, is_confirmed: bool = True, shown: bool = True) -> list[str]:
    """Add what a session of yesterday says about two behaviours of one tag and one of another."""
    seen = [
        services.SeenBehaviour(code=code, key=key, words=words, is_shown=is_shown)
        for code, key, words, is_shown in (
            ("ETH1", "eth1-1a", "上门三句话说得全", True),
            ("ETH1", "eth1-1b", "碰见居民，先打招呼", shown),
            ("ETH2", "eth2-1a", "说得全五样不进群的东西", True),
        )
    ]
    with acts.db.writing() as session:
        return services.add_observed_evidence(
            session,
            SYSTEM,
            acts.world.person_ids["N1"],
            session_public_id=session_id,
            at=NOW - timedelta(days=1),
            is_confirmed=is_confirmed,
            seen=seen,
            now=clock.now(),
        )


def test_a_session_gives_evidence_by_tag_once(acts: Acts, db: Database) -> None:
    assert observe(acts, "s1") == ["ETH1", "ETH2"]
    assert observe(acts, "s1", is_confirmed=False, shown=False) == []
    with db.reading() as session:
        rows = session.scalars(sa.select(CompetencyEvidence).order_by(CompetencyEvidence.code)).all()
        changes = session.scalars(sa.select(LevelChange).order_by(LevelChange.code)).all()
    assert [(row.code, row.kind, row.asked, row.shown, row.is_confirmed) for row in rows] == [
        ("ETH1", EvidenceKind.OBSERVED, 2, Decimal(2), True),
        ("ETH2", EvidenceKind.OBSERVED, 1, Decimal(1), True),
    ]
    assert [(row.source_type, row.source_id, row.happened_at) for row in rows] == [
        ("mentoring_session", "s1", NOW - timedelta(days=1))
    ] * 2
    assert rows[0].details[0] == {"key": "eth1-1a", "words": "上门三句话说得全", "correctness": "1"}
    assert [(each.at, each.cause_type) for each in changes] == [(NOW, "mentoring_session")] * 2
    assert acts.differences() == []


def test_an_unconfirmed_session_counts_half_and_is_no_practice(acts: Acts) -> None:
    acts.attempt(marks="1 1 1 1")
    observe(acts, "s1", is_confirmed=False)
    assert acts.view().level == 1
    observe(acts, "s2", shown=False)
    view = acts.view()
    assert view.level == 2
    assert view.verdict.parts[EvidenceKind.OBSERVED].value == Decimal("66.67")  # (2×½ + 1) ÷ (2×½ + 2)
    assert acts.differences() == []


def test_who_listens_hears_once_of_an_act_and_sees_all_its_levels(acts: Acts, db: Database) -> None:
    heard: list[tuple[tuple[str, ...], int]] = []

    def listen(session: Session, event: LevelsChanged) -> None:
        kept = sa.select(sa.func.count()).where(CompetencyLevel.level == 1)
        heard.append((tuple(each.code for each in event.moves), session.scalar(kept) or 0))

    db.listeners = {LevelsChanged: [listen]}
    observe(acts, "s1")
    assert heard == [(("ETH1", "ETH2"), 2)]
