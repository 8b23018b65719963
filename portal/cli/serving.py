"""`portal serve`: its options, and granian's processes, each with a portal of its own."""

import logging
import os
import signal
import socket
from typing import TYPE_CHECKING

import click

from portal import logs
from portal.cli.errors import command_errors, opened_store, read_settings
from portal.cli.staff import new_staff_link
from portal.signing_keys import resolve_secret_keys
from portal.stores import refuse_corrupt_store, require_prometheus_client, shared_metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger(__name__)

#: Nobody has this address: example.com is reserved for documentation. So only the person who
#: reads the terminal can use its link.
LOCAL_ADMIN = "admin@example.com"

#: Requests that one worker answers at the same time. Most of them wait for the disk, whose
#: sync they share, or for a client that sends slowly.
THREADS_PER_WORKER = 16


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Number of worker processes.",
)
@click.option(
    "--print-links",
    is_flag=True,
    help="Also print the address of the sign-up form and a link that signs an admin in once."
    " Only for trying the portal on this machine.",
)
def serve(host: str, port: int, workers: int, print_links: bool) -> None:
    """Start the portal. Ctrl-C stops it."""
    # Without this, links and the check of host names would still use port 8000. It is set in the
    # environment because the workers read their settings themselves.
    os.environ["PORTAL_BASE_URL"] = (
        os.environ.get("PORTAL_BASE_URL", "").strip() or f"http://127.0.0.1:{port}"
    )
    settings = read_settings()
    if print_links and not settings.is_local:
        raise click.UsageError(
            "--print-links is only for trying the portal on this machine, but PORTAL_BASE_URL"
            " names another machine. Use `portal staff-link` instead."
        )
    _refuse_used_port(host, port)
    with opened_store(settings) as store:
        # Checked here and not in each worker, so that a problem is reported once, in a sentence.
        resolve_secret_keys(settings)
        require_prometheus_client(settings)
        refuse_corrupt_store(settings, store)
        click.echo(store.describe())
        if print_links:
            link = new_staff_link(settings, store, LOCAL_ADMIN, name="Local admin", role="admin")
            click.echo(f"Sign up:   {settings.base_url}/sign-up")
            click.echo(f"Sign in:   {link}  (once, within 15 minutes)")
    # The store is closed now. Each worker opens its own, since a lock does not survive a fork.
    with command_errors(), shared_metrics(settings):
        _serve_until_signal(host, port, workers)


def _refuse_used_port(host: str, port: int) -> None:
    """Granian would share a port that is in use, and the other program would get every second
    request."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen on {host} port {port}: {error.strerror}."
            " Stop the program that uses the port, or choose another port with --port."
        ) from error


def _serve_until_signal(host: str, port: int, workers: int) -> None:
    """Run the workers until a signal stops them. A worker that ends is started again."""
    from granian.constants import Interfaces  # noqa: PLC0415 - only `serve` needs it
    from granian.log import LogLevels  # noqa: PLC0415 - only `serve` needs it
    from granian.server import Server  # noqa: PLC0415 - only `serve` needs it

    Server(
        # `load_app` gets this name. It does not need it: the import in it works in a checkout
        # and in an installed wheel alike.
        target="portal:create_app",
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=THREADS_PER_WORKER,
        respawn_failed_workers=True,
        # Seconds. Docker waits for ten. No request takes so long.
        workers_kill_timeout=8,
        websockets=False,
        log_dictconfig=logs.CONFIGURATION,
        # Granian warns of more threads than cores. That would be right if the threads computed.
        log_level=LogLevels.error,
        # Addresses hold the tokens of links, so no log has them.
        log_access=False,
    ).serve(target_loader=load_app)


def load_app(_target: str) -> "WSGIApplication":
    """The application of one worker. An error is logged like any other, without its text."""
    # A worker inherits the signal handlers of its parent. With them it would miss the signal to
    # stop while it still loads.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from portal import create_app  # noqa: PLC0415 - the parent process does not need it

        return create_app()
    except Exception as error:
        logger.exception("A worker could not start.")
        # Any other exception would be printed with its traceback, whose text may hold secrets.
        raise SystemExit(1) from error
