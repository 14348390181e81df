"""``make bench``: how fast the product is and how much memory it takes, with the aims beside each figure.

A scratch instance with the demo and 200 made-up learners is served by ``lms serve``, as ``make run`` serves it, and
asked over loopback. Everything lies in a temporary folder that is gone afterwards; the instance in use is not touched.
The client runs on the same machine and takes its share of the processor, which is printed: on two cores the figures
are those of a server that has rather less than two.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import click
import sqlalchemy as sa
from flask import Flask

from lms import server
from lms.access.identity import CONSOLE, Identity
from lms.app import create_app, make_database
from lms.certification import queries as certification
from lms.certification.rules import DocumentState
from lms.certification.services import issuing
from lms.competency import queries as competency
from lms.config import Settings, load_settings
from lms.core import clock
from lms.core.db import Database
from lms.core.storage import storage_of
from lms.courses import queries as courses
from lms.courses import services as learning
from lms.demo.load import PASSWORD
from lms.jobs import queries as jobs
from lms.jobs.rules import JobState
from lms.people import queries as people
from lms.people.rules import PRIVACY_NOTICE, Employment, Post, StaffState
from lms.people.services import accounts, persons, posts
from lms.people.services.passwords import Passwords
from lms.quizzes import queries as quizzes
from lms.quizzes import services as sitting
from lms.quizzes.kinds import KINDS, Item

LEARNERS = 200
CLIENTS = 8
LOAD_SECONDS = 6.0
SAVE_EVERY = 5.0
SAVING_SECONDS = 20.0
BURST_SECONDS = 1.0
QUIZ, OTHERS = "c01", ("c04", "c05")
"""The course whose quiz is sat over HTTP, and the one that is passed beforehand, for the certificate."""
KIND = "onboarding_part1"
PROPOSER, SIGNER, TRAINER, ADMIN, AUDITOR, NEWCOMER = "CG0001", "CG0002", "CG0003", "SYS001", "AUD001", "CG0231"
LONGEST_JOB = 120.0

AIMS = {"home": 250.0, "lesson": 400.0, "saving": 100.0, "burst": 1000.0, "queries": 12.0, "web": 200.0}


# --- figures ----------------------------------------------------------------------------------------------


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that ``percent`` per cent of the values do not exceed. Raises ValueError for none."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(int(rank), 1) - 1]


def verdict(value: float, aim: float | None, *, at_most: bool) -> str:
    """Return whether an aim is met: a figure equal to the aim meets it, without an aim nothing is said."""
    if aim is None:
        return ""
    return "met" if (value <= aim if at_most else value >= aim) else "MISSED"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    figure: str
    aim: str = ""
    verdict: str = ""


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows as aligned lines."""
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("what", "figure", "aim")]
    return [
        f"  {row.what:<{widths[0]}}  {row.figure:<{widths[1]}}  {row.aim:<{widths[2]}}  {row.verdict}".rstrip()
        for row in rows
    ]


@dataclass
class Load:
    """What came of a load: milliseconds of each answer, and what was not answered as it should be."""

    milliseconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    client_share: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    def row(self, what: str, *, rate: float | None = None, p95: float | None = None) -> Row:
        """Return the line of the table; ``rate`` and ``p95`` (ms) are aims."""
        if not self.milliseconds:
            return Row(what, "no answer at all", verdict="FAILED")
        late = percentile(self.milliseconds, 95)
        figure = f"{self.per_second:6.0f}/s   p95 {late:6.1f} ms   client {self.client_share:3.0%} of a core"
        aim, said = "", ""
        if rate is not None:
            aim, said = f"> {rate:.0f}/s", verdict(self.per_second, rate, at_most=False)
        if p95 is not None:
            aim, said = f"p95 < {p95:.0f} ms", verdict(late, p95, at_most=True)
        if self.errors:
            said = f"FAILED {len(self.errors)}x: {self.errors[0]}"
        return Row(what, figure, aim, said)


# --- the scratch instance ---------------------------------------------------------------------------------


@dataclass
class Learner:
    """One of the 200, with an open attempt: its address, the right answers by position, the saves sent so far."""

    number: str
    identity: Identity
    attempt: str = ""
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    seqs: dict[int, int] = field(default_factory=dict)
    acknowledged: dict[int, int] = field(default_factory=dict)
    turn: int = 0

    def next_save(self) -> tuple[int, int, bytes]:
        """Return position, number and body of the next save: the questions in turn, each time counted upward."""
        position = self.turn % len(self.answers) + 1
        self.turn += 1
        seq = self.seqs[position] = self.seqs.get(position, 0) + 1
        body = {"seq": seq, "answer": self.answers[position], "flagged": False}
        return position, seq, json.dumps(body).encode()


