"""Pages of selection."""

from flask import Blueprint

blueprint = Blueprint("selection", __name__)

# The modules below add their pages to the blueprint.
from lms.selection.views import cases, notices, own, public, rounds  # noqa: E402

__all__ = ["blueprint", "cases", "notices", "own", "public", "rounds"]
