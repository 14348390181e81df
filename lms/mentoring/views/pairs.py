"""Pages of pairs: the list, proposing, the pair's own page, what its people and an official do with it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from lms.access.decide import can, may_use
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict, Invalid, NotFound
from lms.core.paging import page_of
from lms.mentoring import queries
from lms.mentoring.forms import (
    FORMS,
    HISTORY_WORDS,
    PAIR_STATE_WORDS,
    SESSION_STATE_WORDS,
    TOPIC_WORDS,
    VERDICT_WORDS,
    ChangeForm,
    CheckpointForm,
    ProposeForm,
    ReasonForm,
    bar_text,
)
from lms.mentoring.queries import PairView
from lms.mentoring.rules import (
    CHECKPOINT_DAYS,
    LIVE,
    CheckpointVerdict,
    PairAction,
    PairState,
    day_of,
    latest_end,
    missing_to_complete,
    needs_reason,
    next_state,
)
from lms.mentoring.services import pairs as services
from lms.mentoring.views import blueprint
from lms.people import queries as people
from lms.web.forms import BaseForm
from lms.web.guards import allow
from lms.web.transaction import reading, writing


def hour(moment: datetime) -> str:
    """Return the time of the day on the wall, to the minute: 09:30."""
    return f"{moment.astimezone(clock.SHANGHAI):%H:%M}"


WORDS: dict[str, Any] = {
    "state_words": PAIR_STATE_WORDS,
    "session_words": SESSION_STATE_WORDS,
    "topic_words": TOPIC_WORDS,
    "verdict_words": VERDICT_WORDS,
    "day_of": day_of,
    "hour": hour,
}
"""What every page of mentoring needs to say things with."""


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


def _session() -> Session:
    return writing() if request.method == "POST" else reading()


# --- lists ------------------------------------------------------------------------------------------------


@blueprint.get("/mentoring/pairs")
@allow(Permission.PAIR_LIST)
def pairs() -> str:
    """Pairs within reach, by state and unit, or just those that are late."""
    reader, actor = reading(), _actor()
    units = people.units_within(reader, actor, Permission.PAIR_LIST)
    unit = next((each for each in units if each.public_id == request.args.get("unit")), None)
    chosen = request.args.get("state", "live")
    states = LIVE if chosen == "live" else {each for each in PairState if each.value == chosen}
    only_late = request.args.get("late") == "1"
    statement = queries.pairs_within(actor, clock.today(), states=states, unit=unit, only_overdue=only_late)
    page = page_of(reader, statement, request.args.get("page", 1, type=int))
    return render_template(
        "mentoring/pairs.html",
        page=page,
        pairs=[queries.pair_view(row) for row in page.rows],
        units=units,
        unit=unit,
        state=chosen,
        only_late=only_late,
        is_filtered=unit is not None or chosen != "live" or only_late,
        may_propose=may_use(actor, Permission.PAIR_PROPOSE),
        **WORDS,
    )


@blueprint.get("/mentoring/new")
@allow(Permission.PAIR_PROPOSE)
def newcomers() -> str:
    """Newcomers without a mentor; the first step of proposing a pair."""
    text = request.args.get("q", "").strip()
    statement = queries.newcomers_without_mentor(_actor(), text=text)
    page = page_of(reading(), statement, request.args.get("page", 1, type=int))
    return render_template("mentoring/newcomers.html", page=page, text=text)


def _own(pairs: Sequence[PairView], state: str) -> list[PairView]:
    match state:
        case "running":
            return [each for each in pairs if each.is_running]
        case "proposed":
            return [each for each in pairs if each.state is PairState.PROPOSED]
        case _:
            return [each for each in pairs if each.state not in LIVE]


@blueprint.get("/mentoring/mentees")
@allow(Permission.SESSION_LOG)
def mentees() -> str:
    """我的徒弟: a mentor's newcomers, what is due, and the way to log a session."""
    reader, actor, today = reading(), _actor(), clock.today()
    assert actor.person_id is not None
    mine = queries.pairs_of_mentor(reader, actor.person_id, today)
    return render_template(
        "mentoring/mentees.html",
        running=_own(mine, "running"),
        proposed=_own(mine, "proposed"),
        past=_own(mine, "past"),
        due=queries.due_for_mentor(reader, actor.person_id, today, pairs=mine),
        waiting=queries.waiting_of_mentor(reader, actor.person_id),
        **WORDS,
    )


