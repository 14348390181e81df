"""The check of all content: what is broken is named with path and line, what is whole passes quickly."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lms.content.content import (
    DUTIES,
    LAWS,
    Bundle,
    ContentType,
    Duties,
    Limit,
    Register,
    article_words,
    by_file,
    by_folder,
    examine,
    limit_of,
    revision_in,
)
from lms.content.rules import ContentKind, RoleLevel, Way
from lms.core import clock
from lms.core.content import Problems
from lms.courses.rules import Function
from lms.people.rules import Post
from tests.content.files import C01, C04, COORDINATING, LESSONS, SHIPPED, Files, copied, course_file
from tests.world import shipped_content

LAW_FILE = "courses/_laws/laws.yaml"
TERMS = "courses/_framework/glossary.yaml"
DUTY_FILE = "courses/_framework/duties.yaml"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return copied(tmp_path)


def test_what_is_shipped_has_no_problems() -> None:
    assert [str(problem) for problem in shipped_content().problems] == []


@pytest.mark.parametrize(
    ("path", "old", "new", "marker", "words"),
    [
        (LAW_FILE, "  state: ok", "  state: good", "state: good", "state：只能写"),
        (LAW_FILE, "  source: LawRefBook", "  sources: LawRefBook", "sources: LawRefBook", "不认识的键 sources"),
        (LAW_FILE, "- id: pipl", "- id: civil-code", "- id: civil-code\n  title: 个人", "代号 civil-code 已经用过"),
        (LAW_FILE, '"1003":', '"267":', '    "267":\n      says: 人的', "重复的键 267"),
        (LAW_FILE, '"1003":', '"一千零三":', '"一千零三":', "写法不对"),
        (LAW_FILE, "  text_of: 2025-04-19\n", "", "  articles:", "要写明 text_of"),
        (TERMS, "- term: 网格长", "- term: 网格", "- term: 网格\n  term_en: grid leader", "网格 已经写过"),
        (
            TERMS,
            "  identifier: grid_leader",
            "  identifier: grid",
            "  identifier: grid\n  says: 一个网格",
            "grid 已经写过",
        ),
        (TERMS, "  says: 一个网格的领头人", "  say: 一个网格的领头人", "  say: 一个", "不认识的键 say"),
        (
            DUTY_FILE,
            "  life-first:",
            "  no-fine:",
            "  no-fine:\n    text: 先顾人命",
            "no-fine 在 prohibited 里已经有了",
        ),
        (DUTY_FILE, "  post: inspection", "  post: [inspection, information]", "  post: [", "这里写了 2 个"),
        (DUTY_FILE, "  post: inspection", '  post: ""', '  post: ""', "要正好一个责任岗，这里一个也没写"),
        (DUTY_FILE, "  post: inspection\n", "", "- key: D01", "缺 post"),
        (DUTY_FILE, "- key: D02", "- key: D01", "- key: D01\n  name: 新政策", "D01 写了两遍"),
        (DUTY_FILE, "  lead_unit: 待补", "  leads: 待补", "  leads: 待补", "不认识的键 leads"),
        (DUTY_FILE, "needs: {PUB1: 2}", "needs: {PUB9: 2}", "needs: {PUB9: 2}", "能力框架里没有 PUB9"),
        (DUTY_FILE, "needs: {PUB1: 2}", "needs: {PUB1: 5}", "needs: {PUB1: 5}", "不能大于 4"),
        (DUTY_FILE, "needs: {PUB1: 2}", "needs: {}", "needs: {}", "不能空着"),
        (
            DUTY_FILE,
            "officer: handle, leader: handle",
            "officer: [escalate, handle], leader: handle",
            "[escalate,",
            "写一种办法",
        ),
        (DUTY_FILE, "officer: handle, leader: handle", "officer: watch, leader: handle", "officer: watch", "只能写"),
        (DUTY_FILE, "  limit: 24h", "  limit: 24", "  limit: 24\n", "要写文字"),
        (DUTY_FILE, "  limit: 24h", "  limit: 0h", "  limit: 0h", "写法不对"),
        (DUTY_FILE, "cites: [civil-code/1033]", "cites: [civil-code/9]", "cites: [civil-code/9]", "没有 civil-code/9"),
        (DUTY_FILE, "cites: [civil-code/1033]", "cites: [no-law/9]", "cites: [no-law/9]", "登记册里没有 no-law"),
    ],
)
def test_a_broken_register_is_named_by_its_line(
    files: Files, path: str, old: str, new: str, marker: str, words: str
) -> None:
    files.replace(path, old, new)
    found = files.examine()
    line = files.line_of(path, marker)
    assert any(p.path == path and p.line == line and words in p.text for p in found.problems.errors), [
        str(p) for p in found.problems
    ]
    assert path not in {name for bundle in found.good for name in bundle.files}


def test_missing_english_and_a_day_that_has_passed_are_warnings(files: Files) -> None:
    files.replace(LAW_FILE, "  title_en: Civil Code\n", "")
    files.replace(C01 + "/course.yaml", "title_en: Role, service attitude and discipline\n", "")
    clock.freeze(datetime(2027, 5, 25, 2, 0, tzinfo=UTC))
    found = files.examine()
    checked = files.text(LAW_FILE).count("\n  state: ok\n")
    assert not found.problems.errors
    texts = [str(problem) for problem in found.problems.warnings]
    assert f"{LAW_FILE}:{files.line_of(LAW_FILE, 'title: 民法典')}: title 没有英文" in texts
    assert f"{C01}/course.yaml:3: title 没有英文" in texts
    assert sum("该复核了" in text for text in texts) == checked + LESSONS
    assert {bundle.key for bundle in found.good} >= {"laws", "c01", "c04"}


def test_a_broken_register_does_not_drown_the_courses_in_problems(files: Files) -> None:
    files.write(LAW_FILE, "laws: [")
    found = files.examine()
    assert len(found.problems.errors) == 1
    assert {"c01", "c04"} <= {bundle.key for bundle in found.good}


def test_what_is_still_to_be_found_out_is_listed(files: Files) -> None:
    pending = [(bundle.key, text) for bundle, text in files.examine().pending]
    assert ("c04", "三分法与红线：本街道的办理时限和指挥中心电话：待补") in pending
    assert any(key == "laws" and "消防法" in text for key, text in pending)


def test_the_digest_follows_words_and_paths_only(files: Files) -> None:
    one = Bundle(ContentKind.COURSE, "c01", 1, {"a": "x", "b": "y"})
    assert one.digest == Bundle(ContentKind.COURSE, "c01", 2, {"b": "y", "a": "x"}).digest
    assert one.digest != Bundle(ContentKind.COURSE, "c01", 1, {"a": "x", "b": "z"}).digest
    assert one.digest != Bundle(ContentKind.COURSE, "c01", 1, {"a": "x", "c": "y"}).digest


@pytest.mark.parametrize(
    ("text", "number"), [("revision: 3\n", 3), ("a: 1\nrevision: 12 # x\n", 12), ("  revision: 3\n", 0), ("", 0)]
)
def test_the_revision_is_read_at_the_left_edge(text: str, number: int) -> None:
    assert revision_in(text) == number


def test_two_things_of_one_name_are_a_problem(files: Files) -> None:
    (files.root / "courses/onboarding/business/c01").mkdir(parents=True)
    files.write("courses/onboarding/business/c01/course.yaml", files.text(C01 + "/course.yaml"))
    (files.root / "courses/onboarding/law/c09").mkdir()
    files.write("courses/onboarding/law/c09/01.zh.md", "x")
    texts = [str(problem) for problem in files.examine().problems.errors]
    assert f"{C01}/course.yaml:1: c01 已经在 courses/onboarding/business/c01/course.yaml 里了" in texts
    assert "courses/onboarding/law/c09/course.yaml:1: 这个文件夹里缺 course.yaml" in texts


def test_files_of_one_name_in_two_folders_are_a_problem(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.yaml").write_text("revision: 2\n")
    problems = Problems()
    [bundle] = by_file(ContentKind.BANK, "*/x.yaml")(tmp_path, problems)
    assert (bundle.key, bundle.revision) == ("x", 2)
    assert [str(problem) for problem in problems] == ["b/x.yaml:1: x 已经在 a/x.yaml 里了"]


def test_a_kind_may_look_across(tmp_path: Path) -> None:
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "main.yaml").write_text("revision: 1\n")
    seen = []
    kind = ContentType(
        ContentKind.BANK,
        by_folder(ContentKind.BANK, "main.yaml", "*/*.yaml"),
        lambda bundle, _problems: bundle.key.upper(),
        lambda bundles, library, _problems: seen.append((bundles[0].key, library.all(ContentKind.BANK))),
    )
    examine([kind], tmp_path)
    assert seen == [("thing", {"thing": "THING"})]


def test_places_in_the_register() -> None:
    register = shipped_content().library.only(ContentKind.LAWS)
    assert isinstance(register, Register)
    assert register.place("minors/11.2") == "《未成年人保护法》第11条第2款"
    assert register.place_en("minors/11.2") == "Law on the Protection of Minors, Art. 11 para. 2"
    assert article_words("1033") == "第1033条"
    assert register.fault("civil-code/1033") == ""
    assert register.fault("civil-code/9") == "登记册里没有 civil-code/9"
    assert register.fault("nothing/1") == "登记册里没有 nothing"
    assert register.fault("fire/60") == "⚠ fire 还没核对，不能引用"


def test_the_duties_that_are_written_may_be_named() -> None:
    duties = shipped_content().library.only(ContentKind.DUTIES)
    assert isinstance(duties, Duties)
    assert [duties.names(key) for key in ("D01", "D26", "D27", "D00", "X")] == [True, True, False, False, False]
    assert {"no-fine", "life-first"} <= duties.lines.keys()
    unwritten = Duties(duties.prohibited, duties.musts)
    assert [unwritten.names(key) for key in ("D01", "D26", "D27")] == [True, True, False]


def shipped_duties() -> Duties:
    found = shipped_content().library.only(ContentKind.DUTIES)
    assert isinstance(found, Duties)
    return found


def test_all_twenty_six_duties_are_shipped_each_with_one_post() -> None:
    duties = shipped_duties()
    assert list(duties.items) == [f"D{number:02}" for number in range(1, 27)]
    assert {duty.post for duty in duties.items.values()} == {post.value for post in Post}
    assert {duty.function for duty in duties.items.values()} == {function.value for function in Function}


def test_ways_and_steps_are_read_for_both_levels() -> None:
    duties = shipped_duties()
    both, apart = duties.items["D06"], duties.items["D12"]
    assert both.authority.at(RoleLevel.OFFICER) == (Way.HANDLE, Way.ESCALATE)
    assert both.steps.officer == both.steps.leader
    assert not both.steps.differ
    assert apart.authority.at(RoleLevel.LEADER) == (Way.COORDINATE,)
    assert apart.steps.differ
    assert apart.steps.at(RoleLevel.OFFICER) != apart.steps.at(RoleLevel.LEADER)
    assert both.steps.officer[0].text_in("en").isascii()


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (None, None),
        ("now", Limit(0, "now")),
        ("month", Limit(0, "month")),
        ("15m", Limit(15, "m")),
        ("24h", Limit(24, "h")),
        ("3d", Limit(3, "d")),
        ("3wd", Limit(3, "wd")),
    ],
)
def test_limits(text: str | None, limit: Limit | None) -> None:
    assert limit_of(text) == limit


def test_duties_that_wait_for_courses_are_planned_and_no_fault(files: Files) -> None:
    files.without(*COORDINATING)
    found = files.examine()
    assert found.problems.errors == []
    texts = {problem.line: problem.text for problem in found.planned}
    line = files.text(DUTY_FILE)[files.text(DUTY_FILE).index("- key: D26") :].count("\n")
    said = next(text for text in texts.values() if text.startswith("D26"))
    assert said == "D26 定期联系居民与跨网格协同：COR1 还没有课程或题目，等课程 c16"
    assert files.text(DUTY_FILE).splitlines()[next(at for at, text in texts.items() if text == said) - 1].strip() == (
        "courses: [c16]"
    )
    assert max(texts) > files.text(DUTY_FILE).count("\n") - line
    assert "duties" in {bundle.key for bundle in found.good}


def test_a_course_that_comes_takes_its_gaps_away_and_one_that_goes_brings_them(files: Files) -> None:
    assert not any(problem.text.startswith("D13") for problem in files.examine().planned)
    others = [key for key in SHIPPED if "FUP1" in files.text(course_file(key)) and key != "c05"]
    files.without("c05", *others)
    files.replace(DUTY_FILE, "courses: [c05]", "courses: [c01]")  # D23
    texts = [problem.text for problem in files.examine().planned]
    assert "D13 社情民意收集反馈：FUP1 还没有课程或题目，等课程 c05" in texts
    assert "D23 线上线下回访：FUP1 还没有课程或题目，没有写由哪门课带来" in texts


def test_bases_still_to_be_found_out_are_listed(files: Files) -> None:
    pending = [text for bundle, text in files.examine().pending if bundle.kind is ContentKind.DUTIES]
    assert "D01 法律法规宣传：依据、牵头单位、配合单位待补" in pending
    assert any(text.startswith("D08") and "依据" in text for text in pending)  # 待补 within a longer text
    assert not any(text.startswith("D17") for text in pending)


def test_kinds_with_one_file_are_registered() -> None:
    assert {LAWS.kind, DUTIES.kind} == {ContentKind.LAWS, ContentKind.DUTIES}
    assert C04.startswith("courses/")
