"""Short ways to duty lists: levels, certificates and acknowledgements of the small organisation."""

from decimal import Decimal

from lms.access.identity import CONSOLE, SYSTEM
from lms.certification import queries as certificates
from lms.certification import tasks as certification
from lms.certification.services import issuing, revoking
from lms.competency import services as competency
from lms.competency.rules import EvidenceKind, RecognitionAction
from lms.competency.tasks import expire_due
from lms.core import clock
from lms.core.db import Database
from lms.core.ids import new_public_id
from lms.courses import queries as courses
from lms.duties import queries, services, tasks
from lms.duties.models import DutyAcknowledgement
from lms.duties.queries import ListView
from lms.duties.rules import DutyState, Verdict
from lms.people.rules import Employment, PersonAction, Post
from lms.people.services import posts, standing
from tests.certification import making
from tests.world import World


class Lists:
    """Acts on the duty lists of the small organisation, each in a transaction of its own, at the clock's time."""

    def __init__(self, db: Database, world: World) -> None:
        self.db, self.world = db, world

    def sweep(self) -> None:
        """Do the worker's round."""
        tasks.refresh_due(self.db)

    def view(self, number: str) -> ListView:
        """Return a person's list as its page shows it in Chinese."""
        with self.db.reading() as session:
            return queries.list_view(session, self.world.person(session, number), queries.texts(session), "zh")

    def kept(self, number: str) -> dict[str, Verdict]:
        """Return how the items on a person's list are kept."""
        with self.db.reading() as session:
            return queries.kept(session, self.world.person_ids[number])

    def state(self, number: str, key: str) -> DutyState | None:
        """Return how one item stands, None when it is not on the list."""
        verdict = self.kept(number).get(key)
        return verdict.state if verdict is not None else None

    def recognise(self, number: str, code: str, level: int) -> str:
        """Have two officials recognise a level; return the recognition's public id."""
        with self.db.writing() as session:
            public_id = competency.propose_recognition(
                session,
                self.world.identity(self.db, "O1"),
                self.world.person_public_ids[number],
                code,
                level,
                basis="岗位考核表 2025",
                basis_on=clock.today(),
                now=clock.now(),
            ).public_id
        with self.db.writing() as session:
            competency.decide_recognition(
                session, self.world.identity(self.db, "O2"), public_id, RecognitionAction.CONFIRM, now=clock.now()
            )
        return public_id

    def end_recognition(self, public_id: str) -> None:
        """End a recognition, so that the level falls."""
        with self.db.writing() as session:
            competency.decide_recognition(
                session, self.world.identity(self.db, "O1"), public_id, RecognitionAction.END, now=clock.now()
            )

    def certify(self, number: str) -> str:
        """Have two officials issue the certificate that duties ask for; return its public id.

        What courses it rests on is passed first, if it is not yet.
        """
        person_id = self.world.person_ids[number]
        with self.db.reading() as session:
            begun = {standing.key for standing in courses.progress_of(session, person_id) if standing.is_begun}
            wanted = certificates.current_text(session, making.KIND)[1].courses
        with self.db.writing() as session:
            for course in wanted:
                if course not in begun:
                    making.enrol(session, self.world.person(session, number), course, passed_at=clock.now())
        with self.db.writing() as session:
            public_id = issuing.propose(
                session,
                self.world.identity(self.db, "O1"),
                self.world.person(session, number),
                making.KIND,
                now=clock.now(),
            ).public_id
        making.sign(self.db, self.world, public_id, now=clock.now())
        return public_id

    def show(self, number: str, code: str) -> None:
        """Have a person reach level 2 by evidence, which falls to 1 when the observation is older than 180 days."""
        for kind, asked, shown in ((EvidenceKind.QUIZ, 5, 3), (EvidenceKind.OBSERVED, 4, 4)):
            new = competency.NewEvidence(
                code=code, kind=kind, asked=asked, shown=Decimal(shown), is_passed=True, is_confirmed=True
            )
            with self.db.writing() as session:
                competency.add_evidence(
                    session,
                    SYSTEM,
                    self.world.person_ids[number],
                    [new],
                    source_type="quiz_attempt" if kind is EvidenceKind.QUIZ else "mentoring_session",
                    source_id=new_public_id(),
                    at=clock.now(),
                )

    def expire(self) -> None:
        """Do the worker's round of levels."""
        expire_due(self.db)

    def rounds(self) -> None:
        """Do the worker's rounds of levels, certificates and lists, in its order."""
        expire_due(self.db)
        certification.expire_due(self.db)
        self.sweep()

    def revoke(self, certificate: str) -> None:
        """Have two officials revoke a certificate."""
        with self.db.writing() as session:
            who = self.world.identity(self.db, "O1")
            revoking.propose_revocation(session, who, certificate, reason="发错了", now=clock.now())
        with self.db.writing() as session:
            revoking.revoke(session, self.world.identity(self.db, "O2"), certificate, now=clock.now())

    def move(self, number: str, action: PersonAction) -> None:
        """Move a person's state by hand."""
        with self.db.writing() as session:
            standing.change_state(
                session,
                self.world.identity(self.db, "O1"),
                self.world.person(session, number),
                action,
                reason="写明原因",
                now=clock.now(),
            )

    def post(self, number: str, post: Post, where: str = "east.1.1", **days: object) -> str:
        """Give a person a post; return its public id."""
        dates = {"starts_on": clock.today(), **days}
        with self.db.writing() as session:
            return posts.hold_post(
                session,
                CONSOLE,
                self.world.person(session, number),
                self.world.unit(session, where),
                post,
                Employment.FULL_TIME,
                now=clock.now(),
                **dates,  # type: ignore[arg-type]
            ).public_id

    def acknowledge(self, number: str) -> DutyAcknowledgement:
        """Have a person acknowledge the list they see."""
        digest = self.view(number).digest
        with self.db.writing() as session:
            row = services.acknowledge(session, self.world.identity(self.db, number), digest, now=clock.now())
            session.flush()
            session.refresh(row)
            session.expunge(row)
            return row

    def differences(self) -> list[services.Difference]:
        """Return where any kept list differs from the rule today, or from its history."""
        with self.db.reading() as session:
            return [
                each
                for person_id in queries.persons_with_lists(session)
                for each in services.differences(session, CONSOLE, person_id, today=clock.today())
            ]

    def able(self, number: str, needs: dict[str, int]) -> None:
        """Have a person recognised at all these levels."""
        for code, level in needs.items():
            self.recognise(number, code, level)


def acknowledged(db: Database, world: World, number: str) -> str:
    """Have a person with a post acknowledge their list, once; return the acknowledgement's public id."""
    lists = Lists(db, world)
    lists.sweep()
    return lists.acknowledge(number).public_id
