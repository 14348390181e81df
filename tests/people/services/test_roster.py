"""Bringing in a roster: checked, decided, entered once, whatever is killed and whoever presses twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE, Identity, Role
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound
from lms.jobs import services as jobs
from lms.jobs.models import Job
from lms.jobs.rules import JobState
from lms.people.formats.headings import Field
from lms.people.formats.sheet import read_table
from lms.people.models import OrgUnit, Person, PostHolding, RosterImport, RosterRow
from lms.people.rules import (
    Employment,
    PersonAction,
    Post,
    RosterState,
    RowState,
    Sex,
    StaffState,
    UnitKind,
)
from lms.people.services import accounts, founding, persons, roles, roster, standing, units
from tests import trail
from tests.conftest import Site
from tests.racing import all_fine, together
from tests.world import NOW, PASSWORDS, TODAY

LEASE = timedelta(seconds=20)
HEADINGS = "工号,姓名,性别,出生年月,手机,社区,网格,岗位,入职时间"
ID_NUMBER = "150207199002080928"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause between two steps is for other writers; here there are none."""
    monkeypatch.setattr(roster, "PAUSE_SECONDS", 0)


def csv(*rows: str, headings: str = HEADINGS) -> bytes:
    return "\n".join([headings, *rows]).encode()


def begin(site: Site, content: bytes, *, official: str = "O1", place: str = "east", makes_units: bool = False) -> str:
    """Read a file in as the page does, and return the public id of the import."""
    actor = site.world.identity(site.db, official)
    table = read_table("花名册.csv", content)
    with site.db.reading() as session:
        unit = site.world.unit(session, place)
        examined = roster.examine(session, actor, unit, table, today=TODAY, makes_units=makes_units)
    with site.db.writing() as session:
        unit = site.world.unit(session, place)
        return roster.begin(session, actor, unit, examined, "花名册.csv", "0" * 64, now=NOW).public_id


def found(session: Any, public_id: str) -> RosterImport:
    one: RosterImport = session.scalars(sa.select(RosterImport).where(RosterImport.public_id == public_id)).one()
    return one


def rows(site: Site, public_id: str) -> list[RosterRow]:
    with site.db.reading() as session:
        statement = sa.select(RosterRow).join(RosterImport, RosterImport.id == RosterRow.import_id)
        return list(session.scalars(statement.where(RosterImport.public_id == public_id).order_by(RosterRow.line)))


def states(site: Site, public_id: str) -> list[str]:
    return [row.state.value for row in rows(site, public_id)]


def codes(row: RosterRow) -> list[str]:
    return [note["code"] for note in row.notes]


def act(site: Site, public_id: str, do: Callable[..., Any], *values: Any, official: str = "O1", **named: Any) -> Any:
    """Call a writing service on a roster as an official."""
    with site.db.writing() as session:
        return do(session, site.world.identity(site.db, official), found(session, public_id), *values, **named)


def start(site: Site, public_id: str, official: str = "O1") -> str:
    job: str = act(site, public_id, roster.start, official=official)
    return job


def work(db: Database, handler: Callable[[jobs.JobRun], None] = roster.enter_all) -> None:
    """Run every job that is due."""
    with db.reading() as session:
        due = list(session.scalars(sa.select(Job.id).where(Job.state.in_([JobState.QUEUED, JobState.LEASED]))))
    for job_id in due:
        jobs.run(db, job_id, {roster.JOB: handler}, LEASE)


def persons_named(db: Database, *names: str) -> list[Person]:
    with db.reading() as session:
        return list(session.scalars(sa.select(Person).where(Person.name.in_(names)).order_by(Person.id)))


def enter(site: Site, content: bytes, **named: Any) -> str:
    """Read a file in and enter it to the end."""
    public_id = begin(site, content, **named)
    start(site, public_id)
    work(site.db)
    return public_id


def change(site: Site, public_id: str, columns: dict[str, int], *, state: str = "trainee", make: bool = False) -> None:
    actor = site.world.identity(site.db, "O1")
    with site.db.reading() as session:
        checked = roster.examine_again(
            session, actor, found(session, public_id), columns, state=state, makes_units=make, today=TODAY
        )
    with site.db.writing() as session:
        roster.change_columns(session, actor, found(session, public_id), checked)


