"""Courses and lessons: what a broken file says, with its line, and what a whole one becomes."""

import re
from pathlib import Path

import pytest

from lms.competency.content import FRAMEWORK
from lms.content.content import DUTIES, LAWS
from lms.content.rules import ContentKind
from lms.core.content import Problems
from lms.courses.content import COURSE, PROGRAMMES, BlockKind, Course, minutes_of, objective_in, spoken, words_of
from tests.content.files import C01, C04, COORDINATING, SHIPPED, Files, copied, course_file
from tests.world import shipped_content

KINDS = (LAWS, DUTIES, FRAMEWORK, COURSE)
"""What courses are checked against."""
COURSE_FILE = f"{C01}/course.yaml"
L1, L2 = f"{C01}/01.zh.md", f"{C01}/02.zh.md"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return copied(tmp_path)


def course(key: str = "c01") -> Course:
    found = shipped_content().library.get(ContentKind.COURSE, key)
    assert isinstance(found, Course)
    return found


CASES = [
    (COURSE_FILE, "key: c01\n", "key: c02\n", "key: c02", "key 和所在文件夹 c01 不一样"),
    (COURSE_FILE, "layer: onboarding", "layer: advanced", "layer: advanced", "layer 和所在文件夹 onboarding 不一样"),
    (COURSE_FILE, "layer: onboarding", "layer: first", "layer: first", "layer：只能写"),
    (COURSE_FILE, "category: ethics", "category: law", "category: law", "category 和所在文件夹 ethics 不一样"),
    (COURSE_FILE, "hours: 3.5", "hours: 4.0", "hours: 4.0", "6 课要写 hours: 3.5"),
    (COURSE_FILE, "pass_mark: 60", "pass_mark: 70", "pass_mark: 70", "pass_mark：只能写 60、80"),
    (COURSE_FILE, "requires: []", "requires: [c99]", "requires: [c99]", "没有先修课 c99"),
    (COURSE_FILE, "requires: []", "requires: [c01]", "requires: [c01]", "没有先修课 c01"),
    (COURSE_FILE, "competencies: [ETH1, ETH3]", "competencies: [ETH1, ETH9]", "competencies:", "没有 ETH9 这一项"),
    (COURSE_FILE, "functions: [common, p", "functions: [cook, p", "functions:", "functions.0：只能写"),
    (COURSE_FILE, "short: 角色纪律", "short: 角色", "short: 角色", "short：至少要 4"),
    (COURSE_FILE, "summary: 我是谁", "summery: 我是谁", "summery:", "不认识的键 summery"),
    (COURSE_FILE, "  - key: c01-l02", "  - key: c01-l03", "  - key: c01-l03", "第 2 课的 key 要写 c01-l02"),
    (L1, "title: 网格员是谁、不是谁", "title: 网格员是谁", "title: 网格员是谁", "title 和 course.yaml 里的“网格员"),
    (L1, "key: c01-l01", "key: c01-l09", "key: c01-l09", "key 和 course.yaml 里的“c01-l01”不一样"),
    (L1, "duties: [D13, D19]", "duties: [D13, D29]", "duties:", "没有 D29 这一项"),
    (L1, "competencies: [ETH1, ETH3]", "competencies: [BND1]", "competencies:", "没有 BND1 这一项"),
    (L1, "review_by: 2027-05-24", "review_by: 2026-05-24", "review_by:", "review_by 要在 checked_on 之后"),
    (L1, "cites: [id-card/15]", "cites: [id-card/16]", "cites:", "登记册里没有 id-card/16"),
    (L1, "cites: [id-card/15]", "cites: [fire/60]", "cites:", "⚠ fire 还没核对，不能引用"),
    (L1, "cites: [id-card/15]", "cites: [id-card/15, id-card/15]", "cites:", "id-card/15 写了两遍"),
    (L1, "cites: [id-card/15]", "cites: [id-card/15, pipl/6]", "cites:", "来源里没有“《个人信息保护法》第6条：……”"),
    (L1, "cites: [id-card/15]", "cites: []", "- 《居民身份证法》第15条", "来源有 《居民身份证法》第15条，cites 里没有"),
    (L1, "第15条：人民警察依法执行职务", "第15条：警察依法执行职务", "- 《居民身份证法》第15条", "转述和登记册不一样"),
    (L1, "- 《居民身份证法》第15条：", "- 《居民身份证法》第15条，", "- 《居民身份证法》第", "写成“《法名》第N条："),
    (L1, "笑着改过来", "笑着改过来（《民法典》第1032条）", "## 第一段", "正文提到 《民法典》第1032条，cites 里没有"),
    (L1, "{#p1 min=6}", "{#p1 min=9}", "{#p1 min=9}", "一段不超过 8 分钟，现在写的是 9"),
    (L1, "{#p2 min=4}", "", "## 第二段", "段的标题要写成"),
    (L1, "{#p2 min=4}", "{#p4 min=4}", "## 第一段", "现在是 p1、p4、p3"),
    (L1, "### 故事", "### 小故事", "### 小故事", "没有这个栏目：小故事"),
    (L1, "### 不要做", "#### 不要做", "#### 不要做", "没有这一级标题"),
    (L1, "### 做一做 {min=4}", "### 做一做", "### 做一做", "要写明几分钟"),
    (L1, "### 故事", "### 故事 {min=3}", "### 故事 {min=3}", "只有“做一做”写"),
    (L1, "> 答：样子", "> 样子", "### 做一做", "答案要以“> 答：”开头"),
    (L1, "- [x] “罚单我开不了", "- [ ] “罚单我开不了", "### 想一想", "恰好一个选项写 [x]，现在有 0 个"),
    (L1, "- [ ] “都别吵", "- [x] “都别吵", "### 想一想", "恰好一个选项写 [x]，现在有 2 个"),
    (L1, "  → 对。帽子摘了，手没闲着。\n", "", "- [x] “罚单我开不了", "缺一行“  → 反馈”"),
    (L1, "1. **你是社区的人，不是官。**", "**你是社区的人，不是官。**", "**你是社区的人", "要点每条写成"),
    (L1, "- 人家喊“警官”", "人家喊“警官”", "人家喊“警官”", "这里一条一行"),
    (L1, "## 来源 {#sources}", "## 来源", "## 来源", "段的标题要写成"),
    (L1, "- 不罚、不扣", "不罚、不扣", "不罚、不扣、不闯", "来源一条一行"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "old", "new", "marker", "words"), CASES)
