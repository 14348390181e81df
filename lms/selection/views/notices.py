"""Pages of notices and objections for officials, and the table of holidays."""

from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict
from lms.people.forms import choices
from lms.selection import queries
from lms.selection.forms import (
    CHANNEL_WORDS,
    MESSAGES,
    AnswerForm,
    EditForm,
    EmptyForm,
    ExtendForm,
    ObjectionForm,
    YearForm,
)
from lms.selection.rules import Channel, RoundAct
from lms.selection.services import acts
from lms.selection.services import calendar as calendars
from lms.selection.services import notices as services
from lms.selection.views import blueprint
from lms.selection.views.pages import act, actor, form_page, shut, why_not
from lms.web.guards import allow
from lms.web.i18n import format_day as day
from lms.web.transaction import reading

if TYPE_CHECKING:
    from lms.selection.models import Objection, PublicNotice, SelectionRound


def _back(found: "SelectionRound") -> tuple[Any, str]:
    return found.title, url_for("selection.one_round", public_id=found.public_id)


def _names(session: Session, found: "SelectionRound") -> str:
    """Return whom the list proposes now, by name, for the page that asks before posting."""
    proposed = services.to_propose(session, found.id, queries.cases_of(session, found.id))
    return str(_("、")).join(each.person.name for each in proposed)


def _will_end(session: Session, working_days: int) -> tuple[Any, Any]:
    """Return (last day in words, why it cannot be counted) of a notice posted today."""
    try:
        days = services.count(clock.today(), working_days, queries.calendar(session))
    except Conflict as error:
        return "", MESSAGES[error.code] % dict(error.params)
    return day(days[-1].on), ""


@blueprint.route("/selection/<public_id>/notice", methods=["GET", "POST"])
@allow(Permission.NOTICE_POST)
def post_notice(public_id: str) -> Any:
    """Say who will stand on the notice and until when, then post it."""
    form = EmptyForm()
    found = queries.find_round(reading(), actor(), Permission.NOTICE_POST, public_id)
    reason = why_not(lambda: acts.refuse_skipped(found, RoundAct.POST))
    if refused := shut(form, reason, _("张贴公示吗？"), _back(found)):
        return refused

    def perform(session: Session, who: Identity) -> None:
        services.post(session, who, public_id, now=clock.now())

    def page() -> str:
        reader = reading()
        ends, lock = _will_end(reader, found.notice_days)
        return form_page(
            form,
            _("张贴公示吗？"),
            _("张贴公示"),
            _back(found),
            lead=[
                _("谁上公示由名单定，不能另选。公示只写姓名、性别、出生年月、学历、来源、拟任岗位，不用登录就能看。"),
                _("今天张贴，明天开始数工作日。公示期可以延长，不能缩短。"),
            ],
            facts=[
                (_("拟选"), _names(reader, found) or _("没有人")),
                (_("几个工作日"), found.notice_days),
                (_("最后一天"), ends or _("数不出来")),
                (_("有意见向谁反映"), found.channel),
            ],
            kind="act",
            lock=reason or lock,
        )

    return act(form, perform, page, done=_("公示贴出来了。"), back=_back(found)[1])


@blueprint.route("/selection/<public_id>/notice/extend", methods=["GET", "POST"])
@allow(Permission.NOTICE_POST)
def extend_notice(public_id: str) -> Any:
    """Give a notice more working days."""
    form = ExtendForm()
    found = queries.find_round(reading(), actor(), Permission.NOTICE_POST, public_id)
    reason = why_not(lambda: services.refuse_extending(reading(), found, clock.today()))
    if refused := shut(form, reason, _("延长公示"), _back(found)):
        return refused
    notice = queries.running_notice(reading(), found.id)
    if request.method == "GET" and notice is not None:
        form.working_days.data = notice.working_days + 2

    def perform(session: Session, who: Identity) -> None:
        services.extend(
            session,
            who,
            public_id,
            working_days=form.working_days.data or 0,
            reason=form.reason.data or "",
            now=clock.now(),
        )

    def page() -> str:
        kept = queries.running_notice(reading(), found.id)
        facts = [] if kept is None else [(_("现在"), _("%(n)s 个工作日", n=kept.working_days))]
        if kept is not None:
            facts.append((_("最后一天"), day(kept.ends_on)))
        return form_page(form, _("延长公示"), _("延长"), _back(found), lead=[_("只能延长，不能缩短。")], facts=facts)

    return act(form, perform, page, done=_("公示延长了。"), back=_back(found)[1])


