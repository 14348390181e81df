"""Pages of sessions: logging once, what was typed, answers, and the way from a figure to the session."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from lms.competency.cli import group
from lms.core import clock
from lms.core.console import Console
from lms.mentoring.rules import PairAction, SessionAction, SessionState
from lms.web.messages import Wordbook
from tests.conftest import Site, post
from tests.mentoring.making import Mentoring
from tests.world import NOW

As = Callable[[str], FlaskClient]


@pytest.fixture
def pair(acts: Mentoring) -> str:
    """A pair of M1 and N1 that has been active for three days."""
    made = acts.active()
    clock.freeze(NOW + timedelta(days=3))
    return made


def text_of(client: FlaskClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.get_data(as_text=True)


def form_of(mentor: FlaskClient, pair: str, topic: str = "home_visit") -> tuple[str, str]:
    """Choose a topic and return the form's address and token."""
    page = text_of(mentor, f"/mentoring/pairs/{pair}/log")
    found = re.search(rf'href="([^"]*/log/{topic}\?t=([^"]+))"', page)
    assert found is not None
    return found.group(1), found.group(2)


def test_the_same_form_is_one_session_however_it_comes_back(acts: Mentoring, pair: str, as_person: As) -> None:
    mentor = as_person("M1")
    path, token = form_of(mentor, pair)
    page = text_of(mentor, path)
    assert f'value="{token}"' in page
    assert page.count('class="yn"') == 6
    sent = {"token": token, "when": "just_now", "minutes": "30", "day": "2026-11-27", "m-eth1-1a": "yes"}
    first = post(mentor, path, {**sent, "m-eth1-1b": "none", "line": "走得稳"})
    again = post(mentor, path, sent)
    assert first.status_code == again.status_code == 302
    assert first.location == again.location
    assert mentor.get(path).location == first.location, "the back button"
    page = text_of(mentor, first.location)
    assert "等徒弟确认" in page
    assert "走得稳" in page
    one = acts.session(first.location.rsplit("/", 1)[1])
    assert [(each.key, each.shown) for each in one.marks] == [("eth1-1a", True)]
    assert one.starts_at == clock.now() - timedelta(minutes=30)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"day": "2026-11-26"}, "不是今天的"),
        ({"day": ""}, "选一天"),
        ({"when": "evening"}, "还没到"),
        ({"when": "morning", "day": "2026-11-23"}, "还没有结对"),
        ({"clock_time": "09:45", "minutes": "60"}, "还没到"),
        ({"line": "长" * 201}, "最多 200 个字"),
        ({"token": ""}, "页面过期了"),
        ({"m-bnd1-1a": "yes"}, "刚更新过"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    acts: Mentoring, pair: str, as_person: As, change: dict[str, str], words: str
) -> None:
    mentor = as_person("M1")
    path, token = form_of(mentor, pair)
    sent = {"token": token, "when": "just_now", "minutes": "30", "day": "2026-11-27", "line": "走得稳"}
    response = post(mentor, path, {**sent, "m-eth1-1a": "no", **change})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert words in page
    assert re.search(r'name="m-eth1-1a" value="no" checked', page)
    assert re.search(r'name="minutes" value="(30|60)" checked', page)


def test_an_exact_time_and_a_part_of_another_day(acts: Mentoring, pair: str, as_person: As) -> None:
    mentor = as_person("M1")
    for topic, typed, start in (
        ("patrol", {"when": "just_now", "day": "2026-11-26", "clock_time": "15:20"}, "15:20"),
        ("care", {"when": "morning", "day": "2026-11-26"}, "09:00"),
    ):
        path, token = form_of(mentor, pair, topic)
        response = post(mentor, path, {"token": token, "minutes": "60", **typed})
        one = acts.session(response.location.rsplit("/", 1)[1])
        assert f"{one.starts_at.astimezone(clock.SHANGHAI):%d %H:%M}" == f"26 {start}"


def test_an_overlapping_session_says_so_and_leads_to_the_first(acts: Mentoring, pair: str, as_person: As) -> None:
    first = acts.log(pair)
    mentor = as_person("M1")
    path, token = form_of(mentor, pair)
    sent = {"token": token, "when": "just_now", "minutes": "30", "day": "2026-11-27"}
    page = text_of(mentor, post(mentor, path, sent).location)
    assert "时间重叠，不计入" in page
    assert f"/mentoring/sessions/{first}" in page


def test_an_unknown_topic_is_not_there(acts: Mentoring, pair: str, as_person: As) -> None:
    assert as_person("M1").get(f"/mentoring/pairs/{pair}/log/gossip").status_code == 404


