"""Pages of one case for officials: the chain with who and when, entering, check, opinions, decision, filing, slip."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.certification import queries as certification
from lms.competency import queries as competency
from lms.core import clock
from lms.core.errors import Invalid
from lms.people.forms import POST_WORDS, choices
from lms.people.rules import Post, Sex, StaffState
from lms.selection import queries
from lms.selection.forms import (
    BODY_WORDS,
    CHANNEL_WORDS,
    MESSAGES,
    RELATION_WORDS,
    SOURCE_WORDS,
    STATEMENT,
    CheckForm,
    EnterForm,
    FileForm,
    LapseForm,
    OpinionForm,
    PasswordForm,
    ReasonForm,
    RefuseForm,
    RelativesForm,
)
from lms.selection.queries import CaseFile
from lms.selection.rules import (
    WITHDRAWABLE,
    Body,
    CaseAct,
    CaseState,
    Component,
    Lock,
    Paper,
    Relation,
    Rule,
    Source,
    barred_by,
    listed,
)
from lms.selection.services import acts, applications, deciding, opinions
from lms.selection.services.applications import Declared, Outsider
from lms.selection.views import blueprint
from lms.selection.views.pages import act, actor, form_page, shut, why_not
from lms.selection.views.rounds import PAPERS, courses_named
from lms.web.guards import allow
from lms.web.i18n import current_language, mark_chinese
from lms.web.transaction import reading

if TYPE_CHECKING:
    from lms.selection.models import SelectionApplication, SelectionRound


def declared_in(form: RelativesForm) -> list[Declared]:
    """Return the relatives written into a form; empty lines are passed over."""
    rows = ((form[f"relative_{n}"].data, form[f"relation_{n}"].data) for n in (1, 2, 3))
    return [Declared(name, Relation(relation)) for name, relation in rows if name]


def fill_places(session: Session, form: Any, found: "SelectionRound") -> None:
    """Give a form the places of a round to choose from; the only one is chosen already."""
    places = queries.places_of(session, found.id)
    form.place.choices = [
        (
            each.public_id,
            mark_chinese(
                _("%(grid)s，%(post)s，%(n)s 人", grid=each.unit.name, post=POST_WORDS[each.post], n=each.number)
            ),
        )
        for each in places
    ]
    if len(places) == 1 and not form.place.data:
        form.place.data = places[0].public_id


@blueprint.route("/selection/<public_id>/enter", methods=["GET", "POST"])
@allow(Permission.APPLICATION_ENTER)
def enter(public_id: str) -> Any:
    """Enter the paper application of somebody outside, or of a person by staff number."""
    form = EnterForm()
    found = queries.find_round(reading(), actor(), Permission.APPLICATION_ENTER, public_id)
    fill_places(reading(), form, found)
    back = (found.title, url_for("selection.one_round", public_id=public_id))
    reason = why_not(lambda: applications.refuse_applying(found, clock.today()))
    if refused := shut(form, reason, _("代录一份报名"), back):
        return refused
    if request.method == "GET":
        form.stated_on.data = clock.today()
    made: list[str] = []

    def perform(session: Session, who: Identity) -> None:
        number, name = (form.staff_number.data or "").strip(), (form.name.data or "").strip()
        if not number and not name:
            raise Invalid("selection.field.missing", field="name")
        case = applications.enter(
            session,
            who,
            public_id,
            form.place.data,
            number
            or Outsider(
                name=name,
                sex=Sex(form.sex.data),
                birth_month=(form.birth_month.data or "").strip(),
                education=form.education.data or "",
                phone=form.phone.data or "",
            ),
            source=Source(form.source.data),
            statement=str(STATEMENT),
            stated_on=form.stated_on.data or clock.today(),
            relatives=declared_in(form),
            now=clock.now(),
        )
        made.append(case.public_id)

    def page() -> str:
        return form_page(
            form,
            _("代录一份报名"),
            _("录入"),
            back,
            lead=[_("本人签了自愿声明的，照纸上的录。录完可以打印报名表请本人核对签名。")],
            facts=[(_("自愿声明"), STATEMENT)],
        )

    return act(
        form,
        perform,
        page,
        done=_("报名录好了。可以打印报名表。"),
        back=lambda: url_for("selection.case", public_id=made[0]),
    )


def _bars(file: CaseFile, name: str) -> dict[str, Any]:
    """Return, for each act, why it is closed to the reader, in words; acts without an entry are open to them."""
    me = actor().person_id
    bars: dict[str, Any] = {}
    for doing in ("check", "examine", "approve", "file"):
        part = barred_by(doing, me, name, file.involved)
        if part is not None:
            bars[doing] = MESSAGES[f"selection.barred.{part.value}"]
    if "examine" not in bars and any(each.given_by_id == me for each in file.opinions):
        bars["examine"] = MESSAGES["selection.opinion.same_person"]
    return bars


def _locks(file: CaseFile) -> dict[str, Any]:
    """Return why approving, refusing and filing are closed to everybody now, in words."""
    found: dict[str, Lock | None] = {
        "approve": file.lock(clock.today()),
        "refuse": file.lock(clock.today(), refusing=True),
    }
    words = {name: MESSAGES[f"selection.lock.{lock.value}"] for name, lock in found.items() if lock is not None}
    if file.case.person.state is not StaffState.TRAINEE:
        words["file"] = MESSAGES["selection.file.not_trainee"]
    return words


@blueprint.get("/selection/cases/<public_id>")
@allow(Permission.ROUND_SEE)
def case(public_id: str) -> str:
    """One case: the chain 考察→公示→审批→备案, each step with who, when and the evidence; what can be done now."""
    reader = reading()
    one = queries.find_case(reader, actor(), Permission.ROUND_SEE, public_id)
    file = queries.case_file(reader, one)
    me = actor().person_id
    ids = {one.entered_by_id, one.checked_by_id, one.decided_by_id, one.filed_by_id, me}
    ids |= {each.given_by_id for each in file.opinions} | {each.posted_by_id for each in file.notices}
    ids |= {each.answered_by_id for each in file.concerning}
    names = queries.names_of(reader, ids)
    snapshot = json.loads(file.ranking.snapshot) if file.ranking is not None else None
    lines = listed(snapshot) if snapshot is not None else []
    running = file.running
    return render_template(
        "selection/case.html",
        case=one,
        file=file,
        names=names,
        line=next((each for each in lines if each.application == public_id), None),
        inputs=next((each for each in snapshot["applicants"] if each["application"] == public_id), None)
        if snapshot is not None
        else None,
        rule=Rule.from_json(snapshot["rule"]) if snapshot is not None else None,
        components=list(Component),
        missing=one.missing,
        papers=PAPERS,
        courses=_courses(reader, one, snapshot),
        frame=competency.framework(reader).by_code if snapshot is not None else {},
        bars=_bars(file, names.get(me or 0, "")),
        locks=_locks(file),
        bodies=[(each, BODY_WORDS[each]) for each in Body],
        source=SOURCE_WORDS[one.source],
        relations=RELATION_WORDS,
        channels=CHANNEL_WORDS,
        can_withdraw=one.state in WITHDRAWABLE,
        on_notice=running is not None and any(each["application"] == public_id for each in running.lines),
        today=clock.today(),
    )


def _courses(reader: Session, one: "SelectionApplication", snapshot: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the titles of the courses that the page names: those of the frozen rule, else those of onboarding."""
    if snapshot is not None:
        return certification.course_names(reader, snapshot["rule"]["courses"], current_language())
    return courses_named(reader) if one.missing else {}