def many(count: int, *, number: int = 0) -> bytes:
    return csv(
        *(f",王芳{'甲乙丙丁戊己庚辛'[n % 8]}{n},女,1980-01,1380001{n:04d},,,," for n in range(number, number + count))
    )


# --- checking -----------------------------------------------------------------------------------------------


def test_nothing_is_entered_before_it_is_started(site: Site) -> None:
    before = trail.seq(site.db)
    public_id = begin(site, csv(",王芳,女,1980年5月,１３８０００１９９９９,东街道1社区,2,网格员,2020.3"))
    [row] = rows(site, public_id)
    assert row.state is RowState.NEW
    assert row.values["unit_id"] == site.world.unit_ids["east.1.2"]
    assert codes(row) == ["date_read", "tidied", "date_read"]
    assert trail.seq(site.db) == before
    assert persons_named(site.db, "王芳") == []


def test_identity_numbers_reach_no_table(site: Site) -> None:
    content = csv(
        f"王芳,{ID_NUMBER},党员,见{ID_NUMBER},１５０２０７１９９００２０８０９２Ｘ",
        f"李强,{ID_NUMBER},群众,无,",
        f"刘洋,{ID_NUMBER},群众,无,",
        f"制表：{ID_NUMBER},,,,",
        headings=f"姓名,身份证号,政治面貌,备注,证件{ID_NUMBER}",
    )
    actor = site.world.identity(site.db, "O1")
    with site.db.reading() as session:
        unit = site.world.unit(session, "east")
        examined = roster.examine(session, actor, unit, read_table("a.csv", content), today=TODAY)
    with site.db.writing() as session:
        unit = site.world.unit(session, "east")
        public_id = roster.begin(session, actor, unit, examined, f"{ID_NUMBER}.csv", "0" * 64, now=NOW).public_id
        actor_row = found(session, public_id)
        kept = [dict(each) for each in session.execute(sa.select(RosterImport.__table__)).mappings()]
        kept += [dict(each) for each in session.execute(sa.select(RosterRow.__table__)).mappings()]
        assert dict(actor_row.ignored) == {1: "identity", 2: "sensitive", 3: "remarks", 4: "identity"}
    text = str(kept)
    assert "19900208" not in text
    assert "１９９００２０８" not in text
    assert "党员" not in text
    with pytest.raises(Invalid) as caught:
        change(site, public_id, {"name": 0, "staff_number": 1})
    assert caught.value.code == "people.roster.identity_column"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",,女,,,,,,", "name_missing"),
        ("CG,王芳,,,,,,,", "staff_number_shape"),
        (",王芳,,1971.13,,,,,", "date_unread"),
        (",王芳,,,,,第2网格,,", "grid_without_community"),
        (",王芳,,,,河畔村,1,,", "community_unknown"),
        (",王芳,,,,东街道1社区,9,,", "grid_unknown"),
        (",王芳,,,,西街道1社区,1,,", "community_unknown"),
        ("CG00N9,唐㛃,,,,,,,", "number_elsewhere"),
        ("CG00N1,王芳,,,,,,,", "number_of_another"),
    ],
)
def test_what_is_wrong_with_a_row(site: Site, row: str, code: str) -> None:
    [checked] = rows(site, begin(site, csv(row)))
    assert checked.state is RowState.ERROR
    assert [note["code"] for note in checked.notes if note["is_error"]] == [code]


