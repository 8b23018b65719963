"""`python -m migrations_tools backup`: the options, and what it prints."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from migrations_tools.backup.from_file import FromFile, FromFileReport
from migrations_tools.backup.table_file import TableFileError
from migrations_tools.backup.to_file import Calls, ToFile
from migrations_tools.options import JSON_OPTION, RATE_OPTION, comma_separated
from migrations_tools.progress import ProgressLine
from migrations_tools.rate_limiter import RateLimiter
from portal.cli import command_errors, read_settings
from portal.settings import Settings
from portal.stores.dynamodb import Answer, DynamoDbStore, TableLocation
from portal.timestamps import utc_now

_GO_ON = "What was done stays. Run the command again: it goes on where it stopped."


@click.group()
def backup() -> None:
    """All items of the DynamoDB table in a file, and back into a new table. For a copy outside of
    AWS: point-in-time recovery and AWS Backup are better at everything else, see docs/aws.md."""


@backup.command("to-file")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--segments",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many parts of the table are read at the same time.",
)
@RATE_OPTION
@JSON_OPTION
def to_file(file: Path, *, segments: int, rate: float, as_json: bool) -> None:
    """Read all items of the table into FILE, or into a file with the table's name in that folder.

    Secrets stay sealed. A run that was stopped goes on."""
    settings = _settings_of_the_table("`portal backup` makes a copy of it")
    if file.is_dir():
        file = file / f"{settings.table_name}.jsonl"
    with _errors(), _table(settings) as (call, where):
        report = ToFile(
            call, where, file, segments=segments, clock=utc_now,
            rate_limiter=RateLimiter(rate), progress=ProgressLine(),
        ).run()  # fmt: skip
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
        return
    went_on = ", by more than one run" if report.resumed else ""
    click.echo(
        f"{report.file} holds {report.items:,} items of {where}: {report.bytes / 1_000_000:,.1f}"
        f" MB. It was begun at {report.begun}{went_on}."
    )
    click.echo(
        "Each item is as it was when it was read, and they were not read at one moment: of a change"
        " meanwhile, one item may be old and another one new. If nothing may be half, stop the"
        " portal first, or use point-in-time recovery."
    )
    sealed = f"The KMS key {settings.kms_key_id}" if settings.kms_key_id else "sealing-keys.json"
    click.echo(
        f"Keys are not in it. {sealed} opens its secrets; keep that and PORTAL_SECRET_KEY as well."
    )


@backup.command("from-file")
@click.argument("file", type=click.Path(path_type=Path))
@RATE_OPTION
@JSON_OPTION
def from_file(file: Path, *, rate: float, as_json: bool) -> None:
    """Fill the table, which must be new and empty, from FILE. Then read it and compare.

    A run that was stopped goes on."""
    settings = _settings_of_the_table("`portal restore` fills it")
    with _errors(), _table(settings) as (call, where):
        report = FromFile(
            call, where, file, folder=settings.data_dir,
            rate_limiter=RateLimiter(rate), progress=ProgressLine(),
        ).run()  # fmt: skip
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        _print_report(report, where)
    if not report.is_equal or report.different:
        raise SystemExit(1)


def _print_report(report: FromFileReport, where: str) -> None:
    click.echo(f"{where}: {report.written:,} items written.")
    if report.there_already:
        click.echo(f"Already there, from a run before: {report.there_already:,}.")
    if report.different:
        click.echo(
            "Left alone, because the table has a different item with the same id:"
            f" {comma_separated(report.different)}.",
            err=True,
        )
    if report.is_equal:
        click.echo(f"The table has what the file has: {report.items:,} items.")
    else:
        click.echo(
            "The table does not have what the file has. If a portal already uses it, stop that, and"
            " fill a new table.",
            err=True,
        )


@contextmanager
def _errors() -> Iterator[None]:
    try:
        with command_errors(_GO_ON):
            yield
    except TableFileError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _table(settings: Settings) -> Iterator[tuple[Calls, str]]:
    location = TableLocation(
        table=settings.table_name,
        region=settings.aws_region or None,
        endpoint=settings.dynamodb_endpoint or None,
    )
    store = DynamoDbStore(location)

    def call(operation: str, parameters: Mapping[str, Any]) -> Answer:
        return store.connection.call(
            operation,
            "all",
            {"TableName": location.table, **parameters},
            changes=operation == "PutItem",
        )

    try:
        yield call, store.describe()
    finally:
        store.close()


def _settings_of_the_table(instead: str) -> Settings:
    settings = read_settings()
    if settings.store != "dynamodb":
        raise click.ClickException(
            f"USE_DYNAMODB is not true, so the data is in the file store: {instead}."
        )
    return settings
