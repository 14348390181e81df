"""The base of all forms. Forms check shape only; what may be done is decided in services."""

from typing import Any

from flask import current_app
from flask_babel import get_locale
from flask_wtf import FlaskForm

from lms.core.errors import LMSError


class BaseForm(FlaskForm):  # type: ignore[misc]
    """A form with CSRF protection whose messages follow the page's language."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        @property
        def locales(self) -> list[str]:
            locale = get_locale()
            return ["en" if locale is not None and locale.language == "en" else "zh"]

    def add_error(self, error: LMSError) -> None:
        """Show a service's refusal at the field it names, or above the form."""
        words = current_app.extensions["lms.words"].text(error)
        field: Any = self._fields.get(error.field) if error.field else None
        if field is None:
            self.form_errors.append(words)
        else:
            field.errors = [*field.errors, words]