@pytest.mark.parametrize(
    ("row", "state", "number", "code"),
    [
        ("CG00N1,李秀兰,,,,,,,", "same", "N1", None),
        ("cg-00n1,李秀兰,,,13911112222,,,,", "update", "N1", "tidied"),
        (",李秀兰,,,13800001234,,,,", "same", "N1", None),
        (",李秀兰,男,1974-05,,,,,", "update", "N1", None),
        (",李秀兰,,,,,,,", "doubt", "N1", "namesake"),
        (",李秀兰,,1990-01,13911112222,,,,", "new", None, None),
        # A new number with the name and the phone of somebody: perhaps the same person, renumbered.
        ("CG0777,李秀兰,,,13800001234,,,,", "doubt", "N1", "namesake"),
        ("CG0777,李秀兰,,,,,,,", "new", None, None),
        (",乌云．其其格,,1974-05,,,,,", "same", "N2", "tidied"),
        # In another sub-district nobody is recognised: out of reach looks like not there.
        (",唐㛃,,1974-05,13800001234,,,,", "new", None, None),
        ("CG00N1,李秀兰,,,,东街道1社区,,,", "same", "N1", None),
        ("CG00N1,李秀兰,,,,东街道1社区,2,,", "update", "N1", "moves"),
        ("CG00N1,李秀兰,,,,东街道1社区,1,网格员,", "same", "N1", None),
        ("CG00N1,李秀兰,,,,东街道1社区,1,信息员,", "update", "N1", None),
    ],
)
def test_who_a_row_is(site: Site, row: str, state: str, number: str | None, code: str | None) -> None:
    [checked] = rows(site, begin(site, csv(row)))
    assert checked.state.value == state
    assert checked.person_id == (site.world.person_ids[number] if number else None)
    assert codes(checked) == ([code] if code else [])


def test_somebody_who_left_is_pointed_at(site: Site) -> None:
    who = site.world.identity(site.db, "O1")
    with site.db.writing() as session:
        person = site.world.person(session, "N1")
        standing.change_state(session, who, person, PersonAction.END, reason="合同到期", now=NOW)
    [checked] = rows(site, begin(site, csv("CG00N1,李秀兰,,,,,,,")))
    assert codes(checked) == ["number_of_ended"]


def test_rows_of_one_file_are_compared_with_each_other(site: Site) -> None:
    public_id = begin(
        site,
        csv(
            ",王芳,,1980-01,13800000001,,,,",
            ",王芳,,1980-01,13800000001,,,,",
            ",王芳,,1990-02,13800000002,,,,",
            ",王芳,,,,,,,",
            "CG0901,刘洋,,,,,,,",
            "CG0901,刘洋,,,,,,,",
            "CG0902,刘洋,,,,,,,",
            ",赵敏敏,,1971.13,13800000003,,,,",
            ",赵敏敏,,1971-03,13800000003,,,,",
        ),
    )
    checked = rows(site, public_id)
    assert [row.state.value for row in checked] == [
        "new",
        "error",
        "new",
        "doubt",
        "new",
        "error",
        "new",
        "error",
        "new",  # the row like it is wrong and will not be entered
    ]
    assert (codes(checked[1]), checked[1].notes[0]["after"]) == (["twice_in_file"], "2")
    assert (codes(checked[3]), checked[3].notes[0]["after"]) == (["namesake_in_file"], "2")
    with pytest.raises(Invalid):
        act(site, public_id, roster.decide_row, 5, "same")
    act(site, public_id, roster.decide_row, 5, "new")
    start(site, public_id)
    work(site.db)
    assert len(persons_named(site.db, "王芳")) == 3


def test_a_roster_of_one_community_or_grid_takes_no_others(site: Site) -> None:
    content = csv(",王芳,,,1,东街道2社区,1,,", ",李强,,,2,东街道1社区,1,,", ",赵云,,,3,,1,,", ",马超,,,4,,,,")
    checked = rows(site, begin(site, content, place="east.1"))
    assert [row.state.value for row in checked] == ["error", "new", "new", "new"]
    assert codes(checked[0]) == ["unit_other", "phone_length"] or "unit_other" in codes(checked[0])
    assert checked[2].values["unit_id"] == site.world.unit_ids["east.1.1"]
    checked = rows(site, begin(site, content, place="east.1.1"))
    assert checked[3].values["unit_id"] == site.world.unit_ids["east.1.1"]
    [other] = rows(site, begin(site, csv(",王芳,,,,,2,,"), place="east.1.1"))
    assert codes(other) == ["unit_other"]


