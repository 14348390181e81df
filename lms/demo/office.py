"""What the office does: units, persons, slips, roles, rosters, recognised levels, certificates."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lms.access.identity import CONSOLE, SYSTEM, Role
from lms.certification import queries as certificates
from lms.certification.services import issuing, papers, revoking
from lms.competency import queries as competency_queries
from lms.competency import services as competency
from lms.competency.rules import RecognitionAction
from lms.core import clock
from lms.demo.people import COMMUNITIES, DISTRICT, GRIDS_EACH, OFFICE, Cast
from lms.demo.stage import Stage
from lms.duties import queries as duty_queries
from lms.duties import services as duties
from lms.people import queries as people
from lms.people.formats.sheet import read_table
from lms.people.rules import PRIVACY_NOTICE, GrantAction, GrantState, PersonAction, StaffState, UnitKind
from lms.people.services import accounts, persons, posts, roles, roster, standing, units

FIRST_OFFICIAL, SECOND_OFFICIAL, THIRD_OFFICIAL = "CG0001", "CG0002", "CG0004"
CERTIFICATE = "onboarding_part1"
NO_SESSION = 0
"""Whoever acts in the history has no browser open whose session would be kept."""


def found_units(stage: Stage, now: datetime) -> None:
    """Enter the district, the sub-district, its communities and their grids, at the machine itself."""
    day = clock.local_date(now)
    session, places = stage.session, stage.world.places
    district = units.add_unit(
        session, CONSOLE, UnitKind.DISTRICT, DISTRICT[0], None, name_en=DISTRICT[1], opened_on=day, now=now
    )
    office = units.add_unit(
        session, CONSOLE, UnitKind.SUBDISTRICT, OFFICE[0], district, name_en=OFFICE[1], opened_on=day, now=now
    )
    places[""] = office.public_id
    for number, (name, name_en) in enumerate(COMMUNITIES, 1):
        community = units.add_unit(
            session, CONSOLE, UnitKind.COMMUNITY, name, office, name_en=name_en, opened_on=day, now=now
        )
        places[str(number)] = community.public_id
        for grid in range(1, GRIDS_EACH + 1):
            places[f"{number}.{grid}"] = units.add_unit(
                session,
                CONSOLE,
                UnitKind.GRID,
                f"{name}第{grid}网格",
                community,
                name_en=f"{name_en} Grid {grid}",
                opened_on=day,
                now=now,
            ).public_id


# --- persons ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Passwords:
    """The one password of all demo accounts: hashed once as a slip's code and once as one's own."""

    slip: accounts.PreparedCode
    own_hash: str


def enter(stage: Stage, cast: Cast, *, by: str | None) -> None:
    """Enter a person as the office has them; ``by`` None: at the machine itself, before there are officials."""
    actor = CONSOLE if by is None else stage.officer(by)
    index = int("".join(char for char in cast.number if char.isdigit()))
    today = clock.local_date(stage.now)
    has_served = cast.state is StaffState.ACTIVE
    person = persons.add_person(
        stage.session,
        actor,
        stage.unit(cast.place),
        persons.PersonData(
            staff_number=cast.number,
            name=cast.name,
            sex=cast.sex,
            birth_month=cast.born,
            phone=f"1380472{index:04d}",
            joined_on=today - timedelta(days=400 + index * 7) if has_served else today,
        ),
        now=stage.now,
        state=StaffState.ACTIVE if has_served else StaffState.CANDIDATE,
        is_demo=True,
    )
    stage.world.persons[cast.number] = person.public_id


def expire_levels(stage: Stage) -> None:
    """Find the levels that have grown too old, as the worker does every minute."""
    today = clock.local_date(stage.now)
    for person_id in competency_queries.persons_due(stage.session, today, 100):
        competency.expire(stage.session, SYSTEM, person_id, now=stage.now)


def take_post(stage: Stage, cast: Cast, *, by: str) -> None:
    """Give a person the post they have in the cast, from today; nothing for those without one."""
    if cast.post is None:
        return
    posts.hold_post(
        stage.session,
        stage.officer(by),
        stage.person(cast.number),
        stage.unit(cast.place),
        cast.post,
        cast.employment,
        starts_on=clock.local_date(stage.now),
        is_committee=cast.is_committee,
        exception=cast.exception,
        now=stage.now,
    )


def move(stage: Stage, number: str, action: PersonAction, *, by: str, reason: str) -> None:
    """Suspend, second, reinstate or end somebody, or take them back."""
    standing.change_state(stage.session, stage.officer(by), stage.person(number), action, reason=reason, now=stage.now)


def admit(stage: Stage, cast: Cast, *, by: str) -> None:
    """Admit a candidate as a trainee."""
    standing.admit_person(stage.session, stage.officer(by), stage.person(cast.number), now=stage.now)


def give_slip(stage: Stage, number: str, passwords: Passwords, *, by: str | None) -> None:
    """Print a person's slip."""
    actor = CONSOLE if by is None else stage.officer(by)
    accounts.open_account(stage.session, actor, stage.person(number), passwords.slip, now=stage.now)


