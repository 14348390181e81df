"""The home page: what waits for a person, where they stand, where they may go."""

from collections.abc import Sequence
from typing import Any

from flask import g, render_template, url_for
from sqlalchemy.orm import Session

from lms.access.decide import may_use
from lms.access.identity import GRANTABLE, Identity, Role
from lms.access.permissions import Permission
from lms.certification.queries import Decided, Desk
from lms.core import clock
from lms.courses import queries as courses
from lms.courses.rules import Category, path_of
from lms.courses.views import quiz_url
from lms.dashboard import queries
from lms.dashboard.forms import WAITS_WORDS
from lms.dashboard.rules import Waits
from lms.dashboard.views import blueprint
from lms.duties.rules import CERTIFICATE_NEEDED
from lms.messages import queries as messages
from lms.people import queries as people
from lms.people.rules import Post, StaffState
from lms.quizzes import queries as quizzes
from lms.quizzes.queries import Failing
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading

LEARNERS = (StaffState.CANDIDATE, StaffState.TRAINEE)
"""Who is shown the next step of learning from the first day, before there is a post."""

NEWS = 3
"""How many new messages the home page shows."""


@blueprint.get("/")
@allow(Permission.HOME_SEE)
def home() -> Any:
    """What a person finds after signing in: who they are, where they stand, what is theirs to do."""
    reader, actor = reading(), g.signed_in.identity
    person = people.person_with_id(reader, actor.person_id)
    posts = people.posts_of(reader, person.id, clock.today())
    leads = any(each.post is Post.GRID_LEADER for each in posts)
    learning = courses.home_of(reader, person.id, path_of(person.state, leads=leads))
    # Who is on duty without a post, an official for one, need not learn, but may.
    must_learn = bool(posts) or learning.is_begun or person.state in LEARNERS
    step = learning.step if must_learn else None
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
        tasks=_tasks(reader, actor, posts),
        news=messages.unread(reader, actor, NEWS + 1),
        most_news=NEWS,
        failing=_failing(reader, actor),
        is_desk=any(actor.holds(role) for role in GRANTABLE),
    )


def _failing(reader: Session, actor: Identity) -> Failing | None:
    """Return which questions and lessons fail, for a trainer."""
    return quizzes.failing(reader, actor) if may_use(actor, Permission.ITEMS_SEE) else None


Task = tuple[str, str, int]
"""What waits for a person: words, the page where it is done, how many."""


def _tasks(reader: Session, actor: Identity, posts: Sequence[Any]) -> list[Task]:
    """Return what waits for a person, each with the page where it is done."""
    today = clock.today()
    found = queries.waiting(reader, actor, {each.post for each in posts}, today)
    lacking = queries.grids_lacking(reader, actor, today)
    if lacking:
        found[Waits.GRIDS] = len(lacking)
    pages = {
        Waits.PROPOSALS: url_for("mentoring.mentees" if actor.holds(Role.MENTOR) else "mentoring.mine"),
        Waits.SESSIONS: url_for("mentoring.mine"),
        Waits.CORRECTIONS: url_for("mentoring.mentees"),
        Waits.CHECKPOINTS: url_for("mentoring.mentees"),
        Waits.DUTY_LIST: url_for("duties.mine"),
        Waits.SELECTION: url_for("selection.rounds") + "#waiting",
        Waits.CERTIFICATES: url_for("certification.desk", pile=Desk.WAITING.value),
        Waits.RECOGNITIONS: url_for("competency.recognitions"),
        Waits.ROLES: url_for("people.roles"),
        Waits.CANDIDATES: url_for("people.people", state="candidate"),
        Waits.SLIPS: url_for("people.slips"),
        Waits.PAIRS: url_for("mentoring.pairs", late="1"),
        Waits.GRIDS: url_for("people.grid", public_id=lacking[0].public_id)
        if len(lacking) == 1
        else url_for("people.units"),
        Waits.CERTIFICATES_DUE: url_for(
            "certification.desk", kind=CERTIFICATE_NEEDED, pile=Desk.ISSUED.value, state=Decided.DUE.value
        ),
    }
    return [(str(WAITS_WORDS[kind]), pages[kind], found[kind]) for kind in Waits if kind in found]
