"""THE list of parts. Nothing is discovered: what is not named here does not exist.

A reader finds here every blueprint, job handler, reaction to an event, scheduled job, command and wordbook.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click
from flask import Blueprint, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

import lms.audit.cli
import lms.certification.cli
import lms.certification.forms
import lms.certification.views
import lms.competency.cli
import lms.competency.forms
import lms.competency.views
import lms.content.cli
import lms.content.forms
import lms.content.views
import lms.courses.forms
import lms.courses.views
import lms.dashboard.views
import lms.duties.cli
import lms.duties.forms
import lms.duties.views
import lms.jobs.cli
import lms.jobs.views
import lms.mentoring.forms
import lms.mentoring.views
import lms.messages.forms
import lms.messages.views
import lms.people.cli
import lms.people.forms
import lms.people.views
import lms.practice.views
import lms.quizzes.forms
import lms.quizzes.views
import lms.selection.cli
import lms.selection.forms
import lms.selection.views
from lms.access.decide import may_use
from lms.access.identity import Identity, Role
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.certification import tasks as certification
from lms.certification.content import CERTIFICATE
from lms.certification.events import CertificateEnded, CertificateIssued
from lms.certification.services import issuing, papers
from lms.competency import tasks as competency
from lms.competency.content import FRAMEWORK
from lms.competency.events import LevelGiven, LevelsChanged
from lms.content.content import DUTIES, GLOSSARY, LAWS, ContentType
from lms.core.db import Database
from lms.core.reactions import Listeners
from lms.courses.content import COURSE, PROGRAMMES
from lms.dashboard import tasks as reminders
from lms.duties import services as duty_lists
from lms.duties import tasks as duties
from lms.jobs.services import Handler
from lms.mentoring import queries as mentoring_queries
from lms.mentoring import tasks as mentoring
from lms.mentoring.events import MentorNamed
from lms.mentoring.services import pairs
from lms.messages import services as inbox
from lms.messages import tasks as messages_kept
from lms.people import tasks as people
from lms.people.events import PersonMoved, PostsChanged
from lms.people.services import roster, traces
from lms.practice.content import CARD, PICTURE, SCENARIO
from lms.quizzes import tasks as quizzes
from lms.quizzes.content import BANK
from lms.selection.services import acts as cases
from lms.web import messages

IN_BAR = 5


@dataclass(frozen=True)
class Entry:
    """A place in the main navigation."""

    endpoint: str
    label: Any
    icon: str
    permission: Permission
    roles: tuple[Role, ...] = ()
    """Shown to these roles only, although others hold the permission for their own things."""
    has_whole_blueprint: bool = False
    """Marked on every page of its blueprint, not on its own page alone."""
    in_full: Any = None
    """What it is called where there is room, when that is more than the label."""


@dataclass(frozen=True)
class Shown:
    """A place as a page shows it."""

    label: str
    url: str
    icon: str
    current: bool


BLUEPRINTS: Sequence[Blueprint] = (
    lms.dashboard.views.blueprint,
    lms.courses.views.blueprint,
    lms.quizzes.views.blueprint,
    lms.content.views.blueprint,
    lms.certification.views.blueprint,
    lms.selection.views.blueprint,
    lms.people.views.blueprint,
    lms.competency.views.blueprint,
    lms.mentoring.views.blueprint,
    lms.messages.views.blueprint,
    lms.duties.views.blueprint,
    lms.practice.views.blueprint,
    lms.jobs.views.blueprint,
)

MESSAGES: Sequence[messages.Messages] = (
    messages.MESSAGES,
    lms.people.forms.MESSAGES,
    lms.competency.forms.MESSAGES,
    lms.content.forms.MESSAGES,
    lms.certification.forms.MESSAGES,
    lms.courses.forms.MESSAGES,
    lms.quizzes.forms.MESSAGES,
    lms.mentoring.forms.MESSAGES,
    lms.duties.forms.MESSAGES,
    lms.selection.forms.MESSAGES,
)

CONTENT_TYPES: Sequence[ContentType] = (
    LAWS,
    GLOSSARY,
    DUTIES,
    FRAMEWORK,
    COURSE,
    PROGRAMMES,
    BANK,
    CERTIFICATE,
    SCENARIO,
    PICTURE,
    CARD,
)
"""Kinds of content files, for ``lms content`` and the start. What is named by others stands first."""

LISTENERS: Listeners = {
    LevelGiven: (pairs.on_level_given, cases.on_level_given),
    MentorNamed: (cases.on_mentor_named,),
    LevelsChanged: (duty_lists.on_levels_changed,),
    CertificateIssued: (duty_lists.on_certificate_issued,),
    CertificateEnded: (duty_lists.on_certificate_ended,),
    PersonMoved: (inbox.on_person_moved, pairs.person_moved, duty_lists.on_person_moved),
    PostsChanged: (duty_lists.on_posts_changed,),
}
"""Event class → functions (session, event), run in this order inside the act's transaction."""

JOB_HANDLERS: dict[str, Handler] = {
    roster.JOB: roster.enter_all,
    issuing.SIGN_OFF: certification.sign_off_batch,
    papers.RENDER: certification.render,
}
"""Job name → handler. Names never change: rows in the outbox hold them."""

SCHEDULE: Sequence[Callable[[Database], None]] = (
    quizzes.close_overdue,
    competency.expire_due,
    mentoring.lapse_unanswered,
    certification.sweep,
    certification.expire_due,
    duties.refresh_due,
    reminders.remind_due,
    messages_kept.sweep,
    roster.sweep,
    people.end_lapsed_roles,
    traces.sweep,
    audit.sweep_access_log,
)
"""Called once a minute by the worker; each adds the jobs that are due, by state, not by date."""

