"""The progress of long work."""

from typing import Any

from flask import Blueprint, g, jsonify, render_template, request

from lms.access.permissions import Permission
from lms.jobs import queries
from lms.jobs.rules import JobState
from lms.web.guards import allow
from lms.web.transaction import reading, wants_json

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/jobs/<public_id>")
@allow(Permission.JOB_SEE)
def progress(public_id: str) -> Any:
    """How far a piece of work is. Without scripts the page reloads itself until it is done."""
    job = queries.job_seen_by(reading(), g.signed_in.identity, public_id)
    running = job.state in {JobState.QUEUED, JobState.LEASED}
    if wants_json(request):
        return jsonify(state=job.state.value, done=job.progress_done, total=job.progress_total)
    # What a handler could not do it names under "left", or says why it was refused as a whole.
    left = job.progress_total if "refused" in job.result else len(job.result.get("left", ()))
    return render_template("jobs/progress.html", job=job, running=running, left=left)
