"""What every answer says to the browser, and what no request may be, whoever it is for."""

import hmac
import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf, validate_csrf
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    LengthRequired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from wtforms import ValidationError

from portal import logs
from portal.imports import file_is_compressed, file_too_large, no_disk_space_error
from portal.settings import Settings
from portal.web.http import context
from portal.web.http.access import handles_own_csrf, is_api
from portal.web.http.htmx import VARY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'"
)
#: Forms are a few fields of at most some hundred characters.
MOST_BYTES = 64 * 1024
MOST_FIELDS = 100
#: These take a file, which may be as large as the settings say; `UPLOAD` is its field.
_TAKE_FILES = frozenset({"imports.index", "api.imports"})
UPLOAD = "file"
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
#: Where Flask-WTF keeps what its tokens sign.
_CSRF_FIELD = "csrf_token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ExpiredPageError(BadRequest):
    """The form's token is not this browser's, or its key was changed."""


class RepeatedFieldError(BadRequest):
    """A field that is sent once came twice."""

    code = 422


class Headers:
    """Puts the headers on every answer, whatever made it, and gives the request its id."""

    def __init__(self, app: "WSGIApplication", *, https: bool) -> None:
        self._app = app
        self._always = [
            ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
            ("X-Frame-Options", "DENY"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ]
        if https:
            self._always.append(("Strict-Transport-Security", "max-age=31536000"))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request_id = secrets.token_hex(8)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            names = {name.lower() for name, _ in headers}
            headers += self._always
            headers.append(("X-Request-Id", request_id))
            if "cache-control" not in names:
                headers += [("Cache-Control", "no-store"), ("Vary", VARY)]
            return start_response(status, headers, *rest)

        before = logs.request_id.set(request_id)
        try:
            return self._app(environ, start)
        finally:
            logs.request_id.reset(before)


def init_app(app: Flask, settings: Settings, keys: tuple[str, ...]) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        MAX_FORM_PARTS=1000,
        # Every address of a static file changes with its content.
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=list(keys[1:]),
        SESSION_COOKIE_NAME="__Host-portal" if settings.secure_cookies else "portal",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        TRUSTED_HOSTS=list(settings.trusted_hosts),
        # Its own key, so that the two can be changed on their own schedules.
        WTF_CSRF_SECRET_KEY=_csrf_key(keys[0]),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_FALLBACKS=[_csrf_key(key) for key in keys[1:]],
    )
    app.session_interface = Sessions()
    app.jinja_env.globals["csrf_token"] = _csrf_token
    app.wsgi_app = Headers(app.wsgi_app, https=settings.secure_cookies)  # type: ignore[method-assign] # as Flask's own documentation wraps it


def check_form() -> None:
    """Refuse what no form of ours sends, before anything acts on it."""
    if request.method in _SAFE or request.endpoint is None:
        return
    _check_length(takes_file=request.endpoint in _TAKE_FILES)
    if not is_api(request.endpoint):
        _check_fields()
        _check_origin()


def _check_length(*, takes_file: bool) -> None:
    # Servers say by this that the end of what they give is the end of the body, also when the
    # sender hung up before: without it Werkzeug counts for itself, and half a form is none.
    request.environ.pop("wsgi.input_terminated", None)
    if request.content_length is None:
        raise LengthRequired
    if not takes_file:
        if request.content_length > MOST_BYTES:
            raise RequestEntityTooLarge
        return
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise file_is_compressed()
    most = context.settings().import_megabytes * 1_000_000
    # The form's other fields, and what stands between them.
    request.max_content_length = request.max_form_memory_size = most + MOST_BYTES
    if request.content_length > most + MOST_BYTES:
        raise file_too_large(most)


def _check_fields() -> None:
    if request.content_length and request.mimetype not in _FORM_TYPES:
        raise UnsupportedMediaType
    # Werkzeug counts the parts of a multipart body, but not the fields of this one.
    if request.mimetype == _FORM_TYPES[0]:
        body = request.get_data(cache=True, parse_form_data=False)
        if body.count(b"&") >= MOST_FIELDS:
            raise RequestEntityTooLarge
    try:
        sent = request.files
    except OSError as error:
        # A file goes to the disk while the form is read.
        raise no_disk_space_error() from error
    if sent.keys() - ({UPLOAD} if request.endpoint in _TAKE_FILES else set()):
        raise UnsupportedMediaType
    if any(len(files) > 1 for _, files in sent.lists()):
        raise RepeatedFieldError
    if any(len(values) > 1 for _, values in request.form.lists()):
        raise RepeatedFieldError


def _check_origin() -> None:
    """Another site's form, or one whose token is not this browser's."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise Forbidden("cross-site")
    g.expired = not _token_is_ours()
    if g.expired and not handles_own_csrf(request.endpoint):
        raise ExpiredPageError


def _token_is_ours() -> bool:
    token = request.headers.get("X-CSRFToken") or request.form.get("csrf_token", "")
    config = current_app.config
    keys = (config["WTF_CSRF_SECRET_KEY"], *config["WTF_CSRF_FALLBACKS"])
    value = session.get(_CSRF_FIELD)
    # Most often it is the very one that this process made for this browser's pages.
    if isinstance(value, str) and hmac.compare_digest(
        token.encode(errors="replace"), _signed_csrf_value(value, keys[0]).encode()
    ):
        return True
    for key in keys:
        try:
            validate_csrf(token, secret_key=key)
        except ValidationError:
            continue
        return True
    return False


def _csrf_token() -> str:
    key = current_app.config["WTF_CSRF_SECRET_KEY"]
    if not isinstance(session.get(_CSRF_FIELD), str):
        generate_csrf(secret_key=key)
    return _signed_csrf_value(session[_CSRF_FIELD], key)


@lru_cache(4096)
def _signed_csrf_value(value: str, key: str) -> str:
    # As generate_csrf signs it. Without a time limit one token does for a whole session.
    return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(value))


def _csrf_key(key: str) -> str:
    return hmac.digest(key.encode(), b"csrf", "sha256").hex()


class Sessions(SecureCookieSessionInterface):
    """Flask's own signed cookie, without its cost for those who have none, or who send the same
    one with every page. A good cookie stays good as long as this process knows it; whether
    somebody is signed in is the store's to say."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None
        self._known = lru_cache(1024)(self._read)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        # A copy: what is kept must not change with one request.
        return self.session_class(self._known(app, cookie) if cookie else None)

    def _read(self, app: Flask, cookie: str) -> dict[str, Any]:
        signer = self.get_signing_serializer(app)
        try:
            return dict(signer.loads(cookie)) if signer else {}
        except BadSignature:
            return {}