def test_the_newcomer_confirms_and_the_figure_opens_down_to_the_session(
    acts: Mentoring, pair: str, as_person: As
) -> None:
    one = acts.log(pair)
    newcomer = as_person("N1")
    assert f"/mentoring/sessions/{one}" in text_of(newcomer, "/mentoring/mine")
    path = f"/mentoring/sessions/{one}"
    assert post(newcomer, f"{path}/answer", {"act": "confirm"}).location == path
    assert "双方确认" in text_of(newcomer, path)
    for who in ("N1", "M1", "L1", "O1"):
        page = text_of(as_person(who), f"/people/{acts.world.person_public_ids['N1']}/competency/ETH1")
        assert path in page
        assert "看 2 条，做到 1" in page
        assert "上门三句话说得全 · 做到" in page
    trainer = text_of(as_person("T1"), f"/people/{acts.world.person_public_ids['N1']}/competency/ETH1")
    assert path not in trainer, "a trainer sees the figure, not the session"


def test_a_correction_and_its_acceptance(acts: Mentoring, pair: str, as_person: As) -> None:
    one = acts.log(pair)
    newcomer, mentor = as_person("N1"), as_person("M1")
    path = f"/mentoring/sessions/{one}"
    page = text_of(newcomer, f"{path}/correct")
    assert re.search(r'name="m-eth1-1b" value="no" checked', page)
    refused = post(newcomer, f"{path}/correct", {"m-eth1-1b": "yes"})
    assert refused.status_code == 422
    assert re.search(r'name="m-eth1-1b" value="yes" checked', refused.get_data(as_text=True))
    same = post(newcomer, f"{path}/correct", {"m-eth1-1b": "no", "line": "不对"})
    assert "和师傅记的一样" in same.get_data(as_text=True)
    assert post(newcomer, f"{path}/correct", {"m-eth1-1b": "yes", "line": "我先说的"}).location == path
    assert "已经回答过了" in text_of(newcomer, f"{path}/correct")
    assert "有更正" in text_of(mentor, "/mentoring/mentees")
    page = text_of(mentor, path)
    assert "我先说的" in page
    assert "徒弟说" in page
    post(mentor, f"{path}/answer", {"act": "accept"})
    assert acts.session(one).state is SessionState.CONFIRMED


def test_taking_a_session_back_needs_a_reason(acts: Mentoring, pair: str, as_person: As) -> None:
    one = acts.log(pair)
    mentor, path = as_person("M1"), f"/mentoring/sessions/{one}"
    assert post(mentor, f"{path}/answer", {"act": "withdraw"}).status_code == 422
    assert post(mentor, f"{path}/answer", {"act": "withdraw", "line": "点错人了"}).status_code == 302
    assert "点错人了" in text_of(mentor, path)
    late = post(as_person("N1"), f"{path}/answer", {"act": "confirm"})
    assert (late.status_code, "刚被办过" in late.get_data(as_text=True)) == (422, True)


def test_after_72_hours_nothing_is_asked(acts: Mentoring, pair: str, as_person: As) -> None:
    one = acts.log(pair)
    clock.freeze(clock.now() + timedelta(hours=73))
    newcomer = as_person("N1")
    page = text_of(newcomer, f"/mentoring/sessions/{one}")
    assert "72 小时已经过了" in page
    assert "是这样" not in page
    late = post(newcomer, f"/mentoring/sessions/{one}/answer", {"act": "confirm"})
    assert (late.status_code, "72 小时已经过了" in late.get_data(as_text=True)) == (422, True)


def test_who_is_not_of_the_pair_does_not_find_it(acts: Mentoring, pair: str, as_person: As) -> None:
    one = acts.log(pair)
    for who, status in (("N2", 404), ("O9", 404), ("T1", 404), ("L1", 200), ("O1", 200)):
        assert as_person(who).get(f"/mentoring/sessions/{one}").status_code == status
    acts.decide(pair, PairAction.END)
    assert as_person("M1").get(f"/mentoring/sessions/{one}").status_code == 200, "one's own stays readable"
    assert as_person("M1").get(f"/mentoring/pairs/{pair}/log").status_code == 404
    assert acts.answer(one, SessionAction.CONFIRM) is SessionState.CONFIRMED


def test_the_rebuild_finds_no_difference(site: Site, acts: Mentoring, pair: str) -> None:
    acts.answer(acts.log(pair), SessionAction.CONFIRM)
    console = Console(
        settings=site.settings,
        open_database=lambda: site.db,
        words=Wordbook().text,
        handlers={},
        schedule=(),
        content_types=(),
    )
    found = CliRunner().invoke(group, ["rebuild", "--check"], obj=console)
    assert found.exit_code == 0, found.output
