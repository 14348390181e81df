"""Reading the catalogue and where people stand in it.

A course is shown as the revision a person began with; those who have not begun see the current one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.orm import Session

from lms.content import queries as content
from lms.content.content import GLOSSARY, LAWS, Glossary, Register, Term
from lms.content.queries import Held
from lms.content.rules import ContentKind
from lms.core import markup
from lms.core.errors import NotFound
from lms.courses.content import (
    COURSE,
    PROGRAMMES,
    PROGRAMMES_KEY,
    Body,
    Course,
    Lesson,
    Part,
    Programme,
    RetrievalQuestion,
    Source,
    spoken,
)
from lms.courses.models import Enrolment, LessonNote, LessonProgress, PartAnswer, ProgrammeEnrolment
from lms.courses.rules import Category, EnrolmentState, Hit, Layer, StepKind, hit_in, resume_part


@dataclass(frozen=True)
class LessonStanding:
    """A lesson and how far a person is in it. ``answers``: part → index of the option chosen last.

    ``stored``: the part they are in; ``paragraph``: of it, from 0.
    """

    lesson: Lesson
    stored: str | None
    paragraph: int
    touched_at: datetime | None
    finished_at: datetime | None
    answers: Mapping[str, int]

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def is_begun(self) -> bool:
        return self.touched_at is not None

    @property
    def parts_done(self) -> int:
        """How many of its parts are answered."""
        return sum(key in self.answers for key in self.lesson.body.keys)

    @property
    def resume(self) -> str:
        """The part to open."""
        return resume_part(self.lesson.body.keys, self.stored, self.answers)

    @property
    def minutes_left(self) -> int:
        """The minutes of the parts that are not answered."""
        return sum(part.minutes for part in self.lesson.body.parts if part.key not in self.answers)


@dataclass(frozen=True)
class Standing:
    """A course and how far a person is in it."""

    held: Held
    enrolment_id: int | None
    state: EnrolmentState | None
    touched_at: datetime | None
    passed_at: datetime | None
    lessons: tuple[LessonStanding, ...]
    missing: tuple[str, ...]
    """Keys of the courses that must be passed first."""

    @property
    def course(self) -> Course:
        course: Course = self.held.thing
        return course

    @property
    def key(self) -> str:
        return self.held.key

    @property
    def is_passed(self) -> bool:
        return self.state is EnrolmentState.PASSED

    @property
    def is_begun(self) -> bool:
        return self.state is not None

    @property
    def lessons_done(self) -> int:
        return sum(lesson.is_finished for lesson in self.lessons)

    @property
    def open_lesson(self) -> LessonStanding | None:
        """The lesson to go on with: the one in hand, else the first that is not finished; None when all are."""
        waiting = [lesson for lesson in self.lessons if not lesson.is_finished]
        in_hand = [lesson for lesson in waiting if lesson.touched_at is not None]
        if in_hand:
            return max(in_hand, key=lambda lesson: (lesson.touched_at is not None, lesson.touched_at))
        return waiting[0] if waiting else None

    def lesson(self, key: str) -> LessonStanding:
        """Return the standing in one lesson. Raises NotFound."""
        found = next((each for each in self.lessons if each.lesson.key == key), None)
        if found is None:
            raise NotFound("courses.lesson.not_found")
        return found

    def after(self, key: str) -> LessonStanding | None:
        """Return the lesson that follows another in the order of learning."""
        keys = [each.lesson.key for each in self.lessons]
        at = keys.index(key) + 1
        return self.lessons[at] if at < len(keys) else None


def progress_of(
    session: Session, person_id: int, *, current: Mapping[str, content.Held] | None = None
) -> list[Standing]:
    """Return where a person stands in every course, in the order of the learning map (at most four queries).

    ``current``: the courses in use by key when the caller has them; one query less.
    """
    if current is None:
        current = content.all_held(session, COURSE)
    enrolments, places = _begun_by(session, person_id)
    known = {held.revision_id: held for held in current.values()}
    begun_with = {each.revision_id for each in enrolments} - known.keys()
    known |= content.held_revisions(session, COURSE, begun_with)
    answers = _answers_of(session, person_id) if enrolments else {}
    by_course = {each.course_key: each for each in enrolments}
    passed = {each.course_key for each in enrolments if each.state is EnrolmentState.PASSED}
    standings = []
    for key in current.keys() | by_course.keys():
        enrolment = by_course.get(key)
        held = current[key] if enrolment is None else known[enrolment.revision_id]
        standings.append(_standing(held, enrolment, places, answers, passed))
    layers, categories = list(Layer), list(Category)
    return sorted(
        standings,
        key=lambda each: (
            layers.index(each.course.file.layer),
            categories.index(each.course.file.category),
            each.key,
        ),
    )


def one_of(standings: Iterable[Standing], course_key: str) -> Standing:
    """Return the standing in one course. Raises NotFound when there is no such course."""
    found = next((each for each in standings if each.key == course_key), None)
    if found is None:
        raise NotFound("courses.course.not_found")
    return found


def standing_of(session: Session, person_id: int, course_key: str) -> Standing:
    """Return where a person stands in one course. Raises NotFound when there is no such course."""
    return one_of(progress_of(session, person_id), course_key)


Places = Mapping[tuple[int, str], Any]
"""Rows of ``_BEGUN`` by enrolment and lesson."""
Answers = Mapping[tuple[int, str], Mapping[str, int]]

# Columns, not rows as objects: every home page reads some fifty of them.
_BEGUN = (
    sa.select(
        Enrolment.id,
        Enrolment.course_key,
        Enrolment.revision_id,
        Enrolment.state,
        Enrolment.started_at,
        Enrolment.passed_at,
        LessonProgress.lesson_key,
        LessonProgress.part,
        LessonProgress.paragraph,
        LessonProgress.touched_at,
        LessonProgress.finished_at,
    )
    .outerjoin(LessonProgress, LessonProgress.enrolment_id == Enrolment.id)
    .where(Enrolment.person_id == sa.bindparam("person_id"))
)
_ANSWERS = (
    sa.select(PartAnswer.enrolment_id, PartAnswer.lesson_key, PartAnswer.part, PartAnswer.choice)
    .join(Enrolment, Enrolment.id == PartAnswer.enrolment_id)
    .where(Enrolment.person_id == sa.bindparam("person_id"))
)


def _begun_by(session: Session, person_id: int) -> tuple[list[Any], Places]:
    """Return a person's enrolments, and how far they are in the lessons of each (one query)."""
    rows = session.execute(_BEGUN, {"person_id": person_id}).all()
    enrolments = {row.id: row for row in rows}
    return list(enrolments.values()), {(row.id, row.lesson_key): row for row in rows if row.lesson_key is not None}


