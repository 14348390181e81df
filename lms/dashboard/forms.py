"""Words of the pages that join several packages."""

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.audit.rules import AuditTag
from lms.competency import forms as competency
from lms.dashboard.rules import Waits
from lms.duties import forms as duties
from lms.mentoring import forms as mentoring
from lms.people import forms as people
from lms.selection import forms as selection

TAG_WORDS: dict[AuditTag, Any] = {
    AuditTag.ACCOUNT_OPENED: _l("打印了登录纸条"),
    AuditTag.APPLICATION_CHECKED: _l("核对了报名材料"),
    AuditTag.APPLICATION_DECIDED: _l("审批或取消了报名"),
    AuditTag.APPLICATION_FILED: _l("备案"),
    AuditTag.APPLICATION_LISTED: _l("报名进出名单"),
    AuditTag.APPLICATION_SUBMITTED: _l("收到报名"),
    AuditTag.APPLICATION_WITHDRAWN: _l("撤回报名"),
    AuditTag.ATTEMPT_MARKED: _l("交卷并评分"),
    AuditTag.ATTEMPT_REVIEW_OPENED: _l("看了测验讲解"),
    AuditTag.ATTEMPT_STARTED: _l("开始测验"),
    AuditTag.AUDIT_VERIFIED: _l("核对了审计链"),
    AuditTag.CERTIFICATE_EXPIRED: _l("证书到期"),
    AuditTag.CERTIFICATE_ISSUED: _l("签发证书"),
    AuditTag.CERTIFICATE_PROPOSED: _l("提出发证"),
    AuditTag.CERTIFICATE_REFUSED: _l("退回发证"),
    AuditTag.CERTIFICATE_REISSUED: _l("补发证书"),
    AuditTag.CERTIFICATE_REVOCATION_PROPOSED: _l("提出注销证书"),
    AuditTag.CERTIFICATE_REVOCATION_WITHDRAWN: _l("撤回注销"),
    AuditTag.CERTIFICATE_REVOKED: _l("注销证书"),
    AuditTag.CONTENT_SYNCED: _l("课程内容更新"),
    AuditTag.COURSE_PASSED: _l("通过课程"),
    AuditTag.COURSE_STARTED: _l("开始课程"),
    AuditTag.DEMO_CLOCK_MOVED: _l("拨快演示时间"),
    AuditTag.DEMO_LOADED: _l("载入演示数据"),
    AuditTag.DOCUMENT_BLOCKED: _l("证书有字打不出来"),
    AuditTag.DOCUMENT_DRAFTED: _l("证书内容已定"),
    AuditTag.DOCUMENT_RENDERED: _l("证书已生成"),
    AuditTag.DUTY_LIST_ACKNOWLEDGED: _l("确认看过职责清单"),
    AuditTag.DUTY_LIST_CHANGED: _l("职责清单变化"),
    AuditTag.HOLIDAY_YEAR_ENTERED: _l("录入节假日"),
    AuditTag.LESSONS_FINISHED: _l("学完全部课文"),
    AuditTag.LEVEL_CHANGED: _l("能力等级变化"),
    AuditTag.MENTORING_ACCEPTED: _l("同意结对"),
    AuditTag.MENTORING_CHANGED: _l("换师傅"),
    AuditTag.MENTORING_CHECKED: _l("写了带教小结"),
    AuditTag.MENTORING_COMPLETED: _l("确认出师"),
    AuditTag.MENTORING_DECLINED: _l("没有同意结对"),
    AuditTag.MENTORING_ENDED: _l("带教结束"),
    AuditTag.MENTORING_EXTENDED: _l("带教延长"),
    AuditTag.MENTORING_PLANNED: _l("定了带教计划"),
    AuditTag.MENTORING_PROPOSED: _l("提出结对"),
    AuditTag.MENTORING_WITHDRAWN: _l("撤回结对"),
    AuditTag.NOTICE_EXTENDED: _l("延长公示"),
    AuditTag.NOTICE_POSTED: _l("张贴公示"),
    AuditTag.NOTICE_TAKEN_DOWN: _l("撤下公示"),
    AuditTag.OBJECTION_ANSWERED: _l("答复异议"),
    AuditTag.OBJECTION_RECEIVED: _l("收到异议"),
    AuditTag.OPINION_GIVEN: _l("录入考察意见"),
    AuditTag.PASSWORD_CHANGED: _l("换了密码"),
    AuditTag.PASSWORD_RESET: _l("重置密码"),
    AuditTag.PERSON_ADDED: _l("加入人员"),
    AuditTag.PERSON_CHANGED: _l("改人员信息"),
    AuditTag.PERSON_STATE_CHANGED: _l("改人员状态"),
    AuditTag.POST_CHANGED: _l("写明网格长身份"),
    AuditTag.POST_ENDED: _l("岗位结束"),
    AuditTag.POST_HELD: _l("任岗位"),
    AuditTag.PRIVACY_NOTICE_READ: _l("读了个人信息说明"),
    AuditTag.PROGRAMME_ENROLLED: _l("分到培训计划"),
    AuditTag.RECOGNITION_CONFIRMED: _l("确认认定"),
    AuditTag.RECOGNITION_ENDED: _l("认定结束"),
    AuditTag.RECOGNITION_PROPOSED: _l("提出认定"),
    AuditTag.RECOGNITION_REFUSED: _l("退回认定"),
    AuditTag.RELATIVE_DECLARED: _l("申报亲属"),
    AuditTag.ROLE_ENDED: _l("角色结束"),
    AuditTag.ROLE_GRANTED: _l("角色生效"),
    AuditTag.ROLE_PROPOSED: _l("提出角色"),
    AuditTag.ROLE_REFUSED: _l("退回角色"),
    AuditTag.ROSTER_IMPORTED: _l("导入花名册"),
    AuditTag.ROUND_CHANGED: _l("选拔批次进到下一步"),
    AuditTag.ROUND_CREATED: _l("新建选拔批次"),
    AuditTag.ROUND_LISTED: _l("出了综合得分名单"),
    AuditTag.ROUND_PLACED: _l("改了选拔岗位"),
    AuditTag.ROUND_RULE_SET: _l("定了选拔规则"),
    AuditTag.SESSION_CONFIRMED: _l("确认一次带教"),
    AuditTag.SESSION_CORRECTED: _l("更正一次带教"),
    AuditTag.SESSION_LOGGED: _l("记一次带教"),
    AuditTag.SESSION_UNCONFIRMED: _l("一次带教没有确认"),
    AuditTag.SESSION_WITHDRAWN: _l("撤回一次带教"),
    AuditTag.UNIT_ADDED: _l("加入单位"),
    AuditTag.UNIT_CHANGED: _l("改单位"),
}
"""The words for what happened. The trail itself holds the tags, which are never translated."""

