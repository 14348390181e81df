"""Forms of mentoring, and the words for its refusals, reasons, topics and states."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, RadioField, StringField, TimeField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Optional

from lms.audit.rules import AuditTag
from lms.mentoring.rules import (
    LONGEST_LINE,
    LONGEST_REASON,
    MENTOR_COMPETENCIES,
    MENTOR_LEVEL,
    Bar,
    CheckpointVerdict,
    Function,
    PairAction,
    PairState,
    Prospect,
    SessionState,
    When,
    mentor_from,
)
from lms.web.forms import BaseForm
from lms.web.i18n import format_day

MESSAGES: dict[str, Any] = {
    "mentoring.level.own_newcomer": _l("他是您的徒弟，您带教时看见的已经记了分。认定要由别的干部来办。"),
    "mentoring.pair.not_found": _l("没有找到这个结对。可能不在您负责的范围里。"),
    "mentoring.pair.own": _l("自己的结对要由别的干部来办。"),
    "mentoring.pair.not_mentor": _l("这件事由师傅本人来办。"),
    "mentoring.pair.not_by_official": _l("这件事不由街道办理。"),
    "mentoring.pair.already": _l("这位新网格员已经有师傅，或者已经提出了一个。请看一眼最新的。"),
    "mentoring.pair.moved_on": _l("这个结对刚被别人办过。请看一眼最新的。"),
    "mentoring.pair.somebody_away": _l("师傅或徒弟现在不在岗，等恢复了再同意，或者请街道另选。"),
    "mentoring.newcomer.state": _l("这个人现在不在培训中，也不在岗，不能结对。"),
    "mentoring.mentor.barred": _l("这位现在还不能带徒弟，原因写在名字下面。"),
    "mentoring.second.reason_missing": _l("这位师傅已经带着一个徒弟。再带一个，要写明原因。"),
    "mentoring.reason.missing": _l("写一句原因。"),
    "mentoring.reason.long": _l("原因太长，最多 %(most)s 个字。"),
    "mentoring.line.long": _l("这句话太长，最多 %(most)s 个字。"),
    "mentoring.extend.missing": _l("选延长到哪一天。"),
    "mentoring.extend.not_later": _l("要比现在的最后一天和今天都晚。"),
    "mentoring.extend.too_late": _l("从开始算起，最长一年。"),
    "mentoring.complete.checkpoints": _l("还不能出师：%(need)s 次小结写了 %(have)s 次，请师傅补上。"),
    "mentoring.complete.sessions": _l("还不能出师：至少要有一次双方确认的带教。"),
    "mentoring.change.same": _l("这就是现在的师傅。要换，请选另一位。"),
    "mentoring.checkpoint.not_found": _l("计划里没有这一次小结。"),
    "mentoring.checkpoint.line_missing": _l("写一句话，徒弟能看到。"),
    "mentoring.checkpoint.early": _l("第 %(day)s 天还没到，到了再写。"),
    "mentoring.checkpoint.written": _l("这次小结已经写过了。"),
    "mentoring.session.not_found": _l("没有找到这次带教。可能不在您负责的范围里。"),
    "mentoring.session.not_yours": _l("这一步由另一方来办。"),
    "mentoring.session.token": _l("页面过期了。请从“我的徒弟”再进一次。"),
    "mentoring.session.topic": _l("选一样主要做的事。"),
    "mentoring.session.minutes": _l("选一下带了多久。"),
    "mentoring.session.when": _l("不是今天的，请选上午、下午、晚上，或者写几点开始。"),
    "mentoring.session.future": _l("这个时间还没到。请改成已经过去的时间。"),
    "mentoring.session.too_old": _l("只能补记最近 14 天的带教。"),
    "mentoring.session.before_pair": _l("这一天还没有结对。"),
    "mentoring.session.behaviour": _l("要看的行为刚更新过。请再选一次做的事。"),
    "mentoring.session.moved_on": _l("这次带教刚被办过。请看一眼最新的。"),
    "mentoring.session.too_late": _l("72 小时已经过了，这次按没有确认算。"),
    "mentoring.correction.same": _l("和师傅记的一样。一样就点“是这样”。"),
    "mentoring.correction.line_missing": _l("写一句为什么，师傅能看到。"),
}

PAIR_STATE_WORDS: Mapping[PairState, Any] = {
    PairState.PROPOSED: _l("等双方同意"),
    PairState.ACTIVE: _l("带教中"),
    PairState.EXTENDED: _l("带教中（已延长）"),
    PairState.COMPLETED: _l("已出师"),
    PairState.CHANGED: _l("换了师傅"),
    PairState.ENDED: _l("已结束"),
    PairState.DECLINED: _l("没有同意"),
    PairState.WITHDRAWN: _l("已撤回"),
}

SESSION_STATE_WORDS: Mapping[SessionState, Any] = {
    SessionState.WAITING: _l("等徒弟确认"),
    SessionState.CORRECTED: _l("徒弟有更正，等师傅看"),
    SessionState.CONFIRMED: _l("双方确认"),
    SessionState.UNCONFIRMED: _l("没确认，按一半算"),
    SessionState.OVERLAPPING: _l("时间重叠，不计入"),
    SessionState.WITHDRAWN: _l("师傅撤回了"),
}

HISTORY_WORDS: Mapping[str, Any] = {
    AuditTag.MENTORING_PROPOSED.value: _l("提出结对"),
    AuditTag.MENTORING_ACCEPTED.value: _l("同意结对"),
    AuditTag.MENTORING_DECLINED.value: _l("没有同意"),
    AuditTag.MENTORING_WITHDRAWN.value: _l("撤回"),
    AuditTag.MENTORING_EXTENDED.value: _l("延长"),
    AuditTag.MENTORING_COMPLETED.value: _l("确认出师"),
    AuditTag.MENTORING_CHANGED.value: _l("换师傅"),
    AuditTag.MENTORING_ENDED.value: _l("结束"),
}

VERDICT_WORDS: Mapping[CheckpointVerdict, Any] = {
    CheckpointVerdict.WELL: _l("顺利"),
    CheckpointVerdict.HELP: _l("要帮"),
}

FUNCTION_WORDS: Mapping[Function, Any] = {
    Function.ASSISTANCE: _l("协助"),
    Function.INSPECTION: _l("巡查"),
    Function.INFORMATION: _l("信息"),
    Function.PUBLICITY: _l("宣传"),
    Function.FOLLOW_UP: _l("监督"),
    Function.COMMON: _l("其他"),
}

TOPIC_WORDS: Mapping[str, Any] = {
    "home_visit": _l("入户走访"),
    "care": _l("看望老人病人"),
    "errand": _l("代办跑腿"),
    "mediation": _l("劝解邻里"),
    "patrol": _l("楼道巡查"),
    "report": _l("填事件单"),
    "collect": _l("上门采集信息"),
    "dispatch": _l("看单派单"),
    "publicity": _l("讲解政策"),
    "fraud": _l("防骗宣传"),
    "recall": _l("电话回访"),
    "emergency": _l("应急演练"),
    "phone": _l("手机和平台"),
    "meeting": _l("开会协同"),
}

MINUTE_WORDS: Mapping[int, Any] = {
    30: _l("半小时"),
    60: _l("1 小时"),
    120: _l("2 小时"),
    240: _l("半天"),
}

WHEN_WORDS: Mapping[When, Any] = {
    When.JUST_NOW: _l("刚结束"),
    When.MORNING: _l("上午"),
    When.AFTERNOON: _l("下午"),
    When.EVENING: _l("晚上"),
}

_BAR_WORDS: Mapping[Bar, Any] = {
    Bar.SELF: _l("不能当自己的师傅"),
    Bar.NO_ROLE: _l("没有管到这个网格的“带教师傅”角色"),
    Bar.SUSPENDED: _l("正在暂停负责网格"),
    Bar.NOT_ACTIVE: _l("现在不在岗"),
    Bar.TOO_NEW: _l("来了不到两年，%(day)s 才满"),
    Bar.FEW_COMPETENCIES: _l("到 %(level)s 级的能力有 %(have)s 项，要 %(need)s 项"),
    Bar.FULL: _l("已经带着两个徒弟"),
}


def bar_text(bar: Bar, prospect: Prospect) -> str:
    """Return why somebody cannot be a mentor, in the reader's language."""
    text = str(_BAR_WORDS[bar])
    if bar is Bar.TOO_NEW:
        return text % {"day": format_day(mentor_from(prospect.joined_on))}
    if bar is Bar.FEW_COMPETENCIES:
        return text % {"level": MENTOR_LEVEL, "have": prospect.competencies, "need": MENTOR_COMPETENCIES}
    return text


