"""`portal report` and `portal report-index`: who decided what, for auditors."""

from datetime import datetime, timedelta

import click

from portal.cli.errors import opened_store, read_settings
from portal.stores import RetryingStore
from portal.timestamps import utc_now

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--from", "first", metavar="DAY", required=True, type=_DAY, help="As 2026-01-31.")
@click.option("--to", "last", metavar="DAY", required=True, type=_DAY, help="Included.")
def report(first: datetime, last: datetime) -> None:
    """Print as CSV what staff, programs and commands decided from DAY to DAY, the same as the page
    /staff/report. The days are those of PORTAL_TIME_ZONE."""
    from portal.reports import decisions_as_csv, whole_or_said  # noqa: PLC0415 - takes 0.1 s

    settings = read_settings()
    if last < first:
        raise click.BadParameter("Enter a day that is not before --from.", param_hint="--to")
    start, end = (
        day.replace(tzinfo=settings.time_zone) for day in (first, last + timedelta(days=1))
    )
    with opened_store(settings, "What was printed is not whole. Run the command again.") as store:
        for line in whole_or_said(decisions_as_csv(RetryingStore(store), start, end)):
            click.echo(line, nl=False)


@click.command("report-index")
def report_index() -> None:
    """Put the decisions that earlier versions wrote into the report. Once after the update, when
    every portal of the same store is updated. It reads the whole store."""
    from portal.reports import complete_report_index  # noqa: PLC0415 - takes 0.1 s

    next_step = "What is in the report stays there. Run the command again."
    with opened_store(read_settings(), next_step) as store:
        count = complete_report_index(RetryingStore(store), utc_now())
    click.echo(f"{count} earlier decisions are now in the report.")
