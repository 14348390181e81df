"""``lms people``: what a person at the machine does before anyone can sign in."""

import io
import re
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from lms.access.identity import Role
from lms.cli import main
from lms.jobs.models import Job
from lms.jobs.rules import JobState
from lms.people import queries
from lms.people.models import Person, RosterImport, RosterRow
from lms.people.services import accounts, persons
from lms.people.services.passwords import Passwords
from tests import trail
from tests.conftest import Site
from tests.world import TODAY

FAST = Passwords(memory_kib=8, rounds=1)


def lms(site: Site, *arguments: str) -> Result:
    """Run an ``lms`` command on a site."""
    return CliRunner().invoke(
        main,
        list(arguments),
        env={
            "LMS_INSTANCE": str(site.settings.instance),
            "LMS_DATABASE_URL": site.settings.database_url,
            "LMS_ARGON2_MEMORY_KIB": "8",
            "LMS_ARGON2_TIME": "1",
        },
    )


def roles_of(site: Site, staff_number: str) -> frozenset[Role]:
    with site.db.reading() as session:
        return queries.roles_of(session, queries.person_with_staff_number(session, staff_number).id, TODAY)


def test_the_slip_of_a_new_administrator_opens_the_door(empty_site: Site) -> None:
    result = lms(empty_site, "people", "add-admin", "sys-01", "何 远", "--unit", "晨光街道")
    assert result.exit_code == 0, result.output
    [code] = re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", result.output)
    assert "何远" in result.output
    assert "SYS01" in result.output
    assert roles_of(empty_site, "SYS01") == {Role.SYSTEM_ADMIN}
    accounts.check_credentials(empty_site.db, FAST, "s", staff_number="SYS01", password=code, address="a")
    with empty_site.db.reading() as session:
        office = queries.office_name(session)
        assert office is not None
        assert office.name == "晨光街道"
    assert {entry.channel for entry in trail.entries(empty_site.db, 0)} == {"console"}


def test_a_number_that_is_taken_is_refused_in_words(site: Site) -> None:
    before = trail.seq(site.db)
    result = lms(site, "people", "add-admin", "CG00N1", "何远")
    assert result.exit_code == 1
    assert "CG00N1 已经有人用了" in result.output
    assert trail.seq(site.db) == before


def test_a_role_is_granted_at_once_on_the_person_s_unit_or_another(site: Site) -> None:
    before = trail.seq(site.db)
    result = lms(site, "people", "grant", "cg00n1", "mentor")
    assert result.exit_code == 0, result.output
    assert "李秀兰 (CG00N1): mentor → 东街道1社区第1网格" in result.output
    result = lms(site, "people", "grant", "CG00N1", "official", "--unit", " 西街道 ")
    assert result.exit_code == 0, result.output
    assert roles_of(site, "CG00N1") == {Role.MENTOR, Role.OFFICIAL}
    tags = [(entry.tag, entry.role) for entry in trail.entries(site.db, before)]
    assert tags == [("people:role:proposed", "console"), ("people:role:granted", "console")] * 2


def test_an_official_is_one_of_the_sub_district_not_of_the_own_grid(site: Site) -> None:
    result = lms(site, "people", "grant", "CG00N1", "official")
    assert result.exit_code == 0, result.output
    assert "official → 东街道\n" in result.output


def test_what_cannot_be_granted_is_refused_in_words(site: Site) -> None:
    cases = {
        ("NOBODY", "mentor"): "没有找到这个人",
        ("CG00M1", "mentor"): "已经有这个角色",
        ("CG00S1", "audit_admin"): "不能是同一个人",
    }
    for arguments, words in cases.items():
        result = lms(site, "people", "grant", *arguments)
        assert result.exit_code == 1, arguments
        assert words in result.output
    result = lms(site, "people", "grant", "CG00N1", "mentor", "--unit", "没有的")
    assert "没有找到这个单位" in result.output
    assert lms(site, "people", "grant", "CG00N1", "person").exit_code == 2  # not a role to give


# --- import ----------------------------------------------------------------------------------------------

