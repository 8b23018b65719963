"""What apig-wsgi leaves to be done before the application gets a request.

It takes the address of a client from the beginning of X-Forwarded-For, where a client writes what
it likes, and it hands on what no server would: texts that are not Latin-1, and cookies joined by
commas.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from portal.lambda_http.answers import AnswerTooLargeError
from portal.lambda_http.events import Event, Kind, addresses_of, headers_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: What is left of a call after the portal stopped waiting for its store: to answer, and to write
#: the log.
RESERVE_SECONDS = 0.5


def correct(
    environ: "WSGIEnvironment",
    event: Event,
    kind: Kind,
    *,
    seconds_left: float,
    answer_seconds: float,
) -> None:
    """Change the environment that apig-wsgi has made of this event.

    Args:
        seconds_left: Until Lambda ends the call.
        answer_seconds: How many seconds the application takes for a request that arrives now.
    """
    for name, value in environ.items():
        if isinstance(value, str) and not value.isascii():
            environ[name] = _as_latin_1(value)
    address, forwarded_for = addresses_of(event, kind)
    environ["REMOTE_ADDR"] = address
    environ.pop("HTTP_X_FORWARDED_FOR", None)
    if forwarded_for:
        # As a server behind the same proxies would get it.
        environ["HTTP_X_FORWARDED_FOR"] = ", ".join(forwarded_for)
    is_https = kind is not Kind.LOAD_BALANCER or headers_of(event, "x-forwarded-proto") == ["https"]
    environ["wsgi.url_scheme"] = "https" if is_https else "http"
    environ["SERVER_PORT"] = "443" if is_https else "80"
    if kind is not Kind.HTTP_API and (cookies := headers_of(event, "cookie")):
        environ["HTTP_COOKIE"] = _as_latin_1("; ".join(cookies))
    # The application counts from the arrival. If the call ends sooner, it arrived earlier.
    used_up = max(0.0, answer_seconds - max(0.0, seconds_left - RESERVE_SECONDS))
    environ["portal.arrived"] = time.monotonic() - used_up


def _as_latin_1(text: str) -> str:
    """As WSGI wants it: each character is one byte of what was sent."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("latin-1")
    return text


def bounded(app: "WSGIApplication", most_bytes: Callable[[Kind], int]) -> "WSGIApplication":
    """The application, whose answers are no longer than Lambda takes, and have each header once."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        limit = most_bytes(environ["portal.event_kind"])

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, joined_headers(headers), *rest)

        result = app(environ, start)
        return _read(result, limit)

    return application


def _read(result: Iterable[bytes], limit: int) -> Iterable[bytes]:
    size = 0
    try:
        for part in result:
            size += len(part)
            if size > limit:
                raise AnswerTooLargeError
            yield part
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


def joined_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers of the same name in one, but for cookies: of several values Lambda sends the last."""
    joined: dict[str, tuple[str, str]] = {}
    cookies = []
    for name, value in headers:
        key = name.lower()
        if key == "set-cookie":
            cookies.append((name, value))
        elif key in joined:
            first_name, before = joined[key]
            joined[key] = (first_name, f"{before}, {value}")
        else:
            joined[key] = (name, value)
    return [*joined.values(), *cookies]
