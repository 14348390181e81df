"""Bringing in a roster: read, columns mapped, every row checked, then entered by a job that may be killed.

Nothing is entered before the person importing has seen the check. Good rows are kept whatever is wrong with
others; wrong rows can be downloaded, mended and brought in again: who is entered already is recognised.

The slow half of each act (``examine``, ``examine_again``) reads on a reading session and writes nothing; the half
that writes (``begin``, ``change_columns``) takes what it found. Who a row is, is asked once more when it is entered.
"""

import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session, joinedload

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.db import Database, guarded_update
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound
from lms.core.ids import new_public_id
from lms.jobs import queries as outbox
from lms.jobs import services as jobs
from lms.jobs.rules import JobState
from lms.people import queries
from lms.people.formats.cleaning import Note, cell_text, grid_name
from lms.people.formats.headings import DROPPED, Field, Ignored, guess_columns, without_identity
from lms.people.formats.sheet import Cell, Table
from lms.people.models import OrgUnit, Person, RosterImport, RosterRow
from lms.people.rules import (
    FIRST_ADMINISTRATOR,
    Employment,
    Post,
    RosterState,
    RowState,
    Sex,
    StaffState,
    UnitKind,
    in_force_on,
    name_key,
    next_staff_number,
)
from lms.people.services import persons, posts, units
from lms.people.services.roster_check import KnownPersons, Row, UnitFinder, Verdict, check_rows

JOB = "people.import_roster"
ROWS_A_STEP = 10
"""Rows entered in one transaction of the job: short enough that other writers hardly notice."""
PAUSE_SECONDS = 0.11
"""Between two steps: who waits for SQLite's lock asks again every 100 ms at most. With a shorter pause a learner's
save waited in vain for five seconds (measured with 10,000 rows)."""
KEPT_FOR = timedelta(days=7)
"""How long the rows of a roster are kept, for error files and corrections."""
DROPPED_WHY = frozenset(each.value for each in DROPPED)
READY = (RowState.NEW, RowState.UPDATE)
NOT_ENTERED = (RowState.ERROR, RowState.DOUBT, RowState.SKIPPED)

STATES = (StaffState.CANDIDATE, StaffState.TRAINEE, StaffState.ACTIVE)
"""What the persons of a roster may be entered as; on duty only because the office says it filed them."""


def _kept(cell: Cell) -> str | int | float | None:
    """Return a cell as the database may keep it: no identity-card number, dates as text."""
    if cell is None or isinstance(cell, bool):
        return None if cell is None else str(cell)
    if isinstance(cell, float) and not cell.is_integer():
        return cell
    return without_identity(cell_text(cell))[:500]


def _require(actor: Identity, unit: OrgUnit) -> Role:
    return require(actor, Permission.ROSTER_IMPORT, Scope(unit_path=unit.path), now=clock.real_now())


# --- reading and checking -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Examined:
    """A file as it may be kept, each row checked. ``columns``: field → column; ``state``: for new persons."""

    unit_path: str
    sheet: str
    headings: list[str]
    columns: dict[Field, int]
    ignored: dict[int, Ignored]
    left_out: list[list[Any]]
    state: StaffState
    makes_units: bool
    rows: list[Row]
    verdicts: list[Verdict]

    def counts(self) -> dict[str, int]:
        """Return how many rows stand in each state."""
        counts: dict[str, int] = defaultdict(int)
        for each in self.verdicts:
            counts[each.state.value] += 1
        return dict(counts)

    def wrong(self) -> list[Verdict]:
        """Return the rows that would not be entered."""
        return [each for each in self.verdicts if each.state in NOT_ENTERED]

    def dropped(self) -> set[int]:
        """Return the columns whose cells were thrown away."""
        return {index for index, why in self.ignored.items() if why in DROPPED}


