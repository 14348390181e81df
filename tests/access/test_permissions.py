"""The list of permissions keeps its grammar and order, so that an auditor finds a line at once."""

import ast
import re
from pathlib import Path

import lms
from lms.access import permissions
from lms.access.permissions import Permission


def test_names_are_alphabetical() -> None:
    names = [member.name for member in Permission]
    assert names == sorted(names)


def test_values_follow_the_grammar_and_are_unique() -> None:
    values = [member.value for member in Permission]
    assert len(set(values)) == len(values)
    for value in values:
        assert re.fullmatch(r"[a-z]+:[a-z-]+:[a-z-]+", value), value
        assert len(value) <= 60, value  # the column of the access log


def test_each_belongs_to_a_package_that_exists() -> None:
    packages = {path.parent.name for path in Path(str(lms.__file__)).parent.glob("*/__init__.py")}
    assert {member.value.split(":")[0] for member in Permission} <= packages


def test_each_says_what_it_means() -> None:
    tree = ast.parse(Path(str(permissions.__file__)).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
    for member, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(member, ast.Assign):
            assert isinstance(after, ast.Expr), ast.unparse(member)
            assert isinstance(after.value, ast.Constant), ast.unparse(member)
