"""From what an office typed to what is stored, saying what was changed and what cannot be read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lms.people.formats.headings import Field
from lms.people.formats.sheet import Cell
from lms.people.rules import (
    STAFF_NUMBER,
    Employment,
    Post,
    Sex,
    clean_name,
    clean_phone,
    clean_staff_number,
    half_width,
    has_private_use,
)


@dataclass(frozen=True)
class Note:
    """What was done to a cell, or what is wrong with it (``is_error``). ``code`` has words in ``people.forms``."""

    code: str
    field: str
    before: str = ""
    after: str = ""
    is_error: bool = False

    def as_json(self) -> dict[str, object]:
        return dict(vars(self))


@dataclass(frozen=True)
class Cleaned:
    """A value as it is stored ("" when there is none) and the notes on it."""

    value: str
    notes: tuple[Note, ...] = ()


def cell_text(cell: Cell) -> str:
    """Return a cell as a person reads it: whole numbers without .0, dates as 2026-11-24."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _shown(before: str, after: str, field: Field, code: str) -> tuple[Note, ...]:
    return (Note(code, field.value, before, after),) if before != after else ()


def clean_name_cell(cell: Cell) -> Cleaned:
    """Return a name. An error when it is missing or holds a character of an old system's own."""
    raw = cell_text(cell)
    name = clean_name(raw)
    if not name:
        return Cleaned("", (Note("name_missing", "name", is_error=True),))
    if has_private_use(name):
        return Cleaned(name, (Note("name_private_use", "name", raw, is_error=True),))
    if len(name) > 60:
        return Cleaned(name[:60], (Note("name_long", "name", raw[:80], is_error=True),))
    return Cleaned(name, _shown(raw, name, Field.NAME, "tidied"))


def clean_number_cell(cell: Cell) -> Cleaned:
    """Return a staff number; an error when it has another shape."""
    raw = cell_text(cell)
    number = clean_staff_number(raw)
    if not number:
        return Cleaned("")
    if not STAFF_NUMBER.fullmatch(number):
        return Cleaned("", (Note("staff_number_shape", "staff_number", raw, is_error=True),))
    return Cleaned(number, _shown(raw, number, Field.STAFF_NUMBER, "tidied"))


_SEXES: Mapping[str, Sex] = {
    **dict.fromkeys(("女", "女性", "f", "female"), Sex.FEMALE),
    **dict.fromkeys(("男", "男性", "m", "male"), Sex.MALE),
}


def clean_sex_cell(cell: Cell) -> Cleaned:
    """Return female, male or unknown; a word we cannot read becomes unknown, with a note."""
    raw = cell_text(cell)
    word = re.sub(r"\s+", "", half_width(raw)).lower()
    if not word:
        return Cleaned(Sex.UNKNOWN.value)
    sex = _SEXES.get(word)
    if sex is None:
        return Cleaned(Sex.UNKNOWN.value, (Note("sex_unread", "sex", raw),))
    plain = {Sex.FEMALE: "女", Sex.MALE: "男"}[sex]
    return Cleaned(sex.value, _shown(raw, plain, Field.SEX, "tidied"))


_DATE = re.compile(
    r"(\d{4})\s*[年./\-]\s*(\d{1,2})(?:\s*[月./\-]\s*(\d{1,2})\s*日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?)?\s*月?份?\s*$"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})?$")


def read_date(cell: Cell) -> tuple[int, int, int | None] | None:
    """Return (year, month, day or None) of a date as offices write it, or None when it cannot be read.

    1985-04-16, 1973/5/1, 1967.9, 1980年5月, 197010, 2016年12月26日, an Excel date, the number 1996.07.
    """
    if isinstance(cell, datetime | date):
        return cell.year, cell.month, cell.day
    text = half_width(cell_text(cell)).strip().rstrip(".。")
    found = _DATE.match(text) or _COMPACT.match(text)
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2]), int(found[3]) if found[3] else None
    if not (1 <= month <= 12 and 1900 <= year <= 2100):
        return None
    if day is not None:
        try:
            date(year, month, day)
        except ValueError:
            return None
    return year, month, day


