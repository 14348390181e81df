"""How to open every endpoint of the product: own things, things in the actor's unit, things of another unit.

The tests that walk all endpoints (guards, access matrix, number of queries, reads that must not write) take the
addresses from here. A new endpoint gets one line in ENDPOINTS:

* no value in its address: ``"dashboard.home": Endpoint()``
* a value: ``"people.person": Endpoint(cases=of_person("public_id"), scope=person_scope)``

``cases`` maps own, in_unit and outside to a function (place, actor) that returns the values of the address and may
make with services what it needs. ``form`` is what a POST sends beside the token; one that changes little is best.
``beyond`` names role and case that a rule beyond the access table refuses with 403, and why.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask

from lms.access.decide import can
from lms.access.identity import CONSOLE, Identity, Role, Scope
from lms.access.permissions import Permission
from lms.competency import queries as competencies
from lms.competency import services as competency
from lms.competency.rules import RecognitionState
from lms.core import clock
from lms.core.db import Database
from lms.jobs import services as jobs
from lms.people import queries
from lms.people.formats.sheet import read_table
from lms.people.rules import Employment, Post
from lms.people.services import accounts, posts, roles, roster
from lms.selection.rules import CaseState, RoundState
from tests.certification import making as certificates
from tests.conftest import csrf, sign_in_as
from tests.duties import lists as duty_lists
from tests.mentoring import making as mentoring
from tests.quizzes import papers
from tests.selection import making as selections
from tests.world import NOW, TODAY, World

OWN, IN_UNIT, OUTSIDE, NONE = "own", "in_unit", "outside", "-"

ACTORS: Mapping[str, str | None] = {
    "anonymous": None,
    "newcomer": "N1",
    "mentor": "M1",
    "grid_leader": "L1",
    "trainer": "T1",
    "official": "O1",
    "system_admin": "S1",
    "audit_admin": "A1",
}
"""Role → the person of the world who holds it in the eastern sub-district."""


@dataclass(frozen=True)
class Place:
    """A database with the world in it."""

    db: Database
    world: World

    def holder(self, actor: str | None, case: str) -> str:
        """Return whose thing a case is about: the actor's, a colleague's, a stranger's."""
        if case == OWN:
            assert actor is not None
            return actor
        if case == IN_UNIT:
            return "M1" if actor == "N1" else "N1"
        return "N9"


Values = Callable[[Place, str | None], Mapping[str, Any]]


def _nothing(_place: Place, _actor: str | None) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """How one endpoint is opened, and what the access table must say of it."""

    cases: Mapping[str, Values] = field(default_factory=lambda: {NONE: _nothing})
    form: Mapping[str, str] = field(default_factory=dict)
    scope: Callable[[Place, str | None, str], Scope] | None = None
    beyond: Mapping[tuple[str, str], str] = field(default_factory=dict)


def for_each_holder(make: Callable[[Place, str], Mapping[str, Any]]) -> Mapping[str, Values]:
    """Return the three cases of a thing that belongs to a person; ``make`` returns the values for its holder."""

    def of(case: str) -> Values:
        return lambda place, actor: make(place, place.holder(actor, case))

    return {case: of(case) for case in (OWN, IN_UNIT, OUTSIDE)}


def of_person(name: str) -> Mapping[str, Values]:
    """Return the cases of an address that holds a person's public id under ``name``."""
    return for_each_holder(lambda place, number: {name: place.world.person_public_ids[number]})


def of_unit(name: str) -> Mapping[str, Values]:
    """Return the cases of an address that holds a unit's public id under ``name``."""

    def unit(where: str) -> Values:
        return lambda place, _actor: {name: place.world.unit_public_ids[where]}

    return {IN_UNIT: unit("east.1.1"), OUTSIDE: unit("west.1.1")}


def identity(place: Place, actor: str) -> Identity:
    return place.world.identity(place.db, actor)


