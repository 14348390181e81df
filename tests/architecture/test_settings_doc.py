"""docs/settings.md lists the settings that exist."""

from lms.cli import settings_table
from tests.architecture.sources import ROOT


def test_the_page_holds_the_table_of_the_settings() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert settings_table() in page, "docs/settings.md is old: paste what `lms settings --markdown` prints"


def test_the_table_shows_no_path_of_this_machine() -> None:
    assert str(ROOT) not in settings_table()
