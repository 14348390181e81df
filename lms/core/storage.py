"""Files that the product makes: a folder, addressed by random keys, written whole or not at all."""

import os
import re
from pathlib import Path

from lms.core.db import Database
from lms.core.ids import new_public_id

STORAGE = "files"
"""Where ``Database.info`` carries the storage, so that jobs and commands find it."""

_KEY = re.compile(r"[a-z_]+/[A-Za-z0-9_-]{22}\.[a-z0-9]+")


def new_key(kind: str, extension: str) -> str:
    """Return a fresh key such as ``certificates/<22 random characters>.pdf``."""
    return f"{kind}/{new_public_id()}.{extension}"


class Storage:
    """A folder of files. Writing the same key again replaces the file in one step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Return where the file of a key lies. Raises ValueError for what is not a key."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a key: {key!r}")
        return self.folder / key

    def put(self, key: str, data: bytes) -> None:
        """Write a file so that a crash or a power cut leaves the old one, the new one, or none; never a part.

        Of two processes that write the same key at once one may get FileNotFoundError; the file is whole then too.
        """
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        for left in target.parent.glob(f"{target.name}.*.part"):
            left.unlink(missing_ok=True)  # of a process that was killed here before
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # else the name may be lost with the power
        finally:
            os.close(folder)

    def exists(self, key: str) -> bool:
        """Whether there is a file under a key."""
        return self.path(key).is_file()

    def get(self, key: str) -> bytes:
        """Return a file's bytes. Raises FileNotFoundError."""
        return self.path(key).read_bytes()


def storage_of(db: Database) -> Storage:
    """Return the storage that goes with a database."""
    storage = db.info[STORAGE]
    assert isinstance(storage, Storage)
    return storage
