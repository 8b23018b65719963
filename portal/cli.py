"""The `portal` command: what an operator does at a prompt.

Every command prints what it did in a sentence. A setting or a store that is in the way
is answered with what to do about it on standard error and exit status 1, never with a
traceback.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from portal import logs, staff
from portal.settings import Settings, SettingsError
from portal.stores import open_store
from portal.stores.contract import Store, StoreError, UnavailableError

ROLES = ("viewer", "approver", "admin")

#: Nobody's address: example.com belongs to documentation. Only who reads the terminal gets in.
LOCAL_ADMIN = "admin@example.com"

#: Requests that one worker answers at the same time. The file store lets threads that wait
#: share one sync; more of them than this only wait longer.
THREADS = 16


@click.group()
def main() -> None:
    """The onboarding portal. Settings are environment variables; the README lists them."""
    logs.configure()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port."
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many processes.",
)
@click.option(
    "--print-links",
    is_flag=True,
    help="Print where to sign up, and a link that signs in an admin once. For trying it out.",
)
def serve(host: str, port: int, workers: int, print_links: bool) -> None:
    """Start the portal, and stop it with Ctrl-C."""
    # Otherwise its links and its check of host names would still be for port 8000. In the
    # environment, since the workers read their settings themselves.
    os.environ["PORTAL_BASE_URL"] = (
        os.environ.get("PORTAL_BASE_URL", "").strip() or f"http://127.0.0.1:{port}"
    )
    settings = _settings()
    if print_links and not settings.is_local:
        raise click.UsageError(
            "--print-links is for trying the portal on this machine, and PORTAL_BASE_URL is"
            " another one's. Use `portal staff-link` instead."
        )
    _refuse_taken_port(host, port)
    with _opened_store(settings) as store:
        click.echo(store.describe())
        if print_links:
            link = _staff_link(settings, store, LOCAL_ADMIN, "Local admin", "admin")
            click.echo(f"Sign up:   {settings.base_url}/sign-up")
            click.echo(f"Sign in:   {link}  (once, within 15 minutes)")
    # The store is closed: each worker opens its own, since a lock does not survive a fork.
    _serve(host, port, workers)


@main.command("staff-link")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the person may do.")
@click.option("--name", default="", help="How the person is called in the history.")
def staff_link(email: str, role: str, name: str) -> None:
    """Print a link that signs EMAIL in once, within 15 minutes."""
    settings = _settings()
    with _opened_store(settings) as store:
        link = _staff_link(settings, store, email, name or email.partition("@")[0], role)
    click.echo(f"This signs {email} in as {role}, once, within 15 minutes:")
    click.echo(link)


@main.command("staff-disable")
@click.argument("email")
def staff_disable(email: str) -> None:
    """Sign EMAIL out everywhere, and let no link sign them in again."""
    with _opened_store(_settings()) as store:
        staff.disable(store, email=email)
    click.echo(f"{email} is signed out and cannot sign in any more.")


@contextmanager
def _opened_store(settings: Settings) -> Iterator[Store]:
    """The store, closed afterwards; what it answers becomes one sentence on standard error."""
    try:
        store = open_store(settings)
        try:
            yield store
        finally:
            store.close()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    except UnavailableError as error:
        raise click.ClickException(f"{error.reason} {error.mend}") from error
    except StoreError as error:
        raise click.ClickException(f"The store answered {error}. Try again.") from error
    except ValueError as error:
        # The rules refuse with a sentence, as they do on a page.
        raise click.ClickException(str(error)) from error


def _settings() -> Settings:
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _staff_link(settings: Settings, store: Store, email: str, name: str, role: str) -> str:
    token = staff.make_link(store, email=email, name=name, role=role, now=datetime.now(UTC))
    return f"{settings.base_url}/staff/sign-in/{token}"


def _refuse_taken_port(host: str, port: int) -> None:
    """The server itself would share the port, and every second request would go elsewhere."""
    try:
        socket.create_server((host, port), family=_family(host)).close()
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen at {host} port {port}: {error.strerror}."
            " Stop what is listening there, or choose another with --port."
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _serve(host: str, port: int, workers: int) -> None:
    # The other commands start without the server.
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    Server(
        # Found in a checkout and in an installed wheel alike, where there is no wsgi.py.
        target="portal:create_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        websockets=False,
        log_dictconfig=logs.CONFIGURATION,
        log_level=LogLevels.warning,
        # Addresses hold tokens of links, so they are in no log.
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
