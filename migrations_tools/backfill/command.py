"""`python -m migrations_tools adopt`: its options, and what it prints."""

import json
from dataclasses import asdict

import click

from migrations_tools.backfill.backfill import Backfill, BackfillReport
from migrations_tools.backfill.checkpoints import Checkpoints
from migrations_tools.backfill.rows import Rows, SkipReason, StoredRows
from migrations_tools.options import JSON_OPTION, RATE_OPTION, comma_separated
from migrations_tools.progress import ProgressLine
from migrations_tools.rate_limiter import RateLimiter
from portal.cli import command_errors, read_settings
from portal.sealing import open_sealer
from portal.settings import Settings
from portal.stores import Store, open_store

_SKIPPED = {
    SkipReason.TOO_LARGE: "Skipped, because a key would be too long for DynamoDB or the row too"
    " large. Shorten their values",
    SkipReason.TOO_LONG_TO_SEAL: "Skipped, because KMS seals at most 4,096 bytes and their client"
    " secret is longer. Set another secret in the portal",
}


@click.command()
@click.option("--apply", is_flag=True, help="Write the changes. Without it, only count them.")
@click.option(
    "--segments",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many parts of the table are handled at the same time.",
)
@RATE_OPTION
@JSON_OPTION
def adopt(apply: bool, segments: int, rate: float, as_json: bool) -> None:
    """Add the index keys that lists need to rows of the old application, and seal their plaintext
    secrets."""
    settings = read_settings()
    with command_errors("Run the command again: it continues where it stopped."):
        store = open_store(settings)
        checkpoints = Checkpoints(
            settings.data_dir / "adopt-progress.json" if apply else None,
            f"{store.describe()} {settings.kms_key_id}",
            segments,
        )
        if checkpoints.resume and not as_json:
            click.echo("Continuing where an earlier run stopped. Its rows are not counted again.")
            click.echo("Rows that it had to skip are listed at the end.")
        try:
            report = Backfill(
                _rows_of(store, settings),
                open_sealer(settings),
                apply=apply,
                segments=segments,
                rate_limiter=RateLimiter(rate),
                progress=ProgressLine(),
                checkpoints=checkpoints,
            ).run()
        finally:
            store.close()
    if as_json:
        click.echo(json.dumps({"applied": apply, **asdict(report)}, indent=2))
    else:
        _print_report(report, store.describe(), apply)
    if not report.is_complete:
        raise SystemExit(1)


def _rows_of(store: Store, settings: Settings) -> Rows:
    if settings.store == "json":
        return StoredRows(store)
    from migrations_tools.backfill.table_rows import TableRows  # noqa: PLC0415 - not for a file
    from portal.stores.dynamodb import DynamoDbStore  # noqa: PLC0415 - not for a file

    if not isinstance(store, DynamoDbStore):
        raise TypeError("The store is not a DynamoDB table.")
    return TableRows(store, settings.table_name)


def _print_report(report: BackfillReport, store: str, apply: bool) -> None:
    click.echo(f"{store}: {report.rows:,} rows, {report.tenants:,} of them tenants.")
    click.echo(f"Already complete: {report.right:,}.")
    if apply:
        click.echo(f"Index keys added: {report.listed:,}. Secrets sealed: {report.sealed:,}.")
    else:
        click.echo(f"Index keys to add: {report.listed:,}. Secrets to seal: {report.sealed:,}.")
        if report.listed or report.sealed:
            click.echo("Nothing was changed. Run the command with --apply to write the changes.")
    if report.changed_meanwhile:
        click.echo(
            f"Changed by others at the same time, and retried: {report.changed_meanwhile:,}."
        )
    if report.failed:
        click.echo(
            "Others kept changing these rows. Run the command again for them:"
            f" {comma_separated(report.failed)}.",
            err=True,
        )
    for reason, sentence in _SKIPPED.items():
        ids = [tenant_id for tenant_id, why in report.unchangeable.items() if why == reason]
        if ids:
            click.echo(f"{sentence}: {comma_separated(ids)}.", err=True)
