"""One transaction per request: what is acknowledged is saved, what is refused leaves nothing."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, abort, g, make_response, request
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from lms.core.db import Database, ReadOnlyViolation, make_engine
from lms.core.errors import Conflict, Invalid, LMSError, NotFound, Throttled
from lms.people.models import OrgUnit, Preference
from lms.web import guards
from lms.web.errors import STATUS
from lms.web.transaction import database, end_reading, reading, wants_json, writing
from tests.conftest import Site, csrf, make_app

View = Callable[[], Any]


def preference(session: Session, site: Site) -> None:
    """Write something that needs no audit entry."""
    session.add(Preference(person_id=site.world.person_ids["N1"], language="en", text_size=""))


def saved(db: Database) -> bool:
    with db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Preference)) == 1


def run(site: Site, view: View, *, method: str = "POST") -> TestResponse:
    """Run a view in an application of its own and return its response."""
    app = make_app(site)
    app.add_url_rule("/try", "try_it", guards.public("for a test")(view), methods=[method])
    client = app.test_client()
    data = {"csrf_token": csrf(client)} if method == "POST" else None
    return client.open("/try", method=method, data=data)


@pytest.mark.parametrize("status", [200, 201, 204, 302, 303, 399])
def test_a_response_below_400_is_saved(site: Site, status: int) -> None:
    def view() -> Any:
        preference(writing(), site)
        return "", status

    assert run(site, view).status_code == status
    assert saved(site.db)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_a_response_from_400_on_leaves_nothing(shared_site: Site, status: int) -> None:
    def view() -> Any:
        preference(writing(), shared_site)
        writing().flush()
        return make_response("", status)

    assert run(shared_site, view).status_code == status
    assert not saved(shared_site.db)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("people.role.dates"), 422),
        (Conflict("people.role.moved_on", state="x"), 409),
        (NotFound("access.not_found"), 404),
        (Throttled("people.sign_in.throttled", retry_after=5), 429),
        (RuntimeError("broken"), 500),
    ],
)
def test_an_error_leaves_nothing(shared_site: Site, error: Exception, status: int) -> None:
    def view() -> Any:
        preference(writing(), shared_site)
        writing().flush()
        raise error

    assert run(shared_site, view).status_code == status
    assert not saved(shared_site.db)


def test_an_abort_leaves_nothing(shared_site: Site) -> None:
    def view() -> Any:
        preference(writing(), shared_site)
        abort(413)

    assert run(shared_site, view).status_code == 413
    assert not saved(shared_site.db)


# --- what goes wrong at the commit -------------------------------------------------------------------------


def test_an_error_at_commit_is_no_success(site: Site) -> None:
    """The row breaks a constraint that shows only when it is written, after the view has returned."""
    with site.db.writing() as session:
        preference(session, site)

    def view() -> Any:
        preference(writing(), site)  # the second for this person; nothing is flushed yet
        return "saved"

    response = run(site, view)
    assert response.status_code == 409
    assert "saved" not in response.get_data(as_text=True)


def test_an_unaudited_change_is_no_success(site: Site) -> None:
    def view() -> Any:
        writing().get_one(OrgUnit, site.world.unit_ids["east"]).name_en = "Changed"
        return "saved"

    assert run(site, view).status_code == 500
    with site.db.reading() as session:
        assert session.get_one(OrgUnit, site.world.unit_ids["east"]).name_en == "East"


def test_a_commit_that_fails_is_no_success(site: Site) -> None:
    """Power loss or a full disk at the commit itself: the answer is 503 with “come again”, never 200."""

    def view() -> Any:
        session = writing()
        preference(session, site)

        def fail(_session: Session) -> None:
            raise sa.exc.OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))

        sa.event.listen(session, "before_commit", fail)
        return "saved"

    response = run(site, view)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert not saved(site.db)


def test_a_write_that_cannot_have_the_lock_in_time_is_told_to_come_again(site: Site) -> None:
    """A second real connection holds the lock for longer than a page waits."""
    impatient = Database(make_engine(site.settings.database_url, busy_ms=100))
    waiting = Site(site.settings, impatient, site.world)
    holder = site.db.new_writer()
    preference(holder, site)
    holder.flush()

    def view() -> Any:
        preference(writing(), site)  # on PostgreSQL the same key waits for the holder, on SQLite any write does
        writing().flush()
        return "saved"

    try:
        response = run(waiting, view)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "3"
        assert "请过几秒再按一次" in response.get_data(as_text=True)
    finally:
        holder.rollback()
        holder.close()
        impatient.engine.dispose()
    assert not saved(site.db)


def test_readers_do_not_wait_for_a_writer(site: Site) -> None:
    holder = site.db.new_writer()
    preference(holder, site)
    holder.flush()

    def view() -> Any:
        return str(reading().scalar(sa.select(sa.func.count()).select_from(Preference)))

    try:
        response = run(site, view, method="GET")
        assert (response.status_code, response.get_data(as_text=True)) == (200, "0")
    finally:
        holder.rollback()
        holder.close()


# --- reads -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_that_asks_to_write_fails(shared_site: Site, method: str) -> None:
    def view() -> Any:
        preference(writing(), shared_site)
        return "saved"

    assert run(shared_site, view, method=method).status_code == 500
    assert not saved(shared_site.db)


def test_a_get_that_writes_into_its_reading_session_fails(site: Site) -> None:
    def view() -> Any:
        preference(reading(), site)
        reading().flush()
        return "saved"

    assert run(site, view, method="GET").status_code == 500
    assert not saved(site.db)


def test_a_reading_session_refuses_writes_by_statement_too(site: Site) -> None:
    refused: list[bool] = []

    def view() -> Any:
        with pytest.raises(ReadOnlyViolation):
            reading().execute(sa.update(Preference).values(language="en"))
        refused.append(True)
        return ""

    assert run(site, view, method="GET").status_code == 200
    assert refused


def test_a_request_sees_one_snapshot(site: Site) -> None:
    """What a colleague saves meanwhile does not make a page contradict itself."""

    def view() -> Any:
        counting = sa.select(sa.func.count()).select_from(Preference)
        before = reading().scalar(counting)
        with database().writing() as session:
            preference(session, site)
        return f"{before} {reading().scalar(counting)}"

    assert run(site, view, method="GET").get_data(as_text=True) == "0 0"


def test_whoever_writes_does_not_decide_by_an_old_snapshot(site: Site) -> None:
    def view() -> Any:
        counting = sa.select(sa.func.count()).select_from(Preference)
        reading().scalar(counting)
        with database().writing() as session:
            preference(session, site)
        writing()
        return str(reading().scalar(counting))

    assert run(site, view).get_data(as_text=True) == "1"


def test_a_request_has_one_session_of_each_kind_and_leaves_none(site: Site) -> None:
    app = make_app(site)

    def view() -> Any:
        assert reading() is reading()
        assert writing() is writing()
        end_reading()
        end_reading()
        return ""

    app.add_url_rule("/try", "try_it", guards.public("for a test")(view), methods=["POST"])
    client = app.test_client()
    token = csrf(client)
    with client:
        assert client.post("/try", data={"csrf_token": token}).status_code == 200
        assert "lms_reader" not in g
        assert "lms_writer" not in g
    pool = site.db.engine.pool
    assert isinstance(pool, sa.QueuePool)
    assert pool.checkedout() == 0


@pytest.mark.parametrize("path", ["/", "/me", "/nowhere", "/sign-in", "/healthz"])
def test_no_answer_keeps_a_connection(site: Site, path: str) -> None:
    app = make_app(site)
    app.test_client().get(path)
    app.test_client().post(path)
    pool = site.db.engine.pool
    assert isinstance(pool, sa.QueuePool)
    assert pool.checkedout() == 0


# --- scripts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("text/html;q=0.5, application/json", True),
        ("*/*", False),
        ("", False),
    ],
)
def test_scripts_ask_for_json(accept: str, expected: bool) -> None:
    bare = Flask("bare", static_folder=None)
    with bare.test_request_context(headers={"Accept": accept}):
        assert wants_json(request) is expected


def test_every_refusal_of_ours_is_an_error_the_pages_know() -> None:
    assert set(LMSError.__subclasses__()) == set(STATUS)
