"""Reading duty lists: what decides about them, how they stand, who has acknowledged which version."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from lms.access.decide import can
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.certification.models import Certificate
from lms.certification.rules import CertificateState
from lms.competency.content import FRAMEWORK, KEY, Framework
from lms.competency.models import CompetencyLevel, LevelChange
from lms.content import queries as content
from lms.content.content import DUTIES, LAWS, Duties, Duty, Register
from lms.content.queries import Held
from lms.content.rules import ContentKind, RoleLevel
from lms.core import clock
from lms.core.errors import NotFound
from lms.courses.content import COURSE, Course
from lms.courses.models import Enrolment, LessonProgress
from lms.courses.rules import EnrolmentState
from lms.duties.models import DutyAcknowledgement, DutyChange, DutyList, DutyStanding
from lms.duties.rules import (
    CERTIFICATE_NEEDED,
    Demand,
    DutyState,
    Facts,
    Next,
    Snapshot,
    Span,
    Trained,
    Verdict,
    belongs,
    digest_of,
    level_of,
    needed,
    next_for,
)
from lms.mentoring.models import MentoringPair
from lms.mentoring.rules import RUNNING
from lms.people import queries as people
from lms.people.models import OrgUnit, Person, PostHolding
from lms.people.rules import Post, StaffState

CATALOGUE = "duties"
"""The one key of the duty catalogue, in the library and in the database."""
EMERGENCY = "emergency/60"
"""The article by which everybody reports danger, whatever they may do."""


# --- what decides ------------------------------------------------------------------------------------------


def catalogue(session: Session) -> Held | None:
    """Return the duty catalogue in force (its ``thing`` is ``Duties``), None when it was never taken in."""
    try:
        return content.held(session, DUTIES, CATALOGUE)
    except NotFound:
        return None


def demand_of(duty: Duty) -> Demand:
    """Return what an item asks, as the rule takes it."""
    return Demand(key=duty.key, post=Post(duty.post), is_common=duty.function == "common", needs=duty.needs)


def needs_of(session: Session, posts: Collection[Post]) -> dict[str, int]:
    """Return the level that the duty items of these posts ask for, by competency (one query)."""
    held = catalogue(session)
    return {} if held is None else needed((demand_of(duty) for duty in held.thing.items.values()), posts)


def facts_of(session: Session, person: Person) -> Facts:
    """Return all that decides about a person's list (three queries)."""
    levels: dict[str, list[tuple[date, int]]] = {}
    for code, at, after in session.execute(
        sa.select(LevelChange.code, LevelChange.at, LevelChange.after)
        .where(LevelChange.person_id == person.id)
        .order_by(LevelChange.id)
    ):
        levels.setdefault(code, []).append((clock.local_date(at), after))
    posts = session.execute(
        sa.select(PostHolding.post, PostHolding.starts_on, PostHolding.ends_on)
        .where(PostHolding.person_id == person.id)
        .order_by(PostHolding.id)
    )
    return Facts(
        state=person.state,
        posts=tuple((row.post, Span(row.starts_on, row.ends_on)) for row in posts),
        levels=levels,
        certificates=tuple(_valid_days(each) for each in _certificates(session, person.id)),
    )


def _certificates(session: Session, person_id: int) -> Sequence[Certificate]:
    return session.scalars(
        sa.select(Certificate)
        .where(
            Certificate.person_id == person_id,
            Certificate.kind == CERTIFICATE_NEEDED,
            Certificate.issued_at.is_not(None),
        )
        .order_by(Certificate.id)
    ).all()


def _valid_days(certificate: Certificate) -> Span:
    """Return the days a certificate was, is and will be valid; one revoked counts no more from that day on."""
    assert certificate.issued_at is not None
    last = certificate.expires_on
    if certificate.state is CertificateState.REVOKED and certificate.revoked_at is not None:
        before = clock.local_date(certificate.revoked_at) - timedelta(days=1)
        last = before if last is None else min(last, before)
    return Span(clock.local_date(certificate.issued_at), last)


