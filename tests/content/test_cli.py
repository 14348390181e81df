"""``lms content``: what it prints and its exit code."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lms import registry
from lms.content.cli import group
from lms.core.console import Console
from lms.core.errors import LMSError
from tests.conftest import Site, make_settings
from tests.content.files import C01, Files, copied

Run = Callable[..., Result]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return copied(tmp_path / "content")


def run(site: Site | None, files: Files, *arguments: str) -> Result:
    def no_database() -> object:
        assert site is not None, "this command needs no database"
        return site.db

    def words(error: LMSError) -> str:
        return error.code

    settings = make_settings(files.root / "instance", "sqlite:////nowhere/x.sqlite", content_root=files.root)
    console = Console(settings, no_database, words, {}, (), registry.CONTENT_TYPES)  # type: ignore[arg-type]
    return CliRunner().invoke(group, list(arguments), obj=console)


def test_whole_files_pass_without_a_database(files: Files) -> None:
    files.without("c16")
    result = run(None, files, "check")
    assert result.exit_code == 0, result.output
    assert "问题 0 处" in result.output
    assert "· courses/_framework/duties.yaml:" in result.output
    assert "等课程" in result.output
    assert run(None, files, "check", "--strict").exit_code == 0


def test_every_problem_is_printed_at_once(files: Files) -> None:
    files.replace(f"{C01}/course.yaml", "hours: 3.5", "hours: 4")
    files.replace(f"{C01}/02.zh.md", "cites: [pipl/6]", "cites: [pipl/7]")
    result = run(None, files, "check")
    assert result.exit_code == 1
    assert (
        f"✗ {C01}/course.yaml:{files.line_of(f'{C01}/course.yaml', 'hours: 4')}: 6 课要写 hours: 3.5" in result.output
    )
    line = files.line_of(f"{C01}/02.zh.md", "cites: [pipl/7]")
    assert f"✗ {C01}/02.zh.md:{line}: 登记册里没有 pipl/7" in result.output


def test_warnings_fail_only_when_strict(files: Files) -> None:
    files.replace(f"{C01}/course.yaml", "short_en: Role\n", "")
    assert run(None, files, "check").exit_code == 0
    result = run(None, files, "check", "--strict")
    assert result.exit_code == 1
    assert "! " in result.output


def test_sync_says_what_it_took_in_and_what_it_left_out(site: Site, files: Files) -> None:
    files.replace(f"{C01}/01.zh.md", "脸一红", "脸红了")
    result = run(site, files, "sync")
    assert result.exit_code == 0, result.output
    assert "✓ course:c01" in result.output
    assert "更新 0 份" in run(site, files, "sync").output
    files.replace(f"{C01}/course.yaml", "hours: 3.5", "hours: 4")
    broken = run(site, files, "sync")
    assert broken.exit_code == 1
    assert "hours: 3.5" in broken.output
