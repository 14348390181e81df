"""Certificates under SIGKILL: real workers and real signers die at chosen moments, and nothing is lost or doubled.

Each process stops at a named place of the work, says so, and is killed there: before and after the number is drawn,
inside and outside of the transaction, in the middle of a file, and with everything done but the job not marked so.
"""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from lms.audit import services as audit
from lms.audit.models import AuditEntry
from lms.audit.rules import AuditTag
from lms.certification.models import Certificate, CertificateDocument, NumberSeries
from lms.certification.services import issuing
from lms.core import clock
from lms.core.db import Database
from lms.core.storage import storage_of
from lms.jobs.models import Job
from lms.jobs.rules import JobState
from tests.architecture.sources import ROOT
from tests.certification import making
from tests.certification.making import ADDRESS
from tests.conftest import Site, make_app, sign_in_as
from tests.world import NOW

pytestmark = pytest.mark.full

SERIES = "东街网培证字"


def environment(site: Site) -> dict[str, str]:
    """Return what a process on the site's database is told."""
    settings = site.settings
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LMS_")},
        "PYTHONPATH": str(ROOT),
        "LMS_INSTANCE": str(settings.instance),
        "LMS_DATABASE_URL": settings.database_url,
        "LMS_SECRET_KEY": settings.secret_key,
        "LMS_AUDIT_KEY": settings.audit_key,
        "LMS_JOB_LEASE_SECONDS": "1",
    }


def proposals(site: Site, count: int) -> list[str]:
    """Propose certificates for ``count`` new trainees; return their public ids."""
    making.load_content(site.db)
    people = making.add_trainees(site.db, site.world, [f"网格员{number}" for number in range(count)])
    return making.propose_ids(site.db, site.world, people)


def assert_numbers(db: Database, count: int) -> None:
    """Assert the numbers 1..count, each once, each with one entry in a trail that is whole."""
    with db.reading() as session:
        rows = session.execute(
            sa.select(Certificate.serial, Certificate.number, Certificate.public_id).order_by(Certificate.serial)
        ).all()
        assert [row.serial for row in rows] == list(range(1, count + 1))
        assert [row.number for row in rows] == [f"{SERIES}〔2026〕第{serial:04d}号" for serial in range(1, count + 1)]
        assert session.scalars(sa.select(NumberSeries.last)).all() == [count]
        issued = session.scalars(sa.select(AuditEntry.object_id).where(AuditEntry.tag == AuditTag.CERTIFICATE_ISSUED))
        assert Counter(issued) == Counter(row.public_id for row in rows)
        assert audit.verify(session)[1] == []


# --- a batch of 50 and ten dead workers -----------------------------------------------------------------------------

BATCH = 50
TURN = 5
"""At which call of the place in each worker's life it stops: some certificates further each time."""

PLACES = {
    "before the certificate is signed": ("issuing.sign_off", "before"),
    "the number drawn, nothing committed": ("issuing._draw", "after"),
    "signed, not committed": ("issuing.sign_off", "after"),
    "signed and committed, its paper not begun": ("tasks._make", "before"),
    "while the renderer works": ("documents._line_within", "before"),
    "rendered, no file": ("storage.Storage.put", "before"),
    "a part of the file written": ("os.fsync", "before"),
    "the file written, not registered": ("papers.register", "before"),
    "registered, not committed": ("papers.register", "after"),
    "everything done, the job not marked done": ("services.JobRun.finish", "before"),
}

WORKER = """
import itertools, os, pathlib, runpy, sys, threading
from lms.certification import documents, tasks
from lms.certification.services import issuing, papers
from lms.core import storage
from lms.jobs import services

place, when, turn, mark = sys.argv[3:]
del sys.argv[3:]

def stop_at(owner, name):
    real, calls = getattr(owner, name), itertools.count(1)

    def stop():
        if next(calls) == int(turn):
            pathlib.Path(mark).touch()
            threading.Event().wait()

    def called(*arguments, **named):
        if when == "before":
            stop()
        result = real(*arguments, **named)
        if when == "after":
            stop()
        return result

    setattr(owner, name, called)

if place:
    *path, name = place.split(".")
    owner = globals()[path[0]]
    for each in path[1:]:
        owner = getattr(owner, each)
    stop_at(owner, name)
runpy.run_module("lms", run_name="__main__")  # python -m lms jobs work
"""


