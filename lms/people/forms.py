"""Forms of people, and the words for its refusals."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from lms.web.forms import BaseForm

MESSAGES: dict[str, Any] = {
    "people.sign_in.refused": _l("工号或密码不对。请照着纸条再核对一遍，字母大小写都可以。"),
    "people.sign_in.code_expired": _l("这个一次性密码过期了。请网格长或街道再给您一个。"),
    "people.sign_in.throttled": _l("试的次数多了，请等 %(retry_after)s 秒再登录。忘了密码，可以请网格长重置。"),
    "people.password.short": _l("密码太短，至少要 %(shortest)s 位。可以用一句好记的话。"),
    "people.password.long": _l("密码太长，最多 128 位。"),
    "people.password.common": _l("这个密码太常见，别人一猜就中。换一个。"),
    "people.password.repeated": _l("密码里的字重复太多。换一个。"),
    "people.password.personal": _l("密码里不要用姓名、工号或手机号。"),
    "people.password.same": _l("新密码和现在的一样。换一个新的。"),
    "people.password.wrong": _l("现在的密码不对。"),
    "people.password.mismatch": _l("两次输入的新密码不一样。"),
    "people.password.changed_meanwhile": _l("密码刚在别处改过。请用新密码重新登录。"),
    "people.password.reset_own": _l("自己的密码请在“我的”里改。"),
    "people.password.reset_not_yours": _l("这个人的密码要由街道或系统管理员来重置。"),
    "people.password.no_account": _l("这个人还没有账号。请先打印登录纸条。"),
    "people.slip.already_in_use": _l("%(name)s 已经自己设了密码。忘了密码请用“重置密码”。"),
    "people.session.not_found": _l("没有找到这个登录。"),
    "people.preference.unknown": _l("没有这个选项。"),
    "people.person.not_found": _l("没有找到这个人。可能不在您负责的范围里。"),
    "people.unit.not_found": _l("没有找到这个单位。可能不在您负责的范围里。"),
    "people.unit.name_missing": _l("写上单位名称。"),
    "people.unit.wrong_parent": _l("上下级不对：区县下面是街道，街道下面是社区，社区下面是网格。"),
    "people.unit.name_taken": _l("上级单位下面已经有“%(value)s”了。"),
    "people.staff_number.shape": _l("工号只能是 3 到 20 位字母和数字，例如 CG0231。现在是“%(value)s”。"),
    "people.staff_number.taken": _l("工号 %(value)s 已经有人用了。核对一下是不是同一个人。"),
    "people.name.missing": _l("写上姓名。"),
    "people.name.long": _l("姓名太长，最多 60 个字。"),
    "people.name.private_use": _l("姓名“%(value)s”里有一个旧系统自造的字，打印不出来。请换成标准字。"),
    "people.state.not_from_here": _l("现在的状态不能这样办。请刷新看看最新状态。"),
    "people.state.moved_on": _l("状态刚被别人改过。请刷新看看。"),
    "people.post.not_a_grid": _l("岗位要落在网格上。请选一个网格。"),
    "people.role.not_grantable": _l("没有这种角色。"),
    "people.role.dates": _l("结束日期不能早于开始日期。"),
    "people.role.own": _l("自己的角色要由别人来办。"),
    "people.role.not_yours": _l("这种角色不由您来给。街道干部可以给师傅、教师、网格长；干部和管理员由系统管理员给。"),
    "people.role.clash": _l("系统管理员和审计管理员不能是同一个人。"),
    "people.role.already": _l("这个人已经有这个角色，或者正等着确认。"),
    "people.role.moved_on": _l("这条角色刚被别人办过。请刷新看看。"),
}


class SignInForm(BaseForm):
    """工号和密码."""

    staff_number = StringField(
        _l("工号"),
        [InputRequired(_l("写上工号。")), Length(max=40)],
        description=_l("街道发的纸条上有，例如 CG0231"),
        render_kw={"autocomplete": "username", "autocapitalize": "characters", "spellcheck": "false"},
    )
    password = PasswordField(
        _l("密码"),
        [InputRequired(_l("写上密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class ChangePasswordForm(BaseForm):
    """现在的密码和两遍新密码."""

    old_password = PasswordField(
        _l("现在的密码"),
        [InputRequired(_l("写上现在的密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )
    new_password = PasswordField(
        _l("新密码"),
        [InputRequired(_l("写上新密码。")), Length(max=200)],
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(
        _l("新密码再写一遍"),
        [InputRequired(_l("新密码再写一遍。")), Length(max=200)],
        render_kw={"autocomplete": "new-password"},
    )


class ReauthenticateForm(BaseForm):
    """要紧的一步之前再输一次密码."""

    password = PasswordField(
        _l("密码"),
        [InputRequired(_l("写上密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )
