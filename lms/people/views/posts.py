"""Pages of posts: giving one, ending one."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict, Invalid
from lms.people import queries
from lms.people.forms import PostEndForm, PostForm, choices
from lms.people.rules import Employment, Post, UnitKind
from lms.people.services import posts as services
from lms.people.views import blueprint
from lms.web.guards import allow
from lms.web.transaction import reading, writing


def _with_community(grid: str, community: str) -> str:
    """Return a grid's name with its community's, unless it says so itself (晨光社区第3网格)."""
    return grid if not community or community in grid else f"{community} {grid}"


@blueprint.route("/people/<public_id>/posts/new", methods=["GET", "POST"])
@allow(Permission.PERSON_EDIT)
def hold_post(public_id: str) -> Any:
    """Give a person a post on a grid."""
    actor = g.signed_in.identity
    session = writing() if request.method == "POST" else reading()
    person = queries.person_by_public_id(session, actor, Permission.PERSON_EDIT, public_id)
    form = PostForm()
    units = queries.units_within(session, actor, Permission.PERSON_EDIT)
    names = {unit.id: unit.name for unit in units}
    grids = [unit for unit in units if unit.kind is UnitKind.GRID]
    form.unit.choices = choices(
        (grid.public_id, _with_community(grid.name, names.get(grid.parent_id or 0, ""))) for grid in grids
    )
    if request.method == "GET":
        form.unit.data = request.args.get("unit") or person.unit.public_id
        form.starts_on.data = clock.today()
    if form.validate_on_submit():
        try:
            services.hold_post(
                session,
                actor,
                person,
                queries.unit_by_public_id(session, actor, Permission.PERSON_EDIT, form.unit.data),
                Post(form.post.data),
                Employment(form.employment.data),
                starts_on=form.starts_on.data or clock.today(),
                ends_on=form.ends_on.data,
                is_committee={"yes": True, "no": False}.get(form.is_committee.data or ""),
                exception=form.exception.data or "",
                now=clock.now(),
            )
        except (Invalid, Conflict) as error:
            session.rollback()
            person = queries.person_by_public_id(session, actor, Permission.PERSON_EDIT, public_id)
            form.add_error(error)
            return render_template("people/post_form.html", form=form, person=person, has_grids=True), 422
        flash(_("岗位已记下。"), "ok")
        return redirect(url_for("people.person", public_id=public_id))
    page = render_template("people/post_form.html", form=form, person=person, has_grids=bool(grids))
    return page, 422 if form.errors else 200


@blueprint.route("/posts/<public_id>/end", methods=["GET", "POST"])
@allow(Permission.PERSON_EDIT)
def end_post(public_id: str) -> Any:
    """End a post; the last day may lie ahead."""
    actor = g.signed_in.identity
    session = writing() if request.method == "POST" else reading()
    holding = queries.post_by_public_id(session, actor, public_id)
    form = PostEndForm()
    if request.method == "GET":
        form.last_day.data = clock.today()
    if form.validate_on_submit():
        person_id = holding.person.public_id
        try:
            services.end_post(
                session,
                actor,
                holding,
                form.last_day.data or clock.today(),
                reason=(form.reason.data or "").strip(),
                now=clock.now(),
            )
        except (Invalid, Conflict) as error:
            session.rollback()
            holding = queries.post_by_public_id(session, actor, public_id)
            form.add_error(error)
            return render_template("people/post_end.html", form=form, holding=holding), 422
        flash(_("岗位的最后一天已记下。"), "ok")
        return redirect(url_for("people.person", public_id=person_id))
    page = render_template("people/post_end.html", form=form, holding=holding)
    return page, 422 if form.errors else 200
