"""docs/access.md says what the access table says, and every permission says what it is."""

from lms.access.matrix import GRANTS, Reach
from lms.access.permissions import Permission
from tests.architecture import access_doc


def test_the_page_is_the_table() -> None:
    kept = access_doc.PAGE.read_text(encoding="utf-8")
    assert kept == access_doc.text(), "docs/access.md is old: run python -m tests.architecture.access_doc"


def test_every_permission_says_what_it_is() -> None:
    silent = [name for name, words in access_doc.docstrings().items() if not words.endswith(".")]
    assert not silent, f"a sentence under {silent} in lms/access/permissions.py"


def test_the_page_shows_every_grant_of_the_table() -> None:
    page = access_doc.text()
    for permission in Permission:
        [line] = [line for line in page.splitlines() if line.startswith(f"| `{permission.value}` |")]
        shown = sum(line.count(word) for word in (" own", " assigned", " unit", " all"))
        words = access_doc.docstrings()[permission.name]
        said = sum(f" {words}".count(word) for word in (" own", " assigned", " unit", " all"))
        assert shown - said == len(GRANTS[permission]), line
    assert set(access_doc.REACHES) == set(Reach)
