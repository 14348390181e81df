"""Reading the trail: who sees which entries, and with which names."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from lms.audit.models import AuditEntry
from lms.audit.rules import AuditTag
from lms.certification.models import Certificate
from lms.certification.services import revoking
from lms.competency import services as competency
from lms.dashboard import queries
from lms.dashboard.forms import TAG_WORDS
from lms.dashboard.queries import TrailFilter
from tests.certification import making
from tests.conftest import CountQueries, Site
from tests.world import NOW, TODAY


def seqs(site: Site, number: str, **chosen: object) -> list[int]:
    """Return the numbers of the entries that a person reads."""
    identity = site.world.identity(site.db, number)
    with site.db.reading() as session:
        rows = session.scalars(queries.trail(identity, TrailFilter(**chosen)))  # type: ignore[arg-type]
        return [row.seq for row in rows]


def everything(site: Site, *conditions: sa.ColumnElement[bool]) -> list[int]:
    with site.db.reading() as session:
        return list(session.scalars(sa.select(AuditEntry.seq).where(*conditions).order_by(AuditEntry.seq.desc())))


def test_an_auditor_reads_everything_latest_first(shared_site: Site) -> None:
    assert seqs(shared_site, "A1") == everything(shared_site)


@pytest.mark.parametrize(("number", "place"), [("O1", "east"), ("O9", "west")])
def test_an_official_reads_the_own_unit_and_the_own_acts(shared_site: Site, number: str, place: str) -> None:
    own = AuditEntry.actor == shared_site.world.person_public_ids[number]
    unit = AuditEntry.unit_path.startswith(shared_site.world.unit_paths[place])
    found = seqs(shared_site, number)
    assert found == everything(shared_site, sa.or_(own, unit))
    assert 0 < len(found) < len(everything(shared_site))


@pytest.mark.parametrize("number", ["N1", "M1", "L1", "T1", "S1"])
def test_everyone_else_reads_what_they_did_themselves(shared_site: Site, number: str) -> None:
    found = seqs(shared_site, number)
    assert found == everything(shared_site, AuditEntry.actor == shared_site.world.person_public_ids[number])
    assert found  # the privacy notice, at least


def test_filters_narrow_and_never_widen(shared_site: Site) -> None:
    person = shared_site.world.person_public_ids["N9"]
    assert seqs(shared_site, "A1", person=person) == everything(shared_site, AuditEntry.actor == person)
    assert seqs(shared_site, "O1", person=person) == []  # of another sub-district
    assert seqs(shared_site, "A1", targets=frozenset({person})) == everything(
        shared_site, AuditEntry.object_id == person
    )
    tag = AuditTag.UNIT_ADDED.value
    assert seqs(shared_site, "A1", tag=tag) == everything(shared_site, AuditEntry.tag == tag)


def test_a_staff_number_means_the_person_and_all_that_belongs_to_them(site: Site) -> None:
    certificate, paper = making.put_issued(site.db, site.world, "N1")
    with site.db.reading() as session:
        about = queries.objects_about(session, " cg00n1 ")
        number = session.scalars(sa.select(Certificate.number)).one()
        assert number is not None
        assert queries.objects_about(session, number) == {certificate, paper}
        assert queries.objects_about(session, "no such thing") == {"no such thing"}
    assert {site.world.person_public_ids["N1"], certificate} <= about
    assert site.world.person_public_ids["N2"] not in about


def test_a_day_is_a_day_on_the_wall(shared_site: Site) -> None:
    whole = everything(shared_site)
    assert seqs(shared_site, "A1", first=TODAY, last=TODAY) == whole
    assert seqs(shared_site, "A1", first=TODAY + timedelta(days=1)) == []
    assert seqs(shared_site, "A1", last=TODAY - timedelta(days=1)) == []
    assert NOW.date() == TODAY  # ten in the morning here is two at night in UTC, the same day


def test_names_come_with_two_questions(shared_site: Site, count_queries: CountQueries) -> None:
    world = shared_site.world
    wanted = [
        world.person_public_ids["N1"],
        world.unit_public_ids["east"],
        "console",
        "",
        world.person_public_ids["N1"],
    ]
    with shared_site.db.reading() as session, count_queries(shared_site.db) as statements:
        names = queries.names_of(session, wanted)
    assert names == {world.person_public_ids["N1"]: "李秀兰", world.unit_public_ids["east"]: "东街道"}
    assert len(statements) == 2


def test_a_person_is_named_by_the_staff_number(shared_site: Site) -> None:
    with shared_site.db.reading() as session:
        assert queries.person_named(session, "CG00N1") == shared_site.world.person_public_ids["N1"]
        assert queries.person_named(session, "NOBODY") == ""


def test_every_kind_of_act_has_words() -> None:
    assert set(TAG_WORDS) == set(AuditTag)


def test_what_waits_for_a_second_official_is_counted_for_them_alone(site: Site) -> None:
    making.make_eligible(site.db, site.world, "N1")
    [certificate] = making.propose(site.db, site.world, "N1", by="O1")
    with site.db.writing() as session:
        competency.propose_recognition(
            session,
            site.world.identity(site.db, "O1"),
            site.world.person_public_ids["N1"],
            "ETH1",
            1,
            basis="考核",
            basis_on=TODAY,
            now=NOW,
        )
    assert waiting(site) == {"O1": (0, 0), "O2": (1, 1), "O9": (0, 0)}
    making.sign(site.db, site.world, certificate, by="O2")
    assert waiting(site) == {"O1": (0, 0), "O2": (0, 1), "O9": (0, 0)}
    with site.db.writing() as session:
        official = site.world.identity(site.db, "O2")
        revoking.propose_revocation(session, official, certificate, reason="名字写错", now=NOW)
    assert waiting(site)["O1"] == (1, 0)


def waiting(site: Site) -> dict[str, tuple[int, int]]:
    """Return by official how many certificates and recognitions wait for them."""
    found = {}
    for number in ("O1", "O2", "O9"):
        identity = site.world.identity(site.db, number)
        with site.db.reading() as session:
            found[number] = (
                session.scalars(queries.certificates_to_sign(identity)).one(),
                session.scalars(queries.recognitions_to_confirm(identity)).one(),
            )
    return found