@blueprint.route("/selection/<public_id>/notice/edit", methods=["GET", "POST"])
@allow(Permission.NOTICE_POST)
def edit_notice(public_id: str) -> Any:
    """Put another notice in the place of the one that runs; its days begin anew."""
    form = EditForm()
    found = queries.find_round(reading(), actor(), Permission.NOTICE_POST, public_id)
    reason = why_not(lambda: services.refuse_editing(reading(), found))
    if refused := shut(form, reason, _("改公示，重新开始数"), _back(found)):
        return refused
    notice = queries.running_notice(reading(), found.id)
    if request.method == "GET":
        form.channel.data = notice.channel if notice is not None else found.channel

    def perform(session: Session, who: Identity) -> None:
        services.edit(
            session,
            who,
            public_id,
            channel=form.channel.data or "",
            reason=form.reason.data or "",
            now=clock.now(),
        )

    def page() -> str:
        reader = reading()
        kept = queries.running_notice(reader, found.id)
        ends, lock = _will_end(reader, max(found.notice_days, kept.working_days if kept is not None else 0))
        return form_page(
            form,
            _("改公示，重新开始数"),
            _("重新公示"),
            _back(found),
            lead=[
                _("改了公示，天数从头数。名单上撤回的、没有同意的，由下一位递补；人员资料按现在登记的重新写。"),
                _("原来那份撤下来，留在系统里备查。"),
            ],
            facts=[(_("拟选"), _names(reader, found) or _("没有人")), (_("最后一天"), ends or _("数不出来"))],
            kind="act",
            lock=lock,
        )

    return act(form, perform, page, done=_("新的公示贴出来了，天数从头数。"), back=_back(found)[1])


def _fill_cases(session: Session, form: Any, found: "SelectionRound", notice: "PublicNotice | None") -> None:
    """Give a form of an objection those to choose from who stand on the notice that it is about."""
    lines = {line["application"] for line in notice.lines} if notice is not None else set()
    form.case.choices = choices(
        [
            ("", _("整个名单，或者还说不准")),
            *(
                (each.public_id, each.person.name)
                for each in queries.cases_of(session, found.id)
                if each.public_id in lines
            ),
        ]
    )


@blueprint.route("/selection/<public_id>/objections/new", methods=["GET", "POST"])
@allow(Permission.OBJECTION_ANSWER)
def new_objection(public_id: str) -> Any:
    """Enter an objection that came by telephone, letter or visit."""
    form = ObjectionForm()
    found = queries.find_round(reading(), actor(), Permission.OBJECTION_ANSWER, public_id)
    _fill_cases(reading(), form, found, queries.running_notice(reading(), found.id))
    reason = why_not(lambda: acts.refuse_skipped(found, RoundAct.OBJECT))
    if refused := shut(form, reason, _("登记一件异议"), _back(found)):
        return refused

    def perform(session: Session, who: Identity) -> None:
        services.enter_objection(
            session,
            who,
            public_id,
            case_public_id=form.case.data or "",
            channel=Channel(form.channel.data),
            text=form.text.data or "",
            contact=form.contact.data or "",
            now=clock.now(),
        )

    def page() -> str:
        return form_page(
            form,
            _("登记一件异议"),
            _("登记"),
            _back(found),
            lead=[_("系统给它编号。没有答复以前，审批锁住。")],
        )

    return act(form, perform, page, done=_("异议登记了。"), back=_back(found)[1] + "#objections")