def examine(
    session: Session,
    actor: Identity,
    unit: OrgUnit,
    table: Table,
    *,
    today: date,
    state: str = StaffState.TRAINEE.value,
    makes_units: bool = False,
    columns: Mapping[Field, str] | None = None,
) -> Examined:
    """Check every row of a file with guessed columns. Writes nothing.

    Cells of columns with identity-card numbers and with things training does not need are dropped here.
    ``columns``: field → heading, instead of the guess. Raises Invalid as ``change_columns`` does.
    """
    _require(actor, unit)
    texts = [[cell_text(line.cells[index]) for line in table.lines] for index in range(len(table.headings))]
    mapping, ignored = guess_columns(table.headings, texts)
    dropped = {index for index, why in ignored.items() if why in DROPPED}
    if columns:
        for field, heading in columns.items():
            if heading not in table.headings:
                raise Invalid("people.roster.no_such_column", heading=heading)
            mapping = {each: index for each, index in mapping.items() if index != table.headings.index(heading)}
            mapping[field] = table.headings.index(heading)
        ignored = {index: why for index, why in ignored.items() if index not in mapping.values()}
    entered_as = _checked_choice(len(table.headings), {each.value: at for each, at in mapping.items()}, dropped, state)
    filled: dict[int, list[int]] = defaultdict(list)
    for number, column in sorted(table.filled):
        filled[number].append(column)
    rows = [
        Row(
            line.number,
            [None if index in dropped else _kept(cell) for index, cell in enumerate(line.cells)],
            filled.get(line.number, ()),
        )
        for line in table.lines
    ]
    return Examined(
        unit_path=unit.path,
        sheet=without_identity(table.sheet),
        headings=[without_identity(heading) for heading in table.headings],
        columns=mapping,
        ignored=ignored,
        left_out=[[each.number, each.why, each.text] for each in table.left_out],
        state=entered_as,
        makes_units=makes_units,
        rows=rows,
        verdicts=check_rows(session, unit, rows, mapping, makes_units=makes_units, today=today),
    )


def begin(
    session: Session, actor: Identity, unit: OrgUnit, examined: Examined, file_name: str, digest: str, *, now: datetime
) -> RosterImport:
    """Keep what was read from a file and found about its rows. Nothing is entered yet."""
    _require(actor, unit)
    if unit.path != examined.unit_path:
        raise AssertionError("a roster is begun for the unit it was examined for")
    roster = RosterImport(
        public_id=new_public_id(),
        unit_id=unit.id,
        begun_by_id=actor.person_id,
        file_name=without_identity(file_name)[:200],
        file_digest=digest,
        sheet=examined.sheet[:100],
        state=RosterState.READ,
        columns=examined.headings,
        mapping=_stored_mapping(examined.columns, examined.state.value, makes_units=examined.makes_units),
        ignored=[[index, why.value] for index, why in sorted(examined.ignored.items())],
        left_out=examined.left_out,
        row_count=len(examined.rows),
        begun_at=now,
    )
    session.add(roster)
    session.flush()  # the rows need its id
    session.execute(
        sa.insert(RosterRow),
        [
            {
                "import_id": roster.id,
                "line": row.line,
                "cells": row.cells,
                **_stored(verdict),
            }
            for row, verdict in zip(examined.rows, examined.verdicts, strict=True)
        ],
    )
    return roster


def _stored(verdict: Verdict) -> dict[str, Any]:
    return {
        "values": verdict.values,
        "notes": [note.as_json() for note in verdict.notes],
        "state": verdict.state,
        "person_id": verdict.person_id,
    }


def _stored_mapping(columns: Mapping[Field, int], state: str, *, makes_units: bool, turn: int = 0) -> dict[str, Any]:
    """Return what a roster keeps of the choices; ``turn`` counts the changes, so that none goes under."""
    return {
        "columns": {field.value: index for field, index in columns.items()},
        "state": state,
        "make": makes_units,
        "turn": turn,
    }


