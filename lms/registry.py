"""THE list of parts. Nothing is discovered: what is not named here does not exist.

A reader finds here every blueprint, job handler, reaction to an event, scheduled job, command and wordbook.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from flask import Blueprint, request, url_for
from flask_babel import lazy_gettext as _l

import lms.audit.cli
import lms.dashboard.views
import lms.jobs.cli
import lms.jobs.views
import lms.people.cli
import lms.people.forms
import lms.people.views
from lms.access.decide import may_use
from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core.db import Database
from lms.core.reactions import Listeners
from lms.jobs.services import Handler
from lms.web import messages


@dataclass(frozen=True)
class Entry:
    """A place in the main navigation."""

    endpoint: str
    label: Any
    icon: str
    permission: Permission


@dataclass(frozen=True)
class Shown:
    """A place in the main navigation as a page shows it."""

    label: str
    url: str
    icon: str
    current: bool


BLUEPRINTS: Sequence[Blueprint] = (
    lms.dashboard.views.blueprint,
    lms.people.views.blueprint,
    lms.jobs.views.blueprint,
)

MESSAGES: Sequence[messages.Messages] = (
    messages.MESSAGES,
    lms.people.forms.MESSAGES,
)

LISTENERS: Listeners = {}
"""Event class → functions (session, event), run in this order inside the act's transaction."""

JOB_HANDLERS: dict[str, Handler] = {}
"""Job name → handler. Names never change: rows in the outbox hold them."""

SCHEDULE: Sequence[Callable[[Database], None]] = ()
"""Called once a minute by the worker; each adds the jobs that are due, by state, not by date."""

NAVIGATION: Sequence[Entry] = (
    Entry("dashboard.home", _l("首页"), "home", Permission.HOME_SEE),
    Entry("people.me", _l("我的"), "person", Permission.OWN_PROFILE),
)
"""The main navigation, in its order; a person sees the entries their roles include, at most five."""


def navigation(identity: Identity) -> list[Shown]:
    """Return the navigation of a person, the page they are on marked."""
    entries = [entry for entry in NAVIGATION if may_use(identity, entry.permission)]
    return [
        Shown(str(entry.label), url_for(entry.endpoint), entry.icon, request.endpoint == entry.endpoint)
        for entry in entries[:5]
    ]


COMMANDS: Sequence[click.Command] = (
    lms.people.cli.group,
    lms.audit.cli.group,
    lms.jobs.cli.group,
)
