"""Checking the rows of a roster: what a row says, which unit it names, who it is. Reads only, writes nothing."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.people.formats import cleaning
from lms.people.formats.cleaning import Cleaned, Note, cell_text
from lms.people.formats.headings import Field
from lms.people.formats.sheet import Cell
from lms.people.models import OrgUnit, Person, PostHolding
from lms.people.rules import (
    Known,
    RowState,
    Sex,
    StaffState,
    UnitKind,
    half_width,
    in_force_on,
    match_person,
    name_key,
)

# --- what a row says ----------------------------------------------------------------------------------------


def clean_row(
    cells: Sequence[Cell], columns: Mapping[Field, int], filled: Collection[int], today: date
) -> tuple[dict[str, Any], list[Note]]:
    """Return the values of a row as they would be stored (texts, "" where nothing is said) and the notes on them."""

    def plain(cell: Cell) -> Cleaned:
        return Cleaned(" ".join(half_width(cell_text(cell)).split()))

    cleaners: Mapping[Field, Callable[[Cell], Cleaned]] = {
        Field.NAME: cleaning.clean_name_cell,
        Field.STAFF_NUMBER: cleaning.clean_number_cell,
        Field.SEX: cleaning.clean_sex_cell,
        Field.BIRTH_MONTH: lambda cell: cleaning.clean_birth_cell(cell, today),
        Field.EDUCATION: cleaning.clean_education_cell,
        Field.PHONE: cleaning.clean_phone_cell,
        Field.COMMUNITY: plain,
        Field.GRID: plain,
        Field.POST: cleaning.clean_post_cell,
        Field.EMPLOYMENT: cleaning.clean_employment_cell,
        Field.JOINED_ON: lambda cell: cleaning.clean_joined_cell(cell, today),
    }
    values: dict[str, Any] = {}
    notes: list[Note] = []
    for each, cleaner in cleaners.items():
        index = columns.get(each)
        cleaned = cleaner(cells[index] if index is not None and index < len(cells) else None)
        values[each.value] = cleaned.value[:60]
        if index is not None or each is Field.NAME:
            notes.extend(cleaned.notes)
        if index is not None and index in filled and cleaned.value:
            notes.append(Note("filled_down", each.value, "", cleaned.value))
    return values, notes


# --- which unit it names ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """The unit a row names; without one ``notes`` say why and ``missing`` what would have to be made."""

    unit: OrgUnit | None
    notes: tuple[Note, ...] = ()
    missing: Mapping[str, Any] = field(default_factory=dict)


class UnitFinder:
    """Finds the community and the grid that a row names, below the unit the roster is for."""

    def __init__(self, session: Session, unit: OrgUnit) -> None:
        self.unit = unit
        self.whole: dict[str, list[OrgUnit]] = defaultdict(list)
        self.stems: dict[str, list[OrgUnit]] = defaultdict(list)
        self.grids: dict[int, list[OrgUnit]] = defaultdict(list)
        below = session.scalars(
            sa.select(OrgUnit)
            .where(OrgUnit.path.startswith(unit.path, autoescape=True), OrgUnit.closed_on.is_(None))
            .order_by(OrgUnit.path)
        )
        for each in below:
            if each.kind is UnitKind.COMMUNITY:
                self.whole[cleaning.squeezed(each.name)].append(each)
                self.stems[cleaning.community_stem(each.name)].append(each)
            elif each.kind is UnitKind.GRID and each.parent_id is not None:
                self.grids[each.parent_id].append(each)

    def communities(self, name: str) -> list[OrgUnit]:
        """Return the communities a name can mean: those called just so, else those of the same stem."""
        return self.whole.get(cleaning.squeezed(name)) or self.stems.get(cleaning.community_stem(name), [])

    def is_office(self, name: str) -> bool:
        """Whether a name in the column of communities means the sub-district itself, for those in its office."""
        is_whole = self.unit.kind is UnitKind.SUBDISTRICT
        return is_whole and cleaning.office_stem(name) == cleaning.office_stem(self.unit.name)

    def find(self, community: str, grid: str) -> Found:
        """Return the unit for what a row says of community and grid ("" where it says nothing)."""
        if self.unit.kind is UnitKind.GRID:
            number = cleaning.grid_number(grid)
            if grid and cleaning.squeezed(grid) != self.unit.name and number != cleaning.grid_number(self.unit.name):
                return Found(None, (Note("unit_other", "grid", grid, self.unit.name, is_error=True),))
            return Found(self.unit)
        if self.unit.kind is UnitKind.COMMUNITY:
            if community and cleaning.community_stem(community) != cleaning.community_stem(self.unit.name):
                return Found(None, (Note("unit_other", "community", community, self.unit.name, is_error=True),))
            return self._grid(self.unit, grid)
        if not community or self.is_office(community):
            if grid:
                return Found(None, (Note("grid_without_community", "grid", grid, is_error=True),))
            return Found(self.unit)
        found = self.communities(community)
        if len(found) > 1:
            return Found(None, (Note("community_twice", "community", community, is_error=True),))
        if not found:
            number = cleaning.grid_number(grid) if grid else None
            can_be_made = self.unit.kind is UnitKind.SUBDISTRICT and (not grid or number is not None)
            missing = {"community": cleaning.squeezed(community), "grid": number} if can_be_made else {}
            return Found(None, (Note("community_unknown", "community", community, is_error=True),), missing)
        return self._grid(found[0], grid)

    def _grid(self, community: OrgUnit, grid: str) -> Found:
        if not grid:
            return Found(community)
        number = cleaning.grid_number(grid)
        for each in self.grids[community.id]:
            if each.name == cleaning.squeezed(grid) or (
                number is not None and cleaning.grid_number(each.name) == number
            ):
                return Found(each)
        missing = {"community": community.name, "grid": number} if number is not None else {}
        return Found(None, (Note("grid_unknown", "grid", f"{community.name} {grid}", is_error=True),), missing)


# --- who it is ----------------------------------------------------------------------------------------------


class KnownPersons:
    """The persons a row may be, those within a unit, and who holds a staff number anywhere.

    ``names`` (name keys) and ``numbers`` restrict what is loaded; None loads everybody.
    """

    def __init__(
        self,
        session: Session,
        unit: OrgUnit,
        today: date,
        *,
        names: Collection[str] | None = None,
        numbers: Collection[str] = (),
    ) -> None:
        statement = sa.select(
            Person.id,
            Person.staff_number,
            Person.name,
            Person.name_key,
            Person.sex,
            Person.birth_month,
            Person.education,
            Person.phone,
            Person.joined_on,
            Person.state,
            OrgUnit.path,
            OrgUnit.name.label("unit_name"),
        ).join(OrgUnit, OrgUnit.id == Person.unit_id)
        if names is not None:
            statement = statement.where(sa.or_(Person.name_key.in_(names), Person.staff_number.in_(numbers)))
        self.rows = {row.id: row for row in session.execute(statement.order_by(Person.id))}
        self.by_number = {row.staff_number: row.id for row in self.rows.values()}
        self.within = {
            row.id: Known(row.id, row.staff_number, row.name_key, row.birth_month, row.phone)
            for row in self.rows.values()
            if row.state is not StaffState.ENDED and row.path.startswith(unit.path)
        }
        self.by_name: dict[str, list[Known]] = defaultdict(list)
        for each in self.within.values():
            self.by_name[each.name_key].append(each)
        holdings = sa.select(
            PostHolding.person_id, PostHolding.unit_id, PostHolding.post, PostHolding.starts_on, PostHolding.ends_on
        )
        if names is not None:
            holdings = holdings.where(PostHolding.person_id.in_(list(self.within)))
        self.posts: dict[int, set[tuple[int, str]]] = defaultdict(set)
        for held in session.execute(holdings):
            if in_force_on(held.starts_on, held.ends_on, today):
                self.posts[held.person_id].add((held.unit_id, held.post.value))

    def identify(
        self, values: Mapping[str, Any], decision: str, about: int | None
    ) -> tuple[RowState, int | None, list[Note]]:
        """Return (state, person, notes) of a row. ``decision``: what was decided on the namesake ``about``.

        NEW has no person; UPDATE and SAME have theirs; DOUBT has the namesake; ERROR says why in a note.
        """
        me = known_of(values)
        holder = self.by_number.get(me.staff_number) if me.staff_number else None
        if holder is not None and holder not in self.within:
            ended = self.rows[holder].state is StaffState.ENDED
            code = "number_of_ended" if ended else "number_elsewhere"
            return RowState.ERROR, None, [Note(code, "staff_number", me.staff_number, is_error=True)]
        namesakes = tuple(self.by_name.get(me.name_key, ()))
        match = match_person(me, self.within.get(holder) if holder is not None else None, namesakes)
        if match.is_namesake and me.staff_number:
            return RowState.ERROR, None, [Note("number_of_another", "staff_number", me.staff_number, is_error=True)]
        if me.staff_number and match.person_id is None:
            # A new number, but name and phone or birth month of somebody: perhaps the same person, renumbered.
            twin = match_person(replace(me, staff_number=""), None, namesakes)
            if twin.person_id is not None and not twin.is_namesake:
                match = replace(twin, is_namesake=True)
        if match.person_id is None:
            return RowState.NEW, None, []
        if match.is_namesake and not (decision in {"same", "new"} and about == match.person_id):
            number = self.within[match.person_id].staff_number
            return RowState.DOUBT, match.person_id, [Note("namesake", "name", values["name"], number)]
        if match.is_namesake and decision == "new":
            return RowState.NEW, None, []
        return RowState.UPDATE, match.person_id, []

    def leaves(self, person_id: int, unit: OrgUnit | None) -> str:
        """Return the name of the unit that a person moves out of by going to ``unit``, "" when they stay."""
        row = self.rows[person_id]
        return "" if unit is None or row.path.startswith(unit.path) else str(row.unit_name)

    def differs(self, person_id: int, values: Mapping[str, Any], unit: OrgUnit | None) -> bool:
        """Whether a row says anything of a person that is not stored just so. Empty cells say nothing."""
        row = self.rows[person_id]
        if unit is None or not row.path.startswith(unit.path):
            return True
        if values["sex"] not in {Sex.UNKNOWN.value, row.sex.value} or values["name"] != row.name:
            return True
        if any(values[name] and values[name] != getattr(row, name) for name in ("birth_month", "education", "phone")):
            return True
        if values["joined_on"] and values["joined_on"] != row.joined_on.isoformat():
            return True
        is_grid = unit.kind is UnitKind.GRID
        return bool(values["post"]) and is_grid and (unit.id, values["post"]) not in self.posts[person_id]


def known_of(values: Mapping[str, Any]) -> Known:
    """Return a row's values as the rule of recognition takes them."""
    return Known(0, values["staff_number"], name_key(values["name"]), values["birth_month"], values["phone"])


