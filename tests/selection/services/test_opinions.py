"""考察: two opinions, two persons, one alone opens nothing."""

from datetime import timedelta

import pytest

from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid
from lms.selection.rules import Body, CaseState
from lms.selection.services import opinions
from tests.racing import together
from tests.selection import making
from tests.selection.making import Office

PARTY, RESIDENTS = Body.PARTY_COMMITTEE, Body.RESIDENTS_COMMITTEE


@pytest.fixture
def case(ready: Office) -> str:
    """A case whose papers are complete."""
    case = making.apply(ready, making.opened(ready), "N1")
    making.check(ready, case)
    return case


def test_the_second_opinion_leads_on(ready: Office, case: str) -> None:
    making.opine(ready, case, PARTY, by="O1")
    assert making.case_state(ready, case) is CaseState.COMPLETE
    making.opine(ready, case, PARTY, by="O1")  # a second click
    making.opine(ready, case, RESIDENTS, by="O2")
    assert making.case_state(ready, case) is CaseState.EXAMINED


def test_one_that_does_not_agree_ends_the_case(ready: Office, case: str) -> None:
    making.opine(ready, case, PARTY, by="O1", agreed=False)
    making.opine(ready, case, RESIDENTS, by="O2")
    assert making.case_state(ready, case) is CaseState.NOT_ENDORSED


def test_two_persons_enter_and_two_sign(ready: Office, case: str) -> None:
    making.opine(ready, case, PARTY, by="O1", signer="书记甲")
    with pytest.raises(Forbidden) as error:
        making.opine(ready, case, RESIDENTS, by="O1", signer="主任乙")
    assert error.value.code == "selection.opinion.same_person"
    with pytest.raises(Invalid) as invalid:
        making.opine(ready, case, RESIDENTS, by="O2", signer="书记 甲")
    assert invalid.value.code == "selection.opinion.same_signer"
    with pytest.raises(Conflict) as conflict:
        making.opine(ready, case, PARTY, by="O2", signer="别人")
    assert conflict.value.code == "selection.opinion.given"


def test_not_before_the_papers_are_complete_and_not_from_the_future(ready: Office) -> None:
    case = making.apply(ready, making.opened(ready), "N1")
    with pytest.raises(Conflict):
        making.opine(ready, case, PARTY, by="O1")
    making.check(ready, case)
    with pytest.raises(Invalid) as error, ready.db.writing() as session:
        opinions.give_opinion(
            session,
            ready.who("O1"),
            case,
            PARTY,
            is_agreed=True,
            text="好",
            signer="甲",
            dated=clock.today() + timedelta(days=1),
            now=clock.now(),
        )
    assert error.value.field == "dated"


def test_the_same_opinion_at_once_is_given_once(ready: Office, case: str) -> None:
    outcomes = together(
        lambda: making.opine(ready, case, PARTY, by="O1"), lambda: making.opine(ready, case, PARTY, by="O2")
    )
    assert len([each for each in outcomes if isinstance(each, Conflict)]) == 1, outcomes
    assert making.case_state(ready, case) is CaseState.COMPLETE


def test_both_opinions_at_once_lead_on_once(ready: Office, case: str) -> None:
    outcomes = together(
        lambda: making.opine(ready, case, PARTY, by="O1"), lambda: making.opine(ready, case, RESIDENTS, by="O2")
    )
    assert outcomes == [None, None]
    assert making.case_state(ready, case) is CaseState.EXAMINED
