"""Posts (岗位) of persons on grids: taking them up and ending them. A person may hold several, on several grids."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.db import guarded_update
from lms.core.errors import Conflict, Invalid
from lms.core.ids import new_public_id
from lms.core.reactions import publish
from lms.people.events import PostsChanged
from lms.people.models import OrgUnit, Person, PostHolding
from lms.people.rules import (
    LONGEST_REASON,
    Employment,
    Post,
    StaffState,
    UnitKind,
    clean_line,
    has_lapsed,
    overlap,
)


def hold_person(session: Session, person: Person) -> StaffState:
    """Return the state of a person as it stands now, and keep everybody else from deciding on them meanwhile."""
    statement = sa.select(Person.state).where(Person.id == person.id).with_for_update(key_share=True)
    return session.scalars(statement).one()


def hold_post(
    session: Session,
    actor: Identity,
    person: Person,
    grid: OrgUnit,
    post: Post,
    employment: Employment,
    *,
    starts_on: date,
    ends_on: date | None = None,
    is_committee: bool | None = None,
    exception: str = "",
    now: datetime,
) -> PostHolding:
    """Give a person a post on a grid from a date, to a last day or without end.

    ``is_committee`` and ``exception`` are kept for grid leaders only: whether a member of the 两委, and why not.
    Raises Invalid when the unit is not an open grid, the dates are the wrong way round or the exception is too long,
    Conflict when the person has left, holds the post on that grid in these dates already (a second click), or when
    the community has another 驻村辅警 in these dates, or the person is one in another community.
    """
    role = require(actor, Permission.PERSON_EDIT, Scope(unit_path=grid.path), now=clock.real_now())
    if grid.kind is not UnitKind.GRID or grid.closed_on is not None:
        raise Invalid("people.post.not_a_grid", field="unit")
    if ends_on is not None and ends_on < starts_on:
        raise Invalid("people.post.dates", field="ends_on")
    if hold_person(session, person) is StaffState.ENDED:
        raise Conflict("people.person.has_left")
    same = session.execute(
        sa.select(PostHolding.starts_on, PostHolding.ends_on).where(
            PostHolding.person_id == person.id, PostHolding.unit_id == grid.id, PostHolding.post == post
        )
    )
    if any(overlap(starts_on, ends_on, row.starts_on, row.ends_on) for row in same):
        raise Conflict("people.post.already", field="post")
    if employment is Employment.VILLAGE_AUXILIARY:
        _refuse_second_auxiliary(session, person, grid, starts_on, ends_on)
    exception = _checked_exception(exception)
    holding = PostHolding(
        public_id=new_public_id(),
        person_id=person.id,
        unit_id=grid.id,
        post=post,
        employment=employment,
        is_committee=is_committee if post is Post.GRID_LEADER else None,
        exception=exception if post is Post.GRID_LEADER else "",
        starts_on=starts_on,
        ends_on=ends_on,
    )
    session.add(holding)
    audit.record(session, actor, role, AuditTag.POST_HELD, holding, now=now, unit_path=grid.path)
    session.flush()  # whoever reacts asks the database
    publish(session, PostsChanged(at=now, person_id=person.id, holding=holding.public_id))
    return holding


def _checked_exception(exception: str) -> str:
    exception = clean_line(exception)
    if len(exception) > LONGEST_REASON:
        raise Invalid("people.reason.long", field="exception", most=LONGEST_REASON)
    return exception


def _refuse_second_auxiliary(
    session: Session, person: Person, grid: OrgUnit, starts_on: date, ends_on: date | None
) -> None:
    """One village, one resident auxiliary officer (一村一辅警), and one village for each."""
    # Two officials at once: the community's row decides who is first.
    session.execute(sa.select(OrgUnit.id).where(OrgUnit.id == grid.parent_id).with_for_update(key_share=True))
    auxiliaries = session.execute(
        sa.select(PostHolding.person_id, OrgUnit.parent_id, PostHolding.starts_on, PostHolding.ends_on)
        .join(OrgUnit, OrgUnit.id == PostHolding.unit_id)
        .where(
            PostHolding.employment == Employment.VILLAGE_AUXILIARY,
            sa.or_(PostHolding.person_id == person.id, OrgUnit.parent_id == grid.parent_id),
        )
    )
    for row in auxiliaries:
        if not overlap(starts_on, ends_on, row.starts_on, row.ends_on):
            continue
        if row.person_id != person.id:
            raise Conflict("people.post.auxiliary_taken", field="employment")
        if row.parent_id != grid.parent_id:
            raise Conflict("people.post.auxiliary_elsewhere", field="employment")


def say_leader(
    session: Session, actor: Identity, holding: PostHolding, *, is_committee: bool, exception: str, now: datetime
) -> bool:
    """Write down whether a grid leader is a member of the 两委, and if not why they lead. True when it changed.

    Raises Invalid for somebody who is neither a member nor carries an exception, Conflict when the post is not a
    leader's or somebody else was faster.
    """
    path = holding.unit.path
    role = require(actor, Permission.PERSON_EDIT, Scope(unit_path=path), now=clock.real_now())
    if holding.post is not Post.GRID_LEADER:
        raise Conflict("people.post.no_leader")
    exception = "" if is_committee else _checked_exception(exception)
    if not is_committee and not exception:
        raise Invalid("people.post.exception_missing", field="exception")
    before = (holding.is_committee, holding.exception)
    if before == (is_committee, exception):
        return False
    statement = (
        sa.update(PostHolding)
        .where(
            PostHolding.id == holding.id,
            PostHolding.is_committee.is_not_distinct_from(before[0]),
            PostHolding.exception == before[1],
        )
        .values(is_committee=is_committee, exception=exception)
    )
    if not guarded_update(session, statement):
        raise Conflict("people.post.moved_on")
    audit.record(
        session,
        actor,
        role,
        AuditTag.POST_CHANGED,
        ("post_holding", holding.public_id),
        now=now,
        unit_path=path,
        diff={"is_committee": [before[0], is_committee], "exception": [before[1], exception]},
    )
    session.expire(holding)
    return True


def end_post(
    session: Session, actor: Identity, holding: PostHolding, last_day: date, *, reason: str = "", now: datetime
) -> None:
    """End a post; ``last_day`` still counts and may lie ahead. Nothing happens when it ends that day already.

    Raises Invalid for a last day before the first one or after the one that is set, Conflict when the post is over.
    """
    path = holding.unit.path
    role = require(actor, Permission.PERSON_EDIT, Scope(unit_path=path), now=clock.real_now())
    if last_day == holding.ends_on:
        return
    if has_lapsed(holding.ends_on, clock.local_date(now)):
        raise Conflict("people.post.over")
    if last_day < holding.starts_on:
        raise Invalid("people.post.dates", field="last_day")
    if holding.ends_on is not None and last_day > holding.ends_on:
        raise Invalid("people.post.not_longer", field="last_day")
    if len(reason) > LONGEST_REASON:
        raise Invalid("people.reason.long", field="reason", most=LONGEST_REASON)
    _end(session, actor, role, holding, path, last_day, reason=reason, now=now)


def end_all(
    session: Session,
    actor: Identity,
    role: Role,
    person: Person,
    last_day: date,
    *,
    on: OrgUnit | None = None,
    reason: str = "",
    now: datetime,
) -> int:
    """End what a person holds after ``last_day``, on one grid or everywhere; return how many posts that were.

    A part of a greater act (moving, leaving), whose permission has been asked. A post that would begin later is
    ended before it begins: its last day lies before its first.
    """
    statement = (
        sa.select(PostHolding, OrgUnit.path)
        .join(OrgUnit, OrgUnit.id == PostHolding.unit_id)
        .where(
            PostHolding.person_id == person.id,
            sa.or_(PostHolding.ends_on.is_(None), PostHolding.ends_on > last_day),
        )
        .order_by(PostHolding.id)
    )
    if on is not None:
        statement = statement.where(PostHolding.unit_id == on.id)
    held = session.execute(statement).all()
    for holding, path in held:
        _end(session, actor, role, holding, path, last_day, reason=reason, now=now)
    return len(held)


def _end(
    session: Session,
    actor: Identity,
    role: Role,
    holding: PostHolding,
    path: str,
    last_day: date,
    *,
    reason: str,
    now: datetime,
) -> None:
    before = holding.ends_on
    statement = (
        sa.update(PostHolding)
        .where(PostHolding.id == holding.id, PostHolding.ends_on.is_not_distinct_from(before))
        .values(ends_on=last_day)
    )
    if not guarded_update(session, statement):
        raise Conflict("people.post.moved_on")
    audit.record(
        session,
        actor,
        role,
        AuditTag.POST_ENDED,
        ("post_holding", holding.public_id),
        now=now,
        unit_path=path,
        reason=reason,
        diff={"post": holding.post.value, "ends_on": [before, last_day]},
    )
    session.expire(holding)
    publish(session, PostsChanged(at=now, person_id=holding.person_id, holding=holding.public_id))
