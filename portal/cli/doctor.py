"""`portal doctor`: checks everything that the portal needs and says how to fix each problem.

It changes nothing.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import click

from portal.settings import Settings, SettingsError
from portal.signing_keys import resolve_secret_keys
from portal.stores import BusyError, UnavailableError, open_store
from portal.timestamps import utc_now

#: AWS refuses signatures whose time is wrong by more than five minutes (300 seconds).
MAX_CLOCK_ERROR_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. An empty `problem` means that all is well."""

    what: str
    problem: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        if not self.problem:
            return f"ok       {self.what}"
        return f"PROBLEM  {self.what}: {self.problem}\n         {self.remedy}"


@click.command()
def doctor() -> None:
    """Check everything that the portal needs and say how to fix each problem. Changes nothing."""
    problems = 0
    for finding in examine(os.environ):
        click.echo(str(finding))
        problems += bool(finding.problem)
    if problems:
        raise click.exceptions.Exit(1)


def examine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """One finding for each check, in the order in which things depend on each other.

    If something fails, the checks that depend on it are left out.
    """
    try:
        settings = Settings.from_environment(environ)
        resolve_secret_keys(settings)
    except SettingsError as error:
        yield Finding("settings", f"{error.name} cannot be used.", str(error))
        return
    yield Finding("settings")
    if settings.store == "json":
        yield _check_file_store(settings)
    else:
        yield from _check_dynamodb(settings)
    yield from _check_sealing(settings)


def _check_file_store(settings: Settings) -> Finding:
    store = open_store(settings)
    what = store.describe()
    try:
        store.check()
    except (UnavailableError, BusyError) as error:
        return _finding_of_error(what, error)
    finally:
        store.close()
    return Finding(what)


# ---- DynamoDB

#: What the answer to the first call shows: each check with the names of `DynamoDbError` that
#: make it fail, in the order in which the checks depend on each other.
_FIRST_CALL_CHECKS = (
    ("AWS credentials", {"no-credentials", "configuration"}),
    ("AWS region", {"no-region"}),
    ("connection to DynamoDB", {"unreached", "lost"}),
    ("AWS accepts the credentials", {"bad-credentials", "expired"}),
    ("clock", {"clock"}),
    ("table", {"no-table", "table-key"}),
)


def _check_dynamodb(settings: Settings) -> Iterator[Finding]:
    from portal.stores.dynamodb import (  # noqa: PLC0415 - the file store does not need it
        GET_CHECK,
        PERMISSION_CHECKS,
        Answer,
        ConditionFailedError,
        DynamoDbClient,
        DynamoDbError,
        Metrics,
        TableLocation,
    )

    location = TableLocation(
        table=settings.table_name,
        region=settings.aws_region or None,
        endpoint=settings.dynamodb_endpoint or None,
    )
    client = DynamoDbClient(location, Metrics())

    def call(operation: str, parameters: Answer) -> Answer:
        try:
            return client.call(operation, "check", {"TableName": location.table, **parameters})
        except ConditionFailedError as error:
            return error.answer

    try:
        failure: DynamoDbError | None = None
        answer: Answer = {}
        try:
            answer = call(*GET_CHECK)
        except DynamoDbError as error:
            failure = error
        except BusyError:
            # The check of the permission for GetItem, below, reports this.
            pass
        for what, failure_names in _FIRST_CALL_CHECKS:
            if what == "table" and failure is not None and failure.name == "denied":
                # AWS denies the call before it looks for the table.
                continue
            if failure is not None and failure.name in failure_names:
                yield _finding_of_error(what, failure)
                return
            yield _check_clock(answer) if what == "clock" else Finding(what)
        for what, (operation, parameters) in PERMISSION_CHECKS.items():
            try:
                call(operation, parameters)
            except (UnavailableError, BusyError) as error:
                yield _finding_of_error(what, error)
            else:
                yield Finding(what)
    finally:
        client.close()


def _check_clock(answer: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Finding:
    """Compares this machine's clock with the `Date` header of AWS's answer."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    seconds = clock_error_seconds(date, utc_now()) if date else 0
    if abs(seconds) <= MAX_CLOCK_ERROR_SECONDS:
        return Finding("clock")
    return Finding(
        "clock",
        f"It is {abs(seconds)} seconds {'fast' if seconds > 0 else 'slow'};"
        " AWS allows five minutes.",
        "Set the clock, and keep it right with NTP.",
    )


def clock_error_seconds(date: str, now: datetime) -> int:
    """How many seconds `now` is later than an HTTP `Date` header; negative if earlier."""
    return round((now - parsedate_to_datetime(date)).total_seconds())


# ---- The client secret


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
        yield _finding_of_error(what, error)
    else:
        yield Finding(what)


def _finding_of_error(what: str, error: UnavailableError | BusyError) -> Finding:
    remedy = error.remedy if isinstance(error, UnavailableError) else "Try again in a moment."
    return Finding(what, error.reason, remedy)
