"""Words of the pages that join several packages."""

from typing import Any

from flask_babel import lazy_gettext as _l

from lms.audit.rules import AuditTag

TAG_WORDS: dict[AuditTag, Any] = {
    AuditTag.ACCOUNT_OPENED: _l("打印了登录纸条"),
    AuditTag.ATTEMPT_MARKED: _l("交卷并评分"),
    AuditTag.ATTEMPT_REVIEW_OPENED: _l("看了测验讲解"),
    AuditTag.ATTEMPT_STARTED: _l("开始测验"),
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
    AuditTag.LESSONS_FINISHED: _l("学完全部课文"),
    AuditTag.LEVEL_CHANGED: _l("能力等级变化"),
    AuditTag.PASSWORD_CHANGED: _l("换了密码"),
    AuditTag.PASSWORD_RESET: _l("重置密码"),
    AuditTag.PERSON_ADDED: _l("加入人员"),
    AuditTag.PERSON_CHANGED: _l("改人员信息"),
    AuditTag.PERSON_STATE_CHANGED: _l("改人员状态"),
    AuditTag.POST_CHANGED: _l("写明网格长身份"),
    AuditTag.POST_ENDED: _l("岗位结束"),
    AuditTag.POST_HELD: _l("任岗位"),
    AuditTag.PRIVACY_NOTICE_READ: _l("读了个人信息说明"),
    AuditTag.RECOGNITION_CONFIRMED: _l("确认认定"),
    AuditTag.RECOGNITION_ENDED: _l("认定结束"),
    AuditTag.RECOGNITION_PROPOSED: _l("提出认定"),
    AuditTag.RECOGNITION_REFUSED: _l("退回认定"),
    AuditTag.ROLE_ENDED: _l("角色结束"),
    AuditTag.ROLE_GRANTED: _l("角色生效"),
    AuditTag.ROLE_PROPOSED: _l("提出角色"),
    AuditTag.ROLE_REFUSED: _l("退回角色"),
    AuditTag.ROSTER_IMPORTED: _l("导入花名册"),
    AuditTag.UNIT_ADDED: _l("加入单位"),
    AuditTag.UNIT_CHANGED: _l("改单位"),
    AuditTag.AUDIT_VERIFIED: _l("核对了审计链"),
}
"""The words for what happened. The trail itself holds the tags, which are never translated."""

OBJECT_WORDS: dict[str, Any] = {
    "account": _l("账号"),
    "audit_head": _l("审计链"),
    "certificate": _l("证书"),
    "certificate_document": _l("证书文件"),
    "competency_level": _l("能力等级"),
    "clock": _l("演示时间"),
    "content": _l("课程内容"),
    "demo": _l("演示数据"),
    "enrolment": _l("课程学习"),
    "org_unit": _l("单位"),
    "person": _l("人员"),
    "post_holding": _l("岗位"),
    "quiz_attempt": _l("测验"),
    "recognition": _l("等级认定"),
    "role_grant": _l("角色"),
    "roster_import": _l("花名册导入"),
}
"""The words for the tables that acts are about."""

FIELD_WORDS: dict[str, Any] = {
    "basis": _l("依据"),
    "code": _l("能力"),
    "course_key": _l("课程"),
    "ends_on": _l("到哪天止"),
    "entries": _l("核对了几条"),
    "kind": _l("种类"),
    "level": _l("等级"),
    "name": _l("名称"),
    "number": _l("编号"),
    "person": _l("人"),
    "person_id": _l("人"),
    "points": _l("得分"),
    "points_possible": _l("满分"),
    "post": _l("岗位"),
    "revision": _l("版本"),
    "role": _l("角色"),
    "rows": _l("行数"),
    "score": _l("分数"),
    "starts_on": _l("从哪天起"),
    "state": _l("状态"),
    "unit_id": _l("单位"),
    "valid_until": _l("有效到"),
}
"""The words for what changed, where a reader who is no programmer may need it; other fields keep their names."""

ACTOR_WORDS: dict[str, Any] = {"console": _l("机器上的命令"), "system": _l("系统")}
"""Who acts without being a person."""
