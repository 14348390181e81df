"""No page asks the database more than a dozen times, however many rows it shows."""

import pytest
from flask import Flask

from tests.architecture.endpoints import ACTORS, Place, address, calls
from tests.conftest import CountQueries, Site, sign_in_as

AT_MOST = 12


@pytest.mark.parametrize("role", ["official", "audit_admin"])
def test_no_page_asks_more_than_a_dozen_times(app: Flask, site: Site, count_queries: CountQueries, role: str) -> None:
    number, place = str(ACTORS[role]), Place(site.db, site.world)
    browser = app.test_client()
    sign_in_as(browser, number)
    for call in calls(app, {"GET"}):
        path = address(app, place, call, number)
        with count_queries(site.db) as statements:
            browser.get(path)
        assert len(statements) <= AT_MOST, f"{call} asks {len(statements)} times:\n" + "\n".join(statements)


def test_the_count_counts(app: Flask, site: Site, count_queries: CountQueries) -> None:
    browser = app.test_client()
    sign_in_as(browser, "N1")
    with count_queries(site.db) as statements:
        browser.get("/me")
    assert 3 <= len(statements) <= AT_MOST
    assert all(statement.startswith("SELECT") for statement in statements), statements