_LONG_REASON = Length(max=LONGEST_REASON, message=_l("原因太长，最多 200 个字。"))
_LONG_LINE = Length(max=LONGEST_LINE, message=_l("这句话太长，最多 200 个字。"))


class ProposeForm(BaseForm):
    """提出结对."""

    mentor = RadioField(
        _l("请哪位师傅来带"),
        [InputRequired(_l("选一位师傅。"))],
        validate_choice=False,
    )
    second_reason = StringField(
        _l("为什么让这位师傅再带一个"),
        [Optional(), _LONG_REASON],
        description=_l("选了已经带着一个徒弟的师傅才要写"),
    )


class ChangeForm(ProposeForm):
    """换师傅."""

    reason = StringField(_l("为什么换"), [InputRequired(_l("写一句原因。")), _LONG_REASON])


class ReasonForm(BaseForm):
    """不同意、撤回、结束：一句原因."""

    reason = StringField(_l("原因"), [InputRequired(_l("写一句原因。")), _LONG_REASON])


class CompleteForm(BaseForm):
    """确认出师."""

    reason = StringField(_l("出师意见"), [Optional(), _LONG_REASON])


class ExtendForm(ReasonForm):
    """延长."""

    ends_on = DateField(_l("延长到哪一天"), [InputRequired(_l("选延长到哪一天。"))])


