"""The tree of tests mirrors the tree of the product, so that nobody has to search."""

import ast
from pathlib import Path

from tests.architecture.sources import LMS, ROOT, python_files, relative, tree_of

WITHOUT_OWN_TESTS = {
    "lms/__main__.py": "one call; the browser journeys start the product with it",
    "lms/wsgi.py": "one call of create_app",
}
"""Modules with code that are tried through others, and why."""


def has_behaviour(path: Path) -> bool:
    """Whether a module does anything: defines a function or a method, or calls something of its own at import."""
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree_of(path)))


def mirror_of(path: Path) -> Path:
    """Return where the tests of a module stand: lms/people/rules.py → tests/people/test_rules.py."""
    inside = path.relative_to(LMS)
    return ROOT / "tests" / inside.parent / f"test_{inside.name}"


def test_every_module_with_behaviour_has_its_tests() -> None:
    missing = [
        f"{relative(path)} needs {relative(mirror_of(path))}"
        for path in python_files()
        if path.name != "__init__.py"
        and relative(path) not in WITHOUT_OWN_TESTS
        and has_behaviour(path)
        and not mirror_of(path).exists()
    ]
    assert not missing, "\n" + "\n".join(missing)


def test_every_mirrored_test_has_its_module() -> None:
    folders = {path.parent.relative_to(LMS) for path in python_files()}
    lost = [
        relative(path)
        for folder in folders
        for path in (ROOT / "tests" / folder).glob("test_*.py")
        if not (LMS / folder / path.name.removeprefix("test_")).exists()
        and not (LMS / folder / path.stem.removeprefix("test_")).is_dir()
    ]
    assert not lost, f"tests of a module that does not exist (renamed?): {lost}"


def test_the_exceptions_are_still_needed() -> None:
    for name in WITHOUT_OWN_TESTS:
        assert (ROOT / name).exists(), f"{name} is gone: take it from WITHOUT_OWN_TESTS"
        assert not mirror_of(ROOT / name).exists(), f"{name} has tests now: take it from WITHOUT_OWN_TESTS"
