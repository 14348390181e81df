"""Pages of a list."""

from typing import Any, cast

import pytest
import sqlalchemy as sa

from lms.core.db import Database
from lms.core.paging import Page, page_in, page_of
from lms.jobs.models import Job
from lms.jobs.services import enqueue
from tests.conftest import Site

BY_NAME = sa.select(Job).order_by(Job.name)


@pytest.fixture
def five(empty_site: Site) -> Database:
    """Five jobs, entered in another order than their names."""
    with empty_site.db.writing() as session:
        for name in "daceb":
            enqueue(session, name, {}, dedupe_key=name)
    return empty_site.db


@pytest.mark.parametrize(
    ("asked", "number", "names", "span", "around"),
    [
        (1, 1, "ab", (1, 2), (None, 2)),
        (2, 2, "cd", (3, 4), (1, 3)),
        (3, 3, "e", (5, 5), (2, None)),
        (9, 3, "e", (5, 5), (2, None)),  # a link from before rows went away
        (0, 1, "ab", (1, 2), (None, 2)),
        (-4, 1, "ab", (1, 2), (None, 2)),
    ],
)
def test_a_page_holds_its_rows_and_knows_its_neighbours(
    five: Database, asked: int, number: int, names: str, span: tuple[int, int], around: tuple[int | None, int | None]
) -> None:
    with five.reading() as session:
        page = page_of(session, BY_NAME, asked, size=2)
    assert (page.number, page.total, page.pages) == (number, 5, 3)
    assert [job.name for job in page.rows] == list(names)
    assert (page.first, page.last) == span
    assert (page.previous, page.next) == around


def test_an_empty_list_is_one_empty_page(empty_site: Site) -> None:
    with empty_site.db.reading() as session:
        page = page_of(session, BY_NAME, 3)
    assert (list(page.rows), page.number, page.pages, page.total) == ([], 1, 1, 0)
    assert (page.first, page.last, page.previous, page.next) == (0, 0, None, None)


def test_several_columns_come_as_rows(five: Database) -> None:
    both = cast(sa.Select[Any], sa.select(Job.name, Job.attempts).order_by(Job.name))
    with five.reading() as session:
        page = page_of(session, both, 1, size=1)
    assert [tuple(row) for row in page.rows] == [("a", 0)]


def test_a_full_last_page_is_the_last() -> None:
    page = Page(rows=[1, 2], number=2, size=2, total=4)
    assert (page.pages, page.next, page.last) == (2, None, 4)


@pytest.mark.parametrize(
    ("asked", "number", "rows", "span"),
    [(1, 1, "ab", (1, 2)), (3, 3, "e", (5, 5)), (9, 3, "e", (5, 5)), (0, 1, "ab", (1, 2))],
)
def test_a_list_in_hand_is_paged_the_same_way(asked: int, number: int, rows: str, span: tuple[int, int]) -> None:
    page = page_in("abcde", asked, 2)
    assert (page.number, page.rows, (page.first, page.last), page.total) == (number, rows, span, 5)


def test_an_empty_list_in_hand_has_one_page_without_rows() -> None:
    page: Page[str] = page_in([], 3)
    assert (page.number, list(page.rows), page.first, page.last, page.pages) == (1, [], 0, 0, 1)
