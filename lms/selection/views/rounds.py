"""Pages of rounds for officials: the list, one round with what waits first, places, rule, the steps of a round."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.certification import queries as certification
from lms.core import clock
from lms.core.errors import Conflict, Invalid
from lms.core.paging import PAGE_SIZE, Page, page_in, page_of
from lms.people import queries as people
from lms.people.forms import choices
from lms.people.rules import Employment, Post, UnitKind
from lms.selection import queries
from lms.selection.forms import (
    MESSAGES,
    PAPER_WORDS,
    SOURCE_WORDS,
    WAITS_WORDS,
    EmptyForm,
    PlaceForm,
    ReasonForm,
    RoundForm,
    RuleForm,
)
from lms.selection.rules import (
    FEWEST_DAYS,
    CaseState,
    Component,
    DayKind,
    RoundState,
    Rule,
    Waits,
    is_over,
    listed,
    parse_points,
)
from lms.selection.services import deciding, ranking
from lms.selection.services import rounds as services
from lms.selection.views import blueprint
from lms.selection.views.pages import act, actor, form_page, shut, why_not
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading, writing

if TYPE_CHECKING:
    from lms.selection.models import SelectionApplication, SelectionRound


WAITS_PAGES: dict[Waits, str] = {
    **dict.fromkeys((Waits.CHECK, Waits.EXAMINE, Waits.DECIDE, Waits.FILE), "selection.case"),
    **dict.fromkeys((Waits.CLOSE, Waits.RANK, Waits.POST), "selection.one_round"),
    Waits.ANSWER: "selection.answer",
}
"""Where what waits is done."""


@blueprint.get("/selection")
@allow(Permission.ROUND_SEE)
def rounds() -> str:
    """All rounds within reach, latest first."""
    reader = reading()
    page = page_of(reader, queries.rounds(actor()), request.args.get("page", 1, type=int))
    return render_template(
        "selection/rounds.html",
        page=page,
        counts=queries.counts_of(reader, [each.id for each in page.rows]),
        waiting=queries.waiting_for(reader, actor(), clock.today()),
        waits_words=WAITS_WORDS,
        waits_pages=WAITS_PAGES,
        page_url=lambda number: number and url_for("selection.rounds", page=number),
    )


@blueprint.route("/selection/new", methods=["GET", "POST"])
@allow(Permission.ROUND_MANAGE)
def new_round() -> Any:
    """Begin a round: unit, last day of 报名, days of the notice, where objections go."""
    form = RoundForm()
    units = [
        each
        for each in people.units_within(reading(), actor(), Permission.ROUND_MANAGE)
        if each.kind is not UnitKind.DISTRICT
    ]
    form.unit.choices = choices((each.public_id, each.name) for each in units if each.kind is not UnitKind.GRID)
    if request.method == "GET":
        form.last_day.data = clock.today() + timedelta(days=10)
        form.notice_days.data = FEWEST_DAYS
    made: list[str] = []

    def perform(session: Session, who: Identity) -> None:
        unit = people.unit_by_public_id(session, who, Permission.ROUND_MANAGE, form.unit.data)
        found = services.create_round(
            session,
            who,
            unit,
            title=form.title.data or "",
            last_day=form.last_day.data or clock.today(),
            notice_days=form.notice_days.data or 0,
            channel=form.channel.data or "",
            now=clock.now(),
        )
        made.append(found.public_id)

    def page() -> str:
        return form_page(form, _("新建选拔批次"), _("建好，去加岗位"), (_("选拔批次"), url_for("selection.rounds")))

    return act(
        form,
        perform,
        page,
        done=_("批次建好了。下一步：加上要选的岗位。"),
        back=lambda: url_for("selection.one_round", public_id=made[0]),
    )


@dataclass(frozen=True)
class Next:
    """The next step of a round: what it is, where it is done, and what still keeps it from being done."""

    step: str
    url: str = ""
    lock: Any = ""
    waiting: "tuple[SelectionApplication, ...]" = ()


def next_of(found: "SelectionRound", cases: "list[SelectionApplication]", facts: dict[str, Any]) -> Next:
    """Return the one next step of a round, for the ink block of its page."""
    today = clock.today()

    def do(action: str) -> str:
        return url_for("selection.step", public_id=found.public_id, action=action)

    def waiting(*states: CaseState) -> "tuple[SelectionApplication, ...]":
        return tuple(each for each in cases if each.state in states)

    match found.state:
        case RoundState.DRAFT:
            lock = "" if facts["places"] else _("先加上要选的岗位。")
            return Next("open", do("open"), lock)
        case RoundState.OPEN | RoundState.CLOSED:
            if left := waiting(CaseState.SUBMITTED):
                return Next("check", waiting=left)
            if left := waiting(CaseState.COMPLETE):
                return Next("examine", waiting=left)
            if found.state is RoundState.OPEN:
                return Next("close", do("close") if today > found.last_day else "")
            return Next("list", do("list"))
        case RoundState.RANKED:
            return Next("post", url_for("selection.post_notice", public_id=found.public_id))
        case RoundState.POSTED:
            unanswered = [each for each in facts["objections"] if each.answered_at is None]
            if unanswered:
                return Next("answer", url_for("selection.answer", public_id=unanswered[0].public_id))
            proposed = waiting(CaseState.PROPOSED)
            if not proposed:
                return Next("fill", url_for("selection.edit_notice", public_id=found.public_id))
            notice = facts["notice"]
            if notice is not None and not is_over(notice.ends_on, today):
                return Next("wait")
            return Next("decide", waiting=proposed)
        case RoundState.DECIDED:
            left = waiting(CaseState.APPROVED)
            return Next("file", waiting=left) if left else Next("done")
        case _:
            return Next("done")


def courses_named(session: Session) -> dict[str, str]:
    """Return the titles of the courses that onboarding asks for, in the page's language."""
    _revision, text = certification.current_text(session, queries.ONBOARDING)
    return certification.course_names(session, text.courses, current_language())


