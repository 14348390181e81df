"""The launcher: what it does before it serves, and that it keeps two children alive until it is told to stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lms import server
from lms.audit import services as audit
from lms.content import queries as content
from lms.content.rules import ContentKind
from lms.core import clock
from lms.core.errors import SetupError
from lms.core.schema import MIGRATIONS, current_revision, head_revision
from lms.demo import load as demo
from lms.migrations import run as migrations
from lms.people.models import OrgUnit, Person
from tests.conftest import Site, csrf, make_app, open_site
from tests.conftest import Templates as Databases
from tests.content.files import C01, C04, copied


def revisions() -> tuple[str, str]:
    """The revision before the head, and the head."""
    head = ScriptDirectory(str(MIGRATIONS)).get_revision(head_revision())
    assert isinstance(head.down_revision, str)
    return head.down_revision, head.revision


# --- the schema --------------------------------------------------------------------------------------------------


def test_an_empty_database_is_migrated_without_a_copy(templates: Databases, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'n.sqlite'}" if templates.backend == "sqlite" else templates.server().create("fresh")
    site = open_site(templates, tmp_path, "empty")
    site.db.engine.dispose()
    settings = replace(site.settings, database_url=url)
    assert server.upgrade_schema(settings) is None
    assert server.upgrade_schema(settings) is None
    assert not (settings.instance / "backups").exists()
    assert migrations.differences(url) == []


def test_an_older_database_is_copied_before_it_is_moved(site: Site) -> None:
    lower, head = revisions()
    migrations.downgrade(site.settings.database_url, lower)
    copy = server.upgrade_schema(site.settings)
    assert copy is not None
    assert current_revision(site.db.engine) == head
    assert lower in server.verify_backup(site.settings, copy)[0]  # from before, and it could be restored


def test_a_copy_that_fails_stops_the_move(site: Site) -> None:
    """Better an old version that runs than a new one without a way back."""
    lower, _ = revisions()
    migrations.downgrade(site.settings.database_url, lower)
    (site.settings.instance / "backups").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises((OSError, SetupError)):
        server.upgrade_schema(site.settings)
    assert current_revision(site.db.engine) == lower


# --- the port ----------------------------------------------------------------------------------------------------


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that something listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_taken_port_is_refused_with_the_mend(empty_site: Site, taken_port: int) -> None:
    with pytest.raises(SetupError, match=rf"{taken_port} is taken.*PORT=8001"):
        server.refuse_taken_port(replace(empty_site.settings, port=taken_port))
    server.refuse_taken_port(replace(empty_site.settings, port=free_port()))


def test_a_taken_port_is_found_before_the_database_is_touched(
    templates: Databases, tmp_path: Path, taken_port: int
) -> None:
    site = open_site(templates, tmp_path, "empty")
    with pytest.raises(SetupError, match="taken"):
        server.serve(replace(site.settings, port=taken_port))
    with site.db.reading() as session:
        assert session.scalars(sa.select(OrgUnit.id)).all() == []
    site.db.engine.dispose()


def test_a_port_that_was_left_a_moment_ago_is_free(empty_site: Site) -> None:
    """Stopping and starting again must not have to wait for the system's TIME_WAIT."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn's
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            accepted.close()  # the side that closes first keeps the port in TIME_WAIT
    server.refuse_taken_port(replace(empty_site.settings, port=port))


# --- the first start ---------------------------------------------------------------------------------------------


def counts(site: Site) -> tuple[int, int]:
    with site.db.reading() as session:
        return (
            session.scalar(sa.select(sa.func.count()).select_from(OrgUnit)) or 0,
            session.scalar(sa.select(sa.func.count()).select_from(Person)) or 0,
        )


def test_a_first_start_that_was_cut_short_begins_again_and_a_complete_one_does_not(empty_site: Site) -> None:
    class Killed(BaseException):
        """As good as SIGKILL for whoever handles errors."""

    def die(line: str) -> None:
        if "units" in line:
            raise Killed

    with pytest.raises(Killed):
        server.first_start(empty_site.settings, die)
    units, people = counts(empty_site)
    assert units > 5
    assert people == 0
    said: list[str] = []
    server.first_start(empty_site.settings, said.append)
    assert counts(empty_site)[0] == units
    assert counts(empty_site)[1] > 50
    assert any("people" in line for line in said)
    with empty_site.db.reading() as session:
        assert demo.is_complete(session)
        assert audit.verify(session)[1] == []
    # What was there before beginning again is kept, should it have been more than a piece of the demo.
    (copy,) = (empty_site.settings.instance / "backups").iterdir()
    assert "before-first-start" in copy.name
    before, said = counts(empty_site), []
    server.first_start(empty_site.settings, said.append)
    assert (counts(empty_site), said) == (before, [])


