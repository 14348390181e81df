"""The home page, and the audit page with names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from lms.access.decide import may_use, require
from lms.access.identity import GRANTABLE, Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.certification import queries as certificates
from lms.certification.queries import Decided, Desk
from lms.core import clock
from lms.core.paging import page_of
from lms.courses import queries as courses
from lms.courses.rules import Category
from lms.courses.views import quiz_url
from lms.dashboard import queries
from lms.dashboard.forms import ACTOR_WORDS, FIELD_WORDS, OBJECT_WORDS, TAG_WORDS
from lms.duties import queries as duties
from lms.duties.rules import MAY_ACT, DutyState
from lms.mentoring import queries as mentoring
from lms.mentoring.rules import LIVE
from lms.people import queries as people
from lms.people.forms import STATE_WORDS
from lms.people.rules import StaffState, UnitKind, clean_staff_number
from lms.quizzes import queries as quizzes
from lms.quizzes.queries import Result
from lms.selection import queries as selection
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading, writing

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/")
@allow(Permission.HOME_SEE)
def home() -> Any:
    """What a person finds after signing in: who they are, where they stand, what is theirs to do."""
    reader, actor = reading(), g.signed_in.identity
    person = people.person_with_id(reader, actor.person_id)
    posts = people.posts_of(reader, person.id, clock.today())
    tasks = [*_own_tasks(reader, actor, person.id, posts), *_tasks(reader, actor)]
    learning = courses.home_of(reader, person.id)
    step = learning.step if posts or learning.is_begun else None  # who holds no post need not learn, but may
    return render_template(
        "dashboard/home.html",
        person=person,
        now=clock.now(),
        posts=posts,
        learning=learning,
        step=step,
        quiz_url=quiz_url(step.course.key) if step is not None and step.course is not None else None,
        categories=list(Category),
        language=current_language(),
        tasks=[task for task in tasks if task[2]],
        is_desk=any(actor.holds(role) for role in GRANTABLE),
    )


Task = tuple[str, str, int]
"""What waits for a person: words, the page where it is done, how many."""


def _own_tasks(reader: Session, actor: Identity, person_id: int, posts: Sequence[Any]) -> list[Task]:
    """Return what waits for a person as mentor, as newcomer and as holder of a post, counts of 0 included."""
    today = clock.today()
    waiting = queries.counted(
        reader,
        {
            "proposals": mentoring.proposals_to_answer(person_id),
            "sessions": mentoring.sessions_to_answer(person_id, as_mentor=False),
            "corrections": mentoring.sessions_to_answer(person_id, as_mentor=True),
            "checkpoints": mentoring.checkpoints_due(person_id, today),
        },
    )
    mine = url_for("mentoring.mentees" if actor.holds(Role.MENTOR) else "mentoring.mine")
    tasks: list[Task] = [
        (_("带教结对等您回答"), mine, waiting["proposals"]),
        (_("师傅记的带教等您确认"), url_for("mentoring.mine"), waiting["sessions"]),
        (_("徒弟的更正等您看"), url_for("mentoring.mentees"), waiting["corrections"]),
        (_("带教小结该写了"), url_for("mentoring.mentees"), waiting["checkpoints"]),
    ]
    if posts:
        held = {each.post for each in posts}
        waits = duties.waiting_acknowledgement(reader, person_id, held)
        tasks.append((_("职责清单等您看过、确认"), url_for("duties.mine"), int(waits)))
    return tasks


def _tasks(reader: Session, actor: Identity) -> list[Task]:
    """Return what a person's roles make theirs to do, counts of 0 included."""
    counts: dict[str, queries.Count] = {}
    if may_use(actor, Permission.CERTIFICATE_LIST):
        counts["certificates"] = queries.certificates_to_sign(actor)
    if may_use(actor, Permission.RECOGNITION_CONFIRM):
        counts["recognitions"] = queries.recognitions_to_confirm(actor)
    if may_use(actor, Permission.ROLE_CONFIRM):
        counts["roles"] = people.roles_to_confirm(actor)
    if may_use(actor, Permission.SLIP_PRINT):
        counts["slips"] = people.without_account(actor)
    if may_use(actor, Permission.PERSON_ADMIT):
        counts["candidates"] = people.candidates(actor)
    if may_use(actor, Permission.PAIR_DECIDE):
        counts["pairs"] = mentoring.overdue_pairs(actor, clock.today())
    waiting: dict[str, tuple[str, str]] = {
        "certificates": (_("证书等您签发"), url_for("certification.desk", pile=Desk.WAITING.value)),
        "recognitions": (_("等级认定等您确认"), url_for("competency.recognitions")),
        "roles": (_("角色等您确认"), url_for("people.roles")),
        "slips": (_("还没有登录纸条的人"), url_for("people.slips")),
        "candidates": (_("候选人等核对材料"), url_for("people.people", state="candidate")),
        "pairs": (_("带教小结拖了，或者到期没办"), url_for("mentoring.pairs", late="1")),
    }
    tasks = [(*waiting[name], count) for name, count in queries.counted(reader, counts).items()]
    if actor.holds(Role.GRID_LEADER) or actor.holds(Role.OFFICIAL):
        tasks.append(_grids_lacking(reader, actor))
    return tasks


