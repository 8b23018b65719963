"""The `portal` command: what an operator does at a prompt.

Every command prints what it did in a sentence. A setting or a store that is in the way
is answered with what to do about it on standard error and exit status 1, never with a
traceback.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click

from portal import logs, onboarding, staff, tokens
from portal.contacts import ProblemError, read_email, read_line
from portal.instants import utc_now
from portal.settings import Settings, SettingsError
from portal.signing_keys import resolve_secret_keys
from portal.stores import mending, open_store, refuse_damage
from portal.stores.contract import NotThereError, Store, StoreError, UnavailableError
from portal.stores.json_file import JsonFileStore
from portal.stores.patient import PatientStore
from portal.tenants import Act

ROLES = ("viewer", "approver", "admin")

#: Nobody's address: example.com belongs to documentation. Only who reads the terminal gets in.
LOCAL_ADMIN = "admin@example.com"


def _email(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return read_email(text)
    except ProblemError as error:
        raise click.BadParameter("Enter an address like name@example.com.") from error


def _token_name(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return read_line(text, most=tokens.NAME_LENGTH)
    except ProblemError as error:
        raise click.BadParameter(
            f"Enter a name on one line, of at most {tokens.NAME_LENGTH} characters."
        ) from error


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
    with _opened_store(settings) as opened:
        # Here rather than in each worker: what is missing is said once, in a sentence.
        resolve_secret_keys(settings)
        refuse_damage(settings, opened)
        click.echo(opened.describe())
        if print_links:
            link = _staff_link(settings, opened, LOCAL_ADMIN, "Local admin", "admin")
            click.echo(f"Sign up:   {settings.base_url}/sign-up")
            click.echo(f"Sign in:   {link}  (once, within 15 minutes)")
    # The store is closed: each worker opens its own, since a lock does not survive a fork.
    # Imported here, since the other commands start without the server.
    from portal import serving  # noqa: PLC0415

    serving.serve(host, port, workers)


@main.command("staff-link")
@click.argument("email", callback=_email)
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the person may do.")
@click.option("--name", default="", help="How the person is called in the history.")
def staff_link(email: str, role: str, name: str) -> None:
    """Print a link that signs EMAIL in once, within 15 minutes."""
    settings = _settings()
    with _opened_store(settings) as opened:
        link = _staff_link(settings, opened, email, name or email.partition("@")[0], role)
    click.echo(f"This signs {email} in as {role}, once, within 15 minutes:")
    click.echo(link)


@main.command("staff-disable")
@click.argument("email", callback=_email)
def staff_disable(email: str) -> None:
    """Sign EMAIL out everywhere, and let no earlier link sign them in."""
    with _opened_store(_settings()) as opened:
        try:
            staff.disable(opened, email=email)
        except NotThereError as error:
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
    # Imported here, since no other command needs what checks contact details.
    from portal.imports import retention  # noqa: PLC0415

    now = utc_now()
    instant, act = now - timedelta(days=days), Act(by="retention", at=now)
    with _opened_store(_settings(), "What is erased stays so. Run it again.") as opened:
        patient = PatientStore(opened)
        erased = onboarding.erase_closed_before(patient, instant, act)
        imports = retention.remove_rows_before(patient, instant, act)
        if isinstance(opened, JsonFileStore):
            # A journal still says what was there before.
            opened.forget()
    click.echo(f"The personal details of {erased} sign-ups are erased.")
    click.echo(f"The rows of {imports} imports are removed.")


@main.command()
def doctor() -> None:
    """Try everything that the portal needs, and say what mends what is wrong. Changes nothing."""
    # Imported here, since no other command needs it.
    from portal.doctor import examine  # noqa: PLC0415

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
    with _explained():
        verdict = mending.verify(settings.data_dir)
    click.echo(f"{verdict.items} items, the last commit is number {verdict.seq}.")
    if verdict.problem is not None:
        raise click.ClickException(f"{verdict.problem.reason} {verdict.problem.mend}")
    if verdict.torn:
        click.echo(f"{verdict.torn} bytes of a line that was never finished will be set aside.")
    click.echo("The file is whole.")


@store.command()
def restore() -> None:
    """Make a whole file of what is left of a damaged one, and keep the damaged one."""
    settings = _settings_of_file_store()
    with _explained():
        if mending.verify(settings.data_dir).problem is None:
            click.echo("The file is whole, so it was left as it was.")
            return
        restored = mending.restore(settings.data_dir, datetime.now(UTC))
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
    settings = _settings()
    if settings.kms_key_id:
        raise click.ClickException(
            "KMS seals client secrets (PORTAL_KMS_KEY_ID), so there is no key file. Let KMS"
            " rotate its key."
        )
    # Imported here: cryptography is loaded by the commands that seal.
    from portal.sealing import SEALING_KEYS, KeyFileSealer  # noqa: PLC0415

    path = settings.data_dir / SEALING_KEYS
    with _explained():
        sealer = KeyFileSealer(path)
        newest = sealer.rotate()
        earlier = len(sealer.key_ids()) - 1
    click.echo(f"Key {newest} of {path} seals from now on.")
    click.echo(
        f"Earlier keys, which stay for what they sealed: {earlier}. Give the file to whoever opens"
        " secrets, and to the backup."
    )


@main.group("token")
def token_group() -> None:
    """Look after the tokens of programs that call the API."""


@token_group.command("create")
@click.argument("name", callback=_token_name)
@click.option(
    "--scope",
    required=True,
    type=click.Choice([scope.value for scope in tokens.Scope]),
    help="What it may be used for.",
)
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 3650),
    help="How long it may be used.",
)
@click.option(
    "--per-hour",
    default=tokens.CALLS_PER_HOUR,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many calls it may make in an hour.",
)
def create_token(name: str, scope: str, days: int, per_hour: int) -> None:
    """Print a new token for the program NAME, alone on the last line. It is shown only once."""
    life, now = timedelta(days=days), utc_now()
    with _opened_store(_settings()) as opened:
        text = tokens.create(
            opened, name=name, scope=tokens.Scope(scope), life=life, now=now, per_hour=per_hour
        )
    kid = text.partition(".")[0]
    click.echo(f"This lets {name} use {scope} until {now + life:%Y-%m-%d}. Keep it secret.")
    click.echo(f"It is shown only now. To end it: portal token revoke {kid}")
    click.echo(text)


@token_group.command("revoke")
@click.argument("kid")
def revoke_token(kid: str) -> None:
    """End the token KID, which is the part before the dot, at once."""
    # Somebody in a hurry pastes all of it.
    kid = kid.partition(".")[0]
    with _opened_store(_settings()) as opened:
        try:
            token = tokens.revoke(opened, kid, utc_now())
        except NotThereError as error:
            raise click.ClickException(
                "No token has this id. `portal token list` shows all of them."
            ) from error
    click.echo(f"The token {token.kid} of {token.name} opens nothing any more.")


@token_group.command("list")
def list_tokens() -> None:
    """Show all tokens: whose, for what, how often, until when, last used. Never their secrets."""
    now = utc_now()
    with _opened_store(_settings()) as opened:
        found = list(tokens.listed(opened))
    for token in found:
        used = f"last used {token.last_used:%Y-%m-%d %H:%M} UTC" if token.last_used else "not used"
        ends = f"until {token.until:%Y-%m-%d}"
        if token.revoked_at:
            ends = f"revoked {token.revoked_at:%Y-%m-%d}"
        elif not token.is_good(now):
            ends = f"over since {token.until:%Y-%m-%d}"
        scopes = " ".join(sorted(token.scopes))
        often = f"{token.per_hour:,} an hour"
        click.echo(f"{token.kid}  {token.name}  {scopes}  {often}  {ends}, {used}")
    if not found:
        click.echo("There are no tokens.")


@contextmanager
def _opened_store(
    settings: Settings, afterwards: str = "Nothing was changed. Try again."
) -> Iterator[Store]:
    """The store, closed afterwards, and its errors explained."""
    with _explained(afterwards):
        opened = open_store(settings)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def _explained(afterwards: str = "Nothing was changed. Try again.") -> Iterator[None]:
    """What is in the way becomes a sentence on standard error, and exit status 1. `afterwards`:
    what was done until then, where another call may go through."""
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    except UnavailableError as error:
        raise click.ClickException(f"{error.reason} {error.mend}") from error
    except StoreError as error:
        # Busy, or somebody else changed the same item at the same moment.
        raise click.ClickException(afterwards) from error


def _settings() -> Settings:
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def _settings_of_file_store() -> Settings:
    settings = _settings()
    if settings.store != "json":
        raise click.ClickException("The data is in DynamoDB, and this is about the file store.")
    return settings


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _staff_link(settings: Settings, opened: Store, email: str, name: str, role: str) -> str:
    token = staff.make_link(opened, email=email, name=name, role=role, now=datetime.now(UTC))
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


if __name__ == "__main__":
    main()
