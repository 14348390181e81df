"""Reading: who is assigned, whom one may look at, what is due, within a dozen questions to the database."""

from datetime import timedelta

from lms import registry
from lms.access.permissions import Permission
from lms.competency import queries as competencies
from lms.core import clock
from lms.mentoring import queries
from lms.mentoring.rules import Bar, PairAction, SessionAction, topic_of
from tests.conftest import CountQueries
from tests.mentoring.making import Mentoring
from tests.world import NOW, TODAY


def test_a_mentor_is_assigned_his_newcomers_while_the_pair_runs(acts: Mentoring) -> None:
    newcomer = acts.world.person_ids["N1"]
    pair = acts.propose()
    assert acts.who("M1").assigned == frozenset()
    acts.accept(pair, "M1")
    acts.accept(pair, "N1")
    assert acts.who("M1").assigned == {newcomer}
    assert acts.who("N1").assigned == frozenset()
    acts.decide(pair, PairAction.END)
    assert acts.who("M1").assigned == frozenset()


def test_only_holders_of_the_role_cost_a_query(acts: Mentoring, count_queries: CountQueries) -> None:
    for number, expected in (("N1", 0), ("O1", 0), ("M1", 1)):
        who = acts.who(number)
        with acts.db.reading() as session, count_queries(acts.db) as statements:
            registry.assigned_to(session, who)
        assert len(statements) == expected


def test_the_eligible_stand_first_and_the_others_say_why(acts: Mentoring, second: str) -> None:
    acts.active("N2", second)
    with acts.db.reading() as session:
        newcomer = acts.world.person(session, "N1")
        found = queries.mentor_choices(session, acts.who("O1"), newcomer, TODAY, text="孙丽")
    assert [(each.person.id, each.bars) for each in found] == [
        (acts.world.person_ids["M1"], ()),
        (acts.world.person_ids[second], ()),
        (acts.world.person_ids["L1"], (Bar.NO_ROLE, Bar.TOO_NEW, Bar.FEW_COMPETENCIES)),
    ]
    assert [each.prospect.newcomers for each in found] == [0, 1, 0]


def test_newcomers_without_a_mentor(acts: Mentoring) -> None:
    def names(text: str = "") -> list[str]:
        with acts.db.reading() as session:
            statement = queries.newcomers_without_mentor(acts.who("O1"), text=text)
            return [person.name for person in session.scalars(statement)]

    assert sorted(names()) == ["乌云·其其格", "李秀兰"]
    acts.propose("N1")
    assert names() == ["乌云·其其格"]
    assert names("赵敏") == ["赵敏"]
    assert names("李秀兰") == []


def test_what_is_due(acts: Mentoring) -> None:
    mentor, newcomer = acts.world.person_ids["M1"], acts.world.person_ids["N1"]
    pair = acts.propose()

    def due() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        with acts.db.reading() as session:
            found = (
                queries.due_for_mentor(session, mentor, clock.today()),
                queries.due_for_newcomer(session, newcomer, clock.today()),
            )
        first, other = ((len(each.proposals), len(each.sessions), len(each.checkpoints)) for each in found)
        return first, other

    assert due() == ((1, 0, 0), (1, 0, 0))
    acts.accept(pair, "M1")
    assert due() == ((0, 0, 0), (1, 0, 0))
    acts.accept(pair, "N1")
    clock.freeze(NOW + timedelta(days=6))
    one = acts.log(pair)
    assert due() == ((0, 0, 1), (0, 1, 1))
    acts.answer(one, SessionAction.CORRECT, said={"eth1-1b": True}, line="我先说的")
    assert due() == ((0, 1, 1), (0, 0, 1))
    acts.check(pair, 7)
    acts.answer(one, SessionAction.ACCEPT, by="M1")
    assert due() == ((0, 0, 0), (0, 0, 0))


def test_the_list_finds_what_is_late(acts: Mentoring) -> None:
    pair = acts.active()

    def late() -> list[str]:
        with acts.db.reading() as session:
            statement = queries.pairs_within(acts.who("O1"), clock.today(), only_overdue=True)
            return [queries.pair_view(row).public_id for row in session.execute(statement)]

    clock.freeze(NOW + timedelta(days=6))
    assert late() == []
    clock.freeze(NOW + timedelta(days=7))
    assert late() == [pair]
    acts.check(pair, 7)
    assert late() == []
    clock.freeze(NOW + timedelta(days=90))
    for day in (30, 60, 90):
        acts.check(pair, day)
    assert late() == [pair], "the last day of the plan is over"


def test_the_behaviours_of_the_next_level_are_asked(acts: Mentoring) -> None:
    topic = topic_of("home_visit")
    assert topic is not None
    with acts.db.reading() as session:
        frame = competencies.framework(session)
        fresh = queries.asked_marks(session, frame, acts.world.person_ids["N1"], topic)
        third = queries.asked_marks(session, frame, acts.world.person_ids["M1"], topic)
    assert [each.key for each in fresh["ETH1"]] == ["eth1-1a", "eth1-1b", "eth1-1c"]
    assert [each.key for each in third["ETH1"]] == ["eth1-4a", "eth1-4b", "eth1-4c", "eth1-4d"]


def test_the_history_says_who_did_what_and_why(acts: Mentoring) -> None:
    pair = acts.active()
    acts.decide(pair, PairAction.EXTEND, reason="请过假", ends_on=TODAY + timedelta(days=120))
    with acts.db.reading() as session:
        view = queries.pair_by_public_id(session, acts.who("O1"), Permission.PAIR_SEE, pair, TODAY)
        found = [(each.tag, each.actor, each.reason, each.ends_on) for each in queries.history_of(session, view)]
    assert found == [
        ("mentoring:pair:extended", "陈志强", "请过假", TODAY + timedelta(days=120)),
        ("mentoring:pair:accepted", "李秀兰", "", None),
        ("mentoring:pair:accepted", "王建国", "", None),
        ("mentoring:pair:proposed", "陈志强", "", None),
    ]


def test_the_next_mentor_sees_the_pairs_before(acts: Mentoring, second: str) -> None:
    pair = acts.active()
    following = acts.change(pair, second)
    acts.accept(following, "N1")
    acts.accept(following, second)
    with acts.db.reading() as session:
        who = acts.who(second)
        view = queries.pair_by_public_id(session, who, Permission.PAIR_SEE, following, TODAY)
        assert [each.public_id for each in queries.other_pairs(session, who, view, TODAY)] == [pair]
