"""Pages of roles: proposing, confirming, ending."""

from datetime import date
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.decide import recently_authenticated
from lms.access.identity import GRANTABLE, Role
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.people import queries
from lms.people.forms import ROLE_WORDS, RoleDecisionForm, RoleForm, choices
from lms.people.rules import GRANT_TRANSITIONS, GrantAction, may_grant
from lms.people.services import roles as services
from lms.people.views import blueprint
from lms.people.views.persons import indented
from lms.web.guards import allow
from lms.web.transaction import reading, writing


def _needs_password() -> bool:
    return not recently_authenticated(g.signed_in.identity, clock.real_now())


def _password_first(endpoint: str, **values: Any) -> Any:
    """Send to the password page and back to the form, what was typed kept in the address."""
    return redirect(url_for("people.reauthenticate", next=url_for(endpoint, **values)))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


@blueprint.route("/people/<public_id>/roles/new", methods=["GET", "POST"])
@allow(Permission.ROLE_PROPOSE)
def propose_role(public_id: str) -> Any:
    """Propose a role for a person; another official or administrator confirms it."""
    if _needs_password():
        typed = {name: request.values.get(name) or None for name in ("role", "unit", "starts_on", "ends_on", "basis")}
        return _password_first("people.propose_role", public_id=public_id, **typed)
    actor = g.signed_in.identity
    session = writing() if request.method == "POST" else reading()
    person = queries.person_by_public_id(session, actor, Permission.ROLE_PROPOSE, public_id)
    form = RoleForm()
    held = {role.role for role in actor.roles}
    form.role.choices = choices(
        (role.value, ROLE_WORDS[role]) for role in GRANTABLE if any(may_grant(each, role) for each in held)
    )
    form.unit.choices = choices(indented(queries.units_within(session, actor, Permission.ROLE_PROPOSE)))
    if request.method == "GET":
        form.role.data = request.args.get("role")
        form.unit.data = request.args.get("unit") or person.unit.public_id
        form.starts_on.data = _day(request.args.get("starts_on")) or clock.today()
        form.ends_on.data = _day(request.args.get("ends_on"))
        form.basis.data = request.args.get("basis", "")
    if form.validate_on_submit():
        try:
            unit = queries.unit_by_public_id(session, actor, Permission.ROLE_PROPOSE, form.unit.data)
            services.propose_role(
                session,
                actor,
                person,
                Role(form.role.data),
                unit,
                starts_on=form.starts_on.data or clock.today(),
                ends_on=form.ends_on.data,
                basis=form.basis.data or "",
                now=clock.now(),
            )
        except (Invalid, Conflict, Forbidden) as error:
            session.rollback()
            person = queries.person_by_public_id(session, actor, Permission.ROLE_PROPOSE, public_id)
            form.add_error(error)
            return render_template("people/role_form.html", form=form, person=person), 422
        flash(_("已提出。要由另一位同事确认后才生效。"), "ok")
        return redirect(url_for("people.person", public_id=public_id))
    page = render_template("people/role_form.html", form=form, person=person)
    return page, 422 if form.errors else 200


@blueprint.get("/roles")
@allow(Permission.ROLE_CONFIRM)
def roles() -> str:
    """Roles that wait for a second person, and those in force."""
    reader, actor = reading(), g.signed_in.identity
    proposed = queries.proposed_roles(reader, actor)
    return render_template(
        "people/roles.html",
        proposed=proposed,
        names=queries.names_of_persons(reader, [grant.proposed_by_id for grant in proposed]),
        in_force=queries.roles_in_force(reader, actor, clock.today()),
        me=actor.person_id,
    )


def _decide_page(grant: Any, action: GrantAction, form: RoleDecisionForm) -> str:
    return render_template(
        "people/role_decide.html",
        grant=grant,
        action=action.value,
        form=form,
        is_possible=(grant.state, action) in GRANT_TRANSITIONS,
    )


@blueprint.route("/roles/<public_id>/<action>", methods=["GET", "POST"])
@allow(Permission.ROLE_PROPOSE)
def decide_role(public_id: str, action: str) -> Any:
    """Confirm, refuse or end a role; the page before says what will follow."""
    if _needs_password():
        reason = request.values.get("reason") or None
        return _password_first("people.decide_role", public_id=public_id, action=action, reason=reason)
    actor = g.signed_in.identity
    session = writing() if request.method == "POST" else reading()
    chosen = next((each for each in GrantAction if each.value == action), None)
    grant = queries.role_by_public_id(session, actor, public_id)
    if chosen is None:
        raise Invalid("people.role.no_such_action")
    form = RoleDecisionForm()
    if request.method == "GET":
        form.reason.data = request.args.get("reason", "")
        return _decide_page(grant, chosen, form)
    if not form.validate_on_submit():
        return _decide_page(grant, chosen, form), 422
    try:
        services.decide_role(session, actor, grant, chosen, now=clock.now(), reason=(form.reason.data or "").strip())
    except (Conflict, Forbidden) as error:
        session.rollback()
        grant = queries.role_by_public_id(session, actor, public_id)
        form.add_error(error)
        return _decide_page(grant, chosen, form), 422
    flash(
        {
            GrantAction.CONFIRM: _("已确认，从今天起生效。"),
            GrantAction.REFUSE: _("已退回。"),
            GrantAction.END: _("已结束。这个人的登录都已退出。"),
        }[chosen],
        "ok",
    )
    return redirect(url_for("people.roles"))
