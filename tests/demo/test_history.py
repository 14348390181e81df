"""What the history tells: every state from first sign-in to certificate, at hours one can believe."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from lms.access.identity import Role
from lms.audit.rules import AuditTag, Entry
from lms.certification.models import Certificate, CertificateDocument
from lms.certification.rules import CertificateState, DocumentState
from lms.competency.models import CompetencyEvidence, CompetencyLevel, LevelChange, Recognition
from lms.competency.queries import columns_of
from lms.competency.rules import RecognitionState, restored
from lms.core.clock import SHANGHAI
from lms.core.db import Database
from lms.courses import queries as courses
from lms.courses.models import Enrolment
from lms.courses.rules import EnrolmentState, StepKind
from lms.demo import load as demo
from lms.demo.history import STUDIES, TRIED_BY
from lms.demo.learning import Outcome
from lms.mentoring.models import MentoringSession
from lms.mentoring.rules import SessionState
from lms.people.models import Account, Person, RoleGrant, RosterImport
from lms.people.rules import GrantState, RosterState, StaffState
from lms.quizzes.models import QuizAttempt
from lms.quizzes.rules import AttemptState
from tests import trail
from tests.conftest import Site, csrf, make_app


def states(db: Database, column: Any) -> Counter[Any]:
    """Return how many rows there are of each value of a column."""
    with db.reading() as session:
        return Counter(session.scalars(sa.select(column)))


def test_certificates_levels_and_roles_are_there_in_every_state(demo_site: Site) -> None:
    db = demo_site.db
    certificates = states(db, Certificate.state)
    assert set(certificates) == set(CertificateState) - {CertificateState.EXPIRED}
    assert certificates[CertificateState.PROPOSED] >= 3
    assert set(states(db, CertificateDocument.state)) == {DocumentState.RENDERED}
    assert states(db, CertificateDocument.edition)[2] == 1
    recognitions = states(db, Recognition.state)
    assert recognitions[RecognitionState.PROPOSED] >= 3
    assert recognitions[RecognitionState.IN_FORCE] >= 3
    assert recognitions[RecognitionState.REFUSED] == 1
    assert {1, 2, 3} <= set(states(db, CompetencyLevel.level))
    grants = states(db, RoleGrant.state)
    assert set(grants) == set(GrantState)
    assert grants[GrantState.PROPOSED] >= 3
    assert states(db, RosterImport.state) == {RosterState.DONE: 2, RosterState.ABANDONED: 1}


def test_people_stand_everywhere_between_candidate_and_certificate(demo_site: Site) -> None:
    db = demo_site.db
    people = states(db, Person.state)
    assert min(people[state] for state in (StaffState.CANDIDATE, StaffState.TRAINEE, StaffState.ACTIVE)) >= 3
    assert set(states(db, Enrolment.state)) == set(EnrolmentState)
    # An open attempt would be handed in by the worker at once.
    assert set(states(db, QuizAttempt.state)) == {AttemptState.MARKED}
    with db.reading() as session:
        waiting = sa.select(Person.staff_number).join(Account).where(Account.temporary_until.is_not(None))
        assert session.scalars(waiting).all() == [demo.NOT_YET_SIGNED_IN]


def test_each_sitting_ends_as_the_history_means_it(demo_site: Site) -> None:
    with demo_site.db.reading() as session:
        rows = session.execute(
            sa.select(Person.staff_number, QuizAttempt)
            .join(QuizAttempt, QuizAttempt.person_id == Person.id)
            .order_by(QuizAttempt.number)
        )
        sat: dict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
        for number, attempt in rows:
            sat[number, attempt.course_key].append((bool(attempt.is_passed), bool(attempt.is_critical_missed)))
            if attempt.is_passed:
                assert not attempt.is_critical_missed
    meant = {(study.number, study.course): study.sittings for study in STUDIES if study.sittings}
    assert sat.keys() == meant.keys()
    for key, sittings in meant.items():
        for (is_passed, is_missed), sitting in zip(sat[key], sittings, strict=True):
            assert is_passed is (sitting.outcome is Outcome.PASSED)
            if sitting.outcome is not Outcome.RUN_OUT:
                assert is_missed is (sitting.outcome is Outcome.CRITICAL)


def test_the_newcomer_shows_the_chain_and_has_something_to_do(demo_site: Site) -> None:
    with demo_site.db.reading() as session:
        person_id = session.scalars(sa.select(Person.id).where(Person.staff_number == "CG0231")).one()
        attempts = session.scalars(
            sa.select(QuizAttempt).where(QuizAttempt.person_id == person_id).order_by(QuizAttempt.number)
        ).all()
        assert [(each.is_critical_missed, each.is_passed) for each in attempts] == [(True, False), (False, True)]
        evidence = session.scalars(
            sa.select(CompetencyEvidence.source_id).where(CompetencyEvidence.person_id == person_id)
        )
        rounds = session.scalars(
            sa.select(MentoringSession.public_id).where(
                MentoringSession.newcomer_id == person_id, MentoringSession.state == SessionState.CONFIRMED
            )
        )
        # The one course and its two attempts, and the rounds with the mentor that both confirmed.
        assert set(evidence) == {attempt.public_id for attempt in attempts} | set(rounds)
        levels = session.execute(
            sa.select(CompetencyLevel.code, CompetencyLevel.level).where(CompetencyLevel.person_id == person_id)
        )
        assert {"ETH1", "ETH3"} <= {code for code, level in levels if level >= 1}
        standings = courses.progress_of(session, person_id)
        assert [each.key for each in standings if each.is_passed] == ["c01"]
        step = courses.next_step(standings)
        assert step is not None
        assert step.kind is StepKind.CONTINUE
        assert step.lesson is not None
        assert step.lesson.parts_done == 1


OFFICE_ACTS = ("certification:certificate:", "competency:recognition:", "people:role:", "people:person:")


def test_officials_act_in_office_hours_and_never_alone(demo_site: Site) -> None:
    """Two-person acts have two persons; nobody decides in the night or on a Sunday."""
    begun: dict[str, str] = {}
    entries = [each for each in trail.entries(demo_site.db, 0) if each.tag.startswith(OFFICE_ACTS)]
    assert len(entries) > 200
    for entry in entries:
        at = entry.business_at.astimezone(SHANGHAI)
        assert at.isoweekday() <= 5
        assert 8 <= at.hour < 18
        match AuditTag(entry.tag):
            case AuditTag.CERTIFICATE_PROPOSED | AuditTag.RECOGNITION_PROPOSED | AuditTag.ROLE_PROPOSED:
                begun[entry.object_id] = entry.actor
            case AuditTag.CERTIFICATE_ISSUED | AuditTag.RECOGNITION_CONFIRMED | AuditTag.ROLE_GRANTED:
                assert entry.role in {Role.OFFICIAL.value, Role.CONSOLE.value}
                assert entry.actor != begun[entry.object_id] or entry.role == Role.CONSOLE.value


def test_nobody_learns_before_their_first_sign_in(demo_site: Site) -> None:
    signed_in: set[str] = set()
    for entry in trail.entries(demo_site.db, 0):
        if entry.tag == AuditTag.PRIVACY_NOTICE_READ.value:
            signed_in.add(entry.actor)
        if entry.role == Role.PERSON.value and entry.tag.startswith(("courses:", "quizzes:")):
            assert entry.actor in signed_in


def _gaps(entries: Iterable[Entry]) -> list[int]:
    days = sorted({entry.business_at.astimezone(SHANGHAI).date() for entry in entries})
    return [(after - before).days for before, after in pairwise(days)]


def test_hardly_a_working_day_passes_without_anything(demo_site: Site) -> None:
    gaps = _gaps(trail.entries(demo_site.db, 0))
    began = gaps.index(max(gaps))  # between the trial of one officer and the beginning of the whole office
    assert gaps[began] > 600
    assert max(gaps[began + 1 :]) <= 11  # the week of the National Day


PAGES = {
    "CG0001": (
        "/people",
        "/people/roster",
        "/roles",
        "/units",
        "/certificates?pile=eligible",
        "/certificates?pile=waiting",
        "/certificates?pile=issued",
        "/recognitions",
        "/results",
        "/audit",
    ),
    "CG0003": ("/results", "/courses"),
    "CG0101": ("/me/competency", "/audit"),
    "CG0102": ("/people", "/results", "/audit"),
    "CG0231": ("/me/competency", "/audit", "/courses"),
    "AUD001": ("/audit",),
}
"""The lists of the product and for whom they are."""


def test_every_list_has_three_rows_for_those_who_see_it(demo_site: Site) -> None:
    app = make_app(demo_site)
    for number, paths in PAGES.items():
        client = app.test_client()
        credentials = {"staff_number": number, "password": demo.PASSWORD}
        assert client.post("/sign-in", data={"csrf_token": csrf(client), **credentials}).status_code == 302
        for path in paths:
            response = client.get(path)
            assert response.status_code == 200, (number, path)
            main = response.get_data(as_text=True).partition("<main")[2].partition("</main>")[0]
            assert main.count("<tr") > 3 or main.count("<li") >= 3, (number, path)


def test_the_level_of_one_person_has_lapsed(demo_site: Site) -> None:
    with demo_site.db.reading() as session:
        rows = session.execute(
            sa.select(Person.staff_number, CompetencyLevel)
            .join(Person, Person.id == CompetencyLevel.person_id)
            .order_by(CompetencyLevel.id)
        ).all()
        lapsed = {number for number, row in rows if restored(columns_of(row)).lapsed > row.level}
        person = session.scalars(sa.select(Person).where(Person.staff_number == TRIED_BY)).one()
        changes = session.scalars(sa.select(LevelChange).where(LevelChange.person_id == person.id)).all()
    assert lapsed == {TRIED_BY}
    assert [each.cause_type for each in changes if each.after < each.before]
    assert {each.cause_type for each in changes if each.after < each.before} == {"time"}