def right_answer(item: Item) -> dict[str, Any]:
    """Return the answer to a question that gets all its points."""
    answer: dict[str, Any] = {}
    for name, _ask, is_many, options in KINDS[item.kind].parts(item):
        right = [option.key for option in options if option.is_right]
        answer[name] = right if is_many else right[0]
    return answer


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def scratch_settings(folder: Path) -> Settings:
    """Return the settings of a development instance in ``folder``; what the environment says is left aside."""
    settings = load_settings({}, instance=folder, port=free_port(), log_level="WARNING")
    server.upgrade_schema(settings)
    server.sync_content(settings, lambda _line: None)
    server.first_start(settings, lambda _line: None)
    return settings


def identity_of(db: Database, number: str) -> Identity:
    """Return the identity of a person as a request would have it right after the password was given."""
    with db.reading() as session:
        person = people.person_with_staff_number(session, number)
        found = people.identity_for_job(session, person.id, clock.today())
    return replace(found, reauthenticated_at=clock.real_now())


def add_learners(db: Database, settings: Settings, count: int) -> list[Learner]:
    """Add learners with the services: all courses learned, the other quizzes passed, one begun and answered rightly."""
    encoded = Passwords(settings.argon2_memory_kib, settings.argon2_time).hash(PASSWORD)
    prepared = accounts.PreparedCode(PASSWORD, encoded)
    learners: list[Learner] = []
    with click.progressbar(range(count), label=f"{count} learners", file=sys.stderr) as numbers:
        for number in numbers:
            with db.writing() as session:
                learner = _add_learner(session, prepared, f"BN{number:04d}")
                for course in OTHERS:
                    _finish_lessons(session, learner, course)
                    _begin_quiz(session, learner, course, number)
                    sitting.submit_attempt(session, learner.identity, learner.attempt, now=clock.now())
                _finish_lessons(session, learner, QUIZ)
                _begin_quiz(session, learner, QUIZ, number)
            learners.append(learner)
    return learners


def _add_learner(session: Any, prepared: accounts.PreparedCode, number: str) -> Learner:
    home = people.person_with_staff_number(session, NEWCOMER).unit
    person = persons.add_person(
        session,
        CONSOLE,
        home,
        persons.PersonData(staff_number=number, name="试用学员", joined_on=clock.today()),
        now=clock.now(),
        state=StaffState.TRAINEE,
        is_demo=True,
    )
    session.flush()
    posts.hold_post(
        session,
        CONSOLE,
        person,
        home,
        Post.INSPECTION,
        Employment.FULL_TIME,
        starts_on=clock.today(),
        now=clock.now(),
    )
    accounts.open_account(session, CONSOLE, person, prepared, now=clock.now())
    session.flush()
    own = Identity(person_id=person.id, public_id=person.public_id)
    hashed = prepared.encoded  # one hash serves everybody: two hundred would take half a minute
    accounts.change_password(session, own, old_hash=hashed, new_hash=hashed, keep_session=0, now=clock.now())
    accounts.read_privacy_notice(session, own, PRIVACY_NOTICE, now=clock.now())
    return Learner(number, own)


def _finish_lessons(session: Any, learner: Learner, course: str) -> None:
    assert learner.identity.person_id is not None
    learning.enrol(session, learner.identity, course, now=clock.now())
    for lesson in courses.standing_of(session, learner.identity.person_id, course).lessons:
        for part in lesson.lesson.body.parts:
            learning.answer_part(
                session,
                learner.identity,
                course,
                lesson.lesson.key,
                part.key,
                part.question.right,
                now=clock.now(),
            )


def _begin_quiz(session: Any, learner: Learner, course: str, seed: int) -> None:
    attempt = sitting.start_attempt(session, learner.identity, course, seed=seed, now=clock.now(), extra_time=False)
    bank = quizzes.bank_of(session, attempt.revision_id)
    learner.attempt = attempt.public_id
    learner.answers = {
        item.position: right_answer(bank.items[item.item_key]) for item in quizzes.items_of(session, attempt.id)
    }
    learner.seqs = dict.fromkeys(learner.answers, 1)
    for position, answer in learner.answers.items():
        sitting.save_answer(
            session, learner.identity, attempt.public_id, position, 1, dict(answer), False, now=clock.now()
        )


