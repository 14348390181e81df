"""The launcher: schema up to date, then web processes and exactly one worker, kept alive until SIGTERM."""

import ctypes
import gc
import hashlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import sqlalchemy as sa
from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy.orm import Session

from lms import backup, registry
from lms.access.identity import CONSOLE
from lms.app import create_app, make_database
from lms.audit import services as audit
from lms.certification import queries as certificates
from lms.config import Settings
from lms.content import queries as texts
from lms.content import services as content
from lms.content.content import examine
from lms.core import clock
from lms.core.db import JOB_BUSY_MS, Database, make_engine
from lms.core.errors import NotFound, SetupError
from lms.core.schema import current_revision
from lms.demo import load as demo
from lms.migrations import run as migrations
from lms.people import queries as people
from lms.people.services import accounts, founding
from lms.people.services.passwords import Passwords

log = logging.getLogger("lms.server")

WORKER_RESTART_SECONDS = 1.0
PR_SET_PDEATHSIG = 1
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn's heartbeat files
FRUGAL_MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}
"""Lets glibc give back what a password hash took (19 MB a time); left to itself each thread would keep it."""


def upgrade_schema(settings: Settings) -> Path | None:
    """Bring the schema up to date. Returns the copy of the database made before, None when none was needed.

    Raises SetupError, naming that copy, when the database is not as its version says.
    """
    if not migrations.is_pending(settings.database_url):
        return None
    copy: Path | None = None
    engine = make_engine(settings.database_url)
    try:
        has_data = current_revision(engine) is not None
    finally:
        engine.dispose()
    if has_data:
        copy = backup.backup(settings.database_url, settings.instance / "backups", label="before-upgrade")
    try:
        migrations.upgrade(settings.database_url)
    except sa.exc.DBAPIError as error:
        where = f"；改之前的副本 / the copy from before: {copy}" if copy is not None else ""
        raise SetupError(
            f"数据库结构升级不了，什么都没有改：{error.orig} / "
            f"the schema cannot be brought up to date, nothing was changed{where}"
        ) from error
    return copy


def refuse_damaged_schema(settings: Settings) -> None:
    """Raise SetupError when tables or columns are not there that the version of the schema promises."""
    found = migrations.differences(settings.database_url)
    if found:
        raise SetupError(
            f"数据库结构坏了，有 {len(found)} 处和版本对不上。运行 lms db check 看是哪里，用 lms restore 恢复 / "
            f"the schema is damaged in {len(found)} places; see lms db check, bring a copy back with lms restore"
        )


class WebServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with our application preloaded, so that its processes share their memory."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        settings = self.settings
        options: dict[str, Any] = {
            "bind": f"{settings.host}:{settings.port}",
            "workers": settings.workers,
            "threads": settings.threads,
            "worker_class": "gthread",
            "preload_app": True,
            "timeout": 60,
            "graceful_timeout": 20,
            "keepalive": 5,
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": settings.log_level.lower(),
            "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
            "proc_name": "lms",
            "control_socket_disable": True,
        }
        if settings.certfile:
            options.update(certfile=settings.certfile, keyfile=settings.keyfile)
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        app = create_app(self.settings)
        db: Database = app.extensions["lms.database"]
        warm(app, db)
        db.engine.dispose()  # nothing of the parent's connections may reach the children
        gc.collect()
        gc.freeze()  # the children's collector would write into every object, and then nothing is shared any more
        return app


def warm(app: Flask, db: Database) -> None:
    """Read every text and compile every template, so that the web processes share them and the first page is fast."""
    with db.reading() as session:
        for each in registry.CONTENT_TYPES:
            with suppress(NotFound):  # a text that this version cannot read: the pages that need it say so
                texts.all_held(session, each)
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)


def _die_with_parent() -> None:
    """Ask Linux to end this process when its parent is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def refuse_taken_port(settings: Settings) -> None:
    """Raise SetupError with the mend when something listens on the address already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SetupError(
                f"端口 {settings.port} 已被占用，换一个：PORT=8001 make run / "
                f"port {settings.port} is taken, choose another: PORT=8001 make run ({error.strerror})"
            ) from error