def sign_in_first(stage: Stage, number: str, passwords: Passwords) -> None:
    """Choose an own password in the place of the slip's (or the official's) code, and read the privacy notice."""
    who = stage.learner(number)
    accounts.change_password(
        stage.session,
        who,
        old_hash=passwords.slip.encoded,
        new_hash=passwords.own_hash,
        keep_session=NO_SESSION,
        now=stage.now,
    )
    accounts.read_privacy_notice(stage.session, who, PRIVACY_NOTICE, now=stage.now)


def forget_password(stage: Stage, number: str, passwords: Passwords, *, by: str) -> None:
    """Give somebody who has forgotten their password a code for a new one."""
    accounts.reset_password(stage.session, stage.officer(by), stage.person(number), passwords.slip, now=stage.now)


def confirm_duties(stage: Stage, number: str) -> None:
    """Read one's duty list and confirm it."""
    person = stage.person(number)
    view = duty_queries.list_view(stage.session, person, duty_queries.texts(stage.session), "zh")
    duties.acknowledge(stage.session, stage.learner(number), view.digest, now=stage.now)


# --- roles ------------------------------------------------------------------------------------------------


def grant_at_machine(stage: Stage, cast: Cast) -> None:
    """Give the first officials and the administrators their roles at the machine itself."""
    assert cast.role is not None
    person, unit = stage.person(cast.number), stage.unit(cast.place)
    roles.grant_from_console(stage.session, CONSOLE, person, cast.role, unit, now=stage.now)


def propose_role(stage: Stage, number: str, role: Role, place: str, *, by: str, basis: str) -> str:
    """Propose a role as an official; return the public id."""
    return roles.propose_role(
        stage.session,
        stage.officer(by),
        stage.person(number),
        role,
        stage.unit(place),
        starts_on=clock.local_date(stage.now),
        basis=basis,
        now=stage.now,
    ).public_id


def decide_role(stage: Stage, public_id: str, action: GrantAction, *, by: str, reason: str = "") -> None:
    """Confirm, refuse or end a role as an official."""
    actor = stage.officer(by)
    grant = people.role_by_public_id(stage.session, actor, public_id)
    roles.decide_role(stage.session, actor, grant, action, now=stage.now, reason=reason)


def end_roles(stage: Stage, number: str, *, by: str, reason: str) -> None:
    """End the roles that a person holds."""
    actor = stage.officer(by)
    for grant in people.grants_of(stage.session, stage.person(number).id):
        if grant.state is GrantState.IN_FORCE:
            roles.decide_role(stage.session, actor, grant, GrantAction.END, now=stage.now, reason=reason)


# --- rosters ----------------------------------------------------------------------------------------------

HEADINGS = "序号,工号,姓名,文化程度,联系电话,社区,网格"