@contextmanager
def served(settings: Settings) -> Iterator[int]:
    """Serve the instance by ``lms serve`` in processes of its own; give the launcher's process id."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    environment |= {
        "LMS_INSTANCE": str(settings.instance),
        "LMS_PORT": str(settings.port),
        "LMS_LOG_LEVEL": settings.log_level,
    }
    with (settings.instance / "serve.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "lms", "serve"], env=environment, stdout=log, stderr=log)
    try:
        _wait_until_up(settings, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()  # its children are asked to end when it is gone
            process.wait()


def _wait_until_up(settings: Settings, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection((settings.host, settings.port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    log = (settings.instance / "serve.log").read_text(encoding="utf-8", errors="replace")
    raise click.ClickException(f"the product did not start:\n{log[-2000:]}")


# --- the client -------------------------------------------------------------------------------------------


class Browser:
    """One browser: a connection that is kept, and cookies. Writes bytes and looks at little: it must stay cheap."""

    def __init__(self, settings: Settings) -> None:
        self.host, self.port = settings.host, settings.port
        self.cookies: dict[str, str] = {}
        self.token = ""
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes]:
        """Send a request and return status and body.

        A kept connection that the server has closed meanwhile is opened again, once, as browsers do.
        """
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}", f"Cookie: {cookie}"]
        if method == "POST":
            lines += [f"Content-Length: {len(body)}", f"Content-Type: {kind}", f"X-CSRFToken: {self.token}"]
        if kind == "application/json":
            lines.append("Accept: application/json")
        request = "\r\n".join([*lines, "", ""]).encode() + body
        for is_kept in (self._writer is not None, False):
            if self._writer is None:
                self._reader, self._writer = await asyncio.open_connection(self.host, self.port)
            try:
                self._writer.write(request)
                return await self._answer()
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                if not is_kept:
                    raise
        raise AssertionError("unreachable")

    async def _answer(self) -> tuple[int, bytes]:
        assert self._reader is not None
        head = await self._reader.readuntil(b"\r\n\r\n")
        length, stays = 0, True
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"content-length":
                length = int(value)
            elif name == b"set-cookie":
                self._keep(value.decode())
            elif name == b"connection":
                stays = value.strip().lower() != b"close"
        body = await self._reader.readexactly(length) if length else b""
        if not stays:
            self.close()
        return int(head[9:12]), body

    def _keep(self, text: str) -> None:
        for name, morsel in SimpleCookie(text).items():
            self.cookies[name] = morsel.value

    async def sign_in(self, number: str) -> None:
        """Sign in as a person. Raises ClickException when that is refused."""
        await self._fetch_token()
        form = urlencode({"csrf_token": self.token, "staff_number": number, "password": PASSWORD}).encode()
        status, _ = await self.ask("POST", "/sign-in", form, "application/x-www-form-urlencoded")
        if status != 302:
            raise click.ClickException(f"{number} could not sign in ({status})")
        await self._fetch_token()

    async def _fetch_token(self) -> None:
        _, body = await self.ask("GET", "/sign-in/token", kind="application/json")
        self.token = json.loads(body)["csrf_token"]


Act = Callable[[Browser, Learner], Awaitable[str]]
"""One request of a learner; returns what was wrong, empty when nothing was."""


async def _timed(load: Load, act: Act, browser: Browser, learner: Learner) -> None:
    began = time.perf_counter()
    try:
        fault = await act(browser, learner)
    except (OSError, asyncio.IncompleteReadError) as error:
        fault = f"{type(error).__name__}: {error}"
        browser.close()
    load.milliseconds.append((time.perf_counter() - began) * 1000)
    if fault:
        load.errors.append(fault)


@contextmanager
def _clocked(load: Load) -> Iterator[None]:
    wall, processor = time.perf_counter(), time.process_time()
    yield
    load.seconds = time.perf_counter() - wall
    load.client_share = (time.process_time() - processor) / load.seconds


def getting(path: str, sign: bytes) -> Act:
    """Return the act of opening a page, which must hold ``sign``."""

    async def act(browser: Browser, _learner: Learner) -> str:
        status, body = await browser.ask("GET", path)
        return "" if status == 200 and sign in body else f"GET {path}: {status}, {len(body)} bytes"

    return act


async def saving(browser: Browser, learner: Learner) -> str:
    """Save the next answer and note what was acknowledged."""
    position, seq, body = learner.next_save()
    path = f"/quizzes/{learner.attempt}/answers/{position}"
    status, answer = await browser.ask("POST", path, body, "application/json")
    if status != 200 or not json.loads(answer)["kept"]:
        return f"POST {path}: {status} {answer[:80]!r}"
    learner.acknowledged[position] = max(seq, learner.acknowledged.get(position, 0))
    return ""


async def submitting(browser: Browser, learner: Learner) -> str:
    """Hand the attempt in."""
    path = f"/quizzes/{learner.attempt}/submit"
    status, body = await browser.ask("POST", path, b"", "application/x-www-form-urlencoded")
    return "" if status == 302 else f"POST {path}: {status} {body[:80]!r}"


Signed = Sequence[tuple[Browser, Learner]]


async def in_turn(signed: Signed, act: Act, seconds: float = LOAD_SECONDS) -> Load:
    """Let eight clients act one request after the other, for a time. The first second warms up and does not count."""

    async def client(load: Load, browser: Browser, learner: Learner, until: float) -> None:
        while time.perf_counter() < until:
            await _timed(load, act, browser, learner)

    load = Load()
    for each, length in ((Load(), 1.0), (load, seconds)):
        with _clocked(each):
            until = time.perf_counter() + length
            await asyncio.gather(*(client(each, *pair, until) for pair in signed[:CLIENTS]))
    return load


async def once_each(signed: Signed, act: Act) -> Load:
    """Let eight clients act once for each learner."""
    load, waiting = Load(), list(signed)

    async def client() -> None:
        while waiting:
            await _timed(load, act, *waiting.pop())

    with _clocked(load):
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return load


async def spread(signed: Signed, act: Act, *, over: float, rounds: int) -> Load:
    """Let every learner act once in each ``over`` seconds, evenly spread, whether earlier answers came or not."""
    load = Load()
    began = time.perf_counter() + 0.1

    async def learner_acts(at: float, browser: Browser, learner: Learner) -> None:
        for number in range(rounds):
            await asyncio.sleep(max(0.0, began + at + number * over - time.perf_counter()))
            await _timed(load, act, browser, learner)

    with _clocked(load):
        await asyncio.gather(*(learner_acts(over * index / len(signed), *pair) for index, pair in enumerate(signed)))
    return load


def lost_saves(db: Database, learners: Sequence[Learner]) -> int:
    """Return how many acknowledged saves the database does not hold."""
    lost = 0
    with db.reading() as session:
        for learner in learners:
            attempt = quizzes.own_attempt(session, learner.identity, learner.attempt)
            stored = {item.position: (item.seq, item.answer) for item in quizzes.items_of(session, attempt.id)}
            for position, seq in learner.acknowledged.items():
                kept_seq, kept = stored[position]
                lost += not (kept_seq >= seq and kept == learner.answers[position])
    return lost


# --- memory -----------------------------------------------------------------------------------------------


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        found.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    return found


def family(pid: int) -> list[int]:
    """Return a process and all that came from it."""
    children = _children()
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def pss_megabytes(pids: Sequence[int]) -> float:
    """Return the memory of processes, what they share counted once (proportional set size, MB of 10^6 bytes)."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue  # it ended meanwhile
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total * 1024 / 1e6


