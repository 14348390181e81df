"""Pages of units."""

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.decide import may_use
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict, Invalid
from lms.people import queries
from lms.people.forms import UnitForm, UnitNameForm, choices
from lms.people.rules import PARENT_KIND, UnitKind
from lms.people.services import units as services
from lms.people.views import blueprint
from lms.people.views.persons import indented
from lms.web.guards import allow
from lms.web.transaction import reading, writing


@blueprint.get("/units")
@allow(Permission.UNIT_SEE)
def units() -> str:
    """The tree of units within reach, with the number of persons in each.

    ``show`` in the address keeps the grids, or those of them that are not fully staffed.
    """
    reader, actor = reading(), g.signed_in.identity
    show = request.args.get("show", "")
    listed = queries.units_within(reader, actor, Permission.UNIT_SEE)
    own = queries.persons_by_unit(reader, actor)
    totals = {
        unit.id: sum(own.get(each.id, 0) for each in listed if each.path.startswith(unit.path)) for unit in listed
    }
    grids = [unit for unit in listed if unit.kind is UnitKind.GRID]
    compositions = queries.compositions(reader, [unit.id for unit in grids], clock.today())
    lacking = [unit for unit in grids if compositions[unit.id].breaches]
    shown = {"grids": grids, "lacking": lacking}.get(show)
    return render_template(
        "people/units.html",
        units=listed if shown is None else shown,
        show="" if shown is None else show,
        is_empty=not listed,
        names={unit.id: unit.name for unit in listed},
        totals=totals,
        outermost=min((unit.path.count("/") for unit in listed), default=0),
        compositions=compositions,
        may_edit=may_use(actor, Permission.UNIT_EDIT),
    )


@blueprint.route("/units/new", methods=["GET", "POST"])
@allow(Permission.UNIT_EDIT)
def add_unit() -> Any:
    """Enter a unit below one within reach."""
    actor = g.signed_in.identity
    form = UnitForm()
    above = [
        unit for unit in queries.units_within(reading(), actor, Permission.UNIT_EDIT) if unit.kind is not UnitKind.GRID
    ]
    form.parent.choices = choices(indented(above))
    if request.method == "GET":
        form.parent.data = request.args.get("parent")
    if form.validate_on_submit():
        writer = writing()
        try:
            parent = queries.unit_by_public_id(writer, actor, Permission.UNIT_EDIT, form.parent.data)
            kind = next(kind for kind, level in PARENT_KIND.items() if level is parent.kind)
            unit = services.add_unit(
                writer,
                actor,
                kind,
                form.name.data or "",
                parent,
                name_en=form.name_en.data or "",
                opened_on=clock.today(),
                now=clock.now(),
            )
        except (Invalid, Conflict) as error:
            form.add_error(error)
            return render_template("people/unit_form.html", form=form, has_parents=True), 422
        flash(_("已加入 %(name)s。", name=unit.name), "ok")
        return redirect(url_for("people.units"))
    page = render_template("people/unit_form.html", form=form, has_parents=bool(above))
    return page, 422 if form.errors else 200


@blueprint.route("/units/<public_id>/edit", methods=["GET", "POST"])
@allow(Permission.UNIT_EDIT)
def rename_unit(public_id: str) -> Any:
    """Write a unit's name as it is called; of two persons at once the second is told."""
    actor = g.signed_in.identity
    session = writing() if request.method == "POST" else reading()
    unit = queries.unit_by_public_id(session, actor, Permission.UNIT_EDIT, public_id)
    form = UnitNameForm(obj=None if request.method == "POST" else unit)
    if request.method == "GET":
        form.was.data, form.was_en.data = unit.name, unit.name_en
    if form.validate_on_submit():
        was = (form.was.data or "", form.was_en.data or "")
        try:
            changed = services.rename_unit(
                session, actor, unit, form.name.data or "", name_en=form.name_en.data or "", was=was, now=clock.now()
            )
        except (Invalid, Conflict) as error:
            form.add_error(error)
            session.rollback()
            unit = queries.unit_by_public_id(session, actor, Permission.UNIT_EDIT, public_id)
            return render_template("people/unit_name.html", form=form, unit=unit), 422
        flash(_("已改好。") if changed else _("没有改动。"), "ok")
        return redirect(url_for("people.units"))
    page = render_template("people/unit_name.html", form=form, unit=unit)
    return page, 422 if form.errors else 200