def _answers_of(session: Session, person_id: int) -> Answers:
    answers: dict[tuple[int, str], dict[str, int]] = {}
    for enrolment_id, lesson_key, part, choice in session.execute(_ANSWERS, {"person_id": person_id}):
        answers.setdefault((enrolment_id, lesson_key), {})[part] = choice
    return answers


def _standing(held: Held, enrolment: Any, places: Places, answers: Answers, passed: set[str]) -> Standing:
    """``enrolment``: a row of ``_BEGUN``, None when the course is not begun."""
    course: Course = held.thing
    if not course.is_whole:  # never taken in like this: the rules for files have changed since
        raise NotFound("content.revision.unreadable")
    lessons = []
    for lesson in course.lessons:
        place = places.get((enrolment.id, lesson.key)) if enrolment is not None else None
        given = answers.get((enrolment.id, lesson.key), {}) if enrolment is not None else {}
        lessons.append(
            LessonStanding(
                lesson,
                place.part if place is not None else None,
                place.paragraph if place is not None else 0,
                place.touched_at if place is not None else None,
                place.finished_at if place is not None else None,
                given,
            )
        )
    touched = [lesson.touched_at for lesson in lessons if lesson.touched_at is not None]
    return Standing(
        held=held,
        enrolment_id=enrolment.id if enrolment is not None else None,
        state=enrolment.state if enrolment is not None else None,
        touched_at=max([*touched, enrolment.started_at]) if enrolment is not None else None,
        passed_at=enrolment.passed_at if enrolment is not None else None,
        lessons=tuple(lessons),
        missing=tuple(key for key in course.file.requires if key not in passed),
    )