def _grids_lacking(reader: Session, actor: Identity) -> Task:
    """Return how many grids within reach are not fully staffed; a single one is opened itself."""
    grids = [each for each in people.units_within(reader, actor, Permission.UNIT_SEE) if each.kind is UnitKind.GRID]
    standing = people.compositions(reader, [each.id for each in grids], clock.today())
    lacking = [each for each in grids if standing[each.id].breaches]
    page = url_for("people.grid", public_id=lacking[0].public_id) if len(lacking) == 1 else url_for("people.units")
    return _("网格人员没配齐"), page, len(lacking)


@dataclass(frozen=True)
class Heading:
    """One of the seven headings: figures as (words, number, the list it opens), and what will be counted later."""

    title: str
    figures: Sequence[tuple[str, int, str]] = ()
    planned: str = ""


@blueprint.get("/overview")
@allow(Permission.OVERVIEW_SEE)
def overview() -> str:
    """The own unit under the seven headings of the paper's conclusion; every figure opens its list."""
    reader, actor = reading(), g.signed_in.identity
    today = clock.today()
    kind = certificates.current_texts(reader)[0].key
    wanted = certificates.DeskFilter(decided=Decided.VALID)
    states = (StaffState.ACTIVE, StaffState.TRAINEE, StaffState.SUSPENDED, StaffState.SECONDED)
    count = queries.counted(
        reader,
        {
            "open": queries.duties_in(actor, MAY_ACT),
            "learning": queries.duties_in(actor, [DutyState.LEARNING]),
            "lists": queries.with_duty_list(actor),
            "passed": queries.how_many(quizzes.results_by_person(actor, result=Result.PASSED)),
            "results": queries.how_many(quizzes.results_by_person(actor)),
            "certificates": queries.how_many(
                certificates.certificates(actor, kind, wanted, waiting=False, today=today)
            ),
            "pairs": queries.how_many(mentoring.pairs_within(actor, today, states=LIVE)),
            "rounds": queries.how_many(selection.rounds(actor)),
            **{state.value: queries.how_many(people.search_persons(actor, state=state)) for state in states},
        },
    )
    grids = [each for each in people.units_within(reader, actor, Permission.UNIT_SEE) if each.kind is UnitKind.GRID]
    standing = people.compositions(reader, [each.id for each in grids], today)
    lacking = sum(bool(each.breaches) for each in standing.values())
    team = url_for("duties.team")
    headings = [
        Heading(
            _("定位网格员工作"),
            (
                (_("已开放的职责"), count["open"], team),
                (_("跟着师傅学的职责"), count["learning"], team),
            ),
        ),
        Heading(
            _("完善网格管理机制"),
            (
                (_("网格"), len(grids), url_for("people.units")),
                (_("人员没配齐的网格"), lacking, url_for("people.units")),
                (_("有职责清单的人"), count["lists"], team),
            ),
        ),
        Heading(
            _("做好网格员管理工作"),
            tuple(
                (str(STATE_WORDS[state]), count[state.value], url_for("people.people", state=state.value))
                for state in states
            ),
        ),
        Heading(
            _("定期进行选拔培训工作"),
            (
                (_("课程测验通过"), count["passed"], url_for("quizzes.results", result=Result.PASSED.value)),
                (
                    _("有效的证书"),
                    count["certificates"],
                    url_for("certification.desk", kind=kind, pile=Desk.ISSUED.value, state=Decided.VALID.value),
                ),
                (_("在办的带教结对"), count["pairs"], url_for("mentoring.pairs")),
                (_("选拔批次"), count["rounds"], url_for("selection.rounds")),
            ),
        ),
        Heading(_("加强网格员待遇保障"), planned=_("以后数够晋级条件的人、快到期的证书。工资不在这里记。")),
        Heading(
            _("制定科学考核机制"),
            ((_("考过测验的人次"), count["results"], url_for("quizzes.results")),),
            _("按岗位定的考核办起来以后，这里数考核和申诉。"),
        ),
        Heading(_("强化网格员舆论宣传"), planned=_("以后数审过、本人同意公开的好故事。")),
    ]
    return render_template("dashboard/overview.html", headings=headings)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


