"""What commands of the ``lms`` command line are given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lms.core.db import Database
from lms.core.errors import LMSError


@dataclass(frozen=True)
class Console:
    """The settings in force and how to open the database; ``words`` turns a refusal into a sentence.

    ``settings`` is ``lms.config.Settings``; typed loosely because core knows no configuration.
    """

    settings: Any
    open_database: Callable[[], Database]
    words: Callable[[LMSError], str]
    handlers: Any
    schedule: Any
    content_types: Any
