"""Forms of people, and the words for its refusals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, HiddenField, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Optional, Regexp

from lms.access.identity import Role
from lms.people.formats.cleaning import EDUCATIONS
from lms.people.formats.headings import Field
from lms.people.rules import LONGEST_REASON, Employment, Post, Sex, StaffState
from lms.web.forms import BaseForm

STATE_WORDS: dict[StaffState, Any] = {
    StaffState.CANDIDATE: _l("候选人"),
    StaffState.TRAINEE: _l("培训中"),
    StaffState.ACTIVE: _l("在岗"),
    StaffState.SUSPENDED: _l("暂停负责网格 · 学习改进中"),
    StaffState.SECONDED: _l("借调"),
    StaffState.ENDED: _l("已离开"),
}
SEX_WORDS: dict[Sex, Any] = {Sex.FEMALE: _l("女"), Sex.MALE: _l("男"), Sex.UNKNOWN: _l("没有填")}
ROLE_WORDS: dict[Role, Any] = {
    Role.MENTOR: _l("带教师傅"),
    Role.TRAINER: _l("培训教师"),
    Role.GRID_LEADER: _l("网格长"),
    Role.OFFICIAL: _l("街道干部"),
    Role.SYSTEM_ADMIN: _l("系统管理员"),
    Role.AUDIT_ADMIN: _l("审计管理员"),
}
POST_WORDS: dict[Post, Any] = {
    Post.INSPECTION: _l("巡查岗"),
    Post.INFORMATION: _l("信息岗"),
    Post.MEDIATION_SERVICE: _l("调解服务岗"),
    Post.FOLLOW_UP: _l("监督回访岗"),
    Post.GRID_LEADER: _l("网格长"),
}
EMPLOYMENT_WORDS: dict[Employment, Any] = {
    Employment.FULL_TIME: _l("专职"),
    Employment.PART_TIME: _l("兼职"),
    Employment.VILLAGE_AUXILIARY: _l("驻村辅警"),
}
EDUCATION_WORDS: dict[str, Any] = {
    "": _l("没有填"),
    **dict(
        zip(
            EDUCATIONS,
            (_l("小学"), _l("初中"), _l("高中"), _l("中专"), _l("大专"), _l("本科"), _l("研究生")),
            strict=True,
        )
    ),
}
FIELD_WORDS: dict[Field, Any] = {
    Field.STAFF_NUMBER: _l("工号"),
    Field.NAME: _l("姓名"),
    Field.SEX: _l("性别"),
    Field.BIRTH_MONTH: _l("出生年月"),
    Field.EDUCATION: _l("学历"),
    Field.PHONE: _l("手机"),
    Field.COMMUNITY: _l("社区"),
    Field.GRID: _l("网格"),
    Field.POST: _l("岗位"),
    Field.EMPLOYMENT: _l("专职还是兼职"),
    Field.JOINED_ON: _l("入职日期"),
}
NOTE_WORDS: dict[str, Any] = {
    "tidied": _l("%(field)s：“%(before)s”改成“%(after)s”"),
    "date_read": _l("%(field)s：“%(before)s”读作 %(after)s"),
    "month_one_or_ten": _l("%(field)s：“%(before)s”可能是 1 月，也可能是 10 月，暂按 %(after)s，请核对"),
    "filled_down": _l("%(field)s：合并的格子，按上面的“%(after)s”"),
    "phone_one_of_several": _l("%(field)s：写了几个号码，只留 %(after)s"),
    "phone_length": _l("%(field)s：“%(before)s”位数不对，先存着，请核对"),
    "sex_unread": _l("%(field)s：“%(before)s”读不懂，先空着"),
    "post_unread": _l("%(field)s：“%(before)s”不认识，先空着"),
    "employment_unread": _l("%(field)s：“%(before)s”不认识，按专职"),
    "unit_will_be_made": _l("%(before)s 会一起建好"),
    "namesake": _l("和 %(after)s 同名，看看是不是同一个人"),
    "name_missing": _l("没有姓名"),
    "name_private_use": _l("姓名“%(before)s”里有旧系统自造的字，打印不出来，请换成标准字"),
    "name_long": _l("姓名太长，最多 60 个字"),
    "staff_number_shape": _l("工号“%(before)s”不对，要 3 到 20 位字母和数字"),
    "date_unread": _l("%(field)s“%(before)s”读不懂，写成 1971-03 这样"),
    "birth_unlikely": _l("出生年月“%(before)s”不像在岗的人，请核对"),
    "date_in_future": _l("%(field)s“%(before)s”还没到，请核对"),
    "twice_in_file": _l("和第 %(after)s 行是同一个人"),
    "moves": _l("从“%(before)s”换到“%(after)s”，原来网格上的岗位到昨天为止"),
    "number_elsewhere": _l("工号 %(before)s 在别的单位已经有人用"),
    "number_of_another": _l("工号 %(before)s 是另一个名字的人，请核对"),
    "number_of_ended": _l("工号 %(before)s 是已经离开的人，请核对"),
    "namesake_in_file": _l("和第 %(after)s 行同名，看看是不是同一个人"),
    "education_unread": _l("%(field)s：“%(before)s”不认识，先空着"),
    "phone_scientific": _l("手机“%(before)s”被 Excel 改坏了，后面几位没了，请重新填"),
    "community_twice": _l("“%(before)s”可能是几个社区，请写全名"),
    "unit_other": _l("写的是“%(before)s”，这次导入的是“%(after)s”"),
    "unit_closed": _l("这个单位已经撤销"),
    "not_entered": _l("这一行没有存上，请核对后再导入"),
    "grid_without_community": _l("写了网格“%(before)s”，没写社区"),
    "community_unknown": _l("没有“%(before)s”这个社区"),
    "grid_unknown": _l("没有“%(before)s”这个网格"),
    "people.staff_number.taken": _l("工号已经有人用了"),
    "hint_staff_number": _l("可以不填，系统会接着往下编"),
    "hint_name": _l("必填。少数民族名字中间的点，哪种写法都可以"),
    "hint_sex": _l("男或女"),
    "hint_birth_month": _l("写成 1974-05；1974.5、1974年5月也认得"),
    "hint_education": _l("小学、初中、高中、中专、大专、本科、研究生"),
    "hint_phone": _l("写一个手机号"),
    "hint_community": _l("社区名称，要和系统里的一样"),
    "hint_grid": _l("第1网格，或者只写 1"),
    "hint_post": _l("网格长、网格员、信息员、调解、监督回访"),
    "hint_employment": _l("专职或兼职；驻村辅警也写在这里"),
    "hint_joined_on": _l("写成 2026-09-01"),
}

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
    "people.unit.name_long": _l("单位名称太长，最多 %(most)s 个字。"),
    "people.unit.name_en_long": _l("英文名称太长，最多 %(most)s 个字母。"),
    "people.birth_month.shape": _l("出生年月“%(value)s”不对，写成 1971-03 这样。"),
    "people.education.long": _l("学历太长，最多 %(most)s 个字。"),
    "people.phone.long": _l("手机号太长，最多 %(most)s 位。请核对。"),
    "people.unit.name_missing": _l("写上单位名称。"),
    "people.unit.wrong_parent": _l("上下级不对：区县下面是街道，街道下面是社区，社区下面是网格。"),
    "people.unit.changed_meanwhile": _l("这个单位的名称刚被别人改过。请回到上一页看看最新的，再改一次。"),
    "people.unit.name_taken": _l("上级单位下面已经有“%(value)s”了。"),
    "people.staff_number.shape": _l("工号只能是 3 到 20 位字母和数字，例如 CG0231。现在是“%(value)s”。"),
    "people.staff_number.taken": _l("工号 %(value)s 已经有人用了。核对一下是不是同一个人。"),
    "people.name.missing": _l("写上姓名。"),
    "people.name.long": _l("姓名太长，最多 60 个字。"),
    "people.name.private_use": _l("姓名“%(value)s”里有一个旧系统自造的字，打印不出来。请换成标准字。"),
    "people.state.not_from_here": _l("现在的状态不能这样办。请刷新看看最新状态。"),
    "people.state.moved_on": _l("状态刚被别人改过。请刷新看看。"),
    "people.state.own": _l("自己的状态要由别的同事来改。"),
    "people.state.not_by_hand": _l("这一步不能在这里办：核对材料有单独的按钮，上岗要经过选拔和备案。"),
    "people.state.last_day_ahead": _l("这一天还没到。人走了再来登记。"),
    "people.state.last_day_early": _l("最后一天不能早于入职日期。"),
    "people.reason.missing": _l("写一句原因。"),
    "people.reason.long": _l("原因太长，最多 %(most)s 个字。"),
    "people.person.has_left": _l("这个人已经离开，不能再办。要回来，先登记“回来”。"),
    "people.post.not_a_grid": _l("岗位要落在网格上。请选一个网格。"),
    "people.post.not_found": _l("没有找到这个岗位。可能不在您负责的范围里。"),
    "people.post.dates": _l("最后一天不能早于第一天。"),
    "people.post.already": _l("这个人在这个网格已经有这个岗位，日子重了。"),
    "people.post.over": _l("这个岗位已经结束了。"),
    "people.post.not_longer": _l("只能提前，不能推后。要接着做，到时再给一次岗位。"),
    "people.post.no_leader": _l("这个岗位不是网格长，不用写两委身份。"),
    "people.post.exception_missing": _l("不是两委成员，要写明为什么由他来当网格长。"),
    "people.post.auxiliary_taken": _l("这个社区（村）已经有一位驻村辅警。一村一位，先结束前一位的岗位。"),
    "people.post.auxiliary_elsewhere": _l("这个人已经是别的社区（村）的驻村辅警。一人一村。"),
    "people.post.moved_on": _l("这个岗位刚被别人改过。请刷新看看。"),
    "people.person.changed_meanwhile": _l("这个人的信息刚被别人改过。请回到上一页看看最新的，再改一次。"),
    "people.role.no_such_action": _l("没有这种办法。"),
    "people.role.not_found": _l("没有找到这条角色。可能不在您负责的范围里。"),
    "people.roster.empty": _l("文件是空的。请重新选一个。"),
    "people.roster.old_excel": _l("这是旧版 Excel（.xls）。请用 Excel 或 WPS 打开，另存为 .xlsx 再传。"),
    "people.roster.not_a_table": _l("这个文件不是表格。请传 .xlsx 或 .csv。"),
    "people.roster.too_large": _l("文件解开以后太大，不能导入。请分成几份。"),
    "people.roster.too_many_rows": _l("行数太多，一次最多 %(most)s 行。请分成几份。"),
    "people.roster.no_headings": _l("没有找到表头。表里要有一行写着“姓名”等列名。"),
    "people.roster.no_rows": _l("表头下面没有人员。请看看是不是选错了表。"),
    "people.roster.encoding": _l("文字编码读不懂。请用 Excel 另存为 .xlsx 再传。"),
    "people.roster.not_found": _l("没有找到这次导入。可能不在您负责的范围里。"),
    "people.roster.moved_on": _l("这次导入已经开始或已经取消，不能再改。"),
    "people.roster.no_name_column": _l("请指明哪一列是姓名。"),
    "people.roster.no_such_column": _l("表里没有“%(heading)s”这一列。"),
    "people.roster.column_twice": _l("同一列不能用两次。请把其中一个改成“不导入”。"),
    "people.roster.identity_column": _l("这一列不保存，不能选。"),
    "people.roster.unknown_state": _l("请选这些人现在的状态。"),
    "people.roster.no_such_row": _l("没有第 %(line)s 行。"),
    "people.roster.no_such_decision": _l("这一行不能这样办。"),
    "people.roster.nothing_to_enter": _l("没有可以导入的行。先把有问题的改好，再传一次。"),
    "people.role.not_grantable": _l("没有这种角色。"),
    "people.role.dates": _l("结束日期不能早于开始日期。"),
    "people.role.over": _l("结束日期已经过了。"),
    "people.role.basis_long": _l("依据太长，最多 %(most)s 个字。"),
    "people.role.own": _l("自己的角色要由别人来办。"),
    "people.role.not_yours": _l("这种角色不由您来给。街道干部可以给师傅、教师、网格长；干部和管理员由系统管理员给。"),
    "people.role.clash": _l("系统管理员和审计管理员不能是同一个人。"),
    "people.role.already": _l("这个人已经有这个角色，或者正等着确认。"),
    "people.role.moved_on": _l("这条角色刚被别人办过。请刷新看看。"),
}


def note_words(note: Mapping[str, Any]) -> str:
    """Return a note on a roster's cell (as ``Note.as_json`` gives it) as a sentence."""
    words = str(NOTE_WORDS[note["code"] if note["code"] in NOTE_WORDS else "not_entered"])
    field = str(FIELD_WORDS[Field(note["field"])]) if note["field"] in {each.value for each in Field} else ""
    return words % {"field": field, "before": note["before"], "after": note["after"]}


