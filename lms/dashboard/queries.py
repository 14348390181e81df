"""Reading across packages for pages that join them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from lms.access.decide import held_grants, may_use
from lms.access.identity import Identity, Role
from lms.access.matrix import Reach
from lms.access.permissions import Permission
from lms.audit.models import AuditEntry
from lms.certification import queries as certificates
from lms.certification.models import Certificate, CertificateDocument
from lms.certification.rules import CertificateState, typed_number
from lms.competency.content import FRAMEWORK, Competency
from lms.competency.models import Recognition
from lms.competency.rules import RecognitionState
from lms.content import queries as content
from lms.content.content import DUTIES, Duty
from lms.content.rules import ContentKind
from lms.core.clock import SHANGHAI
from lms.core.db import Base
from lms.courses.content import COURSE, PROGRAMMES, Course
from lms.courses.rules import Category, Function, Layer
from lms.dashboard.rules import Waits
from lms.duties import queries as duties
from lms.duties.models import DutyStanding
from lms.duties.rules import CERTIFICATE_NEEDED, DutyState
from lms.mentoring import queries as mentoring
from lms.people import queries as people
from lms.people.models import OrgUnit, Person
from lms.people.rules import Composition, Post, clean_staff_number
from lms.quizzes.content import BANK, Bank
from lms.selection import queries as selection


@dataclass(frozen=True)
class TrailFilter:
    """What of the trail to show. ``person``: public id of who acted; ``targets``: public ids of what was changed."""

    person: str = ""
    targets: frozenset[str] | None = None
    tag: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out on purpose."""
        return self != TrailFilter()


def trail(identity: Identity, chosen: TrailFilter) -> sa.Select[AuditEntry]:
    """Return the select of the audit entries one may read, latest first.

    An auditor reads everything, an official what happened in the own unit, everyone what they did themselves.
    """
    clauses: list[sa.ColumnElement[bool]] = []
    for grant, path in held_grants(identity, Permission.AUDIT_READ):
        if grant.reach is Reach.ANY:
            clauses.append(sa.true())
        elif grant.reach is Reach.UNIT:
            clauses.append(AuditEntry.unit_path.startswith(path, autoescape=True))
        else:
            clauses.append(AuditEntry.actor == identity.public_id)
    statement = sa.select(AuditEntry).where(sa.or_(*clauses) if clauses else sa.false())
    if chosen.person:
        statement = statement.where(AuditEntry.actor == chosen.person)
    if chosen.targets is not None:
        statement = statement.where(AuditEntry.object_id.in_(chosen.targets))
    if chosen.tag:
        statement = statement.where(AuditEntry.tag == chosen.tag)
    if chosen.first is not None:
        statement = statement.where(AuditEntry.business_at >= _start(chosen.first))
    if chosen.last is not None:
        statement = statement.where(AuditEntry.business_at < _start(chosen.last + timedelta(days=1)))
    return statement.order_by(AuditEntry.seq.desc())


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=SHANGHAI)


