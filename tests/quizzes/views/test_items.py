"""The pages of questions and lessons that fail: what a trainer reads there, and that nobody else does."""

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from openpyxl import load_workbook

from lms.audit.models import AccessLog
from lms.core import clock
from lms.courses import services as courses
from lms.people.models import Person
from tests.conftest import CountQueries, Site, make_app, post, sign_in_as
from tests.content.files import DRAWN_OF_A_BANK, SHIPPED
from tests.quizzes.classes import Counted, class_sits, counted, learners

AsPerson = Callable[[str], FlaskClient]
QUESTIONS = len(SHIPPED) * DRAWN_OF_A_BANK


def text(browser: FlaskClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def rows_of(page: str) -> list[str]:
    """Return the rows of the tables of a page, without markup."""
    rows = re.findall(r"<tr(?: class=\"[^\"]*\")? role=\"row\">(.*?)</tr>", page, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in rows]


def row_with(page: str, words: str) -> str:
    [row] = [row for row in rows_of(page) if words in row]
    return row


@pytest.fixture
def made(site: Site) -> Counted:
    return counted(site)


def test_the_list_says_what_fails_and_why_and_leads_to_each_question(made: Counted, as_person: AsPerson) -> None:
    browser = as_person("T1")
    page = text(browser, "/results/items")
    single = row_with(page, made.single.stem.zh)
    lure = next(option.text.zh for option in made.single.options if option.key == made.lure)
    assert " 12 5 0 41% 要看一看" in single, single
    assert "答对率不到 60%" in single
    assert "选某个错项的人，比选对的还多" in single
    assert f"选错的人最多选了“{lure}”" in single
    triage = row_with(page, made.triage.stem.zh)
    assert " 12 5 0 70% 要看一看 选某个错项的人，比选对的还多" in triage, triage
    assert "答对率不到" not in triage
    assert " 11 11 1 100% 没看出问题" in row_with(text(browser, "/results/items?course=c04"), made.true_false.stem.zh)
    assert f'href="/results/items/c04/{made.single.key}"' in page
    failing = text(browser, "/results/items?show=fails")
    count = int(re.search(r"要看一看 (\d+)", failing).group(1))  # type: ignore[union-attr]
    assert len([row for row in rows_of(failing) if "题型" not in row and "要看一看" in row and " 12 " in row]) == count
    assert page.index(made.single.stem.zh) < page.index(made.triage.stem.zh), "the worst first"


def test_the_filters_narrow_to_a_course_a_lesson_and_a_finding(made: Counted, as_person: AsPerson) -> None:
    browser = as_person("T1")
    assert f"全部 {QUESTIONS}" in text(browser, "/results/items")
    page = text(browser, "/results/items?course=c04")
    assert "全部 30" in page
    assert "还看不出 10" in page
    lessons = [row for row in rows_of(page) if row.startswith("第 ")]
    assert len(lessons) == 6, "every lesson once a course is chosen"
    of_lesson = text(browser, f"/results/items?course=c04&lesson={made.single.lesson}")
    assert made.single.stem.zh in of_lesson
    assert made.true_false.lesson == made.single.lesson or made.true_false.stem.zh not in of_lesson
    unclear = text(browser, "/results/items?course=c04&show=unclear")
    assert made.single.stem.zh not in unclear
    assert "还没人答过" in unclear
    assert "这里没有题" in text(browser, "/results/items?course=c01&show=fails")
    assert f"第 31 到 60 条，共 {QUESTIONS} 条" in text(browser, "/results/items?page=2")
    for lost in ("course=c04&lesson=c04-l99", "course=c99&lesson=c04-l01", "course=c01&lesson=c04-l01"):
        assert browser.get(f"/results/items?{lost}").status_code == 404
    assert f"全部 {QUESTIONS}" in text(browser, "/results/items?lesson=c04-l01&show=nonsense"), (
        "a lesson needs its course"
    )


def test_two_answers_are_too_few_to_say_anything(site: Site, as_person: AsPerson) -> None:
    two = learners(site, 2, "east.1.1", "TWO")
    class_sits(site, two, {})
    page = text(as_person("T1"), "/results/items?course=c04")
    assert "还看不出 30" in page
    assert "要看一看 0" in page
    key = re.search(r"/results/items/c04/(c04-q\d+)", page).group(1)  # type: ignore[union-attr]
    assert "答的人太少，还看不出。至少要有 10 次回答。" in text(as_person("T1"), f"/results/items/c04/{key}")


def test_a_question_shows_its_options_and_each_figure_opens_its_papers(made: Counted, as_person: AsPerson) -> None:
    browser = as_person("T1")
    path = f"/results/items/c04/{made.single.key}"
    page = text(browser, path)
    assert "12 次回答，全对 5 次，没全对 7 次，答对率 41%。" in page
    assert f"题库里的编号 {made.single.key}，第 1 版。" in page
    for option in made.single.options:
        row = row_with(page, option.text.zh)
        if option.is_right:
            assert row.endswith("5 正确"), row
        elif option.key == made.lure:
            assert " 6 不对" in row
            assert row.endswith("选错的人最多选了这个"), row
        else:
            assert f" {int(option.key == made.other)} 不对" in row, row
    assert all(f'href="/results/{each}"' in page for each in made.attempts[:7])
    assert not any(f'href="/results/{each}"' in page for each in made.attempts[7:])
    right = text(browser, f"{path}?show=right")
    assert [each for each in made.attempts if f'href="/results/{each}"' in right] == made.attempts[7:]
    assert browser.get(f"/results/{made.attempts[0]}").status_code == 200, "what the list leads to opens"
    assert "没有这样的卷子" in text(browser, f"{path}?show=blank")
    blank = text(browser, f"/results/items/c04/{made.true_false.key}?show=blank")
    assert f'href="/results/{made.attempts[11]}"' in blank
    assert "另有 1 张卷子没答这道题。" in blank
    assert f'href="/courses/c04/lessons/{made.single.lesson}"' in page
    assert browser.get(f"/courses/c04/lessons/{made.single.lesson}").status_code == 200


def test_both_parts_of_a_triage_question_have_their_options(made: Counted, as_person: AsPerson) -> None:
    page = text(as_person("T1"), f"/results/items/c04/{made.triage.key}")
    assert made.triage.ask.zh in page
    ways = {way: row_with(page, words) for way, words in (("handle", "现场处置"), ("escalate", "立即上报"))}
    right = next(option.key for option in made.triage.ways if option.is_right)
    for way, row in ways.items():
        assert row.split()[1] == ("12" if way == right else "0"), row
    act = next(option.text.zh for option in made.triage.options if option.key == made.act)
    assert " 6 不对" in row_with(page, act)
    assert row_with(page, "学员00").endswith("对一部分")


def test_what_the_page_lists_does_not_say_what_somebody_chose(made: Counted, as_person: AsPerson) -> None:
    page = text(as_person("T1"), f"/results/items/c04/{made.single.key}")
    lure = next(option.text.zh for option in made.single.options if option.key == made.lure)
    assert lure not in row_with(page, "学员00")


def test_nobody_but_trainers_opens_them(site: Site, made: Counted, as_person: AsPerson) -> None:
    for number in ("N1", "M1", "L1", "O1", "S1", "A1"):
        browser = as_person(number)
        assert browser.get("/results/items").status_code == 403
        assert browser.get(f"/results/items/c04/{made.single.key}").status_code == 403
        assert post(browser, "/results/items/export").status_code == 403
    assert "/results/items" not in text(as_person("O1"), "/results")
    browser = as_person("T1")
    assert 'href="/results/items"' in text(browser, "/results")
    assert browser.get("/results/items/c04/c04-q999").status_code == 404
    assert browser.get("/results/items/c99/c04-q001").status_code == 404


def test_before_anybody_sat_the_page_says_what_will_be_here(as_person: AsPerson) -> None:
    browser = as_person("T1")
    page = text(browser, "/results/items")
    assert "还没有人考过" in page
    assert "<table" not in page
    assert "这道题还没人答过。" in text(browser, "/results/items/c04/c04-q001")
    assert "/results/items" not in text(browser, "/results")


def test_a_lesson_names_who_has_stopped_in_it(site: Site, as_person: AsPerson) -> None:
    made = counted(site)
    with site.db.writing() as session:
        for number, days in (("N1", 45), ("N9", 45), ("N2", 5)):
            who = site.world.identity(site.db, number)
            courses.open_part(session, who, "c04", "c04-l02", "p1", now=clock.now() - timedelta(days=days))
    browser = as_person("T1")
    row = next(row for row in rows_of(text(browser, "/results/items?course=c04")) if row.startswith("第 2 课"))
    assert re.search(r"% \d+ 1 ", row), row
    page = text(browser, "/results/items?course=c04&lesson=c04-l02")
    assert "李秀兰" in page
    assert "唐㛃" not in page
    assert "乌云" not in page
    assert 'href="/courses/c04/lessons/c04-l02"' in page
    other = made.single.lesson if made.single.lesson != "c04-l02" else "c04-l01"
    assert "没有人停在这一课" in text(browser, f"/results/items?course=c04&lesson={other}")


def test_the_file_holds_the_figures_and_the_export_is_logged(site: Site, made: Counted, as_person: AsPerson) -> None:
    browser = as_person("T1")
    answer = post(browser, "/results/items/export", {"course": "c04"})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    items, lessons = load_workbook(io.BytesIO(answer.data)).worksheets
    by_key = {row[2]: row for row in items.values}
    assert len(by_key) == 31
    single = by_key[made.single.key]
    lure = next(option.text.zh for option in made.single.options if option.key == made.lure)
    assert single[6:] == (
        "要看一看",
        "答对率不到 60%；选某个错项的人，比选对的还多",
        12,
        5,
        0,
        41.67,
        lure,
        6,
    )
    assert by_key[made.triage.key][11:] == (70.83, next(o.text.zh for o in made.triage.options if o.key == made.act), 6)
    unanswered = next(row for row in items.values if row[8] == 0)
    assert unanswered[6:] == ("还看不出", None, 0, 0, 0, None, None, None)
    assert len(list(lessons.values)) == 7
    for sheet in (items, lessons):
        assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    with site.db.reading() as session:
        assert "quizzes:items:export" in set(session.scalars(sa.select(AccessLog.what)))
    whole = load_workbook(io.BytesIO(post(browser, "/results/items/export").data))
    assert len(list(whole.worksheets[0].values)) == QUESTIONS + 1
    one = post(browser, "/results/items/export", {"course": "c04", "lesson": made.single.lesson})
    sheets = load_workbook(io.BytesIO(one.data)).worksheets
    assert {row[2] for row in list(sheets[0].values)[1:]} <= by_key.keys()
    assert len(list(sheets[1].values)) == 2


def test_the_pages_ask_a_dozen_times_at_most(
    site: Site, made: Counted, as_person: AsPerson, count_queries: CountQueries
) -> None:
    browser = as_person("T1")
    for path in (
        "/results/items",
        f"/results/items?course=c04&lesson={made.single.lesson}",
        f"/results/items/c04/{made.single.key}",
    ):
        text(browser, path)
        with count_queries(site.db) as statements:
            text(browser, path)
        assert len(statements) <= 12, f"{path} asks {len(statements)} times:\n" + "\n".join(statements)


def test_the_pages_stand_in_english_too(latin_site: Site) -> None:
    made = counted(latin_site)
    with latin_site.db.engine.begin() as connection:
        connection.execute(sa.update(Person).where(Person.staff_number.startswith("EAST")).values(name="Ann Lee"))
    browser = make_app(latin_site).test_client()
    sign_in_as(browser, "T1")
    page = text(browser, "/results/items")
    single = row_with(page, made.single.stem.en)
    assert "12 5 0 41% Needs a look Share right below 60%" in single, single
    page = text(browser, f"/results/items/c04/{made.single.key}")
    assert "12 answers: 5 fully right, 7 not. Share right: 41%." in page
    assert "Wrong option chosen most: " in page
