"""The framework file: what it holds, and a problem with its line for everything that is wrong."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from lms.competency.content import FRAMEWORK, KEY, Framework
from lms.content.content import examine
from lms.core.content import Problems

SHIPPED = Path(__file__).resolve().parents[2] / "courses" / "_framework" / f"{KEY}.yaml"


def read(folder: Path, text: str) -> tuple[Framework | None, Problems]:
    path = folder / "courses" / "_framework" / f"{KEY}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    found = examine([FRAMEWORK], folder)
    return found.library.get(FRAMEWORK.kind, KEY), found.problems


def changed(folder: Path, change: Callable[[Any], object]) -> tuple[Framework | None, list[str]]:
    """Return what is read of the shipped file after a change, and the texts of the problems."""
    value = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    change(value)
    framework, problems = read(folder, yaml.safe_dump(value, allow_unicode=True, sort_keys=False))
    return framework, [each.text for each in problems]


def test_the_shipped_file_is_whole(tmp_path: Path) -> None:
    framework, problems = read(tmp_path, SHIPPED.read_text(encoding="utf-8"))
    assert list(problems) == []
    assert framework is not None
    assert len(framework.by_code) == 18
    assert list(framework.by_code)[:3] == ["ETH1", "ETH2", "ETH3"]
    assert framework.codes == set(framework.by_code)
    assert (framework.weights.quiz, framework.weights.scenario, framework.weights.observed) == (
        Decimal("0.5"),
        Decimal("0.3"),
        Decimal("0.2"),
    )
    assert framework.valid_months == 24
    first = framework.by_code["ETH1"]
    assert first.name_in("zh") == "服务意识与群众观念"
    assert first.name_in("en").startswith("Service attitude")
    assert (first.axis_in("zh"), first.axis_in("en")) == ("服务", "Service")
    assert first.levels[1].seen[0].key == "eth1-1a"
    assert framework.levels[4].name_in("en") == "Can lead others"


def test_missing_english_is_a_warning_and_chinese_stands_in(tmp_path: Path) -> None:
    def change(value: Any) -> None:
        first = value["competencies"][0]
        for name in ("name_en", "short_en", "why_en"):
            del first[name]
        first["levels"][1]["does_en"] = " "
        del first["levels"][1]["seen"][0]["text_en"]
        del value["levels"][1]["name_en"]

    value = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    change(value)
    framework, problems = read(tmp_path, yaml.safe_dump(value, allow_unicode=True, sort_keys=False))
    assert problems.errors == []
    assert [each.text for each in problems.warnings] == [
        "缺英文 name_en",
        "缺英文 name_en",
        "缺英文 short_en",
        "缺英文 why_en",
        "缺英文 does_en",
        "缺英文 text_en",
    ]
    assert framework is not None
    first = framework.by_code["ETH1"]
    assert first.name_in("en") == first.name
    assert first.why_in("en") == first.why
    assert first.axis_in("en") == "服务"
    assert first.levels[1].seen[0].text_in("en") == first.levels[1].seen[0].text
    assert framework.levels[1].name_in("en") == "了解"
    assert first.levels[2].does_in("en") == first.levels[2].does_en


def _twice(value: Any) -> None:
    value["competencies"][1]["code"] = "ETH1"


def _seventeen(value: Any) -> None:
    value["competencies"].pop()


def _weights(value: Any) -> None:
    value["score"]["quiz"] = 0.6


def _short(value: Any) -> None:
    value["competencies"][0]["short"] = "服务"


def _same_axis(value: Any) -> None:
    value["competencies"][0]["short"] = "保密意识"


def _no_level(value: Any) -> None:
    del value["competencies"][0]["levels"][4]


def _same_key(value: Any) -> None:
    value["competencies"][0]["levels"][1]["seen"][1]["key"] = "eth1-1a"


def _key_of_another(value: Any) -> None:
    value["competencies"][0]["levels"][1]["seen"][1]["key"] = "eth2-1z"


def _two_seen(value: Any) -> None:
    value["competencies"][0]["levels"][1]["seen"].pop()


def _zero(value: Any) -> None:
    value["score"]["quiz"] = 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_twice, "编号 ETH1 用了两次"),
        (_seventeen, "能力有 17 项，要有 18 项"),
        (_weights, "三个比重加起来是 1.1，要等于 1"),
        (_short, "短名 服务 要正好 4 个字"),
        (_same_axis, "短名的前两个字 保密 和别的能力一样"),
        (_no_level, "等级要有 1 到 4 级"),
        (_same_key, "行为 eth1-1a 用了两次"),
        (_key_of_another, "行为 eth2-1z 要以 eth1-1 开头"),
        (_two_seen, "至少要 3"),
        (_zero, "要大于 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: Callable[[Any], None], words: str) -> None:
    framework, texts = changed(tmp_path, change)
    assert framework is None
    assert any(words in text for text in texts), texts


def test_a_problem_names_its_line(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    line = text[: text.index("short: 服务意识")].count("\n") + 1
    _, problems = read(tmp_path, text.replace("short: 服务意识", "short: 服务"))
    [problem] = problems
    assert str(problem).startswith(f"courses/_framework/competencies.yaml:{line}: ")


def test_a_file_that_cannot_be_read_is_no_framework(tmp_path: Path) -> None:
    framework, problems = read(tmp_path, "levels: [")
    assert framework is None
    assert len(problems.errors) == 1
