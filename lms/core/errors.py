"""The errors that use cases raise. They carry a code and values, never words for people and no HTTP.

The words for a code stand in the ``messages`` of the package's ``forms`` or in ``lms/web/messages.py``.
"""

from collections.abc import Mapping


class LMSError(Exception):
    """A refusal with a ``code`` such as ``people.sign_in.refused`` and the values its text needs.

    ``field`` names the input that caused it, when there is one, so that the page can point at it.
    """

    def __init__(self, code: str, *, field: str | None = None, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.params: Mapping[str, object] = params

    def __str__(self) -> str:
        values = ", ".join(f"{key}={value!r}" for key, value in self.params.items())
        return f"{self.code}({values})"


class NotFound(LMSError):
    """There is no such thing, or it is out of the caller's reach; both look alike on purpose."""


class Forbidden(LMSError):
    """The caller's roles do not include this function at all."""


class Invalid(LMSError):
    """The input cannot be accepted; the text says what to change."""


class Conflict(LMSError):
    """The thing has moved on since the caller looked at it (a second click, another official)."""


class Throttled(LMSError):
    """Too many tries. ``retry_after`` (seconds) is always among the params."""


class ReauthenticationNeeded(LMSError):
    """The act needs the caller's password again (within the last five minutes)."""


class SetupError(Exception):
    """The installation cannot run like this. The text is for the person at the machine and names the mend."""
