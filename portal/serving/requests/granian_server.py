"""granian, which speaks HTTP: the only module that knows it.

Of granian this uses the server for an event loop of one's own, and below it two classes that
granian does not document: `RSGIWorker`, and `CallbackScheduler`, whose function gets each request.
The documented way makes a task of the event loop for each request, which costs `GET /api/validate`
a seventh of its speed. `pyproject.toml` therefore names the versions that this was tried with, and
tests/server/requests/ shows what each of them has to do.
"""

import asyncio
import os
import socket
import sys
from contextlib import suppress
from typing import Any

from granian._granian import CallbackScheduler, RSGIWorker, SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from portal import logs
from portal.serving.descriptors import open_descriptors
from portal.serving.limits import Limits
from portal.serving.requests.reception import Reception


class GranianServer(Server):
    """Listens on a socket that the parent opened, and hands each request to the reception."""

    def __init__(self, reception: Reception, listener: socket.socket, limits: Limits) -> None:
        super().__init__(
            target=None,
            interface=Interfaces.RSGI,
            # HTTP/2 without TLS would let one connection send many requests.
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                # This counts for a connection between two requests, too.
                header_read_timeout=int(limits.idle_seconds * 1000),
                max_buffer_size=limits.header_bytes,
            ),
            websockets=False,
            backpressure=limits.connections,
            log_dictconfig=logs.CONFIGURATION,
            # granian warns that this kind of server is new.
            log_level=LogLevels.error,
            # Addresses hold the tokens of links, so no log has them.
            log_access=False,
        )
        self._reception = reception
        self._listener = listener

    async def run(self) -> None:
        """Until `stop` was called, and what was being answered is sent."""
        run_worker: Any = self._run_worker  # granian's annotation says that it is no coroutine
        await self.serve(spawn_target=run_worker)

    def stop_accepting(self) -> None:
        """Leave whoever connects from now on to the other workers. Call this some time before
        `stop`, which closes connections that have sent nothing yet: also those accepted just now.

        granian has no call for that. Its descriptor becomes one of a socket to which nobody
        connects, so that it finds nobody to accept.
        """
        if sys.platform != "linux":
            return
        own = self._listener.fileno()
        with suppress(OSError), socket.socket(socket.AF_UNIX) as nobody:
            # Linux gives it a name that is no path.
            nobody.bind("")
            nobody.listen()
            nobody.setblocking(False)
            listens = os.fstat(own)
            for descriptor, status in list(open_descriptors()):
                if descriptor != own and os.path.samestat(status, listens):
                    os.dup2(nobody.fileno(), descriptor, inheritable=False)

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder  # granian's stub leaves the arguments out
        own_descriptor = os.dup(self._listener.fileno())
        is_unix = self._listener.family == socket.AF_UNIX
        self._shd: Any = holder(own_descriptor, is_unix, self.backlog)

    async def _run_worker(
        self,
        worker_id: int,
        stop: Any,
        _callback: object,
        sock: Any,
        *options: Any,
    ) -> None:
        """As granian's own `_spawn_rsgi_worker`, but for the scheduler."""
        *settings, task_impl, http, http1, http2, websockets, static, _log, tls, _scope = options
        del task_impl
        loop = asyncio.get_running_loop()
        stopped = loop.create_future()
        stop.add_cb(lambda: loop.call_soon_threadsafe(stopped.set_result, None))
        rsgi_worker: Any = RSGIWorker  # called as granian itself calls it, which its stub forbids
        worker = rsgi_worker(
            worker_id, sock, None, *settings, http, http1, http2, websockets, static, *tls,
            (None, None),
        )  # fmt: skip
        serve = worker.serve_async_uds if self._shd.is_uds() else worker.serve_async
        serve(_Scheduler(self._reception, loop), loop, stop)
        await stopped


class _Scheduler(CallbackScheduler):
    """Hands a request over without a task of the event loop."""

    def __new__(cls, _reception: Reception, loop: asyncio.AbstractEventLoop) -> "_Scheduler":
        scheduler: _Scheduler = super().__new__(cls, loop, None, None, None, None)  # type: ignore[call-arg] # granian's stub leaves its arguments out
        return scheduler

    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop) -> None:
        del loop
        super().__init__()
        self._schedule_fn = reception.take
