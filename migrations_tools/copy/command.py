"""`python -m migrations_tools copy`: what is typed, and what is told."""

import json
from dataclasses import asdict, replace
from typing import Literal

import click

from migrations_tools.copy.copying import Copy, CopyReport
from migrations_tools.options import JSON, RATE, explained, listed
from migrations_tools.pace import ProgressLine, RateLimiter
from portal.cli import read_settings
from portal.stores import open_store

_KINDS = click.Choice(["json", "dynamodb"])


@click.command()
@click.option("--from", "source", required=True, type=_KINDS, help="The store to read.")
@click.option("--to", "target", required=True, type=_KINDS, help="The store to fill.")
@RATE
@JSON
def copy(
    source: Literal["json", "dynamodb"],
    target: Literal["json", "dynamodb"],
    rate: float,
    as_json: bool,
) -> None:
    """Copy all items into the other store, and read both again. Stop the portal first."""
    if source == target:
        raise click.UsageError("--from and --to must be two stores.")
    settings = read_settings()
    with explained("Run it again: what is copied already is left alone."):
        first = open_store(replace(settings, store=source))
        second = open_store(replace(settings, store=target))
        try:
            report = Copy(
                first,
                second,
                together=target == "json",
                workers=1 if target == "json" else 8,
                pace=RateLimiter(rate),
                progress=ProgressLine(),
            ).run()
        finally:
            first.close()
            second.close()
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        _tell_copied(report, first.describe(), second.describe())
    if not report.is_whole:
        raise SystemExit(1)


def _tell_copied(report: CopyReport, source: str, target: str) -> None:
    click.echo(f"From {source} to {target}: {report.read:,} items.")
    click.echo(f"Copied: {report.copied:,}. There already: {report.there_already:,}.")
    click.echo(f"Read again in both, and the same: {report.verified:,}.")
    if report.only_in_target:
        click.echo(f"Only in the target, and left alone: {report.only_in_target:,}.")
    for sentence, ids in (
        ("Another item is there under the same id, and was left alone", report.refused),
        ("Larger than DynamoDB takes (400 KB), and left out", report.too_large),
        ("Not found in the target", report.missing),
        ("Not the same in the target", report.different),
    ):
        if ids:
            click.echo(f"{sentence}: {listed(ids)}.", err=True)
    if report.is_whole:
        click.echo("All items are there.")
    else:
        click.echo("Is a portal still writing? Stop it, and decide about these items.", err=True)
