"""`portal doctor`: checks everything that the portal needs and says how to fix each problem.

It changes nothing. `--mail` sends one mail.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from portal.cli.doctor.dynamodb import check_dynamodb
from portal.cli.doctor.findings import Finding, finding_of_error
from portal.cli.doctor.fsm import check_cluster_keys, check_proxy
from portal.cli.doctor.mail import check_mail
from portal.cli.doctor.oidc import check_provider
from portal.cli.doctor.search import check_search
from portal.cli.doctor.steps import Step, not_tried, run_steps
from portal.folders import can_be_written
from portal.incomplete_count import read_incomplete_count
from portal.metrics import require_prometheus_client
from portal.settings import Settings, SettingsError
from portal.signing_keys import SECRET_KEY_FILE, resolve_secret_keys
from portal.stores import (
    FORMAT_ID,
    BusyError,
    NewerFormatError,
    UnavailableError,
    find_item,
    is_made,
    open_store,
)
from portal.tracing import require_libraries

#: Beside the checks: what people see of each answer to the question whether they may use the
#: application. It shows no message of the portal, whatever went wrong.
_ANSWERS = """
What the FSM Appointment Manager shows for the answers of GET /api/validate:
  isValid true   the application
  EXPIRED        its page about the end of the licence, with the company's name, and a renewal mail
  anything else  the form that asks for access: NOT_FOUND, INACTIVE (waiting, suspended, not yet
                 valid, without validity), 400, 429, 503, and no answer at all"""


#: Of checks that were not tried for the same reason, so many are named.
_MOST_LISTED = 4


@click.command()
@click.option(
    "--mail",
    "address",
    metavar="ADDRESS",
    help="Also send a mail to this address, as mails to customers are sent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def doctor(address: str | None, *, as_json: bool) -> None:
    """Check everything that the portal needs and say how to fix each problem. Changes nothing."""
    findings = []
    for finding in examine_all(os.environ, mail_to=address or ""):
        findings.append(finding)
        if not (as_json or finding.not_tried):
            _say(str(finding))
    has_problem = any(finding.problem for finding in findings)
    if as_json:
        content = {
            "outcome": "problem" if has_problem else "ok",
            "checks": [finding.for_programs() for finding in findings],
        }
        click.echo(json.dumps(content, indent=2))
    else:
        for line in _lines_of_not_tried(findings):
            _say(line)
        _say(_ANSWERS)
    if has_problem:
        raise click.exceptions.Exit(1)


def _lines_of_not_tried(findings: Sequence[Finding]) -> Iterator[str]:
    by_reason: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.not_tried:
            by_reason.setdefault(finding.not_tried, []).append(finding)
    if by_reason:
        yield "\nWhat was not tried:"
    for reason, left in by_reason.items():
        if len(left) > _MOST_LISTED:
            # Programs get the list.
            yield f"-        {len(left)} checks: {reason}"
        else:
            yield from map(str, left)


def _say(text: str) -> None:
    try:
        click.echo(text)
    except UnicodeEncodeError:
        # Standard output takes other characters only.
        click.echo(text.encode("ascii", "backslashreplace"))


def examine(environ: Mapping[str, str], mail_to: str = "") -> Iterator[Finding]:
    """As `examine_all`, without what was not tried."""
    return (each for each in examine_all(environ, mail_to) if not each.not_tried)


def examine_all(environ: Mapping[str, str], mail_to: str = "") -> Iterator[Finding]:
    """One finding for each check, in the order in which things depend on each other. No error.

    If something fails, the checks that depend on it are not tried.

    Args:
        mail_to: If given, a mail is sent to this address.
    """
    known: list[tuple[Settings, tuple[str, ...]]] = []

    def read() -> Iterator[Finding]:
        try:
            settings = Settings.from_environment(environ)
            require_prometheus_client(settings)
            require_libraries(settings)
            known.append((settings, _secret_keys(settings)))
        except SettingsError as error:
            yield Finding("settings", f"{error.name} cannot be used.", str(error))
        else:
            yield Finding("settings")

    yield from run_steps([Step("settings", "settings", read)])
    if known:
        yield from run_steps(_steps(*known[0], mail_to))
    else:
        # Nothing of it is run, so any settings do.
        steps = _steps(Settings.from_environment({}), (), mail_to)
        yield from not_tried(steps, "The settings cannot be used. `portal check-config` lists all.")


def _steps(settings: Settings, keys: Sequence[str], mail_to: str) -> list[Step]:
    is_file = settings.store == "json"
    check_store = _check_file_store if is_file else check_dynamodb
    # The file store looks at the format of its items by itself.
    formats = [] if is_file else [Step("format", "format", lambda: _check_format(settings))]
    return [
        Step("store", "the store", lambda: check_store(settings)),
        *formats,
        Step("last_known", "last known answers", lambda: [_last_known(settings)]),
        Step("sealing", "the key that seals client secrets", lambda: _check_sealing(settings)),
        Step("adopt", "rows of the old application", lambda: _check_incomplete_rows(settings)),
        Step("search", "search", lambda: check_search(settings)),
        Step("mail", "mail", lambda: check_mail(settings, keys, mail_to)),
        Step("sign_in", "sign-in with OpenID Connect", lambda: check_provider(settings)),
        Step("fsm_proxy", "the proxy to the clusters", lambda: check_proxy(settings)),
        Step("fsm_keys", "keys of the clusters", lambda: check_cluster_keys(settings)),
    ]


def _secret_keys(settings: Settings) -> tuple[str, ...]:
    """The signing keys; if the portal has yet to make its own, one that is thrown away.

    Raises:
        SettingsError: They cannot be used.
    """
    is_made = (settings.data_dir / SECRET_KEY_FILE).exists()
    needs_one = settings.store == "json" and settings.configured_secret_key is None
    if needs_one and not is_made and can_be_written(settings.data_dir):
        return (secrets.token_urlsafe(48),)
    return resolve_secret_keys(replace(settings, data_dir_is_made=True))


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


def _check_file_store(settings: Settings) -> Iterator[Finding]:
    store = open_store(settings)
    what = store.describe()
    if not is_made(settings) and not settings.data_dir_is_made and _is_empty(settings.data_dir):
        # To look at it would make it.
        if can_be_written(settings.data_dir):
            yield Finding(f"{what}: it is made when the portal starts")
        else:
            yield Finding(
                what,
                f"The portal cannot make {settings.data_dir.absolute()}.",
                "Set PORTAL_DATA_DIR to a folder that the portal's user may make or write.",
            )
        return
    try:
        store.check()
    except (UnavailableError, BusyError) as error:
        yield finding_of_error(what, error)
    else:
        yield Finding(what)
    finally:
        store.close()


def _is_empty(folder: Path) -> bool:
    """Whether nothing in a folder says that there was a store before."""
    from portal.stores.file import LOCK_NAME, UNFINISHED_RESTORE  # noqa: PLC0415 - if it is in use

    names = (LOCK_NAME, UNFINISHED_RESTORE, "tenants.previous.jsonl")
    return not any((folder / name).exists() for name in names)


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
    elif settings.store == "dynamodb":
        what = "key that seals client secrets"
    else:
        yield Finding(
            f"key file {settings.data_dir / SEALING_KEYS_FILE}",
            not_tried="It is made with the first client secret.",
        )
        return
    try:
        open_sealer(settings).seal(Secret("nothing"), "portal-check")
    except SettingsError as error:
        yield Finding(what, f"{error.name} cannot be used.", str(error))
    except UnavailableError as error:
        yield finding_of_error(what, error)
    else:
        yield Finding(what)
