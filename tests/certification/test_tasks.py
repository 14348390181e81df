"""Papers and batches: made once, registered once, whatever is killed when."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from lms.audit import services as audit
from lms.audit.models import AuditEntry
from lms.audit.rules import AuditTag
from lms.certification import tasks
from lms.certification.documents import Paper, Rendered, Renderer, RenderingError
from lms.certification.models import Certificate, CertificateDocument
from lms.certification.rules import CertificateState, DocumentState
from lms.certification.services import issuing, papers
from lms.core import clock
from lms.core.db import Database
from lms.core.storage import storage_of
from lms.jobs import services as jobs
from lms.jobs.models import Job
from lms.jobs.rules import JobState
from lms.registry import JOB_HANDLERS
from tests import trail
from tests.certification import making
from tests.certification.making import ADDRESS
from tests.conftest import Site, make_app, sign_in_as
from tests.world import NOW, World


@pytest.fixture(autouse=True)
def content(db: Database) -> None:
    making.load_content(db)


def order_batch(db: Database, world: World, ids: list[str], once: str = "1") -> str:
    with db.writing() as session:
        return issuing.sign_off_batch(session, world.identity(db, "O2"), ids, address=ADDRESS, once=once, now=NOW)


def job_of(db: Database, public_id: str) -> Job:
    with db.reading() as session:
        return session.scalars(sa.select(Job).where(Job.public_id == public_id)).one()


def test_a_paper_is_made_and_registered_once(db: Database, world: World) -> None:
    public_id = making.issue(db, world, "N1")
    since = trail.seq(db)
    making.work_off(db)
    [paper] = making.papers_of(db, public_id)
    assert paper.state is DocumentState.RENDERED
    pdf = storage_of(db).get(paper.file_key)
    assert pdf.startswith(b"%PDF-")
    assert (paper.sha256, paper.size) == (hashlib.sha256(pdf).hexdigest(), len(pdf))
    [entry] = trail.entries(db, since)
    assert (entry.tag, entry.actor, entry.object_id) == (AuditTag.DOCUMENT_RENDERED, "system", paper.public_id)
    assert entry.unit_path == world.unit_paths["east.1.1"]
    # The job runs twice, as after a kill before it could say that it was done: the same file, nothing more.
    with db.writing() as session:
        session.execute(sa.update(Job).values(state=JobState.QUEUED))
    making.work_off(db)
    assert trail.entries(db, since) == [entry]
    assert storage_of(db).get(paper.file_key) == pdf


def test_a_crash_before_registering_makes_the_same_paper_again(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = making.issue(db, world, "N1")

    def dies(*_: object, **__: object) -> bool:
        raise RuntimeError("killed after the file was written")

    with monkeypatch.context() as patch:
        patch.setattr(papers, "register", dies)
        making.work_off(db)
    [paper] = making.papers_of(db, public_id)
    assert paper.state is DocumentState.WAITING
    first = storage_of(db).get(paper.file_key)
    clock.freeze(NOW + timedelta(minutes=5))
    making.work_off(db)
    [paper] = making.papers_of(db, public_id)
    assert paper.state is DocumentState.RENDERED
    assert storage_of(db).get(paper.file_key) == first
    assert [path.name for path in storage_of(db).folder.rglob("*.pdf")] == [Path(paper.file_key).name]


def test_a_name_without_glyphs_blocks_its_paper_only(db: Database, world: World) -> None:
    missing = "李" + chr(0x30041)
    ids = making.propose_ids(db, world, making.add_trainees(db, world, [missing, "刘䶮"]))
    job = order_batch(db, world, ids)
    making.work_off(db)
    assert job_of(db, job).state is JobState.DONE
    blocked, fine = (making.papers_of(db, each)[0] for each in ids)
    assert (blocked.state, fine.state) == (DocumentState.BLOCKED, DocumentState.RENDERED)
    assert blocked.payload["missing"] == [chr(0x30041)]
    assert blocked.sha256 is None
    assert not storage_of(db).exists(blocked.file_key)
    [entry] = [each for each in trail.entries(db, 0) if each.tag == AuditTag.DOCUMENT_BLOCKED]
    assert "U+30041" in entry.reason
    assert making.certificate(db, ids[0]).state is CertificateState.ISSUED


def test_a_batch_leaves_what_was_decided_meanwhile(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1", "N2")
    refused, fine = making.propose(db, world, "N1", "N2")
    job = order_batch(db, world, [refused, fine])
    with db.writing() as session:
        issuing.refuse(session, world.identity(db, "O2"), refused, reason="名字写错了", now=NOW)
    making.work_off(db)
    done = job_of(db, job)
    assert (done.state, done.progress_done, done.progress_total) == (JobState.DONE, 2, 2)
    assert done.result == {"left": {refused: "certification.certificate.moved_on"}}
    assert making.certificate(db, fine).number == "东街网培证字〔2026〕第0001号"


def test_the_batch_is_signed_in_the_name_and_at_the_time_of_the_authorisation(db: Database, world: World) -> None:
    making.make_eligible(db, world, "N1")
    [public_id] = making.propose(db, world, "N1")
    order_batch(db, world, [public_id])
    since = trail.seq(db)
    clock.freeze(NOW + timedelta(hours=20))  # the worker was down over night
    making.work_off(db)
    signed = making.certificate(db, public_id)
    assert (signed.signed_by_id, signed.issued_at) == (world.person_ids["O2"], NOW)
    entry = trail.entries(db, since)[0]
    assert (entry.actor, entry.role, entry.channel) == (world.person_public_ids["O2"], "official", "job")
    assert entry.business_at == NOW


def test_a_renderer_that_fails_leaves_the_job_for_another_try(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = making.issue(db, world, "N1")

    def fails(*_: object) -> None:
        raise RenderingError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Renderer, "render", fails)
        making.work_off(db)
    with db.reading() as session:
        [job] = session.scalars(sa.select(Job))
        assert (job.state, job.attempts) == (JobState.QUEUED, 1)
        assert "RenderingError" in job.error
    assert making.papers_of(db, public_id)[0].state is DocumentState.WAITING


def test_a_paper_that_fails_does_not_hold_up_a_batch(
    db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = making.propose_ids(db, world, making.add_trainees(db, world, ["甲一", "乙二"]))
    job = order_batch(db, world, ids)
    real = Renderer.render

    def fails_at_the_first(renderer: Renderer, paper: Paper) -> Rendered:
        if paper.names == "甲一":
            raise RenderingError("out of memory")
        return real(renderer, paper)

    with monkeypatch.context() as patch:
        patch.setattr(Renderer, "render", fails_at_the_first)
        jobs.run(db, job_of(db, job).id, JOB_HANDLERS, timedelta(seconds=20))
    assert (job_of(db, job).state, job_of(db, job).result) == (JobState.DONE, {"left": {}})
    states = [making.papers_of(db, each)[0].state for each in ids]
    assert states == [DocumentState.WAITING, DocumentState.RENDERED]
    making.work_off(db)
    assert making.papers_of(db, ids[0])[0].state is DocumentState.RENDERED


def test_the_sweep_asks_again_for_papers_whose_job_failed_for_good(db: Database, world: World) -> None:
    public_id = making.issue(db, world, "N1")
    with db.writing() as session:
        session.execute(sa.update(Job).values(state=JobState.FAILED))
    tasks.sweep(db)
    with db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 1  # its ten minutes are not over
    clock.freeze(NOW + timedelta(minutes=11))
    tasks.sweep(db)
    tasks.sweep(db)
    with db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 2
    making.work_off(db)
    assert making.papers_of(db, public_id)[0].state is DocumentState.RENDERED


# --- SIGKILL ------------------------------------------------------------------------------------------------


class Worker:
    """A real ``lms jobs work`` process on a test's database."""

    def __init__(self, site: Site) -> None:
        settings = site.settings
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LMS_")},
            "LMS_INSTANCE": str(settings.instance),
            "LMS_DATABASE_URL": settings.database_url,
            "LMS_SECRET_KEY": settings.secret_key,
            "LMS_AUDIT_KEY": settings.audit_key,
            "LMS_JOB_LEASE_SECONDS": "1",
        }
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "lms", "jobs", "work"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process = self._start()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


