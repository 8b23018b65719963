"""One request to another machine: bounded in time and size, and to the address that was checked.

Somebody waits for it, a page perhaps, in one of the few threads that answer everybody. So

- it ends after some seconds in all, whatever the other side does: name, connection, TLS, answer;
- few of them run at a time, and one more is refused at once;
- it follows no redirect and reads no more than 100 KB;
- a name with an address that may not be reached is refused, and the connection goes to the very
  address that was looked at: a name that leads elsewhere a moment later gains nothing.

Through a proxy, the proxy looks the name up once more. Which addresses it may reach is its own
matter then; the certificate of the host is checked all the same.
"""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from portal.outgoing.addresses import PrivateAddressError, Resolve, addresses_of, look_up
from portal.outgoing.answers import Answer, CallError, CallProblem
from portal.tracing import outgoing_headers


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The machine that is asked."""

    host: str
    port: int = 443
    is_plain: bool = False
    """Without TLS. Such a request goes through no proxy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The way to other machines.

    Attributes:
        allows: Whether a request may go to this IP address.
        allows_plain: Whether one without TLS may.
        ca_file: Certificates that count beside those of the machine; `None`: no others.
        proxy: Its address; empty: none. It may hold a password.
        has_unusable_proxy: There is one that these requests cannot go through: nobody is asked.
        no_proxy: Hosts that are reached without it, as `NO_PROXY` has them.
        checks_before_proxy: Refuse a name that leads into an inner network as far as this machine
            can tell, although the proxy looks it up as well: for hosts that people type.
        resolve: Looks a name up.
    """

    allows: Callable[[str], bool]
    allows_plain: Callable[[str], bool] = lambda _address: False
    ca_file: Path | None = None
    proxy: str = field(default="", repr=False)
    has_unusable_proxy: bool = False
    no_proxy: str = ""
    checks_before_proxy: bool = False
    resolve: Resolve = look_up


class Caller:
    """Makes requests. It counts those that run.

    Args:
        places: So many run at a time.
        name: Of the threads.
    """

    def __init__(self, route: Route, *, places: int, name: str) -> None:
        self._route = route
        self._name = name
        self._places = threading.BoundedSemaphore(places)

    def call(
        self,
        target: Target,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        seconds: float,
        reads_body: bool = True,
    ) -> Answer:
        """Ask once.

        Args:
            path: With its slash at the beginning, and with its query.
            seconds: After which the caller no longer waits.
            reads_body: Whether the body of the answer is wanted.

        Raises:
            CallError: There is no answer.
        """
        if seconds <= 0:
            # Whoever waits has no time left. Nothing is sent that nobody would read.
            raise CallError(CallProblem.SLOW)
        if not self._places.acquire(blocking=False):
            raise CallError(CallProblem.BUSY)
        ends = time.monotonic() + seconds
        answered: Future[Answer] = Future()
        # Here, since the other thread knows no request that is traced.
        sent = {**(headers or {}), **outgoing_headers()}

        # Nothing limits the operating system's look-up of a name, so that another thread waits
        # for it. Its place is free again when it has ended, not when nobody waits any more.
        def run() -> None:
            try:
                answer = self._ask(
                    target, method, path, sent, body, ends=ends, reads_body=reads_body
                )
            except BaseException as error:  # noqa: BLE001 - the caller gets it
                self._places.release()
                answered.set_exception(error)
            else:
                self._places.release()
                answered.set_result(answer)

        threading.Thread(target=run, name=self._name, daemon=True).start()
        try:
            return answered.result(seconds)
        except TimeoutError as error:
            raise CallError(CallProblem.SLOW) from error

    def _ask(
        self,
        target: Target,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        ends: float,
        reads_body: bool,
    ) -> Answer:
        from portal.outgoing.connections import (  # noqa: PLC0415 - it loads urllib3
            Call,
            ask_directly,
            ask_through_proxy,
        )

        call = Call(
            host=target.host,
            port=target.port,
            is_plain=target.is_plain,
            method=method,
            path=path,
            headers={**headers, **_own_headers()},
            body=body,
            ends=ends,
            reads_body=reads_body,
        )
        try:
            context = self._ssl_context
        except OSError as error:
            # The file of certificates was there when the portal started.
            raise CallError(CallProblem.CERTIFICATE) from error
        if not target.is_plain and not _is_named(target.host, self._route.no_proxy):
            if self._route.has_unusable_proxy:
                raise CallError(CallProblem.UNREACHABLE)
            if self._route.proxy:
                if self._route.checks_before_proxy:
                    self._refuse_private(target)
                return ask_through_proxy(call, self._route.proxy, context)
        allows = self._route.allows_plain if target.is_plain else self._route.allows
        try:
            addresses = addresses_of(target.host, target.port, allows, self._route.resolve)
        except (OSError, UnicodeError) as error:
            raise CallError(CallProblem.UNREACHABLE) from error
        except PrivateAddressError as error:
            raise CallError(CallProblem.PRIVATE) from error
        return ask_directly(call, addresses, context)

    def _refuse_private(self, target: Target) -> None:
        try:
            addresses_of(target.host, target.port, self._route.allows, self._route.resolve)
        except (OSError, UnicodeError):
            # Where a proxy is needed, machines often know no names of the world outside.
            return
        except PrivateAddressError as error:
            raise CallError(CallProblem.PRIVATE) from error

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._route.ca_file:
            context.load_verify_locations(self._route.ca_file)
        return context


def _own_headers() -> dict[str, str]:
    """What every request says of itself. The one place where these headers are made."""
    return {"Accept-Encoding": "identity", "User-Agent": "fsm-onboarding-portal"}


def _is_named(host: str, names: str) -> bool:
    """Whether the host, or a domain that it is in, is among these names of `NO_PROXY`."""
    for name in names.lower().replace(",", " ").split():
        domain = name.lstrip("*.")
        if not domain or host == domain or host.endswith(f".{domain}"):
            return True
    return False
