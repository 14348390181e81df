"""A selection round for tests, on the small organisation: opened, applied for, examined, listed, posted, decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.identity import CONSOLE, HeldRole, Identity, Role
from lms.competency import services as competency
from lms.competency.rules import RecognitionAction
from lms.core import clock
from lms.core.db import Database
from lms.people.models import Person
from lms.people.rules import Employment, Post, Sex, StaffState
from lms.people.services import persons, roles
from lms.selection.models import (
    Objection,
    PublicNotice,
    SelectionApplication,
    SelectionPlace,
    SelectionRound,
    SelectionRule,
)
from lms.selection.rules import Body, CaseState, Channel, NoticeState, Paper, Relation, RoundState, Source
from lms.selection.services import applications, deciding, notices, opinions, ranking, rounds
from lms.selection.services.applications import Declared
from tests.certification import making as certificates
from tests.world import NOW, TODAY, World

LATER = NOW + timedelta(days=2)
"""The day after the last day of 报名."""
STATEMENT = "我自愿报名。"


@dataclass
class Office:
    """The eastern sub-district with officials enough for a round; acts are called by the staff numbers of persons."""

    db: Database
    world: World
    officials: dict[str, Identity] = field(default_factory=dict)

    def who(self, number: str) -> Identity:
        """Return the identity of an official (O1 to O5) or a person, the password given just now."""
        if number in self.officials:
            identity = self.officials[number]
            return Identity(
                person_id=identity.person_id,
                public_id=identity.public_id,
                roles=identity.roles,
                reauthenticated_at=clock.real_now(),
            )
        return self.world.identity(self.db, number)

    def add_official(self, number: str, name: str) -> None:
        self.officials[number] = certificates.add_official(self.db, self.world, f"XX00{number}", name)


def office(db: Database, world: World) -> Office:
    """Return the office with three more officials (O3, O4, O5)."""
    made = Office(db, world)
    for number, name in (("O3", "郭明"), ("O4", "白云"), ("O5", "石岩")):
        made.add_official(number, name)
    return made


def trainees(db: Database, world: World, names: Mapping[str, str], *, certified: bool = True) -> None:
    """Add trainees who passed onboarding under short names of their own, with their certificates."""
    with db.writing() as session:
        grid = world.unit(session, "east.1.1")
        for number, name in names.items():
            data = persons.PersonData(
                staff_number=f"CG00{number}",
                name=name,
                sex=Sex.MALE,
                birth_month="1980-03",
                education="大专",
                joined_on=TODAY,
            )
            person = persons.add_person(session, CONSOLE, grid, data, now=NOW, state=StaffState.TRAINEE)
            world.person_ids[number], world.person_public_ids[number] = person.id, person.public_id
    if certified:
        for number in names:
            certificates.issue(db, world, number)


def schooled(db: Database, world: World, *numbers: str) -> None:
    """Let persons of the world finish onboarding, with education written."""
    for number in numbers:
        with db.writing() as session:
            person = world.person(session, number)
            data = persons.PersonData(
                staff_number=person.staff_number,
                name=person.name,
                sex=person.sex,
                birth_month=person.birth_month,
                education="高中",
                phone=person.phone,
                joined_on=person.joined_on,
            )
            persons.correct_person(session, CONSOLE, person, person.unit, data, now=NOW)
        certificates.issue(db, world, number)


def draft(at: Office, *, by: str = "O1", number: int = 1, places: bool = True, unit: str = "east.1") -> str:
    """Begin a round for a community with one place; return its public id."""
    with at.db.writing() as session:
        found = rounds.create_round(
            session,
            at.who(by),
            at.world.unit(session, unit),
            title="第四季度选拔",
            last_day=clock.today() + timedelta(days=1),
            notice_days=5,
            channel="电话 0472-555 0120",
            now=clock.now(),
        )
        public_id = found.public_id
        if places:
            rounds.add_place(
                session,
                at.who(by),
                public_id,
                at.world.unit(session, f"{unit}.2"),
                Post.INSPECTION,
                Employment.FULL_TIME,
                number,
                now=clock.now(),
            )
    return public_id


def opened(at: Office, *, by: str = "O1", number: int = 1, unit: str = "east.1") -> str:
    """Return a round that is open for applications."""
    public_id = draft(at, by=by, number=number, unit=unit)
    with at.db.writing() as session:
        rounds.open_round(session, at.who(by), public_id, now=clock.now())
    return public_id


def place_of(session: Session, round_public_id: str) -> str:
    """Return the public id of a round's first place."""
    found = session.scalars(
        sa.text(
            "SELECT p.public_id FROM selection_place p JOIN selection_round r ON r.id = p.round_id "
            "WHERE r.public_id = :id ORDER BY p.id"
        ),
        {"id": round_public_id},
    ).first()
    assert found is not None
    return str(found)


