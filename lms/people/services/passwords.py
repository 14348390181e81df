"""Hashing of passwords and one-time codes. Slow on purpose: never call it inside a write transaction."""

from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lms.core.ids import new_readable_code
from lms.people.rules import CODE_LENGTH


@dataclass(frozen=True)
class Passwords:
    """Argon2id with the parameters of the settings (``memory_kib`` KiB, ``rounds`` passes)."""

    memory_kib: int
    rounds: int

    def _hasher(self) -> PasswordHasher:
        return PasswordHasher(time_cost=self.rounds, memory_cost=self.memory_kib, parallelism=1)

    def hash(self, password: str) -> str:
        """Return the encoded hash of a password."""
        return self._hasher().hash(password)

    def matches(self, encoded: str | None, password: str) -> bool:
        """Whether the password belongs to the hash. Takes as long when there is none, so that time tells nothing."""
        hasher = self._hasher()
        if encoded is None:
            hasher.hash(password)
            return False
        try:
            return hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher().check_needs_rehash(encoded)


def new_code() -> str:
    """Return a one-time code for a slip, in groups of four: ABCD-EFGH-JKLM (about 59 bits)."""
    code = new_readable_code(CODE_LENGTH)
    return "-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4))


def typed_code(password: str) -> str:
    """Return a typed one-time code as it was printed, however it was spaced or written."""
    bare = "".join(char for char in password.upper() if char.isalnum())
    return "-".join(bare[at : at + 4] for at in range(0, len(bare), 4))
