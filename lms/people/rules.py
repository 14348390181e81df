"""Rules about persons, names, passwords and roles. Pure: values in, values out."""

import enum
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lms.access.identity import Role


class UnitKind(enum.StrEnum):
    """The four levels of the organisation, from wide to narrow."""

    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"


PARENT_KIND: Mapping[UnitKind, UnitKind | None] = {
    UnitKind.DISTRICT: None,
    UnitKind.SUBDISTRICT: UnitKind.DISTRICT,
    UnitKind.COMMUNITY: UnitKind.SUBDISTRICT,
    UnitKind.GRID: UnitKind.COMMUNITY,
}


class StaffState(enum.StrEnum):
    """Where a person stands on the way into the post and out of it."""

    CANDIDATE = "candidate"
    """Signed up, papers not yet complete."""
    TRAINEE = "trainee"
    """In onboarding: learns, is mentored, sits quizzes."""
    ACTIVE = "active"
    """Filed (备案): on duty."""
    SUSPENDED = "suspended"
    """停管: learns and improves, duties closed."""
    SECONDED = "seconded"
    """借调: works elsewhere, deadlines pause."""
    ENDED = "ended"
    """No longer grid staff; may come back as a candidate."""


class PersonAction(enum.StrEnum):
    """What can be done to a person's state."""

    ADMIT = "admit"
    FILE = "file"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    SECOND = "second"
    RETURN = "return"
    END = "end"
    COME_BACK = "come_back"


PERSON_TRANSITIONS: Mapping[tuple[StaffState, PersonAction], StaffState] = {
    (StaffState.CANDIDATE, PersonAction.ADMIT): StaffState.TRAINEE,
    (StaffState.TRAINEE, PersonAction.FILE): StaffState.ACTIVE,
    (StaffState.ACTIVE, PersonAction.SUSPEND): StaffState.SUSPENDED,
    (StaffState.SUSPENDED, PersonAction.REINSTATE): StaffState.ACTIVE,
    (StaffState.ACTIVE, PersonAction.SECOND): StaffState.SECONDED,
    (StaffState.SECONDED, PersonAction.RETURN): StaffState.ACTIVE,
    (StaffState.CANDIDATE, PersonAction.END): StaffState.ENDED,
    (StaffState.TRAINEE, PersonAction.END): StaffState.ENDED,
    (StaffState.ACTIVE, PersonAction.END): StaffState.ENDED,
    (StaffState.SUSPENDED, PersonAction.END): StaffState.ENDED,
    (StaffState.SECONDED, PersonAction.END): StaffState.ENDED,
    (StaffState.ENDED, PersonAction.COME_BACK): StaffState.CANDIDATE,
}


BY_HAND = frozenset(PersonAction) - {PersonAction.ADMIT, PersonAction.FILE}
"""What an official does to a state with a reason. Admitting follows the papers, filing (备案) a selection round."""


def next_state(state: StaffState, action: PersonAction) -> StaffState | None:
    """Return the state an action leads to, or None when it is not possible from ``state``."""
    return PERSON_TRANSITIONS.get((state, action))


class Sex(enum.StrEnum):
    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class Post(enum.StrEnum):
    """岗位: the work a person does on a grid; one person may hold several."""

    INSPECTION = "inspection"
    INFORMATION = "information"
    MEDIATION_SERVICE = "mediation_service"
    FOLLOW_UP = "follow_up"
    GRID_LEADER = "grid_leader"


class Employment(enum.StrEnum):
    """How a person holds a post."""

    FULL_TIME = "full_time"
    PART_TIME = "part_time"
    VILLAGE_AUXILIARY = "village_auxiliary"


class GrantState(enum.StrEnum):
    """The state of a role given to a person: two persons are needed for it to be in force."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    ENDED = "ended"


class GrantAction(enum.StrEnum):
    """What can be done to a proposed or granted role."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    END = "end"


