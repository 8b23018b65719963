"""The session cookie: Flask's own, signed and not encrypted."""

import json
from copy import deepcopy
from functools import lru_cache
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from portal.settings import Settings
from portal.web.http.context import this_request
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


#: Cookies whose signature this process has seen to be right, and what they say: about 1 MB.
_KEPT_COOKIES = 1024
#: Asked by platforms, which keep no cookie. An error page for one of them sets none either.
_PROBES = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})


class SessionCookie(SecureCookieSessionInterface):
    """Flask's sessions, with the signer made once, and a cookie that is known not read anew.

    Programs send no cookie. For them nothing is read, which saves 15 % of an answer of
    `GET /api/validate`.
    """

    def __init__(self) -> None:
        self._signer: TimedTextSigner | None = None
        #: A browser sends the same cookie with each of its requests. The key is the whole text, so
        #: what is kept never gets old. A cookie that is refused is not kept.
        self._read = lru_cache(_KEPT_COOKIES)(self._read_anew)

    def get_signing_serializer(self, app: Flask) -> TimedTextSigner | None:
        if self._signer is None:
            usual = super().get_signing_serializer(app)
            if usual is not None:
                self._signer = TimedTextSigner(
                    usual.secret_keys,
                    salt=usual.salt,
                    serializer=_SessionTexts(usual.serializer),
                    signer_kwargs=usual.signer_kwargs,
                )
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ or is_without_cookie(request.path):
            return self.session_class()
        text = request.cookies.get(self.get_cookie_name(app))
        signer = self.get_signing_serializer(app)
        if not text or signer is None:
            return self.session_class()
        try:
            content, signed_at = self._read(text)
        except BadSignature:
            return self.session_class()
        age = signer.now() - signed_at
        if not 0 <= age <= app.permanent_session_lifetime.total_seconds():
            return self.session_class()
        # A session is changed, and what is kept stays as it is.
        return self.session_class({
            name: value if type(value) is str else deepcopy(value)
            for name, value in content.items()
        })  # fmt: skip

    def _read_anew(self, text: str) -> tuple[dict[str, Any], int]:
        """What a cookie says, and when it was signed, in seconds.

        Raises:
            BadSignature: It was not signed here, or is no session.
        """
        assert self._signer is not None  # noqa: S101 - asked by `open_session` alone
        content, signed_at = self._signer.loads(text, return_timestamp=True)
        return content, int(signed_at.timestamp())

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        path = this_request().path
        if is_without_cookie(path) or path in _PROBES:
            return
        names = {name.lower() for name, _ in response.headers}
        if session.accessed:
            if "vary" in names:
                response.vary.add("Cookie")
            else:
                response.headers.add("Vary", "Cookie")
        if session.modified or session.permanent:
            self._write(app, session, response)
        if "cache-control" in names and response.cache_control.no_cache:
            # Only Back shows such a page without asking for it anew, and by then the cookie has
            # changed: with this header the browser would not find the page.
            response.vary.discard("Cookie")

    def _write(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """As Flask's, which reads and writes `Vary` twice."""
        signer = self.get_signing_serializer(app)
        if not session or signer is None or not session.accessed:
            super().save_session(app, session, response)
        elif self.should_set_cookie(app, session):
            response.set_cookie(
                self.get_cookie_name(app),
                signer.dumps(dict(session)),
                expires=self.get_expiration_time(app, session),
                path=self.get_cookie_path(app),
                domain=self.get_cookie_domain(app),
                secure=self.get_cookie_secure(app),
                httponly=self.get_cookie_httponly(app),
                samesite=self.get_cookie_samesite(app),
                partitioned=self.get_cookie_partitioned(app),
            )


class _SessionTexts:
    """As Flask writes sessions. It looks at each value for what JSON cannot say, such as a time;
    ours hold texts and lists of texts."""

    def __init__(self, usual: Any) -> None:
        self._usual = usual
        self.loads = usual.loads
        self._encode = json.JSONEncoder(separators=(",", ":")).encode

    def dumps(self, value: Any) -> str:
        return self._encode(value) if _is_plain(value) else str(self._usual.dumps(value))


def _is_plain(value: Any) -> bool:
    """Whether this is a session that Flask writes as plain JSON. It writes what has one name, and
    that one of its own, in another way; those begin with a space."""
    return (
        type(value) is dict
        and all(type(name) is str and name[:1] != " " for name in value)
        and all(type(one) is str or _is_list_of_texts(one) for one in value.values())
    )


def _is_list_of_texts(value: Any) -> bool:
    return type(value) is list and all(type(one) is str for one in value)