# --- the one next step -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NextStep:
    """The one thing to do next. ``lesson``: of START and CONTINUE; ``course`` is None when all is done."""

    kind: StepKind
    course: Standing | None = None
    lesson: LessonStanding | None = None


def next_step(standings: Iterable[Standing]) -> NextStep | None:
    """Return the next step from ``progress_of``; None when there is no course at all.

    What was in hand last goes on: its open lesson, or its quiz. With nothing in hand the first course begins
    whose requirements are met.
    """
    standings = list(standings)
    in_hand = [each for each in standings if each.is_begun and not each.is_passed]
    if in_hand:
        latest = max(in_hand, key=lambda each: (each.touched_at is not None, each.touched_at))
        lesson = latest.open_lesson
        if latest.state is EnrolmentState.LESSONS_DONE or lesson is None:
            return NextStep(StepKind.QUIZ, latest)
        return NextStep(StepKind.CONTINUE, latest, lesson)
    for each in standings:
        if not each.is_begun and not each.missing:
            return NextStep(StepKind.START, each, each.open_lesson)
    return NextStep(StepKind.DONE) if standings else None


@dataclass(frozen=True)
class MapLayer:
    """A layer of the learning map: its courses by category."""

    layer: Layer
    cells: tuple[tuple[Standing, ...], ...]


def learning_map(standings: Iterable[Standing]) -> list[MapLayer]:
    """Return the layers that have courses, each with one cell a category."""
    standings = list(standings)
    layers = []
    for layer in Layer:
        here = [each for each in standings if each.course.file.layer is layer]
        if here:
            cells = tuple(
                tuple(each for each in here if each.course.file.category is category) for category in Category
            )
            layers.append(MapLayer(layer, cells))
    return layers


@dataclass(frozen=True)
class Home:
    """What the home page shows of learning."""

    step: NextStep | None
    layers: list[MapLayer]
    total: int
    passed: int

    @property
    def is_begun(self) -> bool:
        return any(each.is_begun for layer in self.layers for cell in layer.cells for each in cell)


def home_of(
    session: Session,
    person_id: int,
    path: Sequence[Layer] = tuple(Layer),
    *,
    current: Mapping[str, content.Held] | None = None,
) -> Home:
    """Return the next step and the learning map of a person (at most four queries).

    ``path``: the layers that are theirs to learn (``rules.path_of``), in their order; what they began beside it is
    theirs too. Every layer when none is said. ``current``: the courses in use by key when the caller has them; one
    query less.
    """
    known = progress_of(session, person_id, current=current)
    standings = [each for each in known if each.is_begun or each.course.file.layer in path]
    rank = {layer: at for at, layer in enumerate(dict.fromkeys((*path, *Layer)))}
    standings.sort(key=lambda each: rank[each.course.file.layer])
    return Home(
        step=next_step(standings),
        layers=learning_map(standings),
        total=len(standings),
        passed=sum(each.is_passed for each in standings),
    )


# --- a lesson as its page shows it -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BlockView:
    """A block with its words explained."""

    kind: str
    html: Markup
    points: tuple[tuple[int, Markup, Markup], ...]
    items: tuple[Markup, ...]
    minutes: int
    answer: Markup | None


@dataclass(frozen=True)
class PartView:
    """A part ready for the page. ``terms``: the words of the glossary in it."""

    part: Part
    number: int
    blocks: tuple[BlockView, ...]
    terms: tuple[Term, ...]
    spoken: tuple[str, ...]

    @property
    def question(self) -> RetrievalQuestion:
        return self.part.question


@dataclass(frozen=True)
class SourceView:
    """A line under 来源 with the state of its checking; the days are None for what is no law."""

    place: str
    says: str
    checked_on: date | None = None
    review_by: date | None = None
    verified_post: str = ""
    verified_on: date | None = None
    has_changed: bool = False
    """Whether the register says something else by now."""

    @property
    def is_law(self) -> bool:
        return self.checked_on is not None


@dataclass(frozen=True)
class LessonView:
    """A lesson in the language of its reader, as far as it is there in it."""

    language: str
    parts: tuple[PartView, ...]
    sources: tuple[SourceView, ...]

    def part(self, key: str) -> PartView:
        """Return a part. Raises NotFound."""
        found = next((each for each in self.parts if each.part.key == key), None)
        if found is None:
            raise NotFound("courses.part.not_found")
        return found