def certificate_over(session: Session, person_id: int, day: date) -> str | None:
    """Return the public id of the certificate whose last valid day was the eve of ``day`` (one query).

    None when there is none, or another one is valid on ``day``.
    """
    found = [(each.public_id, _valid_days(each)) for each in _certificates(session, person_id)]
    if any(days.holds(day) for _, days in found):
        return None
    eve = day - timedelta(days=1)
    return next((public_id for public_id, days in found if days.last == eve and not days.is_empty), None)


def list_head(session: Session, person_id: int) -> DutyList | None:
    """Return up to when a person's list is kept, None when it never was."""
    return session.scalar(sa.select(DutyList).where(DutyList.person_id == person_id))


def standings(session: Session, person_id: int) -> dict[str, DutyStanding]:
    """Return the items on a person's list as they are kept, by key."""
    statement = sa.select(DutyStanding).where(DutyStanding.person_id == person_id)
    rows = session.scalars(statement.execution_options(populate_existing=True))  # they are changed in bulk
    return {row.duty_key: row for row in rows}


def kept(session: Session, person_id: int) -> dict[str, Verdict]:
    """Return how the items on a person's list are kept, by key, cut off from the rows."""
    rows = session.execute(
        sa.select(DutyStanding.duty_key, DutyStanding.state, DutyStanding.grace_until).where(
            DutyStanding.person_id == person_id
        )
    )
    return {key: Verdict(state, grace_until) for key, state, grace_until in rows}


def has_posts(session: Session, person_id: int) -> bool:
    """Whether a person holds, held or will hold any post."""
    return session.scalar(sa.select(PostHolding.id).where(PostHolding.person_id == person_id).limit(1)) is not None


def last_changes(session: Session, person_id: int) -> dict[str, DutyChange]:
    """Return the latest change of every item that was ever on a person's list, by key."""
    latest = (
        sa.select(sa.func.max(DutyChange.id)).where(DutyChange.person_id == person_id).group_by(DutyChange.duty_key)
    )
    rows = session.scalars(sa.select(DutyChange).where(DutyChange.id.in_(latest)))
    return {row.duty_key: row for row in rows}


def persons_due(session: Session, revision_id: int, today: date, limit: int) -> list[int]:
    """Return the persons whose kept list may not be right on ``today``, in order.

    Time has changed it, the catalogue is another, or somebody with a post has no list yet.
    """
    union = sa.union(
        sa.select(DutyList.person_id.label("person_id")).where(
            sa.or_(DutyList.due_on <= today, DutyList.revision_id != revision_id)
        ),
        sa.select(PostHolding.person_id.label("person_id"))
        .outerjoin(DutyList, DutyList.person_id == PostHolding.person_id)
        .where(DutyList.id.is_(None), sa.or_(PostHolding.ends_on.is_(None), PostHolding.ends_on >= today)),
    ).subquery()
    return list(session.scalars(sa.select(union.c.person_id).order_by(union.c.person_id).limit(limit)))


def persons_with_lists(session: Session) -> list[int]:
    """Return the ids of all persons who have a list, or a post and so ought to have one, in order."""
    union = sa.union(
        sa.select(DutyList.person_id.label("person_id")), sa.select(PostHolding.person_id.label("person_id"))
    ).subquery()
    return list(session.scalars(sa.select(union.c.person_id).order_by(union.c.person_id)))


# --- the texts a page needs --------------------------------------------------------------------------------


def emergency_of(register: Register | None) -> str:
    """Return what the law says on reporting danger, in Chinese; empty without the register."""
    found = register.find(EMERGENCY) if register is not None else None
    return found[1].says if found is not None else ""


