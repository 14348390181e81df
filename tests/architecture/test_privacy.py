"""Every column says which kind of personal data it holds, and every table says so in words."""

import importlib
import re
from typing import Any

import pytest

from lms.core.db import Base
from lms.core.types import INTERNAL, PERSONAL, PUBLIC, SECRET
from tests.architecture.sources import LMS

CLASSES = {each["privacy"] for each in (PUBLIC, INTERNAL, PERSONAL, SECRET)}

for _models in sorted(LMS.glob("*/models.py")):
    importlib.import_module(f"lms.{_models.parent.name}.models")

MAPPED: list[Any] = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda each: each.__tablename__)


@pytest.mark.parametrize("mapped", MAPPED, ids=lambda each: str(each.__tablename__))
def test_every_column_has_a_privacy_class(mapped: Any) -> None:
    for column in mapped.__table__.columns:
        found = column.info.get("privacy")
        assert found in CLASSES, f"{column} needs info=dict(PUBLIC | INTERNAL | PERSONAL | SECRET), has {found!r}"


@pytest.mark.parametrize("mapped", MAPPED, ids=lambda each: str(each.__tablename__))
def test_every_table_says_what_personal_data_it_holds(mapped: Any) -> None:
    words = mapped.__doc__ or ""
    said = re.search(r"\bpii: +\S", words)
    assert said is not None, f"the docstring of {mapped.__name__} needs a line “pii: none” or “pii: what it holds”"


def test_every_table_is_mapped_and_named_in_the_singular() -> None:
    assert {each.__tablename__ for each in MAPPED} == set(Base.metadata.tables)
    assert len(MAPPED) >= 10