def _checked_choice(width: int, columns: Mapping[str, int], dropped: set[int], state: str) -> StaffState:
    if Field.NAME.value not in columns or not all(0 <= index < width for index in columns.values()):
        raise Invalid("people.roster.no_name_column", field=Field.NAME.value)
    if len(set(columns.values())) != len(columns):
        raise Invalid("people.roster.column_twice")
    if dropped & set(columns.values()):
        raise Invalid("people.roster.identity_column")
    if state not in {each.value for each in STATES}:
        raise Invalid("people.roster.unknown_state", field="state")
    return StaffState(state)


@dataclass(frozen=True)
class Rechecked:
    """What other columns change in a roster's rows; ``turn``: the state of the roster they were checked in."""

    mapping: dict[str, Any]
    ignored: list[Any]
    changes: list[dict[str, Any]]
    turn: int


def examine_again(
    session: Session,
    actor: Identity,
    roster: RosterImport,
    columns: Mapping[str, int],
    *,
    state: str,
    makes_units: bool,
    today: date,
) -> Rechecked:
    """Check all rows again with other columns, state of new persons or "enter missing units too". Writes nothing.

    Raises Invalid when no column holds the names, one column serves two fields, or a dropped one is chosen,
    Conflict when the import has moved on.
    """
    _require(actor, roster.unit)
    if roster.state is not RosterState.READ:
        raise Conflict("people.roster.moved_on")
    dropped = {index for index, why in roster.ignored if why in DROPPED_WHY}
    _checked_choice(len(roster.columns), columns, dropped, state)
    chosen = {Field(field): index for field, index in columns.items()}
    still = {index: why for index, why in roster.ignored if index not in chosen.values()}
    for index in range(len(roster.columns)):
        if index not in chosen.values():
            still.setdefault(index, Ignored.UNKNOWN.value)
    stored = session.execute(
        sa.select(
            RosterRow.id,
            RosterRow.line,
            RosterRow.cells,
            RosterRow.values,
            RosterRow.notes,
            RosterRow.state,
            RosterRow.person_id,
        )
        .where(RosterRow.import_id == roster.id, RosterRow.state != RowState.ENTERED)
        .order_by(RosterRow.line)
    ).all()
    rows = [
        Row(
            row.line,
            row.cells,
            row.values.get("filled", ()),
            row.values.get("decision", ""),
            row.values.get("about"),
        )
        for row in stored
    ]
    turn = roster.mapping["turn"]
    verdicts = check_rows(session, roster.unit, rows, chosen, makes_units=makes_units, today=today)
    changes = [
        {"id": row.id, **_stored(verdict)}
        for row, verdict in zip(stored, verdicts, strict=True)
        if _stored(verdict) != {name: getattr(row, name) for name in ("values", "notes", "state", "person_id")}
    ]
    return Rechecked(
        mapping=_stored_mapping(chosen, state, makes_units=makes_units, turn=turn + 1),
        ignored=[[index, why] for index, why in sorted(still.items())],
        changes=changes,
        turn=turn,
    )


def change_columns(session: Session, actor: Identity, roster: RosterImport, checked: Rechecked) -> None:
    """Keep what ``examine_again`` found. Raises Conflict when somebody changed the roster meanwhile."""
    _require(actor, roster.unit)
    _hold(session, roster)
    if roster.mapping["turn"] != checked.turn:
        raise Conflict("people.state.moved_on")
    roster.mapping = checked.mapping
    roster.ignored = checked.ignored
    if checked.changes:
        session.execute(sa.update(RosterRow), checked.changes)


def _hold(session: Session, roster: RosterImport) -> None:
    """Lock a roster that may still be changed and read it anew. Raises Conflict when the import has moved on."""
    statement = (
        sa.update(RosterImport)
        .where(RosterImport.id == roster.id, RosterImport.state == RosterState.READ)
        .values(state=RosterState.READ)
    )
    if not guarded_update(session, statement):
        raise Conflict("people.roster.moved_on")
    session.refresh(roster)


# --- deciding on rows -------------------------------------------------------------------------------------


