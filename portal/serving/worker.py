"""A worker process: loads the application, listens, and says regularly that it lives."""

import asyncio
import concurrent.futures
import fcntl
import logging
import multiprocessing
import os
import signal
import socket
import stat
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from portal import logs
from portal.serving.descriptors import open_descriptors
from portal.serving.limits import Limits

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from portal.serving.requests import AtOnce, NoteRefusal, Reception, ResponseHeaders

logger = logging.getLogger(__name__)

#: What a worker writes to its parent.
BEAT, LISTENS = b".", b"L"
#: The status of a worker that could not load the application.
NOT_LOADED = 3
#: The signal that stops a worker without waiting for connections to come to an end.
HURRY = signal.SIGUSR1
#: Between two looks whether all is sent.
_LOOK_SECONDS = 0.1
_STANDARD_ERROR = 2


@dataclass(frozen=True)
class Application:
    """What a worker answers requests with."""

    wsgi: "WSGIApplication"
    body_limit: "Callable[[WSGIEnvironment], int]"
    """The most bytes that the body of a request may have; 0 if its head is refused anyway."""
    refusal_headers: "Callable[[str, str], ResponseHeaders]" = lambda _path, _origin: []
    """What an answer without the application says to a page of another site: path and origin of the
    request -> headers."""
    own_path: Callable[[str], str] = str
    """The path of a request without the prefix below which the application is."""
    note_refusal: "NoteRefusal" = lambda *_: ""
    """Is told of each such answer, and gives it the id of the request."""
    at_once: "AtOnce | None" = None
    """Answers requests for which nobody has to wait, without a thread."""
    before_stop: Callable[[], None] = lambda: None
    """Called at the beginning of a stop, while requests are still answered."""
    at_stop: Callable[[], None] = lambda: None
    """Writes what is left to be written, within a few seconds."""


Load = Callable[[], Application]


def run_worker(load: Load, listener: socket.socket, beats: Connection, limits: Limits) -> None:
    """The whole life of a worker process. Ends the process.

    When workers are renewed, a parent of an earlier version calls this by the name of its module.
    """
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
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)

    def stop_now() -> None:
        stop.set()
        hurry.set()

    loop.add_signal_handler(HURRY, stop_now)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A parent that was killed can stop nobody.
        loop.add_reader(parent.sentinel, _once(loop, parent.sentinel, stop.set))
    _beat(loop, beats, limits.beat_seconds)
    loading = _in_thread(load, loop)
    stopping = loop.create_task(stop.wait())
    await _first_of(loading, stopping)
    if not loading.done():
        # Nobody waits for that. Whoever is in the queue would, and be reset after all.
        loading.cancel()
        return 0
    try:
        application = loading.result()
    except Exception:
        # Without the text of the exception, which may hold secrets.
        logger.exception("A worker could not start.")
        return NOT_LOADED
    # Only now, since this takes a while, and the parent needs none of it.
    from portal.serving.requests import GranianServer, Reception  # noqa: PLC0415 - see above

    reception = Reception(
        application.wsgi,
        application.body_limit,
        application.refusal_headers,
        limits,
        loop,
        own_path=application.own_path,
        note_refusal=application.note_refusal,
        at_once=application.at_once,
    )
    server = GranianServer(reception, listener, limits)
    serving = loop.create_task(server.run())
    os.write(beats, LISTENS)
    await _first_of(serving, stopping)
    application.before_stop()
    # First every answer says that its connection ends with it. A connection that is closed
    # without that may just be carrying the next request.
    reception.close_connections()
    await _wait_at_most(limits.drain_seconds, hurry)
    server.stop_accepting()
    # With this copy, those who came now would wait for nothing.
    listener.close()
    # Whoever was accepted last may not have been read yet.
    await _wait_at_most(limits.last_accepted_seconds, hurry)
    reception.stop_receiving(0 if hurry.is_set() else limits.last_body_seconds)
    server.stop()  # type: ignore[no-untyped-call] # granian's
    # granian would also wait for clients that have sent a part of their headers.
    await _first_of(serving, loop.create_task(_all_is_sent(reception)))
    await asyncio.to_thread(_stop, application)
    return 0 if stop.is_set() else 1


async def _wait_at_most(seconds: float, hurry: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(hurry.wait(), seconds)


def _stop(application: Application) -> None:
    try:
        application.at_stop()
    except Exception:
        # Without the text of the exception, as above.
        logger.exception("A worker could not write what was left.")


async def _all_is_sent(reception: "Reception") -> None:
    looks = 0
    # Twice, because an answer is in no buffer on its way from the application to its socket.
    while looks < 2:
        await asyncio.sleep(_LOOK_SECONDS)
        looks = 0 if reception.is_answering or _is_sending(reception) else looks + 1


def _is_sending(reception: "Reception") -> bool:
    """Whether a client has not got all of its answer yet: bytes wait in its connection, or the
    server is still reading the file of a long answer."""
    for descriptor, status in open_descriptors():
        if descriptor <= _STANDARD_ERROR:
            continue
        if stat.S_ISREG(status.st_mode) and reception.is_long_answer(descriptor, status):
            return True
        # It may be closed by now, or no connection.
        with suppress(OSError):
            is_socket = stat.S_ISSOCK(status.st_mode)
            if is_socket and any(fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0" * 4)):
                return True
    return False


def _in_thread(load: Load, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[Application]":
    """As `asyncio.to_thread`, but the loop does not wait for the thread when it ends."""
    result = concurrent.futures.Future[Application]()

    def run() -> None:
        try:
            application = load()
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            if result.set_running_or_notify_cancel():
                result.set_exception(error)
        else:
            if result.set_running_or_notify_cancel():
                result.set_result(application)

    threading.Thread(target=run, name="load", daemon=True).start()
    return asyncio.wrap_future(result, loop=loop)


async def _first_of(*tasks: "asyncio.Future[Any]") -> None:
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
