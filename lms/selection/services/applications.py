"""报名: applying, entering somebody from outside, the completeness check, withdrawing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lms.access.decide import may_use, require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.errors import Conflict, Invalid, NotFound
from lms.core.ids import new_public_id
from lms.people import queries as people
from lms.people.rules import LONGEST_NAME, Sex, StaffState, clean_name, name_key
from lms.people.services import persons, roster, standing
from lms.selection import queries
from lms.selection.models import DeclaredRelative, SelectionApplication, SelectionPlace, SelectionRound
from lms.selection.rules import (
    APPLYING,
    LONGEST_REASON,
    LONGEST_STATEMENT,
    CaseAct,
    CaseAction,
    CaseState,
    Paper,
    Relation,
    RoundAct,
    RoundState,
    Source,
)
from lms.selection.services import acts, deciding

if TYPE_CHECKING:
    from lms.people.models import Person

MOST_RELATIVES = 10


@dataclass(frozen=True)
class Declared:
    """A relative as declared on an application."""

    name: str
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class Outsider:
    """Somebody who is not entered yet: what stands on the paper application."""

    name: str
    sex: Sex
    birth_month: str
    education: str
    phone: str


def _place(session: Session, found: SelectionRound, public_id: str) -> SelectionPlace:
    for place in queries.places_of(session, found.id):
        if place.public_id == public_id:
            return place
    raise Invalid("selection.place.choose", field="place")


def refuse_applying(found: SelectionRound, today: date) -> None:
    """Raise Conflict, naming why, when nobody can apply in a round today."""
    acts.refuse_skipped(found, RoundAct.APPLY)
    if today > found.last_day:
        raise Conflict("selection.round.last_day_over")


def _submit(
    session: Session,
    actor: Identity,
    role: Role,
    found: SelectionRound,
    place: SelectionPlace,
    person: "Person",
    *,
    source: Source,
    statement: str,
    stated_on: date,
    relatives: Sequence[Declared],
    entered_by: int | None,
    now: datetime,
) -> SelectionApplication:
    """Add the application, its person and round held. A second click finds the first one's."""
    known = queries.live_application(session, found.id, person.id)
    if known is not None:
        return known
    if person.state not in APPLYING:
        raise Conflict("selection.person.not_applying", state=person.state.value)
    statement = acts.paragraph(statement, "statement", LONGEST_STATEMENT)
    application = SelectionApplication(
        public_id=new_public_id(),
        round_id=found.id,
        place_id=place.id,
        person_id=person.id,
        state=CaseState.SUBMITTED,
        source=source,
        statement=statement,
        stated_on=acts.not_ahead(stated_on, "stated_on", now),
        submitted_at=now,
        entered_by_id=entered_by,
        missing=[],
    )
    session.add(application)
    _declare(session, actor, role, person, relatives, found.unit.path, now=now)
    audit.record(
        session,
        actor,
        role,
        AuditTag.APPLICATION_SUBMITTED,
        application,
        now=now,
        unit_path=found.unit.path,
        diff={"person": person.public_id, "place": place.public_id},
    )
    session.flush()
    return application


def _declare(
    session: Session,
    actor: Identity,
    role: Role,
    person: "Person",
    relatives: Iterable[Declared],
    path: str,
    *,
    now: datetime,
) -> None:
    """Add the declared relatives who are not declared yet; what was declared once is not taken back."""
    known = {name_key(each.name) for each in queries.relatives_of(session, person.id)}
    for declared in list(relatives)[:MOST_RELATIVES]:
        name = clean_name(declared.name)
        if not name or name_key(name) in known:
            continue
        if len(name) > LONGEST_NAME:
            raise Invalid("selection.field.long", field="relatives", most=LONGEST_NAME)
        known.add(name_key(name))
        row = DeclaredRelative(
            public_id=new_public_id(),
            person_id=person.id,
            name=name,
            relation=declared.relation,
            relative_id=queries.only_person_named(session, name),
            declared_at=now,
        )
        session.add(row)
        audit.record(session, actor, role, AuditTag.RELATIVE_DECLARED, row, now=now, unit_path=path)


def apply(
    session: Session,
    actor: Identity,
    round_public_id: str,
    place_public_id: str,
    *,
    source: Source,
    statement: str,
    relatives: Sequence[Declared] = (),
    now: datetime,
) -> SelectionApplication:
    """Apply for a place oneself, with the voluntary statement as it was shown. A second click changes nothing.

    Source: the paper, §3.2 自愿原则 (R21). Raises NotFound for a round that is not open to the person, Invalid,
    Conflict when 报名 is over or the person is on duty already.
    """
    role = require(actor, Permission.APPLICATION_MAKE, Scope(owner_id=acts.person_of(actor)), now=clock.real_now())
    person = acts.person_in(session, acts.person_of(actor))
    round_id = queries.id_of_round(session, round_public_id)
    queries.hold_round(session, round_id)
    found = queries.round_with_id(session, round_id)
    office = people.office_of(session, person.unit.path)
    if office is None or not found.unit.path.startswith(office.path) or found.state is RoundState.DRAFT:
        raise NotFound("selection.round.not_found")
    refuse_applying(found, clock.local_date(now))
    return _submit(
        session,
        actor,
        role,
        found,
        _place(session, found, place_public_id),
        person,
        source=source,
        statement=statement,
        stated_on=clock.local_date(now),
        relatives=relatives,
        entered_by=None,
        now=now,
    )


