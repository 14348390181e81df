"""Pages of certificates: the desk, one certificate, acts with the password, one's own, and the public check."""

import enum
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from lms.access.identity import Identity
from lms.access.permissions import Permission
from lms.certification import queries
from lms.certification.documents import unprintable
from lms.certification.forms import MESSAGES, ConfirmForm, ReasonForm
from lms.certification.queries import Decided, Desk, DeskFilter, PublicView
from lms.certification.rules import (
    SERVING,
    CertificateAction,
    CertificateState,
    DocumentState,
    allowed_actions,
    code_points,
    eligibility,
    lock_of,
)
from lms.certification.services import acts, issuing, papers, revoking
from lms.core import clock
from lms.core.errors import Conflict, Invalid, LMSError, NotFound, Throttled
from lms.core.ids import new_public_id
from lms.core.paging import page_of
from lms.core.storage import storage_of
from lms.people import queries as people
from lms.people.rules import ThrottleRule, UnitKind
from lms.people.services import accounts, throttle
from lms.people.views.accounts import check_own_password
from lms.web.guards import allow, public
from lms.web.headers import CSP
from lms.web.i18n import current_language
from lms.web.transaction import database, reading, writing

blueprint = Blueprint("certification", __name__)

VERIFY_THROTTLE = ThrottleRule(30, timedelta(minutes=1))
MOST_AT_ONCE = 200


def _actor() -> Identity:
    identity: Identity = g.signed_in.identity
    return identity


def _address() -> str:
    """Return what the QR codes of papers lead to: the address in the settings, in development the request's own."""
    return str(current_app.extensions["lms.settings"].public_base_url or request.url_root)


Chosen = Any


def _chosen(kind: type[enum.StrEnum], name: str, default: Chosen) -> Chosen:
    """Return the member that the address names, the default when it names none."""
    return next((each for each in kind if each.value == request.args.get(name)), default)


# --- the desk ---------------------------------------------------------------------------------------------


@blueprint.get("/certificates")
@allow(Permission.CERTIFICATE_LIST)
def desk() -> str:
    """What waits for sign-off, who is eligible, who is not yet and why, what was issued."""
    reader, actor, today = reading(), _actor(), clock.today()
    texts = queries.current_texts(reader)
    if not texts:
        return render_template("certification/desk.html", text=None, ordered=None)
    text = next((each for each in texts if each.key == request.args.get("kind")), texts[0])
    ordered = None
    if job := request.args.get("batch"):
        ordered = queries.batch_seen_by(reader, actor, issuing.SIGN_OFF, job)
        if ordered.running:
            return render_template("certification/desk.html", text=text, ordered=ordered)
    counts = queries.desk_counts(reader, actor, text, today=today)
    # Whoever comes without a choice finds what can be done: what waits for sign-off, else who can be proposed.
    first = next((each for each in (Desk.WAITING, Desk.ELIGIBLE) if counts[each]), Desk.WAITING)
    pile: Desk = _chosen(Desk, "pile", first)
    units = people.units_within(reader, actor, Permission.CERTIFICATE_LIST)
    unit = next((each for each in units if each.public_id == request.args.get("unit")), None)
    wanted = DeskFilter(
        text=request.args.get("q", "")[:60],
        unit_path=unit.path if unit is not None else "",
        decided=_chosen(Decided, "state", Decided.ALL),
    )
    statement: Any
    if pile in {Desk.WAITING, Desk.ISSUED}:
        statement = queries.certificates(actor, text.key, wanted, waiting=pile is Desk.WAITING, today=today)
    else:
        statement = queries.without_certificate(actor, text, wanted, eligible=pile is Desk.ELIGIBLE)
    page = page_of(reader, statement, request.args.get("page", 1, type=int))
    lacking = {}
    if pile is Desk.NOT_YET:
        standings = queries.standings(reader, [person.id for person, _ in page.rows], text.courses)
        lacking = {
            person.id: eligibility(text.courses, standings[person.id], serves=person.state in SERVING).missing
            for person, _ in page.rows
        }

    def address(**changes: Any) -> str:
        values = {**request.args.to_dict(), "batch": None, **changes}
        return url_for("certification.desk", **{name: value for name, value in values.items() if value})

    return render_template(
        "certification/desk.html",
        text=text,
        texts=texts,
        ordered=ordered,
        attention=queries.wanting_attention(reader, actor, text, today=today),
        attention_url=lambda decided: url_for(
            "certification.desk", kind=text.key, pile=Desk.ISSUED.value, state=decided.value
        ),
        pile=pile.value,
        piles=[(each.value, address(pile=each.value, page=None, state=None)) for each in Desk],
        counts=counts,
        oldest=queries.oldest_waiting(reader, actor, text.key, today=today),
        communities=[each for each in units if each.kind is UnitKind.COMMUNITY],
        unit=unit,
        wanted=wanted,
        states=list(Decided),
        page=page,
        page_url=lambda number: number and address(page=number),
        lacking=lacking,
        courses=queries.course_names(reader, text.courses, current_language()),
        me=actor.person_id,
        today=today,
        day_of=date.fromisoformat,
        missing_of=_missing_of,
    )


