"""Reading rounds, cases, what a list is made from, notices and the calendar."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from chinese_calendar import constants
from sqlalchemy.orm import Session, aliased, joinedload

from lms.access.filters import visible
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.audit.models import AuditEntry
from lms.audit.rules import AuditTag
from lms.certification import queries as certification
from lms.certification.models import Certificate
from lms.certification.rules import CertificateState, eligibility
from lms.competency.models import CompetencyLevel, Recognition
from lms.competency.rules import RecognitionState
from lms.content import queries as content
from lms.core.errors import NotFound
from lms.courses.content import COURSE
from lms.courses.models import Enrolment
from lms.courses.rules import EnrolmentState
from lms.mentoring.models import MentoringPair
from lms.people import queries as people
from lms.people.models import OrgUnit, Person
from lms.people.rules import StaffState, clean_staff_number, name_key
from lms.quizzes.models import QuizAttempt
from lms.selection.models import (
    DeclaredRelative,
    HolidayYear,
    Objection,
    PublicNotice,
    SelectionApplication,
    SelectionOpinion,
    SelectionPlace,
    SelectionRanking,
    SelectionRound,
    SelectionRule,
)
from lms.selection.rules import (
    PUBLIC_FIELDS,
    UNDECIDED,
    CaseState,
    Involved,
    Lock,
    NoticeState,
    Part,
    Relative,
    RoundState,
    Waits,
    Year,
    decision_lock,
    is_over,
    share_of,
)

ONBOARDING = "onboarding_part1"
"""The certificate that says that onboarding is finished; the 合格证书 takes its place with the final exam."""
IN_SERVICE = "in_service"
"""The programme that a person is enrolled in when filed."""

# --- the calendar -----------------------------------------------------------------------------------------


@cache
def printed_years() -> dict[int, Year]:
    """Return the years whose holidays come with the library chinesecalendar, by year."""
    years: dict[int, tuple[dict[date, str], dict[date, str]]] = {}
    for at, table in enumerate((constants.holidays, constants.workdays)):
        for day, name in table.items():
            years.setdefault(day.year, ({}, {}))[at][day] = str(name)
    return {year: Year(*tables) for year, tables in sorted(years.items())}


def entered_years(session: Session) -> list[HolidayYear]:
    """Return the years that the office entered, latest first."""
    return list(session.scalars(sa.select(HolidayYear).order_by(HolidayYear.year.desc())))


def calendar(session: Session) -> dict[int, Year]:
    """Return every year that can be counted in. What the office entered wins over the library."""
    own = {
        each.year: Year(
            {date.fromisoformat(day): name for day, name in each.holidays.items()},
            {date.fromisoformat(day): name for day, name in each.workdays.items()},
        )
        for each in entered_years(session)
    }
    return {**printed_years(), **own}


# --- rounds -----------------------------------------------------------------------------------------------


def _with_unit() -> sa.Select[SelectionRound]:
    return (
        sa.select(SelectionRound)
        .join(OrgUnit, OrgUnit.id == SelectionRound.unit_id)
        .options(joinedload(SelectionRound.unit))
    )


def rounds(identity: Identity) -> sa.Select[SelectionRound]:
    """Return the select of the rounds within reach, latest first."""
    return (
        _with_unit()
        .where(visible(identity, Permission.ROUND_SEE, unit_path=OrgUnit.path))
        .order_by(SelectionRound.id.desc())
    )


@dataclass(frozen=True)
class RunningRound:
    """A round that is neither filed nor cancelled; ``notice_ends_on``: of its running notice, None without one."""

    public_id: str
    title: str
    state: RoundState
    created_at: datetime
    last_day: date
    closed_at: datetime | None
    notice_ends_on: date | None


def running_rounds(session: Session, identity: Identity, limit: int) -> list[RunningRound]:
    """Return the running rounds within reach, latest first, at most ``limit`` (one query)."""
    ends_on = (
        sa.select(PublicNotice.ends_on)
        .where(PublicNotice.round_id == SelectionRound.id, PublicNotice.state == NoticeState.RUNNING)
        .scalar_subquery()
    )
    statement = (
        sa.select(
            SelectionRound.public_id,
            SelectionRound.title,
            SelectionRound.state,
            SelectionRound.created_at,
            SelectionRound.last_day,
            SelectionRound.closed_at,
            ends_on.label("notice_ends_on"),
        )
        .join(OrgUnit, OrgUnit.id == SelectionRound.unit_id)
        .where(
            visible(identity, Permission.ROUND_SEE, unit_path=OrgUnit.path),
            SelectionRound.state.not_in((RoundState.FILED, RoundState.CANCELLED)),
        )
        .order_by(SelectionRound.id.desc())
        .limit(limit)
    )
    return [RunningRound(*row) for row in session.execute(statement)]


def _none_left(*states: CaseState) -> sa.ColumnElement[bool]:
    """Return the condition that a round has no case in these states."""
    return ~(
        sa.select(SelectionApplication.id)
        .where(SelectionApplication.round_id == SelectionRound.id, SelectionApplication.state.in_(states))
        .exists()
    )


_GAVE_A_LEVEL = Recognition.state.in_((RecognitionState.IN_FORCE, RecognitionState.ENDED))
"""A recognition that nobody confirmed gave no level."""


def _took_part(person_id: int | None) -> sa.ColumnElement[bool]:
    """Return the condition that a person took a part in a case that bars from deciding on it (``BARRED``).

    Kinship by name only, and checks of the papers before the last one, are left to the page of the case, which asks
    the rule itself.
    """
    case, opened = SelectionApplication, aliased(SelectionRound)

    def is_there(table: Any, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        return sa.select(table.id).where(*conditions).exists()

    return sa.or_(
        case.person_id == person_id,
        sa.func.coalesce(case.entered_by_id == person_id, sa.false()),
        sa.func.coalesce(case.checked_by_id == person_id, sa.false()),
        is_there(
            SelectionOpinion, SelectionOpinion.application_id == case.id, SelectionOpinion.given_by_id == person_id
        ),
        is_there(
            DeclaredRelative, DeclaredRelative.person_id == case.person_id, DeclaredRelative.relative_id == person_id
        ),
        is_there(MentoringPair, MentoringPair.newcomer_id == case.person_id, MentoringPair.mentor_id == person_id),
        is_there(
            Recognition,
            Recognition.person_id == case.person_id,
            _GAVE_A_LEVEL,
            sa.or_(Recognition.proposed_by_id == person_id, Recognition.decided_by_id == person_id),
        ),
        is_there(
            SelectionRanking, SelectionRanking.round_id == case.round_id, SelectionRanking.made_by_id == person_id
        ),
        is_there(PublicNotice, PublicNotice.round_id == case.round_id, PublicNotice.posted_by_id == person_id),
        is_there(
            Objection,
            Objection.round_id == case.round_id,
            sa.or_(Objection.application_id.is_(None), Objection.application_id == case.id),
            sa.or_(Objection.answered_by_id == person_id, Objection.entered_by_id == person_id),
        ),
        is_there(opened, opened.id == case.round_id, opened.created_by_id == person_id),
    )


def waiting(identity: Identity, today: date) -> sa.CompoundSelect[Any]:
    """Return the select of what waits for an official: (waits, public_id, name, title), within reach.

    ``waits``: a value of ``Waits``; ``public_id``: of the case, the round or the objection; ``name``: the applicant's,
    empty for a round and for an objection to a whole notice; ``title``: the round's. What the reader may not do (an
    own case, a second opinion, a decision after having taken part) is not there.
    """
    me = identity.person_id
    here = visible(identity, Permission.ROUND_SEE, unit_path=OrgUnit.path)
    case, round_ = SelectionApplication, SelectionRound

    def cases(waits: Waits, state: CaseState, *conditions: sa.ColumnElement[bool]) -> sa.Select[str, str, str, str]:
        return (
            sa.select(sa.literal(waits.value).label("waits"), case.public_id, Person.name, round_.title)
            .select_from(case)
            .join(round_, round_.id == case.round_id)
            .join(OrgUnit, OrgUnit.id == round_.unit_id)
            .join(Person, Person.id == case.person_id)
            .where(case.state == state, case.person_id != me, here, *conditions)
        )

    def rounds_(waits: Waits, state: RoundState, *conditions: sa.ColumnElement[bool]) -> sa.Select[str, str, str, str]:
        return (
            sa.select(sa.literal(waits.value), round_.public_id, sa.literal(""), round_.title)
            .join(OrgUnit, OrgUnit.id == round_.unit_id)
            .where(round_.state == state, here, *conditions)
        )

    is_mine = sa.select(SelectionOpinion.id).where(
        SelectionOpinion.application_id == case.id, SelectionOpinion.given_by_id == me
    )
    open_objection = sa.select(Objection.id).where(
        Objection.round_id == case.round_id,
        sa.or_(Objection.application_id.is_(None), Objection.application_id == case.id),
        Objection.answered_at.is_(None),
    )
    notice_over = sa.select(PublicNotice.id).where(
        PublicNotice.round_id == case.round_id,
        PublicNotice.state == NoticeState.RUNNING,
        PublicNotice.ends_on < today,
    )
    objections = (
        sa.select(sa.literal(Waits.ANSWER.value), Objection.public_id, sa.func.coalesce(Person.name, ""), round_.title)
        .select_from(Objection)
        .join(round_, round_.id == Objection.round_id)
        .join(OrgUnit, OrgUnit.id == round_.unit_id)
        .outerjoin(case, case.id == Objection.application_id)
        .outerjoin(Person, Person.id == case.person_id)
        .where(
            Objection.answered_at.is_(None),
            sa.or_(case.id.is_(None), case.person_id != me),
            round_.state == RoundState.POSTED,
            here,
        )
    )
    return sa.union_all(
        cases(Waits.CHECK, CaseState.SUBMITTED),
        cases(Waits.EXAMINE, CaseState.COMPLETE, ~is_mine.exists()),
        rounds_(
            Waits.CLOSE,
            RoundState.OPEN,
            round_.last_day < today,
            _none_left(CaseState.SUBMITTED, CaseState.COMPLETE),
        ),
        rounds_(Waits.RANK, RoundState.CLOSED, _none_left(CaseState.SUBMITTED, CaseState.COMPLETE)),
        rounds_(Waits.POST, RoundState.RANKED),
        objections,
        cases(Waits.DECIDE, CaseState.PROPOSED, notice_over.exists(), ~open_objection.exists(), ~_took_part(me)),
        cases(Waits.FILE, CaseState.APPROVED),
    )


@dataclass(frozen=True)
class Waiting:
    """One thing that waits for an official; see ``waiting``."""

    waits: Waits
    public_id: str
    name: str
    title: str


def waiting_for(session: Session, identity: Identity, today: date) -> list[Waiting]:
    """Return what waits for an official, in the order of a round, then by round (one query)."""
    order = list(Waits)
    found = [Waiting(Waits(row[0]), *row[1:]) for row in session.execute(waiting(identity, today))]
    return sorted(found, key=lambda each: (order.index(each.waits), each.title, each.name))


def counts_of(session: Session, round_ids: Collection[int]) -> dict[int, dict[CaseState, int]]:
    """Return how many cases of each state the rounds have."""
    rows = session.execute(
        sa.select(SelectionApplication.round_id, SelectionApplication.state, sa.func.count())
        .where(SelectionApplication.round_id.in_(round_ids))
        .group_by(SelectionApplication.round_id, SelectionApplication.state)
    )
    found: dict[int, dict[CaseState, int]] = {each: {} for each in round_ids}
    for round_id, state, count in rows:
        found[round_id][state] = count
    return found


def find_round(session: Session, identity: Identity, permission: Permission, public_id: str) -> SelectionRound:
    """Return a round within reach with its unit, as it stands now. Raises NotFound."""
    found = session.scalar(
        _with_unit()
        .where(SelectionRound.public_id == public_id, visible(identity, permission, unit_path=OrgUnit.path))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("selection.round.not_found")
    return found


def hold_round(session: Session, round_id: int) -> None:
    """Keep everybody else from acting in a round until the transaction ends."""
    session.execute(sa.select(SelectionRound.id).where(SelectionRound.id == round_id).with_for_update())


def id_of_round(session: Session, public_id: str) -> int:
    """Return the internal id of a round. Raises NotFound."""
    found = session.scalar(sa.select(SelectionRound.id).where(SelectionRound.public_id == public_id))
    if found is None:
        raise NotFound("selection.round.not_found")
    return found


def round_with_id(session: Session, round_id: int) -> SelectionRound:
    """Return a round by internal id with its unit, as it stands now."""
    return session.scalars(
        _with_unit().where(SelectionRound.id == round_id).execution_options(populate_existing=True)
    ).one()


def places_of(session: Session, round_id: int) -> list[SelectionPlace]:
    """Return the places of a round with their grids, in the order they were entered."""
    return list(
        session.scalars(
            sa.select(SelectionPlace)
            .where(SelectionPlace.round_id == round_id)
            .options(joinedload(SelectionPlace.unit))
            .order_by(SelectionPlace.id)
        )
    )


def rule_of(session: Session, round_id: int) -> SelectionRule:
    """Return the version of the rule that counts: the latest."""
    return session.scalars(
        sa.select(SelectionRule)
        .where(SelectionRule.round_id == round_id)
        .order_by(SelectionRule.version.desc())
        .limit(1)
    ).one()


def rule_material(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (competencies, courses) that a list is made from: of the courses that the certificate asks for.

    Everybody on a list holds it and has passed them; a course beyond it would count 0 for who need not take it.
    """
    _, text = certification.current_text(session, ONBOARDING)
    held = content.all_held(session, COURSE)
    codes: dict[str, None] = {}
    for key in text.courses:
        if key in held:
            codes.update(dict.fromkeys(held[key].thing.file.competencies))
    return tuple(codes), tuple(text.courses)


