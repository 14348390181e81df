"""Learning a course: begun once, kept on its text, finished by answering, passed once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE, SYSTEM, Identity
from lms.audit.rules import AuditTag
from lms.content import services as content
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound
from lms.courses import queries, services
from lms.courses.content import COURSE
from lms.courses.events import CoursePassed
from lms.courses.models import Enrolment, LessonProgress, PartAnswer, ProgrammeEnrolment
from lms.courses.rules import EnrolmentState
from tests import trail
from tests.conftest import Site
from tests.content.files import C01, Files, copied
from tests.courses.learning import answer_lesson, finish_lessons
from tests.racing import all_fine, together
from tests.world import NOW


@pytest.fixture
def me(site: Site) -> Identity:
    return site.world.identity(site.db, "N1")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return copied(tmp_path / "content")


def standing(db: Database, actor: Identity, course: str = "c01") -> queries.Standing:
    assert actor.person_id is not None
    with db.reading() as session:
        return queries.standing_of(session, actor.person_id, course)


def count(db: Database, table: type) -> int:
    with db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_course_begins_on_the_current_text_and_is_audited(db: Database, me: Identity) -> None:
    since = trail.seq(db)
    with db.writing() as session:
        enrolment = services.enrol(session, me, "c01", now=NOW)
        assert enrolment.state is EnrolmentState.LEARNING
    [entry] = trail.entries(db, since)
    assert (entry.tag, entry.object_type, entry.actor) == (AuditTag.COURSE_STARTED, "enrolment", me.public_id)
    assert entry.unit_path
    assert standing(db, me).is_begun


def test_beginning_twice_is_beginning_once(db: Database, me: Identity) -> None:
    since = trail.seq(db)
    for _ in range(2):
        with db.writing() as session:
            services.enrol(session, me, "c01", now=NOW)
    assert count(db, Enrolment) == 1
    assert len(trail.entries(db, since)) == 1


def test_two_presses_at_once_begin_once(db: Database, me: Identity) -> None:
    since = trail.seq(db)

    def press() -> int:
        with db.writing() as session:
            return services.enrol(session, me, "c01", now=NOW).id

    assert len(set(all_fine(together(press, press)))) == 1
    assert count(db, Enrolment) == 1
    assert len(trail.entries(db, since)) == 1


def test_two_answers_at_once_are_one_answer(db: Database, me: Identity) -> None:
    def press(choice: int) -> Callable[[], None]:
        def act() -> None:
            with db.writing() as session:
                services.answer_part(session, me, "c01", "c01-l01", "p1", choice, now=NOW)

        return act

    all_fine(together(press(0), press(1)))
    assert (count(db, Enrolment), count(db, PartAnswer), count(db, LessonProgress)) == (1, 1, 1)


def test_a_course_that_is_not_there_or_not_yet_open_is_refused(db: Database, me: Identity, files: Files) -> None:
    with db.writing() as session, pytest.raises(NotFound):
        services.enrol(session, me, "c99", now=NOW)
    files.replace("courses/onboarding/law/c04/course.yaml", "requires: []", "requires: [c01]")
    with db.writing() as session:
        content.sync(session, CONSOLE, files.examine(COURSE).bundles, now=NOW)
    with db.writing() as session, pytest.raises(Conflict) as refused:
        services.enrol(session, me, "c04", now=NOW)
    assert refused.value.code == "courses.course.requires"
    assert "网格员的角色" in str(refused.value.params["title"])


@pytest.mark.parametrize("actor", [CONSOLE, SYSTEM])
def test_only_people_learn(db: Database, actor: Identity) -> None:
    with db.writing() as session, pytest.raises(Forbidden):
        services.enrol(session, actor, "c01", now=NOW)


def test_answering_begins_the_course_and_gives_the_words_of_the_choice(db: Database, me: Identity) -> None:
    with db.writing() as session:
        came = services.answer_part(session, me, "c01", "c01-l01", "p1", 0, now=NOW)
    assert (came.is_right, came.next_part, came.lesson_finished) == (False, "p2", False)
    assert came.feedback.startswith("想镇住场面")
    here = standing(db, me).lesson("c01-l01")
    assert (here.answers, here.resume, here.parts_done) == ({"p1": 0}, "p2", 1)
    with db.writing() as session:
        assert services.answer_part(session, me, "c01", "c01-l01", "p1", 1, now=NOW).is_right
    assert standing(db, me).lesson("c01-l01").answers == {"p1": 1}


@pytest.mark.parametrize("choice", [-1, 3, 99])
def test_an_option_that_is_not_there_is_refused(db: Database, me: Identity, choice: int) -> None:
    with db.writing() as session, pytest.raises(Invalid):
        services.answer_part(session, me, "c01", "c01-l01", "p1", choice, now=NOW)


@pytest.mark.parametrize(("lesson", "part"), [("c01-l01", "p9"), ("c01-l99", "p1"), ("c04-l01", "p1")])
def test_a_part_that_is_not_there_is_not_found(db: Database, me: Identity, lesson: str, part: str) -> None:
    with db.writing() as session, pytest.raises(NotFound):
        services.answer_part(session, me, "c01", lesson, part, 0, now=NOW)
    with db.writing() as session, pytest.raises(NotFound):
        services.open_part(session, me, "c01", lesson, part, now=NOW)


def test_a_part_that_was_gone_on_to_opens_again(db: Database, me: Identity) -> None:
    with db.writing() as session:
        services.open_part(session, me, "c01", "c01-l01", "p3", now=NOW)
    assert standing(db, me).lesson("c01-l01").resume == "p3"


def test_the_last_question_finishes_the_lesson_and_the_last_lesson_opens_the_quiz(db: Database, me: Identity) -> None:
    assert me.person_id is not None
    assert answer_lesson(db, me, "c01", "c01-l01").lesson_finished
    now = standing(db, me)
    assert (now.lessons_done, now.state) == (1, EnrolmentState.LEARNING)
    with db.reading() as session, pytest.raises(Conflict) as refused:
        services.require_quiz_open(session, me.person_id, "c01")
    assert refused.value.code == "courses.quiz.lessons_first"
    since = trail.seq(db)
    finish_lessons(db, me, "c01")
    assert [entry.tag for entry in trail.entries(db, since)] == [AuditTag.LESSONS_FINISHED]
    assert standing(db, me).state is EnrolmentState.LESSONS_DONE
    with db.reading() as session:
        assert services.require_quiz_open(session, me.person_id, "c01").course_key == "c01"


def test_a_lesson_with_an_open_question_cannot_be_finished(db: Database, me: Identity) -> None:
    with db.writing() as session:
        services.answer_part(session, me, "c01", "c01-l01", "p1", 1, now=NOW)
    with db.writing() as session, pytest.raises(Conflict):
        services.finish_lesson(session, me, "c01", "c01-l01", now=NOW)
    with db.writing() as session, pytest.raises(Conflict):
        services.finish_lesson(session, me, "c04", "c04-l01", now=NOW)


def test_finishing_again_changes_nothing(db: Database, me: Identity) -> None:
    answer_lesson(db, me, "c01", "c01-l01")
    answer_lesson(db, me, "c01", "c01-l01", now=NOW + timedelta(days=1))
    assert standing(db, me).lesson("c01-l01").finished_at == NOW


@pytest.fixture
def passed(site: Site) -> list[CoursePassed]:
    """Return the list that ``CoursePassed`` events are heard in."""
    heard: list[CoursePassed] = []
    site.db.listeners = {CoursePassed: [lambda _session, event: heard.append(event)]}
    return heard


def note(db: Database, actor: Identity, person_id: int | None, attempt: str = "a" * 22) -> bool:
    assert person_id is not None
    with db.writing() as session:
        return services.note_course_passed(session, actor, person_id, "c01", attempt, now=NOW)


def test_a_course_is_passed_once_and_higher_packages_hear_of_it(
    db: Database, me: Identity, passed: list[CoursePassed]
) -> None:
    finish_lessons(db, me, "c01")
    since = trail.seq(db)
    assert note(db, me, me.person_id)
    assert not note(db, me, me.person_id, "b" * 22)
    [entry] = trail.entries(db, since)
    assert (entry.tag, entry.diff["passed_attempt"]) == (AuditTag.COURSE_PASSED, "a" * 22)
    [event] = passed
    assert (event.person_id, event.course_key, event.attempt) == (me.person_id, "c01", "a" * 22)
    now = standing(db, me)
    assert (now.state, now.passed_at) == (EnrolmentState.PASSED, NOW)
    with db.reading() as session:
        assert services.require_quiz_open(session, me.person_id or 0, "c01").passed_attempt == "a" * 22


def test_the_system_may_note_it_at_the_deadline_but_nobody_for_another(
    site: Site, db: Database, me: Identity, passed: list[CoursePassed]
) -> None:
    finish_lessons(db, me, "c01")
    with pytest.raises(NotFound):
        note(db, site.world.identity(db, "N2"), me.person_id)
    assert note(db, SYSTEM, me.person_id)


def test_a_course_with_open_lessons_cannot_be_passed(db: Database, me: Identity) -> None:
    with pytest.raises(Conflict):
        note(db, me, me.person_id)
    answer_lesson(db, me, "c01", "c01-l01")
    with pytest.raises(Conflict):
        note(db, me, me.person_id)


def test_who_has_begun_stays_on_their_text_and_who_begins_later_gets_the_new_one(
    site: Site, db: Database, me: Identity, files: Files
) -> None:
    with db.writing() as session:
        services.enrol(session, me, "c01", now=NOW)
    files.replace(f"{C01}/01.zh.md", "脸一红", "脸红了")
    files.replace(f"{C01}/01.zh.md", "- [x] “罚单我开不了", "- [ ] “罚单我开不了")
    files.replace(f"{C01}/01.zh.md", "- [ ] “这个不归我管", "- [x] “这个不归我管")
    files.replace(f"{C01}/01.en.md", "- [x] “I can't write tickets", "- [ ] “I can't write tickets")
    files.replace(f"{C01}/01.en.md", "- [ ] “That's not my job", "- [x] “That's not my job")
    with db.writing() as session:
        content.sync(session, CONSOLE, files.examine().good, now=NOW)
    other = site.world.identity(db, "N2")
    assert "脸一红" in standing(db, me).course.lessons[0].body.parts[0].blocks[0].text
    assert "脸红了" in standing(db, other).course.lessons[0].body.parts[0].blocks[0].text
    with db.writing() as session:
        assert services.answer_part(session, me, "c01", "c01-l01", "p1", 1, now=NOW).is_right
        assert not services.answer_part(session, other, "c01", "c01-l01", "p1", 1, now=NOW).is_right


def enrol_programme(site: Site, by: str, key: str = "in_service") -> int:
    with site.db.writing() as session:
        who = site.world.identity(site.db, by)
        return services.enrol_programme(session, who, site.world.person_ids["N1"], key, now=NOW).id


def test_a_person_is_enrolled_in_a_programme_once_however_many_press(site: Site) -> None:
    since = trail.seq(site.db)
    acts = [lambda: enrol_programme(site, "O1"), lambda: enrol_programme(site, "O2")]
    assert len(set(all_fine(together(*acts)))) == 1
    assert enrol_programme(site, "O1")
    [entry] = trail.entries(site.db, since)
    assert (entry.tag, entry.object_type) == (AuditTag.PROGRAMME_ENROLLED, "programme_enrolment")
    assert count(site.db, ProgrammeEnrolment) == 1


@pytest.mark.parametrize(
    ("by", "key", "refusal"),
    [("O9", "in_service", NotFound), ("N1", "in_service", Forbidden), ("O1", "nothing", NotFound)],
)
def test_who_enrols_nobody(site: Site, by: str, key: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        enrol_programme(site, by, key)
    assert count(site.db, ProgrammeEnrolment) == 0


# --- the paragraph one is at, and notes --------------------------------------------------------------------


def mark(db: Database, actor: Identity, paragraph: int, part: str = "p1") -> None:
    with db.writing() as session:
        services.mark_paragraph(session, actor, "c01", "c01-l01", part, paragraph, now=NOW)


def test_the_paragraph_is_kept_with_its_part_and_forgotten_with_another(db: Database, me: Identity) -> None:
    mark(db, me, 4)
    assert count(db, Enrolment) == 0  # looking into a course that is not begun leaves no trace
    with db.writing() as session:
        services.enrol(session, me, "c01", now=NOW)
    mark(db, me, 4)
    here = standing(db, me).lesson("c01-l01")
    assert (here.stored, here.paragraph) == ("p1", 4)
    mark(db, me, 2, "p2")
    here = standing(db, me).lesson("c01-l01")
    assert (here.stored, here.paragraph) == ("p2", 2)
    with db.writing() as session:
        services.open_part(session, me, "c01", "c01-l01", "p3", now=NOW)
    assert standing(db, me).lesson("c01-l01").paragraph == 0


@pytest.mark.parametrize("paragraph", [-1, 501])
def test_a_paragraph_that_no_part_has_is_refused(db: Database, me: Identity, paragraph: int) -> None:
    with pytest.raises(Invalid):
        mark(db, me, paragraph)


def write(db: Database, actor: Identity, text: str, version: int = 0) -> services.Written:
    with db.writing() as session:
        return services.write_note(session, actor, "c01", "c01-l01", text, version, now=NOW)


def note_text(db: Database, actor: Identity) -> str | None:
    with db.reading() as session:
        found = queries.note_of(session, actor.person_id or 0, "c01", "c01-l01")
        return found.text if found is not None else None


def test_a_note_is_kept_changed_and_taken_away(db: Database, me: Identity, site: Site) -> None:
    assert write(db, me, " 先亮脸\r\n再亮证 ") == services.Written(1)
    assert note_text(db, me) == "先亮脸\n再亮证"
    assert write(db, me, "先亮脸\n再亮证", 1) == services.Written(1)  # the same again: nothing to do
    assert write(db, me, "后亮话", 1) == services.Written(2)
    other = site.world.identity(db, "M1")
    with db.reading() as session:
        assert queries.notes_of(session, other.person_id or 0) == []
        [mine] = queries.notes_of(session, me.person_id or 0)
        assert (mine.note.text, mine.lesson.key) == ("后亮话", "c01-l01")
    assert write(db, me, "", 2) == services.Written(3)
    with db.reading() as session:
        assert queries.notes_of(session, me.person_id or 0) == []


def test_two_tabs_do_not_write_over_each_other(db: Database, me: Identity) -> None:
    write(db, me, "第一页写的")
    came = write(db, me, "第二页写的", 0)
    assert came == services.Written(1, other="第一页写的")
    assert note_text(db, me) == "第一页写的"
    assert write(db, me, "两页合到一起", came.version) == services.Written(2)


def test_two_saves_at_once_lose_nothing(db: Database, me: Identity) -> None:
    def save(text: str) -> Callable[[], services.Written]:
        return lambda: write(db, me, text)

    first, second = all_fine(together(save("甲"), save("乙")))
    assert sorted([first.other is None, second.other is None]) == [False, True]
    kept = note_text(db, me)
    assert {kept} == {each.other for each in (first, second) if each.other is not None}


def test_a_note_that_is_too_long_or_beside_no_lesson_is_refused(db: Database, me: Identity) -> None:
    with pytest.raises(Invalid) as error:
        write(db, me, "记" * 4001)
    assert error.value.code == "courses.note.long"
    with pytest.raises(NotFound), db.writing() as session:
        services.write_note(session, me, "c01", "c01-l99", "x", 0, now=NOW)
    with pytest.raises(Forbidden):
        write(db, CONSOLE, "x")
