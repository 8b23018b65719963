"""`portal stats`: compares the counts of the overview with what is stored, and corrects them."""

from typing import TYPE_CHECKING

import click

from portal.cli.errors import opened_store, read_settings
from portal.stores import RetryingStore
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.figures import Difference, Recount

_weeks = click.option(
    "--weeks",
    type=click.IntRange(1, 104),
    default=12,
    show_default=True,
    help="This week and those before it, in all.",
)


@click.group()
def stats() -> None:
    """The counts of sign-ups and decisions by week."""


@stats.command()
@_weeks
def check(*, weeks: int) -> None:
    """Compare the counts with the sign-ups and the history, while the portal runs. Reads the whole
    store and changes nothing. Exit status 1 if something differs."""
    from portal import figures  # noqa: PLC0415 - the other commands start sooner

    with opened_store(read_settings()) as store:
        recount = figures.check(RetryingStore(store), utc_now(), weeks)
    _say(recount)
    if recount.differences:
        differ = _numbers(len(recount.differences))
        raise click.ClickException(f"{differ}. Run: portal stats repair")
    click.echo(f"All counts of {_span(weeks)} agree with what is stored.")


@stats.command()
@_weeks
def repair(*, weeks: int) -> None:
    """As `check`, and correct what differs. Run it once after an update: it counts what earlier
    versions did not."""
    from portal import figures  # noqa: PLC0415 - as above

    with opened_store(read_settings()) as store:
        recount = figures.repair(RetryingStore(store), utc_now(), weeks)
    _say(recount)
    if recount.differences:
        click.echo(f"{_numbers(len(recount.differences))}. Corrected.")
    else:
        click.echo(f"All counts of {_span(weeks)} agree with what is stored.")


def _say(recount: "Recount") -> None:
    for each in recount.differences:
        click.echo(f"{_name(each)}: {each.counted} counted, {each.found} found")
    if recount.changing:
        click.echo(
            f"{recount.changing} went up meanwhile, and were not compared. Run it again to do so."
        )


def _name(difference: "Difference") -> str:
    from portal import records  # noqa: PLC0415 - as above

    decision = records.decision_of_name(difference.name)
    if decision is None:
        return f"{difference.week} sign-ups"
    return f"{difference.week} {decision[0]} by person {decision[1]}"


def _numbers(number: int) -> str:
    return "1 count differs" if number == 1 else f"{number} counts differ"


def _span(weeks: int) -> str:
    return "this week" if weeks == 1 else f"the last {weeks} weeks"
