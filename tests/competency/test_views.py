"""Pages of competency over HTTP: every figure opens its evidence; 认定 by two officials."""

import random
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from lms.access.identity import CONSOLE
from lms.competency.rules import EvidenceKind, RecognitionAction
from lms.competency.tasks import expire_due
from lms.core import clock
from lms.core.db import Database
from lms.people.rules import StaffState
from lms.people.services import persons
from tests.competency.conftest import Acts
from tests.competency.pages import FIGURE, Element, Shown, evidence_shown, figures_without_link, formula_rows, read
from tests.conftest import CountQueries, post, sign_in_as
from tests.quizzes import papers
from tests.world import NOW, PASSWORD, TODAY, World

As = Callable[[str], FlaskClient]
WEIGHTS = {"测验": Decimal("0.5"), "情景练习": Decimal("0.3"), "师傅看见的": Decimal("0.2")}


def page_of(client: FlaskClient, path: str) -> Element:
    response = client.get(path)
    assert response.status_code == 200, path
    return read(response.get_data(as_text=True))


# --- every figure opens its evidence ----------------------------------------------------------------------


def cent(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def score_of(evidence: list[Shown]) -> tuple[dict[str, Decimal], Decimal | None]:
    """Return parts and score from the evidence that a page shows as counted: the published rule, written anew."""
    parts: dict[str, Decimal] = {}
    for kind in WEIGHTS:
        counted = [each for each in evidence if each.kind == kind and each.counts]
        if not counted:
            continue
        weights = [Decimal(1) if kind != "师傅看见的" or each.is_confirmed else Decimal("0.5") for each in counted]
        shown = sum((each.shown * weight for each, weight in zip(counted, weights, strict=True)), Decimal(0))
        asked = sum((each.asked * weight for each, weight in zip(counted, weights, strict=True)), Decimal(0))
        parts[kind] = cent(100 * shown / asked)
    if not parts:
        return parts, None
    present = sum((WEIGHTS[kind] for kind in parts), Decimal(0))
    return parts, cent(sum((value * WEIGHTS[kind] for kind, value in parts.items()), Decimal(0)) / present)


def follow(page: Element) -> None:
    """Check that no figure of a page is without link and every link of its own leads somewhere on it."""
    assert figures_without_link(page) == []
    ids = [each.get("id") for each in page.all() if each.get("id")]
    assert len(ids) == len(set(ids))
    for link in page.find("a"):
        target = link.get("href")
        if target.startswith("#"):
            assert target[1:] in ids, f"{link.text} leads to {target}, which is not there"


def recompute(page: Element) -> Decimal | None:
    """Recompute every figure of an evidence page from its rows, and return the score."""
    evidence = evidence_shown(page)
    for each in evidence:
        assert each.value == (cent(100 * each.shown / each.asked) if each.asked else None)
    parts, score = score_of(evidence)
    *rows, (_, total) = formula_rows(page.find("div", "formula")[0])
    for words, value in rows:
        kind = words.split(" ")[0]
        if kind in WEIGHTS:
            assert Decimal(re.findall(r"[\d.]+", words)[-1]) == WEIGHTS[kind]
            figure = FIGURE.search(value)
            assert (Decimal(figure.group()) if figure else None) == parts.get(kind)
    assert (Decimal(total) if FIGURE.fullmatch(total) else None) == score
    return score


def act_at_random(acts: Acts, number: str, chance: random.Random) -> None:
    for code in chance.sample(["ETH1", "ETH2", "ETH3", "LAW1", "BND1"], 2):
        for _ in range(chance.randint(1, 4)):
            marks = " ".join(chance.choice(["1", "0.5", "0.3333", "0"]) for _ in range(chance.randint(1, 6)))
            at = NOW - timedelta(days=chance.randint(0, 800), minutes=chance.randint(0, 999))
            critical = chance.choice(["", "right", "crossed"])
            acts.attempt(number, marks, code=code, is_passed=chance.random() < 0.7, critical=critical, at=at)
        for _ in range(chance.randint(0, 2)):
            shown = chance.randint(0, 4)
            acts.other(EvidenceKind.OBSERVED, number, str(shown), code=code, is_confirmed=chance.random() < 0.6)
        if chance.random() < 0.4:
            acts.other(EvidenceKind.SCENARIO, number, "3", code=code)


def twenty_persons(db: Database, world: World) -> list[str]:
    """Enter enough persons for twenty to be looked at; return their short names."""
    numbers = ["N1", "N2", "M1", "L1", "T1", "S1", "A1", "O2"]
    with db.writing() as session:
        for index in range(12):
            number = f"X{index}"
            data = persons.PersonData(staff_number=f"CG00{number}", name="韩梅", joined_on=TODAY)
            place = world.unit(session, f"east.{1 + index % 2}.1")
            person = persons.add_person(session, CONSOLE, place, data, now=NOW, state=StaffState.ACTIVE)
            world.person_ids[number], world.person_public_ids[number] = person.id, person.public_id
            numbers.append(number)
    return numbers


def test_every_figure_of_twenty_persons_leads_to_its_rows_and_can_be_recomputed(
    acts: Acts, as_person: As, db: Database, world: World
) -> None:
    """Follow each figure to its evidence and do the sums again, for twenty persons with random evidence."""
    chance = random.Random(20)  # noqa: S311 - the same evidence every time
    numbers = twenty_persons(db, world)
    for number in numbers:
        act_at_random(acts, number, chance)
    acts.recognise("N2", 3, code="ETH3")
    client = as_person("O1")
    scores = 0
    for number in numbers:
        base = f"/people/{world.person_public_ids[number]}/competency"
        page = page_of(client, base)
        follow(page)
        links = [link for each in page.find("ul", "comp") for link in each.find("a") if link.get("href") != "#gap"]
        assert len(links) == 18
        for link in links:
            assert link.get("href").startswith(base + "/")
            if "条佐证" not in link.text and chance.random() < 0.95:
                continue  # of the many that have nothing, a few will do
            one = page_of(client, link.get("href"))
            follow(one)
            score = recompute(one)
            figure = FIGURE.search(link.text)
            assert (Decimal(figure.group()) if figure else None) == score
            level = one.find("p", "figure")[0].find("a")[0].text
            assert link.text.startswith(f"{level} 级")
            scores += score is not None
    assert scores >= 20


def test_an_item_opens_the_attempt_for_those_who_may_see_it(acts: Acts, as_person: As, world: World) -> None:
    attempt = acts.attempt()
    path = f"/people/{world.person_public_ids['N1']}/competency/ETH1"

    def sources(number: str) -> set[str]:
        page = page_of(as_person(number), path)
        return {link.get("href") for link in page.find("a") if attempt in link.get("href")}

    assert sources("N1") == {f"/quizzes/{attempt}/result"}
    assert sources("T1") == {f"/quizzes/{attempt}/result"}
    assert sources("O1") == {f"/results/{attempt}"}


def test_a_real_attempt_is_followed_from_the_level_down_to_the_answer(
    acts: Acts, as_person: As, db: Database, world: World
) -> None:
    """Sit a quiz, then go from the level to the score, its evidence, its items and their attempt, as three readers."""
    who = world.identity(db, "N1")
    papers.learn(db, who)
    attempt = papers.begin(db, who)
    papers.answer_all(db, who, attempt, wrong={2, 5})
    papers.hand_in(db, who, attempt)
    _, items = papers.bank_and_items(db, who, attempt)
    assert acts.differences() == []
    post(as_person("N1"), f"/quizzes/{attempt}/review", page="/me")
    for reader in ("N1", "T1", "O1"):
        client = as_person(reader)
        codes = {row.competency for row in items}
        for code in codes:
            page = page_of(client, f"/people/{world.person_public_ids['N1']}/competency/{code}")
            follow(page)
            recompute(page)
            [evidence] = evidence_shown(page)
            of_code = [row for row in items if row.competency == code]
            assert (evidence.asked, evidence.shown) == (len(of_code), sum(row.correctness for row in of_code))
            sources = {link.get("href") for link in page.find("a") if attempt in link.get("href")}
            [source] = sources
            assert client.get(source).status_code == 200


# --- what the pages say -----------------------------------------------------------------------------------


def test_ones_own_page_says_what_is_there_and_what_comes_next(acts: Acts, as_person: As) -> None:
    acts.attempt()
    acts.attempt(marks="1 0 0", code="LAW1")
    page = page_of(as_person("N1"), "/me/competency")
    assert "我的能力档案" in page.text
    assert "1 项已经到 1 级或以上" in page.text
    assert "1 级 · 100.00 分 · 1 条佐证：服务意识与群众观念" in page.text
    assert "到 2 级还差：缺实际做到：1 次师傅看见、双方确认的走访" in page.text
    assert "到 1 级还差：分数要到 60 分" in page.text
    assert "证据不足" in page.text
    assert len(page.find("svg", "radar")) == 1


def test_ones_own_page_names_three_next_steps_with_the_way_to_each(acts: Acts, as_person: As, world: World) -> None:
    acts.attempt(marks="1 1 1 1")
    acts.other(EvidenceKind.OBSERVED, shown="4", code="ETH2")
    [steps] = page_of(as_person("N1"), "/me/competency").find("ol", "list")
    links = [each.get("href") for each in steps.find("a")]
    assert (len(links), set(links)) == (3, {"/courses", "/mentoring/mine"})
    [steps] = page_of(as_person("O1"), f"/people/{world.person_public_ids['N1']}/competency").find("ol", "list")
    assert all(f"/people/{world.person_public_ids['N1']}/competency/" in each.get("href") for each in steps.find("a"))


def test_the_page_of_nobody_known_says_how_evidence_comes(as_person: As, world: World) -> None:
    page = page_of(as_person("N2"), f"/people/{world.person_public_ids['N2']}/competency/INS1")
    assert "还没有佐证" in page.text
    assert "还没有分数" in page.text
    assert "等级还没有变过" in page.text


def test_a_critical_miss_shows_and_leads_to_the_attempt(acts: Acts, as_person: As, world: World) -> None:
    acts.attempt()
    clock.freeze(NOW + timedelta(hours=1))
    acts.attempt(marks="1 1 0", is_passed=False, critical="crossed")
    client = as_person("N1")
    page = page_of(client, f"/people/{world.person_public_ids['N1']}/competency/ETH1")
    assert "有一道关键题踩了线，改正以前停在 1 级" in page.text
    [link] = [each for each in page.find("a") if each.text == "看是哪一次"]
    assert "踩线" in page.with_id(link.get("href")[1:]).text
    assert "关键题待改正" in page_of(client, "/me/competency").text


def test_a_lapsed_level_is_shown_as_due_for_retraining(acts: Acts, as_person: As, world: World) -> None:
    acts.attempt()
    clock.freeze(NOW + timedelta(days=800))
    expire_due(acts.db)
    client = as_person("N1")
    page = page_of(client, f"/people/{world.person_public_ids['N1']}/competency/ETH1")
    assert "待复训" in page.text
    assert "1 级的佐证满 24 个月，2028年11月24日 到期了" in page.text
    assert "太久了，不再计入" in page.text
    assert "因为佐证或认定到期" in page.text


def test_recognition_stands_apart_from_evidence(acts: Acts, as_person: As, world: World) -> None:
    acts.attempt()
    recognition = acts.recognise(level=3)
    page = page_of(as_person("N1"), f"/people/{world.person_public_ids['N1']}/competency/ETH1")
    assert "凭佐证 1 级；街道认定 3 级，认定和佐证分开记" in page.text
    row = page.with_id(f"r-{recognition}").text
    for words in ("认定 3 级", "有效", "岗位考核表 2025", "陈志强 提出", "周雅琴 办理", "到 2027年11月24日 为止"):
        assert words in row
    assert "因为认定" in page.text


def test_english_pages_speak_english(acts: Acts, as_person: As, world: World) -> None:
    acts.attempt(critical="right")
    client = as_person("N1")
    post(client, "/language", {"lang": "en", "next": "/me"})
    page = page_of(client, "/me/competency")
    assert "level 1 · 100.00 points · 1 piece of evidence: Service attitude and closeness to residents" in page.text
    one = page_of(client, f"/people/{world.person_public_ids['N1']}/competency/ETH1")
    assert "1 round seen by a mentor and confirmed by both" in one.text
    assert "Says all three opening sentences at the door" in one.text
    assert "5 of 5 questions, that is 100.00 points" in one.text


@pytest.mark.parametrize(
    ("reader", "status"),
    [("N1", 200), ("N2", 404), ("M1", 404), ("L1", 200), ("O1", 200), ("T1", 200), ("O9", 404), ("S1", 404)],
)
def test_who_may_look(as_person: As, world: World, reader: str, status: int) -> None:
    client = as_person(reader)
    base = f"/people/{world.person_public_ids['N1']}/competency"
    assert client.get(base).status_code == status
    assert client.get(f"{base}/ETH1").status_code == status


def test_an_unknown_code_is_not_there(as_person: As, world: World) -> None:
    assert as_person("O1").get(f"/people/{world.person_public_ids['N1']}/competency/XXX9").status_code == 404


def test_a_page_takes_a_dozen_queries_at_most(
    acts: Acts, as_person: As, db: Database, world: World, count_queries: CountQueries
) -> None:
    for code in ("ETH1", "ETH2", "LAW1"):
        acts.attempt(code=code)
        acts.attempt(code=code)
    acts.recognise()
    client = as_person("O1")
    base = f"/people/{world.person_public_ids['N1']}/competency"
    for path in (base, f"{base}/ETH1", "/me/competency", "/recognitions"):
        with count_queries(db) as statements:
            assert client.get(path).status_code == 200
        assert len(statements) <= 12, path


# --- recognition ------------------------------------------------------------------------------------------

PROPOSAL = {"codes": "PUB1", "level": "3", "basis": "2025 年度考核 & '晨街办'", "basis_on": "2026-01-05"}


def propose(client: FlaskClient, world: World, number: str = "N1", **change: str | list[str]) -> Any:
    path = f"/people/{world.person_public_ids[number]}/recognitions/new"
    return post(client, path, {**PROPOSAL, **change})


def test_from_a_proposal_to_a_level(acts: Acts, as_person: As, world: World) -> None:
    first, second = as_person("O1"), as_person("O2")
    page = page_of(first, f"/people/{world.person_public_ids['N1']}/competency/PUB1")
    assert any("recognitions/new?code=PUB1" in link.get("href") for link in page.find("a"))
    form = page_of(first, f"/people/{world.person_public_ids['N1']}/recognitions/new?code=PUB1")
    [chosen] = [each for each in form.find("input") if "checked" in each.attributes]
    assert chosen.get("value") == "PUB1"
    response = propose(first, world)
    assert response.location == f"/people/{world.person_public_ids['N1']}/competency"
    assert "要由另一位干部确认后才生效" in first.get(response.location).get_data(as_text=True)

    mine = page_of(first, "/recognitions")
    assert "要换一个人来办" in mine.text
    waiting = page_of(second, "/recognitions")
    assert "2025 年度考核 & '晨街办'（2026年1月5日）" in waiting.text
    [link] = [each for each in waiting.find("a") if each.text == "看一看，再确认"]

    clock.freeze(NOW + timedelta(minutes=6))  # the password of signing in is good for five
    asked = second.get(link.get("href"))
    assert asked.location == f"/me/confirm?next={link.get('href')}"
    response = post(second, "/me/confirm", {"password": PASSWORD, "next": link.get("href")})
    assert response.location == link.get("href")
    assert "请对着文件核一遍" in page_of(second, link.get("href")).text
    assert post(second, link.get("href"), {"act": "confirm"}).location == "/recognitions"
    assert acts.view(code="PUB1").level == 3
    assert "没有要确认的认定" in page_of(second, "/recognitions").text
    assert post(second, link.get("href"), {"act": "confirm"}).status_code == 422
    assert "这条认定已经办完了" in page_of(second, link.get("href")).text


def test_without_the_password_the_act_comes_back_to_its_page(acts: Acts, as_person: As) -> None:
    path = f"/recognitions/{acts.propose()}"
    client = as_person("O2")
    clock.freeze(NOW + timedelta(minutes=6))
    response = post(client, path, {"act": "confirm", "back": path})
    assert response.location == f"/me/confirm?next={path}"
    assert acts.view().level == 0


def test_the_first_official_sees_that_another_must_confirm(acts: Acts, as_person: As) -> None:
    path = f"/recognitions/{acts.propose()}"
    client = as_person("O1")
    page = page_of(client, path)
    assert "这条是您提出的，要换一位干部来确认" in page.text
    assert not page.find("form")
    assert post(client, path, {"act": "confirm"}).status_code == 403
    assert acts.view().level == 0


def test_ones_own_level_is_decided_by_others(acts: Acts, as_person: As, world: World) -> None:
    client = as_person("O2")
    assert client.get(f"/people/{world.person_public_ids['O2']}/recognitions/new").status_code == 403
    path = f"/recognitions/{acts.propose('O2')}"
    assert client.get(path).status_code == 403
    assert client.get(f"{path}/end").status_code == 403
    assert post(client, path, {"act": "confirm"}).status_code == 403


def test_refusing_keeps_what_was_typed_until_there_is_a_reason(acts: Acts, as_person: As, world: World) -> None:
    path = f"/recognitions/{acts.propose()}"
    client = as_person("O2")
    response = post(client, path, {"act": "refuse", "reason": ""})
    assert response.status_code == 422
    assert "不同意，要写明原因" in response.get_data(as_text=True)
    assert post(client, path, {"act": "refuse", "reason": "长" * 201}).status_code == 422
    assert post(client, path, {"act": "refuse", "reason": "文件对不上"}).location == "/recognitions"
    page = page_of(client, f"/people/{world.person_public_ids['N1']}/competency/ETH1")
    assert "没有同意" in page.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"basis": ""}, "写上依据的文件名和文号"),
        ({"level": ""}, "选一个等级"),
        ({"basis_on": "2026-11-25"}, "文件日期不能晚于今天"),
        ({"basis_on": "x"}, "文件日期"),
        ({"codes": "XXX9"}, "哪几项能力"),
        ({"codes": ""}, "哪几项能力"),
    ],
)
def test_a_proposal_that_is_refused_keeps_what_was_typed(
    as_person: As, world: World, change: dict[str, str], words: str
) -> None:
    response = propose(as_person("O1"), world, **change)
    assert response.status_code == 422
    text = response.get_data(as_text=True)
    assert words in text
    assert "basis" in change or "2025 年度考核 &amp; &#39;晨街办&#39;" in text


