"""Pages of sessions: choosing the topic, logging, reading, and the answers of newcomer and mentor."""

from collections.abc import Mapping
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.competency import queries as competencies
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound
from lms.core.ids import new_public_id
from lms.mentoring import queries
from lms.mentoring.forms import (
    FUNCTION_WORDS,
    MINUTE_WORDS,
    WHEN_WORDS,
    CorrectionForm,
    LogForm,
    WithdrawForm,
)
from lms.mentoring.queries import PairView
from lms.mentoring.rules import (
    TOPICS,
    Function,
    SessionAction,
    SessionState,
    Topic,
    When,
    begins_at,
    topic_of,
)
from lms.mentoring.services import sessions as services
from lms.mentoring.services.sessions import LONGEST_TOKEN
from lms.mentoring.views import blueprint
from lms.mentoring.views.pairs import WORDS
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading, writing

MARK = "m-"
"""What the names of the fields of behaviours begin with."""


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


def _session() -> Session:
    return writing() if request.method == "POST" else reading()


def _answers() -> dict[str, str]:
    """Return what was pressed for each behaviour: yes, no or none, by key."""
    return {
        name.removeprefix(MARK): value
        for name, value in request.form.items()
        if name.startswith(MARK) and value in {"yes", "no", "none"}
    }


# --- logging ----------------------------------------------------------------------------------------------


def _pair_to_log(session: Session, public_id: str) -> PairView:
    return queries.pair_by_public_id(session, _actor(), Permission.SESSION_LOG, public_id, clock.today())


@blueprint.get("/mentoring/pairs/<public_id>/log")
@allow(Permission.SESSION_LOG)
def topics(public_id: str) -> str:
    """The first step of logging: what was mainly done. The form's token is made here, so that going back keeps it."""
    return render_template(
        "mentoring/topics.html",
        pair=_pair_to_log(reading(), public_id),
        groups=[(FUNCTION_WORDS[each], [topic for topic in TOPICS if topic.function is each]) for each in Function],
        token=new_public_id(),
        **WORDS,
    )


@blueprint.route("/mentoring/pairs/<public_id>/log/<topic>", methods=["GET", "POST"])
@allow(Permission.SESSION_LOG)
def log(public_id: str, topic: str) -> Any:
    """The second step of logging: when, how long, what was seen."""
    actor, session = _actor(), _session()
    pair = _pair_to_log(session, public_id)
    chosen = topic_of(topic)
    if chosen is None:
        raise NotFound("mentoring.session.topic")
    form = LogForm()
    if request.method == "GET":
        token = request.args.get("t", "")[:LONGEST_TOKEN]
        known = queries.session_with_token(session, actor.person_id or 0, token) if token else None
        if known is not None:
            flash(_("这次已经记下了，没有再记一遍。"), "ok")
            return redirect(url_for("mentoring.session", public_id=known))
        form.token.data = token or new_public_id()
        form.day.data = clock.today()
        return _log_page(session, pair, chosen, form)
    if not form.validate():
        return _log_page(session, pair, chosen, form, 422)
    try:
        logged = _log(session, actor, pair, chosen, form)
    except (Invalid, Conflict) as error:
        session.rollback()
        pair = _pair_to_log(session, public_id)
        form.add_error(error)
        return _log_page(session, pair, chosen, form, 422)
    found, _pair = queries.session_by_public_id(session, actor, Permission.PAIR_SEE, logged, clock.today())
    if found.state is SessionState.OVERLAPPING:
        flash(_("记下了，但和前面记的一次时间重叠，这次不计入。时间写错了，可以再记一次。"), "watch")
    else:
        flash(_("记下了，等徒弟确认。"), "ok")
    return redirect(url_for("mentoring.session", public_id=logged))


def _log(session: Session, actor: Identity, pair: PairView, topic: Topic, form: LogForm) -> str:
    """Log what the form says. Raises Invalid and Conflict as the service does."""
    now = clock.now()
    minutes = int(form.minutes.data)
    starts_at = begins_at(
        When(form.when.data),
        form.day.data or clock.today(),
        form.clock_time.data,
        minutes,
        now.astimezone(clock.SHANGHAI),
    )
    if starts_at is None:
        raise Invalid("mentoring.session.when", field="when")
    return services.log_session(
        session,
        actor,
        pair.public_id,
        token=form.token.data or "",
        topic_key=topic.key,
        starts_at=starts_at,
        minutes=minutes,
        seen={key: value == "yes" for key, value in _answers().items() if value != "none"},
        line=form.line.data or "",
        now=now,
    )


def _log_page(session: Session, pair: PairView, topic: Topic, form: LogForm, status: int = 200) -> Any:
    frame = competencies.framework(session)
    page = render_template(
        "mentoring/log.html",
        pair=pair,
        topic=topic,
        form=form,
        frame=frame,
        asked=queries.asked_marks(session, frame, pair.newcomer.id, topic),
        answers=_answers(),
        whens=[(each.value, words) for each, words in WHEN_WORDS.items()],
        lengths=[(str(each), words) for each, words in MINUTE_WORDS.items()],
        language=current_language(),
        is_open=pair.is_running,
        mark=MARK,
        **WORDS,
    )
    return page, status