def test_a_broken_course_is_named_by_its_line(
    files: Files, path: str, old: str, new: str, marker: str, words: str
) -> None:
    files.replace(path, old, new)
    found = files.examine(*KINDS)
    told = [(problem.path, problem.line, problem.text) for problem in found.problems.errors]
    line = files.line_of(path, marker)
    assert any((where, at) == (path, line) and words in text for where, at, text in told), (line, told)
    assert "c01" not in {bundle.key for bundle in found.good if bundle.kind is ContentKind.COURSE}


FOURTH = """## 第四段 多 {#p4 min=2}

### 想一想

几？

- [x] 一
  → 对。
- [ ] 二
  → 不。

## 来源"""


def body_line(files: Files, path: str) -> int:
    """Return the line at which the text below the front matter begins."""
    return files.line_of(path, "\n---\n\n## ") + 2


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("正文 ", lambda text: text.replace("物业费，一分没少。", "物业费，一分没少。" + "长" * 600)),
        ("要点 3 到 5 条，现在 6 条", lambda text: text.replace("### 做一做", "6. **多一条。** 多。\n\n### 做一做")),
        ("一课要有 2 到 3 段", lambda text: text.replace("## 来源", FOURTH)),
        ("“四句话，说得小一点、实一点。”应该是 5", lambda text: text.replace("5. **四句话", "6. **四句话")),
        ("学完约 ", lambda text: text.replace("{min=4}", "{min=1}")),
        ("缺“故事”", lambda text: text.replace("### 故事", "### 要点\n\n1. **一。** 一\n", 1)),
    ],
)  # fmt: skip
def test_the_measure_of_a_lesson(files: Files, words: str, change: object) -> None:
    files.write(L1, change(files.text(L1)))  # type: ignore[operator]
    told = [(problem.line, problem.text) for problem in files.examine(*KINDS).problems.errors if words in problem.text]
    assert told, words
    assert told[0][0] == body_line(files, L1)


