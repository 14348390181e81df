"""Copies that can be trusted: whole under load, never half, checked before they count, restored without loss."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lms import backup, server
from lms.core.db import Database, make_engine
from lms.core.errors import SetupError
from lms.core.ids import new_public_id
from lms.core.storage import Storage, new_key
from lms.jobs.models import Job
from lms.jobs.services import enqueue
from lms.people.models import Person, ThrottleHit
from tests.certification import making
from tests.conftest import Site, Templates, open_site
from tests.world import NOW


def make_copy(site: Site, folder: Path) -> Path:
    return backup.backup(site.settings.database_url, folder)


@contextmanager
def opened(templates: Templates, copy: Path, folder: Path) -> Iterator[sa.Engine]:
    """Restore a copy into a new place and give an engine on it."""
    if templates.backend == "sqlite":
        target = folder / "opened.sqlite"
        assert backup.restore_sqlite(copy, target) is None
        url = f"sqlite:///{target}"
    else:
        url = templates.server().create("opened")
        backup.restore_postgresql(copy, sa.make_url(url))
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def one(engine: sa.Engine, statement: str) -> Any:
    with engine.connect() as connection:
        return connection.exec_driver_sql(statement).scalar()


@pytest.fixture
def sqlite_site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on SQLite, for what only a file can do."""
    templates = Templates("sqlite", tmp_path_factory.mktemp("only"), lambda: pytest.fail("no server is needed"))
    site = open_site(templates, tmp_path, "empty")
    yield site
    site.db.engine.dispose()


@contextmanager
def writing_all_the_time(db: Database, write: Callable[[int], None]) -> Iterator[list[int]]:
    """Write from a thread while the block runs; gives the growing list of committed numbers."""
    stop, written = threading.Event(), list[int]()

    def go_on() -> None:
        while not stop.is_set():
            write(len(written))
            written.append(len(written))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join(30)
    db.engine.dispose()


# --- making ------------------------------------------------------------------------------------------------------


def test_a_copy_made_while_others_write_is_one_moment_whole_and_can_be_restored(
    site: Site, templates: Templates, tmp_path: Path
) -> None:
    """Each act writes a pair; the copy must never hold half of one, nor miss what was committed before it began."""

    def write(number: int) -> None:
        with site.db.writing() as session:
            enqueue(session, "test.pair", {}, dedupe_key=f"pair{number}")
            session.flush()
            session.add(ThrottleHit(key=f"pair{number}", at=NOW))

    with writing_all_the_time(site.db, write) as written:
        while len(written) < 10:
            threading.Event().wait(0.01)
        before = len(written)
        copy = make_copy(site, tmp_path / "backups")
        after = len(written) + 1
    lines = server.verify_backup(site.settings, copy)
    assert any("审计链" in line for line in lines)
    with opened(templates, copy, tmp_path) as engine:
        pairs = one(engine, "SELECT count(*) FROM job")
        assert pairs == one(engine, "SELECT count(*) FROM throttle_hit")
        assert before <= pairs <= after
        assert one(engine, "SELECT count(*) FROM person") == 11


def test_a_copy_of_a_large_file_comes_to_an_end_however_busy_the_writers_are(sqlite_site: Site, tmp_path: Path) -> None:
    """Without one snapshot for all its steps, SQLite's backup begins again at every commit."""
    db = sqlite_site.db
    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ballast (id INTEGER PRIMARY KEY, bytes BLOB)")
        for _ in range(8):
            connection.exec_driver_sql("INSERT INTO ballast (bytes) VALUES (zeroblob(4000000))")
    made: list[Path] = []
    thread = threading.Thread(target=lambda: made.append(make_copy(sqlite_site, tmp_path / "backups")), daemon=True)

    def write(number: int) -> None:
        with db.writing() as session:
            session.add(ThrottleHit(key=str(number), at=NOW))

    with writing_all_the_time(db, write) as written:
        thread.start()
        thread.join(15)
        assert made, "the copy did not come to an end"
        assert written
    assert made[0].stat().st_size > 32_000_000


