"""Which column of a roster is what: guessed by its heading and by what stands in it."""

import enum
import re
from collections.abc import Mapping, Sequence


class Field(enum.StrEnum):
    """What a column can be taken into."""

    STAFF_NUMBER = "staff_number"
    NAME = "name"
    SEX = "sex"
    BIRTH_MONTH = "birth_month"
    EDUCATION = "education"
    PHONE = "phone"
    COMMUNITY = "community"
    GRID = "grid"
    POST = "post"
    EMPLOYMENT = "employment"
    JOINED_ON = "joined_on"


class Ignored(enum.StrEnum):
    """Why a column is left out."""

    IDENTITY = "identity"
    """Identity-card numbers are not stored, not even four digits."""
    SENSITIVE = "sensitive"
    """Not needed for training: political status, ethnic group, address, marital status."""
    COUNTER = "counter"
    REMARKS = "remarks"
    UNKNOWN = "unknown"


HEADINGS: Mapping[Field, tuple[str, ...]] = {
    Field.STAFF_NUMBER: ("工号", "编号", "员工号", "人员编号", "工作证号", "staffnumber"),
    Field.NAME: ("姓名", "名字", "人员姓名", "网格员姓名", "name"),
    Field.SEX: ("性别", "sex", "gender"),
    Field.BIRTH_MONTH: ("出生年月", "出生日期", "生日", "出生", "birth", "birthmonth"),
    Field.EDUCATION: ("文化程度", "学历", "最高学历", "education"),
    Field.PHONE: ("手机号码", "手机", "手机号", "联系电话", "电话", "联系方式", "移动电话", "phone", "mobile"),
    Field.COMMUNITY: ("所属社区", "社区", "村社区", "社区村", "所在社区", "所属村社区", "community"),
    Field.GRID: ("网格", "所属网格", "网格名称", "网格号", "网格编号", "所在网格", "grid"),
    Field.POST: ("岗位", "职务", "岗位名称", "担任职务", "post"),
    Field.EMPLOYMENT: ("专职/兼职", "专兼职", "用工性质", "专职或兼职", "人员性质", "employment"),
    Field.JOINED_ON: ("入职时间", "入职日期", "上岗时间", "到岗时间", "任职时间", "参加工作时间", "joined", "joinedon"),
}

EXAMPLE: Mapping[Field, str] = {
    Field.STAFF_NUMBER: "",
    Field.NAME: "李秀兰",
    Field.SEX: "女",
    Field.BIRTH_MONTH: "1974-05",
    Field.EDUCATION: "高中",
    Field.PHONE: "13800001234",
    Field.COMMUNITY: "晨光社区",
    Field.GRID: "第3网格",
    Field.POST: "网格员",
    Field.EMPLOYMENT: "专职",
    Field.JOINED_ON: "2026-09-01",
}
"""The example row of the template that offices can fill in."""

_IGNORED: Mapping[Ignored, tuple[str, ...]] = {
    Ignored.IDENTITY: ("身份证号", "身份证号码", "身份证", "身份号码", "公民身份号码", "证件号码", "idnumber"),
    Ignored.SENSITIVE: ("政治面貌", "民族", "籍贯", "婚姻状况", "家庭住址", "住址", "银行卡号", "宗教信仰", "健康状况"),
    Ignored.COUNTER: ("序号", "序", "no", "no.", "#"),
    Ignored.REMARKS: ("备注", "说明", "remarks", "note"),
}

DROPPED = frozenset({Ignored.IDENTITY, Ignored.SENSITIVE})
"""Columns whose cells are thrown away at reading and cannot be chosen for anything."""

IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{6}[\s\-]?\d{8}[\s\-]?\d{3}[\dXxＸｘ](?!\d)|(?<!\d)\d{15}(?!\d)")
"""18 or 15 digits of any width, also written in the groups 6-8-4. Other gaps are two telephone numbers."""


def without_identity(text: str) -> str:
    """Return the text with identity-card numbers blotted out. To be used before a text is cut or stored."""
    return IDENTITY_NUMBER.sub("□", text)


def _key(heading: str) -> str:
    return re.sub(r"[\s（）()*＊:：_]+", "", heading).lower()


_BY_HEADING: Mapping[str, Field | Ignored] = {
    _key(word): kind for table in (HEADINGS, _IGNORED) for kind, words in table.items() for word in words
}


def kind_of(heading: str) -> Field | Ignored | None:
    """Return what a heading says its column is, or None when it says nothing we know."""
    key = _key(heading)
    if key in _BY_HEADING:
        return _BY_HEADING[key]
    if "身份证" in key or "证件号" in key:
        return Ignored.IDENTITY
    longest = max((word for word in _BY_HEADING if len(word) >= 2 and word in key), key=len, default="")
    return _BY_HEADING[longest] if longest else None


_LONGEST_HEADING = 15
"""Longer texts with a known word in them are titles and notes."""


def heading_score(row: Sequence[str]) -> int:
    """Return how much a row looks like headings: known words in it, 0 without a column for names.

    Words known whole count double, so that "网格员姓名（全称）" is a heading but loses against a plain one.
    """
    kinds = {kind_of(text) for text in row if 0 < len(text) <= _LONGEST_HEADING} - {None}
    if Field.NAME not in kinds:
        return 0
    whole = {_BY_HEADING[_key(text)] for text in row if _key(text) in _BY_HEADING}
    if Field.NAME not in whole and len(kinds) < 2:
        return 0
    return len(kinds) + len(whole)


def looks_like_identity(values: Sequence[str]) -> bool:
    """Whether at least half of a column's values are identity-card numbers."""
    filled = [value for value in values if value]
    return bool(filled) and sum(bool(IDENTITY_NUMBER.search(value)) for value in filled) * 2 >= len(filled)


def guess_columns(
    headings: Sequence[str], columns: Sequence[Sequence[str]]
) -> tuple[dict[Field, int], dict[int, Ignored]]:
    """Return (field → column, column → why it is left out). ``columns``: each column's values as text.

    A column full of identity-card numbers is left out whatever its heading says. Of two columns for one
    field the first counts, the other is left out as unknown and can be chosen by hand.
    """
    mapping: dict[Field, int] = {}
    ignored: dict[int, Ignored] = {}
    for index, heading in enumerate(headings):
        kind = kind_of(heading)
        if looks_like_identity(columns[index]):
            kind = Ignored.IDENTITY
        if isinstance(kind, Field) and kind not in mapping:
            mapping[kind] = index
        else:
            ignored[index] = kind if isinstance(kind, Ignored) else Ignored.UNKNOWN
    return mapping, ignored