@blueprint.get("/selection/<public_id>")
@allow(Permission.ROUND_SEE)
def one_round(public_id: str) -> str:
    """One round: where it stands, the next step, the cases, the list, the notice and the objections."""
    return round_page(public_id)


Row = TypeVar("Row")

MOST_WAITING = 10
"""How many of those who wait for the next step are named beside it."""


def _is_whole() -> bool:
    """Whether the page was asked for with its lists in one piece, to print them."""
    return request.args.get("whole") == "1"


def _part(rows: Sequence[Row], name: str) -> Page[Row]:
    """Return the page of a list that the address names, or all of it."""
    return page_in(rows, request.args.get(name, 1, type=int) or 1, max(len(rows), 1) if _is_whole() else PAGE_SIZE)


def round_page(public_id: str, place_form: PlaceForm | None = None) -> str:
    """Return the page of a round; ``place_form``: with what was typed into it."""
    reader = reading()
    found = queries.find_round(reader, actor(), Permission.ROUND_SEE, public_id)
    cases = queries.cases_of(reader, found.id)
    notices = queries.notices_of(reader, found.id)
    made = queries.ranking_of(reader, found.id)
    objections = queries.objections_of(reader, found.id)
    places = queries.places_of(reader, found.id)
    rule = queries.rule_of(reader, found.id)
    if found.state is RoundState.DRAFT and place_form is None:
        place_form = PlaceForm()
    if place_form is not None:
        fill_grids(reader, place_form, found)
    notice = notices[0] if notices else None
    return render_template(
        "selection/round.html",
        found=found,
        cases=cases,
        by_id={each.public_id: each for each in cases},
        places=places,
        rule=Rule.from_json(rule.rule),
        rule_row=rule,
        made=made,
        list_page=_part(listed(json.loads(made.snapshot)) if made is not None else [], "list"),
        case_page=_part(cases, "cases"),
        most_waiting=MOST_WAITING,
        notice=notice,
        notices=notices,
        notice_over=notice is not None and is_over(notice.ends_on, clock.today()),
        days=calendar_days(notice.days, notice.posted_on) if notice is not None else [],
        objections=objections,
        next=next_of(found, cases, {"places": places, "objections": objections, "notice": notice}),
        certified=queries.certificates_of(reader, [each.person_id for each in cases], clock.today())
        if found.state in {RoundState.OPEN, RoundState.CLOSED}
        else {},
        place_form=place_form,
        components=list(Component),
        sources=[
            (SOURCE_WORDS[source], number) for source, number in Counter(each.source for each in cases).most_common()
        ],
        today=clock.today(),
    )


