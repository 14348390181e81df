"""From an error to a page: every status has one, with words, a way on, and nothing of our insides."""

import logging
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, current_app, g, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError

from lms.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LMSError,
    NotFound,
    ReauthenticationNeeded,
    Throttled,
)
from lms.web.transaction import wants_json

log = logging.getLogger("lms.web")

STATUS: dict[type[LMSError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Invalid: 422,
    Conflict: 409,
    Throttled: 429,
    ReauthenticationNeeded: 403,
}
BUSY_RETRY_SECONDS = 3
BUSY_SIGNS = (
    "database is locked",
    "lock timeout",
    "deadlock detected",
    "connection",
    "server closed",
    "starting up",
    "shutting down",
)


def is_busy(error: sa.exc.OperationalError) -> bool:
    """Whether the database only asks to come again (a lock not had in time, a server just restarting)."""
    text = str(error.orig).lower()
    return any(sign in text for sign in BUSY_SIGNS)


def fault(status: int, text: str, *, title: str = "", retry_after: int | None = None) -> Response:
    """Return an error page (or JSON for our own scripts) with the request's number to give over the phone."""
    number = g.get("lms_request_id", "")
    if wants_json(request):
        response = make_response(jsonify(error=text, number=number), status)
    else:
        response = make_response(
            render_template("web/fault.html", status=status, title=title, text=text, number=number), status
        )
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def install(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(LMSError)
    def _refused(error: LMSError) -> Any:
        if isinstance(error, ReauthenticationNeeded) and not wants_json(request):
            return redirect(url_for("people.reauthenticate", next=_come_back_to()))
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
        retry = error.params.get("retry_after") if isinstance(error, Throttled) else None
        words = current_app.extensions["lms.words"].text(error)
        g.lms_denied = status in {403, 404, 429}
        return fault(status, words, retry_after=retry if isinstance(retry, int) else None)

    @app.errorhandler(CSRFError)
    def _csrf(_error: CSRFError) -> Any:
        return fault(400, _("页面放得太久了，没有存上。请回到上一页，刷新后再按一次。"))

    @app.errorhandler(sa.exc.OperationalError)
    def _operational(error: sa.exc.OperationalError) -> Any:
        if not is_busy(error):
            return _broken(error)
        log.warning("database busy: %s", error.orig)
        return fault(503, _("现在用的人多，没有存上。请过几秒再按一次。"), retry_after=BUSY_RETRY_SECONDS)

    @app.errorhandler(sa.exc.IntegrityError)
    @app.errorhandler(sa.orm.exc.StaleDataError)
    def _integrity(error: Exception) -> Any:
        log.warning("conflict: %s", error)
        return fault(409, _("这条记录刚被别人改过。请看一眼最新的，再办一次。"))

    @app.errorhandler(sa.exc.DataError)
    def _unstorable(error: sa.exc.DataError) -> Any:
        # PostgreSQL refuses what SQLite would take: a NUL in a text, a text longer than its column.
        log.warning("value cannot be stored or looked for: %s", error.orig)
        return fault(400, _("这个请求读不懂。请回到上一页再试一次。"))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        if isinstance(error, SecurityError):
            # A host that is not ours: there is no map of addresses yet, so no page can be made.
            return make_response("400 Bad Request", 400, {"Content-Type": "text/plain; charset=utf-8"})
        texts = {
            400: _("这个请求读不懂。请回到上一页再试一次。"),
            404: _("没有找到这一页。网址可能打错了，或者这一页已经搬走。"),
            405: _("这一步不能这样打开。请回到上一页，按按钮来办。"),
            413: _("文件太大了。请分成几份再传。"),
            415: _("这种文件不能用。"),
            429: _("试得太快了。请过一会儿再来。"),
        }
        response = fault(error.code, texts.get(error.code, _("这一步没有办成。请回到上一页再试一次。")))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    @app.errorhandler(Exception)
    def _broken(error: Exception) -> Any:
        log.exception("request %s failed", g.get("lms_request_id", ""), exc_info=error)
        return fault(500, _("系统出错了，不是您按错。已经存好的都在。请过一会儿再试；再不行，把下面的编号报给管理员。"))


def _come_back_to() -> str:
    """Return where to go after giving the password again: the page the button stood on."""
    if request.method == "GET":
        return request.full_path
    return request.form.get("back") or "/"
