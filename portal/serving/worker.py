"""A worker process: loads the application, listens, and says regularly that it lives."""

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from portal import logs
from portal.serving.limits import Limits

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from portal.serving.reception import AtOnce
    from portal.serving.response import ResponseHeaders

logger = logging.getLogger(__name__)

#: What a worker writes to its parent.
BEAT, LISTENS = b".", b"L"
#: The status of a worker that could not load the application.
NOT_LOADED = 3


@dataclass(frozen=True)
class Application:
    """What a worker answers requests with."""

    wsgi: "WSGIApplication"
    body_limit: "Callable[[WSGIEnvironment], int]"
    """The most bytes that the body of a request may have; 0 if its head is refused anyway."""
    refusal_headers: "Callable[[str, str], ResponseHeaders]" = lambda _path, _origin: []
    """What an answer without the application says to a page of another site: path and origin of the
    request -> headers."""
    at_once: "AtOnce | None" = None
    """Answers requests for which nobody has to wait, without a thread."""
    at_stop: Callable[[], None] = lambda: None
    """Writes what is left to be written, within a few seconds."""


Load = Callable[[], Application]


def run_worker(load: Load, listener: socket.socket, beats: Connection, limits: Limits) -> None:
    """The whole life of a worker process. Ends the process."""
    # Ctrl-C reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_blocking(beats.fileno(), False)
    listener.setblocking(False)
    status = 1
    with logs.written_in_background():
        logs.configure()
        try:
            status = asyncio.run(_run(load, listener, beats.fileno(), limits))
        except BaseException:
            logger.exception("A worker ended.")
    # Threads may still wait for a store that does not answer.
    os._exit(status)


async def _run(load: Load, listener: socket.socket, beats: int, limits: Limits) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A parent that was killed can stop nobody.
        loop.add_reader(parent.sentinel, _once(loop, parent.sentinel, stop.set))
    _beat(loop, beats, limits.beat_seconds)
    loading = loop.create_task(asyncio.to_thread(load))
    stopping = loop.create_task(stop.wait())
    await _first_of(loading, stopping)
    if not loading.done():
        return 0
    try:
        application = loading.result()
    except Exception:
        # Without the text of the exception, which may hold secrets.
        logger.exception("A worker could not start.")
        return NOT_LOADED
    # Only now, since this takes a while, and the parent needs none of it.
    from portal.serving.granian_server import GranianServer  # noqa: PLC0415 - see above
    from portal.serving.reception import Reception  # noqa: PLC0415 - see above

    reception = Reception(
        application.wsgi,
        application.body_limit,
        application.refusal_headers,
        limits,
        loop,
        at_once=application.at_once,
    )
    server = GranianServer(reception, listener, limits)
    serving = loop.create_task(server.run())
    os.write(beats, LISTENS)
    await _first_of(serving, stopping)
    reception.stop_receiving()
    server.stop()  # type: ignore[no-untyped-call] # granian's
    await serving
    await asyncio.to_thread(_stop, application)
    return 0 if stop.is_set() else 1


def _stop(application: Application) -> None:
    try:
        application.at_stop()
    except Exception:
        # Without the text of the exception, as above.
        logger.exception("A worker could not write what was left.")


async def _first_of(*tasks: "asyncio.Task[Any]") -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


def _once(
    loop: asyncio.AbstractEventLoop, descriptor: int, callback: Callable[[], object]
) -> Callable[[], None]:
    def call() -> None:
        loop.remove_reader(descriptor)
        callback()

    return call


def _beat(loop: asyncio.AbstractEventLoop, beats: int, seconds: float) -> None:
    # The pipe may be full because the parent is stopped, and closed because it is gone.
    with suppress(OSError):
        os.write(beats, BEAT)
    loop.call_later(seconds, _beat, loop, beats, seconds)