def open_rounds(session: Session, person: Person, today: date) -> list[SelectionRound]:
    """Return the rounds of a person's sub-district in which one can apply today, the earliest last day first."""
    office = people.office_of(session, person.unit.path)
    if office is None:
        return []
    return list(
        session.scalars(
            _with_unit()
            .where(
                SelectionRound.state == RoundState.OPEN,
                SelectionRound.last_day >= today,
                OrgUnit.path.startswith(office.path, autoescape=True),
            )
            .order_by(SelectionRound.last_day, SelectionRound.id)
        )
    )


def published_round(session: Session, person: Person, public_id: str) -> SelectionRound:
    """Return a round of a person's sub-district that was opened once, whatever became of it. Raises NotFound."""
    office = people.office_of(session, person.unit.path)
    found = session.scalar(_with_unit().where(SelectionRound.public_id == public_id))
    if (
        office is None
        or found is None
        or found.state is RoundState.DRAFT
        or not found.unit.path.startswith(office.path)
    ):
        raise NotFound("selection.round.not_found")
    return found


# --- cases ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ids:
    """What must be held before an act on a case: the person, then the round."""

    application_id: int
    round_id: int
    person_id: int
    unit_path: str


def ids_of_case(session: Session, public_id: str) -> Ids:
    """Return the ids of a case, before anything is held. Raises NotFound; reach is asked afterwards."""
    row = session.execute(
        sa.select(SelectionApplication.id, SelectionApplication.round_id, SelectionApplication.person_id, OrgUnit.path)
        .join(SelectionRound, SelectionRound.id == SelectionApplication.round_id)
        .join(OrgUnit, OrgUnit.id == SelectionRound.unit_id)
        .where(SelectionApplication.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise NotFound("selection.case.not_found")
    return Ids(*row)


def _whole_cases() -> sa.Select[SelectionApplication]:
    return (
        sa.select(SelectionApplication)
        .join(SelectionRound, SelectionRound.id == SelectionApplication.round_id)
        .join(OrgUnit, OrgUnit.id == SelectionRound.unit_id)
        .options(
            joinedload(SelectionApplication.round).joinedload(SelectionRound.unit),
            joinedload(SelectionApplication.place).joinedload(SelectionPlace.unit),
            joinedload(SelectionApplication.person).joinedload(Person.unit),
        )
    )


def case_with_id(session: Session, application_id: int) -> SelectionApplication:
    """Return a case by internal id with round, place and person, as it stands now."""
    return session.scalars(
        _whole_cases().where(SelectionApplication.id == application_id).execution_options(populate_existing=True)
    ).one()


def find_case(session: Session, identity: Identity, permission: Permission, public_id: str) -> SelectionApplication:
    """Return a case within reach with round, place and person. Raises NotFound."""
    found = session.scalar(
        _whole_cases().where(
            SelectionApplication.public_id == public_id,
            visible(identity, permission, owner=SelectionApplication.person_id, unit_path=OrgUnit.path),
        )
    )
    if found is None:
        raise NotFound("selection.case.not_found")
    return found


def cases_of(session: Session, round_id: int) -> list[SelectionApplication]:
    """Return the cases of a round with place and person, in the order they came in."""
    return list(
        session.scalars(
            _whole_cases()
            .where(SelectionApplication.round_id == round_id)
            .order_by(SelectionApplication.id)
            .execution_options(populate_existing=True)
        )
    )


def own_applications(session: Session, person_id: int | None) -> list[SelectionApplication]:
    """Return a person's own applications, latest first."""
    return list(
        session.scalars(
            _whole_cases().where(SelectionApplication.person_id == person_id).order_by(SelectionApplication.id.desc())
        )
    )


def live_application(session: Session, round_id: int, person_id: int) -> SelectionApplication | None:
    """Return a person's application in a round that is not withdrawn, None when there is none."""
    return session.scalar(
        sa.select(SelectionApplication).where(
            SelectionApplication.round_id == round_id,
            SelectionApplication.person_id == person_id,
            SelectionApplication.state != CaseState.WITHDRAWN,
        )
    )


def has_applications(session: Session, round_id: int) -> bool:
    """Whether anybody has applied in a round."""
    return (
        session.scalar(sa.select(SelectionApplication.id).where(SelectionApplication.round_id == round_id).limit(1))
        is not None
    )


def opinions_of(session: Session, application_ids: Collection[int]) -> dict[int, list[SelectionOpinion]]:
    """Return the opinions on cases, the party organisation's first."""
    found: dict[int, list[SelectionOpinion]] = {each: [] for each in application_ids}
    for opinion in session.scalars(
        sa.select(SelectionOpinion)
        .where(SelectionOpinion.application_id.in_(application_ids))
        .order_by(SelectionOpinion.body)
    ):
        found[opinion.application_id].append(opinion)
    return found


def relatives_of(session: Session, person_id: int) -> list[DeclaredRelative]:
    """Return the relatives a person declared. For officials only, and for recusal."""
    return list(
        session.scalars(
            sa.select(DeclaredRelative).where(DeclaredRelative.person_id == person_id).order_by(DeclaredRelative.id)
        )
    )


def only_person_named(session: Session, name: str) -> int | None:
    """Return the id of the person of this name when there is just one, else None."""
    found = session.scalars(sa.select(Person.id).where(Person.name_key == name_key(name)).limit(2)).all()
    return found[0] if len(found) == 1 else None


def taught_and_checked(session: Session, case: SelectionApplication) -> dict[Part, frozenset[int]]:
    """Return who mentors or mentored the applicant, marked them by hand, and checked the papers (one query).

    A pair that never began bars nobody. Both officials of a recognition (认定) marked. The case names only who checked
    last; the trail names all.
    """
    mentors = sa.select(sa.literal(Part.MENTOR.value), MentoringPair.mentor_id).where(
        MentoringPair.newcomer_id == case.person_id, MentoringPair.starts_on.is_not(None)
    )
    markers = (
        sa.select(sa.literal(Part.MARKER.value), official).where(
            Recognition.person_id == case.person_id, _GAVE_A_LEVEL, official.is_not(None)
        )
        for official in (Recognition.proposed_by_id, Recognition.decided_by_id)
    )
    checkers = (
        sa.select(sa.literal(Part.CHECKED.value), Person.id)
        .join(AuditEntry, AuditEntry.actor == Person.public_id)
        .where(
            AuditEntry.object_type == "selection_application",
            AuditEntry.object_id == case.public_id,
            AuditEntry.tag == AuditTag.APPLICATION_CHECKED,
        )
    )
    found: dict[Part, set[int]] = {Part.MENTOR: set(), Part.MARKER: set(), Part.CHECKED: set()}
    part: str
    person_id: int
    for part, person_id in session.execute(sa.union_all(mentors, *markers, checkers)):
        found[Part(part)].add(person_id)
    if case.checked_by_id is not None:
        found[Part.CHECKED].add(case.checked_by_id)
    return {part: frozenset(ids) for part, ids in found.items()}


def has_examined(session: Session, person_id: int, applicant_id: int) -> bool:
    """Whether a person gave an opinion on a case of an applicant that is not decided yet (one query)."""
    found = sa.select(SelectionOpinion.id).join(
        SelectionApplication, SelectionApplication.id == SelectionOpinion.application_id
    )
    return (
        session.scalar(
            found.where(
                SelectionOpinion.given_by_id == person_id,
                SelectionApplication.person_id == applicant_id,
                SelectionApplication.state.in_(UNDECIDED),
            ).limit(1)
        )
        is not None
    )


def kin_on_notice(session: Session, person_id: int, name: str, cases: Iterable[SelectionApplication]) -> set[int]:
    """Return the ids of the cases that are a person's own or of somebody who declared them a relative (one query)."""
    by_applicant = {each.person_id: each.id for each in cases}
    rows = session.execute(
        sa.select(DeclaredRelative.person_id, DeclaredRelative.relative_id, DeclaredRelative.name).where(
            DeclaredRelative.person_id.in_(by_applicant)
        )
    )
    kin = {
        row.person_id
        for row in rows
        if (row.relative_id == person_id if row.relative_id is not None else name_key(row.name) == name_key(name))
    }
    return {by_applicant[each] for each in {*kin, person_id} & by_applicant.keys()}


@dataclass(frozen=True)
class CaseFile:
    """Everything on record that belongs to a case: what recusal and the lock of a decision are read from."""

    case: SelectionApplication
    notices: list[PublicNotice]
    ranking: SelectionRanking | None
    objections: list[Objection]
    opinions: list[SelectionOpinion]
    relatives: list[DeclaredRelative]
    mentors: frozenset[int]
    markers: frozenset[int]
    checkers: frozenset[int]

    @property
    def running(self) -> PublicNotice | None:
        """The notice that counts."""
        return next((each for each in self.notices if each.state is NoticeState.RUNNING), None)

    @property
    def concerning(self) -> list[Objection]:
        """The objections to this case and to the notice as a whole."""
        return [each for each in self.objections if each.application_id in {None, self.case.id}]

    @property
    def involved(self) -> Involved:
        """Who took part in the case."""
        proposers = [each.posted_by_id for each in self.notices]
        if self.ranking is not None:
            proposers.append(self.ranking.made_by_id)
        return Involved(
            applicant=self.case.person_id,
            relatives=tuple(Relative(each.name, each.relative_id) for each in self.relatives),
            mentors=self.mentors,
            markers=self.markers,
            entered_by=self.case.entered_by_id,
            checked_by=self.checkers,
            examined_by=frozenset(each.given_by_id for each in self.opinions),
            proposed_by=frozenset(proposers),
            answered_by=frozenset(
                part
                for each in self.concerning
                for part in (each.answered_by_id, each.entered_by_id)
                if part is not None
            ),
            managed_by=frozenset({self.case.round.created_by_id}),
        )

    def lock(self, today: date, *, refusing: bool = False) -> Lock | None:
        """Return what keeps the case from being decided today, or None."""
        running = self.running
        return decision_lock(
            self.case.state,
            person=self.case.person.state,
            ends_on=running.ends_on if running is not None else None,
            today=today,
            open_objections=sum(each.answered_at is None for each in self.concerning),
            upheld=sum(
                bool(each.is_upheld) and running is not None and each.notice_id == running.id
                for each in self.concerning
            ),
            refusing=refusing,
        )


def case_file(session: Session, case: SelectionApplication) -> CaseFile:
    """Return everything on record that belongs to a case (six queries)."""
    parts = taught_and_checked(session, case)
    return CaseFile(
        case=case,
        notices=notices_of(session, case.round_id),
        ranking=ranking_of(session, case.round_id),
        objections=objections_of(session, case.round_id),
        opinions=opinions_of(session, [case.id])[case.id],
        relatives=relatives_of(session, case.person_id),
        mentors=parts[Part.MENTOR],
        markers=parts[Part.MARKER],
        checkers=parts[Part.CHECKED],
    )


# --- what a list is made from -----------------------------------------------------------------------------


def certificates_of(session: Session, person_ids: Collection[int], today: date) -> dict[int, str]:
    """Return the number of the certificate that says onboarding is finished, for those who hold a valid one."""
    rows = session.execute(
        sa.select(Certificate.person_id, Certificate.number).where(
            Certificate.person_id.in_(person_ids),
            Certificate.kind == ONBOARDING,
            Certificate.state.in_((CertificateState.ISSUED, CertificateState.REVOCATION_PROPOSED)),
            Certificate.expires_on >= today,
        )
    )
    return {row.person_id: row.number or "" for row in rows}


def lacking(session: Session, person_ids: Collection[int]) -> dict[int, list[dict[str, str]]]:
    """Return what persons without the certificate still need: courses with what they lack, else its sign-off."""
    _, text = certification.current_text(session, ONBOARDING)
    standings = certification.standings(session, list(person_ids), text.courses)
    found: dict[int, list[dict[str, str]]] = {}
    for person_id in person_ids:
        missing = eligibility(text.courses, standings[person_id], serves=True).missing
        found[person_id] = [{"what": "course", "key": key, "lack": lack.value} for key, lack in missing] or [
            {"what": "certificate"}
        ]
    return found


def inputs_of(
    session: Session,
    applications: Sequence[SelectionApplication],
    certificates: Mapping[int, str],
    codes: Sequence[str],
    course_keys: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the frozen inputs of applicants as plain values: data, scores with evidence, quizzes with attempts."""
    ids = [each.person_id for each in applications]
    levels: dict[tuple[int, str], CompetencyLevel] = {
        (row.person_id, row.code): row
        for row in session.scalars(
            sa.select(CompetencyLevel).where(CompetencyLevel.person_id.in_(ids), CompetencyLevel.code.in_(codes))
        )
    }
    attempts: dict[tuple[int, str], QuizAttempt] = {
        (row.person_id, row.course_key): row
        for row in session.scalars(
            sa.select(QuizAttempt)
            .join(Enrolment, Enrolment.passed_attempt == QuizAttempt.public_id)
            .where(
                Enrolment.person_id.in_(ids),
                Enrolment.course_key.in_(course_keys),
                Enrolment.state == EnrolmentState.PASSED,
            )
        )
    }

    def competency(person_id: int, code: str) -> dict[str, Any]:
        row = levels.get((person_id, code))
        evidence = sorted({each for part in (row.parts if row else {}).values() for each in _evidence_in(part)})
        return {
            "code": code,
            "score": str(row.score) if row is not None and row.score is not None else None,
            "level": row.level if row is not None else 0,
            "evidence": evidence,
        }

    def quiz(person_id: int, key: str) -> dict[str, Any]:
        row = attempts.get((person_id, key))
        if row is None or row.points is None or not row.points_possible:
            return {"course": key, "attempt": None, "points": None, "possible": None, "share": None}
        return {
            "course": key,
            "attempt": row.public_id,
            "points": str(row.points),
            "possible": str(row.points_possible),
            "share": str(share_of(row.points, row.points_possible)),
        }

    return [
        {
            "application": each.public_id,
            "person": each.person.public_id,
            "name": each.person.name,
            "birth_month": each.person.birth_month,
            "education": each.person.education,
            "place": each.place.public_id,
            "submitted_at": each.submitted_at.isoformat(),
            "certificate": certificates[each.person_id],
            "competencies": [competency(each.person_id, code) for code in codes],
            "quizzes": [quiz(each.person_id, key) for key in course_keys],
        }
        for each in applications
    ]


def _evidence_in(part: Any) -> Iterable[str]:
    return [str(each) for each in (part or {}).get("evidence", ())] if isinstance(part, dict) else []


def ranking_of(session: Session, round_id: int) -> SelectionRanking | None:
    """Return the list of a round, None before it is made."""
    return session.scalar(sa.select(SelectionRanking).where(SelectionRanking.round_id == round_id))


def ranking_of_public_id(session: Session, round_public_id: str) -> SelectionRanking | None:
    """Return the list of a round by the round's public id, None when there is none. For the console."""
    return session.scalar(
        sa.select(SelectionRanking)
        .join(SelectionRound, SelectionRound.id == SelectionRanking.round_id)
        .where(SelectionRound.public_id == round_public_id)
    )


# --- notices and objections -------------------------------------------------------------------------------


def notices_of(session: Session, round_id: int) -> list[PublicNotice]:
    """Return all notices of a round, latest first."""
    return list(
        session.scalars(
            sa.select(PublicNotice).where(PublicNotice.round_id == round_id).order_by(PublicNotice.edition.desc())
        )
    )


def running_notice(session: Session, round_id: int) -> PublicNotice | None:
    """Return the notice of a round that counts, None before one is posted. It may be over by now."""
    return session.scalar(
        sa.select(PublicNotice).where(PublicNotice.round_id == round_id, PublicNotice.state == NoticeState.RUNNING)
    )


def objections_of(session: Session, round_id: int) -> list[Objection]:
    """Return the objections of a round by their numbers."""
    return list(session.scalars(sa.select(Objection).where(Objection.round_id == round_id).order_by(Objection.number)))


def ids_of_objection(session: Session, public_id: str) -> tuple[int, int]:
    """Return (objection, round) as internal ids. Raises NotFound; reach is asked afterwards."""
    row = session.execute(
        sa.select(Objection.id, Objection.round_id).where(Objection.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise NotFound("selection.objection.not_found")
    return row[0], row[1]


def find_objection(session: Session, identity: Identity, permission: Permission, public_id: str) -> Objection:
    """Return an objection within reach. Raises NotFound."""
    found = session.scalar(
        sa.select(Objection)
        .join(SelectionRound, SelectionRound.id == Objection.round_id)
        .join(OrgUnit, OrgUnit.id == SelectionRound.unit_id)
        .where(Objection.public_id == public_id, visible(identity, permission, unit_path=OrgUnit.path))
    )
    if found is None:
        raise NotFound("selection.objection.not_found")
    return found


def next_objection_number(session: Session, round_id: int) -> int:
    """Return the next number of an objection; the caller holds the round."""
    return (session.scalar(sa.select(sa.func.max(Objection.number)).where(Objection.round_id == round_id)) or 0) + 1


@dataclass(frozen=True)
class NoticeView:
    """A notice as everybody may see it: no id of a person or case, nothing beyond the fields of the notice."""

    public_id: str
    unit: str
    office: str
    posted_on: date
    ends_on: date
    working_days: int
    channel: str
    lines: tuple[dict[str, str], ...]


def notice_view(session: Session, public_id: str, today: date) -> NoticeView | None:
    """Return a notice that runs today, None when it is over or replaced. Raises NotFound when there was none.

    Who withdrew or was refused meanwhile is not shown any more.
    """
    notice = session.scalar(
        sa.select(PublicNotice)
        .where(PublicNotice.public_id == public_id)
        .options(joinedload(PublicNotice.round).joinedload(SelectionRound.unit))
    )
    if notice is None:
        raise NotFound("selection.notice.not_found")
    if notice.state is not NoticeState.RUNNING or is_over(notice.ends_on, today):
        return None
    shown = set(
        session.scalars(
            sa.select(SelectionApplication.public_id).where(
                SelectionApplication.round_id == notice.round_id,
                SelectionApplication.state.in_((CaseState.PROPOSED, CaseState.APPROVED, CaseState.FILED)),
            )
        )
    )
    office = people.office_of(session, notice.round.unit.path)
    return NoticeView(
        public_id=notice.public_id,
        unit=notice.round.unit.name,
        office=office.name if office is not None else notice.round.unit.name,
        posted_on=notice.posted_on,
        ends_on=notice.ends_on,
        working_days=notice.working_days,
        channel=notice.channel,
        lines=tuple(
            {name: line[name] for name in sorted(PUBLIC_FIELDS)}
            for line in notice.lines
            if line["application"] in shown
        ),
    )


@dataclass(frozen=True)
class NoticeLine:
    """A notice in the public list."""

    public_id: str
    unit: str
    posted_on: date
    ends_on: date


def running_notices(session: Session, today: date) -> list[NoticeLine]:
    """Return the notices that run today, those that end first first."""
    rows = session.execute(
        sa.select(PublicNotice.public_id, OrgUnit.name, PublicNotice.posted_on, PublicNotice.ends_on)
        .join(SelectionRound, SelectionRound.id == PublicNotice.round_id)
        .join(OrgUnit, OrgUnit.id == SelectionRound.unit_id)
        .where(PublicNotice.state == NoticeState.RUNNING, PublicNotice.ends_on >= today)
        .order_by(PublicNotice.ends_on, PublicNotice.id)
    )
    return [NoticeLine(*row) for row in rows]


def notice_to_object(session: Session, public_id: str) -> PublicNotice | None:
    """Return a notice by its public id as it stands now, None when there is none."""
    return session.scalar(
        sa.select(PublicNotice).where(PublicNotice.public_id == public_id).execution_options(populate_existing=True)
    )


def names_of(session: Session, person_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of persons by internal id."""
    return people.names_of_persons(session, set(person_ids))


def public_id_of_number(session: Session, staff_number: str) -> str:
    """Return the public id of the person with a staff number as typed. Raises NotFound."""
    found = session.scalar(sa.select(Person.public_id).where(Person.staff_number == clean_staff_number(staff_number)))
    if found is None:
        raise NotFound("selection.person.not_found")
    return found


def candidate_like(session: Session, name: str, birth_month: str, unit_id: int) -> int | None:
    """Return the id of a candidate of this name and birth month in a unit, for a form that is sent twice."""
    return session.scalar(
        sa.select(Person.id)
        .where(
            Person.name_key == name_key(name),
            Person.birth_month == birth_month,
            Person.unit_id == unit_id,
            Person.state == StaffState.CANDIDATE,
        )
        .limit(1)
    )


def objection_with_id(session: Session, objection_id: int) -> Objection:
    """Return an objection by internal id, as it stands now."""
    return session.scalars(
        sa.select(Objection).where(Objection.id == objection_id).execution_options(populate_existing=True)
    ).one()
