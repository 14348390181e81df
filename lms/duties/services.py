"""Keeping duty lists equal to the rule, and acknowledging them.

A kept list is the rule's verdict on some day, with the next day on which time alone may change it. Whatever else
decides about it (a level, a certificate, a post, the person's state) reaches ``refresh`` as an event, in the
transaction of the act; what time changes, and a new catalogue, reaches it by the sweep in ``tasks``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import SYSTEM, Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.certification.events import CertificateEnded, CertificateIssued
from lms.competency import queries as competency
from lms.competency import services as levels
from lms.competency.events import LevelsChanged
from lms.content.queries import Held
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict
from lms.core.ids import new_public_id
from lms.duties import queries
from lms.duties.models import DutyAcknowledgement, DutyChange, DutyList, DutyStanding
from lms.duties.rules import CERTIFICATE_NEEDED, MAY_ACT, DutyState, Verdict, begins_grace, next_day, verdicts
from lms.messages.rules import MessageKind
from lms.messages.services import tell
from lms.people import queries as people
from lms.people.events import PersonMoved, PostsChanged

if TYPE_CHECKING:
    from lms.people.models import Person


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What made an item stand otherwise: the type and public id (or date) of a thing."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


# --- keeping lists -----------------------------------------------------------------------------------------


def refresh(
    session: Session, actor: Identity, person_id: int, *, now: datetime, cause: Cause, role: Role | None = None
) -> list[str]:
    """Bring a person's list up to the rule's verdict on the date of ``now``; return the keys that stand otherwise.

    What time alone has changed since the list was kept last, levels included, is caught up first, each day as of that
    day. Each change is dated, says its cause and stays in the history; those of a day and a cause have one entry in
    the trail. A list never goes back in time: an act that counts as of an earlier day is seen on the last day the
    list was kept for.
    Needs no permission: it decides nothing. Without a catalogue, or for somebody who never had a post, nothing
    happens. Raises NotFound for an unknown person.
    """
    levels.expire(session, SYSTEM, person_id, now=now)
    return _keep(session, actor, person_id, now=now, day=clock.local_date(now), cause=cause, role=role)


def _keep(
    session: Session,
    actor: Identity,
    person_id: int,
    *,
    now: datetime,
    day: date,
    cause: Cause,
    role: Role | None = None,
) -> list[str]:
    """Bring a list up to the rule's verdict on ``day`` from the levels as they are kept; see ``refresh``."""
    competency.hold_trail(session)
    session.flush()
    held = queries.catalogue(session)
    head = queries.list_head(session, person_id)
    if held is None or (head is None and not queries.has_posts(session, person_id)):
        return []
    keeper = _Keeper(session, actor, role or actor.roles[0].role, person_id, held, now)
    changed: set[str] = set()
    if head is not None:
        day = max(day, head.as_of)
        keeper.head_id, keeper.due_on = head.public_id, head.due_on
        session.expunge(head)
        while (due := keeper.due_on) is not None and due <= day:
            certificate = queries.certificate_over(session, person_id, due)
            over = None if certificate is None else Cause(type="certificate", id=certificate)
            changed |= keeper.bring(due, Cause(type="time", id=due.isoformat()), over)
    changed |= keeper.bring(day, cause)
    return sorted(changed)


def _verdicts(session: Session, person: "Person", held: Held, day: date) -> tuple[dict[str, Verdict], date | None]:
    """Return what the rule says of a person's list on a day, and the next day on which time may change it."""
    demands = [queries.demand_of(duty) for duty in held.thing.items.values()]
    facts = queries.facts_of(session, person)
    return verdicts(demands, facts, day), next_day(demands, facts, day)


def _text(verdict: Verdict | None) -> str | None:
    """Return a verdict as the trail holds it."""
    if verdict is None:
        return None
    return verdict.state.value + (f" {verdict.grace_until}" if verdict.grace_until is not None else "")


def _texts(found: Mapping[str, Verdict]) -> dict[str, str | None]:
    return {key: _text(each) for key, each in found.items()}


