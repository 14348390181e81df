"""The one next step, the learning map, and a lesson as its page shows it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lms.access.identity import CONSOLE, Identity
from lms.config import ROOT
from lms.content import services as content
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import NotFound
from lms.courses import queries, services
from lms.courses.rules import Category, Layer, StepKind
from tests.conftest import CountQueries, Site
from tests.content.files import SHIPPED, copied
from tests.courses.learning import answer_lesson, finish_lessons
from tests.world import NOW

ONBOARDING = sorted(path.name for path in (ROOT / "courses/onboarding").glob("*/c*"))


@pytest.fixture
def me(site: Site) -> Identity:
    return site.world.identity(site.db, "N1")


def step(db: Database, actor: Identity) -> tuple[StepKind, str | None, str | None, str | None]:
    assert actor.person_id is not None
    with db.reading() as session:
        found = queries.home_of(session, actor.person_id, (Layer.ONBOARDING,)).step
    assert found is not None
    return (
        found.kind,
        found.course.key if found.course else None,
        found.lesson.lesson.key if found.lesson else None,
        found.lesson.resume if found.lesson else None,
    )


def test_there_is_one_next_step_all_the_way(db: Database, me: Identity) -> None:
    assert step(db, me) == (StepKind.START, "c01", "c01-l01", "p1")
    with db.writing() as session:
        services.enrol(session, me, "c01", now=NOW)
    assert step(db, me) == (StepKind.CONTINUE, "c01", "c01-l01", "p1")
    with db.writing() as session:
        services.answer_part(session, me, "c01", "c01-l01", "p1", 0, now=NOW)
    assert step(db, me) == (StepKind.CONTINUE, "c01", "c01-l01", "p2")
    answer_lesson(db, me, "c01", "c01-l01")
    assert step(db, me) == (StepKind.CONTINUE, "c01", "c01-l02", "p1")
    with db.writing() as session:
        services.open_part(session, me, "c01", "c01-l04", "p2", now=NOW + timedelta(hours=1))
    assert step(db, me) == (StepKind.CONTINUE, "c01", "c01-l04", "p2")
    finish_lessons(db, me, "c01")
    assert step(db, me) == (StepKind.QUIZ, "c01", None, None)
    with db.writing() as session:
        services.open_part(session, me, "c04", "c04-l01", "p1", now=NOW + timedelta(hours=2))
    assert step(db, me) == (StepKind.CONTINUE, "c04", "c04-l01", "p1")
    finish_lessons(db, me, "c04", now=NOW + timedelta(hours=3))
    for course in ONBOARDING:
        if course not in {"c01", "c04"}:
            finish_lessons(db, me, course, now=NOW + timedelta(hours=4))
        with db.writing() as session:
            services.note_course_passed(session, me, me.person_id or 0, course, "a" * 22, now=NOW)
    assert step(db, me) == (StepKind.DONE, None, None, None)


def test_without_courses_there_is_no_step(empty_site: Site) -> None:
    with empty_site.db.reading() as session:
        home = queries.home_of(session, 1)
        assert (home.step, home.total, home.layers) == (None, 0, [])
        assert not home.is_begun


def test_the_map_has_a_cell_for_each_category(db: Database, me: Identity) -> None:
    with db.writing() as session:
        services.enrol(session, me, "c04", now=NOW)
    with db.reading() as session:
        home = queries.home_of(session, me.person_id or 0)
        path = queries.home_of(session, me.person_id or 0, (Layer.ONBOARDING,))
    first, *others = home.layers
    assert first.layer is Layer.ONBOARDING
    assert [[each.key for each in cell] for cell in first.cells] == [
        sorted(path.name for path in (ROOT / "courses/onboarding" / category).iterdir()) for category in Category
    ]
    assert others
    assert (home.total, home.passed, home.is_begun) == (len(SHIPPED), 0, True)
    assert [each.layer for each in path.layers] == [Layer.ONBOARDING]
    assert path.total == len(ONBOARDING)


def test_what_one_began_beside_the_own_path_stays_on_it(db: Database, me: Identity) -> None:
    with db.reading() as session:
        beside = next(
            each
            for each in queries.progress_of(session, me.person_id or 0)
            if each.course.file.layer is Layer.IN_SERVICE
        )
    for key in beside.course.file.requires:
        finish_lessons(db, me, key)
        with db.writing() as session:
            services.note_course_passed(session, me, me.person_id or 0, key, "a" * 22, now=NOW)
    with db.writing() as session:
        services.enrol(session, me, beside.key, now=NOW + timedelta(hours=1))
    with db.reading() as session:
        home = queries.home_of(session, me.person_id or 0, (Layer.ONBOARDING,))
    assert [each.layer for each in home.layers] == [Layer.ONBOARDING, Layer.IN_SERVICE]
    assert home.total == len(ONBOARDING) + 1
    assert home.step is not None
    assert home.step.course is not None
    assert home.step.course.key == beside.key


def test_what_others_learn_is_not_mixed_in(site: Site, db: Database, me: Identity) -> None:
    answer_lesson(db, site.world.identity(db, "N2"), "c01", "c01-l01")
    with db.reading() as session:
        assert not any(each.is_begun for each in queries.progress_of(session, me.person_id or 0))


def test_progress_is_five_questions_to_the_database(db: Database, me: Identity, count_queries: CountQueries) -> None:
    for course in ("c01", "c04"):
        answer_lesson(db, me, course, f"{course}-l01")
    with db.reading() as session, count_queries(db) as statements:
        queries.home_of(session, me.person_id or 0)
    assert len(statements) <= 4


def test_what_is_not_there_is_not_found(db: Database, me: Identity) -> None:
    with db.reading() as session:
        with pytest.raises(NotFound):
            queries.standing_of(session, me.person_id or 0, "c99")
        here = queries.standing_of(session, me.person_id or 0, "c01")
        with pytest.raises(NotFound):
            here.lesson("c04-l01")
        view = queries.lesson_view(session, here, here.course.lessons[0], "zh")
        with pytest.raises(NotFound):
            view.part("p9")
        assert here.after("c01-l06") is None


def view_of(db: Database, me: Identity, language: str, course: str = "c04", number: int = 1) -> queries.LessonView:
    with db.reading() as session:
        here = queries.standing_of(session, me.person_id or 0, course)
        return queries.lesson_view(session, here, here.course.lessons[number], language)


def test_words_of_the_glossary_are_explained_once_a_part(db: Database, me: Identity) -> None:
    part = view_of(db, me, "zh").part("p1")
    text = "".join(str(html) for block in part.blocks for html in (block.html, *(point[2] for point in block.points)))
    assert part.terms
    for term in part.terms:
        assert text.count(f'">{term.term}</a>') == 1, term.term


def test_sources_say_when_they_were_checked_and_by_whom(db: Database, me: Identity, tmp_path: Path) -> None:
    first, *_, last = view_of(db, me, "zh").sources
    assert first.place == "《民法典》第1033条"
    assert (str(first.checked_on), str(first.review_by), first.verified_post) == ("2026-11-24", "2027-05-24", "")
    assert not last.is_law
    english = view_of(db, me, "en").sources[0]
    assert english.place == "Civil Code, Art. 1033"
    assert english.says.startswith("Unless a law says otherwise")
    files = copied(tmp_path / "content")
    with db.writing() as session:
        services.enrol(session, me, "c04", now=NOW)
    register = "courses/_laws/laws.yaml"
    files.replace(
        register, "  state: ok", "  verified_by_person:\n    post: 街道司法所\n    on: 2026-11-20\n  state: ok"
    )
    files.replace(
        register, "除非法律另有规定或者本人明确同意，不得进入", "法律没有另外规定、本人也没明确同意，不得进入"
    )
    with db.writing() as session:
        content.sync(session, CONSOLE, [b for b in files.examine().good if b.key == "laws"], now=NOW)
    changed = view_of(db, me, "zh").sources[0]
    assert (changed.verified_post, changed.has_changed) == ("街道司法所", True)
    assert changed.says.startswith("除非法律另有规定")


def test_a_lesson_without_english_is_shown_in_chinese(db: Database, me: Identity) -> None:
    assert view_of(db, me, "en", "c09").language == "zh"
    assert view_of(db, me, "en", "c04").language == "en"
    clock.freeze(datetime(2027, 6, 1, tzinfo=UTC))
    assert view_of(db, me, "zh").parts[0].spoken[0] == "货是好心搬的。"
