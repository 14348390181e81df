"""Certificate folders: what is read, and everything that is refused with its line (reliability I14)."""

from collections.abc import Iterable

import pytest

from lms.certification.content import CERTIFICATE, CertificateText, parse
from lms.certification.rules import NumberStyle
from lms.config import ROOT
from lms.content.content import Bundle, examine
from lms.content.rules import ContentKind
from lms.core.content import Problems
from lms.courses.content import COURSE

FOLDER = "certificates/onboarding_part1"


def files() -> dict[str, str]:
    return {
        f"{FOLDER}/{name}": (ROOT / FOLDER / name).read_text(encoding="utf-8")
        for name in ("certificate.yaml", "template.html", "style.css")
    }


def read(texts: dict[str, str]) -> tuple[CertificateText | None, list[str]]:
    problems = Problems()
    text = parse(Bundle(ContentKind.CERTIFICATE, "onboarding_part1", 1, texts), problems)
    return text, [str(each).removeprefix(f"{FOLDER}/") for each in problems]


def changed(name: str, before: str, after: str) -> dict[str, str]:
    texts = files()
    path = f"{FOLDER}/{name}"
    assert before in texts[path], before
    texts[path] = texts[path].replace(before, after, 1)
    return texts


def line_of(name: str, text: str) -> int:
    source = files()[f"{FOLDER}/{name}"]
    return source[: source.index(text)].count("\n") + 1


def test_the_certificate_of_the_checkout() -> None:
    text, problems = read(files())
    assert problems == []
    assert text is not None
    assert (text.key, text.courses, text.valid_months) == ("onboarding_part1", ("c01", "c04", "c05"), 24)
    assert text.title == "岗前培训（第一部分）学习证明"
    assert text.number.style is NumberStyle.CERTIFICATE
    text = text.of_office("晨光街道", "Chenguang Sub-district")
    assert (text.issuer, text.issuer_en) == ("晨光街道办事处", "Chenguang Sub-district Office")
    assert text.series == "晨街网培证字"
    assert text.number_text(2026, 12) == text.number.example == "晨街网培证字〔2026〕第0012号"


@pytest.mark.parametrize(
    ("name", "name_en", "issuer", "issuer_en", "series"),
    [
        ("槐树街道", "Huaishu Sub-district", "槐树街道办事处", "Huaishu Sub-district Office", "槐街网培证字"),
        ("槐树街道办事处", "", "槐树街道办事处", "", "槐街网培证字"),
        ("石桥镇", "Shiqiao Town", "石桥镇办事处", "Shiqiao Town Office", "石镇网培证字"),
    ],
)
def test_each_office_issues_in_its_own_name(name: str, name_en: str, issuer: str, issuer_en: str, series: str) -> None:
    text, _problems = read(files())
    assert text is not None
    own = text.of_office(name, name_en)
    assert (own.issuer, own.issuer_en, own.series) == (issuer, issuer_en, series)


def test_an_office_may_write_its_own_words() -> None:
    text, problems = read(changed("certificate.yaml", 'issuer: "{office}办事处"', "issuer: 石桥镇人民政府"))
    assert problems == []
    assert text is not None
    assert text.of_office("石桥镇", "").issuer == "石桥镇人民政府"


def test_it_is_found_and_its_courses_are_there() -> None:
    assert [str(each) for each in examine([COURSE, CERTIFICATE], ROOT).problems if "certificates" in each.path] == []


def test_a_course_that_is_not_there_is_a_problem() -> None:
    found = examine([CERTIFICATE], ROOT).problems
    assert [str(each) for each in found] == [
        f"{FOLDER}/certificate.yaml:{line_of('certificate.yaml', 'courses:')}: 没有课程 {key}"
        for key in ("c01", "c04", "c05")
    ]


ATTACKS: Iterable[tuple[str, str]] = [
    ("{{score}}", "没有这个填空：score"),
    ("{{ name|upper }}", "不能写 {{"),
    ("{{ name.__class__ }}", "不能写 {{"),
    ("{{ 7*7 }}", "不能写 {{"),
    ("{{ ('a'*10**9)|length }}", "不能写 {{"),
    ("{% for x in y %}", "不能写 {%"),
    ("{# note #}", "不能写 {#"),
    ("<!-- {{name}} -->", "注释里不要写填空"),
    ("<script>alert(1)</script>", "不能用 <script>"),
    ('<img src="logo.png">', "不能用 <img>"),
    ('<iframe src="https://a.example"></iframe>', "不能用 <iframe>"),
    ('<object data="file:///etc/passwd"></object>', "不能用 <object>"),
    ('<base href="https://a.example/">', "不能用 <base>"),
    ('<svg><image href="https://a.example/x.png"/></svg>', "不能用 <image>"),
    ('<link rel="attachment" href="file:///etc/passwd">', "只能写 <link"),
    ('<a href="https://a.example">x</a>', "不能用 <a>"),
    ('<svg><use href="https://a.example/x.svg#y"/></svg>', "不能引用别处的东西"),
    ('<svg><use xlink:href="file:///etc/passwd#y"/></svg>', "不能引用别处的东西"),
    ('<svg><rect fill="url(https://a.example/x)"/></svg>', "不能引用别处的东西"),
    ('<p style="background:url(https://a.example)">x</p>', "不能用属性 style"),
    ('<p onclick="x()">x</p>', "不能用属性 onclick"),
    ('<meta http-equiv="refresh" content="0">', "不能用属性 http-equiv"),
    ('<p title="{{name}}">x</p>', "填空只能放在文字里"),
    ("<style>p{}</style>", "不能用 <style>"),
    ("<![CDATA[x]]>", "不能写 <!["),
    ("<?php x ?>", "不能写 <?"),
]