def test_real_people_are_never_taken_for_a_load_that_was_cut_short(site: Site) -> None:
    before = counts(site)
    server.first_start(site.settings, lambda _line: None)
    assert counts(site) == before
    assert before[1] == 11


def test_without_the_demo_one_administrator_gets_a_slip_that_signs_in(empty_site: Site) -> None:
    settings = replace(empty_site.settings, demo=False, port=8123)
    said: list[str] = []
    server.first_start(settings, said.append)
    slip = "\n".join(said)
    number, code = (line.split()[-1] for line in said if "staff number" in line or "一次性密码" in line)
    assert number == "ADMIN1"
    assert "http://127.0.0.1:8123" in slip
    app = make_app(Site(settings, empty_site.db, empty_site.world))
    assert sign_in(app.test_client(), number, "wrong-code").status_code == 422
    client = app.test_client()
    assert sign_in(client, number, code).status_code == 302
    # The code is good for one thing: choosing a password.
    assert "/me/password" in client.get("/").location
    said.clear()
    server.first_start(settings, said.append)
    assert said == []  # the slip is printed once


def sign_in(client: FlaskClient, number: str, password: str) -> TestResponse:
    data = {"csrf_token": csrf(client), "staff_number": number, "password": password}
    return client.post("/sign-in", data=data)


# --- what is printed and configured ------------------------------------------------------------------------------


def test_the_address_is_one_that_this_machine_can_open(empty_site: Site) -> None:
    settings = replace(empty_site.settings, port=8001)
    assert server.address(settings) == "http://127.0.0.1:8001"
    assert server.address(replace(settings, host="0.0.0.0")) == "http://127.0.0.1:8001"  # noqa: S104
    assert server.address(replace(settings, host="192.0.2.7", certfile="c", keyfile="k")) == "https://192.0.2.7:8001"


def test_demo_passwords_are_printed_in_the_demo_only(empty_site: Site) -> None:
    settings = empty_site.settings
    shown = "\n".join(server.banner(settings))
    assert demo.PASSWORD in shown
    assert all(number in shown for number, _, _ in demo.known_accounts())
    for other in (replace(settings, demo=False), replace(settings, env="production")):
        assert demo.PASSWORD not in "\n".join(server.banner(other))


def test_gunicorn_is_set_up_from_the_settings(empty_site: Site) -> None:
    settings = replace(empty_site.settings, port=8004, workers=3, threads=5, certfile="/c.pem", keyfile="/k.pem")
    web = server.WebServer(settings)
    assert web.cfg.address == [("127.0.0.1", 8004)]
    assert (web.cfg.workers, web.cfg.threads, web.cfg.worker_class_str) == (3, 5, "gthread")
    assert (web.cfg.certfile, web.cfg.keyfile) == ("/c.pem", "/k.pem")
    assert web.cfg.preload_app
    assert web.cfg.graceful_timeout < web.cfg.timeout


def test_the_preloaded_application_shares_no_connection_with_its_children(empty_site: Site) -> None:
    app = server.WebServer(empty_site.settings).load()
    db = app.extensions["lms.database"]
    assert (db.engine.pool.checkedin(), db.engine.pool.checkedout()) == (0, 0)
    db.engine.dispose()


# --- real processes ----------------------------------------------------------------------------------------------