def lesson_view(session: Session, standing: Standing, lesson: Lesson, language: str) -> LessonView:
    """Return a lesson ready for its page (two queries; the HTML is kept in the process).

    ``language``: of the reader; the text is Chinese where there is no English.
    """
    body, body_language = lesson.body_in(language)
    glossary = _only(content.all_held(session, GLOSSARY))
    register = _only(content.all_held(session, LAWS))
    terms = glossary.thing if glossary is not None and body_language == "zh" else Glossary(())
    wanted = _Wanted(
        standing.held.digest, lesson.key, body_language, glossary.digest if glossary is not None else "", body, terms
    )
    sources = _sources(lesson, body, register.thing if register is not None else Register({}), language)
    return LessonView(body_language, _part_views(wanted), sources)


def _only(found: Mapping[str, Held]) -> Held | None:
    return next(iter(found.values()), None)


@dataclass(frozen=True)
class _Wanted:
    """Names what is kept: the digests stand for the texts, which are not compared."""

    digest: str
    lesson_key: str
    language: str
    glossary_digest: str
    body: Body = field(compare=False)
    glossary: Glossary = field(compare=False)


@lru_cache(maxsize=200)
def _part_views(wanted: _Wanted) -> tuple[PartView, ...]:
    explained = {term.term: term for term in wanted.glossary.terms}
    says = {word: (f"word-{term.identifier}", term.says) for word, term in explained.items()}
    views = []
    for number, part in enumerate(wanted.body.parts, 1):
        used: list[str] = []

        def mark(html: Markup, used: list[str] = used) -> Markup:
            marked, found = markup.mark_terms(html, says, used)
            used += found
            return marked

        blocks = tuple(
            BlockView(
                kind=block.kind.value,
                html=mark(block.html),
                points=tuple((point.number, point.head_html, mark(point.html)) for point in block.points),
                items=tuple(mark(item) for item in block.items_html),
                minutes=block.minutes,
                answer=block.answer_html if block.answer else None,
            )
            for block in part.blocks
        )
        terms = tuple(explained[word] for word in used)
        views.append(PartView(part, number, blocks, terms, tuple(spoken(part))))
    return tuple(views)


def _sources(lesson: Lesson, body: Body, register: Register, language: str) -> tuple[SourceView, ...]:
    """Return the sources with what the register of today knows of them."""
    cites = {register.place(cite): cite for cite in lesson.head.cites if not register.fault(cite)}
    views = []
    for source in body.sources:
        found = register.find(cites[source.place]) if source.place in cites else None
        if found is None:
            views.append(_plain_source(source))
            continue
        law, article = found
        place, says = source.place, source.says
        if language == "en" and law.title_en and article.says_en:
            place, says = register.place_en(cites[source.place]), article.says_en
        views.append(
            SourceView(
                place,
                says,
                law.checked_on,
                law.review_by,
                law.verified_by_person.post if law.verified_by_person is not None else "",
                law.verified_by_person.on if law.verified_by_person is not None else None,
                article.says != source.says and body is lesson.body,
            )
        )
    return tuple(views)


def _plain_source(source: Source) -> SourceView:
    return SourceView(source.place, source.says) if source.place else SourceView("", source.text)


# --- notes -------------------------------------------------------------------------------------------------


def note_of(session: Session, person_id: int, course_key: str, lesson_key: str) -> LessonNote | None:
    """Return what a person wrote beside a lesson, None when nothing stands there."""
    return session.scalar(
        sa.select(LessonNote).where(
            LessonNote.person_id == person_id,
            LessonNote.course_key == course_key,
            LessonNote.lesson_key == lesson_key,
        )
    )


@dataclass(frozen=True)
class NoteView:
    """A note with the lesson it stands beside."""

    note: LessonNote
    course: Standing
    lesson: Lesson