def part_of(launcher: int, *arguments: str) -> list[int]:
    """Return the launcher's child that was started as ``lms`` with these arguments, and its family."""
    for pid in _children().get(launcher, []):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        if words[3 : 3 + len(arguments)] == list(arguments):
            return family(pid)
    return []


class Watch:
    """Looks at the memory of the worker and its renderer twice a second, in a thread, and keeps the highest."""

    def __init__(self, launcher: int) -> None:
        self.launcher = launcher
        self.alone = self.together = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.5):
            worker = part_of(self.launcher, "jobs", "work")
            self.alone = max(self.alone, pss_megabytes(worker[:1]))
            self.together = max(self.together, pss_megabytes(worker))


# --- certificates -----------------------------------------------------------------------------------------


def passed(db: Database, learners: Sequence[Learner]) -> list[Learner]:
    """Return the learners whose attempt was handed in and passed: a hand-in that failed has a row of its own."""
    with db.reading() as session:
        return [
            learner for learner in learners if quizzes.own_attempt(session, learner.identity, learner.attempt).is_passed
        ]


def make_certificates(db: Database, learners: Sequence[Learner]) -> tuple[float, int]:
    """Propose and sign off a certificate for each learner, by the served worker; return (seconds, papers made)."""
    proposer, signer = identity_of(db, PROPOSER), identity_of(db, SIGNER)
    with db.writing() as session:
        holders = [people.person_with_staff_number(session, learner.number) for learner in learners]
        made = issuing.propose_all(session, proposer, holders, KIND, now=clock.now())
        proposed = [certificate.public_id for certificate in made]
    began = time.perf_counter()
    with db.writing() as session:
        job = issuing.sign_off_batch(
            session, signer, proposed, address="https://bench.invalid", once="bench", now=clock.now()
        )
    while time.perf_counter() - began < LONGEST_JOB:
        time.sleep(0.1)
        with db.reading() as session:
            state = jobs.job_seen_by(session, signer, job).state
        if state in {JobState.DONE, JobState.FAILED}:
            break
    seconds = time.perf_counter() - began
    with db.reading() as session:
        own = [
            certificate
            for learner in learners
            for certificate in certification.own_certificates(session, learner.identity.person_id)
        ]
        papers = certification.documents_of(session, [certificate.id for certificate in own])
    storage = storage_of(db)
    return seconds, sum(
        paper.state is DocumentState.RENDERED and storage.get(paper.file_key).startswith(b"%PDF-") for paper in papers
    )