@blueprint.get("/mentoring/mine")
@allow(Permission.PAIR_SEE)
def mine() -> str:
    """我的师傅: one's own mentor, the plan, the sessions that wait for one's word."""
    reader, actor, today = reading(), _actor(), clock.today()
    assert actor.person_id is not None
    own = queries.pairs_of_newcomer(reader, actor.person_id, today)
    running = next(iter(_own(own, "running")), None)
    return render_template(
        "mentoring/mine.html",
        running=running,
        proposed=_own(own, "proposed"),
        past=_own(own, "past"),
        due=queries.due_for_newcomer(reader, actor.person_id, today, pairs=own),
        checkpoints=[] if running is None else queries.checkpoints_of(reader, [running.id])[running.id],
        sessions=[] if running is None else queries.sessions_of(reader, running.id),
        **WORDS,
    )


# --- proposing --------------------------------------------------------------------------------------------


def _mentor_page(
    session: Session, person: Any, form: ProposeForm, status: int = 200, *, replacing: PairView | None = None
) -> Any:
    """The choice of a mentor for ``person``; with ``replacing``, of another than the one of that pair."""
    text = request.args.get("q", "").strip()
    found = [
        each
        for each in queries.mentor_choices(session, _actor(), person, clock.today(), text=text)
        if replacing is None or each.person.id != replacing.mentor.id
    ]
    eligible = [each for each in found if not each.bars]
    form.mentor.choices = [SelectChoice(each.person.public_id, each.person.name) for each in eligible]
    page = render_template(
        "mentoring/propose.html",
        form=form,
        person=person,
        eligible=eligible,
        others=[each for each in found if each.bars],
        text=text,
        bar_text=bar_text,
        needs_reason=needs_reason,
        pair=replacing,
    )
    return page, status


@blueprint.route("/mentoring/new/<public_id>", methods=["GET", "POST"])
@allow(Permission.PAIR_PROPOSE)
def propose(public_id: str) -> Any:
    """Choose a mentor for a newcomer: the eligible first, the others with the reason why not."""
    actor, session = _actor(), _session()
    person = people.person_by_public_id(session, actor, Permission.PAIR_PROPOSE, public_id)
    form = ProposeForm()
    if not form.validate_on_submit():
        return _mentor_page(session, person, form, 422 if form.errors else 200)
    try:
        pair = services.propose(
            session,
            actor,
            public_id,
            form.mentor.data,
            second_reason=form.second_reason.data or "",
            now=clock.now(),
        )
    except (Invalid, Conflict) as error:
        session.rollback()
        person = people.person_by_public_id(session, actor, Permission.PAIR_PROPOSE, public_id)
        form.add_error(error)
        return _mentor_page(session, person, form, 422)
    flash(_("已提出。师傅和徒弟都同意了，就从那天开始。"), "ok")
    return redirect(url_for("mentoring.pair", public_id=pair))


# --- one pair ---------------------------------------------------------------------------------------------


@blueprint.get("/mentoring/pairs/<public_id>")
@allow(Permission.PAIR_SEE)
def pair(public_id: str) -> str:
    """A pair: the plan with its checkpoints, the sessions, what happened, and what can be done."""
    reader, actor, today = reading(), _actor(), clock.today()
    found = queries.pair_by_public_id(reader, actor, Permission.PAIR_SEE, public_id, today)
    checkpoints = queries.checkpoints_of(reader, [found.id])[found.id]
    sessions = queries.sessions_of(reader, found.id)
    is_own = actor.person_id in {found.mentor.id, found.newcomer.id}
    may_decide = not is_own and can(actor, Permission.PAIR_DECIDE, found.scope(actor))
    done = sum(1 for each in checkpoints if each.done_at is not None)
    confirmed = sum(1 for each in sessions if each.state.value == "confirmed")
    return render_template(
        "mentoring/pair.html",
        pair=found,
        checkpoints=checkpoints,
        sessions=sessions,
        history=queries.history_of(reader, found),
        history_words=HISTORY_WORDS,
        others=queries.other_pairs(reader, actor, found, today),
        may_write=can(actor, Permission.CHECKPOINT_WRITE, found.scope(actor)) and actor.person_id == found.mentor.id,
        may_answer=found.state is PairState.PROPOSED and _is_asked(found, actor),
        may_see_levels=can(actor, Permission.LEVEL_SEE, found.scope(actor)),
        actions=[each for each in PairAction if may_decide and next_state(found.state, each) is not None],
        missing=missing_to_complete(done, confirmed) if found.is_running else (),
        is_mentor=actor.person_id == found.mentor.id,
        is_newcomer=actor.person_id == found.newcomer.id,
        back=_back(actor, found),
        **WORDS,
    )


