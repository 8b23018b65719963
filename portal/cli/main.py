"""The `portal` command: what an operator does at a prompt.

Every command prints what it did in a sentence. A setting or a store that is in the way
is answered with what to do about it on standard error and exit status 1, never with a
traceback.
"""

import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from portal import logs, onboarding
from portal.auth import disable_person, make_sign_in_link
from portal.cli.errors import explained, opened_store, read_settings
from portal.cli.tokens import token_group
from portal.contacts import ProblemError, read_email
from portal.settings import Settings
from portal.signing_keys import resolve_secret_keys
from portal.stores import (
    ItemNotFoundError,
    RetryingStore,
    Store,
    refuse_corrupt_store,
    require_prometheus_client,
    shared_metrics,
)
from portal.stores.file import JsonFileStore, restore_file, verify_file
from portal.tenants import AuditInfo
from portal.timestamps import utc_now

ROLES = ("viewer", "approver", "admin")

#: Nobody's address: example.com belongs to documentation. Only who reads the terminal gets in.
LOCAL_ADMIN = "admin@example.com"


def _email(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return read_email(text)
    except ProblemError as error:
        raise click.BadParameter("Enter an address like name@example.com.") from error


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
    settings = read_settings()
    if print_links and not settings.is_local:
        raise click.UsageError(
            "--print-links is for trying the portal on this machine, and PORTAL_BASE_URL is"
            " another one's. Use `portal staff-link` instead."
        )
    _refuse_taken_port(host, port)
    with opened_store(settings) as opened:
        # Here rather than in each worker: what is missing is said once, in a sentence.
        resolve_secret_keys(settings)
        require_prometheus_client(settings)
        refuse_corrupt_store(settings, opened)
        click.echo(opened.describe())
        if print_links:
            link = _staff_link(settings, opened, LOCAL_ADMIN, "Local admin", "admin")
            click.echo(f"Sign up:   {settings.base_url}/sign-up")
            click.echo(f"Sign in:   {link}  (once, within 15 minutes)")
    # The store is closed: each worker opens its own, since a lock does not survive a fork.
    from portal.cli import serving  # noqa: PLC0415 - the other commands start without the server

    with explained(), shared_metrics(settings):
        serving.serve(host, port, workers)


@main.command("staff-link")
@click.argument("email", callback=_email)
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the person may do.")
@click.option("--name", default="", help="How the person is called in the history.")
def staff_link(email: str, role: str, name: str) -> None:
    """Print a link that signs EMAIL in once, within 15 minutes."""
    settings = read_settings()
    with opened_store(settings) as opened:
        link = _staff_link(settings, opened, email, name or email.partition("@")[0], role)
    click.echo(f"This signs {email} in as {role}, once, within 15 minutes:")
    click.echo(link)


@main.command("staff-disable")
@click.argument("email", callback=_email)
def staff_disable(email: str) -> None:
    """Sign EMAIL out everywhere, and let no earlier link sign them in."""
    with opened_store(read_settings()) as opened:
        try:
            disable_person(opened, email=email)
        except ItemNotFoundError as error:
            raise click.ClickException(f"Nobody with the address {email} works here.") from error
    click.echo(f"{email} is signed out, and no earlier link signs them in.")


@main.command("erase-closed")
@click.option(
    "--older-than",
    "days",
    required=True,
    type=click.IntRange(1, 36500),
    help="Days since the decision, or since the import ended.",
)
def erase_closed(days: int) -> None:
    """Erase the personal details of sign-ups rejected or withdrawn DAYS ago, and the rows of
    imports that ended, or were left as a plan, DAYS ago. For good."""
    from portal.imports import remove_rows_before  # noqa: PLC0415 - only this needs the imports' checks

    now = utc_now()
    instant, audit = now - timedelta(days=days), AuditInfo(by="retention", at=now)
    with opened_store(read_settings(), "What is erased stays so. Run it again.") as opened:
        patient = RetryingStore(opened)
        erased = onboarding.erase_closed_before(patient, instant, audit)
        imports = remove_rows_before(patient, instant, audit)
        if isinstance(opened, JsonFileStore):
            # A journal still says what was there before.
            opened.purge_history()
    click.echo(f"The personal details of {erased} sign-ups are erased.")
    click.echo(f"The rows of {imports} imports are removed.")


@main.command()
def doctor() -> None:
    """Try everything that the portal needs, and say what mends what is wrong. Changes nothing."""
    from portal.cli.doctor import examine  # noqa: PLC0415 - no other command needs it

    problems = 0
    for finding in examine(os.environ):
        click.echo(str(finding))
        problems += bool(finding.problem)
    if problems:
        raise click.exceptions.Exit(1)


@main.group()
def store() -> None:
    """Look after the file store. The portal may go on meanwhile."""


@store.command()
def verify() -> None:
    """Read the whole file and say whether it is as it was written. Changes nothing."""
    settings = _settings_of_file_store()
    with explained():
        verdict = verify_file(settings.data_dir)
    click.echo(f"{verdict.items} items, the last commit is number {verdict.seq}.")
    if verdict.problem is not None:
        raise click.ClickException(f"{verdict.problem.reason} {verdict.problem.remedy}")
    if verdict.torn:
        click.echo(f"{verdict.torn} bytes of a line that was never finished will be set aside.")
    click.echo("The file is whole.")


@store.command()
def restore() -> None:
    """Make a whole file of what is left of a damaged one, and keep the damaged one."""
    settings = _settings_of_file_store()
    with explained():
        if verify_file(settings.data_dir).problem is None:
            click.echo("The file is whole, so it was left as it was.")
            return
        restored = restore_file(settings.data_dir, datetime.now(UTC))
    click.echo(f"{restored.items} items, the last commit is number {restored.seq}.")
    if restored.lost:
        click.echo(f"Lines that nothing could replace: {_listed(restored.lost)}.")
    if restored.missing:
        click.echo(f"Commits that no line held any more: {_listed(restored.missing)}.")
    if restored.kept is not None:
        click.echo(f"The damaged file is kept as {restored.kept}.")


@main.group("sealing")
def sealing_group() -> None:
    """Look after the key file that seals client secrets."""


@sealing_group.command()
def rotate() -> None:
    """Add a key to the key file: it seals from now on, in every process at once."""
    settings = read_settings()
    if settings.kms_key_id:
        raise click.ClickException(
            "KMS seals client secrets (PORTAL_KMS_KEY_ID), so there is no key file. Let KMS"
            " rotate its key."
        )
    from portal.sealing import SEALING_KEYS_FILE, KeyFileSealer  # noqa: PLC0415 - loads cryptography

    path = settings.data_dir / SEALING_KEYS_FILE
    with explained():
        sealer = KeyFileSealer(path)
        newest = sealer.rotate()
        earlier = len(sealer.key_ids()) - 1
    click.echo(f"Key {newest} of {path} seals from now on.")
    click.echo(
        f"Earlier keys, which stay for what they sealed: {earlier}. Give the file to whoever opens"
        " secrets, and to the backup."
    )


def _settings_of_file_store() -> Settings:
    settings = read_settings()
    if settings.store != "json":
        raise click.ClickException("The data is in DynamoDB, and this is about the file store.")
    return settings


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _staff_link(settings: Settings, opened: Store, email: str, name: str, role: str) -> str:
    token = make_sign_in_link(opened, email=email, name=name, role=role, now=datetime.now(UTC))
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


main.add_command(token_group)


if __name__ == "__main__":
    main()