def decide_row(session: Session, actor: Identity, roster: RosterImport, line: int, decision: str) -> None:
    """Decide on a row: ``same`` person, ``new`` person, ``skip``, or ``back`` to what it was. Safe to repeat.

    Raises Invalid for a decision that does not fit the row, Conflict when the import has moved on.
    """
    _require(actor, roster.unit)
    _hold(session, roster)
    row = session.scalar(sa.select(RosterRow).where(RosterRow.import_id == roster.id, RosterRow.line == line))
    if row is None or row.state is RowState.ENTERED:
        raise Invalid("people.roster.no_such_row", line=line)
    about: int | None = row.values.get("about")
    decided = row.values.get("decision", "")
    if decision == (decided or "back"):
        return
    values = {key: value for key, value in row.values.items() if key not in {"decision", "was"}}
    before = RowState(row.values["was"]) if decided == "skip" else RowState.DOUBT if decided else row.state
    if decision == "skip":
        row.state, row.values = RowState.SKIPPED, {**values, "decision": "skip", "was": before.value}
    elif decision == "back":
        row.state, row.values = before, values
        if row.state is RowState.DOUBT:
            row.person_id = about if about is not None and about > 0 else None
    elif about is not None and decision == "same" and about > 0:
        row.state, row.person_id, row.values = RowState.UPDATE, about, {**values, "decision": decision}
    elif about is not None and decision == "new":
        row.state, row.person_id, row.values = RowState.NEW, None, {**values, "decision": decision}
    else:
        raise Invalid("people.roster.no_such_decision")
    roster.mapping = {**roster.mapping, "turn": roster.mapping["turn"] + 1}


def abandon(session: Session, actor: Identity, roster: RosterImport, *, now: datetime) -> None:
    """Leave an import without entering anything; its rows go at once. Safe to repeat."""
    _require(actor, roster.unit)
    if roster.state is RosterState.ABANDONED:
        return
    _hold(session, roster)
    roster.state = RosterState.ABANDONED
    roster.finished_at = now
    session.execute(sa.delete(RosterRow).where(RosterRow.import_id == roster.id))


def start(session: Session, actor: Identity, roster: RosterImport) -> str:
    """Begin to enter the good rows, by a job; return the job's public id. A second click gives the same job.

    An import whose job was given up after too many errors gets a new one, which goes on where it stopped.
    Raises Conflict when the import was abandoned, Invalid when there is nothing to enter.
    """
    _require(actor, roster.unit)
    try:
        _hold(session, roster)
    except Conflict:
        session.refresh(roster)
        if roster.state is RosterState.ABANDONED:
            raise
        if roster.state is RosterState.DONE or job_state(session, roster) is not JobState.FAILED:
            return roster.job_public_id
    ready = _ready_count(session, roster.id)
    if roster.state is RosterState.READ:
        if not ready:
            raise Invalid("people.roster.nothing_to_enter")
        roster.state = RosterState.IMPORTING
        roster.mapping = {**roster.mapping, "planned": ready}
    job = jobs.enqueue(
        session,
        JOB,
        {"roster": roster.public_id, "total": roster.mapping["planned"]},
        # One job at a time: the next one is named after the one before it.
        dedupe_key=f"{JOB}:{roster.public_id}:{roster.job_public_id}",
        owner_id=actor.person_id,
    )
    roster.job_public_id = job.public_id
    return job.public_id


def job_state(session: Session, roster: RosterImport) -> JobState | None:
    """Return how the job of a roster stands, None before there is one."""
    job = session.scalar(outbox.all_jobs().filter_by(public_id=roster.job_public_id))
    return job.state if job is not None else None


def _ready_count(session: Session, import_id: int) -> int:
    statement = sa.select(sa.func.count()).select_from(RosterRow)
    return session.scalar(statement.where(RosterRow.import_id == import_id, RosterRow.state.in_(READY))) or 0


def not_entered(session: Session, public_id: str) -> list[RosterRow]:
    """Return the rows of a roster that are wrong, in doubt or left out."""
    return list(session.scalars(queries.roster_rows(_roster(session, public_id), NOT_ENTERED)))


