"""Keeping lists equal to the rule through events and time, with history and trail; acknowledging."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from lms.access.identity import CONSOLE
from lms.audit.rules import AuditTag
from lms.certification.events import CertificateIssued
from lms.competency.models import LevelChange
from lms.content import queries as contents
from lms.content import services as content
from lms.content.content import Bundle
from lms.content.rules import ContentKind
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden
from lms.duties import queries, services
from lms.duties.models import DutyChange, DutyStanding
from lms.duties.rules import GRACE_DAYS, DutyState, Verdict
from lms.people.rules import PersonAction, Post
from lms.people.services import posts
from tests import trail
from tests.certification import making
from tests.conftest import Templates, open_site
from tests.duties.lists import Lists
from tests.racing import together
from tests.world import NOW, TODAY, World

OPEN, GRACE, LEARNING, PAUSED = DutyState
D05 = {"INS1": 2, "INS2": 2}


@pytest.fixture(autouse=True)
def courses(db: Database) -> None:
    making.load_content(db)


def history(db: Database, world: World, number: str, key: str) -> list[tuple[object, ...]]:
    with db.reading() as session:
        rows = session.scalars(
            sa.select(DutyChange)
            .where(DutyChange.person_id == world.person_ids[number], DutyChange.duty_key == key)
            .order_by(DutyChange.id)
        )
        return [(row.before, row.after, row.day, row.cause_type, row.cause_id) for row in rows]


def reword(db: Database, old: str, new: str) -> None:
    """Take a changed catalogue into the database."""
    with db.writing() as session:
        bundle = contents.bundle_of(contents.current(session, ContentKind.DUTIES, "duties"))
        [(path, text)] = bundle.files.items()
        assert old in text
        changed = Bundle(bundle.kind, bundle.key, bundle.revision, {path: text.replace(old, new, 1)})
        content.sync(session, CONSOLE, [changed], now=clock.now())


def able(lists: Lists, number: str = "M1") -> str:
    """Give a person all that D05 asks for; return the certificate's public id."""
    lists.able(number, D05)
    return lists.certify(number)


# --- opening and closing -----------------------------------------------------------------------------------


def test_an_item_opens_by_itself_when_the_last_thing_is_there(lists: Lists, db: Database, world: World) -> None:
    assert lists.state("M1", "D05") is LEARNING
    certificate = lists.certify("M1")
    lists.recognise("M1", "INS1", 2)
    assert lists.state("M1", "D05") is LEARNING
    since = trail.seq(db)
    last = lists.recognise("M1", "INS2", 2)
    assert lists.state("M1", "D05") is OPEN
    assert history(db, world, "M1", "D05")[-1] == (LEARNING, OPEN, TODAY, "recognition", last)
    entries = [
        entry for entry in trail.entries(db, since, consequences=True) if entry.tag == AuditTag.DUTY_LIST_CHANGED
    ]
    assert [(entry.reason, entry.diff["D05"]) for entry in entries] == [(f"recognition:{last}", ["learning", "open"])]
    assert entries[0].unit_path == world.unit_paths["east.1.1"]
    assert entries[0].diff["person"] == world.person_public_ids["M1"]
    assert certificate
    assert lists.differences() == []


def test_a_level_that_falls_leaves_sixty_days(lists: Lists, db: Database, world: World) -> None:
    recognition = lists.recognise("M1", "INS1", 2)
    lists.recognise("M1", "INS2", 2)
    lists.certify("M1")
    clock.freeze(NOW + timedelta(days=10))
    lists.end_recognition(recognition)
    until = TODAY + timedelta(days=9 + GRACE_DAYS)
    assert lists.kept("M1")["D05"] == Verdict(GRACE, until)
    clock.freeze(NOW + timedelta(days=9 + GRACE_DAYS))
    lists.sweep()
    assert lists.state("M1", "D05") is GRACE
    clock.freeze(NOW + timedelta(days=10 + GRACE_DAYS))
    lists.sweep()
    assert lists.state("M1", "D05") is LEARNING
    over = until + timedelta(days=1)
    assert history(db, world, "M1", "D05")[-2:] == [
        (OPEN, GRACE, TODAY + timedelta(days=10), "recognition", recognition),
        (GRACE, LEARNING, over, "time", over.isoformat()),
    ]
    assert lists.differences() == []


