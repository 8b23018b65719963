"""The session cookie: Flask's own, signed and not encrypted."""

from functools import lru_cache
from typing import Any

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer

from portal.settings import Settings


def init_app(app: Flask, settings: Settings, keys: tuple[str, ...]) -> None:
    """`keys`: the first one signs; cookies that were signed with the others stay valid."""
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=list(keys[1:]),
        SESSION_COOKIE_NAME="__Host-portal" if settings.secure_cookies else "portal",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.session_interface = SessionCookie()


class SessionCookie(SecureCookieSessionInterface):
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