@dataclass(frozen=True)
class Texts:
    """The content behind a page on duties, as it is in force."""

    duties: Duties
    frame: Framework
    register: Register | None
    courses: Mapping[str, Course]

    @property
    def emergency(self) -> str:
        """Return what the law says on reporting danger, in Chinese; empty without the register."""
        return emergency_of(self.register)

    def emergency_in(self, language: str) -> tuple[str, str]:
        """Return (words, article) on reporting danger in zh or en; Chinese where English is missing."""
        found = self.register.find(EMERGENCY) if self.register is not None else None
        if self.register is None or found is None:
            return "", ""
        if language == "en" and found[1].says_en:
            return found[1].says_en, self.register.place_en(EMERGENCY)
        return found[1].says, self.register.place(EMERGENCY)

    def duty(self, key: str) -> Duty:
        """Return an item of the catalogue. Raises NotFound."""
        if key not in self.duties.items:
            raise NotFound("duties.item.not_found")
        return self.duties.items[key]


def texts(session: Session) -> Texts:
    """Return the content behind the pages (one query). Raises NotFound without a framework."""
    found = content.held_together(session, (DUTIES, FRAMEWORK, LAWS, COURSE))
    frame = found[ContentKind.FRAMEWORK].get(KEY)
    if frame is None:
        raise NotFound("content.revision.not_found")
    duties = found[ContentKind.DUTIES].get(CATALOGUE)
    laws = next(iter(found[ContentKind.LAWS].values()), None)
    return Texts(
        duties.thing if duties is not None else Duties({}, {}),
        frame.thing,
        laws.thing if laws is not None else None,
        {key: each.thing for key, each in found[ContentKind.COURSE].items()},
    )


# --- a person's list ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mentor:
    """The person who goes along while an item is still learnt."""

    public_id: str
    name: str


def mentor_of(session: Session, person_id: int) -> Mentor | None:
    """Return the mentor who guides a person now, None without a running pair (one query)."""
    row = session.execute(
        sa.select(Person.public_id, Person.name)
        .join(MentoringPair, MentoringPair.mentor_id == Person.id)
        .where(MentoringPair.newcomer_id == person_id, MentoringPair.state.in_(RUNNING))
    ).one_or_none()
    return None if row is None else Mentor(row.public_id, row.name)


@dataclass(frozen=True)
class Gap:
    """A competency that an item needs and its owner has not reached, with what brings it nearer.

    ``course`` and ``lesson``: titles in the reader's language by ``Next``; ``awaited``: courses still to be written.
    """

    code: str
    name: str
    need: int
    level: int
    next: Next
    course: str
    lesson: str
    is_begun: bool
    awaited: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """An item on a person's list."""

    duty: Duty
    at: RoleLevel
    state: DutyState
    since: date
    grace_until: date | None
    cause_type: str
    gaps: tuple[Gap, ...]
    grids: tuple[str, ...]


@dataclass(frozen=True)
class CertificateStanding:
    """Whether the certificate that duties ask for is valid today; ``last``: the last day it is or was."""

    is_valid: bool
    is_revoked: bool = False
    last: date | None = None


@dataclass(frozen=True)
class Version:
    """Which version of a list was acknowledged, when, and what it said."""

    number: int
    public_id: str
    digest: str
    day: date
    snapshot: Snapshot