class Launcher:
    """Starts the two children, restarts the worker, forwards signals, ends when the web server ends."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = False
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**FRUGAL_MALLOC, **os.environ}
        return subprocess.Popen([sys.executable, "-m", "lms", *arguments], env=environment, preexec_fn=_die_with_parent)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        for child in (self.web, self.worker):
            if child is not None and child.poll() is None:
                child.send_signal(signal.SIGTERM if number == signal.SIGINT else number)

    def run(self) -> int:
        """Serve until told to stop; return the exit code of the web server (0 after a stop)."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        self.web = self._start("web")
        started = 0.0
        while self.web.poll() is None and not self.stopping:
            if (self.worker is None or self.worker.poll() is not None) and (
                time.monotonic() - started > WORKER_RESTART_SECONDS
            ):
                if self.worker is not None:
                    log.warning("the worker ended with %s, starting another", self.worker.returncode)
                self.worker = self._start("jobs", "work")
                started = time.monotonic()
            time.sleep(0.2)
        self._stop(signal.SIGTERM, None)
        code = self.web.wait()
        if self.worker is not None:
            self.worker.wait()
        return 0 if code in {0, -signal.SIGTERM} else code


def sync_content(settings: Settings, say: Callable[[str], None]) -> None:
    """Take content files that changed into the database; one with problems is named and its last good text stays."""
    found = examine(registry.CONTENT_TYPES, settings.content_root)
    db = make_database(settings, busy_ms=JOB_BUSY_MS)
    try:
        with db.writing() as session:
            report = content.sync(session, CONSOLE, found.good, now=clock.now())
    finally:
        db.engine.dispose()
    if report.changed:
        say(f"载入学习内容 {len(report.changed)} 份 / {len(report.changed)} texts of the content taken in")
    if found.problems.errors:
        say("有内容没有载入，运行 lms content check 看看 / some content was left out, lms content check says why")


def first_start(settings: Settings, say: Callable[[str], None]) -> None:
    """Fill an empty database: the demo, or one administrator with a slip (``LMS_DEMO=0``)."""
    db = make_database(settings, busy_ms=JOB_BUSY_MS)
    try:
        with db.reading() as session:
            is_empty = people.is_empty(session)
            if not is_empty and (people.real_people_exist(session) or demo.is_complete(session)):
                return
        if not is_empty:  # a first start that was cut short: begin again, but throw nothing away unseen
            db.engine.dispose()
            backup.backup(settings.database_url, settings.instance / "backups", label="before-first-start")
            migrations.downgrade(settings.database_url, "base")
            migrations.upgrade(settings.database_url)
        if settings.demo:
            say("载入演示数据… / loading the demo…")
            demo.load(db, settings, say)
            return
        prepared = accounts.prepare_code(Passwords(settings.argon2_memory_kib, settings.argon2_time))
        with db.writing() as session:
            person = founding.first_administrator(session, prepared, now=clock.now())
            lines = founding.slip(person.name, person.staff_number, prepared.code, address(settings))
        for line in lines:
            say(line)
    finally:
        db.engine.dispose()