def test_who_is_listed_under_the_office_itself_belongs_to_it(site: Site) -> None:
    """Offices write their own name, in one form or another, in the column of the communities."""
    with site.db.reading() as session:
        office = site.world.unit(session, "east").name
    lines = (f",王芳,,,,{office},,,", f",李强,,,,{office}办事处,,,", f",赵云,,,,{office},1,,", ",马超,,,,机关,,,")
    checked = rows(site, begin(site, csv(*lines)))
    assert [row.state.value for row in checked] == ["new", "new", "error", "error"]
    assert {row.values["unit_id"] for row in checked[:2]} == {site.world.unit_ids["east"]}
    assert [codes(row) for row in checked[2:]] == [["grid_without_community"], ["community_unknown"]]


def test_a_name_of_two_communities_is_not_guessed(site: Site) -> None:
    with site.db.writing() as session:
        east = site.world.unit(session, "east")
        for name in ("河畔社区", "河畔村"):
            units.add_unit(session, CONSOLE, UnitKind.COMMUNITY, name, east, opened_on=TODAY, now=NOW)
    checked = rows(site, begin(site, csv(",王芳,,,,河畔,,,", ",李强,,,,河畔 村,,,", ",赵云,,,,河畔居委会,,,")))
    assert [row.state.value for row in checked] == ["error", "new", "error"]
    assert codes(checked[0]) == codes(checked[2]) == ["community_twice"]


# --- correcting columns and deciding ------------------------------------------------------------------------


def test_columns_are_corrected_and_what_was_decided_stays(site: Site) -> None:
    public_id = begin(
        site, csv("李秀兰,13911110000,a", "王芳,13911112222,b", "刘洋,13911113333,c", headings="姓名,座机号,组别")
    )
    columns = {"name": 0}
    change(site, public_id, columns)
    assert states(site, public_id) == ["doubt", "new", "new"]
    act(site, public_id, roster.decide_row, 2, "new")
    act(site, public_id, roster.decide_row, 3, "skip")
    change(site, public_id, columns, state="active")
    assert states(site, public_id) == ["new", "skipped", "new"]
    change(site, public_id, {"name": 0, "phone": 1})
    assert rows(site, public_id)[2].values["phone"] == "13911113333"
    with site.db.reading() as session:
        assert dict(found(session, public_id).ignored) == {2: "unknown"}


@pytest.mark.parametrize(
    ("columns", "state", "code"),
    [
        ({"phone": 1}, "trainee", "people.roster.no_name_column"),
        ({"name": 99}, "trainee", "people.roster.no_name_column"),
        ({"name": 1, "phone": 1}, "trainee", "people.roster.column_twice"),
        ({"name": 1}, "ended", "people.roster.unknown_state"),
    ],
)
def test_columns_that_cannot_be(shared_site: Site, columns: dict[str, int], state: str, code: str) -> None:
    actor = shared_site.world.identity(shared_site.db, "O1")
    table = read_table("a.csv", csv(",王芳,,,,,,,"))
    db = shared_site.db
    with db.new_writer() as session:
        unit = shared_site.world.unit(session, "east")
        examined = roster.examine(session, actor, unit, table, today=TODAY)
        begun = roster.begin(session, actor, unit, examined, "a.csv", "0" * 64, now=NOW)
        with pytest.raises(Invalid) as caught:
            roster.examine_again(session, actor, begun, columns, state=state, makes_units=False, today=TODAY)
        session.rollback()
    assert caught.value.code == code


def test_columns_can_be_named_by_their_headings(site: Site) -> None:
    table = read_table("a.csv", csv("王芳,李强,5550147", headings="姓名,花名,座机号"))
    with site.db.reading() as session:
        unit = site.world.unit(session, "east")
        chosen = {Field.NAME: "花名", Field.PHONE: "座机号"}
        examined = roster.examine(session, CONSOLE, unit, table, today=TODAY, columns=chosen)
        assert examined.verdicts[0].values["name"] == "李强"
        assert examined.verdicts[0].values["phone"] == "5550147"
        with pytest.raises(Invalid) as caught:
            roster.examine(session, CONSOLE, unit, table, today=TODAY, columns={Field.PHONE: "没有"})
    assert caught.value.code == "people.roster.no_such_column"


