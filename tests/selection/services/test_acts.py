"""What all acts have in common: reach, words for refusals, and a walk at random that never reaches a barred state."""

import json
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.audit.models import AuditEntry
from lms.core import clock
from lms.core.errors import Conflict, Invalid, LMSError, NotFound
from lms.people.rules import StaffState
from lms.selection import queries
from lms.selection.models import PublicNotice, SelectionApplication
from lms.selection.rules import (
    CASE_TRANSITIONS,
    ROUND_TRANSITIONS,
    Body,
    CaseState,
    NoticeState,
    Paper,
    RoundState,
)
from lms.selection.services import acts, applications, deciding, notices, ranking, rounds
from tests.selection import making
from tests.selection.making import Office


@pytest.mark.parametrize(("text", "code"), [(" ", "selection.field.missing"), ("x" * 201, "selection.field.long")])
def test_a_reason_is_a_line(text: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        acts.reason_of(text)
    assert (error.value.code, error.value.field) == (code, "reason")
    assert acts.reason_of("  两个　 空格 ") == "两个 空格"
    assert acts.paragraph("一\n\n二  三", "text", 9) == "一\n\n二 三"


def test_a_case_out_of_reach_is_not_there(at: Office) -> None:
    case = making.apply(at, making.opened(at), "N1")
    for by in ("O9",):
        with pytest.raises(NotFound):
            making.check(at, case, by=by)
    with pytest.raises(NotFound):
        making.check(at, "nothing")


def test_a_step_from_a_wrong_state_is_refused(at: Office) -> None:
    round_id = making.opened(at)
    case = making.apply(at, round_id, "N1")
    for act in (making.approve, making.file):
        with pytest.raises(Conflict):
            act(at, case)
    for step in (making.make_list, making.post):
        with pytest.raises(Conflict):
            step(at, round_id)
    with at.db.reading() as session:
        tags = session.scalars(sa.select(AuditEntry.tag).where(AuditEntry.object_type == "selection_application")).all()
    assert list(tags) == ["selection:application:submitted"]


# --- a walk at random -------------------------------------------------------------------------------------

OFFICIALS = ("O1", "O2", "O3", "O4", "O5")
PERSONS = ("N1", "N2", "X1")


class Walk:
    """One round and three persons; every act is tried at random, most are refused."""

    def __init__(self, at: Office, seed: int) -> None:
        self.at = at
        self.chance = random.Random(seed)  # noqa: S311 - a walk, no secret
        self.round_id = making.opened(at, number=2)
        self.cases: list[str] = []
        self.done = 0

    def step(self) -> None:
        act = self.chance.choice(self.acts())
        try:
            act()
        except LMSError:
            return
        self.done += 1

    def acts(self) -> list[Callable[[], object]]:
        at, chance, round_id = self.at, self.chance, self.round_id
        by = chance.choice(OFFICIALS)
        case = chance.choice(self.cases) if self.cases else "nothing"

        def in_round(function: Callable[..., object], **more: object) -> Callable[[], object]:
            def act() -> None:
                with at.db.writing() as session:
                    function(session, at.who(by), round_id, now=clock.now(), **more)

            return act

        def apply() -> None:
            found = making.apply(at, round_id, chance.choice(PERSONS))
            if found not in self.cases:
                self.cases.append(found)

        def withdraw() -> None:
            if chance.random() < 0.01:
                with at.db.writing() as session:
                    applications.withdraw(session, at.who(by), case, reason="本人说了", now=clock.now())

        def object_() -> None:
            if chance.random() < 0.15:
                with at.db.writing() as session:
                    notice = making.notice_of(at, round_id)
                    public_id = notice.public_id if notice is not None else "nothing"
                    notices.object_to(session, public_id, text=str(chance.random()), contact="", now=clock.now())

        def answer() -> None:
            with at.db.writing() as session:
                for objection in queries.objections_of(session, queries.id_of_round(session, round_id)):
                    if objection.answered_at is None:
                        upheld = chance.random() < 0.05
                        text = "查过了"
                        notices.answer(
                            session, at.who(by), objection.public_id, is_upheld=upheld, text=text, now=clock.now()
                        )

        def later() -> None:
            clock.freeze(clock.now() + timedelta(hours=chance.choice((1, 24, 48))))

        def check() -> None:
            seen = making.SEEN if chance.random() < 0.8 else (Paper.STATEMENT,)
            making.check(at, case, by=by, seen=seen)

        def opine() -> None:
            making.opine(at, case, chance.choice(list(Body)), by=by, agreed=chance.random() < 0.95)

        def rarely(act: Callable[[], object], share: float) -> Callable[[], object]:
            return lambda: act() if chance.random() < share else None

        return [
            apply,
            check,
            opine,
            opine,
            withdraw,
            object_,
            answer,
            later,
            in_round(rounds.open_round),
            rarely(in_round(rounds.close_round), 0.1),
            in_round(ranking.make_list),
            in_round(notices.post),
            rarely(in_round(notices.extend, working_days=chance.randint(4, 8), reason="延长"), 0.2),
            rarely(in_round(notices.edit, channel="电话", reason="更正"), 0.03),
            rarely(in_round(deciding.finish), 0.2),
            rarely(in_round(rounds.cancel_round, reason="停办"), 0.002),
            lambda: making.approve(at, case, by=by),
            rarely(lambda: making.refuse(at, case, by=by), 0.05),
            lambda: making.file(at, case, by=by),
        ]

    def hold(self) -> None:
        """Assert everything that must always hold."""
        with self.at.db.reading() as session:
            found = queries.round_with_id(session, queries.id_of_round(session, self.round_id))
            cases = queries.cases_of(session, found.id)
            running = [each for each in queries.notices_of(session, found.id) if each.state is NoticeState.RUNNING]
            assert len(running) <= 1
            for case in cases:
                file = queries.case_file(session, case)
                if case.state in {CaseState.EXAMINED, CaseState.RANKED, CaseState.PROPOSED}:
                    assert {each.body for each in file.opinions} == set(Body)
                    assert len({each.given_by_id for each in file.opinions}) == 2
                    assert all(each.is_agreed for each in file.opinions)
                    assert case.checked_by_id is not None
                if case.state in {CaseState.APPROVED, CaseState.FILED}:
                    others = file.involved
                    barred = {*others.checked_by, others.entered_by, *others.examined_by, others.applicant}
                    assert case.decided_by_id not in barred
                    assert case.decided_by_id is not None
                if case.state in {CaseState.RANKED, CaseState.PROPOSED, CaseState.APPROVED, CaseState.FILED}:
                    assert file.ranking is not None
                    names = {each["application"] for each in json.loads(file.ranking.snapshot)["applicants"]}
                    assert case.public_id in names
                active = case.person.state is StaffState.ACTIVE
                assert active == any(
                    each.state is CaseState.FILED for each in cases if each.person_id == case.person_id
                )
            self._hold_round(session, found.state, cases)
            self._hold_trail(session)

    def _hold_round(self, session: sa.orm.Session, state: RoundState, cases: list[SelectionApplication]) -> None:
        states = {each.state for each in cases}
        if state is RoundState.FILED:
            assert not states & {CaseState.APPROVED, CaseState.PROPOSED}
        if state in {RoundState.DECIDED, RoundState.FILED}:
            assert not states & {CaseState.PROPOSED, CaseState.RANKED}
        for case in cases:
            if case.decided_at is None or case.state not in {CaseState.APPROVED, CaseState.FILED}:
                continue
            before = session.scalars(
                sa.select(PublicNotice)
                .where(PublicNotice.round_id == case.round_id, PublicNotice.posted_at <= case.decided_at)
                .order_by(PublicNotice.edition.desc())
            ).first()
            assert before is not None
            assert clock.local_date(case.decided_at) > before.ends_on or before.extensions

    def _hold_trail(self, session: sa.orm.Session) -> None:
        """Every move that the trail tells of stands in the tables of states, and each begins where the last ended."""
        legal = {(before.value, after.value) for (before, _), after in CASE_TRANSITIONS.items()}
        legal |= {(before.value, after.value) for (before, _), after in ROUND_TRANSITIONS.items()}
        last: dict[str, str] = {}
        for entry in session.scalars(
            sa.select(AuditEntry)
            .where(AuditEntry.object_type.in_(("selection_application", "selection_round")))
            .order_by(AuditEntry.seq)
        ):
            move = entry.diff.get("state")
            if not move or move[0] is None:
                continue
            before, after = move
            assert (before, after) in legal, entry.diff
            assert last.get(entry.object_id, before) == before
            last[entry.object_id] = after


def walk(at: Office, seed: int, steps: int) -> Walk:
    making.trainees(at.db, at.world, {"X1": "石磊"})
    walking = Walk(at, seed)
    for _ in range(steps):
        walking.step()
        walking.hold()
    return walking


@pytest.mark.parametrize(("seed", "ends"), [(4, RoundState.FILED), (3, RoundState.POSTED)])
def test_a_walk_never_reaches_a_barred_state(ready: Office, seed: int, ends: RoundState) -> None:
    walking = walk(ready, seed, 350)
    assert walking.done > 100
    assert making.state_of(ready, walking.round_id) is ends


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10, 16))
def test_a_long_walk_never_reaches_a_barred_state(ready: Office, seed: int) -> None:
    assert walk(ready, seed, 2500).done > 500
