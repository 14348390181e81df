"""Pages of mentoring."""

from flask import Blueprint

blueprint = Blueprint("mentoring", __name__)

# The modules below add their pages to the blueprint.
from lms.mentoring.views import pairs, sessions  # noqa: E402

__all__ = ["blueprint", "pairs", "sessions"]
