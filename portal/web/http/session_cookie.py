"""The session cookie: Flask's own, signed and not encrypted."""

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer

from portal.settings import Settings
from portal.web.http.framed import is_without_cookie
from portal.web.http.signers import TimedTextSigner


def init_app(app: Flask, settings: Settings, keys: tuple[str, ...]) -> None:
    """`keys`: the first one signs; cookies that were signed with the others stay valid."""
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=list(keys[1:]),
        SESSION_COOKIE_NAME=_name(settings),
        # Below a path, other applications have the rest of the host, and the browser sends them
        # nothing of ours.
        SESSION_COOKIE_PATH=settings.path_prefix or "/",
        # The same for what is made outside of a request.
        APPLICATION_ROOT=settings.path_prefix or "/",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.session_interface = SessionCookie()


def _name(settings: Settings) -> str:
    """With a prefix that browsers know: `__Host-` demands the path `/`, so below another one it is
    `__Secure-`. See docs/decisions/018-below-a-path.md."""
    if not settings.secure_cookies:
        return "portal"
    return "__Secure-portal" if settings.path_prefix else "__Host-portal"


#: Asked by platforms, which keep no cookie. An error page for one of them sets none either.
_PROBES = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})


class SessionCookie(SecureCookieSessionInterface):
    """Flask's sessions, with the signer made once and not for every request.

    Programs send no cookie. For them nothing is read, which saves 15 % of an answer of
    `GET /api/validate`.
    """

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._signer is None:
            usual = super().get_signing_serializer(app)
            if usual is not None:
                self._signer = TimedTextSigner(
                    usual.secret_keys,
                    salt=usual.salt,
                    serializer=usual.serializer,
                    signer_kwargs=usual.signer_kwargs,
                )
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ or is_without_cookie(request.path):
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if is_without_cookie(request.path) or request.path in _PROBES:
            return
        super().save_session(app, session, response)
        if response.cache_control.no_cache:
            # Only Back shows such a page without asking for it anew, and by then the cookie has
            # changed: with this header the browser would not find the page.
            response.vary.discard("Cookie")
