"""Short ways to act on the small organisation."""

from datetime import datetime
from decimal import Decimal

import pytest

from lms.access.identity import CONSOLE, SYSTEM
from lms.competency import queries, services
from lms.competency.rules import EvidenceKind, ItemResult, RecognitionAction
from lms.core import clock
from lms.core.db import Database
from lms.core.ids import new_public_id
from tests import trail
from tests.conftest import Site
from tests.world import TODAY, World


class Acts:
    """Acts on the small organisation, each in a transaction of its own, at the time the clock shows."""

    def __init__(self, db: Database, world: World) -> None:
        self.db = db
        self.world = world

    def attempt(
        self,
        number: str = "N1",
        marks: str = "1 1 1 1",
        *,
        code: str = "ETH1",
        is_passed: bool = True,
        critical: str = "",
        attempt: str = "",
        at: datetime | None = None,
    ) -> str:
        """Hand in an attempt with these marks on a code's items; return its public id.

        ``critical``: right or crossed adds a critical item.
        """
        attempt = attempt or new_public_id()
        items = [
            ItemResult(
                code=code, item_key=f"q{at_:02d}", correctness=Decimal(mark), is_critical=False, is_line_crossed=False
            )
            for at_, mark in enumerate(marks.split(), 1)
        ]
        if critical:
            right = critical == "right"
            items.append(
                ItemResult(
                    code=code,
                    item_key="critical",
                    correctness=Decimal(int(right)),
                    is_critical=True,
                    is_line_crossed=not right,
                )
            )
        with self.db.writing() as session:
            services.add_quiz_evidence(
                session,
                self.world.identity(self.db, number),
                self.world.person_ids[number],
                attempt_public_id=attempt,
                at=at or clock.now(),
                is_passed=is_passed,
                items=items,
            )
        return attempt

    def other(
        self,
        kind: EvidenceKind,
        number: str = "N1",
        shown: str = "4",
        asked: int = 4,
        *,
        code: str = "ETH1",
        is_confirmed: bool = True,
    ) -> None:
        """Add an observation or a scenario."""
        new = services.NewEvidence(
            code=code,
            kind=kind,
            asked=asked,
            shown=Decimal(shown),
            is_passed=kind is EvidenceKind.SCENARIO,
            is_confirmed=is_confirmed,
            details=[
                {"key": f"{code.lower()}-2{letter}", "correctness": str(int(at < int(shown)))}
                for at, letter in enumerate("abcdefghij"[:asked])
            ],
        )
        with self.db.writing() as session:
            services.add_evidence(
                session,
                SYSTEM,
                self.world.person_ids[number],
                [new],
                source_type="mentoring_session" if kind is EvidenceKind.OBSERVED else "scenario_run",
                source_id=new_public_id(),
                at=clock.now(),
            )

    def propose(self, number: str = "N1", level: int = 2, *, code: str = "ETH1", by: str = "O1") -> str:
        """Propose a recognition and return its public id."""
        with self.db.writing() as session:
            return services.propose_recognition(
                session,
                self.world.identity(self.db, by),
                self.world.person_public_ids[number],
                code,
                level,
                basis="岗位考核表 2025",
                basis_on=TODAY,
                now=clock.now(),
            ).public_id

    def decide(
        self, recognition: str, action: RecognitionAction = RecognitionAction.CONFIRM, *, by: str = "O2"
    ) -> None:
        """Decide a recognition."""
        with self.db.writing() as session:
            services.decide_recognition(
                session, self.world.identity(self.db, by), recognition, action, now=clock.now(), reason="写明原因"
            )

    def recognise(self, number: str = "N1", level: int = 2, *, code: str = "ETH1") -> str:
        """Propose and confirm a recognition and return its public id."""
        recognition = self.propose(number, level, code=code)
        self.decide(recognition)
        return recognition

    def view(self, number: str = "N1", code: str = "ETH1") -> queries.LevelView:
        """Return the kept level as its owner reads it."""
        with self.db.reading() as session:
            identity = self.world.identity(self.db, number)
            return queries.levels_of(session, identity, self.world.person_ids[number])[code]

    def differences(self) -> list[services.Difference]:
        """Return where any kept level differs from the rule today."""
        with self.db.reading() as session:
            return [
                each
                for person_id in queries.persons_with_something(session)
                for each in services.differences(session, CONSOLE, person_id, today=clock.today())
            ]

    def tags(self) -> list[str]:
        """Return the tags of the trail in order, without what followed by itself in higher packages."""
        return [entry.tag for entry in trail.entries(self.db, 0)]


@pytest.fixture
def acts(site: Site) -> Acts:
    """Acts on the small organisation."""
    return Acts(site.db, site.world)
