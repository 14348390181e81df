"""What the pages of selection have in common: one form on a page, one act behind it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask import flash, g, redirect, render_template, request
from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, Throttled
from lms.people.services import accounts
from lms.people.views.accounts import check_own_password
from lms.selection.forms import MESSAGES, PasswordForm
from lms.web.forms import BaseForm
from lms.web.transaction import reading, writing


def actor() -> Identity:
    """Return who acts."""
    identity: Identity = g.signed_in.identity
    return identity


def reread() -> Session:
    """Return a session to show a page from; what a refused act had begun is rolled back first."""
    if request.method == "POST":
        writing().rollback()
    return reading()


def _confirmed(form: PasswordForm) -> Identity:
    """Return the actor after the password was checked just now, in transactions of its own."""
    try:
        check_own_password(form.password.data or "")
    except Invalid as error:
        raise Invalid("people.password.wrong", field="password") from error
    return replace(actor(), reauthenticated_at=clock.real_now())


def act(
    form: BaseForm,
    perform: Callable[[Session, Identity], object],
    page: Callable[[], str],
    *,
    done: Any,
    back: str | Callable[[], str],
) -> Any:
    """Show a page with a form, or do what it asks for and go ``back`` with the words ``done``.

    A refusal is shown at the form, and what was typed stays.
    """
    status = 200
    if form.validate_on_submit():
        try:
            who = _confirmed(form) if isinstance(form, PasswordForm) else actor()
            session = writing()
            if isinstance(form, PasswordForm):
                accounts.note_reauthentication(session, g.signed_in.session_id)
            perform(session, who)
            session.flush()
        except (Invalid, Conflict, Forbidden, Throttled) as error:
            reread()
            form.add_error(error)
            status = 429 if isinstance(error, Throttled) else 422
        else:
            flash(str(done), "ok")
            return redirect(back if isinstance(back, str) else back())
    elif form.errors:
        status = 422
    return page(), status


def why_not(check: Callable[[], object]) -> Any:
    """Return in words why a step cannot be done, as the check of its service says, or nothing when it can."""
    try:
        check()
    except Conflict as error:
        return MESSAGES[error.code] % dict(error.params)
    return ""


def shut(
    form: BaseForm,
    reason: Any,
    title: Any,
    back: tuple[Any, str],
    *,
    facts: Sequence[tuple[Any, Any]] = (),
    status: int = 409,
) -> tuple[str, int] | None:
    """Return the page that says why a step cannot be done, in the place of its form; None when it can be.

    A form that was filled in goes on to the service all the same: it knows what happened since the page was opened,
    takes a second click for what it is, and what was typed stays.
    """
    if not reason or (request.method == "POST" and form.validate()):
        return None
    return render_template("selection/shut.html", title=title, reason=reason, back=back, facts=facts), status


def form_page(
    form: BaseForm,
    title: Any,
    submit: Any,
    back: tuple[Any, str],
    *,
    lead: Sequence[Any] = (),
    facts: Sequence[tuple[Any, Any]] = (),
    kind: str = "primary",
    lock: Any = "",
    rows: int = 4,
) -> str:
    """Return a page of one form: what will follow, what is known, the fields, one button."""
    return render_template(
        "selection/form.html",
        form=form,
        title=title,
        submit=submit,
        back=back,
        lead=lead,
        facts=facts,
        kind=kind,
        lock=lock,
        rows=rows,
    )
