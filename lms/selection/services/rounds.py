"""Opening a round: unit, places, rule; closing and cancelling it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.errors import Conflict, Invalid
from lms.core.ids import new_public_id
from lms.people.rules import Employment, Post, UnitKind
from lms.selection import queries
from lms.selection.models import SelectionApplication, SelectionPlace, SelectionRound, SelectionRule
from lms.selection.rules import (
    DEFAULT_WEIGHTS,
    FEWEST_DAYS,
    LONGEST_CHANNEL,
    LONGEST_TITLE,
    MOST_DAYS,
    UNDECIDED,
    CaseAction,
    CaseState,
    Component,
    NoticeState,
    RoundAct,
    RoundAction,
    RoundState,
    Rule,
    canonical,
    digest_of,
    rule_fault,
)
from lms.selection.services import acts

if TYPE_CHECKING:
    from lms.people.models import OrgUnit


def create_round(
    session: Session,
    actor: Identity,
    unit: "OrgUnit",
    *,
    title: str,
    last_day: date,
    notice_days: int,
    channel: str,
    now: datetime,
) -> SelectionRound:
    """Begin a round for a unit as a draft, with the first version of its rule: weights as usual, age and education 0.

    ``last_day``: of 报名. ``channel``: where objections go (telephone, address). Raises Invalid by field, NotFound
    out of reach or while the certificate of onboarding is not in the content.
    """
    role = require(actor, Permission.ROUND_MANAGE, Scope(unit_path=unit.path), now=clock.real_now())
    person_id = acts.person_of(actor)
    title = acts.line(title, "title", LONGEST_TITLE)
    channel = acts.line(channel, "channel", LONGEST_CHANNEL)
    if unit.kind is UnitKind.DISTRICT:
        raise Invalid("selection.round.unit_too_wide", field="unit")
    if last_day < clock.local_date(now):
        raise Invalid("selection.date.past", field="last_day")
    if not FEWEST_DAYS <= notice_days <= MOST_DAYS:
        raise Invalid("selection.notice.days", field="notice_days", fewest=FEWEST_DAYS, most=MOST_DAYS)
    found = SelectionRound(
        public_id=new_public_id(),
        unit_id=unit.id,
        title=title,
        state=RoundState.DRAFT,
        last_day=last_day,
        notice_days=notice_days,
        channel=channel,
        created_by_id=person_id,
        created_at=now,
    )
    session.add(found)
    session.flush()
    audit.record(
        session,
        actor,
        role,
        AuditTag.ROUND_CREATED,
        ("selection_round", found.public_id),
        now=now,
        unit_path=unit.path,
        diff={"title": title, "last_day": last_day, "notice_days": notice_days},
    )
    codes, courses = queries.rule_material(session)
    _add_rule(session, actor, role, found, unit.path, Rule(1, DEFAULT_WEIGHTS, codes, courses), now=now)
    return found


def _add_rule(
    session: Session,
    actor: Identity,
    role: Role,
    found: SelectionRound,
    path: str,
    rule: Rule,
    *,
    now: datetime,
    reason: str = "",
) -> SelectionRule:
    row = SelectionRule(
        public_id=new_public_id(),
        round_id=found.id,
        version=rule.version,
        rule=rule.as_json,
        digest=digest_of(canonical(rule.as_json)),
        reason=reason,
        set_by_id=acts.person_of(actor),
        set_at=now,
    )
    session.add(row)
    audit.record(session, actor, role, AuditTag.ROUND_RULE_SET, row, now=now, unit_path=path, reason=reason)
    session.flush()
    return row


def add_place(
    session: Session,
    actor: Identity,
    public_id: str,
    grid: "OrgUnit",
    post: Post,
    employment: Employment,
    number: int,
    *,
    now: datetime,
) -> SelectionPlace:
    """Add a place to a draft: a post on a grid of the round's unit, and how many.

    Raises Invalid, Conflict once the round is open or when the place is there already (a second click).
    """
    found, role = acts.begin_round(session, actor, Permission.ROUND_MANAGE, public_id)
    acts.refuse_skipped(found, RoundAct.PLACES)
    if grid.kind is not UnitKind.GRID or grid.closed_on is not None or not grid.path.startswith(found.unit.path):
        raise Invalid("selection.place.not_a_grid", field="grid")
    if not 1 <= number <= 99:
        raise Invalid("selection.place.number", field="number")
    if any(
        (each.unit_id, each.post, each.employment) == (grid.id, post, employment)
        for each in queries.places_of(session, found.id)
    ):
        raise Conflict("selection.place.already", field="post")
    place = SelectionPlace(
        public_id=new_public_id(),
        round_id=found.id,
        unit_id=grid.id,
        post=post,
        employment=employment,
        number=number,
    )
    session.add(place)
    audit.record(session, actor, role, AuditTag.ROUND_PLACED, place, now=now, unit_path=found.unit.path)
    session.flush()
    return place


def remove_place(session: Session, actor: Identity, public_id: str, place_public_id: str, *, now: datetime) -> None:
    """Take a place out of a draft; nothing happens when it is gone already. Raises Conflict once the round is open."""
    found, role = acts.begin_round(session, actor, Permission.ROUND_MANAGE, public_id)
    acts.refuse_skipped(found, RoundAct.PLACES)
    for place in queries.places_of(session, found.id):
        if place.public_id == place_public_id:
            audit.record(
                session,
                actor,
                role,
                AuditTag.ROUND_PLACED,
                ("selection_place", place.public_id),
                now=now,
                unit_path=found.unit.path,
                diff={"number": [place.number, 0]},
            )
            session.delete(place)


def refuse_ruling(session: Session, found: SelectionRound) -> None:
    """Raise Conflict, naming why, when a round's rule cannot be changed any more."""
    acts.refuse_skipped(found, RoundAct.RULE)
    if found.state is RoundState.OPEN and queries.has_applications(session, found.id):
        raise Conflict("selection.rule.applications_in")


