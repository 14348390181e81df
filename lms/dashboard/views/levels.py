"""A person's levels in all competencies: what is reached, what the posts ask for, what to do next."""

from typing import Any

from flask import g, render_template
from sqlalchemy.orm import Session

from lms.access.decide import can
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.competency import queries as competency
from lms.competency.forms import lack_text
from lms.competency.rules import TOP_LEVEL, next_steps
from lms.core import clock
from lms.dashboard.views import blueprint
from lms.duties import queries as duties
from lms.people import queries as people
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


def _page(reader: Session, person: Any) -> str:
    actor = _actor()
    scope = Scope(owner_id=person.id, unit_path=person.unit.path, assigned_id=person.id)
    frame = competency.framework(reader)
    levels = competency.levels_of_person(reader, frame, person.id)
    posts = people.posts_of(reader, person.id, clock.today())
    needs = duties.needs_of(reader, {each.post for each in posts})
    return render_template(
        "dashboard/levels.html",
        person=person,
        is_own=person.id == actor.person_id,
        frame=frame,
        levels=levels,
        posts=posts,
        needs=needs,
        steps=next_steps({code: view.verdict for code, view in levels.items()}, needs),
        language=current_language(),
        lack_text=lack_text,
        may_propose=person.id != actor.person_id and can(actor, Permission.RECOGNITION_PROPOSE, scope),
        may_see_duties=can(actor, Permission.DUTY_LIST_SEE, scope),
        top=TOP_LEVEL,
    )


@blueprint.get("/me/competency")
@allow(Permission.LEVEL_SEE)
def own_levels() -> str:
    """One's own levels in all competencies."""
    reader = reading()
    return _page(reader, people.person_with_id(reader, _actor().person_id))


@blueprint.get("/people/<public_id>/competency")
@allow(Permission.LEVEL_SEE)
def levels(public_id: str) -> str:
    """A person's levels in all competencies; every figure leads to its evidence."""
    reader = reading()
    return _page(reader, people.person_by_public_id(reader, _actor(), Permission.LEVEL_SEE, public_id))