def test_of_two_changes_at_once_the_later_is_refused(site: Site) -> None:
    public_id = begin(site, csv(",李秀兰,,,,,,,"))
    actor = site.world.identity(site.db, "O1")
    with site.db.reading() as session:
        checked = roster.examine_again(
            session, actor, found(session, public_id), {"name": 1}, state="active", makes_units=False, today=TODAY
        )
    act(site, public_id, roster.decide_row, 2, "new", official="O2")
    with pytest.raises(Conflict):
        act(site, public_id, roster.change_columns, checked)
    assert states(site, public_id) == ["new"]


def test_a_decision_can_be_repeated_changed_and_taken_back(site: Site) -> None:
    public_id = begin(site, csv(",李秀兰,,,,,,,", ",王芳,,,,,,,", ",,,,13800000001,,,,"))

    def decide(line: int, decision: str) -> str:
        act(site, public_id, roster.decide_row, line, decision)
        return rows(site, public_id)[line - 2].state.value

    assert [decide(2, each) for each in ("same", "same", "new", "skip", "back", "back")] == [
        "update",
        "update",
        "new",
        "skipped",
        "doubt",
        "doubt",
    ]
    assert rows(site, public_id)[0].person_id == site.world.person_ids["N1"]
    assert [decide(3, each) for each in ("skip", "skip", "back")] == ["skipped", "skipped", "new"]
    for line, decision in ((3, "same"), (4, "new"), (2, "everything"), (99, "skip")):
        with pytest.raises(Invalid):
            act(site, public_id, roster.decide_row, line, decision)


def test_abandoning_leaves_nothing_and_can_be_repeated(site: Site) -> None:
    public_id = begin(site, csv(",王芳,,,,,,,"))
    for _ in range(2):
        act(site, public_id, roster.abandon, now=NOW)
    assert rows(site, public_id) == []
    with pytest.raises(Conflict):
        start(site, public_id)
    with pytest.raises(Conflict):
        act(site, public_id, roster.decide_row, 2, "skip")


# --- entering -----------------------------------------------------------------------------------------------


def test_a_roster_is_entered_with_units_posts_and_a_trail(site: Site) -> None:
    before = trail.seq(site.db)
    public_id = enter(
        site,
        csv(
            "CG0501,王芳,女,1980-05,13800001111,东街道1社区,第一网格,网格员,2020-03-01",
            ",李强,男,,,东街道2社区,,,",
            "CG00N1,李秀兰,,,13911112222,东街道2社区,1,调解,",
            ",坏行,,1971.13,,,,,",
        ),
    )
    assert states(site, public_id) == ["entered", "entered", "entered", "error"]
    with site.db.reading() as session:
        new, unnumbered = persons_named(site.db, "王芳", "李强")
        assert (new.staff_number, new.sex, new.phone) == ("CG0501", Sex.FEMALE, "13800001111")
        assert (new.state, new.unit_id) == (StaffState.TRAINEE, site.world.unit_ids["east.1.1"])
        assert unnumbered.staff_number == "CG0502"
        old = site.world.person(session, "N1")
        assert (old.phone, old.birth_month, old.unit_id) == ("13911112222", "1974-05", site.world.unit_ids["east.2.1"])
        held = session.execute(sa.select(PostHolding.person_id, PostHolding.post, PostHolding.employment)).all()
        assert (new.id, Post.INSPECTION, Employment.FULL_TIME) in held
        assert (old.id, Post.MEDIATION_SERVICE, Employment.FULL_TIME) in held
        assert found(session, public_id).state is RosterState.DONE
        job = session.scalars(sa.select(Job)).one()
        assert (job.state, job.progress_done, job.progress_total) == (JobState.DONE, 3, 3)
    entries = trail.entries(site.db, before)
    assert [entry.tag for entry in entries] == [
        "people:person:added",
        "people:post:held",
        "people:person:added",
        "people:person:changed",
        "people:post:ended",  # moved to another grid
        "people:post:held",
        "people:roster:imported",
    ]
    assert {(entry.actor, entry.role) for entry in entries} == {(site.world.person_public_ids["O1"], "official")}
    assert entries[-1].diff == {"rows": 4, "entered": 3, "error": 1}
    assert "王芳" not in str([entry.diff for entry in entries])


