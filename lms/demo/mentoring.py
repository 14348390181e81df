"""Pairs of the demo: who guides whom, the rounds they made, and what became of the pair."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from lms.access.identity import SYSTEM, Identity
from lms.access.permissions import Permission
from lms.competency import queries as competencies
from lms.core import clock
from lms.demo.office import FIRST_OFFICIAL, SECOND_OFFICIAL
from lms.demo.stage import Script, Stage
from lms.mentoring import queries
from lms.mentoring.rules import CheckpointVerdict, PairAction, SessionAction, topic_of
from lms.mentoring.services import pairs, sessions
from lms.registry import assigned_to


@dataclass(frozen=True)
class Round:
    """A round on the ``back``-th working day before the load: its topic, how much was shown (0 to 1), the answer.

    ``answer``: confirm, correct (the mentor accepts), keep (he does not), or "" (nobody answered).
    """

    back: int
    topic: str
    share: float = 0.85
    answer: str = "confirm"
    line: str = ""
    hour: int = 10


@dataclass(frozen=True)
class Pairing:
    """A pair, proposed and accepted on a working day.

    ``notes``: working day, day of the plan, the mentor's line, whether it goes well.
    """

    newcomer: str
    mentor: str
    proposed: int
    rounds: tuple[Round, ...] = ()
    notes: tuple[tuple[int, int, str, bool], ...] = ()
    second_reason: str = ""
    is_answered: bool = True
    ends: tuple[int, PairAction, str] | None = None


PAIRINGS = (
    # 李秀兰 and 王建国: three weeks in, the last round waits for her answer.
    Pairing(
        "CG0231",
        "CG0101",
        19,
        rounds=(
            Round(16, "home_visit", 0.6, line="敲门、说来意还要再练"),
            Round(12, "patrol", 0.8, line="抬头看记住了，回头看忘了一次"),
            Round(9, "home_visit", 0.85, line="这回先问方便不方便，人家请进门了"),
            Round(7, "errand", 0.9, "correct", line="三句话问全了"),
            Round(4, "report", 0.75, line="五要素差一样"),
            Round(1, "patrol", 0.9, "", line="井盖松了，先拦人再报，做得对", hour=15),
        ),
        notes=((13, 7, "敲门、说来意都熟了，填单还慢", True),),
    ),
    # Come to the end （出师）.
    Pairing(
        "CG0222",
        "CG0111",
        84,
        rounds=(
            Round(78, "home_visit", 0.5, line="头一回，跟着看"),
            Round(70, "publicity", 0.7),
            Round(61, "home_visit", 0.9, line="能自己开口了"),
            Round(52, "patrol", 0.85),
            Round(43, "recall", 0.9),
            Round(33, "errand", 1.0, line="收条写得清楚"),
            Round(25, "report", 0.9),
        ),
        notes=(
            (78, 7, "肯学，方言要慢慢听", True),
            (62, 30, "能独立走一栋楼", True),
            (41, 60, "回访问得细", True),
            (20, 90, "可以自己上岗了", True),
        ),
        ends=(18, PairAction.COMPLETE, "四次小结都做了，带教记录齐"),
    ),
    Pairing(
        "CG0221",
        "CG0111",
        80,
        rounds=(
            Round(74, "recall", 0.9),
            Round(64, "home_visit", 1.0),
            Round(50, "care", 0.9, "", line="去看独居老人，问了吃药"),
            Round(36, "mediation", 0.8, "keep"),
            Round(24, "publicity", 0.95),
        ),
        notes=(
            (74, 7, "上手快", True),
            (58, 30, "能带新人了", True),
            (37, 60, "调解还要多看", True),
            (17, 90, "行", True),
        ),
        second_reason="都在第2网格，两个人一起带",
        ends=(15, PairAction.COMPLETE, "师傅、社区都同意出师"),
    ),
    # Running, with a note that is late.
    Pairing(
        "CG0227",
        "CG0113",
        54,
        rounds=(
            Round(49, "patrol", 0.6),
            Round(40, "patrol", 0.75, "correct", line="回头看做到了"),
            Round(28, "report", 0.8),
            Round(17, "recall", 0.85, ""),
            Round(3, "recall", 0.9, ""),
        ),
        notes=((49, 7, "路熟了，记录还要写细", True), (33, 30, "五样常漏一样，要帮", False)),
    ),
    Pairing(
        "CG0230",
        "CG0112",
        52,
        rounds=(
            Round(46, "patrol", 0.7),
            Round(35, "emergency", 0.6),
            Round(20, "patrol", 0.9),
            Round(6, "report", 0.8),
        ),
        notes=((46, 7, "胆子大，要先顾人", False), (31, 30, "好多了", True), (10, 60, "报得清楚", True)),
        ends=(5, PairAction.EXTEND, "中间借去防汛两周，顺延"),
    ),
    Pairing(
        "CG0233",
        "CG0114",
        50,
        rounds=(Round(44, "collect", 0.5), Round(30, "phone", 0.4, line="手机上填单不熟")),
        notes=((44, 7, "手机还不会用，先教这个", False),),
        ends=(26, PairAction.END, "师傅住院，街道另找师傅"),
    ),
    # These wait: for the mentor's yes, and for both.
    Pairing("CG0240", "CG0114", 2, is_answered=False, second_reason="社区里只有一位师傅"),
    Pairing("CG0235", "CG0114", 3, is_answered=False),
    Pairing("CG0232", "CG0112", 1, is_answered=False, second_reason="网格相邻，汪洋快出师了"),
)


def scripts(stage: Stage) -> Iterator[Script]:
    """Return the scripts of all pairs."""
    for pairing in PAIRINGS:
        yield _whole(stage, pairing)


def _mentor(stage: Stage, number: str) -> Identity:
    """Return a mentor with the newcomers they guide on this day."""
    return assigned_to(stage.session, stage.officer(number))


def _whole(stage: Stage, pairing: Pairing) -> Script:
    calendar, chance = stage.calendar, stage.chance(f"pair {pairing.newcomer}")
    yield calendar.at(pairing.proposed, 9, chance.randrange(10, 50))
    pair = pairs.propose(
        stage.session,
        stage.officer(FIRST_OFFICIAL),
        stage.world.persons[pairing.newcomer],
        stage.world.persons[pairing.mentor],
        second_reason=pairing.second_reason,
        now=stage.now,
    )
    if not pairing.is_answered:
        return
    yield stage.now + timedelta(hours=3)
    pairs.accept(stage.session, stage.officer(pairing.mentor), pair, now=stage.now)
    yield stage.now + timedelta(hours=2)
    pairs.accept(stage.session, stage.learner(pairing.newcomer), pair, now=stage.now)
    acts: list[tuple[datetime, Callable[[], Script | None]]] = []
    for each in pairing.rounds:
        at = calendar.at(each.back, each.hour, chance.randrange(5, 55))
        acts.append((at, partial(_round, stage, pairing, pair, each, chance)))
    for back, day, line, is_well in pairing.notes:
        at = calendar.at(back, 17, chance.randrange(2, 30))
        acts.append((at, partial(_note, stage, pairing, pair, day, line, is_well)))
    if pairing.ends is not None:
        back, action, reason = pairing.ends
        acts.append((calendar.at(back, 16, 40), partial(_end, stage, pair, action, reason)))
    for at, act in sorted(acts, key=lambda each: each[0]):
        yield at
        following = act()
        if following is not None:
            yield from following


def _round(stage: Stage, pairing: Pairing, pair: str, each: Round, chance: random.Random) -> Script:
    """Log a round just after it, and answer it in the evening, or let the time run out."""
    topic = topic_of(each.topic)
    assert topic is not None
    newcomer = stage.learner(pairing.newcomer)
    frame = competencies.framework(stage.session)
    groups = queries.asked_marks(stage.session, frame, newcomer.person_id or 0, topic).values()
    asked = [seen for group in groups for seen in group]
    shown = round(len(asked) * each.share)
    seen = {one.key: index < shown for index, one in enumerate(chance.sample(asked, len(asked)))}
    public_id = sessions.log_session(
        stage.session,
        _mentor(stage, pairing.mentor),
        pair,
        token=f"{pairing.newcomer}-{each.back}",
        topic_key=each.topic,
        starts_at=stage.now - timedelta(minutes=65),
        minutes=60,
        seen=seen,
        line=each.line,
        now=stage.now,
    )
    if not each.answer:
        answered_by = stage.now + timedelta(hours=72, minutes=1)
        if answered_by < stage.calendar.at(1, 18):
            yield answered_by
            _lapse(stage)
        return
    yield stage.now + timedelta(hours=chance.randrange(1, 8))
    if each.answer == "confirm":
        sessions.answer(stage.session, newcomer, public_id, SessionAction.CONFIRM, now=stage.now)
        return
    otherwise = next(iter(seen))
    sessions.answer(
        stage.session,
        newcomer,
        public_id,
        SessionAction.CORRECT,
        said={otherwise: not seen[otherwise]},
        line="这一样我记得不一样，当时您去接电话了",
        now=stage.now,
    )
    yield stage.now + timedelta(hours=chance.randrange(2, 12))
    reply = SessionAction.ACCEPT if each.answer == "correct" else SessionAction.KEEP
    sessions.answer(stage.session, _mentor(stage, pairing.mentor), public_id, reply, now=stage.now)


def _lapse(stage: Stage) -> None:
    """Do what the worker would have done at this moment."""
    for session_id in queries.unanswered(stage.session, stage.now, 50):
        sessions.lapse(stage.session, SYSTEM, session_id, now=stage.now)


def _note(stage: Stage, pairing: Pairing, pair: str, day: int, line: str, is_well: bool) -> None:
    verdict = CheckpointVerdict.WELL if is_well else CheckpointVerdict.HELP
    pairs.write_checkpoint(stage.session, _mentor(stage, pairing.mentor), pair, day, verdict, line=line, now=stage.now)


def _end(stage: Stage, pair: str, action: PairAction, reason: str) -> None:
    official = stage.officer(SECOND_OFFICIAL)
    ends_on = None
    if action is PairAction.EXTEND:
        today = clock.local_date(stage.now)
        seen = queries.pair_by_public_id(stage.session, official, Permission.PAIR_DECIDE, pair, today)
        assert seen.ends_on is not None
        ends_on = seen.ends_on + timedelta(days=14)
    pairs.decide(stage.session, official, pair, action, reason=reason, ends_on=ends_on, now=stage.now)