def test_a_certificate_revoked_or_run_out_leaves_sixty_days(lists: Lists, db: Database, world: World) -> None:
    certificate = able(lists)
    assert history(db, world, "M1", "D05")[-1] == (LEARNING, OPEN, TODAY, "certificate", certificate)
    clock.freeze(NOW + timedelta(days=5))
    lists.revoke(certificate)
    assert lists.kept("M1")["D05"] == Verdict(GRACE, TODAY + timedelta(days=4 + GRACE_DAYS))
    assert history(db, world, "M1", "D05")[-1][3:] == ("certificate", certificate)
    lists.able("L1", {"EMG1": 3, "BND1": 3})
    lists.certify("L1")
    last = lists.view("L1").certificate.last
    assert last is not None
    assert last > TODAY + timedelta(days=600)
    assert lists.differences() == []


def test_another_kind_of_certificate_changes_nothing(lists: Lists, db: Database, world: World) -> None:
    since = trail.seq(db)
    with db.writing() as session:
        event = CertificateIssued(at=NOW, person_id=world.person_ids["M1"], kind="other", certificate="x")
        services.on_certificate_issued(session, event)
    assert trail.entries(db, since, consequences=True) == []


def test_a_trainee_learns_whatever_they_can_do(lists: Lists) -> None:
    able(lists, "N1")
    assert lists.state("N1", "D05") is LEARNING


def test_who_is_away_has_everything_paused_and_gets_it_back(lists: Lists, db: Database, world: World) -> None:
    able(lists)
    for away, back in (
        (PersonAction.SUSPEND, PersonAction.REINSTATE),
        (PersonAction.SECOND, PersonAction.RETURN),
    ):
        lists.move("M1", away)
        assert set(lists.kept("M1").values()) == {Verdict(PAUSED)}
        assert lists.differences() == []
        lists.move("M1", back)
        assert lists.state("M1", "D05") is OPEN
    assert history(db, world, "M1", "D05")[-1] == (PAUSED, OPEN, TODAY, "person", world.person_public_ids["M1"])


def test_who_leaves_has_no_list_any_more_and_the_history_stays(lists: Lists, db: Database, world: World) -> None:
    lists.move("M1", PersonAction.END)
    assert lists.kept("M1") == {}
    assert history(db, world, "M1", "D05")[-1][:2] == (LEARNING, None)
    assert lists.differences() == []


def test_a_post_brings_its_items_and_takes_them_along(lists: Lists, db: Database, world: World) -> None:
    assert lists.state("M1", "D23") is None
    holding = lists.post("M1", Post.FOLLOW_UP)
    assert lists.state("M1", "D23") is LEARNING
    with db.writing() as session:
        held = session.merge(next(each for each in lists.view("M1").posts if each.post is Post.FOLLOW_UP))
        posts.end_post(session, CONSOLE, held, TODAY, now=NOW)
    assert lists.state("M1", "D23") is LEARNING  # the last day still counts
    clock.freeze(NOW + timedelta(days=1))
    lists.sweep()
    assert lists.state("M1", "D23") is None
    tomorrow = TODAY + timedelta(days=1)
    assert history(db, world, "M1", "D23") == [
        (None, LEARNING, TODAY, "post_holding", holding),
        (LEARNING, None, tomorrow, "time", tomorrow.isoformat()),
    ]


def test_only_a_leader_has_the_leaders_items_and_all_have_the_common_ones(lists: Lists) -> None:
    assert {"D25", "D26"} <= lists.kept("L1").keys()
    assert "D25" in lists.kept("N2")
    assert "D26" not in lists.kept("N2")
    assert lists.kept("O1") == {}


