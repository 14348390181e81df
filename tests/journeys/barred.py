"""What no history may reach, said without asking the rules that forbid it: from rows, and from who did what.

``Watch`` follows a history act by act. What an act changed is looked at right after it, everything every now and then.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, Role
from lms.audit import services as audit
from lms.audit.models import AuditHead
from lms.certification.rules import TRANSITIONS as CERTIFICATE_TRANSITIONS
from lms.certification.rules import CertificateState
from lms.competency import queries as competency_queries
from lms.competency import services as competency
from lms.competency.models import CompetencyEvidence, LevelChange
from lms.competency.rules import RECOGNITION_TRANSITIONS, RecognitionState
from lms.core import clock
from lms.core.db import Base, Database
from lms.duties import queries as duty_queries
from lms.duties import services as duties
from lms.duties.models import DutyAcknowledgement, DutyChange
from lms.duties.rules import CERTIFICATE_NEEDED, GRACE_DAYS, MAY_ACT, Demand, DutyState, verdicts
from lms.mentoring.rules import (
    CHECKPOINT_DAYS,
    COUNTING,
    LIVE,
    LONGEST_DAYS,
    MENTOR_COMPETENCIES,
    MOST_NEWCOMERS,
    PAIR_TRANSITIONS,
    RUNNING,
    SESSION_TRANSITIONS,
    SETTLED,
    PairState,
    SessionState,
)
from lms.people import queries as people
from lms.people.rules import PERSON_TRANSITIONS, StaffState
from lms.selection import queries as selection
from lms.selection.models import SelectionOpinion, SelectionRanking
from lms.selection.rules import (
    CASE_TRANSITIONS,
    FEWEST_DAYS,
    ROUND_TRANSITIONS,
    UNDECIDED,
    Body,
    CaseState,
    NoticeState,
    RoundState,
)
from lms.selection.services import ranking
from tests.journeys.histories import WATCHED, Act, Change, History, Row

_NOTICE_TRANSITIONS = {
    (NoticeState.RUNNING, "replace"): NoticeState.REPLACED,
    (NoticeState.RUNNING, "take_down"): NoticeState.TAKEN_DOWN,
}
STATES: Mapping[str, Mapping[tuple[Any, Any], Any]] = {
    "person": PERSON_TRANSITIONS,
    "mentoring_pair": PAIR_TRANSITIONS,
    "mentoring_session": SESSION_TRANSITIONS,
    "selection_round": ROUND_TRANSITIONS,
    "selection_application": CASE_TRANSITIONS,
    "public_notice": _NOTICE_TRANSITIONS,
    "certificate": CERTIFICATE_TRANSITIONS,
    "recognition": RECOGNITION_TRANSITIONS,
}
"""Table → its table of states."""
BEGINNINGS: Mapping[str, set[Any]] = {
    "person": {StaffState.CANDIDATE},
    "mentoring_pair": {PairState.PROPOSED},
    "mentoring_session": {SessionState.WAITING, SessionState.OVERLAPPING},
    "selection_round": {RoundState.DRAFT},
    "selection_application": {CaseState.SUBMITTED},
    "public_notice": {NoticeState.RUNNING},
    "certificate": {CertificateState.PROPOSED},
    "recognition": {RecognitionState.PROPOSED},
}
"""How something that is new may stand."""
_PAIR, _SESSION, _ROUND, _CASE = "mentoring_pair", "mentoring_session", "selection_round", "selection_application"
_SETTLING = ((_ROUND, "decide"), (_ROUND, "file"), (_CASE, "pass_over"))
MAY_MOVE: Mapping[str, Sequence[tuple[str, str]]] = {
    "accept": ((_PAIR, "accept"),),
    "decline": ((_PAIR, "decline"),),
    "change_mentor": ((_PAIR, "change"),),
    **{f"{each}_pair": ((_PAIR, each),) for each in ("withdraw", "extend", "end", "complete")},
    **{f"{each}_session": ((_SESSION, each),) for each in ("confirm", "correct", "accept", "keep", "withdraw")},
    "sweep_sessions": ((_SESSION, "lapse"),),
    "open_round": ((_ROUND, "open"),),
    "close_round": ((_ROUND, "close"),),
    "cancel_round": ((_ROUND, "cancel"), (_CASE, "cancel"), ("public_notice", "take_down")),
    "make_list": ((_ROUND, "rank"), (_CASE, "rank"), (_CASE, "leave_out")),
    "post_notice": ((_ROUND, "post"), (_CASE, "propose")),
    "edit_notice": (("public_notice", "replace"), (_CASE, "propose")),
    "finish_round": _SETTLING,
    "check_case": ((_CASE, "find_complete"), (_CASE, "find_incomplete"), ("person", "admit")),
    "opine": ((_CASE, "endorse"), (_CASE, "turn_away")),
    "withdraw_case": ((_CASE, "withdraw"), *_SETTLING),
    "approve": ((_CASE, "approve"), *_SETTLING),
    "refuse": ((_CASE, "refuse"), *_SETTLING),
    "file": ((_CASE, "file"), (_ROUND, "file"), ("person", "file")),
    **{f"{each}_person": (("person", each),) for each in ("suspend", "reinstate", "second", "return", "come_back")},
    "end_person": (("person", "end"), (_PAIR, "end"), (_PAIR, "withdraw")),
    **{f"{each}_recognition": (("recognition", each),) for each in ("confirm", "refuse", "end")},
    "sweep_levels": (("recognition", "end"),),
    "sign_certificate": (("certificate", "sign"),),
    "refuse_certificate": (("certificate", "refuse"),),
    "propose_revocation": (("certificate", "propose_revocation"),),
    "withdraw_revocation": (("certificate", "withdraw_revocation"),),
    "revoke": (("certificate", "revoke"),),
    "sweep_certificates": (("certificate", "expire"),),
}
"""Act → what it may do to states; an act that is not named here moves none."""
CHAIN = (
    CaseState.SUBMITTED,
    CaseState.COMPLETE,
    CaseState.EXAMINED,
    CaseState.RANKED,
    CaseState.PROPOSED,
    CaseState.APPROVED,
)
"""The way of the paper to an approval; being incomplete for a while is no step of it."""
GROWING = (CompetencyEvidence, LevelChange, DutyChange, DutyAcknowledgement, SelectionOpinion, SelectionRanking)
"""Histories: rows are added, none is changed or lost. The trail proves itself by its chain."""


def fingerprint(db: Database) -> dict[str, str]:
    """Return table → what tells whether any row of it was added, changed or removed; content aside, which is fixed."""
    found: dict[str, str] = {}
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in {"content_revision", "audit_entry"}:
                continue
            if table.name in {each.__tablename__ for each in GROWING}:
                found[table.name] = str(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
                continue
            key = next(iter(table.primary_key.columns))
            text = repr(connection.execute(sa.text(f"SELECT * FROM {table.name} ORDER BY {key.name}")).all())
            found[table.name] = hashlib.sha256(text.encode()).hexdigest()
    return found


class Watch:
    """Follows a history and asserts that it reaches nothing barred."""

    def __init__(self, history: History) -> None:
        self.at = history
        self.db = history.db
        self.way: dict[int, list[CaseState]] = {}
        """Case → the states it went through."""
        self.parts: defaultdict[int, dict[int, str]] = defaultdict(dict)
        """Case → who took which part in it, as it was done."""
        self.in_round: defaultdict[int, dict[int, str]] = defaultdict(dict)
        """Round → who made its list or put up a notice."""
        self.answered: dict[int, int] = {}
        """Objection → who answered it."""
        self.kin: defaultdict[int, set[str]] = defaultdict(set)
        """Applicant → names of declared relatives."""
        self.lists: dict[int, str] = {}
        """Round → its list as it was made."""
        self.on_duty: set[int] = set()
        """Persons filed, or on duty from the beginning, who have not left since."""
        self.grown: dict[str, list[Any]] = {each.__tablename__: [] for each in GROWING}
        with self.db.reading() as session:
            held = duty_queries.catalogue(session)
            assert held is not None
            self.demands: dict[str, Demand] = {
                key: duty_queries.demand_of(duty) for key, duty in held.thing.items.items()
            }
        off = {StaffState.CANDIDATE, StaffState.TRAINEE, StaffState.ENDED}
        self.on_duty |= {row.id for row in history.all("person", lambda row: row.state not in off)}

    # --- after an act that was done -----------------------------------------------------------------------

    def done(self, act: Act) -> None:
        """Look at what an act has changed."""
        with self.db.reading() as session:
            changes = self.at.look_after(session)
            self._states(act, changes)
            self._remember(session, act, changes)
            looks = {
                "person": self._person,
                "mentoring_pair": self._pair,
                "mentoring_session": self._session,
                "selection_round": self._round,
                "selection_application": self._case,
                "public_notice": self._notice,
                "certificate": self._certificate,
                "recognition": self._recognition,
            }
            for change in changes:
                if change.after is not None and change.table in looks:
                    looks[change.table](session, act, change, changes)
            self._live_pairs()
            for person_id in self._whose_lists(changes):
                self._duty_list(session, person_id)

    def _states(self, act: Act, changes: Iterable[Change]) -> None:
        """Every move stands in its table of states and belongs to the act; what is new begins at the beginning."""
        for change in changes:
            if change.after is None:
                assert change.table == "selection_place", f"{change.before} is gone"
                continue
            if change.table not in STATES:
                continue
            if change.is_new:
                assert change.after.state in BEGINNINGS[change.table], f"{change.table} begins as {change.after.state}"
            elif change.is_move:
                ways = self._ways(change.table, change.before.state, change.after.state)
                assert ways, f"{change.table}: {change.before.state} → {change.after.state}"
                allowed = {action for table, action in MAY_MOVE.get(act.name, ()) if table == change.table}
                if change.table == "recognition" and change.before.valid_until < clock.today():
                    allowed.add("end")  # an act on somebody first does what time has done to their levels
                assert any(set(way) <= allowed for way in ways), (
                    f"{act.name} did {ways} to {change.table}: {change.before.state} → {change.after.state}"
                )

    @staticmethod
    def _ways(table: str, before: Any, after: Any) -> list[tuple[str, ...]]:
        """Return the actions that lead from a state to another: one, for a round also two in one act."""
        steps = STATES[table]
        ways: list[tuple[str, ...]] = [
            (str(action),) for (state, action), found in steps.items() if state is before and found is after
        ]
        if table == _ROUND and (before, after) == (RoundState.POSTED, RoundState.FILED):
            ways.append(("decide", "file"))
        return ways

    def _remember(self, session: Session, act: Act, changes: Iterable[Change]) -> None:
        """Keep who took which part, and the way of every case, apart from what the tables say."""
        actor = act.actor or 0
        for change in changes:
            row = change.after
            match change.table:
                case "selection_application" if change.is_new:
                    self.way[row.id] = [row.state]
                    self.parts[row.id][row.person_id] = "applicant"
                    if act.name == "enter_case":
                        self.parts[row.id][actor] = "enterer"
                    self.kin[row.person_id] |= {each.name for each in selection.relatives_of(session, row.person_id)}
                case "selection_application" if change.is_move:
                    self.way[row.id].append(row.state)
                case "selection_opinion":
                    self.parts[row.application_id].setdefault(actor, "examiner")
                case "selection_ranking":
                    self.in_round[row.round_id].setdefault(actor, "lister")
                case "public_notice" if change.is_new:
                    self.in_round[row.round_id].setdefault(actor, "poster")
                case "objection" if row.answered_at is not None and row.id not in self.answered:
                    self.answered[row.id] = actor
                case "person" if change.is_move and row.state is StaffState.ENDED:
                    self.on_duty.discard(row.id)
                case "person" if change.is_move and row.state is StaffState.ACTIVE:
                    self.on_duty.add(row.id)
            if change.table == _CASE and act.name == "check_case" and not change.is_new:
                self.parts[row.id].setdefault(actor, "checker")

    # --- pairs --------------------------------------------------------------------------------------------

    def _live_pairs(self) -> None:
        live = self.at.live_pairs()
        assert max(Counter(row.newcomer_id for row in live).values(), default=0) <= 1, "two mentors at a time"
        assert max(Counter(row.mentor_id for row in live).values(), default=0) <= MOST_NEWCOMERS, "too many newcomers"

    def _pair(self, _session: Session, act: Act, change: Change, _changes: Iterable[Change]) -> None:
        row = change.after
        assert row.mentor_id != row.newcomer_id
        by_official = act.name in {"propose_pair", "change_mentor", *(f"{a}_pair" for a in ("extend", "complete"))}
        if by_official:
            assert act.actor not in {row.mentor_id, row.newcomer_id}, "decided on a pair of one's own"
        mentor, newcomer = self.at.person(row.mentor_id), self.at.person(row.newcomer_id)
        if change.is_new:
            others = [each for each in self.at.live_pairs() if each.mentor_id == row.mentor_id and each.id != row.id]
            assert not others or row.second_reason, "a second newcomer without a reason"
            assert mentor.state is StaffState.ACTIVE
            assert any(
                held.role is Role.MENTOR and newcomer.path.startswith(held.unit_path)
                for held in self.at.roles.get(row.mentor_id, ())
            )
            assert self.at.good_at(row.mentor_id) >= MENTOR_COMPETENCIES
        began = change.is_move and row.state is PairState.ACTIVE
        points = [each for each in self.at.all("mentoring_checkpoint") if each.pair_id == row.id]
        if began:
            assert row.mentor_accepted_at is not None and row.newcomer_accepted_at is not None  # noqa: PT018
            assert row.starts_on == clock.today()
            assert tuple(each.day for each in points) == CHECKPOINT_DAYS
        if act.name == "extend_pair":
            assert change.before.ends_on < row.ends_on <= row.starts_on + timedelta(days=LONGEST_DAYS - 1)
        if row.state is PairState.COMPLETED:
            assert len(points) == len(CHECKPOINT_DAYS)
            assert all(clock.local_date(each.done_at) >= each.due_on for each in points)
            confirmed = [each for each in self._sessions(row) if each.state is SessionState.CONFIRMED]
            assert confirmed, "出师 without a confirmed session"

    def _sessions(self, pair: Row) -> list[Row]:
        return self.at.all("mentoring_session", lambda row: row.pair_id == pair.id)

    def _taking(self, row: Row) -> list[Row]:
        """Return the other sessions that count and have a moment of this one's mentor or newcomer."""
        return [
            each
            for each in self.at.all("mentoring_session")
            if each.id != row.id
            and each.state in COUNTING
            and (each.mentor_id == row.mentor_id or each.newcomer_id == row.newcomer_id)
            and max(each.starts_at, row.starts_at) < min(each.ends_at, row.ends_at)
        ]

    def _session(self, session: Session, act: Act, change: Change, _changes: Iterable[Change]) -> None:
        row = change.after
        pair = self.at.rows["mentoring_pair"][row.pair_id]
        if change.is_new:
            assert act.actor == row.mentor_id == pair.mentor_id
            assert pair.state in RUNNING
            assert row.ends_at <= clock.now()
            assert clock.local_date(row.starts_at) >= pair.starts_on
            taking = self._taking(row)
            assert bool(taking) == (row.state is SessionState.OVERLAPPING)
            assert row.overlaps_id is None or row.overlaps_id in {each.id for each in taking}
        if row.state in COUNTING:
            assert not self._taking(row), "two sessions at one time"
        if act.name in {"confirm_session", "correct_session"}:
            assert act.actor == row.newcomer_id
        elif act.name in {"accept_session", "keep_session", "withdraw_session"}:
            assert act.actor == row.mentor_id
        elif act.name == "sweep_sessions":
            assert change.before.answer_by < clock.now()
        if change.is_move:
            assert change.before.state not in SETTLED
            said = session.scalars(
                sa.select(CompetencyEvidence.is_confirmed).where(CompetencyEvidence.source_id == row.public_id)
            ).all()
            assert set(said) <= {row.state is SessionState.CONFIRMED}
            assert row.state in SETTLED or not said, "evidence before the session is settled"

    # --- rounds and cases ---------------------------------------------------------------------------------

    def _works(self, day: date, calendar: Mapping[int, Any]) -> bool:
        year = calendar[day.year]
        return day in year.workdays or (day.weekday() < 5 and day not in year.holidays)

    def _notice(self, session: Session, _act: Act, change: Change, _changes: Iterable[Change]) -> None:
        """A notice runs the working days that were promised, and never fewer than before."""
        row = change.after
        found = self.at.rows[_ROUND][row.round_id]
        if change.is_new or row.ends_on != change.before.ends_on:
            calendar = selection.calendar(session)
            days = [row.posted_on + timedelta(days=each) for each in range(1, (row.ends_on - row.posted_on).days + 1)]
            assert sum(self._works(day, calendar) for day in days) == row.working_days
            assert self._works(row.ends_on, calendar)
        assert row.working_days >= max(found.notice_days, FEWEST_DAYS)
        if not change.is_new:
            assert row.working_days >= change.before.working_days
            assert row.ends_on >= change.before.ends_on

    def _round(self, session: Session, _act: Act, change: Change, _changes: Iterable[Change]) -> None:
        row = change.after
        running = [each for each in self.at.all("public_notice") if each.round_id == row.id]
        running = [each for each in running if each.state is NoticeState.RUNNING]
        public = row.state in {RoundState.POSTED, RoundState.DECIDED, RoundState.FILED}
        assert len(running) == int(public), f"{len(running)} notices of a round that is {row.state}"
        listed = [each for each in self.at.all("selection_ranking") if each.round_id == row.id]
        assert len(listed) == int(row.id in self.lists or row.state is RoundState.RANKED)
        states = {each.state for each in self.at.cases_in(row.id)}
        match row.state:
            case RoundState.RANKED if change.is_move:
                self.lists[row.id] = ranking.recompute(session, row.public_id).text
                assert not states & {CaseState.SUBMITTED, CaseState.INCOMPLETE, CaseState.COMPLETE, CaseState.EXAMINED}
            case RoundState.DECIDED:
                assert not states & set(UNDECIDED)
            case RoundState.FILED:
                assert not states & {*UNDECIDED, CaseState.APPROVED}
                assert CaseState.FILED in states
            case RoundState.CANCELLED:
                assert not states & {*UNDECIDED, CaseState.APPROVED, CaseState.FILED}
        if change.is_move and row.state is RoundState.CLOSED:
            assert row.last_day < clock.today()

    def _case(self, session: Session, act: Act, change: Change, changes: Sequence[Change]) -> None:
        row = change.after
        if change.is_new:
            found = self.at.rows[_ROUND][row.round_id]
            assert found.state is RoundState.OPEN
            assert clock.today() <= found.last_day
            assert self.at.rows["selection_place"][row.place_id].round_id == row.round_id
            twins = [each for each in self.at.cases_in(row.round_id) if each.person_id == row.person_id]
            assert sum(each.state is not CaseState.WITHDRAWN for each in twins) == 1
        if not change.is_move:
            return
        if act.name in {"check_case", "opine", "approve", "refuse", "file"} and act.on == row.public_id:
            assert act.actor != row.person_id, f"{act.name}: one's own case"
            assert self._name(act.actor) not in self.kin[row.person_id], f"{act.name}: a relative's case"
        if row.state in {CaseState.EXAMINED, CaseState.RANKED, CaseState.APPROVED}:
            self._two_opinions(row)
        if row.state in {CaseState.APPROVED, CaseState.REFUSED}:
            self._decided(act, row)
        if row.state is CaseState.APPROVED:
            self._approved(row)
        if row.state is CaseState.FILED:
            self._filed(session, row, changes)

    def _name(self, person_id: int | None) -> str:
        return str(self.at.person(person_id).name) if person_id is not None else ""

    def _two_opinions(self, row: Row) -> None:
        given = [each for each in self.at.all("selection_opinion") if each.application_id == row.id]
        assert {each.body for each in given} == set(Body)
        assert len({each.given_by_id for each in given}) == len({each.signer for each in given}) == len(given) == 2
        assert all(each.is_agreed for each in given)

    def _concerning(self, row: Row) -> list[Row]:
        return [
            each
            for each in self.at.all("objection")
            if each.round_id == row.round_id and each.application_id in {None, row.id}
        ]

    def _decided(self, act: Act, row: Row) -> None:
        """Who decides took no other part, and nobody waits for an answer."""
        assert act.actor is not None
        assert act.actor == row.decided_by_id
        concerning = self._concerning(row)
        assert all(each.answered_at is not None for each in concerning), "decided while an objection is open"
        taken = {**self.parts[row.id], **self.in_round[row.round_id]}
        taken |= {self.answered[each.id]: "answerer" for each in concerning}
        pairs = self.at.all("mentoring_pair", lambda each: each.newcomer_id == row.person_id and each.starts_on)
        taken |= {each.mentor_id: "mentor" for each in pairs}
        assert act.actor not in taken, f"{row.state} by the {taken.get(act.actor)}"
        held = self.at.roles.get(act.actor, ())
        path = self.at.path_of_case(row)
        assert any(each.role is Role.OFFICIAL and path.startswith(each.unit_path) for each in held)

    def _approved(self, row: Row) -> None:
        notice = self.at.notice_in(row.round_id)
        assert notice is not None
        assert clock.today() > notice.ends_on, "approved before the notice is over"
        assert any(line["application"] == row.public_id for line in notice.lines), "approved without being on it"
        upheld = [each for each in self._concerning(row) if each.is_upheld and each.notice_id == notice.id]
        assert not upheld, "approved against an objection that was right"
        way = [state for state in self.way[row.id] if state is not CaseState.INCOMPLETE]
        assert tuple(way) == CHAIN, f"a step was skipped: {way}"
        place = self.at.rows["selection_place"][row.place_id]
        chosen = self.at.cases_in(row.round_id, CaseState.APPROVED, CaseState.FILED)
        assert sum(each.place_id == place.id for each in chosen) <= place.number, "more approved than places"

    def _filed(self, session: Session, row: Row, changes: Iterable[Change]) -> None:
        place = self.at.rows["selection_place"][row.place_id]
        assert self.at.person(row.person_id).state is StaffState.ACTIVE
        held = people.posts_of(session, row.person_id, clock.today())
        assert any((each.unit_id, each.post) == (place.unit_id, place.post) for each in held), "filed without a post"
        assert any(each.table == "person" and each.row.id == row.person_id and each.is_move for each in changes)

    # --- persons, levels, certificates --------------------------------------------------------------------

    def _person(self, session: Session, act: Act, change: Change, changes: Iterable[Change]) -> None:
        row = change.after
        if not change.is_move:
            return
        cases = {each.row.state for each in changes if each.table == _CASE and each.row.person_id == row.id}
        if change.before.state is StaffState.TRAINEE and row.state is StaffState.ACTIVE:
            assert CaseState.FILED in cases, "on duty without a filing"
        if change.before.state is StaffState.CANDIDATE and row.state is StaffState.TRAINEE:
            assert CaseState.COMPLETE in cases, "admitted without complete papers"
        if act.name.endswith("_person"):
            assert act.actor != row.id, "moved oneself"
        if row.state is StaffState.ENDED:
            assert not people.posts_of(session, row.id, clock.today() + timedelta(days=1))
            assert not self.at.roles.get(row.id)
            assert not [each for each in self.at.live_pairs() if row.id in {each.mentor_id, each.newcomer_id}]

    def _certificate(self, _session: Session, act: Act, change: Change, _changes: Iterable[Change]) -> None:
        row = change.after
        assert row.proposed_by_id != row.person_id
        assert row.signed_by_id is None or row.signed_by_id not in {row.proposed_by_id, row.person_id}
        if change.is_move and row.state is CertificateState.REVOKED:
            assert act.actor not in {change.before.revocation_proposed_by_id, row.person_id}
        if change.is_move and row.state is CertificateState.EXPIRED:
            assert row.expires_on < clock.today()

    def _recognition(self, _session: Session, act: Act, change: Change, _changes: Iterable[Change]) -> None:
        row = change.after
        assert row.proposed_by_id != row.person_id
        if change.is_move and row.state in {RecognitionState.IN_FORCE, RecognitionState.REFUSED}:
            assert act.actor not in {row.proposed_by_id, row.person_id}

    # --- duty lists ---------------------------------------------------------------------------------------

    @staticmethod
    def _whose_lists(changes: Iterable[Change]) -> list[int]:
        """Return whose duty list an act may have changed, in order."""
        found: set[int] = set()
        for change in changes:
            if change.table == "person":
                found.add(change.row.id)
            elif change.table in {"post_holding", "certificate", "competency_level"}:
                found.add(change.row.person_id)
        return sorted(found)

    def _duty_list(self, session: Session, person_id: int) -> None:
        """A list that time has not overtaken is what the rule says, and nothing is open without its reasons."""
        head, today = duty_queries.list_head(session, person_id), clock.today()
        if head is None:
            assert not duty_queries.has_posts(session, person_id), "a post and no list"
            return
        if head.due_on is not None and head.due_on <= today:
            return
        kept = duty_queries.kept(session, person_id)
        person = people.person_with_id(session, person_id)
        facts = duty_queries.facts_of(session, person)
        assert kept == verdicts(self.demands.values(), facts, today), f"the list of {person.staff_number}"
        if not any(each.state in MAY_ACT for each in kept.values()):
            return
        assert person.state is StaffState.ACTIVE, f"open to somebody {person.state}"
        assert people.posts_of(session, person_id, today), "open without a post"
        for each in kept.values():
            if each.state is DutyState.GRACE:
                assert each.grace_until is not None
                assert today <= each.grace_until <= today + timedelta(days=GRACE_DAYS)
        opened = [key for key, each in kept.items() if each.state is DutyState.OPEN]
        rows = self.at.rows["competency_level"].values()
        levels = {row.code: row.level for row in rows if row.person_id == person_id}
        for key in opened:
            for code, level in self.demands[key].needs.items():
                assert levels.get(code, 0) >= level, f"{key} is open to {person.staff_number} without {code} {level}"
        valid = [
            row
            for row in self.at.all("certificate", lambda row: row.person_id == person_id)
            if row.kind == CERTIFICATE_NEEDED
            and row.state in {CertificateState.ISSUED, CertificateState.REVOCATION_PROPOSED}
            and row.expires_on >= today
        ]
        assert valid or not opened, f"{opened} open to {person.staff_number} without a certificate"

    # --- now and then -------------------------------------------------------------------------------------

    def everything(self) -> None:
        """Look at all there is, after the worker has done its rounds on this day."""
        with self.db.reading() as session:
            assert self.at.look(session, WATCHED) == [], "changed without an entry in the trail"
            today = clock.today()
            for person_id in competency_queries.persons_with_something(session):
                assert competency.differences(session, CONSOLE, person_id, today=today) == []
            for person_id in duty_queries.persons_with_lists(session):
                assert duties.differences(session, CONSOLE, person_id, today=today) == []
                self._duty_list(session, person_id)
            self._all_sessions()
            self._live_pairs()
            for row in self.at.all(_ROUND):
                if row.id in self.lists:
                    again = ranking.recompute(session, row.public_id)
                    assert again.same and again.snapshot_intact, "the list cannot be computed again"  # noqa: PT018
                    assert again.text == self.lists[row.id], "another list than was made"
            self._all_persons()
            self._growth(session)

    def _all_sessions(self) -> None:
        for name in ("mentor_id", "newcomer_id"):
            taken: defaultdict[int, list[Row]] = defaultdict(list)
            for row in self.at.all("mentoring_session", lambda row: row.state in COUNTING):
                taken[getattr(row, name)].append(row)
            for rows in taken.values():
                rows.sort(key=lambda row: row.starts_at)
                for first, then in pairwise(rows):
                    assert first.ends_at <= then.starts_at, "two sessions at one time"

    def _all_persons(self) -> None:
        on_duty = {StaffState.ACTIVE, StaffState.SUSPENDED, StaffState.SECONDED}
        for row in self.at.all("person"):
            assert (row.state in on_duty) == (row.id in self.on_duty), f"{row.staff_number} is {row.state}"
        for pair in self.at.all("mentoring_pair", lambda row: row.state in LIVE):
            for person_id in (pair.mentor_id, pair.newcomer_id):
                assert self.at.person(person_id).state is not StaffState.ENDED, "a live pair of somebody who has left"

    def _growth(self, session: Session, *, whole: bool = False) -> None:
        """Add what is new in the histories; none is shorter. ``whole``: and every row is as it was when it was new."""
        for model in GROWING:
            table: sa.Table = model.__table__  # type: ignore[assignment]
            known = self.grown[table.name]
            last = known[-1].id if known else 0
            if whole:
                assert session.execute(sa.select(table).where(table.c.id <= last).order_by(table.c.id)).all() == known
            count = session.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.id <= last))
            assert count == len(known), f"{table.name} has lost rows"
            known += session.execute(sa.select(table).where(table.c.id > last).order_by(table.c.id)).all()

    def end(self) -> int:
        """Prove the histories and the trail; return how many entries it has."""
        with self.db.reading() as session:
            self._growth(session, whole=True)
            entries, breaks = audit.verify(session)
            assert breaks == []
            for row in session.scalars(sa.select(SelectionRanking)):
                names = {each["application"] for each in json.loads(row.snapshot)["applicants"]}
                ranked = {CaseState.RANKED, CaseState.PROPOSED, CaseState.APPROVED, CaseState.FILED}
                cases = self.at.cases_in(row.round_id)
                assert {each.public_id for each in cases if each.state in ranked} <= names
            return entries

    def refused(self) -> None:
        """Nothing that is recorded came of an act that was refused."""
        with self.db.engine.connect() as connection:
            assert connection.scalar(sa.select(AuditHead.seq)) == self.at.seq, "a refusal left an entry"

    def duty_moves(self) -> Counter[str]:
        """Return how many duty items opened, began their grace, closed and paused, from the history."""
        found: Counter[str] = Counter()
        for row in self.grown["duty_change"]:
            if row.after is DutyState.OPEN and row.before is not DutyState.OPEN:
                found["opened"] += 1
            elif row.before in MAY_ACT and row.after not in MAY_ACT:
                found["paused" if row.after is DutyState.PAUSED else "closed"] += 1
            elif row.before is DutyState.OPEN and row.after is DutyState.GRACE:
                found["grace"] += 1
        return found
