"""One form on a page, one act behind it: shown, refused with what was typed, done once."""

from flask import Flask, g
from werkzeug.datastructures import MultiDict

from lms.core.errors import Conflict
from lms.selection.forms import ReasonForm
from lms.selection.views import pages
from tests.conftest import Site


def test_a_refusal_is_shown_at_the_form_with_its_status(app: Flask, site: Site) -> None:
    app.config["WTF_CSRF_ENABLED"] = False

    def refuse(_session: object, _who: object) -> None:
        raise Conflict("selection.notice.over", field="reason")

    with app.test_request_context("/selection", method="POST", data=MultiDict({"reason": "理由"})):
        g.signed_in = type("Signed", (), {"identity": site.world.identity(site.db, "O1"), "session_id": 1})()
        form = ReasonForm()
        shown, status = pages.act(form, refuse, lambda: "the page", done="done", back="/selection")
        assert (shown, status) == ("the page", 422)
        assert [str(each) for each in form.reason.errors] == ["公示已经结束了。"]
        assert form.reason.data == "理由"
    with app.test_request_context("/selection", method="POST", data=MultiDict({"reason": "理由"})):
        g.signed_in = type("Signed", (), {"identity": site.world.identity(site.db, "O1"), "session_id": 1})()
        answer = pages.act(ReasonForm(), lambda *_: None, lambda: "the page", done="done", back="/selection")
        assert answer.status_code == 302
    with app.test_request_context("/selection"):
        assert pages.act(ReasonForm(), refuse, lambda: "the page", done="done", back="/x") == ("the page", 200)
