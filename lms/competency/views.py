"""Pages of competency: the evidence behind a level, and 认定 by two officials."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from lms.access.decide import can, recently_authenticated
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.competency import queries, services
from lms.competency.content import Framework
from lms.competency.forms import (
    STANDING_WORDS,
    STATE_WORDS,
    DecisionForm,
    RecognitionForm,
    lack_text,
)
from lms.competency.queries import RecognitionView
from lms.competency.rules import (
    TOP_LEVEL,
    Evidence,
    EvidenceKind,
    RecognitionAction,
    RecognitionState,
    Standing,
    percent,
    standing,
)
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound
from lms.core.paging import PAGE_SIZE
from lms.people import queries as people
from lms.web.guards import allow, rule_of
from lms.web.i18n import current_language
from lms.web.transaction import reading, writing

blueprint = Blueprint("competency", __name__)

SOURCE_PAGES = {
    services.QUIZ_ATTEMPT: ("quizzes.result", "quizzes.one_result"),
    services.MENTORING_SESSION: ("mentoring.session",),
}
"""Source type → endpoints that show it, the fullest first; a reader gets the first that is theirs to see."""


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


def _scope(person: Any) -> Scope:
    return Scope(owner_id=person.id, unit_path=person.unit.path, assigned_id=person.id)


def _may_propose(person: Any) -> bool:
    """Whether the reader may propose a recognition of this person: an official of theirs, and not oneself."""
    return person.id != _actor().person_id and can(_actor(), Permission.RECOGNITION_PROPOSE, _scope(person))


# --- the evidence behind a level --------------------------------------------------------------------------


@dataclass(frozen=True)
class ItemLine:
    """One item or behaviour: how right (0 to 1), and whether it was critical and a line was crossed."""

    key: str
    words: str
    value: Decimal
    is_critical: bool
    is_line_crossed: bool


@dataclass(frozen=True)
class EvidenceLine:
    """One piece of evidence as the page shows it. ``url``: the page of its source, when the reader may see it."""

    row: Any
    evidence: Evidence
    standing: Standing
    url: str | None
    items: tuple[ItemLine, ...]

    @property
    def anchor(self) -> str:
        """Where on the page it stands."""
        return f"e-{self.evidence.public_id}"

    @property
    def value(self) -> Decimal | None:
        """What it came to, 0 to 100; None when nothing was asked."""
        return percent(self.evidence.shown, self.evidence.asked) if self.evidence.asked else None


def _source_url(person: Any, source_type: str, source_id: str) -> str | None:
    for endpoint in SOURCE_PAGES.get(source_type, ()):
        permission = rule_of(current_app, endpoint).permission
        if permission is not None and can(_actor(), permission, _scope(person)):
            return url_for(endpoint, public_id=source_id)
    return None


def _items(details: Sequence[Mapping[str, Any]], behaviours: Mapping[str, str]) -> tuple[ItemLine, ...]:
    return tuple(
        ItemLine(
            key=each["key"],
            words=behaviours.get(each["key"]) or each.get("words", ""),
            value=Decimal(each["correctness"]),
            is_critical=bool(each.get("is_critical")),
            is_line_crossed=bool(each.get("is_line_crossed")),
        )
        for each in details
    )


def plain(value: Decimal) -> str:
    """Return a decimal without zeros at its end: 4.5, 5."""
    return f"{value.normalize():f}"


def _lines(
    person: Any, frame: Framework, view: queries.LevelView, code: str, rows: Sequence[Any]
) -> list[EvidenceLine]:
    language = current_language()
    behaviours = {
        seen.key: seen.text_in(language) for level in frame.by_code[code].levels.values() for seen in level.seen
    }
    lines = []
    for row in rows:
        evidence = queries.as_evidence(row)
        stands = standing(evidence, view.verdict, today=clock.today(), valid_months=frame.valid_months)
        url = _source_url(person, row.source_type, row.source_id)
        lines.append(EvidenceLine(row, evidence, stands, url, _items(row.details, behaviours)))
    return lines


def _anchors(lines: Sequence[EvidenceLine], found: Sequence[RecognitionView]) -> dict[str, str]:
    """Return where on the page the cause of a change of level stands, by ``type:public id``."""
    anchors = {f"{line.row.source_type}:{line.row.source_id}": line.anchor for line in lines}
    return anchors | {f"recognition:{each.public_id}": f"r-{each.public_id}" for each in found}


@blueprint.get("/people/<public_id>/competency/<code>")
@allow(Permission.LEVEL_SEE)
def evidence(public_id: str, code: str) -> str:
    """How one level came about: the sum with its numbers, each part down to its items, the history, 认定 apart."""
    reader, actor = reading(), _actor()
    person = people.person_by_public_id(reader, actor, Permission.LEVEL_SEE, public_id)
    frame = queries.framework(reader)
    if code not in frame.by_code:
        raise NotFound("competency.code.unknown")
    view = queries.levels_of_person(reader, frame, person.id)[code]
    lines = _lines(person, frame, view, code, queries.evidence_of(reader, person.id, code))
    found = queries.recognitions_of(reader, person.id, code)
    return render_template(
        "competency/evidence.html",
        person=person,
        is_own=person.id == actor.person_id,
        frame=frame,
        competency=frame.by_code[code],
        view=view,
        verdict=view.verdict,
        kinds=list(EvidenceKind),
        lines=lines,
        anchors=_anchors(lines, found),
        changes=queries.changes_of(reader, person.id, code),
        recognitions=found,
        plain=plain,
        present=plain(sum((frame.weights.of(kind) for kind in view.verdict.parts), Decimal(0))),
        state_words=STATE_WORDS,
        standing_words=STANDING_WORDS,
        lack_text=lack_text,
        language=current_language(),
        may_propose=_may_propose(person),
        top=TOP_LEVEL,
    )


# --- recognition ------------------------------------------------------------------------------------------


def _recognition_form(frame: Framework, live: Collection[str]) -> RecognitionForm:
    form = RecognitionForm()
    language = current_language()
    form.codes.choices = [(each.code, each.name_in(language)) for each in frame.competencies if each.code not in live]
    form.level.choices = [
        (str(number), _("%(level)s 级 · %(name)s", level=number, name=name.name_in(language)))
        for number, name in frame.levels.items()
    ]
    return form


@blueprint.route("/people/<public_id>/recognitions/new", methods=["GET", "POST"])
@allow(Permission.RECOGNITION_PROPOSE)
def propose(public_id: str) -> Any:
    """Propose that a level is recognised on the basis of a document; another official confirms it."""
    actor = _actor()
    session = writing() if request.method == "POST" else reading()
    person = people.person_by_public_id(session, actor, Permission.RECOGNITION_PROPOSE, public_id)
    if person.id == actor.person_id:
        raise Forbidden("competency.recognition.own")
    # What became live since the page was shown stays a choice when it is sent: the refusal then names it.
    live = queries.live_of(session, person.id).keys() if request.method == "GET" else set()
    form = _recognition_form(queries.framework(session), live)
    if request.method == "GET":
        form.codes.data = request.args.getlist("code")
    if form.validate_on_submit():
        try:
            services.propose_recognitions(
                session,
                actor,
                public_id,
                form.codes.data or [],
                int(form.level.data),
                basis=form.basis.data or "",
                basis_on=form.basis_on.data or clock.today(),
                now=clock.now(),
            )
        except (Invalid, Conflict) as error:
            session.rollback()
            person = people.person_by_public_id(session, actor, Permission.RECOGNITION_PROPOSE, public_id)
            form.add_error(error)
            return render_template("competency/propose.html", form=form, person=person), 422
        flash(
            ngettext(
                "提出了 %(num)s 项。要由另一位干部确认后才生效。",
                "提出了 %(num)s 项。要由另一位干部确认后才生效。",
                len(form.codes.data or []),
            ),
            "ok",
        )
        return redirect(url_for("dashboard.levels", public_id=public_id))
    page = render_template("competency/propose.html", form=form, person=person)
    return page, 422 if form.errors else 200


@blueprint.get("/recognitions")
@allow(Permission.RECOGNITION_CONFIRM)
def recognitions() -> str:
    """Recognitions that wait for a second official, and those in force."""
    reader, actor = reading(), _actor()
    return render_template(
        "competency/recognitions.html",
        proposed=queries.live_recognitions(
            reader, actor, RecognitionState.PROPOSED, request.args.get("waiting", 1, type=int)
        ),
        in_force=queries.live_recognitions(
            reader, actor, RecognitionState.IN_FORCE, request.args.get("page", 1, type=int)
        ),
        frame=queries.framework(reader),
        language=current_language(),
        me=actor.person_id,
    )


def _recognition_page(session: Session, found: RecognitionView, form: DecisionForm, *, ending: bool = False) -> str:
    if found.person_id == _actor().person_id:
        raise Forbidden("competency.recognition.own")
    return render_template(
        "competency/recognition.html",
        recognition=found,
        competency=queries.framework(session).by_code.get(found.code),
        language=current_language(),
        form=form,
        ending=ending,
        state_words=STATE_WORDS,
        is_open=found.state is RecognitionState.PROPOSED,
        is_first=found.proposed_by_id == _actor().person_id,
    )


def _decide(public_id: str, permission: Permission, action: RecognitionAction, done: str, *, ending: bool) -> Any:
    """Take one step of a recognition and go back to the list; show its page again with the words when refused."""
    session, actor = writing(), _actor()
    found = queries.recognition_view(session, actor, permission, public_id)
    form = DecisionForm()
    if not form.validate():
        return _recognition_page(session, found, form, ending=ending), 422
    try:
        services.decide_recognition(
            session, actor, public_id, action, now=clock.now(), reason=(form.reason.data or "").strip()
        )
    except (Invalid, Conflict) as error:
        session.rollback()
        found = queries.recognition_view(session, actor, permission, public_id)
        form.add_error(error)
        return _recognition_page(session, found, form, ending=ending), 422
    flash(done, "ok")
    return redirect(url_for("competency.recognitions"))


@blueprint.route("/recognitions/confirm", methods=["GET", "POST"])
@allow(Permission.RECOGNITION_CONFIRM)
def confirm() -> Any:
    """Confirm the ticked recognitions at once, as the second official, after a look at all of them."""
    actor = _actor()
    ids = request.values.getlist("recognition")[:PAGE_SIZE]
    if not ids:
        flash(_("先勾选要确认的。"), "watch")
        return redirect(url_for("competency.recognitions"), 303)
    if request.method == "POST":
        session = writing()
        try:
            number = services.confirm_recognitions(session, actor, ids, now=clock.now())
        except Conflict:
            session.rollback()
            flash(_("有的刚被别人办过，一条也没有确认。请看一眼最新的，再确认一次。"), "watch")
            return redirect(url_for("competency.recognitions"), 303)
        done = ngettext(
            "已确认 %(num)s 条，从今天起有效 12 个月。", "已确认 %(num)s 条，从今天起有效 12 个月。", number
        )
        flash(done if number else _("勾选的都已经办过了。"), "ok" if number else "watch")
        return redirect(url_for("competency.recognitions"))
    reader = reading()
    found = queries.recognition_views(reader, actor, ids)
    if any(each.person_id == actor.person_id for each in found):
        raise Forbidden("competency.recognition.own")
    chosen = [
        each for each in found if each.state is RecognitionState.PROPOSED and each.proposed_by_id != actor.person_id
    ]
    if not chosen:
        flash(_("勾选的都已经办过了。"), "watch")
        return redirect(url_for("competency.recognitions"), 303)
    if not recently_authenticated(actor, clock.real_now()):
        return redirect(url_for("people.reauthenticate", next=request.full_path))
    return render_template(
        "competency/confirm.html",
        back=request.full_path,
        chosen=chosen,
        frame=queries.framework(reader),
        language=current_language(),
    )


@blueprint.route("/recognitions/<public_id>", methods=["GET", "POST"])
@allow(Permission.RECOGNITION_CONFIRM)
def recognition(public_id: str) -> Any:
    """Confirm or refuse a proposed recognition, as the second official."""
    permission = Permission.RECOGNITION_CONFIRM
    if request.method == "POST":
        if request.form.get("act") == "refuse":
            return _decide(public_id, permission, RecognitionAction.REFUSE, _("已退回，原因记下了。"), ending=False)
        return _decide(
            public_id, permission, RecognitionAction.CONFIRM, _("已确认，从今天起有效 12 个月。"), ending=False
        )
    reader, actor = reading(), _actor()
    found = queries.recognition_view(reader, actor, permission, public_id)
    is_mine_to_decide = found.state is RecognitionState.PROPOSED and actor.person_id not in {
        found.proposed_by_id,
        found.person_id,
    }
    if is_mine_to_decide and not recently_authenticated(actor, clock.real_now()):
        # Asked before anything is typed, so that nothing typed is lost.
        return redirect(url_for("people.reauthenticate", next=request.path))
    return _recognition_page(reader, found, DecisionForm())


@blueprint.route("/recognitions/<public_id>/end", methods=["GET", "POST"])
@allow(Permission.RECOGNITION_PROPOSE)
def end(public_id: str) -> Any:
    """End a recognition before its date, or take a proposed one back."""
    permission = Permission.RECOGNITION_PROPOSE
    if request.method == "POST":
        return _decide(public_id, permission, RecognitionAction.END, _("已结束。"), ending=True)
    reader = reading()
    found = queries.recognition_view(reader, _actor(), permission, public_id)
    return _recognition_page(reader, found, DecisionForm(), ending=True)
