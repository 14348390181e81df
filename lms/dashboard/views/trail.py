"""The audit trail with names, and checking its chain."""

import re
from datetime import date
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms.access.decide import may_use, require
from lms.access.identity import Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.paging import page_of
from lms.dashboard import queries
from lms.dashboard.forms import ACTOR_WORDS, OBJECT_WORDS, TAG_WORDS, code_words, field_words
from lms.dashboard.views import blueprint
from lms.people.rules import clean_staff_number
from lms.web.guards import allow
from lms.web.transaction import reading, writing

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
"""Only this spelling: 20261124 may be a number."""

LISTED_FIELDS = ("missing", "breaks")
"""Fields whose two values are no before and after."""


def _as_day(value: object) -> date | None:
    """Return the day that a text is, None for any other text."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _ISO_DAY.fullmatch(value) else None
    except ValueError:
        return None


def _day(name: str) -> date | None:
    return _as_day(request.args.get(name, ""))


@blueprint.get("/audit")
@allow(Permission.AUDIT_READ)
def audit_trail() -> str:
    """The trail with names, filtered by who acted, by what was changed, by kind and by day."""
    reader, actor = reading(), g.signed_in.identity
    typed = request.args.get("who", "").strip()
    person = queries.person_named(reader, clean_staff_number(typed)) if typed else ""
    about = request.args.get("object", "").strip()[:60]
    chosen = queries.TrailFilter(
        person=person or ("-" if typed else ""),
        targets=queries.objects_about(reader, about) if about else None,
        tag=request.args.get("tag", ""),
        first=_day("first"),
        last=_day("last"),
    )
    page = page_of(reader, queries.trail(actor, chosen), request.args.get("page", 1, type=int) or 1)
    names = queries.names_of(
        reader, [each for row in page.rows for each in (row.actor, row.object_id, *_people_in(row.diff))]
    )
    return render_template(
        "dashboard/audit.html",
        page=page,
        names=names,
        words={tag.value: str(words) for tag, words in TAG_WORDS.items()},
        tags=sorted(((tag.value, str(words)) for tag, words in TAG_WORDS.items()), key=lambda each: each[1]),
        object_words=OBJECT_WORDS,
        field_words=field_words,
        code_words=code_words,
        as_day=_as_day,
        listed=LISTED_FIELDS,
        actor_words=ACTOR_WORDS,
        chosen=chosen,
        who=typed,
        about=about,
        may_verify=may_use(actor, Permission.AUDIT_VERIFY),
    )


def _people_in(diff: dict[str, Any]) -> list[str]:
    flat = [each for value in diff.values() for each in (value if isinstance(value, list) else [value])]
    return [each for each in flat if isinstance(each, str)]


@blueprint.post("/audit/verify")
@allow(Permission.AUDIT_VERIFY)
def verify_audit() -> Any:
    """Check every link of the chain now, and note that it was checked."""
    actor = g.signed_in.identity
    count, breaks = audit.verify(reading())
    writer = writing()
    role = require(actor, Permission.AUDIT_VERIFY, Scope(), now=clock.real_now())
    audit.record(
        writer,
        actor,
        role,
        AuditTag.AUDIT_VERIFIED,
        ("audit_head", "1"),
        now=clock.now(),
        diff={"entries": count, "breaks": [each.seq for each in breaks][:20]},
    )
    if breaks:
        numbers = _("、").join(str(each.seq) for each in breaks[:10])
        words = _(
            "有 %(n)s 处对不上：第 %(numbers)s 条。请马上报告，并保存现在的数据库副本。",
            n=len(breaks),
            numbers=numbers,
        )
        flash(words, "bad")
    else:
        flash(_("%(n)s 条记录，每一环都对。", n=count), "ok")
    return redirect(url_for("dashboard.audit_trail"))
