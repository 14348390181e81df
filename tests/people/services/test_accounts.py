"""Signing in and out, passwords, one-time codes, preferences: the use cases below HTTP."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, SYSTEM, Identity, Role
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, Invalid, LMSError, NotFound, Throttled
from lms.people import queries
from lms.people.models import Account, Person, Preference, SignInSession
from lms.people.rules import PRIVACY_NOTICE, StaffState
from lms.people.services import accounts, persons, roles
from lms.people.services.passwords import Passwords
from tests import trail
from tests.conftest import Site
from tests.racing import together
from tests.world import NOW, PASSWORD, PASSWORDS, TODAY


def check(db: Database, number: str, password: str = PASSWORD, *, address: str = "10.0.0.1") -> int:
    return accounts.check_credentials(db, PASSWORDS, "secret", staff_number=number, password=password, address=address)


def account_of(session: Session, person_id: int) -> Account:
    return session.scalars(sa.select(Account).where(Account.person_id == person_id)).one()


def newcomer(site: Site, *, place: str = "east.1.1") -> tuple[int, str]:
    """Enter a person with a slip and return the id and the code on the slip."""
    prepared = accounts.prepare_code(PASSWORDS)
    with site.db.writing() as session:
        unit = site.world.unit(session, place)
        data = persons.PersonData(staff_number="CG00X1", name="新来的", joined_on=TODAY)
        person = persons.add_person(session, CONSOLE, unit, data, now=NOW)
        accounts.open_account(session, CONSOLE, person, prepared, now=NOW)
        return person.id, prepared.code


# --- signing in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["CG00N1", "cg00n1", "ＣＧ００Ｎ１", " cg-00 n1 "])
def test_a_staff_number_is_known_however_it_is_typed(site: Site, number: str) -> None:
    assert check(site.db, number) == site.world.person_ids["N1"]


@pytest.mark.parametrize(
    ("number", "password"), [("CG00N1", "wrong"), ("NOBODY", PASSWORD), ("", ""), ("CG00N1\x00' OR 1=1", PASSWORD)]
)
def test_every_refusal_is_the_same(db: Database, number: str, password: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(db, number, password)
    assert str(caught.value) == "people.sign_in.refused()"
    assert caught.value.field is None


def test_an_unknown_person_costs_a_hash_too(db: Database) -> None:
    """The time of the answer must not tell who works here (reliability I18)."""
    asked: list[str | None] = []

    class Noting(Passwords):
        def matches(self, encoded: str | None, password: str) -> bool:
            asked.append(encoded)
            return super().matches(encoded, password)

    noting = Noting(memory_kib=8, rounds=1)
    for number in ("NOBODY", "CG00N1"):
        with pytest.raises(Invalid):
            accounts.check_credentials(db, noting, "secret", staff_number=number, password="x", address="a")
    assert asked[0] is None
    assert str(asked[1]).startswith("$argon2id$")


def test_the_hashing_holds_no_lock(site: Site) -> None:
    """Four sign-ins that hashed inside the write lock made saves wait for seconds (decisions, “Transactions”)."""
    saved: list[bool] = []

    class Slow(Passwords):
        def matches(self, encoded: str | None, password: str) -> bool:
            with site.db.writing() as session:  # a colleague saves meanwhile
                session.add(Preference(person_id=site.world.person_ids["N2"], language="en", text_size=""))
            saved.append(True)
            return super().matches(encoded, password)

    accounts.check_credentials(
        site.db, Slow(memory_kib=8, rounds=1), "secret", staff_number="CG00N1", password=PASSWORD, address="a"
    )
    assert saved == [True]


def test_five_failures_close_the_account_for_this_address_only(db: Database) -> None:
    for _ in range(5):
        with pytest.raises(Invalid):
            check(db, "CG00N1", "wrong")
    with pytest.raises(Throttled):
        check(db, "CG00N1")
    check(db, "CG00N1", address="10.0.0.2")
    check(db, "CG00N2")


def test_a_success_wipes_the_slate(db: Database) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(Invalid):
                check(db, "CG00N1", "wrong")
        check(db, "CG00N1")


def test_an_unknown_number_is_throttled_like_a_known_one(db: Database) -> None:
    for _ in range(5):
        with pytest.raises(Invalid):
            check(db, "NOBODY", "wrong")
    with pytest.raises(Throttled):
        check(db, "NOBODY", "wrong")


def test_somebody_who_has_left_cannot_sign_in(site: Site) -> None:
    with site.db.engine.begin() as connection:
        connection.execute(sa.update(Person).where(Person.staff_number == "CG00N1").values(state=StaffState.ENDED))
    with pytest.raises(Invalid, match=r"people\.sign_in\.refused"):
        check(site.db, "CG00N1")


def test_a_code_can_be_typed_loosely_and_runs_out(site: Site) -> None:
    person_id, code = newcomer(site)
    assert check(site.db, "CG00X1", code.lower().replace("-", " ")) == person_id
    clock.freeze(NOW + timedelta(days=30, seconds=1))
    with pytest.raises(Invalid, match=r"people\.sign_in\.code_expired"):
        check(site.db, "CG00X1", code)
    with pytest.raises(Invalid, match=r"people\.sign_in\.refused"):  # who does not hold it learns nothing
        check(site.db, "CG00X1", "WRONG-CODE")


# --- sessions ----------------------------------------------------------------------------------------------


def open_for(site: Site, number: str) -> str:
    with site.db.writing() as session:
        return accounts.open_session(session, site.world.person_ids[number], browser="b" * 500)


def live(site: Site, token: str) -> queries.SignedIn | None:
    with site.db.reading() as session:
        return queries.signed_in(
            session,
            accounts.token_hash(token),
            day=TODAY,
            not_seen_since=clock.real_now() - timedelta(minutes=30),
            created_after=clock.real_now() - timedelta(hours=12),
        )


def test_the_database_keeps_no_token(site: Site) -> None:
    token = open_for(site, "N1")
    found = live(site, token)
    assert found is not None
    assert found.identity.person_id == site.world.person_ids["N1"]
    with site.db.reading() as session:
        row = session.scalars(sa.select(SignInSession)).one()
        assert token not in [getattr(row, column.key) for column in sa.inspect(SignInSession).columns]
        assert len(row.browser) == 200


def test_a_session_is_ended_by_its_owner_only(site: Site) -> None:
    token = open_for(site, "N1")
    found = live(site, token)
    assert found is not None
    for number in ("N2", "O1", "S1"):
        with site.db.writing() as session, pytest.raises(NotFound):
            accounts.end_session(session, site.world.identity(site.db, number), found.session_public_id)
    assert live(site, token) is not None
    for _ in range(2):  # ending twice is no fault
        with site.db.writing() as session:
            accounts.end_session(session, found.identity, found.session_public_id)
    assert live(site, token) is None


def test_all_other_sessions_can_be_ended(site: Site) -> None:
    here, there, elsewhere = open_for(site, "N1"), open_for(site, "N1"), open_for(site, "N2")
    kept = live(site, here)
    assert kept is not None
    with site.db.writing() as session:
        assert accounts.end_other_sessions(session, site.world.person_ids["N1"], keep=kept.session_id) == 1
    assert [live(site, token) is not None for token in (here, there, elsewhere)] == [True, False, True]


def test_a_touch_and_a_password_given_again_are_noted_in_real_time(site: Site) -> None:
    found = live(site, open_for(site, "N1"))
    assert found is not None
    later = NOW + timedelta(minutes=20)
    clock.freeze(later)
    clock.pretend(timedelta(days=90))
    accounts.touch_session(site.db, found.session_id)
    with site.db.writing() as session:
        accounts.note_reauthentication(session, found.session_id)
    with site.db.reading() as session:
        row = session.get_one(SignInSession, found.session_id)
        assert (row.last_seen_at, row.reauthenticated_at) == (later, later)


# --- choosing a password -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "password", "code"),
    [
        ("N1", "short", "people.password.short"),
        ("N1", "eightlong", None),
        ("O1", "eightlong", "people.password.short"),
        ("N1", "cg00n1 is me", "people.password.personal"),
        ("N1", "phone13800001234", "people.password.personal"),
    ],
)
def test_a_new_password_is_measured_by_its_owner(
    shared_site: Site, number: str, password: str, code: str | None
) -> None:
    with shared_site.db.reading() as session:
        person = shared_site.world.person(session, number)
        if code is None:
            accounts.checked_new_password(session, person, password, NOW)
            return
        with pytest.raises(Invalid) as caught:
            accounts.checked_new_password(session, person, password, NOW)
    assert caught.value.code == code
    assert caught.value.field == "new_password"


def test_a_new_password_ends_the_other_sessions_and_leaves_a_trace(site: Site) -> None:
    here, there = open_for(site, "N1"), open_for(site, "N1")
    found = live(site, here)
    assert found is not None
    before = trail.seq(site.db)
    with site.db.writing() as session:
        old = account_of(session, site.world.person_ids["N1"]).password_hash
        accounts.change_password(
            session,
            found.identity,
            old_hash=old,
            new_hash=PASSWORDS.hash("kettle boat"),
            keep_session=found.session_id,
            now=NOW,
        )
    assert live(site, here) is not None
    assert live(site, there) is None
    assert check(site.db, "CG00N1", "kettle boat")
    [entry] = trail.entries(site.db, before)
    assert entry.tag == "people:password:changed"
    assert entry.diff["password_hash"] == ["•", "•"]  # a secret leaves no trace of itself


def test_of_two_tabs_that_change_the_password_one_wins(site: Site) -> None:
    actor = site.world.identity(site.db, "N1")
    tokens = [open_for(site, "N1"), open_for(site, "N1")]
    sessions = [found.session_id for token in tokens if (found := live(site, token))]
    with site.db.reading() as session:
        old = account_of(session, site.world.person_ids["N1"]).password_hash

    def change(keep: int) -> Callable[[], None]:
        def act() -> None:
            with site.db.writing() as session:
                new = PASSWORDS.hash(f"kettle boat {keep}")
                accounts.change_password(session, actor, old_hash=old, new_hash=new, keep_session=keep, now=NOW)

        return act

    outcomes = together(*[change(keep) for keep in sessions])
    assert [type(outcome) for outcome in outcomes if outcome] == [Conflict]
    assert sum(live(site, token) is not None for token in tokens) == 1


@pytest.mark.parametrize("actor", [CONSOLE, SYSTEM])
def test_nobody_without_a_person_has_a_password(site: Site, actor: Identity) -> None:
    with site.db.writing() as session, pytest.raises(Forbidden):
        accounts.change_password(session, actor, old_hash="", new_hash="", keep_session=1, now=NOW)


# --- slips and resets --------------------------------------------------------------------------------------


def test_a_lost_slip_is_printed_again_until_it_was_used(site: Site) -> None:
    person_id, first = newcomer(site)
    before = trail.seq(site.db)
    prepared = accounts.prepare_code(PASSWORDS)
    with site.db.writing() as session:
        person = session.get_one(Person, person_id)
        accounts.open_account(session, site.world.identity(site.db, "O1"), person, prepared, now=NOW)
    assert check(site.db, "CG00X1", prepared.code) == person_id
    with pytest.raises(Invalid):
        check(site.db, "CG00X1", first)
    [entry] = trail.entries(site.db, before)
    assert (entry.tag, entry.role) == ("people:account:opened", "official")
    assert prepared.code not in str(entry.diff)
    with site.db.writing() as session:
        person = site.world.person(session, "N1")  # has chosen an own password
        with pytest.raises(Conflict) as caught:
            accounts.open_account(session, CONSOLE, person, prepared, now=NOW)
    assert caught.value.params["name"] == "李秀兰"


@pytest.mark.parametrize(
    ("number", "refusal"), [("L1", Forbidden), ("T1", Forbidden), ("A1", Forbidden), ("O9", NotFound), ("S1", None)]
)
def test_who_prints_slips(site: Site, number: str, refusal: type[LMSError] | None) -> None:
    person_id, _ = newcomer(site)
    prepared = accounts.prepare_code(PASSWORDS)
    with site.db.writing() as session:
        person = session.get_one(Person, person_id)
        actor = site.world.identity(site.db, number)
        if refusal is None:
            accounts.open_account(session, actor, person, prepared, now=NOW)
            return
        with pytest.raises(refusal):
            accounts.open_account(session, actor, person, prepared, now=NOW)


RESETS = {
    # who → whose passwords; anyone else's answer 403 when within reach and 404 when not
    "L1": {"N1", "M1"},
    "O1": {"N1", "N2", "M1", "L1", "O2", "T1"},
    "S1": {"N1", "N2", "M1", "L1", "O1", "O2", "T1", "O9", "N9"},
}
OUT_OF_REACH = {("L1", number) for number in ("N2", "O1", "O2", "T1", "S1", "A1", "O9", "N9")} | {
    ("O1", "O9"),
    ("O1", "N9"),
}


@pytest.mark.parametrize("actor", ["N1", "M1", "T1", "A1", "L1", "O1", "S1"])
def test_who_resets_whose_password(site: Site, actor: str) -> None:
    """The whole table of decisions, “People and roles”: every pair of persons of the world."""
    identity = site.world.identity(site.db, actor)
    prepared = accounts.prepare_code(PASSWORDS)
    outcomes: dict[str, str] = {}
    for number in site.world.person_ids:
        try:
            with site.db.writing() as session:
                accounts.reset_password(session, identity, site.world.person(session, number), prepared, now=NOW)
            outcomes[number] = "reset"
        except (Forbidden, NotFound) as error:
            outcomes[number] = type(error).__name__
    for number, outcome in outcomes.items():
        if number in RESETS.get(actor, set()):
            assert outcome == "reset", number
        elif (actor, number) in OUT_OF_REACH:
            assert outcome == "NotFound", number
        else:
            assert outcome == "Forbidden", number


def test_a_reset_gives_a_code_for_a_day_ends_all_sessions_and_leaves_a_trace(site: Site) -> None:
    token = open_for(site, "N1")
    prepared = accounts.prepare_code(PASSWORDS)
    before = trail.seq(site.db)
    actor = site.world.identity(site.db, "L1")
    with site.db.writing() as session:
        accounts.reset_password(session, actor, site.world.person(session, "N1"), prepared, now=NOW)
    assert live(site, token) is None
    with pytest.raises(Invalid):
        check(site.db, "CG00N1")
    assert check(site.db, "CG00N1", prepared.code)
    found = live(site, open_for(site, "N1"))
    assert found is not None
    assert found.must_change_password
    [entry] = trail.entries(site.db, before)
    assert (entry.tag, entry.role, entry.actor) == ("people:password:reset", "grid_leader", actor.public_id)
    clock.freeze(NOW + timedelta(hours=24, seconds=1))
    with pytest.raises(Invalid, match="code_expired"):
        check(site.db, "CG00N1", prepared.code)


def test_who_has_no_account_gets_a_slip_instead(site: Site) -> None:
    with site.db.writing() as session:
        unit = site.world.unit(session, "east.1.1")
        data = persons.PersonData(staff_number="CG00X2", name="还没来", joined_on=TODAY)
        person = persons.add_person(session, CONSOLE, unit, data, now=NOW)
        with pytest.raises(Conflict) as caught:
            accounts.reset_password(
                session, site.world.identity(site.db, "O1"), person, accounts.prepare_code(PASSWORDS), now=NOW
            )
    assert caught.value.code == "people.password.no_account"


def test_a_role_on_another_unit_resets_nothing_here(site: Site) -> None:
    """Leading a western grid does not lend an eastern official's reach (right function, wrong unit)."""
    actor = site.world.identity(site.db, "L1")
    both = Identity(
        person_id=actor.person_id,
        public_id=actor.public_id,
        roles=(*actor.roles, *site.world.identity(site.db, "O9").roles),
    )
    with site.db.writing() as session, pytest.raises(NotFound):
        accounts.reset_password(
            session, both, site.world.person(session, "N2"), accounts.prepare_code(PASSWORDS), now=NOW
        )
    with site.db.writing() as session:  # N1 stands in the led grid: as its leader, not as an official
        accounts.reset_password(
            session, both, site.world.person(session, "N1"), accounts.prepare_code(PASSWORDS), now=NOW
        )
    with (
        site.db.writing() as session
    ):  # once N1 is an official, the leader may not, and the western office does not count
        person, unit = site.world.person(session, "N1"), site.world.unit(session, "east")
        roles.grant_from_console(session, CONSOLE, person, Role.OFFICIAL, unit, now=NOW)
        with pytest.raises(Forbidden, match="reset_not_yours"):
            accounts.reset_password(session, both, person, accounts.prepare_code(PASSWORDS), now=NOW)