def test_names_tell_kind_and_local_time_and_never_overwrite(empty_site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    suffix = ".sqlite" if empty_site.db.is_sqlite else ".dump"
    url = empty_site.settings.database_url
    names = [
        backup.backup(url, folder).name,
        backup.backup(url, folder).name,
        backup.backup(url, folder, label="x").name,
    ]
    assert names == [
        f"lms-backup-20261124-100000{suffix}",
        f"lms-backup-20261124-100000-2{suffix}",
        f"lms-x-20261124-100000{suffix}",
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)  # no .part is left


def test_a_copy_holds_the_write_ahead_log_and_is_one_file(sqlite_site: Site, tmp_path: Path) -> None:
    with sqlite_site.db.writing() as session:
        enqueue(session, "test.fresh", {}, dedupe_key="fresh")
    copy = make_copy(sqlite_site, tmp_path / "folder with # and ? and %20")
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]
    alone = tmp_path / "alone.sqlite"
    shutil.copyfile(copy, alone)
    engine = make_engine(f"sqlite:///{alone}")
    assert one(engine, "SELECT name FROM job") == "test.fresh"
    engine.dispose()


def test_a_database_in_a_folder_with_an_odd_name_is_copied(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path / "街道#1 100%?"
    folder.mkdir()
    templates = Templates("sqlite", tmp_path_factory.mktemp("only"), lambda: pytest.fail("no server is needed"))
    url, _ = templates.copy("empty", tmp_path)
    target = folder / "lms.sqlite"
    shutil.copyfile(str(sa.make_url(url).database), target)
    backup.copy_sqlite(target, tmp_path / "copy.sqlite")
    engine = make_engine(f"sqlite:///{tmp_path / 'copy.sqlite'}")
    assert one(engine, "SELECT count(*) FROM audit_head") == 1
    engine.dispose()


def orphan(site: Site) -> None:
    """Bring a row without its parent into the database."""
    with site.db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("INSERT INTO preference (person_id, language, text_size) VALUES (99, 'zh', '')")
        connection.commit()
    site.db.engine.dispose()


def test_a_copy_that_does_not_pass_its_check_keeps_the_name_part_and_leaves_earlier_ones_alone(
    sqlite_site: Site, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    earlier = make_copy(sqlite_site, folder)
    orphan(sqlite_site)
    with pytest.raises(SetupError, match="did not pass its check"):
        make_copy(sqlite_site, folder)
    (part,) = set(folder.iterdir()) - {earlier}
    assert part.suffix == ".part"
    server.verify_backup(sqlite_site.settings, earlier)
    with pytest.raises(SetupError, match="never finished"):
        server.verify_backup(sqlite_site.settings, part)
    with pytest.raises(SetupError, match="never finished"):
        server.restore_backup(sqlite_site.settings, part)


def test_a_part_left_by_a_killed_run_is_in_nobodys_way(empty_site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    suffix = ".sqlite" if empty_site.db.is_sqlite else ".dump"
    (folder / f"lms-backup-20261124-100000{suffix}.part").write_bytes(b"half a copy")
    copy = make_copy(empty_site, folder)
    server.verify_backup(empty_site.settings, copy)
    assert [path.name for path in folder.iterdir()] == [copy.name]


def test_a_database_that_cannot_be_reached_gives_a_sentence(templates: Templates, tmp_path: Path) -> None:
    if templates.backend == "sqlite":
        (tmp_path / "broken.sqlite").write_bytes(b"no database" * 1_000)
        url = f"sqlite:///{tmp_path / 'broken.sqlite'}"
    else:
        url = str(sa.make_url(templates.server().create("gone")).set(database="not_there"))
    with pytest.raises(SetupError):
        backup.backup(url, tmp_path / "backups")
    assert not [path for path in (tmp_path / "backups").glob("*") if path.suffix != ".part"]


# --- verifying ---------------------------------------------------------------------------------------------------


def test_verifying_says_what_was_seen_and_touches_nothing(site: Site, templates: Templates, tmp_path: Path) -> None:
    copy = make_copy(site, tmp_path / "backups")
    before = copy.read_bytes()
    lines = server.verify_backup(site.settings, copy)
    assert all(line.startswith("✓") for line in lines)
    assert len(lines) == (4 if site.db.is_sqlite else 3)
    assert copy.read_bytes() == before
    assert list(site.settings.instance.iterdir()) == []
    if templates.backend == "postgresql":
        engine = make_engine(site.settings.database_url)
        assert one(engine, "SELECT count(*) FROM pg_database WHERE datname LIKE 'lms_verify%%'") == 0
        engine.dispose()


def edit_the_trail(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE audit_entry DISABLE TRIGGER USER")
    else:
        connection.exec_driver_sql("DROP TRIGGER audit_entry_no_update")
    connection.exec_driver_sql("UPDATE audit_entry SET reason = 'forged' WHERE seq = 3")


def cut_the_trail(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE audit_head SET seq = seq + 1")


def move_the_schema(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0123456789ab'")


def forget_the_schema(connection: sa.Connection) -> None:
    connection.exec_driver_sql("DELETE FROM alembic_version")


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (edit_the_trail, "1 breaks"),
        (cut_the_trail, "1 breaks"),
        (move_the_schema, "unknown: 0123456789ab"),
        (forget_the_schema, "unknown: None"),
    ],
)
def test_a_tampered_copy_is_refused_with_the_reason(
    site: Site, tmp_path: Path, tamper: Callable[[sa.Connection], None], says: str
) -> None:
    with site.db.engine.begin() as connection:
        tamper(connection)
    copy = make_copy(site, tmp_path / "backups")
    with pytest.raises(SetupError, match=says):
        server.verify_backup(site.settings, copy)
    with pytest.raises(SetupError, match=says):
        server.restore_backup(site.settings, copy)
    with site.db.reading() as session:
        assert len(session.scalars(sa.select(Person.id)).all()) == 11


@pytest.mark.parametrize("damage", ["cut", "head", "middle", "empty", "text"])
def test_a_damaged_copy_is_refused_with_a_sentence(site: Site, tmp_path: Path, damage: str) -> None:
    copy = make_copy(site, tmp_path / "backups")
    whole = copy.read_bytes()
    half = len(whole) // 2
    copy.write_bytes(
        {
            "cut": whole[:half],
            "head": b"\xff" * 100 + whole[100:],
            "middle": whole[: half - 5_000] + b"\xff" * 10_000 + whole[half + 5_000 :],
            "empty": b"",
            "text": "不是副本".encode() * 1_000,
        }[damage]
    )
    with pytest.raises(SetupError):
        server.verify_backup(site.settings, copy)


def test_a_copy_of_the_other_database_is_refused(sqlite_site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.dump").write_bytes(b"PGDMP")
    with pytest.raises(SetupError, match="PostgreSQL"):
        server.verify_backup(sqlite_site.settings, tmp_path / "a.dump")


# --- restoring ---------------------------------------------------------------------------------------------------


def test_restoring_brings_back_the_moment_of_the_copy_and_keeps_what_was_there(site: Site, tmp_path: Path) -> None:
    copy = make_copy(site, tmp_path / "backups")
    with site.db.writing() as session:
        enqueue(session, "test.later", {}, dedupe_key="later")
    site.db.engine.dispose()
    if not site.db.is_sqlite:
        with pytest.raises(SetupError, match="not empty"):
            server.restore_backup(site.settings, copy)
        return
    kept = server.restore_backup(site.settings, copy)
    assert kept is not None
    assert kept.name.endswith("-before-restore-20261124-100000.sqlite")
    with site.db.reading() as session:
        assert session.scalars(sa.select(Job.id)).all() == []
        assert len(session.scalars(sa.select(Person.id)).all()) == 11
    former = make_engine(f"sqlite:///{kept}")
    assert one(former, "SELECT name FROM job") == "test.later"
    former.dispose()
    assert not list(kept.parent.glob("*.part"))


def test_a_dump_is_restored_into_an_empty_database_all_or_nothing(
    templates: Templates, site: Site, tmp_path: Path
) -> None:
    """Here for PostgreSQL; a file is restored by the same call into a place where nothing is."""
    copy = make_copy(site, tmp_path / "backups")
    with opened(templates, copy, tmp_path) as engine:
        names = sorted(sa.inspect(engine).get_table_names())
        assert names == sorted(sa.inspect(site.db.engine).get_table_names())
        for name in names:
            count = f"SELECT count(*) FROM {name}"
            assert one(engine, count) == one(site.db.engine, count), name
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM audit_entry")


@pytest.mark.parametrize("use", ["idle", "reading", "writing"])
def test_a_file_in_use_is_not_replaced(sqlite_site: Site, tmp_path: Path, use: str) -> None:
    """An idle connection of a forgotten web process would go on writing into the replaced file."""
    copy = make_copy(sqlite_site, tmp_path / "backups")
    target = Path(str(sa.make_url(sqlite_site.settings.database_url).database))
    before = target.read_bytes()
    session = sqlite_site.db.new_reader() if use != "writing" else sqlite_site.db.new_writer()
    session.scalars(sa.select(Job.id)).all()
    if use == "idle":
        session.commit()
    with pytest.raises(SetupError, match="in use"):
        server.restore_backup(sqlite_site.settings, copy)
    session.close()
    assert target.read_bytes() == before
    sqlite_site.db.engine.dispose()
    assert server.restore_backup(sqlite_site.settings, copy) is not None


def test_a_damaged_database_can_be_replaced_and_is_kept_as_it_is(sqlite_site: Site, tmp_path: Path) -> None:
    """This is when a backup is needed most."""
    copy = make_copy(sqlite_site, tmp_path / "backups")
    sqlite_site.db.engine.dispose()
    target = Path(str(sa.make_url(sqlite_site.settings.database_url).database))
    target.write_bytes(b"ruins" * 5_000)
    Path(f"{target}-wal").write_bytes(b"the log of the ruins")
    kept = server.restore_backup(sqlite_site.settings, copy)
    assert kept is not None
    assert kept.read_bytes() == b"ruins" * 5_000
    assert Path(f"{kept}-wal").read_bytes() == b"the log of the ruins"
    assert not Path(f"{target}-wal").exists()  # it would be played into the restored file
    with sqlite_site.db.reading() as session:
        assert session.scalars(sa.select(Job.id)).all() == []


def test_a_copy_that_cannot_be_read_leaves_the_database_in_its_place(sqlite_site: Site, tmp_path: Path) -> None:
    sqlite_site.db.engine.dispose()
    target = Path(str(sa.make_url(sqlite_site.settings.database_url).database))
    before = target.read_bytes()
    with pytest.raises(OSError, match="not_there"):
        backup.restore_sqlite(tmp_path / "not_there.sqlite", target)
    assert target.read_bytes() == before


# --- killed ------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys, time
from pathlib import Path
from lms import backup

url, folder = sys.argv[1:]
backup.backup(url, Path(folder) / "whole")
began = time.monotonic()
backup.backup(url, Path(folder) / "measured")
lasts = time.monotonic() - began
for number in range(20):
    if (child := os.fork()) == 0:
        os.setsid()
        backup.backup(url, Path(folder) / f"killed{number:02}")
        os._exit(0)
    time.sleep(lasts * number / 16)
    os.killpg(os.getpgid(child), signal.SIGKILL) if os.getpgid(child) == child else os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


@pytest.mark.full
def test_a_run_killed_at_any_moment_leaves_a_whole_copy_or_none(site: Site, tmp_path: Path) -> None:
    url = site.settings.database_url
    with site.db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE ballast (id INTEGER PRIMARY KEY, words VARCHAR)")
        connection.execute(
            sa.text("INSERT INTO ballast VALUES (:id, :words)"),
            [{"id": number, "words": new_public_id() * 50} for number in range(5_000)],
        )
    site.db.engine.dispose()
    program = tmp_path / "killed.py"
    program.write_text(KILLED, encoding="utf-8")
    folder = tmp_path / "backups"
    subprocess.run(
        [sys.executable, program, url, folder],
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": os.environ["PATH"]},
        check=True,
    )
    whole = [path for path in folder.glob("killed*/*") if ".part" not in path.name]
    for copy in whole:
        server.verify_backup(site.settings, copy)
    assert len(whole) < 20, "nothing was killed in time"
    assert server.verify_backup(site.settings, next((folder / "whole").iterdir()))


# --- files and keys ----------------------------------------------------------------------------------------------


@pytest.fixture
def with_paper(site: Site) -> tuple[Site, str]:
    """A site with a certificate whose paper lies in its folder of files; the key of the file."""
    making.put_issued(site.db, site.world, "N1")
    data = b"%PDF-1.7 the paper"
    key = new_key("certificates", "pdf")
    Storage(site.settings.files).put(key, data)
    with site.db.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE certificate_document SET file_key = :key, sha256 = :digest"),
            {"key": key, "digest": hashlib.sha256(data).hexdigest()},
        )
    site.settings.keys.mkdir(exist_ok=True)
    (site.settings.keys / "audit.key").write_text("a" * 64)
    return site, key


def test_certificates_and_keys_come_back_with_the_database(with_paper: tuple[Site, str], tmp_path: Path) -> None:
    site, key = with_paper
    copy = make_copy(site, tmp_path / "backups")
    pack = backup.pack_files(site.settings.instance, copy)
    assert pack == backup.pack_of(copy)
    assert pack.stat().st_mode & 0o077 == 0  # it holds the keys
    assert any("证书文件 1 份都在" in line for line in server.verify_backup(site.settings, copy))
    other = tmp_path / "other"
    (other / "keys").mkdir(parents=True)
    (other / "keys" / "audit.key").write_text("b" * 64)
    count, [aside] = backup.unpack_files(pack, other)
    assert count == len(backup.packed(pack)) >= 2
    assert Storage(other / "files").get(key) == b"%PDF-1.7 the paper"
    assert (other / "keys" / "audit.key").read_text() == "a" * 64
    assert aside.read_text() == "b" * 64
    assert backup.unpack_files(pack, other) == (0, [])  # once more changes nothing


def test_a_copy_without_its_papers_or_with_others_is_refused(with_paper: tuple[Site, str], tmp_path: Path) -> None:
    site, key = with_paper
    copy = make_copy(site, tmp_path / "backups")
    with pytest.raises(SetupError, match=r"\.files\.tar"):
        server.verify_backup(site.settings, copy)
    Storage(site.settings.files).put(key, b"another paper")
    backup.pack_files(site.settings.instance, copy)
    with pytest.raises(SetupError, match="不对或者缺了"):
        server.verify_backup(site.settings, copy)


def test_a_pack_that_reaches_outside_the_instance_is_refused(tmp_path: Path) -> None:
    pack = tmp_path / "x.files.tar"
    with tarfile.open(pack, "w") as archive:
        for name in ("files/../../out", "other/x"):
            info = tarfile.TarInfo(name)
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(SetupError):
        backup.unpack_files(pack, tmp_path / "instance")
    assert not (tmp_path / "out").exists()
    pack.write_bytes(b"no archive")
    with pytest.raises(SetupError, match="cannot be read"):
        backup.unpack_files(pack, tmp_path / "instance")
