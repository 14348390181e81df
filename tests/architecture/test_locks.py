"""The lock files bind each library to its bytes and to no particular server."""

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

LOCKS = sorted(ROOT.glob("*.lock"))


def requirements(lock: Path) -> list[str]:
    """Return the requirements of a lock, each with the lines that continue it."""
    text = re.sub(r"^\s*#.*\n", "", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_server(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    for forbidden in ("://", "--index", "--extra-index", "--find-links", "--trusted-host"):
        assert forbidden not in text, f"{lock.name} must not carry {forbidden}: every office has its own mirror"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed(lock: Path) -> None:
    found = requirements(lock)
    assert len(found) > 5
    for requirement in found:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+ ", requirement), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", requirement), f"no hash: {requirement[:60]}"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_wish_is_locked(lock: Path) -> None:
    wishes = lock.with_suffix(".in").read_text(encoding="utf-8").split()
    locked = {re.split(r"[\[=]", requirement)[0] for requirement in requirements(lock)}
    missing = {re.split(r"[\[<>=~!]", wish)[0].lower() for wish in wishes} - locked
    assert not missing, f"make lock: {sorted(missing)} are wished for but not locked"


def test_both_locks_are_here() -> None:
    assert [path.name for path in LOCKS] == ["requirements-dev.lock", "requirements.lock"]