def roster_file(rows: Iterable[tuple[Cast, str]], *further: str) -> bytes:
    """Return a roster as offices keep it, GB18030 and all: persons of grids with their education, further lines."""
    lines = [f"{OFFICE[0]}网格员花名册,,,,,,", HEADINGS]
    for count, (cast, education) in enumerate(rows, 1):
        community, grid = cast.place.split(".")
        index = int(cast.number[2:])
        name = COMMUNITIES[int(community) - 1][0]
        lines.append(f"{count},{cast.number},{cast.name},{education},1380472{index:04d},{name},第{grid}网格")
    return "\r\n".join([*lines, *further, ""]).encode("gb18030")


def begin_roster(stage: Stage, name: str, file: bytes, *, by: str) -> str:
    """Hand a roster in and have it checked; return the public id of the import."""
    actor, unit, table = stage.officer(by), stage.unit(""), read_table(name, file)
    examined = roster.examine(stage.session, actor, unit, table, today=clock.local_date(stage.now))
    digest = hashlib.sha256(file).hexdigest()
    return roster.begin(stage.session, actor, unit, examined, name, digest, now=stage.now).public_id


def enter_roster(stage: Stage, public_id: str, *, by: str) -> None:
    """Enter the good rows of a roster: what the worker would do at once is done at this moment of the history."""
    actor = stage.officer(by)
    roster.start(stage.session, actor, people.roster_by_public_id(stage.session, actor, public_id))
    stage.commit()  # the worker enters in transactions of its own
    numbers = roster.Numbers(stage.session, public_id)
    while roster.enter_step(stage.session, actor, public_id, numbers, now=stage.now):
        pass
    roster.finish(stage.session, actor, public_id, now=stage.now)


def abandon_roster(stage: Stage, public_id: str, *, by: str) -> None:
    """Leave a roster that turned out to be the wrong file."""
    actor = stage.officer(by)
    found = people.roster_by_public_id(stage.session, actor, public_id)
    roster.abandon(stage.session, actor, found, now=stage.now)


# --- recognised levels ------------------------------------------------------------------------------------


def propose_recognition(
    stage: Stage, number: str, code: str, level: int, *, by: str, basis: str, basis_on: date
) -> str:
    """Propose that a level is recognised; return the public id."""
    return competency.propose_recognition(
        stage.session,
        stage.officer(by),
        stage.world.persons[number],
        code,
        level,
        basis=basis,
        basis_on=basis_on,
        now=stage.now,
    ).public_id


def decide_recognition(stage: Stage, public_id: str, action: RecognitionAction, *, by: str, reason: str = "") -> None:
    """Confirm, refuse or end a recognised level."""
    competency.decide_recognition(stage.session, stage.officer(by), public_id, action, now=stage.now, reason=reason)


# --- certificates -----------------------------------------------------------------------------------------


def propose_certificate(stage: Stage, number: str, *, by: str) -> str:
    """Propose a person's certificate; return the public id."""
    person = stage.person(number)
    return issuing.propose(stage.session, stage.officer(by), person, CERTIFICATE, now=stage.now).public_id


def refuse_certificate(stage: Stage, public_id: str, *, by: str, reason: str) -> None:
    """Turn a proposed certificate down."""
    issuing.refuse(stage.session, stage.officer(by), public_id, reason=reason, now=stage.now)


def sign_certificate(stage: Stage, public_id: str, *, by: str) -> str:
    """Sign a certificate off; return the public id of its paper."""
    signed = issuing.sign_off(stage.session, stage.officer(by), public_id, address=stage.address, now=stage.now)
    document = certificates.last_document(stage.session, signed.id)
    assert document is not None
    return document.public_id


def reissue_certificate(stage: Stage, public_id: str, *, by: str, reason: str) -> str:
    """Make a further paper; return its public id."""
    return papers.reissue(
        stage.session, stage.officer(by), public_id, address=stage.address, reason=reason, now=stage.now
    ).public_id


def propose_revocation(stage: Stage, public_id: str, *, by: str, reason: str) -> None:
    """Propose that a certificate is revoked."""
    revoking.propose_revocation(stage.session, stage.officer(by), public_id, reason=reason, now=stage.now)


def revoke(stage: Stage, public_id: str, *, by: str) -> None:
    """Confirm that a certificate is revoked."""
    revoking.revoke(stage.session, stage.officer(by), public_id, now=stage.now)