OBJECT_WORDS: dict[str, Any] = {
    "account": _l("账号"),
    "audit_head": _l("审计链"),
    "certificate": _l("证书"),
    "certificate_document": _l("证书文件"),
    "clock": _l("演示时间"),
    "competency_level": _l("能力等级"),
    "content": _l("课程内容"),
    "declared_relative": _l("申报的亲属"),
    "demo": _l("演示数据"),
    "duty_acknowledgement": _l("职责清单确认"),
    "duty_list": _l("职责清单"),
    "enrolment": _l("课程学习"),
    "holiday_year": _l("节假日表"),
    "mentoring_checkpoint": _l("带教小结"),
    "mentoring_pair": _l("带教结对"),
    "mentoring_session": _l("带教记录"),
    "objection": _l("异议"),
    "org_unit": _l("单位"),
    "person": _l("人员"),
    "post_holding": _l("岗位"),
    "programme_enrolment": _l("培训计划"),
    "public_notice": _l("公示"),
    "quiz_attempt": _l("测验"),
    "recognition": _l("等级认定"),
    "role_grant": _l("角色"),
    "roster_import": _l("花名册导入"),
    "selection_application": _l("报名"),
    "selection_opinion": _l("考察意见"),
    "selection_place": _l("选拔岗位"),
    "selection_ranking": _l("综合得分名单"),
    "selection_round": _l("选拔批次"),
    "selection_rule": _l("选拔规则"),
}
"""The words for the tables that acts are about."""

