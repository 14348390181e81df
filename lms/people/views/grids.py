"""The page of one grid: who serves on it, what is wrong with that, and how to mend it."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.decide import can
from lms.access.identity import Scope
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict, Invalid, NotFound
from lms.people import queries
from lms.people.forms import LeaderForm
from lms.people.rules import UnitKind, composition, has_lapsed, in_force_on
from lms.people.services import posts as services
from lms.people.views import blueprint
from lms.web.guards import allow
from lms.web.transaction import reading, writing


@blueprint.get("/grids/<public_id>")
@allow(Permission.UNIT_SEE)
def grid(public_id: str) -> str:
    """One grid: its leader, its officers, every breach with its mend, and who served before."""
    reader, actor, today = reading(), g.signed_in.identity, clock.today()
    found = queries.unit_by_public_id(reader, actor, Permission.UNIT_SEE, public_id)
    if found.kind is not UnitKind.GRID:
        raise NotFound("people.unit.not_found")
    holdings = queries.holdings_on(reader, found.id)
    current = [each for each in holdings if in_force_on(each.starts_on, each.ends_on, today)]
    return render_template(
        "people/grid.html",
        grid=found,
        parent=found.parent,
        current=current,
        coming=[each for each in holdings if each not in current and not has_lapsed(each.ends_on, today)],
        former=[each for each in holdings if has_lapsed(each.ends_on, today)],
        without_post=queries.without_post(reader, found.id, today),
        standing=composition(queries.holder_of(each) for each in current),
        may_edit=can(actor, Permission.PERSON_EDIT, Scope(unit_path=found.path)),
    )


@blueprint.route("/posts/<public_id>/leader", methods=["GET", "POST"])
@allow(Permission.PERSON_EDIT)
def say_leader(public_id: str) -> Any:
    """Write down whether a grid leader is a member of the 两委, or why they lead all the same."""
    actor = g.signed_in.identity
    session = writing() if request.method == "POST" else reading()
    holding = queries.post_by_public_id(session, actor, public_id)
    form = LeaderForm()
    if request.method == "GET":
        form.is_committee.data = {True: "yes", False: "no", None: None}[holding.is_committee]
        form.exception.data = holding.exception
    if form.validate_on_submit():
        grid_id = holding.unit.public_id
        try:
            services.say_leader(
                session,
                actor,
                holding,
                is_committee=form.is_committee.data == "yes",
                exception=form.exception.data or "",
                now=clock.now(),
            )
        except (Invalid, Conflict) as error:
            session.rollback()
            holding = queries.post_by_public_id(session, actor, public_id)
            form.add_error(error)
            return render_template("people/leader_form.html", form=form, holding=holding), 422
        flash(_("已写明。"), "ok")
        return redirect(url_for("people.grid", public_id=grid_id))
    page = render_template("people/leader_form.html", form=form, holding=holding)
    return page, 422 if form.errors else 200