def fill_grids(session: Session, form: PlaceForm, found: "SelectionRound") -> None:
    """Give a form of a place the open grids of the round's unit to choose from."""
    grids = [
        each
        for each in people.units_within(session, actor(), Permission.ROUND_MANAGE)
        if each.kind is UnitKind.GRID and each.path.startswith(found.unit.path)
    ]
    form.grid.choices = choices((each.public_id, each.name) for each in grids)


def calendar_days(days: list[dict[str, Any]], posted_on: date) -> list[dict[str, Any]]:
    """Return the days of a notice as the counter draws them, from the Monday of its first week."""
    today = clock.today()
    drawn: list[dict[str, Any]] = [
        {"n": (posted_on - timedelta(days=back)).day, "kind": "none"} for back in range(posted_on.weekday(), 0, -1)
    ]
    drawn.append({"n": posted_on.day, "note": _("张贴"), "full": posted_on, "kind": ""})
    for each in days:
        day = date.fromisoformat(each["on"])
        counted = each["number"] is not None
        if counted:
            kind, note = ("past" if day <= today else "cnt"), _("第%(n)s", n=each["number"])
        else:
            kind, note = "off", holiday_word(each["name"]) if each["kind"] == DayKind.HOLIDAY else _("周末")
        drawn.append({"n": day.day, "note": note, "full": day, "kind": f"{kind} today" if day == today else kind})
    return drawn


_HOLIDAYS: dict[str, Any] = {
    "New Year's Day": _l("元旦"),
    "Spring Festival": _l("春节"),
    "Tomb-sweeping Day": _l("清明"),
    "Labour Day": _l("劳动节"),
    "Dragon Boat Festival": _l("端午"),
    "National Day": _l("国庆"),
    "Mid-autumn Festival": _l("中秋"),
}


def holiday_word(name: str) -> str:
    """Return the name of a holiday: the library's in our words, the office's as entered."""
    return str(_HOLIDAYS.get(name, name))


@blueprint.post("/selection/<public_id>/places")
@allow(Permission.ROUND_MANAGE)
def add_place(public_id: str) -> Any:
    """Add a place to a draft."""
    form = PlaceForm()
    session = writing()
    found = queries.find_round(session, actor(), Permission.ROUND_MANAGE, public_id)
    fill_grids(session, form, found)
    if form.validate_on_submit():
        try:
            grid = people.unit_by_public_id(session, actor(), Permission.ROUND_MANAGE, form.grid.data)
            services.add_place(
                session,
                actor(),
                public_id,
                grid,
                Post(form.post.data),
                Employment(form.employment.data),
                form.number.data or 0,
                now=clock.now(),
            )
        except (Invalid, Conflict) as error:
            form.add_error(error)
        else:
            flash(_("岗位加上了。"), "ok")
            return redirect(url_for("selection.one_round", public_id=public_id) + "#places")
    session.rollback()
    return round_page(public_id, form), 422


@blueprint.post("/selection/<public_id>/places/<place_id>/remove")
@allow(Permission.ROUND_MANAGE)
def remove_place(public_id: str, place_id: str) -> Any:
    """Take a place out of a draft."""
    try:
        services.remove_place(writing(), actor(), public_id, place_id, now=clock.now())
    except Conflict as error:
        writing().rollback()
        flash(str(MESSAGES[error.code]), "watch")
        return redirect(url_for("selection.one_round", public_id=public_id), 303)
    flash(_("岗位去掉了。"), "ok")
    return redirect(url_for("selection.one_round", public_id=public_id) + "#places")