def test_a_new_catalogue_reaches_every_list(lists: Lists, db: Database, world: World) -> None:
    able(lists)
    reword(db, "needs: {INS2: 2, INS1: 2}", "needs: {INS2: 4, INS1: 2}")
    assert lists.state("M1", "D05") is OPEN
    lists.sweep()
    assert lists.state("M1", "D05") is LEARNING
    assert history(db, world, "M1", "D05")[-1][3] == "catalogue"
    assert lists.differences() == []


def test_without_a_catalogue_and_without_a_post_nothing_is_kept(lists: Lists, db: Database, world: World) -> None:
    with db.reading() as session:
        assert queries.list_head(session, world.person_ids["O1"]) is None
    since = trail.seq(db)
    with db.writing() as session:
        cause = services.Cause(type="rebuild", id="x")
        assert services.refresh(session, CONSOLE, world.person_ids["O1"], now=NOW, cause=cause) == []
    assert trail.entries(db, since, consequences=True) == []


def test_an_act_of_an_earlier_day_does_not_turn_a_list_back(lists: Lists, db: Database, world: World) -> None:
    clock.freeze(NOW + timedelta(days=10))
    lists.post("M1", Post.FOLLOW_UP)
    with db.writing() as session:
        cause = services.Cause(type="quiz_attempt", id="late")
        services.refresh(session, CONSOLE, world.person_ids["M1"], now=NOW, cause=cause)
    assert lists.state("M1", "D23") is LEARNING
    assert lists.differences() == []


# --- time --------------------------------------------------------------------------------------------------


def test_a_sweep_that_slept_does_what_daily_ones_do(templates: Templates, tmp_path: Path) -> None:
    told = []
    for name, naps in (("daily", range(1, 100)), ("once", [99])):
        clock.freeze(NOW)
        site = open_site(templates, tmp_path, "world")
        lists = Lists(site.db, site.world)
        making.load_content(site.db)
        lists.sweep()
        able(lists)
        for number, (first, last) in {"N1": (3, 20), "M1": (15, 40), "N2": (30, 95)}.items():
            start, end = TODAY + timedelta(days=first), TODAY + timedelta(days=last)
            lists.post(number, Post.FOLLOW_UP, starts_on=start, ends_on=end)
        clock.freeze(NOW + timedelta(days=1))
        lists.revoke(certificate_of(lists))
        for day in naps:
            clock.freeze(NOW + timedelta(days=day))
            lists.sweep()
        assert lists.differences() == [], name
        with site.db.reading() as session:
            rows = session.execute(
                sa.select(
                    DutyChange.person_id,
                    DutyChange.duty_key,
                    DutyChange.before,
                    DutyChange.after,
                    DutyChange.grace_until,
                    DutyChange.day,
                    DutyChange.cause_type,
                ).order_by(DutyChange.person_id, DutyChange.duty_key, DutyChange.id)
            )
            told.append([tuple(row) for row in rows])
        site.db.engine.dispose()
    assert told[0] == told[1]
    assert len({row[5] for row in told[0]}) > 5


def level_days(db: Database, number: str, world: World) -> list[tuple[str, int, int, date, str]]:
    """Return how a person's levels fell, each with its date."""
    with db.reading() as session:
        rows = session.scalars(
            sa.select(LevelChange)
            .where(LevelChange.person_id == world.person_ids[number], LevelChange.after < LevelChange.before)
            .order_by(LevelChange.id)
        )
        return [(row.code, row.before, row.after, clock.local_date(row.at), row.cause_type) for row in rows]


