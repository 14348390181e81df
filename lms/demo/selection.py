"""Selection rounds of the demo: one carried to filing, one on public notice with an objection, one still open."""

from dataclasses import dataclass
from datetime import timedelta

from lms.core import clock
from lms.demo.office import FIRST_OFFICIAL, SECOND_OFFICIAL, THIRD_OFFICIAL
from lms.demo.stage import Script, Stage, moment
from lms.people.rules import Employment, Post
from lms.selection import queries
from lms.selection.rules import Body, Channel, Paper, Relation, Source
from lms.selection.services import applications, calendar, deciding, notices, opinions, ranking, rounds
from lms.selection.services.applications import Declared

STATEMENT = "我自愿报名网格员岗位，所填情况属实，服从街道安排。"
YEARS_AHEAD = 3
STILL_OPEN = timedelta(days=7)
"""How long applications are still taken in a round that has not closed."""
_FIXED = (("01-01", "元旦"), ("05-01", "劳动节"), ("10-01", "国庆节"))


@dataclass(frozen=True)
class RoundOf:
    """A round: ``opened`` and ``closed`` are working days before the load; ``places`` (place, post) with applicants.

    ``closed`` 0: applications are still taken, and the papers of the last one wait to be checked.
    """

    title: str
    opened: int
    closed: int
    places: tuple[tuple[str, Post, tuple[str, ...]], ...]
    objection: str = ""
    is_answered: bool = True


ROUNDS = (
    RoundOf(
        "秋季网格员选拔",
        opened=20,
        closed=15,
        places=(
            ("1.2", Post.INSPECTION, ("CG0222",)),
            ("1.2", Post.MEDIATION_SERVICE, ("CG0221",)),
            ("1.3", Post.FOLLOW_UP, ("CG0223", "CG0219")),
        ),
        objection="听说其中一位没在本社区住过，请核实。",
    ),
    RoundOf(
        "年末网格员选拔",
        opened=9,
        closed=5,
        places=(("2.2", Post.INSPECTION, ("CG0227", "CG0226")), ("1.1", Post.INSPECTION, ("CG0219",))),
        objection="公示里有一位是社区干部的亲戚，有没有回避？",
        is_answered=False,
    ),
    RoundOf(
        "河东社区补充选拔",
        opened=4,
        closed=0,
        places=(
            ("3.1", Post.INSPECTION, ("CG0233", "CG0235")),
            ("3.2", Post.MEDIATION_SERVICE, ("CG0236",)),
        ),
    ),
)


def holidays(stage: Stage) -> Script:
    """Enter tables for the years to come that the library does not have, marked as samples."""
    yield stage.calendar.at(21, 9, 30)
    first = stage.calendar.today.year
    known = queries.calendar(stage.session)
    for year in range(first, first + YEARS_AHEAD + 1):
        if year not in known:
            calendar.enter_year(
                stage.session,
                stage.officer(FIRST_OFFICIAL),
                year,
                source="示例，不是国务院办公厅的通知",
                holidays="\n".join(f"{year}-{day} {name}（示例）" for day, name in _FIXED),
                workdays="",
                now=stage.now,
            )


def script_of(stage: Stage, wanted: RoundOf) -> Script:
    """Return the script of one round, as far as it has come by yesterday."""
    office = stage.officer
    at = stage.calendar.at
    yield at(wanted.opened, 9, 10)
    public_id = rounds.create_round(
        stage.session,
        office(FIRST_OFFICIAL),
        stage.unit(""),
        title=wanted.title,
        last_day=stage.calendar.workday(wanted.closed + 1) if wanted.closed else stage.calendar.today + STILL_OPEN,
        notice_days=5,
        channel="晨光街道党群办，电话 0472-555 0120",
        now=stage.now,
    ).public_id
    cases: dict[str, str] = {}
    places: list[tuple[str, tuple[str, ...]]] = []
    for where, post, numbers in wanted.places:
        place = rounds.add_place(
            stage.session,
            office(FIRST_OFFICIAL),
            public_id,
            stage.unit(where),
            post,
            Employment.FULL_TIME,
            1,
            now=stage.now,
        )
        places.append((place.public_id, numbers))
    rounds.open_round(stage.session, office(FIRST_OFFICIAL), public_id, now=stage.now)
    yield at(wanted.opened - 1, 19, 20)
    for place_id, numbers in places:
        for number in numbers:
            relatives = [Declared("孔繁星", Relation.SIBLING)] if number == "CG0223" else []
            cases[number] = applications.apply(
                stage.session,
                stage.learner(number),
                public_id,
                place_id,
                source=Source.RESIDENT,
                statement=STATEMENT,
                relatives=relatives,
                now=stage.now,
            ).public_id
    yield at(wanted.opened - 2, 10, 15)
    for case in list(cases.values())[: None if wanted.closed else -1]:
        seen = (Paper.STATEMENT, Paper.IDENTITY_SEEN)
        applications.check(stage.session, office(FIRST_OFFICIAL), case, seen=seen, other="", now=stage.now)
    if not wanted.closed:
        return
    for body, by, signer, back in (
        (Body.PARTY_COMMITTEE, FIRST_OFFICIAL, "社区党组织 包晓梅", wanted.opened - 2),
        (Body.RESIDENTS_COMMITTEE, SECOND_OFFICIAL, "居委会 高文斌", wanted.opened - 3),
    ):
        yield at(back, 15, 5)
        for case in cases.values():
            opinions.give_opinion(
                stage.session,
                office(by),
                case,
                body,
                is_agreed=True,
                text="走访过邻里和师傅，为人热心，同意。",
                signer=signer,
                dated=clock.local_date(stage.now),
                now=stage.now,
            )
    yield at(wanted.closed, 9, 20)
    rounds.close_round(stage.session, office(FIRST_OFFICIAL), public_id, now=stage.now)
    ranking.make_list(stage.session, office(FIRST_OFFICIAL), public_id, now=stage.now)
    yield at(wanted.closed, 11, 0)
    notice = notices.post(stage.session, office(FIRST_OFFICIAL), public_id, now=stage.now)
    ends_on = notice.ends_on
    yield at(wanted.closed - 1, 14, 40)
    objection = notices.enter_objection(
        stage.session,
        office(SECOND_OFFICIAL),
        public_id,
        case_public_id="",
        channel=Channel.PHONE,
        text=wanted.objection,
        contact="",
        now=stage.now,
    ).public_id
    if not wanted.is_answered:
        return
    yield at(wanted.closed - 2, 10, 30)
    notices.answer(
        stage.session,
        office(SECOND_OFFICIAL),
        objection,
        is_upheld=False,
        text="查过居住登记，三位都在本社区住满一年，已电话答复。",
        now=stage.now,
    )
    decided = moment(ends_on + timedelta(days=1), 10, 5)
    if decided.date() >= stage.calendar.yesterday:
        return  # a long holiday lies in the notice: it still runs
    yield decided
    proposed = [
        each.public_id
        for each in queries.cases_of(stage.session, queries.id_of_round(stage.session, public_id))
        if each.state.value == "proposed"
    ]
    for case in proposed:
        deciding.approve(stage.session, office(THIRD_OFFICIAL), case, now=stage.now)
    yield stage.now + timedelta(hours=4)
    for count, case in enumerate(proposed, 1):
        deciding.file(
            stage.session,
            office(FIRST_OFFICIAL),
            case,
            number=f"云网备〔{stage.now.year}〕{count}号",
            filed_on=clock.local_date(stage.now),
            office="云川区网格中心",
            now=stage.now,
        )
