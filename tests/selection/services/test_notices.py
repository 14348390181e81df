"""公示: days, extending, editing, objections; ends by the date, whoever slept."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lms.core import clock
from lms.core.errors import Conflict, Invalid, NotFound
from lms.selection import queries
from lms.selection.rules import PUBLIC_FIELDS, CaseState, Channel, NoticeState, RoundState
from lms.selection.services import notices, rounds
from lms.selection.services.calendar import enter_year
from tests.racing import all_fine, together
from tests.selection import making
from tests.selection.making import Office


def at_noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


def extend(at: Office, round_id: str, days: int, reason: str = "有人反映") -> None:
    with at.db.writing() as session:
        notices.extend(session, at.who("O1"), round_id, working_days=days, reason=reason, now=clock.now())


def edit(at: Office, round_id: str, reason: str = "更正电话") -> None:
    with at.db.writing() as session:
        notices.edit(session, at.who("O1"), round_id, channel="新电话", reason=reason, now=clock.now())


def object_to(at: Office, round_id: str, text: str = "反映一件事") -> tuple[int, str]:
    """Object from the public page; return the number and the public id."""
    with at.db.writing() as session:
        notice = making.notice_of(at, round_id).public_id
        made = notices.object_to(session, notice, text=text, contact="13800000000", now=clock.now())
        return made.number, made.public_id


def answer(at: Office, public_id: str, *, upheld: bool = False, by: str = "O1") -> None:
    with at.db.writing() as session:
        notices.answer(session, at.who(by), public_id, is_upheld=upheld, text="查过了，属实情况如下", now=clock.now())


@pytest.mark.parametrize(
    ("posted_on", "ends_on"), [(date(2026, 9, 28), date(2026, 10, 10)), (date(2026, 2, 12), date(2026, 2, 26))]
)
def test_the_days_of_a_notice(ready: Office, posted_on: date, ends_on: date) -> None:
    """The vectors, by moving the clock back before everything was done."""
    days = notices.count(posted_on, 5, queries.printed_years())
    assert days[-1].on == ends_on


def test_it_begins_today_and_today_does_not_count(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")  # Thursday 2026-11-26
    notice = making.notice_of(ready, round_id)
    assert (notice.posted_on, notice.ends_on) == (date(2026, 11, 26), date(2026, 12, 3))
    assert making.case_state(ready, cases["N1"]) is CaseState.PROPOSED
    assert set(notice.lines[0]) == {*PUBLIC_FIELDS, "application"}
    making.post(ready, round_id)  # a second click
    assert making.notice_of(ready, round_id).edition == 1


def test_two_officials_post_one_notice(ready: Office) -> None:
    round_id, _ = making.listed(ready, "N1")
    all_fine(together(lambda: making.post(ready, round_id, by="O1"), lambda: making.post(ready, round_id, by="O2")))
    with ready.db.reading() as session:
        assert len(queries.notices_of(session, queries.id_of_round(session, round_id))) == 1


def test_it_ends_by_the_date_with_no_night_between(ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1")
    notice = making.notice_of(ready, round_id)

    def view() -> queries.NoticeView | None:
        with ready.db.reading() as session:
            return queries.notice_view(session, notice.public_id, clock.today())

    clock.freeze(at_noon(notice.ends_on))
    assert view() is not None
    assert object_to(ready, round_id)[0] == 1
    clock.freeze(at_noon(notice.ends_on + timedelta(days=3)))  # nobody was there for three days
    assert view() is None
    with ready.db.reading() as session:
        assert queries.running_notices(session, clock.today()) == []
        with pytest.raises(NotFound):
            queries.notice_view(session, "nothing", clock.today())
    with pytest.raises(Conflict):
        object_to(ready, round_id)


def test_a_year_without_a_table_is_refused_by_name_and_can_be_entered(ready: Office) -> None:
    round_id, _ = making.listed(ready, "N1")
    clock.freeze(at_noon(date(2026, 12, 28)))
    with pytest.raises(Conflict) as error:
        making.post(ready, round_id)
    assert (error.value.code, error.value.params) == ("selection.year.missing", {"year": 2027})
    assert making.state_of(ready, round_id) is RoundState.RANKED
    with ready.db.writing() as session:
        enter_year(
            session, ready.who("O1"), 2027, source="放假通知", holidays="2027-01-01 元旦", workdays="", now=clock.now()
        )
    making.post(ready, round_id)
    assert making.notice_of(ready, round_id).ends_on == date(2027, 1, 5)
    with ready.db.writing() as session:  # a correction later on moves no notice
        enter_year(
            session,
            ready.who("O1"),
            2027,
            source="放假通知",
            holidays="2027-01-01..2027-01-05 元旦",
            workdays="",
            now=clock.now(),
        )
    assert making.notice_of(ready, round_id).ends_on == date(2027, 1, 5)


def test_it_can_be_extended_never_shortened(ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1")
    for days in (3, 5):
        with pytest.raises(Invalid) as error:
            extend(ready, round_id, days)
        assert error.value.code == "selection.notice.not_shorter"
    with pytest.raises(Invalid):
        extend(ready, round_id, 7, reason=" ")
    with pytest.raises(Invalid):
        extend(ready, round_id, 31)
    extend(ready, round_id, 7)
    notice = making.notice_of(ready, round_id)
    assert (notice.working_days, notice.ends_on, notice.posted_on) == (7, date(2026, 12, 7), date(2026, 11, 26))
    assert notice.extensions == [{"on": "2026-11-26", "from": 5, "to": 7, "reason": "有人反映"}]
    making.after_notice(ready, round_id)
    with pytest.raises(Conflict) as over:
        extend(ready, round_id, 9)
    assert over.value.code == "selection.notice.over"


def test_an_edit_begins_the_days_anew(ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1")
    extend(ready, round_id, 7)
    clock.freeze(at_noon(date(2026, 12, 2)))
    edit(ready, round_id)
    notice = making.notice_of(ready, round_id)
    assert (notice.edition, notice.posted_on, notice.working_days, notice.channel) == (
        2,
        date(2026, 12, 2),
        7,
        "新电话",
    )
    with ready.db.reading() as session:
        old = queries.notices_of(session, queries.id_of_round(session, round_id))[1]
        assert old.state is NoticeState.REPLACED
        assert queries.notice_view(session, old.public_id, clock.today()) is None
    with pytest.raises(Invalid):
        edit(ready, round_id, reason="")


def test_objections_are_numbered_and_an_open_one_locks(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    numbers = [
        number
        for number, _ in all_fine(
            together(*(lambda text=text: object_to(ready, round_id, text) for text in ("一", "二", "三")))
        )
    ]
    assert sorted(numbers) == [1, 2, 3]
    assert object_to(ready, round_id, "一")[0] in numbers  # a second click
    with pytest.raises(Conflict):
        edit(ready, round_id)
    with ready.db.writing() as session:
        entered = notices.enter_objection(
            session,
            ready.who("O2"),
            round_id,
            case_public_id=cases["N1"],
            channel=Channel.PHONE,
            text="打来电话说",
            contact="",
            now=clock.now(),
        )
        assert (entered.number, entered.entered_by_id) == (4, ready.who("O2").person_id)
        with pytest.raises(NotFound):
            notices.enter_objection(
                session,
                ready.who("O2"),
                round_id,
                case_public_id="nobody",
                channel=Channel.PHONE,
                text="x",
                contact="",
                now=clock.now(),
            )


def test_an_answer_is_given_once_with_its_reason(ready: Office) -> None:
    round_id, _ = making.posted(ready, "N1")
    objection = object_to(ready, round_id)[1]
    with pytest.raises(Invalid), ready.db.writing() as session:
        notices.answer(session, ready.who("O1"), objection, is_upheld=False, text="  ", now=clock.now())
    outcomes = together(
        lambda: answer(ready, objection, by="O1"), lambda: answer(ready, objection, upheld=True, by="O2")
    )
    assert len([each for each in outcomes if isinstance(each, Conflict)]) == 1, outcomes
    with pytest.raises(NotFound):
        answer(ready, objection, by="O9")


@pytest.mark.parametrize(("text", "contact"), [("", ""), ("x" * 1001, ""), ("x", "1" * 61)])
def test_what_cannot_be_kept_is_refused(ready: Office, text: str, contact: str) -> None:
    round_id, _ = making.posted(ready, "N1")
    with pytest.raises(Invalid), ready.db.writing() as session:
        notices.object_to(
            session, making.notice_of(ready, round_id).public_id, text=text, contact=contact, now=clock.now()
        )


def test_a_cancelled_round_takes_its_notice_down(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    with ready.db.writing() as session:
        rounds.cancel_round(session, ready.who("O1"), round_id, reason="名额取消", now=clock.now())
    assert making.notice_of(ready, round_id).state is NoticeState.TAKEN_DOWN
    assert making.case_state(ready, cases["N1"]) is CaseState.CANCELLED
