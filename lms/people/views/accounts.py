"""Pages of accounts: signing in and out, passwords, the privacy notice, language and text size."""

from datetime import timedelta
from typing import Any

import flask_login
from flask import current_app, flash, g, jsonify, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from lms.access.permissions import Permission
from lms.core import clock
from lms.core.errors import Invalid, LMSError, Throttled
from lms.people import queries
from lms.people.forms import ChangePasswordForm, ReauthenticateForm, SignInForm
from lms.people.rules import PRIVACY_NOTICE, masked_phone
from lms.people.services import accounts
from lms.people.views import blueprint
from lms.web.guards import allow, public
from lms.web.i18n import LANGUAGE_COOKIE, TEXT_COOKIE
from lms.web.safe_next import safe_next
from lms.web.transaction import database, reading, writing

A_YEAR = timedelta(days=365)


def check_own_password(password: str) -> int:
    """Return the signed-in person's id when the password is theirs. Raises Throttled or Invalid.

    Runs in transactions of its own: call it before the first statement on ``writing()``.
    """
    return accounts.check_credentials(
        database(),
        current_app.extensions["lms.passwords"],
        str(current_app.secret_key),
        staff_number=g.signed_in.staff_number,
        password=password,
        address=request.remote_addr or "",
    )


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public("whoever has no session must be able to open one")
def sign_in() -> Any:
    """Staff number and password; the same refusal whatever was wrong."""
    target = safe_next(current_app, request.values.get("next"))
    if g.signed_in is not None and request.method == "GET":
        return redirect(target)
    form = SignInForm()
    if form.validate_on_submit():
        try:
            person_id = accounts.check_credentials(
                database(),
                current_app.extensions["lms.passwords"],
                str(current_app.secret_key),
                staff_number=form.staff_number.data or "",
                password=form.password.data or "",
                address=request.remote_addr or "",
            )
        except (Invalid, Throttled) as error:
            form.add_error(error)
            status = 429 if isinstance(error, Throttled) else 422
            return render_template("people/sign_in.html", form=form, next=target), status
        token = accounts.open_session(writing(), person_id, browser=request.user_agent.string)
        keep_in_browser(token)
        return redirect(target)
    return render_template("people/sign_in.html", form=form, next=target), 422 if form.errors else 200


@blueprint.get("/sign-in/token")
@public("a page that stays open over the end of its session signs in again without being left")
def sign_in_token() -> Any:
    """Whose session the browser has, if any, and the token that its forms need now. For our scripts."""
    person = g.signed_in.identity.public_id if g.signed_in is not None else None
    return jsonify(csrf_token=generate_csrf(), person=person)


def keep_in_browser(token: str) -> None:
    """Start the browser's session anew with a sign-in token: nothing set before signing in survives."""
    session.clear()
    session["_user_id"] = token
    session["_fresh"] = True


@blueprint.post("/sign-out")
@allow(Permission.OWN_ACCOUNT, first_steps=True)
def sign_out() -> Any:
    """End this session on the server and clear the browser's cache of our pages."""
    accounts.end_session(writing(), g.signed_in.identity, g.signed_in.session_public_id)
    flask_login.logout_user()
    session.clear()
    response = make_response(redirect(url_for("people.sign_in")))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.get("/forgot")
@public("whoever forgot the password cannot sign in")
def forgot() -> str:
    """Whom to ask for a one-time code."""
    return render_template("people/forgot.html")


@blueprint.route("/me/password", methods=["GET", "POST"])
@allow(Permission.OWN_ACCOUNT, first_steps=True)
def change_password() -> Any:
    """Choose a new password; required after a slip or a reset."""
    form = ChangePasswordForm()
    first = g.signed_in.must_change_password
    target = safe_next(current_app, request.values.get("next"))
    if form.validate_on_submit():
        try:
            _set_password(form)
        except LMSError as error:
            form.add_error(error)
            status = 429 if isinstance(error, Throttled) else 422
            return render_template("people/change_password.html", form=form, first=first, next=target), status
        flash(_("新密码已经生效。别的手机和电脑上的登录都已退出。"), "ok")
        return redirect(target)
    page = render_template("people/change_password.html", form=form, first=first, next=target)
    return page, 422 if form.errors else 200


