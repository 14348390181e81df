"""A real PostgreSQL server for the tests: started from the installed binaries, thrown away afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa


def binaries() -> Path:
    """Return the folder with initdb and pg_ctl: PG_BIN, or the newest installed."""
    if "PG_BIN" in os.environ:
        return Path(os.environ["PG_BIN"])
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise RuntimeError("no PostgreSQL: apt-get install postgresql, or set PG_BIN or LMS_TEST_DATABASE_URL")
    return found[-1]


class Server:
    """A running server and the databases made on it."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._engine = sa.create_engine(admin_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with self._engine.connect() as connection:
            version = connection.dialect.server_version_info or (0,)
        # Copying files is twice as fast as writing them to the log; before version 15 it was the only way.
        self._by_copy = "STRATEGY file_copy" if version >= (15,) else ""

    def execute(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def create(self, name: str, template: str | None = None) -> str:
        """Make a database (a copy of ``template``) and return its URL."""
        self.drop(name)
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}" {self._by_copy}')
        url = sa.make_url(self.admin_url).set(database=name, drivername="postgresql")
        return url.render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _as_nobody() -> dict[str, Any]:
    """Return what makes subprocess drop root, which PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def server() -> Iterator[Server]:
    """Give a server for a ``with`` block: LMS_TEST_DATABASE_URL's, or one of our own on a Unix socket."""
    given = os.environ.get("LMS_TEST_DATABASE_URL")
    if given:
        url = sa.make_url(given).set(drivername="postgresql+psycopg")
        yield Server(url.render_as_string(hide_password=False))
        return
    bin_ = binaries()
    folder = Path(tempfile.mkdtemp(prefix="lms-pg-"))
    demoted = _as_nobody()
    if demoted:
        os.chown(folder, demoted["user"], demoted["group"])
    data = folder / "data"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": folder, **demoted}
    subprocess.run(
        [bin_ / "initdb", "-D", data, "-U", "lms", "--auth=trust", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8"],
        check=True,
        stderr=subprocess.DEVNULL,
        **quiet,
    )
    options = (
        f"-c listen_addresses='' -k {folder} -c fsync=off -c synchronous_commit=off "
        "-c full_page_writes=off -c max_connections=200 -c dynamic_shared_memory_type=mmap"
    )
    subprocess.run(
        [bin_ / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], check=True, **quiet
    )
    try:
        yield Server(f"postgresql+psycopg://lms@/postgres?host={quote(str(folder))}")
    finally:
        subprocess.run([bin_ / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False, **quiet)
        shutil.rmtree(folder, ignore_errors=True)
