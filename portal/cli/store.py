"""`portal store`: verify the file store, and restore it when it is damaged."""

from collections.abc import Sequence

import click

from portal.cli.errors import command_errors, error_sentence, read_settings
from portal.settings import Settings
from portal.timestamps import utc_now


@click.group()
def store() -> None:
    """Verify and restore the file store. The portal may keep running."""


@store.command()
def verify() -> None:
    """Read the whole file and say whether it is intact. Changes nothing."""
    from portal.stores.file import verify_file  # noqa: PLC0415 - few commands need it

    settings = _settings_of_file_store()
    with command_errors():
        result = verify_file(settings.data_dir)
    click.echo(f"{result.items} items, the last commit is number {result.seq}.")
    if result.problem is not None:
        raise click.ClickException(error_sentence(result.problem))
    if result.torn:
        click.echo(
            f"The last line is unfinished ({result.torn} bytes). The portal will set it aside."
        )
    click.echo("The file is intact.")


@store.command()
def restore() -> None:
    """Rebuild a damaged file from its intact lines. Keeps the damaged file."""
    from portal.stores.file import restore_file, verify_file  # noqa: PLC0415 - few commands need it

    settings = _settings_of_file_store()
    with command_errors():
        if verify_file(settings.data_dir).problem is None:
            click.echo("The file is intact, so nothing was changed.")
            return
        result = restore_file(settings.data_dir, utc_now())
    click.echo(f"{result.items} items, the last commit is number {result.seq}.")
    if result.lost:
        click.echo(f"Lines that could not be recovered: {_comma_separated(result.lost)}.")
    if result.missing:
        click.echo(f"Commits that are in no line any more: {_comma_separated(result.missing)}.")
    if result.kept is not None:
        click.echo(f"The damaged file is kept as {result.kept}.")


def _settings_of_file_store() -> Settings:
    settings = read_settings()
    if settings.store != "json":
        raise click.ClickException(
            "The data is in DynamoDB, but this command is for the file store."
            " `portal doctor` checks the table."
        )
    return settings


def _comma_separated(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)