GRANT_TRANSITIONS: Mapping[tuple[GrantState, GrantAction], GrantState] = {
    (GrantState.PROPOSED, GrantAction.CONFIRM): GrantState.IN_FORCE,
    (GrantState.PROPOSED, GrantAction.REFUSE): GrantState.REFUSED,
    (GrantState.IN_FORCE, GrantAction.END): GrantState.ENDED,
}


class RosterState(enum.StrEnum):
    """Where a roster file stands on its way in."""

    READ = "read"
    """Read; columns are guessed and may be corrected; every row is checked, nothing is entered yet."""
    IMPORTING = "importing"
    """A job is entering the good rows."""
    DONE = "done"
    ABANDONED = "abandoned"


class RowState(enum.StrEnum):
    """What is to become, or became, of a row of a roster."""

    NEW = "new"
    """A person who is not entered yet."""
    UPDATE = "update"
    """A person who is entered; something differs."""
    SAME = "same"
    """A person who is entered just so."""
    DOUBT = "doubt"
    """Perhaps a person who is entered already under another number; someone must look."""
    ERROR = "error"
    SKIPPED = "skipped"
    """Left out by the person importing."""
    ENTERED = "entered"


_DUTY_SEPARATED = ({Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN},)
"""Sets of roles that one person may never hold together (GB/T 22239-2019 level 2: separate administrators)."""

_MAY_GRANT: Mapping[Role, frozenset[Role]] = {
    Role.OFFICIAL: frozenset({Role.MENTOR, Role.TRAINER, Role.GRID_LEADER}),
    Role.SYSTEM_ADMIN: frozenset({Role.OFFICIAL, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN}),
    Role.CONSOLE: frozenset(
        {
            Role.MENTOR,
            Role.TRAINER,
            Role.GRID_LEADER,
            Role.OFFICIAL,
            Role.SYSTEM_ADMIN,
            Role.AUDIT_ADMIN,
        }
    ),
}


def may_grant(granting: Role, role: Role) -> bool:
    """Whether someone acting as ``granting`` may give ``role``: never more than the own trust allows."""
    return role in _MAY_GRANT.get(granting, frozenset())


def clashing_role(held: frozenset[Role], role: Role) -> Role | None:
    """Return a held role that may not be held together with ``role``, or None."""
    for group in _DUTY_SEPARATED:
        if role in group:
            for other in group - {role}:
                if other in held:
                    return other
    return None


def may_reset(resetting: Role, held: frozenset[Role]) -> bool:
    """Whether someone acting as ``resetting`` may reset the password of a person who holds ``held``.

    A grid leader: not of officials and above. An official: not of the administrators. The system
    administrator: all but the audit administrator. The console: everyone.
    """
    administrators = {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN}
    match resetting:
        case Role.CONSOLE:
            return True
        case Role.SYSTEM_ADMIN:
            return Role.AUDIT_ADMIN not in held
        case Role.OFFICIAL:
            return not held & administrators
        case Role.GRID_LEADER:
            return not held & (administrators | {Role.OFFICIAL})
        case _:
            return False


# --- names and numbers ------------------------------------------------------------------------------------

MIDDLE_DOT = "·"
_DOTS = re.compile("[·•‧∙⋅･・.．｡]")
_HAN = "[\u3007\u3400-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U0003ffff]"
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_FULL_WIDTH[0x3000] = 0x20


def half_width(text: str) -> str:
    """Return the text with full-width letters, digits and spaces made half-width (１２３ → 123)."""
    return text.translate(_FULL_WIDTH)


def clean_name(raw: str) -> str:
    """Return a name as it is stored: NFC, one kind of middle dot, no stray spaces, nothing invisible.

    Spaces between Han characters go (张 三 → 张三), those between Latin words (José Álvarez) stay single.
    """
    name = unicodedata.normalize("NFC", half_width(raw))
    name = "".join(char for char in name if unicodedata.category(char) != "Cf")
    name = re.sub(r"[\s\x00-\x1f\x7f]+", " ", name).strip()
    name = re.sub(r"\s*[·•‧∙⋅･・]\s*", MIDDLE_DOT, name)
    name = re.sub(rf"(?<={_HAN}) ?\. ?(?={_HAN})", MIDDLE_DOT, name)
    return re.sub(rf"(?<={_HAN}) (?={_HAN})", "", name)