def enter(
    session: Session,
    actor: Identity,
    round_public_id: str,
    place_public_id: str,
    who: Outsider | str,
    *,
    source: Source,
    statement: str,
    stated_on: date,
    relatives: Sequence[Declared] = (),
    now: datetime,
) -> SelectionApplication:
    """Enter the paper application of somebody outside, who becomes a candidate, or of a person by staff number.

    ``stated_on``: the day on the signed statement. Raises NotFound, Invalid, Conflict as ``apply``, and when an
    official enters an application of their own that way.
    """
    if isinstance(who, str):
        known = people.person_by_public_id(
            session, actor, Permission.PERSON_EDIT, queries.public_id_of_number(session, who)
        )
        person: Person | None = acts.person_in(session, known.id)
    else:
        person = None
    found, role = acts.begin_round(session, actor, Permission.APPLICATION_ENTER, round_public_id)
    refuse_applying(found, clock.local_date(now))
    place = _place(session, found, place_public_id)
    if person is None:
        assert isinstance(who, Outsider)
        person = _candidate(session, actor, place, who, now)
    return _submit(
        session,
        actor,
        role,
        found,
        place,
        person,
        source=source,
        statement=statement,
        stated_on=stated_on,
        relatives=relatives,
        entered_by=acts.person_of(actor),
        now=now,
    )


def _candidate(session: Session, actor: Identity, place: SelectionPlace, who: Outsider, now: datetime) -> "Person":
    twin = queries.candidate_like(session, who.name, who.birth_month, place.unit_id) if who.birth_month else None
    if twin is not None:
        return acts.person_in(session, twin)  # a second click on the same form
    data = persons.PersonData(
        staff_number=roster.Numbers(session, "").next(),
        name=who.name,
        sex=who.sex,
        birth_month=who.birth_month,
        education=who.education,
        phone=who.phone,
        joined_on=clock.local_date(now),
    )
    try:
        person = persons.add_person(session, actor, place.unit, data, now=now, state=StaffState.CANDIDATE)
    except IntegrityError as error:  # another official entered somebody under the same number just now
        raise Conflict("selection.person.number_taken") from error
    return people.person_with_id(session, person.id)


def check(
    session: Session, actor: Identity, public_id: str, *, seen: Sequence[Paper], other: str, now: datetime
) -> SelectionApplication:
    """Say whether the papers are complete. ``seen``: what lies there; ``other``: further things missing, in words.

    What stands on the public notice must be known of the person; whatever lacks is named in the case. Complete
    papers make a candidate a trainee. Raises Forbidden for a case of one's own or of a relative, Invalid, Conflict
    once the papers were found complete.
    """
    case, role = acts.begin_case(session, actor, Permission.APPLICATION_CHECK, public_id)
    acts.refuse_barred(session, actor, "check", case)
    acts.refuse_skipped_case(case, CaseAct.CHECK)
    person = case.person
    there = {
        Paper.STATEMENT: Paper.STATEMENT in seen,
        Paper.IDENTITY_SEEN: Paper.IDENTITY_SEEN in seen,
        Paper.BIRTH_MONTH: bool(person.birth_month),
        Paper.EDUCATION: bool(person.education),
        Paper.SEX: person.sex is not Sex.UNKNOWN,
    }
    missing = [{"what": "paper", "key": each.value} for each in Paper if not there[each]]
    if other.strip():
        missing.append({"what": "words", "key": acts.line(other, "other", LONGEST_REASON)})
    action = CaseAction.FIND_INCOMPLETE if missing else CaseAction.FIND_COMPLETE
    acts.move_case(
        session,
        actor,
        role,
        case,
        action,
        AuditTag.APPLICATION_CHECKED,
        {"missing": missing, "checked_by_id": actor.person_id, "checked_at": now},
        now=now,
        shown={"missing": [each["key"] for each in missing if each["what"] == "paper"]},
    )
    if not missing and person.state is StaffState.CANDIDATE:
        standing.admit_person(session, actor, person, now=now)
    return case


def withdraw(session: Session, actor: Identity, public_id: str, *, reason: str = "", now: datetime) -> None:
    """Withdraw an application, until it is filed. By the person, or noted by an official with a reason.

    On the public notice the name is not shown any more. A round of which nobody else waits for the filing is filed. An
    approval lapses: an official notes that as they file, with the password again and not for themselves or a relative
    （回避）. Of what an official notes the person is told. A second click changes nothing.
    Raises Invalid for an official without a reason, Forbidden, ReauthenticationNeeded, Conflict once it is refused or
    filed.
    """
    ids = queries.ids_of_case(session, public_id)
    own = ids.person_id == actor.person_id
    is_official = may_use(actor, Permission.APPLICATION_ENTER)
    permission = Permission.APPLICATION_ENTER if is_official and not own else Permission.APPLICATION_MAKE
    case, role = acts.begin_case(session, actor, permission, public_id)
    if case.state is CaseState.WITHDRAWN:
        return
    acts.refuse_skipped_case(case, CaseAct.WITHDRAW)
    if case.state is CaseState.APPROVED and not own:
        scope = Scope(unit_path=case.round.unit.path, owner_id=case.person_id)
        role = require(actor, Permission.APPLICATION_FILE, scope, now=clock.real_now())
        acts.refuse_barred(session, actor, "file", case)
    reason = reason.strip() if own else acts.reason_of(reason)
    acts.move_case(
        session,
        actor,
        role,
        case,
        CaseAction.WITHDRAW,
        AuditTag.APPLICATION_WITHDRAWN,
        {"withdrawn_at": now},
        now=now,
        reason=reason[:LONGEST_REASON],
    )
    if not own:
        acts.tell_state(session, case, CaseState.WITHDRAWN, now=now)
    deciding.settle(session, actor, role, ids.round_id, now=now)
    deciding.settle_filing(session, actor, role, ids.round_id, now=now)
