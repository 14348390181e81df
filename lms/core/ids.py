"""The only source of chance: identifiers and secrets."""

import secrets

# Without 0/O, 1/I/L: codes are read from paper and typed by people.
READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_public_id() -> str:
    """Return 22 URL-safe random characters (132 bits), the name of an object outside the process.

    Never begins with a hyphen, which a command line would read as an option.
    """
    while (found := secrets.token_urlsafe(17)[:22]).startswith("-"):
        pass
    return found


def new_secret() -> str:
    """Return 43 URL-safe random characters (256 bits) for sessions and keys."""
    return secrets.token_urlsafe(32)


def new_readable_code(length: int) -> str:
    """Return ``length`` characters from an alphabet that cannot be misread on paper (about 4.95 bits each)."""
    return "".join(secrets.choice(READABLE) for _ in range(length))


def new_seed() -> int:
    """Return a random 63-bit seed, stored with whatever is drawn from it."""
    return secrets.randbits(63)