def wrong_words(notes: Sequence[Mapping[str, Any]]) -> str:
    """Return what keeps a row of a roster from being entered, the notes on mere cleaning left out."""
    return "；".join(
        note_words(note) for note in notes if note["is_error"] or note["code"] in {"namesake", "namesake_in_file"}
    )


def choices(pairs: Iterable[tuple[str, Any]]) -> list[Any]:
    """Return the options of a SelectField from pairs of value and words."""
    return [SelectChoice(value, words) for value, words in pairs]


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


class PersonForm(BaseForm):
    """一个人的信息."""

    staff_number = StringField(
        _l("工号"), [InputRequired(_l("写上工号。")), Length(max=40)], description=_l("字母和数字，例如 CG0231")
    )
    name = StringField(_l("姓名"), [InputRequired(_l("写上姓名。")), Length(max=100)])
    sex = SelectField(_l("性别"), choices=choices((each.value, SEX_WORDS[each]) for each in Sex))
    birth_month = StringField(
        _l("出生年月"),
        [Optional(), Regexp(r"(19|20)\d\d-(0[1-9]|1[0-2])\Z", message=_l("写成 1971-03 这样。"))],
        description=_l("例如 1974-05"),
    )
    education = SelectField(_l("学历"), choices=choices(EDUCATION_WORDS.items()))
    phone = StringField(_l("手机"), [Optional(), Length(max=30)])
    unit = SelectField(_l("单位"), validate_choice=True)
    joined_on = DateField(_l("入职日期"), [InputRequired(_l("选入职日期。"))])
    keeps_posts = BooleanField(_l("换了单位，原来网格上的岗位还接着做"))
    version = HiddenField()


