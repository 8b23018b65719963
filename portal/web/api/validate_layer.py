"""Answers `GET /api/validate` ahead of Flask, for the requests that have nothing unusual.

Flask's own machinery takes ten times as long as the answer. This decides nothing by itself: the
ids, the answer, the limits, the hosts and the headers come from where Flask's view has them. What
is unusual in any way goes on to Flask, and tests/web/api/test_validate_layer.py compares the two.

It stands at two places. As WSGI middleware it may wait for the store, until the deadline. And
`at_once` is for the thread of the server that receives requests: it answers only what takes no
waiting at all, neither for a lock nor for a disk.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Protocol

from flask import Flask
from werkzeug.exceptions import SecurityError
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import get_host

from portal import logs
from portal.stores import (
    PUBLIC_ATTEMPTS,
    clear_deadline,
    retry_attempts,
    set_deadline,
)
from portal.tenants import ID, Ids
from portal.web.api.cors import Cors
from portal.web.api.validate import ERROR
from portal.web.api.validate_answer import Answer
from portal.web.api.validation import Items, Validation, items_asked_for
from portal.web.front import ProxyWatch
from portal.web.http import (
    AccessLog,
    Services,
    accepts_json,
    network_of,
    new_request_id,
    request_id_of,
    request_limits,
    security_headers,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/validate"
#: Arguments that are read in any other way are unusual.
_ARGUMENTS = re.compile(rf"accountId=({ID})&companyId=({ID})", re.ASCII)
_LONGEST_QUERY = 150
#: Queries that need not be taken apart again.
_MAX_QUERIES = 4096
#: Headers with which a request is unusual: a token, and a body, which nobody reads.
_UNUSUAL = frozenset({"authorization", "content-length", "transfer-encoding", "expect", "upgrade"})
#: What each header has in the environment of WSGI before its name.
_PREFIX_LENGTH = len("HTTP_")
#: Clients send a few different texts, unless somebody plays.
_MAX_KNOWN = 64
_LONGEST_KNOWN = 200

Headers = list[tuple[str, str]]


class _HeadersOfRequest(Protocol):
    """`len` also counts a header whose value cannot be read; `items` does not have it."""

    def __len__(self) -> int: ...
    def items(self) -> Collection[tuple[str, str]]: ...


class Head(Protocol):
    """What the server knows of a request before its body: `path` is decoded, `client` has a
    port."""

    method: str
    path: str
    query_string: str
    client: str
    headers: _HeadersOfRequest


class ValidateLayer:
    """WSGI middleware, in front of everything else.

    Attributes:
        behind: What answers everything that is unusual.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        services: Services,
        validation: Validation,
        cors: Cors,
        *,
        watch: ProxyWatch,
        access_log: AccessLog,
    ) -> None:
        self.behind = app
        self._validation = validation
        self._clock = services.clock
        settings = services.settings
        self._trusted_hosts = settings.trusted_hosts
        self._proxy_hops = settings.proxy_hops
        self._watch = watch
        #: Of a request as it arrives: the proxy may have stripped the prefix or not.
        self._paths = frozenset({PATH, settings.path_prefix + PATH})
        self._cors = cors
        self._access_log = access_log
        self._headers = security_headers.headers_of(settings)
        self._hosts = _Accepted(self._is_trusted)
        self._accepts = _Accepted(accepts_json)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        items = self._asked_for(environ)
        if items is None:
            return self.behind(environ, start_response)
        # For whoever counts requests by route.
        environ["portal.route"] = PATH, "api.validate"
        request_id = self._request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        now = self._clock()
        network = partial(self._network_of_request, environ)
        answer = self._validation.answer_at_once(items, now, network)
        if answer is None:
            try:
                with _waiting(environ, request_id):
                    answer = self._validation.answer(items, now, network)
            except Exception as error:  # noqa: BLE001 - the words and the log are Flask's
                environ[ERROR] = error
                return self.behind(environ, start_response)
        headers = self._headers_of(answer, environ.get("HTTP_ORIGIN", ""), request_id)
        if self._access_log.is_on:
            self._access_log.count(PATH, answer.status)
        start_response(_status_line(answer.status), headers)
        return [answer.body] if environ["REQUEST_METHOD"] == "GET" else []

    def at_once(self, head: Head) -> tuple[int, Headers, bytes] | None:
        """Status, headers and body; None: whoever may wait answers. This waits for nothing."""
        if head.path not in self._paths or head.method != "GET":
            return None
        items = _asked_for(head.query_string)
        headers = _read(head.headers) if items is not None else None
        if items is None or headers is None:
            return None
        get = headers.get
        if not self._are_accepted(get("host", ""), get("accept", "")):
            return None
        answer = self._validation.answer_at_once(
            items,
            self._clock(),
            lambda: self._network_of_head(head, get("x-forwarded-for", "")),
        )
        if answer is None:
            return None
        request_id = self._request_id(get("x-request-id", ""))
        if self._access_log.is_on:
            self._access_log.count(PATH, answer.status)
        return answer.status, self._headers_of(answer, get("origin", ""), request_id), answer.body

    def _asked_for(self, environ: "WSGIEnvironment") -> Items | None:
        """What a request asks for; None if it is another one, or unusual."""
        if environ.get("PATH_INFO") != PATH or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        items = _asked_for(environ.get("QUERY_STRING", ""))
        if (
            items is None
            or "HTTP_AUTHORIZATION" in environ
            or not self._are_accepted(environ.get("HTTP_HOST", ""), environ.get("HTTP_ACCEPT", ""))
            or request_limits.has_long_headers(environ)
        ):
            return None
        return items

    def _are_accepted(self, host: str, accept: str) -> bool:
        hosts, accepts = self._hosts, self._accepts
        return (host in hosts or hosts.finds(host)) and (accept in accepts or accepts.finds(accept))

    def _is_trusted(self, host: str) -> bool:
        """Whether Flask would answer to this host, as Werkzeug decides it."""
        try:
            return bool(get_host("http", host.lower(), None, self._trusted_hosts))
        except SecurityError:
            return False

    def _network_of_request(self, environ: "WSGIEnvironment") -> str:
        forwarded_for = environ.get("HTTP_X_FORWARDED_FOR", "")
        return self._network(environ.get("REMOTE_ADDR", ""), forwarded_for)

    def _network_of_head(self, head: Head, forwarded_for: str) -> str:
        return self._network(head.client.rpartition(":")[0].strip("[]"), forwarded_for)

    def _network(self, address: str, forwarded_for: str) -> str:
        self._watch.see(forwarded_for)
        hops = self._proxy_hops
        return network_of(_address_behind(hops, address, forwarded_for) if hops else address)

    def _request_id(self, given: str) -> str:
        return request_id_of(given) if given and self._proxy_hops else new_request_id()

    def write_counts(self) -> None:
        """Write what the access log has counted. For the end of the process."""
        self._access_log.write_counts(PATH)

    def _headers_of(self, answer: Answer, origin: str, request_id: str) -> Headers:
        return [
            ("Content-Type", "application/json"),
            *answer.headers,
            ("Content-Length", str(len(answer.body))),
            *self._headers,
            ("X-Request-Id", request_id),
            *security_headers.NOT_STORED,
            *self._cors.headers(origin),
        ]