def person_scope(place: Place, actor: str | None, case: str) -> Scope:
    """Return where a person's thing lies."""
    number = place.holder(actor, case)
    person_id = place.world.person_ids[number]
    with place.db.reading() as session:
        path = place.world.person(session, number).unit.path
    return Scope(owner_id=person_id, unit_path=path, assigned_id=person_id)


def unit_scope(place: Place, _actor: str | None, case: str) -> Scope:
    """Return where a unit lies."""
    return Scope(unit_path=place.world.unit_paths["west.1.1" if case == OUTSIDE else "east.1.1"])


def _sign_in(place: Place, number: str) -> Mapping[str, Any]:
    """Open another sign-in of a person and return its public id."""
    with place.db.writing() as session:
        accounts.open_session(session, place.world.person_ids[number], browser="another browser")
        session.flush()
        opened = queries.sessions_of(session, place.world.person_ids[number], not_seen_since=clock.real_now())
        newest = max(opened, key=lambda each: each.id)
        return {"public_id": newest.public_id}


def _job(place: Place, number: str) -> Mapping[str, Any]:
    """Add a piece of work of a person and return its public id."""
    person_id = place.world.person_ids[number]
    with place.db.writing() as session:
        job = jobs.enqueue(session, "test.nothing", {}, dedupe_key=f"test-{person_id}", owner_id=person_id)
        return {"public_id": job.public_id}


def in_units(make: Callable[[Place, str, str], Mapping[str, Any]]) -> Mapping[str, Values]:
    """Return the cases of a thing that lies in a unit; ``make`` gets the place, the unit and an official of it."""
    return {
        IN_UNIT: lambda place, _actor: make(place, "east.1.1", "O2"),
        OUTSIDE: lambda place, _actor: make(place, "west.1.1", "O9"),
    }


def _proposed_role(place: Place, where: str, official: str) -> Mapping[str, Any]:
    """Propose a role, once, and return the address of its confirmation."""
    number = "N1" if where.startswith("east") else "N9"
    with place.db.writing() as session:
        person = place.world.person(session, number)
        found = [grant for grant in queries.grants_of(session, person.id) if grant.role is Role.TRAINER]
        grant = found[0] if found else None
        if grant is None:
            grant = roles.propose_role(
                session,
                identity(place, official),
                person,
                Role.TRAINER,
                place.world.unit(session, where),
                starts_on=TODAY,
                now=NOW,
            )
        return {"public_id": grant.public_id, "action": "confirm"}


def _roster(place: Place, where: str, official: str) -> Mapping[str, Any]:
    """Read a roster file in and return its public id."""
    table = read_table("roster.csv", "姓名,手机\n王芳,13800005678\n".encode())
    with place.db.writing() as session:
        unit = place.world.unit(session, where.rsplit(".", 1)[0])
        who = identity(place, official)
        examined = roster.examine(session, who, unit, table, today=TODAY)
        found = roster.begin(session, who, unit, examined, "roster.csv", "0" * 64, now=NOW)
        return {"public_id": found.public_id}


def _roster_line(place: Place, where: str, official: str) -> Mapping[str, Any]:
    return {**_roster(place, where, official), "line": 2}


def _attempt(place: Place, number: str) -> Mapping[str, Any]:
    """Start a quiz, once, and return the public id of the attempt."""
    who = identity(place, number)
    papers.learn(place.db, who)
    return {"public_id": papers.begin(place.db, who)}


def _question(place: Place, number: str) -> Mapping[str, Any]:
    """Start a quiz, once, and return the address of its first question."""
    return {**_attempt(place, number), "position": 1}


def _marked_attempt(place: Place, number: str) -> Mapping[str, Any]:
    """Hand a quiz in, once, and return the public id of the attempt: of another course than those still open."""
    who = identity(place, number)
    papers.learn(place.db, who, "c01")
    return {"public_id": papers.one_marked(place.db, who, "c01")}