class _Keeper:
    """Keeps the list of one person in one act."""

    def __init__(
        self, session: Session, actor: Identity, role: Role, person_id: int, held: Held, now: datetime
    ) -> None:
        self.session, self.actor, self.role, self.held, self.now = session, actor, role, held, now
        self.person = people.person_with_id(session, person_id)
        self.head_id = ""
        self.due_on: date | None = None

    def bring(self, day: date, cause: Cause, over: Cause | None = None) -> set[str]:
        """Bring the list to the rule's verdict on a day; return the keys that stand otherwise.

        ``over``: the certificate whose last day was the eve, if there is one: what was open and begins its grace
        does so because of it, whatever else happens on that day.
        """
        found, self.due_on = _verdicts(self.session, self.person, self.held, day)
        before = queries.kept(self.session, self.person.id)
        changed = sorted(key for key in before.keys() | found.keys() if before.get(key) != found.get(key))
        by_cause: dict[Cause, list[str]] = {}
        for key in changed:
            is_over = over is not None and begins_grace(before.get(key), found.get(key))
            by_cause.setdefault(over if over is not None and is_over else cause, []).append(key)
        for why, keys in by_cause.items():
            self._change(before, found, keys, day, why)
        if changed:
            self._tell(before, found, changed)
        self._date(day)
        for why, keys in by_cause.items():
            audit.record(
                self.session,
                self.actor,
                self.role,
                AuditTag.DUTY_LIST_CHANGED,
                ("duty_list", self.head_id),
                now=self.now,
                unit_path=self.person.unit.path,
                reason=str(why),
                diff={
                    "person": self.person.public_id,
                    **{key: [_text(before.get(key)), _text(found.get(key))] for key in keys},
                },
            )
        return set(changed)

    def _date(self, day: date) -> None:
        """Note by which catalogue and as of which day the list is kept."""
        values: dict[str, Any] = {"revision_id": self.held.revision_id, "as_of": day, "due_on": self.due_on}
        if self.head_id:
            statement = sa.update(DutyList).where(DutyList.person_id == self.person.id).values(**values)
            assert guarded_update(self.session, statement)
            return
        self.head_id = new_public_id()
        self.session.execute(sa.insert(DutyList).values(public_id=self.head_id, person_id=self.person.id, **values))

    def _change(
        self,
        before: Mapping[str, Verdict],
        found: Mapping[str, Verdict],
        changed: Sequence[str],
        day: date,
        cause: Cause,
    ) -> None:
        """Change the kept items and add that to the history; a new list of twenty items is two statements."""
        named = {"cause_type": cause.type, "cause_id": cause.id}
        mine = DutyStanding.person_id == self.person.id
        gone = [key for key in changed if key not in found]
        if gone:
            statement = sa.delete(DutyStanding).where(mine, DutyStanding.duty_key.in_(gone))
            self.session.execute(statement, execution_options={"synchronize_session": False})
        added: list[dict[str, Any]] = []
        for key in changed:
            if (after := found.get(key)) is None:
                continue
            values: dict[str, Any] = {"state": after.state, "grace_until": after.grace_until, "since": day, **named}
            if key not in before:
                added.append({"person_id": self.person.id, "duty_key": key, **values})
                continue
            here = sa.and_(mine, DutyStanding.duty_key == key, DutyStanding.state == before[key].state)
            is_changed = guarded_update(self.session, sa.update(DutyStanding).where(here).values(**values))
            assert is_changed, "the trail is held: nobody else keeps this list"
        if added:
            self.session.execute(sa.insert(DutyStanding), added)
        history = [
            {
                "person_id": self.person.id,
                "duty_key": key,
                "before": before[key].state if key in before else None,
                "after": found[key].state if key in found else None,
                "grace_until": found[key].grace_until if key in found else None,
                "day": day,
                "at": self.now,
                **named,
            }
            for key in changed
        ]
        self.session.execute(sa.insert(DutyChange), history)

    def _tell(self, before: Mapping[str, Verdict], found: Mapping[str, Verdict], changed: Sequence[str]) -> None:
        """Tell the person what they may do alone from now on, or no more; a list that begins is not told."""
        states = [(key in before and before[key].state, key in found and found[key].state) for key in changed]
        values = {
            "opened": sum(then is not DutyState.OPEN and now is DutyState.OPEN for then, now in states),
            "grace": sum(now is DutyState.GRACE for _then, now in states),
            "closed": sum(then in MAY_ACT and now not in MAY_ACT for then, now in states),
        }
        if any(values.values()):
            tell(self.session, self.person.id, MessageKind.DUTIES, values, now=self.now)


def refresh_by_time(session: Session, person_id: int, *, now: datetime) -> list[str]:
    """Bring a list up to date that time or a new catalogue may have changed; return the keys that stand otherwise.

    Decided by what is kept, not by when it is called: a day missed is caught up, a second call changes nothing.
    Raises NotFound for an unknown person.
    """
    competency.hold_trail(session)
    held, head = queries.catalogue(session), queries.list_head(session, person_id)
    if held is not None and head is not None and head.revision_id != held.revision_id:
        cause = Cause(type="catalogue", id=held.digest[:12])
    else:
        cause = Cause(type="time", id=clock.local_date(now).isoformat())
    return refresh(session, SYSTEM, person_id, now=now, cause=cause)


# --- reactions (listed in lms/registry.py) -----------------------------------------------------------------


def on_levels_changed(session: Session, event: LevelsChanged) -> None:
    """Levels rose or fell: items open by themselves, or begin their grace, as of the day on which the levels moved."""
    kind, _, name = event.cause.partition(":")
    cause = Cause(type=kind, id=name)
    _keep(session, SYSTEM, event.person_id, now=event.at, day=event.day, cause=cause)


def on_certificate_issued(session: Session, event: CertificateIssued) -> None:
    """A certificate was signed off: items may open."""
    _on_certificate(session, event)


def on_certificate_ended(session: Session, event: CertificateEnded) -> None:
    """A certificate counts no more: items begin their grace."""
    _on_certificate(session, event)


