"""考察: the opinions of the two committees, each entered by another person."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.core.ids import new_public_id
from lms.people.rules import name_key
from lms.selection import queries
from lms.selection.models import SelectionApplication, SelectionOpinion
from lms.selection.rules import LONGEST_TEXT, LONGEST_TITLE, Body, CaseAct, opinions_say
from lms.selection.services import acts


def _within(case: SelectionApplication, dated: date, now: datetime) -> date:
    """Return the day on an opinion's paper: from the opening of the round to today. Raises Invalid."""
    acts.not_ahead(dated, "dated", now)
    opened = case.round.opened_at
    return acts.not_before(dated, clock.local_date(opened), "dated") if opened is not None else dated


def give_opinion(
    session: Session,
    actor: Identity,
    public_id: str,
    body: Body,
    *,
    is_agreed: bool,
    text: str,
    signer: str,
    dated: date,
    now: datetime,
) -> SelectionOpinion:
    """Enter the opinion of one committee; with the second one the case goes on or ends there.

    Two persons enter them and two persons sign them, although one may head both committees. One opinion alone opens
    nothing. Source: the paper, §3.2 (R22). The same opinion by the same person again changes nothing (second click).
    Raises Forbidden for one's own case, a relative's, one's mentee's, or the second opinion by the same person;
    Invalid by field; Conflict before the papers are complete or when the other was faster.
    """
    case, role = acts.begin_case(session, actor, Permission.OPINION_GIVE, public_id)
    acts.refuse_barred(session, actor, "examine", case)
    given = queries.opinions_of(session, [case.id])[case.id]
    for each in given:
        if each.body is body and each.given_by_id == actor.person_id:
            return each
        if each.given_by_id == actor.person_id:
            raise Forbidden("selection.opinion.same_person")
        if each.body is body:
            raise Conflict("selection.opinion.given")
    acts.refuse_skipped_case(case, CaseAct.EXAMINE)
    signer = acts.line(signer, "signer", LONGEST_TITLE)
    if any(name_key(each.signer) == name_key(signer) for each in given):
        raise Invalid("selection.opinion.same_signer", field="signer")
    opinion = SelectionOpinion(
        public_id=new_public_id(),
        application_id=case.id,
        body=body,
        is_agreed=is_agreed,
        text=acts.paragraph(text, "text", LONGEST_TEXT),
        signer=signer,
        dated=_within(case, dated, now),
        given_by_id=acts.person_of(actor),
        given_at=now,
    )
    session.add(opinion)
    path = case.round.unit.path
    audit.record(session, actor, role, AuditTag.OPINION_GIVEN, opinion, now=now, unit_path=path)
    session.flush()
    action = opinions_say({each.body: each.is_agreed for each in [*given, opinion]})
    if action is not None:
        acts.move_case(session, actor, role, case, action, AuditTag.OPINION_GIVEN, {}, now=now)
    return opinion