def test_a_second_proposal_says_that_one_is_waiting(as_person: As, world: World) -> None:
    client = as_person("O1")
    assert propose(client, world).status_code == 302
    response = propose(client, world, level="4")
    assert response.status_code == 422
    assert "“政策法规宣传讲解”已经有认定在用，或者正等着确认" in response.get_data(as_text=True)
    form = page_of(client, f"/people/{world.person_public_ids['N1']}/recognitions/new")
    assert "PUB1" not in {each.get("value") for each in form.find("input")}


def test_one_document_is_proposed_and_confirmed_for_several_competencies_at_once(
    acts: Acts, as_person: As, world: World
) -> None:
    first, second = as_person("O1"), as_person("O2")
    codes = ["PUB1", "INS1", "ETH1"]
    assert "提出了 3 项" in first.get(propose(first, world, codes=codes).location).get_data(as_text=True)
    ids = [
        each.get("value") for each in page_of(second, "/recognitions").find("input") if each.get("type") == "checkbox"
    ]
    assert len(ids) == 3
    assert all("disabled" in each.attributes for each in page_of(first, "/recognitions").find("input")[-3:])

    address = "/recognitions/confirm?" + "&".join(f"recognition={each}" for each in ids)
    clock.freeze(NOW + timedelta(minutes=6))
    asked = second.get(address)
    assert asked.location.startswith("/me/confirm?next=/recognitions/confirm")
    back = post(second, "/me/confirm", {"password": PASSWORD, "next": address}).location
    assert back == address
    page = page_of(second, address)
    assert "确认这 3 条认定吗" in page.text
    shown = [each.get("value") for each in page.find("input") if each.get("name") == "recognition"]
    assert sorted(shown) == sorted(ids)
    assert post(second, "/recognitions/confirm", {"recognition": ids}).location == "/recognitions"
    assert [acts.view(code=code).level for code in codes] == [3, 3, 3]
    assert "已确认 3 条" in second.get("/recognitions").get_data(as_text=True)
    assert post(second, "/recognitions/confirm", {"recognition": ids}).status_code == 302  # a second click
    assert "勾选的都已经办过了" in second.get("/recognitions").get_data(as_text=True)
    assert second.get(address).status_code == 303


