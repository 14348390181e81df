"""Reading the framework, evidence, levels and recognitions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from lms.access.filters import visible
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.audit.models import AuditHead
from lms.competency.content import FRAMEWORK, KEY, Framework
from lms.competency.models import CompetencyEvidence, CompetencyLevel, LevelChange, Recognition
from lms.competency.rules import Evidence, Recognised, RecognitionState, Verdict, restored, score_and_level
from lms.content import queries as contents
from lms.core import clock
from lms.core.errors import NotFound
from lms.core.paging import Page, page_of
from lms.people import queries as people
from lms.people.models import OrgUnit, Person

# --- the framework ----------------------------------------------------------------------------------------


def framework(session: Session) -> Framework:
    """Return the current framework (one query; a second the first time a process sees the revision).

    Raises NotFound when the content files were never taken in.
    """
    found: Framework = contents.held(session, FRAMEWORK, KEY).thing
    return found


# --- evidence and what the rule says of it ----------------------------------------------------------------


def hold_trail(session: Session) -> None:
    """Wait until no other act can add evidence or levels, and keep it so to the end of the transaction.

    Every act ends in the audit trail, whose end is one locked row. Taking it before evidence is read makes two
    acts on one person come one after the other; taking it first keeps them from waiting for each other.
    """
    session.execute(sa.select(AuditHead.id).where(AuditHead.id == 1).with_for_update())


def evidence_by_code(
    session: Session, person_id: int, codes: Collection[str] | None = None
) -> dict[str, list[Evidence]]:
    """Return a person's evidence as the rule takes it, by code; of all codes when none are given."""
    statement = sa.select(CompetencyEvidence).where(CompetencyEvidence.person_id == person_id)
    if codes is not None:
        statement = statement.where(CompetencyEvidence.code.in_(codes))
    found: dict[str, list[Evidence]] = {}
    for row in session.scalars(statement):
        found.setdefault(row.code, []).append(as_evidence(row))
    return found


def as_evidence(row: CompetencyEvidence) -> Evidence:
    """Return a row as the rule takes it."""
    return Evidence(
        public_id=row.public_id,
        kind=row.kind,
        happened_at=row.happened_at,
        happened_on=clock.local_date(row.happened_at),
        asked=row.asked,
        shown=row.shown,
        is_passed=row.is_passed,
        is_confirmed=row.is_confirmed,
        is_critical_missed=row.is_critical_missed,
        is_critical_right=row.is_critical_right,
    )


def recognised_by_code(session: Session, person_id: int) -> dict[str, Recognised]:
    """Return a person's confirmed recognitions that were not ended, by code. The rule looks at their dates."""
    rows = session.scalars(
        sa.select(Recognition).where(Recognition.person_id == person_id, Recognition.state == RecognitionState.IN_FORCE)
    )
    return {row.code: Recognised(public_id=row.public_id, level=row.level, valid_until=row.valid_until) for row in rows}


def verdicts(
    session: Session, frame: Framework, person_id: int, today: date, codes: Collection[str] | None = None
) -> dict[str, Verdict]:
    """Return what the rule says on ``today`` from evidence and recognitions, by code (two queries).

    Without ``codes``: for every code of which there is evidence or a recognition.
    """
    evidence = evidence_by_code(session, person_id, codes)
    recognised = recognised_by_code(session, person_id)
    wanted = evidence.keys() | recognised.keys() if codes is None else codes
    return {
        code: score_and_level(
            evidence.get(code, []),
            recognised.get(code),
            today=today,
            weights=frame.weights,
            valid_months=frame.valid_months,
        )
        for code in sorted(wanted)
    }


def kept_rows(session: Session, person_id: int) -> dict[str, CompetencyLevel]:
    """Return a person's kept levels by code."""
    rows = session.scalars(sa.select(CompetencyLevel).where(CompetencyLevel.person_id == person_id))
    return {row.code: row for row in rows}


def codes_of_source(session: Session, source_type: str, source_id: str) -> set[str]:
    """Return the codes on which a source has given evidence already."""
    statement = sa.select(CompetencyEvidence.code).where(
        CompetencyEvidence.source_type == source_type, CompetencyEvidence.source_id == source_id
    )
    return set(session.scalars(statement))


def persons_with_something(session: Session) -> list[int]:
    """Return the ids of all persons of whom there is evidence, a kept level or a recognition, in order."""
    each = [
        sa.select(table.person_id.label("person_id")) for table in (CompetencyEvidence, CompetencyLevel, Recognition)
    ]
    union = sa.union(*each).subquery()
    return list(session.scalars(sa.select(union.c.person_id).order_by(union.c.person_id)))


def _holds_until() -> sa.ColumnElement[str]:
    found: sa.ColumnElement[str] = CompetencyLevel.parts["holds_until"].as_string()
    return found  # dates written like this sort as dates


def _due_levels(today: date) -> sa.ColumnElement[bool]:
    return _holds_until() < today.isoformat()


