"""Public pages: the notices that run, one notice, and objecting to it. Nobody signs in for them."""

from datetime import timedelta
from typing import Any

from flask import Response, current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.core import clock
from lms.core.errors import Conflict, Invalid, Throttled
from lms.people.forms import EDUCATION_WORDS, POST_WORDS, SEX_WORDS
from lms.people.rules import Post, Sex, ThrottleRule
from lms.people.services import throttle
from lms.selection import queries
from lms.selection.forms import SOURCE_WORDS, PublicObjectionForm
from lms.selection.queries import NoticeView
from lms.selection.rules import Source
from lms.selection.services import notices as services
from lms.selection.views import blueprint
from lms.web.guards import public
from lms.web.transaction import database, reading, writing

OBJECTION_THROTTLES = {
    "address": ThrottleRule(5, timedelta(minutes=10)),
    "all": ThrottleRule(200, timedelta(minutes=10)),
}
"""As sign-ins are throttled: by address, and altogether."""

COLUMNS: dict[str, Any] = {
    "name": _l("姓名"),
    "sex": _l("性别"),
    "birth_month": _l("出生年月"),
    "education": _l("学历"),
    "source": _l("来源"),
    "grid": _l("网格"),
    "post": _l("岗位"),
}
"""The columns of the notice in their order; exactly ``rules.PUBLIC_FIELDS``."""


def words_of(field: str, value: str) -> Any:
    """Return a value of the notice in words."""
    match field:
        case "sex":
            return SEX_WORDS[Sex(value)]
        case "birth_month":
            return _("%(y)s年%(m)s月", y=int(value[:4]), m=int(value[5:]))
        case "education":
            return EDUCATION_WORDS.get(value, value)
        case "source":
            return SOURCE_WORDS[Source(value)]
        case "post":
            return POST_WORDS[Post(value)]
        case _:
            return value


@blueprint.get("/notices")
@public("residents read which notices run without an account", sessionless=True)
def notices() -> str:
    """The notices that run today."""
    return render_template("selection/notices.html", notices=queries.running_notices(reading(), clock.today()))


@blueprint.get("/notices/<public_id>")
@public("residents read a notice without an account", sessionless=True)
def notice(public_id: str) -> Any:
    """One notice: exactly the fields that are public. Over or replaced: 410, and no name."""
    view = queries.notice_view(reading(), public_id, clock.today())
    if view is None:
        return _over()
    return render_template("selection/notice.html", notice=view, columns=COLUMNS, words_of=words_of)


def _over() -> tuple[str, int]:
    return render_template("selection/notice_over.html"), 410


def _count_or_refuse() -> None:
    """Count an objection from this address; raise Throttled after too many. Own short transactions."""
    secret = str(current_app.secret_key)
    keys = [
        (throttle.throttle_key(secret, "objection", request.remote_addr or ""), OBJECTION_THROTTLES["address"]),
        (throttle.throttle_key(secret, "objection-all"), OBJECTION_THROTTLES["all"]),
    ]
    try:
        throttle.refuse_if_throttled(database(), keys)
    except Throttled as error:
        raise Throttled("selection.objection.throttled", retry_after=error.params["retry_after"]) from error
    throttle.count_failure(database(), keys)


@blueprint.route("/notices/<public_id>/object", methods=["GET", "POST"])
@public("whoever has something to say about a notice need not sign in")
def object_to(public_id: str) -> Any:
    """Write an objection; the answer is its number."""
    view = queries.notice_view(reading(), public_id, clock.today())
    if view is None:
        return _over()
    form = PublicObjectionForm()
    status = 200
    if form.validate_on_submit():
        try:
            _count_or_refuse()
            objection = services.object_to(
                writing(),
                public_id,
                text=form.text.data or "",
                contact=form.contact.data or "",
                now=clock.now(),
            )
        except (Invalid, Conflict, Throttled) as error:
            writing().rollback()
            form.add_error(error)
            status = 429 if isinstance(error, Throttled) else 422
        else:
            return render_template("selection/objected.html", number=objection.number, notice=_plain(view))
    elif form.errors:
        status = 422
    return render_template("selection/object.html", form=form, notice=_plain(view)), status


def _plain(view: NoticeView) -> dict[str, Any]:
    """Return what the pages of an objection need of a notice: no names of persons."""
    return {
        "unit": view.unit,
        "ends_on": view.ends_on,
        "channel": view.channel,
        "url": url_for("selection.notice", public_id=view.public_id),
    }


@blueprint.after_request
def _not_for_search_engines(response: Response) -> Response:
    if request.endpoint in {"selection.notices", "selection.notice", "selection.object_to"}:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Cache-Control"] = "no-store"
    return response
