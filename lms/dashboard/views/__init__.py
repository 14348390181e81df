"""Pages that join several packages: home, overview, a person's levels, coverage, the audit trail with names."""

from flask import Blueprint

blueprint = Blueprint("dashboard", __name__)

# The modules below add their pages to the blueprint.
from lms.dashboard.views import coverage, home, levels, overview, trail  # noqa: E402

__all__ = ["blueprint", "coverage", "home", "levels", "overview", "trail"]
