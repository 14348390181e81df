"""What the courses cover, for those who write them: layers, functions, competencies, duties."""

from flask import render_template

from lms.access.permissions import Permission
from lms.courses.rules import Category, Function, Layer
from lms.dashboard import queries
from lms.dashboard.views import blueprint
from lms.duties.forms import FUNCTION_WORDS
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading


@blueprint.get("/content/coverage")
@allow(Permission.CONTENT_CHECK)
def coverage() -> str:
    """Every cell that courses should fill, with what fills it; an empty one says so."""
    return render_template(
        "dashboard/coverage.html",
        found=queries.coverage(reading()),
        layers=list(Layer),
        categories=list(Category),
        functions=list(Function),
        function_words=FUNCTION_WORDS,
        language=current_language(),
    )
