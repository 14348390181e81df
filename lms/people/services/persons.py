"""Entering persons and correcting what is kept on them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from lms.access.decide import require
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.errors import Conflict, Invalid
from lms.core.ids import new_public_id
from lms.people.models import OrgUnit, Person
from lms.people.rules import (
    BIRTH_MONTH,
    LONGEST_EDUCATION,
    LONGEST_NAME,
    LONGEST_PHONE,
    STAFF_NUMBER,
    Sex,
    StaffState,
    clean_name,
    clean_phone,
    clean_staff_number,
    has_private_use,
    name_key,
)
from lms.people.services import posts


def name_sort(name: str) -> str:
    """Return the stored sort key of a name: its pinyin with tones, so that both databases sort alike."""
    # Its dictionaries take 55 MB: loaded when the first name is entered, not into every process that shows one.
    from pypinyin import Style, lazy_pinyin

    return " ".join(lazy_pinyin(name, style=Style.TONE3, neutral_tone_with_five=True)).lower()[:200]


@dataclass(frozen=True, kw_only=True)
class PersonData:
    """What is kept on a person. ``birth_month``: YYYY-MM or empty."""

    staff_number: str
    name: str
    sex: Sex = Sex.UNKNOWN
    birth_month: str = ""
    education: str = ""
    phone: str = ""
    joined_on: date


def cleaned(data: PersonData) -> PersonData:
    """Return the data as it is stored. Raises Invalid, naming the field, for what cannot be stored."""
    number = clean_staff_number(data.staff_number)
    if not STAFF_NUMBER.fullmatch(number):
        raise Invalid("people.staff_number.shape", field="staff_number", value=data.staff_number)
    name = clean_name(data.name)
    if not name:
        raise Invalid("people.name.missing", field="name")
    # The key is as wide as the name, and a few letters grow when they are made small (İ).
    if len(name) > LONGEST_NAME or len(name_key(name)) > LONGEST_NAME:
        raise Invalid("people.name.long", field="name")
    if has_private_use(name):
        raise Invalid("people.name.private_use", field="name", value=name)
    if data.birth_month and not BIRTH_MONTH.fullmatch(data.birth_month):
        raise Invalid("people.birth_month.shape", field="birth_month", value=data.birth_month)
    education = data.education.strip()
    if len(education) > LONGEST_EDUCATION:
        raise Invalid("people.education.long", field="education", most=LONGEST_EDUCATION)
    phone = clean_phone(data.phone)
    if len(phone) > LONGEST_PHONE:
        raise Invalid("people.phone.long", field="phone", most=LONGEST_PHONE)
    return PersonData(
        staff_number=number,
        name=name,
        sex=data.sex,
        birth_month=data.birth_month,
        education=education,
        phone=phone,
        joined_on=data.joined_on,
    )


def add_person(
    session: Session,
    actor: Identity,
    unit: OrgUnit,
    data: PersonData,
    *,
    now: datetime,
    state: StaffState = StaffState.CANDIDATE,
    is_demo: bool = False,
) -> Person:
    """Enter a person in a unit. Raises Invalid for bad data, Conflict when the staff number is taken."""
    role = require(actor, Permission.PERSON_EDIT, Scope(unit_path=unit.path), now=clock.real_now())
    data = cleaned(data)
    taken = session.scalar(sa.select(Person.id).where(Person.staff_number == data.staff_number))
    if taken is not None:
        raise Conflict("people.staff_number.taken", field="staff_number", value=data.staff_number)
    person = Person(
        public_id=new_public_id(),
        staff_number=data.staff_number,
        name=data.name,
        name_key=name_key(data.name),
        name_sort=name_sort(data.name),
        sex=data.sex,
        birth_month=data.birth_month,
        education=data.education,
        phone=data.phone,
        unit_id=unit.id,
        state=state,
        joined_on=data.joined_on,
        is_demo=is_demo,
        extra_time=False,
        created_at=now,
    )
    session.add(person)
    audit.record(session, actor, role, AuditTag.PERSON_ADDED, person, now=now, unit_path=unit.path)
    session.flush()  # callers need the id
    return person


def correct_person(
    session: Session,
    actor: Identity,
    person: Person,
    unit: OrgUnit,
    data: PersonData,
    *,
    now: datetime,
    keeps_posts: bool = False,
) -> bool:
    """Correct what is kept on a person, unit included. True when something changed.

    Whoever moves to another unit leaves the posts on the former one, the day before being the last, unless
    ``keeps_posts``.
    Raises Invalid for bad data, Conflict for a taken staff number or when somebody else changed the person since
    they were read, NotFound when either unit is out of reach.
    """
    scope = Scope(owner_id=None, unit_path=person.unit.path)
    role = require(actor, Permission.PERSON_EDIT, scope, now=clock.real_now())
    require(actor, Permission.PERSON_EDIT, Scope(unit_path=unit.path), now=clock.real_now())
    data = cleaned(data)
    posts.hold_person(session, person)  # before the trail, as every act on a person does
    with session.no_autoflush:
        taken = session.scalar(
            sa.select(Person.id).where(Person.staff_number == data.staff_number, Person.id != person.id)
        )
    if taken is not None:
        raise Conflict("people.staff_number.taken", field="staff_number", value=data.staff_number)
    values = {
        **vars(data),
        "name_key": name_key(data.name),
        "name_sort": name_sort(data.name),
        "unit_id": unit.id,
    }
    changed = {name: value for name, value in values.items() if getattr(person, name) != value}
    if not changed:
        return False
    left = person.unit if "unit_id" in changed and not keeps_posts else None
    for name, value in changed.items():
        setattr(person, name, value)
    audit.record(session, actor, role, AuditTag.PERSON_CHANGED, person, now=now, unit_path=unit.path)
    try:
        session.flush()  # the version column says whether somebody else was faster
    except StaleDataError as error:
        raise Conflict("people.person.changed_meanwhile") from error
    if left is not None:
        last_day = clock.local_date(now) - timedelta(days=1)
        posts.end_all(session, actor, role, person, last_day, on=left, reason="moved", now=now)
    return True
