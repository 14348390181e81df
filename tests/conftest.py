"""Fixtures for all tests. Whatever takes ``db`` or ``app`` runs on SQLite and on PostgreSQL.

Every test gets databases of its own, copied from a template that the migrations made: commits are real,
nothing is rolled back, two connections see what two processes would see. They lie in memory where there is room:
a copy costs 20 ms there and ten times that on a disk.
"""

import os
import pickle
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from lms.app import create_app, make_database
from lms.config import Settings, load_settings
from lms.core import clock
from lms.core.db import Base, Database
from lms.migrations import run as migrations
from tests import postgres
from tests.world import NOW, PASSWORD, World, build

IN_MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
"""Bytes that must be free in memory; what a run needs at once is a quarter of that."""


def _keep_files_in_memory() -> None:
    """Let temporary files of this process and its children lie in memory, unless TMPDIR says where they should."""
    if "TMPDIR" not in os.environ and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = str(IN_MEMORY)
        tempfile.tempdir = None


SLOW = ("tests/demo/", "tests/journeys/", "tests/architecture/", "tests/test_server.py", "tests/certification/")
"""What begins first, so that no process is left with a long file at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, and all that look at the demo, since loading it takes half a minute."""
    paths = {item: item.path.relative_to(config.rootpath).as_posix() for item in items}
    for item, path in paths.items():
        item.add_marker(pytest.mark.xdist_group("demo" if path.startswith("tests/demo/") else path))
    items.sort(key=lambda item: next((at for at, start in enumerate(SLOW) if paths[item].startswith(start)), len(SLOW)))


_keep_files_in_memory()
_numbers = count(1)
_TEMPLATES = Path(__file__).parents[1] / "build" / "templates"
_TEMPLATES.mkdir(parents=True, exist_ok=True)
_compiled_templates = FileSystemBytecodeCache(str(_TEMPLATES))


@pytest.fixture(autouse=True)
def frozen_clock() -> Iterator[None]:
    """Every test stands at 2026-11-24 10:00 in Asia/Shanghai unless it moves the clock."""
    clock.freeze(NOW)
    yield
    clock.unfreeze()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a test may reach beyond this machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else "unix"
        if host not in {"127.0.0.1", "::1", "localhost", "unix"}:
            raise AssertionError(f"a test tried to reach {address}")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One PostgreSQL server for each test process."""
    with postgres.server() as running:
        yield running


@dataclass(frozen=True)
class Template:
    """A migrated database to copy: a file, or the name of a PostgreSQL database."""

    url: str
    name: str
    world: bytes


def make_settings(folder: Path, url: str, **overrides: Any) -> Settings:
    """Return settings for a test: fast hashes, fixed keys, no environment."""
    values: dict[str, Any] = {
        "instance": folder,
        "database_url": url,
        "secret_key": "test-secret-key-test-secret-key-test",
        "audit_key": "test-audit-key-test-audit-key-test-k",
        "argon2_memory_kib": 8,
        "argon2_time": 1,
        **overrides,
    }
    return load_settings({}, **values)


class Templates:
    """The templates of one backend, each made once for each test process."""

    def __init__(self, backend: str, folder: Path, server: Callable[[], postgres.Server]) -> None:
        self.backend = backend
        self.folder = folder
        self.server = server
        self.made: dict[str, Template] = {}
        self.shared: dict[str, Site] = {}

    def _new_url(self, name: str) -> str:
        if self.backend == "sqlite":
            return f"sqlite:///{self.folder / name}.sqlite"
        return self.server().create(name)

    def get(self, kind: str) -> Template:
        """Return the template ``empty``, ``world`` or ``latin``."""
        if kind not in self.made:
            name = f"template_{kind}"
            url = self._new_url(name)
            clock.freeze(NOW)
            migrations.upgrade(url)
            world = b""
            if kind != "empty":
                db = make_database(make_settings(self.folder, url))
                world = pickle.dumps(build(db, latin=kind == "latin"))
                if db.is_sqlite:
                    with db.engine.connect() as connection:
                        connection.exec_driver_sql("COMMIT")
                        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                        connection.exec_driver_sql("BEGIN")
                db.engine.dispose()
            self.made[kind] = Template(url, name, world)
        return self.made[kind]

    def copy(self, kind: str, folder: Path) -> tuple[str, bytes]:
        """Return the URL of a fresh copy and the pickled world in it."""
        template = self.get(kind)
        if self.backend == "sqlite":
            target = folder / f"copy{next(_numbers)}.sqlite"
            shutil.copyfile(str(sa.make_url(template.url).database), target)
            return f"sqlite:///{target}", template.world
        return self.server().create(f"test_{next(_numbers)}", template.name), template.world

    def discard(self, site: "Site") -> None:
        """Throw a copy away, so that a run of thousands does not fill the machine."""
        site.db.engine.dispose()
        if self.backend == "postgresql":
            self.server().drop(str(sa.make_url(site.settings.database_url).database))


_templates: dict[str, Templates] = {}


@pytest.fixture(params=["sqlite", "postgresql"])
def templates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The templates of the backend this test runs on."""
    backend: str = request.param
    if backend not in _templates:
        _templates[backend] = Templates(
            backend, tmp_path_factory.mktemp(backend), lambda: request.getfixturevalue("postgres_server")
        )
    templates = _templates[backend]
    if backend == "postgresql":
        server = request.getfixturevalue("postgres_server")
        templates.server = lambda: server
    return templates


