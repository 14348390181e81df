"""The application: settings, database, one-transaction dispatch, identity, guards, registry, start-up checks."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, g, jsonify, make_response, redirect, render_template, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from lms import registry
from lms.access.decide import is_logged, may_use
from lms.access.identity import Identity
from lms.audit import services as audit
from lms.config import Settings
from lms.core import clock
from lms.core.db import WEB_BUSY_MS, Database, make_engine
from lms.core.errors import Forbidden, SetupError
from lms.core.ids import new_public_id
from lms.core.schema import require_head
from lms.core.storage import STORAGE, Storage
from lms.people import queries as people
from lms.people.rules import PRIVACY_NOTICE
from lms.people.services import accounts
from lms.people.services.passwords import Passwords
from lms.web import errors, guards, headers, i18n
from lms.web.messages import Wordbook
from lms.web.transaction import TransactionalFlask, database, end_reading, reading, wants_json

log = logging.getLogger("lms.app")

PACKAGE = Path(__file__).resolve().parent
LAST_SEEN_EVERY = timedelta(minutes=5)


class SignedInUser(UserMixin):  # type: ignore[misc]
    """What Flask-Login handles: the token of a sign-in session and whose it is."""

    def __init__(self, token: str, signed_in: people.SignedIn) -> None:
        self.token = token
        self.signed_in = signed_in

    def get_id(self) -> str:
        return self.token


def make_database(settings: Settings, *, busy_ms: int = WEB_BUSY_MS) -> Database:
    """Return the database of the settings, with the registry's listeners, the audit trail's key and the storage."""
    engine = make_engine(settings.database_url, busy_ms=busy_ms)
    info = {audit.AUDIT_KEY: settings.audit_key, STORAGE: Storage(settings.files)}
    return Database(engine, registry.LISTENERS, info)


def create_app(settings: Settings, db: Database | None = None) -> Flask:
    """Return the application, ready to serve.

    Raises SetupError when the schema is not at head, a setting is unsafe, or an endpoint lacks an access rule.
    """
    app = TransactionalFlask("lms", root_path=str(PACKAGE), static_folder=None, template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        DEBUG=settings.debug,
        TESTING=False,
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        SESSION_COOKIE_NAME="__Host-lms" if settings.is_production else "lms",
        SESSION_COOKIE_SECURE=settings.is_production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        TRUSTED_HOSTS=settings.hosts or None,
        WTF_CSRF_TIME_LIMIT=None,  # bound to the session: a page may stay open through a long exam
        WTF_CSRF_CHECK_DEFAULT=False,  # checked below, after the access rule
        TEMPLATES_AUTO_RELOAD=settings.debug,
        BABEL_TRANSLATION_DIRECTORIES=str(PACKAGE / "translations"),
    )
    db = db or make_database(settings)
    require_head(db.engine)
    app.extensions["lms.database"] = db
    app.extensions["lms.settings"] = settings
    app.extensions["lms.passwords"] = Passwords(settings.argon2_memory_kib, settings.argon2_time)
    app.extensions["lms.words"] = Wordbook(*registry.MESSAGES)
    app.extensions["lms.content_types"] = registry.CONTENT_TYPES
    clock.pretend(timedelta(days=settings.clock_offset_days))
    if not settings.is_production:
        clock.follow(settings.clock_hand)
        app.before_request(clock.look)

    i18n.install(app, default_language=settings.default_language)
    _identify(app, settings)
    errors.install(app)
    headers.install(app, https=settings.is_production)
    _serve_static(app)
    _page_context(app, settings)
    _health(app)
    for blueprint in registry.BLUEPRINTS:
        app.register_blueprint(blueprint)
    if not settings.is_production:
        _style_page(app)
    guards.refuse_unmarked(app)
    if settings.is_production:
        with db.reading() as reader:
            refuse_demo_accounts(people.demo_people_exist(reader))
    if settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app


def refuse_demo_accounts(found: bool) -> None:
    """Raise SetupError when demo persons, whose passwords are printed in the README, are in the database."""
    if found:
        raise SetupError(
            "数据库里有演示账号，不能正式使用。先运行 lms demo clear / "
            "the database holds demo accounts; run lms demo clear first"
        )


def _identify(app: Flask, settings: Settings) -> None:
    """Who is asking, and may they use this endpoint at all."""
    login = LoginManager()
    login.session_protection = None  # the session is bound by its own row, not by the browser's address
    login.init_app(app)
    csrf = CSRFProtect()
    csrf.init_app(app)
    idle = timedelta(minutes=settings.session_idle_minutes)
    absolute = timedelta(hours=settings.session_hours)

    @login.user_loader  # type: ignore[untyped-decorator]
    def _load(token: str) -> SignedInUser | None:
        now = clock.real_now()
        found = people.signed_in(
            reading(),
            accounts.token_hash(token),
            day=clock.today(),
            not_seen_since=now - idle,
            created_after=now - absolute,
        )
        if found is not None:
            found = replace(found, identity=registry.assigned_to(reading(), found.identity))
        if request.method not in {"GET", "HEAD"}:
            end_reading()  # whoever writes must not decide by an older snapshot
        return SignedInUser(token, found) if found else None

    @app.before_request
    def _guard() -> Any:
        g.lms_request_id = new_public_id()[:12]
        g.signed_in = None
        if request.endpoint is None or request.endpoint not in app.view_functions:
            return None
        rule = guards.rule_of(app, request.endpoint)
        g.lms_sessionless = rule.sessionless
        if rule.sessionless:
            return None
        user = _current_user()
        if user is not None:
            g.signed_in = user.signed_in
            i18n.prefer(user.signed_in.language, user.signed_in.text_size or None)
        if rule.permission is None:
            csrf_check(csrf)
            return None
        if g.signed_in is None:
            return _ask_to_sign_in()
        csrf_check(csrf)
        if not rule.first_steps:
            if g.signed_in.must_change_password:
                return redirect(url_for("people.change_password", next=_here()))
            if g.signed_in.privacy_notice != PRIVACY_NOTICE:
                return redirect(url_for("people.privacy_notice", next=_here()))
        identity: Identity = g.signed_in.identity
        if not may_use(identity, rule.permission):
            raise Forbidden("access.forbidden", permission=rule.permission.value)
        return None

    @app.after_request
    def _afterwards(response: Response) -> Response:
        signed_in = g.get("signed_in")
        if signed_in is not None and clock.real_now() - signed_in.last_seen_at > LAST_SEEN_EVERY:
            accounts.touch_session(db_of(app), signed_in.session_id)
        _log_access(app, response)
        return response


def _current_user() -> SignedInUser | None:
    return current_user._get_current_object() if current_user.is_authenticated else None


def csrf_check(csrf: CSRFProtect) -> None:
    """Refuse an unsafe request without the page's token."""
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        csrf.protect()