def test_what_is_confirmed_at_once_is_confirmed_whole_or_not_at_all(acts: Acts, as_person: As, world: World) -> None:
    waiting, refused = acts.propose("N1", code="PUB1"), acts.propose("N1", code="INS1")
    acts.decide(refused, RecognitionAction.REFUSE)
    second = as_person("O2")
    assert post(second, "/recognitions/confirm", {"recognition": [waiting, refused]}).status_code == 303
    assert "一条也没有确认" in second.get("/recognitions").get_data(as_text=True)
    assert acts.view(code="PUB1").level == 0
    assert post(second, "/recognitions/confirm").status_code == 303
    assert post(as_person("O1"), "/recognitions/confirm", {"recognition": [waiting]}).status_code == 403
    assert post(as_person("O9"), "/recognitions/confirm", {"recognition": [waiting]}).status_code == 404
    assert as_person("O9").get(f"/recognitions/confirm?recognition={waiting}").status_code == 404


def test_a_recognition_is_ended_before_its_date(acts: Acts, as_person: As, world: World) -> None:
    recognition = acts.recognise()
    client = as_person("O1")
    page = page_of(client, f"/people/{world.person_public_ids['N1']}/competency/ETH1")
    [link] = [each for each in page.find("a") if each.text == "提前结束这条认定"]
    assert "结束以后，等级马上只按佐证算" in page_of(client, link.get("href")).text
    assert post(client, link.get("href"), {"reason": "调离"}).location == "/recognitions"
    assert acts.view().level == 0
    assert post(client, f"/recognitions/{recognition}/end").status_code == 422


