"""What an operator names to be imported: a file, standard input, or the profile of a browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from migrations_tools.imports.plain_files import STDIN, display_name, open_input
from portal.imports import (
    EntryReader,
    EntrySource,
    Limits,
    Message,
    is_browser_storage,
    open_browser_storage,
)


@contextmanager
def open_source(
    name: str, limits: Limits, before_line: Callable[[], object] = lambda: None
) -> Iterator[EntrySource]:
    """Open what has this name. What people should know although it stops nothing goes to standard
    error.

    Args:
        before_line: Called before a line is printed, to clear a progress line.

    Raises:
        RefusedFileError: It cannot be read.
        UnavailableError: There is no room for the copy of a profile.
    """

    def tell(message: Message) -> None:
        before_line()
        click.echo(f"{display_name(name)}: {message}", err=True)

    if name not in ("", STDIN) and is_browser_storage(Path(name)):
        with open_browser_storage(Path(name), limits, tell) as source:
            yield source
    else:
        with open_input(name, limits.size) as file:
            yield EntryReader(file, limits)