# --- queries a page ---------------------------------------------------------------------------------------


def pages(db: Database, learner: Learner) -> list[tuple[str, str]]:
    """Return (staff number, address) of the main pages, each as somebody sees it who finds something there."""
    with db.reading() as session:
        person = people.person_with_staff_number(session, learner.number)
        [certificate] = certification.own_certificates(session, person.id)
        code = certificate.verify_code
        skill = next(iter(competency.framework(session).by_code))
    who, open_quiz = f"/people/{person.public_id}", f"/courses/{QUIZ}"
    lesson = f"{open_quiz}/lessons/{QUIZ}-l01"
    own = ["/", "/courses", open_quiz, lesson, f"{lesson}/print", f"{open_quiz}/quiz"]
    own += [f"/quizzes/{learner.attempt}/result", "/me", "/me/competency", "/me/certificates"]
    own += [f"{who}/competency/{skill}", f"/v/{code}", "/v/"]
    official = ["/", "/people", "/people?page=2", who, f"{who}/edit", f"{who}/competency", "/people/roster"]
    official += ["/people/slips", "/people/new", "/certificates", "/results", f"/certificates/{certificate.public_id}"]
    official += ["/recognitions", "/audit", "/roles", "/units"]
    return [
        *((learner.number, each) for each in own),
        *((PROPOSER, each) for each in official),
        *((TRAINER, each) for each in ("/", "/results", f"/results/{learner.attempt}", "/content/problems")),
        *((ADMIN, each) for each in ("/", "/people", "/roles", "/units")),
        *((AUDITOR, each) for each in ("/", "/audit")),
    ]


