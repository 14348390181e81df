"""The shipped content in a folder of its own, to be broken."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from lms import registry
from lms.config import ROOT
from lms.content.content import ContentType, Examined, examine

C01 = "courses/onboarding/ethics/c01"
C04 = "courses/onboarding/law/c04"
PROGRAMMES = "courses/_framework/programmes.yaml"

SHIPPED = tuple(sorted(path.name for path in (ROOT / "courses").glob("*/*/c[0-9][0-9]")))
"""The keys of the courses that are shipped."""
LESSONS = len(list((ROOT / "courses").glob("*/*/c[0-9][0-9]/*.zh.md")))
COORDINATING = tuple(
    path.parent.name
    for path in sorted((ROOT / "courses").glob("*/*/c[0-9][0-9]/course.yaml"))
    if "COR1" in path.read_text(encoding="utf-8")
)
"""The courses that train COR1, which the duty D26 asks for."""
DRAWN_OF_A_BANK = 30
"""Every bank holds thirty questions that a paper may draw; those marked by hand come on top."""


def course_file(key: str) -> str:
    """Return the path of a shipped course's course.yaml, relative to the content root."""
    [path] = ROOT.glob(f"courses/*/*/{key}/course.yaml")
    return path.relative_to(ROOT).as_posix()


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

    def without(self, *courses: str) -> None:
        """Take courses away as if they were still to be written, with their banks and scenarios."""
        for key in courses:
            [folder] = self.root.glob(f"courses/*/*/{key}")
            shutil.rmtree(folder)
            [bank] = self.root.glob(f"quizzes/*/*/{key}.yaml")
            bank.unlink()
        for path in self.root.glob("quizzes/_scenarios/*.yaml"):
            if any(f"course: {key}\n" in path.read_text(encoding="utf-8") for key in courses):
                path.unlink()
        file = yaml.safe_load(self.text(PROGRAMMES))
        for programme in file["programmes"]:
            gone = [key for key in programme["courses"] if key in courses]
            programme["courses"] = [key for key in programme["courses"] if key not in courses]
            programme["planned"] = sorted([*programme.get("planned", []), *gone])
        self.write(PROGRAMMES, yaml.safe_dump(file, allow_unicode=True, sort_keys=False, default_flow_style=None))

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
