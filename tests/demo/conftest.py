"""The demo, loaded once for each database: cut short first, then by ``lms demo load``, then only looked at."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lms.app import make_database
from lms.cli import main
from lms.core import clock
from lms.demo import load as demo
from lms.migrations import run as migrations
from tests.conftest import Site, Template, Templates, make_settings
from tests.world import NOW, World


class Killed(BaseException):
    """As good as SIGKILL for whoever handles errors."""


def lms(site: Site, *arguments: str, typed: str = "") -> Result:
    """Run an ``lms`` command on a site."""
    return CliRunner().invoke(
        main,
        list(arguments),
        input=typed,
        env={
            "LMS_INSTANCE": str(site.settings.instance),
            "LMS_DATABASE_URL": site.settings.database_url,
            "LMS_ARGON2_MEMORY_KIB": "8",
            "LMS_ARGON2_TIME": "1",
        },
    )


@dataclass(frozen=True)
class Loaded:
    """How the demo of one database came to be. ``cut_short``: lines of the load that was killed."""

    instance: Path
    result: Result
    cut_short: list[str] = field(default_factory=list)


_loaded: dict[str, Loaded] = {}


def _load(templates: Templates, folder: Path) -> Loaded:
    """Load the demo into a database of its own, kill that in its second month, and load it again."""
    clock.freeze(NOW)
    name = "template_demo"
    url = templates._new_url(name)
    migrations.upgrade(url)
    settings = make_settings(folder, url)
    site = Site(settings, make_database(settings), World())
    said: list[str] = []

    def die(line: str) -> None:
        said.append(line)
        if "July" in line:
            raise Killed

    with pytest.raises(Killed):
        demo.load(site.db, settings, die)
    site.db.engine.dispose()
    result = lms(site, "demo", "load")
    templates.made["demo"] = Template(url, name, b"")
    if site.db.is_sqlite:
        with site.db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    site.db.engine.dispose()
    return Loaded(folder, result, said)


@pytest.fixture
def loaded(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """How the demo was loaded."""
    if templates.backend not in _loaded:
        _loaded[templates.backend] = _load(templates, tmp_path_factory.mktemp("demo"))
    return _loaded[templates.backend]


@pytest.fixture
def demo_site(templates: Templates, loaded: Loaded, tmp_path: Path) -> Iterator[Site]:
    """A copy of the loaded demo, with the files that were made."""
    url, _ = templates.copy("demo", tmp_path)
    settings = make_settings(loaded.instance, url)
    site = Site(settings, make_database(settings), World())
    yield site
    site.db.engine.dispose()