def _due_recognitions(today: date) -> sa.ColumnElement[bool]:
    return sa.and_(Recognition.state == RecognitionState.IN_FORCE, Recognition.valid_until < today)


def persons_due(session: Session, today: date, limit: int) -> list[int]:
    """Return persons whose kept levels no longer hold on ``today`` or whose recognition has run out, in order."""
    union = sa.union(
        sa.select(CompetencyLevel.person_id.label("person_id")).where(_due_levels(today)),
        sa.select(Recognition.person_id.label("person_id")).where(_due_recognitions(today)),
    ).subquery()
    return list(session.scalars(sa.select(union.c.person_id).order_by(union.c.person_id).limit(limit)))


def next_due(session: Session, person_id: int) -> date | None:
    """Return the first day on which time changes something of a person's kept levels and recognitions.

    The day after the last one on which a kept level holds or a recognition in force counts; it may lie in the past.
    None when time changes nothing (one query).
    """
    holds = sa.select(sa.func.min(_holds_until())).where(CompetencyLevel.person_id == person_id)
    counts = sa.select(sa.func.min(Recognition.valid_until)).where(
        Recognition.person_id == person_id, Recognition.state == RecognitionState.IN_FORCE
    )
    holds_until, valid_until = session.execute(sa.select(holds.scalar_subquery(), counts.scalar_subquery())).one()
    lasts = [] if holds_until is None else [date.fromisoformat(holds_until)]
    lasts += [] if valid_until is None else [valid_until]
    return min(lasts) + timedelta(days=1) if lasts else None


def codes_due(session: Session, person_id: int, today: date) -> set[str]:
    """Return the codes of a person whose kept level no longer holds on ``today``."""
    statement = sa.select(CompetencyLevel.code).where(CompetencyLevel.person_id == person_id, _due_levels(today))
    return set(session.scalars(statement))


def recognitions_due(session: Session, person_id: int, today: date) -> list[Recognition]:
    """Return a person's recognitions that have run out but stand as in force."""
    statement = sa.select(Recognition).where(Recognition.person_id == person_id, _due_recognitions(today))
    return list(session.scalars(statement))


# --- for pages --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LevelView:
    """A person's level in one competency as pages and other packages read it."""

    code: str
    verdict: Verdict
    evidence_count: int
    changed_at: datetime | None

    @property
    def level(self) -> int:
        """The level that counts, 0 to 4."""
        return self.verdict.level

    @property
    def is_lapsed(self) -> bool:
        """Whether a higher level was held and its evidence has grown too old （待复训）."""
        return self.verdict.lapsed > 0


def nothing(frame: Framework, today: date) -> Verdict:
    """Return the verdict on somebody of whom nothing is known."""
    return score_and_level([], None, today=today, weights=frame.weights, valid_months=frame.valid_months)


def columns_of(row: CompetencyLevel) -> dict[str, Any]:
    """Return the columns of a kept level that the rule decides."""
    return {
        name: getattr(row, name) for name in ("score", "level", "is_insufficient", "is_capped", "parts", "valid_until")
    }