def test_empty_cells_and_a_missing_grid_leave_a_person_as_they_are(site: Site) -> None:
    public_id = enter(site, csv("CG00N1,李秀兰,,,13911112222,,,,"))
    assert states(site, public_id) == ["entered"]
    with site.db.reading() as session:
        person = site.world.person(session, "N1")
        assert (person.phone, person.birth_month, person.sex) == ("13911112222", "1974-05", Sex.FEMALE)
        assert person.unit_id == site.world.unit_ids["east.1.1"]


def test_the_same_file_twice_adds_nobody(site: Site) -> None:
    content = csv(
        "CG0501,王芳,女,1980-05,13800001111,东街道1社区,1,网格员,2020-03-01",
        ",李强,男,1981-06,,东街道2社区,,,2020-03-01",
        ",刘洋,,,13800001112,,,,",
    )
    enter(site, content)
    before = trail.seq(site.db)
    second = begin(site, content)
    assert states(site, second) == ["same"] * 3
    with pytest.raises(Invalid) as caught:
        start(site, second)
    assert caught.value.code == "people.roster.nothing_to_enter"
    assert trail.seq(site.db) == before


def test_two_imports_of_one_file_side_by_side_add_everybody_once(site: Site) -> None:
    content = csv("CG0501,王芳,,,,,,,", ",李强,,1981-06,,,,,", ",刘洋,,,,,,,")
    first, second = begin(site, content), begin(site, content, official="O2")
    start(site, first)
    start(site, second, "O2")
    work(site.db)
    assert len(persons_named(site.db, "王芳", "李强", "刘洋")) == 3
    assert states(site, first) == ["entered"] * 3
    # The last one has nothing to be recognised by: somebody has to look.
    assert states(site, second) == ["entered", "entered", "doubt"]


def test_numbers_given_out_do_not_collide_with_the_file_s_own(site: Site) -> None:
    enter(site, csv("CG0500,甲一,,,,,,,"))
    public_id = enter(site, csv(",乙一,,,,,,,", "CG0501,丙一,,,,,,,", ",丁一,,,,,,,"))
    assert states(site, public_id) == ["entered"] * 3
    numbers = {person.name: person.staff_number for person in persons_named(site.db, "乙一", "丙一", "丁一")}
    assert numbers["丙一"] == "CG0501"
    assert len(set(numbers.values())) == 3


def test_an_office_s_numbers_do_not_go_on_from_the_first_administrator(empty_site: Site) -> None:
    with empty_site.db.writing() as session:
        founding.first_administrator(session, accounts.prepare_code(PASSWORDS), now=NOW)
    with empty_site.db.reading() as session:
        numbers = roster.Numbers(session, "nothing")
    assert [numbers.next(), numbers.next()] == ["WG0001", "WG0002"]


def test_a_number_given_to_somebody_meanwhile_is_passed_over(site: Site) -> None:
    enter(site, csv("CG0500,甲一,,,,,,,"))
    public_id = begin(site, csv(",乙一,,,,,,,"))
    start(site, public_id)
    actor = site.world.identity(site.db, "O1")
    with site.db.reading() as session:
        numbers = roster.Numbers(session, public_id)
    data = persons.PersonData(staff_number=replace_last(numbers.highest), name="占了号", joined_on=TODAY)
    with site.db.writing() as session:
        persons.add_person(session, CONSOLE, site.world.unit(session, "east"), data, now=NOW)
    with site.db.writing() as session:
        assert roster.enter_step(session, actor, public_id, numbers, now=NOW) == 0
    assert len(persons_named(site.db, "乙一")) == 1


def replace_last(number: str) -> str:
    """Return the number after this one."""
    return f"{number[:-1]}{int(number[-1]) + 1}"


def test_missing_units_are_made_once_when_that_was_agreed_to(site: Site) -> None:
    content = csv(",王芳,,,1380000,河畔村,第一网格,,", ",李强,,,1380001,河畔村,1,,", ",刘洋,,,1380002,东街道1社区,3,,")
    public_id = begin(site, content)
    assert states(site, public_id) == ["error"] * 3
    columns = {"name": 1, "community": 5, "grid": 6}
    change(site, public_id, columns, make=True)
    assert states(site, public_id) == ["new"] * 3
    start(site, public_id)
    work(site.db)
    assert states(site, public_id) == ["entered"] * 3
    with site.db.reading() as session:
        made = session.scalars(sa.select(OrgUnit.name).where(OrgUnit.opened_on == TODAY).order_by(OrgUnit.id)).all()
    assert made == ["河畔村", "河畔村第1网格", "东街道1社区第3网格"]


