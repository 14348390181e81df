"""The client: one browser for each learner, cheap enough not to be what is measured."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import click

from lms.access.identity import SYSTEM
from lms.config import Settings
from lms.core.db import Database
from lms.demo.load import PASSWORD
from lms.quizzes import queries as quizzes
from scripts.bench.figures import Load
from scripts.bench.instance import Learner

CLIENTS = 8
LOAD_SECONDS = 6.0
READING_SECONDS = 1.0


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


async def one_after_the_other(browser: Browser, act: Act, seconds: float = READING_SECONDS) -> Load:
    """Let one reader act again and again, alone. The first two warm up and do not count."""
    load, nobody = Load(), Learner("", SYSTEM)
    for each, length in ((Load(), 0.0), (Load(), 0.0), (load, seconds)):
        with _clocked(each):
            until = time.perf_counter() + length
            while True:
                await _timed(each, act, browser, nobody)
                if time.perf_counter() >= until:
                    break
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
