"""`python -m migrations_tools adopt`: its options, and what it prints."""

import json
from dataclasses import asdict

import click

from migrations_tools.backfill.answers import answer_rows
from migrations_tools.backfill.backfill import Backfill
from migrations_tools.backfill.checkpoints import Checkpoints
from migrations_tools.backfill.printing import print_report
from migrations_tools.backfill.rows import RowsToAdopt, StoredRows
from migrations_tools.operator_name import operator_name
from migrations_tools.options import JSON_OPTION, RATE_OPTION, comma_separated
from migrations_tools.progress import ProgressLine
from migrations_tools.rate_limiter import RateLimiter
from portal.cli import command_errors, read_settings
from portal.incomplete_count import IncompleteCount, save_incomplete_count
from portal.records import AdoptAnswer
from portal.sealing import open_sealer
from portal.search import begin_anew
from portal.settings import Settings
from portal.stores import Store, open_store
from portal.tenants import AuditInfo
from portal.timestamps import utc_now

_KEEP = click.option(
    "--keep",
    "keep",
    metavar="ID",
    multiple=True,
    help="The incomplete row with this id is right as it is; without an end, it never ends.",
)
_CLOSE = click.option(
    "--close",
    "close",
    metavar="ID",
    multiple=True,
    help="End the access of the incomplete row with this id: it is suspended.",
)


@click.command()
@click.option("--apply", is_flag=True, help="Write the changes. Without it, only count them.")
@click.option(
    "--segments",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many parts of the table are handled at the same time.",
)
@_KEEP
@_CLOSE
@RATE_OPTION
@JSON_OPTION
def adopt(
    *,
    apply: bool,
    segments: int,
    keep: tuple[str, ...],
    close: tuple[str, ...],
    rate: float,
    as_json: bool,
) -> None:
    """Add the index keys that lists need to rows of the old application, and seal their plaintext
    secrets. List rows that are incomplete, such as those without an end: they get no access until
    --keep says so."""
    answers = _answers(keep, close)
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
            rows, limiter = _rows_of(store, settings), RateLimiter(rate)
            audit = AuditInfo(by=operator_name(), at=utc_now())
            outcomes = answer_rows(rows, answers, audit, apply=apply, rate_limiter=limiter)
            report = Backfill(
                rows,
                open_sealer(settings),
                apply=apply,
                segments=segments,
                rate_limiter=limiter,
                progress=ProgressLine(),
                checkpoints=checkpoints,
            ).run()
            report.answers = outcomes
            for row_id, outcome in outcomes.items():
                if outcome.is_heeded:
                    # A dry run, or a run before this one, found it without its answer.
                    report.incomplete.pop(row_id, None)
            if apply:
                count = IncompleteCount(number=len(report.incomplete), counted_at=audit.at)
                save_incomplete_count(settings.data_dir, store.describe(), count)
                answered = any(outcome.has_changed for outcome in outcomes.values())
                if report.listed or report.sealed or answered:
                    # What is in lists now is to be found by search as well.
                    begin_anew(store)
        finally:
            store.close()
    if as_json:
        click.echo(json.dumps({"applied": apply, **asdict(report)}, indent=2))
    else:
        print_report(report, store.describe(), apply)
    if not report.is_complete:
        raise SystemExit(1)


def _answers(keep: tuple[str, ...], close: tuple[str, ...]) -> dict[str, AdoptAnswer]:
    both = sorted({*keep} & {*close})
    if both:
        raise click.UsageError(f"Say either --keep or --close: {comma_separated(both)}.")
    return {
        **dict.fromkeys(keep, AdoptAnswer.KEEP),
        **dict.fromkeys(close, AdoptAnswer.CLOSE),
    }


def _rows_of(store: Store, settings: Settings) -> RowsToAdopt:
    if settings.store == "json":
        return StoredRows(store)
    from migrations_tools.backfill.table_rows import TableRows  # noqa: PLC0415 - not for a file
    from portal.stores.dynamodb import DynamoDbStore  # noqa: PLC0415 - not for a file

    if not isinstance(store, DynamoDbStore):
        raise TypeError("The store is not a DynamoDB table.")
    return TableRows(store, settings.table_name)