def _post(place: Place, number: str) -> Mapping[str, Any]:
    """Give a person a post, once, on a grid of the unit they are in, and return its public id."""
    with place.db.writing() as session:
        held = queries.all_posts_of(session, place.world.person_ids[number])
        if held:
            return {"public_id": held[0].public_id}
        where = "west.1.1" if number == "N9" else "east.1.1"
        holding = posts.hold_post(
            session,
            CONSOLE,
            place.world.person(session, number),
            place.world.unit(session, where),
            Post.FOLLOW_UP,
            Employment.PART_TIME,
            starts_on=TODAY,
            now=NOW,
        )
        return {"public_id": holding.public_id}


def _competency(place: Place, number: str) -> Mapping[str, Any]:
    return {"public_id": place.world.person_public_ids[number], "code": "ETH1"}


def _recognition(place: Place, number: str) -> Mapping[str, Any]:
    """Have a level of a person proposed for recognition, once, and return its public id."""
    official = "O9" if number == "N9" else "O2"
    live = {RecognitionState.PROPOSED, RecognitionState.IN_FORCE}
    with place.db.writing() as session:
        known = competencies.recognitions_of(session, place.world.person_ids[number], "PUB1")
        found = [each.public_id for each in known if each.state in live]
        if found:
            return {"public_id": found[0]}
        proposed = competency.propose_recognition(
            session,
            identity(place, official),
            place.world.person_public_ids[number],
            "PUB1",
            2,
            basis="文件",
            basis_on=TODAY,
            now=NOW,
        )
        return {"public_id": proposed.public_id}


OWN_LEVEL = {("official", OWN): "one's own level is recognised by others"}


def _course(_place: Place, _actor: str | None) -> Mapping[str, Any]:
    return {"course_key": papers.COURSE}


def _item(_place: Place, _actor: str | None) -> Mapping[str, Any]:
    return {"course_key": "c01", "item_key": "c01-q001"}


def of_lesson(part: str = "") -> Mapping[str, Values]:
    """Return the one case of an address that holds a lesson, and a part of it. Everybody may learn every course."""
    values = {"course_key": "c01", "lesson_key": "c01-l01", **({"part": part} if part else {})}
    return {NONE: lambda _place, _actor: values}


def _certificate(place: Place, number: str) -> Mapping[str, Any]:
    """Put an issued certificate of a person there and return its public id."""
    return {"public_id": certificates.put_issued(place.db, place.world, number)[0]}


def _paper(place: Place, number: str) -> Mapping[str, Any]:
    """Put an issued certificate of a person there and return the public id of its paper."""
    return {"public_id": certificates.put_issued(place.db, place.world, number)[1]}


def _acknowledgement(place: Place, number: str) -> Mapping[str, Any]:
    """Have a person, given a post if need be, acknowledge their duty list, once, and return its public id."""
    _post(place, number)
    return {"public_id": duty_lists.acknowledged(place.db, place.world, number)}


def paper_scope(place: Place, actor: str | None, case: str) -> Scope:
    """Return where a paper lies: its holder's, and that of every official who may list the certificate."""
    scope = person_scope(place, actor, case)
    if actor is not None and can(identity(place, actor), Permission.CERTIFICATE_LIST, scope):
        return replace(scope, owner_id=place.world.person_ids[actor])
    return scope


def _pair(place: Place, number: str) -> Mapping[str, Any]:
    """Put a running pair of a newcomer there and return its public id."""
    return {"public_id": mentoring.put_pair(place.db, place.world, number)}


def _checkpoint(place: Place, number: str) -> Mapping[str, Any]:
    return {**_pair(place, number), "day": 7}


def _topic(place: Place, number: str) -> Mapping[str, Any]:
    return {**_pair(place, number), "topic": "home_visit"}


def _ending(place: Place, number: str) -> Mapping[str, Any]:
    return {**_pair(place, number), "action": "end"}


def _session(place: Place, number: str) -> Mapping[str, Any]:
    """Put a session that waits for its newcomer there and return its public id."""
    return {"public_id": mentoring.put_session(place.db, place.world, number)}


def pair_scope(place: Place, actor: str | None, case: str) -> Scope:
    """Return where a pair lies: its newcomer's, and that of its mentor as well."""
    scope = person_scope(place, actor, case)
    mentor = {"N1": "M1", "M1": "L1", "N9": "O9"}.get(place.holder(actor, case), "M1")
    return replace(scope, owner_id=place.world.person_ids[mentor]) if actor == mentor else scope