def _missing_of(document: Any) -> str:
    """Return the characters that keep a paper from being printed, for its row; empty when none is known."""
    return code_points(document.payload.get("missing", ())) if document is not None else ""


@blueprint.post("/certificates/propose")
@allow(Permission.CERTIFICATE_PROPOSE)
def propose() -> Any:
    """Propose certificates for the ticked persons; another official signs them off."""
    ids = request.form.getlist("person")[:MOST_AT_ONCE]
    kind = request.form.get("kind", "")
    if not ids:
        flash(_("还没有勾选。先勾选要提请的人，再按一次。"), "watch")
        return redirect(url_for("certification.desk", pile=Desk.ELIGIBLE.value, kind=kind))
    actor = _actor()
    wanted = queries.persons_within(reading(), actor, Permission.CERTIFICATE_PROPOSE, ids)
    blocked = unprintable(person.name for person in wanted)
    session = writing()
    chosen = queries.persons_within(
        session,
        actor,
        Permission.CERTIFICATE_PROPOSE,
        [person.public_id for person in wanted if person.name not in blocked],
    )
    made = issuing.propose_all(session, actor, chosen, kind, now=clock.now())
    if made:
        flash(
            ngettext("已提请 %(num)s 份，等另一位同事签发。", "已提请 %(num)s 份，等另一位同事签发。", len(made)), "ok"
        )
    elif chosen:
        flash(_("这些人都已经提过了。"), "watch")
    for name, chars in blocked.items():
        flash(MESSAGES["certification.name.unprintable"] % {"name": name, "chars": code_points(chars)}, "bad")
    return redirect(url_for("certification.desk", pile=Desk.WAITING.value, kind=kind))


# --- acts with the password -------------------------------------------------------------------------------


def _confirmed(form: ConfirmForm) -> Identity:
    """Return the actor after the password of the form was checked just now. Raises Invalid or Throttled.

    Runs in transactions of its own: call it before the first statement on ``writing()``.
    """
    try:
        check_own_password(form.password.data or "")
    except Invalid as error:
        raise Invalid("people.password.wrong", field="password") from error
    return replace(_actor(), reauthenticated_at=clock.real_now())


def _reread() -> Session:
    """Return a session to show a page from after a refusal: what the act had begun is rolled back first."""
    if request.method == "POST":
        writing().rollback()
    return reading()


def _status(error: LMSError) -> int:
    return 429 if isinstance(error, Throttled) else 422


@blueprint.post("/certificates/sign")
@allow(Permission.CERTIFICATE_SIGN)
def sign() -> Any:
    """Ask for the password, then sign the ticked certificates off: one at once, several by a job with its progress."""
    ids = list(dict.fromkeys(request.form.getlist("certificate")))[:MOST_AT_ONCE]
    if not ids:
        flash(_("还没有勾选。先勾选要签发的证书，再按一次。"), "watch")
        return redirect(url_for("certification.desk"))
    form = ConfirmForm()
    status = 200
    if "password" in request.form:
        status = 422
        if form.validate_on_submit():
            try:
                return _sign(form, ids)
            except (Invalid, Throttled, Conflict) as error:
                form.add_error(error)
                status = _status(error)
    found = queries.find_all(_reread(), _actor(), Permission.CERTIFICATE_SIGN, ids)
    blocked = unprintable(each.person.name for each in found)
    locks = {
        each.certificate.public_id: lock_of(
            CertificateAction.SIGN,
            actor=_actor().person_id,
            holder=each.person.id,
            begun_by=each.certificate.proposed_by_id,
            paper=None,
        )
        for each in found
    }
    open_to_me = [
        each
        for each in found
        if locks[each.certificate.public_id] is None and each.certificate.state is CertificateState.PROPOSED
    ]
    form.once.data = form.once.data or new_public_id()
    page = render_template(
        "certification/sign.html",
        form=form,
        found=[each for each in open_to_me if each.person.name not in blocked],
        blocked=[(each, code_points(blocked[each.person.name])) for each in open_to_me if each.person.name in blocked],
        left=len(found) - len(open_to_me),
        day_of=date.fromisoformat,
    )
    return page, status