@pytest.mark.parametrize("slept", [0, 3, 60])
def test_a_level_that_lapses_is_dated_the_day_it_did(lists: Lists, db: Database, world: World, slept: int) -> None:
    """The observation behind it is older than 180 days from the 181st day on, whenever the worker comes to it."""
    lists.show("M1", "INS1")
    lists.recognise("M1", "INS2", 2)
    lists.certify("M1")
    assert lists.state("M1", "D05") is OPEN
    due = TODAY + timedelta(days=181)
    clock.freeze(NOW + timedelta(days=181 + slept))
    lists.rounds()
    assert level_days(db, "M1", world) == [("INS1", 2, 1, due, "time")]
    last = due - timedelta(days=1) + timedelta(days=GRACE_DAYS)
    fell = (OPEN, GRACE, due, "time", due.isoformat())
    if slept < GRACE_DAYS:
        assert lists.kept("M1")["D05"] == Verdict(GRACE, last)
        assert history(db, world, "M1", "D05")[-1] == fell
    else:
        over = last + timedelta(days=1)
        assert history(db, world, "M1", "D05")[-2:] == [fell, (GRACE, LEARNING, over, "time", over.isoformat())]
    assert lists.differences() == []


@pytest.mark.parametrize("slept", [0, 3, 60])
def test_a_recognition_that_runs_out_is_dated_the_day_it_did(
    lists: Lists, db: Database, world: World, slept: int
) -> None:
    first = lists.recognise("M1", "INS1", 2)
    clock.freeze(NOW + timedelta(days=2))
    lists.recognise("M1", "INS2", 2)
    lists.certify("M1")
    due = [date(2027, 11, 25), date(2027, 11, 27)]
    clock.freeze(NOW + (due[1] - TODAY) + timedelta(days=slept))
    lists.rounds()
    assert level_days(db, "M1", world) == [
        ("INS1", 2, 0, due[0], "recognition"),
        ("INS2", 2, 0, due[1], "recognition"),
    ]
    fell = [each for each in history(db, world, "M1", "D05") if each[:2] == (OPEN, GRACE)]
    assert fell == [(OPEN, GRACE, due[0], "recognition", first)]
    assert (lists.state("M1", "D05") is GRACE) == (slept < 58)
    assert lists.differences() == []


@pytest.mark.parametrize("slept", [0, 3, 60])
def test_the_end_of_a_certificate_is_the_cause_of_what_follows(
    lists: Lists, db: Database, world: World, slept: int
) -> None:
    """So it is on the day itself and when it is caught up; only the end of the grace is the work of time."""
    certificate = lists.certify("M1")
    clock.freeze(NOW + timedelta(days=400))
    lists.able("M1", D05)
    due = date(2028, 11, 24)
    lists.post("M1", Post.FOLLOW_UP, starts_on=due)
    since = trail.seq(db)
    clock.freeze(NOW + (due - TODAY) + timedelta(days=slept))
    lists.rounds()
    last = due - timedelta(days=1) + timedelta(days=GRACE_DAYS)
    fell = (OPEN, GRACE, due, "certificate", certificate)
    if slept < GRACE_DAYS:
        assert lists.kept("M1")["D05"] == Verdict(GRACE, last)
        assert history(db, world, "M1", "D05")[-1] == fell
    else:
        over = last + timedelta(days=1)
        assert history(db, world, "M1", "D05")[-2:] == [fell, (GRACE, LEARNING, over, "time", over.isoformat())]
    assert history(db, world, "M1", "D23")[-1] == (None, LEARNING, due, "time", due.isoformat())
    reasons = {
        key: entry.reason
        for entry in reversed(trail.entries(db, since, consequences=True))
        if entry.tag == AuditTag.DUTY_LIST_CHANGED
        for key in entry.diff
    }
    assert (reasons["D05"], reasons["D23"]) == (f"certificate:{certificate}", f"time:{due}")
    assert lists.differences() == []


@pytest.mark.parametrize("gap", [0, 3])
def test_a_certificate_that_another_follows_at_once_is_no_cause(
    lists: Lists, db: Database, world: World, gap: int
) -> None:
    old = lists.certify("M1")
    person, due = world.person_ids["M1"], date(2028, 11, 24)
    clock.freeze(NOW + (due - TODAY) + timedelta(days=gap))
    lists.rounds()
    assert lists.certify("M1") != old
    with db.reading() as session:
        assert queries.certificate_over(session, person, due) == (old if gap else None)
        for day in (due - timedelta(days=1), due + timedelta(days=1), clock.today() + timedelta(days=1)):
            assert queries.certificate_over(session, person, day) is None


