"""A request as WSGI wants it.

The environment holds nothing of the process's own environment: who prints or attaches it gives
away no setting.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Headers(Protocol):
    """`items` leaves a header out whose value has bytes beyond ASCII; all others know its name."""

    def __contains__(self, name: str) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def items(self) -> Iterable[tuple[str, str]]: ...


class Scope(Protocol):
    """What granian knows of a request before its body; `path` is decoded, `query_string` is text
    with its escapes, `client` has a port."""

    method: str
    path: str
    query_string: str
    server: str
    client: str
    scheme: str
    http_version: str
    headers: Headers


#: The value of a header that was sent and that nobody can read. It is no value of any header, so a
#: condition does not hold, and a token is wrong: without the header there would be none.
UNREADABLE = "\xff"

_SAME_FOR_ALL: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "wsgi.errors": sys.stderr,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


def make_environ(scope: Scope, body: IO[bytes]) -> "WSGIEnvironment":
    """The environment of a request with this body."""
    server, _, port = scope.server.rpartition(":")
    if not server:
        # It is the path of a Unix socket, and WSGI wants a name and a port.
        server, port = "localhost", "80"
    environ = _SAME_FOR_ALL | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": _bytes_as_text(scope.path),
        "QUERY_STRING": _bytes_as_text(scope.query_string),
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            # In the environment it would look like the header that a proxy sets, with a hyphen.
            continue
        key = _key_of(name)
        if key in environ:
            between = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{between}{value}"
        else:
            environ[key] = value
    for name in scope.headers:
        if "_" not in name:
            environ.setdefault(_key_of(name), UNREADABLE)
    return environ


def _key_of(header: str) -> str:
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _bytes_as_text(text: str) -> str:
    """The bytes of a text as characters of Latin-1: WSGI wants them so."""
    return text if text.isascii() else text.encode().decode("latin-1")
