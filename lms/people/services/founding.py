"""The first steps of an empty installation: a sub-district and its first administrator."""

from datetime import datetime

from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, Role
from lms.core import clock
from lms.people import queries
from lms.people.models import OrgUnit, Person
from lms.people.rules import FIRST_ADMINISTRATOR, StaffState, UnitKind
from lms.people.services import accounts, persons, roles, units

FIRST_NAME = "系统管理员"
UNNAMED_OFFICE = "本街道"
"""What the sub-district of an empty installation is called until somebody writes its name."""


def found_office(session: Session, name: str, *, now: datetime) -> OrgUnit:
    """Return the sub-district of this installation, entering it (and a district above) when there is none."""
    office = queries.office_name(session)
    if office is not None:
        return office
    day = clock.local_date(now)
    district = units.add_unit(session, CONSOLE, UnitKind.DISTRICT, "本区", None, opened_on=day, now=now)
    return units.add_unit(session, CONSOLE, UnitKind.SUBDISTRICT, name, district, opened_on=day, now=now)


def add_administrator(
    session: Session, staff_number: str, name: str, prepared: accounts.PreparedCode, office: OrgUnit, *, now: datetime
) -> Person:
    """Enter a system administrator with a first password, at the machine itself (audited as console)."""
    data = persons.PersonData(staff_number=staff_number, name=name, joined_on=clock.local_date(now))
    person = persons.add_person(session, CONSOLE, office, data, now=now, state=StaffState.ACTIVE)
    roles.grant_from_console(session, CONSOLE, person, Role.SYSTEM_ADMIN, office, now=now)
    accounts.open_account(session, CONSOLE, person, prepared, now=now)
    return person


def first_administrator(session: Session, prepared: accounts.PreparedCode, *, now: datetime) -> Person:
    """Enter the office and the administrator of an empty installation."""
    office = found_office(session, UNNAMED_OFFICE, now=now)
    return add_administrator(session, FIRST_ADMINISTRATOR, FIRST_NAME, prepared, office, now=now)


def slip(name: str, staff_number: str, code: str, address: str) -> list[str]:
    """Return the lines of a sign-in slip for a terminal."""
    return [
        "",
        "  ┌─ 登录纸条 / sign-in slip ───────────────────────────",
        f"  │ 姓名 name            {name}",
        f"  │ 工号 staff number    {staff_number}",
        f"  │ 一次性密码 code      {code}",
        f"  │ 网址 address         {address}",
        "  │ 第一次登录后要换成自己的密码。30 天内有效。",
        "  │ Choose a password of your own at the first sign-in. Good for 30 days.",
        "  └─────────────────────────────────────────────────────",
    ]