# --- the privacy notice and preferences --------------------------------------------------------------------


def test_reading_the_privacy_notice_is_noted_once(site: Site) -> None:
    actor = site.world.identity(site.db, "N1")
    before = trail.seq(site.db)
    for version in (PRIVACY_NOTICE, "2027-01", "2027-01"):
        with site.db.writing() as session:
            accounts.read_privacy_notice(session, actor, version, now=NOW)
    assert [entry.tag for entry in trail.entries(site.db, before)] == ["people:privacy-notice:read"]
    with site.db.reading() as session:
        assert account_of(session, site.world.person_ids["N1"]).privacy_notice == "2027-01"


@pytest.mark.parametrize(("language", "text_size"), list(itertools.product(["zh", "en", None], ["", "largest", None])))
def test_a_preference_changes_what_was_asked_only(
    db: Database, site: Site, language: str | None, text_size: str | None
) -> None:
    actor = site.world.identity(db, "N1")
    with db.writing() as session:
        accounts.set_preference(session, actor, language="en", text_size="large")
    with db.writing() as session:
        accounts.set_preference(session, actor, language=language, text_size=text_size)
    with db.reading() as session:
        kept = session.get_one(Preference, actor.person_id)
        assert kept.language == ("en" if language is None else language)
        assert kept.text_size == ("large" if text_size is None else text_size)


@pytest.mark.parametrize("wish", [{"language": "fr"}, {"text_size": "tiny"}, {"language": ""}])
def test_a_preference_that_does_not_exist_is_refused(shared_site: Site, wish: dict[str, str]) -> None:
    with shared_site.db.writing() as session, pytest.raises(Invalid, match=r"people\.preference\.unknown"):
        accounts.set_preference(session, shared_site.world.identity(shared_site.db, "N1"), **wish)
