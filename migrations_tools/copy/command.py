"""`python -m migrations_tools copy`: its options, and what it prints."""

import json
from dataclasses import asdict, replace
from typing import Literal

import click

from migrations_tools.copy.copying import Copy, CopyReport
from migrations_tools.options import JSON_OPTION, MOST_LOSING_OPTION, RATE_OPTION, comma_separated
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
from portal.stores import open_store
from portal.timestamps import utc_now

_STORES = click.Choice(["json", "dynamodb"])


@click.command()
@click.option("--from", "source", required=True, type=_STORES, help="The store to read.")
@click.option("--to", "target", required=True, type=_STORES, help="The store to fill.")
@click.option(
    "--answers",
    is_flag=True,
    help="Only say whose answer from validate changes if the portal uses the target afterwards.",
)
@MOST_LOSING_OPTION
@RATE_OPTION
@JSON_OPTION
def copy(
    *,
    source: Literal["json", "dynamodb"],
    target: Literal["json", "dynamodb"],
    answers: bool,
    most_losing: int | None,
    rate: float,
    as_json: bool,
) -> None:
    """Copy all items to the other store, then read both stores again and compare. Stop the portal
    first."""
    if source == target:
        raise click.UsageError("--from and --to must name different stores.")
    settings = read_settings()
    next_step = "Run the command again: it skips what is already copied."
    with refused_losses(), command_errors(next_step):
        source_store = open_store(replace(settings, store=source))
        target_store = open_store(replace(settings, store=target))
        try:
            work = Copy(
                source_store,
                target_store,
                batch_writes=target == "json",
                workers=1 if target == "json" else 8,
                rate_limiter=RateLimiter(rate),
                progress=ProgressLine(),
            )
            if answers or most_losing is not None:
                diff = work.diff(AnswerDiff(utc_now(), settings.time_zone, MOST_LISTED))
                if answers:
                    print_answers(diff, as_json=as_json)
                diff.refuse_more_than(most_losing)
            if answers:
                return
            report = work.run()
        finally:
            source_store.close()
            target_store.close()
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        _print_report(report, source_store.describe(), target_store.describe())
    if not report.is_complete:
        raise SystemExit(1)


def _print_report(report: CopyReport, source: str, target: str) -> None:
    click.echo(f"From {source} to {target}: {report.read:,} items.")
    click.echo(f"Copied: {report.copied:,}. Already there: {report.there_already:,}.")
    click.echo(f"Read again from both stores, and equal: {report.verified:,}.")
    if report.only_in_target:
        click.echo(f"Only in the target, and left alone: {report.only_in_target:,}.")
    for sentence, ids in (
        (
            "Left alone, because the target holds a different item with the same id",
            report.refused,
        ),
        ("Not copied, because DynamoDB takes at most 400 KB for an item", report.too_large),
        ("Not found in the target", report.missing),
        ("Different in the target", report.different),
    ):
        if ids:
            click.echo(f"{sentence}: {comma_separated(ids)}.", err=True)
    if report.is_complete:
        click.echo("All items are in the target.")
    else:
        click.echo(
            "If a portal is still writing, stop it and run the command again. Otherwise decide"
            " what to do with these items.",
            err=True,
        )
