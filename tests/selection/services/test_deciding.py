"""审批 and 备案: who may, when, what follows; races on both databases."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from lms.competency.rules import RecognitionAction
from lms.core import clock
from lms.core.errors import Conflict, Forbidden, Invalid, ReauthenticationNeeded
from lms.courses.models import ProgrammeEnrolment
from lms.mentoring.events import MentorNamed
from lms.people import queries as people
from lms.people.rules import Employment, PersonAction, Post, StaffState
from lms.people.services import posts, standing
from lms.selection import queries
from lms.selection.rules import Body, CaseState, Channel, Involved, Paper, Part, RoundState, Waits, barred_by
from lms.selection.services import acts, applications, deciding, notices, ranking, rounds
from tests.racing import together
from tests.selection import making
from tests.selection.making import Office
from tests.world import TODAY


def code_of(error: pytest.ExceptionInfo[BaseException]) -> str:
    return str(getattr(error.value, "code", ""))


def test_the_whole_way_to_the_filing(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    case = cases["N1"]
    making.after_notice(ready, round_id)
    making.approve(ready, case)
    assert making.state_of(ready, round_id) is RoundState.DECIDED
    assert making.person_state(ready, "N1") is StaffState.TRAINEE
    making.file(ready, case)
    assert making.case_state(ready, case) is CaseState.FILED
    assert making.state_of(ready, round_id) is RoundState.FILED
    assert making.person_state(ready, "N1") is StaffState.ACTIVE
    with ready.db.reading() as session:
        held = people.posts_of(session, ready.world.person_ids["N1"], clock.today())
        assert (ready.world.unit_ids["east.1.2"], Post.INSPECTION) in {(each.unit_id, each.post) for each in held}
        enrolled = session.scalars(
            sa.select(ProgrammeEnrolment.programme).where(ProgrammeEnrolment.person_id == ready.world.person_ids["N1"])
        ).all()
    assert list(enrolled) == ["in_service"]
    row = making.case_row(ready, case)
    assert (row.filing_number, row.filing_office, row.filed_on) == ("云网备〔2026〕1号", "区网格中心", clock.today())
    with pytest.raises(Conflict) as error:
        making.file(ready, case)
    assert code_of(error) == "selection.skip.filed"


def refusal_of(act: Callable[[], object]) -> str:
    with pytest.raises(Conflict) as error:
        act()
    return code_of(error)


def test_every_skipped_step_of_a_case_says_which_is_missing(ready: Office) -> None:
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    opine = partial(making.opine, ready, case, Body.PARTY_COMMITTEE, by="O3")
    approve, refuse = partial(making.approve, ready, case, by="O4"), partial(making.refuse, ready, case, by="O4")
    file, check = partial(making.file, ready, case), partial(making.check, ready, case)
    assert refusal_of(opine) == "selection.skip.not_checked"
    assert refusal_of(approve) == refusal_of(refuse) == "selection.skip.not_on_notice"
    assert refusal_of(file) == "selection.skip.not_approved"
    making.check(ready, case, other="毕业证")
    assert refusal_of(opine) == "selection.skip.papers_missing"
    making.examine(ready, case)
    assert refusal_of(check) == "selection.skip.check_late"
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    making.make_list(ready, round_id)
    assert refusal_of(approve) == "selection.skip.not_on_notice"
    making.post(ready, round_id)
    assert refusal_of(file) == "selection.skip.not_approved"
    making.after_notice(ready, round_id)
    making.approve(ready, case)
    assert refusal_of(partial(making.approve, ready, case)) == "selection.skip.decided"
    assert refusal_of(partial(making.refuse, ready, case)) == "selection.skip.decided"


def test_every_skipped_step_of_a_round_says_which_is_missing(ready: Office) -> None:
    def do(service: Callable[..., object], **more: object) -> str:
        def act() -> None:
            with ready.db.writing() as session:
                service(session, ready.who("O1"), round_id, now=clock.now(), **more)

        return refusal_of(act)

    round_id = making.draft(ready)
    assert do(rounds.close_round) == "selection.skip.not_opened"
    assert do(notices.post) == do(deciding.finish) == "selection.skip.no_list"
    with ready.db.writing() as session:
        rounds.open_round(session, ready.who("O1"), round_id, now=clock.now())
    assert do(rounds.open_round) == "selection.skip.opened"
    assert do(ranking.make_list) == "selection.skip.not_closed"
    making.examine(ready, making.apply(ready, round_id, "N1"))
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    assert do(rounds.close_round) == "selection.skip.closed"
    assert do(notices.edit, channel="电话", reason="更正") == "selection.skip.no_list"
    making.make_list(ready, round_id)
    assert do(notices.extend, working_days=7, reason="延长") == "selection.skip.not_posted"
    making.post(ready, round_id)
    assert do(ranking.make_list) == "selection.skip.listed"
    assert do(deciding.finish) == "selection.round.proposed_wait"
    with ready.db.writing() as session:
        rounds.cancel_round(session, ready.who("O1"), round_id, reason="停办", now=clock.now())
    for service in (rounds.open_round, rounds.close_round, ranking.make_list, notices.post, deciding.finish):
        assert do(service) == "selection.skip.round_cancelled"


def test_a_post_held_there_already_is_left_as_it_is(ready: Office) -> None:
    """N2 serves on the grid as a trainee; filing another post adds just that."""
    round_id, cases = making.posted(ready, "N2")
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N2"])
    making.file(ready, cases["N2"])
    with ready.db.reading() as session:
        held = people.posts_of(session, ready.world.person_ids["N2"], clock.today())
    assert sorted(each.post for each in held) == [Post.INFORMATION, Post.INSPECTION]


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("O1", "access.second_person"),  # posted the notice
        ("O2", "selection.barred.examined"),
    ],
)
def test_whoever_took_another_part_may_not_decide(ready: Office, by: str, code: str) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    for act in (making.approve, making.refuse):
        with pytest.raises(Forbidden) as error:
            act(ready, cases["N1"], by=by)
        assert code_of(error) == code


def test_checker_and_answerer_may_not_approve(ready: Office) -> None:
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    making.check(ready, case, by="O4")
    making.opine(ready, case, Body.PARTY_COMMITTEE, by="O1")
    making.opine(ready, case, Body.RESIDENTS_COMMITTEE, by="O2")
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    making.make_list(ready, round_id)
    making.post(ready, round_id)
    with ready.db.writing() as session:
        objection = notices.object_to(
            session, making.notice_of(ready, round_id).public_id, text="问一件事", contact="", now=clock.now()
        ).public_id
    with ready.db.writing() as session:
        notices.answer(session, ready.who("O5"), objection, is_upheld=False, text="查过了", now=clock.now())
    making.after_notice(ready, round_id)
    for by, part in (("O4", "checked"), ("O5", "answered")):
        with pytest.raises(Forbidden) as error:
            making.approve(ready, case, by=by)
        assert code_of(error) == f"selection.barred.{part}"
    making.approve(ready, case, by="O3")


def test_who_found_papers_missing_may_not_approve_though_another_found_them_complete(ready: Office) -> None:
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    making.check(ready, case, by="O3", seen=(Paper.STATEMENT,))
    making.examine(ready, case)
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    making.make_list(ready, round_id)
    making.post(ready, round_id)
    making.after_notice(ready, round_id)
    with pytest.raises(Forbidden) as error:
        making.approve(ready, case, by="O3")
    assert code_of(error) == "selection.barred.checked"
    making.approve(ready, case, by="O4")


def test_both_officials_of_a_recognition_marked_the_applicant_and_stay_out(ready: Office) -> None:
    making.recognise(ready, "ETH1", RecognitionAction.CONFIRM, proposed_by="O4", decided_by="O5")
    making.recognise(ready, "LAW1", RecognitionAction.REFUSE, proposed_by="O3", decided_by="O1")  # gave no level
    round_id = making.opened(ready)
    case = making.apply(ready, round_id, "N1")
    making.check(ready, case)
    for by in ("O4", "O5"):
        with pytest.raises(Forbidden) as error:
            making.opine(ready, case, Body.PARTY_COMMITTEE, by=by)
        assert code_of(error) == "selection.barred.marker"
    making.opine(ready, case, Body.PARTY_COMMITTEE, by="O1")
    making.opine(ready, case, Body.RESIDENTS_COMMITTEE, by="O2")
    clock.freeze(making.LATER)
    making.close(ready, round_id)
    making.make_list(ready, round_id)
    making.post(ready, round_id)
    making.after_notice(ready, round_id)
    for by in ("O4", "O5"):
        with pytest.raises(Forbidden) as error:
            making.approve(ready, case, by=by)
        assert code_of(error) == "selection.barred.marker"
        with ready.db.reading() as session:
            assert queries.waiting_for(session, ready.who(by), clock.today()) == []
    with ready.db.reading() as session:
        assert [each.waits for each in queries.waiting_for(session, ready.who("O3"), clock.today())] == [Waits.DECIDE]
    making.approve(ready, case, by="O3")


def test_who_examines_a_case_neither_marks_nor_mentors_until_it_is_decided(ready: Office) -> None:
    """The other way round: the opinion comes first. Nobody else is barred, and nobody after the decision."""
    round_id, cases = making.posted(ready, "N1")
    for by in ("O1", "O2"):
        with pytest.raises(Forbidden) as error:
            making.recognise(ready, "ETH1", RecognitionAction.CONFIRM, proposed_by=by, decided_by="O4")
        assert code_of(error) == "selection.marking.examiner"
    with pytest.raises(Forbidden) as error:
        making.recognise(ready, "ETH1", RecognitionAction.CONFIRM, proposed_by="O4", decided_by="O1")
    assert code_of(error) == "selection.marking.examiner"
    with ready.db.writing() as session, pytest.raises(Forbidden) as error:
        acts.on_mentor_named(
            session,
            MentorNamed(
                at=clock.now(),
                mentor_id=ready.who("O2").person_id or 0,
                newcomer_id=ready.world.person_ids["N1"],
            ),
        )
    assert code_of(error) == "selection.mentoring.examiner"
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    making.recognise(ready, "LAW1", RecognitionAction.CONFIRM, proposed_by="O1", decided_by="O2")


def test_who_opened_the_round_or_took_down_an_objection_does_not_decide(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    with ready.db.writing() as session:
        objection = notices.enter_objection(
            session,
            ready.who("O4"),
            round_id,
            case_public_id="",
            channel=Channel.PHONE,
            text="电话里问一件事",
            contact="",
            now=clock.now(),
        ).public_id
    with ready.db.writing() as session:
        notices.answer(session, ready.who("O2"), objection, is_upheld=False, text="查过了", now=clock.now())
    making.after_notice(ready, round_id)
    with pytest.raises(Forbidden) as error:
        making.approve(ready, cases["N1"], by="O4")
    assert code_of(error) == "selection.barred.answered"
    with ready.db.reading() as session:
        assert queries.waiting_for(session, ready.who("O4"), clock.today()) == []
    making.approve(ready, cases["N1"], by="O3")
    case = Involved(applicant=1, managed_by=frozenset({7}))
    assert barred_by("approve", 7, "", case) is Part.MANAGED
    assert barred_by("file", 7, "", case) is None


def test_a_relative_of_one_on_the_notice_does_not_answer_for_the_whole_of_it(ready: Office) -> None:
    round_id, _cases = making.posted(ready, "N1")
    declare(ready, "N1", "郭明")
    with ready.db.writing() as session:
        objection = notices.object_to(
            session, making.notice_of(ready, round_id).public_id, text="问一件事", contact="", now=clock.now()
        ).public_id
    with pytest.raises(Forbidden) as error, ready.db.writing() as session:
        notices.answer(session, ready.who("O3"), objection, is_upheld=False, text="查过了", now=clock.now())
    assert code_of(error) == "selection.barred.relative"
    with ready.db.writing() as session:
        notices.answer(session, ready.who("O4"), objection, is_upheld=False, text="查过了", now=clock.now())


def test_a_filing_is_not_of_a_day_before_the_approval(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    with pytest.raises(Invalid) as error, ready.db.writing() as session:
        deciding.file(
            session,
            ready.who("O1"),
            cases["N1"],
            number="云网备〔2026〕1号",
            filed_on=clock.today() - timedelta(days=1),
            office="区网格中心",
            now=clock.now(),
        )
    assert (code_of(error), error.value.field) == ("selection.day.early", "filed_on")


def test_a_filing_gives_the_employment_that_was_selected(ready: Office) -> None:
    """The newcomer helped out part-time on the same post; selected was a full-time one."""
    round_id, cases = making.posted(ready, "N1")
    with ready.db.writing() as session:
        grid = ready.world.unit(session, "east.1.2")
        person = ready.world.person(session, "N1")
        post, employment = Post.INSPECTION, Employment.PART_TIME
        posts.hold_post(
            session, ready.who("O1"), person, grid, post, employment, starts_on=clock.today(), now=clock.now()
        )
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    making.file(ready, cases["N1"])
    with ready.db.reading() as session:
        for day, employment in (
            (clock.today(), Employment.PART_TIME),
            (clock.today() + timedelta(days=1), Employment.FULL_TIME),
        ):
            held = people.posts_of(session, ready.world.person_ids["N1"], day)
            here = ready.world.unit(session, "east.1.2").id
            assert [each.employment for each in held if each.unit_id == here] == [employment]


def declare(at: Office, number: str, name: str) -> None:
    """Put a declared relative of a person there."""
    with at.db.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO declared_relative (public_id, person_id, name, relation, relative_id, declared_at) "
                "VALUES ('r1', :person, :name, 'sibling', NULL, :now)"
            ),
            {"person": at.world.person_ids[number], "name": name, "now": clock.now().replace(tzinfo=None)},
        )


def test_a_declared_relative_may_not_decide_nor_file(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    declare(ready, "N1", "郭明")
    making.after_notice(ready, round_id)
    with pytest.raises(Forbidden) as error:
        making.approve(ready, cases["N1"], by="O3")
    assert code_of(error) == "selection.barred.relative"
    making.approve(ready, cases["N1"], by="O4")
    with pytest.raises(Forbidden) as error:
        making.file(ready, cases["N1"], by="O3")
    assert code_of(error) == "selection.barred.relative"


def test_the_password_is_asked_again(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    stale = ready.who("O3")
    clock.freeze(clock.now() + timedelta(minutes=6))
    with pytest.raises(ReauthenticationNeeded), ready.db.writing() as session:
        deciding.approve(session, stale, cases["N1"], now=clock.now())


def test_not_before_the_notice_has_ended_and_nothing_is_open(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    with pytest.raises(Conflict) as error:
        making.approve(ready, cases["N1"])
    assert code_of(error) == "selection.lock.notice_runs"
    with ready.db.writing() as session:
        objection = notices.object_to(
            session, making.notice_of(ready, round_id).public_id, text="反映一件事", contact="", now=clock.now()
        ).public_id
    making.after_notice(ready, round_id)
    for act in (making.approve, making.refuse):
        with pytest.raises(Conflict) as error:
            act(ready, cases["N1"])
        assert code_of(error) == "selection.lock.objection_open"
    with ready.db.writing() as session:
        notices.answer(session, ready.who("O1"), objection, is_upheld=True, text="查实了", now=clock.now())
    with pytest.raises(Conflict) as error:
        making.approve(ready, cases["N1"])
    assert code_of(error) == "selection.lock.objection_upheld"
    with pytest.raises(Invalid):
        making.refuse(ready, cases["N1"], reason=" ")
    making.refuse(ready, cases["N1"])
    assert making.case_state(ready, cases["N1"]) is CaseState.REFUSED
    assert making.state_of(ready, round_id) is RoundState.DECIDED


def test_after_a_refusal_the_next_on_the_list_may_follow(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1", "N2")
    first = next(number for number in cases if making.case_state(ready, cases[number]) is CaseState.PROPOSED)
    second = "N2" if first == "N1" else "N1"
    assert making.case_state(ready, cases[second]) is CaseState.RANKED
    making.refuse(ready, cases[first])
    assert making.state_of(ready, round_id) is RoundState.POSTED  # a place is free and somebody is in reserve
    with ready.db.writing() as session:
        notices.edit(session, ready.who("O1"), round_id, channel="电话", reason="递补", now=clock.now())
    assert making.case_state(ready, cases[second]) is CaseState.PROPOSED
    assert [line["name"] for line in making.notice_of(ready, round_id).lines] != []
    making.after_notice(ready, round_id)
    making.approve(ready, cases[second])
    assert making.state_of(ready, round_id) is RoundState.DECIDED


def test_the_office_may_leave_a_place_free(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1", "N2")
    first = next(number for number in cases if making.case_state(ready, cases[number]) is CaseState.PROPOSED)
    second = "N2" if first == "N1" else "N1"
    with pytest.raises(Conflict), ready.db.writing() as session:
        deciding.finish(session, ready.who("O1"), round_id, now=clock.now())
    making.refuse(ready, cases[first])
    with ready.db.writing() as session:
        deciding.finish(session, ready.who("O1"), round_id, now=clock.now())
    assert making.case_state(ready, cases[second]) is CaseState.NOT_PLACED
    assert making.state_of(ready, round_id) is RoundState.DECIDED


def test_everybody_filed_before_the_last_refusal_files_the_round(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1", "N2", places=2)
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    making.file(ready, cases["N1"])
    assert making.state_of(ready, round_id) is RoundState.POSTED
    making.refuse(ready, cases["N2"])
    assert making.state_of(ready, round_id) is RoundState.FILED


def leaves(at: Office, number: str) -> None:
    with at.db.writing() as session:
        person = people.person_with_id(session, at.world.person_ids[number])
        standing.change_state(session, at.who("O2"), person, PersonAction.END, reason="辞职", now=clock.now())


def withdraw(at: Office, case: str, by: str, reason: str = "") -> None:
    with at.db.writing() as session:
        applications.withdraw(session, at.who(by), case, reason=reason, now=clock.now())


def test_who_left_is_not_approved(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    leaves(ready, "N1")
    with pytest.raises(Conflict) as error:
        making.approve(ready, cases["N1"])
    assert code_of(error) == "selection.lock.not_trainee"
    withdraw(ready, cases["N1"], "O1", "10月8日辞职")
    assert making.state_of(ready, round_id) is RoundState.DECIDED


def test_who_leaves_between_approval_and_filing_is_not_filed_and_the_round_still_ends(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1", "N2", places=2)
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    making.approve(ready, cases["N2"])
    making.file(ready, cases["N1"])
    leaves(ready, "N2")
    with pytest.raises(Conflict) as error:
        making.file(ready, cases["N2"])
    assert code_of(error) == "selection.file.not_trainee"
    with pytest.raises(Invalid):
        withdraw(ready, cases["N2"], "O1")
    assert making.state_of(ready, round_id) is RoundState.DECIDED
    withdraw(ready, cases["N2"], "O1", "10月8日辞职")
    withdraw(ready, cases["N2"], "O1", "10月8日辞职")
    assert making.case_state(ready, cases["N2"]) is CaseState.WITHDRAWN
    assert making.state_of(ready, round_id) is RoundState.FILED
    with ready.db.reading() as session:
        held = people.posts_of(session, ready.world.person_ids["N2"], clock.today() + timedelta(days=1))
    assert not held


def test_a_withdrawn_approval_frees_the_place_for_the_reserve(ready: Office) -> None:
    """While another case waits the round is open: the next on the list comes in by another notice."""
    making.trainees(ready.db, ready.world, {"X1": "石磊"})
    round_id, cases = making.posted(ready, "N1", "N2", "X1", places=2)
    making.after_notice(ready, round_id)
    states = {number: making.case_state(ready, case) for number, case in cases.items()}
    first, second = [number for number, state in states.items() if state is CaseState.PROPOSED]
    (third,) = [number for number, state in states.items() if state is CaseState.RANKED]
    making.approve(ready, cases[first])
    withdraw(ready, cases[first], first)
    making.approve(ready, cases[second])
    assert making.state_of(ready, round_id) is RoundState.POSTED
    with ready.db.writing() as session:
        notices.edit(session, ready.who("O1"), round_id, channel="电话", reason="递补一名", now=clock.now())
    assert making.case_state(ready, cases[third]) is CaseState.PROPOSED


def test_who_is_a_relative_does_not_note_that_an_approval_lapses(ready: Office) -> None:
    case = making.posted_with_relative(ready, "郭明")
    making.approve(ready, case, by="O4")
    with pytest.raises(Forbidden) as error:
        withdraw(ready, case, "O3", "来电")  # 郭明
    assert code_of(error) == "selection.barred.relative"
    withdraw(ready, case, "N1")
    assert making.case_state(ready, case) is CaseState.WITHDRAWN


def test_leaving_and_approval_at_once_leave_nobody_waiting_to_be_filed(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    outcomes = together(lambda: making.approve(ready, cases["N1"]), lambda: leaves(ready, "N1"))
    assert all(each is None or isinstance(each, Conflict) for each in outcomes), outcomes
    if making.case_state(ready, cases["N1"]) is CaseState.APPROVED:
        withdraw(ready, cases["N1"], "O1", "辞职")
        assert making.state_of(ready, round_id) is RoundState.DECIDED


def test_filing_asks_for_its_data(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    with pytest.raises(Conflict):
        making.file(ready, cases["N1"])
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    with pytest.raises(Invalid) as error:
        making.file(ready, cases["N1"], number=" ")
    assert code_of(error) == "selection.field.missing"
    with pytest.raises(Invalid) as error, ready.db.writing() as session:
        deciding.file(
            session,
            ready.who("O1"),
            cases["N1"],
            number="1号",
            filed_on=TODAY + timedelta(days=90),
            office="区网格中心",
            now=clock.now(),
        )
    assert code_of(error) == "selection.date.ahead"


def test_two_who_decide_at_once_decide_once(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    case = cases["N1"]
    outcomes = together(
        lambda: making.approve(ready, case, by="O3"),
        lambda: making.refuse(ready, case, by="O4"),
        lambda: making.approve(ready, case, by="O5"),
    )
    refusals = [each for each in outcomes if isinstance(each, Exception)]
    assert len(refusals) == 2, outcomes
    assert all(isinstance(each, Conflict) for each in refusals), outcomes
    assert making.case_state(ready, case) in {CaseState.APPROVED, CaseState.REFUSED}
    assert making.state_of(ready, round_id) is RoundState.DECIDED


def test_two_who_file_at_once_file_once(ready: Office) -> None:
    round_id, cases = making.posted(ready, "N1")
    making.after_notice(ready, round_id)
    making.approve(ready, cases["N1"])
    outcomes = together(
        lambda: making.file(ready, cases["N1"], by="O1"), lambda: making.file(ready, cases["N1"], by="O2")
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "NoneType"], outcomes
    with ready.db.reading() as session:
        held = people.all_posts_of(session, ready.world.person_ids["N1"])
        assert len([each for each in held if each.unit_id == ready.world.unit_ids["east.1.2"]]) == 1