def test_a_level_that_lapsed_unseen_is_dated_its_day_by_whatever_comes_first(
    lists: Lists, db: Database, world: World
) -> None:
    """The round of lists does not wait for that of levels, nor does an act."""
    for number, act in (("M1", lists.sweep), ("N2", lambda: lists.recognise("N2", "PUB1", 2))):
        clock.freeze(clock.now() + timedelta(days=1))
        lists.show(number, "INS1")
        due = clock.today() + timedelta(days=181)
        lists.post(number, Post.FOLLOW_UP, starts_on=due + timedelta(days=1))
        clock.freeze(clock.now() + timedelta(days=191))
        act()
        assert level_days(db, number, world) == [("INS1", 2, 1, due, "time")]


def test_somebody_moved_before_a_late_round_of_levels_moves_on_that_day(
    lists: Lists, db: Database, world: World
) -> None:
    lists.show("M1", "INS1")
    lists.recognise("M1", "INS2", 2)
    lists.certify("M1")
    clock.freeze(NOW + timedelta(days=190))
    lists.move("M1", PersonAction.SUSPEND)
    public_id = world.person_public_ids["M1"]
    assert history(db, world, "M1", "D05")[-1] == (OPEN, PAUSED, clock.today(), "person", public_id)
    lists.rounds()
    assert history(db, world, "M1", "D05")[-1][:2] == (OPEN, PAUSED)
    lists.move("M1", PersonAction.REINSTATE)
    assert lists.kept("M1")["D05"] == Verdict(GRACE, TODAY + timedelta(days=180 + GRACE_DAYS))
    assert lists.differences() == []


def test_levels_that_lapse_while_the_sweep_sleeps_lapse_as_on_daily_rounds(
    templates: Templates, tmp_path: Path
) -> None:
    """Levels, a certificate, graces and a post, in one row: the same days, causes and days of grace."""
    told = []
    for name, naps in (("daily", range(175, 260)), ("seldom", [183, 250, 259]), ("once", [259])):
        clock.freeze(NOW)
        site = open_site(templates, tmp_path, "world")
        lists = Lists(site.db, site.world)
        making.load_content(site.db)
        lists.sweep()
        lists.show("M1", "INS1")
        lists.recognise("M1", "INS2", 2)
        lists.certify("M1")
        lists.post("M1", Post.FOLLOW_UP, starts_on=TODAY + timedelta(days=182), ends_on=TODAY + timedelta(days=200))
        clock.freeze(NOW + timedelta(days=3))
        lists.show("M1", "PUB1")
        lists.show("N2", "INS1")
        for day in naps:
            clock.freeze(NOW + timedelta(days=day))
            lists.rounds()
        assert lists.differences() == [], name
        fallen = [each for number in ("M1", "N2") for each in level_days(site.db, number, site.world)]
        with site.db.reading() as session:
            columns = (DutyChange.person_id, DutyChange.duty_key, DutyChange.before, DutyChange.after)
            rows = session.execute(
                sa.select(*columns, DutyChange.grace_until, DutyChange.day, DutyChange.cause_type).order_by(
                    DutyChange.person_id, DutyChange.duty_key, DutyChange.id
                )
            )
            told.append((fallen, [tuple(row) for row in rows]))
        site.db.engine.dispose()
    assert told[0] == told[1] == told[2]
    assert [(code, day - TODAY) for code, _before, _after, day, _cause in told[0][0]] == [
        ("INS1", timedelta(days=181)),
        ("PUB1", timedelta(days=184)),
        ("INS1", timedelta(days=184)),
    ]


def certificate_of(lists: Lists) -> str:
    with lists.db.reading() as session:
        return str(session.execute(sa.text("SELECT public_id FROM certificate")).scalar_one())