def test_a_part_must_fit_its_minutes_and_end_with_its_question(files: Files) -> None:
    files.replace(L1, "{min=4}", "{min=8}")
    files.replace(L1, "### 想一想\n\n两人", "### 要点\n\n两人")
    told = [str(problem) for problem in files.examine(*KINDS).problems.errors]
    assert f"{L1}:{files.line_of(L1, '## 第一段')}: 每段要以一个“想一想”收尾" in told
    whole = copied(files.root / "again")
    whole.replace(L1, "{min=4}", "{min=8}")
    told = [str(problem) for problem in whole.examine(*KINDS).problems.errors]
    assert told == [f"{L1}:{whole.line_of(L1, '## 第三段')}: 这一段要约 11.8 分钟，一段不超过 8 分钟"]


def test_files_must_be_there_and_belong_there(files: Files) -> None:
    (files.root / L2).rename(files.root / C01 / "07.zh.md")
    files.write(f"{C01}/notes.md", "x")
    told = [str(problem) for problem in files.examine(*KINDS).problems.errors]
    assert f"{COURSE_FILE}:{files.line_of(COURSE_FILE, '  - key: c01-l02')}: 缺第 2 课的文件 02.zh.md" in told
    assert f"{C01}/07.zh.md:1: course.yaml 里没有这一课" in told
    assert f"{C01}/notes.md:1: 课程文件夹里不认识的文件" in told


ENGLISH = """---
key: c01-l01
lang: en
of_revision: 1
---

## Part one: A hat {#p1 min=6}

### Story

A story.

### Key points

1. **One.** Why.
2. **Two.** Why.

### Think back

What now?

- [ ] This
  → No.
- [x] That
  → Right.
- [ ] Other
  → No.

## Part two: Promises {#p2 min=4}

### Key points

3. **Three.** Why.
4. **Four.** Why.

### Don't

- Do this.

### Think back

What now?

- [ ] This
  → No.
- [ ] Other
  → No.
- [x] That
  → Right.

## Part three: Sixty seconds {#p3 min=8}

### Key points

5. **Five.** Why.

### Do {min=4}

Do it.

> Answer: so.

### Think back

What now?

- [x] That
  → Right.
- [ ] This
  → No.
- [ ] Other
  → No.

## Sources {#sources}

- A method of this course.
"""


def test_an_english_text_of_the_same_structure_is_shown_to_english_readers(files: Files) -> None:
    files.write(f"{C01}/01.en.md", ENGLISH)
    found = files.examine(*KINDS)
    assert not found.problems.errors, [str(problem) for problem in found.problems]
    lesson = found.library.get(ContentKind.COURSE, "c01").lessons[0]  # type: ignore[union-attr]
    body, language = lesson.body_in("en")
    assert (body.parts[0].title, language) == ("A hat", "en")
    assert lesson.body_in("zh")[1] == "zh"
    assert not lesson.english_is_old


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("- [ ] Other\n  → No.\n\n## Part two", "\n## Part two", "结构和中文版对不上"),
        ("key: c01-l01", "key: c01-l02", "key 要和中文版一样：c01-l01"),
        ("of_revision: 1", "of_revision: 2", "中文版才到 1 版"),
        ("lang: en", "lang: fr", "lang：只能写 'en'"),
        ("### Story", "### Tale", "没有这个栏目：Tale"),
    ],
)
def test_an_english_text_with_faults_is_named(files: Files, old: str, new: str, words: str) -> None:
    files.write(f"{C01}/01.en.md", ENGLISH.replace(old, new, 1))
    told = [problem for problem in files.examine(*KINDS).problems.errors if words in problem.text]
    assert [problem.path for problem in told] == [f"{C01}/01.en.md"]


