"""Pages of quizzes."""

from flask import Blueprint
from flask_babel import gettext

from lms.quizzes.kinds import KINDS

blueprint = Blueprint("quizzes", __name__)


@blueprint.app_template_global()
def kind_word(kind: str) -> str:
    """Return what people call a kind of question, in the reader's language."""
    word: str = gettext(KINDS[kind].word)
    return word


# The modules below add their pages to the blueprint.
from lms.quizzes.views import items, results, sitting  # noqa: E402

__all__ = ["blueprint", "items", "results", "sitting"]
