"""Security headers and the request id, on every response."""

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from portal import logs
from portal.web.http.htmx import VARY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'"
)


def init_app(app: Flask, *, https: bool) -> None:
    app.wsgi_app = SecurityHeaders(app.wsgi_app, https=https)  # type: ignore[method-assign] # as Flask's own documentation wraps it


class SecurityHeaders:
    """WSGI middleware: adds the headers to every response, also to one that Flask did not make,
    and gives the request its id."""

    def __init__(self, app: "WSGIApplication", *, https: bool) -> None:
        self._app = app
        self._headers = [
            ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
            ("X-Frame-Options", "DENY"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ]
        if https:
            self._headers.append(("Strict-Transport-Security", "max-age=31536000"))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request_id = secrets.token_hex(8)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            names = {name.lower() for name, _ in headers}
            headers += self._headers
            headers.append(("X-Request-Id", request_id))
            if "cache-control" not in names:
                headers += [("Cache-Control", "no-store"), ("Vary", VARY)]
            return start_response(status, headers, *rest)

        previous = logs.request_id.set(request_id)
        try:
            return self._app(environ, start)
        finally:
            logs.request_id.reset(previous)