# --- one session ------------------------------------------------------------------------------------------


def _behaviours(session: Session) -> Mapping[str, str]:
    """Return the words of every behaviour in the reader's language, by key."""
    language = current_language()
    return {
        seen.key: seen.text_in(language)
        for each in competencies.framework(session).competencies
        for level in each.levels.values()
        for seen in level.seen
    }


def _session_page(session: Session, public_id: str, status: int = 200, **forms: Any) -> Any:
    actor = _actor()
    found, pair = queries.session_by_public_id(session, actor, Permission.PAIR_SEE, public_id, clock.today())
    is_in_time = clock.now() <= found.answer_by
    page = render_template(
        "mentoring/session.html",
        one=found,
        pair=pair,
        frame=competencies.framework(session),
        behaviours=_behaviours(session),
        language=current_language(),
        minute_words=MINUTE_WORDS,
        is_in_time=is_in_time,
        is_mentor=actor.person_id == found.mentor_id,
        is_newcomer=actor.person_id == found.newcomer_id,
        withdraw_form=forms.get("withdraw_form") or WithdrawForm(formdata=None),
        errors=forms.get("errors"),
        **WORDS,
    )
    return page, status


@blueprint.get("/mentoring/sessions/<public_id>")
@allow(Permission.PAIR_SEE)
def session(public_id: str) -> Any:
    """One session: what was seen, where it stands, and what the reader may do with it."""
    return _session_page(reading(), public_id)


DONE = {
    SessionAction.CONFIRM: lambda: _("确认了，这次算一条佐证。"),
    SessionAction.ACCEPT: lambda: _("按徒弟的更正算，这次双方确认。"),
    SessionAction.KEEP: lambda: _("按您记的算，没有双方确认，算一半。"),
    SessionAction.WITHDRAW: lambda: _("已撤回，不计入。"),
}


@blueprint.post("/mentoring/sessions/<public_id>/answer")
@allow(Permission.SESSION_ANSWER)
def answer_session(public_id: str) -> Any:
    """Confirm a session as its newcomer; accept or keep a correction, or take the session back, as its mentor."""
    actor, session = _actor(), writing()
    queries.session_by_public_id(session, actor, Permission.SESSION_ANSWER, public_id, clock.today())
    action = next((each for each in DONE if each.value == request.form.get("act")), None)
    if action is None:
        raise Invalid("mentoring.session.moved_on")
    form = WithdrawForm()
    if action is SessionAction.WITHDRAW and not form.validate():
        return _session_page(session, public_id, 422, withdraw_form=form)
    try:
        services.answer(session, actor, public_id, action, line=form.line.data or "", now=clock.now())
    except (Invalid, Conflict, Forbidden) as error:
        session.rollback()
        form.add_error(error)
        return _session_page(session, public_id, 422, errors=form, withdraw_form=form)
    flash(DONE[action](), "ok")
    return redirect(url_for("mentoring.session", public_id=public_id))


@blueprint.route("/mentoring/sessions/<public_id>/correct", methods=["GET", "POST"])
@allow(Permission.SESSION_ANSWER)
def correct(public_id: str) -> Any:
    """Say which behaviours were otherwise, and why, as the newcomer."""
    actor, session = _actor(), _session()
    found, pair = queries.session_by_public_id(session, actor, Permission.SESSION_ANSWER, public_id, clock.today())
    if actor.person_id != found.newcomer_id:
        raise Forbidden("mentoring.session.not_yours")
    form = CorrectionForm()
    said = {True: "yes", False: "no", None: "none"}
    answers = {each.key: said[each.shown] for each in found.marks} | _answers()

    def page(status: int = 200) -> Any:
        return render_template(
            "mentoring/correct.html",
            one=found,
            pair=pair,
            form=form,
            answers=answers,
            behaviours=_behaviours(session),
            is_open=found.state is SessionState.WAITING and clock.now() <= found.answer_by,
            mark=MARK,
            **WORDS,
        ), status

    if request.method == "GET":
        return page()
    if not form.validate():
        return page(422)
    words = {"yes": True, "no": False, "none": None}
    try:
        services.answer(
            session,
            actor,
            public_id,
            SessionAction.CORRECT,
            said={key: words[value] for key, value in _answers().items()},
            line=form.line.data or "",
            now=clock.now(),
        )
    except (Invalid, Conflict) as error:
        session.rollback()
        found, pair = queries.session_by_public_id(session, actor, Permission.SESSION_ANSWER, public_id, clock.today())
        form.add_error(error)
        return page(422)
    flash(_("更正发给师傅了，等师傅看。"), "ok")
    return redirect(url_for("mentoring.session", public_id=public_id))
