"""The words of the audit page: no state and no code of a list stands there without words."""

import enum

import pytest

from lms.certification.rules import CertificateState, DocumentState
from lms.competency.rules import RecognitionState
from lms.courses.rules import EnrolmentState
from lms.dashboard.forms import FIELD_WORDS, OBJECT_WORDS, code_words, field_words
from lms.duties.rules import DutyState
from lms.mentoring.rules import CheckpointVerdict, PairState, SessionState
from lms.people.rules import Employment, GrantState, Post, StaffState, UnitKind
from lms.quizzes.rules import AttemptState
from lms.selection.rules import Body, CaseState, Channel, NoticeState, Paper, RoundState


@pytest.mark.parametrize(
    ("object_type", "field", "codes"),
    [
        ("certificate", "state", CertificateState),
        ("certificate_document", "state", DocumentState),
        ("duty_list", "D05", DutyState),
        ("enrolment", "state", EnrolmentState),
        ("mentoring_checkpoint", "verdict", CheckpointVerdict),
        ("mentoring_pair", "state", PairState),
        ("mentoring_session", "state", SessionState),
        ("objection", "channel", Channel),
        ("org_unit", "kind", UnitKind),
        ("person", "state", StaffState),
        ("post_holding", "employment", Employment),
        ("post_holding", "post", Post),
        ("public_notice", "state", NoticeState),
        ("quiz_attempt", "state", AttemptState),
        ("recognition", "state", RecognitionState),
        ("role_grant", "state", GrantState),
        ("selection_application", "missing", Paper),
        ("selection_application", "state", CaseState),
        ("selection_opinion", "body", Body),
        ("selection_round", "state", RoundState),
    ],
)
def test_every_code_has_words(object_type: str, field: str, codes: type[enum.StrEnum]) -> None:
    assert object_type in OBJECT_WORDS
    assert field in FIELD_WORDS or field_words(object_type, field) == field
    lacking = [each for each in codes if code_words(object_type, field, each.value) is None]
    assert not lacking


@pytest.mark.parametrize("value", ["云网备〔2026〕1号", "2026-11-24", "~", "~0123", 3, None])
def test_what_is_no_code_is_shown_as_it_is(value: object) -> None:
    assert code_words("person", "name", value) is None


def test_a_fingerprint_is_said_to_be_one_and_a_programmers_field_has_no_words() -> None:
    assert "指纹" in str(code_words("person", "name", "~0123456789abcdef"))
    assert field_words("person", "name_key") is None
    assert [str(code_words("person", "state", each)) for each in (True, False)] == ["是", "否"]
