"""Every kind of column gives back what was put in, on both databases."""

import enum
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

import lms.registry
from lms.core.clock import SHANGHAI
from lms.core.db import Base, make_engine
from lms.core.types import ExactDecimal, UTCDateTime, text_enum, yes_no
from tests.conftest import Templates


class Light(enum.StrEnum):
    RED = "red light"
    GREEN = "green light"


METADATA = sa.MetaData()
SAMPLE = sa.Table(
    "sample",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime),
    sa.Column("light", text_enum(Light, "sample_light")),
    sa.Column("is_on", yes_no("is_on")),
    sa.Column("mark", ExactDecimal(2)),
)


@pytest.fixture
def engine(templates: Templates, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database with just the sample table."""
    url = (
        f"sqlite:///{tmp_path / 'sample.sqlite'}"
        if templates.backend == "sqlite"
        else templates.server().create("sample")
    )
    engine = make_engine(url)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


def put(engine: sa.Engine, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(sa.insert(SAMPLE).values(**values))


MOMENTS = [
    datetime(2026, 11, 24, 2, 0, 0, 123456, tzinfo=UTC),
    datetime(2026, 11, 24, 8, 0, tzinfo=SHANGHAI),
    datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=SHANGHAI),
    datetime(2026, 6, 1, 0, 0, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
]


def test_a_moment_comes_back_the_same_in_utc_to_the_microsecond(engine: sa.Engine) -> None:
    for moment in MOMENTS:
        put(engine, at=moment)
    with engine.connect() as connection:
        found = connection.execute(sa.select(SAMPLE.c.at).order_by(SAMPLE.c.id)).scalars().all()
    assert found == MOMENTS
    assert all(moment.tzinfo is UTC for moment in found)


def test_moments_of_different_zones_are_compared_as_moments(engine: sa.Engine) -> None:
    put(engine, at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    same = datetime(2026, 11, 24, 16, 0, tzinfo=SHANGHAI)
    with engine.connect() as connection:
        for condition, count in (
            (SAMPLE.c.at == same, 1),
            (SAMPLE.c.at < same + timedelta(microseconds=1), 1),
            (SAMPLE.c.at < same, 0),
            (SAMPLE.c.at > same - timedelta(microseconds=1), 1),
        ):
            assert connection.scalar(sa.select(sa.func.count()).where(condition)) == count, str(condition)


def test_a_naive_moment_is_refused_as_value_and_in_a_condition(engine: sa.Engine) -> None:
    """SQLite would store 08:00 Shanghai as 08:00 UTC and nobody would notice."""
    naive = datetime(2026, 11, 24, 8, 0)
    with pytest.raises(sa.exc.StatementError, match="naive"):
        put(engine, at=naive)
    with engine.connect() as connection, pytest.raises(sa.exc.StatementError, match="naive"):
        connection.execute(sa.select(SAMPLE).where(SAMPLE.c.at < naive))


def test_nothing_stays_nothing(engine: sa.Engine) -> None:
    put(engine, at=None, light=None, is_on=None, mark=None)
    with engine.connect() as connection:
        assert tuple(connection.execute(sa.select(SAMPLE)).one())[1:] == (None, None, None, None)


def test_an_enum_is_stored_as_its_value_and_comes_back_as_its_member(engine: sa.Engine) -> None:
    put(engine, light=Light.GREEN)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT light FROM sample").scalar() == "green light"
        assert connection.scalar(sa.select(SAMPLE.c.light)) is Light.GREEN


def test_an_unknown_enum_value_is_refused_by_us_and_by_the_database(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.StatementError, match="blue"):
        put(engine, light="blue")
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO sample (light) VALUES ('blue')")


def test_a_yes_or_no_is_a_bool_and_nothing_else(engine: sa.Engine) -> None:
    put(engine, is_on=True)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(SAMPLE.c.is_on)) is True
    with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO sample (is_on) VALUES (7)")


@pytest.mark.parametrize("text", ["0", "0.01", "66.67", "-3.5", "99999999999.99", "1E+2"])
def test_a_decimal_keeps_every_digit(engine: sa.Engine, text: str) -> None:
    put(engine, mark=Decimal(text))
    with engine.connect() as connection:
        found = connection.scalar(sa.select(SAMPLE.c.mark))
        assert connection.scalar(sa.select(sa.func.count()).where(SAMPLE.c.mark == Decimal(text))) == 1
    assert found == Decimal(text)
    assert isinstance(found, Decimal)


def test_a_decimal_with_more_places_is_refused_not_rounded(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.StatementError, match="places"):
        put(engine, mark=Decimal("0.005"))


def test_every_column_of_the_product_has_an_allowed_kind_and_a_privacy_class() -> None:
    assert lms.registry.BLUEPRINTS  # what the registry names has brought its tables along
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    assert len(columns) > 80
    allowed = (sa.Integer, sa.String, sa.Date, sa.JSON, sa.Boolean, sa.LargeBinary, UTCDateTime, ExactDecimal)
    for column in columns:
        assert isinstance(column.type, allowed), f"{column}: {column.type!r}"
        assert column.info.get("privacy") in {"public", "internal", "personal", "secret"}, str(column)
        if isinstance(column.type, sa.Enum | sa.Boolean):
            assert column.type.create_constraint, f"{column} takes any value in SQLite"
            assert column.type.name, f"{column} has a constraint that no migration could name"
