"""States of a certificate, numbers, masked names, eligibility, glyphs. Pure."""

import enum
import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lms.people.rules import StaffState


class CertificateState(enum.StrEnum):
    """The state of a certificate. Expiry is not a state: it follows from the date."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    ISSUED = "issued"
    REVOCATION_PROPOSED = "revocation_proposed"
    """Still valid until a second person confirms."""
    REVOKED = "revoked"
    EXPIRED = "expired"
    """Its last valid day has passed; the person may be given another."""


LIVE = (CertificateState.PROPOSED, CertificateState.ISSUED, CertificateState.REVOCATION_PROPOSED)
"""States of which a person holds at most one for each kind."""


class CertificateAction(enum.StrEnum):
    """What can be done to a certificate."""

    SIGN = "sign"
    REFUSE = "refuse"
    PROPOSE_REVOCATION = "propose_revocation"
    WITHDRAW_REVOCATION = "withdraw_revocation"
    REVOKE = "revoke"
    REISSUE = "reissue"
    EXPIRE = "expire"
    """Done by time alone."""


TRANSITIONS: Mapping[tuple[CertificateState, CertificateAction], CertificateState] = {
    (CertificateState.PROPOSED, CertificateAction.SIGN): CertificateState.ISSUED,
    (CertificateState.PROPOSED, CertificateAction.REFUSE): CertificateState.REFUSED,
    (CertificateState.ISSUED, CertificateAction.PROPOSE_REVOCATION): CertificateState.REVOCATION_PROPOSED,
    (CertificateState.ISSUED, CertificateAction.REISSUE): CertificateState.ISSUED,
    (CertificateState.REVOCATION_PROPOSED, CertificateAction.WITHDRAW_REVOCATION): CertificateState.ISSUED,
    (CertificateState.REVOCATION_PROPOSED, CertificateAction.REVOKE): CertificateState.REVOKED,
    (CertificateState.ISSUED, CertificateAction.EXPIRE): CertificateState.EXPIRED,
    (CertificateState.REVOCATION_PROPOSED, CertificateAction.EXPIRE): CertificateState.EXPIRED,
}


def next_state(state: CertificateState, action: CertificateAction) -> CertificateState | None:
    """Return the state an action leads to, or None when it is not possible from ``state``."""
    return TRANSITIONS.get((state, action))


def allowed_actions(state: CertificateState) -> tuple[CertificateAction, ...]:
    """Return what a person can do from a state, in the order a page shows it."""
    return tuple(
        action
        for action in CertificateAction
        if (state, action) in TRANSITIONS and action is not CertificateAction.EXPIRE
    )


class DocumentState(enum.StrEnum):
    """The state of a paper (PDF)."""

    WAITING = "waiting"
    RENDERED = "rendered"
    BLOCKED = "blocked"
    """A character has no glyph in any font; nothing is printed until the name is mended."""


class Lock(enum.StrEnum):
    """Why an action that the state allows is still closed to somebody."""

    OWN = "own"
    """It is their own certificate."""
    SECOND_PERSON = "second_person"
    """They began it; another person must end it."""
    PAPER_WAITING = "paper_waiting"
    """A paper is being made."""


def lock_of(
    action: CertificateAction, *, actor: int | None, holder: int, begun_by: int | None, paper: DocumentState | None
) -> Lock | None:
    """Return why an action is closed to ``actor``, or None when it is open. All persons by id."""
    if actor == holder:
        return Lock.OWN
    if actor is not None and actor == begun_by:
        return Lock.SECOND_PERSON
    if action is CertificateAction.REISSUE and paper is DocumentState.WAITING:
        return Lock.PAPER_WAITING
    return None


PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")
"""A place in a template that is filled with a value; there is nothing else that a template can say."""


# --- eligibility ------------------------------------------------------------------------------------------

SERVING = (StaffState.TRAINEE, StaffState.ACTIVE, StaffState.SUSPENDED, StaffState.SECONDED)
"""States in which a certificate can be issued to a person."""


class Missing(enum.StrEnum):
    """What a course still lacks."""

    NOT_STARTED = "not_started"
    LESSONS = "lessons"
    """Lessons are left to read."""
    QUIZ = "quiz"
    """The course quiz is still to be passed."""
    VOID = "void"
    """The attempt that passed it was taken out or is not there."""
    GONE = "gone"
    """The person is no longer grid staff."""


@dataclass(frozen=True)
class Standing:
    """Where a person stands in one course that a certificate asks for.

    ``lessons_done``: every lesson is finished. ``passed``: the quiz is passed. ``attempt_counts``: the attempt
    behind it is there, marked and not void.
    """

    lessons_done: bool
    passed: bool
    attempt_counts: bool


@dataclass(frozen=True)
class Eligibility:
    """Whether a certificate may be proposed; if not, each course with what it lacks, in the certificate's order."""

    ok: bool
    missing: tuple[tuple[str, Missing], ...] = ()


