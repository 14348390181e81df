"""The import contract holds, and nothing stands outside it."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import LMS, ROOT

WITHOUT_INSIDE = {"core", "access", "web", "migrations", "demo"}
"""Packages whose modules are building blocks or scripts beside each other, not the layers of one feature."""


@pytest.fixture(scope="module")
def contracts() -> dict[str, dict[str, Any]]:
    """The contracts of pyproject.toml by their id."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["id"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def packages() -> list[str]:
    return sorted(path.parent.name for path in LMS.glob("*/__init__.py"))


def test_every_contract_is_kept() -> None:
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert " 0 broken" in result.stdout


def test_every_feature_package_is_layered_inside(contracts: dict[str, dict[str, Any]]) -> None:
    listed = {name.removeprefix("lms.") for name in contracts["inside"]["containers"]}
    expected = set(packages()) - WITHOUT_INSIDE
    assert listed == expected, "the containers of the contract “inside” must be exactly the feature packages"


def test_every_package_with_tables_has_a_home(contracts: dict[str, dict[str, Any]]) -> None:
    with_tables = [
        name for name in packages() if (LMS / name / "models.py").exists() or (LMS / name / "models").is_dir()
    ]
    for name in with_tables:
        home = contracts.get(f"home-{name}")
        assert home is not None, f"pyproject.toml needs a contract home-{name}: who may import lms.{name}.models"
        assert home["type"] == "protected"
        assert home["protected_modules"] == [f"lms.{name}.models"]
        strangers = set(home["allowed_importers"]) - {f"lms.{name}.services", "lms.*.queries", "lms.migrations.env"}
        assert not strangers, f"read across, write at home: {sorted(strangers)} may not import lms.{name}.models"
    homes = {name.removeprefix("home-") for name in contracts if name.startswith("home-")}
    assert homes == set(with_tables), "a home-… contract without its models module"


def test_the_layers_name_every_part(contracts: dict[str, dict[str, Any]]) -> None:
    contract = contracts["packages"]
    named = {part.strip(" ()") for line in contract["layers"] for part in line.split("|")}
    modules = {path.stem for path in LMS.glob("*.py")} - {"__init__"}
    missing = (set(packages()) | modules) - named
    assert not missing, f"the contract “packages” must place {sorted(missing)}"
    assert contract["exhaustive"] is True
    assert contracts["inside"]["exhaustive"] is True