def _back(one: "SelectionApplication") -> tuple[Any, str]:
    return one.person.name, url_for("selection.case", public_id=one.public_id)


def _facts(one: "SelectionApplication") -> list[tuple[Any, Any]]:
    return [
        (_("姓名"), one.person.name),
        (_("拟任岗位"), _("%(grid)s，%(post)s", grid=one.place.unit.name, post=POST_WORDS[Post(one.place.post)])),
    ]


@blueprint.route("/selection/cases/<public_id>/check", methods=["GET", "POST"])
@allow(Permission.APPLICATION_CHECK)
def check(public_id: str) -> Any:
    """Say whether the papers are complete, and what is missing."""
    form = CheckForm()
    one = queries.find_case(reading(), actor(), Permission.APPLICATION_CHECK, public_id)
    if refused := shut(form, _too_soon_or_late(one, CaseAct.CHECK), _("核对材料"), _back(one)):
        return refused
    unknown = [
        words
        for words, there in (
            (_("出生年月"), one.person.birth_month),
            (_("学历"), one.person.education),
            (_("性别"), one.person.sex is not Sex.UNKNOWN),
        )
        if not there
    ]

    def perform(session: Session, who: Identity) -> None:
        applications.check(
            session,
            who,
            public_id,
            seen=[Paper(each) for each in form.seen.data or ()],
            other=form.other.data or "",
            now=clock.now(),
        )

    def page() -> str:
        lead = [_("没有勾的和写在“还缺什么”里的，会告诉本人。都齐了，下一步是两份考察意见。")]
        if unknown:
            lead.append(_("人员页上还没有填：%(what)s。公示要用，请先到人员页补上。", what=_("、").join(unknown)))
        return form_page(form, _("核对材料"), _("记下核对结果"), _back(one), lead=lead, facts=_facts(one))

    return act(form, perform, page, done=_("核对结果记下了。"), back=_back(one)[1])