def _is_asked(found: PairView, actor: Identity) -> bool:
    """Whether the reader has not yet said yes to a proposed pair of their own."""
    if actor.person_id == found.mentor.id:
        return found.mentor_accepted_at is None
    return actor.person_id == found.newcomer.id and found.newcomer_accepted_at is None


def _back(actor: Identity, found: PairView) -> tuple[str, str]:
    if actor.person_id == found.newcomer.id:
        return _("回到我的师傅"), url_for("mentoring.mine")
    if may_use(actor, Permission.PAIR_LIST):
        return _("回到带教结对"), url_for("mentoring.pairs")
    if may_use(actor, Permission.SESSION_LOG):
        return _("回到我的徒弟"), url_for("mentoring.mentees")
    return _("回到首页"), url_for("dashboard.home")


@blueprint.route("/mentoring/pairs/<public_id>/answer", methods=["GET", "POST"])
@allow(Permission.PAIR_ANSWER)
def answer(public_id: str) -> Any:
    """Say yes or no to a proposed pair, as its mentor or newcomer."""
    actor, session = _actor(), _session()
    found = queries.pair_by_public_id(session, actor, Permission.PAIR_ANSWER, public_id, clock.today())
    form = ReasonForm()

    def page(status: int = 200) -> Any:
        return render_template(
            "mentoring/answer.html", pair=found, form=form, is_mentor=actor.person_id == found.mentor.id, **WORDS
        ), status

    if request.method == "GET":
        return page()
    is_yes = request.form.get("act") == "accept"
    if not is_yes and not form.validate():
        return page(422)
    try:
        if is_yes:
            state = services.accept(session, actor, public_id, now=clock.now())
        else:
            services.decline(session, actor, public_id, reason=form.reason.data or "", now=clock.now())
            state = PairState.DECLINED
    except (Invalid, Conflict) as error:
        session.rollback()
        found = queries.pair_by_public_id(session, actor, Permission.PAIR_ANSWER, public_id, clock.today())
        form.add_error(error)
        return page(422)
    flash(
        {
            PairState.PROPOSED: _("您已经同意，等另一方。"),
            PairState.ACTIVE: _("双方都同意了，从今天开始，计划 90 天。"),
            PairState.EXTENDED: _("您已经同意过了。"),
            PairState.DECLINED: _("已告诉街道，原因记下了。"),
        }[state],
        "ok",
    )
    return redirect(url_for("mentoring.pair", public_id=public_id))


DONE: dict[PairAction, Any] = {
    PairAction.WITHDRAW: _l("已撤回。"),
    PairAction.EXTEND: _l("已延长。"),
    PairAction.COMPLETE: _l("已确认出师。"),
    PairAction.END: _l("已结束。记录都留着。"),
}


@blueprint.route("/mentoring/pairs/<public_id>/<action>", methods=["GET", "POST"])
@allow(Permission.PAIR_DECIDE)
def decide(public_id: str, action: str) -> Any:
    """Withdraw, extend, complete or end a pair; the page before says what will follow."""
    actor, session = _actor(), _session()
    chosen = next((each for each in FORMS if each.value == action), None)
    found = queries.pair_by_public_id(session, actor, Permission.PAIR_DECIDE, public_id, clock.today())
    if chosen is None:
        raise NotFound("access.not_found")
    form: Any = FORMS[chosen]()

    def page(status: int = 200) -> Any:
        return _decide_page(session, found, chosen, form), status

    if request.method == "GET":
        return page()
    if not form.validate():
        return page(422)
    try:
        services.decide(
            session,
            actor,
            public_id,
            chosen,
            reason=form.reason.data or "",
            ends_on=form.ends_on.data if chosen is PairAction.EXTEND else None,
            now=clock.now(),
        )
    except (Invalid, Conflict) as error:
        session.rollback()
        found = queries.pair_by_public_id(session, actor, Permission.PAIR_DECIDE, public_id, clock.today())
        form.add_error(error)
        return page(422)
    flash(DONE[chosen], "ok")
    return redirect(url_for("mentoring.pair", public_id=public_id))


