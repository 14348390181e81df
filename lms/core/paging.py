"""Pages of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

Row = TypeVar("Row")

PAGE_SIZE = 30


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a longer list; ``number`` counts from 1, ``total`` counts all rows."""

    rows: Sequence[Row]
    number: int
    size: int
    total: int

    @property
    def first(self) -> int:
        """The position of the first row shown, 0 when the list is empty."""
        return 0 if not self.total else (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The position of the last row shown."""
        return min(self.total, self.number * self.size)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def page_of(session: Session, statement: sa.Select[Any], number: int, size: int = PAGE_SIZE) -> Page[Any]:
    """Run an ordered select and return one page of its rows (two queries).

    A number beyond the end gives the last page, one below 1 the first: a stale link is no error.
    """
    total = session.scalar(sa.select(sa.func.count()).select_from(statement.order_by(None).subquery())) or 0
    number = max(1, min(number, -(-total // size) or 1))
    result = session.execute(statement.limit(size).offset((number - 1) * size))
    rows = result.all() if len(statement.column_descriptions) > 1 else result.scalars().all()
    return Page(rows=rows, number=number, size=size, total=total)


def page_in(rows: Sequence[Row], number: int, size: int = PAGE_SIZE) -> Page[Row]:
    """Return one page of a list that is read already; numbers beyond either end are no error here either."""
    number = max(1, min(number, -(-len(rows) // size) or 1))
    return Page(rows=rows[(number - 1) * size : number * size], number=number, size=size, total=len(rows))