class StateForm(BaseForm):
    """暂停、恢复、借调、离开、回来."""

    last_day = DateField(_l("最后一天"), [Optional()])
    reason = StringField(
        _l("原因或依据"),
        [
            InputRequired(_l("写一句原因。")),
            Length(max=LONGEST_REASON, message=_l("原因太长，最多 200 个字。")),
        ],
    )


class PostForm(BaseForm):
    """给一个岗位."""

    unit = SelectField(_l("网格"))
    post = SelectField(_l("岗位"), choices=choices((each.value, POST_WORDS[each]) for each in Post))
    employment = SelectField(
        _l("怎么任职"), choices=choices((each.value, EMPLOYMENT_WORDS[each]) for each in Employment)
    )
    starts_on = DateField(_l("从哪天起"), [InputRequired(_l("选开始日期。"))])
    ends_on = DateField(_l("到哪天止"), [Optional()])

    exception = StringField(
        _l("网格长不是两委成员的，写明原因"),
        [Optional(), Length(max=LONGEST_REASON, message=_l("原因太长，最多 200 个字。"))],
    )
    is_committee = SelectField(
        _l("是不是社区两委成员"),
        choices=choices((("", _l("还不知道")), ("yes", _l("是两委成员")), ("no", _l("不是两委成员")))),
        validate_choice=False,  # asked of leaders only
    )