def apply(at: Office, round_id: str, number: str, *, now: datetime | None = None) -> str:
    """Let a person apply; return the case's public id."""
    with at.db.writing() as session:
        case = applications.apply(
            session,
            at.who(number),
            round_id,
            place_of(session, round_id),
            source=Source.COMPANY,
            statement=STATEMENT,
            now=now or clock.now(),
        )
        return case.public_id


SEEN = (Paper.STATEMENT, Paper.IDENTITY_SEEN)


def check(at: Office, case: str, *, by: str = "O1", seen: tuple[Paper, ...] = SEEN, other: str = "") -> None:
    with at.db.writing() as session:
        applications.check(session, at.who(by), case, seen=seen, other=other, now=clock.now())


def opine(at: Office, case: str, body: Body, *, by: str, agreed: bool = True, signer: str = "") -> None:
    with at.db.writing() as session:
        opinions.give_opinion(
            session,
            at.who(by),
            case,
            body,
            is_agreed=agreed,
            text="走访过，情况属实。",
            signer=signer or f"签名人{by}",
            dated=clock.today(),
            now=clock.now(),
        )


def examine(at: Office, case: str) -> None:
    """Find the papers complete (O1) and give both opinions (O1, O2)."""
    check(at, case)
    opine(at, case, Body.PARTY_COMMITTEE, by="O1")
    opine(at, case, Body.RESIDENTS_COMMITTEE, by="O2")


def close(at: Office, round_id: str, *, by: str = "O1") -> None:
    with at.db.writing() as session:
        rounds.close_round(session, at.who(by), round_id, now=clock.now())


def make_list(at: Office, round_id: str, *, by: str = "O1") -> None:
    with at.db.writing() as session:
        ranking.make_list(session, at.who(by), round_id, now=clock.now())


def post(at: Office, round_id: str, *, by: str = "O1") -> None:
    with at.db.writing() as session:
        notices.post(session, at.who(by), round_id, now=clock.now())


def approve(at: Office, case: str, *, by: str = "O3") -> None:
    with at.db.writing() as session:
        deciding.approve(session, at.who(by), case, now=clock.now())


def refuse(at: Office, case: str, *, by: str = "O3", reason: str = "不符合岗位要求") -> None:
    with at.db.writing() as session:
        deciding.refuse(session, at.who(by), case, reason=reason, now=clock.now())


def file(at: Office, case: str, *, by: str = "O1", number: str = "云网备〔2026〕1号") -> None:
    with at.db.writing() as session:
        deciding.file(
            session, at.who(by), case, number=number, filed_on=clock.today(), office="区网格中心", now=clock.now()
        )


def listed(at: Office, *numbers: str, places: int = 1) -> tuple[str, dict[str, str]]:
    """Return a round with its list made, and the cases by number; the clock stands after the last day of 报名."""
    round_id = opened(at, number=places)
    cases = {number: apply(at, round_id, number) for number in numbers}
    for case in cases.values():
        examine(at, case)
    clock.freeze(LATER)
    close(at, round_id)
    make_list(at, round_id)
    return round_id, cases


def posted(at: Office, *numbers: str, places: int = 1) -> tuple[str, dict[str, str]]:
    """Return a round whose notice runs, and the cases by number."""
    round_id, cases = listed(at, *numbers, places=places)
    post(at, round_id)
    return round_id, cases


def after_notice(at: Office, round_id: str) -> None:
    """Move the clock to the day after the notice's last day."""
    ends_on = notice_of(at, round_id).ends_on
    clock.freeze(clock.now() + timedelta(days=(ends_on - clock.today()).days + 1))


def notice_of(at: Office, round_id: str) -> PublicNotice:
    """Return the latest notice of a round."""
    with at.db.reading() as session:
        return session.scalars(
            sa.select(PublicNotice)
            .join(SelectionRound, SelectionRound.id == PublicNotice.round_id)
            .where(SelectionRound.public_id == round_id)
            .order_by(PublicNotice.edition.desc())
        ).first()  # type: ignore[return-value]