@blueprint.get("/audit")
@allow(Permission.AUDIT_READ)
def audit_trail() -> str:
    """The trail with names, filtered by who acted, by what was changed, by kind and by day."""
    reader, actor = reading(), g.signed_in.identity
    typed = request.args.get("who", "").strip()
    person = queries.person_named(reader, clean_staff_number(typed)) if typed else ""
    chosen = queries.TrailFilter(
        person=person or ("-" if typed else ""),
        target=request.args.get("object", "").strip()[:60],
        tag=request.args.get("tag", ""),
        first=_day("first"),
        last=_day("last"),
    )
    page = page_of(reader, queries.trail(actor, chosen), request.args.get("page", 1, type=int) or 1)
    names = queries.names_of(
        reader, [each for row in page.rows for each in (row.actor, row.object_id, *_people_in(row.diff))]
    )
    return render_template(
        "dashboard/audit.html",
        page=page,
        names=names,
        words={tag.value: str(words) for tag, words in TAG_WORDS.items()},
        tags=sorted(((tag.value, str(words)) for tag, words in TAG_WORDS.items()), key=lambda each: each[1]),
        object_words=OBJECT_WORDS,
        field_words=FIELD_WORDS,
        actor_words=ACTOR_WORDS,
        chosen=chosen,
        who=typed,
        may_verify=may_use(actor, Permission.AUDIT_VERIFY),
    )


def _people_in(diff: dict[str, Any]) -> list[str]:
    flat = [each for value in diff.values() for each in (value if isinstance(value, list) else [value])]
    return [each for each in flat if isinstance(each, str)]


@blueprint.post("/audit/verify")
@allow(Permission.AUDIT_VERIFY)
def verify_audit() -> Any:
    """Check every link of the chain now, and note that it was checked."""
    actor = g.signed_in.identity
    count, breaks = audit.verify(reading())
    writer = writing()
    role = require(actor, Permission.AUDIT_VERIFY, Scope(), now=clock.real_now())
    audit.record(
        writer,
        actor,
        role,
        AuditTag.AUDIT_VERIFIED,
        ("audit_head", "1"),
        now=clock.now(),
        diff={"entries": count, "breaks": [each.seq for each in breaks][:20]},
    )
    if breaks:
        numbers = _("、").join(str(each.seq) for each in breaks[:10])
        words = _(
            "有 %(n)s 处对不上：第 %(numbers)s 条。请马上报告，并保存现在的数据库副本。",
            n=len(breaks),
            numbers=numbers,
        )
        flash(words, "bad")
    else:
        flash(_("%(n)s 条记录，每一环都对。", n=count), "ok")
    return redirect(url_for("dashboard.audit_trail"))
