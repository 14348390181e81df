"""The only column kinds allowed, the same on SQLite and PostgreSQL."""

import enum
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment. Stored as naive UTC on SQLite and as timestamptz on PostgreSQL; naive input is refused."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal with a fixed number of places, stored as an integer, so that both databases keep every digit.

    Raises ValueError for a value with more places: marks are rounded by the rules, not by the database.
    """

    impl = sa.BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Decimal | None, _dialect: sa.Dialect) -> int | None:
        if value is None:
            return None
        scaled = Decimal(value).scaleb(self.places)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{value} has more than {self.places} places")
        return int(scaled)

    def process_result_value(self, value: int | None, _dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-self.places)


def text_enum(kind: type[enum.StrEnum], name: str) -> sa.Enum:
    """Return a column type that stores the enum's values as text with a named CHECK constraint."""
    return sa.Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


def yes_no(name: str) -> sa.Boolean:
    """Return a column type for a yes or no with a named CHECK constraint where the database has no such type."""
    return sa.Boolean(create_constraint=True, name=name)


class ColumnInfo(TypedDict):
    """What every column must say about personal data; a test refuses a column without it."""

    privacy: str


# Classes of personal data (see docs/privacy.md): public facts, internal facts, personal data, secrets.
PUBLIC = ColumnInfo(privacy="public")
INTERNAL = ColumnInfo(privacy="internal")
PERSONAL = ColumnInfo(privacy="personal")
SECRET = ColumnInfo(privacy="secret")

Id = Annotated[int, mapped_column(sa.Integer, primary_key=True, info=dict(INTERNAL))]
PublicId = Annotated[str, mapped_column(sa.String(22), unique=True, info=dict(PUBLIC))]
Moment = Annotated[datetime, mapped_column(UTCDateTime, info=dict(INTERNAL))]
