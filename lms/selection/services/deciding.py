"""审批 and 备案: approving or refusing a case, filing an approved one, and what follows for the round."""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from lms.access.identity import Identity, Role
from lms.access.permissions import Permission
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.errors import Conflict
from lms.courses import services as courses
from lms.people import queries as people
from lms.people.rules import StaffState
from lms.people.services import posts, standing
from lms.selection import queries
from lms.selection.models import SelectionApplication, SelectionRound
from lms.selection.rules import (
    LONGEST_NUMBER,
    CaseAct,
    CaseAction,
    CaseState,
    RoundAct,
    RoundAction,
    RoundState,
)
from lms.selection.services import acts


def _begin(
    session: Session, actor: Identity, public_id: str, now: datetime, *, refusing: bool
) -> tuple[SelectionApplication, Role]:
    ids = queries.ids_of_case(session, public_id)
    notice = queries.running_notice(session, ids.round_id)
    posted_by = notice.posted_by_id if notice is not None else 0
    case, role = acts.begin_case(session, actor, Permission.APPLICATION_APPROVE, public_id, begun_by=posted_by)
    acts.refuse_barred(session, actor, "approve", case)
    acts.refuse_skipped_case(case, CaseAct.REFUSE if refusing else CaseAct.APPROVE)
    lock = queries.case_file(session, case).lock(clock.local_date(now), refusing=refusing)
    if lock is not None:
        raise Conflict(f"selection.lock.{lock.value}")
    return case, role


def approve(session: Session, actor: Identity, public_id: str, *, now: datetime) -> None:
    """Approve a proposed person, with the password given just now, as somebody who took no other part in the case.

    Source: the paper, §3.2 审批 (R24). Raises Forbidden, naming the part that bars; Conflict, naming the lock, while
    the notice runs, an objection is open or was found right, when the case is decided already, and for who left.
    """
    case, role = _begin(session, actor, public_id, now, refusing=False)
    acts.move_case(
        session,
        actor,
        role,
        case,
        CaseAction.APPROVE,
        AuditTag.APPLICATION_DECIDED,
        {"decided_by_id": actor.person_id, "decided_at": now},
        now=now,
    )
    settle(session, actor, role, case.round_id, now=now)


def refuse(session: Session, actor: Identity, public_id: str, *, reason: str, now: datetime) -> None:
    """Refuse a proposed person, with a reason. Raises as ``approve`` does, and Invalid without a reason.

    Need not wait for the end of the notice; the name is not shown on it any more.
    """
    case, role = _begin(session, actor, public_id, now, refusing=True)
    reason = acts.reason_of(reason)
    acts.move_case(
        session,
        actor,
        role,
        case,
        CaseAction.REFUSE,
        AuditTag.APPLICATION_DECIDED,
        {"decided_by_id": actor.person_id, "decided_at": now, "reason": reason},
        now=now,
        reason=reason,
    )
    settle(session, actor, role, case.round_id, now=now)


def settle(
    session: Session, actor: Identity, role: Role, round_id: int, *, finishing: bool = False, now: datetime
) -> None:
    """Let a posted round be decided when nobody is proposed any more; the reserves are then passed over.

    While a place is free and somebody is in reserve, the office chooses first: another notice with the next on the
    list, or ``finishing``. A part of the act that led here; the caller holds the round.
    """
    found = queries.round_with_id(session, round_id)
    if found.state is not RoundState.POSTED:
        return
    cases = queries.cases_of(session, round_id)
    if any(each.state is CaseState.PROPOSED for each in cases):
        return
    reserve = [each for each in cases if each.state is CaseState.RANKED]
    if not finishing and free_places(session, round_id, cases) & {each.place_id for each in reserve}:
        return
    acts.move_round(session, actor, role, found, RoundAction.DECIDE, {}, now=now)
    for case in reserve:
        acts.move_case(session, actor, role, case, CaseAction.PASS_OVER, AuditTag.APPLICATION_LISTED, {}, now=now)
    settle_filing(session, actor, role, round_id, now=now)


