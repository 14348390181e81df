"""The words for grades and endings."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.practice.rules import Ending, Grade

GRADE_WORDS: Mapping[Grade, Any] = {
    Grade.BEST: _l("最好"),
    Grade.FAIR: _l("补救得回来"),
    Grade.POOR: _l("走了弯路"),
    Grade.CRITICAL: _l("越了红线"),
}

ENDING_WORDS: Mapping[Ending, Any] = {
    Ending.GOOD: _l("好的结局"),
    Ending.FAIR: _l("过得去的结局"),
    Ending.FAILED: _l("停在这里"),
}
