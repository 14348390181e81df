"""Pages on which a person's state is moved: suspended, seconded, back again, left."""

from datetime import date
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l

from lms.access.decide import recently_authenticated
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound
from lms.people import queries
from lms.people.forms import StateForm
from lms.people.rules import BY_HAND, PersonAction, next_state
from lms.people.services import standing
from lms.people.views import blueprint
from lms.web.guards import allow
from lms.web.transaction import reading, writing

DONE: dict[PersonAction, Any] = {
    PersonAction.SUSPEND: _l("已暂停负责网格。恢复的时候再来这里办。"),
    PersonAction.REINSTATE: _l("已恢复上岗。"),
    PersonAction.SECOND: _l("已登记借调。回来的时候再来这里办。"),
    PersonAction.RETURN: _l("已登记借调回来。"),
    PersonAction.END: _l("已登记离开。岗位、角色都结束了，登录都退出了。"),
    PersonAction.COME_BACK: _l("已登记回来，现在是候选人。下一步：核对材料。"),
}


def actions_for(state: Any) -> list[PersonAction]:
    """Return what can be done by hand from a state, in the order of the page."""
    return [each for each in PersonAction if each in BY_HAND and next_state(state, each) is not None]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _page(person: Any, action: PersonAction, form: StateForm) -> str:
    held = queries.live_holdings(reading(), person.id, clock.today()) if action is PersonAction.END else None
    return render_template(
        "people/state_form.html",
        person=person,
        action=action.value,
        form=form,
        held=held,
        is_possible=next_state(person.state, action) is not None,
    )


@blueprint.route("/people/<public_id>/state/<action>", methods=["GET", "POST"])
@allow(Permission.PERSON_MOVE)
def change_state(public_id: str, action: str) -> Any:
    """Say why, after reading what will follow; the password is asked for first."""
    actor = g.signed_in.identity
    chosen = next((each for each in BY_HAND if each.value == action.replace("-", "_")), None)
    if chosen is None:
        raise NotFound("access.not_found")
    if not recently_authenticated(actor, clock.real_now()):
        typed: dict[str, Any] = {name: request.values.get(name) or None for name in ("reason", "last_day")}
        here = url_for("people.change_state", public_id=public_id, action=action, **typed)
        return redirect(url_for("people.reauthenticate", next=here))
    session = writing() if request.method == "POST" else reading()
    person = queries.person_by_public_id(session, actor, Permission.PERSON_MOVE, public_id)
    form = StateForm()
    if request.method == "GET":
        form.reason.data = request.args.get("reason", "")
        form.last_day.data = _day(request.args.get("last_day")) or clock.today()
        return _page(person, chosen, form)
    if not form.validate_on_submit():
        return _page(person, chosen, form), 422
    try:
        standing.change_state(
            session,
            actor,
            person,
            chosen,
            reason=form.reason.data or "",
            last_day=form.last_day.data,
            now=clock.now(),
        )
    except (Invalid, Conflict, Forbidden) as error:
        session.rollback()
        person = queries.person_by_public_id(session, actor, Permission.PERSON_MOVE, public_id)
        form.add_error(error)
        return _page(person, chosen, form), 422
    flash(DONE[chosen], "ok")
    return redirect(url_for("people.person", public_id=public_id))