@blueprint.route("/selection/<public_id>/rule", methods=["GET", "POST"])
@allow(Permission.ROUND_MANAGE)
def rule(public_id: str) -> Any:
    """The rule of a round: weights, bands of age, points of education; another version when it changes."""
    form = RuleForm()
    reader = reading()
    found = queries.find_round(reader, actor(), Permission.ROUND_MANAGE, public_id)
    back = (found.title, url_for("selection.one_round", public_id=public_id))
    reason = why_not(lambda: services.refuse_ruling(reader, found))
    if refused := shut(form, reason, _("综合得分的规则"), back):
        return refused
    kept = Rule.from_json(queries.rule_of(reader, found.id).rule)
    if request.method == "GET":
        for each in Component:
            form[each.value].data = int(kept.weights[each])
        form.age_bands.data = "\n".join(f"{oldest}: {points}" for oldest, points in kept.age_bands)
        form.education_points.data = "\n".join(f"{words}: {points}" for words, points in kept.education.items())

    def perform(session: Session, who: Identity) -> None:
        bands, education = parse_points(form.age_bands.data or ""), parse_points(form.education_points.data or "")
        if bands is None or not all(oldest.isdecimal() for oldest, _points in bands):
            raise Invalid("selection.rule.lines", field="age_bands")
        if education is None:
            raise Invalid("selection.rule.lines", field="education_points")
        services.set_rule(
            session,
            who,
            public_id,
            weights={each: Decimal(form[each.value].data or 0) for each in Component},
            age_bands=tuple(sorted((int(oldest), points) for oldest, points in bands)),
            education=dict(education),
            reason=form.reason.data or "",
            now=clock.now(),
        )

    def page() -> str:
        return form_page(
            form,
            _("综合得分的规则"),
            _("定下这一版"),
            back,
            lead=[
                _("四项权重加起来等于 100。规则在报名开始时就公布；有人报名以后不能再改。"),
                _("没有面试分，只算系统里有记录的。"),
            ],
        )

    return act(form, perform, page, done=_("规则定下了。"), back=back[1] + "#rule")


STEPS: dict[str, tuple[Any, Any, tuple[Any, ...], Any]] = {
    "open": (
        _l("开始报名"),
        _l("报名开始了。"),
        (_l("岗位和规则从现在起公布，岗位不能再改；有人报名以后，规则也不能再改。"),),
        "primary",
    ),
    "close": (_l("截止报名"), _l("报名截止了。"), (_l("截止以后不再收报名。没有核对、考察的，接着办。"),), "primary"),
    "list": (
        _l("出综合得分名单"),
        _l("名单出来了。下一步：公示。"),
        (
            _l("名单按公布的规则算，用到的数据从这一刻起全部固定，以后随时可以重新算出一模一样的名单。"),
            _l("只有在培训中、有岗前学习证明、两份考察都同意的人进名单；其他人会看到自己还差什么。"),
        ),
        "act",
    ),
    "finish": (
        _l("不递补，结束审批"),
        _l("审批结束了。"),
        (_l("空着的名额不再递补，候补的人这次就没有选上。"),),
        "primary",
    ),
    "cancel": (
        _l("取消这个批次"),
        _l("批次取消了。"),
        (_l("取消以后不能恢复。没有办完的报名一起取消，公示撤下来，报名的人看得到原因。"),),
        "primary",
    ),
}
"""Steps of a round by the word in the address: button, done, what will follow, kind of the button."""


def _why_no_step(session: Session, found: "SelectionRound", action: str) -> Any:
    """Return in words why a step of a round cannot be done now, or nothing."""
    today = clock.today()
    checks: dict[str, Callable[[], object]] = {
        "open": lambda: services.refuse_opening(session, found, today),
        "close": lambda: services.refuse_closing(found, today),
        "list": lambda: ranking.refuse_listing(found, queries.cases_of(session, found.id)),
        "finish": lambda: deciding.refuse_finishing(session, found),
        "cancel": lambda: services.refuse_cancelling(found, queries.cases_of(session, found.id)),
    }
    return why_not(checks[action])


@blueprint.route("/selection/<public_id>/step/<action>", methods=["GET", "POST"])
@allow(Permission.ROUND_MANAGE)
def step(public_id: str, action: str) -> Any:
    """Say what a step of the round will do, then do it."""
    if action not in STEPS:
        abort(404)
    found = queries.find_round(reading(), actor(), Permission.ROUND_MANAGE, public_id)
    title, done, lead, kind = STEPS[action]
    form = ReasonForm() if action == "cancel" else EmptyForm()
    back = (found.title, url_for("selection.one_round", public_id=public_id))
    reason = _why_no_step(reading(), found, action)
    if refused := shut(form, reason, title, back):
        return refused
    performing: dict[str, Callable[..., object]] = {
        "open": services.open_round,
        "close": services.close_round,
        "list": ranking.make_list,
        "finish": deciding.finish,
    }

    def perform(session: Session, who: Identity) -> None:
        if isinstance(form, ReasonForm):
            services.cancel_round(session, who, public_id, reason=form.reason.data or "", now=clock.now())
        else:
            performing[action](session, who, public_id, now=clock.now())

    def page() -> str:
        return form_page(form, title, title, back, lead=lead, kind=kind, lock=reason)

    return act(form, perform, page, done=done, back=back[1])


PAPERS = {each.value: words for each, words in PAPER_WORDS.items()}
