"""What all acts have in common."""

import pytest

from lms.access.matrix import GRANTS
from lms.certification.models import Certificate
from lms.certification.rules import CertificateAction
from lms.certification.services import acts
from lms.core.errors import Conflict, Invalid
from tests.certification import making
from tests.conftest import Site
from tests.world import NOW


def test_every_action_has_its_permission_and_tag() -> None:
    assert set(acts.ACTS) == set(CertificateAction)
    assert len({act.tag for act in acts.ACTS.values()}) == len(acts.ACTS)


@pytest.mark.parametrize("action", CertificateAction)
def test_who_began_is_asked_exactly_where_the_table_wants_a_second_person(action: CertificateAction) -> None:
    certificate = Certificate(proposed_by_id=7, revocation_proposed_by_id=8)
    needs_second = any(grant.second for grant in GRANTS[acts.ACTS[action].permission])
    assert (acts.begun_by(certificate, action) is not None) == needs_second
    if action is not CertificateAction.EXPIRE:  # done by time, by nobody
        assert all(grant.reauth for grant in GRANTS[acts.ACTS[action].permission])


def test_what_nobody_began_nobody_can_end() -> None:
    assert acts.begun_by(Certificate(), CertificateAction.REVOKE) == acts.NOBODY


def test_reasons() -> None:
    assert acts.checked_reason("  名字写错了 ") == "名字写错了"
    with pytest.raises(Invalid, match="missing"):
        acts.checked_reason(" \n ")
    with pytest.raises(Invalid, match="long"):
        acts.checked_reason("长" * 201)


def test_a_state_that_does_not_allow_it_is_a_conflict(site: Site) -> None:
    db, world = site.db, site.world
    making.load_content(db)
    public_id = making.issue(db, world, "N1")
    actor = world.identity(db, "O1")
    with db.new_writer() as session:
        found, role = acts.begin(session, actor, public_id, CertificateAction.REVOKE)
        with pytest.raises(Conflict, match="moved_on"):
            acts.change(session, actor, role, found, CertificateAction.REVOKE, {}, now=NOW)
