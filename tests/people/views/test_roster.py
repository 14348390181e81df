"""The pages of the roster import, from the file to the error file and back."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.core import clock
from lms.core.db import Database
from lms.jobs import services as jobs
from lms.jobs.models import Job
from lms.jobs.rules import JobState
from lms.people.models import Person, RosterImport
from lms.people.services import roster
from tests.conftest import CountQueries, Site, csrf, post
from tests.world import NOW

As = Callable[[str], FlaskClient]
LEASE = timedelta(seconds=20)
ID_NUMBER = "150207199002080928"
ROWS: list[list[Any]] = [
    ["东街道网格员花名册"],
    ["序号", "姓名", "出生\n年月", "身份证号", "所属社区", "网格", "岗位", "手机号码", "备注"],
    [1, "王 芳", "1980年5月", ID_NUMBER, "东街道1社区", "第一网格", "网格员", "１３８０００１１１１１", None],
    [2, "李强", "1971.13", ID_NUMBER, None, 2, "网格员", 13800002222, "=1+1"],
    ["小计", "2人"],
    [3, "李秀兰", None, ID_NUMBER, "东街道2社区", 1, None, None, None],
]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause between two steps is for other writers; here there are none."""
    monkeypatch.setattr(roster, "PAUSE_SECONDS", 0)


