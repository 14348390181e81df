"""The form of duties, and the words for its refusals, states, ways, limits and causes."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import HiddenField
from wtforms.validators import Length

from lms.content.content import Limit
from lms.content.rules import Origin, RoleLevel
from lms.duties.rules import DutyState
from lms.web.forms import BaseForm

MESSAGES: dict[str, Any] = {
    "duties.acknowledgement.not_found": _l("没有找到这次确认。可能不在您负责的范围里。"),
    "duties.item.not_found": _l("没有找到这项职责。编号要像 D05 这样写。"),
    "duties.list.changed": _l("清单刚变过，下面是最新的。请再看一遍，再按一次。"),
    "duties.list.empty": _l("您的清单上还没有职责，不用确认。"),
    "duties.list.paused": _l("职责暂停着，等恢复了再确认。"),
}

STATE_WORDS: Mapping[DutyState, Any] = {
    DutyState.OPEN: _l("已开放"),
    DutyState.GRACE: _l("限期内开放"),
    DutyState.LEARNING: _l("跟学中"),
    DutyState.PAUSED: _l("暂停"),
}

LEVEL_WORDS: Mapping[RoleLevel, Any] = {RoleLevel.OFFICER: _l("网格员"), RoleLevel.LEADER: _l("网格长")}

FUNCTION_WORDS: Mapping[str, Any] = {
    "publicity": _l("宣传"),
    "inspection": _l("巡查"),
    "information": _l("信息"),
    "assistance": _l("协助"),
    "follow_up": _l("监督"),
    "common": _l("通用"),
}

ORIGIN_WORDS: Mapping[Origin, Any] = {
    Origin.SELF_GOVERNANCE: _l("自治事项"),
    Origin.ASSIST_GOVERNMENT: _l("协助政府事项"),
    Origin.PURCHASED_SERVICE: _l("购买服务事项"),
}

CAUSE_WORDS: Mapping[str, Any] = {
    "quiz_attempt": _l("因为一次测验"),
    "recognition": _l("因为等级认定"),
    "certificate": _l("因为证书"),
    "person": _l("因为人员状态变了"),
    "post_holding": _l("因为岗位变了"),
    "time": _l("因为日子到了"),
    "catalogue": _l("因为职责清单改版"),
    "rebuild": _l("重新核算"),
}
"""Why an item stands otherwise, by the type of its cause; what is not here came with new evidence."""

OTHER_CAUSE, GRACE_OVER = _l("因为新的佐证"), _l("因为限期过了")

FIELD_WORDS: Mapping[str, Any] = {
    "name": _l("名称"),
    "ways": _l("怎么办"),
    "limit": _l("时限"),
    "steps": _l("步骤"),
    "forbids": _l("不得做的"),
}
"""What of an item can be worded otherwise."""

_UNITS: Mapping[str, Any] = {
    "m": lambda number: ngettext("%(num)s 分钟内", "%(num)s 分钟内", number),
    "h": lambda number: ngettext("%(num)s 小时内", "%(num)s 小时内", number),
    "d": lambda number: ngettext("%(num)s 天内", "%(num)s 天内", number),
    "wd": lambda number: ngettext("%(num)s 个工作日内", "%(num)s 个工作日内", number),
}

NO_LIMIT, AT_ONCE, MONTHLY = _l("没有定时限"), _l("立即"), _l("每月")


def limit_text(limit: Limit | None) -> str:
    """Return how soon something is to be done, in the reader's language."""
    if limit is None:
        return str(NO_LIMIT)
    if limit.unit in _UNITS:
        return str(_UNITS[limit.unit](limit.amount))
    return str(MONTHLY if limit.unit == "month" else AT_ONCE)


def cause_text(cause_type: str, before: DutyState | None = None, after: DutyState | None = None) -> str:
    """Return why an item stands otherwise, in the reader's language.

    ``before`` and ``after``: how it stood and stands, where that is known; time then says that a grace was over.
    """
    if (cause_type, before, after) == ("time", DutyState.GRACE, DutyState.LEARNING):
        return str(GRACE_OVER)
    return str(CAUSE_WORDS.get(cause_type, OTHER_CAUSE))


class AcknowledgeForm(BaseForm):
    """已读，照办. ``digest`` names the list that was shown."""

    digest = HiddenField(validators=[Length(max=64)])
