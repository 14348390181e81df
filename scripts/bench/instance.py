"""The scratch instance: the demo, made-up learners, and ``lms serve`` in front of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from lms import server
from lms.access.identity import CONSOLE, Identity
from lms.config import Settings, load_settings
from lms.core import clock
from lms.core.db import Database
from lms.courses import queries as courses
from lms.courses import services as learning
from lms.demo.load import PASSWORD
from lms.people import queries as people
from lms.people.rules import PRIVACY_NOTICE, Employment, Post, StaffState
from lms.people.services import accounts, persons, posts
from lms.people.services.passwords import Passwords
from lms.quizzes import queries as quizzes
from lms.quizzes import services as sitting
from lms.quizzes.kinds import KINDS, Item

QUIZ, OTHERS = "c01", ("c04", "c05")
"""The course whose quiz is sat over HTTP, and the ones that are passed beforehand, for the certificate."""
NEWCOMER, MENTOR, LEADER, TRAINER = "CG0231", "CG0101", "CG0102", "CG0003"
PROPOSER, SIGNER, ADMIN, AUDITOR = "CG0001", "CG0002", "SYS001", "AUD001"


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