# --- all rows of a file -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A row to check: its cells as they may be kept, columns filled from merged cells, what was decided on it.

    ``about``: the person the decision compared with, or minus the line of an earlier row of the file.
    """

    line: int
    cells: Sequence[Cell]
    filled: Sequence[int] = ()
    decision: str = ""
    about: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What is to become of a row."""

    line: int
    values: dict[str, Any]
    notes: list[Note]
    state: RowState
    person_id: int | None


def check_rows(
    session: Session,
    unit: OrgUnit,
    rows: Sequence[Row],
    columns: Mapping[Field, int],
    *,
    makes_units: bool,
    today: date,
) -> list[Verdict]:
    """Say for every row of a roster who it is and what is wrong with it, in the order of the file."""
    finder = UnitFinder(session, unit)
    known = KnownPersons(session, unit, today)
    earlier: dict[str, list[Known]] = defaultdict(list)
    numbers: dict[str, int] = {}
    verdicts: list[Verdict] = []
    for row in rows:
        values, notes = clean_row(row.cells, columns, row.filled, today)
        found = finder.find(values["community"], values["grid"])
        if found.missing and makes_units:
            named = f"{found.missing['community']} {values['grid']}".strip()
            notes.append(Note("unit_will_be_made", "grid", named))
            values["make"] = dict(found.missing)
        else:
            notes += found.notes
        values["unit_id"] = found.unit.id if found.unit is not None else None
        state, person_id, more = known.identify(values, row.decision, row.about)
        notes += more
        me = known_of(values)
        if me.name_key and state is not RowState.ERROR:
            twin, is_certain = _earlier_row(me, earlier, numbers)
            if twin is not None and is_certain:
                notes.append(Note("twice_in_file", "name", values["name"], str(twin), is_error=True))
            elif twin is not None and state is RowState.NEW and (row.decision, row.about) != ("new", -twin):
                notes.append(Note("namesake_in_file", "name", values["name"], str(twin)))
                state, person_id = RowState.DOUBT, -twin
        if any(note.is_error for note in notes):
            state, person_id = RowState.ERROR, None
        elif state is RowState.UPDATE and person_id and not known.differs(person_id, values, found.unit):
            state = RowState.SAME
        elif state is RowState.UPDATE and person_id and (left := known.leaves(person_id, found.unit)):
            notes.append(Note("moves", "grid", left, found.unit.name if found.unit else ""))
        if row.filled:
            values["filled"] = list(row.filled)
        if state is RowState.DOUBT:
            values["about"] = person_id
        elif row.decision in {"same", "new"}:
            values |= {"decision": row.decision, "about": row.about}
        if row.decision == "skip":
            values |= {"decision": "skip", "was": state.value}
            state = RowState.SKIPPED
        elif state is not RowState.ERROR:
            earlier[me.name_key].append(replace(me, person_id=row.line))
            if me.staff_number:
                numbers.setdefault(me.staff_number, row.line)
        verdicts.append(Verdict(row.line, values, notes, state, person_id if (person_id or 0) > 0 else None))
    return verdicts


def _earlier_row(
    me: Known, earlier: Mapping[str, Sequence[Known]], numbers: Mapping[str, int]
) -> tuple[int | None, bool]:
    """Return (line, is certain) of an earlier row of the same file that is, or may be, the same person."""
    if me.staff_number and me.staff_number in numbers:
        return numbers[me.staff_number], True
    # Two rows with two different staff numbers are two persons.
    others = tuple(each for each in earlier.get(me.name_key, ()) if not (me.staff_number and each.staff_number))
    match = match_person(replace(me, staff_number=""), None, others)
    return match.person_id, not match.is_namesake
