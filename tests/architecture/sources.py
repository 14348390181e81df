"""The files of the product, read once for all tests that look at the source."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LMS = ROOT / "lms"
TEMPLATES = LMS / "templates"


def relative(path: Path) -> str:
    """Return the path of a file from the checkout's root, with slashes."""
    return path.relative_to(ROOT).as_posix()


@cache
def python_files() -> tuple[Path, ...]:
    """Return the product's modules; revisions of the schema are left out, since they never change again."""
    return tuple(path for path in sorted(LMS.rglob("*.py")) if "versions" not in path.parts)


@cache
def template_files() -> tuple[Path, ...]:
    """Return the product's templates."""
    return tuple(sorted(TEMPLATES.rglob("*.html")))


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name_of_call(node: ast.Call) -> str:
    """Return the last part of what is called: ``gettext`` for ``babel.gettext(…)``; empty when it has no name."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