def _decide_page(session: Session, found: PairView, action: PairAction, form: BaseForm) -> str:
    checkpoints = queries.checkpoints_of(session, [found.id])[found.id]
    done = sum(1 for each in checkpoints if each.done_at is not None)
    confirmed = queries.confirmed_count(session, found.id)
    return render_template(
        "mentoring/decide.html",
        pair=found,
        action=action.value,
        form=form,
        is_possible=next_state(found.state, action) is not None,
        is_own=_actor().person_id in {found.mentor.id, found.newcomer.id},
        done=done,
        confirmed=confirmed,
        days=len(CHECKPOINT_DAYS),
        missing=missing_to_complete(done, confirmed) if action is PairAction.COMPLETE else (),
        latest=latest_end(found.starts_on) if found.starts_on else None,
        **WORDS,
    )


@blueprint.route("/mentoring/pairs/<public_id>/change", methods=["GET", "POST"])
@allow(Permission.PAIR_DECIDE)
def change(public_id: str) -> Any:
    """End a pair because the newcomer gets another mentor, and propose the next."""
    actor, session = _actor(), _session()
    found = queries.pair_by_public_id(session, actor, Permission.PAIR_DECIDE, public_id, clock.today())
    form = ChangeForm()
    if not form.validate_on_submit():
        person = people.person_with_id(session, found.newcomer.id)
        return _mentor_page(session, person, form, 422 if form.errors else 200, replacing=found)
    try:
        following = services.change_mentor(
            session,
            actor,
            public_id,
            form.mentor.data,
            reason=form.reason.data or "",
            second_reason=form.second_reason.data or "",
            now=clock.now(),
        )
    except (Invalid, Conflict) as error:
        session.rollback()
        found = queries.pair_by_public_id(session, actor, Permission.PAIR_DECIDE, public_id, clock.today())
        form.add_error(error)
        person = people.person_with_id(session, found.newcomer.id)
        return _mentor_page(session, person, form, 422, replacing=found)
    flash(_("原来的结对已结束，新的已提出，等双方同意。"), "ok")
    return redirect(url_for("mentoring.pair", public_id=following))


# --- checkpoints ------------------------------------------------------------------------------------------


@blueprint.route("/mentoring/pairs/<public_id>/checkpoints/<int:day>", methods=["GET", "POST"])
@allow(Permission.CHECKPOINT_WRITE)
def checkpoint(public_id: str, day: int) -> Any:
    """Say at a checkpoint how the newcomer gets on: in a line, with 顺利 or 要帮."""
    actor, session = _actor(), _session()
    found = queries.pair_by_public_id(session, actor, Permission.CHECKPOINT_WRITE, public_id, clock.today())
    point = queries.checkpoint_of(session, found.id, day)
    form = CheckpointForm()

    def page(status: int = 200) -> Any:
        today: date = clock.today()
        return render_template(
            "mentoring/checkpoint.html",
            pair=found,
            point=point,
            form=form,
            is_early=today < point.due_on,
            is_open=found.is_running and point.done_at is None,
            **WORDS,
        ), status

    if request.method == "GET":
        return page()
    if not form.validate():
        return page(422)
    try:
        services.write_checkpoint(
            session,
            actor,
            public_id,
            day,
            CheckpointVerdict(form.verdict.data),
            line=form.line.data or "",
            now=clock.now(),
        )
    except (Invalid, Conflict) as error:
        session.rollback()
        found = queries.pair_by_public_id(session, actor, Permission.CHECKPOINT_WRITE, public_id, clock.today())
        point = queries.checkpoint_of(session, found.id, day)
        form.add_error(error)
        return page(422)
    flash(_("记下了，徒弟能看到。"), "ok")
    return redirect(url_for("mentoring.pair", public_id=public_id))