def set_rule(
    session: Session,
    actor: Identity,
    public_id: str,
    *,
    weights: Mapping[Component, Decimal],
    age_bands: tuple[tuple[int, int], ...],
    education: Mapping[str, int],
    reason: str,
    now: datetime,
) -> SelectionRule:
    """Give a round another version of its rule: published before any result, and visible with its reason.

    In a draft, or while it is open and nobody has applied; afterwards the rule cannot be made to fit anybody.
    Source: the paper's trap of rules after results, R67 and R69. Raises Invalid (field ``reason`` or a weight),
    Conflict later on. The same rule again changes nothing.
    """
    found, role = acts.begin_round(session, actor, Permission.ROUND_MANAGE, public_id)
    refuse_ruling(session, found)
    last = queries.rule_of(session, found.id)
    codes, courses = queries.rule_material(session)
    rule = Rule(last.version + 1, dict(weights), codes, courses, age_bands, dict(education))
    fault = rule_fault(rule)
    if fault is not None:
        raise Invalid(f"selection.rule.{fault.value}", field="competency")
    if {**rule.as_json, "version": last.version} == last.rule:
        return last
    if found.state is RoundState.OPEN:
        reason = acts.reason_of(reason)
    return _add_rule(session, actor, role, found, found.unit.path, rule, now=now, reason=reason)


def refuse_opening(session: Session, found: SelectionRound, today: date) -> None:
    """Raise Conflict, naming why, when a round cannot be opened today."""
    acts.refuse_skipped(found, RoundAct.OPEN)
    if not queries.places_of(session, found.id):
        raise Conflict("selection.round.no_places")
    if found.last_day < today:
        raise Conflict("selection.round.last_day_past")


def open_round(session: Session, actor: Identity, public_id: str, *, now: datetime) -> None:
    """Open a round for applications; from now on its rule and places are published.

    Raises Conflict without a place, when the last day has passed, or when it is not a draft any more.
    """
    found, role = acts.begin_round(session, actor, Permission.ROUND_MANAGE, public_id)
    refuse_opening(session, found, clock.local_date(now))
    acts.move_round(session, actor, role, found, RoundAction.OPEN, {"opened_at": now}, now=now)


def refuse_closing(found: SelectionRound, today: date) -> None:
    """Raise Conflict, naming why, when 报名 of a round cannot be ended today."""
    acts.refuse_skipped(found, RoundAct.CLOSE)
    if today <= found.last_day:
        raise Conflict("selection.round.still_open", last_day=found.last_day.isoformat())


def close_round(session: Session, actor: Identity, public_id: str, *, now: datetime) -> None:
    """End 报名 after its last day, which was promised to everybody. Raises Conflict before, or from another state."""
    found, role = acts.begin_round(session, actor, Permission.ROUND_MANAGE, public_id)
    refuse_closing(found, clock.local_date(now))
    acts.move_round(session, actor, role, found, RoundAction.CLOSE, {"closed_at": now}, now=now)


def refuse_cancelling(found: SelectionRound, cases: Sequence[SelectionApplication]) -> None:
    """Raise Conflict, naming why, when a round with these cases cannot be cancelled."""
    acts.refuse_skipped(found, RoundAct.CANCEL)
    if any(each.state in {CaseState.APPROVED, CaseState.FILED} for each in cases):
        raise Conflict("selection.round.has_approved")


def cancel_round(session: Session, actor: Identity, public_id: str, *, reason: str, now: datetime) -> None:
    """Cancel a round with all its undecided cases; a notice that runs is taken down.

    Raises Invalid without a reason, Conflict when somebody was approved already or the round is at its end.
    """
    found, role = acts.begin_round(session, actor, Permission.ROUND_MANAGE, public_id)
    reason = acts.reason_of(reason)
    cases = queries.cases_of(session, found.id)
    refuse_cancelling(found, cases)
    acts.move_round(
        session, actor, role, found, RoundAction.CANCEL, {"cancelled_reason": reason}, now=now, reason=reason
    )
    for case in cases:
        if case.state in UNDECIDED:
            acts.move_case(
                session, actor, role, case, CaseAction.CANCEL, AuditTag.APPLICATION_DECIDED, {}, now=now, reason=reason
            )
    notice = queries.running_notice(session, found.id)
    if notice is not None:
        notice.state = NoticeState.TAKEN_DOWN
        audit.record(
            session,
            actor,
            role,
            AuditTag.NOTICE_TAKEN_DOWN,
            notice,
            now=now,
            unit_path=found.unit.path,
            reason=reason,
        )