def _sign(form: ConfirmForm, ids: list[str]) -> Any:
    actor = _confirmed(form)
    found = queries.find_all(reading(), actor, Permission.CERTIFICATE_SIGN, ids)
    papers.refuse_unprintable(each.person.name for each in found if each.certificate.state is CertificateState.PROPOSED)
    session, now = writing(), clock.now()
    accounts.note_reauthentication(session, g.signed_in.session_id)
    if len(ids) == 1:
        certificate = issuing.sign_off(session, actor, ids[0], address=_address(), now=now)
        flash(_("已签发 %(number)s。证书正在排版，一会儿就能下载。", number=certificate.number), "ok")
        return redirect(url_for("certification.certificate", public_id=certificate.public_id))
    job = issuing.sign_off_batch(
        session, actor, ids, address=_address(), once=form.once.data or new_public_id(), now=now
    )
    return redirect(url_for("certification.desk", kind=found[0].certificate.kind, pile=Desk.ISSUED.value, batch=job))


Perform = Callable[[Session, Identity, str], object]


def _act(public_id: str, action: CertificateAction, form: ConfirmForm, perform: Perform, done: str) -> Any:
    """Show the page that asks for an act's reason and password, or do it and go back to the certificate.

    Whoever may not do it (any more) is sent to the certificate, which says why.
    """
    permission = acts.ACTS[action].permission
    back = redirect(url_for("certification.certificate", public_id=public_id))
    status = 200
    if form.validate_on_submit():
        try:
            actor = _confirmed(form)
            session = writing()
            accounts.note_reauthentication(session, g.signed_in.session_id)
            perform(session, actor, (form.reason.data or "") if isinstance(form, ReasonForm) else "")
        except (Invalid, Throttled, Conflict) as error:
            form.add_error(error)
            status = _status(error)
        else:
            flash(done, "ok")
            return back
    elif form.errors:
        status = 422
    session = _reread()
    found = queries.find(session, _actor(), permission, public_id)
    document = queries.last_document(session, found.certificate.id)
    lock = _lock(found, action, document)
    if request.method == "GET" and (action not in allowed_actions(found.certificate.state) or lock is not None):
        return back
    page = render_template("certification/act.html", form=form, action=action.value, found=found, document=document)
    return page, status


def _lock(found: queries.Found, action: CertificateAction, document: Any) -> Any:
    return lock_of(
        action,
        actor=_actor().person_id,
        holder=found.person.id,
        begun_by=acts.begun_by(found.certificate, action),
        paper=document.state if document is not None else None,
    )


@blueprint.route("/certificates/<public_id>/refuse", methods=["GET", "POST"])
@allow(Permission.CERTIFICATE_SIGN)
def refuse(public_id: str) -> Any:
    """Turn a proposed certificate down, with a reason."""

    def perform(session: Session, actor: Identity, reason: str) -> None:
        issuing.refuse(session, actor, public_id, reason=reason, now=clock.now())

    return _act(public_id, CertificateAction.REFUSE, ReasonForm(), perform, _("已退回，没有发编号。"))


@blueprint.route("/certificates/<public_id>/revoke", methods=["GET", "POST"])
@allow(Permission.CERTIFICATE_REVOKE_PROPOSE)
def propose_revocation(public_id: str) -> Any:
    """Propose that a certificate is revoked, with a reason."""

    def perform(session: Session, actor: Identity, reason: str) -> None:
        revoking.propose_revocation(session, actor, public_id, reason=reason, now=clock.now())

    done = _("已提出注销，等另一位同事确认。确认之前证书仍然有效。")
    return _act(public_id, CertificateAction.PROPOSE_REVOCATION, ReasonForm(), perform, done)


@blueprint.route("/certificates/<public_id>/revoke/confirm", methods=["GET", "POST"])
@allow(Permission.CERTIFICATE_REVOKE)
def revoke(public_id: str) -> Any:
    """Confirm, as the second official, that a certificate is revoked."""

    def perform(session: Session, actor: Identity, _reason: str) -> None:
        revoking.revoke(session, actor, public_id, now=clock.now())

    return _act(public_id, CertificateAction.REVOKE, ConfirmForm(), perform, _("已注销。查验页现在显示“已注销”。"))


@blueprint.route("/certificates/<public_id>/revoke/withdraw", methods=["GET", "POST"])
@allow(Permission.CERTIFICATE_REVOKE_PROPOSE)
def withdraw_revocation(public_id: str) -> Any:
    """Take a proposed revocation back, or turn it down."""

    def perform(session: Session, actor: Identity, _reason: str) -> None:
        revoking.withdraw_revocation(session, actor, public_id, now=clock.now())

    return _act(public_id, CertificateAction.WITHDRAW_REVOCATION, ConfirmForm(), perform, _("不注销了，证书照常有效。"))