def test_an_english_text_of_an_older_revision_is_a_warning(files: Files) -> None:
    files.write(f"{C01}/01.en.md", ENGLISH)
    files.replace(L1, "revision: 1", "revision: 2")
    found = files.examine(*KINDS)
    assert not found.problems.errors
    assert ["英文待更新" in problem.text for problem in found.problems.warnings] == [True]
    assert found.library.get(ContentKind.COURSE, "c01").lessons[0].english_is_old  # type: ignore[union-attr]


def test_a_lesson_is_parts_of_blocks_with_one_question_each() -> None:
    lesson = course().lessons[0]
    assert [(part.key, part.title, part.minutes) for part in lesson.body.parts] == [
        ("p1", "一顶不合头的帽子", 6),
        ("p2", "许愿，只许自己的腿", 4),
        ("p3", "六十秒说清自己", 8),
    ]
    first, second, third = lesson.body.parts
    assert [block.kind for block in first.blocks] == [BlockKind.STORY, BlockKind.POINTS]
    assert [block.kind for block in second.blocks] == [BlockKind.POINTS, BlockKind.DONT]
    assert [point.number for point in second.blocks[0].points] == [3, 4]
    assert "<li>警察的帽子" in first.blocks[1].points[1].html
    assert first.question.right == 1
    assert first.question.options[0].feedback.startswith("想镇住场面")
    task = third.blocks[1]
    assert (task.minutes, "<li>四句全不全；</li>" in task.html) == (4, True)
    assert task.answer_html.startswith("<p>样子像这样")
    assert lesson.body.sources[0].place == "《居民身份证法》第15条"
    assert lesson.body.sources[1].place == ""


def test_a_list_that_is_not_indented_belongs_to_its_point() -> None:
    part = course("c04").lessons[1].body.part("p2")
    assert part is not None
    [point] = part.blocks[0].points
    assert "<li>不罚款，不扣东西。</li>" in point.html
    assert "查验身份证是警察依法做的事" in point.html


def test_every_shipped_lesson_has_the_measure_it_needs() -> None:
    for key in ("c01", "c04"):
        for lesson in course(key).lessons:
            assert 850 <= sum(words_of(part) for part in lesson.body.parts) <= 1500, lesson.key
            assert sum(minutes_of(part) for part in lesson.body.parts) >= 15, lesson.key


def test_words_are_there_in_both_languages() -> None:
    c01 = course()
    assert (c01.title_in("zh"), c01.title_in("en")) == (
        "网格员的角色、服务意识与工作纪律",
        "Role, service attitude and discipline",
    )
    assert c01.title_phrases("zh") == ["网格员的角色、", "服务意识与工作纪律"]
    assert c01.title_phrases("en") == ["Role, service attitude and discipline"]
    assert (c01.short_in("zh"), c01.short_in("en")) == ("角色纪律", "Role")
    assert c01.summary_in("en").startswith("Who I am")
    assert objective_in(c01.file.objectives[0], "en").startswith("Say in sixty seconds")
    assert c01.lessons[0].summary_in("zh").startswith("你是社区的人")


def test_what_is_read_aloud_is_whole_and_without_the_answers() -> None:
    part = course().lessons[0].body.parts[0]
    lines = spoken(part)
    assert lines[0] == "一顶不合头的帽子。"
    text = "".join(lines)
    assert "三顶帽子，递过来也别戴。" in text
    assert "罚单我开不了" not in text
    assert not any(mark in text for mark in "*<>#")


