"""What the commands share: the settings, the store, and errors as one sentence for people."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from portal.settings import Settings, SettingsError
from portal.stores import BusyError, Store, StoreError, UnavailableError, open_store


@contextmanager
def command_errors(next_step: str = "") -> Iterator[None]:
    """Turn errors of the settings and the store into one line on standard error.

    The line says what happened, why, and what to do next.

    Args:
        next_step: What has been done so far, and what to do now. Without it, the remedy of an
            `UnavailableError` is the advice; after any other error nothing was changed.

    Raises:
        click.ClickException: Click prints its text and ends the command with exit status 1.
    """
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    except StoreError as error:
        if not next_step and not isinstance(error, UnavailableError):
            next_step = "Nothing was changed. Run the command again."
        raise click.ClickException(f"{error_sentence(error)} {next_step}".rstrip()) from error


def error_sentence(error: StoreError) -> str:
    """What happened and why, and the remedy if the error has one."""
    if isinstance(error, UnavailableError):
        return f"{error.reason} {error.remedy}"
    if isinstance(error, BusyError):
        return error.reason
    return "Somebody else changed the same data at the same moment."


def read_settings() -> Settings:
    """The settings of this environment.

    Raises:
        click.ClickException: A setting cannot be used; the text says what to set.
    """
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def opened_store(settings: Settings, next_step: str = "") -> Iterator[Store]:
    """The store, closed afterwards; errors as in `command_errors`."""
    with command_errors(next_step):
        store = open_store(settings)
        try:
            yield store
        finally:
            store.close()
