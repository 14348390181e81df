"""Jobs of certification: making papers, signing a batch off. Both may be killed anywhere and run again.

Each certificate is signed in a transaction of its own and each paper registered in one; a run that starts again
passes over what is done. The file is on the disk before the transaction that says so.
"""

import logging
from datetime import datetime, timedelta

from lms.access.identity import SYSTEM
from lms.certification import queries
from lms.certification.documents import Renderer, RenderingError
from lms.certification.services import expiring, issuing, papers
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, NotFound
from lms.core.storage import storage_of
from lms.jobs.services import JobRun

log = logging.getLogger("lms.certification")

AT_ONCE = 200
"""How many certificates one round ends, so that the worker's other duties wait a few seconds at most."""
OVERDUE = timedelta(minutes=10)
"""A paper that waits this long has lost its job; the sweep asks for it again."""


def _make(run: JobRun, renderer: Renderer, public_id: str) -> None:
    """Make and register one paper; nothing when it is made, blocked or gone."""
    with run.db.reading() as session:
        wanted = papers.to_make(session, public_id)
    if wanted is None:
        return
    rendered = renderer.render(wanted.paper)
    if not rendered.missing:
        storage_of(run.db).put(wanted.file_key, rendered.pdf)
    with run.db.writing() as session:
        papers.register(session, public_id, wanted.file_key, rendered, now=clock.now())


def render(run: JobRun) -> None:
    """Make the papers named in ``documents``, one child process for many."""
    documents = list(run.payload["documents"])
    with Renderer() as renderer:
        for count, public_id in enumerate(documents, 1):
            _make(run, renderer, public_id)
            with run.db.writing() as session:
                run.progress(session, count, len(documents))
    with run.db.writing() as session:
        run.finish(session)


def sign_off_batch(run: JobRun) -> None:
    """Sign the ordered certificates off in the official's name and make their papers; see ``issuing.sign_off_batch``.

    A certificate that was decided by somebody else meanwhile, or whose person is not eligible any more, stays as it
    is; its public id stands in the result under ``left`` with the error's code. A paper that the renderer fails at
    does not hold up the others: it is ordered again by a job of its own.
    """
    order = run.payload
    certificates = list(order["certificates"])
    authorised_at = datetime.fromisoformat(order["authorised_at"])
    signed_at = datetime.fromisoformat(order["signed_at"])
    with run.db.reading() as session:
        actor = queries.acting_identity(
            session,
            order["actor"],
            day=clock.local_date(signed_at),
            authorised_at=authorised_at,
            request_id=order["request_id"],
        )
        done = queries.settled(session, actor, certificates)  # by a run that was killed
    left: dict[str, str] = {}
    failed: list[str] = []
    with run.db.writing() as session:
        run.progress(session, len(done), len(certificates))
    with Renderer() as renderer:
        for count, public_id in enumerate((each for each in certificates if each not in done), len(done) + 1):
            try:
                with run.db.writing() as session:
                    certificate = issuing.sign_off(
                        session,
                        actor,
                        public_id,
                        address=order["address"],
                        now=signed_at,
                        authorised_at=authorised_at,
                        with_paper=False,
                    )
                    session.flush()
                    document = queries.last_document(session, certificate.id)
                    assert document is not None
                    paper = document.public_id
            except (Conflict, Forbidden, NotFound) as error:
                left[public_id] = error.code
            else:
                try:
                    _make(run, renderer, paper)
                except RenderingError:
                    log.exception("batch %s: a paper could not be made", run.public_id)
                    failed.append(paper)
            with run.db.writing() as session:
                run.progress(session, count, len(certificates))
    with run.db.writing() as session:
        papers.enqueue_again(session, failed, run.public_id)
        run.finish(session, {"left": left})


def sweep(db: Database) -> None:
    """Ask again for papers whose job failed for good, once an hour each."""
    now = clock.real_now()
    with db.reading() as session:
        overdue = queries.waiting_documents(session, clock.now() - OVERDUE)
    if overdue:
        with db.writing() as session:
            papers.enqueue_again(session, overdue, now.strftime("%Y-%m-%dT%H"))


def expire_due(db: Database) -> None:
    """End the certificates whose last valid day has passed, each in a transaction of its own."""
    now = clock.now()
    with db.reading() as session:
        due = queries.past_last_day(session, clock.local_date(now), AT_ONCE)
    for public_id in due:
        with db.writing() as session:
            expiring.expire(session, SYSTEM, public_id, now=now)
