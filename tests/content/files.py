"""The shipped content in a folder of its own, to be broken."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lms import registry
from lms.config import ROOT
from lms.content.content import ContentType, Examined, examine

C01 = "courses/onboarding/ethics/c01"
C04 = "courses/onboarding/law/c04"

SHIPPED = tuple(sorted(path.name for path in (ROOT / "courses").glob("*/*/c[0-9][0-9]")))
"""The keys of the courses that are shipped."""
LESSONS = len(list((ROOT / "courses").glob("*/*/c[0-9][0-9]/*.zh.md")))
DRAWN_OF_A_BANK = 30
"""Every bank holds thirty questions that a paper may draw; those marked by hand come on top."""


@dataclass(frozen=True)
class Files:
    """A content root that may be written to."""

    root: Path

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace the first occurrence, which must be there."""
        text = self.text(path)
        assert old in text, f"{path} does not hold {old!r}"
        self.write(path, text.replace(old, new, 1))

    def line_of(self, path: str, words: str) -> int:
        """Return the line of the first occurrence."""
        text = self.text(path)
        return text.count("\n", 0, text.index(words)) + 1

    def examine(self, *kinds: ContentType) -> Examined:
        """Check the files: all, or some kinds only, which is quicker."""
        return examine(kinds or registry.CONTENT_TYPES, self.root)


def copied(folder: Path) -> Files:
    """Copy the shipped content into a folder."""
    for name in ("courses", "quizzes", "certificates"):
        shutil.copytree(ROOT / name, folder / name)
    return Files(folder)