def children(pid: int) -> dict[str, int]:
    """The launcher's children by what they are."""
    found: dict[str, int] = {}
    for path in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split():
        try:
            command = Path(f"/proc/{path}/cmdline").read_text(encoding="utf-8").split("\0")
        except FileNotFoundError:
            continue
        found[command[-2] if command[-2:-1] else "?"] = int(path)
    return found


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until the condition holds; fail when the process ends or a minute passes before."""
    pause = threading.Event()
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the launcher ended"
        assert time.monotonic() < end, "it took too long"
        pause.wait(0.05)


@pytest.mark.full
def test_serving_keeps_two_children_alive_and_stops_them_all(empty_site: Site, tmp_path: Path) -> None:
    clock.unfreeze()
    port = free_port()
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "lms", "serve"],
        cwd=Path(__file__).parents[1],
        env={
            "PATH": os.environ["PATH"],
            "LMS_INSTANCE": str(empty_site.settings.instance),
            "LMS_DATABASE_URL": empty_site.settings.database_url,
            "LMS_PORT": str(port),
            "LMS_WORKERS": "1",
            "LMS_DEMO": "0",
        },
        stdout=log,
        stderr=log,
    )

    def healthy() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return bool(json.load(answer) == {"status": "ok"})
        except (urllib.error.URLError, ConnectionError):
            return False

    def gone(pid: int) -> bool:
        return not Path(f"/proc/{pid}").exists()

    try:
        wait_for(healthy, process)
        wait_for(lambda: set(children(process.pid)) == {"web", "work"}, process)
        first = children(process.pid)["work"]
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: children(process.pid).get("work", first) != first, process)
        assert healthy()
        before = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert all(gone(pid) for pid in before.values())
        assert not healthy()
        said = (tmp_path / "log").read_text(encoding="utf-8")
        assert "ADMIN1" in said
        assert "the worker ended with -9" in said
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        log.close()


@pytest.mark.full
def test_children_end_when_the_launcher_is_killed(empty_site: Site, tmp_path: Path) -> None:
    """A second worker beside an orphaned one, or a port that stays taken, would be the price."""
    clock.unfreeze()
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "lms", "serve"],
        cwd=Path(__file__).parents[1],
        env={
            "PATH": os.environ["PATH"],
            "LMS_INSTANCE": str(empty_site.settings.instance),
            "LMS_DATABASE_URL": empty_site.settings.database_url,
            "LMS_PORT": str(free_port()),
            "LMS_WORKERS": "1",
            "LMS_DEMO": "0",
        },
        stdout=log,
        stderr=log,
    )
    try:
        wait_for(lambda: "worker ready" in (tmp_path / "log").read_text(encoding="utf-8"), process)
        wait_for(lambda: set(children(process.pid)) == {"web", "work"}, process)
        left = children(process.pid)
        process.kill()
        process.wait()
        end = time.monotonic() + 25
        while any(Path(f"/proc/{pid}").exists() for pid in left.values()):
            assert time.monotonic() < end, "children outlive the launcher"
            threading.Event().wait(0.1)
    finally:
        process.kill()
        process.wait()
        log.close()


def test_content_is_taken_in_at_the_start_and_only_when_it_changed(empty_site: Site, tmp_path: Path) -> None:
    files = copied(tmp_path / "content")
    settings = replace(empty_site.settings, content_root=files.root)
    said: list[str] = []
    server.sync_content(settings, said.append)
    assert len(said) == 1
    assert "载入学习内容" in said[0]
    server.sync_content(settings, said.append)
    assert len(said) == 1
    files.replace(f"{C01}/01.zh.md", "脸一红", "脸红了")
    files.replace(f"{C04}/course.yaml", "hours: 3.5", "hours: 4")
    with empty_site.db.reading() as session:
        before = content.current(session, ContentKind.COURSE, "c04").revision
    server.sync_content(settings, said.append)
    assert "载入学习内容 1 份" in said[1]
    assert "lms content check" in said[2]
    with empty_site.db.reading() as session:
        assert content.current(session, ContentKind.COURSE, "c04").revision == before


# --- what the processes share ------------------------------------------------------------------------------------


def test_templates_are_compiled_before_the_web_processes_part(site: Site) -> None:
    app = make_app(site)
    server.warm(app, site.db)
    assert app.jinja_env.cache is not None
    compiled = {name for _loader, name in app.jinja_env.cache.keys()}  # noqa: SIM118 - jinja's cache is no mapping
    assert compiled >= set(app.jinja_env.list_templates(extensions=["html"])) > {"dashboard/home.html"}


def test_the_children_give_memory_back_unless_the_environment_says_otherwise(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "4096")
    child = server.Launcher(site.settings)._start("settings")
    environment = Path(f"/proc/{child.pid}/environ").read_bytes().decode().split("\0")
    assert child.wait(60) == 0
    assert {"MALLOC_ARENA_MAX=2", "MALLOC_TRIM_THRESHOLD_=4096"} <= set(environment)