def test_a_course_with_faults_is_still_looked_at_further(files: Files) -> None:
    files.write(L2, "no front matter")
    [bundle] = [each for each in COURSE.collect(files.root, Problems()) if each.key == "c01"]
    problems = Problems()
    found = COURSE.parse(bundle, problems)
    assert found is not None
    assert not found.is_whole
    assert len(found.lessons) == 5
    assert len(found.keys) == 6
    assert C04


# --- programmes --------------------------------------------------------------------------------------------

PROGRAMME_FILE = "courses/_framework/programmes.yaml"


@pytest.mark.parametrize(
    ("old", "new", "at", "problem"),
    [
        ("courses: [c01, ", "courses: [c99, ", "courses: [c99, ", "没有课程 c99"),
        ("courses: [c01, ", "courses: [c01, c01, ", "courses: [c01, c01, ", "写了两遍"),
        ("courses: [c07, ", "courses: [c07, c01, ", "courses: [c07, c01, ", "c01 不是 in_service 这一层的课"),
        ("key: in_service", "key: onboarding", "", "onboarding 已经写过"),
        ("layer: onboarding", "layer: first", "layer: first", "layer：只能写"),
        ("layer: advanced\n", "layer: advanced\n    planned: [c2]\n", "planned: [c2", "planned"),
    ],
)
def test_what_a_broken_programme_says(files: Files, old: str, new: str, at: str, problem: str) -> None:
    files.replace(PROGRAMME_FILE, old, new)
    errors = [each for each in files.examine(*KINDS, PROGRAMMES).problems.errors if each.path == PROGRAMME_FILE]
    assert any(problem in each.text for each in errors), [str(each) for each in errors]
    if at:
        assert files.line_of(PROGRAMME_FILE, at.strip()) in {each.line for each in errors}


def test_a_planned_course_that_is_written_is_a_warning(files: Files) -> None:
    files.replace(PROGRAMME_FILE, ", c05", "")
    files.replace(PROGRAMME_FILE, "layer: in_service\n", "layer: in_service\n    planned: [c05]\n")
    found = files.examine(*KINDS, PROGRAMMES)
    assert "c05 已经写好了" in str([each.text for each in found.problems.warnings])


def test_the_shipped_programmes() -> None:
    [file] = shipped_content().library.all(ContentKind.PROGRAMMES).values()
    assert list(file.by_key) == ["onboarding", "in_service", "advanced", "leader"]
    assert sorted(key for each in file.programmes for key in each.courses) == list(SHIPPED)
    every = sorted(key for each in file.programmes for key in (*each.courses, *each.planned))
    assert every == [f"c{number:02}" for number in range(1, 17)]


def test_what_the_courses_do_not_cover_is_planned(files: Files) -> None:
    assert list(shipped_content().planned) == []
    alone = [key for key in SHIPPED if "layer: leader" in files.text(course_file(key))]
    files.without(*alone)
    [bank] = files.root.glob("quizzes/*/*/c07.yaml")
    bank.unlink()
    for path in files.root.glob("courses/*/*/*/*.zh.md"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"(functions: .*)follow_up", r"\1common", text), encoding="utf-8")
    found = [str(each) for each in files.examine().planned]
    at = files.line_of(PROGRAMME_FILE, "layer: leader")
    for words in ("职业道德", "法律法规", "业务知识"):
        assert f"{PROGRAMME_FILE}:{at}: 网格长培训 · {words}：这一格还没有课" in found
    assert any("在岗培训 · 职业道德：c07 还没有题" in each for each in found)
    assert any("五项职能：还没有课讲“监督”" in each for each in found)


def test_a_competency_that_no_question_asks_for_is_planned(files: Files) -> None:
    files.without(*COORDINATING)
    path = "courses/_framework/competencies.yaml"
    found = [str(each) for each in files.examine().planned]
    assert f"{path}:{files.line_of(path, 'code: COR1')}: COR1 统筹协同与带教：还没有题" in found
