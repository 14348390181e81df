"""Forms of selection, its words, and the words for its refusals."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from lms.people.forms import EDUCATION_WORDS, EMPLOYMENT_WORDS, POST_WORDS, SEX_WORDS, choices
from lms.people.rules import Employment, Post, Sex
from lms.selection.rules import (
    LONGEST_CHANNEL,
    LONGEST_CONTACT,
    LONGEST_NUMBER,
    LONGEST_REASON,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Body,
    Channel,
    Paper,
    Relation,
    Source,
    Waits,
)
from lms.web.forms import BaseForm

SOURCE_WORDS: dict[Source, Any] = {
    Source.SOCIAL_ORGANISATION: _l("社会组织"),
    Source.COMPANY: _l("企事业单位"),
    Source.OWNERS_COMMITTEE: _l("业主委员会成员"),
    Source.COMMUNITY_CADRE: _l("社区干部"),
    Source.LEGAL_WORKER: _l("法律工作者"),
    Source.PARTY_DELEGATE: _l("党员代表"),
    Source.PEOPLES_MEDIATOR: _l("人民调解员"),
    Source.VILLAGE_AUXILIARY: _l("驻村辅警"),
    Source.RESIDENT: _l("本地居民"),
}
PAPER_WORDS: dict[Paper, Any] = {
    Paper.STATEMENT: _l("自愿声明已经签名"),
    Paper.IDENTITY_SEEN: _l("当面看过身份证（不登记号码）"),
    Paper.BIRTH_MONTH: _l("出生年月"),
    Paper.EDUCATION: _l("学历"),
    Paper.SEX: _l("性别"),
}
BODY_WORDS: dict[Body, Any] = {
    Body.PARTY_COMMITTEE: _l("社区党组织"),
    Body.RESIDENTS_COMMITTEE: _l("居民委员会"),
}
WAITS_WORDS: dict[Waits, Any] = {
    Waits.CHECK: _l("核对报名材料"),
    Waits.EXAMINE: _l("录考察意见"),
    Waits.CLOSE: _l("截止报名"),
    Waits.RANK: _l("出综合得分名单"),
    Waits.POST: _l("张贴公示"),
    Waits.ANSWER: _l("答复异议"),
    Waits.DECIDE: _l("审批"),
    Waits.FILE: _l("备案"),
}
"""What an official has to do."""

CHANNEL_WORDS: dict[Channel, Any] = {
    Channel.PAGE: _l("网页上写的"),
    Channel.PHONE: _l("打电话来的"),
    Channel.LETTER: _l("写信来的"),
    Channel.VISIT: _l("当面说的"),
}
RELATION_WORDS: dict[Relation, Any] = {
    Relation.SPOUSE: _l("配偶"),
    Relation.PARENT_CHILD: _l("父母、子女"),
    Relation.SIBLING: _l("兄弟姐妹"),
    Relation.IN_LAW: _l("配偶的父母、兄弟姐妹"),
    Relation.OTHER: _l("其他亲属"),
}
STATEMENT = _l("我自愿报名参加本次网格员选拔。填写的内容都是真实的。我知道拟选名单要公示，备案以前我可以随时撤回报名。")
"""The voluntary statement （自愿声明） as it is shown and kept. Its wording by the competent office: 待补."""

MESSAGES: dict[str, Any] = {
    "selection.day.early": _l("日期不能早于 %(day)s。请对照纸件再填一次。"),
    "selection.marking.examiner": _l("您给这位报名人写了考察意见，这一批办完以前，认定要由别的同事来办。"),
    "selection.mentoring.examiner": _l("这位师傅给他写了考察意见，这一批办完以前不能结对。请换一位师傅。"),
    "selection.barred.answered": _l("这一件的异议是您登记或者答复的，审批要由别的同事来办。"),
    "selection.barred.checked": _l("材料是您核对的，审批要由别的同事来办。"),
    "selection.barred.entered": _l("报名是您代录的，审批要由别的同事来办。"),
    "selection.barred.examined": _l("考察意见是您录的，审批要由别的同事来办。"),
    "selection.barred.managed": _l("这一批是您开的，审批要由别的同事来办。"),
    "selection.barred.marker": _l("这位报名人的能力是您认定过的，要回避，请别的同事来办。"),
    "selection.barred.mentor": _l("您是这位报名人的带教师傅，要回避，请别的同事来办。"),
    "selection.barred.proposed": _l("名单或公示是您办的，审批要由别的同事来办。"),
    "selection.barred.relative": _l("报名人申报过和您（或和您同名的人）是亲属，要回避，请别的同事来办。"),
    "selection.barred.self": _l("自己的报名要由别的同事来办。"),
    "selection.case.not_found": _l("没有找到这份报名。可能不在您负责的范围里。"),
    "selection.case.moved": _l("这份报名刚被别的同事办过。请看一眼最新的状态。"),
    "selection.date.ahead": _l("这一天还没有到。写今天或以前的日期。"),
    "selection.date.past": _l("这一天已经过去了。写今天或以后的日期。"),
    "selection.field.long": _l("太长了，最多 %(most)s 个字。"),
    "selection.field.missing": _l("这一项要写上。"),
    "selection.lock.not_proposed": _l("这位还没有上公示。先公示，期满没有异议再审批。"),
    "selection.lock.notice_runs": _l("公示还没有结束，结束以后再审批。"),
    "selection.lock.objection_open": _l("还有异议没有答复，先答复再办。"),
    "selection.file.not_trainee": _l(
        "这位同志现在不是学员，不能备案：已经在岗的、停职借调的、离开了的，都请“登记撤回报名”。"
    ),
    "selection.lock.not_trainee": _l(
        "这位同志现在不是学员，不能同意：已经在岗的、停职借调的、离开了的，都请“登记撤回报名”。"
    ),
    "selection.lock.objection_upheld": _l("有异议查实了。要么不同意并写明理由，要么改好名单重新公示。"),
    "selection.notice.days": _l("公示天数写 %(fewest)s 到 %(most)s 个工作日。"),
    "selection.notice.nobody": _l("名单上没有可以公示的人了。"),
    "selection.notice.not_found": _l("没有找到这份公示。"),
    "selection.notice.not_running": _l("现在没有公示。"),
    "selection.notice.not_shorter": _l("公示只能延长，不能缩短。现在是 %(now)s 个工作日，写得比它多。"),
    "selection.notice.over": _l("公示已经结束了。"),
    "selection.objection.answered": _l("这件异议已经答复过了。"),
    "selection.objection.not_found": _l("没有找到这件异议。"),
    "selection.objection.throttled": _l("提交得太快了，请等 %(retry_after)s 秒再写，或者打电话说。"),
    "selection.opinion.given": _l("这一份意见别的同事已经录了。"),
    "selection.opinion.same_person": _l("另一份意见是您录的。两份意见要由两个人分别录。"),
    "selection.opinion.same_signer": _l("两份意见不能是同一个人签。书记、主任一人兼的，另一份请别的委员签。"),
    "selection.person.not_applying": _l("只有候选人和培训中的人可以报名。这个人现在不是。"),
    "selection.person.not_found": _l("没有这个工号。不在系统里的人，工号空着，填下面的姓名。"),
    "selection.person.number_taken": _l("刚有人用了同一个工号，请再按一次。"),
    "selection.place.already": _l("这个网格的这个岗位已经加过了。"),
    "selection.place.choose": _l("选一个岗位。"),
    "selection.place.not_a_grid": _l("选这个单位下面、还开着的网格。"),
    "selection.place.number": _l("人数写 1 到 99。"),
    "selection.ranking.not_found": _l("没有这个批次，或者它还没有综合得分名单。"),
    "selection.round.cases_wait": _l("还有 %(number)s 份报名没有核对完或者没有考察完，办完再出名单。"),
    "selection.round.has_approved": _l("已经有人审批通过了，这个批次不能取消。"),
    "selection.round.moved": _l("这个批次刚被别的同事办过。请看一眼最新的状态。"),
    "selection.round.last_day_over": _l("报名截止日已经过了，不能再报名。"),
    "selection.round.last_day_past": _l("报名截止日已经过了。请另建一个批次。"),
    "selection.round.no_places": _l("还没有写要选几个人、什么岗位。先加上岗位。"),
    "selection.round.nobody_ready": _l(
        "现在没有人能进名单：要考察同意、在培训中、有岗前学习证明。等有人学完再出名单，或者取消这个批次。"
    ),
    "selection.round.not_found": _l("没有找到这个批次。可能不在您负责的范围里。"),
    "selection.round.proposed_wait": _l("还有 %(number)s 位拟选人员没有审批。先审批完，再结束。"),
    "selection.round.still_open": _l("报名要开到 %(last_day)s，过了这一天才能截止。"),
    "selection.round.unit_too_wide": _l("选街道、社区或者网格。"),
    "selection.rule.age_bands": _l("年龄有权重，就要写明各年龄段得多少分。"),
    "selection.rule.applications_in": _l("已经有人报名，规则不能再改。"),
    "selection.rule.education_points": _l("学历有权重，就要写明各学历得多少分。"),
    "selection.rule.lines": _l("有一行读不懂。一行一段，写成“45: 100”这样。"),
    "selection.rule.negative": _l("权重不能小于 0。"),
    "selection.rule.points": _l("分数写 0 到 100。"),
    "selection.rule.sum": _l("四个权重加起来要等于 100。"),
    "selection.skip.apply_over": _l("报名已经截止，不能再报名。"),
    "selection.skip.check_late": _l("两份考察意见都已经录了，材料不能再核对。"),
    "selection.skip.checked": _l("材料已经核对过，齐了，可能是别的同事刚办的。下一步录考察意见。"),
    "selection.skip.closed": _l("报名已经截止了，可能是别的同事刚办的。"),
    "selection.skip.decided": _l("已经审批过了，可能是别的同事刚办的。"),
    "selection.skip.examined": _l("两份考察意见都已经录了，不能再录。"),
    "selection.skip.filed": _l("已经备案了，这份报名办完了。"),
    "selection.skip.finished": _l("审批已经结束了，可能是别的同事刚办的。"),
    "selection.skip.listed": _l("综合得分名单已经出了，可能是别的同事刚办的。"),
    "selection.skip.no_list": _l("还没有综合得分名单。先出综合得分名单，再公示。"),
    "selection.skip.not_approved": _l("还没有审批同意。先审批，再备案。"),
    "selection.skip.not_checked": _l("还没有核对材料。先核对材料，齐了再录考察意见。"),
    "selection.skip.not_closed": _l("报名还没有截止。先截止报名，再出名单。"),
    "selection.skip.not_endorsed": _l("考察没有同意，这份报名办完了。"),
    "selection.skip.not_on_list": _l("没有进综合得分名单，这份报名办完了。"),
    "selection.skip.not_on_notice": _l("这位还没有上公示。先公示，期满没有异议再审批。"),
    "selection.skip.not_opened": _l("还没有开始报名。先加岗位、开始报名。"),
    "selection.skip.not_placed": _l("名额满了，这次没有选上，这份报名办完了。"),
    "selection.skip.not_posted": _l("还没有公示。先张贴公示。"),
    "selection.skip.opened": _l("报名已经开始了，可能是别的同事刚办的。"),
    "selection.skip.papers_missing": _l("材料还没补齐。补齐、核对以后，再录考察意见。"),
    "selection.skip.places_fixed": _l("报名已经开始，岗位不能再改。"),
    "selection.skip.posted": _l("公示已经贴出来了，可能是别的同事刚办的。"),
    "selection.skip.refused": _l("审批没有同意，这份报名办完了。"),
    "selection.skip.round_cancelled": _l("这个批次已经取消了，不能再办。"),
    "selection.skip.round_decided": _l("这个批次已经审批完了，公示和异议都不能再办。"),
    "selection.skip.rule_fixed": _l("报名已经截止，规则不能再改。"),
    "selection.skip.stays_decided": _l("这个批次已经审批完了，不能再取消。"),
    "selection.skip.stays_filed": _l("这个批次已经备案了，不能再取消。"),
    "selection.skip.withdrawn": _l("这份报名已经撤回了。"),
    "selection.table.both": _l("有一天既写在放假里，又写在上班里。"),
    "selection.table.no_weekend": _l("第 %(line)s 行不是周末，本来就上班，不用写。"),
    "selection.table.other_year": _l("第 %(line)s 行不是这一年的日子。"),
    "selection.table.shape": _l("第 %(line)s 行读不懂。写成“2027-10-01..2027-10-07 国庆节”这样。"),
    "selection.table.twice": _l("第 %(line)s 行的日子写了两遍。"),
    "selection.year.entered_just_now": _l("这一年刚被别人录了。请看一眼最新的。"),
    "selection.year.missing": _l("需要先录入 %(year)s 年的节假日，才能数工作日。请到“节假日表”录入。"),
    "selection.year.range": _l("年份写 2020 到 2100。"),
}

_REQUIRED = _l("这一项要写上。")
_CHOOSE = _l("选一个。")


def _needed(most: int) -> list[Any]:
    return [InputRequired(_REQUIRED), Length(max=most, message=_l("太长了，最多 %(max)d 个字。"))]


def _longest(most: int) -> list[Any]:
    return [Optional(), Length(max=most, message=_l("太长了，最多 %(max)d 个字。"))]


class RoundForm(BaseForm):
    """开一个选拔批次."""

    title = StringField(_l("批次名称"), _needed(LONGEST_TITLE), description=_l("例如：2026年第四季度网格员选拔"))
    unit = SelectField(_l("哪个单位选人"))
    last_day = DateField(_l("报名到哪天截止"), [InputRequired(_l("选截止日期。"))])
    notice_days = IntegerField(
        _l("公示几个工作日"),
        [InputRequired(_l("写一个数。"))],
        description=_l("张贴当天不算。最少几天的依据：待补，请按当地规定写"),
    )
    channel = StringField(_l("有意见向谁反映"), _needed(LONGEST_CHANNEL), description=_l("写电话和地址，会印在公示上"))


class PlaceForm(BaseForm):
    """加一个岗位."""

    grid = SelectField(_l("网格"))
    post = SelectField(_l("岗位"), choices=choices((each.value, POST_WORDS[each]) for each in Post))
    employment = SelectField(
        _l("怎么任职"), choices=choices((each.value, EMPLOYMENT_WORDS[each]) for each in Employment)
    )
    number = IntegerField(
        _l("选几个人"),
        [InputRequired(_l("写一个数。")), NumberRange(1, 99, _l("人数写 1 到 99。"))],
        default=1,
    )


_WEIGHT = [InputRequired(_l("写一个数，不算就写 0。")), NumberRange(0, 100, _l("写 0 到 100。"))]


class RuleForm(BaseForm):
    """综合得分的规则."""

    competency = IntegerField(_l("能力得分占多少"), _WEIGHT, description=_l("岗前课程各项能力得分的平均"))
    quiz = IntegerField(_l("测验成绩占多少"), _WEIGHT, description=_l("岗前课程通过的那次测验，得分率的平均"))
    age = IntegerField(_l("年龄占多少"), _WEIGHT, description=_l("平常写 0"))
    education = IntegerField(_l("学历占多少"), _WEIGHT, description=_l("平常写 0"))
    age_bands = TextAreaField(
        _l("各年龄段得几分"),
        _longest(LONGEST_REASON),
        description=_l("一行一段，写到几岁、得几分，例如 45: 100。年龄更大的按最后一行算"),
    )
    education_points = TextAreaField(
        _l("各学历得几分"), _longest(LONGEST_REASON), description=_l("一行一种，例如 大专: 90")
    )
    reason = StringField(
        _l("为什么改"), _longest(LONGEST_REASON), description=_l("报名已经开始的，要写原因，和规则一起公布")
    )


class ReasonForm(BaseForm):
    """写原因."""

    reason = TextAreaField(_l("原因"), _needed(LONGEST_REASON))


class EmptyForm(BaseForm):
    """只有一个按钮."""


class RelativesForm(BaseForm):
    """申报亲属，最多三位；更多的当面说."""

    relative_1 = StringField(_l("亲属姓名"), _longest(60))
    relation_1 = SelectField(_l("是什么关系"), choices=choices((each.value, RELATION_WORDS[each]) for each in Relation))
    relative_2 = StringField(_l("亲属姓名"), _longest(60))
    relation_2 = SelectField(_l("是什么关系"), choices=choices((each.value, RELATION_WORDS[each]) for each in Relation))
    relative_3 = StringField(_l("亲属姓名"), _longest(60))
    relation_3 = SelectField(_l("是什么关系"), choices=choices((each.value, RELATION_WORDS[each]) for each in Relation))


class ApplyForm(RelativesForm):
    """我要报名."""

    place = RadioField(_l("报哪个岗位"), [InputRequired(_CHOOSE)])
    source = SelectField(
        _l("您从哪里来"),
        [InputRequired(_CHOOSE)],
        choices=choices([("", _l("请选一个")), *((each.value, SOURCE_WORDS[each]) for each in Source)]),
    )
    agree = BooleanField(_l("我看过上面的自愿声明，同意"), [InputRequired(_l("勾上才能报名。不愿意的，不用报。"))])


class EnterForm(RelativesForm):
    """代录一份报名."""

    place = RadioField(_l("报哪个岗位"), [InputRequired(_CHOOSE)])
    staff_number = StringField(_l("工号"), _longest(20), description=_l("已经在系统里的人写工号，下面的姓名不用填"))
    name = StringField(_l("姓名"), _longest(60), description=_l("没有写工号的，要写姓名"))
    sex = SelectField(
        _l("性别"), choices=choices((each.value, SEX_WORDS[each]) for each in (Sex.UNKNOWN, Sex.FEMALE, Sex.MALE))
    )
    birth_month = StringField(_l("出生年月"), _longest(7), description=_l("写成 1974-05 这样"))
    education = SelectField(_l("学历"), choices=choices(EDUCATION_WORDS.items()))
    phone = StringField(_l("手机"), _longest(20))
    source = SelectField(
        _l("从哪里来"),
        [InputRequired(_CHOOSE)],
        choices=choices([("", _l("请选一个")), *((each.value, SOURCE_WORDS[each]) for each in Source)]),
    )
    stated_on = DateField(_l("自愿声明上签的日期"), [InputRequired(_l("选声明上的日期。"))])


class CheckForm(BaseForm):
    """核对材料."""

    seen = SelectMultipleField(
        _l("看到了哪些"),
        choices=choices((each.value, PAPER_WORDS[each]) for each in (Paper.STATEMENT, Paper.IDENTITY_SEEN)),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    other = StringField(
        _l("还缺什么"), _longest(LONGEST_REASON), description=_l("写给本人看，例如：毕业证复印件。不缺就空着")
    )


class OpinionForm(BaseForm):
    """录一份考察意见."""

    body = RadioField(
        _l("哪一家的意见"),
        [InputRequired(_CHOOSE)],
        choices=choices((each.value, BODY_WORDS[each]) for each in Body),
    )
    is_agreed = RadioField(
        _l("结论"), [InputRequired(_CHOOSE)], choices=choices((("yes", _l("同意")), ("no", _l("不同意"))))
    )
    text = TextAreaField(_l("意见"), _needed(LONGEST_TEXT), description=_l("照着签了名的意见写"))
    signer = StringField(_l("谁签的名"), _needed(LONGEST_TITLE), description=_l("两份意见要由两个人签"))
    dated = DateField(_l("签的日期"), [InputRequired(_l("选日期。"))])


class PasswordForm(BaseForm):
    """再写一次密码."""

    password = PasswordField(
        _l("您的密码"),
        [InputRequired(_l("写上密码。")), Length(max=200)],
        description=_l("这一步很要紧，要确认是您本人"),
        render_kw={"autocomplete": "current-password"},
    )


class RefuseForm(PasswordForm):
    """不同意."""

    reason = TextAreaField(_l("为什么不同意"), _needed(LONGEST_REASON), description=_l("本人看得到"))


class LapseForm(PasswordForm):
    """登记已经审批同意的人撤回."""

    reason = TextAreaField(_l("原因"), _needed(LONGEST_REASON))


class FileForm(PasswordForm):
    """备案."""

    number = StringField(_l("备案编号"), _needed(LONGEST_NUMBER))
    filed_on = DateField(_l("备案日期"), [InputRequired(_l("选日期。"))])
    office = StringField(_l("哪里收的"), _needed(LONGEST_NUMBER), description=_l("例如：区网格中心"))


class ExtendForm(BaseForm):
    """延长公示."""

    working_days = IntegerField(
        _l("一共公示几个工作日"),
        [InputRequired(_l("写一个数。"))],
        description=_l("从张贴那天算起的总数，只能比现在多"),
    )
    reason = StringField(_l("为什么延长"), _needed(LONGEST_REASON))


class EditForm(BaseForm):
    """改公示，重新开始数."""

    channel = StringField(_l("有意见向谁反映"), _needed(LONGEST_CHANNEL))
    reason = StringField(_l("为什么改"), _needed(LONGEST_REASON))


class PublicObjectionForm(BaseForm):
    """我有意见要反映."""

    text = TextAreaField(
        _l("您要反映什么"),
        _needed(LONGEST_TEXT),
        description=_l("写清楚反映谁、什么事。不要写别人的身份证号和电话"),
    )
    contact = StringField(
        _l("怎么联系您"), _longest(LONGEST_CONTACT), description=_l("电话或者别的都行，只给办事的同事看")
    )


class ObjectionForm(PublicObjectionForm):
    """登记一件异议."""

    case = SelectField(_l("反映谁"))
    channel = RadioField(
        _l("怎么来的"),
        [InputRequired(_CHOOSE)],
        choices=choices((each.value, CHANNEL_WORDS[each]) for each in (Channel.PHONE, Channel.LETTER, Channel.VISIT)),
    )


class AnswerForm(BaseForm):
    """答复异议."""

    case = SelectField(_l("关系到谁"))
    is_upheld = RadioField(
        _l("查得怎么样"),
        [InputRequired(_CHOOSE)],
        choices=choices((("no", _l("没有查实")), ("yes", _l("查实了")))),
    )
    answer = TextAreaField(_l("答复"), _needed(LONGEST_TEXT), description=_l("写清楚查了什么、为什么这样定"))


class YearForm(BaseForm):
    """录入一年的节假日."""

    year = IntegerField(_l("哪一年"), [InputRequired(_l("写年份。"))])
    source = StringField(_l("依据哪份文件"), _needed(LONGEST_REASON), description=_l("当年放假安排通知的名称和文号"))
    holidays = TextAreaField(
        _l("放假的日子"),
        [InputRequired(_REQUIRED)],
        description=_l("一行一段：2027-10-01..2027-10-07 国庆节。周末也写进去"),
    )
    workdays = TextAreaField(
        _l("周末调休上班的日子"), [Optional()], description=_l("一行一天：2027-10-09 国庆节。没有就空着")
    )
