"""What the courses cover: every cell of the curriculum, and the empty ones said aloud."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient

from lms.content.content import DUTIES
from lms.content.queries import held
from lms.courses.rules import Category, Function, Layer
from lms.dashboard import queries
from tests.conftest import CountQueries, Site

As = Callable[[str], FlaskClient]


def test_each_course_is_in_its_cell_with_its_lessons_and_questions(site: Site) -> None:
    with site.db.reading() as session:
        found = queries.coverage(session)
    here = {one.course.key: one for one in found.cells[Layer.ONBOARDING, Category.LAW]}
    assert (here["c04"].lessons, here["c04"].questions) == (6, 30)  # the case by hand is not drawn
    assert all(found.functions[function, Layer.ONBOARDING] for function in Function)
    by_code = {each.competency.code: each for each in found.competencies}
    assert len(by_code) == 18
    assert "c04" in by_code["BND1"].courses
    assert by_code["BND1"].critical > 0
    assert by_code["BND1"].needed == 3


def test_a_gap_is_a_cell_a_competency_or_a_duty_without_what_it_needs(site: Site) -> None:
    with site.db.reading() as session:
        found = queries.coverage(session)
        catalogue = held(session, DUTIES, "duties").thing.items
    assert [each.duty.key for each in found.duties] == list(catalogue)
    for each in found.duties:
        assert {*each.courses, *each.awaited} == set(each.duty.courses)
    lacking = {each.competency.code for each in found.competencies if not each.questions}
    assert all(set(each.unasked) == set(each.duty.needs) & lacking for each in found.duties)
    empty = sum((layer, category) not in found.cells for layer in Layer for category in Category)
    assert found.gaps >= empty + len(lacking)


def test_trainers_see_it_and_nobody_else(as_person: As, site: Site, count_queries: CountQueries) -> None:
    trainer = as_person("T1")
    with count_queries(site.db) as statements:
        text = trainer.get("/content/coverage").get_data(as_text=True)
    assert len(statements) <= 12
    assert "职权边界" in text
    assert re.search(r"\d+ 格还空着|没有空着的格", text)
    assert "/content/coverage" in trainer.get("/content/problems").get_data(as_text=True)
    for number in ("N1", "M1", "L1", "O1"):
        assert as_person(number).get("/content/coverage").status_code == 403


def test_without_content_every_cell_is_empty(empty_site: Site) -> None:
    with empty_site.db.reading() as session:
        found = queries.coverage(session)
    assert found.cells == {}
    assert found.gaps == len(Layer) * len(Category) + len(Function)
