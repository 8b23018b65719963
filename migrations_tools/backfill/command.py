"""`python -m migrations_tools adopt`: its options, and what it prints."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

import click

from migrations_tools.backfill.answer_comparison import AnswerComparison
from migrations_tools.backfill.answers import answer_rows
from migrations_tools.backfill.backfill import Backfill, BackfillReport
from migrations_tools.backfill.checkpoints import Checkpoints
from migrations_tools.backfill.printing import print_report
from migrations_tools.backfill.rows import RowsToAdopt, StoredRows
from migrations_tools.operator_name import operator_name
from migrations_tools.options import (
    ANSWERS_OPTION,
    JSON_OPTION,
    MOST_LOSING_OPTION,
    RATE_OPTION,
    comma_separated,
)
from migrations_tools.progress import ProgressLine
from migrations_tools.rate_limiter import RateLimiter
from portal.answer_diff import AnswerDiff
from portal.cli import (
    MOST_LISTED,
    command_errors,
    print_answers,
    read_settings,
    refused_losses,
)
from portal.incomplete_count import IncompleteCount, save_incomplete_count
from portal.records import AdoptAnswer
from portal.sealing import Sealer, open_sealer
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
@ANSWERS_OPTION
@MOST_LOSING_OPTION
@RATE_OPTION
@JSON_OPTION
def adopt(
    *,
    apply: bool,
    segments: int,
    keep: tuple[str, ...],
    close: tuple[str, ...],
    show_answers: bool,
    most_losing: int | None,
    rate: float,
    as_json: bool,
) -> None:
    """Add the index keys that lists need to rows of the old application, and seal their plaintext
    secrets. List rows that are incomplete, such as those without an end: they get no access until
    --keep says so."""
    answers = _answers(keep, close)
    settings = read_settings()
    diff = AnswerDiff(utc_now(), settings.time_zone, MOST_LISTED)
    comparison = AnswerComparison(diff) if show_answers or most_losing is not None else None
    next_step = "Run the command again: it continues where it stopped."
    with refused_losses(), command_errors(next_step):
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
            run = partial(
                _run, rows, open_sealer(settings), answers, audit,
                segments=segments, rate_limiter=limiter,
            )  # fmt: skip
            if apply and comparison is not None:
                run(apply=False, comparison=comparison)
                diff.refuse_more_than(most_losing)
            report = run(
                apply=apply,
                checkpoints=checkpoints,
                comparison=None if apply else comparison,
            )
            if apply:
                count = IncompleteCount(number=len(report.incomplete), counted_at=audit.at)
                save_incomplete_count(settings.data_dir, store.describe(), count)
                answered = any(outcome.has_changed for outcome in report.answers.values())
                if report.listed or report.sealed or answered:
                    # What is in lists now is to be found by search as well.
                    begin_anew(store)
        finally:
            store.close()
    if as_json:
        shown = {"answerDiff": diff.as_json()} if show_answers else {}
        click.echo(json.dumps({"applied": apply, **asdict(report), **shown}, indent=2))
    else:
        print_report(report, store.describe(), apply)
        if show_answers:
            print_answers(diff)
    if not apply and comparison is not None:
        with refused_losses():
            diff.refuse_more_than(most_losing)
    if not report.is_complete:
        raise SystemExit(1)


def _run(
    rows: RowsToAdopt,
    sealer: Sealer,
    answers: Mapping[str, AdoptAnswer],
    audit: AuditInfo,
    *,
    apply: bool,
    segments: int,
    rate_limiter: RateLimiter,
    checkpoints: Checkpoints | None = None,
    comparison: AnswerComparison | None = None,
) -> BackfillReport:
    """One pass: what the operator answers to rows, then what all rows lack."""
    outcomes = answer_rows(
        rows,
        answers,
        audit,
        apply=apply,
        rate_limiter=rate_limiter,
        compare=comparison.decided if comparison else None,
    )
    report = Backfill(
        rows,
        sealer,
        apply=apply,
        segments=segments,
        rate_limiter=rate_limiter,
        progress=ProgressLine(),
        checkpoints=checkpoints,
        compare=comparison.completed if comparison else None,
    ).run()
    report.answers = outcomes
    for row_id, outcome in outcomes.items():
        if outcome.is_heeded:
            # A dry run, or a run before this one, found it without its answer.
            report.incomplete.pop(row_id, None)
    return report


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
