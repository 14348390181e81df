"""The trainers' page on the state of the content."""

from flask import Blueprint, current_app, render_template

from lms.access.permissions import Permission
from lms.content import queries
from lms.content.content import examine
from lms.core import clock
from lms.web.guards import allow
from lms.web.transaction import reading

blueprint = Blueprint("content", __name__)


@blueprint.get("/content/problems")
@allow(Permission.CONTENT_CHECK)
def problems() -> str:
    """What the check of the files finds now, what is still to be found out, and what learners are given."""
    found = examine(current_app.extensions["lms.content_types"], current_app.extensions["lms.settings"].content_root)
    waiting = {(bundle.kind, bundle.key): bundle.digest for bundle in found.bundles}
    current = queries.digests(reading())
    return render_template(
        "content/problems.html",
        errors=found.problems.errors,
        warnings=found.problems.warnings,
        pending=found.pending,
        planned=list(found.planned),
        lines=queries.current_lines(reading()),
        changed={place for place, digest in waiting.items() if current.get(place) != digest},
        now=clock.now(),
    )
