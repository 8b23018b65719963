"""Security headers, on every response."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

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


class SecurityHeaders:
    """WSGI middleware: adds the headers to every response, also to one that Flask did not make."""

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._headers = headers_of(settings)
        self._framed_headers = framed_headers_of(settings)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        is_in_frame = is_framed(environ.get("PATH_INFO", ""))
        own_headers = self._framed_headers if is_in_frame else self._headers

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            names = {name.lower() for name, _ in headers}
            headers += own_headers
            if "cache-control" not in names:
                headers += NOT_STORED
            return start_response(status, headers, *rest)

        return self._app(environ, start)
