"""What the commands share: the settings, the store, and sentences for what is in the way."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from portal.settings import Settings, SettingsError
from portal.stores import Store, StoreError, UnavailableError, open_store


@contextmanager
def opened_store(
    settings: Settings, afterwards: str = "Nothing was changed. Try again."
) -> Iterator[Store]:
    """The store, closed afterwards, and its errors explained."""
    with explained(afterwards):
        opened = open_store(settings)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def explained(afterwards: str = "Nothing was changed. Try again.") -> Iterator[None]:
    """What is in the way becomes a sentence on standard error, and exit status 1. `afterwards`:
    what was done until then, where another call may go through."""
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    except UnavailableError as error:
        raise click.ClickException(f"{error.reason} {error.remedy}") from error
    except StoreError as error:
        # Busy, or somebody else changed the same item at the same moment.
        raise click.ClickException(afterwards) from error


def read_settings() -> Settings:
    """Of this environment; one that is wrong becomes a sentence and exit status 1."""
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