@pytest.mark.parametrize(("reader", "status"), [("O9", 404), ("N1", 403), ("L1", 403), ("T1", 403)])
def test_recognition_pages_are_for_officials_within_reach(
    acts: Acts, as_person: As, world: World, reader: str, status: int
) -> None:
    recognition = acts.propose("N2")
    client = as_person(reader)
    for path in (
        f"/people/{world.person_public_ids['N2']}/recognitions/new",
        f"/recognitions/{recognition}",
        f"/recognitions/{recognition}/end",
    ):
        assert client.get(path).status_code == status
        assert post(client, path, {**PROPOSAL, "act": "confirm"}).status_code == status
    assert client.get("/recognitions").status_code == (200 if reader == "O9" else 403)


def test_somebody_else_was_faster(acts: Acts, as_person: As) -> None:
    recognition = acts.propose()
    client = as_person("O2")
    page_of(client, f"/recognitions/{recognition}")
    acts.decide(recognition, RecognitionAction.REFUSE)
    response = post(client, f"/recognitions/{recognition}", {"act": "confirm"})
    assert response.status_code == 422
    assert "刚被别人办过" in response.get_data(as_text=True)


def test_the_sign_in_page_leads_back(app: Any) -> None:
    client = app.test_client()
    assert client.get("/me/competency").location == "/sign-in?next=/me/competency"
    assert sign_in_as(client, "N1").status_code == 302
