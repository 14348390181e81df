"""The words for the refusals of content."""

from typing import Any

from flask_babel import lazy_gettext as _l

MESSAGES: dict[str, Any] = {
    "content.revision.not_found": _l("没有找到这份内容。可能还没有载入，请告诉管理员。"),
    "content.revision.unreadable": _l("这份内容是旧格式，现在读不了。请告诉管理员。"),
}