def levels_of(session: Session, identity: Identity, person_id: int) -> dict[str, LevelView]:
    """Return a person's level in every competency of the framework, in its order (five queries).

    Raises NotFound when the person is out of reach of LEVEL_SEE, NotFound without a framework.
    """
    reachable = session.scalar(
        sa.select(Person.id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(Person.id == person_id, people.reachable_persons(identity, Permission.LEVEL_SEE))
    )
    if reachable is None:
        raise NotFound("people.person.not_found")
    return levels_of_person(session, framework(session), person_id)


def levels_of_person(session: Session, frame: Framework, person_id: int) -> dict[str, LevelView]:
    """Return the levels of a person known to be within reach, in the order of the framework (two queries)."""
    counted = session.execute(
        sa.select(CompetencyEvidence.code, sa.func.count())
        .where(CompetencyEvidence.person_id == person_id)
        .group_by(CompetencyEvidence.code)
    )
    counts: dict[str, int] = {code: number for code, number in counted}  # noqa: C416 - keeps the types
    rows = kept_rows(session, person_id)
    empty = nothing(frame, clock.today())
    return {
        code: LevelView(
            code,
            restored(columns_of(rows[code])) if code in rows else empty,
            counts.get(code, 0),
            rows[code].changed_at if code in rows else None,
        )
        for code in frame.by_code
    }


def evidence_of(session: Session, person_id: int, code: str) -> Sequence[CompetencyEvidence]:
    """Return all evidence of a person in one competency, latest first. The caller has checked the reach."""
    return session.scalars(
        sa.select(CompetencyEvidence)
        .where(CompetencyEvidence.person_id == person_id, CompetencyEvidence.code == code)
        .order_by(CompetencyEvidence.happened_at.desc(), CompetencyEvidence.id.desc())
    ).all()


def changes_of(session: Session, person_id: int, code: str) -> Sequence[LevelChange]:
    """Return how a person's level in one competency went up and down, latest first."""
    return session.scalars(
        sa.select(LevelChange)
        .where(LevelChange.person_id == person_id, LevelChange.code == code)
        .order_by(LevelChange.id.desc())
    ).all()


@dataclass(frozen=True)
class RecognitionView:
    """A recognition with the names of those it concerns, cut off from the database."""

    public_id: str
    code: str
    level: int
    state: RecognitionState
    basis: str
    basis_on: date
    valid_until: date
    person_id: int
    person_public_id: str
    person_name: str
    unit_name: str
    unit_path: str
    proposed_by_id: int
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None


def _recognitions(
    *conditions: sa.ColumnElement[bool],
) -> sa.Select[Recognition, str, str, str, str, str, str]:
    proposer, decider = aliased(Person), aliased(Person)
    return (
        sa.select(
            Recognition,
            Person.public_id.label("person_public_id"),
            Person.name.label("person_name"),
            OrgUnit.name.label("unit_name"),
            OrgUnit.path.label("unit_path"),
            proposer.name.label("proposed_by"),
            decider.name.label("decided_by"),
        )
        .join(Person, Person.id == Recognition.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .join(proposer, proposer.id == Recognition.proposed_by_id)
        .outerjoin(decider, decider.id == Recognition.decided_by_id)
        .where(*conditions)
        .order_by(Recognition.id.desc())
    )


def _as_view(row: Any) -> RecognitionView:
    recognition: Recognition = row.Recognition
    return RecognitionView(
        public_id=recognition.public_id,
        code=recognition.code,
        level=recognition.level,
        state=recognition.state,
        basis=recognition.basis,
        basis_on=recognition.basis_on,
        valid_until=recognition.valid_until,
        person_id=recognition.person_id,
        person_public_id=row.person_public_id,
        person_name=row.person_name,
        unit_name=row.unit_name,
        unit_path=row.unit_path,
        proposed_by_id=recognition.proposed_by_id,
        proposed_by=row.proposed_by,
        proposed_at=recognition.proposed_at,
        decided_by=row.decided_by or "",
        decided_at=recognition.decided_at,
    )


def recognitions_of(session: Session, person_id: int, code: str) -> list[RecognitionView]:
    """Return all recognitions of a person in one competency, latest first."""
    statement = _recognitions(Recognition.person_id == person_id, Recognition.code == code)
    return [_as_view(row) for row in session.execute(statement)]


def live_of(session: Session, person_id: int) -> dict[str, Recognition]:
    """Return the recognitions of a person that are proposed or in force, by competency: one of each at most."""
    live = (RecognitionState.PROPOSED, RecognitionState.IN_FORCE)
    statement = sa.select(Recognition).where(Recognition.person_id == person_id, Recognition.state.in_(live))
    return {each.code: each for each in session.scalars(statement)}


def live_recognitions(
    session: Session, identity: Identity, state: RecognitionState, number: int = 1
) -> Page[RecognitionView]:
    """Return one page of the recognitions in a state within reach of RECOGNITION_CONFIRM, latest first."""
    reach = people.reachable_persons(identity, Permission.RECOGNITION_CONFIRM)
    statement: Any = _recognitions(Recognition.state == state, reach)
    page = page_of(session, statement, number)
    return replace(page, rows=[_as_view(row) for row in page.rows])


def recognition_views(session: Session, identity: Identity, public_ids: Collection[str]) -> list[RecognitionView]:
    """Return some recognitions within reach of RECOGNITION_CONFIRM, in the order they were proposed.

    Raises NotFound when none of them is within reach.
    """
    reach = people.reachable_persons(identity, Permission.RECOGNITION_CONFIRM)
    found = session.execute(_recognitions(Recognition.public_id.in_(public_ids), reach)).all()
    if not found:
        raise NotFound("competency.recognition.not_found")
    return [_as_view(row) for row in reversed(found)]


def recognition_view(session: Session, identity: Identity, permission: Permission, public_id: str) -> RecognitionView:
    """Return a recognition within reach of the permission, for a page. Raises NotFound."""
    reach = people.reachable_persons(identity, permission)
    row = session.execute(_recognitions(Recognition.public_id == public_id, reach)).one_or_none()
    if row is None:
        raise NotFound("competency.recognition.not_found")
    return _as_view(row)


def recognition_by_public_id(
    session: Session, identity: Identity, permission: Permission, public_id: str
) -> Recognition:
    """Return a recognition within reach of the permission, to be changed. Raises NotFound."""
    recognition = session.scalar(
        sa.select(Recognition)
        .join(Person, Person.id == Recognition.person_id)
        .join(OrgUnit, OrgUnit.id == Person.unit_id)
        .where(
            Recognition.public_id == public_id,
            visible(identity, permission, owner=Person.id, unit_path=OrgUnit.path, assigned=Person.id),
        )
    )
    if recognition is None:
        raise NotFound("competency.recognition.not_found")
    return recognition
