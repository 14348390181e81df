"""Reading papers and results, each within its reach."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE, Identity
from lms.access.permissions import Permission
from lms.content.services import sync
from lms.core import clock
from lms.core.errors import Forbidden, NotFound
from lms.courses import services as courses
from lms.people.models import OrgUnit, Person
from lms.people.rules import StaffState
from lms.quizzes import queries, services
from lms.quizzes.models import QuizAttempt
from lms.quizzes.queries import Came, Result
from lms.quizzes.rules import Apart, AttemptState, ItemFigures, Reason, Standing, share
from tests.conftest import CountQueries, Site
from tests.content.files import SHIPPED, copied
from tests.quizzes.classes import (
    class_sits,
    counted,
    learners,
    paper_of,
    sits_again,
    trainer_of,
)
from tests.quizzes.conftest import Sitter
from tests.quizzes.papers import answer_all, answer_to, bank_and_items, begin, hand_in, learn, save
from tests.world import NOW


def rows(sitter: Sitter, actor: Identity, **filters: object) -> set[tuple[str, str]]:
    """Return (staff number, result) of the list somebody sees."""
    with sitter.db.reading() as session:
        found: Any = session.execute(queries.results_by_person(actor, **filters))  # type: ignore[arg-type]
        return {
            (person.staff_number, queries.result_of(attempt, has_passed=has_passed).value)
            for attempt, person, has_passed, _attempts in found
        }


@pytest.fixture
def three(sitter: Sitter) -> Sitter:
    """N1 has passed at the second try, N2 sits, N9 of the other sub-district has failed."""
    others = [sitter.world.identity(sitter.db, number) for number in ("N2", "N9")]
    for each in others:
        learn(sitter.db, each)
    first = begin(sitter.db, sitter.me)
    hand_in(sitter.db, sitter.me, first)
    with sitter.db.writing() as session:
        services.open_review(session, sitter.me, first, now=clock.now())
    clock.freeze(NOW + timedelta(minutes=15))
    second = begin(sitter.db, sitter.me, seed=2)
    answer_all(sitter.db, sitter.me, second)
    hand_in(sitter.db, sitter.me, second)
    begin(sitter.db, others[0])
    hand_in(sitter.db, others[1], begin(sitter.db, others[1]))
    return sitter


def test_results_by_course_count_persons_within_reach(three: Sitter) -> None:
    for number, expected in {
        "O1": (2, 1, 1, 0, 3),
        "T1": (2, 1, 1, 0, 3),
        "L1": (1, 1, 0, 0, 2),
        "O9": (1, 0, 0, 1, 1),
    }.items():
        with three.db.reading() as session:
            [course] = queries.results_by_course(session, three.world.identity(three.db, number))
        assert course.course_key == "c04"
        assert (course.persons, course.passed, course.sitting, course.not_yet, course.attempts) == expected, number


def test_results_by_person_are_the_latest_attempts_within_reach(three: Sitter) -> None:
    who = {number: three.world.identity(three.db, number) for number in ("O1", "O9", "L1", "T1")}
    assert rows(three, who["O1"]) == {("CG00N1", "passed"), ("CG00N2", "open")}
    assert rows(three, who["T1"]) == rows(three, who["O1"])
    assert rows(three, who["L1"]) == {("CG00N1", "passed")}
    assert rows(three, who["O9"]) == {("CG00N9", "not_yet")}
    with pytest.raises(Forbidden):
        rows(three, three.me)


def test_the_filters_agree_with_the_counts(three: Sitter) -> None:
    official = three.world.identity(three.db, "O1")
    assert rows(three, official, result=Result.PASSED) == {("CG00N1", "passed")}
    assert rows(three, official, result=Result.OPEN) == {("CG00N2", "open")}
    assert rows(three, official, result=Result.NOT_YET) == set()
    assert rows(three, official, course_key="c01") == set()
    assert rows(three, official, text="n2") == {("CG00N2", "open")}
    assert rows(three, official, text="李秀") == {("CG00N1", "passed")}
    with three.db.reading() as session:
        unit = session.get_one(OrgUnit, three.world.unit_ids["east.1.2"])
    assert rows(three, official, unit=unit) == {("CG00N2", "open")}


def test_attempts_are_within_reach_of_their_permission_only(three: Sitter) -> None:
    with three.db.reading() as session:
        public_id = queries.attempts_of(session, three.world.person_ids["N1"], "c04")[0].public_id
        for number, permission, is_there in [
            ("N1", Permission.ATTEMPT_REVIEW, True),
            ("T1", Permission.ATTEMPT_REVIEW, True),
            ("O1", Permission.ATTEMPT_REVIEW, False),
            ("N2", Permission.ATTEMPT_REVIEW, False),
            ("O1", Permission.RESULTS_SEE, True),
            ("L1", Permission.RESULTS_SEE, True),
            ("O9", Permission.RESULTS_SEE, False),
        ]:
            actor = three.world.identity(three.db, number)
            if is_there:
                assert queries.attempt_within(session, actor, permission, public_id).person.staff_number == "CG00N1"
            else:
                with pytest.raises(NotFound):
                    queries.attempt_within(session, actor, permission, public_id)


def test_the_marked_paper_adds_up(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    answer_all(sitter.db, sitter.me, public_id, wrong=[1, 7])
    attempt = hand_in(sitter.db, sitter.me, public_id)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    paper = queries.seen_paper(items, bank)
    assert sum(seen.points for seen in paper) == attempt.points
    for by in ("kind", "competency"):
        parts = queries.shares(paper, by)
        assert sum(part.points for part in parts) == attempt.points
        assert sum(part.points_possible for part in parts) == Decimal(100)
        assert sum(part.asked for part in parts) == 20
    assert {seen.position for seen in paper if not seen.is_right} <= {1, 7}
    assert any(seen.is_critical_missed for seen in paper) == attempt.is_critical_missed


def test_what_crossed_a_line_is_named(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    row, field, option = next(
        (row, field, option)
        for row in items
        for item in [bank.items[row.item_key]]
        for field, options in [("way", getattr(item, "ways", ())), ("choice", getattr(item, "options", ()))]
        for option in options
        if option.breaks and (field == "way" or row.kind == "single")
    )
    save(sitter.db, sitter.me, public_id, row.position, 1, {field: option.key})
    hand_in(sitter.db, sitter.me, public_id)
    bank, items = bank_and_items(sitter.db, sitter.me, public_id)
    assert queries.seen_paper(items, bank)[row.position - 1].lines_crossed == [option.breaks]


def test_the_quiz_opens_with_the_last_lesson(sitter: Sitter) -> None:
    assert sitter.me.person_id is not None
    with sitter.db.reading() as session:
        assert queries.is_quiz_open(session, sitter.me.person_id, "c04")
        assert not queries.is_quiz_open(session, sitter.me.person_id, "c01")


def test_banks_and_courses_that_are_not_there(sitter: Sitter) -> None:
    with sitter.db.reading() as session:
        for look in (queries.current_bank, queries.course):
            with pytest.raises(NotFound):
                look(session, "c99")


def test_the_last_save_is_the_latest(sitter: Sitter) -> None:
    public_id = begin(sitter.db, sitter.me)
    assert queries.saved_last(bank_and_items(sitter.db, sitter.me, public_id)[1]) is None
    for minute, position in ((1, 5), (2, 3)):
        clock.freeze(NOW + timedelta(minutes=minute))
        save(sitter.db, sitter.me, public_id, position, 1, {})
    assert queries.saved_last(bank_and_items(sitter.db, sitter.me, public_id)[1]) == NOW + timedelta(minutes=2)


def test_an_open_paper_is_read_with_few_questions_to_the_database(sitter: Sitter, count_queries: CountQueries) -> None:
    public_id = begin(sitter.db, sitter.me)
    bank_and_items(sitter.db, sitter.me, public_id)  # the bank is parsed once for a process
    with count_queries(sitter.db) as statements:
        bank_and_items(sitter.db, sitter.me, public_id)
    assert len(statements) <= 3, statements


def test_overdue_attempts_are_those_past_the_grace(sitter: Sitter) -> None:
    begin(sitter.db, sitter.me)
    with sitter.db.reading() as session:
        assert queries.overdue_attempts(session, NOW + timedelta(minutes=30, seconds=30)) == []
        assert len(queries.overdue_attempts(session, NOW + timedelta(minutes=30, seconds=31))) == 1


# --- questions and lessons that fail -----------------------------------------------------------------------


def analysed(site: Site, actor: Identity, course_key: str = "c04") -> queries.Analysis:
    with site.db.reading() as session:
        return queries.analysis(session, actor, course_key=course_key)


def figures_of(found: queries.Analysis, key: str) -> ItemFigures:
    return next(line.figures for line in found.items if line.item.key == key)


def test_the_figures_are_those_counted_by_hand_and_of_the_own_reach_only(site: Site) -> None:
    made = counted(site)
    found = analysed(site, site.world.identity(site.db, "T1"))
    single = figures_of(found, made.single.key)
    assert (single.answered, single.blank, single.right) == (12, 0, 5)
    assert single.mean == Decimal("0.4167"), "5 of 12; the three of the other sub-district are not in it"
    assert {each.what.option: each.times for each in single.options if each.times} == {
        made.lure: 6,
        made.other: 1,
        next(option.key for option in made.single.options if option.is_right): 5,
    }
    assert single.reasons == (Reason.LOW, Reason.MISLED)
    triage = figures_of(found, made.triage.key)
    assert (triage.answered, triage.right, triage.mean) == (12, 5, Decimal("0.7083"))
    assert triage.misleading is not None
    assert (triage.misleading.what.part, triage.misleading.what.option) == ("act", made.act)
    assert triage.reasons == (Reason.MISLED,)
    multiple = figures_of(found, made.multiple.key)
    of = sum(option.is_right for option in made.multiple.options)
    assert (multiple.answered, multiple.right, multiple.mean) == (12, 0, share(1, of))
    true_false = figures_of(found, made.true_false.key)
    assert (true_false.answered, true_false.blank, true_false.right, true_false.mean) == (11, 1, 11, Decimal(1))
    rest = made.paper.items.keys() - {made.single.key, made.triage.key, made.multiple.key, made.true_false.key}
    assert all(figures_of(found, key).mean == 1 for key in rest)
    [west] = {figures_of(analysed(site, trainer_of(site, "west")), key).answered for key in made.paper.items}
    assert west == 3
    with pytest.raises(Forbidden):
        analysed(site, site.world.identity(site.db, "O1"))


def test_what_fails_stands_first_and_what_nobody_answered_last(site: Site) -> None:
    made = counted(site)
    found = analysed(site, site.world.identity(site.db, "T1"))
    standings = [line.figures.standing for line in found.items]
    order = [Standing.FAILS, Standing.FINE, Standing.UNCLEAR]
    assert standings == sorted(standings, key=order.index)
    failing = [line.item.key for line in found.failing_items]
    assert failing[0] == min([made.single, made.multiple], key=lambda item: figures_of(found, item.key).mean or 0).key
    assert failing[-1] == made.triage.key
    assert len(found.items) == 30, "every question that may be drawn is there"
    assert sum(standing is Standing.UNCLEAR for standing in standings) == 10, "those that this paper did not hold"
    assert {line.course.key for line in all_lines(site)} == set(SHIPPED)


def all_lines(site: Site) -> tuple[queries.ItemLine, ...]:
    return analysed(site, site.world.identity(site.db, "T1"), "").items


def test_lessons_add_up_the_answers_to_their_questions(site: Site) -> None:
    made = counted(site)
    found = analysed(site, site.world.identity(site.db, "T1"))
    assert [line.lesson.key for line in sorted(found.lessons, key=lambda line: line.lesson.number)] == [
        f"c04-l0{number}" for number in range(1, 7)
    ]
    for line in found.lessons:
        mine = [each for each in found.items if each.item.lesson == line.lesson.key]
        assert line.figures.questions == len(mine)
        assert line.figures.answered == sum(each.figures.answered for each in mine)
        assert line.figures.total == sum(each.figures.total for each in mine)
    of_single = next(line for line in found.lessons if line.lesson.key == made.single.lesson)
    assert of_single.figures.failing >= 1


def test_only_the_first_paper_of_a_person_counts(site: Site) -> None:
    made = counted(site)
    trainer = site.world.identity(site.db, "T1")
    before = analysed(site, trainer)
    sits_again(site, made.east[0], made.attempts[0])
    assert analysed(site, trainer) == before
    with site.db.engine.begin() as connection:
        connection.execute(
            sa.update(QuizAttempt).where(QuizAttempt.public_id.in_(made.attempts[:2])).values(state=AttemptState.VOID)
        )
    single = figures_of(analysed(site, trainer), made.single.key)
    assert (single.answered, single.right) == (11, 6), "of two void papers the one has a second, which is right"


def test_an_open_paper_counts_for_nothing(site: Site) -> None:
    [who] = learners(site, 1, "east.1.1", "OPEN")
    learn(site.db, who)
    begin(site.db, who)
    found = analysed(site, site.world.identity(site.db, "T1"))
    assert not found.has_answers


def changed_bank(site: Site, folder: Path, *changes: tuple[str, str, str]) -> None:
    """Take the shipped content in again after changes to the bank of C04: (question, old, new) after its key."""
    files = copied(folder)
    path = "quizzes/onboarding/law/c04.yaml"
    for key, old, new in changes:
        head, mark, rest = files.text(path).partition(f"- key: {key}\n")
        assert mark
        assert old in rest
        files.write(path, head + mark + rest.replace(old, new, 1))
    examined = files.examine()
    assert not examined.problems.errors, examined.problems.errors
    with site.db.writing() as session:
        sync(session, CONSOLE, examined.good, now=clock.now())


def test_a_question_with_a_new_revision_begins_anew_and_the_others_go_on(site: Site, tmp_path: Path) -> None:
    made = counted(site)
    trainer = site.world.identity(site.db, "T1")
    before = analysed(site, trainer)
    changed_bank(site, tmp_path / "content", (made.single.key, "revision: 1", "revision: 2"))
    found = analysed(site, trainer)
    assert figures_of(found, made.single.key).answered == 0
    same = [key for key in made.paper.items if key != made.single.key]
    assert [figures_of(found, key) for key in same] == [figures_of(before, key) for key in same]
    class_sits(site, learners(site, 2, "east.1.2", "LATE"), {})
    found = analysed(site, trainer)
    assert figures_of(found, made.single.key).answered == 2
    assert {figures_of(found, key).answered for key in same} == {13, 14}, "the one left out has thirteen"
    with site.db.reading() as session:
        line = queries.item_line(session, trainer, "c04", made.triage.key)
        assert len(line.revisions) == 2
        assert len(session.execute(queries.papers_with(trainer, line, Came.RIGHT)).all()) == 7


def test_answers_to_other_options_do_not_count_even_without_a_new_revision(site: Site, tmp_path: Path) -> None:
    made = counted(site)
    right = made.true_false.options[0].is_right
    old, new = ("true", "false") if right else ("false", "true")
    changed_bank(site, tmp_path / "content", (made.true_false.key, f"answer: {old}", f"answer: {new}"))
    found = analysed(site, site.world.identity(site.db, "T1"))
    assert figures_of(found, made.true_false.key).answered == 0
    assert figures_of(found, made.single.key).answered == 12


def test_every_figure_has_its_papers(site: Site) -> None:
    made = counted(site)
    trainer = site.world.identity(site.db, "T1")
    with site.db.reading() as session:
        for item in (made.single, made.triage, made.multiple, made.true_false):
            line = queries.item_line(session, trainer, "c04", item.key)
            for came, count in (
                (Came.WRONG, line.figures.wrong),
                (Came.RIGHT, line.figures.right),
                (Came.BLANK, line.figures.blank),
            ):
                assert len(session.execute(queries.papers_with(trainer, line, came)).all()) == count, (item.key, came)
        line = queries.item_line(session, trainer, "c04", made.single.key)
        wrong: Any = session.execute(queries.papers_with(trainer, line, Came.WRONG)).all()
        assert [attempt.public_id for attempt, _person, _correctness in wrong] == made.attempts[6::-1], "latest first"
        assert {person.unit.parent.name for _attempt, person, _correctness in wrong} == {"东街道1社区"}


def test_the_options_keep_the_order_of_the_file_with_their_counts(site: Site) -> None:
    made = counted(site)
    with site.db.reading() as session:
        line = queries.item_line(session, site.world.identity(site.db, "T1"), "c04", made.triage.key)
    way, act = queries.counted_parts(line)
    assert [choice.value for choice, _times in way.choices] == ["handle", "coordinate", "escalate"]
    assert [times for choice, times in way.choices if choice.is_right] == [12]
    assert [choice.value for choice, _times in act.choices] == [option.key for option in made.triage.options]
    assert act.ask == made.triage.ask
    assert [times for choice, times in act.choices if choice.value == made.act] == [6]
    most = queries.most_wrong(line)
    assert most is not None
    assert (most[0].value, most[1]) == (made.act, 6)


def test_a_question_that_is_not_asked_now_is_not_found(site: Site) -> None:
    trainer = site.world.identity(site.db, "T1")
    with site.db.reading() as session:
        for course_key, item_key in (("c04", "c04-q999"), ("c99", "c04-q001"), ("c01", "c04-q001"), ("", "c04-q001")):
            with pytest.raises(NotFound):
                queries.item_line(session, trainer, course_key, item_key)
        line = queries.item_line(session, trainer, "c04", "c04-q001")
        assert (line.figures.answered, line.revisions) == (0, ())
        assert queries.most_wrong(line) is None
        assert queries.apart_of(session, trainer, line) is None
        assert session.execute(queries.papers_with(trainer, line, Came.WRONG)).all() == []


def test_the_home_page_learns_what_fails_in_two_queries(site: Site, count_queries: CountQueries) -> None:
    made = counted(site)
    trainer = site.world.identity(site.db, "T1")
    all_lines(site)  # the banks are parsed once for a process
    with site.db.reading() as session, count_queries(site.db) as statements:
        found = queries.failing(session, trainer)
        words = [line.item.stem.text_in("en") for line in found.worst_items]
        titles = [line.course.title_in("zh") + line.lesson.title_in("zh") for line in found.worst_lessons]
    assert len(statements) <= 2, statements
    every = analysed(site, trainer, "")
    assert found.items == len(every.failing_items)
    assert {made.single.key, made.triage.key} <= {line.item.key for line in every.failing_items}
    assert found.worst_items == every.failing_items[:3]
    assert found.lessons == len(every.failing_lessons)
    assert found.worst_lessons == every.failing_lessons[:3]
    assert all(words)
    assert all(titles)
    with site.db.reading() as session:
        nothing = queries.failing(session, trainer_of(site, "west.1.2"))
        assert (nothing.items, nothing.lessons, nothing.worst_items, nothing.worst_lessons) == (0, 0, (), ())
        with pytest.raises(Forbidden):
            queries.failing(session, site.world.identity(site.db, "L1"))


def test_those_who_did_well_and_badly_are_compared_by_the_other_questions(site: Site) -> None:
    paper = paper_of(site.db)
    single, others = paper.first("single"), list(paper.items.values())
    spoilt = [item for item in others if item.key != single.key][:10]
    answers = {
        single.key: {number: answer_to(single, right=False) for number in range(10)},
        **{item.key: {number: answer_to(item, right=False) for number in range(20, 30)} for item in spoilt},
        **{item.key: {number: answer_to(item, right=False) for number in range(10, 30)} for item in spoilt[:4]},
    }
    class_sits(site, learners(site, 30, "east.1.1", "MANY"), answers)
    trainer = site.world.identity(site.db, "T1")
    with site.db.reading() as session:
        line = queries.item_line(session, trainer, "c04", single.key)
        found = queries.apart_of(session, trainer, line)
    assert line.figures.standing is Standing.FINE, "two of three are right"
    assert found == Apart(upper=Decimal("0.0000"), lower=Decimal("1.0000")), "the ten who know the rest get it wrong"
    assert found.is_upside_down


# --- those who stopped in a lesson -------------------------------------------------------------------------


def opened(site: Site, who: Identity, lesson_key: str, days_ago: int) -> None:
    with site.db.writing() as session:
        courses.open_part(session, who, "c01", lesson_key, "p1", now=NOW - timedelta(days=days_ago))


def test_who_stopped_in_a_lesson_is_counted_where_they_stopped(site: Site) -> None:
    trainer = site.world.identity(site.db, "T1")
    east, west = learners(site, 5, "east.1.1", "EAST"), learners(site, 1, "west.1.1", "WEST")
    opened(site, east[0], "c01-l01", 40)
    opened(site, east[1], "c01-l01", 40)
    opened(site, east[1], "c01-l02", 35)
    opened(site, east[2], "c01-l01", 40)
    opened(site, east[2], "c01-l02", 29)  # goes on
    opened(site, east[3], "c01-l01", 50)
    opened(site, east[4], "c01-l01", 60)
    opened(site, west[0], "c01-l01", 60)
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(Person).where(Person.id == east[4].person_id).values(state=StaffState.SUSPENDED))
    with site.db.reading() as session:
        assert queries.stopped_by_lesson(session, trainer, NOW) == {("c01", "c01-l01"): 2, ("c01", "c01-l02"): 1}
        who = queries.stopped_in(session, trainer, "c01", "c01-l01", NOW)
        assert [(person.id, touched) for person, touched in who] == [
            (east[3].person_id, NOW - timedelta(days=50)),
            (east[0].person_id, NOW - timedelta(days=40)),
        ]
        assert queries.stopped_by_lesson(session, trainer, NOW - timedelta(days=20)) == {}, "thirty days to the second"
        assert queries.stopped_by_lesson(session, trainer, NOW - timedelta(days=19)) == {("c01", "c01-l01"): 1}
        with pytest.raises(Forbidden):
            queries.stopped_by_lesson(session, site.world.identity(site.db, "O1"), NOW)


def test_who_passed_has_not_stopped(site: Site) -> None:
    [who] = learners(site, 1, "east.1.1", "PASS")
    opened(site, who, "c01-l01", 40)
    learn(site.db, who, "c01")
    with site.db.reading() as session:
        assert queries.stopped_by_lesson(session, site.world.identity(site.db, "T1"), NOW) == {}


def test_a_lesson_opens_as_its_reader_learns_the_course(site: Site) -> None:
    person_id = site.world.person_ids["T1"]
    with site.db.reading() as session:
        assert queries.may_open_lesson(session, person_id, "c04", "c04-l01")
        assert not queries.may_open_lesson(session, person_id, "c04", "c04-l99")
    learn(site.db, site.world.identity(site.db, "T1"))
    with site.db.reading() as session:
        assert queries.may_open_lesson(session, person_id, "c04", "c04-l01")
        assert not queries.may_open_lesson(session, person_id, "c04", "c04-l99")
