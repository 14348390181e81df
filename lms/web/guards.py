"""Default deny: an endpoint without ``@allow`` or ``@public`` stops the start of the application."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

from lms.access.permissions import Permission
from lms.core.errors import SetupError

View = TypeVar("View", bound=Callable[..., Any])

_RULE = "_lms_access"


class AccessRule:
    """What an endpoint asks of its caller."""

    def __init__(
        self,
        permission: Permission | None,
        *,
        reason: str = "",
        sessionless: bool = False,
        first_steps: bool = False,
    ) -> None:
        self.permission = permission
        self.reason = reason
        self.sessionless = sessionless
        self.first_steps = first_steps


def allow(permission: Permission, *, first_steps: bool = False) -> Callable[[View], View]:
    """Mark a view as open to signed-in persons one of whose roles includes ``permission``.

    ``first_steps``: also before the first password is changed and the privacy notice is read.
    Which object they may touch is decided in the service or by the scoped query.
    """

    def mark(view: View) -> View:
        setattr(view, _RULE, AccessRule(permission, first_steps=first_steps))
        return view

    return mark


def public(reason: str, *, sessionless: bool = False) -> Callable[[View], View]:
    """Mark a view as open to everyone, and say why. ``sessionless``: sets and reads no cookie at all."""

    def mark(view: View) -> View:
        setattr(view, _RULE, AccessRule(None, reason=reason, sessionless=sessionless))
        return view

    return mark


def rule_of(app: Flask, endpoint: str) -> AccessRule:
    """Return the access rule of an endpoint."""
    rule: AccessRule = getattr(app.view_functions[endpoint], _RULE)
    return rule


def refuse_unmarked(app: Flask) -> None:
    """Raise SetupError, naming every endpoint that says nothing about who may use it."""
    unmarked = sorted(
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint != "static" and not isinstance(getattr(view, _RULE, None), AccessRule)
    )
    if unmarked:
        raise SetupError("endpoints without @allow or @public: " + ", ".join(unmarked))
