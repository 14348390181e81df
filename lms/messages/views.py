"""The inbox."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.core import clock
from lms.core.paging import PAGE_SIZE, page_of
from lms.messages import queries, services
from lms.messages.forms import PAGES, words_of
from lms.web.guards import allow
from lms.web.transaction import reading, writing

if TYPE_CHECKING:
    from lms.messages.models import Message

blueprint = Blueprint("messages", __name__)


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


@blueprint.app_template_global()
def message_words(message: "Message") -> str:
    """Return a message in words."""
    return words_of(message.kind, message.values)


@blueprint.app_template_global()
def message_url(message: "Message") -> str:
    """Return the page of what a message tells."""
    endpoint, has_target = PAGES[message.kind]
    return url_for(endpoint, public_id=message.target) if has_target else url_for(endpoint)


@blueprint.get("/messages")
@allow(Permission.MESSAGE_READ)
def inbox() -> str:
    """What has happened to oneself, latest first; what is new stands out."""
    reader = reading()
    page = page_of(reader, queries.messages(_actor()), request.args.get("page", 1, type=int))
    return render_template(
        "messages/inbox.html",
        page=page,
        new=[each.public_id for each in page.rows if each.read_at is None],
        page_url=lambda number: number and url_for("messages.inbox", page=number),
    )


@blueprint.post("/messages/seen")
@allow(Permission.MESSAGE_READ)
def seen() -> Any:
    """Note that the messages of a page were seen. What came meanwhile stays new."""
    services.see(writing(), _actor(), request.form.get("messages", "").split()[:PAGE_SIZE], now=clock.now())
    flash(_("都记作看过了。"), "ok")
    return redirect(url_for("messages.inbox"))