@dataclass
class Site:
    """One database with its settings and the organisation in it."""

    settings: Settings
    db: Database
    world: World


def open_site(templates: Templates, folder: Path, kind: str, **overrides: Any) -> Site:
    """Return a site on a fresh copy of a template."""
    url, world = templates.copy(kind, folder)
    settings = make_settings(folder / "instance", url, **overrides)
    return Site(settings, make_database(settings), pickle.loads(world) if world else World())  # noqa: S301


@pytest.fixture
def site(templates: Templates, tmp_path: Path) -> Iterator[Site]:
    """The small organisation of ``tests.world`` in a database of its own."""
    made = open_site(templates, tmp_path, "world")
    yield made
    templates.discard(made)


@pytest.fixture
def shared_site(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same organisation, shared by the tests that leave it as it was: they read, or what they do is refused."""
    if "world" not in templates.shared:
        templates.shared["world"] = open_site(templates, tmp_path_factory.mktemp("shared"), "world")
    made = templates.shared["world"]
    before = _all_rows(made.db)
    yield made
    assert _all_rows(made.db) == before, "this test writes: take ``site``"


def _all_rows(db: Database) -> list[tuple[str, int]]:
    """Return how many rows each table has, and where the audit trail stands: enough to notice a write."""
    with db.reading() as session:
        counts = [
            sa.select(sa.literal(table.name), sa.func.count()).select_from(table)
            for table in Base.metadata.sorted_tables
        ]
        return [(name, count) for name, count in session.execute(sa.union_all(*counts))]


@pytest.fixture
def latin_site(templates: Templates, tmp_path: Path) -> Iterator[Site]:
    """The same organisation with Latin names, for English pages."""
    made = open_site(templates, tmp_path, "latin", default_language="en")
    yield made
    templates.discard(made)


@pytest.fixture
def empty_site(templates: Templates, tmp_path: Path) -> Iterator[Site]:
    """A migrated database with nothing in it."""
    made = open_site(templates, tmp_path, "empty")
    yield made
    templates.discard(made)


@pytest.fixture
def db(site: Site) -> Database:
    """The database of the small organisation."""
    return site.db


@pytest.fixture
def world(site: Site) -> World:
    """The ids of the small organisation."""
    return site.world


@pytest.fixture
def app(site: Site) -> Flask:
    """The application on the small organisation."""
    return make_app(site)


def make_app(site: Site) -> Flask:
    """Return the application on a site; compiled templates are kept between tests."""
    app = create_app(site.settings, site.db)
    app.jinja_env.bytecode_cache = _compiled_templates
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a session."""
    return app.test_client()


def csrf(client: FlaskClient, path: str = "/sign-in") -> str:
    """Return the CSRF token of a page."""
    text = client.get(path).get_data(as_text=True)
    marker = 'name="csrf_token" value="'
    start = text.index(marker) + len(marker)
    return text[start : text.index('"', start)]


def post(client: FlaskClient, path: str, data: dict[str, Any] | None = None, *, page: str = "/me") -> Any:
    """Post a form with the token of ``page``."""
    return client.post(path, data={"csrf_token": csrf(client, page), **(data or {})})


def sign_in_as(client: FlaskClient, number: str, password: str = PASSWORD) -> Any:
    """Sign a person of the world in and return the response."""
    return client.post(
        "/sign-in",
        data={"csrf_token": csrf(client), "staff_number": f"CG00{number}", "password": password},
    )


@pytest.fixture
def as_person(app: Flask) -> Callable[[str], FlaskClient]:
    """Return a function that gives a browser signed in as a person of the world."""

    def signed_in(number: str) -> FlaskClient:
        client = app.test_client()
        response = sign_in_as(client, number)
        assert response.status_code == 302, response.get_data(as_text=True)
        return client

    return signed_in


CountQueries = Callable[[Database], AbstractContextManager[list[str]]]


@pytest.fixture
def count_queries() -> CountQueries:
    """Return a function for ``with count_queries(db) as statements``: what the block asked, BEGIN aside."""

    @contextmanager
    def counting(db: Database) -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
                statements.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", note)

    return counting