@dataclass(frozen=True)
class ListView:
    """A person's list as its page shows it."""

    person: Person
    posts: tuple[PostHolding, ...]
    lines: tuple[Line, ...]
    certificate: CertificateStanding
    mentor: Mentor | None
    acknowledged: Version | None
    snapshot: Snapshot
    digest: str

    def having(self, *states: DutyState) -> list[Line]:
        """Return the items in one of these states."""
        return [line for line in self.lines if line.state in states]

    @property
    def leads(self) -> bool:
        """Whether the person holds the post of a grid leader."""
        return any(each.post is Post.GRID_LEADER for each in self.posts)

    @property
    def missing(self) -> list[tuple[Gap, tuple[str, ...]]]:
        """Every competency that keeps an item from being (or staying) open, once, at the highest level needed.

        Each with the keys of the items that wait for it; first what most of them wait for. None while paused.
        """
        needed: dict[str, list[tuple[Gap, str]]] = {}
        for line in self.having(DutyState.GRACE, DutyState.LEARNING):
            for gap in line.gaps:
                needed.setdefault(gap.code, []).append((gap, line.duty.key))
        found = [
            (max((gap for gap, _ in each), key=lambda gap: gap.need), tuple(key for _, key in each))
            for each in needed.values()
        ]
        return sorted(found, key=lambda each: -len(each[1]))

    @property
    def is_paused(self) -> bool:
        """Whether the person is away from the grid, so that nothing on the list is open."""
        return any(line.state is DutyState.PAUSED for line in self.lines)

    @property
    def is_waiting(self) -> bool:
        """Whether the person has still to read it: it is not what was acknowledged last. Not while it is paused."""
        return _waits(self.lines, self.acknowledged.digest if self.acknowledged is not None else None, self.digest)

    @property
    def number(self) -> int:
        """The version: that of the last acknowledgement while nothing has changed, else the next."""
        if self.acknowledged is None:
            return 1
        return self.acknowledged.number + (self.acknowledged.digest != self.digest)


def _waits(items: Collection[object], acknowledged: str | None, digest: str) -> bool:
    paused = any(getattr(item, "state", None) is DutyState.PAUSED for item in items)
    return bool(items) and not paused and acknowledged != digest


def snapshot_of(
    duties: Duties, register: Register | None, posts: Collection[Post], rows: Mapping[str, DutyStanding | Verdict]
) -> Snapshot:
    """Return what a list says, in the words of the catalogue, for the record of what was acknowledged."""
    items = []
    for duty in duties.items.values():
        row = rows.get(duty.key)
        if row is None:
            continue
        level = level_of(demand_of(duty), posts)
        items.append(
            {
                "key": duty.key,
                "name": duty.name,
                "version": duty.version,
                "ways": [way.value for way in duty.authority.at(level)],
                "limit": duty.limit,
                "steps": [step.text for step in duty.steps.at(level)],
                "forbids": duty.forbids.text,
                "state": row.state.value,
                "grace_until": row.grace_until.isoformat() if row.grace_until is not None else None,
            }
        )
    return {
        "items": items,
        "prohibited": [line.text for line in duties.prohibited.values()],
        "emergency": emergency_of(register),
    }


@dataclass(frozen=True)
class _Wording:
    """What the words of a list are taken from. The digests stand for the texts, which are not compared."""

    digests: tuple[str, ...]
    duties: Duties = field(compare=False)
    register: Register | None = field(compare=False)


@lru_cache(maxsize=500)
def _digest(wording: _Wording, posts: frozenset[Post], items: tuple[tuple[str, DutyState, date | None], ...]) -> str:
    """Return the digest of what a list says. Many have the same list, and each opens the home page many times."""
    rows = {key: Verdict(state, grace_until) for key, state, grace_until in items}
    return digest_of(snapshot_of(wording.duties, wording.register, posts, rows))


def acknowledgements(session: Session, person_ids: Collection[int]) -> dict[int, DutyAcknowledgement]:
    """Return the last acknowledgement of each of several persons, by person."""
    latest = (
        sa.select(sa.func.max(DutyAcknowledgement.id))
        .where(DutyAcknowledgement.person_id.in_(person_ids))
        .group_by(DutyAcknowledgement.person_id)
    )
    rows = session.scalars(sa.select(DutyAcknowledgement).where(DutyAcknowledgement.id.in_(latest)))
    return {row.person_id: row for row in rows}


def _version(row: DutyAcknowledgement | None) -> Version | None:
    if row is None:
        return None
    return Version(row.number, row.public_id, row.digest, clock.local_date(row.at), row.snapshot)