def test_a_unit_closed_meanwhile_stops_its_rows_only(site: Site) -> None:
    public_id = begin(site, csv(",王芳,,,,东街道1社区,2,,", ",李强,,,,东街道1社区,1,,"))
    start(site, public_id)
    with site.db.writing() as session:
        session.execute(
            sa.text("UPDATE org_unit SET closed_on = '2026-11-24' WHERE id = :id"),
            {"id": site.world.unit_ids["east.1.2"]},
        )
    work(site.db)
    assert states(site, public_id) == ["error", "entered"]
    assert codes(rows(site, public_id)[0]) == ["unit_closed"]


def test_pressing_start_twice_gives_one_job(site: Site) -> None:
    public_id = begin(site, many(3))
    outcomes = together(lambda: start(site, public_id), lambda: start(site, public_id, "O2"))
    assert len(set(all_fine(outcomes))) == 1
    work(site.db)
    assert start(site, public_id) == all_fine(outcomes)[0]
    with site.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 1
    with pytest.raises(Conflict):
        act(site, public_id, roster.abandon, now=NOW)
    with pytest.raises(Conflict):
        change(site, public_id, {"name": 1})


class Killed(BaseException):
    """The end of a process, as far as the database can tell: nothing after it runs, nothing is committed."""


@pytest.mark.parametrize("after", [0, 1, 4, 5, 6, 11])
def test_an_import_killed_at_any_row_goes_on_and_enters_each_row_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(roster, "ROWS_A_STEP", 5)
    public_id = begin(site, many(12))
    start(site, public_id)
    before = trail.seq(site.db)
    real = persons.add_person
    done: list[int] = []

    def dying(*values: Any, **named: Any) -> Person:
        if len(done) == after:
            raise Killed
        done.append(1)
        return real(*values, **named)

    with monkeypatch.context() as patch:
        patch.setattr(persons, "add_person", dying)
        with pytest.raises(Killed):
            work(site.db)
    # Whole steps are there, the one that was interrupted is not.
    assert states(site, public_id).count("entered") == after // 5 * 5
    clock.freeze(NOW + timedelta(minutes=1))
    work(site.db)
    assert states(site, public_id) == ["entered"] * 12
    with site.db.reading() as session:
        job = session.scalars(sa.select(Job)).one()
        assert (job.state, job.progress_done, job.progress_total) == (JobState.DONE, 12, 12)
        names = session.scalars(sa.select(Person.name).where(Person.name.startswith("王芳"))).all()
        assert len(names) == len(set(names)) == 12
    tags = [entry.tag for entry in trail.entries(site.db, before)]
    assert tags.count("people:person:added") == 12
    assert tags.count("people:roster:imported") == 1


def test_a_worker_that_lost_its_lease_enters_nothing_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "ROWS_A_STEP", 5)
    public_id = begin(site, many(12))
    start(site, public_id)

    def robbed(run: jobs.JobRun) -> None:
        roster.enter_all(replace(run, lease_token="another"))

    work(site.db, robbed)
    assert states(site, public_id) == ["new"] * 12
    clock.freeze(NOW + timedelta(minutes=1))
    work(site.db)
    assert states(site, public_id) == ["entered"] * 12


def test_a_job_given_up_can_be_started_again_and_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "ROWS_A_STEP", 2)
    public_id = begin(site, many(3))
    first = start(site, public_id)
    with site.db.writing() as session:
        session.execute(sa.update(Job).values(state=JobState.FAILED))
    with site.db.reading() as session:
        assert roster.job_state(session, found(session, public_id)) is JobState.FAILED
    second = start(site, public_id)
    assert second != first
    assert start(site, public_id) == second
    work(site.db)
    assert states(site, public_id) == ["entered"] * 3