NOT_THEIRS = {("mentor", IN_UNIT): "a session is corrected by its newcomer"}


def _round(place: Place, where: str, _official: str) -> Mapping[str, Any]:
    """Put an open selection round there and return its public id."""
    return {"public_id": selections.put_round(place.db, place.world, where)}


def _draft_round(place: Place, where: str, _official: str) -> Mapping[str, Any]:
    """Put a draft of a selection round there and return its public id."""
    return {"public_id": selections.put_round(place.db, place.world, where, RoundState.DRAFT)}


def _place_in_round(place: Place, where: str, official: str) -> Mapping[str, Any]:
    return {**_draft_round(place, where, official), "place_id": "nothing"}


def _step_of_round(place: Place, where: str, official: str) -> Mapping[str, Any]:
    return {**_round(place, where, official), "action": "cancel"}


def _posted_round(place: Place, where: str, _official: str) -> Mapping[str, Any]:
    """Put a round whose notice runs there and return its public id."""
    selections.put_notice(place.db, place.world, where)
    return {"public_id": selections.put_round(place.db, place.world, where, RoundState.POSTED)}


def _objection(place: Place, where: str, _official: str) -> Mapping[str, Any]:
    """Put an objection there and return its public id."""
    side = selections.put_notice(place.db, place.world, where).removeprefix("notice-")
    return {"public_id": f"objection-{side}"}


def _notice(place: Place, _actor: str | None) -> Mapping[str, Any]:
    """Put a public notice there and return its public id."""
    return {"public_id": selections.put_notice(place.db, place.world, "east")}


def _case(place: Place, number: str) -> Mapping[str, Any]:
    """Put an application of a person there and return its public id."""
    return {"public_id": selections.put_case(place.db, place.world, number)}


def _case_in(state: CaseState) -> Callable[[Place, str], Mapping[str, Any]]:
    """Return what puts an application in a state in which the page of its next step opens."""
    return lambda place, number: {"public_id": selections.put_case(place.db, place.world, number, state)}


def _listed_round(place: Place, where: str, _official: str) -> Mapping[str, Any]:
    """Put a round whose list is made there and return its public id."""
    return {"public_id": selections.put_round(place.db, place.world, where, RoundState.RANKED)}


def _past_round(place: Place, where: str, _official: str) -> Mapping[str, Any]:
    """Put a round whose notice is over, without objections, there and return its public id."""
    return {"public_id": selections.put_past_notice(place.db, place.world, where)}


def open_round_scope(place: Place, actor: str | None, case: str) -> Scope:
    """Return where an open round lies for who may apply: everybody's in the sub-district, nobody's elsewhere."""
    return Scope(owner_id=place.world.person_ids[actor] if actor is not None and case == IN_UNIT else -1)


CASE = Endpoint(cases=for_each_holder(_case), scope=person_scope)
OF_ROUND = Endpoint(cases=in_units(_round), scope=unit_scope)
OF_POSTED = Endpoint(cases=in_units(_posted_round), scope=unit_scope)
TO_DECIDE = Endpoint(cases=for_each_holder(_case_in(CaseState.PROPOSED)), scope=person_scope)

