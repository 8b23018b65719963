"""What the commands share: options, the settings, and sentences for what is in the way."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from portal.stores import BusyError, StoreError, UnavailableError

#: How many ids a sentence lists.
SHOWN = 20

JSON = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
RATE = click.option(
    "--rate",
    default=500.0,
    show_default=True,
    type=click.FloatRange(0),
    help="At most so many rows a second; 0 is without a limit.",
)


def listed(ids: list[str]) -> str:
    """In one line: the first of them, and how many more."""
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more


@contextmanager
def explained(afterwards: str) -> Iterator[None]:
    """What is in the way becomes a sentence, and what to do `afterwards`; exit status 1."""
    try:
        yield
    except UnavailableError as error:
        raise click.ClickException(f"{error.reason} {error.remedy} {afterwards}") from error
    except BusyError as error:
        raise click.ClickException(f"{error.reason} {afterwards}") from error
    except StoreError as error:
        raise click.ClickException(afterwards) from error
