"""One transaction per request.

A GET reads one snapshot; a POST writes in one transaction that is committed when the view has returned a
response below 400 and rolled back otherwise. The write lock is taken with the first statement, so a view
that hashes a password first does it outside the lock. See docs/adr/0003.
"""

from typing import Any, cast

from flask import Flask, Request, Response, current_app, g, request
from sqlalchemy.orm import Session

from lms.core.db import Database

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def database() -> Database:
    """Return the application's database."""
    return cast(Database, current_app.extensions["lms.database"])


def reading() -> Session:
    """Return the request's reading session (one snapshot, refuses to write)."""
    session = g.get("lms_reader")
    if session is None:
        session = g.lms_reader = database().new_reader()
    return cast(Session, session)


def writing() -> Session:
    """Return the request's writing session. Raises RuntimeError in a GET: what writes must be a POST.

    The snapshot of the reading session ends here, so that nothing stale is used for a decision.
    """
    if request.method in SAFE_METHODS:
        raise RuntimeError("a GET may not write")
    session = g.get("lms_writer")
    if session is None:
        end_reading()
        session = g.lms_writer = database().new_writer()
    return cast(Session, session)


def end_reading() -> None:
    """Close the reading session, if there is one."""
    session = g.pop("lms_reader", None)
    if session is not None:
        session.close()


def _end_writing(*, commit: bool) -> None:
    session = g.pop("lms_writer", None)
    if session is None:
        return
    try:
        if commit:
            session.commit()
        else:
            session.rollback()
    finally:
        session.close()


class TransactionalFlask(Flask):
    """Flask whose dispatch ends the request's transaction before the response leaves."""

    def do_teardown_appcontext(self, *args: Any, **kwargs: Any) -> None:
        # A guard may answer before dispatch, an error page may read after it: nothing stays open.
        _end_writing(commit=False)
        end_reading()
        super().do_teardown_appcontext(*args, **kwargs)

    def process_response(self, response: Response) -> Response:
        response = super().process_response(response)
        if g.get("lms_sessionless", False):
            # Flask-Login looks into the session after every request, and Flask notes it; the page did not depend on it.
            response.vary.discard("Cookie")
        return response

    def dispatch_request(self) -> Any:
        try:
            response = self.make_response(super().dispatch_request())
            _end_writing(commit=response.status_code < 400)
            return response
        finally:
            _end_writing(commit=False)
            end_reading()


def wants_json(asked: Request) -> bool:
    """Whether the client is a script of ours that asks for JSON."""
    return asked.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
