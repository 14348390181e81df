"""Reading revisions. What is parsed from one is kept in the process, by its digest: revisions never change."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.content.content import Bundle, ContentType
from lms.content.models import ContentCurrent, ContentRevision
from lms.content.rules import ContentKind
from lms.core.content import Problems
from lms.core.errors import NotFound

KEPT = 300
"""Parsed revisions kept in a process: every text in use, and the older ones that learners began with."""


def current(session: Session, kind: ContentKind, key: str) -> ContentRevision:
    """Return the revision given to those who begin now. Raises NotFound."""
    found = session.scalar(_currents().where(ContentCurrent.kind == kind, ContentCurrent.key == key))
    if found is None:
        raise NotFound("content.revision.not_found")
    return found


def currents(session: Session, kind: ContentKind) -> list[ContentRevision]:
    """Return the current revisions of a kind by key."""
    return list(session.scalars(_currents().where(ContentCurrent.kind == kind).order_by(ContentCurrent.key)))


def revision(session: Session, revision_id: int) -> ContentRevision:
    """Return a revision by its id. Raises NotFound."""
    found = session.get(ContentRevision, revision_id)
    if found is None:
        raise NotFound("content.revision.not_found")
    return found


def _currents() -> sa.Select[ContentRevision]:
    return sa.select(ContentRevision).join(ContentCurrent, ContentCurrent.revision_id == ContentRevision.id)


def bundle_of(found: ContentRevision) -> Bundle:
    """Return the texts of a revision as ``ContentType.parse`` takes them."""
    return Bundle(found.kind, found.key, found.revision, found.files)


@dataclass(frozen=True)
class Held:
    """A revision with what was parsed from it."""

    revision_id: int
    key: str
    revision: int
    digest: str
    loaded_at: datetime
    thing: Any


def held(session: Session, content_type: ContentType, key: str) -> Held:
    """Return the current text of a thing, parsed. Raises NotFound when there is none."""
    [*found] = _held(session, content_type, ContentCurrent.key == key)
    if not found:
        raise NotFound("content.revision.not_found")
    return found[0]


def all_held(session: Session, content_type: ContentType) -> dict[str, Held]:
    """Return the current text of everything of a kind, parsed, by key."""
    return {each.key: each for each in _held(session, content_type)}


def held_together(session: Session, content_types: Iterable[ContentType]) -> dict[ContentKind, dict[str, Held]]:
    """Return the current texts of several kinds, parsed, by kind and key, for a page that needs many (one query).

    Kinds that were never taken in are there without texts.
    """
    return held_with(session, content_types, ())[0]


def held_with(
    session: Session, content_types: Iterable[ContentType], ids: Iterable[int]
) -> tuple[dict[ContentKind, dict[str, Held]], dict[int, Held]]:
    """Return the current texts of several kinds, by kind and key, and with particular revisions, by id (one query).

    The second holds the current ones too; ids of other kinds are left out. Kinds that were never taken in are there
    without texts.
    """
    by_kind = {each.kind: each for each in content_types}
    in_use = sa.select(ContentCurrent.revision_id).where(ContentCurrent.kind.in_(by_kind))
    statement = (
        _light()
        .add_columns(ContentRevision.kind, ContentCurrent.key.is_not(None).label("is_current"))
        .outerjoin(ContentCurrent, ContentCurrent.revision_id == ContentRevision.id)
        .where(ContentRevision.id.in_(in_use) | ContentRevision.id.in_(set(ids)))
        .order_by(ContentRevision.key, ContentRevision.id)
    )
    rows = session.execute(statement).all()
    is_current = {row.id: row.is_current for row in rows}
    current: dict[ContentKind, dict[str, Held]] = {}
    by_id: dict[int, Held] = {}
    asked = [(content_type, [row for row in rows if row.kind is kind]) for kind, content_type in by_kind.items()]
    for kind, found in zip(by_kind, _shelved(session, asked), strict=True):
        current[kind] = {each.key: each for each in found if is_current[each.revision_id]}
        by_id |= {each.revision_id: each for each in found}
    return current, by_id


def held_revisions(session: Session, content_type: ContentType, ids: Iterable[int]) -> dict[int, Held]:
    """Return particular revisions, parsed, by id: those that learners began with."""
    wanted = set(ids)
    if not wanted:
        return {}
    statement = _light().where(ContentRevision.id.in_(wanted))
    return {each.revision_id: each for each in _parsed(session, content_type, statement)}


_COLUMNS = (
    ContentRevision.id,
    ContentRevision.key,
    ContentRevision.revision,
    ContentRevision.digest,
    ContentRevision.loaded_at,
)


Light = sa.Select[int, str, int, str, datetime]


def _light() -> Light:
    """Everything but the texts, which are read only when they are not parsed yet."""
    return sa.select(*_COLUMNS)


def _held(session: Session, content_type: ContentType, *conditions: sa.ColumnElement[bool]) -> list[Held]:
    statement = (
        _light()
        .join(ContentCurrent, ContentCurrent.revision_id == ContentRevision.id)
        .where(ContentCurrent.kind == content_type.kind, *conditions)
        .order_by(ContentCurrent.key)
    )
    return _parsed(session, content_type, statement)


def _parsed(session: Session, content_type: ContentType, statement: Light) -> list[Held]:
    [found] = _shelved(session, [(content_type, session.execute(statement).all())])
    return found


def _shelved(session: Session, asked: Sequence[tuple[ContentType, Sequence[Any]]]) -> list[list[Held]]:
    """Return the rows of each kind with what was parsed from them.

    Texts are read only where that is not on the shelf yet, and those of all kinds together (one query at most).
    """
    things: dict[tuple[ContentKind, str], Any] = {}
    missing: dict[int, ContentType] = {}
    for content_type, rows in asked:
        for row in rows:
            thing = things[content_type.kind, row.digest] = _SHELF.get((content_type.kind, row.digest))
            if thing is None:
                missing[row.id] = content_type
    if missing:
        for each in session.scalars(sa.select(ContentRevision).where(ContentRevision.id.in_(missing))):
            content_type = missing[each.id]
            thing = content_type.parse(bundle_of(each), Problems())
            if thing is None:  # it was whole when it was taken in: the rules for files have changed since
                raise NotFound("content.revision.unreadable")
            things[content_type.kind, each.digest] = thing
            _SHELF.put((content_type.kind, each.digest), thing)
    return [
        [
            Held(row.id, row.key, row.revision, row.digest, row.loaded_at, things[content_type.kind, row.digest])
            for row in rows
        ]
        for content_type, rows in asked
    ]


class _Shelf:
    """Parsed revisions by kind and digest, the least used falls out. Shared by the threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._things: OrderedDict[tuple[ContentKind, str], Any] = OrderedDict()

    def get(self, place: tuple[ContentKind, str]) -> Any | None:
        with self._lock:
            if place in self._things:
                self._things.move_to_end(place)
            return self._things.get(place)

    def put(self, place: tuple[ContentKind, str], thing: Any) -> None:
        with self._lock:
            self._things[place] = thing
            while len(self._things) > KEPT:
                self._things.popitem(last=False)


_SHELF = _Shelf()


def digests(session: Session) -> dict[tuple[ContentKind, str], str]:
    """Return the digest of everything current, by kind and key."""
    rows = session.execute(
        sa.select(ContentCurrent.kind, ContentCurrent.key, ContentRevision.digest).join(
            ContentRevision, ContentRevision.id == ContentCurrent.revision_id
        )
    )
    return {(kind, key): digest for kind, key, digest in rows}


@dataclass(frozen=True)
class CurrentLine:
    """What is current, for the trainers' list."""

    kind: ContentKind
    key: str
    revision: int
    loaded_at: datetime


def current_lines(session: Session) -> list[CurrentLine]:
    """Return everything current, by kind and key, without the texts."""
    rows = session.execute(
        sa.select(ContentCurrent.kind, ContentCurrent.key, ContentRevision.revision, ContentRevision.loaded_at)
        .join(ContentRevision, ContentRevision.id == ContentCurrent.revision_id)
        .order_by(ContentCurrent.kind, ContentCurrent.key)
    )
    return [CurrentLine(*row) for row in rows]
