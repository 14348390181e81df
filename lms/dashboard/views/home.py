"""The home page: what waits for a person, where they stand, where they may go."""

from datetime import date
from typing import Any

from flask import g, render_template, url_for
from sqlalchemy.orm import Session

from lms.access.decide import may_use
from lms.access.identity import GRANTABLE, Identity, Role
from lms.access.permissions import Permission
from lms.certification.queries import Decided, Desk
from lms.content import queries as content
from lms.content.content import DUTIES, LAWS
from lms.content.rules import ContentKind
from lms.core import clock
from lms.courses import queries as courses
from lms.courses.content import COURSE
from lms.courses.rules import Category, path_of
from lms.courses.views import quiz_url
from lms.dashboard import queries
from lms.dashboard.forms import WAITS_WORDS
from lms.dashboard.queries import Grids
from lms.dashboard.rules import Waits
from lms.dashboard.views import blueprint
from lms.duties.rules import CERTIFICATE_NEEDED
from lms.mentoring import queries as mentoring
from lms.mentoring.queries import Mentee
from lms.mentoring.rules import day_of
from lms.messages import queries as messages
from lms.people import queries as people
from lms.people.rules import Post, StaffState
from lms.quizzes import queries as quizzes
from lms.quizzes.queries import Failing
from lms.selection import queries as selection
from lms.selection.queries import RunningRound
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading

LEARNERS = (StaffState.CANDIDATE, StaffState.TRAINEE)
"""Who is shown the next step of learning from the first day, before there is a post."""

NEWS = 3
"""How many new messages the home page shows."""
MOST_SHORT = 10
"""How many people of the own grids the home page names; the others stand in the list of duty lists."""
MOST_RUNNING = 5
"""How many running selection rounds the home page shows."""


@blueprint.get("/")
@allow(Permission.HOME_SEE)
def home() -> Any:
    """What a person finds after signing in: who they are, where they stand, what is theirs to do."""
    reader, actor = reading(), g.signed_in.identity
    today = clock.today()
    person, posts = people.person_and_posts(reader, actor.person_id, today)
    leads = any(each.post is Post.GRID_LEADER for each in posts)
    held = content.held_together(reader, (COURSE, DUTIES, LAWS))
    learning = courses.home_of(reader, person.id, path_of(person.state, leads=leads), current=held[ContentKind.COURSE])
    grids = queries.grids_of(reader, actor, today)
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
        tasks=_tasks(queries.waiting(reader, actor, {each.post for each in posts}, today, held), actor, grids),
        own_grids=queries.own_grids(reader, actor, grids, held, today),
        most_short=MOST_SHORT,
        mentees=_mentees(reader, actor, today),
        day_of=day_of,
        running=_running(reader, actor),
        most_running=MOST_RUNNING,
        news=messages.unread(reader, actor, NEWS + 1),
        most_news=NEWS,
        failing=_failing(reader, actor),
        is_desk=any(actor.holds(role) for role in GRANTABLE),
    )


def _failing(reader: Session, actor: Identity) -> Failing | None:
    """Return which questions and lessons fail, for a trainer."""
    return quizzes.failing(reader, actor) if may_use(actor, Permission.ITEMS_SEE) else None


def _mentees(reader: Session, actor: Identity, today: date) -> list[Mentee] | None:
    """Return whom a mentor guides and what is due; None for who is no mentor."""
    if actor.person_id is None or not may_use(actor, Permission.SESSION_LOG):
        return None
    return mentoring.running_of_mentor(reader, actor.person_id, today)


def _running(reader: Session, actor: Identity) -> list[RunningRound] | None:
    """Return the running selection rounds, one more than the page shows; None for who runs no selection."""
    return selection.running_rounds(reader, actor, MOST_RUNNING + 1) if may_use(actor, Permission.ROUND_SEE) else None


Task = tuple[str, str, int]
"""What waits for a person: words, the page where it is done, how many."""


def _tasks(found: dict[Waits, int], actor: Identity, grids: Grids) -> list[Task]:
    """Return what waits for a person, each with the page where it is done."""
    lacking = [grid for grid, standing in grids if standing.breaches]
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
        else url_for("people.units", show="lacking"),
        Waits.CERTIFICATES_DUE: url_for(
            "certification.desk", kind=CERTIFICATE_NEEDED, pile=Desk.ISSUED.value, state=Decided.DUE.value
        ),
    }
    return [(str(WAITS_WORDS[kind]), pages[kind], found[kind]) for kind in Waits if kind in found]
