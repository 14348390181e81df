"""Pages of learning. Reading is GET and leaves no trace; beginning, answering and moving on are POST."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Conflict, Invalid
from lms.core.qr import qr_svg
from lms.courses import queries, services
from lms.courses.content import objective_in
from lms.courses.rules import LONGEST_NOTE, LONGEST_SEARCH, Category, part_after, part_before, search_terms
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading, writing

blueprint = Blueprint("courses", __name__)

MOST_FOUND = 30
"""How many lessons and how many articles a search shows; beyond that, more words are asked for."""


def _me() -> int:
    person_id: int = g.signed_in.identity.person_id
    return person_id


def quiz_url(course_key: str) -> str | None:
    """Return the address of a course's quiz, None while the product has no quizzes."""
    endpoint = "quizzes.start"
    return url_for(endpoint, course_key=course_key) if endpoint in current_app.view_functions else None


@blueprint.get("/courses")
@allow(Permission.COURSE_LEARN)
def catalogue() -> str:
    """All courses by layer and category, with how far one is."""
    home = queries.home_of(reading(), _me())
    return render_template("courses/catalogue.html", home=home, categories=list(Category), language=current_language())


@blueprint.get("/search")
@allow(Permission.COURSE_LEARN)
def search() -> str:
    """What the courses, the lessons and the law register say of some words."""
    typed = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    terms, language = search_terms(typed), current_language()
    return render_template(
        "courses/search.html",
        typed=typed,
        found=queries.search(reading(), terms, language) if terms else None,
        most=MOST_FOUND,
        language=language,
    )


@blueprint.get("/courses/<course_key>")
@allow(Permission.COURSE_LEARN)
def course(course_key: str) -> str:
    """One course: what it is for, its lessons, its quiz."""
    standings = queries.progress_of(reading(), _me())
    standing = queries.one_of(standings, course_key)
    language = current_language()
    return render_template(
        "courses/course.html",
        standing=standing,
        needed=[queries.one_of(standings, key) for key in standing.missing],
        objectives=[objective_in(each, language) for each in standing.course.file.objectives],
        quiz_url=quiz_url(course_key),
        language=language,
    )


@blueprint.post("/courses/<course_key>/start")
@allow(Permission.COURSE_LEARN)
def start(course_key: str) -> Any:
    """Begin a course, or go on with it, and open the lesson that is next."""
    try:
        services.enrol(writing(), g.signed_in.identity, course_key, now=clock.now())
    except Conflict as error:
        flash(current_app.extensions["lms.words"].text(error), "bad")
        return redirect(url_for("courses.course", course_key=course_key), 303)
    lesson = queries.standing_of(writing(), _me(), course_key).open_lesson
    if lesson is None:
        return redirect(url_for("courses.course", course_key=course_key), 303)
    return redirect(url_for("courses.lesson", course_key=course_key, lesson_key=lesson.lesson.key), 303)


@dataclass(frozen=True)
class _NoteBox:
    """The note as the page shows it: what stands in the box, and what stands elsewhere by now (None as a rule)."""

    text: str
    version: int
    elsewhere: str | None = None
    error: str = ""


def _lesson_page(
    course_key: str,
    lesson_key: str,
    part_key: str | None,
    *,
    choice_missing: bool = False,
    note: _NoteBox | None = None,
) -> str:
    reader = reading()
    standing = queries.standing_of(reader, _me(), course_key)
    here = standing.lesson(lesson_key)
    language = current_language()
    view = queries.lesson_view(reader, standing, here.lesson, language)
    keys = here.lesson.body.keys
    key = part_key if part_key in keys else here.resume
    if note is None:
        kept = queries.note_of(reader, _me(), course_key, lesson_key)
        note = _NoteBox(kept.text, kept.version) if kept is not None else _NoteBox("", 0)
    return render_template(
        "courses/lesson.html",
        standing=standing,
        here=here,
        lesson=here.lesson,
        view=view,
        part=view.part(key),
        choice=None if "again" in request.args else here.answers.get(key),
        choice_missing=choice_missing,
        paragraph=here.paragraph if key == here.stored and part_key is None else 0,
        note=note,
        longest_note=LONGEST_NOTE,
        is_foreign=language == "en" and view.language == "zh",
        before=part_before(keys, key),
        after=part_after(keys, key),
        open_parts=[each for each in view.parts if each.part.key not in here.answers],
        next_lesson=standing.after(lesson_key),
        quiz_url=quiz_url(course_key),
        language=language,
    )


@blueprint.get("/courses/<course_key>/lessons/<lesson_key>")
@allow(Permission.COURSE_LEARN)
def lesson(course_key: str, lesson_key: str) -> str:
    """One part of a lesson: the one asked for, else the one where the person stopped."""
    return _lesson_page(course_key, lesson_key, request.args.get("part"))


