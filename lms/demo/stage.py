"""The stage: scripts that wait for their moments, played in the order of time by calling the services.

A script is a generator. It yields the moment of its next act and goes on when that moment has come; between two
yields it calls services with ``stage.session`` and ``stage.now``. So the acts of sixty people lie in the audit trail
as they would have come. Only business time is played: what the product takes from the machine's clock (time of
record, sign-in sessions, how long ago a password was given) is that of the load.
"""

import heapq
import random
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, Channel, Identity
from lms.access.permissions import Permission
from lms.certification.documents import Renderer, RenderingError
from lms.certification.services import papers
from lms.core import clock
from lms.core.db import Database
from lms.core.storage import storage_of
from lms.people import queries as people

Progress = Callable[[str], None]
Script = Generator[datetime, None, None]

SEED = 20_260
_HOLIDAYS = {(1, 1), (5, 1), (5, 2), (5, 3), *((10, day) for day in range(1, 8))}
"""Days (month, day) on which the office is closed every year; the feasts of the lunar calendar are left out."""


def moment(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """Return a moment of a day in Asia/Shanghai."""
    return datetime.combine(day, time(hour, minute), tzinfo=clock.SHANGHAI)


class Calendar:
    """Days counted backwards from the day of the load, so that the history always ends yesterday."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._working: list[date] = []

    @property
    def yesterday(self) -> date:
        return self.today - timedelta(days=1)

    def workday(self, back: int) -> date:
        """Return the ``back``-th day before today (1: the last one) on which the office was open."""
        while len(self._working) < back:
            day = (self._working[-1] if self._working else self.today) - timedelta(days=1)
            while day.isoweekday() > 5 or (day.month, day.day) in _HOLIDAYS:
                day -= timedelta(days=1)
            self._working.append(day)
        return self._working[back - 1]

    def at(self, back: int, hour: int, minute: int = 0) -> datetime:
        """Return a moment of a working day."""
        return moment(self.workday(back), hour, minute)


@dataclass
class World:
    """What has been made so far: public ids of units by place and of persons by number."""

    places: dict[str, str] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)

    def unit(self, session: Session, place: str) -> Any:
        """Return the unit of a place."""
        return people.unit_by_public_id(session, CONSOLE, Permission.UNIT_EDIT, self.places[place])

    def person(self, session: Session, number: str) -> Any:
        """Return the person with a staff number."""
        return people.person_by_public_id(session, CONSOLE, Permission.PERSON_EDIT, self.persons[number])


class Stage:
    """Where the history is played: one database, the moment it is, the transaction under way.

    Acts of one business day are committed together, like the statements of one long request: they are made by the
    same calls, only the disk is asked less often. A load that is killed has whole days or nothing of a day.
    """

    def __init__(self, db: Database, today: date, address: str, report: Progress) -> None:
        self.db = db
        self.calendar = Calendar(today)
        self.address = address
        self.report = report
        self.world = World()
        self.now = moment(today)
        self._session: Session | None = None
        self._renderer = Renderer()
        self._persons: dict[str, Identity] = {}

    # --- what scripts use ---

    @property
    def session(self) -> Session:
        """The writing session under way. Nothing read from it may be kept over a yield."""
        if self._session is None:
            self._session = self.db.new_writer()
            self._session.begin()
        return self._session

    def chance(self, name: str) -> random.Random:
        """Return the dice of one script: the same throws at every load."""
        return random.Random(f"{SEED} {name}")  # noqa: S311 - a history to be played again, no secret

    def unit(self, place: str) -> Any:
        """Return the unit of a place, as it is in the session under way."""
        return self.world.unit(self.session, place)

    def person(self, number: str) -> Any:
        """Return a person, as they are in the session under way."""
        return self.world.person(self.session, number)

    def learner(self, number: str) -> Identity:
        """Return a person as the product knows them when they act for themselves."""
        if number not in self._persons:
            person = self.person(number)
            self._persons[number] = Identity(person_id=person.id, public_id=person.public_id)
        return self._persons[number]

    def officer(self, number: str) -> Identity:
        """Return a person with the roles they hold on this day, the password given just now."""
        held = people.identity_for_job(self.session, self.learner(number).person_id, clock.local_date(self.now))
        return replace(held, channel=Channel.WEB, reauthenticated_at=clock.real_now())

    def commit(self) -> None:
        """Commit what was done so far; the next act begins another transaction."""
        if self._session is not None:
            session, self._session = self._session, None
            with session:
                session.commit()

    def give_up(self) -> None:
        """Take back what was not committed."""
        if self._session is not None:
            session, self._session = self._session, None
            session.close()

    def make_papers(self, public_ids: Iterable[str]) -> None:
        """Make and register papers as the worker does, at this moment of the history.

        A paper that cannot be rendered here keeps its job in the outbox: the worker tries again and says why.
        """
        self.commit()
        for public_id in public_ids:
            with self.db.reading() as reader:
                wanted = papers.to_make(reader, public_id)
            if wanted is None:
                continue
            try:
                rendered = self._renderer.render(wanted.paper)
            except RenderingError as error:
                self.report(f"证书文件以后再做 / a paper is left to the worker: {error}")
                continue
            if not rendered.missing:
                storage_of(self.db).put(wanted.file_key, rendered.pdf)
            with self.db.writing() as session:
                papers.register(session, public_id, wanted.file_key, rendered, now=self.now)

    # --- playing ---

    def play(self, scripts: Iterable[Script]) -> None:
        """Play scripts to their ends, act by act in the order of time. What fails ends the load."""
        waiting: list[tuple[datetime, int, Script]] = []
        for number, script in enumerate(scripts):
            first = next(script, None)
            if first is not None:
                waiting.append((first, number, script))
        heapq.heapify(waiting)
        try:
            with self._renderer:
                while waiting:
                    when, number, script = heapq.heappop(waiting)
                    self._move_to(when)
                    following = next(script, None)
                    if following is not None:
                        heapq.heappush(waiting, (max(following, when), number, script))
            self.commit()
        finally:
            self.give_up()

    def _move_to(self, when: datetime) -> None:
        before, after = clock.local_date(self.now), clock.local_date(when)
        if before != after:
            self.commit()
            if (before.year, before.month) != (after.year, after.month):
                self.report(f"{after.year}年{after.month}月 / {after:%B %Y}")
        self.now = when


def once(when: datetime, act: Callable[[], object]) -> Script:
    """Return the script of a single act."""
    yield when
    act()