@blueprint.route("/certificates/<public_id>/reissue", methods=["GET", "POST"])
@allow(Permission.CERTIFICATE_REISSUE)
def reissue(public_id: str) -> Any:
    """Make a further paper （补） under the same number."""

    def perform(session: Session, actor: Identity, reason: str) -> None:
        papers.reissue(session, actor, public_id, address=_address(), reason=reason, now=clock.now())

    done = _("正在排版，一会儿就能下载。编号不变。")
    return _act(public_id, CertificateAction.REISSUE, ReasonForm(), perform, done)


# --- one certificate --------------------------------------------------------------------------------------


@blueprint.get("/certificates/<public_id>")
@allow(Permission.CERTIFICATE_LIST)
def certificate(public_id: str) -> str:
    """One certificate: what it rests on, its papers, its history, and what can be done now."""
    reader = reading()
    found = queries.find(reader, _actor(), Permission.CERTIFICATE_LIST, public_id)
    one = found.certificate
    documents = queries.documents_of(reader, [one.id])
    last = documents[-1] if documents else None
    return render_template(
        "certification/certificate.html",
        found=found,
        documents=documents,
        last=last,
        text=last.payload if last is not None else queries.current_text(reader, one.kind)[1],
        actions=[(action.value, _lock(found, action, last)) for action in allowed_actions(one.state)],
        history=queries.history(reader, one, documents),
        names=queries.names_of(reader, [one.proposed_by_id, one.signed_by_id, one.revoked_by_id]),
        today=clock.today(),
        missing=_missing_of(last),
        day_of=date.fromisoformat,
    )


@blueprint.get("/certificates/documents/<public_id>.pdf")
@allow(Permission.CERTIFICATE_OWN)
def download(public_id: str) -> Response:
    """A printed paper, for its holder and for officials in whose reach the holder is."""
    document, one = queries.document_for(reading(), _actor(), public_id)
    try:
        pdf = storage_of(database()).get(document.file_key)
    except FileNotFoundError as error:
        raise NotFound("certification.document.file_lost") from error
    mark = document.payload["reissued_on"] or ""
    name = " ".join(filter(None, (one.number, document.payload["name"], mark)))
    response = send_file(BytesIO(pdf), "application/pdf", as_attachment=True, download_name=f"{name}.pdf")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = f"{CSP}; sandbox"
    return response


@blueprint.get("/me/certificates")
@allow(Permission.CERTIFICATE_OWN)
def mine() -> str:
    """One's own certificates."""
    reader = reading()
    own = queries.own_certificates(reader, _actor().person_id)
    documents: dict[int, list[Any]] = {one.id: [] for one in own}
    for document in queries.documents_of(reader, documents):
        documents[document.certificate_id].append(document)
    person = people.person_with_id(reader, _actor().person_id)
    awaited = queries.awaited(reader, person) if person.state in SERVING else []
    keys = {key for each in awaited for key in each.text.courses}
    return render_template(
        "certification/mine.html",
        own=own,
        awaited=awaited,
        courses=queries.course_names(reader, keys, current_language()),
        documents=documents,
        today=clock.today(),
        rendered=DocumentState.RENDERED,
    )


# --- the public check -------------------------------------------------------------------------------------


def _count_or_refuse() -> None:
    """Count a question from this address; raise Throttled after too many in a minute. Own short transactions."""
    key = throttle.throttle_key(str(current_app.secret_key), "verify", request.remote_addr or "")
    keys = [(key, VERIFY_THROTTLE)]
    try:
        throttle.refuse_if_throttled(database(), keys)
    except Throttled as error:
        raise Throttled("certification.verify.throttled", retry_after=error.params["retry_after"]) from error
    throttle.count_failure(database(), keys)


def _verify_page(found: PublicView | None, *, asked: bool, number: str = "", code: str = "") -> str:
    return render_template(
        "certification/verify.html", found=found, asked=asked, number=number, code=code, now=clock.now()
    )


@blueprint.get("/v/")
@public("whoever is shown a certificate checks it without an account", sessionless=True)
def verify_start() -> str:
    """Check a certificate by its number and the printed code, both typed."""
    number, code = request.args.get("number", "").strip()[:80], request.args.get("code", "").strip()[:20]
    if not number and not code:
        return _verify_page(None, asked=False)
    _count_or_refuse()
    found = queries.public_view_typed(reading(), number, code, clock.today())
    return _verify_page(found, asked=True, number=number, code=code)


@blueprint.get("/v/<code>")
@public("whoever is shown a certificate checks it without an account", sessionless=True)
def verify(code: str) -> str:
    """What the QR code leads to. An unknown code and one that cannot be a code give the same page."""
    _count_or_refuse()
    return _verify_page(queries.public_view(reading(), code[:40], clock.today()), asked=True)


@blueprint.after_request
def _not_for_search_engines(response: Response) -> Response:
    if request.endpoint in {"certification.verify", "certification.verify_start"}:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
