"""`portal store`: verify the file store, and repair it when it is damaged."""

from collections.abc import Sequence

import click

from portal.cli.answer_lines import refused_losses
from portal.cli.answers_check import AnswersCheck, OnlyComparedError
from portal.cli.errors import command_errors, error_sentence, read_settings
from portal.settings import Settings
from portal.timestamps import utc_now


@click.group()
def store() -> None:
    """Verify and repair the file store. The portal may keep running."""


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
@click.option(
    "--answers",
    is_flag=True,
    help="Only say whose answer from validate the repaired file changes. Writes nothing.",
)
@click.option(
    "--compare",
    metavar="FILE",
    help="Compare with this file of `portal answers --save`, not with who had access last.",
)
@click.option(
    "--most-losing",
    metavar="N",
    type=click.IntRange(0),
    help="Write nothing if more tenants would lose access, now or later. Default: any number.",
)
def repair(*, answers: bool, compare: str | None, most_losing: int | None) -> None:
    """Rebuild a damaged file from its intact lines. Keeps the damaged file."""
    from portal.stores.file import repair_file, verify_file  # noqa: PLC0415 - few commands need it

    settings = _settings_of_file_store()
    with refused_losses(), command_errors():
        if verify_file(settings.data_dir).problem is None:
            click.echo("The file is intact, so nothing was changed.")
            return
        try:
            if answers or compare is not None or most_losing is not None:
                check = AnswersCheck(settings, compare, most_losing, only=answers)
                result = repair_file(settings.data_dir, utc_now(), check=check)
            else:
                result = repair_file(settings.data_dir, utc_now())
        except OnlyComparedError:
            return
    click.echo(f"{result.items} items, the last commit is number {result.seq}.")
    if result.lost:
        click.echo(f"Lines that could not be recovered: {_comma_separated(result.lost)}.")
    if result.missing:
        click.echo(f"Commits that are in no line any more: {_comma_separated(result.missing)}.")
    if result.kept is not None:
        click.echo(f"The damaged file is kept as {result.kept}.")


@store.command("restore", hidden=True, params=[*repair.params])
@click.pass_context
def restore(context: click.Context, /, **options: object) -> None:
    """The name of `portal store repair` in earlier versions."""
    click.echo(
        "`portal store restore` is called `portal store repair` now. Use that name: the old one"
        " goes with a later version.",
        err=True,
    )
    context.invoke(repair, **options)


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
