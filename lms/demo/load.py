"""Loading the made-up sub-district: its units, then its history, then the mark that it is complete."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from lms import registry
from lms.access.identity import CONSOLE, Role
from lms.audit import queries as audit_queries
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.config import Settings
from lms.content import queries as content_queries
from lms.content import services as content
from lms.content.content import examine
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import SetupError
from lms.courses.content import COURSE
from lms.demo import history, office
from lms.demo.people import CAST
from lms.demo.stage import Progress, Stage, World, moment
from lms.jobs import queries as job_queries
from lms.jobs import services as jobs
from lms.people import queries as people
from lms.people.services import accounts
from lms.people.services.passwords import Passwords, typed_code

PASSWORD = "chenguang2026"  # noqa: S105 - printed in the README; production refuses accounts that use it
NOT_YET_SIGNED_IN = history.NOT_YET_SIGNED_IN
JOB_LEASE = timedelta(minutes=2)


def load(db: Database, settings: Settings, report: Progress, *, today: date | None = None) -> World:
    """Load the demo into an empty database, its history ending the day before ``today`` (the business date).

    Whatever cuts it short leaves a database that ``is_complete`` tells from a whole one.
    Raises SetupError when people are entered already.
    """
    with db.reading() as session:
        if not people.is_empty(session):
            raise SetupError("已经有数据，不能载入演示数据 / the database is not empty, the demo is not loaded")
    # Two hashes serve all demo accounts: sixty would take seconds. A code is compared as it would be printed.
    hashes = Passwords(settings.argon2_memory_kib, settings.argon2_time)
    slip = accounts.PreparedCode(PASSWORD, hashes.hash(typed_code(PASSWORD)))
    passwords = office.Passwords(slip, hashes.hash(PASSWORD))
    address = settings.public_base_url or f"http://{settings.host}:{settings.port}"
    stage = Stage(db, today or clock.today(), address, report)
    founded = moment(stage.calendar.workday(history.TRIED), 8, 30)
    _take_content_in(db, settings, stage)
    office.found_units(stage, founded)
    stage.commit()
    report(f"单位 / units: {len(stage.world.places)}")
    stage.play(history.scripts(stage, passwords))
    report(f"人员 / people: {len(stage.world.persons)}")
    _work_off(db)
    with db.writing() as session:
        target = ("org_unit", stage.world.places[""])
        audit.record(session, CONSOLE, Role.CONSOLE, AuditTag.DEMO_LOADED, target, now=stage.now)
    return stage.world


def _take_content_in(db: Database, settings: Settings, stage: Stage) -> None:
    """Take the courses in as of the first day, unless the start of the product has done so."""
    with db.reading() as reader:
        if content_queries.all_held(reader, COURSE):
            return
    found = examine(registry.CONTENT_TYPES, settings.content_root)
    content.sync(stage.session, CONSOLE, found.good, now=stage.calendar.at(history.TRIED, 8, 15))


def _work_off(db: Database) -> None:
    """Run the jobs that the acts of the history left in the outbox; what they ask for has mostly been done."""
    with db.reading() as reader:
        waiting = job_queries.waiting_jobs(reader, clock.real_now())
    for job_id, _ in waiting:
        jobs.run(db, job_id, registry.JOB_HANDLERS, JOB_LEASE)


def is_complete(session: Session) -> bool:
    """Whether the demo was loaded to its end."""
    return audit_queries.has_tag(session, AuditTag.DEMO_LOADED)


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