ENDPOINTS: Mapping[str, Endpoint] = {
    "certification.certificate": Endpoint(cases=for_each_holder(_certificate), scope=person_scope),
    "certification.desk": Endpoint(),
    "certification.download": Endpoint(cases=for_each_holder(_paper), scope=paper_scope),
    "certification.mine": Endpoint(),
    "certification.propose": Endpoint(),
    "certification.propose_revocation": Endpoint(cases=for_each_holder(_certificate), scope=person_scope),
    "certification.refuse": Endpoint(cases=for_each_holder(_certificate), scope=person_scope),
    "certification.reissue": Endpoint(cases=for_each_holder(_certificate), scope=person_scope),
    "certification.revoke": Endpoint(cases=for_each_holder(_certificate), scope=person_scope),
    "certification.sign": Endpoint(),
    "certification.verify": Endpoint(cases={NONE: lambda _place, _actor: {"code": "x" * 22}}),
    "certification.verify_start": Endpoint(),
    "certification.withdraw_revocation": Endpoint(cases=for_each_holder(_certificate), scope=person_scope),
    "competency.confirm": Endpoint(
        cases=for_each_holder(lambda place, number: {"recognition": _recognition(place, number)["public_id"]}),
        scope=person_scope,
        beyond=OWN_LEVEL,
    ),
    "competency.end": Endpoint(cases=for_each_holder(_recognition), scope=person_scope, beyond=OWN_LEVEL),
    "competency.evidence": Endpoint(cases=for_each_holder(_competency), scope=person_scope),
    "competency.propose": Endpoint(cases=of_person("public_id"), scope=person_scope, beyond=OWN_LEVEL),
    "competency.recognition": Endpoint(cases=for_each_holder(_recognition), scope=person_scope, beyond=OWN_LEVEL),
    "competency.recognitions": Endpoint(),
    "content.problems": Endpoint(),
    "courses.answer": Endpoint(cases=of_lesson("p1"), form={"choice": "1"}),
    "courses.catalogue": Endpoint(),
    "courses.course": Endpoint(cases={NONE: lambda _place, _actor: {"course_key": "c01"}}),
    "courses.lesson": Endpoint(cases=of_lesson()),
    "courses.lesson_print": Endpoint(cases=of_lesson()),
    "courses.mark_paragraph": Endpoint(cases=of_lesson("p1"), form={"paragraph": "2"}),
    "courses.notes": Endpoint(),
    "courses.open_part": Endpoint(cases=of_lesson("p2")),
    "courses.poster": Endpoint(cases=of_lesson()),
    "courses.search": Endpoint(),
    "courses.start": Endpoint(cases={NONE: lambda _place, _actor: {"course_key": "c01"}}),
    "courses.write_note": Endpoint(cases=of_lesson(), form={"text": "A note", "version": "0"}),
    "dashboard.audit_trail": Endpoint(),
    "dashboard.coverage": Endpoint(),
    "dashboard.home": Endpoint(),
    "dashboard.levels": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "dashboard.own_levels": Endpoint(),
    "dashboard.overview": Endpoint(),
    "dashboard.verify_audit": Endpoint(),
    "duties.acknowledge": Endpoint(),
    "duties.acknowledged": Endpoint(cases=for_each_holder(_acknowledgement), scope=person_scope),
    "duties.history": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "duties.item": Endpoint(cases={NONE: lambda _place, _actor: {"key": "D05"}}),
    "duties.matrix": Endpoint(),
    "duties.mine": Endpoint(),
    "duties.person_list": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "duties.print_list": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "duties.team": Endpoint(),
    "healthz": Endpoint(),
    "jobs.progress": Endpoint(cases=for_each_holder(_job), scope=person_scope),
    "mentoring.answer": Endpoint(cases=for_each_holder(_pair), scope=pair_scope),
    "mentoring.answer_session": Endpoint(cases=for_each_holder(_session), scope=pair_scope),
    "mentoring.change": Endpoint(cases=for_each_holder(_pair), scope=pair_scope),
    "mentoring.checkpoint": Endpoint(cases=for_each_holder(_checkpoint), scope=pair_scope),
    "mentoring.correct": Endpoint(cases=for_each_holder(_session), scope=pair_scope, beyond=NOT_THEIRS),
    "mentoring.decide": Endpoint(cases=for_each_holder(_ending), scope=pair_scope),
    "mentoring.log": Endpoint(cases=for_each_holder(_topic), scope=pair_scope),
    "mentoring.mentees": Endpoint(),
    "mentoring.mine": Endpoint(),
    "mentoring.newcomers": Endpoint(),
    "mentoring.pair": Endpoint(cases=for_each_holder(_pair), scope=pair_scope),
    "mentoring.pairs": Endpoint(),
    "mentoring.propose": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "mentoring.session": Endpoint(cases=for_each_holder(_session), scope=pair_scope),
    "mentoring.topics": Endpoint(cases=for_each_holder(_pair), scope=pair_scope),
    "messages.inbox": Endpoint(),
    "messages.seen": Endpoint(),
    "people.add_person": Endpoint(),
    "people.add_unit": Endpoint(),
    "people.admit_person": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "people.change_password": Endpoint(),
    "people.change_state": Endpoint(
        cases=for_each_holder(
            lambda place, number: {"public_id": place.world.person_public_ids[number], "action": "suspend"}
        ),
        scope=person_scope,
    ),
    "people.decide_role": Endpoint(cases=in_units(_proposed_role), scope=unit_scope),
    "people.edit_person": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "people.end_post": Endpoint(cases=for_each_holder(_post), scope=person_scope),
    "people.end_session": Endpoint(cases=for_each_holder(_sign_in), scope=person_scope),
    "people.export_people": Endpoint(),
    "people.forgot": Endpoint(),
    "people.grid": Endpoint(cases=of_unit("public_id"), scope=unit_scope),
    "people.hold_post": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "people.me": Endpoint(),
    "people.people": Endpoint(),
    "people.person": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "people.privacy_notice": Endpoint(),
    "people.propose_role": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "people.reauthenticate": Endpoint(),
    "people.rename_unit": Endpoint(cases=of_unit("public_id"), scope=unit_scope),
    "people.reset_password": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "people.roles": Endpoint(),
    "people.roster": Endpoint(cases=in_units(_roster), scope=unit_scope),
    "people.roster_abandon": Endpoint(cases=in_units(_roster), scope=unit_scope),
    "people.roster_enter": Endpoint(cases=in_units(_roster), scope=unit_scope),
    "people.roster_problems": Endpoint(cases=in_units(_roster), scope=unit_scope),
    "people.roster_row": Endpoint(cases=in_units(_roster_line), form={"decision": "skip"}, scope=unit_scope),
    "people.roster_start": Endpoint(),
    "people.roster_template": Endpoint(),
    "people.say_leader": Endpoint(cases=for_each_holder(_post), scope=person_scope),
    "people.set_language": Endpoint(form={"lang": "zh"}),
    "people.set_text_size": Endpoint(form={"text": "large"}),
    "people.sign_in": Endpoint(),
    "people.sign_out": Endpoint(),
    "people.slips": Endpoint(),
    "people.units": Endpoint(),
    "people.unmask_phone": Endpoint(cases=of_person("public_id"), scope=person_scope),
    "people.sign_in_token": Endpoint(),
    "practice.card": Endpoint(cases={NONE: lambda _place, _actor: {"key": "door-visit"}}),
    "practice.cards": Endpoint(),
    "practice.overview": Endpoint(),
    "practice.picture": Endpoint(cases={NONE: lambda _place, _actor: {"key": "pic-stairwell"}}),
    "practice.scenario": Endpoint(cases={NONE: lambda _place, _actor: {"key": "sc03"}}),
    "quizzes.answer": Endpoint(cases=for_each_holder(_question), form={"seq": "1"}, scope=person_scope),
    "quizzes.attempt": Endpoint(cases=for_each_holder(_attempt), scope=person_scope),
    "quizzes.export": Endpoint(),
    "quizzes.export_items": Endpoint(),
    "quizzes.hand_in": Endpoint(cases=for_each_holder(_attempt), scope=person_scope),
    "quizzes.item_figure": Endpoint(cases={NONE: _item}),
    "quizzes.item_figures": Endpoint(),
    "quizzes.one_result": Endpoint(cases=for_each_holder(_marked_attempt), scope=person_scope),
    "quizzes.open_review": Endpoint(cases=for_each_holder(_marked_attempt), scope=person_scope),
    "quizzes.result": Endpoint(cases=for_each_holder(_marked_attempt), scope=person_scope),
    "quizzes.results": Endpoint(),
    "quizzes.start": Endpoint(cases={NONE: _course}),
    "quizzes.submit": Endpoint(cases=for_each_holder(_attempt), scope=person_scope),
    "selection.add_place": Endpoint(cases=in_units(_draft_round), scope=unit_scope),
    "selection.answer": Endpoint(cases=in_units(_objection), scope=unit_scope),
    "selection.apply": Endpoint(cases=in_units(_round), scope=open_round_scope),
    "selection.approve": TO_DECIDE,
    "selection.calendar": Endpoint(),
    "selection.case": CASE,
    "selection.check": CASE,
    "selection.edit_notice": Endpoint(cases=in_units(_past_round), scope=unit_scope),
    "selection.enter": OF_ROUND,
    "selection.extend_notice": OF_POSTED,
    "selection.file_case": Endpoint(cases=for_each_holder(_case_in(CaseState.APPROVED)), scope=person_scope),
    "selection.mine": Endpoint(),
    "selection.my_case": CASE,
    "selection.new_objection": OF_POSTED,
    "selection.new_round": Endpoint(),
    "selection.note_withdrawal": CASE,
    "selection.notice": Endpoint(cases={NONE: _notice}),
    "selection.notices": Endpoint(),
    "selection.object_to": Endpoint(cases={NONE: _notice}),
    "selection.one_round": OF_ROUND,
    "selection.opinion": Endpoint(cases=for_each_holder(_case_in(CaseState.COMPLETE)), scope=person_scope),
    "selection.post_notice": Endpoint(cases=in_units(_listed_round), scope=unit_scope),
    "selection.refuse": TO_DECIDE,
    "selection.remove_place": Endpoint(cases=in_units(_place_in_round), scope=unit_scope),
    "selection.rounds": Endpoint(),
    "selection.rule": Endpoint(cases=in_units(_draft_round), scope=unit_scope),
    "selection.slip": CASE,
    "selection.step": Endpoint(cases=in_units(_step_of_round), scope=unit_scope),
    "selection.withdraw": CASE,
    "style": Endpoint(),
}


