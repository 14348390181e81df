"""Searching courses, lessons and articles of law."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from lms.core.db import Database
from lms.courses import queries, views
from lms.courses.rules import search_terms
from tests.conftest import CountQueries, Site

As = Callable[[str], FlaskClient]


def found(db: Database, typed: str, language: str = "zh") -> queries.Found:
    with db.reading() as session:
        return queries.search(session, search_terms(typed), language)


def test_two_characters_find_the_lesson_and_where_it_says_them(db: Database) -> None:
    lessons = {each.lesson.key: each for each in found(db, "手指").lessons}
    hit = lessons["c04-l04"].hit
    assert hit is not None
    assert hit.words == "手指"


def test_titles_come_before_texts(db: Database) -> None:
    lessons = found(db, "红线").lessons
    titled = ["红线" in each.lesson.head.title for each in lessons]
    assert titled[0]
    assert titled == sorted(titled, reverse=True)
    assert [each.key for each in found(db, "职权边界").courses] == ["c04"]


@pytest.mark.parametrize("typed", ["第十四条", "14条", "反家庭暴力法 第十四条", "反家庭暴力法14条"])
def test_an_article_is_found_however_it_is_written_with_the_lessons_that_cite_it(db: Database, typed: str) -> None:
    articles = {each.place: each for each in found(db, typed).articles}
    [place] = [each for each in articles if "反家庭暴力法" in each and "第14条" in each]
    assert "c04-l04" in {lesson.key for _course, lesson in articles[place].lessons}


def test_every_word_must_be_there(db: Database) -> None:
    both = found(db, "指挥中心 手指")
    assert 0 < both.number < found(db, "指挥中心").number
    assert found(db, "指挥中心 没有这样的话").number == 0


def test_english_readers_search_what_they_read(db: Database) -> None:
    assert any("Art. 14" in each.place for each in found(db, "domestic violence", "en").articles)


def test_the_page(site: Site, as_person: As, count_queries: CountQueries) -> None:
    newcomer = as_person("N1")
    assert 'action="/search"' in newcomer.get("/courses").get_data(as_text=True)
    assert "第十四条" in newcomer.get("/search").get_data(as_text=True)
    with count_queries(site.db) as statements:
        text = newcomer.get("/search?q=手指").get_data(as_text=True)
    assert len(statements) <= 12
    assert re.search(r"<mark>(<span[^>]*>)?手指", text)
    assert "/courses/c04/lessons/c04-l04" in text
    assert 'value="手指"' in text
    nothing = newcomer.get("/search?q=<b>没有这样的话").get_data(as_text=True)
    assert "没有找到" in nothing
    assert "<b>没有" not in nothing


def test_a_search_that_finds_too_much_says_so(as_person: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_FOUND", 2)
    text = as_person("N1").get("/search?q=居民").get_data(as_text=True)
    assert "再多写一个词" in text
    assert text.partition('id="lessons"')[2].partition("</section>")[0].count("/lessons/") == 2
