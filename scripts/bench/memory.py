"""How much memory the processes take."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        found.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    return found


def family(pid: int) -> list[int]:
    """Return a process and all that came from it."""
    children = _children()
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def pss_megabytes(pids: Sequence[int]) -> float:
    """Return the memory of processes, what they share counted once (proportional set size, MB of 10^6 bytes)."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue  # it ended meanwhile
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total * 1024 / 1e6


def part_of(launcher: int, *arguments: str) -> list[int]:
    """Return the launcher's child that was started as ``lms`` with these arguments, and its family."""
    for pid in _children().get(launcher, []):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        if words[3 : 3 + len(arguments)] == list(arguments):
            return family(pid)
    return []


class Watch:
    """Looks at the memory of the worker and its renderer twice a second, in a thread, and keeps the highest."""

    def __init__(self, launcher: int) -> None:
        self.launcher = launcher
        self.alone = self.together = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.5):
            worker = part_of(self.launcher, "jobs", "work")
            self.alone = max(self.alone, pss_megabytes(worker[:1]))
            self.together = max(self.together, pss_megabytes(worker))
