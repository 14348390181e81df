"""Every page of the product in a phone's browser: axe, no sideways scroll, and the weight of a first visit.

The pages are those of the access matrix that answer 200 to a role, each opened as the first role that may. One look a
page is in every run: a phone, Chinese, text as it comes. The long run looks at English, at the largest text and at
a wide screen too.
"""

import pytest
from playwright.sync_api import Page

from lms.app import create_app
from lms.web.guards import rule_of
from tests.architecture.endpoints import ACTORS, IN_UNIT, NONE, OUTSIDE, OWN, Call, Place, address, calls
from tests.architecture.test_access_matrix import read_matrix
from tests.browser import PHONE, Open, Served, look, sign_in
from tests.journeys.test_first_sign_in import MOST_BYTES
from tests.world import PASSWORD

pytestmark = pytest.mark.browser

NOT_PAGES = {
    "healthz": "an answer for machines",
    "people.sign_in_token": "an answer for our scripts",
    "people.roster_problems": "a file",
    "people.roster_template": "a file",
    "certification.download": "a file",
    "style": "the show of all components, of many pages' weight; looked at below",
}
CHOOSE = """
([path, name, value]) => {
  const csrf_token = document.querySelector('[name=csrf_token]').value;
  return fetch(`/${path}`, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({csrf_token, [name]: value}),
  }).then(() => null);
}
"""
CASES = (OWN, NONE, IN_UNIT, OUTSIDE)
WIDE = {"width": 1280, "height": 900}


def pages(role: str) -> list[tuple[str, str]]:
    """Return (endpoint, case) of the pages that open to a role and were not open to the roles before it."""
    order = list(ACTORS)
    first: dict[str, tuple[str, str]] = {}
    rows = [row for row in read_matrix() if row[1] == "GET" and row[4] == "200" and row[0] not in NOT_PAGES]
    for endpoint, _, who, case, _ in sorted(rows, key=lambda row: (order.index(row[2]), CASES.index(row[3]))):
        first.setdefault(endpoint, (who, case))
    return [(endpoint, case) for endpoint, (who, case) in first.items() if who == role]


@pytest.fixture(scope="module")
def addresses(served: Served) -> dict[tuple[str, str, str], str]:
    """The path of every page by role, endpoint and case, with what it needs made by services."""
    app = create_app(served.site.settings, served.site.db)
    place = Place(served.site.db, served.site.world)
    return {
        (role, endpoint, case): address(app, place, Call(endpoint, "GET", case), ACTORS[role])
        for role in ACTORS
        for endpoint, case in pages(role)
    }


def enter(page: Page, role: str) -> None:
    number = ACTORS[role]
    if number is not None:
        sign_in(page, f"CG00{number}", PASSWORD)
        page.wait_for_url("**/")


def test_every_page_is_looked_at(served: Served) -> None:
    app = create_app(served.site.settings, served.site.db)
    seen = {endpoint for role in ACTORS for endpoint, _case in pages(role)} | set(NOT_PAGES)
    assert {call.endpoint for call in calls(app, {"GET"})} - seen == ONLY_LED_TO


ONLY_LED_TO = {"certification.refuse", "certification.revoke", "certification.withdraw_revocation"}
"""Pages that show only in the middle of an act: one form each, as that of ``certification.propose_revocation``."""


@pytest.mark.parametrize("role", ACTORS)
def test_on_a_phone(open_browser: Open, addresses: dict[tuple[str, str, str], str], role: str) -> None:
    page, watch = open_browser()
    enter(page, role)
    for endpoint, case in pages(role):
        watch.responses.clear()
        page.goto(addresses[role, endpoint, case])
        look(page)
        weight = {
            response.url: len(response.body())
            for response in watch.responses
            if response.request.resource_type not in {"image", "font"} and response.status == 200
        }
        assert sum(weight.values()) <= MOST_BYTES, (endpoint, weight)


@pytest.mark.full
@pytest.mark.parametrize("role", ACTORS)
@pytest.mark.parametrize(
    ("language", "text", "viewport"),
    [("en", "largest", PHONE), ("zh", "largest", PHONE), ("en", "large", WIDE), ("zh", "", WIDE), ("en", "", PHONE)],
)
def test_in_every_look(
    served: Served,
    open_browser: Open,
    addresses: dict[tuple[str, str, str], str],
    role: str,
    language: str,
    text: str,
    viewport: dict[str, int],
) -> None:
    page, _watch = open_browser(viewport=viewport)
    enter(page, role)
    page.goto("/sign-in" if ACTORS[role] is None else "/me")
    for name, value, path in (("lang", language, "language"), ("text", text, "text-size")):
        page.evaluate(
            CHOOSE,
            [path, name, value],
        )
    app = create_app(served.site.settings, served.site.db)
    for endpoint, case in pages(role):
        path = addresses[role, endpoint, case]
        if rule_of(app, endpoint).sessionless:  # no cookie there: the look travels in the address
            path += f"?lang={language}&text={text}"
        page.goto(path)
        assert page.evaluate("document.documentElement.lang").startswith(language), endpoint
        assert page.evaluate("document.documentElement.dataset.text || ''") == text, endpoint
        look(page)
