"""`portal serve`: its options, and what it checks before it starts workers."""

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from portal import logs
from portal.cli.errors import command_errors, opened_store, read_settings
from portal.cli.staff import new_staff_link
from portal.metrics import (
    ParentMetrics,
    Regularly,
    open_listener,
    parent_metrics,
    require_prometheus_client,
    shared_metrics,
)
from portal.proxy_hops import describe_hops
from portal.serving import (
    Application,
    Companion,
    InUseError,
    Limits,
    Listener,
    Supervisor,
    listen_tcp,
    listen_unix,
    passed_listener,
)
from portal.settings import Settings
from portal.signing_keys import resolve_secret_keys
from portal.stores import (
    clear_deadline,
    is_made,
    mark_format,
    refuse_corrupt_store,
    set_deadline,
)
from portal.tracing import require_libraries

#: Nobody has this address: example.com is reserved for documentation. So only the person who
#: reads the terminal can use its link.
LOCAL_ADMIN = "admin@example.com"

#: Sends mail, and ends when this process does.
SEND_MAIL = (
    sys.executable, "-m", "portal.cli", "outbox", "send", "--watch", "--until-stdin-ends",
)  # fmt: skip

#: The setting that says that the data folder was made before.
IS_MADE = "PORTAL_DATA_DIR_IS_MADE"

#: How long the start waits for a store that does not answer.
_FORMAT_SECONDS = 3.0

logger = logging.getLogger(__name__)


def _octal(_context: click.Context, _option: click.Parameter, text: str) -> int:
    if re.fullmatch(r"[0-7]{3}", text) is None:
        raise click.BadParameter(f"{text!r} is no mode of a file such as 660.")
    return int(text, 8)


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
    "--unix",
    type=click.Path(path_type=Path),
    help="Path of a Unix socket to listen on, in place of an address and a port.",
)
@click.option(
    "--unix-mode",
    default="660",
    show_default=True,
    callback=_octal,
    help="Who may connect to that socket, as of a file.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Number of worker processes.",
)
@click.option(
    "--outbox/--no-outbox",
    default=True,
    help="Whether a process beside the workers sends mail that is due.  [default: outbox]",
)
@click.option(
    "--print-links",
    is_flag=True,
    help="Also print the address of the sign-up form and a link that signs an admin in once."
    " Only for trying the portal on this machine.",
)
def serve(
    host: str,
    port: int,
    unix: Path | None,
    unix_mode: int,
    workers: int,
    *,
    outbox: bool,
    print_links: bool,
) -> None:
    """Start the portal. Ctrl-C stops it, SIGHUP renews its workers."""
    # Without this, links and the check of host names would still use port 8000. It is set in the
    # environment because the workers read their settings themselves.
    os.environ["PORTAL_BASE_URL"] = os.environ.get("PORTAL_BASE_URL", "").strip() or (
        f"http://{_name_of(host)}:{port}"
    )
    os.environ["PORTAL_WORKERS"] = str(workers)
    settings = read_settings()
    if print_links and not settings.is_local:
        raise click.UsageError(
            "--print-links is only for trying the portal on this machine, but PORTAL_BASE_URL"
            " names another machine. Use `portal staff-link` instead."
        )
    # First of all, so that a second start on the same port changes nothing.
    with (
        _listener(host, port, unix, unix_mode) as listener,
        command_errors(),
        open_listener(settings.metrics_address) as metrics_listener,
        logs.written_in_background(),
    ):
        _prepare(settings, outbox=outbox, print_links=print_links)
        if listener.socket.family == socket.AF_UNIX and not settings.proxy_hops:
            logger.warning(
                "A Unix socket knows no addresses of clients, and PORTAL_PROXY_HOPS is not set. So"
                " all clients share one limit. Set it to the number of proxies in front."
            )
        with (
            shared_metrics(settings),
            _told_what_is_made(settings),
            parent_metrics(settings, metrics_listener) as metrics,
        ):
            _serve_until_signal(listener, settings, workers, metrics, outbox=outbox)


def _name_of(host: str) -> str:
    """Under which this machine is reached. An IPv6 address cannot be a trusted host."""
    return "localhost" if host == "::1" else "127.0.0.1"


