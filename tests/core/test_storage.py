"""Files are written whole or not at all, under keys that lead nowhere else."""

import os
from pathlib import Path

import pytest

from lms.core.db import Database
from lms.core.storage import STORAGE, Storage, new_key, storage_of


def test_a_file_is_put_read_and_replaced(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "files")
    key = new_key("certificates", "pdf")
    assert not storage.exists(key)
    with pytest.raises(FileNotFoundError):
        storage.get(key)
    storage.put(key, b"one")
    storage.put(key, b"two")
    assert storage.get(key) == b"two"
    assert storage.exists(key)
    assert storage.path(key).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in storage.path(key).parent.iterdir()] == [storage.path(key).name]


@pytest.mark.parametrize(
    "key", ["../x.pdf", "certificates/../../x.pdf", "/etc/passwd", "certificates/x.pdf", "certificates/" + "a" * 22, ""]
)
def test_what_is_no_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        Storage(tmp_path).path(key)


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(tmp_path)
    key = new_key("certificates", "pdf")
    storage.put(key, b"old")

    def full(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        storage.put(key, b"new, half of it")
    assert storage.get(key) == b"old"


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    key, other = new_key("certificates", "pdf"), new_key("certificates", "pdf")
    for each in (key, other):
        storage.put(each, b"old")
        storage.path(each).with_name(f"{storage.path(each).name}.4711.part").write_bytes(b"half of it")
    storage.put(key, b"new")
    folder = storage.path(key).parent
    assert sorted(path.name for path in folder.glob("*.part")) == [f"{storage.path(other).name}.4711.part"]
    assert storage.get(key) == b"new"


def test_keys_are_never_alike() -> None:
    assert len({new_key("certificates", "pdf") for _ in range(1000)}) == 1000


def test_the_database_carries_its_storage(db: Database, tmp_path: Path) -> None:
    assert storage_of(db) is db.info[STORAGE]
    assert storage_of(db).folder == tmp_path / "instance" / "files"
