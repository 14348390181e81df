"""What the tables themselves refuse."""

import pytest
import sqlalchemy as sa

from lms.quizzes.models import AnswerEvent, AttemptItem, QuizAttempt
from tests.quizzes.conftest import Sitter
from tests.quizzes.papers import begin, save


def test_a_second_open_attempt_is_refused_by_the_database(sitter: Sitter) -> None:
    begin(sitter.db, sitter.me)
    columns = [
        column.name for column in QuizAttempt.__table__.columns if column.name not in {"id", "public_id", "number"}
    ]
    copy = sa.insert(QuizAttempt).from_select(
        ["public_id", "number", *columns],
        sa.select(sa.literal("another"), sa.literal(2), *(QuizAttempt.__table__.c[name] for name in columns)),
    )
    with pytest.raises(sa.exc.IntegrityError), sitter.db.engine.begin() as connection:
        connection.execute(copy)


def test_a_question_stands_once_on_a_paper(sitter: Sitter) -> None:
    begin(sitter.db, sitter.me)
    twice = sa.update(AttemptItem).where(AttemptItem.position == 2).values(position=1)
    with pytest.raises(sa.exc.IntegrityError), sitter.db.engine.begin() as connection:
        connection.execute(twice)


@pytest.mark.parametrize("statement", [sa.update(AnswerEvent).values(seq=9), sa.delete(AnswerEvent)])
def test_saves_that_came_can_neither_be_changed_nor_deleted(sitter: Sitter, statement: sa.Executable) -> None:
    save(sitter.db, sitter.me, begin(sitter.db, sitter.me), 1, 1, {})
    with pytest.raises(sa.exc.DBAPIError), sitter.db.engine.begin() as connection:
        connection.execute(statement)