def list_view(session: Session, person: Person, found: Texts, language: str) -> ListView:
    """Return the list of a person known to be within reach (seven queries)."""
    today = clock.today()
    posts = people.posts_of(session, person.id, today)
    held = {each.post for each in posts}
    rows = standings(session, person.id)
    reached = session.execute(
        sa.select(CompetencyLevel.code, CompetencyLevel.level).where(CompetencyLevel.person_id == person.id)
    )
    levels = {row.code: row.level for row in reached}
    progress = _Progress(session, person.id, found)
    lines = []
    for duty in found.duties.items.values():
        row = rows.get(duty.key)
        if row is None:
            continue
        demand = demand_of(duty)
        lines.append(
            Line(
                duty=duty,
                at=level_of(demand, held),
                state=row.state,
                since=row.since,
                grace_until=row.grace_until,
                cause_type=row.cause_type,
                gaps=tuple(
                    progress.gap(duty, code, need, levels.get(code, 0), language)
                    for code, need in duty.needs.items()
                    if levels.get(code, 0) < need
                ),
                grids=tuple(each.unit.name for each in posts if belongs(demand, {each.post})),
            )
        )
    snapshot = snapshot_of(found.duties, found.register, held, rows)
    return ListView(
        person=person,
        posts=tuple(posts),
        lines=tuple(lines),
        certificate=_certificate_standing(session, person.id, today),
        mentor=mentor_of(session, person.id),
        acknowledged=_version(acknowledgements(session, [person.id]).get(person.id)),
        snapshot=snapshot,
        digest=digest_of(snapshot),
    )


def _certificate_standing(session: Session, person_id: int, today: date) -> CertificateStanding:
    standing = CertificateStanding(is_valid=False)
    for certificate in _certificates(session, person_id):
        days = _valid_days(certificate)
        standing = CertificateStanding(
            is_valid=days.holds(today),
            is_revoked=certificate.state is CertificateState.REVOKED,
            last=days.last,
        )
        if standing.is_valid:
            break
    return standing


class _Progress:
    """How far a person is in the courses, for the next step of each gap (one query)."""

    def __init__(self, session: Session, person_id: int, found: Texts) -> None:
        self.found = found
        self.begun: dict[str, EnrolmentState] = {}
        self.finished: dict[str, set[str]] = {}
        rows = session.execute(
            sa.select(Enrolment.course_key, Enrolment.state, LessonProgress.lesson_key, LessonProgress.finished_at)
            .outerjoin(LessonProgress, LessonProgress.enrolment_id == Enrolment.id)
            .where(Enrolment.person_id == person_id)
        )
        for course, state, lesson, finished_at in rows:
            self.begun[course] = state
            if finished_at is not None:
                self.finished.setdefault(course, set()).add(lesson)

    def gap(self, duty: Duty, code: str, need: int, level: int, language: str) -> Gap:
        courses = self.found.courses
        fitting = [key for key in duty.courses if key in courses]
        fitting += [key for key in courses if key not in fitting]
        step = next_for(
            [self._trained(courses[key], code) for key in fitting if code in courses[key].file.competencies]
        )
        course = courses.get(step.course)
        lesson = course.lesson(step.lesson) if course is not None else None
        return Gap(
            code=code,
            name=self.found.frame.by_code[code].name_in(language),
            need=need,
            level=level,
            next=step,
            course=course.title_in(language) if course is not None else "",
            lesson=lesson.title_in(language) if lesson is not None else "",
            is_begun=step.course in self.begun,
            awaited=tuple(key for key in duty.courses if key not in courses),
        )

    def _trained(self, course: Course, code: str) -> Trained:
        state = self.begun.get(course.key)
        # Whoever began an earlier revision has done all of it when its quiz is open, whatever was added since.
        is_read = state in {EnrolmentState.LESSONS_DONE, EnrolmentState.PASSED}
        return Trained(
            key=course.key,
            lessons=[(lesson.key, code in lesson.head.competencies) for lesson in course.lessons],
            finished=course.keys if is_read else self.finished.get(course.key, ()),
            is_passed=state is EnrolmentState.PASSED,
        )


