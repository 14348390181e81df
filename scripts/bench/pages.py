"""The main pages: how many queries each takes, and how long it takes one reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask

from lms.certification import queries as certification
from lms.competency import queries as competency
from lms.config import Settings
from lms.core.db import Database
from lms.demo.load import PASSWORD
from lms.people import queries as people
from scripts.bench.client import Browser, getting, one_after_the_other
from scripts.bench.figures import AIMS, Load, Row, percentile, verdict
from scripts.bench.instance import ADMIN, AUDITOR, LEADER, MENTOR, NEWCOMER, PROPOSER, QUIZ, TRAINER, Learner
from scripts.bench.scene import CANDIDATES, CODE, EVIDENCE

SEARCHED = "\u53cd\u8bc8"
"""反诈: in few lessons, so that all are looked through to the end."""


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
    own += [f"{who}/competency/{skill}", f"/v/{code}", "/v/", "/me/applications", "/notices", "/duties"]
    official = ["/", "/people", "/people?page=2", who, f"{who}/edit", f"{who}/competency", "/people/roster"]
    official += ["/people/slips", "/people/new", "/certificates", "/results", f"/certificates/{certificate.public_id}"]
    official += ["/recognitions", "/audit", "/roles", "/units", "/overview", "/selection", "/mentoring/pairs"]
    official += ["/duties/acknowledgements", f"{who}/duties"]
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


# --- what came with mentoring, selection and duty lists ------------------------------------------------------


@dataclass(frozen=True)
class Timed:
    """A page that is timed for one reader: what it is called, who opens it, its address."""

    what: str
    number: str
    path: str


def timed_pages(db: Database, learner: Learner, count: int, round_id: str) -> list[Timed]:
    """Return the pages that are timed. ``count``: learners on the grid; ``learner`` has the evidence and a list."""
    with db.reading() as session:
        person = people.person_with_staff_number(session, learner.number)
        grid = people.person_with_staff_number(session, NEWCOMER).unit.public_id
    levels = f"/people/{person.public_id}/competency"
    return [
        *(
            Timed(f"home of the {role}", number, "/")
            for role, number in (
                ("newcomer", NEWCOMER),
                ("mentor", MENTOR),
                ("trainer", TRAINER),
                ("grid leader", LEADER),
                ("official", PROPOSER),
            )
        ),
        Timed(f"levels, {EVIDENCE} pieces of evidence", LEADER, levels),
        Timed(f"one competency, {EVIDENCE} pieces of evidence", LEADER, f"{levels}/{CODE}"),
        Timed(f"grid, {count} learners on it", LEADER, f"/grids/{grid}"),
        Timed("duty list", learner.number, "/me/duties"),
        Timed("courses and learning map", NEWCOMER, "/courses"),
        Timed("search of two characters", NEWCOMER, f"/search?q={quote(SEARCHED)}"),
        Timed(f"selection round, {CANDIDATES} candidates on its list", PROPOSER, f"/selection/{round_id}"),
    ]


async def time_pages(settings: Settings, timed: Sequence[Timed]) -> list[Load]:
    """Return how long each page took a single reader, over loopback."""
    browsers: dict[str, Browser] = {}
    loads = []
    for page in timed:
        if page.number not in browsers:
            browsers[page.number] = Browser(settings)
            await browsers[page.number].sign_in(page.number)
        loads.append(await one_after_the_other(browsers[page.number], getting(page.path, b'id="main"')))
    for browser in browsers.values():
        browser.close()
    return loads


def page_row(page: Timed, load: Load, queries: int) -> Row:
    """Return the line of a timed page: met when both time and queries are."""
    aim = f"p95 < {AIMS['page']:.0f} ms (ours), <= {AIMS['queries']:.0f} queries"
    if load.errors or not load.milliseconds:
        return Row(page.what, "", aim, f"FAILED {len(load.errors)}x: {''.join(load.errors[:1]) or 'no answer at all'}")
    late = percentile(load.milliseconds, 95)
    figure = f"p95 {late:6.1f} ms   median {percentile(load.milliseconds, 50):6.1f} ms   {queries} queries"
    said = verdict(max(late / AIMS["page"], queries / AIMS["queries"]), 1, at_most=True)
    return Row(page.what, figure, aim, said)
