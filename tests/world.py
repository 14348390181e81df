"""A small organisation made with the services: two sub-districts, so that "out of reach" can be tried."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms import registry
from lms.access.identity import CONSOLE, HeldRole, Identity, Role
from lms.config import ROOT
from lms.content import services as content
from lms.content.content import Examined, examine
from lms.core import clock
from lms.core.db import Database
from lms.people import queries as people
from lms.people.models import Account, OrgUnit, Person
from lms.people.rules import PRIVACY_NOTICE, Employment, Post, Sex, StaffState, UnitKind
from lms.people.services import accounts, persons, posts, roles, units
from lms.people.services.passwords import Passwords

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""10:00 in Asia/Shanghai, where every test's clock stands."""
TODAY = date(2026, 11, 24)
PASSWORD = "a long enough password"
PASSWORDS = Passwords(memory_kib=8, rounds=1)

HAN_NAMES = {
    "N1": "李秀兰",
    "N2": "乌云·其其格",
    "M1": "王建国",
    "L1": "孙丽",
    "O1": "陈志强",
    "O2": "周雅琴",
    "T1": "赵敏",
    "S1": "何远",
    "A1": "沈静",
    "O9": "林海",
    "N9": "唐㛃",
}
LATIN_NAMES = {
    "N1": "Anna Lee",
    "N2": "Bella Stone",
    "M1": "Carl King",
    "L1": "Dora Sun",
    "O1": "Eric Chen",
    "O2": "Fay Zhou",
    "T1": "Gina Zhao",
    "S1": "Hugo Far",
    "A1": "Ida Calm",
    "O9": "Karl Lin",
    "N9": "Lena Tang",
}


@dataclass
class World:
    """Ids and public ids of what was made, by short names: units ``east``, ``east.1.2``; persons ``N1``, ``O1``."""

    unit_ids: dict[str, int] = field(default_factory=dict)
    unit_public_ids: dict[str, str] = field(default_factory=dict)
    unit_paths: dict[str, str] = field(default_factory=dict)
    person_ids: dict[str, int] = field(default_factory=dict)
    person_public_ids: dict[str, str] = field(default_factory=dict)

    def unit(self, session: Session, place: str) -> OrgUnit:
        return session.get_one(OrgUnit, self.unit_ids[place])

    def person(self, session: Session, number: str) -> Person:
        return session.get_one(Person, self.person_ids[number])

    def identity(self, db: Database, number: str, *, fresh: bool = True) -> Identity:
        """Return the identity of a person as a request would have it; ``fresh``: password given just now."""
        with db.reading() as session:
            person = self.person(session, number)
            held = [
                HeldRole(grant.role, grant.unit.path)
                for grant in people.grants_of(session, person.id)
                if grant.state.value == "in_force"
            ]
            identity = Identity(
                person_id=person.id,
                public_id=person.public_id,
                roles=tuple(held),
                reauthenticated_at=clock.real_now() if fresh else None,
            )
            return registry.assigned_to(session, identity)


def build(db: Database, *, latin: bool = False) -> World:
    """Enter the organisation and the shipped content into an empty database and return the ids."""
    world = World()
    names = LATIN_NAMES if latin else HAN_NAMES
    encoded = PASSWORDS.hash(PASSWORD)
    with db.writing() as session:
        _units(session, world, latin=latin)
        for number, place, role, post, state in (
            ("N1", "east.1.1", None, Post.INSPECTION, StaffState.TRAINEE),
            ("N2", "east.1.2", None, Post.INFORMATION, StaffState.TRAINEE),
            ("M1", "east.1.1", Role.MENTOR, Post.INSPECTION, StaffState.ACTIVE),
            ("L1", "east.1.1", Role.GRID_LEADER, Post.GRID_LEADER, StaffState.ACTIVE),
            ("O1", "east", Role.OFFICIAL, None, StaffState.ACTIVE),
            ("O2", "east", Role.OFFICIAL, None, StaffState.ACTIVE),
            ("T1", "east", Role.TRAINER, None, StaffState.ACTIVE),
            ("S1", "east", Role.SYSTEM_ADMIN, None, StaffState.ACTIVE),
            ("A1", "east", Role.AUDIT_ADMIN, None, StaffState.ACTIVE),
            ("O9", "west", Role.OFFICIAL, None, StaffState.ACTIVE),
            ("N9", "west.1.1", None, Post.INSPECTION, StaffState.TRAINEE),
        ):
            unit = world.unit(session, place)
            person = persons.add_person(
                session,
                CONSOLE,
                unit,
                persons.PersonData(
                    staff_number=f"CG00{number}",
                    name=names[number],
                    sex=Sex.FEMALE,
                    birth_month="1974-05",
                    phone="13800001234",
                    joined_on=date(2026, 7, 1),
                ),
                now=NOW,
                state=state,
            )
            world.person_ids[number] = person.id
            world.person_public_ids[number] = person.public_id
            if post is not None:
                posts.hold_post(
                    session, CONSOLE, person, unit, post, Employment.FULL_TIME, starts_on=date(2026, 7, 1), now=NOW
                )
            if role is not None:
                roles.grant_from_console(session, CONSOLE, person, role, unit, now=NOW)
            accounts.open_account(session, CONSOLE, person, accounts.PreparedCode(PASSWORD, encoded), now=NOW)
        session.flush()
        for number in world.person_ids:
            _settle(session, world, number)
    with db.writing() as session:
        content.sync(session, CONSOLE, shipped_content().good, now=NOW)
    return world


@cache
def shipped_content() -> Examined:
    """Return the content of the repository, read once for each test process."""
    return examine(registry.CONTENT_TYPES, ROOT)


def _settle(session: Session, world: World, number: str) -> None:
    """Leave an account as it is after the first sign-in."""
    person = world.person(session, number)
    identity = Identity(person_id=person.id, public_id=person.public_id)
    account = session.scalars(sa.select(Account).where(Account.person_id == person.id)).one()
    account.temporary_until = None
    accounts.read_privacy_notice(session, identity, PRIVACY_NOTICE, now=NOW)


def _units(session: Session, world: World, *, latin: bool) -> None:
    day = date(2026, 1, 1)

    def add(place: str, kind: UnitKind, name: str, name_en: str, parent: Any) -> OrgUnit:
        shown = name_en if latin else name
        unit = units.add_unit(session, CONSOLE, kind, shown, parent, name_en=name_en, opened_on=day, now=NOW)
        world.unit_ids[place] = unit.id
        world.unit_public_ids[place] = unit.public_id
        world.unit_paths[place] = unit.path
        return unit

    district = add("district", UnitKind.DISTRICT, "云川区", "Yunchuan", None)
    for place, name, name_en in (("east", "东街道", "East"), ("west", "西街道", "West")):
        office = add(place, UnitKind.SUBDISTRICT, name, name_en, district)
        for one in (1, 2):
            community = add(
                f"{place}.{one}", UnitKind.COMMUNITY, f"{name}{one}社区", f"{name_en} Community {one}", office
            )
            for two in (1, 2):
                add(
                    f"{place}.{one}.{two}",
                    UnitKind.GRID,
                    f"{name}{one}社区第{two}网格",
                    f"{name_en} Community {one} Grid {two}",
                    community,
                )
