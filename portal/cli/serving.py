"""How the portal is served: granian's processes, each with a portal of its own."""

import logging
import signal
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from portal import logs

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger(__name__)

#: Requests that one worker answers at the same time. Most of them wait: for the disk, whose
#: sync they share, or for a sender that is slow.
THREADS = 16


def serve(host: str, port: int, workers: int) -> None:
    """Serve until a signal says otherwise. A worker that ends is started again."""
    Server(
        # What load() loads. It is found in a checkout and in an installed wheel alike.
        target="portal:create_app",
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        # Seconds; Docker itself waits for ten. No request takes so long.
        workers_kill_timeout=8,
        websockets=False,
        log_dictconfig=logs.CONFIGURATION,
        # It warns of more threads than cores, which would be right if they computed.
        log_level=LogLevels.error,
        # Addresses hold tokens of links, so they are in no log.
        log_access=False,
    ).serve(target_loader=load)


def load(_target: str) -> "WSGIApplication":
    """A worker's portal. What stops it is logged as everything is, without its text."""
    # Forked with its parent's handlers, it would miss the order to stop while it still loads.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from portal import create_app  # noqa: PLC0415 - the parent process needs none

        return create_app()
    except Exception as error:
        logger.exception("A worker could not start.")
        # Anything else would have its traceback printed, with all that errors tell.
        raise SystemExit(1) from error
