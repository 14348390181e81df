"""Copies that can be trusted: of the database, made by the database itself, and beside it of the files and keys.

A copy is two files of one name: ``….sqlite`` or ``….dump``, and ``….files.tar`` with the papers and the keys.
"""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lms.core import clock
from lms.core.db import make_engine
from lms.core.errors import SetupError

PAGES_A_STEP = 2_000
"""SQLite pages copied between two breaths of the writers."""

SQLITE_MAGIC = b"SQLite format 3\0"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(clock.SHANGHAI).strftime("%Y%m%d-%H%M%S")


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a live SQLite database with the backup API, check it, then give it its final name.

    A copy that was interrupted keeps the name ``….part`` and is never taken for a backup.
    Raises SetupError when the copy does not pass SQLite's own check.
    """
    import pysqlite3

    part = target.with_name(target.name + ".part")
    for left in (part, Path(f"{part}-journal")):  # of a run that was killed in the same second
        left.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    origin: Any = pysqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    copy: Any = pysqlite3.connect(str(part))
    try:
        # One snapshot for all steps: without it every commit of a writer makes the copy begin again.
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
        origin.backup(copy, pages=PAGES_A_STEP, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")
        found = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        orphans = copy.execute("PRAGMA foreign_key_check").fetchall()
    except pysqlite3.DatabaseError as error:
        raise SetupError(f"数据库读不出来 / the database cannot be read: {error}") from error
    finally:
        copy.close()
        origin.close()
    if found != ["ok"] or orphans:
        raise SetupError(f"副本没有通过检查 / the copy did not pass its check: {found[:3]} {orphans[:3]}")
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(target)
    _fsync_folder(target.parent)


def _pg_tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        candidates = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
        if not candidates:
            raise SetupError(
                f"没有找到 {name}，请安装 postgresql-client / {name} is missing, install postgresql-client"
            )
        found = str(candidates[0])
    return found


def _pg_command(tool: str, url: sa.URL) -> tuple[list[str], dict[str, str]]:
    """Return the command and environment for a PostgreSQL tool; the password never stands in the arguments."""
    plain = url.set(drivername="postgresql")
    environment = dict(os.environ)
    if plain.password:
        environment["PGPASSWORD"] = str(plain.password)
    shown = plain.set(password=None).render_as_string(hide_password=False)
    return [_pg_tool(tool), f"--dbname={shown}"], environment


def dump_postgresql(url: sa.URL, target: Path) -> None:
    """Dump a PostgreSQL database in custom format; ``….part`` until it is complete and readable."""
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    command, environment = _pg_command("pg_dump", url)
    result = subprocess.run(
        [*command, "--format=custom", f"--file={part}"], env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise SetupError(f"pg_dump: {result.stderr.strip()[-500:]}")
    listing = subprocess.run([_pg_tool("pg_restore"), "--list", str(part)], capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        raise SetupError(f"pg_restore --list: {listing.stderr.strip()[-500:]}")
    part.replace(target)
    _fsync_folder(target.parent)


def backup(database_url: str, folder: Path, *, label: str = "backup") -> Path:
    """Make a checked copy of the database in ``folder`` and return its path. Safe while the product serves.

    Raises SetupError when the copy cannot be made or does not pass its check.
    """
    engine = make_engine(database_url)
    stamp = _stamp(clock.real_now())
    try:
        if engine.dialect.name == "sqlite":
            target = _free_name(folder, f"lms-{label}-{stamp}", ".sqlite")
            copy_sqlite(Path(str(engine.url.database)), target)
        else:
            target = _free_name(folder, f"lms-{label}-{stamp}", ".dump")
            dump_postgresql(engine.url, target)
    finally:
        engine.dispose()
    return target


PACKED = ("files", "keys")
"""Folders of the instance that a database alone does not bring back: certificates as PDF, and the keys."""
PACK_SUFFIX = ".files.tar"


def pack_of(copy: Path) -> Path:
    """Return where the files lie that belong to a copy of the database."""
    return copy.with_name(copy.name.removesuffix(copy.suffix) + PACK_SUFFIX)


def pack_files(instance: Path, copy: Path) -> Path:
    """Pack the files and keys of an instance beside a copy of its database, and return the path.

    After the database, since a row never names a file before it is written whole. The pack is readable by its owner
    only: it holds the keys. ``….part`` until it is complete. Raises SetupError when a file cannot be read.
    """
    target = pack_of(copy)
    part = target.with_name(target.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as pack:
                for folder in PACKED:
                    for path in sorted((instance / folder).rglob("*")):
                        if path.is_file() and path.suffix not in {".part", ".lock"}:
                            pack.add(path, arcname=str(path.relative_to(instance)), recursive=False)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, tarfile.TarError) as error:
        raise SetupError(f"证书文件和密钥没有备份成 / the files and keys could not be packed: {error}") from error
    part.replace(target)
    _fsync_folder(target.parent)
    return target


def packed(pack: Path) -> dict[str, bytes]:
    """Return the files in a pack by their place in the instance. Raises SetupError when it cannot be read."""
    try:
        with tarfile.open(pack) as archive:
            found: dict[str, bytes] = {}
            for member in archive.getmembers():
                content = archive.extractfile(member)
                if content is not None:
                    found[member.name] = content.read()
            return found
    except (OSError, tarfile.TarError) as error:
        raise SetupError(f"{pack.name} 读不出来 / cannot be read: {error}") from error


def unpack_files(pack: Path, instance: Path) -> tuple[int, Sequence[Path]]:
    """Put the files and keys of a pack where they belong; return how many, and what was put aside.

    A paper that is there already is the same paper and stays. A key that differs is kept beside the restored one.
    """
    count, aside = 0, []
    for name, data in packed(pack).items():
        parts = Path(name).parts
        if parts[0] not in PACKED or ".." in parts or Path(name).is_absolute():
            raise SetupError(f"{pack.name}：{name} 不是这里的文件 / is no file of this product")
        target = instance / name
        if target.exists():
            if target.read_bytes() == data or parts[0] != "keys":
                continue
            kept = _free_name(target.parent, f"{target.stem}-before-restore-{_stamp(clock.real_now())}", target.suffix)
            target.replace(kept)
            aside.append(kept)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = target.with_name(target.name + ".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        count += 1
    return count, aside


def _free_name(folder: Path, stem: str, suffix: str) -> Path:
    target, number = folder / f"{stem}{suffix}", 2
    while target.exists():
        target, number = folder / f"{stem}-{number}{suffix}", number + 1
    return target


def restore_sqlite(copy: Path, target: Path) -> Path | None:
    """Put a backup in the place of the database; the one that was there is kept beside it and its path returned.

    The product must be stopped. A damaged database is kept as it is and replaced all the same.
    Raises SetupError when something still uses the database.
    """
    part = target.with_name(target.name + ".part")
    shutil.copyfile(copy, part)
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    kept: Path | None = None
    if target.exists():
        _refuse_in_use(target)
        kept = _free_name(target.parent, f"{target.stem}-before-restore-{_stamp(clock.real_now())}", ".sqlite")
        for extra in ("-wal", "-shm"):  # left only beside a damaged database; they belong to it
            if Path(f"{target}{extra}").exists():
                Path(f"{target}{extra}").replace(f"{kept}{extra}")
        target.replace(kept)
    part.replace(target)
    _fsync_folder(target.parent)
    return kept


def _refuse_in_use(database: Path) -> None:
    """Fold the write-ahead log into the database. Raises SetupError when another connection is open."""
    import pysqlite3

    with database.open("rb") as handle:
        if handle.read(len(SQLITE_MAGIC)) != SQLITE_MAGIC:
            return  # opening ruins would make SQLite throw their log away
    busy: Any = pysqlite3.connect(str(database), timeout=1)
    try:
        # Leaving WAL mode needs every other connection closed, idle ones included; BEGIN EXCLUSIVE does not.
        busy.execute("PRAGMA journal_mode=DELETE").fetchone()
    except pysqlite3.OperationalError as error:
        if "locked" not in str(error):
            return
        raise SetupError("数据库正在使用，先停下系统 / the database is in use, stop the product first") from error
    except pysqlite3.DatabaseError:
        return
    finally:
        busy.close()


def restore_postgresql(copy: Path, url: sa.URL) -> None:
    """Restore a dump into an empty PostgreSQL database, all or nothing. Raises SetupError."""
    engine = make_engine(url.render_as_string(hide_password=False))
    try:
        if sa.inspect(engine).get_table_names():
            raise SetupError(
                "目标数据库不是空的。新建一个空库，把 LMS_DATABASE_URL 指过去再恢复 / "
                "the target database is not empty; make a new one, point LMS_DATABASE_URL there, restore again"
            )
    finally:
        engine.dispose()
    command, environment = _pg_command("pg_restore", url)
    result = subprocess.run(
        [*command, "--single-transaction", "--exit-on-error", "--no-owner", str(copy)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise SetupError(f"pg_restore: {result.stderr.strip()[-500:]}")
