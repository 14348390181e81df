"""The whole access policy as seen from outside: endpoint × method × role × case → status.

The expected statuses stand in access_matrix.csv, which people read in review. After a new endpoint or a changed
grant: ``LMS_TEST_WRITE_MATRIX=1 pytest tests/architecture/test_access_matrix.py`` writes it anew; read the
difference before you commit it. Whatever the file says, the access table must agree: a function that the role
lacks answers 403 (a stranger is sent to the sign-in page or gets 401), a thing out of reach answers 404.
"""

import csv
import os
from pathlib import Path

import pytest
from flask import Flask

from lms.access.decide import can, may_use
from lms.web import guards
from tests.architecture.endpoints import (
    ACTORS,
    ENDPOINTS,
    OWN,
    Call,
    Place,
    Visitor,
    address,
    calls,
    identity,
    refuse_unknown,
)
from tests.conftest import Site

FILE = Path(__file__).with_name("access_matrix.csv")
HEAD = ["endpoint", "method", "role", "case", "status"]
ENDS_SESSION = {"people.sign_out", "people.sign_in"}
"""After these the visitor signs in anew."""

Row = tuple[str, str, str, str, str]


def read_matrix() -> list[Row]:
    if not FILE.exists():
        return []
    with FILE.open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1], row[2], row[3], row[4]) for row in csv.reader(file)][1:]


def write_matrix(role: str, rows: list[Row]) -> None:
    """Put the rows of one role in the place of its old ones."""
    order = list(ACTORS)
    merged = sorted(
        [*(row for row in read_matrix() if row[2] != role), *rows],
        key=lambda row: (row[0], row[1], order.index(row[2]), row[3]),
    )
    with FILE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEAD, *merged])


class Caller(Visitor):
    """A visitor who notes the status of what is opened."""

    def status_of(self, place: Place, call: Call) -> int:
        """Open an endpoint with a page's token and return the status."""
        path = address(self.app, place, call, self.actor)
        if call.method == "GET":
            return self.browser.get(path).status_code
        form = {"csrf_token": self.token, **ENDPOINTS[call.endpoint].form}
        status = self.browser.open(path, method=call.method, data=form).status_code
        if call.endpoint in ENDS_SESSION:
            self.start()
        return status


@pytest.mark.parametrize("role", ACTORS)
def test_every_endpoint_answers_each_role_as_the_matrix_says(app: Flask, site: Site, role: str) -> None:
    actor, place = ACTORS[role], Place(site.db, site.world)
    rows: list[Row] = []
    wrong: list[str] = []
    visitor = Caller(app, actor)
    # Reads before writes: what one changes does not colour the answer of the next.
    for call in [*calls(app, {"GET"}), *calls(app, {"POST", "PUT", "PATCH", "DELETE"})]:
        if actor is None and call.case == OWN:
            continue  # nothing belongs to a stranger
        status = visitor.status_of(place, call)
        wrong += disagreements(app, place, call, role, status)
        rows.append((call.endpoint, call.method, role, call.case, str(status)))
    assert not wrong, "\n" + "\n".join(wrong)
    if os.environ.get("LMS_TEST_WRITE_MATRIX") and site.db.is_sqlite:
        write_matrix(role, rows)
    expected = [row for row in read_matrix() if row[2] == role]
    assert sorted(rows) == sorted(expected), (
        "access_matrix.csv says otherwise; if the new answers are right, run "
        "LMS_TEST_WRITE_MATRIX=1 pytest tests/architecture/test_access_matrix.py and read the difference"
    )


def disagreements(app: Flask, place: Place, call: Call, role: str, status: int) -> list[str]:
    """Return how a status differs from what ``lms.access.decide`` says, whatever the file says."""
    rule, endpoint, actor = guards.rule_of(app, call.endpoint), ENDPOINTS[call.endpoint], ACTORS[role]
    permission = rule.permission
    if status >= 500:
        expected, why = status < 500, "an error of ours"
    elif permission is None:
        expected, why = status not in {401, 403}, "public"
    elif actor is None:
        expected, why = status == (302 if call.method == "GET" else 401), "a stranger must sign in"
    elif not may_use(who := identity(place, actor), permission):
        expected, why = status == 403, f"no role of theirs includes {permission.value}"
    elif endpoint.scope is not None and not can(who, permission, endpoint.scope(place, actor, call.case)):
        expected, why = status == 404, f"out of reach for {permission.value}"
    elif (role, call.case) in endpoint.beyond:
        expected, why = status == 403, endpoint.beyond[role, call.case]
    else:
        expected = status not in {401, 403, 404}
        why = f"{permission.value} allows it; a rule beyond the table that refuses stands in ``beyond``"
    return [] if expected else [f"{call.method} {call.endpoint} ({call.case}) as {role} → {status}: {why}"]


def test_every_endpoint_is_walked(app: Flask) -> None:
    refuse_unknown(app)


def test_the_file_has_no_rows_of_the_past() -> None:
    rows = read_matrix()
    assert len(rows) == len(set(rows))
    assert {row[0] for row in rows} == set(ENDPOINTS)
    assert {row[2] for row in rows} == set(ACTORS)