def eligibility(courses: Sequence[str], standings: Mapping[str, Standing], *, serves: bool) -> Eligibility:
    """Return whether a person has passed every course of a certificate.

    ``courses``: keys the certificate asks for. ``standings``: the person's, by key. ``serves``: is grid staff now.
    """
    missing: list[tuple[str, Missing]] = [] if serves else [("", Missing.GONE)]
    for key in courses:
        standing = standings.get(key)
        if standing is None:
            missing.append((key, Missing.NOT_STARTED))
        elif not standing.passed:
            missing.append((key, Missing.QUIZ if standing.lessons_done else Missing.LESSONS))
        elif not standing.attempt_counts:
            missing.append((key, Missing.VOID))
    return Eligibility(not missing, tuple(missing))


# --- numbers and dates ------------------------------------------------------------------------------------


class NumberStyle(enum.StrEnum):
    """How a number is written."""

    DOCUMENT = "document"
    """公文式: 〔year〕, no 第, no leading zeros (GB/T 9704-2012 §7.2.5)."""
    CERTIFICATE = "certificate"
    """证书式: 第0001号, four digits and more."""


_SHAPES: Mapping[NumberStyle, re.Pattern[str]] = {
    NumberStyle.DOCUMENT: re.compile(r"[^〔〕\d第号{}]+〔\{year\}〕\{serial\}号"),
    NumberStyle.CERTIFICATE: re.compile(r"[^〔〕\d第号{}]+〔\{year\}〕第\{serial\}号"),
}
_DIGITS: Mapping[NumberStyle, int] = {NumberStyle.DOCUMENT: 1, NumberStyle.CERTIFICATE: 4}


OFFICE_CODE = "{code}"
"""Where a pattern holds the short name of the office that issues."""


def office_code(office: str) -> str:
    """Return the short name of an office in numbers （机关代字）: 晨光街道 → 晨街, 石桥镇 → 石镇; any other name whole.

    An office that is written otherwise writes its own words in the pattern in place of ``{code}``.
    """
    name = office.removesuffix("办事处")
    for ending, short in (("街道", "街"), ("镇", "镇"), ("乡", "乡")):
        if name.endswith(ending) and name != ending:
            return name[0] + short
    return name


def pattern_fits(style: NumberStyle, pattern: str) -> bool:
    """Whether a pattern such as ``{code}网培证字〔{year}〕第{serial}号`` has the shape of its style."""
    return _SHAPES[style].fullmatch(pattern.replace(OFFICE_CODE, "街", 1)) is not None


def series_of(pattern: str) -> str:
    """Return the words before the year, which name the series that is counted."""
    return pattern.partition("〔")[0]


def number_text(style: NumberStyle, pattern: str, year: int, serial: int) -> str:
    """Return a number as printed: 晨街网培字〔2026〕12号 or 晨街网培证字〔2026〕第0012号.

    Raises ValueError for a serial below 1 or a year that has not four digits.
    """
    if serial < 1 or not 1000 <= year <= 9999:
        raise ValueError(f"no number for year {year}, serial {serial}")
    return pattern.format(year=year, serial=f"{serial:0{_DIGITS[style]}d}")


def typed_number(text: str) -> tuple[int, int] | None:
    """Return (year, serial) of a number as somebody types it, or None when it cannot be read.

    Brackets, words and full-width digits do not matter: ``2026 0017``, ``20260017`` and the whole number are alike.
    """
    groups = re.findall(r"\d+", unicodedata.normalize("NFKC", text))
    if len(groups) == 1 and len(groups[0]) > 4:
        groups = [groups[0][:4], groups[0][4:]]
    if len(groups) < 2 or len(groups[-2]) != 4 or len(groups[-1]) > 9:
        return None
    return int(groups[-2]), int(groups[-1])