def state_of(at: Office, round_id: str) -> RoundState:
    with at.db.reading() as session:
        return session.scalars(sa.select(SelectionRound.state).where(SelectionRound.public_id == round_id)).one()


def case_state(at: Office, case: str) -> CaseState:
    with at.db.reading() as session:
        return session.scalars(
            sa.select(SelectionApplication.state).where(SelectionApplication.public_id == case)
        ).one()


def case_row(at: Office, case: str) -> SelectionApplication:
    with at.db.reading() as session:
        return session.scalars(sa.select(SelectionApplication).where(SelectionApplication.public_id == case)).one()


def person_state(at: Office, number: str) -> StaffState:
    with at.db.reading() as session:
        return session.scalars(sa.select(Person.state).where(Person.id == at.world.person_ids[number])).one()


def grant(at: Office, number: str, role: Role, place: str) -> Identity:
    """Give a person of the world a further role, and return their identity with it."""
    with at.db.writing() as session:
        person = at.world.person(session, number)
        unit = at.world.unit(session, place)
        roles.grant_from_console(session, CONSOLE, person, role, unit, now=NOW)
        return Identity(
            person_id=person.id,
            public_id=person.public_id,
            roles=(HeldRole(role, unit.path),),
            reauthenticated_at=clock.real_now(),
        )


# --- straight into the tables, for walks over all pages ----------------------------------------------------

_COMMUNITY = {"east": "east.1", "west": "west.1"}


def _side(where: str) -> str:
    return where.split(".", maxsplit=1)[0]


def put_round(db: Database, world: World, where: str, state: RoundState = RoundState.OPEN, name: str = "") -> str:
    """Put a round of the community of a side (``east``, ``west``) there, once; return its public id.

    ``name``: of a second round in the same state.
    """
    side = _side(where)
    unit = _COMMUNITY[side]
    public_id = f"round-{side}-{name or state.value}"[:22]
    by = world.person_ids["O2" if side == "east" else "O9"]
    rule = {
        "version": 1,
        "weights": {"competency": "50", "quiz": "50", "age": "0", "education": "0"},
        "competencies": ["ETH1"],
        "courses": ["c01"],
        "age_bands": [],
        "education": {},
        "ties": ["competency", "quiz", "submitted_at", "application"],
    }
    with db.engine.begin() as connection:
        if connection.scalar(sa.select(SelectionRound.id).where(SelectionRound.public_id == public_id)) is not None:
            return public_id
        round_id = connection.execute(
            sa.insert(SelectionRound)
            .values(
                public_id=public_id,
                unit_id=world.unit_ids[unit],
                title="Round",
                state=state,
                last_day=TODAY,
                notice_days=5,
                channel="0472-555 0120",
                created_by_id=by,
                created_at=NOW,
                cancelled_reason="",
            )
            .returning(SelectionRound.id)
        ).scalar_one()
        connection.execute(
            sa.insert(SelectionRule).values(
                public_id=f"rule-{public_id}"[:22],
                round_id=round_id,
                version=1,
                rule=rule,
                digest="0" * 64,
                reason="",
                set_by_id=by,
                set_at=NOW,
            )
        )
        connection.execute(
            sa.insert(SelectionPlace).values(
                public_id=f"place-{public_id}"[:22],
                round_id=round_id,
                unit_id=world.unit_ids[f"{unit}.1"],
                post=Post.INSPECTION,
                employment=Employment.FULL_TIME,
                number=1,
            )
        )
    return public_id


def put_case(db: Database, world: World, number: str, state: CaseState = CaseState.SUBMITTED) -> str:
    """Put an application of a person in a round of their side there, once; return its public id.

    A proposed one stands in a round whose notice is over and met no objection.
    """
    where = "west" if number == "N9" else "east"
    if state is CaseState.PROPOSED:
        round_public_id = put_past_notice(db, world, where)
    else:
        round_public_id = put_round(db, world, where, _ROUND_OF[state])
    public_id = f"case-{number}-{state.value}"
    with db.engine.begin() as connection:
        known = sa.select(SelectionApplication.id).where(SelectionApplication.public_id == public_id)
        if connection.scalar(known) is not None:
            return public_id
        row = connection.execute(
            sa.select(SelectionRound.id, SelectionPlace.id)
            .join(SelectionPlace, SelectionPlace.round_id == SelectionRound.id)
            .where(SelectionRound.public_id == round_public_id)
        ).one()
        connection.execute(
            sa.insert(SelectionApplication).values(
                public_id=public_id,
                round_id=row[0],
                place_id=row[1],
                person_id=world.person_ids[number],
                state=state,
                source=Source.COMPANY,
                statement="I apply.",
                stated_on=TODAY,
                submitted_at=NOW,
                missing=[],
                reason="",
                filing_number="",
                filing_office="",
            )
        )
    return public_id


