"""A real browser before the real product: ``lms serve`` with gunicorn and worker, Chromium on a phone's screen.

Every test that uses ``page`` fails when the browser complains: an error on its console, something the content
security policy blocked, a request to any other host, a page that must be scrolled sideways, an answer of 500.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, Request, Response, sync_playwright

from lms.access.identity import CONSOLE
from lms.app import make_database
from lms.core import clock
from lms.migrations import run as migrations
from lms.people.services import accounts, persons
from tests.architecture.sources import ROOT
from tests.conftest import Site, make_settings
from tests.world import NOW, PASSWORDS, TODAY, build

PHONE = {"width": 360, "height": 780}
START_SECONDS = 60
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

REPORT_BLOCKED = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`blocked by the policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
WIDER_THAN_SCREEN = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass(frozen=True)
class Served:
    """The product, running, with the world of ``tests.world`` in its database."""

    url: str
    site: Site

    def newcomer(self, staff_number: str, name: str) -> str:
        """Enter a person who has never signed in and return the code on the slip."""
        prepared = accounts.prepare_code(PASSWORDS)
        with self.site.db.writing() as session:
            unit = self.site.world.unit(session, "east.1.1")
            data = persons.PersonData(staff_number=staff_number, name=name, joined_on=TODAY)
            person = persons.add_person(session, CONSOLE, unit, data, now=NOW)
            accounts.open_account(session, CONSOLE, person, prepared, now=NOW)
        return prepared.code


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(folder: Path, port: int) -> dict[str, str]:
    # The world begins on a fixed day; whatever day the machine has, business time is not before it.
    days = max(0, (NOW - clock.real_now()) // timedelta(days=1) + 1) if clock.real_now() < NOW else 0
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    return {
        **kept,
        "LMS_INSTANCE": str(folder),
        "LMS_PORT": str(port),
        "LMS_DEMO": "0",
        "LMS_WORKERS": "1",
        "LMS_ARGON2_MEMORY_KIB": "8",
        "LMS_ARGON2_TIME": "1",
        "LMS_CLOCK_OFFSET_DAYS": str(days),
    }


def compile_catalogue() -> None:
    """Compile the English catalogue when its text is newer, as scripts/setup.sh does."""
    text = ROOT / "lms/translations/en/LC_MESSAGES/messages.po"
    compiled = text.with_suffix(".mo")
    if not compiled.exists() or compiled.stat().st_mtime < text.stat().st_mtime:
        tool = Path(sys.executable).parent / "pybabel"
        subprocess.run([tool, "-q", "compile", "-d", ROOT / "lms/translations"], check=True, capture_output=True)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"lms serve did not get ready:\n{log.read_text(encoding='utf-8')[-4000:]}")


@contextmanager
def running(
    folder: Path, command: list[str], prepare: Callable[[Site], None] = lambda _site: None, **environment: str
) -> Iterator[tuple[str, Site, subprocess.Popen[bytes]]]:
    """Serve the world from a folder of its own by ``command``; give (address, site, the launcher's process).

    ``prepare`` adds what a journey needs before the start; ``environment`` is for the process.
    """
    clock.unfreeze()  # the process to start has the machine's clock; slips and sessions are made by it too
    compile_catalogue()
    url = f"sqlite:///{folder / 'lms.sqlite'}"
    migrations.upgrade(url)
    settings = make_settings(folder, url)
    db = make_database(settings)
    site = Site(settings, db, build(db))
    prepare(site)
    port, log = free_port(), folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**_environment(folder, port), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}", log)
            yield f"http://127.0.0.1:{port}", site, process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            db.engine.dispose()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The product, served as ``lms serve`` does it, on a free port with a folder of its own."""
    with running(tmp_path_factory.mktemp("served"), ["-m", "lms", "serve"]) as (url, site, _process):
        yield Served(url, site)


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """The driver of the browser, one for each test process."""
    with sync_playwright() as running:
        yield running


@dataclass
class Watch:
    """What a browser complained about while a test used it."""

    own: str
    complaints: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        # What could not be loaded is seen in ``response``, which knows a page that was refused (422) from a lost file.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def crash(self, error: Any) -> None:
        self.complaints.append(f"script error: {error}")

    def request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and f"{address.scheme}://{address.netloc}" != self.own:
            self.complaints.append(f"request beyond this product: {request.url}")

    def failed(self, request: Request) -> None:
        # A page that is left while it still loads something says so; that is no fault.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"request failed: {request.url} {request.failure}")

    def response(self, response: Response) -> None:
        self.responses.append(response)
        is_lost = response.status >= 400 and not response.request.is_navigation_request()
        if response.status >= 500 or is_lost:
            self.complaints.append(f"{response.status} from {response.url}")


Open = Callable[..., tuple[Page, Watch]]


@pytest.fixture
def open_browser(served: Served, driver: Playwright, tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens a fresh browser (own profile, nothing remembered) and watches it."""
    executable = shutil.which("chromium")
    assert executable is not None, "the journeys need chromium: apt-get install chromium"
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def opened(**options: Any) -> tuple[Page, Watch]:
        context = driver.chromium.launch_persistent_context(
            str(tmp_path / f"profile{len(contexts)}"),
            executable_path=executable,
            args=FLAGS,
            headless=True,
            base_url=served.url,
            **{"viewport": PHONE, "locale": "zh-CN", **options},
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        context.add_init_script(REPORT_BLOCKED)
        page, watch = context.pages[0], Watch(served.url)
        watches.append(watch)
        page.on("console", watch.console)
        page.on("pageerror", watch.crash)
        page.on("request", watch.request)
        page.on("requestfailed", watch.failed)
        page.on("response", watch.response)
        return page, watch

    yield opened
    for context in contexts:
        context.close()
    complaints = [complaint for watch in watches for complaint in watch.complaints]
    assert not complaints, "the browser complains:\n" + "\n".join(complaints)


@pytest.fixture
def page(open_browser: Open) -> Page:
    """A phone's browser, watched."""
    opened, _watch = open_browser()
    return opened


def look(page: Page) -> None:
    """Look at a page as a person with poor sight, a small phone or a screen reader would. Fails with what is wrong."""
    page.wait_for_load_state("networkidle")
    assert not page.evaluate(WIDER_THAN_SCREEN), f"{page.url} must be scrolled sideways"
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    problems = [
        f"{each['id']} ({each['impact']}): {each['help']}\n    "
        + "\n    ".join(str(node["html"])[:200] for node in each["nodes"][:5])
        for each in found.response["violations"]
    ]
    assert not problems, f"{page.url}:\n" + "\n".join(problems)


def sign_in(page: Page, staff_number: str, password: str) -> None:
    """Fill in the sign-in page and press its button."""
    page.goto("/sign-in")
    page.fill("#staff_number", staff_number)
    page.fill("#password", password)
    page.click("main button[type=submit]")
