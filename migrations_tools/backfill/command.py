"""`python -m migrations_tools adopt`: what is typed, and what is told."""

import json
from dataclasses import asdict

import click

from migrations_tools.backfill.backfill import Backfill, BackfillReport
from migrations_tools.backfill.checkpoints import Checkpoints
from migrations_tools.backfill.rows import Rows, SkipReason, StoredRows
from migrations_tools.options import JSON, RATE, explained, listed
from migrations_tools.pace import ProgressLine, RateLimiter
from portal.cli import read_settings
from portal.sealing import open_sealer
from portal.settings import Settings
from portal.stores import Store, open_store

_LEFT = {
    SkipReason.TOO_LARGE: "a key would be too long for DynamoDB, or the row too large. Shorten what"
    " they hold",
    SkipReason.TOO_LONG_TO_SEAL: "KMS seals at most 4,096 bytes, and their client secret is longer."
    " Set another one in the portal",
}


@click.command()
@click.option("--apply", is_flag=True, help="Write it. Without this, only look.")
@click.option(
    "--segments",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="So many parts of the table at the same time.",
)
@RATE
@JSON
def adopt(apply: bool, segments: int, rate: float, as_json: bool) -> None:
    """Give old rows the index keys that lists need, and seal their plaintext secrets."""
    settings = read_settings()
    with explained("Run it again: it goes on where it stopped."):
        store = open_store(settings)
        memory = Checkpoints(
            settings.data_dir / "adopt-progress.json" if apply else None,
            f"{store.describe()} {settings.kms_key_id}",
            segments,
        )
        if memory.goes_on and not as_json:
            click.echo("Going on where an earlier run stopped; its rows are not counted again.")
            click.echo("Those of them that it had to leave are told in the end.")
        try:
            report = Backfill(
                _rows_of(store, settings),
                open_sealer(settings),
                apply=apply,
                segments=segments,
                pace=RateLimiter(rate),
                progress=ProgressLine(),
                memory=memory,
            ).run()
        finally:
            store.close()
    if as_json:
        click.echo(json.dumps({"applied": apply, **asdict(report)}, indent=2))
    else:
        _tell_adopted(report, store.describe(), apply)
    if not report.is_whole:
        raise SystemExit(1)


def _rows_of(store: Store, settings: Settings) -> Rows:
    if settings.store == "json":
        return StoredRows(store)
    from migrations_tools.backfill.table_rows import TableRows  # noqa: PLC0415 - files need none of it
    from portal.stores.dynamodb import DynamoDbStore  # noqa: PLC0415 - files need none of it

    if not isinstance(store, DynamoDbStore):
        raise TypeError("not a table")
    return TableRows(store, settings.table_name)


def _tell_adopted(report: BackfillReport, where: str, apply: bool) -> None:
    click.echo(f"{where}: {report.rows:,} rows, {report.tenants:,} of them tenants.")
    click.echo(f"As they should be already: {report.right:,}.")
    if apply:
        click.echo(f"Given index keys: {report.listed:,}. Secrets sealed: {report.sealed:,}.")
    else:
        click.echo(f"To be given index keys: {report.listed:,}. To be sealed: {report.sealed:,}.")
        if report.listed or report.sealed:
            click.echo("Nothing was changed. Run it with --apply to write it.")
    if report.changed_meanwhile:
        click.echo(f"Changed by others meanwhile, and read again: {report.changed_meanwhile:,}.")
    if report.failed:
        click.echo(
            f"Changed by others again and again, so run it once more: {listed(report.failed)}.",
            err=True,
        )
    for obstacle, sentences in _LEFT.items():
        ids = [tenant_id for tenant_id, why in report.unchangeable.items() if why == obstacle]
        if ids:
            click.echo(f"Left as they were, since {sentences}: {listed(ids)}.", err=True)