FORMS: Mapping[PairAction, type[BaseForm]] = {
    PairAction.WITHDRAW: ReasonForm,
    PairAction.EXTEND: ExtendForm,
    PairAction.COMPLETE: CompleteForm,
    PairAction.END: ReasonForm,
}
"""What each act of an official asks for."""


class CheckpointForm(BaseForm):
    """小结：一句话，顺利还是要帮."""

    verdict = RadioField(
        _l("徒弟现在怎么样"),
        [InputRequired(_l("选一个：顺利，还是要帮。"))],
        choices=[SelectChoice(each.value, words) for each, words in VERDICT_WORDS.items()],
    )
    line = StringField(_l("一句话"), [InputRequired(_l("写一句话，徒弟能看到。")), _LONG_LINE])


class LogForm(BaseForm):
    """记一次带教."""

    token = HiddenField()
    when = RadioField(
        _l("什么时候"),
        [InputRequired(_l("选一下什么时候。"))],
        choices=[SelectChoice(each.value, words) for each, words in WHEN_WORDS.items()],
        default=When.JUST_NOW.value,
    )
    minutes = RadioField(
        _l("带了多久"),
        [InputRequired(_l("选一下带了多久。"))],
        choices=[SelectChoice(str(number), words) for number, words in MINUTE_WORDS.items()],
        default="60",
    )
    day = DateField(_l("哪一天"), [InputRequired(_l("选一天。"))])
    clock_time = TimeField(_l("几点开始"), [Optional()], description=_l("记得清才写；写了就按这个算"))
    line = StringField(_l("一句话"), [Optional(), _LONG_LINE])


class CorrectionForm(BaseForm):
    """更正."""

    line = StringField(_l("为什么不一样"), [InputRequired(_l("写一句为什么，师傅能看到。")), _LONG_LINE])


class WithdrawForm(BaseForm):
    """撤回一次带教."""

    line = StringField(_l("为什么撤回"), [InputRequired(_l("写一句原因。")), _LONG_LINE])