def children_of(process: "subprocess.Popen[bytes]") -> list[str]:
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


@contextmanager
def worker(
    site: Site, folder: Path, place: str = "", when: str = "", turn: int = 0
) -> Iterator["subprocess.Popen[bytes]"]:
    """A real ``lms jobs work`` that stops at a place, if one is named; killed when the block is left."""
    program = folder / "worker.py"
    program.write_text(WORKER, encoding="utf-8")
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, program, "jobs", "work", place, when, str(turn), folder / "mark"],
            env=environment(site),
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def wait_until(condition: Callable[[], bool], what: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Wait until the condition holds; fail when the process ends or two minutes pass before."""
    end, pause = time.monotonic() + 120, threading.Event()
    while not condition():
        assert process is None or process.poll() is None, f"the worker ended: {what}"
        assert time.monotonic() < end, f"it took too long: {what}"
        pause.wait(0.02)


def test_a_batch_of_50_survives_a_kill_at_each_of_ten_places(site: Site, tmp_path: Path) -> None:
    db, world, mark = site.db, site.world, tmp_path / "mark"
    ids = proposals(site, BATCH)
    with db.writing() as session:
        job_id = issuing.sign_off_batch(session, world.identity(db, "O2"), ids, address=ADDRESS, once="1", now=NOW)

    def job() -> Job:
        with db.reading() as session:
            return session.scalars(sa.select(Job).where(Job.public_id == job_id)).one()

    reached: list[int] = []
    for name, (place, when) in PLACES.items():
        mark.unlink(missing_ok=True)
        turn = 1 if place.endswith("finish") else TURN
        with worker(site, tmp_path, place, when, turn) as process:
            wait_until(mark.exists, name, process)
            renderers = [Path(f"/proc/{child}") for child in children_of(process)]
        # An orphan must not go on eating memory.
        wait_until(lambda those=renderers: not any(each.exists() for each in those), f"{name}: the renderer ends")  # type: ignore[misc]
        assert job().state is JobState.LEASED, name
        reached.append(job().progress_done)
    assert reached == sorted(reached), "the progress went back"
    assert reached[-1] == BATCH

    with worker(site, tmp_path) as process:
        wait_until(lambda: job().state is JobState.DONE, "the last worker", process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finished = job()
    assert (finished.progress_done, finished.progress_total, finished.result) == (BATCH, BATCH, {"left": {}})
    assert finished.attempts == len(PLACES) + 1

    assert_numbers(db, BATCH)
    with db.reading() as session:
        documents = list(session.scalars(sa.select(CertificateDocument)))
        entries = Counter(
            session.execute(
                sa.select(AuditEntry.tag, AuditEntry.object_id).where(AuditEntry.object_type == "certificate_document")
            ).all()
        )
    assert len(documents) == BATCH
    assert entries == Counter(
        (tag, each.public_id) for each in documents for tag in (AuditTag.DOCUMENT_DRAFTED, AuditTag.DOCUMENT_RENDERED)
    )
    folder = storage_of(db).folder
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.*")} == {each.file_key for each in documents}
    for each in documents:
        path = folder / each.file_key
        assert hashlib.sha256(path.read_bytes()).hexdigest() == each.sha256
        metadata = PdfReader(path).metadata
        assert metadata is not None
        assert str(metadata.title).endswith(each.payload["number"])

    clock.freeze(NOW)
    browser = make_app(site).test_client()
    sign_in_as(browser, "O2")
    page = browser.get(f"/certificates?pile=issued&batch={job_id}").get_data(as_text=True)
    assert f"已签发 {BATCH} 份证书" in page
    assert '<progress max="100" value="100"' in page
    bar = re.search(
        r'<progress id="bar" max="(\d+)" value="(\d+)"', browser.get(f"/jobs/{job_id}").get_data(as_text=True)
    )
    assert bar is not None
    assert bar.groups() == (str(BATCH), str(BATCH))


# --- 200 numbers, 8 signers, 20 kills -------------------------------------------------------------------------------

SIGNERS, SHARE = 8, 25
KILLS = ("drawn", "signed", "drawn"), ("signed", "drawn", "signed"), ("drawn", "signed"), ("signed", "drawn")
"""What the signers are killed at, in turn; the first two rows are for two signers each that die thrice."""

SIGNER = """
import json, os, sys
from datetime import datetime
from lms.app import make_database
from lms.certification import queries
from lms.certification.services import issuing
from lms.config import load_settings
from lms.core import clock
from lms.core.db import JOB_BUSY_MS

order = json.loads(sys.stdin.readline())
db = make_database(load_settings(os.environ), busy_ms=JOB_BUSY_MS)
now = datetime.fromisoformat(order["now"])
with db.reading() as session:
    actor = queries.acting_identity(
        session, order["actor"], day=clock.local_date(now), authorised_at=clock.real_now(), request_id=""
    )

def say(*words):
    print(json.dumps(words), flush=True)
    sys.stdin.readline()  # killed here, or told to go on

for public_id in order["certificates"]:
    with db.writing() as session:
        certificate = issuing.sign_off(session, actor, public_id, address=order["address"], now=now)
        session.flush()
        number = certificate.number
        say("drawn", public_id, number)
    say("signed", public_id, number)
"""


class Signer:
    """Signs a share of the certificates with processes of which some are killed."""

    def __init__(self, site: Site, program: Path, ids: list[str], kills: Sequence[str]) -> None:
        self.site, self.program = site, program
        self.left = list(ids)
        self.kills = list(kills)
        self.told: dict[str, str] = {}

    def sign(self) -> dict[str, str]:
        """Sign until nothing is left; return the numbers as they were told after the commit."""
        while self.left:
            with subprocess.Popen(
                [sys.executable, self.program],
                env=environment(self.site),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as process:
                try:
                    self._converse(process)
                finally:
                    process.kill()
        assert not self.kills
        return self.told

    def _converse(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        order = {
            "certificates": self.left,
            "actor": self.site.world.person_public_ids["O2"],
            "address": ADDRESS,
            "now": NOW.isoformat(),
        }
        print(json.dumps(order), file=process.stdin, flush=True)
        count = 0
        while line := process.stdout.readline():
            moment, public_id, number = json.loads(line)
            count += moment == "drawn"
            if moment == "signed" or public_id in self.told:
                # Told once, a number is told again to whoever asks after a kill.
                assert self.told.setdefault(public_id, number) == number
            if self.kills and count == 4 and moment == self.kills[0]:
                self.kills.pop(0)
                process.send_signal(signal.SIGKILL)
                return
            if moment == "signed":
                self.left.remove(public_id)
            print(file=process.stdin, flush=True)
        assert process.wait() == 0


def test_200_sign_offs_by_8_processes_with_20_kills_leave_no_gap_and_no_double(site: Site, tmp_path: Path) -> None:
    db = site.db
    ids = proposals(site, SIGNERS * SHARE)
    program = tmp_path / "signer.py"
    program.write_text(SIGNER, encoding="utf-8")
    plans = [plan for plan in KILLS for _ in range(2)]
    assert sum(map(len, plans)) == 20
    signers = [Signer(site, program, ids[at::SIGNERS], plan) for at, plan in enumerate(plans)]
    told: dict[str, str] = {}
    with ThreadPoolExecutor(SIGNERS) as threads:
        for numbers in threads.map(Signer.sign, signers):
            told |= numbers
    assert_numbers(db, len(ids))
    with db.reading() as session:
        rows = session.execute(sa.select(Certificate.public_id, Certificate.number))
        held = {row.public_id: row.number for row in rows}
        papers = session.scalar(sa.select(sa.func.count()).select_from(CertificateDocument))
        jobs = session.scalar(sa.select(sa.func.count()).select_from(Job))
    assert told == held
    assert papers == jobs == len(ids)