# --- anything in any order ---------------------------------------------------------------------------------


class Chance:
    """Acts at random on three persons, each an act of the product."""

    def __init__(self, lists: Lists, seed: int) -> None:
        self.lists, self.chance = lists, random.Random(seed)  # noqa: S311 - acts, no secrets
        self.recognitions: list[str] = []
        self.certificates: dict[str, str] = {}

    def act(self) -> str:
        acts: dict[Callable[[str], None], int] = {
            self.raise_level: 8,
            self.lower_level: 3,
            self.certificate: 2,
            self.move: 2,
            self.post: 1,
            self.wait: 4,
        }
        [act] = self.chance.choices(list(acts), list(acts.values()))
        number = self.chance.choice(["M1", "M1", "L1", "N1"])
        try:
            act(number)
        except Conflict:
            return f"{act.__name__} refused"
        return act.__name__

    def raise_level(self, number: str) -> None:
        code = self.chance.choice(["INS1", "INS2", "BND1", "PUB1"])
        self.recognitions.append(self.lists.recognise(number, code, self.chance.randint(2, 4)))

    def lower_level(self, number: str) -> None:
        if self.recognitions:
            self.lists.end_recognition(self.recognitions.pop(self.chance.randrange(len(self.recognitions))))

    def certificate(self, number: str) -> None:
        if number in self.certificates and self.chance.random() < 0.4:
            self.lists.revoke(self.certificates.pop(number))
        else:
            self.certificates[number] = self.lists.certify(number)

    def move(self, number: str) -> None:
        action = self.chance.choice(
            [PersonAction.SUSPEND, PersonAction.REINSTATE, PersonAction.SECOND, PersonAction.RETURN]
        )
        self.lists.move(number, action)

    def post(self, number: str) -> None:
        start = clock.today() + timedelta(days=self.chance.randint(-5, 20))
        end = start + timedelta(days=self.chance.randint(0, 60)) if self.chance.random() < 0.8 else None
        post = self.chance.choice(list(Post))
        self.lists.post(number, post, self.chance.choice(["east.1.1", "east.1.2"]), starts_on=start, ends_on=end)

    def wait(self, _number: str) -> None:
        clock.freeze(clock.now() + timedelta(days=self.chance.choice([1, 1, 3, 10, 45])))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_every_list_is_what_the_rule_says(lists: Lists, db: Database, seed: int) -> None:
    chance = Chance(lists, seed)
    done: dict[str, int] = {}
    for _ in range(100):
        name = chance.act()
        done[name] = done.get(name, 0) + 1
        if chance.chance.random() < 0.5:
            lists.expire()
            lists.sweep()
            assert lists.differences() == []
    lists.expire()
    lists.sweep()
    assert lists.differences() == []
    assert len([name for name in done if not name.endswith("refused")]) == 6
    with db.reading() as session:
        states = {state for (state,) in session.execute(sa.select(DutyChange.after).distinct())}
        told = {
            (f"{row.cause_type}:{row.cause_id}", row.duty_key)
            for row in session.execute(sa.select(DutyChange.cause_type, DutyChange.cause_id, DutyChange.duty_key))
        }
    assert states == {*DutyState, None}
    entries = [each for each in trail.entries(db, 0, consequences=True) if each.tag == AuditTag.DUTY_LIST_CHANGED]
    assert {(each.reason, key) for each in entries for key in each.diff if key != "person"} == told


# --- the proof ---------------------------------------------------------------------------------------------


def test_a_list_that_was_tampered_with_is_found_and_mended(lists: Lists, db: Database, world: World) -> None:
    with db.engine.begin() as connection:
        connection.execute(
            sa.update(DutyStanding)
            .where(DutyStanding.person_id == world.person_ids["M1"], DutyStanding.duty_key == "D05")
            .values(state=OPEN)
        )
    found = lists.differences()
    assert {(each.key, each.what) for each in found} == {("D05", "rule"), ("D05", "history")}
    assert "CG00M1 D05 rule: open → learning" in {str(each) for each in found}
    with db.writing() as session:
        services.rebuild(session, CONSOLE, world.person_ids["M1"], now=NOW)
    assert lists.differences() == []
    assert history(db, world, "M1", "D05")[-1] == (OPEN, LEARNING, TODAY, "rebuild", TODAY.isoformat())