FIELD_WORDS: dict[str, Any] = {
    "basis": _l("依据"),
    "basis_on": _l("文件日期"),
    "body": _l("哪一家的意见"),
    "channel": _l("怎么来的"),
    "code": _l("能力"),
    "course_key": _l("课程"),
    "dated": _l("签的日期"),
    "day": _l("第几天的小结"),
    "due_on": _l("哪天到期"),
    "employment": _l("怎么任职"),
    "ended_on": _l("最后一天"),
    "ends_on": _l("到哪天止"),
    "entries": _l("核对了几条"),
    "exception": _l("例外的原因"),
    "expires_on": _l("有效期至"),
    "filed_on": _l("备案日期"),
    "filing_number": _l("备案编号"),
    "joined_on": _l("入职日期"),
    "kind": _l("种类"),
    "last_day": _l("最后一天"),
    "level": _l("等级"),
    "mentor": _l("师傅"),
    "minutes": _l("多少分钟"),
    "missing": _l("还缺什么"),
    "name": _l("名称"),
    "number": _l("编号"),
    "person": _l("人"),
    "points": _l("得分"),
    "points_possible": _l("满分"),
    "post": _l("岗位"),
    "posted_on": _l("张贴日期"),
    "programme": _l("培训计划"),
    "revision": _l("版本"),
    "role": _l("角色"),
    "rows": _l("行数"),
    "score": _l("分数"),
    "second_reason": _l("为什么再带一个"),
    "source": _l("来源"),
    "staff_number": _l("工号"),
    "starts_on": _l("从哪天起"),
    "state": _l("状态"),
    "title": _l("批次名称"),
    "topic": _l("带了什么"),
    "valid_until": _l("有效到"),
    "verdict": _l("小结"),
    "working_days": _l("几个工作日"),
}
"""The words for what changed, where a reader who is no programmer may need it; other fields keep their names."""

_STATES: dict[str, Mapping[Any, Any]] = {
    "certificate": {
        "proposed": _l("等签发"),
        "refused": _l("已退回"),
        "issued": _l("已签发"),
        "revocation_proposed": _l("等确认注销"),
        "revoked": _l("已注销"),
        "expired": _l("已过期"),
    },
    "certificate_document": {"waiting": _l("正在排版"), "rendered": _l("已印好"), "blocked": _l("印不出")},
    "duty_list": duties.STATE_WORDS,
    "enrolment": {"learning": _l("正在学"), "lessons_done": _l("课文学完了"), "passed": _l("通过")},
    "mentoring_pair": mentoring.PAIR_STATE_WORDS,
    "mentoring_session": mentoring.SESSION_STATE_WORDS,
    "person": people.STATE_WORDS,
    "public_notice": {"running": _l("公示中"), "replaced": _l("换了新的公示"), "taken_down": _l("撤下了")},
    "quiz_attempt": {"open": _l("还没交卷"), "marked": _l("交卷并评分"), "void": _l("作废")},
    "recognition": competency.STATE_WORDS,
    "role_grant": {
        "proposed": _l("等人确认"),
        "in_force": _l("有效"),
        "refused": _l("已退回"),
        "ended": _l("已结束"),
    },
    "selection_application": {
        "submitted": _l("等核对材料"),
        "incomplete": _l("材料还不齐"),
        "complete": _l("等两份考察意见"),
        "examined": _l("考察同意"),
        "not_endorsed": _l("考察没有同意"),
        "not_ready": _l("没有进名单"),
        "ranked": _l("候补"),
        "proposed": _l("拟选"),
        "approved": _l("审批同意，等备案"),
        "refused": _l("审批没有同意"),
        "filed": _l("已备案"),
        "withdrawn": _l("已撤回"),
        "not_placed": _l("这次没有选上"),
        "cancelled": _l("批次取消了"),
    },
    "selection_round": {
        "draft": _l("在准备"),
        "open": _l("报名中"),
        "closed": _l("考察中"),
        "ranked": _l("名单已出"),
        "posted": _l("公示和审批"),
        "decided": _l("审批完了"),
        "filed": _l("已备案"),
        "cancelled": _l("已取消"),
    },
}
"""The words for the states of a table's rows."""

