"""Pages of people."""

from flask import Blueprint

blueprint = Blueprint("people", __name__)

# The modules below add their pages to the blueprint.
from lms.people.views import accounts, grids, persons, posts, roles, roster, standing, units  # noqa: E402

__all__ = ["accounts", "blueprint", "grids", "persons", "posts", "roles", "roster", "standing", "units"]