def test_only_the_console_compares_and_mends(lists: Lists, db: Database, world: World) -> None:
    with db.writing() as session, pytest.raises(Forbidden):
        services.rebuild(session, world.identity(db, "O1"), world.person_ids["M1"], now=NOW)
    with db.reading() as session, pytest.raises(Forbidden):
        services.differences(session, world.identity(db, "S1"), world.person_ids["M1"], today=TODAY)


# --- acknowledging -----------------------------------------------------------------------------------------


def test_what_was_read_is_kept_word_for_word(lists: Lists, db: Database, world: World) -> None:
    since = trail.seq(db)
    view = lists.view("M1")
    row = lists.acknowledge("M1")
    assert (row.number, row.digest, row.at) == (1, view.digest, NOW)
    kept = {item["key"]: item for item in row.snapshot["items"]}
    assert kept["D05"]["ways"] == ["escalate"]
    assert kept["D05"]["state"] == "learning"
    assert "不得罚款" in row.snapshot["prohibited"]
    assert "应当立即报告" in row.snapshot["emergency"]
    [entry] = trail.entries(db, since, consequences=True)
    assert entry.tag == AuditTag.DUTY_LIST_ACKNOWLEDGED
    assert entry.diff == {"person": world.person_public_ids["M1"], "number": 1, "digest": view.digest}
    assert not lists.view("M1").is_waiting


def test_a_second_click_and_two_browsers_keep_one(lists: Lists) -> None:
    rows = together(*[lambda: lists.acknowledge("M1")] * 2)
    kept = [row for row in rows if not isinstance(row, Exception)]
    assert kept
    assert {row.number for row in kept} == {1}
    assert all(isinstance(row, Conflict) for row in rows if isinstance(row, Exception))
    assert lists.acknowledge("M1").number == 1


def test_a_list_that_changed_meanwhile_is_read_again(lists: Lists, db: Database, world: World) -> None:
    digest = lists.view("M1").digest
    lists.acknowledge("M1")
    lists.post("M1", Post.FOLLOW_UP)
    view = lists.view("M1")
    assert view.is_waiting
    assert view.number == 2
    with db.writing() as session, pytest.raises(Conflict, match=r"duties\.list\.changed"):
        services.acknowledge(session, world.identity(db, "M1"), digest, now=NOW)
    assert lists.acknowledge("M1").number == 2


def test_nothing_to_read_is_not_acknowledged(lists: Lists, db: Database, world: World) -> None:
    with db.writing() as session, pytest.raises(Conflict, match=r"duties\.list\.empty"):
        services.acknowledge(session, world.identity(db, "O1"), "", now=NOW)
    lists.move("M1", PersonAction.SUSPEND)
    view = lists.view("M1")
    assert not view.is_waiting
    with db.writing() as session, pytest.raises(Conflict, match=r"duties\.list\.paused"):
        services.acknowledge(session, world.identity(db, "M1"), view.digest, now=NOW)


def test_after_a_pause_the_same_list_needs_no_reading(lists: Lists) -> None:
    lists.acknowledge("M1")
    lists.move("M1", PersonAction.SUSPEND)
    lists.move("M1", PersonAction.REINSTATE)
    assert not lists.view("M1").is_waiting


def test_nobody_acknowledges_for_another(lists: Lists, db: Database, world: World) -> None:
    """There is no way to name another person: the list is that of who acts."""
    who = replace(world.identity(db, "O1"), person_id=world.person_ids["M1"], roles=())
    with db.writing() as session:
        row = services.acknowledge(session, who, lists.view("M1").digest, now=NOW)
        assert row.person_id == who.person_id