def db_of(app: Flask) -> Database:
    """Return the application's database."""
    db: Database = app.extensions["lms.database"]
    return db


def _here() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def _ask_to_sign_in() -> Any:
    if wants_json(request):
        return make_response(jsonify(error="sign-in"), 401)
    if request.method not in {"GET", "HEAD"}:
        abort(401)
    target = _here()
    return redirect(url_for("people.sign_in", next=None if target == "/" else target))


def _was_used(response: Response) -> bool:
    """Whether a function did what it is for: whoever is sent to give the password first has seen nothing yet."""
    is_sent_away = urlsplit(response.location or "").path == url_for("people.reauthenticate")
    return response.status_code < 400 and not is_sent_away


def _log_access(app: Flask, response: Response) -> None:
    """Write denials and logged reads to the access log, in a transaction of its own."""
    signed_in = g.get("signed_in")
    rule = None
    if request.endpoint in app.view_functions:
        rule = guards.rule_of(app, request.endpoint)
    denied = bool(g.get("lms_denied", False))
    permission = rule.permission if rule is not None else None
    logged = permission is not None and is_logged(permission) and _was_used(response)
    if signed_in is None or not (denied or logged):
        return
    with db_of(app).writing() as writer:
        audit.log_access(
            writer,
            [
                {
                    "at": clock.real_now(),
                    "actor": signed_in.identity.public_id,
                    "what": permission.value if permission is not None else (request.endpoint or ""),
                    "outcome": "denied" if denied else "used",
                    "address": (request.remote_addr or "")[:40],
                    "path": request.path[:200],
                    "request_id": g.get("lms_request_id", ""),
                }
            ],
        )


