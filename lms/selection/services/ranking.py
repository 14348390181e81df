"""The list: freezing every input, computing it by the published rule, and computing it again from what was frozen."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.errors import Conflict, NotFound
from lms.core.ids import new_public_id
from lms.people.rules import StaffState
from lms.selection import queries
from lms.selection.models import SelectionApplication, SelectionRanking, SelectionRound
from lms.selection.rules import (
    CaseAction,
    CaseState,
    RoundAct,
    RoundAction,
    RoundState,
    canonical,
    digest_of,
    list_text,
)
from lms.selection.services import acts


def waiting(cases: Sequence[SelectionApplication]) -> list[SelectionApplication]:
    """Return the cases that must be examined before the list can be made."""
    return [each for each in cases if each.state in {CaseState.SUBMITTED, CaseState.COMPLETE}]


def refuse_listing(found: SelectionRound, cases: Sequence[SelectionApplication]) -> None:
    """Raise Conflict, naming why, when the list of a round with these cases cannot be made."""
    acts.refuse_skipped(found, RoundAct.LIST)
    if left := waiting(cases):
        raise Conflict("selection.round.cases_wait", number=len(left))


def make_list(session: Session, actor: Identity, public_id: str, *, now: datetime) -> SelectionRanking:
    """Make the list of a closed round: freeze the inputs and the rule, put the ready ones on it, tell the others why.

    Only trainees who hold a valid certificate of onboarding are put on it. Everything the list is made from is kept
    as text, so that the same bytes follow from it for ever, whatever changes elsewhere; docs/adr/0016.
    A second click finds the list. Raises Conflict while cases wait for their check or opinions, when nobody is
    ready, and from another state.
    """
    found, role = acts.begin_round(session, actor, Permission.ROUND_MANAGE, public_id)
    made = queries.ranking_of(session, found.id)
    if made is not None and found.state is RoundState.RANKED:
        return made
    cases = queries.cases_of(session, found.id)
    refuse_listing(found, cases)
    today = clock.local_date(now)
    examined = [each for each in cases if each.state is CaseState.EXAMINED]
    certificates = queries.certificates_of(session, [each.person_id for each in examined], today)
    ready = [each for each in examined if each.person_id in certificates and each.person.state is StaffState.TRAINEE]
    if not ready:
        raise Conflict("selection.round.nobody_ready")
    rule = queries.rule_of(session, found.id).rule
    snapshot: dict[str, Any] = {
        "format": 1,
        "round": found.public_id,
        "title": found.title,
        "made_on": today.isoformat(),
        "rule": rule,
        "places": [
            {
                "place": place.public_id,
                "grid": place.unit.name,
                "post": place.post.value,
                "employment": place.employment.value,
                "number": place.number,
            }
            for place in queries.places_of(session, found.id)
        ],
        "applicants": queries.inputs_of(session, ready, certificates, rule["competencies"], rule["courses"]),
    }
    kept = canonical(snapshot)
    text = list_text(json.loads(kept))
    ranking = SelectionRanking(
        public_id=new_public_id(),
        round_id=found.id,
        snapshot=kept,
        snapshot_digest=digest_of(kept),
        list_text=text,
        digest=digest_of(text),
        made_by_id=acts.person_of(actor),
        made_at=now,
    )
    unready = [each for each in examined if each not in ready]
    lacking = queries.lacking(session, [each.person_id for each in unready]) if unready else {}
    session.add(ranking)
    session.flush()
    audit.record(
        session,
        actor,
        role,
        AuditTag.ROUND_LISTED,
        ("selection_ranking", ranking.public_id),
        now=now,
        unit_path=found.unit.path,
        diff={"round": found.public_id, "digest": ranking.digest, "snapshot": ranking.snapshot_digest},
    )
    for case in cases:
        if case in ready:
            action, values = CaseAction.RANK, {}
        elif case.state is CaseState.EXAMINED:
            action, values = CaseAction.LEAVE_OUT, {"missing": lacking[case.person_id]}
        elif case.state is CaseState.INCOMPLETE:
            action, values = CaseAction.LEAVE_OUT, {}
        else:
            continue
        acts.move_case(session, actor, role, case, action, AuditTag.APPLICATION_LISTED, values, now=now)
    acts.move_round(session, actor, role, found, RoundAction.RANK, {}, now=now)
    return ranking


@dataclass(frozen=True)
class Recomputed:
    """A list computed again: its text, and whether it and its inputs are what was published."""

    text: str
    same: bool
    snapshot_intact: bool
    digest: str


def recompute(session: Session, round_public_id: str) -> Recomputed:
    """Compute the list of a round again from its snapshot alone; no other row is read.

    Raises NotFound when the round has no list.
    """
    ranking = queries.ranking_of_public_id(session, round_public_id)
    if ranking is None:
        raise NotFound("selection.ranking.not_found")
    text = list_text(json.loads(ranking.snapshot))
    return Recomputed(
        text,
        same=text == ranking.list_text and digest_of(text) == ranking.digest,
        snapshot_intact=digest_of(ranking.snapshot) == ranking.snapshot_digest,
        digest=digest_of(text),
    )