RELATIONS: Mapping[Role, Callable[[Session, int], frozenset[int]]] = {
    Role.MENTOR: mentoring_queries.mentees_of,
}
"""Role → who is assigned to a person who holds it, by the person's id (one query). Asked at sign-in of each request."""


def assigned_to(session: Session, identity: Identity) -> Identity:
    """Return an identity with those assigned to it; asks only for the roles that it holds."""
    asked = [ask for role, ask in RELATIONS.items() if identity.holds(role)]
    if identity.person_id is None or not asked:
        return identity
    found = frozenset[int]().union(*(ask(session, identity.person_id) for ask in asked))
    return replace(identity, assigned=identity.assigned | found)


NAVIGATION: Sequence[Entry] = (
    Entry("dashboard.home", _l("首页"), "home", Permission.HOME_SEE),
    Entry("mentoring.mentees", _l("带教"), "pen", Permission.SESSION_LOG, in_full=_l("我的徒弟")),
    Entry("people.people", _l("人员"), "person", Permission.PERSON_LIST),
    Entry("certification.desk", _l("证书"), "seal", Permission.CERTIFICATE_LIST, in_full=_l("发证书")),
    Entry("selection.rounds", _l("选拔"), "flag", Permission.ROUND_SEE, (Role.OFFICIAL,), in_full=_l("选拔批次")),
    Entry("quizzes.results", _l("成绩"), "evidence", Permission.RESULTS_SEE, (Role.TRAINER, Role.OFFICIAL)),
    Entry("mentoring.pairs", _l("结对"), "people", Permission.PAIR_LIST, in_full=_l("带教结对")),
    Entry("dashboard.overview", _l("总览"), "list", Permission.OVERVIEW_SEE),
    Entry("dashboard.audit_trail", _l("审计"), "list", Permission.AUDIT_READ, (Role.OFFICIAL, Role.AUDIT_ADMIN)),
    Entry("content.problems", _l("内容"), "doc", Permission.CONTENT_CHECK, in_full=_l("课程内容检查")),
    Entry("courses.catalogue", _l("学习"), "book", Permission.COURSE_LEARN, has_whole_blueprint=True),
    Entry("duties.mine", _l("职责"), "list", Permission.DUTY_LIST_SEE, in_full=_l("我的职责清单")),
    Entry("dashboard.own_levels", _l("能力"), "evidence", Permission.LEVEL_SEE, in_full=_l("我的能力档案")),
    Entry("certification.mine", _l("证书"), "seal", Permission.CERTIFICATE_OWN, in_full=_l("我的证书")),
    Entry("mentoring.mine", _l("师傅"), "people", Permission.PAIR_SEE, in_full=_l("我的师傅")),
    Entry("selection.mine", _l("报名"), "hand", Permission.APPLICATION_MAKE, in_full=_l("我的报名")),
    Entry("competency.recognitions", _l("认定"), "pen", Permission.RECOGNITION_CONFIRM, in_full=_l("等级认定")),
    Entry("duties.team", _l("确认"), "check", Permission.DUTY_TEAM_SEE, in_full=_l("职责清单确认情况")),
    Entry("courses.notes", _l("笔记"), "pen", Permission.COURSE_LEARN, in_full=_l("我的笔记")),
    Entry("practice.cards", _l("卡片"), "doc", Permission.COURSE_LEARN, in_full=_l("随身卡，打印了带着走")),
    Entry("practice.overview", _l("情景"), "eye", Permission.CONTENT_CHECK, in_full=_l("情景和找隐患图")),
    Entry("duties.matrix", _l("权限"), "search", Permission.DUTY_SEE, in_full=_l("谁能办什么")),
    Entry("messages.inbox", _l("消息"), "bell", Permission.MESSAGE_READ),
    Entry("people.roles", _l("角色"), "person", Permission.ROLE_CONFIRM),
    Entry("people.units", _l("单位"), "list", Permission.UNIT_SEE, in_full=_l("单位和网格")),
    Entry("people.me", _l("我的"), "person", Permission.OWN_PROFILE),
)
"""The places of the product, in the order of their weight; a person sees those their roles include.

The bar shows five at most, since a phone has room for no more: the first four and the last. The home page shows all.
"""


def _open_to(identity: Identity) -> list[Entry]:
    return [
        entry
        for entry in NAVIGATION
        if may_use(identity, entry.permission)
        and (not entry.roles or any(identity.holds(role) for role in entry.roles))
    ]


def _is_here(entry: Entry) -> bool:
    if entry.has_whole_blueprint:
        return request.blueprint == entry.endpoint.split(".")[0]
    return request.endpoint == entry.endpoint


def navigation(identity: Identity) -> list[Shown]:
    """Return the bar of a person, the page they are on marked."""
    entries = _open_to(identity)
    return [
        Shown(str(entry.label), url_for(entry.endpoint), entry.icon, _is_here(entry))
        for entry in (entries if len(entries) <= IN_BAR else [*entries[: IN_BAR - 1], entries[-1]])
    ]


def places(identity: Identity) -> list[Shown]:
    """Return every place a person may go to from the home page, by its full name."""
    return [
        Shown(str(entry.in_full or entry.label), url_for(entry.endpoint), entry.icon, current=False)
        for entry in _open_to(identity)[1:]
    ]


COMMANDS: Sequence[click.Command] = (
    lms.people.cli.group,
    lms.content.cli.group,
    lms.competency.cli.group,
    lms.certification.cli.group,
    lms.duties.cli.group,
    lms.selection.cli.group,
    lms.audit.cli.group,
    lms.jobs.cli.group,
)