def _serve_static(app: Flask) -> None:
    folder = PACKAGE / "static"
    digest = i18n.static_digest(folder)

    def static_url(path: str) -> str:
        return f"/static/{digest}/{path}"

    app.jinja_env.globals["static_url"] = static_url

    def add_headers(response_headers: Any, _path: str, _url: str) -> None:
        for name, value in headers.SECURITY.items():
            response_headers[name] = value

    noise = WhiteNoise(
        app.wsgi_app,
        add_headers_function=add_headers,
        immutable_file_test=lambda _path, _url: True,
        autorefresh=bool(app.config["DEBUG"]),
        allow_all_origins=False,
    )
    noise.add_files(str(folder), prefix=f"static/{digest}/")
    app.wsgi_app = noise  # type: ignore[method-assign]


def _page_context(app: Flask, settings: Settings) -> None:
    """What every page needs beside its own values: ``ui``."""

    def query_link(**changes: str) -> str:
        values = {**request.args.to_dict(), **changes}
        return f"{request.path}?{urlencode(values)}"

    def make() -> SimpleNamespace:
        look = i18n.look()
        signed_in = g.get("signed_in")
        return SimpleNamespace(
            lang=look.language,
            html_lang=i18n.HTML_LANG[look.language],
            text=look.text_size,
            person=signed_in and SimpleNamespace(name=signed_in.name, public_id=signed_in.identity.public_id),
            nav=registry.navigation(signed_in.identity) if signed_in is not None else [],
            places=lambda: registry.places(signed_in.identity) if signed_in is not None else [],
            org_name=_org_name(app, look.language, signed_in),
            help_phone=settings.help_phone,
            here=_here(),
            prefs="query" if g.get("lms_sessionless", False) else "post",
            query_link=query_link,
            look=_carried(look),
            dev=not settings.is_production,
            endpoints=app.view_functions.keys(),
            today=clock.today(),
            days_ahead=clock.offset().days,
        )

    def current() -> SimpleNamespace:
        if "lms_ui" not in g:
            g.lms_ui = make()
        ui: SimpleNamespace = g.lms_ui
        return ui

    # A global, not a context value: macros are imported without context.
    app.jinja_env.globals["ui"] = LocalProxy(current)


def _carried(look: i18n.Look) -> dict[str, str]:
    """Return what a link to a public page says of language and text size, since no session tells it there."""
    wanted = {"lang": look.language, "text": look.text_size}
    usual = {"lang": g.get("lms_default_language", "zh"), "text": ""}
    return {name: value for name, value in wanted.items() if value != usual[name]}


def _org_name(app: Flask, language: str, signed_in: people.SignedIn | None) -> str:
    """Return the office's name: it comes with the session, and is read once a minute for who has none."""
    if signed_in is not None:
        return (language == "en" and signed_in.office_en) or signed_in.office
    cache: dict[str, Any] = app.extensions.setdefault("lms.org_name", {"at": 0.0, "zh": "", "en": ""})
    moment = clock.real_now().timestamp()
    if not 0 <= moment - cache["at"] < 60:
        with database().reading() as reader:
            office = people.office_name(reader)
        cache.update(at=moment, zh=office.name if office else "", en=(office.name_en if office else ""))
    return str(cache["en"] or cache["zh"]) if language == "en" else str(cache["zh"])


def _health(app: Flask) -> None:
    @app.get("/healthz")
    @guards.public("a monitor asks whether the product can serve; says nothing about content", sessionless=True)
    def healthz() -> Any:
        """200 when the database answers and its schema is at head, 503 otherwise."""
        try:
            require_head(db_of(app).engine)
        except Exception:
            log.exception("not healthy")
            return make_response(jsonify(status="not ready"), 503)
        return jsonify(status="ok")


def _style_page(app: Flask) -> None:
    @app.get("/style")
    @guards.public("the style page of development shows components, no data")
    def style() -> str:
        """Every component in its states; not part of production."""
        return render_template("web/style.html")