def changes_of(session: Session, person_id: int, *, duty_key: str | None = None, limit: int = 20) -> list[DutyChange]:
    """Return how a person's list has changed, or one item of it, latest first."""
    statement = sa.select(DutyChange).where(DutyChange.person_id == person_id).order_by(DutyChange.id.desc())
    if duty_key is not None:
        statement = statement.where(DutyChange.duty_key == duty_key)
    return list(session.scalars(statement.limit(limit)))


def waiting_acknowledgement(
    session: Session,
    person_id: int,
    posts: Collection[Post] | None = None,
    held: Mapping[ContentKind, Mapping[str, Held]] | None = None,
) -> bool:
    """Whether a person has a list that is not what they acknowledged last (three queries).

    ``posts``: those of today when the caller has them; ``held``: the duties and laws in use (``held_together``) when
    the caller has them; one query less for each. Nothing waits while the list is empty or paused.
    """
    last = (
        sa.select(DutyAcknowledgement.digest)
        .where(DutyAcknowledgement.person_id == person_id)
        .order_by(DutyAcknowledgement.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(DutyStanding.duty_key, DutyStanding.state, DutyStanding.grace_until, last.label("acknowledged"))
        .where(DutyStanding.person_id == person_id)
        .order_by(DutyStanding.duty_key)
    ).all()
    if not rows:
        return False
    if posts is None:
        posts = {each.post for each in people.posts_of(session, person_id, clock.today())}
    found = content.held_together(session, (DUTIES, LAWS)) if held is None else held
    duties = found[ContentKind.DUTIES].get(CATALOGUE)
    laws = next(iter(found[ContentKind.LAWS].values()), None)
    wording = _Wording(
        tuple(each.digest if each is not None else "" for each in (duties, laws)),
        duties.thing if duties is not None else Duties({}, {}),
        laws.thing if laws is not None else None,
    )
    items = tuple((row.duty_key, row.state, row.grace_until) for row in rows)
    return _waits(rows, rows[0].acknowledged, _digest(wording, frozenset(posts), items))


def acknowledgement_within(session: Session, identity: Identity, public_id: str) -> tuple[Person, Version]:
    """Return an acknowledgement within reach of DUTY_LIST_SEE, with its person. Raises NotFound."""
    row = session.execute(
        sa.select(DutyAcknowledgement, Person)
        .join(Person, Person.id == DutyAcknowledgement.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .options(joinedload(Person.unit))
        .where(
            DutyAcknowledgement.public_id == public_id,
            people.reachable_persons(identity, Permission.DUTY_LIST_SEE),
        )
    ).one_or_none()
    version = _version(row.DutyAcknowledgement) if row is not None else None
    if row is None or version is None:
        raise NotFound("duties.acknowledgement.not_found")
    return row.Person, version


# --- who has read what -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A person with a list: how many items stand how, and which version was acknowledged when."""

    public_id: str
    name: str
    staff_number: str
    state: StaffState
    unit_name: str
    counts: Mapping[DutyState, int]
    acknowledged: Version | None
    is_waiting: bool

    def number_in(self, states: Collection[DutyState]) -> int:
        """Return how many items stand in one of these states."""
        return sum(self.counts[state] for state in states)


def team(session: Session, identity: Identity, found: Texts) -> list[Member]:
    """Return everybody within reach who has a list, those whose acknowledgement waits first (four queries)."""
    today = clock.today()
    rows = session.execute(
        sa.select(DutyStanding, Person, OrgUnit.name.label("unit_name"))
        .join(Person, Person.id == DutyStanding.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(people.reachable_persons(identity, Permission.DUTY_TEAM_SEE))
        .order_by(OrgUnit.path, Person.name_sort, Person.id)
    ).all()
    lists: dict[int, dict[str, DutyStanding]] = {}
    for row in rows:
        lists.setdefault(row.Person.id, {})[row.DutyStanding.duty_key] = row.DutyStanding
    posts: dict[int, set[Post]] = {}
    for person_id, post in session.execute(
        sa.select(PostHolding.person_id, PostHolding.post).where(
            PostHolding.person_id.in_(lists), *people.held_on(today)
        )
    ):
        posts.setdefault(person_id, set()).add(post)
    read = acknowledgements(session, lists)
    members = []
    for person_id, (person, unit_name) in {row.Person.id: (row.Person, row.unit_name) for row in rows}.items():
        items = lists[person_id]
        version = _version(read.get(person_id))
        digest = digest_of(snapshot_of(found.duties, found.register, posts.get(person_id, set()), items))
        members.append(
            Member(
                public_id=person.public_id,
                name=person.name,
                staff_number=person.staff_number,
                state=person.state,
                unit_name=unit_name,
                counts={state: sum(row.state is state for row in items.values()) for state in DutyState},
                acknowledged=version,
                is_waiting=_waits(items.values(), version.digest if version is not None else None, digest),
            )
        )
    return sorted(members, key=lambda member: not member.is_waiting)


# --- what the people of grids lack -------------------------------------------------------------------------


@dataclass(frozen=True)
class Short:
    """A person on a grid and the competencies that have not reached the level their posts ask for."""

    public_id: str
    name: str
    posts: tuple[Post, ...]
    codes: tuple[str, ...]
    may_open: bool
    """Whether the reader may open the person's duty list."""


def short_on(session: Session, identity: Identity, grid_ids: Collection[int], duties: Duties, day: date) -> list[Short]:
    """Return who holds a post on one of the grids on ``day`` and has not all levels it asks for (one query).

    All posts of the person count, as on their own list. First who lacks most, then by name.
    """
    is_held = people.held_on(day)
    members = sa.select(PostHolding.person_id).where(PostHolding.unit_id.in_(grid_ids), *is_held)
    rows = session.execute(
        sa.select(
            Person.id,
            Person.public_id,
            Person.name,
            OrgUnit.path,
            PostHolding.post,
            CompetencyLevel.code,
            CompetencyLevel.level,
        )
        .join(PostHolding, PostHolding.person_id == Person.id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .outerjoin(CompetencyLevel, CompetencyLevel.person_id == Person.id)
        .where(Person.id.in_(members), *is_held)
        .order_by(Person.name_sort, Person.id, PostHolding.id)
    ).all()
    demands = [demand_of(duty) for duty in duties.items.values()]
    levels: dict[int, dict[str, int]] = {}
    posts: dict[int, dict[Post, None]] = {}
    for row in rows:
        posts.setdefault(row.id, {})[row.post] = None
        levels.setdefault(row.id, {})[row.code] = row.level
    found = []
    for row in {row.id: row for row in rows}.values():
        reached = levels[row.id]
        codes = tuple(code for code, level in needed(demands, posts[row.id]).items() if reached.get(code, 0) < level)
        scope = Scope(owner_id=row.id, unit_path=row.path, assigned_id=row.id)
        if codes:
            may_open = can(identity, Permission.DUTY_LIST_SEE, scope)
            found.append(Short(row.public_id, row.name, tuple(posts[row.id]), codes, may_open))
    return sorted(found, key=lambda each: -len(each.codes))


# --- the matrix --------------------------------------------------------------------------------------------


def search(duties: Iterable[Duty], *, words: str, function: str, way: str) -> list[Duty]:
    """Return the items that hold all the words (in either language), of a function, with a way at some level.

    An empty value asks for nothing.
    """
    wanted = words.lower().split()
    found = []
    for duty in duties:
        steps = [step for level in RoleLevel for step in duty.steps.at(level)]
        text = " ".join(
            [
                duty.key,
                duty.name,
                duty.name_en,
                duty.forbids.text,
                duty.forbids.text_en,
                *(step.text for step in steps),
                *(step.text_en for step in steps),
            ]
        ).lower()
        if (
            all(word in text for word in wanted)
            and (not function or duty.function == function)
            and (not way or any(each.value == way for level in RoleLevel for each in duty.authority.at(level)))
        ):
            found.append(duty)
    return found