_CODES: dict[str, Mapping[Any, Any]] = {
    "body": selection.BODY_WORDS,
    "channel": selection.CHANNEL_WORDS,
    "employment": people.EMPLOYMENT_WORDS,
    "kind": {
        "district": _l("区县"),
        "subdistrict": _l("街道"),
        "community": _l("社区"),
        "grid": _l("网格"),
    },
    "missing": selection.PAPER_WORDS,
    "post": people.POST_WORDS,
    "role": people.ROLE_WORDS,
    "source": selection.SOURCE_WORDS,
    "topic": mentoring.TOPIC_WORDS,
    "verdict": mentoring.VERDICT_WORDS,
}
"""The words for the codes in a field, whatever the table."""

_FINGERPRINT = re.compile("~[0-9a-f]{16}")
"""What the trail keeps of content that does not belong in it (``lms.audit.rules``)."""


def field_words(object_type: str, field: str) -> Any:
    """Return the words for a field that changed, None for one that only a programmer needs."""
    return field if object_type == "duty_list" and field != "person" else FIELD_WORDS.get(field)


def code_words(object_type: str, field: str, value: object) -> Any:
    """Return the words for a value that the trail keeps as a code, None when it is shown as it is."""
    if isinstance(value, bool):
        return _l("是") if value else _l("否")
    if not isinstance(value, str):
        return None
    if _FINGERPRINT.fullmatch(value):
        return _l("有内容，这里只留指纹")
    if object_type == "duty_list":  # the state, and for the days of grace the last of them
        value = value.partition(" ")[0]
    by_state = field == "state" or object_type == "duty_list"
    return (_STATES.get(object_type, {}) if by_state else _CODES.get(field, {})).get(value)


ACTOR_WORDS: dict[str, Any] = {"console": _l("机器上的命令"), "system": _l("系统"), "anybody": _l("公示页上的居民")}
"""Who acts without being a person."""

WAITS_WORDS: dict[Waits, Any] = {
    Waits.PROPOSALS: _l("带教结对等您回答"),
    Waits.SESSIONS: _l("师傅记的带教等您确认"),
    Waits.CORRECTIONS: _l("徒弟的更正等您看"),
    Waits.CHECKPOINTS: _l("带教小结该写了"),
    Waits.DUTY_LIST: _l("职责清单等您看过、确认"),
    Waits.SELECTION: _l("选拔等您办的"),
    Waits.CERTIFICATES: _l("证书等您签发"),
    Waits.RECOGNITIONS: _l("等级认定等您确认"),
    Waits.ROLES: _l("角色等您确认"),
    Waits.CANDIDATES: _l("候选人等核对材料"),
    Waits.SLIPS: _l("还没有登录纸条的人"),
    Waits.PAIRS: _l("带教小结拖了，或者到期没办"),
    Waits.GRIDS: _l("网格人员没配齐"),
    Waits.CERTIFICATES_DUE: _l("证书 60 天内到期"),
}
"""What waits for a person."""
