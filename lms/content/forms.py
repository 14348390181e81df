"""The words for the refusals of content, and for the three ways of dealing with a matter."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.content.rules import Way

MESSAGES: dict[str, Any] = {
    "content.revision.not_found": _l("没有找到这份内容。可能还没有载入，请告诉管理员。"),
    "content.revision.unreadable": _l("这份内容是旧格式，现在读不了。请告诉管理员。"),
}

WAY_WORDS: Mapping[Way, Any] = {
    Way.HANDLE: _l("现场处置"),
    Way.COORDINATE: _l("协调处置"),
    Way.ESCALATE: _l("立即上报"),
}

WAY_MEANINGS: Mapping[Way, Any] = {
    Way.HANDLE: _l("自己当场办，办完记一笔"),
    Way.COORDINATE: _l("请相关的人一起办"),
    Way.ESCALATE: _l("马上报指挥中心，不自己办"),
}

WAY_ICONS: Mapping[Way, str] = {Way.HANDLE: "hand", Way.COORDINATE: "people", Way.ESCALATE: "raise"}
