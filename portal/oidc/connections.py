"""Requests to the provider whose whole answer has to arrive in time, and may not be large.

The library's own limit of time counts from byte to byte: a byte every four seconds would hold a
thread for as long as the provider likes. It has no limit of size. The deadline of the request that
waits for the provider ends all of them sooner.

This module loads Authlib: import it only when a provider is set.
"""

import io
import socket
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from portal.oidc_setting import OidcSetting
from portal.stores import remaining_seconds

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: For each of: a new connection, and a whole answer.
CONNECTION_SECONDS = 3.0
ANSWER_SECONDS = 5.0
#: Of a whole answer with its headers. Real ones have some kilobytes.
MAX_ANSWER_BYTES = 256 * 1024
#: A limit of 0 would mean that the socket does not wait at all.
_SHORTEST_SECONDS = 0.001


class _AnswerReader(io.RawIOBase):
    """Reads one answer from a socket, as long as its time and its size last."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._ends = time.monotonic() + remaining_seconds(ANSWER_SECONDS)
        self._bytes_left = MAX_ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer did not arrive in time")
        self._sock.settimeout(max(left, _SHORTEST_SECONDS))
        count = self._raw.readinto(buffer)
        self._bytes_left -= count or 0
        if self._bytes_left < 0:
            raise OSError("the answer is too large")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answering:
    """What `HTTPResponse` needs of a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_AnswerReader(self._sock))


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Answering(sock), *args, **kwargs)  # type: ignore[arg-type] # as much of a socket as it needs


class _PlainConnection(HTTPConnection):
    response_class = _Response


class _TlsConnection(HTTPSConnection):
    response_class = _Response


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _PlainPool, "https": _TlsPool}


class _LimitedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().send(request, *args, **kwargs)
        # A few kilobytes can unpack to gigabytes, and nothing limits that. None was asked for.
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            response.close()
            raise OSError("the answer is compressed")
        return response


def new_session(setting: OidcSetting, *, redirect_uri: str, auth_method: str | None) -> Any:
    """An `OAuth2Session` for one sign-in.

    Args:
        auth_method: How the client shows its secret; the library's default if omitted.
    """
    session = OAuth2Session(
        setting.client_id,
        setting.client_secret or None,
        token_endpoint_auth_method=auth_method if setting.client_secret else None,
        scope=setting.scopes,
        redirect_uri=redirect_uri,
        # Without it, PKCE is left out though there is a verifier.
        code_challenge_method="S256",
        # Only this name limits anything: see findings/authlib_ignores_timeout.sh.
        default_timeout=(
            max(remaining_seconds(CONNECTION_SECONDS), _SHORTEST_SECONDS),
            ANSWER_SECONDS,
        ),
        # The token of this sign-in is used at once, however short its life is.
        leeway=0,
    )
    session.headers["Accept-Encoding"] = "identity"
    # Metadata, keys and tokens come from the addresses that were checked, and from no other one.
    session.max_redirects = 0
    session.mount("http://", _LimitedAdapter())
    session.mount("https://", _LimitedAdapter())
    return session