def _facts_of(objection: "Objection") -> list[tuple[Any, Any]]:
    facts = [(_("内容"), objection.text), (_("怎么来的"), CHANNEL_WORDS[objection.channel])]
    if objection.contact:
        facts.append((_("怎么联系"), objection.contact))
    if objection.answered_at is not None:
        facts.append((_("已经答复"), objection.answer))
    return facts


@blueprint.route("/selection/objections/<public_id>", methods=["GET", "POST"])
@allow(Permission.OBJECTION_ANSWER)
def answer(public_id: str) -> Any:
    """Read an objection and answer it with the reason."""
    form = AnswerForm()
    reader = reading()
    objection = queries.find_objection(reader, actor(), Permission.OBJECTION_ANSWER, public_id)
    found = queries.round_with_id(reader, objection.round_id)
    notices = queries.notices_of(reader, found.id)
    _fill_cases(reader, form, found, next(each for each in notices if each.id == objection.notice_id))
    title = _("答复异议第 %(n)s 号", n=objection.number)
    reason = MESSAGES["selection.objection.answered"] if objection.answered_at is not None else ""
    # It is linked from the round and the case to be read, so answered it is no fault to open it.
    if refused := shut(form, reason, title, _back(found), facts=_facts_of(objection), status=200):
        return refused
    if request.method == "GET" and objection.application_id is not None:
        form.case.data = next(
            (each.public_id for each in queries.cases_of(reader, found.id) if each.id == objection.application_id), ""
        )

    def perform(session: Session, who: Identity) -> None:
        services.answer(
            session,
            who,
            public_id,
            is_upheld=form.is_upheld.data == "yes",
            text=form.answer.data or "",
            case_public_id=form.case.data or "",
            now=clock.now(),
        )

    def page() -> str:
        kept = queries.find_objection(reading(), actor(), Permission.OBJECTION_ANSWER, public_id)
        return form_page(
            form,
            title,
            _("答复"),
            _back(found),
            lead=[
                _("答复的人就不能再审批这一件。查实了的，要么审批不同意，要么改好名单重新公示。"),
            ],
            facts=_facts_of(kept),
            lock=MESSAGES["selection.objection.answered"] if kept.answered_at is not None else "",
        )

    return act(form, perform, page, done=_("答复记下了。"), back=_back(found)[1] + "#objections")


@blueprint.route("/selection/calendar", methods=["GET", "POST"])
@allow(Permission.CALENDAR_ENTER)
def calendar() -> Any:
    """The years that can be counted in, and a form to enter one."""
    form = YearForm()
    if request.method == "GET":
        years = queries.calendar(reading())
        wanted = request.args.get("year", type=int) or max(years) + 1
        form.year.data = wanted
        kept = next((each for each in queries.entered_years(reading()) if each.year == wanted), None)
        if kept is not None:
            form.source.data = kept.source
            form.holidays.data = "\n".join(f"{on} {name}" for on, name in kept.holidays.items())
            form.workdays.data = "\n".join(f"{on} {name}" for on, name in kept.workdays.items())

    def perform(session: Session, who: Identity) -> None:
        calendars.enter_year(
            session,
            who,
            form.year.data or 0,
            source=form.source.data or "",
            holidays=form.holidays.data or "",
            workdays=form.workdays.data or "",
            now=clock.now(),
        )

    def page() -> str:
        reader = reading()
        entered = queries.entered_years(reader)
        return render_template(
            "selection/calendar.html",
            form=form,
            entered=entered,
            printed=[year for year in sorted(queries.printed_years(), reverse=True) if year >= clock.today().year - 2],
            names=queries.names_of(reader, [each.entered_by_id for each in entered]),
        )

    return act(form, perform, page, done=_("节假日录好了。"), back=url_for("selection.calendar"))
