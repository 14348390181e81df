"""The words of messages."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from lms.messages.rules import MessageKind
from lms.people.forms import STATE_WORDS
from lms.people.rules import StaffState

APPLICATION_WORDS: dict[str, Any] = {
    "incomplete": _l("您的报名还缺材料。"),
    "complete": _l("您的报名材料齐了，下一步是两份考察意见。"),
    "not_endorsed": _l("您的报名，考察没有通过。"),
    "not_ready": _l("您的报名没有进名单，原因写在报名页上。"),
    "proposed": _l("您上了公示名单。"),
    "approved": _l("您的报名审批同意了，等备案。"),
    "refused": _l("您的报名没有批准，原因写在报名页上。"),
    "filed": _l("您的选拔备案了，可以上岗。"),
    "not_placed": _l("这一批名额满了，您在备选名单上。"),
    "cancelled": _l("您报名的批次取消了，原因写在报名页上。"),
    "withdrawn": _l("办事的人登记了：您的报名撤回了。不是您的意思，就告诉街道。"),
}
"""What an applicant is told, by the state that the application reached; other states are not told."""

CERTIFICATE_WORDS: dict[str, Any] = {
    "issued": _l("您的证书签发了，可以下载。"),
    "expired": _l("您的证书到期了。"),
    "revoked": _l("您的证书注销了，原因写在证书页上。"),
}

PAIR_WORDS: dict[str, Any] = {
    "proposed": _l("有一段带教结对等您回答。"),
    "active": _l("带教结对生效了，从今天起按计划走。"),
    "extended": _l("带教延长了。"),
    "completed": _l("带教出师了。"),
    "changed": _l("带教换了师傅。"),
    "ended": _l("带教结束了。"),
    "declined": _l("对方没有同意这段带教结对。"),
    "withdrawn": _l("这段带教结对撤回了。"),
}


def words_of(kind: MessageKind, values: Mapping[str, Any]) -> str:
    """Return a message in words, in the reader's language."""
    match kind:
        case MessageKind.APPLICATION:
            return str(APPLICATION_WORDS[values["state"]])
        case MessageKind.CERTIFICATE:
            return str(CERTIFICATE_WORDS[values["state"]])
        case MessageKind.PAIR:
            return str(PAIR_WORDS[values["state"]])
        case MessageKind.STATE:
            return str(_("您的状态改成了：%(state)s。", state=STATE_WORDS[StaffState(values["state"])]))
        case MessageKind.REMINDER:
            number = int(values["number"])
            return str(ngettext("今天有 %(num)s 件事等您办。", "今天有 %(num)s 件事等您办。", number))
        case MessageKind.LEVELS:
            return _sentence(
                (ngettext("%(num)s 项能力升了级", "%(num)s 项能力升了级", int(values["rose"])), values["rose"]),
                (ngettext("%(num)s 项能力降了级", "%(num)s 项能力降了级", int(values["fell"])), values["fell"]),
            )
        case MessageKind.DUTIES:
            return _sentence(
                (ngettext("%(num)s 项职责开放了", "%(num)s 项职责开放了", int(values["opened"])), values["opened"]),
                (
                    ngettext("%(num)s 项职责只开放到宽限期满", "%(num)s 项职责只开放到宽限期满", int(values["grace"])),
                    values["grace"],
                ),
                (ngettext("%(num)s 项职责不再开放", "%(num)s 项职责不再开放", int(values["closed"])), values["closed"]),
            )


def _sentence(*parts: tuple[str, Any]) -> str:
    return str(_("，").join(words for words, number in parts if number) + _("。"))


PAGES: dict[MessageKind, tuple[str, bool]] = {
    MessageKind.APPLICATION: ("selection.my_case", True),
    MessageKind.CERTIFICATE: ("certification.mine", False),
    MessageKind.DUTIES: ("duties.mine", False),
    MessageKind.LEVELS: ("dashboard.own_levels", False),
    MessageKind.PAIR: ("mentoring.pair", True),
    MessageKind.REMINDER: ("dashboard.home", False),
    MessageKind.STATE: ("people.me", False),
}
"""Kind → the page of what it tells, and whether that takes the message's target."""