def name_key(name: str) -> str:
    """Return what names are searched by: no dots, no spaces, lower case, so that dot styles do not matter."""
    return re.sub(r"\s+", "", _DOTS.sub("", clean_name(name))).lower()


def has_private_use(text: str) -> bool:
    """Whether the text holds characters of the private-use area (old systems' own glyphs): no font knows them."""
    return any(unicodedata.category(char) == "Co" for char in text)


def clean_staff_number(raw: str) -> str:
    """Return a staff number as it is stored: half-width, upper case, without spaces, hyphens and control characters."""
    return re.sub(r"[\s\-\x00-\x1f\x7f]+", "", half_width(raw)).upper()


STAFF_NUMBER = re.compile(r"[A-Z0-9]{3,20}")
BIRTH_MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")

LONGEST_NAME = 60
LONGEST_EDUCATION = 20
LONGEST_PHONE = 20
LONGEST_UNIT_NAME = 60
LONGEST_ENGLISH_UNIT_NAME = 80
LONGEST_BASIS = 200
LONGEST_REASON = 200
"""In characters, as wide as the columns: PostgreSQL refuses what is longer, SQLite keeps it."""


def clean_line(raw: str) -> str:
    """Return the name of a unit, or a line about an act, as it is stored: NFC, nothing invisible, single spaces."""
    text = "".join(char for char in unicodedata.normalize("NFC", raw) if unicodedata.category(char) != "Cf")
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()


def clean_phone(raw: str) -> str:
    """Return a telephone number with digits only (and a leading +), half-width."""
    text = half_width(raw).strip()
    plus = "+" if text.startswith("+") else ""
    digits = re.sub(r"\D", "", text)
    if digits.startswith("86") and len(digits) == 13:
        plus, digits = "", digits[2:]
    return plus + digits


def masked_phone(phone: str) -> str:
    """Return a phone number with its middle hidden (138****1234); short ones are hidden whole."""
    if len(phone) < 11:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]


# --- passwords --------------------------------------------------------------------------------------------

STAFF_PASSWORD = 8
TRUSTED_PASSWORD = 12
LONGEST_PASSWORD = 128
CODE_LENGTH = 12

PRIVACY_NOTICE = "2026-11"
"""Version of the privacy notice in force; a new one is shown to everyone once."""
SLIP_LASTS = timedelta(days=30)
"""How long a first password on a printed slip can be used: handing out slips takes weeks in the field."""
RESET_CODE_LASTS = timedelta(hours=24)

# Passwords that stand at the top of every public list of leaked ones, in forms that pass the length rule.
_COMMON = frozenset(
    """
    12345678 123456789 1234567890 12345678910 123456789012 0123456789 11111111 88888888 66666666
    00000000 87654321 1q2w3e4r 1q2w3e4r5t qwertyuiop qwerty123 password password1 password123
    passw0rd abc12345 abcd1234 a1234567 a12345678 a123456789 woaini1314 5201314520 iloveyou
    zaq12wsx 1qaz2wsx 1qaz2wsx3edc asdfghjkl admin123 admin1234 admin123456 wangge123 wanggeyuan
    shequ12345 12341234 123123123 147258369 789456123 aaaaaaaa 123456abc 123456qwe qq123456
    qq123456789 11223344 1122334455 12344321 123321123
    """.split()  # noqa: SIM905 - a list of sixty strings is harder to read
)


