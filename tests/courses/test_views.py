"""Pages of learning as a newcomer meets them: without JavaScript, in both languages, out of nobody else's reach."""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from lms.core.db import Base, Database
from lms.courses import queries, services, views
from lms.courses.rules import search_terms
from tests.conftest import CountQueries, Site, csrf, make_app, post, sign_in_as
from tests.courses.learning import finish_lessons
from tests.world import NOW

As = Callable[[str], FlaskClient]
LESSON = "/courses/c01/lessons/c01-l01"


def text_of(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, f"{path}: {response.status_code}"
    return response.get_data(as_text=True)


def answer(client: FlaskClient, part: str, choice: int | None, lesson: str = LESSON) -> str:
    """Answer the question of a part and return the page that follows."""
    data = {} if choice is None else {"choice": str(choice)}
    response = post(client, f"{lesson}/parts/{part}/answer", data)
    if response.status_code == 303:
        return text_of(client, response.location)
    assert response.status_code == 422
    text: str = response.get_data(as_text=True)
    return text


def test_the_first_tap_on_the_home_page_begins_the_first_course(as_person: As) -> None:
    client = as_person("N1")
    home = text_of(client, "/")
    assert home.count('class="rub"') == 1
    assert "开始学" in home
    [action] = re.findall(r'action="(/courses/c01/start)"', home)
    response = post(client, action, page="/")
    assert (response.status_code, response.location) == (303, LESSON)
    assert "接着学" in text_of(client, "/")
    assert post(client, action, page="/").location == LESSON


def test_answering_shows_what_was_right_and_leads_on(as_person: As) -> None:
    client = as_person("N1")
    page = text_of(client, LESSON)
    assert "看看对不对" in page
    assert "想镇住场面" not in page
    after = answer(client, "p1", 0)
    for words in ("您选的", "想镇住场面", "对的那项", "帽子摘了，手没闲着", "往下学：第 2 段"):
        assert words in after
    assert "您选的，对" in answer(client, "p1", 1)
    assert "看看对不对" in text_of(client, f"{LESSON}?part=p1&again=1")


def test_an_answer_without_a_choice_is_asked_for_again(as_person: As) -> None:
    client = as_person("N1")
    assert "先选一项，再看对不对" in answer(client, "p1", None)
    assert "先选一项，再看对不对" in answer(client, "p1", 9)


def test_the_lesson_opens_where_one_stopped(site: Site, as_person: As) -> None:
    client = as_person("N1")
    answer(client, "p1", 1)
    assert "第 2 段，共 3 段" in text_of(as_person("N1"), LESSON)
    response = post(client, f"{LESSON}/parts/p3/open")
    assert response.status_code == 303
    again = make_app(site).test_client()
    sign_in_as(again, "N1")
    assert "第 3 段，共 3 段" in text_of(again, LESSON)
    assert "还要约 12 分钟" in text_of(again, "/")
    assert "第 2 段，共 3 段" in text_of(again, f"{LESSON}?part=p2")
    assert "第 3 段，共 3 段" in text_of(again, f"{LESSON}?part=p9")


def test_a_finished_lesson_leads_to_the_next_and_an_open_question_back(as_person: As) -> None:
    client = as_person("N1")
    assert "第 1 段还没有想一想，去做" in answer(client, "p3", 0)
    answer(client, "p1", 0)
    done = answer(client, "p2", 2)
    assert "往下学：第 3 段" in done
    assert "下一课：五项职能一图懂" in text_of(client, f"{LESSON}?part=p3")
    assert "学完 1 课" in text_of(client, "/courses/c01")


def test_the_quiz_is_locked_with_its_reason_until_the_lessons_are_done(site: Site, as_person: As) -> None:
    client = as_person("N1")
    assert "把 6 课都学完，测验就开放了" in text_of(client, "/courses/c01")
    finish_lessons(site.db, site.world.identity(site.db, "N1"), "c01")
    page = text_of(client, "/courses/c01")
    assert "把 6 课都学完" not in page
    assert "课文都学完了" in page
    assert "测验：" in text_of(client, "/")
    with site.db.writing() as session:
        identity = site.world.identity(site.db, "N1")
        services.note_course_passed(session, identity, identity.person_id or 0, "c01", "a" * 22, now=NOW)
    assert "已通过" in text_of(client, "/courses/c01")
    assert "mark is-done" in text_of(client, "/")


def test_the_lesson_shows_sources_days_and_what_is_missing(as_person: As) -> None:
    page = text_of(as_person("N1"), LESSON)
    for words in (
        "《居民身份证法》第15条",
        "人民警察依法执行职务",
        "2026年11月24日核对",
        "2027年5月24日前再核对",
        "待人工核对",
        "本街道对网格员身份的统一说法和便条样式：待补",
        "这一段的词",
        '<a class="term" href="#word-',
    ):
        assert words in page
    third = text_of(as_person("N1"), f"{LESSON}?part=p3")
    assert "<details" in third
    assert "做完再看答案" in third


def test_the_whole_lesson_is_on_the_page_to_print(as_person: As) -> None:
    page = text_of(as_person("N1"), f"{LESSON}/print")
    for words in ("一顶不合头的帽子", "许愿，只许自己的腿", "六十秒说清自己", "本课的词", "依据", "课文第 1 版"):
        assert words in page
    assert "手没闲着" not in page


def test_points_are_numbered_through_the_lesson(as_person: As) -> None:
    assert 'data-n="5"' in text_of(as_person("N1"), f"{LESSON}?part=p3")


PAGES = ["/", "/courses", "/courses/c01", LESSON, f"{LESSON}?part=p3", f"{LESSON}/print"]


@pytest.mark.parametrize("path", PAGES)
def test_english_pages_mark_what_is_chinese(latin_site: Site, path: str) -> None:
    client = make_app(latin_site).test_client()
    sign_in_as(client, "N1")
    page = text_of(client, path)
    assert '<html lang="en"' in page
    if path.startswith(LESSON):
        assert "Who a grid officer is, and is not" in page
        assert 'lang="zh-Hans">' in page
    bare = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    for element in re.findall(r"<h[123][^>]*>.*?</h[123]>", bare, flags=re.DOTALL):
        outside = re.sub(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>.*?</\1>', "", element, flags=re.DOTALL)
        assert not re.search("[\u4e00-\u9fff]", outside), element


def rows(site: Site) -> dict[str, int]:
    """Count the rows of every table."""
    with site.db.reading() as session:
        return {
            name: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


@pytest.mark.parametrize("path", PAGES)
def test_reading_writes_nothing(site: Site, as_person: As, path: str) -> None:
    client = as_person("N1")
    answer(client, "p1", 0)
    before = rows(site)
    text_of(client, path)
    assert rows(site) == before


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_little_and_weigh_little(
    app: Flask, site: Site, as_person: As, count_queries: CountQueries, path: str
) -> None:
    client = as_person("N1")
    answer(client, "p1", 0)
    with count_queries(site.db) as statements:
        page = text_of(client, path)
    assert len(statements) <= 12, statements
    assert len(page.encode()) < 60_000


def test_what_is_not_there_is_404_and_another_s_progress_is_never_shown(as_person: As) -> None:
    answer(as_person("N2"), "p1", 1)
    client = as_person("N1")
    assert "学完 0 段" in text_of(client, LESSON)
    for path in (
        "/courses/c99",
        "/courses/c01/lessons/c04-l01",
        "/courses/c01/lessons/x/print",
        "/courses/c99/lessons/x",
    ):
        assert client.get(path).status_code == 404, path
    token = csrf(client, "/me")
    for path in ("/courses/c99/start", f"{LESSON}/parts/p9/open", f"{LESSON}/parts/p9/answer"):
        assert client.post(path, data={"csrf_token": token, "choice": "0"}).status_code == 404, path


def buttons(page: str) -> Iterator[str]:
    yield from re.findall(r'class="btn btn--primary[^"]*"', page)


@pytest.mark.parametrize("path", ["/courses/c01", LESSON, f"{LESSON}?part=p3"])
def test_there_is_one_primary_button(as_person: As, path: str) -> None:
    client = as_person("N1")
    assert len(list(buttons(text_of(client, path)))) == 1
    answer(client, "p3", 0)
    assert len(list(buttons(text_of(client, path)))) == 1


def test_who_holds_no_post_is_not_sent_to_learn(as_person: As) -> None:
    home = text_of(as_person("O1"), "/")
    assert 'class="rub"' not in home
    assert "学习地图" in home


# --- searching --------------------------------------------------------------------------------------------


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


# --- notes, the paragraph, the poster ----------------------------------------------------------------------


def test_a_note_is_written_found_again_and_read_by_nobody_else(as_person: As) -> None:
    client = as_person("N1")
    assert "还没有笔记" in text_of(client, "/me/notes")
    came = post(client, f"{LESSON}/note", {"text": "三句话：<我是谁>", "version": "0", "part": "p2"})
    assert (came.status_code, came.location) == (303, f"{LESSON}?part=p2#note")
    page = text_of(client, came.location)
    assert "笔记存好了。" in page
    assert "三句话：&lt;我是谁&gt;</textarea>" in page
    assert "三句话：&lt;我是谁&gt;" in text_of(client, "/me/notes")
    for number in ("M1", "L1", "O1"):
        other = as_person(number)
        assert "三句话" not in text_of(other, LESSON)
        assert "三句话" not in text_of(other, "/me/notes")


def test_what_was_typed_stays_when_another_tab_was_first_or_it_is_too_long(as_person: As) -> None:
    client = as_person("N1")
    post(client, f"{LESSON}/note", {"text": "那一页写的", "version": "0"})
    came = post(client, f"{LESSON}/note", {"text": "这一页写的", "version": "0"})
    page = came.get_data(as_text=True)
    assert came.status_code == 409
    assert "这条笔记在别处改过" in page
    assert "那一页写的" in page
    assert "这一页写的</textarea>" in page
    assert 'name="version" value="1"' in page
    long = post(client, f"{LESSON}/note", {"text": "记" * 4001, "version": "1"})
    assert long.status_code == 422
    assert "笔记最多 4000 个字" in long.get_data(as_text=True)
    assert "记" * 4001 in long.get_data(as_text=True)


def test_the_lesson_says_where_one_was_only_to_whom_comes_back(as_person: As, db: Database) -> None:
    client = as_person("N1")
    assert "data-paragraphs" not in text_of(client, LESSON)
    post(client, "/courses/c01/start", page="/")
    answered = post(client, f"{LESSON}/parts/p2/paragraph", {"paragraph": "3"})
    assert (answered.status_code, answered.data) == (204, b"")
    page = text_of(client, LESSON)
    assert f'data-paragraphs="{LESSON}/parts/p2/paragraph" data-paragraph="3"' in page
    assert 'data-paragraph="0"' in text_of(client, f"{LESSON}?part=p2")
    assert post(client, f"{LESSON}/parts/p2/paragraph", {"paragraph": "no"}).status_code == 422


def test_the_poster_carries_the_address_of_the_lesson(as_person: As) -> None:
    page = text_of(as_person("N1"), f"{LESSON}/poster")
    assert f"http://localhost{LESSON}" in page
    assert '<svg class="qr"' in page
