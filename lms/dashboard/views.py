"""The home page."""

from typing import Any

from flask import Blueprint, g, render_template

from lms.access.permissions import Permission
from lms.core import clock
from lms.people import queries as people
from lms.web.guards import allow
from lms.web.transaction import reading

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/")
@allow(Permission.HOME_SEE)
def home() -> Any:
    """What a person finds after signing in: who they are, where they stand, what is theirs to do."""
    person = people.person_with_id(reading(), g.signed_in.identity.person_id)
    return render_template(
        "dashboard/home.html",
        person=person,
        now=clock.now(),
        posts=people.posts_of(reading(), person.id, clock.today()),
    )