def clean_birth_cell(cell: Cell, today: date) -> Cleaned:
    """Return YYYY-MM; an error when it cannot be read or makes no sense for somebody at work (16 to 90)."""
    raw = cell_text(cell)
    if not raw.strip():
        return Cleaned("")
    parts = read_date(cell)
    if parts is None:
        return Cleaned("", (Note("date_unread", "birth_month", raw, is_error=True),))
    year, month, _ = parts
    if not 16 <= today.year - year <= 90:
        return Cleaned("", (Note("birth_unlikely", "birth_month", raw, is_error=True),))
    value = f"{year:04d}-{month:02d}"
    notes = _shown(raw, value, Field.BIRTH_MONTH, "date_read")
    if re.fullmatch(r"\s*\d{4}\.1\s*", raw):
        # Excel drops the last nought of 1990.10, also when it writes CSV: October looks like January.
        notes = (Note("month_one_or_ten", "birth_month", raw, value),)
    return Cleaned(value, notes)


def clean_joined_cell(cell: Cell, today: date) -> Cleaned:
    """Return YYYY-MM-DD (the first when the day is missing), or "" with a note when it cannot be read."""
    raw = cell_text(cell)
    if not raw.strip():
        return Cleaned("")
    parts = read_date(cell)
    if parts is None:
        return Cleaned("", (Note("date_unread", "joined_on", raw, is_error=True),))
    year, month, day = parts
    value = date(year, month, day or 1)
    if value > today:
        return Cleaned("", (Note("date_in_future", "joined_on", raw, is_error=True),))
    return Cleaned(value.isoformat(), _shown(raw, value.isoformat(), Field.JOINED_ON, "date_read"))


_MOBILE = re.compile(r"1\d{10}")
_SCIENTIFIC = re.compile(r"\s*\d(?:\.\d+)?[Ee]\+?\d+\s*")


def clean_phone_cell(cell: Cell) -> Cleaned:
    """Return one telephone number: of several the mobile one; one of an odd length is kept, with a note.

    An error for 1.39139E+10, which Excel makes of a number in a narrow column: the last digits are lost.
    """
    raw = cell_text(cell)
    if _SCIENTIFIC.fullmatch(half_width(raw)):
        return Cleaned("", (Note("phone_scientific", "phone", raw, is_error=True),))
    parts = [clean_phone(part) for part in re.split(r"[/、,，;；\s]+", half_width(raw)) if part.strip()]
    parts = [part for part in parts if part]
    if not parts:
        return Cleaned("")
    joined = clean_phone(raw)
    if len(parts) > 1 and (_MOBILE.fullmatch(joined) or (max(map(len, parts)) < 7 and len(joined) <= 12)):
        parts = [joined]  # 138 0472 1234, 0472 555 0147: spaces inside one number
    mobile = next((part for part in parts if _MOBILE.fullmatch(part)), None)
    value = (mobile or parts[0])[:20]
    if len(parts) > 1:
        return Cleaned(value, (Note("phone_one_of_several", "phone", raw, value),))
    if mobile is None and not 7 <= len(value.lstrip("+")) <= 15:
        return Cleaned(value, (Note("phone_length", "phone", raw, value),))
    return Cleaned(value, _shown(raw, value, Field.PHONE, "tidied"))


EDUCATIONS = ("小学", "初中", "高中", "中专", "大专", "本科", "研究生")
"""Degrees of schooling as they are stored, from the lowest."""

_EDUCATIONS: Mapping[str, str] = {
    **{word: word for word in EDUCATIONS},
    **dict.fromkeys(("专科", "大学专科", "高职", "高职专科"), "大专"),
    **dict.fromkeys(("大学", "大学本科", "本科生", "学士"), "本科"),
    **dict.fromkeys(("硕士", "博士", "硕士研究生", "博士研究生"), "研究生"),
    **dict.fromkeys(("技校", "职高", "职业高中", "中技"), "中专"),
    "普高": "高中",
}


def clean_education_cell(cell: Cell) -> Cleaned:
    """Return one of the educations that can be chosen in a form; another word leaves it open, with a note."""
    raw = cell_text(cell)
    word = re.sub(r"\s+", "", half_width(raw))
    if not word:
        return Cleaned("")
    education = _EDUCATIONS.get(word)
    if education is None:
        return Cleaned("", (Note("education_unread", "education", raw),))
    return Cleaned(education, _shown(raw, education, Field.EDUCATION, "tidied"))