def xlsx(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
        for cell in book.worksheets[0][book.worksheets[0].max_row]:
            if cell.data_type == "f":
                cell.data_type = "s"
    book.worksheets[0].merge_cells("E3:E4")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def upload(client: FlaskClient, site: Site, content: bytes, *, place: str = "east", name: str = "花名册.xlsx") -> Any:
    data = {
        "csrf_token": csrf(client, "/people/roster"),
        "unit": site.world.unit_public_ids[place],
        "file": (io.BytesIO(content), name),
    }
    return client.post("/people/roster", data=data, content_type="multipart/form-data")


def text_of(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    text: str = response.get_data(as_text=True)
    return text


def work(db: Database) -> None:
    with db.reading() as session:
        due = list(session.scalars(sa.select(Job.id).where(Job.state != JobState.DONE)))
    for job_id in due:
        jobs.run(db, job_id, {roster.JOB: roster.enter_all}, LEASE)


def sheet(content: bytes) -> list[list[Any]]:
    active = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [list(row) for row in active.iter_rows(values_only=True)]


def test_from_the_file_to_the_persons_and_the_mended_rows(site: Site, as_person: As) -> None:
    client = as_person("O1")
    assert "还没有导入过" in text_of(client, "/people/roster")
    page = upload(client, site, xlsx(ROWS)).location
    text = text_of(client, page)
    for words in (
        "1 行是新人",
        "1 行有错",
        "1 行可能是同一个人",
        "“身份证号”这一列是身份证号，已经丢掉，一位也没有存",
        "姓名：“王 芳”改成“王芳”",
        "手机：“１３８０００１１１１１”改成“13800011111”",
        "社区：合并的格子，按上面的“东街道1社区”",
        "出生年月“1971.13”读不懂",
        "和 CG00N1 同名，看看是不是同一个人",
        "有 2 行不是人员，没有读",
        "导入 1 行",
    ):
        assert words in text, words
    assert ID_NUMBER not in text
    assert 'http-equiv="refresh"' not in text

    response = post(client, f"{page}/rows/6", {"decision": "same", "show": "doubt", "page": "1"})
    assert response.location == f"{page}?show=doubt&page=1#rows"
    assert "导入 2 行" in text_of(client, page)
    for _ in range(2):  # a double click
        assert post(client, f"{page}/start").location == page
    text = text_of(client, page)
    assert "要导入 2 行，办好 0 行" in text
    assert 'http-equiv="refresh"' in text
    work(site.db)
    text = text_of(client, page)
    assert "2 行已导入" in text
    assert 'http-equiv="refresh"' not in text

    response = client.get(f"{page}/problems")
    assert "attachment" in response.headers["Content-Disposition"]
    headings, row = sheet(response.data)
    assert headings == [
        "序号",
        "姓名",
        "出生年月",
        "所属社区",
        "网格",
        "岗位",
        "手机号码",
        "备注",
        "原来的行",
        "哪里有问题",
    ]
    assert row[1:8] == ["李强", "1971.13", "东街道1社区", "2", "网格员", "13800002222", "'=1+1"]
    assert row[8] == 4
    assert row[9] == "出生年月“1971.13”读不懂，写成 1971-03 这样"

    row[2] = "1971-12"
    book = openpyxl.Workbook()
    for each in (headings, row):
        book.worksheets[0].append(each)
    buffer = io.BytesIO()
    book.save(buffer)
    page = upload(client, site, buffer.getvalue()).location
    assert "导入 1 行" in text_of(client, page)
    post(client, f"{page}/start")
    work(site.db)
    with site.db.reading() as session:
        person = session.scalars(sa.select(Person).where(Person.name == "李强")).one()
        assert (person.birth_month, person.unit_id) == ("1971-12", site.world.unit_ids["east.1.2"])
    assert "导入完了" in text_of(client, "/people/roster")


def test_columns_are_corrected_on_the_page_and_a_refusal_keeps_what_was_chosen(site: Site, as_person: As) -> None:
    client = as_person("O1")
    content = "姓名,花名,座机号\n王芳,小王,5550147\n".encode()
    page = upload(client, site, content, name="a.csv").location
    refused = post(client, page, {"name": "0", "phone": "0", "state": "trainee"})
    assert refused.status_code == 422
    assert "同一列不能用两次" in refused.get_data(as_text=True)
    assert post(client, page, {"name": "-1", "state": "trainee"}).status_code == 422
    response = post(client, page, {"name": "1", "phone": "2", "state": "active", "make": "y"})
    assert response.location == page
    text = text_of(client, page)
    assert "已按新的列重新核对" in text
    assert "小王" in text
    with site.db.reading() as session:
        mapping = session.scalars(sa.select(RosterImport)).one().mapping
    assert (mapping["columns"], mapping["state"], mapping["make"]) == ({"name": 1, "phone": 2}, "active", True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "这是旧版 Excel（.xls）。请用 Excel 或 WPS 打开，另存为 .xlsx 再传。"),
        (b"", "文件是空的"),
        (b"%PDF-1.4 \x00", "这个文件不是表格"),
        (b"a,b\n1,2\n", "没有找到表头"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_in_words(
    shared_site: Site, shared_client: FlaskClient, content: bytes, words: str
) -> None:
    response = upload(shared_client, shared_site, content)
    assert response.status_code == 422
    assert words in response.get_data(as_text=True)


@pytest.fixture
def shared_client(site: Site, as_person: As) -> FlaskClient:
    return as_person("O1")


def test_without_a_file_or_with_a_unit_out_of_reach_nothing_is_read(site: Site, as_person: As) -> None:
    client = as_person("O1")
    assert post(client, "/people/roster", {"unit": site.world.unit_public_ids["east"]}).status_code == 422
    assert upload(client, site, xlsx(ROWS), place="west").status_code == 422
    with site.db.reading() as session:
        assert session.scalars(sa.select(RosterImport)).all() == []


def test_what_no_longer_goes_is_said_on_the_page(site: Site, as_person: As) -> None:
    client = as_person("O1")
    page = upload(client, site, xlsx(ROWS)).location
    for decision, line in (("new", 3), ("what", 6), ("skip", 99)):
        assert post(client, f"{page}/rows/{line}", {"decision": decision}).status_code == 422
    for _ in range(2):
        assert post(client, f"{page}/abandon").location == "/people/roster"
    assert "这份表没有导入，什么都没有改" in text_of(client, page)
    refused = post(client, f"{page}/start")
    assert refused.status_code == 422
    assert "这次导入已经开始或已经取消" in refused.get_data(as_text=True)
    assert post(client, page, {"name": "1", "state": "trainee"}).status_code == 422
    other = upload(client, site, xlsx(ROWS)).location
    post(client, f"{other}/start")
    assert post(client, f"{other}/abandon").status_code == 422


def test_an_import_that_stopped_can_be_gone_on_with(site: Site, as_person: As) -> None:
    client = as_person("O1")
    page = upload(client, site, xlsx(ROWS)).location
    post(client, f"{page}/start")
    with site.db.writing() as session:
        session.execute(sa.update(Job).values(state=JobState.FAILED))
    text = text_of(client, page)
    assert "导入停下了" in text
    assert "接着导入" in text
    assert 'http-equiv="refresh"' not in text
    post(client, f"{page}/start")
    work(site.db)
    assert "1 行已导入" in text_of(client, page)


def test_the_same_file_again_says_so(site: Site, as_person: As) -> None:
    client = as_person("O1")
    page = upload(client, site, xlsx(ROWS)).location
    post(client, f"{page}/start")
    work(site.db)
    assert "1 行和已存的一样" in text_of(client, upload(client, site, xlsx(ROWS)).location)
    content = "姓名,出生年月\n赵云,1980-01\n".encode()
    page = upload(client, site, content).location
    post(client, f"{page}/start")
    work(site.db)
    assert "同一份文件 2026年11月24日 10:00 导入过" in text_of(client, upload(client, site, content).location)


def test_after_a_week_the_rows_are_gone_and_the_page_says_so(site: Site, as_person: As) -> None:
    client = as_person("O1")
    page = upload(client, site, xlsx(ROWS)).location
    post(client, f"{page}/start")
    work(site.db)
    clock.freeze(NOW + timedelta(days=8))
    roster.sweep(site.db)
    client = as_person("O1")
    assert "每一行的明细已经删掉" in text_of(client, page)


def test_rows_are_shown_by_what_becomes_of_them_page_by_page(
    site: Site, as_person: As, count_queries: CountQueries
) -> None:
    client = as_person("O1")
    lines = [f"王芳{n},1980-{n % 14:02d},1380001{n:04d}" for n in range(70)]
    page = upload(client, site, "\n".join(["姓名,出生年月,手机", *lines]).encode()).location
    with count_queries(site.db) as statements:
        text = text_of(client, f"{page}?page=2")
    assert len(statements) <= 12
    assert "第 31 到第 60 条，共 70 条" in text or "第 31 到 60 条，共 70 条" in text
    wrong = text_of(client, f"{page}?show=error")
    assert "王芳0" in wrong
    assert "王芳1<" not in wrong
    assert "这一类没有" in text_of(client, f"{page}?show=entered")
    assert client.get(f"{page}?show=nonsense&page=x").status_code == 200


def test_the_template_is_read_by_the_import_itself(site: Site, as_person: As) -> None:
    client = as_person("O1")
    content = client.get("/people/roster/template").data
    hints = openpyxl.load_workbook(io.BytesIO(content)).worksheets[1]
    assert hints["A2"].value == "工号"
    page = upload(client, site, content).location
    text = text_of(client, page)
    assert "没有“晨光社区”这个社区" in text
    assert "看看这些列，或者改" in text


def test_an_import_of_another_sub_district_is_not_there(site: Site, as_person: As) -> None:
    page = upload(as_person("O1"), site, xlsx(ROWS)).location
    stranger = as_person("O9")
    assert stranger.get(page).status_code == 404
    assert stranger.get(f"{page}/problems").status_code == 404
    assert post(stranger, f"{page}/start").status_code == 404
    assert as_person("L1").get("/people/roster").status_code == 403


def test_on_an_english_page_what_stands_in_the_file_is_marked_as_chinese(site: Site, as_person: As) -> None:
    client = as_person("O1")
    page = upload(client, site, xlsx(ROWS)).location
    post(client, "/language", {"lang": "en"})
    text = text_of(client, page)
    assert '<html lang="en"' in text
    assert 'lang="zh-Hans">王芳' in text