CONTENT = """花名册
姓名,出生年月,身份证号,社区,网格,手机
王 芳,1980.5,150207199002080928,东街道1社区,1,１３８０００１１１１１
李强,1971.13,150207199002080929,东街道1社区,2,13800002222
小计,2人
刘洋,1990-01,150207199002080920,东街道2社区,1,13800003333
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "花名册.csv"
    path.write_bytes(CONTENT.encode("gb18030"))
    return path


def names(site: Site) -> set[str]:
    with site.db.reading() as session:
        return set(session.scalars(sa.select(Person.name).where(Person.name.in_(["王芳", "李强", "刘洋"]))))


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_without_enter_nothing_is_changed(site: Site, file: Path, option: list[str]) -> None:
    before = trail.seq(site.db)
    result = lms(site, "people", "import", str(file), "--unit", "东街道", *option)
    assert result.exit_code == 3, result.output
    for words in (
        "不保存 / not kept ← 身份证号",
        "第 5 行不是人员",
        "姓名：“王 芳”改成“王芳”",
        "error: 1  new: 2",
        "没有存任何东西",
        "✗ 第 4 行 / line 4: 出生年月“1971.13”读不懂",
    ):
        assert words in result.output, words
    assert "150207" not in result.output
    assert trail.seq(site.db) == before
    with site.db.reading() as session:
        assert session.scalars(sa.select(RosterImport)).all() == []


def test_enter_brings_the_good_rows_in_and_writes_the_wrong_ones_to_be_mended(
    site: Site, file: Path, tmp_path: Path
) -> None:
    before = trail.seq(site.db)
    wrong = tmp_path / "wrong.xlsx"
    result = lms(site, "people", "import", str(file), "--unit", "东街道", "--enter", "--errors", str(wrong))
    assert result.exit_code == 3, result.output
    assert "✓ 导入 / entered: 2" in result.output
    assert names(site) == {"王芳", "刘洋"}
    entries = trail.entries(site.db, before)
    assert {(entry.actor, entry.role) for entry in entries} == {("console", "console")}
    assert entries[-1].tag == "people:roster:imported"

    book = openpyxl.load_workbook(io.BytesIO(wrong.read_bytes()))
    assert [cell.value for cell in book.worksheets[0][1]][-2:] == ["原来的行", "哪里有问题"]
    assert "身份证号" not in [cell.value for cell in book.worksheets[0][1]]
    book.worksheets[0]["B2"] = "1971-12"
    book.save(wrong)
    result = lms(site, "people", "import", str(wrong), "--unit", "东街道", "--enter")
    assert result.exit_code == 0, result.output
    assert names(site) == {"王芳", "李强", "刘洋"}


def test_run_again_it_enters_nobody_twice_and_says_all_is_well(site: Site, file: Path) -> None:
    file.write_text(CONTENT.replace("1971.13", "1971-12"))
    for _ in range(2):
        result = lms(site, "people", "import", str(file), "--unit", "东街道", "--enter")
        assert result.exit_code == 0, result.output
    assert "✓ 导入 / entered: 0" in result.output
    with site.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Person.name == "王芳")) == 1


def test_what_went_wrong_on_the_way_is_told_and_the_job_is_tried_again(
    site: Site, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = persons.add_person, [True]

    def once(*values: object, **named: object) -> Person:
        if broken:
            broken.clear()
            raise sa.exc.OperationalError("INSERT", {}, Exception("database is locked"))
        return real(*values, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(persons, "add_person", once)
    monkeypatch.setattr("lms.jobs.services.wait_before", lambda _attempt: timedelta(0))
    result = lms(site, "people", "import", str(file), "--unit", "东街道", "--enter")
    assert result.exit_code == 3, result.output
    assert names(site) == {"王芳", "刘洋"}
    with site.db.reading() as session:
        job = session.scalars(sa.select(Job)).one()
        assert (job.state, job.attempts) == (JobState.DONE, 2)
        states = session.scalars(sa.select(RosterRow.state).order_by(RosterRow.line)).all()
    assert [state.value for state in states] == ["entered", "error", "entered"]


def test_options_choose_columns_state_and_units(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("姓名,花名,村\n王芳,刘洋,河畔村\n")
    result = lms(site, "people", "import", str(file), "--unit", "东街道", "--column", "name=花名")
    assert result.exit_code == 0, result.output
    arguments = ["--column", "name=花名", "--column", "community=村", "--make-units", "--state", "active", "--enter"]
    result = lms(site, "people", "import", str(file), "--unit", "东街道", *arguments)
    assert result.exit_code == 0, result.output
    with site.db.reading() as session:
        person = session.scalars(sa.select(Person).where(Person.name == "刘洋")).one()
        assert (person.state.value, person.unit.name) == ("active", "河畔村")


def test_what_cannot_be_read_is_refused_in_words(site: Site, tmp_path: Path, file: Path) -> None:
    old = tmp_path / "old.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0" + b"\x00" * 600)
    cases = {
        (str(old), "--unit", "东街道"): (1, "旧版 Excel"),
        (str(file), "--unit", "没有的"): (1, "没有找到这个单位"),
        (str(file), "--unit", "东街道", "--column", "name=没有"): (1, "表里没有“没有”这一列"),
        (str(file), "--unit", "东街道", "--column", "nonsense=姓名"): (2, "FIELD is one of"),
        (str(file), "--unit", "东街道", "--enter", "--dry-run"): (2, "exclude each other"),
        (str(tmp_path / "none.csv"), "--unit", "东街道"): (2, "none.csv"),
        (str(file),): (2, "--unit"),
    }
    for arguments, (code, words) in cases.items():
        result = lms(site, "people", "import", *arguments)
        assert result.exit_code == code, (arguments, result.output)
        assert words in result.output, result.output
    assert names(site) == set()
    assert not re.search(r"\d{17}", result.output)