def names_of(session: Session, public_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of persons and units by public id, for display beside the trail (two queries)."""
    wanted = sorted(set(public_ids))
    found: dict[str, str] = {}
    for model in (Person, OrgUnit):
        rows = session.execute(sa.select(model.public_id, model.name).where(model.public_id.in_(wanted)))
        found.update({public_id: name for public_id, name in rows})  # noqa: C416 - keeps the types
    return found


_BELONGS = ("person_id", "newcomer_id", "mentor_id", "relative_id")
"""Columns by which a row belongs to a person."""


def objects_about(session: Session, typed: str) -> frozenset[str]:
    """Return the public ids of everything that somebody means by what they typed (at most two queries).

    A staff number means the person and all that belongs to them: courses, papers, certificates, pairs, applications.
    A certificate's number means the certificate and its papers. Anything else is taken as a public id itself.
    """
    person_id = session.scalar(sa.select(Person.id).where(Person.staff_number == clean_staff_number(typed)))
    if person_id is not None:
        own = [
            sa.select(table.c.public_id).where(sa.or_(*(table.c[name] == person_id for name in names)))
            for table in Base.metadata.sorted_tables
            if "public_id" in table.c and (names := [each for each in _BELONGS if each in table.c])
        ]
        mine = sa.select(Person.public_id).where(Person.id == person_id)
        return frozenset(session.scalars(sa.union_all(mine, *own)))
    number = typed_number(typed)
    if number is not None:
        named = Certificate.year == number[0], Certificate.serial == number[1]
        papers = sa.select(CertificateDocument.public_id).join(Certificate).where(*named)
        found = frozenset(session.scalars(sa.union_all(sa.select(Certificate.public_id).where(*named), papers)))
        if found:
            return found
    return frozenset({typed})


def person_named(session: Session, staff_number: str) -> str:
    """Return the public id of the person with a staff number, "" when there is none."""
    found = session.scalar(sa.select(Person.public_id).where(Person.staff_number == staff_number))
    return found or ""


Name = TypeVar("Name", bound=str)
Count = sa.Select[int]
"""A select of one number."""


def counted(session: Session, counts: Mapping[Name, Count]) -> dict[Name, int]:
    """Return several counts by name, asked for in one statement."""
    if not counts:
        return {}
    row = session.execute(sa.select(*(each.scalar_subquery() for each in counts.values()))).one()
    return dict(zip(counts, (number or 0 for number in row), strict=True))


def how_many(rows: sa.Select[Any] | sa.CompoundSelect[Any]) -> Count:
    """Count the rows of a list's own select, so that a figure and the list it opens cannot differ."""
    return sa.select(sa.func.count()).select_from(rows.order_by(None).subquery())


def with_duty_list(identity: Identity) -> Count:
    """Count the persons within reach who have a duty list."""
    return (
        sa.select(sa.func.count(DutyStanding.person_id.distinct()))
        .join(Person, Person.id == DutyStanding.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(people.reachable_persons(identity, Permission.DUTY_TEAM_SEE))
    )


def duties_in(identity: Identity, states: Collection[DutyState]) -> Count:
    """Count the duty items of persons within reach that stand in one of these states."""
    return (
        sa.select(sa.func.count(DutyStanding.id))
        .join(Person, Person.id == DutyStanding.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(DutyStanding.state.in_(states), people.reachable_persons(identity, Permission.DUTY_TEAM_SEE))
    )


def certificates_due(identity: Identity, today: date) -> Count:
    """Count the certificates within reach that duties ask for and that expire soon."""
    due = certificates.DeskFilter(decided=certificates.Decided.DUE)
    return how_many(certificates.certificates(identity, CERTIFICATE_NEEDED, due, waiting=False, today=today))


def certificates_to_sign(identity: Identity) -> Count:
    """Count the proposed certificates a person may sign off: within reach, neither proposed by nor for them."""
    waiting = sa.or_(
        sa.and_(
            Certificate.state == CertificateState.PROPOSED,
            Certificate.proposed_by_id.is_distinct_from(identity.person_id),
        ),
        sa.and_(
            Certificate.state == CertificateState.REVOCATION_PROPOSED,
            Certificate.revocation_proposed_by_id.is_distinct_from(identity.person_id),
        ),
    )
    return _count(identity, Permission.CERTIFICATE_SIGN, Certificate.person_id, waiting)


def recognitions_to_confirm(identity: Identity) -> Count:
    """Count the proposed recognitions a person may confirm: within reach, neither proposed by nor for them."""
    waiting = sa.and_(
        Recognition.state == RecognitionState.PROPOSED,
        Recognition.proposed_by_id.is_distinct_from(identity.person_id),
    )
    return _count(identity, Permission.RECOGNITION_CONFIRM, Recognition.person_id, waiting)


def _count(
    identity: Identity,
    permission: Permission,
    owner: InstrumentedAttribute[int],
    waiting: sa.ColumnElement[bool],
) -> Count:
    return (
        sa.select(sa.func.count())
        .select_from(Person)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .join(owner.class_, owner == Person.id)
        .where(waiting, owner != identity.person_id, people.reachable_persons(identity, permission))
    )


# --- what waits for a person -------------------------------------------------------------------------------


def waiting(
    session: Session,
    identity: Identity,
    posts: Collection[Post],
    today: date,
    held: Mapping[ContentKind, Mapping[str, content.Held]] | None = None,
) -> dict[Waits, int]:
    """Return how many things of each kind wait for a person on a day (three queries), kinds with none left out.

    Grids that are not fully staffed are asked for apart (``grids_of``). ``posts``: those the person holds; ``held``:
    the duties and laws in use when the caller has them, one query less. What their roles make theirs to do, what they
    are as mentor, as newcomer and as holder of a post.
    """
    me = identity.person_id
    assert me is not None, "only persons have things waiting"
    counts: dict[Waits, Count] = {
        Waits.PROPOSALS: mentoring.proposals_to_answer(me),
        Waits.SESSIONS: mentoring.sessions_to_answer(me, as_mentor=False),
        Waits.CORRECTIONS: mentoring.sessions_to_answer(me, as_mentor=True),
        Waits.CHECKPOINTS: mentoring.checkpoints_due(me, today),
    }
    if may_use(identity, Permission.CERTIFICATE_LIST):
        counts[Waits.CERTIFICATES] = certificates_to_sign(identity)
        counts[Waits.CERTIFICATES_DUE] = certificates_due(identity, today)
    if may_use(identity, Permission.RECOGNITION_CONFIRM):
        counts[Waits.RECOGNITIONS] = recognitions_to_confirm(identity)
    if may_use(identity, Permission.ROLE_CONFIRM):
        counts[Waits.ROLES] = people.roles_to_confirm(identity)
    if may_use(identity, Permission.SLIP_PRINT):
        counts[Waits.SLIPS] = people.without_account(identity)
    if may_use(identity, Permission.PERSON_ADMIT):
        counts[Waits.CANDIDATES] = people.candidates(identity)
    if may_use(identity, Permission.PAIR_DECIDE):
        counts[Waits.PAIRS] = mentoring.overdue_pairs(identity, today)
    if may_use(identity, Permission.ROUND_SEE):
        counts[Waits.SELECTION] = how_many(selection.waiting(identity, today))
    found = counted(session, counts)
    if posts:
        found[Waits.DUTY_LIST] = int(duties.waiting_acknowledgement(session, me, set(posts), held))
    return {kind: found[kind] for kind in Waits if found.get(kind)}


Grids = Sequence[tuple[OrgUnit, Composition]]
"""Grids with how they stand."""


def grids_of(session: Session, identity: Identity, today: date) -> Grids:
    """Return the grids of a leader or an official with how they stand on a day (one query); of nobody else."""
    if not (identity.holds(Role.GRID_LEADER) or identity.holds(Role.OFFICIAL)):
        return []
    return people.grids_within(session, identity, Permission.UNIT_SEE, today)


@dataclass(frozen=True)
class OwnGrids:
    """What the grids that somebody leads lack.

    ``lacking``: the grids that are not fully staffed; ``short``: the people on the grids who lack competencies, None
    while there is no duty catalogue to say which are asked for.
    """

    lacking: Grids
    short: Sequence[duties.Short] | None


def own_grids(
    session: Session,
    identity: Identity,
    grids: Grids,
    held: Mapping[ContentKind, Mapping[str, content.Held]],
    today: date,
) -> OwnGrids | None:
    """Return what the grids that a person leads lack (one query), None for who leads none.

    ``grids``: those of ``grids_of``, of which a leader who is an official as well leads only some; ``held``: the
    duties in use.
    """
    paths = tuple(held_role.unit_path for held_role in identity.roles if held_role.role is Role.GRID_LEADER)
    own = [each for each in grids if each[0].path.startswith(paths)]
    if not own:
        return None
    catalogue = held[ContentKind.DUTIES].get(duties.CATALOGUE)
    return OwnGrids(
        lacking=[each for each in own if each[1].breaches],
        short=None
        if catalogue is None
        else duties.short_on(session, identity, [grid.id for grid, _ in own], catalogue.thing, today),
    )


# --- what the courses cover -------------------------------------------------------------------------------


@dataclass(frozen=True)
class CourseCovers:
    """A course as the coverage shows it. ``questions``: those that a paper may hold."""

    course: Course
    lessons: int
    questions: int


@dataclass(frozen=True)
class CompetencyCovers:
    """What trains and asks a competency. ``needed``: the highest level that a duty asks for, 0 for none."""

    competency: Competency
    courses: tuple[str, ...]
    lessons: int
    questions: int
    critical: int
    needed: int


@dataclass(frozen=True)
class DutyCovers:
    """A duty item, the courses of its needs that are there, those awaited, and the needs that nothing asks."""

    duty: Duty
    courses: tuple[str, ...]
    awaited: tuple[str, ...]
    unasked: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """What the courses cover, by layer and category, by function and layer, by competency and by duty."""

    cells: Mapping[tuple[Layer, Category], list[CourseCovers]]
    planned: Mapping[Layer, tuple[str, ...]]
    functions: Mapping[tuple[Function, Layer], int]
    competencies: list[CompetencyCovers]
    duties: list[DutyCovers]

    @property
    def gaps(self) -> int:
        """How many cells are empty, courses without questions among them."""
        return (
            sum((layer, category) not in self.cells for layer in Layer for category in Category)
            + sum(not each.questions for covers in self.cells.values() for each in covers)
            + sum(not any((function, layer) in self.functions for layer in Layer) for function in Function)
            + sum(not each.questions for each in self.competencies)
            + sum(bool(each.awaited or each.unasked) for each in self.duties)
        )


def coverage(session: Session) -> Coverage:
    """Return what the courses that learners are given cover (one query)."""
    held = content.held_together(session, (COURSE, BANK, FRAMEWORK, DUTIES, PROGRAMMES))
    courses: dict[str, Course] = {key: each.thing for key, each in held[ContentKind.COURSE].items()}
    banks: dict[str, Bank] = {key: each.thing for key, each in held[ContentKind.BANK].items()}
    cells: dict[tuple[Layer, Category], list[CourseCovers]] = {}
    functions: Counter[tuple[Function, Layer]] = Counter()
    for key, course in courses.items():
        drawn = len(banks[key].drawable) if key in banks else 0
        place = (course.file.layer, course.file.category)
        cells.setdefault(place, []).append(CourseCovers(course, len(course.lessons), drawn))
        functions.update(
            (function, course.file.layer) for lesson in course.lessons for function in lesson.head.functions
        )
    asked = [item for bank in banks.values() for item in bank.drawable]
    catalogue: list[Duty] = [duty for each in held[ContentKind.DUTIES].values() for duty in each.thing.items.values()]
    frame: list[Competency] = [one for each in held[ContentKind.FRAMEWORK].values() for one in each.thing.competencies]
    lessons = [
        (key, code) for key, course in courses.items() for each in course.lessons for code in each.head.competencies
    ]
    with_questions = {item.competency for item in asked}
    return Coverage(
        cells=cells,
        planned={
            each.layer: each.planned for file in held[ContentKind.PROGRAMMES].values() for each in file.thing.programmes
        },
        functions=functions,
        competencies=[
            CompetencyCovers(
                competency=one,
                courses=tuple(key for key, course in courses.items() if one.code in course.file.competencies),
                lessons=sum(code == one.code for _, code in lessons),
                questions=sum(item.competency == one.code for item in asked),
                critical=sum(item.competency == one.code and item.is_critical for item in asked),
                needed=max((duty.needs.get(one.code, 0) for duty in catalogue), default=0),
            )
            for one in frame
        ],
        duties=[
            DutyCovers(
                duty=duty,
                courses=tuple(key for key in duty.courses if key in courses),
                awaited=tuple(key for key in duty.courses if key not in courses),
                unasked=tuple(code for code in duty.needs if code not in with_questions),
            )
            for duty in catalogue
        ],
    )
