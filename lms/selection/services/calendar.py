"""Entering the holidays of a year, from the table that is published for it."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.errors import Conflict, Invalid
from lms.core.ids import new_public_id
from lms.people import queries as people
from lms.selection import queries
from lms.selection.models import HolidayYear
from lms.selection.rules import LONGEST_REASON, BadTable, parse_days
from lms.selection.services import acts


def enter_year(
    session: Session, actor: Identity, year: int, *, source: str, holidays: str, workdays: str, now: datetime
) -> HolidayYear:
    """Enter the holidays and made-up working days of a year, or correct them. Notices already posted stay as counted.

    ``holidays`` and ``workdays``: lines of a day, or two with .. between, and a name. ``source``: the document.
    Raises Forbidden or NotFound for who is no official of the own sub-district, Invalid, naming field and line, and
    Conflict when somebody else entered the year just now.
    """
    person_id = acts.person_of(actor)
    path = people.person_with_id(session, person_id).unit.path
    office = people.office_of(session, path)  # the table serves all; it is the sub-district's to enter
    scope = Scope(unit_path=office.path if office is not None else path)
    role = require(actor, Permission.CALENDAR_ENTER, scope, now=clock.real_now())
    if not 2020 <= year <= 2100:
        raise Invalid("selection.year.range", field="year")
    source = acts.line(source, "source", LONGEST_REASON)
    tables: dict[str, dict[str, str]] = {}
    for field, text in (("holidays", holidays), ("workdays", workdays)):
        try:
            found = parse_days(text, year, worked=field == "workdays")
        except BadTable as error:
            raise Invalid(f"selection.table.{error.fault.value}", field=field, line=error.line) from error
        tables[field] = {day.isoformat(): name for day, name in sorted(found.items())}
    if not tables["holidays"]:
        raise Invalid("selection.field.missing", field="holidays")
    if set(tables["holidays"]) & set(tables["workdays"]):
        raise Invalid("selection.table.both", field="workdays")
    kept = next((each for each in queries.entered_years(session) if each.year == year), None)
    row = kept or HolidayYear(public_id=new_public_id(), year=year)
    row.source, row.holidays, row.workdays = source, tables["holidays"], tables["workdays"]
    row.entered_by_id, row.entered_at = person_id, now
    session.add(row)
    audit.record(session, actor, role, AuditTag.HOLIDAY_YEAR_ENTERED, row, now=now)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("selection.year.entered_just_now", field="year") from error
    return row
