"""The words for error codes. Packages add theirs in ``forms.MESSAGES``; ``lms.registry`` lists them.

A test walks the code and refuses an error code that has no words here.
"""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from lms.core.errors import LMSError

Messages = Mapping[str, Any]

MESSAGES: Messages = {
    "access.forbidden": _l("这一页不归您看。要用这项功能，请找街道管理员。"),
    "access.not_found": _l("没有找到。可能不在您负责的范围里，或者网址不对。"),
    "access.second_person": _l("这一步要换一个人来办。谁提出的，就不能由谁确认。"),
    "access.reauthenticate": _l("这一步很要紧，请再输一次密码。"),
    "jobs.lease_lost": _l("这件事已经由另一个进程接手。"),
    "jobs.not_found": _l("没有找到这件事的进度。"),
}


class Wordbook:
    """All words of the application, looked up by error code."""

    def __init__(self, *parts: Messages) -> None:
        self.words: dict[str, Any] = {}
        for part in parts:
            double = self.words.keys() & part.keys()
            if double:
                raise AssertionError(f"error codes with two texts: {sorted(double)}")
            self.words.update(part)

    def text(self, error: LMSError) -> str:
        """Return the sentence for an error in the reader's language, its values filled in."""
        words = str(self.words[error.code])
        return words % dict(error.params) if error.params else words