def address(settings: Settings) -> str:
    """Return the address to open in a browser on this machine."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", ""} else settings.host  # noqa: S104
    return f"{'https' if settings.certfile else 'http'}://{host}:{settings.port}"


def banner(settings: Settings) -> list[str]:
    """Return the lines printed when the product starts: where it is and, in the demo, who can sign in."""
    lines = ["", f"  网格学堂 Grid Academy  →  {address(settings)}"]
    if settings.host == "127.0.0.1":
        lines.append("  手机也要用：HOST=0.0.0.0 make run / to let phones in: HOST=0.0.0.0 make run")
    if settings.demo and not settings.is_production:
        lines.append(f"  演示账号（密码都是 {demo.PASSWORD}） / demo accounts, one password for all:")
        lines += [f"    {number}  {name}  {what}" for number, name, what in demo.known_accounts()]
    return [*lines, ""]


def serve(settings: Settings) -> int:
    """Bring the schema up to date, fill an empty database, and serve until stopped.

    Raises SetupError when the port is taken or a setting is unsafe.
    """
    refuse_taken_port(settings)
    copy = upgrade_schema(settings)
    if copy is not None:
        log.info("copy of the database from before the upgrade: %s", copy)
    refuse_damaged_schema(settings)
    first_start(settings, print_line)  # the demo takes the content in on the first day of its history
    sync_content(settings, print_line)
    for line in banner(settings):
        print_line(line)
    return Launcher(settings).run()


def print_line(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve_web(settings: Settings) -> None:
    """Run the web processes in this process. The schema must be at head."""
    WebServer(settings).run()


def verify_backup(settings: Settings, copy: Path) -> list[str]:
    """Restore a copy beside the live database, check it whole, and say what was seen, a line each.

    The copy must be whole, its schema known to this version, its audit chain without a break.
    Raises SetupError with what is wrong.
    """
    if ".part" in copy.suffixes:
        raise SetupError("这份副本没有做完 / this copy was never finished")
    try:
        if copy.suffix == ".dump":
            return _verify_dump(settings, copy)
        with tempfile.TemporaryDirectory(dir=settings.instance) as folder:
            target = Path(folder) / "restored.sqlite"
            backup.restore_sqlite(copy, target)
            return _verify_restored(f"sqlite:///{target}", settings, copy)
    except sa.exc.DBAPIError as error:
        raise SetupError(f"副本坏了 / the copy is damaged: {error.orig}") from error


def _verify_papers(session: Session, copy: Path) -> str:
    """Compare the papers that the copy's rows name with those packed beside it; return the line that says so.

    Raises SetupError when one is missing or not the one that was issued.
    """
    rows = certificates.papers_on_file(session)
    pack = backup.pack_of(copy)
    if not pack.exists():
        if not rows:
            return "✓ 还没有证书文件 / no certificate files yet"
        raise SetupError(
            f"缺 {pack.name}：{len(rows)} 份证书的文件不在副本里。和数据库副本放在一起再试 / "
            f"{pack.name} is missing: the files of {len(rows)} certificates are not in the copy"
        )
    found = backup.packed(pack)
    wrong = [key for key, digest in rows if hashlib.sha256(found.get(f"files/{key}", b"")).hexdigest() != digest]
    if wrong:
        raise SetupError(f"{len(wrong)} 份证书的文件不对或者缺了 / certificate files missing or changed: {wrong[:3]}")
    return f"✓ 证书文件 {len(rows)} 份都在 / the files of {len(rows)} certificates are there"


def _verify_restored(url: str, settings: Settings, copy: Path) -> list[str]:
    engine = make_engine(url)
    db = Database(engine, {}, {audit.AUDIT_KEY: settings.audit_key})
    try:
        revision = current_revision(engine)
        if revision is None or revision not in migrations.known_revisions():
            raise SetupError(f"副本的结构不认识 / the copy's schema is unknown: {revision}")
        lines = [f"✓ 能恢复 / can be restored (schema {revision})"]
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
                orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if found != ["ok"] or orphans:
                raise SetupError(f"副本坏了 / the copy is damaged: {found[:3]} {orphans[:3]}")
            lines.append("✓ 没有损坏 / integrity_check and foreign_key_check are clean")
        with db.reading() as session:
            count, breaks = audit.verify(session)
            if breaks:
                raise SetupError(f"审计链有 {len(breaks)} 处对不上 / the audit chain has {len(breaks)} breaks")
            lines.append(f"✓ 审计链 {count} 条都对 / audit chain of {count} entries holds")
            lines.append(_verify_papers(session, copy))
        return lines
    finally:
        engine.dispose()


def _verify_dump(settings: Settings, copy: Path) -> list[str]:
    """Restore a dump into a database made for it on the same server, which is dropped afterwards."""
    live = make_engine(settings.database_url)
    if live.dialect.name != "postgresql":
        raise SetupError("这是 PostgreSQL 的副本，LMS_DATABASE_URL 却不是 / a PostgreSQL dump needs a PostgreSQL URL")
    name = f"lms_verify_{os.getpid()}"
    outside = live.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with outside.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE template0')
        url = live.url.set(database=name)
        try:
            backup.restore_postgresql(copy, url)
            return _verify_restored(url.render_as_string(hide_password=False), settings, copy)
        finally:
            with outside.connect() as connection:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        live.dispose()


def restore_backup(settings: Settings, copy: Path) -> Path | None:
    """Replace the database by a copy that has been verified. Returns where the former one is kept."""
    verify_backup(settings, copy)
    engine = make_engine(settings.database_url)
    url = engine.url
    engine.dispose()
    if url.get_backend_name() == "postgresql":
        backup.restore_postgresql(copy, url)
        return None
    return backup.restore_sqlite(copy, Path(str(url.database)))