def settle_filing(session: Session, actor: Identity, role: Role, round_id: int, *, now: datetime) -> None:
    """Let a decided round be filed when somebody is filed and nobody waits for it any more.

    A part of the act that led here; the caller holds the round.
    """
    found = queries.round_with_id(session, round_id)
    if found.state is not RoundState.DECIDED:
        return
    states = {each.state for each in queries.cases_of(session, round_id)}
    if CaseState.APPROVED not in states and CaseState.FILED in states:
        acts.move_round(session, actor, role, found, RoundAction.FILE, {}, now=now)


def free_places(session: Session, round_id: int, cases: list[SelectionApplication]) -> set[int]:
    """Return the places of a round (internal ids) that are not filled by approved persons."""
    left = {place.id: place.number for place in queries.places_of(session, round_id)}
    for case in cases:
        if case.state in {CaseState.APPROVED, CaseState.FILED}:
            left[case.place_id] -= 1
    return {place_id for place_id, number in left.items() if number > 0}


def refuse_finishing(session: Session, found: SelectionRound) -> None:
    """Raise Conflict, naming why, when the deciding of a round cannot be ended."""
    acts.refuse_skipped(found, RoundAct.FINISH)
    proposed = [each for each in queries.cases_of(session, found.id) if each.state is CaseState.PROPOSED]
    if proposed:
        raise Conflict("selection.round.proposed_wait", number=len(proposed))


def finish(session: Session, actor: Identity, public_id: str, *, now: datetime) -> None:
    """End the deciding of a round without filling the free places from the reserve.

    Raises Conflict while somebody is still proposed, or from another state.
    """
    found, role = acts.begin_round(session, actor, Permission.ROUND_MANAGE, public_id)
    refuse_finishing(session, found)
    settle(session, actor, role, found.id, finishing=True, now=now)


def file(
    session: Session, actor: Identity, public_id: str, *, number: str, filed_on: date, office: str, now: datetime
) -> None:
    """File an approved person: they become active, take the post on the grid, and are enrolled in service.

    ``number``, ``filed_on``, ``office``: of the filing, and who received it. Source: the paper, §3.2 备案 (R25). All in
    one act; a post that the person holds there already is left as it is, unless it is of another employment than was
    selected: then that one ends today and the selected one begins tomorrow. With the last one the round is filed.
    Raises Invalid by field, also for a day before the approval, Forbidden for oneself or a relative, Conflict before
    approval, when filed already, and for who left, or is suspended or seconded.
    """
    case, role = acts.begin_case(session, actor, Permission.APPLICATION_FILE, public_id)
    acts.refuse_barred(session, actor, "file", case)
    acts.refuse_skipped_case(case, CaseAct.FILE)
    if case.person.state is not StaffState.TRAINEE:
        raise Conflict("selection.file.not_trainee")
    number = acts.line(number, "number", LONGEST_NUMBER)
    office = acts.line(office, "office", LONGEST_NUMBER)
    acts.not_ahead(filed_on, "filed_on", now)
    if case.decided_at is not None:
        acts.not_before(filed_on, clock.local_date(case.decided_at), "filed_on")
    person, place, round_id = case.person, case.place, case.round_id
    today = clock.local_date(now)
    held = next(
        (
            each
            for each in people.posts_of(session, person.id, today)
            if each.unit_id == place.unit_id and each.post is place.post
        ),
        None,
    )
    # First: it may wait for the community's row, which comes before the trail.
    if held is not None and held.employment is not place.employment:
        # What was held so far, as a newcomer's part-time post, ends; what was selected begins the day after.
        posts.end_post(session, actor, held, today, now=now)
        begins = today + timedelta(days=1)
        posts.hold_post(session, actor, person, place.unit, place.post, place.employment, starts_on=begins, now=now)
    elif held is None:
        posts.hold_post(session, actor, person, place.unit, place.post, place.employment, starts_on=today, now=now)
    standing.file_person(session, actor, person, now=now)
    acts.move_case(
        session,
        actor,
        role,
        case,
        CaseAction.FILE,
        AuditTag.APPLICATION_FILED,
        {
            "filed_by_id": actor.person_id,
            "filed_on": filed_on,
            "filing_number": number,
            "filing_office": office,
        },
        now=now,
        shown={"filing_number": number, "filed_on": filed_on},
    )
    courses.enrol_programme(session, actor, person.id, queries.IN_SERVICE, now=now)
    settle_filing(session, actor, role, round_id, now=now)
