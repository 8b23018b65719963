"""One request to a cluster: bounded in time and size, and to its own address alone.

A page waits for it, in one of the few threads that answer everybody. So

- it ends after five seconds in all, whatever the other side does: name, connection, TLS, answer;
- few of them run at a time, and one more is refused at once;
- it goes to hosts of the list, follows no redirect and reads no more than 100 KB;
- a name that leads into an inner network is refused, and the connection goes to the very address
  that was looked at: a name that leads elsewhere a moment later gains nothing.

Through a proxy, the proxy looks the name up. Which addresses it may reach is its own matter then;
the certificate of the cluster is checked all the same.
"""

import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from functools import cached_property

from portal.fsm.addresses import addresses_of
from portal.fsm.answers import Answer, CallError, CallProblem
from portal.fsm.clusters import Clusters
from portal.fsm_setting import FsmCluster, FsmSetting

#: Of a whole call.
CALL_SECONDS = 5.0
#: That run at a time in one process: a quarter of the threads that answer staff and customers.
MAX_CALLS = 4


class HttpsCaller:
    """Calls the clusters of the setting. One per process: it counts the calls that run."""

    def __init__(self, setting: FsmSetting) -> None:
        self.clusters = Clusters(setting.clusters)
        self._setting = setting
        self._places = threading.BoundedSemaphore(MAX_CALLS)

    def call(
        self,
        cluster: FsmCluster,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        seconds: float = CALL_SECONDS,
    ) -> Answer:
        """Ask the cluster once.

        Args:
            path: With its slash at the beginning, and with its query.
            seconds: After which the caller no longer waits.

        Raises:
            CallError: There is no answer.
            ValueError: The cluster is none of the setting.
        """
        if cluster not in self.clusters:
            raise ValueError("no cluster of the setting")
        if seconds <= 0:
            # Whoever waits has no time left. Nothing is sent that nobody would read.
            raise CallError(CallProblem.SLOW)
        if not self._places.acquire(blocking=False):
            raise CallError(CallProblem.BUSY)
        ends = time.monotonic() + seconds
        answered: Future[Answer] = Future()

        # Nothing limits the operating system's look-up of a name, so that another thread waits
        # for it. Its place is free again when it has ended, not when nobody waits any more.
        def run() -> None:
            try:
                answer = self._ask(cluster, method, path, headers or {}, body, ends=ends)
            except BaseException as error:  # noqa: BLE001 - the caller gets it
                self._places.release()
                answered.set_exception(error)
            else:
                self._places.release()
                answered.set_result(answer)

        threading.Thread(target=run, name="fsm-call", daemon=True).start()
        try:
            return answered.result(seconds)
        except TimeoutError as error:
            raise CallError(CallProblem.SLOW) from error

    def _ask(
        self,
        cluster: FsmCluster,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        ends: float,
    ) -> Answer:
        from portal.fsm.connections import (  # noqa: PLC0415 - it loads urllib3
            Call,
            ask_directly,
            ask_through_proxy,
        )

        ours = {"Accept-Encoding": "identity", "User-Agent": "fsm-onboarding-portal"}
        call = Call(
            cluster=cluster,
            method=method,
            path=path,
            headers={**headers, **ours},
            body=body,
            ends=ends,
        )
        try:
            context = self._ssl_context
        except OSError as error:
            # The file of certificates was there when the portal started.
            raise CallError(CallProblem.CERTIFICATE) from error
        if not _is_named(cluster.host, self._setting.no_proxy):
            if self._setting.has_unusable_proxy:
                raise CallError(CallProblem.UNREACHABLE)
            if self._setting.proxy:
                return ask_through_proxy(call, self._setting.proxy, context)
        private = self._setting.private_addresses
        try:
            addresses = addresses_of(cluster.host, cluster.port, private=private)
        except (OSError, UnicodeError) as error:
            raise CallError(CallProblem.UNREACHABLE) from error
        if not addresses:
            raise CallError(CallProblem.PRIVATE)
        return ask_directly(call, addresses, context)

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._setting.ca_file:
            context.load_verify_locations(self._setting.ca_file)
        return context


def _is_named(host: str, names: str) -> bool:
    """Whether the host, or a domain that it is in, is among these names of `NO_PROXY`."""
    for name in names.lower().replace(",", " ").split():
        domain = name.lstrip("*.")
        if not domain or host == domain or host.endswith(f".{domain}"):
            return True
    return False