def count_of(db: Database) -> tuple[int, int]:
    """Return how many certificates are signed and how many papers are made."""
    with db.reading() as session:
        signed = session.scalar(sa.select(sa.func.count(Certificate.serial)))
        made = session.scalar(sa.select(sa.func.count(CertificateDocument.sha256)))
    return signed or 0, made or 0


def assert_each_once(site: Site, job: str, batch: int) -> None:
    """Assert one number, one PDF and one audit entry of each kind for every certificate, and a whole progress."""
    db = site.db
    with db.reading() as session:
        serials = session.scalars(sa.select(Certificate.serial).order_by(Certificate.serial)).all()
        assert serials == list(range(1, batch + 1))
        documents = list(session.scalars(sa.select(CertificateDocument)))
        tags = Counter(session.scalars(sa.select(AuditEntry.tag)))
        objects = Counter(session.execute(sa.select(AuditEntry.tag, AuditEntry.object_id)).all())
        assert audit.verify(session)[1] == []
    assert len(documents) == batch
    files = {str(path.relative_to(storage_of(db).folder)): path for path in storage_of(db).folder.rglob("*.pdf")}
    assert set(files) == {each.file_key for each in documents}
    for each in documents:
        data = files[each.file_key].read_bytes()
        assert data.startswith(b"%PDF-")
        assert hashlib.sha256(data).hexdigest() == each.sha256
    for tag in (AuditTag.CERTIFICATE_ISSUED, AuditTag.DOCUMENT_DRAFTED, AuditTag.DOCUMENT_RENDERED):
        assert tags[tag.value] == batch
        assert all(count == 1 for (name, _), count in objects.items() if name == tag.value)
    finished = job_of(db, job)
    assert (finished.progress_done, finished.progress_total) == (batch, batch)
    assert finished.result == {"left": {}}