def count_queries(app: Flask, db: Database, wanted: Sequence[tuple[str, str]]) -> list[tuple[int, int, str, str]]:
    """Return (queries, status, staff number, address) of each page, opened a second time."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    browsers: dict[str, Any] = {}
    found = []
    for number, path in wanted:
        if number not in browsers:
            browsers[number] = browser = app.test_client()
            token = browser.get("/sign-in/token").get_json()["csrf_token"]
            browser.post("/sign-in", data={"csrf_token": token, "staff_number": number, "password": PASSWORD})
        browsers[number].get(path)
        statements.clear()
        status = browsers[number].get(path).status_code
        found.append((len(statements), status, number, path))
    return found


# --- the whole --------------------------------------------------------------------------------------------


def say(line: str) -> None:
    """Tell what is being done; the table alone goes to the standard output."""
    click.echo(line, err=True)


async def over_http(settings: Settings, db: Database, learners: Sequence[Learner]) -> list[Row]:
    """Return the rows of everything that is asked over loopback."""
    say("signing in")
    signed = [(Browser(settings), learner) for learner in learners]
    waiting = list(signed)

    async def client() -> None:
        while waiting:
            browser, learner = waiting.pop()
            await browser.sign_in(learner.number)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    rows: list[Row] = []
    say("pages, saves")
    home = await in_turn(signed, getting("/", b'id="main"'))
    rows.append(home.row(f"learner home, {CLIENTS} clients", rate=AIMS["home"]))
    lesson = await in_turn(signed, getting(f"/courses/{QUIZ}/lessons/{QUIZ}-l01", b'id="think"'))
    rows.append(lesson.row(f"lesson page, {CLIENTS} clients", rate=AIMS["lesson"]))
    saves = await in_turn(signed, saving)
    rows.append(saves.row(f"answer save, {CLIENTS} clients"))
    say(f"{len(signed)} learners, each saving every {SAVE_EVERY:.0f} s")
    every = await spread(signed, saving, over=SAVE_EVERY, rounds=int(SAVING_SECONDS / SAVE_EVERY))
    sustained = every.row(f"{len(signed)} learners, a save every {SAVE_EVERY:.0f} s", p95=AIMS["saving"])
    burst = await spread(signed, saving, over=BURST_SECONDS, rounds=1)
    lost = lost_saves(db, learners)
    bursting = burst.row(f"burst of {len(signed)} saves in one second", p95=AIMS["burst"])
    submit = await once_each(signed, submitting)
    rows += [
        submit.row(f"attempt submit, {CLIENTS} clients"),
        sustained,
        bursting,
        Row(
            "acknowledged saves lost",
            f"{lost} of {sum(sum(each.acknowledged.values()) - len(each.acknowledged) for each in learners)}",
            "0",
            verdict(lost, 0, at_most=True),
        ),
    ]
    for browser, _ in signed:
        browser.close()
    return rows


def measure(folder: Path, count: int) -> list[Row]:
    """Return the whole table, made in a scratch instance in ``folder`` with so many learners."""
    say("preparing a scratch instance")
    settings = scratch_settings(folder)
    db = make_database(settings)
    try:
        learners = add_learners(db, settings, count)
        with served(settings) as launcher:
            rows = asyncio.run(over_http(settings, db, learners))
            web = pss_megabytes(part_of(launcher, "web"))
            idle = pss_megabytes(part_of(launcher, "jobs", "work"))
            own = pss_megabytes([launcher])
            for row in rows:
                say(f"  {row.what}: {row.figure} {row.verdict}")
            holders = passed(db, learners)
            if not holders:
                raise click.ClickException("no hand-in came through, so there is nobody to certify")
            say(f"{len(holders)} certificates")
            with Watch(launcher) as watch:
                seconds, papers = make_certificates(db, holders)
        say("queries")
        counted = count_queries(create_app(settings, db), db, pages(db, holders[0]))
    finally:
        db.engine.dispose()
    most = max(counted)
    failed = [f"{path} as {number}: {status}" for _, status, number, path in counted if status != 200]
    rows += [
        Row(
            f"certificates, {len(holders)} signed off and rendered",
            f"{papers / seconds:6.1f} pages/s   ({papers} pages in {seconds:.0f} s)",
            f"all {len(holders)}",
            verdict(papers, len(holders), at_most=False),
        ),
        Row(
            f"queries a page, most of {len(counted)} pages",
            f"{most[0]:6d}   {most[3]} as {most[2]}",
            f"<= {AIMS['queries']:.0f}",
            f"FAILED {failed[0]}" if failed else verdict(most[0], AIMS["queries"], at_most=True),
        ),
        Row(
            "memory of the web processes together (PSS)",
            f"{web:6.0f} MB",
            f"< {AIMS['web']:.0f} MB",
            verdict(web, AIMS["web"], at_most=True),
        ),
        Row("memory of the worker, idle", f"{idle:6.0f} MB"),
        Row(
            "memory of the worker while rendering", f"{watch.alone:6.0f} MB   with its renderer {watch.together:.0f} MB"
        ),
        Row("memory of the launcher", f"{own:6.0f} MB"),
    ]
    click.echo("\nqueries a page:")
    for queries, _status, number, path in counted:
        click.echo(f"  {queries:3d}  {number}  {path}")
    return rows


@click.command()
@click.option("--learners", default=LEARNERS, show_default=True, help="fewer make a quick try; the aims are for 200")
def main(learners: int) -> None:
    """Measure and print the table; exit code 1 when something failed or was lost, not when an aim is missed."""
    began, before = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="lms-bench-") as folder:
        rows = measure(Path(folder), learners)
    click.echo("")
    for line in table([Row("what", "figure", "aim"), *rows]):
        click.echo(line)
    click.echo("")
    click.echo(
        f"{os.cpu_count()} cores, shared by server and client; load before the start {before:.1f}"
        f"{' (not a quiet machine: the figures are too low)' if before > 0.5 else ''}; {time.monotonic() - began:.0f} s"
    )
    if any(row.verdict.startswith("FAILED") for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