@blueprint.post("/courses/<course_key>/lessons/<lesson_key>/parts/<part>/open")
@allow(Permission.COURSE_LEARN)
def open_part(course_key: str, lesson_key: str, part: str) -> Any:
    """Go on to a part without having answered the question before it."""
    services.open_part(writing(), g.signed_in.identity, course_key, lesson_key, part, now=clock.now())
    return redirect(url_for("courses.lesson", course_key=course_key, lesson_key=lesson_key, part=part), 303)


@blueprint.post("/courses/<course_key>/lessons/<lesson_key>/parts/<part>/answer")
@allow(Permission.COURSE_LEARN)
def answer(course_key: str, lesson_key: str, part: str) -> Any:
    """Answer the question of a part and see what was right."""
    choice = request.form.get("choice", -1, type=int)
    try:
        came = services.answer_part(
            writing(), g.signed_in.identity, course_key, lesson_key, part, choice, now=clock.now()
        )
    except Invalid:
        return _lesson_page(course_key, lesson_key, part, choice_missing=True), 422
    if came.course_finished:
        flash(_("这门课的课文都学完了，测验已经开放。"), "ok")
    return redirect(
        url_for("courses.lesson", course_key=course_key, lesson_key=lesson_key, part=part, _anchor="think"), 303
    )


@blueprint.post("/courses/<course_key>/lessons/<lesson_key>/parts/<part>/paragraph")
@allow(Permission.COURSE_LEARN)
def mark_paragraph(course_key: str, lesson_key: str, part: str) -> Any:
    """Remember the paragraph that is read; sent by the page itself while somebody scrolls."""
    paragraph = request.form.get("paragraph", -1, type=int)
    services.mark_paragraph(writing(), g.signed_in.identity, course_key, lesson_key, part, paragraph, now=clock.now())
    return "", 204


@blueprint.post("/courses/<course_key>/lessons/<lesson_key>/note")
@allow(Permission.COURSE_LEARN)
def write_note(course_key: str, lesson_key: str) -> Any:
    """Keep one's own note beside a lesson. What was typed stays in the box when it cannot be stored."""
    text, part = request.form.get("text", ""), request.form.get("part")
    version = request.form.get("version", 0, type=int)
    try:
        came = services.write_note(
            writing(), g.signed_in.identity, course_key, lesson_key, text, version, now=clock.now()
        )
    except Invalid as error:
        words = current_app.extensions["lms.words"].text(error)
        return _lesson_page(course_key, lesson_key, part, note=_NoteBox(text, version, error=words)), 422
    if came.other is not None:
        box = _NoteBox(text, came.version, elsewhere=came.other)
        return _lesson_page(course_key, lesson_key, part, note=box), 409
    flash(_("笔记存好了。") if text.strip() else _("笔记清空了。"), "ok")
    return redirect(
        url_for("courses.lesson", course_key=course_key, lesson_key=lesson_key, part=part, _anchor="note"), 303
    )


@blueprint.get("/me/notes")
@allow(Permission.COURSE_LEARN)
def notes() -> str:
    """All of one's own notes, each with the way back to its lesson."""
    return render_template("courses/notes.html", notes=queries.notes_of(reading(), _me()), language=current_language())


@blueprint.get("/courses/<course_key>/lessons/<lesson_key>/poster")
@allow(Permission.COURSE_LEARN)
def poster(course_key: str, lesson_key: str) -> str:
    """A sheet to hang up: the lesson's title and a QR code that opens it on a phone."""
    standing = queries.standing_of(reading(), _me(), course_key)
    here = standing.lesson(lesson_key)
    root = str(current_app.extensions["lms.settings"].public_base_url or request.url_root).rstrip("/")
    address = root + url_for("courses.lesson", course_key=course_key, lesson_key=lesson_key)
    return render_template(
        "courses/poster.html",
        standing=standing,
        lesson=here.lesson,
        address=address,
        qr=Markup(qr_svg(address)),  # noqa: S704 - a drawing of squares
        language=current_language(),
    )


@blueprint.get("/courses/<course_key>/lessons/<lesson_key>/print")
@allow(Permission.COURSE_LEARN)
def lesson_print(course_key: str, lesson_key: str) -> str:
    """A whole lesson on paper, with its sources and without the answers marked."""
    reader = reading()
    standing = queries.standing_of(reader, _me(), course_key)
    here = standing.lesson(lesson_key)
    language = current_language()
    view = queries.lesson_view(reader, standing, here.lesson, language)
    return render_template(
        "courses/lesson_print.html",
        standing=standing,
        lesson=here.lesson,
        view=view,
        is_foreign=language == "en" and view.language == "zh",
        language=language,
    )
