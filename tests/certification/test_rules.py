"""States, numbers, dates, masked names, glyphs: the pure decisions."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.certification.rules import (
    LIVE,
    TRANSITIONS,
    CertificateAction,
    CertificateState,
    DocumentState,
    Eligibility,
    Lock,
    Missing,
    NumberStyle,
    PublicStatus,
    Standing,
    allowed_actions,
    code_points,
    day_text,
    eligibility,
    glyph_verdict,
    last_valid_day,
    lock_of,
    masked_name,
    next_state,
    number_text,
    office_code,
    pattern_fits,
    printed_code,
    public_status,
    series_of,
    typed_code,
    typed_number,
)

DOCUMENT = "晨街网培字〔{year}〕{serial}号"
CERTIFICATE = "晨街网培证字〔{year}〕第{serial}号"


# --- states -------------------------------------------------------------------------------------------------


def test_every_way_through_the_states() -> None:
    assert {state: [action.value for action in allowed_actions(state)] for state in CertificateState} == {
        CertificateState.PROPOSED: ["sign", "refuse"],
        CertificateState.REFUSED: [],
        CertificateState.ISSUED: ["propose_revocation", "reissue"],
        CertificateState.REVOCATION_PROPOSED: ["withdraw_revocation", "revoke"],
        CertificateState.REVOKED: [],
        CertificateState.EXPIRED: [],
    }
    assert next_state(CertificateState.REVOKED, CertificateAction.SIGN) is None


def test_what_is_revoked_refused_or_expired_never_comes_back() -> None:
    ended = {CertificateState.REVOKED, CertificateState.REFUSED, CertificateState.EXPIRED}
    assert not any(state in ended for state, _ in TRANSITIONS)
    assert set(LIVE) == set(CertificateState) - ended


@pytest.mark.parametrize(
    ("actor", "holder", "begun_by", "paper", "expected"),
    [
        (1, 2, 3, DocumentState.RENDERED, None),
        (1, 1, 3, None, Lock.OWN),
        (1, 2, 1, None, Lock.SECOND_PERSON),
        (1, 2, 3, DocumentState.WAITING, Lock.PAPER_WAITING),
        (1, 2, 3, DocumentState.BLOCKED, None),
        (None, 2, None, None, None),
    ],
)
def test_locks(
    actor: int | None, holder: int, begun_by: int | None, paper: DocumentState | None, expected: Lock | None
) -> None:
    found = lock_of(CertificateAction.REISSUE, actor=actor, holder=holder, begun_by=begun_by, paper=paper)
    assert found is expected


# --- eligibility --------------------------------------------------------------------------------------------


def standing(*, lessons: bool = True, passed: bool = True, counts: bool = True) -> Standing:
    return Standing(lessons_done=lessons, passed=passed, attempt_counts=counts)


def test_whoever_passed_everything_is_eligible() -> None:
    standings = {"c01": standing(), "c04": standing(), "c09": standing(passed=False)}
    assert eligibility(("c01", "c04"), standings, serves=True) == Eligibility(ok=True)


def test_what_is_missing_is_named_in_the_certificates_order() -> None:
    standings = {
        "c01": standing(lessons=False, passed=False, counts=False),
        "c02": standing(passed=False, counts=False),
        "c03": standing(counts=False),
    }
    found = eligibility(("c05", "c03", "c02", "c01"), standings, serves=True)
    assert not found.ok
    assert found.missing == (
        ("c05", Missing.NOT_STARTED),
        ("c03", Missing.VOID),
        ("c02", Missing.QUIZ),
        ("c01", Missing.LESSONS),
    )


def test_whoever_has_left_is_not_eligible() -> None:
    assert eligibility(("c01",), {"c01": standing()}, serves=False).missing == (("", Missing.GONE),)


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "pattern", "serial", "expected"),
    [
        (NumberStyle.DOCUMENT, DOCUMENT, 1, "晨街网培字〔2026〕1号"),
        (NumberStyle.DOCUMENT, DOCUMENT, 12, "晨街网培字〔2026〕12号"),
        (NumberStyle.CERTIFICATE, CERTIFICATE, 12, "晨街网培证字〔2026〕第0012号"),
        (NumberStyle.CERTIFICATE, CERTIFICATE, 12345, "晨街网培证字〔2026〕第12345号"),
    ],
)
def test_numbers_in_both_presets(style: NumberStyle, pattern: str, serial: int, expected: str) -> None:
    assert number_text(style, pattern, 2026, serial) == expected


@pytest.mark.parametrize(("year", "serial"), [(2026, 0), (2026, -1), (26, 1)])
def test_no_number_is_made_of_nothing(year: int, serial: int) -> None:
    with pytest.raises(ValueError, match="no number"):
        number_text(NumberStyle.DOCUMENT, DOCUMENT, year, serial)


@pytest.mark.parametrize(
    ("style", "pattern", "fits"),
    [
        (NumberStyle.DOCUMENT, DOCUMENT, True),
        (NumberStyle.CERTIFICATE, CERTIFICATE, True),
        (NumberStyle.DOCUMENT, CERTIFICATE, False),  # a 公文 number has no 第
        (NumberStyle.CERTIFICATE, DOCUMENT, False),
        (NumberStyle.DOCUMENT, "晨街网培字[{year}]{serial}号", False),
        (NumberStyle.DOCUMENT, "晨街网培字〔{year}〕0{serial}号", False),
        (NumberStyle.DOCUMENT, "〔{year}〕{serial}号", False),
        (NumberStyle.DOCUMENT, "晨街网培字〔{year}〕{serial.__class__}号", False),
        (NumberStyle.DOCUMENT, "晨街{x}字〔{year}〕{serial}号", False),
    ],
)
def test_patterns(style: NumberStyle, pattern: str, fits: bool) -> None:
    assert pattern_fits(style, pattern) is fits


def test_the_series_is_what_stands_before_the_year() -> None:
    assert series_of(CERTIFICATE) == "晨街网培证字"


@pytest.mark.parametrize(
    "text",
    [
        "晨街网培证字〔2026〕第0012号",
        "2026 0012",
        "20260012",
        "２０２６　１２",
        "晨街网培证字(2026)第12号",
        "2026-0012",
    ],
)
def test_typed_numbers_are_read_whatever_the_signs(text: str) -> None:
    assert typed_number(text) == (2026, 12)


@pytest.mark.parametrize("text", ["", "0012", "2026", "abc", "第0012号", "26 0012", "2026 9999999999"])
def test_what_is_no_number_is_not_read(text: str) -> None:
    assert typed_number(text) is None


@given(st.integers(1000, 9999), st.integers(1, 999_999), st.sampled_from(NumberStyle))
def test_every_printed_number_can_be_typed(year: int, serial: int, style: NumberStyle) -> None:
    pattern = DOCUMENT if style is NumberStyle.DOCUMENT else CERTIFICATE
    assert typed_number(number_text(style, pattern, year, serial)) == (year, serial)


def test_codes_are_printed_in_groups_and_read_back() -> None:
    assert printed_code("7F3K92QXM4") == "7F3K-92QX-M4"
    for typed in ("7F3K-92QX-M4", " 7f3k 92qx m4 ", "７Ｆ３Ｋ９２ＱＸＭ４"):
        assert typed_code(typed) == "7F3K92QXM4"


# --- dates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued", "months", "expected"),
    [
        ("2026-12-15", 24, "2028-12-14"),
        ("2026-03-01", 24, "2028-02-29"),
        ("2024-02-29", 24, "2026-02-28"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-01-01", 12, "2026-12-31"),
        ("2026-11-24", 1, "2026-12-23"),
    ],
)
def test_the_last_valid_day(issued: str, months: int, expected: str) -> None:
    assert last_valid_day(date.fromisoformat(issued), months) == date.fromisoformat(expected)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_a_later_paper_is_valid_no_shorter(day: date, months: int) -> None:
    assert last_valid_day(day, months) < last_valid_day(day, months + 1)
    assert (last_valid_day(day, months) - day).days >= 27 * months


def test_dates_have_no_leading_zeros() -> None:
    assert day_text(date(2026, 3, 5)) == "2026年3月5日"


# --- what the public sees -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "today", "expected"),
    [
        (CertificateState.ISSUED, "2028-11-23", PublicStatus.VALID),
        (CertificateState.ISSUED, "2028-11-24", PublicStatus.EXPIRED),
        (CertificateState.REVOCATION_PROPOSED, "2027-01-01", PublicStatus.VALID),
        (CertificateState.REVOKED, "2027-01-01", PublicStatus.REVOKED),
        (CertificateState.REVOKED, "2030-01-01", PublicStatus.REVOKED),
    ],
)
def test_public_status(state: CertificateState, today: str, expected: PublicStatus) -> None:
    assert public_status(state, date(2028, 11, 23), date.fromisoformat(today)) is expected


@pytest.mark.parametrize("state", [CertificateState.PROPOSED, CertificateState.REFUSED])
def test_what_was_never_issued_has_no_public_status(state: CertificateState) -> None:
    with pytest.raises(ValueError, match="never issued"):
        public_status(state, date(2028, 11, 23), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("李秀兰", "李**"),
        ("王刚", "王*"),
        ("欧阳海燕", "欧阳**"),
        ("欧阳", "欧*"),  # something is always hidden
        ("宝音德力格尔·巴特尔", "宝音********"),
        ("乌云·其其格", "乌云****"),
        ("Anna Lee", "A*******"),
        ("李", "*"),
    ],
)
def test_masked_names(name: str, masked: str) -> None:
    assert masked_name(name) == masked


@given(st.text(min_size=1, max_size=30))
def test_a_masked_name_shows_at_most_two_characters(name: str) -> None:
    masked = masked_name(name)
    assert len(masked) == len(name)
    assert masked.endswith("*")
    assert len(masked.rstrip("*")) <= 2


# --- glyphs -------------------------------------------------------------------------------------------------


def font(characters: str) -> set[int]:
    return {ord(char) for char in characters}


def test_the_first_font_that_has_a_character_counts() -> None:
    verdict = glyph_verdict("李㛃䶮 李", [lambda: font("李"), lambda: font("李㛃")])
    assert verdict.missing == ("䶮",)
    assert verdict.mixed == ("㛃",)
    assert not verdict.ok


def test_private_use_characters_are_missing_whatever_a_font_says() -> None:
    private = "\ue123"
    assert glyph_verdict(private, [lambda: font(private)]).missing == (private,)


def test_a_font_is_asked_only_when_needed() -> None:
    def never() -> set[int]:
        raise AssertionError("asked")

    assert glyph_verdict("李 李", [lambda: font("李"), never]).ok


def test_texts_are_compared_composed() -> None:
    assert glyph_verdict("e\u0301", [lambda: font("é")]).ok


def test_characters_are_named_with_their_code_points() -> None:
    assert code_points(["㛃", "𰁁"]) == "㛃 (U+36C3) 𰁁 (U+30041)"


@pytest.mark.parametrize(
    ("office", "code"),
    [
        ("晨光街道", "晨街"),
        ("槐树街道办事处", "槐街"),
        ("石桥镇", "石镇"),
        ("青山乡", "青乡"),
        ("街道", "街道"),
        ("经济开发区管委会", "经济开发区管委会"),
    ],
)
def test_the_short_name_of_an_office(office: str, code: str) -> None:
    assert office_code(office) == code