def test_when_the_official_may_not_import_any_more_another_one_can(site: Site) -> None:
    public_id = begin(site, many(3))
    start(site, public_id)
    with site.db.writing() as session:
        session.execute(
            sa.text("UPDATE role_grant SET ends_on = '2026-11-23' WHERE person_id = :id"),
            {"id": site.world.person_ids["O1"]},
        )
    work(site.db)
    assert states(site, public_id) == ["new"] * 3
    with site.db.reading() as session:
        assert found(session, public_id).state is RosterState.READ
    start(site, public_id, "O2")
    work(site.db)
    assert states(site, public_id) == ["entered"] * 3


# --- who may ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "place", "refusal"),
    [
        ("O1", "west", NotFound),
        ("O1", "district", NotFound),
        ("O9", "east", NotFound),
        ("L1", "east.1.1", Forbidden),
        ("S1", "east", Forbidden),
    ],
)
def test_who_reads_no_roster_in(shared_site: Site, number: str, place: str, refusal: type[LMSError]) -> None:
    actor = shared_site.world.identity(shared_site.db, number)
    table = read_table("a.csv", csv(",王芳,,,,,,,"))
    with shared_site.db.reading() as session:
        unit = shared_site.world.unit(session, place)
        with pytest.raises(refusal):
            roster.examine(session, actor, unit, table, today=TODAY)


@pytest.mark.parametrize(("number", "refusal"), [("O9", NotFound), ("L1", Forbidden), ("S1", Forbidden)])
def test_who_does_nothing_with_a_roster(site: Site, number: str, refusal: type[LMSError]) -> None:
    public_id = begin(site, csv(",李秀兰,,,,,,,", ",王芳,,,,,,,"))
    with site.db.reading() as session:
        checked = roster.examine_again(
            session,
            site.world.identity(site.db, "O1"),
            found(session, public_id),
            {"name": 1},
            state="active",
            makes_units=False,
            today=TODAY,
        )
    acts: Sequence[tuple[Any, ...]] = (
        (roster.change_columns, checked),
        (roster.decide_row, 2, "skip"),
        (roster.start,),
    )
    for do, *values in acts:
        with pytest.raises(refusal):
            act(site, public_id, do, *values, official=number)
    with pytest.raises(refusal):
        act(site, public_id, roster.abandon, official=number, now=NOW)
    actor: Identity = site.world.identity(site.db, number)
    with site.db.reading() as session, pytest.raises(refusal):
        roster.examine_again(
            session, actor, found(session, public_id), {"name": 1}, state="active", makes_units=False, today=TODAY
        )
    start(site, public_id)
    with site.db.reading() as session:
        numbers = roster.Numbers(session, public_id)
    with site.db.writing() as session, pytest.raises(refusal):
        roster.enter_step(session, actor, public_id, numbers, now=NOW)
    assert states(site, public_id) == ["doubt", "new"]


def test_a_grant_seen_by_the_job_is_the_one_of_today(site: Site) -> None:
    with site.db.writing() as session:
        person = site.world.person(session, "T1")
        roles.grant_from_console(session, CONSOLE, person, Role.OFFICIAL, site.world.unit(session, "east"), now=NOW)
    public_id = begin(site, csv(",王芳,,,,,,,"), official="T1")
    start(site, public_id, "T1")
    work(site.db)
    assert states(site, public_id) == ["entered"]


# --- sweeping -----------------------------------------------------------------------------------------------


def test_rows_are_swept_after_a_week_but_never_those_being_entered(site: Site) -> None:
    done = enter(site, csv(",王芳,,,,,,,"))
    lying = begin(site, csv(",李强,,,,,,,"))
    running = begin(site, csv(",刘洋,,,,,,,"))
    start(site, running)
    for passed, kept in ((timedelta(days=7), 1), (timedelta(days=7, seconds=1), 0)):
        clock.freeze(NOW + passed)
        roster.sweep(site.db)
        assert [len(rows(site, each)) for each in (done, lying, running)] == [kept, kept, 1]
    with site.db.reading() as session:
        assert found(session, done).state is RosterState.DONE
        assert found(session, lying).state is RosterState.ABANDONED
        assert found(session, running).state is RosterState.IMPORTING
    work(site.db)
    assert states(site, running) == ["entered"]
