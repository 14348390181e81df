"""Playing the history: one act after the other, with the services, at the time it happened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, Role
from lms.access.permissions import Permission
from lms.audit import queries as audit_queries
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.config import Settings
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import SetupError
from lms.demo.people import CAST, COMMUNITIES, DISTRICT, GRIDS_EACH, OFFICE, Cast
from lms.people import queries as people
from lms.people.rules import PRIVACY_NOTICE, StaffState, UnitKind
from lms.people.services import accounts, persons, roles, units
from lms.people.services.passwords import Passwords, typed_code

PASSWORD = "chenguang2026"  # noqa: S105 - printed in the README; production refuses accounts that use it
DAYS_OF_HISTORY = 150
NOT_YET_SIGNED_IN = "CG0241"
"""One demo person still has the slip's code: the first steps can be tried with them."""


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


Progress = Callable[[str], None]


def moment(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """Return a moment of a working day in Asia/Shanghai."""
    return datetime.combine(day, time(hour, minute), tzinfo=clock.SHANGHAI)


def load(db: Database, settings: Settings, report: Progress) -> World:
    """Load the demo into an empty database. Raises SetupError when people are entered already."""
    with db.reading() as session:
        if not people.is_empty(session):
            raise SetupError("已经有数据，不能载入演示数据 / the database is not empty, the demo is not loaded")
    # One hash serves all demo accounts: sixty would take seconds.
    passwords = Passwords(settings.argon2_memory_kib, settings.argon2_time)
    encoded = passwords.hash(PASSWORD)
    # A code is compared as it would be printed, so the one who has not signed in yet needs a hash of its own.
    as_code = passwords.hash(typed_code(PASSWORD))
    world = World()
    first_day = clock.today() - timedelta(days=DAYS_OF_HISTORY)
    with db.writing() as session:
        _units(session, world, moment(first_day))
    report(f"单位 / units: {len(world.places)}")
    with db.writing() as session:
        for cast in CAST:
            _person(session, world, cast, as_code if cast.number == NOT_YET_SIGNED_IN else encoded, first_day)
    report(f"人员 / people: {len(world.persons)}")
    with db.writing() as session:
        audit.record(
            session, CONSOLE, Role.CONSOLE, AuditTag.DEMO_LOADED, ("org_unit", world.places[""]), now=clock.now()
        )
    return world


def is_complete(session: Session) -> bool:
    """Whether the demo was loaded to its end."""
    return audit_queries.has_tag(session, AuditTag.DEMO_LOADED)


def _units(session: Session, world: World, now: datetime) -> None:
    day = clock.local_date(now)

    def add(kind: UnitKind, name: tuple[str, str], parent: Any) -> Any:
        return units.add_unit(session, CONSOLE, kind, name[0], parent, name_en=name[1], opened_on=day, now=now)

    district = add(UnitKind.DISTRICT, DISTRICT, None)
    office = add(UnitKind.SUBDISTRICT, OFFICE, district)
    world.places[""] = office.public_id
    for number, name in enumerate(COMMUNITIES, 1):
        community = add(UnitKind.COMMUNITY, name, office)
        world.places[str(number)] = community.public_id
        for grid in range(1, GRIDS_EACH + 1):
            grid_name = (f"{name[0]}第{grid}网格", f"{name[1]} Grid {grid}")
            world.places[f"{number}.{grid}"] = add(UnitKind.GRID, grid_name, community).public_id


def _person(session: Session, world: World, cast: Cast, encoded: str, first_day: date) -> None:
    unit = world.unit(session, cast.place)
    index = int("".join(char for char in cast.number if char.isdigit()))
    served = cast.state is StaffState.ACTIVE
    joined = first_day - timedelta(days=400 + index * 7) if served else first_day + timedelta(days=index % 60)
    entered = max(joined, first_day)
    now = moment(entered, 9, index % 50)
    person = persons.add_person(
        session,
        CONSOLE,
        unit,
        persons.PersonData(
            staff_number=cast.number,
            name=cast.name,
            sex=cast.sex,
            birth_month=cast.born,
            phone=f"1380472{index:04d}",
            joined_on=joined,
        ),
        now=now,
        state=cast.state,
        is_demo=True,
    )
    world.persons[cast.number] = person.public_id
    if cast.post is not None:
        persons.hold_post(
            session,
            CONSOLE,
            person,
            unit,
            cast.post,
            cast.employment,
            starts_on=entered,
            now=now,
        )
    if cast.role is not None:
        roles.grant_from_console(session, CONSOLE, person, cast.role, unit, now=now)
    if cast.state is StaffState.CANDIDATE:
        return
    prepared = accounts.PreparedCode(PASSWORD, encoded)
    account = accounts.open_account(session, CONSOLE, person, prepared, now=now)
    if cast.number != NOT_YET_SIGNED_IN:
        accounts.settle_demo_account(session, account, PRIVACY_NOTICE, now=now)


WHAT = {
    "CG0001": "街道干部 official",
    "CG0002": "街道干部 second official",
    "CG0003": "培训教师 trainer",
    "CG0101": "带教师傅 mentor",
    "CG0102": "网格长 grid leader",
    "CG0231": "新网格员 newcomer",
    "SYS001": "系统管理员 system administrator",
    "AUD001": "审计管理员 audit administrator",
}


def known_accounts() -> list[tuple[str, str, str]]:
    """Return (staff number, name, what they do) of the accounts to try the product with."""
    return [(cast.number, cast.name, WHAT[cast.number]) for cast in CAST if cast.known]
