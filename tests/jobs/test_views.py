"""The progress page of a piece of long work."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from lms.jobs.models import Job
from lms.jobs.rules import JobState
from lms.jobs.services import enqueue
from tests.conftest import Site

As = Callable[[str], FlaskClient]
JSON = {"Accept": "application/json"}


def begun_by(site: Site, number: str, state: JobState = JobState.LEASED) -> str:
    """A job of a person of the world, two of five steps done; returns its address."""
    with site.db.writing() as session:
        job = enqueue(session, "test.work", {}, dedupe_key="one", owner_id=site.world.person_ids[number])
        job.state, job.progress_done, job.progress_total = state, 2, 5
        return f"/jobs/{job.public_id}"


def test_a_script_is_told_state_and_numbers(site: Site, as_person: As) -> None:
    response = as_person("O1").get(begun_by(site, "O1"), headers=JSON)
    assert response.status_code == 200
    assert response.get_json() == {"state": "leased", "done": 2, "total": 5}


@pytest.mark.parametrize(
    ("state", "reloads", "says"),
    [
        (JobState.QUEUED, True, "正在办"),
        (JobState.LEASED, True, "共 5 件，办好 2 件"),
        (JobState.DONE, False, "共 5 件，全部办好"),
        (JobState.FAILED, False, "办到第 2 件停下了"),
    ],
)
def test_the_page_reloads_itself_until_there_is_an_end(
    site: Site, as_person: As, state: JobState, reloads: bool, says: str
) -> None:
    text = as_person("O1").get(begun_by(site, "O1", state)).get_data(as_text=True)
    assert ('http-equiv="refresh"' in text) is reloads
    assert says in text


@pytest.mark.parametrize(("result", "left"), [({"left": {"x": "moved_on"}}, 1), ({"refused": "access.forbidden"}, 5)])
def test_what_could_not_be_done_is_said(site: Site, as_person: As, result: dict[str, object], left: int) -> None:
    address = begun_by(site, "O1", JobState.DONE)
    with site.db.writing() as session:
        session.scalars(sa.select(Job)).one().result = result
    text = as_person("O1").get(address).get_data(as_text=True)
    assert f"共 5 件，{left} 件没有办成" in text
    assert "全部办好" not in text


def test_the_work_of_another_and_unknown_work_look_the_same(site: Site, as_person: As) -> None:
    """Also for a higher official: progress is nobody else's business, and an id proves nothing."""
    theirs = begun_by(site, "O1")
    client = as_person("O2")
    answers = [client.get(path, headers=JSON) for path in (theirs, "/jobs/unknown")]
    assert [answer.status_code for answer in answers] == [404, 404]
    texts = [answer.get_json()["error"] for answer in answers]
    assert texts[0] == texts[1]


def test_a_stranger_is_asked_to_sign_in(site: Site, client: FlaskClient) -> None:
    path = begun_by(site, "O1")
    assert client.get(path).status_code == 302
    assert client.get(path, headers=JSON).status_code == 401
