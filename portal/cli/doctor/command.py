"""`portal doctor`: checks everything that the portal needs and says how to fix each problem.

It changes nothing. `--mail` sends one mail.
"""

import os
from collections.abc import Iterator, Mapping

import click

from portal.cli.doctor.dynamodb import check_dynamodb
from portal.cli.doctor.findings import Finding, finding_of_error
from portal.cli.doctor.fsm import check_cluster_keys, check_proxy
from portal.cli.doctor.mail import check_mail
from portal.cli.doctor.oidc import check_provider
from portal.cli.doctor.search import check_search
from portal.folders import can_be_written
from portal.incomplete_count import read_incomplete_count
from portal.settings import Settings, SettingsError
from portal.signing_keys import resolve_secret_keys
from portal.stores import (
    FORMAT_ID,
    BusyError,
    NewerFormatError,
    UnavailableError,
    find_item,
    open_store,
)

#: Beside the checks: what people see of each answer to the question whether they may use the
#: application. It shows no message of the portal, whatever went wrong.
_ANSWERS = """
What the FSM Appointment Manager shows for the answers of GET /api/validate:
  isValid true   the application
  EXPIRED        its page about the end of the licence, with the company's name, and a renewal mail
  anything else  the form that asks for access: NOT_FOUND, INACTIVE (waiting, suspended, not yet
                 valid, without validity), 400, 429, 503, and no answer at all"""


@click.command()
@click.option(
    "--mail",
    "address",
    metavar="ADDRESS",
    help="Also send a mail to this address, as mails to customers are sent.",
)
def doctor(address: str | None) -> None:
    """Check everything that the portal needs and say how to fix each problem. Changes nothing."""
    problems = 0
    try:
        for finding in examine(os.environ, mail_to=address or ""):
            click.echo(str(finding))
            problems += bool(finding.problem)
        click.echo(_ANSWERS)
    except Exception as error:  # noqa: BLE001 - what fails here says what is wrong, without a traceback
        problems += 1
        click.echo(
            str(
                Finding(
                    "the check after the last one above",
                    f"It ended with {type(error).__name__}, which the portal does not expect.",
                    "Look at what that check needs, and report it with the lines above.",
                )
            )
        )
    if problems:
        raise click.exceptions.Exit(1)


def examine(environ: Mapping[str, str], mail_to: str = "") -> Iterator[Finding]:
    """One finding for each check, in the order in which things depend on each other.

    If something fails, the checks that depend on it are left out.

    Args:
        mail_to: If given, a mail is sent to this address.
    """
    try:
        settings = Settings.from_environment(environ)
        keys = resolve_secret_keys(settings)
    except SettingsError as error:
        yield Finding("settings", f"{error.name} cannot be used.", str(error))
        return
    yield Finding("settings")
    if settings.store == "json":
        yield _check_file_store(settings)
    else:
        yield from check_dynamodb(settings)
        yield from _check_format(settings)
    yield _last_known(settings)
    yield from _check_sealing(settings)
    yield from _check_incomplete_rows(settings)
    yield from check_search(settings)
    yield from check_mail(settings, keys, mail_to)
    yield from check_provider(settings)
    yield from check_proxy(settings)
    yield from check_cluster_keys(settings)


def _check_format(settings: Settings) -> Iterator[Finding]:
    """Only whether a newer portal wrote the table: all else about it has been checked before."""
    store = open_store(settings)
    try:
        find_item(store, FORMAT_ID)
    except NewerFormatError as error:
        yield finding_of_error("format of the items", error)
    except (BusyError, UnavailableError):
        return
    finally:
        store.close()


def _check_incomplete_rows(settings: Settings) -> Iterator[Finding]:
    """Nothing if `adopt` found none, or did not run with this data folder."""
    store = open_store(settings)
    try:
        count = read_incomplete_count(settings.data_dir, store.describe())
    finally:
        store.close()
    if count:
        day = count.counted_at.date().isoformat()
        yield Finding(
            "rows of the old application",
            hint=f"{count.number:,} were incomplete when adopt looked on {day}. Some of them"
            " have no access.",
            remedy="python -m migrations_tools adopt lists them, and says what to do.",
        )


def _last_known(settings: Settings) -> Finding:
    """What is known while the store cannot be asked. Nothing of it is needed, so nothing is a
    problem."""
    what, hours = "last known answers", settings.validate_grace_hours
    if not hours:
        return Finding(f"{what}: switched off; 503 while the store cannot be asked")
    folder = settings.data_dir.absolute()
    if can_be_written(folder):
        return Finding(f"{what}: for {hours} hours, also after a restart, in {folder}")
    return Finding(f"{what}: for {hours} hours, not after a restart: {folder} cannot be written")


def _check_file_store(settings: Settings) -> Finding:
    store = open_store(settings)
    what = store.describe()
    try:
        store.check()
    except (UnavailableError, BusyError) as error:
        return finding_of_error(what, error)
    finally:
        store.close()
    return Finding(what)


def _check_sealing(settings: Settings) -> Iterator[Finding]:
    from portal.sealing import (  # noqa: PLC0415 - loads cryptography
        SEALING_KEYS_FILE,
        Secret,
        open_sealer,
    )

    if settings.kms_key_id:
        what = "kms:Encrypt"
    elif (settings.data_dir / SEALING_KEYS_FILE).exists():
        what = f"key file {settings.data_dir / SEALING_KEYS_FILE}"
    else:
        # The portal creates the key file when it seals the first secret.
        return
    try:
        open_sealer(settings).seal(Secret("nothing"), "portal-check")
    except UnavailableError as error:
        yield finding_of_error(what, error)
    else:
        yield Finding(what)
