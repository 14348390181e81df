"""What the tables themselves refuse."""

import pytest
import sqlalchemy as sa

from lms.audit.services import UnauditedChange
from lms.mentoring.models import MentoringPair, MentoringSession
from lms.mentoring.rules import PairState
from tests.conftest import Site
from tests.mentoring.making import put_pair, put_session


def test_a_pair_does_not_change_without_an_entry(site: Site) -> None:
    put_pair(site.db, site.world, "N1")
    with pytest.raises(UnauditedChange), site.db.writing() as session:
        session.execute(sa.update(MentoringPair).values(state=PairState.ENDED))


@pytest.mark.parametrize(
    "values",
    [{"state": "overlapping"}, {"minutes": 0}, {"state": "nonsense"}],
)
def test_a_session_that_cannot_be_is_refused(site: Site, values: dict[str, object]) -> None:
    put_session(site.db, site.world, "N1")
    with pytest.raises((sa.exc.IntegrityError, sa.exc.StatementError)), site.db.engine.begin() as connection:
        connection.execute(sa.update(MentoringSession.__table__).values(**values))  # type: ignore[arg-type]


def test_a_newcomer_has_one_live_pair(site: Site) -> None:
    put_pair(site.db, site.world, "N1")
    with site.db.engine.begin() as connection:
        row = connection.execute(sa.select(MentoringPair.__table__)).mappings().one()
    again = {**row, "public_id": "another", "id": None}
    del again["id"]
    with pytest.raises(sa.exc.IntegrityError), site.db.engine.begin() as connection:
        connection.execute(sa.insert(MentoringPair.__table__).values(**again))  # type: ignore[arg-type]