def _asked_for(query: str) -> Items | None:
    """The items that decide; None if the arguments are unusual."""
    return _items_of(query) if len(query) <= _LONGEST_QUERY else None


@lru_cache(_MAX_QUERIES)
def _items_of(query: str) -> Items | None:
    arguments = _ARGUMENTS.fullmatch(query)
    if arguments is None:
        return None
    return items_asked_for(Ids(account_id=arguments[1], company_id=arguments[2]))


def _read(headers: _HeadersOfRequest) -> dict[str, str] | None:
    """The headers by their names; None if one of them is unusual or unreadable, or all are too
    long."""
    sent = headers.items()
    read = dict(sent)
    number = len(read)
    # One that is there twice, or that cannot be read, makes a difference.
    if not number == len(sent) == len(headers) or not _UNUSUAL.isdisjoint(read):
        return None
    size = number * _PREFIX_LENGTH + sum(map(len, read)) + sum(map(len, read.values()))
    return read if size <= request_limits.MAX_HEADER_BYTES else None


class _Accepted(set[str]):
    """Texts of a header that are accepted. To find that out takes as long as the whole answer."""

    def __init__(self, accepts: Callable[[str], bool]) -> None:
        super().__init__()
        self._accepts = accepts

    def finds(self, text: str) -> bool:
        """Whether a text that is not among them is accepted, too."""
        if not self._accepts(text):
            return False
        if len(self) < _MAX_KNOWN and len(text) <= _LONGEST_KNOWN:
            self.add(text)
        return True


def init_app(
    app: Flask, services: Services, cors: Cors, watch: ProxyWatch, access_log: AccessLog
) -> None:
    """Put the layer in front of everything that stands in front of Flask already."""
    not_found = services.limits.not_found
    validation = Validation(
        services.store,
        services.last_known,
        services.settings,
        not_found,
        clock=services.clock,
        refusal_links=services.refusal_links,
        usage=services.usage,
    )
    app.extensions["portal.validation"] = validation
    layer = ValidateLayer(
        app.wsgi_app, services, validation, cors, watch=watch, access_log=access_log
    )
    app.extensions["portal.validate_layer"] = layer
    app.wsgi_app = layer  # type: ignore[method-assign] # as Flask's own documentation wraps it


@contextmanager
def _waiting(environ: "WSGIEnvironment", request_id: str) -> Iterator[None]:
    """All that a request has which may wait: a deadline, attempts, and its id in the log."""
    before = logs.request_id.set(request_id)
    attempts = retry_attempts.set(PUBLIC_ATTEMPTS)
    set_deadline(environ.get("portal.arrived"))
    try:
        yield
    finally:
        clear_deadline()
        retry_attempts.reset(attempts)
        logs.request_id.reset(before)


@lru_cache(16)
def _status_line(status: int) -> str:
    return f"{status} {HTTP_STATUS_CODES[status].upper()}"


def _address_behind(hops: int, address: str, forwarded_for: str) -> str:
    """The address of the client, as Flask has it behind so many proxies."""
    environ = {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded_for}
    # It changes the environment before it calls what it wraps.
    ProxyFix(lambda _environ, _start: [], x_for=hops)(environ, _answers_nothing)
    return environ["REMOTE_ADDR"]


def _answers_nothing(*_: object) -> Callable[[bytes], object]:
    raise AssertionError("nothing is answered")
