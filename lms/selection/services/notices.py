"""公示: posting a notice, extending it, editing it (which begins it anew); objections and their answers."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Channel as Way
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.errors import Conflict, Invalid, NotFound
from lms.core.ids import new_public_id
from lms.people import queries as people
from lms.selection import queries
from lms.selection.models import Objection, PublicNotice, SelectionApplication, SelectionRound
from lms.selection.rules import (
    LONGEST_CHANNEL,
    LONGEST_CONTACT,
    LONGEST_TEXT,
    MOST_DAYS,
    Calendar,
    CaseAction,
    CaseState,
    Channel,
    Day,
    NoticeState,
    RoundAct,
    RoundAction,
    RoundState,
    YearMissing,
    chosen,
    counted_days,
    is_over,
    listed,
)
from lms.selection.services import acts

ANYBODY = Identity(person_id=None, public_id="anybody", channel=Way.WEB)
"""Whoever reads a public notice and objects, without an account."""


def count(posted_on: date, working_days: int, calendar: Calendar) -> list[Day]:
    """Return the days of a notice. Raises Conflict, naming the year, when its holidays are not entered."""
    try:
        return counted_days(posted_on, working_days, calendar)
    except YearMissing as missing:
        raise Conflict("selection.year.missing", year=missing.year) from missing


def _kept(days: list[Day]) -> list[dict[str, object]]:
    return [{"on": day.on.isoformat(), "kind": day.kind.value, "name": day.name, "number": day.number} for day in days]


def to_propose(session: Session, round_id: int, cases: list[SelectionApplication]) -> list[SelectionApplication]:
    """Return whom the list proposes now, in its order: who withdrew or was refused is passed over, the next follows.

    Places that are filled already count. Nobody chooses by hand.
    """
    ranking = queries.ranking_of(session, round_id)
    if ranking is None:
        return []
    by_id = {each.public_id: each for each in cases}
    left = {place.public_id: place.number for place in queries.places_of(session, round_id)}
    for case in cases:
        if case.state in {CaseState.APPROVED, CaseState.FILED}:
            left[case.place.public_id] -= 1
    gone = {each.public_id for each in cases if each.state not in {CaseState.RANKED, CaseState.PROPOSED}}
    return [by_id[line.application] for line in chosen(listed(json.loads(ranking.snapshot)), left, gone)]


def _public_line(case: SelectionApplication) -> dict[str, str]:
    """Return what is public of a person, by the names of ``PUBLIC_FIELDS``, and the case it belongs to."""
    return {
        "application": case.public_id,
        "name": case.person.name,
        "sex": case.person.sex.value,
        "birth_month": case.person.birth_month,
        "education": case.person.education,
        "source": case.source.value,
        "grid": case.place.unit.name,
        "post": case.place.post.value,
    }


def _put_up(
    session: Session,
    actor: Identity,
    role: Role,
    found: SelectionRound,
    *,
    edition: int,
    working_days: int,
    channel: str,
    reason: str,
    now: datetime,
) -> PublicNotice:
    """Add a notice that begins today, and propose those on it who are not proposed yet."""
    cases = queries.cases_of(session, found.id)
    proposed = to_propose(session, found.id, cases)
    if not proposed:
        raise Conflict("selection.notice.nobody")
    today = clock.local_date(now)
    days = count(today, working_days, queries.calendar(session))
    notice = PublicNotice(
        public_id=new_public_id(),
        round_id=found.id,
        edition=edition,
        state=NoticeState.RUNNING,
        posted_on=today,
        working_days=working_days,
        ends_on=days[-1].on,
        days=_kept(days),
        channel=channel,
        lines=[_public_line(each) for each in proposed],
        extensions=[],
        reason=reason,
        posted_by_id=acts.person_of(actor),
        posted_at=now,
    )
    session.add(notice)
    audit.record(
        session, actor, role, AuditTag.NOTICE_POSTED, notice, now=now, unit_path=found.unit.path, reason=reason
    )
    session.flush()
    for case in proposed:
        if case.state is CaseState.RANKED:
            acts.move_case(session, actor, role, case, CaseAction.PROPOSE, AuditTag.APPLICATION_LISTED, {}, now=now)
    return notice


def post(session: Session, actor: Identity, public_id: str, *, now: datetime) -> PublicNotice:
    """Post the notice of a round with those whom the list proposes; it begins today and today does not count.

    Source: the paper, §3.2 公示 (R23). A second click finds the notice. Raises Conflict before the list is made, and,
    naming the year, when the holidays of a year it runs into are not entered.
    """
    found, role = acts.begin_round(session, actor, Permission.NOTICE_POST, public_id)
    running = queries.running_notice(session, found.id)
    if running is not None and found.state is RoundState.POSTED:
        return running
    acts.refuse_skipped(found, RoundAct.POST)
    notice = _put_up(
        session,
        actor,
        role,
        found,
        edition=1,
        working_days=found.notice_days,
        channel=found.channel,
        reason="",
        now=now,
    )
    acts.move_round(session, actor, role, found, RoundAction.POST, {}, now=now)
    return notice


def _running(session: Session, found: SelectionRound, act: RoundAct) -> PublicNotice:
    acts.refuse_skipped(found, act)
    notice = queries.running_notice(session, found.id)
    if notice is None:
        raise Conflict("selection.notice.not_running")
    return notice


def refuse_extending(session: Session, found: SelectionRound, today: date) -> PublicNotice:
    """Return the notice that can be extended today. Raises Conflict, naming why, when there is none."""
    notice = _running(session, found, RoundAct.EXTEND)
    if is_over(notice.ends_on, today):
        raise Conflict("selection.notice.over")
    return notice


def refuse_editing(session: Session, found: SelectionRound) -> PublicNotice:
    """Return the notice that can be replaced by another. Raises Conflict, naming why, when there is none."""
    notice = _running(session, found, RoundAct.EDIT)
    if any(each.answered_at is None for each in queries.objections_of(session, found.id)):
        raise Conflict("selection.lock.objection_open")
    return notice


def extend(
    session: Session, actor: Identity, public_id: str, *, working_days: int, reason: str, now: datetime
) -> PublicNotice:
    """Give a notice that runs more working days, ``working_days`` in all. Never fewer: shortening is refused.

    Raises Invalid (field ``working_days`` or ``reason``), Conflict when it is over, or a year is not entered.
    """
    found, role = acts.begin_round(session, actor, Permission.NOTICE_POST, public_id)
    notice = refuse_extending(session, found, clock.local_date(now))
    reason = acts.reason_of(reason)
    if working_days <= notice.working_days:
        raise Invalid("selection.notice.not_shorter", field="working_days", now=notice.working_days)
    if working_days > MOST_DAYS:
        raise Invalid("selection.notice.days", field="working_days", fewest=notice.working_days + 1, most=MOST_DAYS)
    days = count(notice.posted_on, working_days, queries.calendar(session))
    notice.extensions = [
        *notice.extensions,
        {"on": clock.local_date(now).isoformat(), "from": notice.working_days, "to": working_days, "reason": reason},
    ]
    notice.working_days, notice.ends_on, notice.days = working_days, days[-1].on, _kept(days)
    audit.record(
        session, actor, role, AuditTag.NOTICE_EXTENDED, notice, now=now, unit_path=found.unit.path, reason=reason
    )
    session.flush()
    return notice


def edit(
    session: Session, actor: Identity, public_id: str, *, channel: str, reason: str, now: datetime
) -> PublicNotice:
    """Put another notice in the place of the one that runs: corrected data, another channel, the next on the list.

    Whatever the edit, the days begin anew; the old notice is kept for the office. Raises Invalid without a reason,
    Conflict while an objection is open, or when there is no notice or nobody left to propose.
    """
    found, role = acts.begin_round(session, actor, Permission.NOTICE_POST, public_id)
    old = refuse_editing(session, found)
    reason = acts.reason_of(reason)
    channel = acts.line(channel, "channel", LONGEST_CHANNEL)
    old.state = NoticeState.REPLACED
    session.flush()
    audit.record(
        session,
        actor,
        role,
        AuditTag.NOTICE_TAKEN_DOWN,
        ("public_notice", old.public_id),
        now=now,
        unit_path=found.unit.path,
        reason=reason,
        diff={"state": [NoticeState.RUNNING.value, NoticeState.REPLACED.value]},
    )
    return _put_up(
        session,
        actor,
        role,
        found,
        edition=old.edition + 1,
        working_days=max(found.notice_days, old.working_days),
        channel=channel,
        reason=reason,
        now=now,
    )


# --- objections -------------------------------------------------------------------------------------------


def object_to(session: Session, notice_public_id: str, *, text: str, contact: str, now: datetime) -> Objection:
    """Take an objection from the public page and give it its number. Asks no permission: everybody may object.

    Raises NotFound without such a notice, Invalid by field, Conflict when the notice is over.
    """
    notice = queries.notice_to_object(session, notice_public_id)
    if notice is None:
        raise NotFound("selection.notice.not_found")
    queries.hold_round(session, notice.round_id)
    notice = queries.notice_to_object(session, notice_public_id)
    if notice is None or notice.state is not NoticeState.RUNNING or is_over(notice.ends_on, clock.local_date(now)):
        raise Conflict("selection.notice.over")
    found = queries.round_with_id(session, notice.round_id)
    return _receive(
        session,
        ANYBODY,
        Role.SYSTEM,
        found,
        notice,
        None,
        channel=Channel.PAGE,
        text=text,
        contact=contact,
        received_at=now,
        now=now,
    )


def enter_objection(
    session: Session,
    actor: Identity,
    public_id: str,
    *,
    case_public_id: str,
    channel: Channel,
    text: str,
    contact: str,
    now: datetime,
) -> Objection:
    """Enter an objection that came by telephone, letter or visit; also after the last day, while nothing is decided.

    ``case_public_id``: the case it concerns, empty for the notice as a whole. Raises Invalid, NotFound, Conflict.
    """
    found, role = acts.begin_round(session, actor, Permission.OBJECTION_ANSWER, public_id)
    notice = _running(session, found, RoundAct.OBJECT)
    case = None
    if case_public_id:
        case = next((each for each in queries.cases_of(session, found.id) if each.public_id == case_public_id), None)
        if case is None:
            raise NotFound("selection.case.not_found")
    return _receive(
        session,
        actor,
        role,
        found,
        notice,
        case,
        channel=channel,
        text=text,
        contact=contact,
        received_at=now,
        now=now,
    )


def _receive(
    session: Session,
    actor: Identity,
    role: Role,
    found: SelectionRound,
    notice: PublicNotice,
    case: SelectionApplication | None,
    *,
    channel: Channel,
    text: str,
    contact: str,
    received_at: datetime,
    now: datetime,
) -> Objection:
    contact = contact.strip()
    if len(contact) > LONGEST_CONTACT:
        raise Invalid("selection.field.long", field="contact", most=LONGEST_CONTACT)
    text = acts.paragraph(text, "text", LONGEST_TEXT)
    for known in queries.objections_of(session, found.id):
        same = (known.notice_id, known.channel, known.text, known.contact) == (notice.id, channel, text, contact)
        if same and known.answered_at is None:
            return known  # a second click on the same form
    objection = Objection(
        public_id=new_public_id(),
        round_id=found.id,
        notice_id=notice.id,
        application_id=case.id if case is not None else None,
        number=queries.next_objection_number(session, found.id),
        channel=channel,
        text=text,
        contact=contact,
        received_at=received_at,
        entered_by_id=actor.person_id,
    )
    session.add(objection)
    audit.record(session, actor, role, AuditTag.OBJECTION_RECEIVED, objection, now=now, unit_path=found.unit.path)
    session.flush()
    return objection


def _barring(
    session: Session, actor: Identity, objection: Objection, cases: Sequence[SelectionApplication]
) -> list[SelectionApplication]:
    """Return the cases that may bar somebody from an answer: the one it concerns, or of those on the notice kin's.

    An objection to the whole notice concerns everybody on it.
    """
    if objection.application_id is not None:
        return [each for each in cases if each.id == objection.application_id]
    on_notice = [each for each in cases if each.state is CaseState.PROPOSED]
    name = people.names_of_persons(session, {actor.person_id}).get(actor.person_id or 0, "")
    kin = queries.kin_on_notice(session, acts.person_of(actor), name, on_notice)
    return [each for each in on_notice if each.id in kin]


def answer(
    session: Session,
    actor: Identity,
    public_id: str,
    *,
    is_upheld: bool,
    text: str,
    case_public_id: str = "",
    now: datetime,
) -> Objection:
    """Answer an objection with the reason; ``is_upheld``: whether it is right. ``case_public_id``: whom it concerns.

    What is found right keeps its case, or the whole notice, from being approved until there is another notice.
    Raises Forbidden for a case of one's own or a relative's, Invalid without a text, Conflict when it is answered.
    """
    objection_id, round_id = queries.ids_of_objection(session, public_id)
    queries.hold_round(session, round_id)
    found = queries.round_with_id(session, round_id)
    role = require(actor, Permission.OBJECTION_ANSWER, Scope(unit_path=found.unit.path), now=clock.real_now())
    objection = queries.objection_with_id(session, objection_id)
    if objection.answered_at is not None:
        raise Conflict("selection.objection.answered")
    cases = queries.cases_of(session, round_id)
    concerned = next((each for each in cases if each.public_id == case_public_id), None)
    if case_public_id and concerned is None:
        raise NotFound("selection.case.not_found")
    if concerned is not None and objection.application_id is None:
        objection.application_id = concerned.id
    for case in _barring(session, actor, objection, cases):
        acts.refuse_barred(session, actor, "answer", case)
    objection.is_upheld, objection.answer = is_upheld, acts.paragraph(text, "answer", LONGEST_TEXT)
    objection.answered_by_id, objection.answered_at = acts.person_of(actor), now
    audit.record(session, actor, role, AuditTag.OBJECTION_ANSWERED, objection, now=now, unit_path=found.unit.path)
    session.flush()
    return objection
