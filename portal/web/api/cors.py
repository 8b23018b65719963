"""CORS: which pages of other sites may call the API from a browser and read its answers.

Every answer under `/api` tells the browser so, also an error that no view has made.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from portal.web.http import is_api_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]

#: What a page may send beside what every page may send.
ALLOWED_HEADERS: Final = "Authorization, Content-Type, If-Match"
#: What a page may read beside the body.
EXPOSED_HEADERS: Final = (
    "Allow, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate,"
    " X-Request-Id"
)
#: Seconds for which a browser need not ask again: two hours, as long as Chromium allows.
MAX_AGE: Final = "7200"


class Cors:
    """The headers for the origins that the settings name, made once."""

    def __init__(self, allowed_origins: Sequence[str]) -> None:
        self._others: Headers = [("Vary", "Origin")] if allowed_origins else []
        self._allowed = {
            origin: [
                *self._others,
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Expose-Headers", EXPOSED_HEADERS),
            ]
            for origin in allowed_origins
        }

    def is_allowed(self, origin: str) -> bool:
        return origin in self._allowed

    def headers(self, origin: str) -> Headers:
        """What an answer under `/api` says to a page of this origin. Not to be changed."""
        return self._allowed.get(origin, self._others)

    def refusal_headers(self, path: str, origin: str) -> Headers:
        """As `headers`, for an answer to this path that the application does not make."""
        return self.headers(origin) if is_api_path(path) else []


class CorsMiddleware:
    """WSGI middleware: adds the headers to every answer under `/api`, whoever made it."""

    def __init__(self, app: "WSGIApplication", cors: Cors) -> None:
        self._app = app
        self._cors = cors

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not is_api_path(environ.get("PATH_INFO", "")):
            return self._app(environ, start_response)
        origin = environ.get("HTTP_ORIGIN", "")
        is_preflight = environ["REQUEST_METHOD"] == "OPTIONS" and self._cors.is_allowed(origin)

        def start(status: str, headers: Headers, *rest: Any) -> Any:
            added = self._cors.headers(origin)
            if is_preflight:
                added = [*added, *_preflight_headers(headers)]
            return start_response(status, [*headers, *added], *rest)

        return self._app(environ, start)


def _preflight_headers(headers: Headers) -> Headers:
    """For the answer to a browser that asks before it calls. The methods are those that the routes
    of this address really have; an address without a route has none."""
    for name, methods in headers:
        if name.lower() == "allow":
            each = sorted(method.strip() for method in methods.split(","))
            return [
                ("Access-Control-Allow-Methods", ", ".join(each)),
                ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
                ("Access-Control-Max-Age", MAX_AGE),
            ]
    return []