def test_a_batch_survives_a_kill_between_a_signature_and_its_paper(site: Site) -> None:
    """Ten places and fifty certificates: tests/journeys/test_certificates_survive.py."""
    db, world = site.db, site.world
    ids = making.propose_ids(db, world, making.add_trainees(db, world, ["甲一", "乙二", "丙三"]))
    clock.unfreeze()  # the worker has a clock of its own; leases are real time
    job = order_batch(db, world, ids)
    worker, kills = Worker(site), 0
    try:
        deadline = time.monotonic() + 300
        while job_of(db, job).state is not JobState.DONE:
            assert time.monotonic() < deadline, count_of(db)
            signed, made = count_of(db)
            if not kills and signed > 1 and signed > made:
                worker.kill()
                kills += 1
            time.sleep(0.002)
    finally:
        worker.stop()
    assert kills == 1
    assert_each_once(site, job, 3)


def test_the_page_of_the_progress_reaches_the_end(site: Site) -> None:
    db, world = site.db, site.world
    ids = making.propose_ids(db, world, making.add_trainees(db, world, ["甲一", "乙二"]))
    job = order_batch(db, world, ids)
    browser = make_app(site).test_client()
    sign_in_as(browser, "O2")
    ask = {"Accept": "application/json"}
    assert json.loads(browser.get(f"/jobs/{job}", headers=ask).data) == {"state": "queued", "done": 0, "total": 0}
    making.work_off(db)
    assert json.loads(browser.get(f"/jobs/{job}", headers=ask).data) == {"state": "done", "done": 2, "total": 2}
    assert "共 2 件，全部办好" in browser.get(f"/jobs/{job}").get_data(as_text=True)