def typed_code(text: str) -> str:
    """Return a printed code as it is stored: upper case, half-width, without hyphens and spaces."""
    return re.sub(r"[\s\-]+", "", unicodedata.normalize("NFKC", text)).upper()


def printed_code(code: str) -> str:
    """Return a code in groups of four, as it is printed: 7F3K-92QX-M4."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def is_verify_code(text: str) -> bool:
    """Whether a text can be what a QR code holds at all."""
    return re.fullmatch(r"[A-Za-z0-9_-]{22}", text) is not None


def last_valid_day(issued_on: date, months: int) -> date:
    """Return the last day a paper issued on ``issued_on`` is valid: the eve of the same day ``months`` later.

    Issued on 2026-12-15 for 24 months: valid up to and with 2028-12-14. When the last month has no such day
    its last day counts (as 民法典 Art. 202 has it).
    """
    month = issued_on.month - 1 + months
    year, month = issued_on.year + month // 12, month % 12 + 1
    days = monthrange(year, month)[1]
    if issued_on.day > days:
        return date(year, month, days)
    return date(year, month, issued_on.day) - timedelta(days=1)


def day_text(day: date) -> str:
    """Return a date as papers write it: 2026年3月5日, no leading zeros (GB/T 9704-2012 §7.3.5)."""
    return f"{day.year}年{day.month}月{day.day}日"


# --- what the public sees ---------------------------------------------------------------------------------


class PublicStatus(enum.StrEnum):
    """What the page without sign-in says of a certificate."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


def public_status(state: CertificateState, expires_on: date, today: date) -> PublicStatus:
    """Return the status of an issued certificate on a day; the last valid day still counts.

    A revocation that nobody has confirmed does not show. Raises ValueError for one that was never issued.
    """
    match state:
        case CertificateState.REVOKED:
            return PublicStatus.REVOKED
        case CertificateState.ISSUED | CertificateState.REVOCATION_PROPOSED:
            return PublicStatus.EXPIRED if today > expires_on else PublicStatus.VALID
        case CertificateState.EXPIRED:
            return PublicStatus.EXPIRED
        case _:
            raise ValueError(f"{state} was never issued")


MIDDLE_DOT = "·"
COMPOUND_SURNAMES = frozenset(
    """
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶
    太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良
    漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 东门 西门 第五
    """.split()  # noqa: SIM905 - a list of sixty strings is harder to read
)


def masked_name(name: str) -> str:
    """Return a name for a public page: the first character and one ``*`` for each further one.

    Compound surnames keep two characters, names with a middle dot their first two. Something is always hidden.
    """
    keep = 2 if MIDDLE_DOT in name or name[:2] in COMPOUND_SURNAMES else 1
    keep = min(keep, len(name) - 1)
    return name[:keep] + "*" * (len(name) - keep)


# --- glyphs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GlyphVerdict:
    """Whether a text can be printed. ``missing``: characters no font has; ``mixed``: those not of the first font."""

    missing: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.missing


def glyph_verdict(text: str, chain: Sequence[Callable[[], Collection[int]]]) -> GlyphVerdict:
    """Look every character of a text up in a chain of fonts, each a function that returns the code points it has.

    A font is asked only when the ones before it lack something.

    Private-use characters are missing whatever a font says: each font draws something else there. Spaces and
    joiners need no glyph.
    """
    missing: list[str] = []
    mixed: list[str] = []
    for char in dict.fromkeys(unicodedata.normalize("NFC", text)):
        category = unicodedata.category(char)
        if category in {"Zs", "Cf", "Cc"}:
            continue
        if category == "Co":
            missing.append(char)
            continue
        place = next((index for index, font in enumerate(chain) if ord(char) in font()), None)
        if place is None:
            missing.append(char)
        elif place > 0:
            mixed.append(char)
    return GlyphVerdict(tuple(missing), tuple(mixed))


def code_points(chars: Iterable[str]) -> str:
    """Return characters with their code points, for people who have to mend a name: 㛃 (U+36C3)."""
    return " ".join(f"{char} (U+{ord(char):04X})" for char in chars)