_POSTS: Mapping[str, Post] = {
    **dict.fromkeys(("网格长", "格长", "组长"), Post.GRID_LEADER),
    **dict.fromkeys(("网格员", "巡查", "巡查员", "巡查岗", "专职网格员", "兼职网格员"), Post.INSPECTION),
    **dict.fromkeys(("信息", "信息员", "信息岗", "信息采集", "信息采集员"), Post.INFORMATION),
    **dict.fromkeys(("调解", "调解员", "调解服务", "调解服务岗", "服务", "服务员", "代办员"), Post.MEDIATION_SERVICE),
    **dict.fromkeys(("监督回访", "监督", "回访", "监督员", "回访员", "监督回访岗"), Post.FOLLOW_UP),
}
_EMPLOYMENTS: Mapping[str, Employment] = {
    **dict.fromkeys(("专职", "专", "全职"), Employment.FULL_TIME),
    **dict.fromkeys(("兼职", "兼"), Employment.PART_TIME),
    **dict.fromkeys(("驻村辅警", "辅警"), Employment.VILLAGE_AUXILIARY),
}


def clean_post_cell(cell: Cell) -> Cleaned:
    """Return a post's code; a word we do not know leaves the post open, with a note."""
    raw = cell_text(cell)
    word = re.sub(r"\s+", "", half_width(raw))
    if not word:
        return Cleaned("")
    post = _POSTS.get(word)
    return Cleaned("", (Note("post_unread", "post", raw),)) if post is None else Cleaned(post.value)


def clean_employment_cell(cell: Cell) -> Cleaned:
    """Return an employment code; a word we do not know leaves it open, with a note."""
    raw = cell_text(cell)
    word = re.sub(r"\s+", "", half_width(raw))
    if not word:
        return Cleaned("")
    kind = _EMPLOYMENTS.get(word)
    return Cleaned("", (Note("employment_unread", "employment", raw),)) if kind is None else Cleaned(kind.value)


_NUMERALS = {"零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}


def chinese_number(text: str) -> int | None:
    """Return the value of digits or of a Chinese numeral up to ninety-nine, or None."""
    if text.isdigit():
        return int(text)
    if not text or any(char not in _NUMERALS and char != "十" for char in text):
        return None
    if "十" not in text:
        return _NUMERALS[text] if len(text) == 1 else None
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1 or ones == "十":
        return None
    return (_NUMERALS[tens] if tens else 1) * 10 + (_NUMERALS[ones] if ones else 0)


_GRID = re.compile(r"第?([0-9一二三四五六七八九十]+)号?(?:网格)?$")


def grid_number(text: str) -> int | None:
    """Return the number in "第一网格", "第1网格", "2" or "2号网格", None for a grid with a name of its own."""
    found = _GRID.search(re.sub(r"\s+", "", half_width(text)))
    return chinese_number(found[1]) if found else None


def grid_name(community: str, number: int) -> str:
    """Return the name a grid is given that a roster knows by its number only."""
    return f"{community}第{number}网格"


def squeezed(name: str) -> str:
    """Return a unit's name half-width and without spaces."""
    return "".join(half_width(name).split())


def _stem(name: str, endings: Sequence[str]) -> str:
    """Return a name without the first of these endings that it has; an ending is no name by itself."""
    plain = squeezed(name)
    for ending in endings:
        if plain.endswith(ending) and len(plain) > len(ending):
            return plain.removesuffix(ending)
    return plain


def office_stem(name: str) -> str:
    """Return a sub-district as its roster may call it: 晨光街道办事处, 晨光街道办 and 晨光街道 are all 晨光街道."""
    return _stem(name, ("人民政府", "政府", "办事处", "机关", "办"))


def community_stem(name: str) -> str:
    """Return what offices shorten a community to: 河畔社区, 河畔村 and 河畔居委会 are all 河畔."""
    return _stem(name, ("社区居委会", "居委会", "村委会", "社区", "村"))
