"""Every message has words and a page."""

import pytest
from flask import Flask

from lms.certification.events import EndCause
from lms.mentoring.rules import PairState
from lms.messages.forms import APPLICATION_WORDS, CERTIFICATE_WORDS, PAGES, PAIR_WORDS, words_of
from lms.messages.rules import MessageKind
from lms.people.rules import StaffState
from lms.selection.rules import TOLD

EVERY = [
    *((MessageKind.APPLICATION, {"state": state}) for state in (*(each.value for each in TOLD), "withdrawn")),
    *((MessageKind.CERTIFICATE, {"state": state}) for state in ("issued", *(each.value for each in EndCause))),
    *((MessageKind.PAIR, {"state": state.value}) for state in PairState),
    *((MessageKind.STATE, {"state": state.value}) for state in StaffState),
    (MessageKind.DUTIES, {"opened": 2, "grace": 1, "closed": 1}),
    (MessageKind.LEVELS, {"rose": 1, "fell": 0}),
    (MessageKind.REMINDER, {"number": 3}),
]


@pytest.mark.parametrize(("kind", "values"), EVERY)
def test_every_message_has_words(app: Flask, kind: MessageKind, values: dict[str, object]) -> None:
    with app.test_request_context():
        words = words_of(kind, values)
    assert words.endswith("。")
    assert len(words) > 5


def test_the_words_are_for_no_other_states() -> None:
    assert set(APPLICATION_WORDS) == {*(each.value for each in TOLD), "withdrawn"}
    assert set(PAIR_WORDS) == {each.value for each in PairState}
    assert set(CERTIFICATE_WORDS) == {"issued", *(each.value for each in EndCause)}
    assert {kind for kind, _ in EVERY} == set(MessageKind)


def test_what_did_not_change_is_not_said(app: Flask) -> None:
    with app.test_request_context():
        words = words_of(MessageKind.DUTIES, {"opened": 2, "grace": 0, "closed": 1})
    assert words == "2 项职责开放了，1 项职责不再开放。"


def test_every_kind_leads_to_a_page_that_is_there(app: Flask) -> None:
    assert set(PAGES) == set(MessageKind)
    for endpoint, has_target in PAGES.values():
        rule = next(app.url_map.iter_rules(endpoint))
        assert ("public_id" in rule.arguments) is has_target
