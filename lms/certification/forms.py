"""Forms of certification, and the words for its refusals."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, TextAreaField
from wtforms.validators import InputRequired, Length

from lms.certification.services.acts import LONGEST_REASON
from lms.web.forms import BaseForm

MESSAGES: dict[str, Any] = {
    "certification.office.unnamed": _l(
        "街道还没有写正式名称，现在叫“%(name)s”。请先在“单位和网格”里改好，再签发：名称和代字要印在证书上。"
    ),
    "certification.certificate.already": _l("%(name)s 已经有一份，或者正等着签发。"),
    "certification.certificate.already_some": _l("有人刚提过其中几份。请刷新看看最新的。"),
    "certification.certificate.basis_changed": _l("证书要的课程改过了，这份提请不能用了。请退回，再提一次。"),
    "certification.certificate.moved_on": _l("这份证书刚被别人办过。请看一眼最新的状态。"),
    "certification.certificate.not_eligible": _l("%(name)s 的条件还不够，或者刚有变动。请看“还不够”里的说明。"),
    "certification.certificate.not_found": _l("没有找到这份证书。可能不在您负责的范围里。"),
    "certification.certificate.own": _l("自己的证书要由别的同事来办。"),
    "certification.document.file_lost": _l("这份证书的文件不见了。请告诉系统管理员，从备份里找回来。"),
    "certification.document.in_the_making": _l("这份证书正在排版，请过一会儿再看。"),
    "certification.document.not_found": _l("没有找到这份文件，或者还没有印好。"),
    "certification.name.unprintable": _l(
        "%(name)s 的姓名里有字印不出：%(chars)s。请先在人员页把姓名改成标准字，再来办。"
    ),
    "certification.reason.long": _l("理由最多写 %(longest)s 个字。"),
    "certification.reason.missing": _l("写上理由。"),
    "certification.verify.throttled": _l("查得太快了，请等 %(retry_after)s 秒再查。"),
}


class ConfirmForm(BaseForm):
    """The password again, together with the act. ``once`` tells one opened form from another."""

    once = HiddenField(validators=[Length(max=22)])
    password = PasswordField(
        _l("您的密码"),
        [InputRequired(_l("写上密码。")), Length(max=200)],
        description=_l("这一步很要紧，要确认是您本人"),
        render_kw={"autocomplete": "current-password"},
    )


class ReasonForm(ConfirmForm):
    """A reason and the password."""

    reason = TextAreaField(
        _l("理由"),
        [InputRequired(_l("写上理由。")), Length(max=LONGEST_REASON, message=_l("理由最多写 200 个字。"))],
    )
