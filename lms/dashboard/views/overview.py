"""The own unit under the seven headings of the paper's conclusion."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import g, render_template, url_for
from flask_babel import gettext as _

from lms.access.permissions import Permission
from lms.certification import queries as certificates
from lms.certification.queries import Decided, Desk
from lms.core import clock
from lms.dashboard import queries
from lms.dashboard.forms import WAITS_WORDS
from lms.dashboard.rules import Waits
from lms.dashboard.views import blueprint
from lms.duties.rules import CERTIFICATE_NEEDED, MAY_ACT, DutyState
from lms.mentoring import queries as mentoring
from lms.mentoring.rules import LIVE
from lms.people import queries as people
from lms.people.forms import STATE_WORDS
from lms.people.rules import StaffState
from lms.quizzes import queries as quizzes
from lms.quizzes.queries import Result
from lms.selection import queries as selection
from lms.web.guards import allow
from lms.web.transaction import reading


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
            "due": queries.certificates_due(actor, today),
            "pairs": queries.how_many(mentoring.pairs_within(actor, today, states=LIVE)),
            "rounds": queries.how_many(selection.rounds(actor)),
            **{state.value: queries.how_many(people.search_persons(actor, state=state)) for state in states},
        },
    )
    grids = people.grids_within(reader, actor, Permission.UNIT_SEE, today)
    lacking = sum(bool(standing.breaches) for _grid, standing in grids)
    headings = [
        Heading(
            _("定位网格员工作"),
            (
                (_("已开放的职责"), count["open"], url_for("duties.team", show="open")),
                (_("跟着师傅学的职责"), count["learning"], url_for("duties.team", show="learning")),
            ),
        ),
        Heading(
            _("完善网格管理机制"),
            (
                (_("网格"), len(grids), url_for("people.units", show="grids")),
                (_("人员没配齐的网格"), lacking, url_for("people.units", show="lacking")),
                (_("有职责清单的人"), count["lists"], url_for("duties.team")),
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
        Heading(
            _("加强网格员待遇保障"),
            (
                (
                    str(WAITS_WORDS[Waits.CERTIFICATES_DUE]),
                    count["due"],
                    url_for(
                        "certification.desk",
                        kind=CERTIFICATE_NEEDED,
                        pile=Desk.ISSUED.value,
                        state=Decided.DUE.value,
                    ),
                ),
            ),
            _("以后数够晋级条件的人。工资不在这里记。"),
        ),
        Heading(
            _("制定科学考核机制"),
            ((_("考过测验的人次"), count["results"], url_for("quizzes.results")),),
            _("按岗位定的考核办起来以后，这里数考核和申诉。"),
        ),
        Heading(_("强化网格员舆论宣传"), planned=_("以后数审过、本人同意公开的好故事。")),
    ]
    return render_template("dashboard/overview.html", headings=headings)