def row_counts(session: Session, import_id: int) -> dict[str, int]:
    """Return how many rows of a roster stand in each state."""
    rows = session.execute(
        sa.select(RosterRow.state, sa.func.count()).where(RosterRow.import_id == import_id).group_by(RosterRow.state)
    )
    return {state.value: count for state, count in rows}


# --- entering ---------------------------------------------------------------------------------------------


_COUNTED = re.compile(r"([A-Z]*)\d{1,12}")


class Numbers:
    """Gives out staff numbers to persons whose roster has none: the next after the office's own.

    Numbers that the file itself gives to others are left free for them.
    """

    def __init__(self, session: Session, public_id: str) -> None:
        in_file = session.scalars(
            sa.select(RosterRow.values)
            .join(RosterImport, RosterImport.id == RosterRow.import_id)
            .where(RosterImport.public_id == public_id, RosterRow.state.in_(READY))
        )
        self.taken = {*session.scalars(sa.select(Person.staff_number)), *(values["staff_number"] for values in in_file)}
        by_prefix: dict[str, list[str]] = defaultdict(list)
        for number in self.taken:
            if number != FIRST_ADMINISTRATOR and (found := _COUNTED.fullmatch(number)):
                by_prefix[found[1]].append(number)
        prefix = max(by_prefix, key=lambda each: (len(by_prefix[each]), each), default="")
        self.highest = max(by_prefix[prefix], key=lambda each: (len(each), each)) if by_prefix else ""

    def next(self) -> str:
        """Return a number that was free when this was made, and never the same twice."""
        self.highest = next_staff_number(self.highest, frozenset())
        while self.highest in self.taken:
            self.highest = next_staff_number(self.highest, frozenset())
        self.taken.add(self.highest)
        return self.highest


def _roster(session: Session, public_id: str) -> RosterImport:
    return session.scalars(
        sa.select(RosterImport).where(RosterImport.public_id == public_id).options(joinedload(RosterImport.unit))
    ).one()


def enter_step(session: Session, actor: Identity, public_id: str, numbers: Numbers, *, now: datetime) -> int:
    """Enter the next rows of a roster; return how many rows are still to be entered.

    A row that fails is marked with its reason and the others go on. May be killed and called again: entered
    rows are marked in the same transaction. Raises Forbidden or NotFound when the actor may not import any more.
    """
    roster = _roster(session, public_id)
    _require(actor, roster.unit)
    if roster.state is not RosterState.IMPORTING:
        return 0
    rows = session.scalars(
        sa.select(RosterRow)
        .where(RosterRow.import_id == roster.id, RosterRow.state.in_(READY))
        .order_by(RosterRow.line)
        .limit(ROWS_A_STEP)
    ).all()
    for row in rows:
        try:
            with session.begin_nested():
                _enter_row(session, actor, roster, row, numbers, now=now)
        except _Refused as refusal:
            _leave(row, refusal.note)
        except (LMSError, IntegrityError, DataError) as error:
            code = error.code if isinstance(error, LMSError) else "not_entered"
            _leave(row, Note(code, "name", row.values["name"], is_error=True))
    session.flush()
    return _ready_count(session, roster.id)


class _Refused(Exception):
    """A row that cannot be entered, with the note that says why. Takes back what was done for the row."""

    def __init__(self, note: Note) -> None:
        super().__init__(note.code)
        self.note = note


def _leave(row: RosterRow, note: Note) -> None:
    row.state = RowState.ERROR
    row.notes = [*row.notes, note.as_json()]