def _on_certificate(session: Session, event: CertificateIssued | CertificateEnded) -> None:
    if event.kind == CERTIFICATE_NEEDED:
        cause = Cause(type="certificate", id=event.certificate)
        refresh(session, SYSTEM, event.person_id, now=event.at, cause=cause)


def on_person_moved(session: Session, event: PersonMoved) -> None:
    """A person's state changed: the list opens, pauses, goes on or ends."""
    cause = Cause(type="person", id=event.public_id)
    # Levels that wait for a late sweep go on waiting: the state has no days, so theirs would show the new one.
    _keep(session, SYSTEM, event.person_id, now=event.at, day=clock.local_date(event.at), cause=cause)


def on_posts_changed(session: Session, event: PostsChanged) -> None:
    """A person took up or left a post: items come onto the list or go."""
    refresh(session, SYSTEM, event.person_id, now=event.at, cause=Cause(type="post_holding", id=event.holding))


# --- acknowledging -----------------------------------------------------------------------------------------


def acknowledge(session: Session, actor: Identity, digest: str, *, now: datetime) -> DutyAcknowledgement:
    """Keep that the actor has read their list （已读，照办）, with all that it said.

    ``digest``: of the list that was shown. A second click changes nothing and returns what is kept.
    Raises Conflict when the list has changed since it was shown, is empty, or is paused.
    """
    competency.hold_trail(session)
    person = people.person_with_id(session, actor.person_id)
    scope = Scope(owner_id=person.id, unit_path=person.unit.path)
    role = require(actor, Permission.DUTY_ACKNOWLEDGE, scope, now=clock.real_now())
    view = queries.list_view(session, person, queries.texts(session), "zh")
    if not view.lines:
        raise Conflict("duties.list.empty")
    if view.digest != digest:
        raise Conflict("duties.list.changed")
    last = queries.acknowledgements(session, [person.id]).get(person.id)
    if last is not None and last.digest == digest:
        return last
    if view.is_paused:
        raise Conflict("duties.list.paused")
    row = DutyAcknowledgement(
        public_id=new_public_id(),
        person_id=person.id,
        number=view.number,
        digest=digest,
        snapshot=dict(view.snapshot),
        at=now,
    )
    session.add(row)
    audit.record(
        session,
        actor,
        role,
        AuditTag.DUTY_LIST_ACKNOWLEDGED,
        ("duty_acknowledgement", row.public_id),
        now=now,
        unit_path=person.unit.path,
        diff={"person": person.public_id, "number": row.number, "digest": digest},
    )
    try:
        session.flush()
    except IntegrityError as error:  # two browsers at once; the other one's stands
        raise Conflict("duties.list.changed") from error
    return row


# --- the proof ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where a kept list is not what it should be, both as text; ``what``: rule, or history."""

    person: str
    key: str
    what: str
    kept: str
    computed: str

    def __str__(self) -> str:
        return f"{self.person} {self.key} {self.what}: {self.kept} → {self.computed}"


def differences(session: Session, actor: Identity, person_id: int, *, today: date) -> list[Difference]:
    """Return where a person's kept list differs from the rule's verdict on ``today`` or from its own history.

    On a date on which the sweep has run there are none. Raises Forbidden without DUTY_REBUILD, NotFound for an
    unknown person.
    """
    require(actor, Permission.DUTY_REBUILD, Scope(), now=clock.real_now())
    person = people.person_with_id(session, person_id)
    held = queries.catalogue(session)
    found = _verdicts(session, person, held, today)[0] if held is not None else {}
    kept, rows = queries.kept(session, person_id), queries.standings(session, person_id)
    history = queries.last_changes(session, person_id)
    told = {
        key: f"{row.after} {row.grace_until} {row.day} {row.cause_type}:{row.cause_id}"
        for key, row in history.items()
        if row.after is not None
    }
    said = {
        key: f"{row.state} {row.grace_until} {row.since} {row.cause_type}:{row.cause_id}" for key, row in rows.items()
    }
    return [
        Difference(
            person=person.staff_number, key=key, what=what, kept=str(here.get(key)), computed=str(there.get(key))
        )
        for what, here, there in (
            (
                "rule",
                {key: _text(each) for key, each in kept.items()},
                {key: _text(each) for key, each in found.items()},
            ),
            ("history", said, told),
        )
        for key in sorted(here.keys() | there.keys())
        if here.get(key) != there.get(key)
    ]


def rebuild(session: Session, actor: Identity, person_id: int, *, now: datetime) -> list[Difference]:
    """Bring a person's list to the rule's verdict on the date of ``now``; return what differed.

    Raises Forbidden without DUTY_REBUILD, NotFound for an unknown person.
    """
    competency.hold_trail(session)
    today = clock.local_date(now)
    found = differences(session, actor, person_id, today=today)
    if found:
        cause = Cause(type="rebuild", id=today.isoformat())
        refresh(session, actor, person_id, now=now, cause=cause, role=Role.CONSOLE)
    return found