def _set_password(form: ChangePasswordForm) -> None:
    """Check, hash (outside the write lock) and set the new password. Raises LMSError."""
    new = form.new_password.data or ""
    old = form.old_password.data or ""
    if new != form.again.data:
        raise Invalid("people.password.mismatch", field="again")
    try:
        person_id = check_own_password(old)
    except Invalid as error:
        raise Invalid("people.password.wrong", field="old_password") from error
    if new == old:
        raise Invalid("people.password.same", field="new_password")
    with database().reading() as reader:
        person = queries.person_with_id(reader, person_id)
        old_hash = queries.credentials(reader, person.staff_number).password_hash or ""
        accounts.checked_new_password(reader, person, new, clock.now())
    new_hash = current_app.extensions["lms.passwords"].hash(new)
    accounts.change_password(
        writing(),
        g.signed_in.identity,
        old_hash=old_hash,
        new_hash=new_hash,
        keep_session=g.signed_in.session_id,
        now=clock.now(),
    )


@blueprint.route("/me/confirm", methods=["GET", "POST"])
@allow(Permission.OWN_ACCOUNT)
def reauthenticate() -> Any:
    """Give the password again before an act that counts; good for five minutes."""
    form = ReauthenticateForm()
    target = safe_next(current_app, request.values.get("next"))
    if form.validate_on_submit():
        try:
            check_own_password(form.password.data or "")
        except (Invalid, Throttled) as error:
            form.add_error(
                error if isinstance(error, Throttled) else Invalid("people.password.wrong", field="password")
            )
            status = 429 if isinstance(error, Throttled) else 422
            return render_template("people/reauthenticate.html", form=form, next=target), status
        accounts.note_reauthentication(writing(), g.signed_in.session_id)
        return redirect(target)
    return render_template("people/reauthenticate.html", form=form, next=target), 422 if form.errors else 200


@blueprint.route("/privacy", methods=["GET", "POST"])
@allow(Permission.OWN_ACCOUNT, first_steps=True)
def privacy_notice() -> Any:
    """What is kept about a person, why, how long, and whom to ask. Confirmed once per version."""
    target = safe_next(current_app, request.values.get("next"))
    if request.method == "POST":
        accounts.read_privacy_notice(writing(), g.signed_in.identity, PRIVACY_NOTICE, now=clock.now())
        return redirect(target)
    is_new = g.signed_in.privacy_notice != PRIVACY_NOTICE
    return render_template("people/privacy_notice.html", is_new=is_new, next=target)


@blueprint.get("/me")
@allow(Permission.OWN_PROFILE)
def me() -> str:
    """One's own data, posts, roles and sign-ins."""
    reader = reading()
    person_id = g.signed_in.identity.person_id
    person = queries.person_with_id(reader, person_id)
    idle = timedelta(minutes=current_app.extensions["lms.settings"].session_idle_minutes)
    return render_template(
        "people/me.html",
        person=person,
        phone=masked_phone(person.phone),
        posts=queries.posts_of(reader, person_id, clock.today()),
        grants=queries.grants_of(reader, person_id),
        sessions=queries.sessions_of(reader, person_id, not_seen_since=clock.real_now() - idle),
        current_session=g.signed_in.session_public_id,
    )


@blueprint.post("/me/sessions/<public_id>/end")
@allow(Permission.OWN_ACCOUNT)
def end_session(public_id: str) -> Any:
    """End one of one's own sign-ins, on a lost phone for example."""
    accounts.end_session(writing(), g.signed_in.identity, public_id)
    flash(_("那个登录已经退出。"), "ok")
    return redirect(url_for("people.me"))


def _remember(response: Any, cookie: str, value: str) -> Any:
    """Keep a choice in the browser, for the sign-in page and for people without an account."""
    response.set_cookie(
        cookie,
        value,
        max_age=int(A_YEAR.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
    return response


@blueprint.post("/language")
@public("the sign-in page is read in two languages")
def set_language() -> Any:
    """Choose the language; kept with the account when signed in."""
    language = request.form.get("lang", "")
    if language not in accounts.LANGUAGES:
        raise Invalid("people.preference.unknown", field="lang")
    if g.signed_in is not None:
        accounts.set_preference(writing(), g.signed_in.identity, language=language)
    target = safe_next(current_app, request.form.get("next"))
    return _remember(make_response(redirect(target)), LANGUAGE_COOKIE, language)


@blueprint.post("/text-size")
@public("the sign-in page must be readable before signing in")
def set_text_size() -> Any:
    """Choose the text size (长辈版); kept with the account when signed in."""
    size = request.form.get("text", "")
    if size not in accounts.TEXT_SIZES:
        raise Invalid("people.preference.unknown", field="text")
    if g.signed_in is not None:
        accounts.set_preference(writing(), g.signed_in.identity, text_size=size)
    target = safe_next(current_app, request.form.get("next"))
    return _remember(make_response(redirect(target)), TEXT_COOKIE, size)