_ROUND_OF = {
    CaseState.SUBMITTED: RoundState.OPEN,
    CaseState.COMPLETE: RoundState.CLOSED,
    CaseState.APPROVED: RoundState.DECIDED,
}


def put_past_notice(db: Database, world: World, where: str) -> str:
    """Put a round with a notice that is over there, once; return the round's public id."""
    side = _side(where)
    round_public_id = put_round(db, world, where, RoundState.POSTED, "past")
    public_id = f"past-{side}"
    with db.engine.begin() as connection:
        if connection.scalar(sa.select(PublicNotice.id).where(PublicNotice.public_id == public_id)) is None:
            round_id = connection.execute(
                sa.select(SelectionRound.id).where(SelectionRound.public_id == round_public_id)
            ).scalar_one()
            connection.execute(
                sa.insert(PublicNotice).values(
                    public_id=public_id,
                    round_id=round_id,
                    edition=1,
                    state=NoticeState.RUNNING,
                    posted_on=TODAY - timedelta(days=9),
                    working_days=5,
                    ends_on=TODAY - timedelta(days=2),
                    days=[],
                    channel="0472-555 0120",
                    lines=[],
                    extensions=[],
                    reason="",
                    posted_by_id=world.person_ids["O2" if side == "east" else "O9"],
                    posted_at=NOW - timedelta(days=9),
                )
            )
    return round_public_id


def put_notice(db: Database, world: World, where: str) -> str:
    """Put a notice that runs, with an objection, there, once; return the notice's public id."""
    side = _side(where)
    round_public_id = put_round(db, world, where, RoundState.POSTED)
    public_id = f"notice-{side}"
    by = world.person_ids["O2" if side == "east" else "O9"]
    with db.engine.begin() as connection:
        if connection.scalar(sa.select(PublicNotice.id).where(PublicNotice.public_id == public_id)) is not None:
            return public_id
        round_id = connection.execute(
            sa.select(SelectionRound.id).where(SelectionRound.public_id == round_public_id)
        ).scalar_one()
        notice_id = connection.execute(
            sa.insert(PublicNotice)
            .values(
                public_id=public_id,
                round_id=round_id,
                edition=1,
                state=NoticeState.RUNNING,
                posted_on=TODAY,
                working_days=5,
                ends_on=TODAY + timedelta(days=7),
                days=[],
                channel="0472-555 0120",
                lines=[],
                extensions=[],
                reason="",
                posted_by_id=by,
                posted_at=NOW,
            )
            .returning(PublicNotice.id)
        ).scalar_one()
        connection.execute(
            sa.insert(Objection).values(
                public_id=f"objection-{side}",
                round_id=round_id,
                notice_id=notice_id,
                number=1,
                channel=Channel.PHONE,
                text="A question.",
                contact="",
                received_at=NOW,
                answer="",
            )
        )
    return public_id


def posted_with_relative(at: Office, relative: str) -> str:
    """Return the case of N1, who declared a sibling of this name, in a round whose notice is over."""
    round_id = opened(at)
    with at.db.writing() as session:
        case = applications.apply(
            session,
            at.who("N1"),
            round_id,
            place_of(session, round_id),
            source=Source.COMPANY,
            statement=STATEMENT,
            relatives=[Declared(relative, Relation.SIBLING)],
            now=clock.now(),
        ).public_id
    examine(at, case)
    clock.freeze(LATER)
    close(at, round_id)
    make_list(at, round_id)
    post(at, round_id)
    after_notice(at, round_id)
    return case


def recognise(office: Office, code: str, action: RecognitionAction, *, proposed_by: str, decided_by: str) -> None:
    """Propose that N1 is recognised at level 2, and decide on it."""
    with office.db.writing() as session:
        recognition = competency.propose_recognition(
            session,
            office.who(proposed_by),
            office.world.person_public_ids["N1"],
            code,
            2,
            basis="岗位考核表 2025",
            basis_on=TODAY,
            now=clock.now(),
        ).public_id
    with office.db.writing() as session:
        competency.decide_recognition(
            session, office.who(decided_by), recognition, action, now=clock.now(), reason="写明原因"
        )