def refuse_unknown(app: Flask) -> None:
    """Fail with a sentence when an endpoint has no entry here, or an entry no endpoint."""
    known, there = set(ENDPOINTS), set(app.view_functions)
    assert there <= known, (
        f"add to ENDPOINTS in tests/architecture/endpoints.py how to open {sorted(there - known)} "
        "(one line each, the head of that file says how), then run "
        "LMS_TEST_WRITE_MATRIX=1 pytest tests/architecture/test_access_matrix.py and read the new rows"
    )
    assert known <= there, f"take from tests/architecture/endpoints.py: {sorted(known - there)} are gone"


@dataclass(frozen=True)
class Call:
    """One way to open an endpoint."""

    endpoint: str
    method: str
    case: str


def calls(app: Flask, methods: set[str]) -> Iterator[Call]:
    """Yield every way to open every endpoint with these methods, in a fixed order.

    Endpoints without an entry are passed over here: ``refuse_unknown`` fails for them, once and in words.
    """
    asked = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint in ENDPOINTS
        for method in (rule.methods or set()) & methods
    }
    for endpoint, method in sorted(asked):
        for case in ENDPOINTS[endpoint].cases:
            yield Call(endpoint, method, case)


def address(app: Flask, place: Place, call: Call, actor: str | None) -> str:
    """Return the path of a call for an actor, making what it needs."""
    values = ENDPOINTS[call.endpoint].cases[call.case](place, actor)
    with app.test_request_context():
        path: str = app.url_for(call.endpoint, **values)
    return path


class Visitor:
    """A browser of an actor, signed in anew whenever an act has ended its session; ``token`` is for its forms."""

    def __init__(self, app: Flask, actor: str | None) -> None:
        self.app, self.actor = app, actor
        self.start()

    def start(self) -> None:
        self.browser = self.app.test_client()
        if self.actor is not None:
            assert sign_in_as(self.browser, self.actor).status_code == 302
        self.token = csrf(self.browser, "/sign-in" if self.actor is None else "/privacy")