@pytest.mark.parametrize(("attack", "problem"), ATTACKS)
def test_a_template_is_data(attack: str, problem: str) -> None:
    marker = '<div class="check">'
    text, problems = read(changed("template.html", marker, f"{attack}{marker}"))
    assert text is None
    assert any(
        each.startswith(f"template.html:{line_of('template.html', marker)}:") and problem in each for each in problems
    ), problems


@pytest.mark.parametrize(
    "name", ["name", "number", "issuer", "issued_on", "expires_on", "qr", "typed_code", "reissue_mark"]
)
def test_no_paper_leaves_out_what_it_needs(name: str) -> None:
    texts = files()
    path = f"{FOLDER}/template.html"
    texts[path] = texts[path].replace("{{" + name + "}}", "")
    _, problems = read(texts)
    assert f"template.html:1: 缺填空 {{{{{name}}}}}" in problems


def test_the_template_names_its_stylesheet() -> None:
    _, problems = read(changed("template.html", '<link rel="stylesheet" href="style.css">', ""))
    assert problems == ['template.html:1: 缺 <link rel="stylesheet" href="style.css">']


@pytest.mark.parametrize(
    "attack",
    [
        '@import "https://a.example/x.css";',
        "p{background:url(https://a.example/x.png)}",
        "p{background:URL (x)}",
        "@font-face{font-family:x}",
        r"p{background:\75rl(https://a.example)}",
        "p{content:'{{name}}'}",
        "</style><script>",
    ],
)
def test_a_stylesheet_reaches_nothing_outside(attack: str) -> None:
    marker = ".qr{"
    text, problems = read(changed("style.css", marker, f"{attack}{marker}"))
    assert text is None
    assert problems
    assert all(each.startswith(f"style.css:{line_of('style.css', marker)}: 样式里不能写") for each in problems)


def test_comments_in_a_stylesheet_may_say_anything() -> None:
    assert read(changed("style.css", ".qr{", "/* url(x)\n @import */.qr{"))[1] == []


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("key: onboarding_part1", "key: other", "key 要和文件夹同名"),
        ("revision: 2", "revision: 0", "不能小于 1"),
        ("valid_months: 24", "valid_months: many", "要写整数"),
        ("valid_months: 24", "valid_months: 24\nseal: x", "不认识的键 seal"),
        ("valid_months: 24", "valid_months: 24\nvalid_months: 36", "重复的键"),
        ("courses: [c01, c04, c05]", "courses: []", "不能空着"),
        ("courses: [c01, c04, c05]", "courses: [c01, c01]", "写了两遍"),
        ("style: certificate", "style: other", "只能写"),
        ("style: certificate", "style: document", "要写成 发文字〔{year}〕{serial}号"),
        ("example: 晨街网培证字〔2026〕第0012号", "example: 晨街网培证字〔2026〕第12号", "第0012号"),
        ("{hours} 学时", "{hours} 学时 {score}", "没有这个填空：score"),
        ("{hours} 学时", "{hours.__class__} 学时", "没有这个填空：hours.__class__"),
        ("{hours} 学时", "{hours 学时", "没有这个填空"),
        ("reissue_mark: （补）", "", "缺 reissue_mark"),
    ],
)
def test_the_file_says_what_is_wrong_and_where(before: str, after: str, problem: str) -> None:
    text, problems = read(changed("certificate.yaml", before, after))
    assert text is None
    assert any(each.startswith("certificate.yaml:") and problem in each for each in problems), problems


def test_a_missing_file_is_a_problem() -> None:
    texts = files()
    del texts[f"{FOLDER}/style.css"]
    assert read(texts) == (None, ["certificate.yaml:1: 这个文件夹里缺 style.css"])


def test_a_missing_translation_is_a_warning() -> None:
    text, problems = read(changed("certificate.yaml", "title_en: Certificate of Study - Onboarding, Part One\n", ""))
    assert text is not None
    assert problems == ["certificate.yaml:3: title 没有英文"]


def test_the_number_can_be_a_document_number() -> None:
    texts = changed("certificate.yaml", "style: certificate", "style: document")
    path = f"{FOLDER}/certificate.yaml"
    texts[path] = texts[path].replace("{code}网培证字〔{year}〕第{serial}号", "晨街网培字〔{year}〕{serial}号")
    texts[path] = texts[path].replace("晨街网培证字〔2026〕第0012号", "晨街网培字〔2026〕12号")
    text, problems = read(texts)
    assert problems == []
    assert text is not None
    assert text.number_text(2026, 7) == "晨街网培字〔2026〕7号"