def _enter_row(
    session: Session, actor: Identity, roster: RosterImport, row: RosterRow, numbers: Numbers, *, now: datetime
) -> None:
    values = row.values
    statement = (
        sa.update(RosterRow).where(RosterRow.id == row.id, RosterRow.state.in_(READY)).values(state=RowState.ENTERED)
    )
    if not guarded_update(session, statement):
        return
    today = clock.local_date(now)
    known = KnownPersons(
        session, roster.unit, today, names=[name_key(values["name"])], numbers=[values["staff_number"]]
    )
    decision, about = values.get("decision", ""), values.get("about")
    if about is not None and about < 0:
        about = session.scalar(
            sa.select(RosterRow.person_id).where(RosterRow.import_id == roster.id, RosterRow.line == -about)
        )
    state, person_id, notes = known.identify(values, decision, about)
    if state in {RowState.DOUBT, RowState.ERROR}:
        # Somebody was entered since the check whom this row may be: left for a person to look at.
        row.state, row.person_id = state, None
        row.notes = [*row.notes, *(note.as_json() for note in notes)]
        return
    unit = _unit_of(session, actor, roster, values, now=now)
    if state is RowState.NEW:
        person = _add(session, actor, roster, unit, values, numbers, now=now)
    else:
        person = session.get_one(Person, person_id)
        # A roster that names only the community, or nothing, does not take a person out of their grid.
        unit_after = person.unit if person.unit.path.startswith(unit.path) else unit
        persons.correct_person(session, actor, person, unit_after, _corrected(person, values), now=now)
    _hold_post(session, actor, person, unit, values, is_new=state is RowState.NEW, now=now)
    row.state, row.person_id = RowState.ENTERED, person.id
    session.flush()


def _add(
    session: Session,
    actor: Identity,
    roster: RosterImport,
    unit: OrgUnit,
    values: Mapping[str, Any],
    numbers: Numbers,
    *,
    now: datetime,
) -> Person:
    number = values["staff_number"]
    if not number:
        number = numbers.next()
        while session.scalar(sa.select(Person.id).where(Person.staff_number == number)) is not None:
            number = numbers.next()  # given to somebody since the import began
    data = persons.PersonData(
        staff_number=number,
        name=values["name"],
        sex=Sex(values["sex"]),
        birth_month=values["birth_month"],
        education=values["education"],
        phone=values["phone"],
        joined_on=date.fromisoformat(values["joined_on"]) if values["joined_on"] else clock.local_date(now),
    )
    return persons.add_person(session, actor, unit, data, now=now, state=StaffState(roster.mapping["state"]))


def _corrected(person: Person, values: Mapping[str, Any]) -> persons.PersonData:
    """Return a person's data with what a row says; its empty cells leave everything as it is."""
    return persons.PersonData(
        staff_number=person.staff_number,
        name=values["name"],
        sex=person.sex if values["sex"] == Sex.UNKNOWN.value else Sex(values["sex"]),
        birth_month=values["birth_month"] or person.birth_month,
        education=values["education"] or person.education,
        phone=values["phone"] or person.phone,
        joined_on=date.fromisoformat(values["joined_on"]) if values["joined_on"] else person.joined_on,
    )


def _hold_post(
    session: Session,
    actor: Identity,
    person: Person,
    unit: OrgUnit,
    values: Mapping[str, Any],
    *,
    is_new: bool,
    now: datetime,
) -> None:
    """Give a person the post of their row, unless they hold it on that grid; one given for later begins today."""
    if not values["post"] or unit.kind is not UnitKind.GRID:
        return
    post = Post(values["post"])
    today = clock.local_date(now)
    known = [] if is_new else queries.all_posts_of(session, person.id)
    if any(
        each.unit_id == unit.id and each.post is post and in_force_on(each.starts_on, each.ends_on, today)
        for each in known
    ):
        return
    employment = Employment(values["employment"]) if values["employment"] else Employment.FULL_TIME
    # The first post began when the person did; of a further one the roster does not say since when.
    starts_on = date.fromisoformat(values["joined_on"]) if values["joined_on"] and not known else today
    posts.hold_post(session, actor, person, unit, post, employment, starts_on=starts_on, now=now)


