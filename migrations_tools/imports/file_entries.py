"""Reads the files that an operator names, and lists the places of their entries."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from migrations_tools.imports.plain_files import (
    UnusableFileError,
    display_name,
    file_errors,
)
from migrations_tools.imports.signals import interruptible
from migrations_tools.imports.sources import open_source
from migrations_tools.imports.standard_output import (
    OutputError,
    flushed_output,
    os_error_text,
    write_output,
)
from migrations_tools.progress import ProgressLine
from portal.cli import command_errors, read_settings
from portal.imports import (
    Limits,
    PlaceChoiceError,
    PlaceSummary,
    RefusedFileError,
    StagedEntries,
    places_as_json,
)
from portal.settings import Settings

_HOW_TO_CHOOSE = (
    "Nothing was changed. Run the command again with --origin and the name of a place, once for"
    " each place to import. --list prints the names alone."
)


@contextmanager
def read_files(
    files: Sequence[str],
    settings: Settings,
    show_entries_read: Callable[[int], object],
    clear_line: Callable[[], object],
) -> Iterator[StagedEntries]:
    """The entries of all files and profiles of browsers.

    Args:
        clear_line: Called before something else is printed where the number is shown.

    Raises:
        UnusableFileError: A file cannot be used.
    """
    limits = Limits.of_command(settings)
    with StagedEntries() as entries:
        for name, short_name in zip(files, _short_names(files), strict=True):
            try:
                with open_source(name, limits, clear_line) as source:
                    noted = len(entries.notes)
                    entries.add_source(source, limits, show_entries_read, name=short_name)
                    for note in entries.notes[noted:]:
                        # Before anything is planned; also with --json.
                        click.echo(f"{display_name(name)}: {note}", err=True)
            except (RefusedFileError, OSError) as error:
                text = str(error) if isinstance(error, RefusedFileError) else "It cannot be read."
                raise UnusableFileError(f"{display_name(name)}: {text}") from error
        yield entries


def choose_places(entries: StagedEntries, names: Sequence[str], *, as_json: bool) -> None:
    """Keep the entries of the places with these names, and say what one should know of them.

    Args:
        as_json: If the choice is missing or wrong, also print the places as a JSON object.

    Raises:
        UnusableFileError: Somebody has to choose first, and the text names the places; or a
            chosen place is not complete.
        OutputError: Standard output could not be written.
    """
    try:
        entries.choose(names)
    except PlaceChoiceError as error:
        if as_json:
            _print_json(error.places)
        lines = [f"  {each.name} ({place_in_words(each)})" for each in error.places]
        text = "\n".join([str(error), *lines, _HOW_TO_CHOOSE])
        raise UnusableFileError(text) from error
    except RefusedFileError as error:
        raise UnusableFileError(str(error)) from error
    for caveat in entries.caveats:
        click.echo(str(caveat), err=True)


def run_list(files: Sequence[str], *, as_json: bool) -> None:
    """Print the names of the places whose tenants the files hold, one a line. The store is not
    opened.

    Raises:
        click.ClickException: Standard output could not be written (exit status 1).
        SystemExit: A file cannot be used (exit status 2).
    """
    settings, progress = read_settings(), ProgressLine()
    with interruptible(), command_errors("Run the command again."), file_errors():
        try:
            with read_files(
                files,
                settings,
                lambda number: progress.update(f"{number:,} entries read"),
                progress.clear,
            ) as entries:
                places = entries.places()
            progress.clear()
            if as_json:
                _print_json(places)
                return
            with flushed_output():
                for each in places:
                    write_output(f"{each.name}\n")
        except OSError as error:
            raise click.ClickException(_not_printed(os_error_text(error))) from error
        except OutputError as error:
            raise click.ClickException(_not_printed(str(error))) from error
        finally:
            progress.clear()
    for each in places:
        click.echo(f"{each.name}: {place_in_words(each)}.", err=True)


def _short_names(files: Sequence[str]) -> list[str]:
    """Names for places that have no other: without folders, which are nobody's business who reads
    the report, unless two files are called the same."""
    names = [Path(name).name or name for name in files]
    return [name if names.count(name) == 1 else files[i] for i, name in enumerate(names)]


def place_in_words(place: PlaceSummary) -> str:
    """How many entries it has, and when they last changed."""
    number = "1 entry" if place.entries == 1 else f"{place.entries:,} entries"
    return f"{number}, last change {place.last_change or 'unknown'}"


def _print_json(places: Sequence[PlaceSummary]) -> None:
    with flushed_output():
        write_output(json.dumps({"places": places_as_json(places), "applied": False}) + "\n")


def _not_printed(reason: str) -> str:
    return f"The list could not be printed ({reason})."