def _listener(host: str, port: int, unix: Path | None, mode: int) -> Listener:
    """The socket of systemd, if it has opened one, before everything else.

    Raises:
        click.ClickException: As for `listen`.
    """
    try:
        passed = passed_listener()
        if passed is not None:
            return passed
        if unix is not None:
            return listen_unix(unix, mode)
    except InUseError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        problem = error.strerror or str(error)
        raise click.ClickException(
            f"Cannot listen on {unix}: {problem}. The folder has to be there, this user has to be"
            " allowed to write into it, and the path has at most 107 bytes."
        ) from error
    return listen(host, port)


def listen(host: str, port: int) -> Listener:
    """The socket that all workers accept connections from.

    Raises:
        click.ClickException: Another program uses the port, or this machine has no such address.
    """
    try:
        return listen_tcp(host, port)
    except OSError as error:
        other = 8001 if port == 8000 else 8000
        raise click.ClickException(
            f"Cannot listen on {host} port {port}: {error.strerror}."
            " Stop the program that uses the port, or choose another port:"
            f" `portal serve --port {other}`, or `make run PORT={other}`."
        ) from error


def _prepare(settings: Settings, *, outbox: bool, print_links: bool) -> None:
    """Check what the workers need, so that a problem is reported once, in a sentence."""
    with opened_store(settings) as store:
        resolve_secret_keys(settings)
        require_prometheus_client(settings)
        require_libraries(settings)
        if settings.store == "dynamodb":
            from portal.sealing import require_sealing_key  # noqa: PLC0415 - takes 0.1 s

            require_sealing_key(settings)
        if outbox:
            # The process that sends mail could say it only in the log.
            from portal.mail import open_signer  # noqa: PLC0415 - takes 0.1 s

            open_signer(settings)
        refuse_corrupt_store(settings, store)
        # Without the store the portal starts as well, so nobody waits long for it.
        set_deadline(seconds=_FORMAT_SECONDS)
        try:
            mark_format(store)
        finally:
            clear_deadline()
        click.echo(store.describe())
        if settings.proxy_hops:
            click.echo(describe_hops(settings.proxy_hops))
        if print_links:
            link = new_staff_link(settings, store, LOCAL_ADMIN, name="Local admin", role="admin")
            click.echo(f"Sign up:   {settings.base_url}/sign-up")
            click.echo(f"Sign in:   {link}  (once, within 15 minutes)")


@contextmanager
def _told_what_is_made(settings: Settings) -> Iterator[None]:
    """Processes that start in here make no other store: the workers, and the one that sends mail.
    They read it in the environment, as they do the address of the portal."""
    if not is_made(settings):
        yield
        return
    before = os.environ.get(IS_MADE, "")
    os.environ[IS_MADE] = "true"
    try:
        yield
    finally:
        os.environ[IS_MADE] = before


def _serve_until_signal(
    listener: Listener, settings: Settings, workers: int, metrics: ParentMetrics, *, outbox: bool
) -> None:
    limits = Limits(stop_seconds=settings.stop_seconds)
    companion = Companion(SEND_MAIL, limits, metrics.mail_process_died) if outbox else None
    supervisor = Supervisor(
        load_app, listener, workers, limits, companion,
        on_death=metrics.worker_died, on_end=metrics.process_ended,
    )  # fmt: skip
    loaded = supervisor.run()
    if supervisor.interrupted:
        sys.stderr.write("Stopped.\n")
    if not loaded:
        raise click.ClickException(
            "No worker could load the portal. The lines of the log above say why."
            " Check it with `portal doctor`, then start the portal again."
        )


def load_app() -> Application:
    """The application of one worker."""
    from portal import create_app  # noqa: PLC0415 - the parent process does not need it

    app = create_app()
    parts = app.extensions
    services, layer = parts["portal"], parts["portal.validate_layer"]
    regularly = Regularly(services.metrics)

    def note_refusal(method: str, status: int, seconds: float, request_id: str = "") -> str:
        parts["portal.on_refusal"](status)
        noted: str = parts["portal.access_log"].refused(method, status, seconds, request_id)
        return noted

    def at_stop() -> None:
        layer.write_counts()
        regularly.stop()
        try:
            services.usage.close()
        finally:
            services.tracing.close()

    return Application(
        app,
        parts["portal.body_limit"],
        parts["portal.refusal_headers"],
        own_path=services.settings.own_path,
        note_refusal=note_refusal,
        at_once=parts["portal.at_once"],
        before_stop=parts["portal.readiness"].stop,
        at_stop=at_stop,
    )