def _unit_of(
    session: Session, actor: Identity, roster: RosterImport, values: Mapping[str, Any], *, now: datetime
) -> OrgUnit:
    """Return the unit of a row, making the community and grid it names when that was agreed to."""
    if values.get("unit_id") is not None:
        known = session.get_one(OrgUnit, values["unit_id"])
        if known.closed_on is not None:
            raise _Refused(Note("unit_closed", "grid", known.name, is_error=True))
        return known
    finder = UnitFinder(session, roster.unit)
    found = finder.find(values["community"], values["grid"])
    if found.unit is not None:
        return found.unit
    if not (roster.mapping["make"] and found.missing):
        raise _Refused(found.notes[0])
    day = clock.local_date(now)
    same_name = finder.communities(found.missing["community"])
    community = (
        same_name[0]
        if same_name
        else finder.unit
        if finder.unit.kind is UnitKind.COMMUNITY
        else units.add_unit(
            session, actor, UnitKind.COMMUNITY, found.missing["community"], roster.unit, opened_on=day, now=now
        )
    )
    if not found.missing["grid"]:
        return community
    name = grid_name(community.name, found.missing["grid"])
    return units.add_unit(session, actor, UnitKind.GRID, name, community, opened_on=day, now=now)


def finish(session: Session, actor: Identity, public_id: str, *, now: datetime) -> dict[str, int]:
    """Close an import after its last row, with one audit entry for the whole; return the counts by row state."""
    roster = _roster(session, public_id)
    counts = row_counts(session, roster.id)
    role = _require(actor, roster.unit)
    if _move(session, roster, RosterState.DONE, finished_at=now):
        audit.record(
            session,
            actor,
            role,
            AuditTag.ROSTER_IMPORTED,
            ("roster_import", public_id),
            now=now,
            unit_path=roster.unit.path,
            diff={"rows": roster.row_count, **counts},
        )
    return counts


def _move(session: Session, roster: RosterImport, state: RosterState, **values: object) -> bool:
    """Take a roster out of importing, once."""
    statement = (
        sa.update(RosterImport)
        .where(RosterImport.id == roster.id, RosterImport.state == RosterState.IMPORTING)
        .values(state=state, **values)
    )
    moved = guarded_update(session, statement)
    session.expire(roster, ["state", "finished_at"])
    return moved


def enter_all(run: jobs.JobRun) -> None:
    """The job: enter the rows step by step, then close the import.

    When the person who started it may not import any more, the roster goes back to be started by somebody else.
    """
    public_id = run.payload["roster"]
    total = int(run.payload["total"])
    with run.db.reading() as session:
        actor = queries.identity_for_job(session, run.owner_id, clock.today())
        numbers = Numbers(session, public_id)
    try:
        left = -1
        while left:
            with run.db.writing() as session:
                left = enter_step(session, actor, public_id, numbers, now=clock.now())
                run.progress(session, total - left, total)
            time.sleep(PAUSE_SECONDS if run.db.is_sqlite else 0)
        with run.db.writing() as session:
            counts = finish(session, actor, public_id, now=clock.now())
            run.finish(session, {"roster": public_id, **counts})
    except (Forbidden, NotFound) as refusal:
        with run.db.writing() as session:
            _move(session, _roster(session, public_id), RosterState.READ)
            run.finish(session, {"roster": public_id, "refused": refusal.code})


# --- sweeping ---------------------------------------------------------------------------------------------


def sweep(db: Database) -> None:
    """Remove the rows of rosters that were finished, or left lying, ``KEPT_FOR`` ago; one roster a transaction."""
    before = clock.now() - KEPT_FOR
    with db.reading() as session:
        due = queries.rosters_to_sweep(session, before)
    for import_id in due:
        with db.writing() as session:
            statement = (
                sa.update(RosterImport)
                .where(RosterImport.id == import_id, RosterImport.state == RosterState.READ)
                .values(state=RosterState.ABANDONED, finished_at=clock.now())
            )
            guarded_update(session, statement)
            # One that was started this moment is left alone.
            over = sa.select(RosterImport.id).where(
                RosterImport.id == import_id, RosterImport.state.in_([RosterState.DONE, RosterState.ABANDONED])
            )
            session.execute(
                sa.delete(RosterRow).where(RosterRow.import_id.in_(over)),
                execution_options={"synchronize_session": False},
            )
