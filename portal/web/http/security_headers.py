"""Security headers and the request id, on every response."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from portal import logs
from portal.settings import Settings
from portal.web.http.framed import is_framed, shell_origins
from portal.web.http.htmx import VARY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'"
)

_IDS_AT_ONCE = 256
_request_ids: list[str] = []
# Parent and child would give the same ones.
os.register_at_fork(after_in_child=_request_ids.clear)

#: Of every response that does not say itself how long it may be kept.
NOT_STORED = (("Cache-Control", "no-store"), ("Vary", VARY))


def init_app(app: Flask, settings: Settings) -> None:
    app.wsgi_app = SecurityHeaders(app.wsgi_app, settings)  # type: ignore[method-assign] # as Flask's own documentation wraps it


def headers_of(settings: Settings) -> list[tuple[str, str]]:
    """The headers that every response of this configuration has."""
    headers = [
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ]
    if settings.secure_cookies:
        below = "; includeSubDomains" if settings.hsts_include_subdomains else ""
        headers.append(("Strict-Transport-Security", f"max-age=31536000{below}"))
    return headers


def framed_headers_of(settings: Settings) -> list[tuple[str, str]]:
    """The headers of the pages that live in a frame of the shell. X-Frame-Options can name no
    site, so there is none; the policy names the shells instead, and nobody else may frame them."""
    origins = shell_origins(settings)
    if not origins:
        return headers_of(settings)
    ancestors = f"frame-ancestors {' '.join(origins)};"
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none';", ancestors)
    return [
        (name, policy if name == "Content-Security-Policy" else value)
        for name, value in headers_of(settings)
        if name != "X-Frame-Options"
    ]


def new_request_id() -> str:
    """16 random characters. Asking the system for each would take a twentieth of `validate`."""
    try:
        return _request_ids.pop()
    except IndexError:
        fresh = os.urandom(8 * _IDS_AT_ONCE).hex()
        # One call, so another thread finds either none of them or all.
        _request_ids.extend([fresh[at : at + 16] for at in range(16, len(fresh), 16)])
        return fresh[:16]


class SecurityHeaders:
    """WSGI middleware: adds the headers to every response, also to one that Flask did not make,
    and gives the request its id."""

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._headers = headers_of(settings)
        self._framed_headers = framed_headers_of(settings)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request_id = new_request_id()
        is_in_frame = is_framed(environ.get("PATH_INFO", ""))
        own_headers = self._framed_headers if is_in_frame else self._headers

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            names = {name.lower() for name, _ in headers}
            headers += own_headers
            headers.append(("X-Request-Id", request_id))
            if "cache-control" not in names:
                headers += NOT_STORED
            return start_response(status, headers, *rest)

        previous = logs.request_id.set(request_id)
        try:
            return self._app(environ, start)
        finally:
            logs.request_id.reset(previous)
