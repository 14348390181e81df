"""Pages of a person's own applications: which rounds are open, applying, where it stands, withdrawing."""

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict
from lms.people import queries as people
from lms.selection import queries
from lms.selection.forms import MESSAGES, STATEMENT, ApplyForm, EmptyForm
from lms.selection.rules import APPLYING, WITHDRAWABLE, CaseAct, CaseState, Component, RoundState, Rule, Source, listed
from lms.selection.services import acts, applications
from lms.selection.views import blueprint
from lms.selection.views.cases import declared_in, fill_places
from lms.selection.views.pages import act, actor, form_page, shut, why_not
from lms.selection.views.rounds import PAPERS, courses_named
from lms.web.guards import allow
from lms.web.transaction import reading, writing


@blueprint.get("/me/applications")
@allow(Permission.APPLICATION_MAKE)
def mine() -> str:
    """One's own applications, each with its chain, and the rounds in which one can apply."""
    reader = reading()
    person = people.person_with_id(reader, actor().person_id)
    own = queries.own_applications(reader, person.id)
    live = {each.round_id for each in own if each.state is not CaseState.WITHDRAWN}
    rounds = queries.open_rounds(reader, person, clock.today()) if person.state in APPLYING else []
    return render_template(
        "selection/mine.html",
        own=own,
        rounds=[each for each in rounds if each.id not in live],
        may_apply=person.state in APPLYING,
        papers=PAPERS,
        courses=courses_named(reader) if any(each.missing for each in own) else {},
        withdrawable=WITHDRAWABLE,
    )


@blueprint.get("/me/applications/<public_id>")
@allow(Permission.APPLICATION_MAKE)
def my_case(public_id: str) -> str:
    """One's own application: where it stands, what was missing, and how the total was made."""
    reader = reading()
    one = queries.find_case(reader, actor(), Permission.APPLICATION_MAKE, public_id)
    made = queries.ranking_of(reader, one.round_id)
    snapshot = json.loads(made.snapshot) if made is not None else None
    lines = listed(snapshot) if snapshot is not None else []
    return render_template(
        "selection/my_case.html",
        case=one,
        notice=queries.running_notice(reader, one.round_id),
        line=next((each for each in lines if each.application == public_id), None),
        rule=Rule.from_json(snapshot["rule"]) if snapshot is not None else None,
        components=list(Component),
        papers=PAPERS,
        courses=courses_named(reader) if one.missing else {},
        withdrawable=WITHDRAWABLE,
        today=clock.today(),
        person=one.person,
    )


@blueprint.route("/me/applications/new/<public_id>", methods=["GET", "POST"])
@allow(Permission.APPLICATION_MAKE)
def apply(public_id: str) -> Any:
    """Apply in an open round, with the voluntary statement."""
    form = ApplyForm()
    reader = reading()
    person = people.person_with_id(reader, actor().person_id)
    found = queries.published_round(reader, person, public_id)
    fill_places(reader, form, found)
    back = (_("我的报名"), url_for("selection.mine"))
    reason = why_not(lambda: applications.refuse_applying(found, clock.today()))
    if refused := shut(form, reason, found.title, back):
        return refused
    rule = Rule.from_json(queries.rule_of(reader, found.id).rule)

    def perform(session: Session, who: Identity) -> None:
        applications.apply(
            session,
            who,
            public_id,
            form.place.data,
            source=Source(form.source.data),
            statement=str(STATEMENT),
            relatives=declared_in(form),
            now=clock.now(),
        )

    def page() -> str:
        return render_template(
            "selection/apply.html",
            form=form,
            found=found,
            rule=rule,
            components=list(Component),
            statement=STATEMENT,
        )

    return act(form, perform, page, done=_("报名收到了。备案以前都可以撤回。"), back=url_for("selection.mine"))


@blueprint.route("/me/applications/<public_id>/withdraw", methods=["GET", "POST"])
@allow(Permission.APPLICATION_MAKE)
def withdraw(public_id: str) -> Any:
    """Withdraw one's own application, after a question."""
    one = queries.find_case(reading(), actor(), Permission.APPLICATION_MAKE, public_id)
    form = EmptyForm()
    back = (_("我的报名"), url_for("selection.mine"))
    reason = why_not(lambda: acts.refuse_skipped_case(one, CaseAct.WITHDRAW))
    if refused := shut(form, reason, _("撤回这份报名吗？"), back):
        return refused
    if request.method == "POST" and form.validate():
        try:
            applications.withdraw(writing(), actor(), public_id, now=clock.now())
        except Conflict as error:
            writing().rollback()
            flash(str(MESSAGES[error.code]), "watch")
            return redirect(url_for("selection.mine"), 303)
        again = one.round.state is RoundState.OPEN
        flash(_("报名撤回了。截止以前还可以再报。") if again else _("报名撤回了。"), "ok")
        return redirect(url_for("selection.mine"))
    return form_page(
        form,
        _("撤回这份报名吗？"),
        _("撤回报名"),
        back,
        lead=[
            _("%(title)s。撤回以后，公示上不再写您的姓名。截止以前可以再报。", title=one.round.title),
        ],
    )