class PasswordFault(enum.StrEnum):
    """Why a new password is not accepted."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    REPEATED = "repeated"
    PERSONAL = "personal"
    SAME = "same"


@dataclass(frozen=True)
class PasswordRule:
    """The shortest password (characters) that a person with these roles may choose."""

    shortest: int


def password_rule(roles: frozenset[Role]) -> PasswordRule:
    """Return the rule for a person: 12 characters for officials and administrators, 8 for all others."""
    trusted = {Role.OFFICIAL, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN}
    return PasswordRule(TRUSTED_PASSWORD if roles & trusted else STAFF_PASSWORD)


def password_fault(password: str, rule: PasswordRule, personal: tuple[str, ...]) -> PasswordFault | None:
    """Return why a password is refused, or None. ``personal``: staff number, name, phone of its owner.

    Unicode is taken as typed; there is no rule about kinds of characters (ASVS 6.2.5).
    """
    if len(password) < rule.shortest:
        return PasswordFault.SHORT
    if len(password) > LONGEST_PASSWORD:
        return PasswordFault.LONG
    lowered = password.lower()
    if len(set(lowered)) <= 2:
        return PasswordFault.REPEATED
    if lowered in _COMMON or lowered.strip("!@#.") in _COMMON:
        return PasswordFault.COMMON
    for own in personal:
        own = own.lower()
        # Two characters are a whole Chinese name, four Latin letters hardly more than a syllable.
        if len(own) >= (4 if own.isascii() else 2) and (own in lowered or lowered in own):
            return PasswordFault.PERSONAL
    return None


# --- throttling of sign-ins -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ThrottleRule:
    """At most ``tries`` failures within ``window`` for one key."""

    tries: int
    window: timedelta


SIGN_IN_THROTTLES: Mapping[str, ThrottleRule] = {
    "account+address": ThrottleRule(5, timedelta(minutes=10)),
    "account": ThrottleRule(50, timedelta(hours=1)),
    "address": ThrottleRule(60, timedelta(minutes=10)),
    "all": ThrottleRule(1000, timedelta(minutes=10)),
}
"""Per account and address first, so that a stranger cannot lock a colleague out from elsewhere."""


def in_force_on(starts_on: date, ends_on: date | None, day: date) -> bool:
    """Whether a dated holding counts on ``day``; the last day still counts."""
    return starts_on <= day and (ends_on is None or day <= ends_on)


def has_lapsed(ends_on: date | None, day: date) -> bool:
    """Whether a dated holding is over on ``day`` because its last day has passed, without anyone ending it."""
    return ends_on is not None and ends_on < day


def overlap(starts_on: date, ends_on: date | None, other_starts_on: date, other_ends_on: date | None) -> bool:
    """Whether two dated holdings have a day in common; the last days count. One that ended before it began has none."""
    if (ends_on is not None and ends_on < starts_on) or (other_ends_on is not None and other_ends_on < other_starts_on):
        return False
    return (ends_on is None or other_starts_on <= ends_on) and (other_ends_on is None or starts_on <= other_ends_on)


# --- who serves on a grid -------------------------------------------------------------------------------------

OFFICERS_NEEDED = 2


class Breach(enum.StrEnum):
    """What is wrong with who serves on a grid."""

    NO_LEADER = "no_leader"
    SEVERAL_LEADERS = "several_leaders"
    LEADER_UNSAID = "leader_unsaid"
    """It is not written whether the leader is a member of the 两委."""
    LEADER_NOT_COMMITTEE = "leader_not_committee"
    """The leader is no member of the 两委, and no exception is written."""
    FEW_OFFICERS = "few_officers"
    NO_FULL_TIME = "no_full_time"
    SEVERAL_AUXILIARIES = "several_auxiliaries"


@dataclass(frozen=True)
class Holder:
    """One post in force on a grid. ``is_committee`` and ``exception`` matter for leaders only."""

    person_id: int
    state: StaffState
    post: Post
    employment: Employment
    is_committee: bool | None = None
    exception: str = ""


@dataclass(frozen=True)
class Composition:
    """Who serves on a grid: persons that count, and what is wrong. ``learning``: trainees who do not count yet."""

    leaders: int
    officers: int
    full_time: int
    learning: int
    breaches: tuple[Breach, ...]


def composition(holders: Iterable[Holder]) -> Composition:
    """Return how a grid stands: one 网格长, at least two 网格员, one of them 专职.

    Only persons on duty count; one who holds two posts counts once, and a leader is no officer beside. A 驻村辅警
    counts as an officer, never as 专职, and a grid has one at most. The leader is a member of the 两委 or carries
    a written exception. Source: the paper, section 3.2, and its rules R18, R19 and R71.
    """
    holders = list(holders)
    serving = [each for each in holders if each.state is StaffState.ACTIVE]
    leads = [each for each in serving if each.post is Post.GRID_LEADER]
    leaders = {each.person_id for each in leads}
    officers = {each.person_id for each in serving if each.post is not Post.GRID_LEADER} - leaders
    full_time = {each.person_id for each in serving if each.employment is Employment.FULL_TIME} & officers
    auxiliaries = {each.person_id for each in serving if each.employment is Employment.VILLAGE_AUXILIARY}
    learning = {each.person_id for each in holders if each.state is StaffState.TRAINEE} - leaders - officers
    found = {
        Breach.NO_LEADER: not leaders,
        Breach.SEVERAL_LEADERS: len(leaders) > 1,
        Breach.LEADER_UNSAID: any(each.is_committee is None and not each.exception for each in leads),
        Breach.LEADER_NOT_COMMITTEE: any(each.is_committee is False and not each.exception for each in leads),
        Breach.FEW_OFFICERS: len(officers) < OFFICERS_NEEDED,
        Breach.NO_FULL_TIME: not full_time,
        Breach.SEVERAL_AUXILIARIES: len(auxiliaries) > 1,
    }
    breaches = tuple(breach for breach, is_so in found.items() if is_so)
    return Composition(len(leaders), len(officers), len(full_time), len(learning), breaches)


def unit_path(parent_path: str | None, unit_id: int) -> str:
    """Return a unit's path. The trailing slash keeps /1/5/ from matching /1/50/."""
    return f"{parent_path or '/'}{unit_id}/"