class LeaderForm(BaseForm):
    """写明网格长的两委身份."""

    is_committee = RadioField(
        _l("是不是社区两委成员"),
        [InputRequired(_l("选一个。"))],
        choices=choices((("yes", _l("是两委成员")), ("no", _l("不是两委成员")))),
    )
    exception = StringField(
        _l("不是的，写明为什么由他来当"),
        [Optional(), Length(max=LONGEST_REASON, message=_l("原因太长，最多 200 个字。"))],
    )


class PostEndForm(BaseForm):
    """结束一个岗位."""

    last_day = DateField(_l("最后一天"), [InputRequired(_l("选最后一天。"))])
    reason = StringField(_l("原因"), [Optional(), Length(max=LONGEST_REASON, message=_l("原因太长，最多 200 个字。"))])


class UnitForm(BaseForm):
    """一个单位."""

    parent = SelectField(_l("上级单位"))
    name = StringField(_l("名称"), [InputRequired(_l("写上单位名称。")), Length(max=60)])
    name_en = StringField(_l("英文名称"), [Optional(), Length(max=80)])


class UnitNameForm(BaseForm):
    """一个单位的名称. ``was`` and ``was_en``: the names that the page showed."""

    name = StringField(_l("名称"), [InputRequired(_l("写上单位名称。")), Length(max=60)])
    name_en = StringField(_l("英文名称"), [Optional(), Length(max=80)])
    was = HiddenField()
    was_en = HiddenField()


class RoleForm(BaseForm):
    """给一个角色."""

    role = SelectField(_l("角色"))
    unit = SelectField(_l("在哪个单位"))
    starts_on = DateField(_l("从哪天起"), [InputRequired(_l("选开始日期。"))])
    ends_on = DateField(_l("到哪天止"), [Optional()])
    basis = StringField(_l("依据"), [Optional(), Length(max=200)], description=_l("文件名和文号，没有可以不写"))


class RoleDecisionForm(BaseForm):
    """确认、退回或结束一个角色."""

    reason = StringField(_l("原因"), [Optional(), Length(max=LONGEST_REASON, message=_l("原因太长，最多 200 个字。"))])


class RosterForm(BaseForm):
    """选花名册文件."""

    unit = SelectField(_l("这份花名册是哪个单位的"))
    file = FileField(_l("文件"), [FileRequired(_l("选一个文件。"))], description=_l(".xlsx 或 .csv，最大 16 MB"))
