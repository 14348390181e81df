"""Makes docs/access.md from the access table: ``python -m tests.architecture.access_doc``."""

import ast
from functools import cache

from lms.access import permissions
from lms.access.identity import GRANTABLE, Role
from lms.access.matrix import GRANTS, Grant, Reach
from lms.access.permissions import Permission
from tests.architecture.sources import LMS, ROOT

PAGE = ROOT / "docs" / "access.md"

COLUMNS = (Role.PERSON, *GRANTABLE, Role.CONSOLE, Role.SYSTEM)
HEADINGS = {
    Role.PERSON: "everyone",
    Role.MENTOR: "mentor 师傅",
    Role.TRAINER: "trainer 教师",
    Role.GRID_LEADER: "grid leader 网格长",
    Role.OFFICIAL: "official 干部",
    Role.SYSTEM_ADMIN: "system administrator",
    Role.AUDIT_ADMIN: "audit administrator",
    Role.CONSOLE: "console",
    Role.SYSTEM: "jobs",
}
REACHES = {Reach.SELF: "own", Reach.ASSIGNED: "assigned", Reach.UNIT: "unit", Reach.ANY: "all"}

INTRODUCTION = """# Who may do what

Made from `lms/access/matrix.py` by `python -m tests.architecture.access_doc`; a test compares. The code asks this
table and nothing else, for one object (`lms/access/decide.py`) and for lists (`lms/access/filters.py`).

A function that no role of a person includes answers 403. An object out of reach answers 404, the same as one that
does not exist. Rules beyond the table, for example that nobody decides their own case, stand in each package's
`rules.py`.

How far a grant goes: **own** things · **assigned** to the person by a named relation (my mentee, my course) ·
**unit**: everything in and below the unit the role is held on · **all**.
Conditions: **2** another person than the one who began it · **p** the password again within five minutes ·
**l** each use is written to the access log.
"""


@cache
def docstrings() -> dict[str, str]:
    """Return the sentence that stands under each permission in the source; empty when there is none."""
    tree = ast.parse((LMS / "access" / "permissions.py").read_text(encoding="utf-8"))
    [body] = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Permission"]
    found: dict[str, str] = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            words = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            found[node.targets[0].id] = " ".join(str(words).split())
    assert found.keys() == permissions.Permission.__members__.keys()
    return found


def cell(grants: tuple[Grant, ...], role: Role) -> str:
    """Return what a table cell says of one role: the reach and the conditions, wider reaches after narrower ones."""
    held = [grant for grant in grants if grant.role is role]
    parts = []
    for grant in sorted(held, key=lambda each: list(Reach).index(each.reach)):
        conditions = "".join(
            sign for sign, is_asked in (("2", grant.second), ("p", grant.reauth), ("l", grant.logged)) if is_asked
        )
        parts.append(REACHES[grant.reach] + (f" {conditions}" if conditions else ""))
    return ", ".join(parts)


def text() -> str:
    """Return docs/access.md."""
    lines = [INTRODUCTION]
    packages: dict[str, list[Permission]] = {}
    for permission in sorted(Permission, key=lambda each: each.value):
        packages.setdefault(permission.value.split(":", 1)[0], []).append(permission)
    for package, members in packages.items():
        columns = [role for role in COLUMNS if any(cell(GRANTS[each], role) for each in members)]
        lines += [f"## {package}", ""]
        lines.append("| permission | what it is | " + " | ".join(HEADINGS[role] for role in columns) + " |")
        lines.append("|---|---|" + "---|" * len(columns))
        for each in members:
            cells = " | ".join(cell(GRANTS[each], role) for role in columns)
            lines.append(f"| `{each.value}` | {docstrings()[each.name]} | {cells} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