def notes_of(session: Session, person_id: int) -> list[NoteView]:
    """Return all notes of a person in the order of the learning map (at most five queries).

    A lesson that the person's revision does not have any more leaves its note with the course's first lesson.
    """
    notes = session.scalars(sa.select(LessonNote).where(LessonNote.person_id == person_id, LessonNote.text != "")).all()
    if not notes:
        return []
    standings = {each.key: each for each in progress_of(session, person_id)}
    order = list(standings)
    views = []
    for note in notes:
        standing = standings.get(note.course_key)
        if standing is None:
            continue
        lessons = {each.lesson.key: each.lesson for each in standing.lessons}
        views.append(NoteView(note, standing, lessons.get(note.lesson_key, standing.lessons[0].lesson)))
    return sorted(views, key=lambda each: (order.index(each.course.key), each.lesson.number))


# --- programmes -------------------------------------------------------------------------------------------


def programme(session: Session, key: str) -> Programme:
    """Return a programme as it stands now. Raises NotFound when there is none with this key."""
    found: Programme | None = content.held(session, PROGRAMMES, PROGRAMMES_KEY).thing.by_key.get(key)
    if found is None:
        raise NotFound("courses.programme.not_found")
    return found


def programme_enrolment(session: Session, person_id: int, key: str) -> ProgrammeEnrolment | None:
    """Return a person's enrolment in a programme, None when there is none."""
    return session.scalar(
        sa.select(ProgrammeEnrolment).where(
            ProgrammeEnrolment.person_id == person_id, ProgrammeEnrolment.programme == key
        )
    )


# --- searching --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LessonFound:
    """A lesson that holds what was looked for. ``hit``: where in its text, None when only its title does."""

    course: Course
    lesson: Lesson
    hit: Hit | None


@dataclass(frozen=True)
class ArticleFound:
    """An article of the register that holds what was looked for, and the lessons that cite it."""

    place: str
    says: str
    lessons: list[tuple[Course, Lesson]]


@dataclass(frozen=True)
class Found:
    """What a search found: courses by their titles, lessons (titles first), articles of law."""

    courses: list[Course]
    lessons: list[LessonFound]
    articles: list[ArticleFound]

    @property
    def number(self) -> int:
        return len(self.courses) + len(self.lessons) + len(self.articles)


def search(session: Session, terms: Sequence[str], language: str) -> Found:
    """Look for words in the courses that are given now, their lessons and the law register (one query).

    ``terms``: of ``rules.search_terms``; every one must be there. Texts are read as the reader of ``language`` sees
    them. A hundred lessons are looked through in a few milliseconds, so there is no index that could fall behind.
    """
    held = content.held_together(session, (COURSE, LAWS))
    courses: list[Course] = [each.thing for each in held[ContentKind.COURSE].values()]
    in_title, in_text = [], []
    for course in courses:
        for lesson in course.lessons:
            title = hit_in(lesson.title_in(language), terms)
            hit = hit_in(_plain(lesson, language), terms)
            if title is not None:
                in_title.append(LessonFound(course, lesson, hit))
            elif hit is not None:
                in_text.append(LessonFound(course, lesson, hit))
    register = _only(held[ContentKind.LAWS])
    return Found(
        courses=[each for each in courses if hit_in(each.title_in(language), terms) is not None],
        lessons=in_title + in_text,
        articles=_articles(register.thing, courses, terms, language) if register is not None else [],
    )


def _plain(lesson: Lesson, language: str) -> str:
    """Return the words of a lesson, without marks."""
    body, _language = lesson.body_in(language)
    words = [lesson.title_in(language), lesson.summary_in(language)]
    for part in body.parts:
        words.append(part.title)
        for block in part.blocks:
            words += [block.text, *(f"{point.head} {point.body}" for point in block.points), *block.items, block.answer]
        words += [part.question.prompt, *(option.text for option in part.question.options)]
    return re.sub(r"[*_>#\s]+", " ", " ".join(words)).strip()


def _articles(register: Register, courses: Sequence[Course], terms: Sequence[str], language: str) -> list[ArticleFound]:
    found = []
    for law in register.laws.values():
        for number, article in law.articles.items():
            cite = f"{law.id}/{number}"
            place = register.place_en(cite) if language == "en" and law.title_en else register.place(cite)
            says = article.says_en if language == "en" and article.says_en else article.says
            if law.state != "ok" or hit_in(f"{place} {register.place(cite)} {says}", terms) is None:
                continue
            citing = [(course, lesson) for course in courses for lesson in course.lessons if cite in lesson.head.cites]
            found.append(ArticleFound(place, says, citing))
    return found