@blueprint.route("/selection/cases/<public_id>/opinion", methods=["GET", "POST"])
@allow(Permission.OPINION_GIVE)
def opinion(public_id: str) -> Any:
    """Enter the opinion of one committee."""
    form = OpinionForm()
    one = queries.find_case(reading(), actor(), Permission.OPINION_GIVE, public_id)
    given = queries.opinions_of(reading(), [one.id])[one.id]
    left = [each for each in Body if each not in {opinion.body for opinion in given}]
    form.body.choices = choices((each.value, BODY_WORDS[each]) for each in left or Body)
    if refused := shut(form, _too_soon_or_late(one, CaseAct.EXAMINE), _("录一份考察意见"), _back(one)):
        return refused
    if request.method == "GET":
        form.body.data = left[0].value if len(left) == 1 else None
        form.dated.data = clock.today()

    def perform(session: Session, who: Identity) -> None:
        opinions.give_opinion(
            session,
            who,
            public_id,
            Body(form.body.data),
            is_agreed=form.is_agreed.data == "yes",
            text=form.text.data or "",
            signer=form.signer.data or "",
            dated=form.dated.data or clock.today(),
            now=clock.now(),
        )

    def page() -> str:
        return form_page(
            form,
            _("录一份考察意见"),
            _("录入"),
            _back(one),
            lead=[_("社区党组织、居民委员会各一份，由两个人分别录。只有一份，走不到下一步。录入以后不能改。")],
            facts=_facts(one),
        )

    return act(form, perform, page, done=_("考察意见录好了。"), back=_back(one)[1])


@blueprint.route("/selection/cases/<public_id>/approve", methods=["GET", "POST"])
@allow(Permission.APPLICATION_APPROVE)
def approve(public_id: str) -> Any:
    """Approve a proposed person, with the password again."""
    form = PasswordForm()
    one = queries.find_case(reading(), actor(), Permission.APPLICATION_APPROVE, public_id)
    lock = _lock_for_me(one, CaseAct.APPROVE)
    if refused := shut(form, lock, _("同意这位拟选人员吗？"), _back(one)):
        return refused

    def perform(session: Session, who: Identity) -> None:
        deciding.approve(session, who, public_id, now=clock.now())

    def page() -> str:
        return form_page(
            form,
            _("同意这位拟选人员吗？"),
            _("审批同意"),
            _back(one),
            lead=[_("同意以后就可以备案。审批人没有参加过前面的核对、考察、公示和答复。")],
            facts=_facts(one),
            kind="act",
            lock=lock,
        )

    return act(form, perform, page, done=_("审批同意了。下一步：备案。"), back=_back(one)[1])


@blueprint.route("/selection/cases/<public_id>/refuse", methods=["GET", "POST"])
@allow(Permission.APPLICATION_APPROVE)
def refuse(public_id: str) -> Any:
    """Refuse a proposed person, with a reason and the password again."""
    form = RefuseForm()
    one = queries.find_case(reading(), actor(), Permission.APPLICATION_APPROVE, public_id)
    lock = _lock_for_me(one, CaseAct.REFUSE)
    if refused := shut(form, lock, _("不同意这位拟选人员吗？"), _back(one)):
        return refused

    def perform(session: Session, who: Identity) -> None:
        deciding.refuse(session, who, public_id, reason=form.reason.data or "", now=clock.now())

    def page() -> str:
        return form_page(
            form,
            _("不同意这位拟选人员吗？"),
            _("审批不同意"),
            _back(one),
            lead=[_("要写明理由，本人看得到。姓名会从公示上拿掉，名额可以由名单上的下一位递补。")],
            facts=_facts(one),
            lock=lock,
        )

    return act(form, perform, page, done=_("记下了：审批不同意。"), back=_back(one)[1])


