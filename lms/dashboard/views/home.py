"""The home page: what waits for a person, where they stand, where they may go."""

from collections.abc import Sequence
from typing import Any

from flask import g, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from lms.access.decide import may_use
from lms.access.identity import GRANTABLE, Identity, Role
from lms.access.permissions import Permission
from lms.certification import queries as certificates
from lms.certification.queries import Decided, Desk, DeskFilter
from lms.core import clock
from lms.courses import queries as courses
from lms.courses.rules import Category
from lms.courses.views import quiz_url
from lms.dashboard import queries
from lms.dashboard.views import blueprint
from lms.duties import queries as duties
from lms.duties.rules import CERTIFICATE_NEEDED
from lms.mentoring import queries as mentoring
from lms.people import queries as people
from lms.people.rules import UnitKind
from lms.quizzes import queries as quizzes
from lms.quizzes.queries import Failing
from lms.selection import queries as selection
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading


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
        failing=_failing(reader, actor),
        is_desk=any(actor.holds(role) for role in GRANTABLE),
    )


def _failing(reader: Session, actor: Identity) -> Failing | None:
    """Return which questions and lessons fail, for a trainer."""
    return quizzes.failing(reader, actor) if may_use(actor, Permission.ITEMS_SEE) else None


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
        due = DeskFilter(decided=Decided.DUE)
        counts["due"] = queries.how_many(
            certificates.certificates(actor, CERTIFICATE_NEEDED, due, waiting=False, today=clock.today())
        )
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
    if may_use(actor, Permission.ROUND_SEE):
        counts["selection"] = queries.how_many(selection.waiting(actor, clock.today()))
    waiting: dict[str, tuple[str, str]] = {
        "certificates": (_("证书等您签发"), url_for("certification.desk", pile=Desk.WAITING.value)),
        "due": (
            _("证书 60 天内到期"),
            url_for("certification.desk", kind=CERTIFICATE_NEEDED, pile=Desk.ISSUED.value, state=Decided.DUE.value),
        ),
        "recognitions": (_("等级认定等您确认"), url_for("competency.recognitions")),
        "roles": (_("角色等您确认"), url_for("people.roles")),
        "slips": (_("还没有登录纸条的人"), url_for("people.slips")),
        "candidates": (_("候选人等核对材料"), url_for("people.people", state="candidate")),
        "selection": (_("选拔等您办的"), url_for("selection.rounds") + "#waiting"),
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
