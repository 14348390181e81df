"""Sitting a quiz: the start page, the exam page, saving, handing in."""

from datetime import datetime, timedelta
from typing import Any

from flask import current_app, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict
from lms.core.ids import new_seed
from lms.people import queries as people
from lms.quizzes import queries, services
from lms.quizzes.forms import StartForm, save_from_form, save_from_json
from lms.quizzes.rules import AttemptState, is_overdue, repeat, seconds_left
from lms.quizzes.views import blueprint
from lms.web.guards import allow
from lms.web.i18n import format_clock
from lms.web.transaction import reading, wants_json, writing


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


def waiting_time() -> timedelta:
    """Return how long after an attempt the next may begin, as the office has set it."""
    return timedelta(minutes=current_app.extensions["lms.settings"].quiz_wait_minutes)


@blueprint.route("/courses/<course_key>/quiz", methods=["GET", "POST"])
@allow(Permission.ATTEMPT_SIT)
def start(course_key: str) -> Any:
    """The rules in plain words, earlier attempts, and the button that starts the time."""
    form = StartForm()
    if form.validate_on_submit():
        try:
            attempt = services.start_attempt(
                writing(),
                _actor(),
                course_key,
                seed=new_seed(),
                now=clock.now(),
                extra_time=bool(form.extra_time.data),
                wait=waiting_time(),
            )
        except Conflict as error:
            form.add_error(error)
            return _start_page(course_key, form), 422
        return redirect(url_for("quizzes.attempt", public_id=attempt.public_id))
    return _start_page(course_key, form), 422 if form.errors else 200


def _start_page(course_key: str, form: StartForm) -> str:
    reader, actor = reading(), _actor()
    assert actor.person_id is not None  # the permission is held by persons only
    course = queries.course(reader, course_key)
    _revision, bank = queries.current_bank(reader, course_key)
    attempts = queries.attempts_of(reader, actor.person_id, course_key)
    marked = [attempt for attempt in attempts if attempt.state is AttemptState.MARKED]
    last = marked[-1] if marked else None
    if request.method == "GET":
        # Whoever needed more time once, or is known to, finds it ticked.
        person = people.person_with_id(reader, actor.person_id)
        form.extra_time.data = person.extra_time or (last is not None and last.has_extra_time)
    return render_template(
        "quizzes/start.html",
        form=form,
        course=course,
        bank=bank,
        attempts=list(reversed(attempts)),
        open_attempt=next((each for each in attempts if each.state is AttemptState.OPEN), None),
        last=last,
        lessons_done=queries.is_quiz_open(reader, actor.person_id, course_key),
        verdict=repeat(
            last.marked_at if last else None,
            last.review_opened_at if last else None,
            now=clock.now(),
            wait=waiting_time(),
        ),
        wait_minutes=int(waiting_time().total_seconds() // 60),
    )


@blueprint.get("/quizzes/<public_id>")
@allow(Permission.ATTEMPT_SIT)
def attempt(public_id: str) -> Any:
    """The exam page: all questions, one shown (``?q=``); with a script it saves by itself, without one by the form."""
    reader = reading()
    found = queries.own_attempt(reader, _actor(), public_id)
    if found.state is not AttemptState.OPEN:
        return redirect(url_for("quizzes.result", public_id=public_id))
    course = queries.course(reader, found.course_key)
    if is_overdue(clock.now(), found.deadline_at):
        return render_template("quizzes/time_up.html", attempt=found, course=course)
    items = queries.items_of(reader, found.id)
    paper = queries.asked_paper(items, queries.bank_of(reader, found.revision_id))
    return render_template(
        "quizzes/attempt.html",
        attempt=found,
        course=course,
        paper=paper,
        current=min(max(request.args.get("q", 1, type=int) or 1, 1), len(paper)),
        saved_at=queries.saved_last(items),
        seconds_left=seconds_left(clock.now(), found.deadline_at),
        staff_number=g.signed_in.staff_number,
    )


@blueprint.post("/quizzes/<public_id>/answers/<int:position>")
@allow(Permission.ATTEMPT_SIT)
def answer(public_id: str, position: int) -> Any:
    """Store the answer to one question. The response leaves after the commit, so what it says is stored."""
    if wants_json(request):
        save = save_from_json(request.get_json(silent=True))
        now = clock.now()
        saved = services.save_answer(
            writing(), _actor(), public_id, position, save.seq, save.answer, save.flagged, now=now
        )
        return jsonify(_acknowledgement(saved, now))
    here = url_for("quizzes.attempt", public_id=public_id, q=position)
    save = save_from_form(request.form)
    try:
        saved = services.save_answer(
            writing(), _actor(), public_id, position, save.seq, save.answer, save.flagged, now=clock.now()
        )
    except Conflict:
        return redirect(here)  # where the page says that the time is up, or shows the result
    if not saved.is_kept:
        flash(_("这道题在别处改过，现在看到的是存好的答案。要改，请再选一次。"), "watch")
        return redirect(here)
    target = request.form.get("go", position, type=int)
    if target > position and request.form.get("last"):
        return redirect(url_for("quizzes.hand_in", public_id=public_id))
    return redirect(url_for("quizzes.attempt", public_id=public_id, q=target))


def _acknowledgement(saved: services.Saved, now: datetime) -> dict[str, Any]:
    return {
        "position": saved.position,
        "seq": saved.seq,
        "answer": saved.answer or {},
        "flagged": saved.is_flagged,
        "kept": saved.is_kept,
        "saved_at": format_clock(saved.saved_at),
        "left": seconds_left(now, saved.deadline_at),
    }


@blueprint.get("/quizzes/<public_id>/hand-in")
@allow(Permission.ATTEMPT_SIT)
def hand_in(public_id: str) -> Any:
    """Ask before handing in, and say how many questions are unanswered."""
    reader = reading()
    found = queries.own_attempt(reader, _actor(), public_id)
    if found.state is not AttemptState.OPEN:
        return redirect(url_for("quizzes.result", public_id=public_id))
    paper = queries.asked_paper(queries.items_of(reader, found.id), queries.bank_of(reader, found.revision_id))
    return render_template(
        "quizzes/hand_in.html",
        attempt=found,
        course=queries.course(reader, found.course_key),
        unanswered=[asked for asked in paper if not asked.is_complete],
        flagged=[asked for asked in paper if asked.is_flagged],
        seconds_left=seconds_left(clock.now(), found.deadline_at),
    )


@blueprint.post("/quizzes/<public_id>/submit")
@allow(Permission.ATTEMPT_SIT)
def submit(public_id: str) -> Any:
    """Hand in and mark; a second time shows the same result."""
    services.submit_attempt(writing(), _actor(), public_id, now=clock.now())
    return redirect(url_for("quizzes.result", public_id=public_id))


@blueprint.post("/quizzes/<public_id>/review")
@allow(Permission.ATTEMPT_SIT)
def open_review(public_id: str) -> Any:
    """Open the explanations of one's own marked attempt; from then on the quiz can be tried again."""
    services.open_review(writing(), _actor(), public_id, now=clock.now())
    return redirect(url_for("quizzes.result", public_id=public_id, _anchor="review"))