def _too_soon_or_late(one: "SelectionApplication", doing: CaseAct) -> Any:
    """Return in words which step is missing before an act on a case or was done already, or nothing."""
    return why_not(lambda: acts.refuse_skipped_case(one, doing))


def _lock_for_me(one: "SelectionApplication", doing: CaseAct) -> Any:
    """Return why an act on a case is closed, to everybody by its state or to the reader, in words, or nothing."""
    skipped = _too_soon_or_late(one, doing)
    if skipped or (doing is CaseAct.WITHDRAW and one.state is not CaseState.APPROVED):
        return skipped
    reader = reading()
    file = queries.case_file(reader, one)
    name = queries.names_of(reader, [actor().person_id]).get(actor().person_id or 0, "")
    barring = "approve" if doing in {CaseAct.APPROVE, CaseAct.REFUSE} else "file"
    return _bars(file, name).get(barring) or _locks(file).get(doing.value) or ""


@blueprint.route("/selection/cases/<public_id>/file", methods=["GET", "POST"])
@allow(Permission.APPLICATION_FILE)
def file_case(public_id: str) -> Any:
    """File （备案） an approved person."""
    form = FileForm()
    one = queries.find_case(reading(), actor(), Permission.APPLICATION_FILE, public_id)
    lock = _lock_for_me(one, CaseAct.FILE)
    if refused := shut(form, lock, _("备案"), _back(one)):
        return refused
    if request.method == "GET":
        form.filed_on.data = clock.today()

    def perform(session: Session, who: Identity) -> None:
        deciding.file(
            session,
            who,
            public_id,
            number=form.number.data or "",
            filed_on=form.filed_on.data or clock.today(),
            office=form.office.data or "",
            now=clock.now(),
        )

    def page() -> str:
        return form_page(
            form,
            _("备案"),
            _("备案"),
            _back(one),
            lead=[_("备案以后，这位同志正式在岗，得到网格上的岗位，并分到在岗培训计划。")],
            facts=_facts(one),
            kind="act",
            lock=lock,
        )

    return act(form, perform, page, done=_("已备案。这位同志现在在岗了。"), back=_back(one)[1])


@blueprint.route("/selection/cases/<public_id>/withdraw", methods=["GET", "POST"])
@allow(Permission.APPLICATION_ENTER)
def note_withdrawal(public_id: str) -> Any:
    """Note that a person has withdrawn their application, as they said on paper or by telephone."""
    one = queries.find_case(reading(), actor(), Permission.APPLICATION_ENTER, public_id)
    approved = one.state is CaseState.APPROVED
    form = LapseForm() if approved else ReasonForm()
    lock = _lock_for_me(one, CaseAct.WITHDRAW)
    if refused := shut(form, lock, _("登记撤回报名"), _back(one)):
        return refused
    lead = [_("本人说了要撤回，或者人已经离开，才登记。写明怎么说的、哪天说的，或者哪天离开的。")]
    if approved:
        lead.append(_("审批已经同意了：登记以后，这份同意就作废，不能再备案。"))

    def perform(session: Session, who: Identity) -> None:
        applications.withdraw(session, who, public_id, reason=form.reason.data or "", now=clock.now())

    def page() -> str:
        return form_page(
            form,
            _("登记撤回报名"),
            _("登记撤回"),
            _back(one),
            lead=lead,
            facts=_facts(one),
            lock=lock,
        )

    return act(form, perform, page, done=_("撤回登记了。"), back=_back(one)[1])


@blueprint.get("/selection/cases/<public_id>/slip")
@allow(Permission.APPLICATION_ENTER)
def slip(public_id: str) -> str:
    """The application to print on A4, for the person to check and sign."""
    one = queries.find_case(reading(), actor(), Permission.APPLICATION_ENTER, public_id)
    return render_template("selection/slip.html", case=one, source=SOURCE_WORDS[one.source])
