"""The connection of a request, with urllib3: to one address, or through a proxy.

A whole answer has to arrive in time, and may not be large.

This module loads urllib3, which takes a while: import it only for a call.
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import unquote, urlsplit

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, ProxyManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as TlsError
from urllib3.util import make_headers

from portal.bounded_answers import SHORTEST_SECONDS, AnswerTooLargeError, bounded_pools
from portal.outgoing.answers import Answer, CallError, CallProblem

#: Of a whole answer with its headers. Real ones have some kilobytes.
MAX_ANSWER_BYTES = 100 * 1024
#: If the library has set no limit, which it always does.
_ANSWER_SECONDS = 5.0

# The library has set the time that is left.
_POOLS = bounded_pools(lambda sock: sock.gettimeout() or _ANSWER_SECONDS, MAX_ANSWER_BYTES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What is asked of which host, and until when.

    Attributes:
        ends: In seconds of `time.monotonic()`.
        reads_body: Whether somebody reads the body of the answer.
        is_plain: Without TLS.
    """

    host: str
    port: int
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    ends: float
    reads_body: bool = True
    is_plain: bool = False


def ask_directly(call: Call, addresses: list[str], context: ssl.SSLContext) -> Answer:
    """Ask the host at the first of these addresses that can be reached.

    Raises:
        CallError: There is no answer.
    """
    named = {**call.headers, "Host": _host_header(call)}
    last: Exception | None = None
    for address in addresses:
        # The connection goes to the address; name and certificate are those of the host.
        pool = (
            _POOLS.http(address, call.port)
            if call.is_plain
            else _POOLS.https(address, call.port, ssl_context=context, server_hostname=call.host)
        )
        try:
            with pool:
                return _answer(pool, call, named)
        except (NewConnectionError, ConnectTimeoutError) as error:
            # Nothing was sent yet: another address may do better.
            last = error
        except (HTTPError, HTTPException, OSError) as error:
            raise CallError(problem_of(error)) from error
    raise CallError(problem_of(last) if last else CallProblem.UNREACHABLE) from last


def ask_through_proxy(call: Call, proxy: str, context: ssl.SSLContext) -> Answer:
    """Ask the host through the proxy at this address, in which a password may stand.

    Raises:
        CallError: There is no answer.
    """
    split = urlsplit(proxy)
    account = f"{unquote(split.username or '')}:{unquote(split.password or '')}"
    try:
        with ProxyManager(
            f"{split.scheme}://{split.netloc.rpartition('@')[2]}",
            proxy_headers=make_headers(proxy_basic_auth=account) if split.username else None,
            proxy_ssl_context=context,
            ssl_context=context,
        ) as proxies:
            proxies.pool_classes_by_scheme = _POOLS.by_scheme()
            pool = proxies.connection_from_host(call.host, call.port, "https")
            return _answer(pool, call, call.headers)
    except (HTTPError, HTTPException, OSError) as error:
        raise CallError(problem_of(error)) from error


def _answer(pool: HTTPConnectionPool, call: Call, headers: Mapping[str, str]) -> Answer:
    response = pool.urlopen(
        call.method,
        call.path,
        body=call.body or None,
        headers=headers,
        retries=False,
        redirect=False,
        timeout=Timeout(total=max(call.ends - time.monotonic(), SHORTEST_SECONDS)),
        preload_content=False,
        decode_content=False,
    )
    try:
        if not call.reads_body:
            return _answer_of(response, b"")
        # A few kilobytes can unpack to gigabytes. None was asked for.
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise CallError(CallProblem.NO_HTTP)
        return _answer_of(response, response.read())
    finally:
        response.close()


def _answer_of(response: BaseHTTPResponse, body: bytes) -> Answer:
    content_type = response.headers.get("Content-Type", "")
    return Answer(
        status=response.status,
        content_type=content_type.partition(";")[0].strip().lower(),
        retry_after=response.headers.get("Retry-After", "").strip(),
        body=body,
    )


def _host_header(call: Call) -> str:
    host = f"[{call.host}]" if ":" in call.host else call.host
    return host if call.port == (80 if call.is_plain else 443) else f"{host}:{call.port}"


def problem_of(error: BaseException) -> CallProblem:
    """By the first of the error and of its causes that says more than "no connection"."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case AnswerTooLargeError():
                return CallProblem.TOO_LARGE
            case NewConnectionError():
                pass  # the library counts it among those that took too long
            case TimeoutError() | ConnectTimeoutError() | ReadTimeoutError():
                return CallProblem.SLOW
            case TlsError() | ssl.SSLError():
                return CallProblem.CERTIFICATE
            case HTTPException() if not isinstance(cause, OSError):
                return CallProblem.NO_HTTP
        cause = cause.__cause__ or cause.__context__
    return CallProblem.UNREACHABLE