# --- recognising a person of a roster -------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What is known of a person when a roster row is compared with them; "" where nothing is known."""

    person_id: int
    staff_number: str
    name_key: str
    birth_month: str
    phone: str


@dataclass(frozen=True)
class Match:
    """Who a roster row is: a known person, nobody known (``person_id`` None), or a namesake to look at."""

    person_id: int | None
    is_namesake: bool = False


def match_person(row: Known, by_number: Known | None, namesakes: tuple[Known, ...]) -> Match:
    """Return who a row is. ``row.person_id`` is ignored; ``namesakes``: known persons of the same name key.

    The staff number decides when the row has one. Without: the same name with the same phone or the same
    birth month is the same person; the same name and month with two different phones, or with neither to compare,
    is a namesake that someone must look at; the same name with both different is another person.
    """
    if row.staff_number:
        if by_number is not None:
            return Match(by_number.person_id, is_namesake=by_number.name_key != row.name_key)
        return Match(None)
    for known in namesakes:
        if row.phone and row.phone == known.phone:
            return Match(known.person_id)
    same_month = [known for known in namesakes if row.birth_month and row.birth_month == known.birth_month]
    # Two phones that differ: a new phone, or another person born in the same month. Someone must look.
    if len(same_month) == 1 and not (row.phone and same_month[0].phone):
        return Match(same_month[0].person_id)
    for known in namesakes:
        comparable = (row.phone and known.phone) or (row.birth_month and known.birth_month)
        if not comparable or known in same_month:
            return Match(known.person_id, is_namesake=True)
    return Match(None)


FIRST_ADMINISTRATOR = "ADMIN1"
"""The staff number that the machine gives to the first administrator. The office's own numbers do not go on from it."""


def next_staff_number(highest: str, taken: frozenset[str]) -> str:
    """Return the number after ``highest`` (CG0241 → CG0242) that is not taken; WG0001 when there is none."""
    found = re.fullmatch(r"([A-Z]*)(\d{1,12})", highest)
    prefix, digits = (found[1], found[2]) if found else ("WG", "0000")
    value = int(digits)
    while True:
        value += 1
        number = f"{prefix}{value:0{len(digits)}d}"
        if number not in taken:
            return number
